"""Sentences about what the shop has planned: 活动, 签到, 日历, 提醒, 红包."""

from __future__ import annotations

import re
from datetime import datetime

from bot.language.activity_intents import ActivityClose, ActivityList, ActivityNew, ActivityRoster, CheckIn, SignUp
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
from bot.language.days import take_calendar_day
from bot.language.intents import Intent
from bot.language.money import read_money, take_money
from bot.language.normalise import Words, read, without_mood
from bot.language.segments import parse_words
from bot.language.times import take_leading_time, take_time
from bot.language.verbs import Said, Unclear, Verb, expect_end, one_person, only_number, read_count, take_number
from bot.language.whom import whoms

_NEW = "活动 新建 会员茶会 周六14:00 名额20 地点 本店"
_DAY, _REMIND = "日历 添加 店庆 10月18日 每年", "提醒 周五15:00 给张姐打电话"
_REMIND_CANCEL = "提醒 取消 2"
MONEY_OUT = "红包和转账要您自己在微信里发，我不经手钱。想到时提醒您：红包 计划 中秋 老客群 200元 20个"
_PLAN, _DONE = "红包 计划 中秋 老客群 200元 20个", "红包 已发 3 实发180元"
_BUDGET, _CANCEL = "红包 预算 每月 500元", "红包 取消 3"
_CHECK_IN = "签到 3 小美"
_SIGN_UP, _SIGN_OFF = "报名 3 小美", "取消报名 3 小美"

_ACTIVITY_SUB = re.compile(r"(?P<word>新建|新增|添加|创建|发布|名单|报名名单|关闭|取消|结束|列表|签到)(?![礼有])[ :]*")
_SLOT = re.compile(r"[ \n,;、]?(?P<slot>名额|人数|限额|限|地点|地址|对象|面向|时间)(?: ?[:是为])? ?(?=(?P<value>.|$))")
_CAPACITY = re.compile(
    r"(?P<count>\d{1,6}|[一二两三四五六七八九十百千]{1,7})(?:个|人|位|名)*(?:名额|以内)?(?![\d.])", re.ASCII
)
_PEOPLE = re.compile(
    r"(?:^|[ ,])限?(?P<count>\d{1,6}|[一二两三四五六七八九十百]{1,6})(?:人|位|名|个名额|人名额)(?=$|[ ,])", re.ASCII
)
_SLOT_NAMES = {
    **dict.fromkeys(("名额", "人数", "限额", "限"), "capacity"),
    **dict.fromkeys(("地点", "地址"), "place"),
    **dict.fromkeys(("对象", "面向"), "audience"),
    "时间": "time",
}
_UNLIMITED = ("不限", "无限", "不限制", "不限人数", "不限名额")
_REMIND_DAYS = re.compile(
    r"(?:^|(?<=[ ,]))提前 ?(?P<days>\d{1,4}|[一二两三四五六七八九十]{1,3}) ?天 ?(?:提醒(?:我|一下)?|通知)?(?=$|[ ,])",
    re.ASCII,
)
MOST_REMIND_DAYS = 30
_REMINDERS = re.compile(r"(?:列表|看看|有哪些|有什么|清单)(?:提醒)?")
_REMIND_DROPPED = re.compile(r"(?:取消|删除|删掉|去掉|不要)了?[ :]*(?P<number>[^ ]{0,8})")
_YEARLY = re.compile(r"[ ,]?(?:每年|年年)[ ,]?")
_PACKETS = re.compile(
    r"(?<![\d.-])(?P<count>\d{1,6}|[一二两三四五六七八九十百]{1,6}) ?(?:个|份|包)(?=$|[ ,])", re.ASCII
)


