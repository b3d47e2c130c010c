"""Which day was meant: 明天, 下周五, 9月20日, 3天后, 农历八月十五."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from lunar_python import LunarMonth, LunarYear, Solar

from bot.errors import Refusal
from bot.language.normalise import Words
from bot.language.numerals import read_numeral

FARTHEST_DAYS = 730  # a plan beyond two years is a slip of the finger
# A date without a year that has passed means next year's only when that one comes sooner than half a year from now.
_NEXT_YEAR_WITHIN = timedelta(days=183)

_EXAMPLE = "例如 明天10点、周五 9:30、9月20日 14:00、3天后"
_LEAP_YEAR = 2028  # has every day a calendar can name
_WEEKDAYS = "一二三四五六日"
_LUNAR_MONTHS = {"正": 1, "冬": 11, "腊": 12}

NUMBER = r"(?:\d{1,2}(?!\d)|[一二两三四五六七八九十廿卅]{1,3})"


class TimeError(Refusal):
    """What was said is no time we may use; the sentence offers the next sensible one."""


@dataclass(frozen=True, slots=True)
class Day:
    """The day that was meant, and the next one the same words could mean (offered when the first has passed)."""

    on: date
    following: date
    # 周五 said on a Friday without an hour is next week's: today one would say 今天.
    today_is_next_week: bool = False


def small_number(text: str) -> int:
    """``12``, ``十二``, ``廿三``, ``零五`` as a number; -1 if it is none."""
    if text.isascii():
        return int(text)
    spelt = text.replace("廿", "二十").replace("卅", "三十").lstrip("零〇")
    value = read_numeral(spelt)
    return -1 if value is None else value


def solar_day(year: int, month: int, day: int) -> date:
    """The date, or ``TimeError`` naming what does not exist (2月30日)."""
    try:
        return date(year, month, day)
    except ValueError:
        in_year = f"{year}年" if (month, day) == (2, 29) else ""
        raise TimeError(f"{in_year}没有{month}月{day}日，{_EXAMPLE}。") from None


@lru_cache(maxsize=16)
def _lunar_months(year: int) -> dict[int, tuple[date, int]]:
    """First solar day and length of each month of a lunar year; a leap month has its number negative.

    Kept because the library computes a lunar year anew (3 ms) at every question.
    """
    months: dict[int, tuple[date, int]] = {}
    month: LunarMonth
    for month in LunarYear.fromYear(year).getMonths():
        if month.getYear() == year:
            first = Solar.fromJulianDay(month.getFirstJulianDay())
            months[month.getMonth()] = (date(first.getYear(), first.getMonth(), first.getDay()), month.getDayCount())
    return months


def warm_lunar(today: date) -> None:
    """Computes the lunar years that words of today can mean, so that the first 农历 is as quick as the rest."""
    for year in (today.year - 1, today.year, today.year + 1):
        _lunar_months(year)


def lunar_day(year: int, month: int, day: int) -> date:
    """The solar date of a day of a lunar year; ``month`` negative for a leap month. Raises ``TimeError``."""
    known = _lunar_months(year).get(month)
    if known is None or not 1 <= day <= known[1]:
        leap = "闰" if month < 0 else ""
        raise TimeError(f"农历{year}年没有{leap}{abs(month)}月{day}日，例如 农历八月十五 9:00。")
    return known[0] + timedelta(days=day - 1)


def _coming(on: date, following: date, today: date) -> Day:
    """The day of this year, or next year's where that is clearly meant."""
    if on < today and following - today <= _NEXT_YEAR_WITHIN:
        return Day(following, following)
    return Day(on, following)


def _anniversary(on: date, year: int) -> date:
    return date(year, on.month, 28 if (on.month, on.day) == (2, 29) else on.day)


def _exact(on: date, today: date) -> Day:
    """A day said with its year; if it has passed, its next anniversary is what can be offered."""
    if on >= today:
        return Day(on, on)
    this_year = _anniversary(on, today.year)
    return Day(on, this_year if this_year >= today else _anniversary(on, today.year + 1))


def _near_day(match: re.Match[str], today: date) -> Day:
    ahead = {"前": -2, "昨": -1, "今": 0, "明": 1, "后": 2, "大": 3}[match.group()[0]]
    return Day(today + timedelta(days=ahead), today + timedelta(days=max(ahead, 1)))


