"""Workers die at every named place and at any moment; nobody gets two, nobody is lost, and what is unclear is few.

``SHUKE_DRILLS=full`` plays every place with every end: killed, gone without a word, and standing still past the lease.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import time
from contextlib import closing
from multiprocessing.process import BaseProcess

import pytest
from delivery_shop import Shop
from sink import MASS
from sqlalchemy.exc import OperationalError

from bot.store import killpoints
from bot.store.engine import open_store

FULL = os.environ.get("SHUKE_DRILLS") == "full"
FORK = multiprocessing.get_context("fork")
FIRST_WIDTH = 16

POINTS = [
    *("claim:1", "claimed:1", "claimed:2", "mark:1", "mark:2", "marked:1", "request_written:3"),
    *("answer_read:5", "answered:20", "record:2", "recorded:1"),
]
BEFORE_A_CALL = ("claim:1", "claimed:1", "mark:1")
MASS_POINTS = [
    *("claim:1", "claimed:1", "mark:1", "marked:1", "request_written:1"),
    *("answer_read:1", "answered:1", "record:1", "recorded:1"),
]
# Whoever stands still inside a transaction keeps everybody else waiting until it wakes: there is no zombie.
INSIDE = ("claim", "mark", "record")


def _outside(points: list[str]) -> list[str]:
    return [point for point in points if point.partition(":")[0] not in INSIDE]


# A few places for every kind of end where the counts are small.
EXITS = POINTS if FULL else ["marked:1"]
STOPS = _outside(POINTS) if FULL else ["claimed:1", "marked:1", "answered:3"]
MASS_EXITS = MASS_POINTS if FULL else ["answered:1"]
MASS_STOPS = _outside(MASS_POINTS) if FULL else ["marked:1", "answer_read:1"]
# It stands still with calls in the air, which may run into their time-out.
IN_THE_AIR = ("request_written:3", "answer_read:5", "answered:20", "recorded:1")


def _work(shop: Shop, url: str, drill: str, rounds: int) -> None:
    killpoints._drill = killpoints._Drill(drill) if drill else None
    with closing(open_store(url)) as store:
        worker = Shop(store, shop.platform)
        worker.clock.set(shop.clock.now())
        worker.lease = shop.lease
        worker.per_day = shop.per_day
        for _ in range(rounds):
            # On a busy machine four writers on one file may wait too long for their turn; a worker tries again.
            with contextlib.suppress(OperationalError):
                worker.sweep()
                worker.send()
    os._exit(0)


def worker(shop: Shop, url: str, drill: str = "", rounds: int = 1) -> BaseProcess:
    # Connections of the parent must not be used, not even closed, by a child.
    shop.store.engine.dispose()
    process = FORK.Process(target=_work, args=(shop, url, drill, rounds), daemon=True)
    process.start()
    return process


def judge(shop: Shop, people: list[str], unclear: int) -> None:
    """The phones' own ledger decides."""
    got = shop.platform.got()
    assert all(count == 1 for count in got.values()), "somebody got two"
    states = {row.person_id: row.state for row in shop.rows()}
    assert set(states.values()) <= {"sent", "unknown"}
    assert all(got[person] == 1 for person in people if states[person] == "sent"), "somebody was lost"
    assert sum(state == "unknown" for state in states.values()) <= unclear


@pytest.mark.parametrize(
    ("point", "end"), [*((point, "kill") for point in POINTS), *((point, "exit") for point in EXITS)]
)
def test_a_worker_dies_at_a_named_place(shop: Shop, store_url: str, point: str, end: str) -> None:
    people = [f"p{number}" for number in range(1, 61)]
    shop.talks(*people)
    shop.broadcast(people)
    process = worker(shop, store_url, f"{point}:{end}")
    process.join(20)
    assert process.exitcode in (-signal.SIGKILL, 70), "the place was never reached"
    shop.lapse_all()
    shop.send()
    judge(shop, people, 0 if point in BEFORE_A_CALL else 2 * FIRST_WIDTH)


@pytest.mark.parametrize("point", STOPS)
def test_a_worker_stands_still_past_its_lease_and_wakes_as_a_zombie(shop: Shop, store_url: str, point: str) -> None:
    people = [f"p{number}" for number in range(1, 61)]
    shop.talks(*people)
    shop.broadcast(people)
    process = worker(shop, store_url, f"{point}:stop")
    _wait_for_stop(process)
    shop.lapse_all()
    shop.send()
    os.kill(process.pid or 0, signal.SIGCONT)
    process.join(20)
    assert process.exitcode == 0
    # Its answers were late, but they were true.
    judge(shop, people, 2 * FIRST_WIDTH if point in IN_THE_AIR else 0)


@pytest.mark.parametrize(
    ("point", "end"), [*((point, "kill") for point in MASS_POINTS), *((point, "exit") for point in MASS_EXITS)]
)
def test_a_mass_call_is_interrupted(shop: Shop, store_url: str, point: str, end: str) -> None:
    people = [f"p{number}" for number in range(1, 61)]
    shop.broadcast(people, route="mass")
    process = worker(shop, store_url, f"{point}:{end}")
    process.join(20)
    assert process.exitcode in (-signal.SIGKILL, 70), "the place was never reached"
    settle_mass(shop)
    judge(shop, people, 0)
    assert len({body["clientmsgid"] for body in shop.platform.calls[MASS]}) == 1


@pytest.mark.parametrize("point", MASS_STOPS)
def test_a_mass_call_wakes_past_its_lease(shop: Shop, store_url: str, point: str) -> None:
    people = [f"p{number}" for number in range(1, 61)]
    shop.broadcast(people, route="mass")
    process = worker(shop, store_url, f"{point}:stop")
    _wait_for_stop(process)
    settle_mass(shop)
    os.kill(process.pid or 0, signal.SIGCONT)
    process.join(20)
    assert process.exitcode == 0
    judge(shop, people, 0)


def settle_mass(shop: Shop) -> None:
    """The lease lapses, and the platform is asked with the call's key what became of it."""
    shop.lapse_all()
    shop.later(minutes=2)
    shop.sweep()
    shop.send()


def test_workers_are_killed_at_random(shop: Shop, store_url: str) -> None:
    seed = int(os.environ.get("SHUKE_SEED", random.randrange(10**6)))
    print(f"seed {seed}")
    chance = random.Random(seed)
    people = [f"p{number}" for number in range(1, (10_000 if FULL else 1_200) + 1)]
    kills = 100 if FULL else 12
    shop.talks(*people)
    shop.broadcast(people)
    shop.platform.latency = 0.02
    workers = [worker(shop, store_url, rounds=10_000) for _ in range(3)]
    for number in range(kills):
        time.sleep(chance.uniform(0.05, 0.25))
        victim = chance.randrange(len(workers))
        os.kill(workers[victim].pid or 0, signal.SIGKILL)
        workers[victim].join()
        workers[victim] = worker(shop, store_url, rounds=10_000)
        if number % 8 == 7:
            # Half a minute passes for every lease, those of the living too.
            shop.lapse_all()
    for process in workers:
        process.kill()
        process.join()
    shop.lapse_all()
    shop.send_all()
    judge(shop, people, kills * 512)
    unknown = shop.states().get("unknown", 0)
    print(f"unknown {unknown} of {len(people)} after {kills} kills")


def _wait_for_stop(process: BaseProcess) -> None:
    pid, status = os.waitpid(process.pid or 0, os.WUNTRACED)
    assert pid == process.pid
    assert os.WIFSTOPPED(status), "the place was never reached"
