"""Cards with buttons that stand beside a question or a code, and what they say once it is over.

The words of the answer hold the numbers and the code as well, so nothing depends on a card: it comes at most once, and is
changed at most once.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select, update

from bot.delivery import outbox
from bot.delivery.outbox import Delivery
from bot.domain.merchants import desk
from bot.domain.merchants.models import Card, Confirmation
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx

# A card that comes later than this stands below other talk, and is not sent any more.
IN_TIME = timedelta(minutes=1)
MOST_BUTTONS = 6
DONE, DROPPED, OVER = "已确认", "已取消", "已过时"


class Button(NamedTuple):
    """What stands on it, and what a tap on it says."""

    text: str
    key: str


class Answer(NamedTuple):
    """What a card's buttons answer: the open question's ``token``, or a ``code``."""

    kind: str
    word: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.word}"


def put(
    tx: Tx,
    *,
    staff_id: int,
    address: tuple[str, str],
    answer: Answer,
    until: datetime,
    title: str,
    text: str,
    buttons: Sequence[Button],
) -> None:
    """Sends a card on its way to a staff member at ``address`` (account, person)."""
    account, person_id = address
    task_id = f"{answer.kind}-{secrets.token_hex(12)}"
    shown = [{"text": button.text, "key": button.key} for button in buttons[:MOST_BUTTONS]]
    delivery_id = outbox.queue(
        tx,
        account=account,
        person_id=person_id,
        payload={"type": "card", "title": title, "text": text, "task_id": task_id, "buttons": shown},
        purpose="service",
        staff_id=staff_id,
        not_after=tx.now + IN_TIME,
        key=f"card:{account}:{task_id}",
    )
    tx.session.add(
        Card(
            staff_id=staff_id,
            account=account,
            person_id=person_id,
            task_id=task_id,
            answers=str(answer),
            until=until,
            delivery_id=delivery_id,
        )
    )


def is_put(tx: Tx, staff_id: int, answer: Answer) -> bool:
    """Whether a card has this answer on it already."""
    there = select(Card.id).where(Card.staff_id == staff_id, Card.answers == str(answer)).limit(1)
    return tx.session.scalars(there).first() is not None


def tapped(tx: Tx, account: str, task_id: str, response_code: str) -> None:
    """Keeps by what a tapped card may be changed; the platform gives a new one with each tap."""
    if task_id and response_code:
        this = update(Card).where(Card.account == account, Card.task_id == task_id)
        tx.execute(this.values(response_code=response_code))


def settle(tx: Tx, staff_id: int, *, picked: int = 0) -> None:
    """Decides what the member's cards are to say whose question or code is over; ``picked``: the number just chosen."""
    standing = _standing(tx, Card.staff_id == staff_id)
    if standing:
        question = desk.open_question(tx, staff_id)
        open_token = question.payload.get("token", "") if question else ""
        for card in standing:
            card.replaced = _words(tx, card, open_token, picked)
            # One that has not gone out need not come any more.
            if card.replaced and outbox.cancel(tx, card.delivery_id, "已经不用点了"):
                card.changed_at = tx.now


def settle_overdue(tx: Tx) -> None:
    """The same for everybody's cards whose time is over."""
    for staff_id in {card.staff_id for card in _standing(tx, Card.until <= tx.now)}:
        settle(tx, staff_id)


def _standing(tx: Tx, which: object) -> Sequence[Card]:
    return tx.session.scalars(select(Card).where(which, Card.changed_at.is_(None), Card.replaced == "")).all()  # type: ignore[arg-type]


def _words(tx: Tx, card: Card, open_token: str, picked: int) -> str:
    kind, _, word = card.answers.partition(":")
    if kind == "question":
        if word == open_token:
            return ""
        return f"已选第 {picked} 个" if picked else OVER
    code = tx.session.scalars(
        select(Confirmation)
        .where(Confirmation.staff_id == card.staff_id, Confirmation.code == word)
        .order_by(Confirmation.id.desc())
        .limit(1)
    ).first()
    if code is not None and code.used_at is not None:
        return DONE
    # Moments are kept in whole milliseconds: one that was dropped just now may look a little later than now.
    if code is not None and to_milliseconds(code.expires_at) > to_milliseconds(tx.now):
        return ""
    # A code that was dropped ends before its time.
    return DROPPED if code is not None and code.expires_at < card.until else OVER


class Change(NamedTuple):
    """A card to be changed: whose it is, by which code, and what it says from now on."""

    person_id: str
    response_code: str
    words: str


def anything_to_do(tx: Tx) -> bool:
    """Whether a card is over, or is to be changed."""
    due = select(Card.id).where(Card.changed_at.is_(None), (Card.replaced != "") | (Card.until <= tx.now)).limit(1)
    return tx.session.scalars(due).first() is not None


def take(tx: Tx, account: str) -> list[Change]:
    """Takes the account's cards that are to be changed now, each once; one whose message is still on its way waits."""
    found = select(Card, Delivery).outerjoin(Delivery, Delivery.id == Card.delivery_id)
    due = found.where(Card.account == account, Card.changed_at.is_(None), Card.replaced != "")
    changes = []
    for card, delivery in tx.session.execute(due.order_by(Card.id).with_for_update(of=Card, skip_locked=True)):
        if not card.response_code and delivery is not None and delivery.state in outbox.OPEN_STATES:
            continue
        card.changed_at = tx.now
        # Of a card the platform gives no number but the word by which it may be changed.
        code = card.response_code or (delivery.platform_id if delivery is not None and delivery.state == "sent" else "")
        if code:
            changes.append(Change(card.person_id, code, card.replaced))
    return changes
