"""The report of a played year as the merchant reads it."""

from __future__ import annotations

from collections import Counter

from bot.language.days import weekday_name
from bot.language.money import show_money
from bot.rehearsal.books import FATES, Kept, Played

FATE_WORDS = {
    "sent": "发出",
    "by_hand_done": "人工发了",
    "by_hand_left": "留给人工没发",
    "skipped": "不发",
    "failed": "没发成",
    "unknown": "结果不明",
    "later": "还排着",
}


def lines(played: Played) -> list[str]:
    """Top down: the year, day by day, each customer's own days, what was not said and why, red packets, the check."""
    days = [kept for kept in played.kept if kept.day is not None]
    own = [kept for kept in played.kept if kept.day is None]
    staff = sum(message.to == 0 for message in played.messages)
    return [
        f"演练 {played.first:%Y年%-m月%-d日} 到 {played.last:%Y年%-m月%-d日}：{played.customers} 位模拟顾客"
        f"{_more(played)}，{played.birthdays} 位有生日，真的顾客和账本都没动。",
        f"顾客收到 {len(played.messages) - staff} 条，店里收到 {staff} 条提醒。",
        "",
        f"节日 {len(days)} 个，其中提醒了 {sum(bool(kept.reminded) for kept in days)} 个：",
        *(_day(kept) for kept in days),
        "",
        "各人的日子：" if own else "各人的日子：这段时间没有。",
        *(_own(kept) for kept in own),
        "",
        *_not_said(played),
        "",
        _money(played),
        "",
        *_checked(played),
    ]


def _more(played: Played) -> str:
    came = played.people - played.customers
    return f"（后来又来了 {came} 位）" if came > 0 else ""


def _day(kept: Kept) -> str:
    assert kept.day is not None
    ahead = "、".join(f"提前 {(kept.day - day).days} 天" for day in kept.reminded) or "没提前提醒"
    said = f"{kept.named} 位，{_fates(kept)}" if kept.named else kept.note or ("" if kept.sends else "只提醒，不自动发")
    return f"· {kept.day:%-m月%-d日} {weekday_name(kept.day)} {kept.name}：{ahead}；{said}"


def _own(kept: Kept) -> str:
    told = f"；提醒店里 {len(kept.reminded)} 天" if kept.reminded else ""
    return f"· {kept.name}：{kept.named} 次，{_fates(kept)}{told}"


def _fates(kept: Kept) -> str:
    return "，".join(f"{FATE_WORDS[fate]} {kept.fates[fate]}" for fate in FATES if kept.fates[fate])


def _not_said(played: Played) -> list[str]:
    reasons: Counter[str] = Counter()
    for kept in played.kept:
        reasons.update(kept.reasons)
    if not reasons:
        return ["没有该说没说的。"]
    return [
        f"没说的 {reasons.total()} 次，原因：",
        *(f"· {reason} {count}" for reason, count in sorted(reasons.items(), key=lambda one: (-one[1], one[0]))),
    ]


def _money(played: Played) -> str:
    money = played.money
    if not money.packets:
        return "红包：没有计划。"
    rest = f"，还没发 {show_money(money.open_fen)}" if money.open_fen else ""
    rest += f"，取消 {show_money(money.cancelled_fen)}" if money.cancelled_fen else ""
    return (
        f"红包 {money.packets} 次，计划 {show_money(money.planned_fen)}："
        f"发了 {money.done} 次（计划 {show_money(money.done_fen)}），记账 {show_money(money.booked_fen)}{rest}。"
    )


def _checked(played: Played) -> list[str]:
    if played.wrong:
        return [f"核对：有 {len(played.wrong)} 处不对：", *(f"· {words}" for words in played.wrong)]
    return ["核对：同一位顾客一天最多一条，安静时间没有打扰，节日都提前提醒，过后没有补发，人数和钱都对得上。"]
