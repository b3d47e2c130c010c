"""What a number or a code would answer, once more as something to tap, in a message that follows the answer.

The answer itself is the passive reply, which costs nothing and always holds the numbers and the code. Where the account
has cards, both come on one, whose buttons give way to what became of it. Elsewhere the numbers come as items of a menu
message: they take a place of the window's five, so they are left out where fewer than `LEAST_LEFT` are open, since two are
kept for what cannot wait and one for the next news; and a code is typed there, for nothing would take the item away again.
An item or button carries its question's token; when the question is over, a tap does nothing but say so.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import NamedTuple

from bot.delivery import limits, outbox
from bot.domain.merchants import cards, desk
from bot.domain.merchants.cards import Button
from bot.platforms.abilities import Abilities
from bot.platforms.messages import Inbound
from bot.store.transaction import Tx

LEAST_LEFT = 4
# A menu that comes later than this stands below other talk, and is not sent any more.
IN_TIME = timedelta(minutes=1)
LABEL = 30  # characters of an item
TITLE, TEXT = 26, 110  # characters of a card
OVER = "这个选项已经过去了（只算一次，5 分钟内有效），什么都没有做。要做就再说一遍。"
DROPPED_ALREADY = "这件事已经过去了，什么都没有改。"
CARD_TAP = "card_tap"
_ITEM = re.compile(r"q:([A-Z0-9]{8}):(\d{1,2})", re.ASCII)
_DROP = re.compile(r"作废 ([A-Z0-9]{4})", re.ASCII)


class Tap(NamedTuple):
    """What was tapped: the token of its question, the number of the item (from 1)."""

    token: str
    number: int


def read(message: Inbound) -> Tap | None:
    """The tap in a message, None for anything else; other menu messages of the account are lines like any other."""
    found = _ITEM.fullmatch(message.event_key) if message.kind in ("text", CARD_TAP) else None
    return Tap(found[1], int(found[2])) if found else None


def line(tx: Tx, staff_id: int, tap: Tap) -> str:
    """What the tap says in place of a typed line; empty where its question is no longer open."""
    question = desk.open_question(tx, staff_id)
    if question is None or question.payload.get("token") != tap.token:
        return ""
    return "是" if question.kind == "heard" else str(tap.number)


def keep(tx: Tx, message: Inbound) -> None:
    """Keeps by what the platform lets a tapped card be changed."""
    if message.kind == CARD_TAP:
        fields = message.fields
        cards.tapped(tx, message.account, str(fields.get("TaskId") or ""), str(fields.get("ResponseCode") or ""))


def drop(tx: Tx, message: Inbound, staff_id: int) -> str | None:
    """The answer to a tap that says a code is not to be used; None for anything else."""
    found = _DROP.fullmatch(message.event_key) if message.kind == CARD_TAP else None
    if found is None:
        return None
    codes = desk.drop_codes(tx, staff_id, found[1])
    return f"好，不做了，确认码作废：{codes[0]}。什么都没有改。" if codes else DROPPED_ALREADY


def offer(tx: Tx, message: Inbound, staff_id: int, can: Abilities, said: str) -> None:
    """Sends what may be tapped on its way where something was just asked; ``said``: the words that ask."""
    labels = desk.take_labels(tx, staff_id)
    if can.cards:
        _offer_cards(tx, message, staff_id, labels, said)
    elif labels and (not can.windows or _has_room(tx, message)):
        _offer_menu(tx, message, staff_id, labels)


def _offer_menu(tx: Tx, message: Inbound, staff_id: int, labels: list[str]) -> None:
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


def _offer_cards(tx: Tx, message: Inbound, staff_id: int, labels: list[str], said: str) -> None:
    address = message.account, message.sender
    asked = said.strip().splitlines() or [""]
    if labels:
        token = desk.mark(tx, staff_id)
        cards.put(
            tx,
            staff_id=staff_id,
            address=address,
            answer=cards.Answer("question", token),
            until=desk.question_until(tx, staff_id),
            title="点一下就行",
            text=_short(asked[0], TEXT),
            buttons=[Button(_short(label), f"q:{token}:{number}") for number, label in enumerate(labels, start=1)],
        )
    for code, until in desk.fresh_codes(tx, staff_id):
        answer = cards.Answer("code", code)
        if not cards.is_put(tx, staff_id, answer):
            cards.put(
                tx,
                staff_id=staff_id,
                address=address,
                answer=answer,
                until=until,
                title=f"要不要做？（确认码 {code}）",
                text=_short("\n".join(asked), TEXT),
                buttons=[Button("确认", f"确认 {code}"), Button("不做了", f"作废 {code}")],
            )


def _has_room(tx: Tx, message: Inbound) -> bool:
    account, person_id = message.account, message.sender
    left, _closes = limits.left(tx, account, [person_id], tx.now).get(person_id, (0, tx.now))
    return left >= LEAST_LEFT and outbox.path_rest(tx, account, "custom") is None


def _short(label: str, most: int = LABEL) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"
