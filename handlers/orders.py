"""Money and deal stages, by chat."""

from __future__ import annotations

import re
from datetime import datetime, time

from bot.domain import working_day
from bot.domain.care import after_sale, letter_rules
from bot.domain.customers import finding
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import classes, shown
from bot.domain.merchants import desk
from bot.domain.orders import payments
from bot.domain.orders import service as orders
from bot.domain.orders.models import Order
from bot.domain.orders.rules import STAGES, items_shown, stage_shown
from bot.domain.scripts import service as scripts
from bot.errors import Refusal
from bot.language.money import show_money
from bot.language.order_intents import Deal, Delivered, Ordered, Orders, Purchase, Refund, Shipped, UsedUp
from handlers.talk import NEW_FILE, StaffTalk, names_of, on

PAGE = 6  # orders a reply: as many as a phone shows without scrolling
LISTED = 5  # purchases told one by one; of more only the sum
_BETWEEN_GOODS = re.compile(r"[\s,，;；、。]+")
_FROM_AMOUNT = re.compile(r"[¥\d].*"), re.compile(r"[一二两三四五六七八九十百]+[^一二两三四五六七八九十百]*$")


@on.staff(Purchase)
def purchase(talk: StaffTalk) -> str:
    intent = talk.intent
    _refuse_second_person(talk, intent.items)
    people: list[Customer | None] = [*talk.all(intent.whom, may_open=True)] if intent.whom else [None]
    who = "、".join("散客" if customer is None else shown(customer) for customer in people[:3])
    talk.label(f"{who} 消费 {show_money(intent.amount_fen)}{'等' if len(people) > 3 else ''}")
    booked = [(customer, _book(talk, customer)) for customer in people]
    if len(booked) > LISTED:
        what = f" {items_shown(intent.items)}" if intent.items else ""
        return (
            f"记好了：{names_of([*filter(None, people)])} 每位消费 {show_money(intent.amount_fen)}{what}，"
            f"单号{booked[0][1].id} 到 {booked[-1][1].id}，合计 {show_money(intent.amount_fen * len(booked))}"
        )
    opened = [whom.text for whom in intent.whom if talk.chosen.get(whom.text) == NEW_FILE]
    new = [f"新建了 {'、'.join(opened)} 的档案。"] if opened else []
    lines = [_booked(talk, customer, order) + _perhaps_twice(talk, order) for customer, order in booked]
    return "\n".join([*new, *lines])


def _refuse_second_person(talk: StaffTalk, items: str) -> None:
    """消费 张姐 李四 100 names two, 消费 张姐 100 李四 200 books two: a customer's name among the goods is hardly goods."""
    pieces = _BETWEEN_GOODS.split(items)
    words = {*pieces, *(amount.sub("", piece) for piece in pieces for amount in _FROM_AMOUNT)}
    named = finding.named_in(talk.tx, sorted(word for word in words if len(word) > 1))
    if named:
        who = talk.intent.whom[0].text if talk.intent.whom else "小美"
        raise Refusal(
            f"“{named[0]}”也是一位顾客，没有记。两位一样多就写：消费 {who}、{named[0]} 100；"
            f"不一样就分两句：消费 {who} 100，消费 {named[0]} 200"
        )


def _perhaps_twice(talk: StaffTalk, order: Order) -> str:
    """On a line of its own that a bill has told of the same money already; empty where none has."""
    payment = payments.same_day(talk.tx, order, talk.shop.timezone)
    if payment is None:
        return ""
    amount = show_money(payment.amount_fen)
    if payment.settled_at is None:
        return f"\n账单里今天也有一笔 {amount}（未认领 {payment.id}）。是同一笔就发：认领 {payment.id} 单号{order.id}"
    return f"\n账单里今天已经有一笔 {amount}，记成单号{payment.order_id}。重复了就发：撤销"


def _book(talk: StaffTalk, customer: Customer | None) -> Order:
    intent = talk.intent
    return orders.purchase(
        talk.tx,
        customer,
        amount_fen=intent.amount_fen,
        items=intent.items,
        note=intent.note,
        in_shop=intent.in_shop,
        staff_id=talk.staff.id,
    )


