"""Purchases, refunds and the four deal stages; customers' classes and totals follow from here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, or_, select, text, update
from sqlalchemy.orm import aliased

from bot.domain.customers import timeline
from bot.domain.customers.finding import A_SOURCE, Hit, excerpt, holds
from bot.domain.customers.models import Customer
from bot.domain.customers.segment_fields import Asking
from bot.domain.orders import cycles, daybook, rule_tags, rules
from bot.domain.orders.models import ArticleDays, LedgerEntry, Order, Payment
from bot.domain.orders.rules import article, grade_after, stage_shown
from bot.errors import Refusal
from bot.language.money import show_money
from bot.language.segments import Field
from bot.store.transaction import Tx

_ARTICLE = re.compile(r"(?<![A-Za-z\d])[A-Za-z]{1,4}-?\d{2,8}(?![A-Za-z\d])", re.ASCII)


def purchase(
    tx: Tx, customer: Customer | None, *, amount_fen: int, items: str, note: str, in_shop: bool, staff_id: int
) -> Order:
    """Books a payment. In the shop the goods are handed over at once (stage ③) and the customer has visited."""
    order = _new(tx, customer, amount_fen=amount_fen, items=items, note=note, source="shop" if in_shop else "online")
    order.stage = 3 if in_shop else 2
    _pay(tx, order, staff_id=staff_id)
    if in_shop:
        _arrived(tx, order)
    if customer is not None:
        customer.visited = customer.visited or in_shop
        customer.last_contact_at = tx.now
        recount(tx, customer)
        timeline.add(tx, customer.id, "purchase", f"消费 {show_money(amount_fen)} {items} 单号{order.id}", staff_id)
    return order


def deal(tx: Tx, customer: Customer, *, amount_fen: int, items: str, note: str, staff_id: int) -> Order:
    """Keeps an agreement (stage ①); no money yet."""
    order = _new(tx, customer, amount_fen=amount_fen, items=items, note=note, source="deal")
    customer.keeper_id = customer.keeper_id or staff_id
    timeline.add(tx, customer.id, "deal", f"谈妥 {show_money(amount_fen)} {items} 单号{order.id}", staff_id)
    return order


def get(tx: Tx, number: int) -> Order:
    """Raises Refusal for a number nobody has."""
    order = tx.session.get(Order, number) if number < 2**31 else None
    if order is None:
        raise Refusal(f"没有单号{number}。发送“订单 张三”可以看一位顾客的单号。")
    return order


def ordered(tx: Tx, order: Order, *, staff_id: int) -> None:
    """Placed and paid (stage ②). Raises Refusal when it was placed before."""
    if order.stage != 1:
        raise Refusal(f"单号{order.id} 已经是{stage_shown(order.stage)}，不用再下单。")
    order.stage = 2
    _pay(tx, order, staff_id=staff_id)
    _recount_owner(tx, order)
    _tell_timeline(tx, order, "下单", staff_id)


def shipped(tx: Tx, order: Order, *, carrier: str, parcel: str, staff_id: int) -> None:
    """On its way with a parcel number; what was not placed yet is placed by it."""
    if order.stage == 1:
        ordered(tx, order, staff_id=staff_id)
    elif order.stage != 2:
        raise Refusal(f"单号{order.id} 已经是{stage_shown(order.stage)}，不能再发货。")
    elif order.parcel and not parcel:
        raise Refusal(
            f"单号{order.id} 已经发货：{order.carrier or ''} {order.parcel}。要改快递单号，发送：发货 {order.id} 顺丰 SF123456"
        )
    order.carrier, order.parcel, order.shipped_at = carrier or None, parcel or None, tx.now
    _tell_timeline(tx, order, f"发货 {carrier} {parcel}".strip(), staff_id)


def delivered(tx: Tx, order: Order, *, staff_id: int) -> None:
    """Arrived (stage ③). Raises Refusal before it was placed and when it had arrived."""
    if order.stage == 1:
        raise Refusal(f"单号{order.id} 还没下单。先发送：下单 {order.id}")
    if order.stage != 2:
        raise Refusal(f"单号{order.id} 已经是{stage_shown(order.stage)}。")
    order.stage = 3
    _arrived(tx, order)
    _tell_timeline(tx, order, "签收", staff_id)


def used_up(tx: Tx, order: Order, *, due: datetime | None, staff_id: int) -> None:
    """Used up now (stage ④), or expected to be at ``due``. Raises Refusal before it arrived."""
    if order.stage < 3:
        raise Refusal(f"单号{order.id} 还没签收。先发送：签收 {order.id}")
    if order.stage == 4 and due is None:
        raise Refusal(f"单号{order.id} 早就记过用完了。")
    order.used_up_due, order.used_up_why = due or tx.now, ""
    if due is None:
        order.stage, order.used_up_at = 4, tx.now
        _tell_timeline(tx, order, "用完了", staff_id)


def _arrived(tx: Tx, order: Order) -> None:
    """The goods are there; how long they last is known by the article's days and the customer's own intervals."""
    order.delivered_at = tx.now
    cycles.arrived(tx, order)


def remember_days(tx: Tx, order: Order) -> int | None:
    """Keeps how long the article lasts for its next orders; returns the days, None where nothing can be kept."""
    if not order.items or order.used_up_due is None or order.delivered_at is None:
        return None
    days = max(1, round((order.used_up_due - order.delivered_at) / timedelta(days=1)))
    known = tx.session.get(ArticleDays, article(order.items))
    if known is None:
        tx.session.add(ArticleDays(article=article(order.items), days=days))
    elif known.days != days:
        known.days = days
    return days


def refundable(tx: Tx, customer: Customer) -> Sequence[Order]:
    """Paid orders with money left to give back, newest first."""
    return tx.session.scalars(
        select(Order)
        .where(Order.customer_id == customer.id, Order.paid_at.is_not(None), Order.refunded_fen < Order.amount_fen)
        .order_by(Order.id.desc())
    ).all()


def refund(
    tx: Tx,
    order: Order,
    *,
    amount_fen: int,
    note: str = "",
    staff_id: int | None = None,
    source: str = "chat",
    at: datetime | None = None,
) -> None:
    """Books money given back, at ``at`` or now. Raises Refusal above what is left of the order."""
    left = order.amount_fen - order.refunded_fen
    if order.paid_at is None:
        raise Refusal(f"单号{order.id} 还没有收款，不用退。")
    if left == 0:
        raise Refusal(f"单号{order.id} 已经全部退完了。")
    if amount_fen > left:
        whole = show_money(left).removesuffix("元")
        raise Refusal(f"单号{order.id} 最多还能退 {show_money(left)}。例子：退款 单号{order.id} {whole}")
    order.refunded_fen += amount_fen
    if order.refunded_fen == order.amount_fen:
        cycles.given_back(tx, order)
    daybook.book(tx, order, -amount_fen, source=source, note=note, staff_id=staff_id, at=at)
    _recount_owner(tx, order)
    _tell_timeline(tx, order, f"退款 {show_money(amount_fen)} {note}".strip(), staff_id)


def received(
    tx: Tx, customer: Customer | None, *, amount_fen: int, items: str, note: str, source: str, at: datetime
) -> Order:
    """Books money that came in at ``at`` without anybody typing it: from a bill, or spent before we kept books."""
    order = _new(tx, customer, amount_fen=amount_fen, items=items, note=note, source=source)
    order.stage, order.paid_at, order.delivered_at = 3, at, at
    daybook.book(tx, order, amount_fen, source=source, note=note, at=at)
    if customer is not None:
        hand_over(tx, order, customer)
    return order


def spent_before(tx: Tx, customer: Customer, amount_fen: int, last_at: datetime | None) -> bool:
    """Books what was spent before we kept books, once a customer; whether it was booked. 0 is nothing.

    ``last_at`` is when the customer last bought, where that is known.
    """
    had = select(Order.id).where(Order.customer_id == customer.id, Order.source == "opening")
    if not amount_fen or tx.session.scalar(had.limit(1)) is not None:
        return False
    order = _new(tx, customer, amount_fen=amount_fen, items="", note="", source="opening")
    order.stage, order.paid_at, order.delivered_at = 3, last_at or tx.now, last_at or tx.now
    daybook.book(tx, order, amount_fen, source="opening")
    hand_over(tx, order, customer)
    return True


def hand_over(tx: Tx, order: Order, customer: Customer, *, staff_id: int | None = None) -> None:
    """Money nobody was named for is this customer's."""
    order.customer_id = customer.id
    cycles.paid(tx, order)
    cycles.arrived(tx, order)
    recount(tx, customer)
    words = {"bill": "账单收款", "opening": "以前的消费"}.get(order.source, "消费")
    said = f"{words} {show_money(order.amount_fen)} {order.items}".strip()
    timeline.add(tx, customer.id, "purchase", f"{said} 单号{order.id}", staff_id)


