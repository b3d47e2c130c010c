"""What became of each group of a broadcast: who replied, came and bought within a week, and what that was worth.

Everybody who was dealt to a group counts, reached or not: who was reached is no matter of chance (a script with a
salutation reaches other people than one without), and the hold-out group cannot be sorted that way at all. A person's
week begins with the message; of who got none when it was, or would have been, due.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, CompoundSelect, Label, Select, case, func, literal, select, union_all
from sqlalchemy import type_coerce as as_type
from sqlalchemy.orm import InstrumentedAttribute

from bot.delivery.outbox import Delivery
from bot.domain.activities.models import SignUp
from bot.domain.campaigns import groups
from bot.domain.campaigns.models import Broadcast
from bot.domain.campaigns.verdicts import MARKS, Counted
from bot.domain.customers.models import Customer, TimelineEntry
from bot.domain.orders.models import Order
from bot.store.base import from_milliseconds, to_milliseconds
from bot.store.transaction import Tx

Events = Select[Any, int, int] | CompoundSelect[Any, int, int]

_SPANS = [after // timedelta(milliseconds=1) for after, _share in MARKS]
WEEK_MS = _SPANS[-1]
_NOBODY = (0,) * len(_SPANS)


@dataclass(slots=True)
class Group:
    """One script group: rows by state, and what its people did.

    ``variant`` as in `groups.order`. ``marks``: what was counted up to each of `MARKS`, the last being the whole week;
    empty before the broadcast began. ``sent``: how many got their message. ``unheard``: see `verdicts.Counted`.
    """

    variant: str
    script: str
    counts: dict[str, int] = field(default_factory=dict)
    marks: list[Counted] = field(default_factory=list)
    bought_fen: int = 0
    unheard: int = 0

    @property
    def people(self) -> int:
        return sum(self.counts.values())

    @property
    def sent(self) -> int:
        return self.counts.get("sent", 0)

    @property
    def week(self) -> Counted:
        return self.marks[-1] if self.marks else Counted(self.people, unheard=self.unheard)


@dataclass(frozen=True, slots=True)
class Outcome:
    """All groups with people, in order; ``last``: when the last person's week began (ms), None before anybody's."""

    groups: list[Group]
    last: int | None

    @classmethod
    def read(cls, said: dict[str, Any]) -> Outcome:
        """From what `dataclasses.asdict` made of one."""
        groups = [
            Group(**{**group, "marks": [Counted(**counted) for counted in group["marks"]]}) for group in said["groups"]
        ]
        return cls(groups, said["last"])

    def marks(self) -> list[datetime]:
        """When each of `MARKS` is reached, unless more is sent."""
        return [] if self.last is None else [from_milliseconds(self.last + span) for span in _SPANS]


def of(tx: Tx, broadcast: Broadcast) -> Outcome:
    """Counts everything up to now; only reads."""
    found = _groups(tx, broadcast)
    if broadcast.started_at is None:
        return Outcome(found, None)
    began = to_milliseconds(broadcast.started_at)
    replied, last = _replied(tx, broadcast, began)
    came = _did(tx, broadcast, visits(began, last + WEEK_MS), began)
    bought = _did(tx, broadcast, purchases(began, last + WEEK_MS), began)
    for group in found:
        each = zip(*(counted.get(group.variant, (_NOBODY, 0))[0] for counted in (replied, came, bought)), strict=True)
        group.marks = [
            Counted(group.people, answered, visited, purchased, group.unheard) for answered, visited, purchased in each
        ]
        group.bought_fen = bought.get(group.variant, (_NOBODY, 0))[1]
    return Outcome(found, last)


def _groups(tx: Tx, broadcast: Broadcast) -> list[Group]:
    names = {script["variant"]: script["name"] for script in broadcast.scripts}
    counts: dict[str, dict[str, int]] = {}
    unheard: Counter[str] = Counter()
    rows = tx.execute(
        # What a contact answers to a member's message is between these two.
        select(
            Delivery.variant, Delivery.state, func.count(), func.count(case((Delivery.route == "task", Delivery.id)))
        )
        .where(Delivery.broadcast_id == broadcast.id, Delivery.variant != "")
        .group_by(Delivery.variant, Delivery.state)
    )
    for variant, state, count, tasks in rows:
        counts.setdefault(variant, {})[state] = count
        unheard[variant] += tasks
    return [
        Group(variant, names.get(groups.letter(variant), ""), counts[variant], unheard=unheard[variant])
        for variant in groups.order(list(names))
        if variant in counts
    ]


_Did = dict[str, tuple[tuple[int, ...], int]]


def _replied(tx: Tx, broadcast: Broadcast, began: int) -> tuple[_Did, int]:
    """By group how many had replied at each mark; and when the last person's week began (ms).

    What staff send by hand may take them weeks: the others' outcome does not wait for it.
    """
    passed = as_type(Delivery.replied_at, BigInteger) - _since(began)
    begins = func.max(case((Delivery.route != "by_hand", _since(began))))
    rows = tx.execute(
        select(Delivery.variant, begins, *(func.count(case((passed <= span, Delivery.id))) for span in _SPANS))
        .where(Delivery.broadcast_id == broadcast.id, Delivery.variant != "")
        .group_by(Delivery.variant)
    ).all()
    return {row[0]: (tuple(row[2:]), 0) for row in rows}, max([began, *(row[1] for row in rows if row[1])])


def _did(tx: Tx, broadcast: Broadcast, events: Events, began: int) -> _Did:
    """By group how many people had one of these events at each mark, and the money of all in the week (fen).

    A person counts once, however often they came.
    """
    event = events.subquery()
    passed = event.c.at - _since(began)
    rows = tx.execute(
        select(
            Delivery.variant,
            func.sum(event.c.fen),
            *(func.count(case((passed <= span, Delivery.customer_id)).distinct()) for span in _SPANS),
        )
        .join_from(event, Delivery, Delivery.customer_id == event.c.customer_id)
        .where(Delivery.broadcast_id == broadcast.id, Delivery.variant != "", passed.between(0, WEEK_MS))
        .group_by(Delivery.variant)
    )
    return {row[0]: (tuple(row[2:]), int(row[1])) for row in rows}


def _since(began: int) -> ColumnElement[int]:
    due = as_type(Delivery.due_at, BigInteger)
    return func.coalesce(
        as_type(Delivery.sent_at, BigInteger), case((due > began, due), else_=literal(began, BigInteger))
    )


def visits(first: int, last: int) -> CompoundSelect[Any, int, int]:
    """Who came when (ms): ``到店``, a purchase in the shop, a check-in. Taken back it never happened."""
    nothing = literal(0, BigInteger).label("fen")
    told = (
        # A visit stays in the customer's history when it is taken back; the class does not.
        select(*_who_and_when(TimelineEntry.customer_id, TimelineEntry.at), nothing)
        .join(Customer, Customer.id == TimelineEntry.customer_id)
        .where(TimelineEntry.kind == "visit", Customer.visited)
        .where(as_type(TimelineEntry.at, BigInteger).between(first, last))
    )
    paid = select(*_who_and_when(Order.customer_id, Order.paid_at), nothing).where(
        Order.source == "shop", as_type(Order.paid_at, BigInteger).between(first, last)
    )
    checked_in = select(*_who_and_when(SignUp.customer_id, SignUp.checked_in_at), nothing).where(
        as_type(SignUp.checked_in_at, BigInteger).between(first, last)
    )
    return union_all(told, paid, checked_in)


def purchases(first: int, last: int) -> Select[Any, int, int]:
    """Who bought when (ms) for how much, less what was given back; nothing that was given back whole."""
    return select(
        *_who_and_when(Order.customer_id, Order.paid_at), (Order.amount_fen - Order.refunded_fen).label("fen")
    ).where(
        as_type(Order.paid_at, BigInteger).between(first, last),
        Order.amount_fen > Order.refunded_fen,
        # Spent before we kept books, and only written down since.
        Order.source != "opening",
    )


def _who_and_when(
    customer: InstrumentedAttribute[Any], at: InstrumentedAttribute[Any]
) -> tuple[Label[Any], Label[int]]:
    return customer.label("customer_id"), as_type(at, BigInteger).label("at")
