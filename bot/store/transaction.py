"""The transaction: opened at a door, passed on as ``tx``, committed here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.orm import Session

from bot.clock import Clock
from bot.store.bell import Bell
from bot.store.engine import WRITES, Store
from bot.store.journal import Journal


class Tx:
    """One open transaction.

    ``now`` is the moment the piece of work began (aware, UTC). ``session`` is for objects, ``execute`` for statements;
    both run on the same connection. Services take a Tx and never commit.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.rings: set[tuple[str, str]] = set()
        self.journal: Journal | None = None
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        if self._session is None:
            self._session = Session(bind=self.connection, join_transaction_mode="rollback_only", expire_on_commit=False)
        return self._session

    def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Runs a Core statement after writing out what the session still holds."""
        if self._session is not None:
            self._session.flush()
        return self.connection.execute(statement, parameters)

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
        if self._session is not None:
            self._session.flush()
        nested = self.connection.begin_nested()
        rings = set(self.rings)
        try:
            yield
            if self._session is not None:
                self._session.flush()
        except BaseException:
            if self._session is not None:
                self._session.expunge_all()
            nested.rollback()
            self.rings = rings
            raise
        nested.commit()

    def flush(self) -> None:
        if self._session is not None:
            self._session.flush()

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


@contextmanager
def transaction(store: Store, clock: Clock, bell: Bell | None = None) -> Iterator[Tx]:
    """Opens a writing transaction; commits when the block ends, rolls back when it raises, then rings the bells."""
    with store.engine.connect() as connection, connection.begin():
        tx = Tx(connection, clock.now())
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
        tx = Tx(connection, clock.now())
        try:
            yield tx
        finally:
            tx.close()
            connection.rollback()