def take_away(tx: Tx, order: Order, *, staff_id: int) -> None:
    """Removes an order that turned out to be another one's payment; the book keeps its entries and takes them back."""
    customer_id = order.customer_id
    cycles.given_back(tx, order)
    daybook.reverse_order(tx, order, staff_id=staff_id)
    tx.session.delete(order)
    tx.session.flush()
    if customer_id is not None:
        recount(tx, tx.session.get_one(Customer, customer_id))


def of(tx: Tx, customer_id: int, *, count: int, skip: int = 0) -> Sequence[Order]:
    """A customer's orders, newest first, after the ``skip`` newest."""
    whose = select(Order).where(Order.customer_id == customer_id).order_by(Order.id.desc())
    return tx.session.scalars(whose.offset(skip).limit(count)).all()


def how_many(tx: Tx, customer_id: int) -> int:
    return tx.execute(select(func.count()).where(Order.customer_id == customer_id)).scalar_one()


def look(tx: Tx, words: str) -> Iterator[Hit]:
    """Customers' orders whose items, note or parcel hold the words, newest first."""
    text = func.coalesce(Order.items, "") + " " + func.coalesce(Order.note, "") + " " + func.coalesce(Order.parcel, "")
    found = select(Order).where(Order.customer_id.is_not(None), holds(text, words))
    for order in tx.session.scalars(found.order_by(Order.id.desc()).limit(A_SOURCE)):
        said = " ".join(part for part in (order.items, order.note, order.parcel) if part)
        yield Hit(order.customer_id or 0, f"单号{order.id}", excerpt(said, words))


