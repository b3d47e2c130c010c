"""The numbers of a question once more as items to tap, in a menu message that follows the answer.

The answer itself is the passive reply, which costs nothing and always holds the numbers. The items are a message of their
own, so they take a place of the window's five: they are left out where fewer than `LEAST_LEFT` are open, since two are
kept for what cannot wait and one for the next news. An item carries its question's token; when the question is over, a tap
does nothing but say so. Codes (确认 7F3K) are never an item: what is wide or dangerous is typed.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import NamedTuple

from bot.delivery import limits, outbox
from bot.domain.merchants import desk
from bot.platforms.messages import Inbound
from bot.store.transaction import Tx

LEAST_LEFT = 4
# A menu that comes later than this stands below other talk, and is not sent any more.
IN_TIME = timedelta(minutes=1)
LABEL = 30  # characters of an item
OVER = "这个选项已经过去了（只算一次，5 分钟内有效），什么都没有做。要做就再说一遍。"
_ITEM = re.compile(r"q:([A-Z0-9]{8}):(\d{1,2})", re.ASCII)


class Tap(NamedTuple):
    """What was tapped: the token of its question, the number of the item (from 1)."""

    token: str
    number: int


def read(message: Inbound) -> Tap | None:
    """The tap in a message, None for anything else; other menu messages of the account are lines like any other."""
    found = _ITEM.fullmatch(message.event_key) if message.kind == "text" else None
    return Tap(found[1], int(found[2])) if found else None


def line(tx: Tx, staff_id: int, tap: Tap) -> str:
    """What the tap says in place of a typed line; empty where its question is no longer open."""
    question = desk.open_question(tx, staff_id)
    if question is None or question.payload.get("token") != tap.token:
        return ""
    return "是" if question.kind == "heard" else str(tap.number)


def offer(tx: Tx, message: Inbound, staff_id: int) -> None:
    """Sends the items of a question that was just asked on their way, where there is room for one more message."""
    labels = desk.take_labels(tx, staff_id)
    if not labels or not _has_room(tx, message):
        return
    token = desk.mark(tx, staff_id)
    items = [{"id": f"q:{token}:{number}", "content": _short(label)} for number, label in enumerate(labels, start=1)]
    outbox.queue(
        tx,
        account=message.account,
        person_id=message.sender,
        payload={"type": "menu", "head": "点一下就行：", "items": items},
        purpose="service",
        staff_id=staff_id,
        not_after=tx.now + IN_TIME,
        key=f"taps:{message.account}:{message.key}",
    )


def _has_room(tx: Tx, message: Inbound) -> bool:
    account, person_id = message.account, message.sender
    left, _closes = limits.left(tx, account, [person_id], tx.now).get(person_id, (0, tx.now))
    return left >= LEAST_LEFT and outbox.path_rest(tx, account, "custom") is None


def _short(label: str) -> str:
    return label if len(label) <= LABEL else f"{label[: LABEL - 1]}…"
