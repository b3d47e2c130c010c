"""Sentences about the time after a sale: 售后, 周期, 唤醒."""

from __future__ import annotations

import re
from typing import Literal

from bot.language.after_sale_intents import (
    AfterSale,
    AfterSaleSwitch,
    CycleDelete,
    Cycles,
    CycleSet,
    WakeUps,
    WakeUpSwitch,
)
from bot.language.intents import Intent
from bot.language.normalise import Words, without_mood
from bot.language.numerals import NUMERAL_CHARS, read_numeral
from bot.language.verbs import Said, Unclear, Verb, expect_end, one_person, unquoted

_ORDER, _CYCLE, _CYCLE_DELETE, _WAKE = "售后 单号12", "周期 洗面奶 30天", "周期 删除 洗面奶", "唤醒 开 流失"
ARTICLE_LIMIT = 40

ON = ("开", "打开", "开启", "启用", "开通", "开着", "自动", "自动发", "on")
OFF = ("关", "关闭", "关掉", "停", "停用", "停掉", "关了", "不要", "不发", "取消", "off")
_SWITCH = re.compile(
    rf"(?P<on>{'|'.join(sorted(ON, key=len, reverse=True))})|{'|'.join(sorted(OFF, key=len, reverse=True))}"
)

# -- how long a number of days is --------------------------------------------------------------------------------------

_UNITS = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30, "年": 365}
_SPAN = re.compile(
    rf"(?P<half>半)(?:个?(?P<of_half>月|年))|(?P<count>\d{{1,4}}|[{NUMERAL_CHARS}]{{1,5}}) ?(?:个(?P<and_half>半)?)?"
    rf"(?P<unit>天|日|周|星期|礼拜|月|年)?(?P<half_behind>半)?",
    re.ASCII,
)
_REMOVE = re.compile(
    r"(?:删除|删掉|删|去掉|移除|取消|清除) ?(?P<name>.+)|(?P<named>.+?) ?(?:删除|删掉|去掉|移除|取消|不要了|不算了)"
)
_SPAN_TEXT = rf"(?:半个?[月年]|(?:\d{{1,4}}|[{NUMERAL_CHARS}]{{1,5}}) ?(?:个半?)?(?:天|日|周|星期|礼拜|月|年)半?)"
_ABOUT = "(?:大概|大约|差不多|一般|平均|通常|正常)*"
_NAME = "[^ \\d,;。]{2,20}?"
_LASTS = re.compile(
    rf"(?P<name>{_NAME}) ?{_ABOUT} ?(?:一[瓶盒支罐袋份套包])? ?(?:能|可以|够)?(?:用|吃|喝) ?{_ABOUT} ?(?P<span>{_SPAN_TEXT})"
    rf"(?:左右|上下)?|(?P<name_2>{_NAME}) ?{_ABOUT} ?(?P<span_2>{_SPAN_TEXT})(?:左右)?"
    r"(?:就?[用吃喝]完|一个?周期|(?:买|换|补)一次)",
    re.ASCII,
)
_NO_ARTICLE = re.compile(r"^[我你他她它]|[吗么]$|\?$|[没未不别]$|顾客|客户|提醒|明天|今天|下次|怎么")


