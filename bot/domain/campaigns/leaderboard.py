"""Which scripts work for which class: what was sent in the last 90 days, and what came of it within a week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from sqlalchemy import BigInteger, and_, case, exists, func, or_, select
from sqlalchemy import type_coerce as as_type

from bot.delivery.outbox import Delivery
from bot.domain.campaigns import trials
from bot.domain.campaigns.models import Broadcast
from bot.domain.campaigns.verdicts import Tally, interval
from bot.domain.customers.models import Customer
from bot.domain.orders.models import Order
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx

LOOKS_BACK = timedelta(days=90)
# Of fewer people a share says next to nothing.
ENOUGH = 30
# About so many messages are counted, those to every nth customer, so that the answer does not wait: counting 216,000 took
# five seconds.
COUNTED = 20_000
CLASSES = ("N", "YO", "M", "VIP")


@dataclass(frozen=True, slots=True)
class Place:
    """One script with one class, of those counted; each stands for ``times`` customers. ``heard``: of those it was sent
    to, whose answers the platform tells."""

    script: str
    sent: int
    replied: int
    bought: int
    heard: int
    times: int = 1


def ranked(tx: Tx) -> dict[str, list[Place]]:
    """By class, in the order of `CLASSES`, the scripts with enough people; empty classes are missing.

    First comes whose share of replies is at least the highest: of two equal shares that of more people. Only messages
    whose week is over count, else what was sent yesterday would look worst.
    """
    found: dict[str, list[Place]] = {}
    for class_, place in _counted(tx):
        found.setdefault(class_, []).append(place)
    return {class_: sorted(found[class_], key=_worth, reverse=True) for class_ in CLASSES if class_ in found}


def _worth(place: Place) -> tuple[float, float]:
    return interval(Tally(place.heard, place.replied))[0], interval(Tally(place.sent, place.bought))[0]


def _counted(tx: Tx) -> Sequence[tuple[str, Place]]:
    now = to_milliseconds(tx.now)
    since, until = now - LOOKS_BACK // timedelta(milliseconds=1), now - trials.WEEK_MS
    # Its rows are found by the broadcast; one that ran for days has some on either side.
    lately = as_type(Broadcast.started_at, BigInteger) >= since - trials.WEEK_MS
    times = ceil(
        tx.execute(select(func.coalesce(func.sum(Broadcast.audience), 0)).where(lately)).scalar_one() / COUNTED
    )
    sent_at = as_type(Delivery.sent_at, BigInteger)
    visit = trials.visits(0, now).subquery()
    first = select(visit.c.customer_id, func.min(visit.c.at).label("at")).group_by(visit.c.customer_id).subquery()
    # The class as it was: whoever came or bought because of a message would else stand among those who always did.
    had_bought = as_type(Customer.first_purchase_at, BigInteger) < sent_at
    had_come = and_(Customer.visited, or_(first.c.at.is_(None), first.c.at < sent_at))
    class_ = case((Customer.vip, "VIP"), (had_bought, "M"), (had_come, "YO"), else_="N").label("class")
    paid = as_type(Order.paid_at, BigInteger)
    bought = exists().where(
        Order.customer_id == Delivery.customer_id,
        paid.between(sent_at, sent_at + trials.WEEK_MS),
        Order.amount_fen > Order.refunded_fen,
        Order.source != "opening",
    )
    rows = (
        select(class_, Delivery.script, Delivery.route, Delivery.replied_at, bought.label("bought"))
        .join_from(Broadcast, Delivery, Delivery.broadcast_id == Broadcast.id)
        .join(Customer, Customer.id == Delivery.customer_id)
        .outerjoin(first, first.c.customer_id == Delivery.customer_id)
        .where(
            lately,
            Delivery.customer_id % max(1, times) == 0,
            Delivery.purpose == "marketing",
            Delivery.state == "sent",
            sent_at.between(since, until),
            Customer.is_staff.is_(False),
        )
        .subquery()
    )
    counted = (
        select(
            rows.c["class"],
            rows.c.script,
            func.count(),
            func.count(rows.c.replied_at),
            func.sum(case((rows.c.bought, 1), else_=0)),
            func.sum(case((rows.c.route == "task", 0), else_=1)),
        )
        .group_by(rows.c["class"], rows.c.script)
        .having(func.count() >= ENOUGH)
    )
    return [
        (row[0], Place(row[1], row[2], row[3], int(row[4]), int(row[5]), max(1, times))) for row in tx.execute(counted)
    ]