def _activity(said: Said) -> Intent:
    words = said.words
    if not words:
        return ActivityList()
    sub = _ACTIVITY_SUB.match(words.plain)
    if sub is None:
        if closed := re.fullmatch(
            r"(?P<number>\d{1,6})号? ?(?:关闭|结束|取消)(?:报名)?(?:了|吧)?", words.plain, re.ASCII
        ):
            return ActivityClose(int(closed["number"]))
        roster = re.search(r" ?(?:报名)?名单$", words.plain)
        return ActivityRoster(only_number(words.cut(0, roster.start()) if roster else words, "活动 名单 3"))
    rest = Said(words.cut(sub.end()), said.now)
    match sub["word"]:
        case "列表":
            expect_end(rest.words, "活动")
            return ActivityList()
        case "名单" | "报名名单":
            return ActivityRoster(only_number(rest.words, "活动 名单 3"))
        case "关闭" | "取消" | "结束":
            return ActivityClose(only_number(rest.words, "活动 关闭 3"))
        case "签到":
            return _check_in(rest)
    return _activity_new(rest)


def _activity_new(said: Said) -> Intent:
    slots, free = _slots(said.words)
    at: datetime | None = None
    title: list[Words] = []
    capacity, free = _capacity(slots.get("capacity"), free)
    place = slots.get("place")
    if place:
        at, around = take_time(place, said.now)
        place = around[0] if around else None
        title.extend(around[1:])
    for piece in [slots["time"], *free] if "time" in slots else free:
        found, around = take_time(piece, said.now) if at is None else (None, [piece])
        at = at or found
        title.extend(around)
    audience = slots.get("audience")
    if audience and at is None:
        at, around = take_time(audience, said.now)
        audience = around[0] if around else None
        title.extend(around[1:])
    if audience:
        parse_words(audience)
    name = " ".join(piece.strip(' "').typed for piece in title if piece)
    if not name and place and len(two := place.split()) == 2:
        place, name = two[0], two[1].typed  # the name was said last
    if not name:
        raise Unclear(f"活动叫什么？名字写在最前面，例如：{_NEW}", _NEW)
    return ActivityNew(name, at, capacity, place.typed if place else "", audience.typed if audience else "")


def _slots(words: Words) -> tuple[dict[str, Words], list[Words]]:
    """The named parts of a new activity, and what stands outside them (name and time)."""
    marks = [match for match in _SLOT.finditer(words.plain) if _opens_slot(match)]
    slots: dict[str, Words] = {}
    free = [words.cut(0, marks[0].start())] if marks else [words]
    ends = [*(mark.start() for mark in marks[1:]), len(words)]
    for mark, end in zip(marks, ends, strict=bool(marks)):
        name = _SLOT_NAMES[mark["slot"]]
        value = words.cut(mark.end(), end)
        if name in slots:
            raise Unclear(f"“{mark['slot']}”说了两次，例如：{_NEW}", _NEW)
        if name == "capacity":
            value, rest = _split_capacity(value)
            free.append(rest)
        slots[name] = value
    return slots, [piece for piece in free if piece]


def _opens_slot(match: re.Match[str]) -> bool:
    """限 and 人数 open a slot only before a number, so that 限时特卖 stays a name; 时间 only before a time."""
    if _SLOT_NAMES[match["slot"]] == "capacity":
        return bool(re.match(r"[\d一二两三四五六七八九十百不无-]", match["value"], re.ASCII))
    stands_free = match.start() == 0 or match.group()[0] in " \n,;、" or match["slot"] in ("地点", "对象")
    return stands_free and bool(match["value"])


def _split_capacity(value: Words) -> tuple[Words, Words]:
    gap = re.search(r"[ \n,]", value.plain)
    count = _CAPACITY.match(value.plain)
    end = count.end() if count else (gap.start() if gap else len(value))
    return value.cut(0, end), value.cut(end)


def _capacity(said: Words | None, free: list[Words]) -> tuple[int | None, list[Words]]:
    if said is not None:
        if said.plain in _UNLIMITED:
            return None, free
        match = _CAPACITY.fullmatch(said.plain)
        count = read_count(match["count"]) if match else None
        if not count:
            raise Unclear(f"没看懂名额“{said.typed[:20]}”，例如：名额20，或不写（不限）", _NEW)
        return count, free
    for index, piece in enumerate(free):
        if match := _PEOPLE.search(piece.plain):
            around = [piece.cut(0, match.start()), piece.cut(match.end())]
            return read_count(match["count"]) or None, [*free[:index], *filter(None, around), *free[index + 1 :]]
    return None, free