def _weekday(match: re.Match[str], today: date) -> Day:
    name = match["weekday"]
    index = {"天": 6, "末": 5, "7": 6}.get(name, int(name) - 1 if name.isdigit() else _WEEKDAYS.find(name))
    monday = today - timedelta(days=today.weekday())
    week = match["week"] or ""
    if not week:
        ahead = (index - today.weekday()) % 7
        on = today + timedelta(days=ahead)
        return Day(on, on + timedelta(days=7), today_is_next_week=True)
    weeks = {"上": -1, "下": week.count("下")}.get(week[0], 0)
    on = monday + timedelta(days=7 * weeks + index)
    following = on if on >= today else today + timedelta(days=(index - today.weekday()) % 7)
    return Day(on, following)


def _next_week(_match: re.Match[str], today: date) -> Day:
    on = today + timedelta(days=7 - today.weekday())
    return Day(on, on)


def _month_day(match: re.Match[str], today: date) -> Day:
    groups = match.groupdict()
    month, day = small_number(groups["month"]), small_number(groups["day"])
    if groups.get("relative"):
        return _exact(solar_day(today.year + "今明后".index(groups["relative"][0]), month, day), today)
    if groups.get("year"):
        return _exact(solar_day(int(groups["year"]), month, day), today)
    on = solar_day(today.year, month, day)
    return _coming(on, _anniversary(on, today.year + 1), today)


def _day_of_month(match: re.Match[str], today: date) -> Day:
    day, said = small_number(match["day"]), match["which"] or ""
    next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    if not said.startswith("下"):
        on = solar_day(today.year, today.month, day)
        if on >= today or said:
            return Day(on, max(on, today))
    on = solar_day(next_month.year, next_month.month, day)
    return Day(on, on)