def _days(text: str) -> int | None:
    """``30天``, ``一个月``, ``一个半月``, ``两周``, ``半年``; a bare number counts days."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    if match["half"]:
        return 15 if match["of_half"] == "月" else 182
    count = int(match["count"]) if match["count"].isdigit() else read_numeral(match["count"])
    if not count:
        return None
    unit = _UNITS[match["unit"] or "天"]
    half = unit // 2 if match["and_half"] or match["half_behind"] else 0
    return count * unit + half


# -- 售后 ----------------------------------------------------------------------------------------------------------------


def _after_sale(said: Said) -> Intent:
    if (said.whom and said.words) or said.words.plain.startswith("怎么用"):
        raise Unclear(f"“{said.words.typed[:20]}”没看懂，例如：{_ORDER}", _ORDER, "售后")
    words = without_mood(said.whom or said.words)
    if not words or words.plain in ("怎么样", "情况", "状态", "有哪些", "看看", "列表"):
        return AfterSale()
    if switch := _SWITCH.fullmatch(words.lower):
        return AfterSaleSwitch(switch["on"] is not None)
    if number := re.fullmatch(r"(?:单号?|订单号?|no\.?)? ?(\d{1,9})(?:号?单|号)?", words.lower, re.ASCII):
        return AfterSale(order=int(number.group(1)))
    return AfterSale(whom=one_person(words, "售后 小美"))


def _switched(on: bool, said: Said) -> Intent:
    expect_end(said.words, "售后 开" if on else "售后 关")
    return AfterSaleSwitch(on)


# -- 周期 ----------------------------------------------------------------------------------------------------------------


def _cycle(said: Said) -> Intent:
    words = without_mood(said.words).strip(" ,:=")
    if said.whom:
        if days := _days(words.plain):
            return CycleSet(_article(said.whom), days)
        if words:
            raise Unclear(f"“{words.typed[:20]}”没看懂，例如：{_CYCLE}", _CYCLE)
        return Cycles(unquoted(said.whom))
    if not words or words.plain in ("列表", "有哪些", "看看", "设置"):
        return Cycles()
    if match := _REMOVE.fullmatch(words.plain):
        return CycleDelete(_article(words.group(match, "name" if match["name"] else "named")))
    for name, span in _split(words):
        days = _days(span.plain)
        if days:
            return CycleSet(_article(name), days)
    if re.search(r"\d ?[天日月周年]", words.plain, re.ASCII) or re.fullmatch(r"[\d.]+", words.plain, re.ASCII):
        raise Unclear(f"“{words.typed[:20]}”没看懂，例如：{_CYCLE}", _CYCLE)
    return Cycles(_article(words))


_NAME_FIRST = re.compile(
    rf"(?P<name>.+?) ?(?:改成|改为|改到|设成|设为|[=:]| |,)? ?{_ABOUT}(?:是|为|能用|用)? ?(?P<span>{_SPAN_TEXT})(?:左右|一次|用完)?"
)
_BARE = re.compile(r"(?P<name>.+?)(?: |[=:] ?)(?P<span>\d{1,4})", re.ASCII)
_SPAN_FIRST = re.compile(rf"(?P<span>{_SPAN_TEXT}) (?P<name>.+)")


def _split(words: Words) -> list[tuple[Words, Words]]:
    """Where the article ends and the days begin, the likeliest first."""
    matches = [form.fullmatch(words.plain) for form in (_NAME_FIRST, _BARE, _SPAN_FIRST)]
    return [(words.group(match, "name"), words.group(match, "span")) for match in matches if match]


def _article(words: Words) -> str:
    name = unquoted(words.strip(" ,:="))
    if not name:
        raise Unclear(f"没说是哪样货，例如：{_CYCLE}", _CYCLE)
    if len(name) > ARTICLE_LIMIT:
        raise Unclear(f"货品名最多 {ARTICLE_LIMIT} 个字，例如：{_CYCLE}", _CYCLE)
    return " ".join(name.split())


def lasts(line: Words) -> Intent | None:
    """``洗面奶能用一个月``, ``面膜一般28天用完``: how long an article lasts, said as people say it."""
    match = _LASTS.fullmatch(without_mood(line).plain)
    if match is None:
        return None
    name, span = ("name", "span") if match["name"] else ("name_2", "span_2")
    days = _days(match[span])
    if not days or _NO_ARTICLE.search(match[name]):
        return None
    return CycleSet(_article(without_mood(line).group(match, name)), days)


# -- 唤醒 ----------------------------------------------------------------------------------------------------------------

_ABOUT_WHAT: dict[str, Literal["quiet", "follow_up"]] = {
    **dict.fromkeys(
        ("流失", "流失预警", "久未来", "沉睡", "老客", "好久没来", "没来的", "沉睡顾客", "流失顾客"), "quiet"
    ),
    **dict.fromkeys(("跟进", "跟进到期", "到期跟进"), "follow_up"),
}
_WHAT = "|".join(sorted(_ABOUT_WHAT, key=len, reverse=True))
_WOKEN = (
    re.compile(rf"(?P<switch>{_SWITCH.pattern.replace('?P<on>', '?:')}) ?(?P<what>{_WHAT})"),
    re.compile(rf"(?P<what>{_WHAT}) ?(?P<switch>{_SWITCH.pattern.replace('?P<on>', '?:')})"),
)


def _wake_up(said: Said) -> Intent:
    words = without_mood(said.words)
    if not words or words.plain in ("列表", "有哪些", "看看", "名单"):
        return WakeUps()
    for form in _WOKEN:
        if match := form.fullmatch(words.lower):
            return WakeUpSwitch(_ABOUT_WHAT[match["what"]], match["switch"] in ON)
    raise Unclear(f"“{words.typed[:20]}”没看懂，例如：唤醒、{_WAKE}、唤醒 关 跟进", "唤醒", _WAKE, "唤醒 关 跟进")


def _woken(said: Said, *, on: bool) -> Intent:
    what = _ABOUT_WHAT.get(without_mood(said.words).plain)
    if what is None:
        raise Unclear(f"要说唤醒谁，例如：{_WAKE}", _WAKE, "唤醒")
    return WakeUpSwitch(what, on)


VERBS = (
    Verb(("售后", "售后流程", "售后提醒"), _after_sale, ("售后", "售后 开", _ORDER), after_whom=True),
    Verb(("打开售后", "开启售后", "启用售后", "开售后"), lambda said: _switched(True, said), ("售后 开",)),
    Verb(("关闭售后", "关掉售后", "停用售后", "关售后"), lambda said: _switched(False, said), ("售后 关",)),
    Verb(
        ("周期", "使用周期", "复购周期", "回购周期", "设周期", "设置周期", "改周期", "修改周期"),
        _cycle,
        ("周期", _CYCLE, _CYCLE_DELETE),
        after_whom=True,
    ),
    Verb(("删除周期", "删周期"), lambda said: CycleDelete(_article(said.words)), (_CYCLE_DELETE,)),
    Verb(("唤醒", "唤醒顾客"), _wake_up, ("唤醒", _WAKE, "唤醒 关 流失")),
    Verb(("打开唤醒", "开唤醒"), lambda said: _woken(said, on=True), (_WAKE,)),
    Verb(("关闭唤醒", "关掉唤醒", "关唤醒"), lambda said: _woken(said, on=False), ("唤醒 关 流失",)),
)
