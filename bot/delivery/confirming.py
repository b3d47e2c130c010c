"""Whose confirmation group-send tasks wait for, and who has been told of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from bot.store.base import to_milliseconds
from bot.store.bulk import run
from bot.store.transaction import Tx

OWNER_HEARS_AFTER = timedelta(days=1)

_CONFIRMING = """
    SELECT account, sender, COUNT(*) FROM deliveries WHERE broadcast_id = :broadcast_id AND state = 'handed'
    GROUP BY account, sender ORDER BY COUNT(*) DESC, sender
"""


class Confirming(NamedTuple):
    """So many wait for the confirmation of a member."""

    account: str
    sender: str
    people: int


def waits_for(tx: Tx, broadcast_id: int) -> list[Confirming]:
    """Whose confirmation a broadcast waits for; reads its rows."""
    return [Confirming(*row) for row in run(tx, _CONFIRMING, broadcast_id=broadcast_id)]


_TO_CONFIRM = (
    "SELECT COUNT(*) FROM deliveries WHERE broadcast_id = :broadcast_id AND state = 'planned' AND route = 'task'"
)


def to_confirm(tx: Tx, broadcast_id: int) -> int:
    """How many of a broadcast will wait for a confirmation once it has begun; reads its rows."""
    return int(run(tx, _TO_CONFIRM, broadcast_id=broadcast_id).scalar() or 0)


_ASKED_OF = """
    SELECT tasks.broadcast_id, COUNT(deliveries.id) FROM group_tasks AS tasks JOIN deliveries
    ON deliveries.account = tasks.account AND deliveries.platform_id = tasks.msgid AND deliveries.state = 'handed'
    WHERE tasks.account = :account AND tasks.sender = :sender AND tasks.state = 'open'
    GROUP BY tasks.broadcast_id ORDER BY tasks.broadcast_id
"""


def asked_of(tx: Tx, account: str, sender: str) -> list[tuple[int | None, int]]:
    """What waits for a member's confirmation: broadcast (None: of none) and how many people."""
    return [(broadcast, people) for broadcast, people in run(tx, _ASKED_OF, account=account, sender=sender)]


_UNTOLD = """
    SELECT tasks.sender, tasks.for_chats, COUNT(DISTINCT tasks.msgid) AS tasks, COUNT(deliveries.id) AS people
    FROM group_tasks AS tasks JOIN deliveries ON deliveries.account = tasks.account
    AND deliveries.platform_id = tasks.msgid AND deliveries.state = 'handed'
    WHERE tasks.account = :account AND tasks.state = 'open' AND NOT tasks.told
    GROUP BY tasks.sender, tasks.for_chats ORDER BY tasks.sender, tasks.for_chats
"""


class Untold(NamedTuple):
    """Tasks a member has not been told of yet, and for how many contacts or chats they are."""

    sender: str
    for_chats: bool
    tasks: int
    people: int


def untold(tx: Tx, account: str) -> list[Untold]:
    return [Untold(*row) for row in run(tx, _UNTOLD, account=account)]


_TOLD = """
    UPDATE group_tasks SET told = :yes WHERE account = :account AND sender = :sender AND for_chats = :for_chats
    AND state = 'open' AND NOT told
"""


def told(tx: Tx, account: str, member: Untold) -> int:
    """Notes that the member is told; returns of how many tasks, 0 where somebody else was first."""
    mine = {"account": account, "sender": member.sender, "for_chats": bool(member.for_chats)}
    return run(tx, _TOLD, yes=True, **mine).rowcount


_OF_PAUSED = "COALESCE(broadcast_id, 0) IN (SELECT broadcast_id FROM delivery_runs WHERE paused)"
_TO_REMIND = f"""
    SELECT account, msgid, reminders, created_at FROM group_tasks WHERE account = :account AND state = 'open'
    AND remind_at <= :now AND NOT {_OF_PAUSED} ORDER BY remind_at LIMIT :most
"""


class Reminder(NamedTuple):
    """A task whose member is to be reminded; ``created_at`` in milliseconds."""

    account: str
    msgid: str
    reminders: int
    created_at: int


def to_remind(tx: Tx, account: str, most: int) -> list[Reminder]:
    return [Reminder(*row) for row in run(tx, _TO_REMIND, account=account, now=to_milliseconds(tx.now), most=most)]


_REMINDED = """
    UPDATE group_tasks SET reminders = reminders + 1, reminded_at = :now, remind_at = :next
    WHERE account = :account AND msgid = :msgid AND state = 'open' AND reminders = :reminders
"""


def reminded(tx: Tx, reminder: Reminder, then: datetime) -> bool:
    """Whether this one reminds now; the next time is ``then``."""
    mine = {"account": reminder.account, "msgid": reminder.msgid, "reminders": reminder.reminders}
    return run(tx, _REMINDED, now=to_milliseconds(tx.now), next=to_milliseconds(then), **mine).rowcount == 1


_OVERDUE = """
    SELECT tasks.sender, tasks.broadcast_id, tasks.for_chats, COUNT(deliveries.id) AS people
    FROM group_tasks AS tasks JOIN deliveries ON deliveries.account = tasks.account
    AND deliveries.platform_id = tasks.msgid AND deliveries.state = 'handed'
    WHERE tasks.account = :account AND tasks.state = 'open' AND NOT tasks.owner_told AND tasks.created_at <= :by
    GROUP BY tasks.sender, tasks.broadcast_id, tasks.for_chats ORDER BY tasks.sender, tasks.broadcast_id
"""


class Overdue(NamedTuple):
    """What a member has left unconfirmed for a day."""

    sender: str
    broadcast_id: int | None
    for_chats: bool
    people: int


def overdue(tx: Tx, account: str) -> list[Overdue]:
    """What the owner should hear of, once."""
    by = to_milliseconds(tx.now - OWNER_HEARS_AFTER)
    return [Overdue(*row) for row in run(tx, _OVERDUE, account=account, by=by)]


_OWNER_TOLD = """
    UPDATE group_tasks SET owner_told = :yes WHERE account = :account AND state = 'open' AND NOT owner_told
    AND created_at <= :by
"""


def owner_told(tx: Tx, account: str) -> None:
    by = to_milliseconds(tx.now - OWNER_HEARS_AFTER)
    run(tx, _OWNER_TOLD, account=account, by=by, yes=True)
