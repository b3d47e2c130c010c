"""The book of money, by chat: what came in, closing a month, whose payment it is."""

from __future__ import annotations

from datetime import date, datetime, time

from bot.domain.orders import daybook
from bot.errors import Refusal
from bot.language.intents import CloseMonth, Receipts
from bot.language.money import show_money
from handlers.talk import StaffTalk, on

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
