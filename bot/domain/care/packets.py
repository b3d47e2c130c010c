"""Holiday red packets (红包): planned, staff reminded with the wish to copy, handed out by a person, recorded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.care import days, holidays, occurrences, rules
from bot.domain.care.models import PacketBudget, PacketPlan, PacketThanks, Plan
from bot.domain.care.occurrences import ASK_AMOUNT, Reminder, Struck
from bot.domain.care.rules import Due
from bot.domain.customers import segments
from bot.domain.customers.rules import shown
from bot.domain.groups import service as groups
from bot.domain.orders import daybook
from bot.domain.scripts import service as scripts
from bot.domain.scripts.rules import RenderError, compile_template
from bot.errors import Refusal
from bot.language import care_intents
from bot.language.money import show_money
from bot.language.normalise import display_name, stored
from bot.language.segments import parse_segment
from bot.settings import Settings
from bot.store.transaction import Tx

# No 快乐 on a day of mourning.
_QUIET_HOLIDAYS = frozenset({"清明"})
GROUP = "社群"  # before a name: the customer group of that name, whatever segment has it too
_PLAIN_WISH = "谢谢您一直以来的照顾"
SHOWN_DONE = 3
# 谢谢红包 is an answer, 红包怎么没收到 is a question a person answers.
_THANKS = re.compile(
    r"(?!.*(?:没|怎么|吗|哪|呢|多少|为什么|咋|骗|[?？]))"
    r".*(?:红包.*(?:谢|收|领|抢|开心|高兴)|(?:谢|收到|领到|抢到).*红包|(?:谢谢|感谢|多谢).{0,4}(?:老板|店家|掌柜))",
    re.DOTALL,
)


def plan(tx: Tx, shop: Settings, *, staff_id: int, said: care_intents.PacketPlan) -> PacketPlan:
    """Plans red packets for the next time a holiday, or a day of the shop's own, comes round; plants the reminders.

    Raises Refusal for an unknown holiday, naming the nearest, and for a budget that gives less than a fen each.
    """
    name, day = _meant(tx, said.holiday, tx.now.astimezone(shop.timezone).date())
    if said.budget_fen < said.count:
        raise Refusal(
            f"{show_money(said.budget_fen)}不够分成 {said.count} 个，每个至少 0.01元，没有记。"
            f"例如：红包 计划 {name} {said.group} 200元 20个"
        )
    _within_budget(tx, said.budget_fen, day)
    packet = PacketPlan(
        holiday=name,
        on_day=day.isoformat(),
        recipients=display_name(said.group)[0],
        budget_fen=said.budget_fen,
        count=said.count,
        wishes=stored(said.wishes),
        remind_days=rules.PACKET_REMIND_DAYS if said.remind_days is None else said.remind_days,
        state="planned",
        spent_known=False,
        staff_id=staff_id,
        created_at=tx.now,
    )
    tx.session.add(packet)
    tx.session.flush()
    schedule = Plan(
        kind="packet",
        title=name,
        packet_id=packet.id,
        remind_days=packet.remind_days,
        staff_id=staff_id,
        created_at=tx.now,
    )
    tx.session.add(schedule)
    tx.session.flush()
    occurrences.plant(tx, schedule, moments(packet, shop))
    return packet


def _meant(tx: Tx, said: str, today: date) -> tuple[str, date]:
    name = holidays.find(said)
    if name is not None:
        return name, holidays.next_day(name, today)
    own = days.coming(tx, today)
    if said in own:
        return said, own[said]
    near = "、".join(holidays.nearest(said, today, others=own))
    raise Refusal(f"没有“{said}”这个节日。您是不是说：{near}？自己的日子先加进日历：日历 添加 {said} 10月18日 每年")


def moments(packet: PacketPlan, shop: Settings) -> list[Due]:
    """When staff are reminded of a packet; the last one is the question of the day after."""
    reminders = rules.packet_reminders(packet.day, packet.remind_days, hour=shop.digest_at, zone=shop.timezone)
    return rules.still_to_come(reminders, packet.created_at, shop.timezone)


def done(tx: Tx, number: int, *, spent_fen: int | None, staff_id: int) -> PacketPlan:
    """Records that packets were handed out, in the book as money paid out; without an amount the budget counts, and the
    next day staff are asked.

    May be said again with the real amount. Raises Refusal for an unknown number, for more than the budget, and for a
    second time without an amount.
    """
    packet = tx.session.get(PacketPlan, number, with_for_update=True) if number < 2**31 else None
    if packet is None:
        raise Refusal(_unknown(tx, number))
    if packet.given_up:
        raise Refusal(f"红包 {number} 已经取消了，没有记。真发了就重新计划一个，再记已发。")
    if packet.state == "done" and spent_fen is None:
        raise Refusal(
            f"红包 {number} 已经记过了，实发 {show_money(packet.spent_fen or 0)}。要改金额：红包 已发 {number} 实发180元"
        )
    if spent_fen is not None and spent_fen > packet.budget_fen:
        raise Refusal(
            f"实发 {show_money(spent_fen)}，超过了红包 {number} 的预算 {show_money(packet.budget_fen)}，没有记。"
            "请核对金额再说一次。"
        )
    if packet.state == "planned":
        packet.state = "done"
        packet.done_at = tx.now
    spent = packet.budget_fen if spent_fen is None else spent_fen
    if packet.spent_fen != spent:
        note = f"红包 {packet.id} {packet.holiday} {packet.recipients}"
        daybook.spend_on_packets(tx, packet.id, spent, note=note, at=packet.done_at or tx.now, staff_id=staff_id)
    packet.spent_fen = spent
    packet.spent_known = spent_fen is not None
    if spent_fen is None:
        _plant_question(tx, packet)
    return packet


def cancel(tx: Tx, number: int) -> PacketPlan:
    """Gives a plan up; nobody is reminded of it any more. Raises Refusal for one that was handed out, or is not there."""
    packet = tx.session.get(PacketPlan, number, with_for_update=True) if number < 2**31 else None
    if packet is None:
        raise Refusal(_unknown(tx, number))
    if packet.given_up or packet.state == "done":
        raise Refusal(f"红包 {number} {'已经取消了' if packet.given_up else '已经发了，不能取消'}。")
    packet.given_up = True
    return packet


def _unknown(tx: Tx, number: int) -> str:
    open_numbers = "、".join(f"{one.id} {one.holiday}" for one in open_plans(tx)) or "没有"
    return f"没有红包 {number}。还没发的：{open_numbers}"


# -- the budget --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent in a month or year (None: as much as one likes), what is planned for it and what was spent."""

    span: str
    most_fen: int | None
    planned_fen: int
    spent_fen: int


