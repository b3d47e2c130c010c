"""Group-send tasks: what a company says to its contacts and chats, and only once a member has confirmed it.

The platform keeps such a task for the member and sends nothing by itself (vendor manual, page 92135). Its rows are
``handed`` until the platform says what became of each; no event tells, so it is asked (see `jobs.group_tasks`). Here is
what the database knows of tasks; nothing here calls the platform.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, text

from bot.delivery import outbox
from bot.delivery.contents import content_id
from bot.delivery.lease import Held
from bot.delivery.models import GroupTask
from bot.delivery.outbox import NewDelivery, Purpose
from bot.delivery.rules import REMIND_AFTER, TASK_WAITS, next_poll
from bot.store.base import from_milliseconds, to_milliseconds
from bot.store.bulk import run, run_with
from bot.store.killpoints import reach
from bot.store.transaction import Tx

# -- making them -----------------------------------------------------------------------------------------------------


def send_to_chats(
    tx: Tx,
    *,
    account: str,
    sender: str,
    chat_ids: Iterable[str],
    payload: dict[str, Any],
    key: str,
    purpose: Purpose = "marketing",
    due_at: datetime | None = None,
    not_after: datetime | None = None,
) -> int:
    """Lets ``sender``, who owns these customer groups, be asked to send them something; returns how many rows that made.

    ``key`` with a chat's id makes its row unique: said twice, it is sent once. Marketing waits in the quiet hours.
    """
    said = content_id(tx, payload)
    rows = [
        NewDelivery(
            account=account,
            person_id=chat_id,
            purpose=purpose,
            route="task",
            content_id=said,
            sender=sender,
            due_at=due_at,
            not_after=not_after,
            key=f"{key}:{chat_id}",
        )
        for chat_id in chat_ids
    ]
    return outbox.plan(tx, rows)


_GIVE = "UPDATE deliveries SET sender = :sender FROM {given} WHERE deliveries.id = given.id AND deliveries.id {listed}"


def give(tx: Tx, ids: Collection[int], sender: str) -> None:
    """Names the member who is to confirm these rows."""
    if ids:
        run_with(tx, _GIVE, {"id": "bigint"}, [(one,) for one in ids], sender=sender)


_KEEP = """
    INSERT INTO group_tasks (account, msgid, sender, broadcast_id, content_id, for_chats, state, created_at, next_poll_at,
        remind_at, reminders, told, owner_told)
    VALUES (:account, :msgid, :sender, :broadcast_id, :content_id, :for_chats, 'open', :now, :next_poll_at, :remind_at, 0,
        :no, :no)
    ON CONFLICT DO NOTHING
"""


def keep(tx: Tx, account: str, msgid: str, row: Held) -> None:
    """Notes the task one of whose rows this is."""
    open_task(tx, account, msgid, row.sender, row.broadcast_id, row.content_id, for_chats=row.customer_id is None)


def open_task(
    tx: Tx, account: str, msgid: str, sender: str, broadcast: int | None, content: int | None, *, for_chats: bool
) -> None:
    """`keep` in single words."""
    task = {"account": account, "msgid": msgid, "sender": sender, "broadcast_id": broadcast, "content_id": content}
    first = {"next_poll_at": next_poll(tx.now, tx.now), "remind_at": tx.now + REMIND_AFTER}
    when = {"now": to_milliseconds(tx.now), **{name: to_milliseconds(at) for name, at in first.items()}}
    run(tx, _KEEP, for_chats=for_chats, no=False, **task, **when)


# -- what became of them ---------------------------------------------------------------------------------------------


class Result(NamedTuple):
    """What the platform says of one contact or chat of a task; ``at`` aware, None where it does not say."""

    person_id: str
    state: str
    reason: str
    at: datetime | None


def due(tx: Tx, account: str, most: int) -> Sequence[GroupTask]:
    """Tasks of which the platform is to be asked now."""
    # Spelled like the index of open tasks.
    waits = select(GroupTask).where(
        text("state = 'open'"), GroupTask.account == account, GroupTask.next_poll_at <= tx.now
    )
    return tx.session.scalars(waits.order_by(GroupTask.next_poll_at).limit(most)).all()


_TAKE = """
    UPDATE group_tasks SET next_poll_at = :next WHERE account = :account AND msgid = :msgid AND state = 'open'
    AND next_poll_at = :seen
