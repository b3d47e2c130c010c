"""The shop's own days (店庆 …): once or every year, solar or lunar, with a word to staff before and that morning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import exists, select

from bot.domain.care import occurrences, rules
from bot.domain.care.models import CalendarDay, Occurrence, Plan
from bot.domain.care.occurrences import Reminder, Struck
from bot.domain.care.rules import DAY, Due
from bot.errors import Refusal
from bot.language.care_intents import CalendarAdd
from bot.language.days import lunar_words
from bot.language.normalise import display_name
from bot.settings import Settings
from bot.store.transaction import Tx

# A lunar year has up to 384 days: every yearly plan has a moment within this.
_A_YEAR_AHEAD = timedelta(days=400)


def add(tx: Tx, shop: Settings, *, staff_id: int, said: CalendarAdd) -> tuple[CalendarDay, date, list[Due]]:
    """Keeps a day of the shop's own and plans its reminders; the year of a yearly day says only since when.

    Returns the day, when it comes first, and when staff are reminded of it then. Raises Refusal for a day that does not
    exist, lies behind us, or stands in the calendar already.
    """
    today = tx.now.astimezone(shop.timezone).date()
    first = _first_date(said, today)
    own_day = CalendarDay(
        title=display_name(said.title)[0],
        month=said.month,
        day=said.day,
        lunar=said.lunar,
        on_day=None if said.yearly else first.isoformat(),
        staff_id=staff_id,
        created_at=tx.now,
    )
    there = coming(tx, today).get(own_day.title)
    if there is not None:
        # By its name a day is meant later (红包 计划 店庆 …): two of one name could not be told apart.
        raise Refusal(
            f"日历里已经有“{own_day.title}”（{rules.day_words(there, today)}），没有再记。"
            f"刚才记错了日子就先“撤销”；真有两个，请换个名字，例如：日历 添加 {own_day.title}第二天 "
            f"{date_words(own_day)}{' 每年' if said.yearly else ''}"
        )
    tx.session.add(own_day)
    tx.session.flush()
    plan = Plan(
        kind="day",
        title=own_day.title,
        calendar_day_id=own_day.id,
        remind_days=rules.OWN_DAY_REMIND_DAYS,
        staff_id=staff_id,
        created_at=tx.now,
    )
    tx.session.add(plan)
    tx.session.flush()
    occurrences.plant(tx, plan, _moments(own_day, plan, shop, tx.now))
    return own_day, first, _reminders(first, plan, shop, tx.now)


def _first_date(said: CalendarAdd, today: date) -> date:
    try:
        if said.year is None or said.yearly:
            return rules.next_yearly(said.month, said.day, lunar=said.lunar, on_or_after=today)
        in_year = rules.lunar_day if said.lunar else rules.solar_day
        only = in_year(said.year, said.month, said.day)
    except ValueError as error:
        raise Refusal(f"没有{said.month}月{said.day}日这一天。请写成 10月18日 或 农历八月初八。") from error
    if only < today:
        raise Refusal(f"{said.year}年的“{said.title}”已经过了。每年都过的，在最后加上“每年”。")
    return only


def next_date(own_day: CalendarDay, on_or_after: date) -> date | None:
    """When the day comes next; None for one that came once."""
    if own_day.on_day is None:
        return rules.next_yearly(own_day.month, own_day.day, lunar=own_day.lunar, on_or_after=on_or_after)
    only = date.fromisoformat(own_day.on_day)
    return only if only >= on_or_after else None


def date_words(own_day: CalendarDay) -> str:
    """The date as it was said: ``10月18日`` or ``农历八月初八``."""
    if own_day.lunar:
        return lunar_words(own_day.month, own_day.day)
    return f"{own_day.month}月{own_day.day}日"


def between(tx: Tx, start: date, end: date) -> list[tuple[date, str]]:
    """The shop's own days from ``start`` to ``end``, both included."""
    coming = ((next_date(own_day, start), own_day.title) for own_day in _all(tx))
    return [(day, title) for day, title in coming if day is not None and day <= end]


def coming(tx: Tx, today: date) -> dict[str, date]:
    """The shop's own days by title, each with the next time it comes; of several with one name the nearest."""
    found: dict[str, date] = {}
    for own_day in _all(tx):
        day = next_date(own_day, today)
        if day is not None:
            found[own_day.title] = min(day, found.get(own_day.title, day))
    return found


def unplanted(tx: Tx, now: datetime) -> Sequence[int]:
    """Plans of yearly days with nothing planted for the year ahead: their last one is over, or the clock has jumped."""
    ahead = exists().where(
        Occurrence.plan_id == Plan.id, Occurrence.due_at > now, Occurrence.due_at <= now + _A_YEAR_AHEAD
    )
    yearly = select(Plan.id).join(CalendarDay, CalendarDay.id == Plan.calendar_day_id)
    return tx.session.scalars(yearly.where(CalendarDay.on_day.is_(None), ~ahead)).all()


def plant_ahead(tx: Tx, plan_id: int, shop: Settings) -> None:
    """Plants the moments of a yearly day for this time and the next."""
    plan = tx.session.get_one(Plan, plan_id)
    own_day = tx.session.get_one(CalendarDay, plan.calendar_day_id)
    occurrences.plant(tx, plan, _moments(own_day, plan, shop, tx.now))


def reminder(tx: Tx, struck: Struck, shop: Settings) -> Reminder | None:
    """``店庆还有3天``; None when its last reminder comes with the day long over and done."""
    own_day = tx.session.get_one(CalendarDay, struck.plan.calendar_day_id)
    day = next_date(own_day, struck.due_at.astimezone(shop.timezone).date())
    if day is None:
        return None
    today = tx.now.astimezone(shop.timezone).date()
    title, when = own_day.title, rules.day_words(day, today)
    if struck.missed:
        return Reminder(f"日历：{when} 的“{title}”已经过了，当时没能提醒到您。")
    if day == today:
        return Reminder(f"日历：今天是“{title}”。", urgent=True)
    if day < today:
        return Reminder(f"日历：“{title}”（{when}）已经过了。")
    return Reminder(f"日历：“{title}”还有 {(day - today).days} 天（{when}）。")


def _moments(own_day: CalendarDay, plan: Plan, shop: Settings, now: datetime) -> list[Due]:
    coming = _next_two(own_day, now.astimezone(shop.timezone).date())
    return [due for day in coming for due in _reminders(day, plan, shop, now)]


def _reminders(day: date, plan: Plan, shop: Settings, now: datetime) -> list[Due]:
    reminders = rules.day_reminders(day, plan.remind_days, hour=shop.digest_at, zone=shop.timezone)
    return rules.still_to_come(reminders, now, shop.timezone)


def _next_two(own_day: CalendarDay, today: date) -> Iterator[date]:
    first = next_date(own_day, today)
    if first is not None:
        yield first
        second = next_date(own_day, first + DAY)
        if second is not None:
            yield second


def _all(tx: Tx) -> Sequence[CalendarDay]:
    return tx.session.scalars(select(CalendarDay).order_by(CalendarDay.id)).all()
