"""Calls for a group-send task whose answer was lost: the platform knows no key to repeat one by, so its list of tasks is
looked through, and only what is found there, or is certainly not, decides. Made twice it would reach people twice.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.delivery import tasks
from bot.delivery.models import Content, Delivery, GroupTask
from bot.delivery.rules import INTERRUPTED, KEY_TRUSTED, NOT_REACHED, TASK_WAITS, reconcile_at
from bot.store.base import from_milliseconds, to_milliseconds
from bot.store.bulk import run
from bot.store.transaction import Tx

# Absent from two lists, minutes apart, that the platform gave in full: the call has not arrived.
LOOKS_BEFORE_AGAIN = 2

_UNCLEAR = """
    SELECT batch_key, MIN(id), MIN(calling_since), MAX(attempts), MAX(CASE WHEN reason = :interrupted THEN 1 ELSE 0 END)
    FROM deliveries WHERE state = 'unknown' AND batch_key <> '' AND due_at <= :now AND route = 'task'
    AND account = :account AND calling_since > :since GROUP BY batch_key ORDER BY batch_key LIMIT :most
"""
_OF_CALL = "state = 'unknown' AND batch_key <> '' AND batch_key = :batch_key AND route = 'task' AND account = :account"


@dataclass(frozen=True, slots=True)
class Unclear:
    """A call of which nobody knows whether it made its task.

    ``interrupted``: its caller was never heard of again, and may yet make it: then only the task itself is proof.
    """

    account: str
    batch_key: str
    sender: str
    broadcast_id: int | None
    content_id: int | None
    for_chats: bool
    said: str
    called_at: datetime
    looks: int
    interrupted: bool
    people: frozenset[str]


def unclear(tx: Tx, account: str, most: int) -> list[Unclear]:
    """Calls to look up now."""
    since = to_milliseconds(tx.now - TASK_WAITS)
    asked = {"account": account, "now": to_milliseconds(tx.now), "since": since}
    found = run(tx, _UNCLEAR, interrupted=INTERRUPTED, most=most, **asked).all()
    return [_unclear(tx, account, *row) for row in found]


def _unclear(tx: Tx, account: str, batch_key: str, first: int, called: int, attempts: int, interrupted: int) -> Unclear:
    row = tx.session.get_one(Delivery, first)
    content = tx.session.get(Content, row.content_id) if row.content_id is not None else None
    people = run(tx, f"SELECT person_id FROM deliveries WHERE {_OF_CALL}", account=account, batch_key=batch_key)
    return Unclear(
        account=account,
        batch_key=batch_key,
        sender=row.sender,
        broadcast_id=row.broadcast_id,
        content_id=row.content_id,
        for_chats=row.customer_id is None,
        said="" if content is None else said_in(content.payload),
        called_at=from_milliseconds(called),
        looks=attempts,
        interrupted=bool(interrupted),
        people=frozenset(people.scalars()),
    )


def said_in(payload: dict[str, Any]) -> str:
    """The words of a content as they stand in a task; a picture and a link have none."""
    return str(payload.get("text", "")) if payload.get("type") == "text" else ""


_LOOK = f"""
    UPDATE deliveries SET due_at = :next, attempts = attempts + 1 WHERE {_OF_CALL} AND attempts <= :looks
    AND due_at <= :now
"""
_MADE = f"""
    UPDATE deliveries SET state = 'handed', reason = '', platform_id = :msgid WHERE {_OF_CALL} AND person_id <> ''
"""
_NOT_MADE = f"""
    UPDATE deliveries SET state = CASE WHEN withdrawn <> '' THEN 'cancelled' ELSE 'planned' END, reason = withdrawn,
    calling_since = NULL, batch_key = '', withdrawn = '', due_at = :now WHERE {_OF_CALL}
"""


def look(tx: Tx, call: Unclear) -> bool:
    """Whether this one looks the call up now."""
    asked = {"account": call.account, "batch_key": call.batch_key, "looks": call.looks, "now": to_milliseconds(tx.now)}
    return run(tx, _LOOK, next=to_milliseconds(reconcile_at(call.looks + 1, tx.now)), **asked).rowcount > 0


def made(tx: Tx, call: Unclear, msgid: str, people: Collection[str]) -> None:
    """The call made this task for ``people``; whoever is missing there cannot be reached."""
    run(tx, _MADE, account=call.account, batch_key=call.batch_key, msgid=msgid)
    tasks.open_task(tx, call.account, msgid, call.sender, call.broadcast_id, call.content_id, for_chats=call.for_chats)
    task = tx.session.get_one(GroupTask, (call.account, msgid))
    tasks.settle(
        tx, task, [tasks.Result(one, "failed", NOT_REACHED, None) for one in sorted(call.people - set(people))]
    )


def not_made(tx: Tx, call: Unclear) -> None:
    """The platform has no such task, as it has said before: its rows go out anew, or stay with people where the caller
    may still be alive, or a day has gone by."""
    too_late = tx.now - call.called_at >= KEY_TRUSTED
    if call.interrupted or too_late or call.looks < LOOKS_BEFORE_AGAIN:
        return
    run(tx, _NOT_MADE, account=call.account, batch_key=call.batch_key, now=to_milliseconds(tx.now))
    tx.after_commit("drain", call.account)


def known(tx: Tx, account: str, msgids: Collection[str]) -> set[str]:
    """Which of these tasks are ours already."""
    mine = select(GroupTask.msgid).where(GroupTask.account == account, GroupTask.msgid.in_(msgids))
    return set(tx.execute(mine).scalars())
