"""The care calendar by chat: occasion plans and their switches (关怀), and what the year holds (明年今天)."""

from __future__ import annotations

from collections import Counter
from datetime import date, time, timedelta

from bot.domain.campaigns import service as campaigns
from bot.domain.care import days, holidays, occasions, own_days, packets, rules, turns
from bot.domain.care.occasions import POSITION_WORDS, PURPOSE_WORDS, Occasion
from bot.domain.customers import segments
from bot.domain.scripts import service as scripts
from bot.domain.scripts.checker import refuse_punished
from bot.domain.scripts.rules import compile_template
from bot.errors import Refusal
from bot.language.care_intents import CareChange, CareList, CareShow, CareSwitch, YearAhead
from bot.language.money import show_money
from bot.language.segments import parse_segment
from handlers.talk import StaffTalk, on

EXAMPLE = "关怀 改 中秋 人群 M 话术 中秋祝福 礼物 月饼一块 提前3天 10:30"
_AN_EXAMPLE_NAME = "小美"
_A_YEAR = timedelta(days=365)


@on.staff(CareList)
def list_plans(talk: StaffTalk) -> str:
    today = talk.now.date()
    found = occasions.plans(talk.tx)
    dated = [(occasions.next_day(talk.tx, plan.name, today), plan) for plan in found]
    lines = [f"{plan.name}：{_position(plan)}" for plan in found if plan.on in occasions.PERSONAL]
    lines += [
        f"{day.month}月{day.day}日 {plan.name}：{_position(plan)}"
        for day, plan in sorted(((day, plan) for day, plan in dated if day is not None), key=lambda one: one[0])
    ]
    counts = Counter[str](plan.position for plan in found)
    said = "，".join(
        f"{POSITION_WORDS[position]} {counts[position]}" for position in POSITION_WORDS if counts[position]
    )
    return "\n".join(
        [
            f"关怀（{said}）：",
            *lines,
            "看一个：关怀 中秋；换：关怀 开 中秋、关怀 提醒 中秋、关怀 关 中秋；一年会发什么：明年今天",
        ]
    )


def _position(plan: Occasion) -> str:
    if plan.position == "send":
        return f"自动发给{_whom(plan)}，{plan.hour:%H:%M}"
    return f"提前 {plan.remind_days} 天提醒" if plan.position == "remind" else "关"


def _whom(plan: Occasion) -> str:
    return {"全部": "大家", "M": "买过的"}.get(plan.segment, f"“{plan.segment}”")


@on.staff(CareShow)
def show(talk: StaffTalk) -> str:
    return _shown(talk, _named(talk, talk.intent.occasion))


def _named(talk: StaffTalk, said: str) -> Occasion:
    return occasions.get(talk.tx, occasions.meant(talk.tx, said, talk.now.date()))


def _shown(talk: StaffTalk, plan: Occasion) -> str:
    today = talk.now.date()
    day = occasions.next_day(talk.tx, plan.name, today)
    when = f"（{rules.day_words(day, today)}，{_left(day, today)}）" if day is not None else ""
    lines = [f"{plan.name}{when}：{_state(plan)}", *_to_whom(talk, plan), *_said(talk, plan, day)]
    if plan.gift:
        lines.append(f"礼物：{plan.gift}")
    lines.append(
        f"提前 {plan.remind_days} 天和当天 {talk.shop.digest_at:%H:%M} 提醒店员；"
        f"{plan.hour:%H:%M} 发，过了当天不发；{PURPOSE_WORDS[plan.purpose]}消息"
    )
    others = {
        "send": f"关怀 开 {plan.name}（到时自己发）",
        "remind": f"关怀 提醒 {plan.name}",
        "off": f"关怀 关 {plan.name}",
    }
    lines.append("；".join(word for position, word in others.items() if position != plan.position))
    lines.append(f"改：关怀 改 {plan.name} 人群 M 话术 {plan.script or '店庆祝福'} 礼物 月饼一块 提前5天 10:30")
    return "\n".join(lines)


def _left(day: date, today: date) -> str:
    left = (day - today).days
    return {0: "就是今天", 1: "明天"}.get(left, f"还有 {left} 天")


def _state(plan: Occasion) -> str:
    return {"off": "关着", "remind": "只提醒店员", "send": "提醒店员，到时自己发"}[plan.position]


def _to_whom(talk: StaffTalk, plan: Occasion) -> list[str]:
    if plan.on in occasions.PERSONAL:
        count = own_days.count_yearly(talk.tx, plan)
        what = "记了生日的" if plan.on == "birthday" else "买过的"
        return [f"给谁：每位顾客在自己那天收到，{what} {count} 位{_of_segment(plan)}"]
    return [
        f"给谁：{turns.people_words(talk.tx, talk.shop, plan, talk.tx.now)}{turns.vip_words(talk.tx, talk.shop, plan)}"
    ]


