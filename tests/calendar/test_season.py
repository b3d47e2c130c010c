"""Weeks of a shop, by a seed: nothing the platform has to refuse, nobody over a cap, every plan and ledger to the number."""

from season import play


def test_weeks_of_life_and_broadcasts_end_without_a_refusal(tmp_path, platform_port):
    report = play(tmp_path, platform_port, people=150, days=12, seed=7)
    assert dict(report.refused) == {}
    assert report.wrong == []
    assert report.broadcasts >= 6
    assert report.planned_exactly >= 5
    # It would prove little if life had stood still.
    for what in ("write", "tap", "unfollow", "opt out", "follow"):
        assert report.said[what] > 0, what
    assert report.routes["custom"] > 20
    assert report.routes["mass"] > 200


def test_the_same_seed_plays_the_same_weeks(tmp_path, platform_port):
    reports = []
    for number, seed in enumerate((3, 3, 4)):
        folder = tmp_path / str(number)
        folder.mkdir()
        reports.append(play(folder, platform_port, people=40, days=3, seed=seed))
    same, again, other = reports
    assert same == again
    assert same.said != other.said