def _in_days(match: re.Match[str], today: date) -> Day:
    count = small_number(match["count"])
    if match["unit"].endswith("月"):
        months = today.month - 1 + count
        first = date(today.year + months // 12, months % 12 + 1, 1)
        last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        on = min(first + timedelta(days=today.day - 1), last)
    else:
        on = today + timedelta(days=count * (1 if match["unit"] in "天日" else 7))
    return Day(on, on)


def lunar_parts(match: re.Match[str]) -> tuple[int, int]:
    """Month (negative for a leap month) and day of a lunar date as said. Raises ``TimeError``."""
    month = _LUNAR_MONTHS.get(match["lunar_month"]) or small_number(match["lunar_month"])
    day = small_number(match["lunar_day"].removeprefix("初"))
    if not (1 <= month <= 12 and 1 <= day <= 30):
        raise TimeError(f"农历没有“{match.group()[:12]}”这一天，例如 农历八月十五。")
    return (-month if match["leap"] else month), day


def _lunar(match: re.Match[str], today: date) -> Day:
    month, day = lunar_parts(match)
    if match["lunar_year"]:
        return _exact(lunar_day(int(match["lunar_year"]), month, day), today)
    # Winter months of the lunar year before still lie ahead in January.
    last_year = _lunar_months(today.year - 1).get(month) if abs(month) >= 11 else None
    if last_year and last_year[0] + timedelta(days=day - 1) >= today:
        on = lunar_day(today.year - 1, month, day)
        return Day(on, on)
    on = lunar_day(today.year, month, day)
    if on >= today:
        return Day(on, on)
    return _coming(on, lunar_day(today.year + 1, month, day), today)


_SOLAR_HOLIDAYS = {
    **{"元旦": (1, 1), "情人节": (2, 14), "妇女节": (3, 8), "三八": (3, 8), "劳动节": (5, 1), "五一": (5, 1)},
    **{"儿童节": (6, 1), "六一": (6, 1), "教师节": (9, 10), "国庆": (10, 1), "双十一": (11, 11), "双十二": (12, 12)},
    **{"平安夜": (12, 24), "圣诞": (12, 25)},
}
_LUNAR_HOLIDAYS = {
    **{"春节": (1, 1), "大年初一": (1, 1), "元宵": (1, 15), "端午": (5, 5), "七夕": (7, 7), "中秋": (8, 15)},
    "重阳": (9, 9),
}


def _holiday_in(name: str, year: int) -> date:
    lunar = _LUNAR_HOLIDAYS.get(name)
    return lunar_day(year, *lunar) if lunar else solar_day(year, *_SOLAR_HOLIDAYS[name])


def _holiday(match: re.Match[str], today: date) -> Day:
    name, said_year = match["holiday"], match["relative"]
    if said_year:
        return _exact(_holiday_in(name, today.year + "今明后".index(said_year[0])), today)
    coming = [on for year in range(today.year, today.year + 3) if (on := _holiday_in(name, year)) >= today]
    return Day(coming[0], coming[1])


def _before_holiday(match: re.Match[str], today: date) -> Day:
    """国庆前三天: the third day before the next 国庆 for which that still lies ahead."""
    early = timedelta(days=small_number(match["count"]))
    days = (_holiday_in(match["holiday"], year) - early for year in range(today.year, today.year + 4))
    coming = [on for on in days if on >= today]
    return Day(coming[0], coming[1])


_ALONE = r"(?![\d/.\-])"  # 9-20 is a date, 9-20-30 or 010-1234 is something else
# 正月, 腊月, 初八 and 廿三 can only be lunar, said without 农历 too.
LUNAR_DATE = re.compile(
    rf"(?:(?:农历|阴历|旧历|夏历) ?|(?=[正冬腊]月)|(?=闰|{NUMBER}月[初廿]))(?:(?P<lunar_year>20\d\d)年)?(?P<leap>闰)?"
    rf"(?P<lunar_month>[正冬腊]|{NUMBER})月(?P<lunar_day>初?{NUMBER})[日号]?",
    re.ASCII,
)
MONTH_DAY = re.compile(
    r"(?:(?:(?P<year>20\d\d)年|(?P<relative>今年|明年|后年)) ?)?(?P<month>"
    + NUMBER
    + r")月 ?(?P<day>"
    + NUMBER
    + r")[日号]?",
    re.ASCII,
)
YEAR_MONTH_DAY = re.compile(r"(?P<year>20\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _ALONE, re.ASCII)
MONTH_SLASH_DAY = re.compile(r"(?P<month>\d{1,2})[-/](?P<day>\d{1,2})" + _ALONE, re.ASCII)

# 9.20 is a date only where an hour follows; else it is a price.
_MONTH_DOT_DAY = re.compile(
    r"(?P<month>\d{1,2})\.(?P<day>\d{1,2})(?= ?(?:凌晨|早|上午|中午|下午|傍晚|晚|\d{1,2}[:点]))", re.ASCII
)

# 元旦 10:00 is a time, the 中秋 of 中秋茶会 or 中秋 9月20日 is a name: only an hour makes the day one.
_HOLIDAY = re.compile(
    rf"(?P<relative>今年|明年|后年)?(?:的 ?)?(?P<holiday>{'|'.join((*_SOLAR_HOLIDAYS, *_LUNAR_HOLIDAYS))})节?(?:当天|那天)?"
    r"(?= ?(?:凌晨|早|上午|中午|下午|傍晚|晚|\d{1,2}[:点时]|[一二两三四五六七八九十]{1,3}点))",
    re.ASCII,
)

_BEFORE_HOLIDAY = re.compile(
    rf"(?P<holiday>{'|'.join((*_SOLAR_HOLIDAYS, *_LUNAR_HOLIDAYS))})节?(?:的?前|提前) ?(?P<count>{NUMBER}) ?天",
    re.ASCII,
)

_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Day]], ...] = (
    (LUNAR_DATE, _lunar),
    (MONTH_DAY, _month_day),
    (YEAR_MONTH_DAY, _month_day),
    (MONTH_SLASH_DAY, _month_day),
    (_MONTH_DOT_DAY, _month_day),
    (_HOLIDAY, _holiday),
    (_BEFORE_HOLIDAY, _before_holiday),
    (
        re.compile(
            r"(?P<count>\d{1,4}(?!\d)|[一二两三四五六七八九十]{1,3}) ?个?(?P<unit>天|日|周|星期|礼拜|月)(?:以|之)?后",
            re.ASCII,
        ),
        _in_days,
    ),
    (re.compile(r"前天|昨天|昨日|今天|今日|今儿个?|明天|明日|明儿个?|大后天|后天|[昨今明后](?=[早晚])"), _near_day),
    (
        re.compile(
            r"(?P<week>这个?|本|下下个?|下个?|上个?)?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天末]|[1-7](?![\d:]))",
            re.ASCII,
        ),
        _weekday,
    ),
    (re.compile(r"下个?(?:周|星期|礼拜)"), _next_week),
    (re.compile(r"(?P<which>下个?月|这个?月|本月)?(?P<day>" + NUMBER + r")[日号]", re.ASCII), _day_of_month),
)
_WEEKDAY_AFTER = re.compile(r" ?[(]?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天])[)]?")