def _booked(talk: StaffTalk, customer: Customer | None, order: Order) -> str:
    intent = talk.intent
    what = f" {items_shown(intent.items)}" if intent.items else ""
    if customer is None:
        return f"记好了：散客 {show_money(intent.amount_fen)}{what}，单号{order.id}"
    code = classes(visited=customer.visited, purchased=customer.purchased, vip=customer.vip)
    return (
        f"记好了：{shown(customer)} 消费 {show_money(intent.amount_fen)}{what}，单号{order.id}，{STAGES[order.stage]}\n"
        f"现在：{code}，级别 {customer.grade}，累计 {show_money(customer.spent_fen)}"
    )


@on.staff(Refund)
def refund(talk: StaffTalk) -> str:
    order = _refunded_order(talk)
    left = order.amount_fen - order.refunded_fen
    if talk.intent.amount_fen is None:
        raise Refusal(_ask_amount(order, left))
    note = talk.intent.note
    orders.refund(talk.tx, order, amount_fen=talk.intent.amount_fen, note=note, staff_id=talk.staff.id)
    talk.label(f"单号{order.id} 退款 {show_money(talk.intent.amount_fen)}")
    if order.refunded_fen == order.amount_fen:
        after_sale.end(talk.tx, order, after_sale.GIVEN_BACK)
    rest = show_money(order.amount_fen - order.refunded_fen)
    reason = f"（{items_shown(note)}）" if note else ""
    lines = [f"已记退款 {show_money(talk.intent.amount_fen)}{reason}，单号{order.id} 还剩 {rest}"]
    if order.customer_id is not None:
        customer = customers.get(talk.tx, order.customer_id)
        code = classes(visited=customer.visited, purchased=customer.purchased, vip=customer.vip)
        lines.append(
            f"{shown(customer)} 现在：{code}，级别 {customer.grade or '未定'}，累计 {show_money(customer.spent_fen)}"
        )
    told = _copy(talk, order, "退款告知") if order.refunded_fen == order.amount_fen else ""
    return "\n".join(lines) + told


def _ask_amount(order: Order, left: int) -> str:
    if left <= 0:
        return f"单号{order.id} 已经全部退完了。"
    return f"单号{order.id} 退多少？最多 {show_money(left)}。全退请发：退款 单号{order.id} {_digits(left)}"


def _digits(fen: int) -> str:
    return show_money(fen).removesuffix("元")


def _refunded_order(talk: StaffTalk) -> Order:
    if talk.intent.order is not None:
        return orders.get(talk.tx, talk.intent.order)
    customer = talk.one(talk.intent.whom)
    left = orders.refundable(talk.tx, customer)
    if not left:
        raise Refusal(f"{shown(customer)} 没有可以退的消费。")
    amount = talk.intent.amount_fen
    fitting = [order for order in left if amount is None or order.amount_fen - order.refunded_fen >= amount]
    exact = [order for order in fitting if order.amount_fen == amount]
    if not fitting:
        most = max(order.amount_fen - order.refunded_fen for order in left)
        raise Refusal(f"{shown(customer)} 单笔最多还能退 {show_money(most)}。看单号：订单 #{customer.id}")
    if len(fitting) > 1 and len(exact) != 1:
        listed = "\n".join(
            f"· 单号{order.id} {show_money(order.amount_fen)} {items_shown(order.items)}" for order in fitting[:5]
        )
        example = f"退款 单号{fitting[0].id} {_digits(fitting[0].amount_fen)}"
        raise Refusal(f"{shown(customer)} 有几笔都可以退，请写单号：\n{listed}\n例子：{example}")
    return (exact or fitting)[0]


@on.staff(Deal)
def deal(talk: StaffTalk) -> str:
    intent = talk.intent
    customer = talk.one(intent.whom)
    order = orders.deal(
        talk.tx,
        customer,
        amount_fen=intent.amount_fen,
        items=intent.items,
        note=intent.note,
        staff_id=talk.staff.id,
    )
    items = f" {items_shown(intent.items)}" if intent.items else ""
    agreed = f"{shown(customer)} 谈成了：{show_money(intent.amount_fen)}{items}，单号{order.id}，{STAGES[1]}"
    return f"{agreed}\n顾客付款后发：下单 {order.id}"


