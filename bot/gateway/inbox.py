"""The inbox: every callback once, its effects and its answer in one commit.

The requests of one process meet in a writer thread, which handles all that have arrived in one transaction: a commit
that is shared costs each of them a fraction of a disk flush.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, cast

import orjson
from sqlalchemy import Index, UniqueConstraint, delete, func, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Mapped, mapped_column

from bot.clock import Clock
from bot.gateway.flood import FloodGate
from bot.gateway.router import Router
from bot.platforms.messages import Inbound
from bot.store.base import Base, to_milliseconds
from bot.store.bell import Bell
from bot.store.bulk import run_directly_with, run_with
from bot.store.engine import Store
from bot.store.transaction import Tx, Write, transaction

if TYPE_CHECKING:
    from bot.platforms.envelope import Opened

log = logging.getLogger(__name__)

BATCH = 64
DEADLOCK = "40P01"
# Seconds without another arrival before a batch is begun: requests that come together share a commit.
LINGER = 0.00005
TRIES = 3
COMMIT_SECONDS = 1.0
PLAYED_PATIENCE = 60.0
KEPT = timedelta(days=30)
APOLOGY = "抱歉，刚才这条没有处理好。已经记下，会自动再试，不用重发。"
# SQLite says OperationalError to a missing table as well; these alone (primary result codes) are trouble of its own.
_SQLITE_TROUBLE = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    )
)


class InboxRow(Base):
    """One callback. ``state``: received → done | quarantined; ``ignored`` = a kind nobody handles.

    ``key`` is unique with the account; ``reply`` is what a repeat gets again. ``fields`` is the decrypted message.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("account", "key"),
        Index(
            "ix_inbox_received",
            "next_try_at",
            sqlite_where=text("state = 'received'"),
            postgresql_where=text("state = 'received'"),
        ),
        Index("ix_inbox_received_at", "received_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    key: Mapped[str]
    sender: Mapped[str]
    kind: Mapped[str]
    fields: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]
    state: Mapped[str]
    attempts: Mapped[int]
    error: Mapped[str | None]
    next_try_at: Mapped[datetime | None]
    reply: Mapped[str]


_TABLE = cast(Any, InboxRow.__table__)
_KEPT = {
    "account": "text",
    "key": "text",
    "sender": "text",
    "kind": "text",
    "fields": "jsonb",
    "created_at": "bigint",
    "received_at": "bigint",
    "state": "text",
    "attempts": "int",
    "reply": "text",
    "next_try_at": "bigint",
}
_KEEP = Write(
    f"INSERT INTO inbox ({', '.join(_KEPT)}) SELECT {', '.join(f'given.{name}' for name in _KEPT)} FROM {{given}}",
    tuple(_KEPT.items()),
)
_CLAIM = f"{_KEEP.template} WHERE true ON CONFLICT DO NOTHING RETURNING id"
# A subquery for each, which is answered by the index: by EXISTS PostgreSQL may read the whole table instead.
_REPEATED = """
    SELECT given.account, given.key FROM {given} WHERE (
        SELECT inbox.id FROM inbox WHERE inbox.account = given.account AND inbox.key = given.key
    ) IS NOT NULL
"""
_LOCK = "SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key"
_EARLIER_REPLY = "SELECT reply FROM inbox WHERE account = :account AND key = :key"
_STATE, _REPLY = list(_KEPT).index("state"), list(_KEPT).index("reply")
_FINISH = """
    UPDATE inbox SET state = :state, reply = :reply, attempts = :attempts, error = NULL, next_try_at = NULL
    WHERE account = :account AND key = :key
"""


def is_away(failure: BaseException) -> bool:
    """Whether the database is locked or cannot be reached, so that nothing is known to be wrong with the message."""
    if not isinstance(failure, OperationalError):
        return isinstance(failure, PoolTimeout)
    if getattr(failure.orig, "sqlstate", None) == DEADLOCK:
        return False  # one after another it goes well
    code = getattr(failure.orig, "sqlite_errorcode", None)
    return code is None or code & 0xFF in _SQLITE_TROUBLE


class Away(Exception):
    """The database is locked or cannot be reached; the message is to be spooled."""


class _GivenUp(Exception):
    """Somebody in the batch waits no longer; nothing of theirs may be kept."""


