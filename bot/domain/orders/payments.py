"""Payments that bills tell of: taking them in once, whose they are, and which were typed already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from bot.domain.customers.models import Customer, Identity
from bot.domain.customers.rules import shown
from bot.domain.orders import daybook
from bot.domain.orders import service as orders
from bot.domain.orders.bills import Paid
from bot.domain.orders.models import Order, Payment
from bot.errors import Refusal
from bot.language.money import show_money
from bot.store.transaction import Tx

BATCH = 200  # payments a transaction: callbacks write in between


@dataclass(slots=True)
class Intake:
    """What became of a bill's payments.

    ``booked`` were new, ``matched`` of them known to be a customer's; ``held`` may be typed already; ``changed`` had
    more given back since; ``known`` stood in the book as they are; ``void`` came back whole before we heard of them.
    ``tried``: only say so. Rows made and taken back would use up order numbers, which PostgreSQL never gives again.
    """

    tried: bool = False

    booked: int = 0
    matched: int = 0
    held: int = 0
    changed: int = 0
    known: int = 0
    void: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    suspects: set[int] = field(default_factory=set)


def take_in(tx: Tx, paid: Sequence[Paid], intake: Intake, *, zone: tzinfo) -> None:
    """Books what the book does not have yet, at most ``BATCH`` at once; adds to ``intake`` what became of each.

    Taking in the same again changes nothing: a payment is known by the bill's own number, a refund by its.
    """
    known = {
        payment.key: payment
        for payment in tx.session.scalars(select(Payment).where(Payment.key.in_([one.key for one in paid])))
    }
    owners, typed = _owners(tx, paid), _typed(tx, paid, zone)
    closed = daybook.closed_until(tx)
    for one in paid:
        payment = known.get(one.key)
        try:
            if payment is not None:
                _again(tx, payment, one, intake, closed)
            else:
                _first(
                    tx, one, intake, owner=owners.get(one.payer_id or one.payer), typed=typed, zone=zone, closed=closed
                )
        except Refusal as refusal:
            intake.refused.append((one.line, str(refusal)))


def _first(
    tx: Tx,
    one: Paid,
    intake: Intake,
    *,
    owner: Customer | None,
    typed: Sequence[_Typed],
    zone: tzinfo,
    closed: datetime,
) -> None:
    if one.amount_fen is None:
        raise Refusal("退款的那笔收款还不在账本里，请先导入收款那天的账单")
    if one.back_fen > one.amount_fen:
        raise Refusal(f"退款 {show_money(one.back_fen)} 比收的 {show_money(one.amount_fen)} 多")
    if one.bill == "personal" and one.back_fen == one.amount_fen:
        intake.void += 1
        return
    if one.paid_at < closed:
        raise Refusal(f"{one.paid_at:%Y年%m月} 已经月结，不再记账；要补记，在聊天里发“消费”记进当月")
    suspect = _suspect(one, owner, typed, intake.suspects, zone)
    if suspect is None:
        intake.booked += 1
        intake.matched += owner is not None
    else:
        intake.suspects.add(suspect)
        intake.held += 1
    if intake.tried:
        return
    payment = Payment(
        bill=one.bill,
        key=one.key,
        payer=one.payer,
        payer_id=one.payer_id,
        items=one.items,
        note=one.note,
        amount_fen=one.amount_fen,
        refunds={back.number: back.amount_fen for back in one.back},
        paid_at=one.paid_at,
        suspect_id=suspect,
        created_at=tx.now,
    )
    tx.session.add(payment)
    if suspect is None:
        _book(tx, payment, owner, refunded_at=max((back.at or one.paid_at for back in one.back), default=one.paid_at))


def _again(tx: Tx, payment: Payment, one: Paid, intake: Intake, closed: datetime) -> None:
    if one.amount_fen not in (None, payment.amount_fen):
        raise Refusal(f"账本里同一个单号是 {show_money(payment.amount_fen)}，这里是 {show_money(one.amount_fen or 0)}")
    refunds = payment.refunds | {back.number: back.amount_fen for back in one.back}
    if sum(refunds.values()) > payment.amount_fen:
        raise Refusal(f"退款合计 {show_money(sum(refunds.values()))} 比收的 {show_money(payment.amount_fen)} 多")
    if refunds == payment.refunds:
        intake.known += 1
        return
    intake.changed += 1
    if intake.tried:
        return
    fresh = [back for back in one.back if payment.refunds.get(back.number) != back.amount_fen]
    payment.refunds = refunds
    if payment.order_id is not None:
        at = max((back.at for back in fresh if back.at), default=tx.now)
        _give_back(tx, payment, tx.session.get_one(Order, payment.order_id), at=tx.now if at < closed else at)


def _book(
    tx: Tx,
    payment: Payment,
    owner: Customer | None,
    *,
    refunded_at: datetime | None = None,
    staff_id: int | None = None,
) -> Order:
    """Makes the payment an order of its own."""
    order = orders.received(
        tx,
        owner,
        amount_fen=payment.amount_fen,
        items=payment.items,
        note=payment.note,
        source="bill",
        at=payment.paid_at,
    )
    payment.order_id = order.id
    payment.settled_at = tx.now if owner is not None else None
    closed = daybook.closed_until(tx)
    at = refunded_at or tx.now
    _give_back(tx, payment, order, at=tx.now if at < closed else at, staff_id=staff_id)
    return order


def _give_back(tx: Tx, payment: Payment, order: Order, *, at: datetime, staff_id: int | None = None) -> None:
    """Books what the bill gave back and nobody has typed yet."""
    missing = sum(payment.refunds.values()) - order.refunded_fen
    if missing > 0:
        orders.refund(tx, order, amount_fen=missing, source="bill", staff_id=staff_id, at=at)


# --- whose it is ----------------------------------------------------------------------------------------------------


def _owners(tx: Tx, paid: Sequence[Paid]) -> dict[str, Customer]:
    """Who pays under these names: by the platform's word for them, else by what staff said of an earlier payment.

    A nickname that was claimed for two customers belongs to neither.
    """
    words = {one.payer_id or one.payer for one in paid} - {""}
    said: dict[str, set[int]] = {}
    earlier = (
        select(Payment.payer, Payment.payer_id, Order.customer_id)
        .join(Order, Order.id == Payment.order_id)
        .where(
            or_(Payment.payer.in_(words), Payment.payer_id.in_(words)),
            Payment.settled_at.is_not(None),
            Order.customer_id.is_not(None),
        )
        .distinct()
    )
    for payer, payer_id, customer_id in tx.execute(earlier):
        said.setdefault(payer_id or payer, set()).add(customer_id)
    for person_id, customer_id in tx.execute(
        select(Identity.person_id, Identity.customer_id).where(Identity.person_id.in_(words))
    ):
        said[person_id] = {customer_id}
    numbers = {word: next(iter(people)) for word, people in said.items() if len(people) == 1}
    people = tx.session.scalars(
        select(Customer).where(Customer.id.in_(set(numbers.values())), Customer.is_staff.is_(False))
    )
    by_number = {customer.id: customer for customer in people}
    return {word: by_number[number] for word, number in numbers.items() if number in by_number}


@dataclass(frozen=True, slots=True)
class _Typed:
    """An order staff typed that no bill has told of yet."""

    number: int
    customer_id: int | None
    amount_fen: int
    paid_at: datetime


def _typed(tx: Tx, paid: Sequence[Paid], zone: tzinfo) -> list[_Typed]:
    """The orders that may be among these payments."""
    begins, ends = _day(min(one.paid_at for one in paid), zone)[0], _day(max(one.paid_at for one in paid), zone)[1]
    tied = exists().where(Payment.order_id == Order.id)
    waiting = exists().where(Payment.suspect_id == Order.id, Payment.order_id.is_(None))
    statement = select(Order.id, Order.customer_id, Order.amount_fen, Order.paid_at).where(
        Order.paid_at >= begins,
        Order.paid_at < ends,
        Order.amount_fen.in_({one.amount_fen for one in paid if one.amount_fen}),
        Order.source.not_in(("bill", "opening")),
        ~tied,
        ~waiting,
    )
    return [_Typed(*row) for row in tx.execute(statement)]


def _suspect(one: Paid, owner: Customer | None, typed: Sequence[_Typed], taken: set[int], zone: tzinfo) -> int | None:
    """The order staff typed that day which may be this very payment, the nearest in time; None where there is none.

    The whole day counts: what was sold at noon is often typed at closing time, and a needless question costs less than
    money counted twice.
    """
    begins, ends = _day(one.paid_at, zone)
    likely = [
        (abs(order.paid_at - one.paid_at), order.number)
        for order in typed
        if order.amount_fen == one.amount_fen
        and begins <= order.paid_at < ends
        and order.number not in taken
        and (owner is None or order.customer_id in (None, owner.id))
    ]
    return min(likely)[1] if likely else None


def _day(moment: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    day = moment.astimezone(zone).date()
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


def same_day(tx: Tx, order: Order, zone: tzinfo) -> Payment | None:
    """A bill's payment of the order's amount and day that is no other customer's: it may be this very one."""
    assert order.paid_at is not None
    begins, ends = _day(order.paid_at, zone)
    own = Order.customer_id.is_(None) if order.customer_id is None else Order.customer_id == order.customer_id
    suspect = aliased(Order)
    statement = (
        select(Payment)
        .outerjoin(Order, Order.id == Payment.order_id)
        .outerjoin(suspect, suspect.id == Payment.suspect_id)
        .where(
            Payment.paid_at >= begins,
            Payment.paid_at < ends,
            Payment.amount_fen == order.amount_fen,
            # Booked from the bill, or held for an order that was taken back since.
            or_(Order.source == "bill", and_(Order.id.is_(None), suspect.id.is_(None))),
            or_(Payment.settled_at.is_(None), own),
        )
        .order_by(Payment.id)
        .limit(1)
    )
    return tx.session.scalars(statement).first()