@on.staff(Orders)
def list_orders(talk: StaffTalk) -> str:
    customer, page = talk.one(talk.intent.whom), talk.intent.page
    count = orders.how_many(talk.tx, customer.id)
    if not count:
        return f"{shown(customer)} 还没有订单。记一笔：消费 {customer.name or f'#{customer.id}'} 298 连衣裙"
    pages = -(-count // PAGE)
    if not 1 <= page <= pages:
        raise Refusal(f"{shown(customer)} 的订单一共 {pages} 页，例如：订单 #{customer.id}")
    found = orders.of(talk.tx, customer.id, count=PAGE, skip=(page - 1) * PAGE)
    head = f"{shown(customer)} 的订单" + (f"（{count} 单，第 {page}/{pages} 页）" if pages > 1 else "")
    more = f"\n再往前：订单 #{customer.id} 第{page + 1}页" if page < pages else ""
    return f"{head}：\n" + "\n".join(_order_line(talk, order) for order in found) + more


def _order_line(talk: StaffTalk, order: Order) -> str:
    parts = [f"单号{order.id}", talk.day(order.created_at), show_money(order.amount_fen)]
    if order.items:
        parts.append(items_shown(order.items))
    parts.append(stage_shown(order.stage))
    if order.parcel:
        parts.append(f"{order.carrier or ''}{order.parcel}")
    if order.refunded_fen:
        parts.append(f"已退{show_money(order.refunded_fen)}")
    return " ".join(parts)


@on.staff(Ordered)
def ordered(talk: StaffTalk) -> str:
    order = orders.get(talk.tx, talk.intent.order)
    orders.ordered(talk.tx, order, staff_id=talk.staff.id)
    booked = f"单号{order.id} 已下单 {STAGES[2]}，收款 {show_money(order.amount_fen)} 记进账本"
    return booked + _copy(talk, order, "下单告知")


@on.staff(Shipped)
def shipped(talk: StaffTalk) -> str:
    order = orders.get(talk.tx, talk.intent.order)
    orders.shipped(talk.tx, order, carrier=talk.intent.carrier, parcel=talk.intent.parcel, staff_id=talk.staff.id)
    parcel = f"{order.carrier or ''} {order.parcel or ''}".strip() or "没写快递单号"
    return f"单号{order.id} 已发货 {STAGES[2]}：{parcel}" + _copy(talk, order, "发货通知")


@on.staff(Delivered)
def delivered(talk: StaffTalk) -> str:
    order = orders.get(talk.tx, talk.intent.order)
    orders.delivered(talk.tx, order, staff_id=talk.staff.id)
    talk.label(f"单号{order.id} 签收")
    return f"单号{order.id} 已签收 {STAGES[3]}。过几天问问用得怎么样。" + _copy(talk, order, "签收询问")


@on.staff(UsedUp)
def used_up(talk: StaffTalk) -> str:
    order = orders.get(talk.tx, talk.intent.order)
    due = talk.intent.due
    moment = datetime.combine(due, time(9), talk.shop.timezone) if due else None
    orders.used_up(talk.tx, order, due=moment, staff_id=talk.staff.id)
    if due:
        talk.label(f"单号{order.id} 预计用完的日子")
        days = orders.remember_days(talk.tx, order)
        next_time = f"下次卖“{items_shown(order.items)}”也按 {days} 天算。" if days and order.customer_id else ""
        return f"单号{order.id} 预计 {due.month}月{due.day}日 用完，到时在“今日”提醒您。{next_time}"
    talk.label(f"单号{order.id} 用完")
    return f"单号{order.id} 用完了 {STAGES[4]}，可以问问要不要再来一份。" + _copy(talk, order, "用完提醒")


def _copy(talk: StaffTalk, order: Order, name: str) -> str:
    """On a line of its own the text to copy for the customer; empty where there is no such script or nobody to tell."""
    if order.customer_id is None or name not in scripts.names(talk.tx):
        return ""
    customer = customers.get(talk.tx, order.customer_id)
    try:
        text = working_day.words(talk.tx, talk.shop, name, customer, order)
    except Refusal:
        return ""  # a fact the wording needs is not known (no parcel number, no items): nothing to copy is no failure
    desk.speak_of(talk.tx, talk.staff.id, customer.id)
    if after_sale.speaks(talk.tx, name):
        soon = talk.tx.now + after_sale.SECOND_THOUGHTS
        opens = letter_rules.opening(soon, talk.shop.quiet_hours, talk.shop.timezone)
        when = talk.moment(opens) if opens > soon else "1 分钟后"
        return f"\n{when} 自动告诉{shown(customer)}：“{text}”\n记错了先说“撤销”，TA 不会收到"
    return f"\n可以告诉{shown(customer)}：“{text}”\n直接发：回 #{customer.id} 加这段话"