def has_articles(tx: Tx, customer_id: int) -> bool:
    """Whether an article number (A102) stands in what the customer has bought."""
    bought = tx.session.scalars(select(Order.items).where(Order.customer_id == customer_id, Order.paid_at.is_not(None)))
    return any(_ARTICLE.search(items) for items in bought)


def forget(tx: Tx, customer_id: int) -> list[int]:
    """Takes out of orders and book what could name the customer; money and goods stay. Returns the orders' numbers."""
    theirs = update(Order).where(Order.customer_id == customer_id).values(note="", carrier=None, parcel=None)
    numbers = list(tx.execute(theirs.returning(Order.id)).scalars())
    # Of an entry in the book only the words go.
    tx.execute(update(LedgerEntry).where(LedgerEntry.order_id.in_(numbers)).values(note=""))
    tx.execute(update(Payment).where(Payment.order_id.in_(numbers)).values(payer="", payer_id="", note=""))
    return numbers


def recount(tx: Tx, customer: Customer) -> None:
    """Sets class, grade and totals from the paid orders that are not wholly refunded."""
    tx.session.flush()
    standing = (Order.customer_id == customer.id, Order.paid_at.is_not(None), Order.refunded_fen < Order.amount_fen)
    spent, count, first, last = tx.execute(
        select(
            func.coalesce(func.sum(Order.amount_fen - Order.refunded_fen), 0),
            func.count(),
            func.min(Order.paid_at),
            func.max(Order.paid_at),
        ).where(*standing)
    ).one()
    customer.spent_fen, customer.purchases = int(spent), count
    customer.first_purchase_at, customer.last_purchase_at = first, last
    customer.purchased = count > 0
    customer.grade, customer.former_grade = grade_after(
        grade=customer.grade, former=customer.former_grade, purchased=count > 0
    )
    rule_tags.refresh(tx, [customer.id])