def _check_in(said: Said) -> Intent:
    number, whose = _number_and_people(said, _CHECK_IN)
    return CheckIn(number, one_person(whose, _CHECK_IN))


def _sign_up(said: Said, *, leaves: bool = False) -> Intent:
    example = _SIGN_OFF if leaves else _SIGN_UP
    number, whose = _number_and_people(said, example)
    people = whoms(whose)
    if not people:
        raise Unclear(f"没说是哪位顾客，例如：{example}", example)
    return SignUp(number, people, leaves)


def _number_and_people(said: Said, example: str) -> tuple[int, Words]:
    """``3 小美``, ``小美 3``; or the customers stand before the verb: 小美 签到 3."""
    last = re.fullmatch(r"(?P<whom>[^\d ][^ ]*) (?P<number>(?:活动)? ?\d{1,6}号?)", said.words.plain, re.ASCII)
    if said.whom or last:
        whose = said.whom or said.words.group(last, "whom") if last else said.whom
        number = only_number(said.words.group(last, "number") if last else said.words, example)
        return number, whose or said.words
    return take_number(said.words, example)


def _calendar(said: Said) -> Intent:
    words = said.words
    if not words:
        return Calendar()
    if sub := re.match(r"(?:添加|新增|新建|增加|加)[ :]*", words.plain):
        return _calendar_add(Said(words.cut(sub.end()), said.now))
    expect_end(words, "日历", _DAY)
    return Calendar()


def _calendar_add(said: Said) -> Intent:
    yearly = _YEARLY.search(said.words.plain)
    pieces = [said.words.cut(0, yearly.start()), said.words.cut(yearly.end())] if yearly else [said.words]
    day = None
    title: list[Words] = []
    for piece in pieces:
        found = take_calendar_day(piece, said.now.date()) if piece and day is None else None
        day, around = found if found else (day, [piece])
        title.extend(around)
    name = " ".join(piece.strip(' ,"').typed for piece in title if piece)
    if day is None:
        raise Unclear(f"没说是哪一天，例如：{_DAY}", _DAY, "日历 添加 会员日 农历八月十五 每年")
    if not name:
        raise Unclear(f"这一天叫什么？例如：{_DAY}", _DAY)
    return CalendarAdd(name, day.month, day.day, None if yearly else day.year, day.lunar, bool(yearly))


def _remind(said: Said) -> Intent:
    if not said.words or _REMINDERS.fullmatch(said.words.plain):
        return Reminders()
    if dropped := _REMIND_DROPPED.fullmatch(said.words.plain):
        return RemindCancel(only_number(said.words.group(dropped, "number"), _REMIND_CANCEL))
    me = re.match(r"(?:我|一下|自己)+ ?", said.words.plain)
    words = said.words.cut(me.end()) if me else said.words
    leading = take_leading_time(words, said.now) if words else None
    if leading:
        at, text = leading[0], leading[1].typed
    else:
        found, pieces = take_time(words, said.now)
        if found is None:
            raise Unclear(f"什么时候提醒？例如：{_REMIND}", _REMIND)
        at, text = found, " ".join(piece.typed for piece in pieces)
    if not text:
        raise Unclear(f"提醒什么事？例如：{_REMIND}", _REMIND)
    return Remind(at, text)


def _reminders(said: Said) -> Intent:
    expect_end(said.words, "提醒")
    return Reminders()


def remind_by_time(line: Words, now: datetime) -> Intent | None:
    """``明天10点提醒我给张姐打电话``: the time stands first. Without a matter it is what was just reminded of."""
    match = re.match(r"(?P<when>[^\n]{1,30}?) ?再?提醒(?:我|一下|自己)? ?(?P<text>.*)", line.plain)
    if match is None:
        return None
    when = line.group(match, "when")
    leading = take_leading_time(when, now)
    if leading is None or leading[1]:
        return None
    text = line.group(match, "text")
    return Remind(leading[0], text.typed) if without_mood(text) else Snooze(leading[0])