def unclaimed(tx: Tx, *, count: int, skip: int = 0) -> tuple[Sequence[Payment], int]:
    """The payments of which nobody knows yet whose they are, oldest first, and how many there are in all."""
    open_ones = select(Payment).where(Payment.settled_at.is_(None))
    total = tx.execute(select(func.count()).where(Payment.settled_at.is_(None))).scalar_one()
    return tx.session.scalars(open_ones.order_by(Payment.id).offset(skip).limit(count)).all(), total


def held(tx: Tx) -> Sequence[Payment]:
    """The payments that may be typed already, oldest first."""
    waiting = select(Payment).where(Payment.order_id.is_(None), Payment.settled_at.is_(None)).order_by(Payment.id)
    return [payment for payment in tx.session.scalars(waiting) if suspected(tx, payment) is not None]


def get(tx: Tx, number: int) -> Payment:
    """An unclaimed payment by its number. Raises Refusal for one nobody has and for a claimed one."""
    payment = tx.session.get(Payment, number) if number < 2**31 else None
    if payment is None:
        raise Refusal(f"没有 {number} 这笔待认领的收款。发送“未认领”看清单。")
    if payment.settled_at is not None:
        raise Refusal(f"{number} 这笔已经认领过了，是单号{payment.order_id}。")
    return payment


