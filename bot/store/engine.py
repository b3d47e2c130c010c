"""Opens the database: SQLite by default, PostgreSQL where a shop outgrows one machine."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

from bot.errors import SettingsError
from bot.store.keyfile import KeyFile

BUSY_SECONDS = 5.0
# On a callback's way: the platform waits five seconds, and the spool must still get its turn.
CALLBACK_BUSY_SECONDS = 2.0
WRITES = "shuke_writes"
LASTING = "shuke_lasting"
KEY_FILE = "erasure.key"


@dataclass(frozen=True)
class Store:
    """An opened database. ``engine`` is shared by all threads of the process, ``key`` lies beside the database."""

    engine: Engine
    sqlite: bool
    key: KeyFile

    def close(self) -> None:
        self.engine.dispose()


def open_store(
    url: str, *, key: KeyFile | None = None, busy_seconds: float = BUSY_SECONDS, pool_size: int = 8
) -> Store:
    """Opens the store at ``url`` (``sqlite:///path`` or ``postgresql+psycopg://…``); creates the SQLite file's folder.

    ``key`` where it is not ``erasure.key`` beside the SQLite file, for PostgreSQL in ``data/`` of the current folder.
    Raises SettingsError for any other kind of database.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        key = key or KeyFile(Path(parsed.database or "").parent / KEY_FILE)
        return Store(_sqlite(parsed, busy_seconds, pool_size), sqlite=True, key=key)
    if parsed.get_backend_name() == "postgresql":
        key = key or KeyFile(Path("data") / KEY_FILE)
        return Store(_postgresql(parsed, busy_seconds, pool_size), sqlite=False, key=key)
    raise SettingsError(
        f"store.url: {parsed.get_backend_name()} is not supported. Use sqlite:///data/shuke.db or postgresql+psycopg://…"
    )


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def _sqlite(url: URL, busy_seconds: float, pool_size: int) -> Engine:
    if not url.database or url.database == ":memory:":
        raise SettingsError("store.url: SQLite needs a file, several processes share it. Use sqlite:///data/shuke.db")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=pool_size,
        # Driver autocommit: BEGIN is ours alone, else an aborted migration leaves half its tables behind.
        connect_args={"isolation_level": None, "timeout": busy_seconds, "check_same_thread": False},
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        hide_parameters=True,  # they hold what customers wrote, and errors are logged
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        cursor = connection.cursor()
        _write_ahead(cursor, busy_seconds)
        # NORMAL loses every commit since the last checkpoint in a power cut.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-16000")
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns into a writer meets "locked" at once instead of waiting its turn.
        options = connection.get_execution_options()
        if options.get(WRITES, True):
            _flush_at_commit(connection, options.get(LASTING, True))
            _begin_writing(connection, busy_seconds)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _write_ahead(cursor: sqlite3.Cursor, busy_seconds: float) -> None:
    # The first connection to a new file turns it to WAL, once and for good. While it does, SQLite tells a second one
    # "locked" at once, whatever the busy time-out: to wait there could be a deadlock. So the second one asks again.
    give_up_at = time.monotonic() + busy_seconds
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)
        else:
            return


def _flush_at_commit(connection: Connection, lasting: bool) -> None:
    # NORMAL flushes nothing at a commit; the next commit under FULL, whoever makes it, flushes all before it.
    if connection.info.setdefault(LASTING, True) != lasting:
        _driver(connection).execute(f"PRAGMA synchronous={'FULL' if lasting else 'NORMAL'}")
        connection.info[LASTING] = lasting


def _begin_writing(connection: Connection, busy_seconds: float) -> None:
    # SQLite's own waiting sleeps longer and longer, up to 100 ms: beside a worker that writes all the time, a callback
    # would meet it between two transactions only now and then. Looking every millisecond it gets the next turn.
    give_up_at = time.monotonic() + busy_seconds
    driver = _driver(connection)
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > give_up_at:
                    raise OperationalError("BEGIN IMMEDIATE", None, error) from error
                time.sleep(0.001)
            else:
                return
    finally:
        driver.execute(f"PRAGMA busy_timeout={round(busy_seconds * 1000)}")


def _driver(connection: Connection) -> sqlite3.Connection:
    # Three statements at every beginning: SQLAlchemy would take longer over them than SQLite.
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _postgresql(url: URL, busy_seconds: float, pool_size: int) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": max(2, int(busy_seconds)),
            "options": f"-c lock_timeout={int(busy_seconds * 1000)} -c TimeZone=UTC",
        },
        json_serializer=_dumps,
        # psycopg has parsed JSONB already when SQLAlchemy asks.
        json_deserializer=json.loads,
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if not connection.get_execution_options().get(LASTING, True):
            connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")

    return engine