def set_budget(tx: Tx, span: str, most_fen: int | None, *, staff_id: int) -> None:
    """Sets what packets may cost each ``month`` or ``year``; None lifts it."""
    row = tx.session.get(PacketBudget, span)
    if most_fen is None:
        if row is not None:
            tx.session.delete(row)
    elif row is None:
        tx.session.add(PacketBudget(span=span, most_fen=most_fen, staff_id=staff_id, at=tx.now))
    else:
        row.most_fen, row.staff_id, row.at = most_fen, staff_id, tx.now
    tx.session.flush()


def budgets(tx: Tx, day: date) -> list[Budget]:
    """The month and the year of a day: a packet counts in those of its holiday."""
    spans = {"month": day.isoformat()[:7], "year": day.isoformat()[:4]}
    return [_budget(tx, span, begins) for span, begins in spans.items()]


def _budget(tx: Tx, span: str, begins: str) -> Budget:
    row = tx.session.get(PacketBudget, span)
    sums = select(PacketPlan.state, func.sum(func.coalesce(PacketPlan.spent_fen, PacketPlan.budget_fen))).where(
        PacketPlan.on_day.startswith(begins), PacketPlan.given_up.is_(False)
    )
    known = {state: int(fen) for state, fen in tx.execute(sums.group_by(PacketPlan.state))}
    return Budget(span, None if row is None else row.most_fen, known.get("planned", 0), known.get("done", 0))


