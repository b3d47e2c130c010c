"""Which group does better: exact where it can be, sure only when it may be, and never a winner out of noise."""

import random
from datetime import timedelta
from math import comb, isclose

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.campaigns import verdicts
from bot.domain.campaigns.verdicts import HELD_OUT, LEVEL, MARKS, SENT, Counted, Tally, Verdict


@st.composite
def tallies(draw, most=400):
    people = draw(st.integers(1, most))
    return Tally(people, draw(st.integers(0, people)))


# SciPy 1.17: binomtest(did, people).proportion_ci(method="wilson")
@pytest.mark.parametrize(
    ("people", "did", "low", "high"),
    [(10, 0, 0.0, 0.277533), (120, 15, 0.077235, 0.196029), (1, 1, 0.206549, 1.0), (5000, 400, 0.072799, 0.087846)],
)
def test_the_interval_of_a_share(people, did, low, high):
    assert verdicts.interval(Tally(people, did)) == pytest.approx((low, high), abs=1e-6)


# SciPy 1.17: the smaller of hypergeom.sf and cdf, twice
@pytest.mark.parametrize(
    ("one", "other", "chance"),
    [
        (Tally(100, 10), Tally(100, 20), 0.073427590),
        (Tally(3, 0), Tally(4, 4), 0.057142857),
        (Tally(5000, 400), Tally(5000, 470), 0.014316616),
        (Tally(10, 3), Tally(90, 9), 0.196202254),
        (Tally(500_000, 40_000), Tally(500_000, 40_500), 0.066636251),
    ],
)
def test_what_luck_alone_does(one, other, chance):
    assert verdicts.by_luck(one, other) == pytest.approx(chance, rel=1e-6)


@given(tallies(60), tallies(60))
def test_luck_is_counted_exactly(one, other):
    drawn, total, did = one.people, one.people + other.people, one.did + other.did
    ways = [comb(did, hits) * comb(total - did, drawn - hits) for hits in range(min(did, drawn) + 1)]
    upper, lower = sum(ways[one.did :]), sum(ways[: one.did + 1])
    # Where both sides are about as likely, either may be taken.
    exact = {min(1, 2 * side / comb(total, drawn)) for side in (min(upper, lower), upper, lower)}
    assert any(isclose(verdicts.by_luck(one, other), chance, rel_tol=1e-9) for chance in exact)
    assert verdicts.by_luck(one, other) >= min(exact) * (1 - 1e-9)


# A million draws of each Beta distribution by NumPy
@pytest.mark.parametrize(
    ("groups", "best"),
    [
        ((Tally(100, 10), Tally(100, 20)), (0.0249, 0.9751)),
        ((Tally(120, 15), Tally(118, 9), Tally(121, 20)), (0.1874, 0.0103, 0.8023)),
        ((Tally(5, 0), Tally(900, 30), Tally(3, 3)), (0.0047, 0.0, 0.9953)),
        ((Tally(100_000, 5_000), Tally(100_000, 5_100)), (0.1530, 0.8470)),
    ],
)
def test_the_chance_to_be_best(groups, best):
    chances = verdicts.chances_to_be_best(dict(zip("ABC", groups, strict=False)))
    assert tuple(chances.values()) == pytest.approx(best, abs=0.002)


@given(st.lists(tallies(), min_size=1, max_size=4))
def test_somebody_is_best_and_equals_are_alike(groups):
    chances = verdicts.chances_to_be_best(dict(enumerate(groups)))
    assert sum(chances.values()) == pytest.approx(1)
    for one, chance in chances.items():
        for other, rival in chances.items():
            if groups[one] == groups[other]:
                assert chance == pytest.approx(rival, abs=1e-6)


@given(tallies(), tallies())
def test_a_lift_lies_within_its_bounds_and_turned_round_is_its_opposite(one, other):
    above, low, high = verdicts.lift(one, other)
    assert -1 <= low <= above <= high <= 1
    assert verdicts.lift(other, one) == pytest.approx((-above, -high, -low))
    for tally in (one, other):
        low, high = verdicts.interval(tally)
        assert 0 <= low <= tally.rate + 1e-9
        assert tally.rate - 1e-9 <= high <= 1


