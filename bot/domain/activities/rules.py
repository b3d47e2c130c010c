"""What is said of an activity, and when its guests are reminded. No I/O."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

WEEKDAYS = "一二三四五六日"
DAY_BEFORE = timedelta(days=1)
HOURS_BEFORE = timedelta(hours=2)


class Told(Protocol):
    """What of an activity is told."""

    title: str
    place: str
    at: datetime | None

    @property
    def id(self) -> int: ...


def when(at: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """``12月20日（周日）14:00`` in the shop's zone; the year stands there only when it is not this one."""
    if at is None:
        return "时间另行通知"
    here = at.astimezone(zone)
    year = f"{here.year}年" if here.year != now.astimezone(zone).year else ""
    return f"{year}{here.month}月{here.day}日（周{WEEKDAYS[here.weekday()]}）{here:%H:%M}"


def left(at: datetime | None, now: datetime) -> str:
    """``两个小时``, ``1小时20分钟``, ``35分钟``, ``3天``: how long until it begins; empty for one without a time or begun."""
    minutes = 0 if at is None else max(0, round((at - now) / timedelta(minutes=1)))
    if minutes >= 24 * 60:
        return f"{round(minutes / (24 * 60))}天"
    if minutes >= 60:
        # Nobody says two hours to the minute.
        hours, rest = divmod(round(minutes / 10) * 10, 60)
        whole = "两个小时" if hours == 2 else f"{hours}个小时"
        return f"{hours}小时{rest}分钟" if rest else whole
    return f"{minutes}分钟" if minutes else ""


def facts(activity: Told, zone: ZoneInfo, now: datetime) -> dict[str, str]:
    """What scripts may say of an activity."""
    return {
        "title": activity.title,
        "when": when(activity.at, zone, now),
        "left": left(activity.at, now),
        "place": activity.place or "本店",
        "number": str(activity.id),
    }


def reminder_due(at: datetime, now: datetime, *, zone: ZoneInfo, day_told: bool, hours_told: bool) -> str | None:
    """``day`` or ``hours``, whichever is due at ``now`` and was not given; never both, the nearer one counts.

    What says 明天见 is said on the day before, however late, and not on the day itself.
    """
    if now >= at:
        return None
    if now >= at - HOURS_BEFORE:
        return None if hours_told else "hours"
    is_day_before = now >= at - DAY_BEFORE and now.astimezone(zone).date() < at.astimezone(zone).date()
    return "day" if is_day_before and not day_told else None