def day_at(plain: str, start: int) -> tuple[int, Callable[[date], Day]] | None:
    """Where the day said at a position ends, and what reads it given today (that may raise ``TimeError``)."""
    for pattern, reader in _FORMS:
        if match := pattern.match(plain, start):
            after = None if pattern.groupindex.get("weekday") else _WEEKDAY_AFTER.match(plain, match.end())
            return (after or match).end(), _reading(reader, match, after)
    return None


def _reading(
    reader: Callable[[re.Match[str], date], Day], match: re.Match[str], after: re.Match[str] | None
) -> Callable[[date], Day]:
    def read(today: date) -> Day:
        day = reader(match, today)
        if (day.on - today).days > FARTHEST_DAYS:
            raise TimeError(f"“{match.group()[:20]}”太远了，最多排到两年后，{_EXAMPLE}。")
        if after and _WEEKDAYS.find(after["weekday"].replace("天", "日")) != day.on.weekday():
            said, true = after["weekday"], weekday_name(day.on)
            raise TimeError(f"{day.on.month}月{day.on.day}日是{true}，不是周{said}，请再说一次。")
        return day

    return read


def weekday_name(on: date) -> str:
    return f"周{_WEEKDAYS[on.weekday()]}"


_LUNAR_MONTH_WORDS = ("正月", "二月", "三月", "四月", "五月", "六月", "七月", "八月", "九月", "十月", "冬月", "腊月")
_TENS = ("初", "十", "廿")
_ONES = "一二三四五六七八九十"


def lunar_words(month: int, day: int) -> str:
    """``农历八月十五``."""
    tens, ones = divmod(day - 1, 10)
    said = {20: "二十", 30: "三十"}.get(day) or _TENS[tens] + _ONES[ones]
    return f"农历{'闰' if month < 0 else ''}{_LUNAR_MONTH_WORDS[abs(month) - 1]}{said}"


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day of the calendar as said, solar or lunar. ``month`` negative: a leap month. ``year`` None: unsaid."""

    month: int
    day: int
    year: int | None
    lunar: bool


def take_calendar_day(words: Words, today: date) -> tuple[CalendarDay, list[Words]] | None:
    """The calendar day said in a piece of a line and the pieces around it, or None. Raises ``TimeError``.

    Without a year the day comes back every year, so passed ones are fine; 2月29日 is, 2月30日 is not.
    """
    for pattern in (LUNAR_DATE, YEAR_MONTH_DAY, MONTH_DAY, MONTH_SLASH_DAY):
        if match := _search_free(pattern, words.plain):
            around = words.cut(0, match.start()), words.cut(match.end())
            return _calendar_day(match, today), [piece for piece in around if piece]
    for word in words.split():
        found = day_at(word.plain, 0)
        if found and found[0] == len(word):
            on = found[1](today).on
            around = words.cut(0, word.start - words.start), words.cut(word.end - words.start)
            return CalendarDay(on.month, on.day, on.year, lunar=False), [piece for piece in around if piece]
    return None


def _search_free(pattern: re.Pattern[str], plain: str) -> re.Match[str] | None:
    """The first match that does not begin inside a number or a Latin word."""
    for match in pattern.finditer(plain):
        before = plain[match.start() - 1] if match.start() else " "
        if not (before.isascii() and before.isalnum()) and before not in ".-/#:":
            return match
    return None


def _calendar_day(match: re.Match[str], today: date) -> CalendarDay:
    groups = match.groupdict()
    if groups.get("lunar_month"):
        month, day = lunar_parts(match)
        year = groups["lunar_year"]
        return CalendarDay(month, day, int(year) if year else None, lunar=True)
    month, day = small_number(groups["month"]), small_number(groups["day"])
    relative = groups.get("relative")
    year_said = int(groups["year"]) if groups.get("year") else None
    year = today.year + "今明后".index(relative[0]) if relative else year_said
    solar_day(year or _LEAP_YEAR, month, day)
    return CalendarDay(month, day, year, lunar=False)
