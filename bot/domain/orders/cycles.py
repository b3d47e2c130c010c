"""When what a customer bought will be used up (周期): learned from real intervals, ended by a refund or a new purchase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select

from bot.domain.orders import intervals
from bot.domain.orders.intervals import Lasts
from bot.domain.orders.models import ArticleDays, Order
from bot.domain.orders.rules import article, items_shown
from bot.errors import Refusal
from bot.store.transaction import Tx

LOOKED_AT = 60  # of a customer's orders, the newest
# What should have been used up before is history (a bill of last year), no reason to speak.
OVERDUE = timedelta(days=7)
MOVED_AT_ONCE = 200  # orders in use that get another day when an article gets other days
SHOWN = 5


def standing() -> ColumnElement[bool]:
    """Whether an order is paid and not wholly given back."""
    return and_(Order.paid_at.is_not(None), Order.refunded_fen < Order.amount_fen)


def articles(tx: Tx) -> dict[str, int]:
    """The articles staff gave days to, by name."""
    rows = tx.execute(select(ArticleDays.article, ArticleDays.days).order_by(ArticleDays.article))
    return {row.article: row.days for row in rows}


def paid(tx: Tx, order: Order) -> None:
    """A purchase takes over from the one of the same article before it, which is not asked about any more."""
    at = order.paid_at or tx.now
    for earlier in _of_the_same(tx, order, articles(tx)):
        if earlier.bought_again_id is None and earlier.id != order.id and earlier.paid_at <= at:
            tx.session.get_one(Order, earlier.id).bought_again_id = order.id


def arrived(tx: Tx, order: Order) -> None:
    """Sets when an order that is with its customer should be used up, where anything is known about that."""
    _expect(tx, order, articles(tx))


def given_back(tx: Tx, order: Order) -> None:
    """The money went back, and the goods: what was bought before is what the customer still has."""
    before = select(Order).where(Order.bought_again_id == order.id, Order.customer_id == order.customer_id)
    latest: Order | None = None
    for earlier in tx.session.scalars(before.order_by(Order.id.desc())).all():
        earlier.bought_again_id = latest.id if latest else None
        latest = latest or earlier


def how_long(tx: Tx, order: Order) -> Lasts | None:
    """How long an order will last its customer, by what is known today; None: nobody can tell."""
    return _how_long(tx, order, articles(tx))


def _how_long(tx: Tx, order: Order, known: Mapping[str, int]) -> Lasts | None:
    """How long an order should last its customer, by what is known today."""
    bought = [one.paid_at for one in _of_the_same(tx, order, known)]
    fixed = known.get(intervals.known_as(order.items, known))
    return intervals.lasts(intervals.gaps(bought), fixed)


def _expect(tx: Tx, order: Order, known: Mapping[str, int]) -> None:
    learned = _how_long(tx, order, known)
    if learned is None or order.delivered_at is None or order.customer_id is None:
        return
    before = select(func.max(Order.used_up_due)).where(
        Order.bought_again_id == order.id, Order.stage == 3, standing(), Order.used_up_due > order.delivered_at
    )
    still = tx.session.scalar(before)
    due = intervals.due(
        learned,
        paid_at=order.paid_at or order.delivered_at,
        delivered_at=order.delivered_at,
        left_over=still - order.delivered_at if still else timedelta(0),
    )
    if due > tx.now - OVERDUE:
        order.used_up_due, order.used_up_why = due, learned.why


@dataclass(frozen=True, slots=True)
class _Bought:
    """A purchase among others of its article."""

    id: int
    paid_at: datetime
    bought_again_id: int | None


def _of_the_same(tx: Tx, order: Order, known: Mapping[str, int]) -> Sequence[_Bought]:
    """The customer's standing orders of the order's article, itself among them, the newest first."""
    if order.customer_id is None or not order.items:
        return ()
    tx.session.flush()
    name = intervals.known_as(order.items, known)
    theirs = select(Order.id, Order.items, Order.paid_at, Order.bought_again_id).where(
        Order.customer_id == order.customer_id, standing(), Order.items != ""
    )
    found = tx.execute(theirs.order_by(Order.paid_at.desc(), Order.id.desc()).limit(LOOKED_AT))
    return [
        _Bought(number, paid_at, again)
        for number, items, paid_at, again in found
        if paid_at is not None and intervals.known_as(items, known) == name
    ]


# -- what staff say about articles -------------------------------------------------------------------------------------


def find(tx: Tx, name: str) -> str:
    """The article that was meant: the one of that name, or the only one that has it in its name. Raises Refusal."""
    known = articles(tx)
    said = article(name)
    near = [one for one in known if said in one]
    if said in known:
        return said
    if len(near) == 1:
        return near[0]
    offer = f"现有：{'、'.join(items_shown(one) for one in near[:SHOWN])}。" if near else ""
    raise Refusal(f"“{items_shown(name)}”还没有周期。{offer}设一个：周期 {items_shown(name)} 30天")


def set_days(tx: Tx, name: str, days: int) -> int:
    """Says how long an article lasts; returns how many orders in use got their day by it. Raises Refusal."""
    if not 1 <= days <= intervals.LONGEST:
        raise Refusal(f"周期可以写 1 到 {intervals.LONGEST} 天。例子：周期 洗面奶 30天")
    kept = tx.session.get(ArticleDays, article(name))
    if kept is None:
        tx.session.add(ArticleDays(article=article(name), days=days))
    else:
        kept.days = days
    tx.session.flush()
    return _move(tx, article(name), days)


def _move(tx: Tx, name: str, days: int) -> int:
    in_use = select(Order).where(
        Order.stage == 3,
        Order.delivered_at > tx.now - timedelta(days=days),
        Order.customer_id.is_not(None),
        Order.bought_again_id.is_(None),
        # What staff said about this very order stays as they said it.
        (Order.used_up_due.is_(None)) | (Order.used_up_why != ""),
        standing(),
        func.lower(Order.items).contains(name, autoescape=True),
    )
    known = articles(tx)
    moved = 0
    for order in tx.session.scalars(in_use.order_by(Order.delivered_at.desc()).limit(MOVED_AT_ONCE)).all():
        if intervals.known_as(order.items, known) == name:
            _expect(tx, order, known)
            moved += 1
    return moved


def forget_days(tx: Tx, name: str) -> ArticleDays:
    """Takes an article's days away; what is reckoned already stays. Raises Refusal."""
    kept = tx.session.get_one(ArticleDays, find(tx, name))
    tx.session.delete(kept)
    tx.session.flush()
    return kept