def claim(tx: Tx, payment: Payment, customer: Customer, *, staff_id: int) -> Order:
    """Says whose a payment is. Raises Refusal where it may be an order of that customer's that was typed already."""
    suspect = suspected(tx, payment)
    if suspect is not None and suspect.customer_id in (None, customer.id):
        raise Refusal(
            f"单号{suspect.id} 那天也记了 {show_money(payment.amount_fen)}，是同一笔吗？\n"
            f"是：认领 {payment.id} 单号{suspect.id}\n不是：先发 认领 {payment.id} 另一笔"
        )
    if payment.order_id is None:
        return _book(tx, payment, customer, staff_id=staff_id)
    order = tx.session.get_one(Order, payment.order_id)
    orders.hand_over(tx, order, customer, staff_id=staff_id)
    payment.settled_at = tx.now
    return order


def is_same(tx: Tx, payment: Payment, order: Order, *, staff_id: int) -> None:
    """The payment is an order that was typed: it counts once. Raises Refusal where the two do not fit."""
    if order.paid_at is None:
        raise Refusal(f"单号{order.id} 还没有收款。先发送：下单 {order.id}")
    if order.amount_fen != payment.amount_fen:
        raise Refusal(
            f"对不上：单号{order.id} 是 {show_money(order.amount_fen)}，这笔是 {show_money(payment.amount_fen)}。"
        )
    other = tx.session.scalar(select(Payment.id).where(Payment.order_id == order.id, Payment.id != payment.id))
    if other is not None or order.source == "bill":
        raise Refusal(f"单号{order.id} 已经是账单里的另一笔收款了。")
    own = tx.session.get(Order, payment.order_id) if payment.order_id is not None else None
    payment.order_id, payment.settled_at = order.id, tx.now
    tx.session.flush()
    if own is not None:
        orders.take_away(tx, own, staff_id=staff_id)
    _give_back(tx, payment, order, at=tx.now, staff_id=staff_id)


