"""The book of money, by chat: what came in, closing a month, whose payment it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from bot.domain.customers.models import Customer
from bot.domain.customers.rules import shown
from bot.domain.orders import daybook, payments
from bot.domain.orders import service as orders
from bot.domain.orders.models import Order, Payment
from bot.errors import Refusal
from bot.language.money import show_money
from bot.language.order_intents import Claim, CloseMonth, Receipts, Unclaimed
from handlers.talk import WIDE, StaffTalk, on

PAGE = 6  # payments a reply, as orders have
SOURCES = {"shop": "店里", "online": "线上", "deal": "成交单", "bill": "账单导入"}


@on.staff(Receipts)
def receipts(talk: StaffTalk) -> str:
    since, until = _begins(talk, talk.intent.since), _begins(talk, talk.intent.until)
    totals = daybook.totals(talk.tx, since, until)
    lines = [f"{talk.intent.period}收款：", *told(totals)]
    if until <= daybook.closed_until(talk.tx):
        lines.append("（已月结）")
    return "\n".join(lines)


def told(totals: daybook.Totals) -> list[str]:
    """What a stretch of time came to, in lines a phone shows."""
    if not (totals.received.count or totals.refunded.count or totals.corrected.count):
        lines = ["还没有收款。"]
    else:
        lines = [f"收 {_sum(totals.received)}，退 {_sum(totals.refunded)}，净收 {show_money(totals.net_fen)}"]
        by_size = sorted(totals.sources.items(), key=lambda source: -source[1].fen)
        lines += [f"· {SOURCES.get(source, '其他')} {_sum(sum_)}" for source, sum_ in by_size]
    if totals.corrected.count:
        lines.append(f"更正以前的 {totals.corrected.count} 笔 {show_money(totals.corrected.fen)}")
    if totals.spent.count:
        lines.append(f"支出 红包 {_sum(totals.spent)}")
    if totals.spent_corrected.count:
        lines.append(f"更正以前的红包支出 {_sum(totals.spent_corrected)}")
    if totals.spent.count or totals.spent_corrected.count:
        left = totals.left_fen
        lines.append(f"减去支出还有 {show_money(left)}" if left >= 0 else f"支出比收款多 {show_money(-left)}")
    if totals.opening.count:
        lines.append(f"另有导入的以前消费 {_sum(totals.opening)}，不算收款")
    if totals.held.count:
        lines.append(f"账单里 {_sum(totals.held)} 可能已经记过，没有算进来，发送：未认领")
    return lines


def _sum(total: daybook.Sum) -> str:
    return f"{total.count} 笔 {show_money(abs(total.fen))}"


def _begins(talk: StaffTalk, day: date) -> datetime:
    return datetime.combine(day, time(), talk.shop.timezone)


@on.staff(CloseMonth)
def close_month(talk: StaffTalk) -> str:
    if talk.staff.role != "owner":
        raise Refusal("月结只有老板能做，什么都没有改。")
    first: date = talk.intent.month
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    begins, ends = _begins(talk, first), _begins(talk, after)
    daybook.close(talk.tx, begins, ends, staff_id=talk.staff.id)
    talk.label(f"月结 {first.year}年{first.month}月")
    totals = daybook.totals(talk.tx, begins, ends)
    closed = [f"{first.year}年{first.month}月已月结：", *told(totals)]
    return "\n".join([*closed, "这个月和更早的不再记账；以后的更正记在当月。"])


# --- payments of bills ------------------------------------------------------------------------------------------------


@on.staff(Unclaimed)
def unclaimed(talk: StaffTalk) -> str:
    page = talk.intent.page
    found, total = payments.unclaimed(talk.tx, count=PAGE, skip=(page - 1) * PAGE)
    if not total:
        return "没有待认领的收款。"
    if not found:
        raise Refusal(f"待认领的一共 {-(-total // PAGE)} 页，例如：未认领")
    lines = [f"待认领 {total} 笔：", *(payments.told(talk.tx, one, talk.moment(one.paid_at)) for one in found)]
    if total > page * PAGE:
        lines.append(f"还有更多：未认领 第{page + 1}页")
    first = found[0].id
    lines.append(f"是谁的：认领 {first} 小美；路人：认领 {first} 散客")
    suspect = next((one for one in found if payments.suspected(talk.tx, one)), None)
    if suspect is not None:
        lines.append(f"已经记过的：认领 {suspect.id} 同一笔；没记过：认领 {suspect.id} 另一笔；都记过：认领 全部")
    return "\n".join(lines)


@on.staff(Claim)
def claim(talk: StaffTalk) -> str:
    intent = talk.intent
    if intent.payment is None:
        return _claim_all(talk)
    payment = payments.get(talk.tx, intent.payment)
    if intent.meant == "customer":
        customer = talk.one(intent.whom)
        order = payments.claim(talk.tx, payment, customer, staff_id=talk.staff.id)
        return _claimed(talk, payment, order, customer)
    if intent.meant == "order":
        return _same(talk, payment, orders.get(talk.tx, intent.order))
    if intent.meant == "same":
        suspect = payments.suspected(talk.tx, payment)
        if suspect is None:
            raise Refusal(f"{payment.id} 这笔没有看着像的单子。写上单号：认领 {payment.id} 单号12")
        return _same(talk, payment, suspect)
    if intent.meant == "another":
        order = payments.is_another(talk.tx, payment, staff_id=talk.staff.id)
        talk.label(f"认领 {payment.id} 另一笔")
        more = "" if payment.settled_at else f"是谁的：认领 {payment.id} 小美"
        return f"{payment.id} 单独记成单号{order.id}，{show_money(payment.amount_fen)}。{more}"
    order = payments.is_nobodys(talk.tx, payment, staff_id=talk.staff.id)
    talk.label(f"认领 {payment.id} 散客")
    return f"{payment.id} 记成散客，单号{order.id}，{show_money(payment.amount_fen)}"


def _claimed(talk: StaffTalk, payment: Payment, order: Order, customer: Customer) -> str:
    talk.label(f"认领 {payment.id} {shown(customer)}")
    lines = [
        f"{payment.id} 是 {shown(customer)} 的：{show_money(payment.amount_fen)}，单号{order.id}，"
        f"累计 {show_money(customer.spent_fen)}"
    ]
    others = payments.others_of(talk.tx, payment)
    if others:
        numbers = "、".join(str(number) for number in others)
        lines.append(f"同一个付款人还有没认领的：{numbers}。例如：认领 {others[0]} #{customer.id}")
    if payment.payer or payment.payer_id:
        lines.append("以后导入的账单里，这个付款人就记给 TA。")
    return "\n".join(lines)


def _same(talk: StaffTalk, payment: Payment, order: Order) -> str:
    payments.is_same(talk.tx, payment, order, staff_id=talk.staff.id)
    talk.label(f"认领 {payment.id} 单号{order.id}")
    return f"{payment.id} 和单号{order.id} 是同一笔，{show_money(payment.amount_fen)} 只算一次"


def _claim_all(talk: StaffTalk) -> str:
    """Every payment that looks like an order typed that day is that one; many only after a code."""
    found = payments.held(talk.tx)
    if not found:
        raise Refusal("没有看着像已经记过的收款。发送“未认领”看清单。")
    numbers = [payment.id for payment in found]
    if len(found) > WIDE:
        total = show_money(sum(payment.amount_fen for payment in found))
        question = f"要把账单里的 {len(found)} 笔 {total} 都当作已经记过的同一笔。"
        return talk.confirm("payments.same", {"ids": numbers}, question)
    return _all_same(talk, numbers)


@on.confirmed("payments.same")
def all_same(talk: StaffTalk, payload: dict[str, list[int]]) -> str:
    return _all_same(talk, payload["ids"])


def _all_same(talk: StaffTalk, numbers: Sequence[int]) -> str:
    done = 0
    for number in numbers:
        payment = payments.get(talk.tx, number)
        suspect = payments.suspected(talk.tx, payment)
        if suspect is None:
            raise Refusal(f"{number} 这笔的单子刚才被撤销了，什么都没有改。请再发一次：认领 全部")
        payments.is_same(talk.tx, payment, suspect, staff_id=talk.staff.id)
        done += 1
    talk.label(f"认领 {done} 笔同一笔")
    return f"{done} 笔都是已经记过的，每笔只算一次"
