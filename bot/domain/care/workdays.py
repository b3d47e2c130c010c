"""Working days as the State Council decrees them; a year nobody has decreed yet goes by its weekends, and says so."""

from __future__ import annotations

from datetime import date

from bot.domain.care import days_off
from bot.domain.care.rules import DAY

_SATURDAY = 5


def is_working_day(day: date) -> bool:
    """Whether people work on that day; where `is_decreed` is False, Monday to Friday."""
    if not is_decreed(day):
        return day.weekday() < _SATURDAY
    return days_off.is_worked(day) or (day.weekday() < _SATURDAY and not days_off.is_off(day))


def is_decreed(day: date) -> bool:
    """Whether the days off of that day's year are known."""
    return not days_off.unknown_years(day, day)


def passed(since: date, today: date) -> int:
    """How many working days have begun after ``since``, today's included; 0 for a day to come."""
    return sum(is_working_day(since + offset * DAY) for offset in range(1, (today - since).days + 1))


def caution(first: date, last: date) -> str:
    """What to add where working days from ``first`` to ``last`` were counted by weekends only, else nothing."""
    years = days_off.unknown_years(first, last)
    named = "、".join(f"{year}年" for year in years)
    return f"（{named}的放假安排还没公布或没收到，按周一到周五上班算）" if years else ""