class Pending:
    """A sealed callback waiting for the writer; ``answer`` or ``failure`` is there once it was settled.

    ``given_up``: its request has gone to the spool, from where it is handled and answered; handled by the writer as
    well, its answer would reach nobody. ``decided``: its transaction is about to be committed.
    """

    __slots__ = ("_answered", "_unseal", "answer", "decided", "failure", "given_up", "opened", "reply")

    def __init__(self, unseal: Callable[[], Opened]) -> None:
        self._unseal = unseal
        self.opened: Opened | None = None
        self.reply = ""
        self.answer = b""
        self.failure: BaseException | None = None
        self.given_up = False
        self.decided = False
        # A bare lock, held until there is an answer: an Event costs ten times as much.
        self._answered = threading.Lock()
        self._answered.acquire()

    @property
    def message(self) -> Inbound:
        assert self.opened is not None
        return self.opened.inbound

    def open(self) -> bool:
        """Whether it proved genuine; what did not is settled at once."""
        try:
            self.opened = self._unseal()
        except Exception as failure:  # noqa: BLE001  (raised in the request's own thread)
            self.failure = failure
            self._answered.release()
        return self.failure is None

    def prove(self) -> None:
        """Raises what opening it raises, where that has not been tried."""
        if self.opened is None:
            self._unseal()

    def settle(self, now: datetime) -> None:
        assert self.opened is not None
        if self.failure is None:
            try:
                self.answer = self.opened.seal.seal(self.reply, now)
            except Exception as failure:  # noqa: BLE001  (raised in the request's own thread)
                self.failure = failure
        self._answered.release()

    def wait(self, seconds: float) -> bool:
        return self._answered.acquire(timeout=seconds)


class Inbox:
    """Takes sealed callbacks from request threads and answers each when its transaction is committed.

    One thread does it all, from unsealing to sealing, for as many as have come together. Threads that parse while
    another writes take turns at the interpreter with it, statement by statement, and that cost more than all they did.

    ``played``: nobody real waits, and a day passes in a moment; then every answer is waited for, and nothing is a flood.
    """

    def __init__(self, store: Store, clock: Clock, bell: Bell, router: Router, *, played: bool = False) -> None:
        self._store = store
        self._clock = clock
        self._bell = bell
        self._router = router
        self._queue: SimpleQueue[Pending | None] = SimpleQueue()
        self._flood = FloodGate()
        self._played = played
        # Held while a request gives up or the writer decides to commit: one of them comes first.
        self._fates = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self._thread.start()

    def take(self, unseal: Callable[[], Opened], *, patience: float) -> bytes:
        """The sealed answer to a callback, new or repeated, that ``unseal`` opens.

        Waits at most ``patience`` seconds. Raises what ``unseal`` raises, and Away: then it is genuine, and to be kept.
        """
        pending = Pending(unseal)
        self._queue.put(pending)
        if not pending.wait(PLAYED_PATIENCE if self._played else patience):
            with self._fates:
                pending.given_up = not pending.decided
            # A commit that has begun is waited for.
            if pending.given_up or not pending.wait(COMMIT_SECONDS):
                pending.prove()
                raise Away("no answer from the database in time")
        if pending.failure is not None:
            raise pending.failure
        return pending.answer

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [pending for pending in (first, *_waiting(self._queue)) if not pending.given_up and pending.open()]
            # What one sender said is handled in the order it was said, even when a later line arrived first.
            batch.sort(key=lambda pending: (pending.message.created_at, pending.message.key))
            self._work(batch)
            now = self._clock.now()
            for pending in batch:
                pending.settle(now)

    def _work(self, batch: Sequence[Pending]) -> None:
        if not batch:
            return
        try:
            replies = self._together(batch)
        except _GivenUp:
            self._work([pending for pending in batch if not pending.given_up])
            return
        except Exception as failure:  # noqa: BLE001  (each is tried again alone, where its own failure is kept)
            if is_away(failure):
                for pending in batch:
                    pending.failure = Away(type(failure).__name__)
                return
            # One of them failed and took the others' work with it: each again, alone, so that only its own is lost.
            log.info("inbox_batch_undone size=%d", len(batch))
            self._one_by_one(batch)
            return
        for pending, reply in zip(batch, replies, strict=True):
            pending.reply = reply

    def _together(self, batch: Sequence[Pending]) -> list[str]:
        messages = [pending.message for pending in batch]
        with transaction(self._store, self._clock, self._bell) as tx:
            lock_senders(tx, self._store, messages)
            repeated = _repeated(tx, messages)
            self._router.foresee(messages, tx)
            replies = [self._handle(tx, message, repeated) for message in messages]
            tx.flush()
            self._decide(batch)
            return replies

    def _decide(self, batch: Sequence[Pending]) -> None:
        """The last step before a commit; raises _GivenUp where somebody has left meanwhile."""
        with self._fates:
            if any(pending.given_up for pending in batch):
                raise _GivenUp
            for pending in batch:
                pending.decided = True

    def _handle(self, tx: Tx, message: Inbound, repeated: set[tuple[str, str]]) -> str:
        identity = message.account, message.key
        if identity in repeated:
            return earlier_reply(tx, message)
        # As a rule the row is written once, with its reply. Nobody can be at the same message meanwhile: its sender is
        # held. Were it otherwise, the unique key would undo the batch, and each would be tried alone.
        repeated.add(identity)
        deferred = None if self._played else self._flood.defers(message, time.monotonic())
        if deferred is not None:
            tx.later(_KEEP, identity, _row(tx, message, "received", deferred, next_try_at=tx.now))
            tx.after_commit("inbox")
            return deferred
        row = _row(tx, message, "done", "", attempts=1)
        tx.later(_KEEP, identity, row)
        reply = self._router.handle(message, tx)
        if tx.is_put_off(_KEEP, identity):
            row[_STATE], row[_REPLY] = _end(reply), reply or ""
        else:
            finish(tx, message, reply)
        return reply or ""

    def _one_by_one(self, batch: Sequence[Pending]) -> None:
        for pending in batch:
            try:
                pending.reply = self._alone(pending)
            except _GivenUp:
                continue
            except Exception as failure:  # noqa: BLE001  (raised in the request's own thread)
                pending.failure = Away(type(failure).__name__) if is_away(failure) else failure

    def _alone(self, pending: Pending) -> str:
        message = pending.message
        with transaction(self._store, self._clock, self._bell) as tx:
            lock_senders(tx, self._store, [message])
            row_id = claim(tx, message)
            if row_id is None:
                reply = earlier_reply(tx, message)
            else:
                reply = attempt(tx, self._router, message, row_id, attempts=1)
            self._decide([pending])
            return reply


