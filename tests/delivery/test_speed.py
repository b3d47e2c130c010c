"""A set speed: however many processes send, and with or without Redis, never more than time × speed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from delivery_shop import Shop
from redis.exceptions import RedisError
from sink import Platform

from bot.cli.embedded import find_program
from bot.store.base import Base
from bot.store.bell import connect_redis
from bot.store.engine import open_store
from bot.store.speed import PROCESSES_GUESSED, Speed

NOWHERE = "redis://127.0.0.1:1/0"


@contextmanager
def redis_in(folder: Path) -> Iterator[str]:
    url = f"unix://{folder}/redis.sock"
    program = find_program()
    assert program is not None
    argv = [program, "--port", "0", "--unixsocket", f"{folder}/redis.sock", "--save", ""]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as server, closing(connect_redis(url)) as client:
        try:
            while True:
                try:
                    client.ping()
                    break
                except (OSError, RedisError):
                    time.sleep(0.02)
            yield url
        finally:
            server.terminate()


def taken(speeds: Sequence[Speed], calls: int) -> float:
    """Takes so many calls, each process in its turn, as soon as there are any; returns the seconds it took."""
    began = time.monotonic()
    while calls > 0:
        for speed in speeds:
            granted, wait = speed.take(max(1, min(calls, 7)))
            calls -= granted
            assert granted or wait > 0
        time.sleep(0.002)
    return time.monotonic() - began


def test_four_processes_together_keep_the_speed(tmp_path: Path) -> None:
    with redis_in(tmp_path) as url:
        speeds = [Speed("main", 400, url) for _ in range(4)]
        assert taken(speeds, 80) >= 80 / 400
        assert {speed.redis_failures for speed in speeds} == {0}


def test_two_accounts_have_a_speed_of_their_own(tmp_path: Path) -> None:
    with redis_in(tmp_path) as url:
        taken([Speed("main", 1000, url)], 20)
        assert Speed("other", 1, url).take(5)[0] == 0


def test_after_a_silence_nothing_has_been_saved_up(tmp_path: Path) -> None:
    with redis_in(tmp_path) as url:
        speed = Speed("main", 1000, url)
        taken([speed], 20)
        time.sleep(0.7)
        assert speed.take(500)[0] == 0


def test_without_redis_each_takes_its_share() -> None:
    speed = Speed("main", 200, NOWHERE)
    assert taken([speed], 20) >= 20 / (200 / PROCESSES_GUESSED)
    assert speed.redis_failures == 1


def test_when_redis_goes_the_processes_known_share_the_speed(tmp_path: Path) -> None:
    with redis_in(tmp_path) as url:
        speeds = [Speed("main", 1000, url) for _ in range(2)]
        taken(speeds, 20)
    assert taken(speeds[:1], 50) >= 50 / (1000 / 2)


@pytest.mark.parametrize("latency", [0.0, 0.05])
def test_a_broadcast_goes_out_at_the_speed_that_is_set(tmp_path: Path, platform: Platform, latency: float) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/shuke.db")) as store:
        Base.metadata.create_all(store.engine)
        shop = Shop(store, platform)
        platform.latency = latency
        people = [f"p{number}" for number in range(40)]
        shop.talks(*people)
        shop.broadcast(people)
        shop.speed = Speed("main", 200, None)
        began = time.monotonic()
        shop.send()
        assert time.monotonic() - began >= 40 / (200 / PROCESSES_GUESSED)
        assert shop.states() == {"sent": 40}
        shop.engine.close()