@dataclass(frozen=True, slots=True)
class InUse:
    """An order that will be used up: by which customer, when (aware), and why then."""

    order: Order
    due: datetime
    why: str


def in_use(tx: Tx, name: str) -> list[InUse]:
    """Who uses an article now, whoever is through with it first; as many as a phone shows."""
    rows = select(Order).where(
        Order.used_up_due >= tx.now,
        Order.stage == 3,
        Order.customer_id.is_not(None),
        Order.bought_again_id.is_(None),
        standing(),
        func.lower(Order.items).contains(name, autoescape=True),
    )
    found = tx.session.scalars(rows.order_by(Order.used_up_due, Order.id).limit(SHOWN))
    return [InUse(order, order.used_up_due, order.used_up_why) for order in found if order.used_up_due]


def habits(tx: Tx, customer_id: int) -> list[tuple[str, Lasts]]:
    """What is known of how long articles last one customer, the article bought last first."""
    known = articles(tx)
    theirs = select(Order).where(Order.customer_id == customer_id, standing(), Order.items != "")
    latest: dict[str, Order] = {}
    for order in tx.session.scalars(theirs.order_by(Order.paid_at.desc()).limit(LOOKED_AT)).all():
        latest.setdefault(intervals.known_as(order.items, known), order)
    learned = [(name, _how_long(tx, order, known)) for name, order in list(latest.items())[: 2 * SHOWN]]
    return [(name, one) for name, one in learned if one is not None]
