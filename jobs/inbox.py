"""Second tries: callbacks whose handling failed, arrived in a flood, or were spooled while the database was away."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import update

from bot.delivery import outbox
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.gateway import inbox
from bot.gateway.inbox import InboxRow, is_away
from bot.gateway.router import Router
from bot.gateway.spool import Spool, Spooled
from bot.platforms.messages import Forged, Inbound, Unreadable
from bot.settings import Account
from bot.store.transaction import Tx, reading, transaction
from jobs.parts import Parts

log = logging.getLogger(__name__)

AT_ONCE = 100
FORGOTTEN_AT_ONCE = 2000


def work_off(parts: Parts, router: Callable[[], Router]) -> bool:
    """Handles rows that wait for another try; each in a transaction of its own. Returns whether more may wait."""
    with reading(parts.store, parts.clock) as tx:
        waiting = [(row.id, _message(parts, row)) for row in inbox.due(tx, AT_ONCE)]
    for row_id, message in waiting:
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            inbox.lock_senders(tx, parts.store, [message])
            attempts = _claim_try(tx, row_id)
            if attempts is None:
                continue
            reply = inbox.attempt(tx, router(), message, row_id, attempts=attempts)
            _answer_late(tx, row_id, message, reply)
    return len(waiting) == AT_ONCE


def _claim_try(tx: Tx, row_id: int) -> int | None:
    """The number of this try, or None where another worker has taken it."""
    taken = tx.execute(
        update(InboxRow)
        .where(InboxRow.id == row_id, InboxRow.state == "received", InboxRow.next_try_at <= tx.now)
        .values(attempts=InboxRow.attempts + 1)
        .returning(InboxRow.attempts)
    ).first()
    return None if taken is None else int(taken[0])


def _answer_late(tx: Tx, row_id: int, message: Inbound, reply: str) -> None:
    """The callback is long answered: what there is to say goes out as a customer message."""
    row = tx.session.get_one(InboxRow, row_id, populate_existing=True)
    if row.state == "quarantined":
        notices.tell_all(
            tx,
            f"有一条消息处理了三次都没成功（编号 {row_id}），已经留着。请把它转给技术支持。",
            kind="quarantine",
            subject=f"quarantine:{row_id}",
            urgent=True,
        )
    if row.state != "done" or not reply:
        return
    staff = merchants.find(tx, account=message.account, person_id=message.sender)
    outbox.queue(
        tx,
        account=message.account,
        person_id=message.sender,
        payload={"type": "text", "text": reply},
        purpose="service",
        staff_id=staff.id if staff else None,
        key=f"late:{row_id}",
    )


def forget_old(parts: Parts) -> int:
    """Deletes raw callbacks past their time, a few at a turn so that nobody waits for it. Returns how many."""
    with transaction(parts.store, parts.clock) as tx:
        return inbox.forget_old(tx, FORGOTTEN_AT_ONCE)


def _message(parts: Parts, row: InboxRow) -> Inbound:
    from bot.platforms.callbacks import read_fields  # memory's cost: 8 MB that no scheduler needs

    return read_fields(parts.settings.account(row.account) or Account(row.account), row.fields)


def _opened(account: Account, request: Spooled) -> Inbound:
    from bot.platforms.callbacks import open_callback  # memory's cost, as above

    # Freshness counts from when it came in: it was checked then, and waiting on our disk made it no older.
    return open_callback(account, request.query, request.body, request.received_at).inbound


def drain_spool(parts: Parts, router: Callable[[], Router], spool: Spool) -> int:
    """Hands spooled callbacks to the inbox in the order they came; stops at the first the database refuses."""
    drained = 0
    for path, request in spool.waiting():
        account = parts.settings.account(request.account)
        if account is None:
            log.error("spool_unknown_account file=%s account=%s", path.name, request.account)
            path.rename(path.with_suffix(".bad"))
            continue
        try:
            inbound = _opened(account, request)
        except (Forged, Unreadable) as failure:
            log.error("spool_unreadable file=%s cause=%s", path.name, type(failure).__name__)
            path.rename(path.with_suffix(".bad"))
            continue
        try:
            with transaction(parts.store, parts.clock, parts.bell) as tx:
                inbox.lock_senders(tx, parts.store, [inbound])
                row_id = inbox.claim(tx, inbound)
                if row_id is not None:
                    reply = inbox.attempt(tx, router(), inbound, row_id, attempts=1)
                    _answer_late(tx, row_id, inbound, reply)
        except Exception as failure:
            if not is_away(failure):
                raise
            log.warning("spool_waits cause=%s", type(failure).__name__)
            return drained
        path.unlink(missing_ok=True)
        drained += 1
    return drained
