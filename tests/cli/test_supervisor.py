"""The supervisor keeps its word with real processes: starts again, stops cleanly, leaves nothing behind."""

import os
import signal


def lines(path):
    return path.read_text().split() if path.exists() else []


def alive(pid):
    """Whether the process runs; one that is over but not yet collected does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_killed_part_is_started_again(keep, soon, tmp_path):
    pids = tmp_path / "pids"
    keep(("worker", f"echo $$ >> {pids}; exec sleep 60"))
    for life in range(1, 4):
        soon(lambda life=life: len(lines(pids)) == life)
        os.kill(int(lines(pids)[-1]), signal.SIGKILL)
    soon(lambda: len(lines(pids)) == 4)
    assert alive(int(lines(pids)[-1]))


def test_one_that_dies_at_once_is_tried_again_and_again_with_longer_pauses(keep, soon, tmp_path):
    moments = tmp_path / "moments"
    keep(("web", f"date +%s.%N >> {moments}; exit 3"))
    soon(lambda: len(lines(moments)) >= 4)
    first, second, third, fourth = map(float, lines(moments)[:4])
    assert second - first >= 0.3
    assert third - second >= 0.6
    assert 1.2 <= fourth - third < 5


def test_the_others_do_not_notice(keep, soon, tmp_path):
    pids, other = tmp_path / "pids", tmp_path / "other"
    keep(("a", f"echo $$ >> {pids}; exec sleep 60"), ("b", f"echo $$ >> {other}; exec sleep 60"))
    soon(lambda: lines(pids) and lines(other))
    os.kill(int(lines(pids)[0]), signal.SIGKILL)
    soon(lambda: len(lines(pids)) == 2)
    assert len(lines(other)) == 1


def test_sigterm_stops_all_and_services_last(keep, soon, tmp_path):
    said = tmp_path / "said"
    polite = "trap 'sleep {wait}; echo {name} >> {said}; exit 0' TERM; echo up >> {said}; while :; do sleep 0.05; done"
    process = keep(
        ("redis", polite.format(name="redis", wait=0, said=said)),
        ("worker", polite.format(name="worker", wait=0.3, said=said)),
        services=("redis",),
    )
    soon(lambda: len(lines(said)) == 2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    assert lines(said) == ["up", "up", "worker", "redis"]


def test_ctrl_c_stops_as_well(keep, soon, tmp_path):
    pids = tmp_path / "pids"
    process = keep(("web", f"echo $$ >> {pids}; exec sleep 60"))
    soon(lambda: lines(pids))
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 0
    assert not alive(int(lines(pids)[0]))


def test_who_does_not_listen_is_ended_after_the_grace(keep, soon, tmp_path):
    pids = tmp_path / "pids"
    process = keep(("deaf", f"trap '' TERM; echo $$ >> {pids}; while :; do sleep 0.1; done"), grace=0.4)
    soon(lambda: lines(pids))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    assert not alive(int(lines(pids)[0]))


def test_a_dying_supervisor_takes_its_parts_along(keep, soon, tmp_path):
    pids = tmp_path / "pids"
    process = keep(("a", f"echo $$ >> {pids}; exec sleep 60"), ("b", f"echo $$ >> {pids}; exec sleep 60"))
    soon(lambda: len(lines(pids)) == 2)
    process.kill()
    soon(lambda: not any(alive(int(pid)) for pid in lines(pids)))


def test_what_a_killed_part_had_started_goes_with_it(keep, soon, tmp_path):
    pids, children = tmp_path / "pids", tmp_path / "children"
    keep(("web", f"sleep 60 & echo $! >> {children}; echo $$ >> {pids}; wait"))
    soon(lambda: lines(pids))
    os.kill(int(lines(pids)[0]), signal.SIGKILL)
    soon(lambda: not alive(int(lines(children)[0])))
    soon(lambda: len(lines(pids)) == 2)


def test_log_lines_carry_the_parts_name(keep):
    ending = "trap 'printf last; exit 0' TERM; echo second >&2; while :; do sleep 0.05; done"
    process = keep(("scheduler", f"echo 第一行; {ending}"))
    assert process.stdout.readline() == "scheduler | 第一行\n"
    assert process.stdout.readline() == "scheduler | second\n"
    process.send_signal(signal.SIGTERM)
    assert "scheduler | last\n" in process.stdout.read()


def test_nobody_reading_the_log_stops_nobody(keep, soon, tmp_path):
    done = tmp_path / "done"
    keep(("web", f"yes 0123456789012345678901234567890123456789 | head -n 20000; touch {done}; exec sleep 60"))
    soon(done.exists)