def _money_out(_said: Said) -> Intent:
    raise Unclear(MONEY_OUT, "红包")


def _packet(said: Said) -> Intent:
    words = said.words
    if not words or words.plain == "列表":
        return PacketList()
    if sub := re.match(r"(?:计划|安排|新建)[ :]*", words.plain):
        return _packet_plan(Said(words.cut(sub.end()), said.now))
    if sub := re.match(r"预算[ :]*", words.plain):
        return _packet_budget(words.cut(sub.end()))
    if sub := re.match(r"(?:取消|不发了|作废)[ :]*", words.plain):
        return PacketCancel(only_number(words.cut(sub.end()), _CANCEL))
    if sub := re.match(r"(?:已发|发了|已经发了|发完)[ :]*", words.plain):
        return _packet_done(words.cut(sub.end()))
    if done := re.match(r"(?P<number>\d{1,6})号?(?:已发|发了|已经发了|发完)了?[ ,:]*", words.plain, re.ASCII):
        return _packet_done(read(f"{done['number']} {words.cut(done.end()).typed}"))
    if re.search(r"\d", words.plain):
        raise Unclear(MONEY_OUT, _PLAN, "红包", _DONE)
    raise Unclear(f"红包要做什么？例如：{_PLAN}", _PLAN, "红包", _DONE)


def _packet_plan(said: Said) -> Intent:
    remind_days, words = _remind_days(said.words)
    packets = _PACKETS.search(words.plain)
    count = read_count(packets["count"]) if packets else None
    if packets is None or not count:
        raise Unclear(f"没说发几个，例如：{_PLAN}", _PLAN)
    before, after = words.cut(0, packets.start()), words.cut(packets.end())
    budget, names, wishes = _budget(before, after)
    if len(names) < 2:
        raise Unclear(f"要写节日、群、总额和个数，例如：{_PLAN}", _PLAN)
    if budget < count:
        raise Unclear(f"{count} 个红包，总额至少 {count / 100:.2f} 元，例如：{_PLAN}", _PLAN)
    group = names[1].through(names[-1]).typed
    return PacketPlan(names[0].typed, group, budget, count, wishes.typed, remind_days)


def _remind_days(words: Words) -> tuple[int | None, Words]:
    """How many days before staff want to hear of it (提前1天), and the line without that. Raises ``Unclear``."""
    early = _REMIND_DAYS.search(words.plain)
    if early is None:
        if odd := re.search(r"(?:^|[ ,])(?P<odd>提前 ?[-\d一二两三四五六七八九十半几][^ ,]*)", words.plain):
            raise Unclear(f"“{odd['odd'][:20]}”没看懂，写 提前1天，例如：{_PLAN} 提前1天", _PLAN)
        return None, words
    days = read_count(early["days"])
    if days is None or days > MOST_REMIND_DAYS:
        raise Unclear(f"最多提前 {MOST_REMIND_DAYS} 天提醒，例如：{_PLAN} 提前3天", _PLAN)
    around = (words.cut(0, early.start()), words.cut(early.end()))
    return days, read(" ".join(piece.strip(" ,").typed for piece in around if piece))


def _budget(before: Words, after: Words) -> tuple[int, list[Words], Words]:
    """The sum, the words before it (holiday and group) and the wishes after both numbers."""
    gaps = [0, *(gap.end() for gap in re.finditer(r"[ ,]", before.plain))]
    for at in gaps:
        piece = before.cut(at)
        total = re.match(r"(?:总额|总共|一共|共|预算) ?", piece.plain)
        taken = take_money(piece.cut(total.end()) if total else piece)
        if taken and not taken[1]:
            return read_money(taken[0].plain), before.cut(0, at).split(), _wishes(after)
    taken = take_money(after)
    if taken is None:
        raise Unclear(f"没说一共多少钱，例如：{_PLAN}", _PLAN)
    return read_money(taken[0].plain), before.split(), _wishes(taken[1])