def _of_segment(plan: Occasion) -> str:
    return "" if plan.segment in ("全部", "M") else f"，其中人群“{plan.segment}”的才发"


def _said(talk: StaffTalk, plan: Occasion, day: date | None) -> list[str]:
    if not plan.script:
        return [f"说什么：还没定。例如：关怀 改 {plan.name} 话术 店庆祝福"]
    try:
        return [f"说什么（话术 {plan.script}）：", _rendered(talk, plan, day)]
    except Refusal as refusal:
        return [f"说什么：{refusal}"]


def _rendered(talk: StaffTalk, plan: Occasion, day: date | None) -> str:
    """The text as it would be read on the day; a name in it is an example."""
    wording = scripts.find(talk.tx, plan.script)
    if wording.kind != "text":
        return wording.words()
    context = {
        "shop": scripts.shop_context(talk.tx, talk.shop.shop_name),
        "c": {"name": _AN_EXAMPLE_NAME},
        "p": {"holiday": _title(plan, day), "gift": plan.gift},
    }
    return compile_template(wording.text).render(context)


def _title(plan: Occasion, day: date | None) -> str:
    if plan.on != "terms" or day is None:
        return plan.name
    return next(term for on, term in holidays.terms_between(day, day) if on == day)


# -- the switches ------------------------------------------------------------------------------------------------------


@on.staff(CareSwitch)
def switch(talk: StaffTalk) -> str:
    """Turning one on sends to many later on, without a further word: so it is asked for once, here."""
    position = talk.intent.position
    if talk.intent.occasion:
        plans = [_named(talk, talk.intent.occasion)]
    else:
        plans = [plan for plan in occasions.plans(talk.tx) if plan.script]
        if position != "off":
            # 节气 are 24 more: only by name.
            plans = [plan for plan in plans if plan.on != "terms"]
    wanted = [plan for plan in plans if plan.position != position]
    if not wanted:
        one = plans[0].name if talk.intent.occasion else "关怀"
        return f"{one}本来就是“{POSITION_WORDS[position]}”，没有变化。"
    if position != "send":
        return _switched(talk, [plan.name for plan in wanted], position)
    _refuse_wide(talk, wanted)
    for plan in wanted:
        _refuse_unready(talk, plan)
    names = [plan.name for plan in wanted]
    if len(wanted) == 1:
        question = "\n".join(["开了以后每年到时自己发，不再问。", _shown_before(talk, wanted[0])])
    else:
        question = f"要开 {len(names)} 个：{'、'.join(names)}。\n开了以后每年到时自己发，不再问。会发多少看：明年今天"
    return talk.confirm("care.send", {"names": names}, question)


def _shown_before(talk: StaffTalk, plan: Occasion) -> str:
    today = talk.now.date()
    day = occasions.next_day(talk.tx, plan.name, today)
    when = f"每位自己那天 {plan.hour:%H:%M}"
    if day is not None:
        when = f"{rules.day_words(day, today)} {plan.hour:%H:%M}{_how_soon(talk, day, plan)}"
    return "\n".join([f"{plan.name}，{when}", *_to_whom(talk, plan), *_said(talk, plan, day)])


def _refuse_wide(talk: StaffTalk, plans: list[Occasion]) -> None:
    most = talk.shop.staff_broadcast_max
    if talk.staff.role == "owner":
        return
    for plan in plans:
        if plan.on in occasions.PERSONAL:
            continue
        try:
            count = turns.reach(talk.tx, talk.shop, plan, talk.tx.now)
        except Refusal:
            continue  # a tag nobody carries yet: the day itself says so
        if count > most:
            raise Refusal(f"{plan.name}会发给 {count} 位，店员一次最多 {most} 位。请老板来开，或把人群改小。")


def _refuse_unready(talk: StaffTalk, plan: Occasion) -> None:
    occasions.refuse_unready(talk.tx, plan)
    wording = scripts.find(talk.tx, plan.script)
    spoken = wording.words()
    refuse_punished([spoken] if spoken else [], "mass", talk.now.date(), undone=f"“{plan.name}”没有开")


@on.confirmed("care.send")
def switch_confirmed(talk: StaffTalk, payload: dict[str, list[str]]) -> str:
    plans = [occasions.get(talk.tx, name) for name in payload["names"]]
    _refuse_wide(talk, plans)
    return _switched(talk, payload["names"], "send")


