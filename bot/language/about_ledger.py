"""Sentences about the book of money: 今天收款, 收款 9月, 月结 9月, 未认领, 认领 3 小美."""

from __future__ import annotations

import re
from datetime import date, timedelta

from bot.language.about_orders import PASSER_BY, order_number, purchase
from bot.language.days import NUMBER, small_number
from bot.language.intents import Intent
from bot.language.normalise import Words, without_mood
from bot.language.order_intents import Claim, CloseMonth, Receipts, Unclaimed
from bot.language.verbs import Said, Unclear, Verb, expect_end, one_person, take_number

_RECEIPTS, _CLOSE, _CLAIM = "收款 9月", "月结 9月", "认领 3 小美"

_DAYS = {"今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "前天": 2}
_WEEKS = {"本周": 0, "这周": 0, "这个星期": 0, "上周": 1, "上个星期": 1, "上星期": 1}
_MONTHS = {"本月": 0, "这个月": 0, "当月": 0, "上月": 1, "上个月": 1}
_MONTH = re.compile(rf"(?:(?P<year>20\d\d)年)?(?P<month>{NUMBER})月(?:份)?(?:(?P<day>{NUMBER})[日号]?)?", re.ASCII)
_ANOTHER = {"另一笔", "另外一笔", "不是", "不是同一笔", "新的", "单独一笔"}
_EVERYTHING = {"全部", "都是", "全都是", "全是"}


def _receipts(said: Said) -> Intent:
    return _stretch(without_mood(said.words).plain, said.now.date())


def _receipts_or_purchase(said: Said) -> Intent:
    """``收款 昨天`` asks what came in, ``收款 小美 298`` books it."""
    words = without_mood(said.words)
    if said.whom is None and (not words or _is_stretch(words.plain)):
        return _stretch(words.plain, said.now.date())
    return purchase(said)


def _is_stretch(text: str) -> bool:
    return text in _DAYS or text in _WEEKS or text in _MONTHS or text == "今年" or bool(_MONTH.fullmatch(text))


def _stretch(text: str, today: date) -> Receipts:
    """The days meant, from the first to before the last. Raises ``Unclear``; never reaches beyond today's own month."""
    if not text or text in _DAYS:
        day = today - timedelta(days=_DAYS.get(text, 0))
        return Receipts(f"{text or '今天'}（{_shown(day)}）", day, day + timedelta(days=1))
    if text in _WEEKS:
        monday = today - timedelta(days=today.weekday() + 7 * _WEEKS[text])
        sunday = monday + timedelta(days=6)
        return Receipts(f"{text}（{_shown(monday)}到{_shown(sunday)}）", monday, sunday + timedelta(days=1))
    if text == "今年":
        return Receipts(f"{today.year}年", date(today.year, 1, 1), date(today.year + 1, 1, 1))
    if text in _MONTHS:
        this = today.replace(day=1)
        first = (this - timedelta(days=1)).replace(day=1) if _MONTHS[text] else this
        return Receipts(f"{first.year}年{first.month}月", first, month_after(first))
    match = _MONTH.fullmatch(text)
    if match is None:
        raise Unclear(f"没看懂“{text[:20]}”是哪几天，例如：{_RECEIPTS}、收款 昨天、收款 本周", _RECEIPTS, "收款 昨天")
    if match["day"] is None:
        first = _month(match, today)
        return Receipts(f"{first.year}年{first.month}月", first, month_after(first))
    day = _day(match, today)
    return Receipts(f"{day.year}年{_shown(day)}", day, day + timedelta(days=1))


def _month(match: re.Match[str], today: date) -> date:
    """The first of the month; without a year the last one that has begun."""
    month = small_number(match["month"])
    if not 1 <= month <= 12:
        raise Unclear(f"没有{month}月，例如：{_RECEIPTS}", _RECEIPTS)
    year = int(match["year"] or today.year)
    return date(year if match["year"] or month <= today.month else year - 1, month, 1)


def _day(match: re.Match[str], today: date) -> date:
    first, number = _month(match, today), small_number(match["day"])
    day = first + timedelta(days=number - 1)
    if number < 1 or day.month != first.month:
        raise Unclear(f"{first.month}月没有{number}日，例如：收款 9月20日", "收款 9月20日")
    # Receipts lie behind us: the 20th of this month, said on the 19th, was last year's.
    return day if match["year"] or day <= today else day.replace(year=day.year - 1)


def month_after(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _shown(day: date) -> str:
    return f"{day.month}月{day.day}日"


def _close(said: Said) -> Intent:
    words = without_mood(said.words).plain
    match = _MONTH.fullmatch(words)
    today = said.now.date()
    if words in _MONTHS:
        return CloseMonth(_stretch(words, today).since)
    if match is None or match["day"]:
        last = f"月结 {(today.replace(day=1) - timedelta(days=1)).month}月"
        raise Unclear(f"月结哪个月？例如：{last}", last)
    return CloseMonth(_month(match, today))


def _unclaimed(said: Said) -> Intent:
    page = re.fullmatch(r"(?:第 ?)?(\d{1,3}) ?页?", said.words.plain, re.ASCII)
    if page is None:
        expect_end(said.words, "未认领")
    return Unclaimed(int(page.group(1)) if page else 1)


def _claim(said: Said) -> Intent:
    if without_mood(said.words).plain in _EVERYTHING:
        return Claim(None, "same")
    number, rest = take_number(said.words, _CLAIM)
    rest = _whose(rest)
    word = without_mood(rest).plain
    if not rest:
        raise Unclear(
            f"这笔是谁的？例如：认领 {number} 小美、认领 {number} 单号12、认领 {number} 散客", f"认领 {number} 小美"
        )
    order = order_number(rest)
    if order is not None:
        return Claim(number, "order", order=order)
    if word in PASSER_BY:
        return Claim(number, "nobody")
    if word in _ANOTHER:
        return Claim(number, "another")
    if word in ("同一笔", "是", "是的", "对"):
        return Claim(number, "same")
    return Claim(number, "customer", whom=one_person(rest, _CLAIM))


def _whose(words: Words) -> Words:
    """``认领 3 是小美的`` is 认领 3 小美."""
    lead = re.match(r"(?:归|给|是|算)(?=.)(?! ?的?$)", words.plain)
    rest = words.cut(lead.end()) if lead else words
    ending = re.search(r"(?<=.)的$", rest.plain)
    return rest.cut(0, ending.start()).strip() if ending and lead else rest.strip()


def _asking(period: str) -> Verb:
    """``昨天收款``: the days stand before the word."""
    words = tuple(
        f"{period}{word}" for word in ("收款", "收了多少", "收了多少钱", "卖了多少", "卖了多少钱", "流水", "营业额")
    )

    def read(said: Said) -> Intent:
        expect_end(said.words, f"{period}收款")
        return _stretch(period, said.now.date())

    return Verb(words, read, (f"{period}收款",))


VERBS = (
    Verb(("收款",), _receipts_or_purchase, ("今天收款", _RECEIPTS), after_whom=True),
    Verb(("流水", "营业额", "收款合计"), _receipts, ("今天收款", _RECEIPTS), gluable=False),
    *(_asking(period) for period in (*_DAYS, *_WEEKS, *_MONTHS, "今年")),
    *(_asking(f"{month}月") for month in range(1, 13)),
    Verb(("月结", "关账"), _close, (_CLOSE,)),
    Verb(("未认领", "待认领", "没认领"), _unclaimed, ("未认领",)),
    Verb(("认领",), _claim, (_CLAIM, "认领 3 单号12", "认领 3 散客")),
)
