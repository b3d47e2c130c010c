"""Stories that cross rooms, told once, as plain calls in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import and_, or_, select

from bot.delivery import outbox
from bot.delivery.outbox import Content, Delivery
from bot.domain.campaigns.models import Broadcast
from bot.domain.complaints import service as complaints
from bot.domain.customers import service as customers
from bot.domain.customers import timeline, waiting
from bot.domain.customers.models import Customer
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.domain.orders import service as orders
from bot.domain.orders.models import Order
from bot.domain.orders.rules import items_shown
from bot.store.transaction import Tx

BY_HAND_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do today. ``kind``: ``waiting``, ``complaint``, ``follow_up``, ``used_up`` or ``by_hand``.

    ``text`` is ready to copy, or empty; ``row`` is the case, the order that is used up or the delivery to send by hand.
    """

    kind: str
    customer: Customer
    why: str
    text: str = ""
    row: int = 0


def tasks_of_today(tx: Tx, now: datetime) -> list[Task]:
    """What staff should do today, in order: who waits, open complaints, due follow-ups, used-up goods, rows by hand.

    ``now`` is in the shop's zone. A customer stands in the list once, with the first reason; VIPs first in each part.
    """
    end = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    found = [
        Task("waiting", item.customer, f"等回复 {item.count} 条：{item.text[:20]}") for item in waiting.list_waiting(tx)
    ]
    found += [
        Task("complaint", customer, f"投诉 {case.id} 还没处理完：{case.text[:20]}", row=case.id)
        for case, customer in complaints.open_complaints(tx)
    ]
    due = select(Customer).where(Customer.next_at < end, Customer.is_staff.is_(False))
    found += [
        Task("follow_up", customer, f"跟进：{customer.next_step or '约好的时间到了'}")
        for customer in tx.session.scalars(due.order_by(Customer.vip.desc(), Customer.next_at))
    ]
    used_up = (
        select(Order, Customer)
        .join(Customer, Customer.id == Order.customer_id)
        .where(Order.used_up_due < end, Order.stage < 4)
        .order_by(Customer.vip.desc(), Order.used_up_due)
    )
    found += [
        Task("used_up", customer, f"{items_shown(order.items) or '上次买的'}该用完了（单号{order.id}）", row=order.id)
        for order, customer in tx.session.execute(used_up)
    ]
    found += _by_hand(tx)
    first_reason: dict[int, Task] = {}
    for task in found:
        first_reason.setdefault(task.customer.id, task)
    return list(first_reason.values())


def settle(tx: Tx, task: Task, *, staff_id: int) -> None:
    """The talk has happened: whatever put the customer on the list is done."""
    if task.kind == "waiting":
        waiting.answered(tx, task.customer.id, staff_id=staff_id)
    elif task.kind == "complaint":
        complaints.close(tx, task.row)
    elif task.kind == "follow_up":
        task.customer.next_at, task.customer.next_step = None, None
    elif task.kind == "used_up":
        orders.used_up(tx, orders.get(tx, task.row), due=None, staff_id=staff_id)
    else:
        outbox.done_by_hand(tx, [task.row])
    task.customer.last_contact_at = tx.now


def _by_hand(tx: Tx) -> list[Task]:
    """What the platform does not carry, of broadcasts that are being sent; who has no phone and no WeChat stands last."""
    rows = tx.session.execute(
        select(Delivery, Customer, Content)
        .join(Customer, Customer.id == Delivery.customer_id)
        .join(Content, Content.id == Delivery.content_id)
        .join(Broadcast, Broadcast.id == Delivery.broadcast_id, isouter=True)
        .where(
            Delivery.state == "by_hand",
            or_(Delivery.broadcast_id.is_(None), Broadcast.state.in_(("running", "done"))),
        )
        .order_by(
            Customer.vip.desc(), and_(Customer.phone.is_(None), Customer.wechat.is_(None)), Customer.created_at.desc()
        )
        .limit(BY_HAND_SHOWN)
    )
    return [
        Task(
            "by_hand",
            customer,
            f"{f'群发 {delivery.broadcast_id} ' if delivery.broadcast_id else ''}要人工发（{delivery.reason}）",
            str(content.payload.get("text", "")),
            delivery.id,
        )
        for delivery, customer, content in rows
    ]


def learned(tx: Tx, account: str, person_id: str, relation: str) -> None:
    """What an answer says about a person: ``gone`` ends the relation, others are kept in the timeline."""
    words = {"gone": "已取消关注（平台回复）", "refuses": "拒收公众号消息", "blocked": "在公众号黑名单里"}
    if relation not in words:
        return
    met = customers.meet(tx, account, person_id)
    if relation == "gone":
        customers.unfollowed(tx, account, person_id, at=tx.now)
        outbox.cancel_for_customer(tx, met.customer_id, "已取消关注", account=account)
        return
    timeline.add(tx, met.customer_id, "reach", words[relation])


def alarm(tx: Tx, account: str, words: str) -> None:
    """Something about the account that the owners should know and act on."""
    for owner in merchants.owners(tx):
        notices.tell(
            tx, owner.id, f"账号 {account}：{words}", kind="account", urgent=True, subject=f"account:{account}"
        )