def _new(tx: Tx, customer: Customer | None, *, amount_fen: int, items: str, note: str, source: str) -> Order:
    order = Order(
        customer_id=customer.id if customer else None,
        amount_fen=amount_fen,
        refunded_fen=0,
        items=items,
        note=note,
        stage=1,
        source=source,
        created_at=tx.now,
    )
    tx.session.add(order)
    tx.session.flush()
    return order


def _pay(tx: Tx, order: Order, *, staff_id: int) -> None:
    order.paid_at = tx.now
    daybook.book(tx, order, order.amount_fen, note=order.note, staff_id=staff_id)
    cycles.paid(tx, order)


def _recount_owner(tx: Tx, order: Order) -> None:
    if order.customer_id is not None:
        recount(tx, tx.session.get_one(Customer, order.customer_id))


def _tell_timeline(tx: Tx, order: Order, what: str, staff_id: int | None) -> None:
    if order.customer_id is not None:
        timeline.add(tx, order.customer_id, "order", f"单号{order.id} {what}", staff_id)


def in_stage(asking: Asking, term: Field) -> ColumnElement[bool]:
    """``阶段=③`` for segments: whose latest order stands in that stage."""
    later = aliased(Order)
    superseded = select(later.id).where(later.customer_id == Order.customer_id, later.id > Order.id).exists()
    return asking.among(Order.customer_id, Order.stage == int(term.value), not_(superseded))


def stage_told(tx: Tx, customer: Customer, _term: Field, _now: datetime) -> str:
    """The stage of somebody's latest order, for who asks why they are in no segment."""
    stage = latest_stages(tx, [customer.id]).get(customer.id)
    return f"最近一单在{stage_shown(stage)}" if stage else "还没有单子"


def due_for_a_talk(now: datetime, end: datetime) -> list[Select[*tuple[Any, ...]]]:
    """The numbers of orders `rules.stage_due` speaks of, and of those used up by ``end`` that were not bought again.

    What was spent before we kept books is no order to ask about. One search for each reason: each has an index.
    """
    not_asked = or_(Order.asked_at.is_(None), Order.asked_at <= now - rules.ASKED_AGAIN)
    fresh = Order.created_at > now - rules.FORGOTTEN_AFTER
    waits = case(
        (Order.stage == 1, Order.created_at <= now - rules.PLACED_AFTER),
        (Order.shipped_at.is_not(None), Order.shipped_at <= now - rules.ARRIVED_AFTER),
        else_=func.coalesce(Order.paid_at, Order.created_at) <= now - rules.PLACED_AFTER,
    )
    delivered = and_(
        Order.delivered_at > now - rules.SATISFIED_UNTIL, Order.delivered_at <= now - rules.SATISFIED_AFTER
    )
    not_talked = or_(Order.asked_at.is_(None), Order.asked_at < Order.delivered_at)
    used_up = and_(Order.used_up_due > now - rules.FORGOTTEN_AFTER, Order.used_up_due < end)
    return [
        # Spelled like the index.
        select(Order.id).where(text("orders.stage < 3"), fresh, waits, not_asked),
        select(Order.id).where(delivered, Order.stage == 3, not_talked, Order.source != "opening"),
        select(Order.id).where(used_up, Order.stage < 4, Order.bought_again_id.is_(None)),
    ]


def latest_stages(tx: Tx, customer_ids: Sequence[int]) -> dict[int, int]:
    """The stage of each customer's latest order; who has none is missing."""
    latest = select(func.max(Order.id)).where(Order.customer_id.in_(list(customer_ids))).group_by(Order.customer_id)
    rows = tx.execute(select(Order.customer_id, Order.stage).where(Order.id.in_(latest)))
    return {row.customer_id: row.stage for row in rows}