"""


def take(tx: Tx, task: GroupTask) -> bool:
    """Whether this one asks about the task now; whoever dies over it costs one turn."""
    mine = {"account": task.account, "msgid": task.msgid, "seen": to_milliseconds(task.next_poll_at)}
    return run(tx, _TAKE, next=to_milliseconds(next_poll(task.created_at, tx.now)), **mine).rowcount == 1


_WAITING = """
    SELECT COUNT(*), COALESCE(SUM(CASE WHEN withdrawn <> '' THEN 1 ELSE 0 END), 0), COALESCE(MAX(withdrawn), ''),
    CASE WHEN COUNT(*) = COUNT(not_after) THEN MAX(not_after) END
    FROM deliveries WHERE account = :account AND platform_id = :msgid AND state = 'handed'
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of a task wait for the confirmation; ``called_off``: why none of them is to be sent any more, or empty;
    ``until``: after it none is, None where they differ."""

    people: int
    called_off: str
    until: datetime | None


def waiting(tx: Tx, task: GroupTask) -> Waiting:
    count, withdrawn, reason, until = run(tx, _WAITING, account=task.account, msgid=task.msgid).one()
    called_off = reason if count and count == withdrawn else ""
    return Waiting(count, called_off, None if until is None else from_milliseconds(until))


_ASK_AGAIN = "UPDATE group_tasks SET next_poll_at = :at WHERE account = :account AND msgid = :msgid AND state = 'open'"


def ask_again(tx: Tx, task: GroupTask, at: datetime) -> None:
    run(tx, _ASK_AGAIN, account=task.account, msgid=task.msgid, at=to_milliseconds(at))


_OF_SENDER = (
    "UPDATE group_tasks SET next_poll_at = :at WHERE account = :account AND sender = :sender AND state = 'open'"
)


def end_of(tx: Tx, account: str, sender: str) -> None:
    """A member sends nothing any more: whoever asks about the tasks, who knows that too, calls them off now."""
    run(tx, _OF_SENDER, account=account, sender=sender, at=to_milliseconds(tx.now))
    tx.after_commit("clock")


def expired(task: GroupTask, waiting: Waiting, now: datetime) -> bool:
    """Whether it is no use to wait any longer."""
    return now >= task.created_at + TASK_WAITS or (waiting.until is not None and now > waiting.until)


# The account stands in each given row: as a parameter it would tempt SQLite into reading all rows of the task first and the
# given ones for each of them.
_SETTLE = """
    UPDATE deliveries SET state = given.state, reason = given.reason, sent_at = given.sent_at FROM {given}
    WHERE deliveries.person_id = given.person_id AND deliveries.person_id {listed}
    AND deliveries.account = given.account AND deliveries.platform_id = given.msgid AND deliveries.state = 'handed'
    RETURNING deliveries.person_id
"""
_RESULT = {
    "person_id": "text",
    "account": "text",
    "msgid": "text",
    "state": "text",
    "reason": "text",
    "sent_at": "bigint",
}


def settle(tx: Tx, task: GroupTask, results: Sequence[Result]) -> set[str]:
    """Writes down what became of some of a task; returns for whom that was news."""
    if not results:
        return set()
    now = to_milliseconds(tx.now)
    given = [
        (
            one.person_id,
            task.account,
            task.msgid,
            one.state,
            one.reason,
            (to_milliseconds(one.at) if one.at else now) if one.state == "sent" else None,
        )
        for one in results
    ]
    news = {row[0] for row in run_with(tx, _SETTLE, _RESULT, given)}
    reach("task_settled")
    return news


_CLOSE_ROWS = """
    UPDATE deliveries SET state = CASE WHEN withdrawn <> '' THEN 'cancelled' ELSE :state END,
    reason = CASE WHEN withdrawn <> '' THEN withdrawn ELSE :reason END
    WHERE account = :account AND platform_id = :msgid AND state = 'handed'
"""
_CLOSE = "UPDATE group_tasks SET state = :state WHERE account = :account AND msgid = :msgid AND state = 'open'"


def close(tx: Tx, task: GroupTask, state: str = "done", *, reason: str = "") -> None:
    """Nothing more is asked about a task; who still waits is cancelled, or has failed for ``reason``."""
    mine = {"account": task.account, "msgid": task.msgid}
    run(tx, _CLOSE_ROWS, state="failed", reason=reason, **mine)
    run(tx, _CLOSE, state=state, **mine)
    reach("task_closed")
