"""Statutory days off and the weekend days worked in exchange, as the State Council announces them year by year.

They are decreed, not computed: a year is known once the package behind this has taken it up, usually in November of the
year before. For any other year nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chinese_calendar.constants import holidays as off
from chinese_calendar.constants import workdays

from bot.domain.care.rules import DAY

_CHINESE = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午",
    "National Day": "国庆",
    "Mid-autumn Festival": "中秋",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}
_YEARS = frozenset(day.year for day in off)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days off in a row, both ends included; ``name`` of the holiday they are for."""

    name: str
    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def stretches(start: date, end: date) -> list[Stretch]:
    """The stretches of days off that begin from ``start`` to ``end``, both included, each in its whole length."""
    found = []
    for offset in range((end - start).days + 1):
        first = start + offset * DAY
        if first in off and first - DAY not in off:
            last = first
            while last + DAY in off:
                last += DAY
            found.append(Stretch(_CHINESE.get(off[first], ""), first, last))
    return found


def worked(start: date, end: date) -> list[tuple[date, str]]:
    """The weekend days that are worked from ``start`` to ``end``, both included, with the holiday they make up for."""
    return sorted((day, _CHINESE.get(name, "")) for day, name in workdays.items() if start <= day <= end)


def is_off(day: date) -> bool:
    """Whether a holiday makes that day off; an ordinary weekend is not told."""
    return day in off


def is_worked(day: date) -> bool:
    """Whether that weekend day is worked in exchange for a holiday."""
    return day in workdays


def unknown_years(start: date, end: date) -> list[int]:
    """The years from ``start`` to ``end`` of which the days off are not known (yet)."""
    return [year for year in range(start.year, end.year + 1) if year not in _YEARS]