def _switched(talk: StaffTalk, names: list[str], position: occasions.Position) -> str:
    turned = occasions.switch(talk.tx, names, position, staff_id=talk.staff.id)
    if not turned:
        return "本来就是这样，没有变化。"
    named = "、".join(plan.name for plan in turned)
    talk.label(f"关怀 {POSITION_WORDS[position]} {named[:30]}")
    told = {
        "send": "开了，到时自己发，每年都发",
        "remind": "到时只提醒店员，不自己发",
        "off": "关了，不提醒也不发",
    }[position]
    lines = [f"{named}：{told}。"]
    if position == "send":
        today = talk.now.date()
        dated = [(day, plan) for plan in turned if (day := occasions.next_day(talk.tx, plan.name, today)) is not None]
        if dated:
            day, plan = min(dated, key=lambda one: one[0])
            lines.append(
                f"下一个：{rules.day_words(day, today)} {plan.hour:%H:%M} {plan.name}{_how_soon(talk, day, plan)}"
            )
    return "\n".join(lines)


def _how_soon(talk: StaffTalk, day: date, plan: Occasion) -> str:
    """What is to be added to the day's hour where that is over."""
    if talk.tx.now >= turns.heard_by(plan, day, talk.shop):
        return "（今天太晚了，这次不发）"
    return "（钟点过了，马上就发）" if talk.tx.now >= turns.hears_at(plan, day, talk.shop) else ""


@on.staff(CareChange)
def change(talk: StaffTalk) -> str:
    intent = talk.intent
    plan = _named(talk, intent.occasion)
    if intent.hour is not None and talk.shop.quiet_hours is not None:
        quiet = talk.shop.quiet_hours
        if quiet.holds(time.fromisoformat(intent.hour)):
            raise Refusal(
                f"{intent.hour} 在静默时段（{quiet.start:%H:%M}—{quiet.end:%H:%M}），没有改。写白天的钟点，例如 10:30"
            )
    if intent.purpose == "service" and plan.on not in occasions.PERSONAL:
        raise Refusal(
            f"{plan.name}是发给很多人的，只能算营销，没有改：退订的、这个月收够了的就不会收到。"
            "只有生日、首购周年能改成服务消息。"
        )
    if intent.segment is not None:
        # Read once, so that a tag nobody has is said now and not on the day.
        segments.count_willing(talk.tx, parse_segment(intent.segment), talk.now, vips=True)
    said = {name: getattr(intent, name) for name in ("segment", "script", "remind_days", "hour", "purpose", "gift")}
    changed = occasions.change(talk.tx, plan.name, staff_id=talk.staff.id, **said)
    if changed.position == "send":
        _refuse_wide(talk, [changed])
        _refuse_unready(talk, changed)
    talk.label(f"关怀 改 {plan.name}")
    return f"改好了。{_shown(talk, changed)}"


# -- the year ----------------------------------------------------------------------------------------------------------


@on.staff(YearAhead)
def year_ahead(talk: StaffTalk) -> str:
    """What would go out in the next twelve months, to how many as things stand."""
    today = talk.now.date()
    last = today + _A_YEAR
    counts: dict[str, str] = {}
    dated: list[tuple[date, str]] = []
    for coming in occasions.between(talk.tx, today, last):
        plan = coming.occasion
        whom = counts.setdefault(plan.segment, turns.people_words(talk.tx, talk.shop, plan, talk.tx.now))
        if plan.position == "send":
            dated.append((coming.day, f"{coming.title}：{plan.hour:%H:%M} 自动发给{whom}"))
        else:
            dated.append((coming.day, f"{coming.title}：提醒店员，可发给{whom}"))
    standing = {plan.name for plan in occasions.plans(talk.tx) if plan.position != "off"}
    dated += [(day, name) for day, name in days.between(talk.tx, today, last) if name not in standing]
    dated += [
        (packet.day, f"红包 {packet.id}“{packet.recipients}”{show_money(packet.budget_fen)}")
        for packet in packets.open_plans(talk.tx)
        if today <= packet.day <= last
    ]
    repeating = [f"群发 {plan.id} {plan.repeats}：“{plan.segment}”" for plan in campaigns.plans(talk.tx)]
    own = [_of_people(talk, plan) for plan in occasions.personal(occasions.plans(talk.tx))]
    if not dated and not own and not repeating:
        return "一年里什么都不会发，也不提醒：关怀都关着。打开：关怀 全提醒、关怀 全开"
    lines = [f"{rules.day_words(day, today)} {words}" for day, words in sorted(dated, key=lambda one: one[0])]
    most = talk.shop.marketing_per_month
    tail = f"人数按现在算；到时退订的、投诉没处理完的不发，每人每天一条、每月最多 {most} 条营销。"
    return "\n".join(
        [f"从今天起 12 个月（到 {last.year}年{last.month}月{last.day}日）：", *lines, *own, *repeating, tail]
    )


def _of_people(talk: StaffTalk, plan: Occasion) -> str:
    soon = own_days.count(talk.tx, talk.shop, plan, talk.now.date(), 30)
    how = f"当天 {plan.hour:%H:%M} 自动发" if plan.position == "send" else "提醒店员"
    return f"{plan.name}：一年里 {own_days.count_yearly(talk.tx, plan)} 位，30 天内 {soon} 位，{how}"
