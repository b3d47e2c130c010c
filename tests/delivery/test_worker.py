"""The worker process: bells when Redis lives, a look at the database when it does not, and a clean end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import redis
from delivery_shop import Shop
from rq import Callback, Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import Worker

from bot.cli.embedded import find_program
from bot.settings import Account, load
from bot.store.bell import QUEUE, Bell, connect_redis
from bot.store.engine import open_store
from jobs import hands
from jobs.parts import Chore, Parts
from jobs.worker import run_worker

FORK = multiprocessing.get_context("fork")
NOWHERE = "redis://127.0.0.1:1/0"


def _parts(shop: Shop, url: str, redis_url: str, chores: tuple[Chore, ...]) -> Parts:
    from dataclasses import replace

    store = open_store(url)
    other = Shop(store, shop.platform)
    settings = replace(
        load(None, {}), redis_url=redis_url, lease_seconds=30, accounts=(Account("main"),), quiet_hours=None
    )
    return Parts(
        store=store,
        clock=other.clock,
        bell=Bell(redis_url),
        settings=settings,
        clients={"main": other.client},
        engine=other.engine,
        inbox=lambda: shop.platform.heard("inbox"),
        strike=lambda: shop.platform.heard("clock"),
        chores=chores,
    )


@contextmanager
def worker(
    shop: Shop, url: str, redis_url: str = NOWHERE, *, poll: float = 0.5, chores: tuple[Chore, ...] = ()
) -> Iterator[BaseProcess]:
    def work() -> None:
        hands.POLL_SECONDS = poll
        run_worker(_parts(shop, url, redis_url, chores))
        os._exit(0)

    shop.store.engine.dispose()
    process = FORK.Process(target=work, daemon=True)
    process.start()
    try:
        yield process
    finally:
        if process.is_alive():
            process.kill()
        process.join()


def until(done: Callable[[], Any], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def stops_cleanly(process: BaseProcess, within: float = 10.0) -> None:
    process.terminate()
    process.join(within)
    assert process.exitcode == 0


def plan_some(shop: Shop, count: int = 30) -> None:
    people = [f"p{number}" for number in range(1, count + 1)]
    shop.talks(*people)
    shop.broadcast(people)


def test_without_redis_the_database_is_looked_into(shop: Shop, store_url: str) -> None:
    with worker(shop, store_url) as process:
        plan_some(shop)
        until(lambda: shop.states() == {"sent": 30})
        stops_cleanly(process)


@contextmanager
def redis_of_ones_own(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    program = find_program()
    assert program is not None
    arguments = ["--port", "0", "--unixsocket", f"{folder}/r.sock", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)
    client = redis.Redis(unix_socket_path=f"{folder}/r.sock")
    until(lambda: _answers(client))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def _listens(url: str) -> bool:
    return Worker.count(connection=connect_redis(url), queue=Queue(QUEUE, connection=connect_redis(url))) > 0


def test_a_bell_is_answered_at_once(shop: Shop, store_url: str, redis_url: str) -> None:
    with worker(shop, store_url, redis_url, poll=3600) as process, closing(Bell(redis_url)) as bell:
        until(lambda: _listens(redis_url))
        plan_some(shop)
        bell.ring([("drain", "main")])
        until(lambda: shop.states() == {"sent": 30})
        stops_cleanly(process)
    assert not _listens(redis_url)


def test_redis_may_die_and_come_back(shop: Shop, store_url: str, tmp_path: Path) -> None:
    url = f"unix://{tmp_path}/r.sock"
    with redis_of_ones_own(tmp_path) as server, worker(shop, store_url, url) as process:
        until(lambda: _listens(url))
        server.kill()
        server.wait()
        plan_some(shop)
        until(lambda: shop.states() == {"sent": 30})
        with redis_of_ones_own(tmp_path), closing(Bell(url)) as bell:
            bell.ring([("clock", "")])
            until(lambda: "clock" in shop.platform.words())
            stops_cleanly(process)


def test_a_redis_that_hangs_does_not_keep_the_worker(shop: Shop, store_url: str, tmp_path: Path) -> None:
    url = f"unix://{tmp_path}/r.sock"
    with redis_of_ones_own(tmp_path) as server, worker(shop, store_url, url) as process:
        until(lambda: _listens(url))
        server.send_signal(signal.SIGSTOP)
        plan_some(shop)
        until(lambda: shop.states() == {"sent": 30})
        stops_cleanly(process)
        server.send_signal(signal.SIGCONT)


def test_only_bells_are_run(shop: Shop, store_url: str, redis_url: str, tmp_path: Path) -> None:
    """Whoever can write to Redis can still not run a function of his choice."""
    connection = connect_redis(redis_url)
    touched = tmp_path / "touched"
    queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
    foreign = [
        queue.enqueue("os.system", f"touch {touched}"),
        queue.enqueue("pathlib.Path.touch", str(touched)),
        queue.enqueue("jobs.bells.drain", account="main"),
        queue.enqueue("jobs.bells.inbox", "", on_success=Callback("os.system"), result_ttl=60),
        queue.enqueue("jobs.bells.attend", f"touch {touched}", on_failure=Callback("os.system")),
    ]
    with worker(shop, store_url, redis_url, poll=3600) as process, closing(Bell(redis_url)) as bell:
        bell.ring([("clock", "")])
        until(lambda: "clock" in shop.platform.words())
        stops_cleanly(process)
    assert not touched.exists()
    states = [Job.fetch(job.id, connection=connection, serializer=JSONSerializer).get_status() for job in foreign]
    assert [state.value for state in states] == ["failed", "failed", "failed", "finished", "failed"]


def test_a_worker_told_to_stop_in_the_middle_leaves_nothing_open(shop: Shop, store_url: str) -> None:
    shop.platform.latency = 0.02
    with worker(shop, store_url) as process:
        plan_some(shop, 2_000)
        until(lambda: len(shop.platform.ledger) > 100)
        stops_cleanly(process)
    states = shop.states()
    assert states.keys() == {"sent", "planned"}
    assert states["sent"] == len(shop.platform.ledger)


def test_the_other_work_is_done_as_well_and_one_failure_stops_nothing(shop: Shop, store_url: str) -> None:
    def fail() -> None:
        raise ValueError("as planned")

    chores = (Chore("broken", 0.1, fail), Chore("spool", 0.1, lambda: shop.platform.heard("spool")))
    with worker(shop, store_url, chores=chores) as process:
        plan_some(shop)
        until(lambda: shop.states() == {"sent": 30})
        until(lambda: shop.platform.words().count("spool") > 2)
        stops_cleanly(process)


def test_what_a_killed_worker_held_is_sent_by_the_next(shop: Shop, store_url: str) -> None:
    shop.platform.latency = 0.02
    with worker(shop, store_url) as process:
        plan_some(shop, 300)
        until(lambda: len(shop.platform.ledger) > 20)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
    shop.lapse_all()
    with worker(shop, store_url):
        until(lambda: not shop.states().keys() & {"planned", "claimed"})
    assert set(shop.platform.got().values()) == {1}
    assert shop.states().get("unknown", 0) <= 32