def _wishes(words: Words) -> Words:
    label = re.match(r"(?:祝福语?|祝语|留言)[ :]*", words.plain)
    return words.cut(label.end()) if label else words


def _packet_budget(words: Words) -> Intent:
    """``每月 500元``, ``一年 5000``, ``每月 不限``; nothing: to look."""
    if not without_mood(words):
        return PacketBudget()
    span = re.match(r"(?:(?P<month>每个?月|一个?月|月)|(?P<year>每年|一年|全年|年))[ :]*", words.plain)
    if span is None:
        raise Unclear(f"预算按月还是按年？例如：{_BUDGET}", _BUDGET, "红包 预算 每年 5000元", "红包 预算")
    rest, name = words.cut(span.end()), "month" if span["month"] else "year"
    if without_mood(rest).plain in ("不限", "不限制", "取消", "没有", "无"):
        return PacketBudget(name, 0)
    most = re.match(r"(?:不超过|最多|至多)[ :]*", rest.plain)
    taken = take_money(rest.cut(most.end()) if most else rest)
    if taken is None:
        raise Unclear(f"预算多少钱？例如：{_BUDGET}", _BUDGET)
    expect_end(taken[1], _BUDGET)
    return PacketBudget(name, read_money(taken[0].plain))


def _packet_done(words: Words) -> Intent:
    number, rest = take_number(words, _DONE)
    if not rest:
        return PacketDone(number)
    label = re.match(r"(?:实发|实际|共|一共|花了)[ :]*", rest.plain)
    taken = take_money(rest.cut(label.end()) if label else rest)
    if taken is None:
        raise Unclear(f"没看懂实发多少“{rest.typed[:20]}”，例如：{_DONE}", _DONE)
    expect_end(taken[1], _DONE)
    return PacketDone(number, read_money(taken[0].plain))


VERBS = (
    Verb(("活动",), _activity, (_NEW, "活动", "活动 名单 3", "活动 关闭 3")),
    Verb(("新建活动", "新建 活动", "发布活动", "创建活动"), _activity_new, (_NEW,)),
    Verb(("名单", "报名名单"), lambda said: ActivityRoster(only_number(said.words, "活动 名单 3")), ("活动 名单 3",)),
    Verb(
        ("关闭活动", "结束活动", "取消活动"),
        lambda said: ActivityClose(only_number(said.words, "活动 关闭 3")),
        ("活动 关闭 3",),
    ),
    Verb(("签到",), _check_in, (_CHECK_IN,), after_whom=True),
    Verb(("报名",), _sign_up, (_SIGN_UP,), after_whom=True, gluable=False),
    Verb(("取消报名",), lambda said: _sign_up(said, leaves=True), (_SIGN_OFF,), after_whom=True, gluable=False),
    Verb(("添加日历", "日历添加", "加日历"), _calendar_add, (_DAY,)),
    Verb(("最近有什么节日", "有什么节日", "未来30天"), _calendar, ("日历",), gluable=False),
    Verb(("日历", "关怀日历"), _calendar, (_DAY, "日历")),
    Verb(("提醒", "提醒我", "定时提醒"), _remind, (_REMIND, "提醒", _REMIND_CANCEL)),
    Verb(("我的提醒", "提醒列表", "有哪些提醒", "有什么提醒"), lambda said: _reminders(said), ("提醒",)),
    Verb(
        ("取消提醒", "删除提醒", "删掉提醒", "不用提醒"),
        lambda said: RemindCancel(only_number(said.words, _REMIND_CANCEL)),
        (_REMIND_CANCEL,),
    ),
    Verb(("红包", "红包计划表"), _packet, (_PLAN, "红包", _DONE, _CANCEL, _BUDGET)),
    Verb(("红包预算",), lambda said: _packet_budget(said.words), (_BUDGET,)),
    Verb(("发红包", "转账", "打款", "转钱"), lambda said: _money_out(said), ("红包",)),
    Verb(("红包计划",), _packet_plan, (_PLAN,)),
)