def _within_budget(tx: Tx, wanted_fen: int, day: date) -> None:
    # Two who plan at once wait for each other here, or both would fit.
    list(tx.session.scalars(select(PacketBudget).order_by(PacketBudget.span).with_for_update()))
    for budget in budgets(tx, day):
        total = budget.planned_fen + budget.spent_fen + wanted_fen
        if budget.most_fen is not None and total > budget.most_fen:
            when, every = (f"{day.month}月", "每月") if budget.span == "month" else (f"{day.year}年", "每年")
            raise Refusal(
                f"加上这个，{when}的红包一共 {show_money(total)}，超过了{every}的预算 {show_money(budget.most_fen)}，没有记。"
                f"少发一些，或改预算：红包 预算 {every} {show_money(total)}"
            )


# -- who answers -------------------------------------------------------------------------------------------------------


def answered(tx: Tx, customer_id: int, said: str) -> PacketPlan | None:
    """The packets a customer's words thank for, if some were handed out in the last days and the words speak of them.

    Each customer is thanked for each once; who is thanked is kept.
    """
    if _THANKS.match(said) is None:
        return None
    lately = select(PacketPlan).where(
        PacketPlan.state == "done", PacketPlan.done_at > tx.now - rules.PACKET_ANSWERED_WITHIN
    )
    packet = tx.session.scalars(lately.order_by(PacketPlan.done_at.desc()).limit(1)).first()
    if packet is None:
        return None
    insert = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
    row = {"packet_id": packet.id, "customer_id": customer_id, "at": tx.now}
    first = insert(PacketThanks).values(row).on_conflict_do_nothing().returning(PacketThanks.packet_id)
    return packet if tx.execute(first).first() is not None else None


def thanked(tx: Tx, packet_id: int) -> int:
    """How many customers have answered these packets."""
    count = select(func.count()).select_from(PacketThanks).where(PacketThanks.packet_id == packet_id)
    return tx.execute(count).scalar_one()


def recipients_words(tx: Tx, packet: PacketPlan, shop: Settings) -> str:
    """``“老客群”``; of a segment how many customers it names by now and a few of them, of a customer group who hosts it."""
    if packet.recipients.startswith(GROUP) and (chat := groups.find(tx, packet.recipients)) is not None:
        return groups.words(tx, chat)
    try:
        count, some = segments.look(tx, parse_segment(packet.recipients), tx.now.astimezone(shop.timezone))
    except Refusal:
        chat = groups.find(tx, packet.recipients)
        return f"“{packet.recipients}”" if chat is None else groups.words(tx, chat)
    named = "、".join(shown(customer) for customer in some)
    more = f"：{named}{' 等' if count > len(some) else ''}" if some else ""
    return f"“{packet.recipients}”（现在 {count} 位{more}）"


def _plant_question(tx: Tx, packet: PacketPlan) -> None:
    schedule = tx.session.scalars(select(Plan).where(Plan.packet_id == packet.id)).one()
    at = tx.now + rules.UNCLAIMED_RETURNS_AFTER
    occurrences.plant(tx, schedule, [Due(at, at + rules.QUESTION_GRACE)], purpose=ASK_AMOUNT)


def open_plans(tx: Tx) -> Sequence[PacketPlan]:
    """Plans not yet handed out, by day."""
    waiting = select(PacketPlan).where(PacketPlan.state == "planned", PacketPlan.given_up.is_(False))
    return tx.session.scalars(waiting.order_by(PacketPlan.on_day, PacketPlan.id)).all()


