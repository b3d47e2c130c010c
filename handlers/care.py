"""The calendar, reminders to oneself and holiday red packets, as staff ask for them in the chat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby

from bot.domain.activities import service as activities
from bot.domain.campaigns import service as campaigns
from bot.domain.care import days, packets, reminders, rules, service
from bot.domain.care import models as care
from bot.domain.merchants import desk
from bot.domain.merchants.service import require_owner
from bot.errors import Refusal
from bot.language.care_intents import (
    Calendar,
    CalendarAdd,
    PacketBudget,
    PacketCancel,
    PacketDone,
    PacketList,
    PacketPlan,
    Remind,
    RemindCancel,
    Reminders,
    Snooze,
)
from bot.language.money import show_money
from bot.language.times import show_time
from bot.store.transaction import Tx
from handlers.talk import StaffTalk, on

REMIND_EXAMPLE = "提醒 周五15:00 给张姐打电话"
PLAN_EXAMPLE = "红包 计划 中秋 老客群 200元 20个"
BROADCASTS_LOOKED_AT = 50  # the newest; what waits for its time in the next month is among them


@on.staff(Calendar)
def show_calendar(talk: StaffTalk) -> str:
    coming = service.calendar(talk.tx, talk.shop, staff_id=talk.staff.id, sources=[_activities, _broadcasts])
    if not coming:
        return "未来 30 天没有节日和安排。添加：日历 添加 店庆 10月18日 每年"
    lines = []
    for day, entries in groupby(coming, key=lambda entry: entry.day):
        words = "；".join(f"{entry.hour:%H:%M} {entry.words}" if entry.hour else entry.words for entry in entries)
        lines.append(f"{rules.day_words(day, talk.now.date())} {words}")
    return "\n".join(["未来 30 天：", *lines, *filter(None, [service.unannounced(talk.tx, talk.shop)])])


def _activities(tx: Tx, _start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    return [
        (activity.at, f"活动 {activity.id} {activity.title}")
        for activity in activities.open_ones(tx)
        if activity.at is not None and activity.at < end
    ]


def _broadcasts(tx: Tx, _start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    once = [
        (broadcast.start_at, f"群发 {broadcast.id} {broadcast.segment}")
        for broadcast in campaigns.latest(tx, BROADCASTS_LOOKED_AT)
        if broadcast.state == "scheduled" and broadcast.start_at is not None and broadcast.start_at < end
    ]
    repeated = [
        (plan.start_at, f"群发 {plan.id} {plan.segment}（{plan.repeats}）")
        for plan in campaigns.plans(tx)
        if plan.start_at is not None and plan.start_at < end
    ]
    return once + repeated


@on.staff(CalendarAdd)
def add_to_calendar(talk: StaffTalk) -> str:
    own_day, first, moments = days.add(talk.tx, talk.shop, staff_id=talk.staff.id, said=talk.intent)
    when = rules.day_words(first, talk.now.date())
    if own_day.on_day is None:
        when = f"每年{days.date_words(own_day)}，下一次 {when}"
    talk.label(f"日历 {own_day.title}")
    return f"记下了：{own_day.title}（{when}）。{_reminders(talk, moments, first)}会提醒。{_odd_days(own_day)}"


def _odd_days(own_day: care.CalendarDay) -> str:
    if own_day.lunar:
        words = "没有闰月的年份按平月算。" if own_day.month < 0 else ""
        return words + ("没有三十的年份按月底那天算。" if own_day.day == 30 else "")
    return "没有2月29日的年份按2月28日算。" if (own_day.month, own_day.day) == (2, 29) else ""


@on.staff(Remind)
def remind_me(talk: StaffTalk) -> str:
    plan = reminders.remind(talk.tx, staff_id=talk.staff.id, at=talk.intent.at, text=talk.intent.text)
    talk.label(f"提醒 {plan.title[:20]}")
    return f"好，{show_time(talk.intent.at, talk.now)} 提醒您：{plan.title}"


@on.staff(Reminders)
def list_reminders(talk: StaffTalk) -> str:
    mine = reminders.own(talk.tx, talk.staff.id)
    if not mine:
        return f"您没有还没响的提醒。记一条：{REMIND_EXAMPLE}"
    lines = [f"{own.number}. {show_time(own.at, talk.now)} {own.words}" for own in mine]
    return "\n".join([f"还没响的提醒 {len(mine)} 条：", *lines, f"不要了：提醒 取消 {mine[0].number}"])


@on.staff(RemindCancel)
def cancel_reminder(talk: StaffTalk) -> str:
    gone = reminders.cancel(talk.tx, talk.intent.reminder, staff_id=talk.staff.id)
    talk.label(f"取消提醒 {gone.words[:20]}")
    return f"取消了：{show_time(gone.at, talk.now)} 的提醒“{gone.words}”"


@on.staff(Snooze)
def snooze(talk: StaffTalk) -> str:
    """What was just reminded of comes once more; of several that came together staff say which."""
    until, number = talk.intent.until, talk.intent.reminder
    found = [reminders.heard_as(talk.tx, number, staff_id=talk.staff.id)] if number else _just_heard(talk)
    if len(found) > 1:
        return _which(talk, found)
    reminders.put_off(talk.tx, found[0], until, staff_id=talk.staff.id)
    talk.label(f"推迟 {found[0].words[:20]}")
    return f"好，{show_time(until, talk.now)} 再提醒您：{found[0].words}"


def _just_heard(talk: StaffTalk) -> list[reminders.Heard]:
    found = reminders.heard(talk.tx, talk.staff.id)
    if not found:
        raise Refusal("最近没有刚响的提醒，没有推迟。清单里的事要说第几件：推迟 1 明天；自己的提醒先取消再记：提醒")
    return found


def _which(talk: StaffTalk, found: Sequence[reminders.Heard]) -> str:
    when = show_time(talk.intent.until, talk.now)
    lines = [f"推迟 提醒{one.number} {when}" for one in found]
    labels = [one.words[:30] for one in found]
    desk.ask(talk.tx, talk.staff.id, desk.Question("offer", {"line": talk.line, "options": lines}, labels))
    listed = "\n".join(f"{number}. {label}" for number, label in enumerate(labels, start=1))
    return f"刚才一起响了 {len(found)} 条，推迟哪一条？回复数字：\n{listed}"


@on.staff(PacketPlan)
def plan_packet(talk: StaffTalk) -> str:
    packet = packets.plan(talk.tx, talk.shop, staff_id=talk.staff.id, said=talk.intent)
    talk.label(f"红包计划 {packet.id} {packet.holiday}")
    return (
        f"记下了：红包 {packet.id}，{packet.holiday}（{rules.day_words(packet.day, talk.now.date())}）"
        f"给{packets.recipients_words(talk.tx, packet, talk.shop)}发 {packet.count} 个，共 {show_money(packet.budget_fen)}。"
        f"\n{_reminders(talk, packets.moments(packet, talk.shop), packet.day)}会提醒，祝福语一起给您。"
        f"\n发完请说：红包 已发 {packet.id}{_budget_left(talk, packet.day)}"
    )


def _budget_left(talk: StaffTalk, day: date) -> str:
    said = [
        f"{_span(budget, day)}预算还剩 {show_money(left) if left else '0元'}"
        for budget in packets.budgets(talk.tx, day)
        if budget.most_fen is not None
        for left in [budget.most_fen - budget.planned_fen - budget.spent_fen]
    ]
    return f"\n{'，'.join(said)}" if said else ""


def _span(budget: packets.Budget, day: date) -> str:
    return f"{day.month}月" if budget.span == "month" else f"{day.year}年"


@on.staff(PacketCancel)
def cancel_packet(talk: StaffTalk) -> str:
    packet = packets.cancel(talk.tx, talk.intent.packet)
    talk.label(f"红包 {packet.id} 取消")
    return f"红包 {packet.id}（{packet.holiday}“{packet.recipients}”{show_money(packet.budget_fen)}）取消了，不再提醒。"


@on.staff(PacketBudget)
def packet_budget(talk: StaffTalk) -> str:
    intent, day = talk.intent, talk.now.date()
    if intent.span:
        require_owner(talk.staff, "红包预算")
        packets.set_budget(talk.tx, intent.span, intent.most_fen or None, staff_id=talk.staff.id)
        talk.label("红包预算")
    words = {"month": "每月", "year": "每年"}
    lines = []
    for budget in packets.budgets(talk.tx, day):
        most = "不限" if budget.most_fen is None else show_money(budget.most_fen)
        used = "，".join(
            f"{what} {show_money(fen)}"
            for what, fen in (("已发", budget.spent_fen), ("计划", budget.planned_fen))
            if fen
        )
        lines.append(f"{words[budget.span]} {most}；{_span(budget, day)}{used or '还没有花'}")
    return "\n".join(
        [f"红包预算{'改好了' if intent.span else ''}：", *lines, "改：红包 预算 每月 500元、红包 预算 每年 不限"]
    )


def _reminders(talk: StaffTalk, moments: Sequence[rules.Due], last: date) -> str:
    """``现在、10月5日、10月6日 09:30``: up to the day itself; what comes after is for those who forgot."""
    local = [talk.here(due.at) for due in moments]
    ahead = [f"{at.month}月{at.day}日" for at in local if talk.now < at and at.date() <= last]
    ahead = list(dict.fromkeys(ahead))
    now = ["现在"] if any(at <= talk.now for at in local) else []
    return "、".join([*now, *ahead]) + (f" {talk.shop.digest_at:%H:%M} " if ahead else "")


@on.staff(PacketList)
def list_packets(talk: StaffTalk) -> str:
    waiting, given = packets.open_plans(talk.tx), packets.handed_out(talk.tx)
    if not waiting and not given:
        return f"还没有红包计划。例如：{PLAN_EXAMPLE}"
    today = talk.now.date()
    lines = [
        f"红包 {packet.id}：{packet.holiday}（{rules.day_words(packet.day, today)}）"
        f"“{packet.recipients}”{packet.count} 个 {show_money(packet.budget_fen)}，"
        f"{'过了还没记已发' if packet.day < today else '未发'}"
        for packet in waiting
    ]
    lines += [
        f"红包 {packet.id}：{packet.holiday}“{packet.recipients}”已发，"
        f"{'实发' if packet.spent_known else '按预算记'} {show_money(packet.spent_fen or 0)}{_answered(talk, packet.id)}"
        for packet in given
    ]
    return "\n".join(lines) + ("\n发完请说：红包 已发 编号 [实发180元]；不发了：红包 取消 编号" if waiting else "")


def _answered(talk: StaffTalk, number: int) -> str:
    count = packets.thanked(talk.tx, number)
    return f"，{count} 位回了话" if count else ""


@on.staff(PacketDone)
def packet_done(talk: StaffTalk) -> str:
    packet = packets.done(talk.tx, talk.intent.packet, spent_fen=talk.intent.spent_fen, staff_id=talk.staff.id)
    talk.label(f"红包 {packet.id} 已发")
    spent = packet.spent_fen or 0
    said = f"记下了：红包 {packet.id}（{packet.holiday}“{packet.recipients}”）已发，记进小账本的支出，"
    if packet.spent_known:
        left = packet.budget_fen - spent
        return f"{said}实发 {show_money(spent)}" + (f"，预算还剩 {show_money(left)}。" if left else "，预算用完。")
    return (
        f"{said}先按预算 {show_money(spent)}记。没人领的 24 小时后退回，明天会问您实际花了多少；"
        f"现在就知道的话：红包 已发 {packet.id} 实发180元"
        f"\n有人道谢可以回：{talk.say('redpacket/thanks')}"
    )
