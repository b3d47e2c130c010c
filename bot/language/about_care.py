"""Sentences about the care calendar: 关怀, 关怀 中秋, 关怀 开 中秋, 关怀 改 中秋 …, 明年今天."""

from __future__ import annotations

import re

from bot.language.care_intents import CareChange, CareList, CareShow, CareSwitch, YearAhead
from bot.language.intents import Intent
from bot.language.normalise import Words, without_mood
from bot.language.segments import parse_words
from bot.language.times import read_hour
from bot.language.verbs import Said, Unclear, Verb, expect_end, read_count, unquoted

_LOOK, _ON, _OFF = "关怀 中秋", "关怀 开 中秋", "关怀 关 中秋"
_CHANGE = "关怀 改 中秋 人群 M 话术 中秋祝福 礼物 月饼一块 提前3天 10:30"
MOST_REMIND_DAYS = 10

_POSITIONS = {
    **dict.fromkeys(("开", "打开", "开启", "发", "自动发", "启用"), "send"),
    **dict.fromkeys(("提醒", "只提醒", "改提醒"), "remind"),
    **dict.fromkeys(("关", "关掉", "关闭", "停", "停用", "不要"), "off"),
}
_WORD = "|".join(sorted(_POSITIONS, key=len, reverse=True))
_ALL = re.compile(rf"(?:全部?|所有|都) ?(?P<word>{_WORD})|(?P<word2>{_WORD}) ?(?:全部|所有|全)")
_SWITCH = re.compile(rf"(?P<word>{_WORD})(?: (?P<name>.+))?")
_SWITCH_LAST = re.compile(rf"(?P<name>[^ ]+) (?P<word>{_WORD})")
_SLOT = re.compile(r"(?:^|(?<= ))(?P<slot>人群|对象|发给|话术|文案|礼物|礼品|送|提前|时间|几点)(?: ?[:是为用])? ?")
_SLOTS = {
    **dict.fromkeys(("人群", "对象", "发给"), "segment"),
    **dict.fromkeys(("话术", "文案"), "script"),
    **dict.fromkeys(("礼物", "礼品", "送"), "gift"),
    "提前": "remind_days",
    **dict.fromkeys(("时间", "几点"), "hour"),
}
_DAYS = re.compile(r"(?P<days>\d{1,3}|[一二两三四五六七八九十]{1,3}) ?天 ?(?:提醒(?:我|店员)?)?", re.ASCII)
_PURPOSES = {"营销": "marketing", "服务": "service", "营销消息": "marketing", "服务消息": "service"}
_NO_GIFT = ("不送", "无", "没有", "取消", "去掉", "不要")


def _care(said: Said) -> Intent:
    words = without_mood(said.words)
    if not words or words.plain in ("列表", "计划", "有哪些", "看看"):
        return CareList()
    if words.plain in ("明年今天", "预览", "一年"):
        return YearAhead()
    if match := _ALL.fullmatch(words.plain):
        return CareSwitch(_POSITIONS[match["word"] or match["word2"]])
    if sub := re.match(r"(?:改|修改|设置|设)[ :]*", words.plain):
        return _change(words.cut(sub.end()))
    if match := _SWITCH_LAST.fullmatch(words.plain):
        return CareSwitch(_POSITIONS[match["word"]], words.group(match, "name").typed)
    if match := _SWITCH.fullmatch(words.plain):
        word = match["word"]
        if not match["name"]:
            raise Unclear(f"{word}哪一个？例如：关怀 {word} 中秋；全部：关怀 全{word}", _ON, _OFF)
        return CareSwitch(_POSITIONS[word], unquoted(words.group(match, "name")))
    look = re.match(r"(?:看|查)[ :]*", words.plain)
    return CareShow(unquoted(words.cut(look.end()) if look else words))