def is_another(tx: Tx, payment: Payment, *, staff_id: int) -> Order:
    """The payment was not typed: it is booked, and whose it is stays open where nobody knows."""
    if payment.order_id is not None:
        raise Refusal(f"{payment.id} 这笔已经记成单号{payment.order_id} 了。是谁的：认领 {payment.id} 小美")
    one = Paid(0, payment.bill, payment.key, payment.amount_fen, payment.paid_at, payment.payer, payment.payer_id)
    return _book(tx, payment, _owners(tx, [one]).get(payment.payer_id or payment.payer), staff_id=staff_id)


def is_nobodys(tx: Tx, payment: Payment, *, staff_id: int) -> Order:
    """A passer-by paid: money without a customer."""
    order = (
        _book(tx, payment, None, staff_id=staff_id)
        if payment.order_id is None
        else tx.session.get_one(Order, payment.order_id)
    )
    payment.settled_at = tx.now
    return order


def suspected(tx: Tx, payment: Payment) -> Order | None:
    """The order a held payment may be; None where it is booked, or the order is another payment's or gone by now."""
    if payment.order_id is not None or payment.suspect_id is None:
        return None
    taken = tx.session.scalar(select(Payment.id).where(Payment.order_id == payment.suspect_id))
    return None if taken is not None else tx.session.get(Order, payment.suspect_id)


def likely_owner(tx: Tx, payment: Payment) -> Customer | None:
    """The one customer who bears the payer's very name: a hint for staff, never a match by itself."""
    if not payment.payer:
        return None
    names = (Customer.name, Customer.remark, Customer.own_name, Customer.nickname)
    found = tx.session.scalars(
        select(Customer).where(or_(*(name == payment.payer for name in names)), Customer.is_staff.is_(False)).limit(2)
    ).all()
    return found[0] if len(found) == 1 else None


def others_of(tx: Tx, payment: Payment) -> Sequence[int]:
    """The numbers of other unclaimed payments under the same name."""
    if not (payment.payer or payment.payer_id):
        return ()
    where = (Payment.payer == payment.payer, Payment.payer_id == payment.payer_id, Payment.id != payment.id)
    open_ones = select(Payment.id).where(*where, Payment.settled_at.is_(None)).order_by(Payment.id)
    return tx.session.scalars(open_ones.limit(9)).all()


def told(tx: Tx, payment: Payment, paid: str) -> str:
    """One line about an unclaimed payment; ``paid``: when, in words."""
    who = payment.payer or ("微信顾客" if payment.payer_id else "没写名字")
    parts = [f"{payment.id}. {paid}", show_money(payment.amount_fen), who]
    parts += [words[:20] for words in (payment.items, payment.note) if words]
    back = sum(payment.refunds.values())
    if back:
        parts.append(f"已退{show_money(back)}")
    suspect = suspected(tx, payment)
    if suspect is not None:
        customer = tx.session.get(Customer, suspect.customer_id) if suspect.customer_id is not None else None
        parts.append(f"→ 可能就是单号{suspect.id}（{shown(customer) if customer else '散客'}）")
    elif (likely := likely_owner(tx, payment)) is not None:
        parts.append(f"→ 像是 {shown(likely)}")
    return " ".join(parts)
