"""The occasions of a Chinese shop's year by name: fixed, lunar, floating and solar-term days.

中元 is left out on purpose: it is a day of mourning, and a greeting on it is a blunder. A shop that keeps another day
adds it as its own.
"""

from __future__ import annotations

import calendar
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache

from lunar_python import Lunar
from rapidfuzz import fuzz, process

from bot.domain.care.rules import DAY, lunar_day

DayOfYear = Callable[[int], date]

# The 24 solar terms in the order in which they fall in a solar year.
TERMS = (
    *("小寒", "大寒", "立春", "雨水", "惊蛰", "春分", "清明", "谷雨", "立夏", "小满", "芒种", "夏至"),
    *("小暑", "大暑", "立秋", "处暑", "白露", "秋分", "寒露", "霜降", "立冬", "小雪", "大雪", "冬至"),
)


def _fixed(month: int, day: int) -> DayOfYear:
    return lambda year: date(year, month, day)


def _lunar(month: int, day: int) -> DayOfYear:
    return lambda year: lunar_day(year, month, day)


def _weekday(month: int, weekday: int, which: int) -> DayOfYear:
    """The ``which``-th (1-based) such weekday of the month."""

    def day_of_year(year: int) -> date:
        first = date(year, month, 1)
        return first + ((weekday - first.weekday()) % 7 + 7 * (which - 1)) * DAY

    return day_of_year


@lru_cache(maxsize=64)
def _terms(year: int) -> dict[str, date]:
    table = Lunar.fromYmd(year, 6, 1).getJieQiTable()
    # The table of a lunar year begins with the winter solstice before it; DONG_ZHI is the one at its end.
    moments = {term: table["DONG_ZHI" if term == "冬至" else term] for term in TERMS}
    return {term: date(at.getYear(), at.getMonth(), at.getDay()) for term, at in moments.items()}


def _solar_term(term: str) -> DayOfYear:
    return lambda year: _terms(year)[term]


def _new_years_eve(year: int) -> date:
    # The last lunar month has 29 or 30 days; what is sure is that Spring Festival follows.
    return lunar_day(year, 1, 1) - DAY


# name: (day in a solar year, other names). All fall exactly once in each solar year but 腊八: it belongs to the year
# whose spring it announces, and may fall on the last days of December.
_OCCASIONS: dict[str, tuple[DayOfYear, tuple[str, ...]]] = {
    "元旦": (_fixed(1, 1), ("阳历年", "阳历新年", "跨年")),
    "腊八": (lambda year: lunar_day(year - 1, 12, 8), ("腊月初八", "腊日")),
    "除夕": (_new_years_eve, ("年三十", "大年三十", "年夜", "除夕夜", "大年夜")),
    "春节": (_lunar(1, 1), ("过年", "大年初一", "年初一", "正月初一", "新春", "农历新年", "农历年")),
    "元宵": (_lunar(1, 15), ("元霄", "上元", "正月十五")),
    "情人节": (_fixed(2, 14), ("214", "2.14", "西方情人节")),
    "妇女节": (_fixed(3, 8), ("三八", "38", "3.8", "三八妇女节", "女神节", "女王节", "女生节")),
    "清明": (_solar_term("清明"), ()),
    "劳动节": (_fixed(5, 1), ("五一", "51", "5.1", "五一劳动节")),
    "母亲节": (_weekday(5, calendar.SUNDAY, 2), ("妈妈节",)),
    "520": (_fixed(5, 20), ("五二零", "五二〇", "5.20")),
    "儿童节": (_fixed(6, 1), ("六一", "61", "6.1", "六一儿童节")),
    "端午": (_lunar(5, 5), ("端阳", "五月初五", "龙舟节", "粽子节")),
    "618": (_fixed(6, 18), ("六一八", "6.18")),
    "父亲节": (_weekday(6, calendar.SUNDAY, 3), ("爸爸节",)),
    "七夕": (_lunar(7, 7), ("七夕情人节", "中国情人节", "乞巧", "七月初七")),
    "教师节": (_fixed(9, 10), ("老师节",)),
    "中秋": (_lunar(8, 15), ("仲秋", "八月十五", "八月半", "月饼节", "团圆节")),
    "国庆": (_fixed(10, 1), ("十一", "10.1", "国庆黄金周", "十一黄金周")),
    "重阳": (_lunar(9, 9), ("九月初九", "老人节", "敬老节")),
    "双十一": (_fixed(11, 11), ("双11", "1111", "11.11", "光棍节")),
    "感恩节": (_weekday(11, calendar.THURSDAY, 4), ()),
    "双十二": (_fixed(12, 12), ("双12", "1212", "12.12")),
    "冬至": (_solar_term("冬至"), ()),
    "平安夜": (_fixed(12, 24), ("圣诞夜", "圣诞前夜")),
    "圣诞": (_fixed(12, 25), ("耶诞",)),
}

NAMES = tuple(_OCCASIONS)
_SPELLINGS = {spelling: name for name, (_, others) in _OCCASIONS.items() for spelling in (name, *others)}
_ENDINGS = ("当天", "那天", "快乐", "佳节", "节日", "节")
_ALIKE = 45  # of 100: one character of two


def day_of(name: str, year: int) -> date:
    """The date of an occasion or solar term in a solar year (腊八: before that year's Spring Festival).

    Raises KeyError for a name that is neither one of ``NAMES`` nor of ``TERMS``.
    """
    return _terms(year)[name] if name in TERMS else _OCCASIONS[name][0](year)


def next_day(name: str, on_or_after: date) -> date:
    """The next time the occasion or solar term comes round. Raises KeyError for any other name."""
    days = (day_of(name, on_or_after.year + shift) for shift in (0, 1, 2))
    return next(day for day in days if day >= on_or_after)


def find(text: str) -> str | None:
    """The occasion that was meant (中秋节 → 中秋, 过年 → 春节), or None."""
    said = _plain(text)
    while said not in _SPELLINGS:
        ending = next((ending for ending in _ENDINGS if said.endswith(ending)), None)
        if ending is None:
            return None
        said = said.removesuffix(ending)
    return _SPELLINGS[said]


def nearest(text: str, today: date, *, others: Iterable[str] = ()) -> list[str]:
    """Up to three names to offer for one that is unknown: those alike, else the ones that come next.

    ``others`` are the shop's own names, which may be meant as well.
    """
    # Without the common ending, or every 节 is like every other.
    stems = {name: name.removesuffix("节") for name in (*_SPELLINGS, *others)}
    alike = process.extract(
        _plain(text).removesuffix("节"), stems, scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=len(stems)
    )
    names = list(dict.fromkeys(_SPELLINGS.get(spelling, spelling) for _, _, spelling in alike))
    return (names or sorted(NAMES, key=lambda name: next_day(name, today)))[:3]


def between(start: date, end: date) -> list[tuple[date, str]]:
    """All occasions from ``start`` to ``end``, both included, by date."""
    days = [(day_of(name, year), name) for year in range(start.year, end.year + 2) for name in NAMES]
    return sorted((day, name) for day, name in days if start <= day <= end)


def terms_between(start: date, end: date) -> list[tuple[date, str]]:
    """The solar terms from ``start`` to ``end``, both included, by date."""
    days = [(day, term) for year in range(start.year, end.year + 1) for term, day in _terms(year).items()]
    return sorted((day, term) for day, term in days if start <= day <= end)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