def _waiting(queue: SimpleQueue[Pending | None]) -> Iterator[Pending]:
    """What else has arrived or is just arriving, as much as goes into one transaction."""
    for _ in range(BATCH - 1):
        try:
            pending = queue.get_nowait()
        except Empty:
            # Not get(timeout=…): CPython's waits for ever where the time is over before its wait begins, and on a busy
            # machine that happened to a message that nobody else's followed.
            time.sleep(LINGER)
            try:
                pending = queue.get_nowait()
            except Empty:
                return
        if pending is None:
            # Closing comes after what is handled now.
            queue.put(None)
            return
        yield pending


def attempt(tx: Tx, router: Router, message: Inbound, row_id: int, *, attempts: int) -> str:
    """Handles a claimed row; a failure undoes its effects only, and keeps the row with the error for another try.

    Raises the database's own trouble (``is_away``): then nothing is known to be wrong with the message.
    """
    try:
        with tx.savepoint():
            reply = router.handle(message, tx)
    except Exception as failure:
        if is_away(failure):
            raise
        log.error(
            "inbox_handler_failed key=%s kind=%s attempt=%d error=%s at=%s",
            _short(message.key),
            message.kind,
            attempts,
            type(failure).__name__,
            _place(failure),
        )
        state = "received" if attempts < TRIES else "quarantined"
        wait = timedelta(seconds=5 * 6 ** (attempts - 1))
        tx.execute(
            update(_TABLE)
            .where(_TABLE.c.id == row_id)
            .values(
                state=state,
                attempts=attempts,
                error=type(failure).__name__,
                next_try_at=tx.now + wait if state == "received" else None,
                reply=APOLOGY,
            )
        )
        tx.after_commit("inbox")
        return APOLOGY
    finish(tx, message, reply, attempts=attempts)
    return reply or ""


def claim(tx: Tx, message: Inbound) -> int | None:
    """Makes the message's row and returns its id, or None where the database has it already."""
    row = run_with(tx, _CLAIM, _KEPT, [_row(tx, message, "received", "")]).first()
    return None if row is None else int(row[0])