def test_a_clear_difference_is_named():
    marks = [{"A": Tally(300, 20), "B": Tally(300, 70)}] * len(MARKS)
    verdict = verdicts.judge(marks)
    assert (verdict.leader, verdict.decided) == ("B", True)
    assert verdict.sureness > 0.99


def test_a_small_one_asks_for_more_people():
    marks = [{"A": Tally(100, 10), "B": Tally(100, 14)}] * len(MARKS)
    verdict = verdicts.judge(marks)
    assert not verdict.decided
    assert verdict.needed == 2700


@given(tallies(), tallies(), tallies())
@example(Tally(1, 1), Tally(1, 0), Tally(1, 0))
@example(Tally(400, 0), Tally(400, 0), Tally(400, 0))
def test_who_is_named_has_the_highest_share_in_whatever_order(one, two, three):
    groups = {"A": one, "B": two, "C": three}
    verdict = verdicts.judge([groups] * len(MARKS))
    turned = verdicts.judge([dict(reversed(groups.items()))] * len(MARKS))
    if verdict.decided:
        assert groups[verdict.leader].rate > max(tally.rate for name, tally in groups.items() if name != verdict.leader)
        assert turned.leader == verdict.leader
    assert turned.decided == verdict.decided
    assert 0 <= verdict.sureness <= 1


def test_two_that_are_equally_good_have_no_winner_however_bad_the_third():
    groups = {"A": Tally(1000, 200), "B": Tally(1000, 200), "C": Tally(1000, 20)}
    assert verdicts.judge([groups] * len(MARKS)) == verdicts.NOTHING


def test_who_was_named_is_not_taken_back():
    early = {"A": Tally(300, 20), "B": Tally(300, 70)}
    late = {"A": Tally(300, 71), "B": Tally(300, 70)}
    assert verdicts.judge([early, late]).leader == "B"


def test_nothing_is_said_before_the_first_mark_nor_of_one_group_alone():
    assert verdicts.judge([]) == verdicts.NOTHING
    assert verdicts.judge([{"A": Tally(300, 70)}] * len(MARKS)) == verdicts.NOTHING
    assert verdicts.judge([{"A": Tally(300, 70), "B": Tally(0, 0)}] * len(MARKS)) == verdicts.NOTHING


def test_the_marks_use_up_the_whole_level_and_no_more():
    assert sum(share for _after, share in MARKS) == 1
    assert [after for after, _share in MARKS] == sorted(after for after, _share in MARKS)
    assert MARKS[-1][0] == timedelta(days=7)


def test_sent_is_compared_with_held_out():
    sent = {"A": Counted(450, 30, 40, 30), "B": Counted(450, 30, 40, 30)}
    answer = verdicts.answer([sent] * len(MARKS), [Counted(200, 0, 15, 0)] * len(MARKS))
    assert answer.sending["bought"].decided
    assert answer.sending["bought"].leader == SENT
    assert not answer.sending["visited"].decided
    turned = verdicts.answer([{"A": Counted(200, 0, 0, 0)}] * len(MARKS), [Counted(900, 0, 0, 90)] * len(MARKS))
    assert turned.sending["bought"].leader == HELD_OUT


def test_without_differences_hardly_ever_anything_is_named():
    """A smaller seeded run of what the bench plays ten thousand times."""
    chance, named = random.Random(12), 0
    for _ in range(400):
        marks, held = same_everywhere(chance, groups=3)
        answer = verdicts.answer(marks, held)
        named += any(verdict.decided for verdict in [*answer.scripts.values(), *answer.sending.values()])
    assert named <= 400 * LEVEL


def same_everywhere(chance, groups):
    """What is counted at each mark of a broadcast that makes no difference to anybody."""
    size, shares = chance.randint(20, 120), [chance.uniform(0.01, 0.25) for _ in range(3)]
    people = [[[chance.random() for _ in range(size)] for _ in shares] for _ in range(groups + 1)]
    marks = [
        [Counted(size, *(sum(draw < part * share for draw in draws) for draws, share in zip(each, shares, strict=True)))
         for each in people]
        for part in (0.7, 1.0)
    ]  # fmt: skip
    return [dict(enumerate(mark[:-1])) for mark in marks], [mark[-1] for mark in marks]


def test_a_verdict_below_the_level_says_nothing():
    assert not Verdict("A", 1 - LEVEL - 0.01, None).decided
    assert Verdict("A", 1 - LEVEL, None).decided
