"""What the drills need: a nursery for processes, a shop on each database, services that can be killed, and a seed.

``make drills`` (``SHUKE_DRILLS=full``) plays the full counts, ``make test`` small ones. ``SHUKE_SEED`` repeats a run.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from house import FULL, House
from lost_writes import COMPILER
from nursery import Nursery
from sqlalchemy import Engine, make_url, text
from stand_ins import HungRedis, PostgreSQL, Redis, Town

# Needs minutes and a C compiler.
collect_ignore = [] if FULL and COMPILER else ["test_lost_writes.py"]


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    one = Nursery(warm=not FULL)
    yield one
    one.close()


@pytest.fixture
def seed() -> int:
    chosen = int(os.environ.get("SHUKE_SEED") or random.SystemRandom().randrange(10**6))
    print(f"SHUKE_SEED={chosen}")
    return chosen


@pytest.fixture
def chance(seed: int) -> random.Random:
    return random.Random(seed)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Says a measured figure; `make drills` shows them all at its end."""
    return lambda words: record_property("figure", words)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [report for group in terminalreporter.stats.values() for report in group if hasattr(report, "nodeid")]
    figures = [
        f"{report.nodeid.rpartition('/')[2]}: {words}"
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, words in report.user_properties
        if name == "figure"
    ]
    if figures:
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.write_line(line)


@pytest.fixture
def build(nursery: Nursery, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., House]]:
    """Builds a shop; whatever it has started is gone when the drill is over."""
    # Asked for first, and so taken away last, when nobody uses it any more.
    for ground in {"database", "empty"} & set(request.fixturenames):
        request.getfixturevalue(ground)
    built: list[House] = []

    def one(store_url: str, **more: Any) -> House:
        built.append(House(tmp_path, nursery, store_url=store_url, **more))
        return built[-1]

    yield one
    for house in built:
        house.close()


@pytest.fixture
def house(build: Callable[..., House], database: str) -> House:
    """A shop without a platform or a Redis, on a database of either kind."""
    return build(database)


@pytest.fixture
def build_town(nursery: Nursery, tmp_path: Path) -> Iterator[Callable[[int], Town]]:
    built: list[Town] = []

    def one(people: int) -> Town:
        built.append(Town(tmp_path / "town", nursery, people=people))
        return built[-1]

    yield one
    for town in built:
        town.close()


@pytest.fixture
def town(build_town: Callable[[int], Town]) -> Town:
    """A platform with a handful of followers."""
    return build_town(6)


@pytest.fixture
def shop(build: Callable[..., House], database: str, town: Town) -> House:
    """A shop on a database of either kind whose customers live in the town."""
    one = build(database, platform_url=town.url, clock_file=town.clock_file)
    town.serves(one)
    return one


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis that may be killed."""
    one = Redis(tmp_path / "redis")
    yield one
    one.close()


@pytest.fixture
def hung_redis() -> Iterator[HungRedis]:
    one = HungRedis()
    yield one
    one.close()


@pytest.fixture
def postgresql(migrated_server: tuple[Engine, str], database: str) -> Iterator[PostgreSQL]:
    """The server behind a database of the second kind; it may crash, and runs again when the drill is over."""
    admin, _uri = migrated_server
    with admin.connect() as connection:
        # The session's server is fast and careless; what is committed here must outlive a crash of it.
        connection.execute(text(f"ALTER DATABASE {make_url(database).database} SET synchronous_commit = on"))
    one = PostgreSQL(admin)
    yield one
    one.start()