def handed_out(tx: Tx) -> Sequence[PacketPlan]:
    """The last few that were handed out, newest first."""
    given = select(PacketPlan).where(PacketPlan.state == "done")
    return tx.session.scalars(given.order_by(PacketPlan.done_at.desc(), PacketPlan.id.desc()).limit(SHOWN_DONE)).all()


def wish(tx: Tx, packet: PacketPlan, shop: Settings) -> str:
    """The wish to copy: the plan's own, else the script for this holiday or any, else a plain one of ours."""
    if packet.wishes:
        return packet.wishes
    wanted = [f"{packet.holiday}红包祝语"]
    if packet.holiday not in _QUIET_HOLIDAYS:
        wanted.append("节日红包祝语")
    known = scripts.names(tx)
    name = next((name for name in wanted if name in known), None)
    if name is None:
        return _PLAIN_WISH
    p = {
        "holiday": packet.holiday,
        "budget": show_money(packet.budget_fen).removesuffix("元"),
        "count": str(packet.count),
        "group": packet.recipients,
    }
    try:
        return compile_template(scripts.find(tx, name).text).render(
            {"p": p, "shop": scripts.shop_context(tx, shop.shop_name)}
        )
    except RenderError:
        # The merchant's own wording names the customer; a packet for a group has none.
        return _PLAIN_WISH


def reminder(tx: Tx, struck: Struck, shop: Settings) -> Reminder | None:
    """What to tell about a packet now; None when it is handed out, or its amount is known."""
    packet = tx.session.get(PacketPlan, struck.plan.packet_id)
    if packet is None:
        return None
    if struck.purpose == ASK_AMOUNT:
        return _ask_amount(packet, struck)
    is_open = packet.state == "planned" and not packet.given_up
    return _remind(tx, packet, struck, shop) if is_open else None


def _remind(tx: Tx, packet: PacketPlan, struck: Struck, shop: Settings) -> Reminder:
    today = tx.now.astimezone(shop.timezone).date()
    left = (packet.day - today).days
    whom = f"给{recipients_words(tx, packet, shop)}发 {packet.count} 个，共 {show_money(packet.budget_fen)}"
    if left < 0:
        again = "后天再问一次" if left == -1 else "不再提醒"
        return Reminder(
            f"红包 {packet.id}：{packet.holiday}过了，还没有记已发（{whom}）。"
            f"\n发了请回：红包 已发 {packet.id}\n没发请回：红包 取消 {packet.id}（不回的话{again}）"
        )
    if left == 0 and struck.due_at.astimezone(shop.timezone).time() == rules.PACKET_EVENING:
        return Reminder(
            f"红包 {packet.id}：今天是{packet.holiday}，还没有记已发（{whom}）。"
            f"\n祝福语（可复制）：\n{wish(tx, packet, shop)}\n发了请回：红包 已发 {packet.id}；不发了：红包 取消 {packet.id}",
            urgent=True,
        )
    when = "今天是" if left == 0 else "明天是" if left == 1 else f"还有 {left} 天是"
    return Reminder(
        f"红包 {packet.id}：{when}{packet.holiday}（{rules.day_words(packet.day, today)}），{whom}。"
        f"\n祝福语（可复制）：\n{wish(tx, packet, shop)}\n发完请回：红包 已发 {packet.id}",
        urgent=left <= 1,
    )


def _ask_amount(packet: PacketPlan, struck: Struck) -> Reminder | None:
    # Taken back and recorded again since: the later record has a question of its own.
    is_the_last_record = packet.done_at is not None and struck.due_at == packet.done_at + rules.UNCLAIMED_RETURNS_AFTER
    if packet.spent_known or not is_the_last_record:
        return None
    return Reminder(
        f"红包 {packet.id}（{packet.holiday}，{packet.recipients}）发出一天了，没人领的已经退回。"
        f"实际花了多少？现在按预算 {show_money(packet.budget_fen)}记着。"
        f"\n不一样请回：红包 已发 {packet.id} 实发180元"
    )