def _row(
    tx: Tx, message: Inbound, state: str, reply: str, *, attempts: int = 0, next_try_at: datetime | None = None
) -> list[str | int | None]:
    return [
        message.account,
        message.key,
        message.sender,
        message.kind,
        orjson.dumps(message.fields).decode(),
        to_milliseconds(message.created_at),
        to_milliseconds(tx.now),
        state,
        attempts,
        reply,
        None if next_try_at is None else to_milliseconds(next_try_at),
    ]


def finish(tx: Tx, message: Inbound, reply: str | None, *, attempts: int = 1) -> None:
    """Writes the reply to a message whose row is there."""
    state = _end(reply)
    whose = {"account": message.account, "key": message.key}
    tx.direct(_FINISH, {**whose, "state": state, "reply": reply or "", "attempts": attempts})


def _end(reply: str | None) -> str:
    """``reply`` None: nobody handles its kind, so the row is kept and left alone."""
    return "ignored" if reply is None else "done"


def _repeated(tx: Tx, messages: Sequence[Inbound]) -> set[tuple[str, str]]:
    """Account and key of those messages that the database has already."""
    rows = [(message.account, message.key) for message in messages]
    return {
        (account, key) for account, key in run_directly_with(tx, _REPEATED, {"account": "text", "key": "text"}, rows)
    }


def earlier_reply(tx: Tx, message: Inbound) -> str:
    """What a repeat gets: the answer the person may have missed."""
    tx.flush()  # it may have come together with the first
    rows = tx.direct(_EARLIER_REPLY, {"account": message.account, "key": message.key})
    return str(rows[0][0]) if rows else ""


def due(tx: Tx, limit: int) -> list[InboxRow]:
    """Rows that wait for another try, each sender's in order of what was said."""
    return list(
        tx.session.scalars(
            select(InboxRow)
            .where(InboxRow.state == "received", InboxRow.next_try_at <= tx.now)
            .order_by(InboxRow.sender, InboxRow.created_at, InboxRow.id)
            .limit(limit)
        )
    )


def forget_old(tx: Tx, limit: int) -> int:
    """Deletes up to ``limit`` callbacks that were dealt with longer ago than raw ones are kept; returns how many.

    Their keys go too: the platform repeats for seconds only, and what is older than minutes is refused at the door.
    """
    old = select(_TABLE.c.id).where(
        _TABLE.c.received_at < tx.now - KEPT,
        _TABLE.c.state.in_(("done", "ignored")),
        # Late answers are known by a row's number: with the last row gone, SQLite would give it out again.
        _TABLE.c.id < select(func.max(_TABLE.c.id)).scalar_subquery(),
    )
    return tx.execute(delete(_TABLE).where(_TABLE.c.id.in_(old.limit(limit)))).rowcount


_FORGET = """
    UPDATE inbox SET sender = '', fields = '{}', reply = '', error = NULL,
        state = CASE WHEN key = :answering OR state = 'done' THEN state ELSE 'ignored' END,
        next_try_at = CASE WHEN key = :answering THEN next_try_at END
    WHERE account = :account AND sender = :sender
"""


def forget(tx: Tx, account: str, sender: str, answering: str) -> None:
    """Empties a sender's callbacks and the answers to them; the keys stay, by which a repeat is known.

    What still waits for another try is given up, but for the one being answered (``answering``, its key). Goes through
    the whole table: nobody is erased often, and an index would cost every callback something.
    """
    tx.flush()  # the row of the one being answered may be put off
    tx.direct(_FORGET, {"account": account, "sender": sender, "answering": answering})


def lock_senders(tx: Tx, store: Store, messages: Sequence[Inbound]) -> None:
    """On PostgreSQL, where others write at the same time, holds each sender until the commit.

    SQLite's one writer makes that needless. Sorted, so that two processes cannot wait for each other.
    """
    if store.sqlite:
        return
    tx.direct(_LOCK, {"keys": sorted({_lock_key(message) for message in messages})})


def _lock_key(message: Inbound) -> int:
    digest = hashlib.blake2b(f"{message.account}\0{message.sender}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _place(failure: BaseException) -> str:
    """Where it broke. The error's own text may quote what the customer wrote, so it is kept out of the log."""
    frames = traceback.extract_tb(failure.__traceback__)[-3:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)


def _short(key: str) -> str:
    return key[:14]
