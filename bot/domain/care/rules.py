"""When a day of the year comes round, and when staff are reminded of it: values in, a value out."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from lunar_python import LunarYear, Solar

from bot.language.days import weekday_name

DAY = timedelta(days=1)

PACKET_REMIND_DAYS = 3
OWN_DAY_REMIND_DAYS = 3
# Packets that are still open on the day itself are asked for while there is an evening left to hand them out.
PACKET_EVENING = time(18)
# Who answers this soon after packets were handed out answers them.
PACKET_ANSWERED_WITHIN = timedelta(days=3)

# How late a reminder to oneself still runs; afterwards it counts as missed and staff are asked.
REMINDER_GRACE = timedelta(hours=6)
# A question about money already handed out does not grow stale overnight.
QUESTION_GRACE = timedelta(days=7)
# What nobody took out of a red packet comes back to the sender after a day.
UNCLAIMED_RETURNS_AFTER = timedelta(hours=24)
# A tick or two is not worth an apology.
LATE_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Due:
    """One moment to remind at: from ``at`` on, and no longer once ``until`` is reached (aware, UTC)."""

    at: datetime
    until: datetime


@lru_cache(maxsize=256)
def lunar_months(lunar_year: int) -> dict[int, tuple[date, int]]:
    """First day and number of days of each month of a lunar year; a leap month has its number negative.

    Kept because the library computes a lunar year anew (3 ms) at every question.
    """
    months = {}
    for month in LunarYear.fromYear(lunar_year).getMonthsInYear():
        first = Solar.fromJulianDay(month.getFirstJulianDay())
        months[month.getMonth()] = (date(first.getYear(), first.getMonth(), first.getDay()), month.getDayCount())
    return months


def lunar_day(lunar_year: int, month: int, day: int) -> date:
    """The solar date of a lunar one. A day 30 that the month does not have is its last day.

    A negative month is the leap month of that number, or the ordinary one in a year without it. Raises ValueError for a
    month outside 1–12 or a day outside 1–30.
    """
    if not (1 <= abs(month) <= 12 and 1 <= day <= 30):
        raise ValueError(f"no lunar date {month}/{day}; months are 1-12, days 1-30")
    months = lunar_months(lunar_year)
    first, length = months.get(month) or months[abs(month)]
    return first + (min(day, length) - 1) * DAY


def solar_day(year: int, month: int, day: int) -> date:
    """The date in that year; 29 February is 28 February in common years. Raises ValueError for a day no year has."""
    if (month, day) == (2, 29) and not calendar.isleap(year):
        return date(year, 2, 28)
    return date(year, month, day)


def next_yearly(month: int, day: int, *, lunar: bool, on_or_after: date) -> date:
    """The next time a yearly day comes round, solar or lunar. Raises ValueError for a day no year has."""
    if lunar:
        # The last months of a lunar year lie in the next solar one.
        days = (lunar_day(on_or_after.year + shift, month, day) for shift in (-1, 0, 1))
    else:
        days = (solar_day(on_or_after.year + shift, month, day) for shift in (0, 1))
    return next(day for day in days if day >= on_or_after)


def at_hour(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """That hour of the shop's day, in UTC."""
    return datetime.combine(day, hour, zone).astimezone(UTC)


def packet_reminders(holiday: date, remind_days: int, *, hour: time, zone: ZoneInfo) -> list[Due]:
    """``remind_days`` before, the day before, that morning and evening, the day after, and once more two days later.

    Each holds until the next one is due, so that whenever the clock arrives, even by a jump, staff hear of an open plan
    at once and only once.
    """
    moments = _mornings(holiday, (remind_days, 1, 0, -1, -3), hour=hour, zone=zone)
    evening = at_hour(holiday, PACKET_EVENING, zone)
    moments = sorted({*moments, evening})
    return _one_takes_over_from_the_other(moments, moments[-1] + QUESTION_GRACE)


def day_reminders(day: date, remind_days: int, *, hour: time, zone: ZoneInfo) -> list[Due]:
    """``remind_days`` before, until that morning; that morning, until the day is over."""
    moments = _mornings(day, (remind_days, 0), hour=hour, zone=zone)
    return _one_takes_over_from_the_other(moments, at_hour(day + DAY, time.min, zone))


def still_to_come(reminders: Iterable[Due], now: datetime, zone: ZoneInfo) -> list[Due]:
    """Leaves out what lies before a plan's making, but keeps today's even if its hour has passed."""
    today = now.astimezone(zone).date()
    return [due for due in reminders if due.at > now or due.at.astimezone(zone).date() == today]


def _mornings(day: date, days_before: Iterable[int], *, hour: time, zone: ZoneInfo) -> list[datetime]:
    return [at_hour(day - days * DAY, hour, zone) for days in sorted(set(days_before), reverse=True)]


def _one_takes_over_from_the_other(moments: list[datetime], end: datetime) -> list[Due]:
    return [Due(at, until) for at, until in pairwise([*moments, end])]


def day_words(day: date, today: date) -> str:
    """``10月6日 周一``, with the year where it is another one than today's."""
    year = "" if day.year == today.year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日 {weekday_name(day)}"
