"""The transaction: opened at a door, passed on as ``tx``, committed here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.clock import Clock
from bot.store.bell import Bell
from bot.store.bulk import run_directly_with
from bot.store.engine import LASTING, WRITES, Store
from bot.store.journal import Journal
from bot.store.keyfile import KeyFile

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)  # one is itself alone: found by its address, five times a message
class Write:
    """A statement that writes a row, or many of them at once: see `run_directly_with` for ``template`` and ``columns``."""

    template: str
    columns: tuple[tuple[str, str], ...]


class Tx:
    """One open transaction.

    ``now`` is the moment the piece of work began (aware, UTC). ``session`` is for objects, ``execute`` for statements;
    both run on the same connection. ``key`` is the secret beside the database. Services take a Tx and never commit.
    """

    def __init__(self, connection: Connection, now: datetime, key: KeyFile) -> None:
        self.connection = connection
        self.now = now
        self.key = key
        self.rings: set[tuple[str, str]] = set()
        self.journal: Journal | None = None
        # What was read ahead, or once for many messages. What staff do goes through `session` or `execute`, so that it is
        # forgotten there, whatever was done.
        self.known: dict[Hashable, Any] = {}
        self._later: dict[Write, dict[Hashable, Sequence[Any]]] = {}
        self._session: Session | None = None
        self._driver: Any = None

    @property
    def session(self) -> Session:
        self._go_another_way()
        if self._session is None:
            self._session = Session(bind=self.connection, join_transaction_mode="rollback_only", expire_on_commit=False)
        return self._session

    def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Runs a Core statement after writing out what the session still holds."""
        self._go_another_way()
        if self._session is not None:
            self._session.flush()
        return self.connection.execute(statement, parameters)

    def direct(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        """Runs SQL through the driver and returns its rows; for the few statements on the way of every message.

        SQLAlchemy takes 20 to 30 µs for a statement it has compiled already, the driver 3. ``:name`` stands for a
        parameter; values are what the driver takes: moments in milliseconds, documents as JSON text. Raises SQLAlchemy's
        errors like ``execute``.
        """
        if self._session is not None:
            self._session.flush()
        if self._driver is None:
            self._driver = self.connection.connection.dbapi_connection
        dialect = self.connection.dialect
        try:
            cursor = self._driver.execute(sql if dialect.name == "sqlite" else _pyformat(sql), parameters)
            return cursor.fetchall() if cursor.description else ()
        except dialect.loaded_dbapi.Error as error:
            # Without the parameters: they hold what customers wrote, and errors are logged.
            raise DBAPIError.instance(
                sql, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect
            ) from error

    def later(self, write: Write, key: Hashable, row: Sequence[Any]) -> None:
        """Puts a row off that nothing here reads before `flush`, so that those of many messages travel together.

        The rows of one statement have different keys: a second one for a key writes out the first.
        """
        if self.is_put_off(write, key):
            self._write_out()
        self._later.setdefault(write, {})[key] = row

    def is_put_off(self, write: Write, key: Hashable) -> bool:
        """Whether the row for ``key`` has not been written out yet, so that it may still be changed."""
        return key in self._later.get(write, ())

    def once(self, what: Hashable, read: Callable[[], T]) -> T:
        """What ``read`` returns, read once for all messages of a batch."""
        if what not in self.known:
            self.known[what] = read()
        return self.known[what]

    def _go_another_way(self) -> None:
        self.known.clear()
        self._write_out()

    def _write_out(self) -> None:
        if self._later:
            later, self._later = self._later, {}
            for write, rows in later.items():
                run_directly_with(self, write.template, dict(write.columns), rows.values())

    def after_commit(self, bell: str, argument: str = "") -> None:
        """Rings ``bell`` for the workers once the transaction is in the database; a lost ring costs seconds only."""
        self.rings.add((bell, argument))

    @contextmanager
    def journaled(self) -> Iterator[Journal]:
        """Records the rows that change inside the block, so that they can be put back."""
        self.session.flush()
        self.journal = journal = Journal(self.session)
        try:
            yield journal
            self.session.flush()
        finally:
            journal.close()
            self.journal = None

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undoes the block's effects, and only those, when it raises."""
        # Through the session: a flush that fails rolls back what the session believes to be the innermost transaction,
        # and a savepoint the session does not know of would go down with everything before it.
        nested = self.session.begin_nested()
        rings = set(self.rings)
        try:
            yield
            self.session.flush()
        except BaseException:
            self._later.clear()
            nested.rollback()
            self.session.expunge_all()
            self.rings = rings
            raise
        nested.commit()

    def flush(self) -> None:
        """Writes out everything that was put off."""
        self._write_out()
        if self._session is not None:
            self._session.flush()

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


@lru_cache(maxsize=256)
def _pyformat(sql: str) -> str:
    return re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", sql.replace("%", "%%"))


@contextmanager
def transaction(store: Store, clock: Clock, bell: Bell | None = None, *, lasting: bool = True) -> Iterator[Tx]:
    """Opens a writing transaction; commits when the block ends, rolls back when it raises, then rings the bells.

    Not ``lasting``: a power cut may undo it until another one is committed; a process that dies undoes nothing.
    """
    with store.engine.connect() as connection:
        if not lasting:
            connection.execution_options(**{LASTING: False})
        with connection.begin():
            tx = Tx(connection, clock.now(), store.key)
            try:
                yield tx
                tx.flush()
            finally:
                tx.close()
    if bell is not None:
        bell.ring(tx.rings)


@contextmanager
def reading(store: Store, clock: Clock) -> Iterator[Tx]:
    """Opens a transaction that only reads; on SQLite it waits for no writer."""
    with store.engine.connect().execution_options(**{WRITES: False}) as connection:
        tx = Tx(connection, clock.now(), store.key)
        try:
            yield tx
        finally:
            tx.close()
            connection.rollback()