def _change(words: Words) -> Intent:
    first = re.match(r"[^ ]+", words.plain)
    if first is None:
        raise Unclear(f"改哪一个？例如：{_CHANGE}", _CHANGE)
    name, rest = words.cut(0, first.end()), words.cut(first.end()).strip(" ")
    marks = list(_SLOT.finditer(rest.plain))
    free = [rest.cut(0, marks[0].start())] if marks else [rest]
    values: dict[str, Words] = {}
    for mark, end in zip(marks, [*(mark.start() for mark in marks[1:]), len(rest)], strict=bool(marks)):
        slot = _SLOTS[mark["slot"]]
        if slot in values:
            raise Unclear(f"“{mark['slot']}”说了两次，例如：{_CHANGE}", _CHANGE)
        values[slot], loose = _split(slot, rest.cut(mark.end(), end).strip(" ,"))
        free += loose
    hour, purpose = _loose(free, values.get("hour"))
    if not values and hour is None and purpose is None:
        raise Unclear(f"改什么？例如：{_CHANGE}", _CHANGE)
    segment = values.get("segment")
    if segment is not None:
        parse_words(segment)
    gift = values.get("gift")
    return CareChange(
        unquoted(name),
        None if segment is None else segment.typed,
        unquoted(values["script"]) if "script" in values else None,
        _days(values["remind_days"]) if "remind_days" in values else None,
        hour,
        purpose,
        None if gift is None else "" if gift.plain in _NO_GIFT else unquoted(gift),
    )


def _split(slot: str, value: Words) -> tuple[Words, list[Words]]:
    """What belongs to a slot, and what stands behind it by itself: an hour, 营销 or 服务."""
    words = value.split()
    own = [word for word in words if not _stands_alone(word) or (slot == "hour" and read_hour(word.plain))]
    loose = [word for word in words if word not in own]
    if not own:
        raise Unclear(f"没说完整，例如：{_CHANGE}", _CHANGE)
    return own[0].through(own[-1]), loose


def _stands_alone(word: Words) -> bool:
    return word.plain in _PURPOSES or read_hour(word.plain) is not None


def _loose(pieces: list[Words], said_hour: Words | None) -> tuple[str | None, str | None]:
    hour = None if said_hour is None else _hour(said_hour)
    purpose = None
    for word in (word for piece in pieces for word in piece.split()):
        if word.plain in _PURPOSES:
            purpose = _PURPOSES[word.plain]
        elif read_hour(word.plain):
            hour = _hour(word)
        else:
            raise Unclear(f"“{word.typed[:20]}”没看懂，例如：{_CHANGE}", _CHANGE)
    return hour, purpose


def _hour(words: Words) -> str:
    found = read_hour(words.plain)
    if found is None:
        raise Unclear(f"几点发“{words.typed[:20]}”没看懂，例如：{_CHANGE}", _CHANGE)
    return f"{found:%H:%M}"


def _days(words: Words) -> int:
    match = _DAYS.fullmatch(words.plain)
    days = read_count(match["days"]) if match else None
    if not days or days > MOST_REMIND_DAYS:
        raise Unclear(f"提前 1 到 {MOST_REMIND_DAYS} 天提醒，例如：{_CHANGE}", _CHANGE)
    return days


def _birthday(said: Said) -> Intent:
    """``生日特权 面膜一片``: what a birthday brings is the gift of the occasion 生日."""
    words = without_mood(said.words).strip(" ,:=")
    if not words:
        return CareShow("生日")
    return CareChange("生日", gift="" if words.plain in _NO_GIFT else unquoted(words))


def _year(said: Said) -> Intent:
    expect_end(said.words, "明年今天")
    return YearAhead()


VERBS = (
    Verb(("生日特权", "生日礼物", "生日福利"), _birthday, ("生日特权 面膜一片", "生日特权")),
    Verb(("关怀", "关怀计划", "节日关怀"), _care, ("关怀", _LOOK, _ON, "关怀 提醒 中秋", _OFF, "关怀 全关", _CHANGE)),
    Verb(("明年今天", "未来一年", "一年预览", "未来12个月"), _year, ("明年今天",), gluable=False),
)
