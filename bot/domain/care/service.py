"""Care: what the coming weeks hold, and what staff hear when a moment strikes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from bot.domain.care import (
    days,
    days_off,
    holidays,
    occasions,
    occurrences,
    own_days,
    packets,
    reminders,
    rules,
    turns,
)
from bot.domain.care.models import Plan
from bot.domain.care.occasions import Occasion
from bot.domain.care.occurrences import Reminder, Struck
from bot.domain.care.reminders import SUBJECT
from bot.domain.customers.rules import shown
from bot.domain.merchants import notices
from bot.domain.merchants.models import Staff
from bot.domain.merchants.service import active_staff, owners
from bot.language.money import show_money
from bot.language.times import show_time
from bot.settings import Settings
from bot.store.transaction import Tx

AHEAD = timedelta(days=30)
NAMED = 3  # people of one day
MANY = 300  # people in one calendar

# Another room's dates for the calendar: what it has planned from a moment (included) to another (excluded), in words.
Source = Callable[[Tx, datetime, datetime], Iterable[tuple[datetime, str]]]


@dataclass(frozen=True, slots=True)
class Coming:
    """Something in the calendar; ``hour`` (shop's zone) None = all day."""

    day: date
    hour: time | None
    words: str


def calendar(tx: Tx, shop: Settings, *, staff_id: int, sources: Iterable[Source] = ()) -> list[Coming]:
    """The next 30 days in order: holidays and what goes out on them, days off, own days and customers' own, red packets
    not handed out, what ``sources`` tell, and this staff member's own reminders."""
    zone, now = shop.timezone, tx.now
    today = now.astimezone(zone).date()
    last = today + AHEAD
    until = rules.at_hour(last + rules.DAY, time.min, zone)
    all_day = [
        *_days_of_the_year(tx, today, last),
        *_days_off(today, last),
        *(
            (packet.day, f"红包 {packet.id} {packet.recipients} {show_money(packet.budget_fen)}（未发）")
            for packet in packets.open_plans(tx)
            if today <= packet.day <= last
        ),
    ]
    timed = [entry for source in sources for entry in source(tx, now, until)]
    timed += [(own.at, f"提醒：{own.words}") for own in reminders.own(tx, staff_id) if own.at < until]
    timed += [
        (turns.hears_at(coming.occasion, coming.day, shop), f"{coming.title}自动发给“{coming.occasion.segment}”")
        for coming in occasions.between(tx, today, last)
        if coming.occasion.position == "send"
    ]
    all_day += [
        (day, words)
        for plan in occasions.personal(occasions.plans(tx))
        for day, words in _own_days(tx, shop, plan, today)
    ]
    found = [Coming(day, None, words) for day, words in all_day]
    found += [Coming(local.date(), local.time(), words) for at, words in timed for local in [at.astimezone(zone)]]
    return sorted(found, key=lambda coming: (coming.day, coming.hour or time.min))


def _days_of_the_year(tx: Tx, today: date, last: date) -> list[tuple[date, str]]:
    """Holidays, the shop's own days, and the solar terms a shop wants to see."""
    found = [*holidays.between(today, last), *days.between(tx, today, last)]
    found += [(coming.day, coming.title) for coming in occasions.between(tx, today, last)]
    return sorted(set(found))


def _days_off(today: date, last: date) -> list[tuple[date, str]]:
    found = [
        (
            stretch.first,
            f"放假 {stretch.days} 天，到 {stretch.last.month}月{stretch.last.day}日" if stretch.days > 1 else "放假",
        )
        for stretch in days_off.stretches(today, last)
    ]
    return found + [(day, f"上班（{name}调休）") for day, name in days_off.worked(today, last)]


def unannounced(tx: Tx, shop: Settings) -> str:
    """A line that says of which year the calendar does not know the days off, or nothing."""
    today = tx.now.astimezone(shop.timezone).date()
    years = "、".join(f"{year}年" for year in days_off.unknown_years(today, today + AHEAD))
    return f"{years}的放假和调休还没有（国务院一般前一年十一月公布，之后升级熟客就有）" if years else ""


def _own_days(tx: Tx, shop: Settings, plan: Occasion, today: date) -> list[tuple[date, str]]:
    """Whose day it is, up to a few names a day; of very many only how many."""
    many = own_days.count(tx, shop, plan, today, AHEAD.days)
    if many > MANY:
        return [(today, f"30 天内 {plan.name} {many} 位")]
    people: dict[date, list[str]] = {}
    for day, customer in own_days.between(tx, shop, plan, today, AHEAD.days):
        people.setdefault(day, []).append(shown(customer))
    return [
        (day, f"{plan.name} {'、'.join(names[:NAMED])}{f' 等 {len(names)} 位' if len(names) > NAMED else ''}")
        for day, names in people.items()
    ]


def strike(tx: Tx, occurrence_id: int, shop: Settings) -> bool:
    """A moment has come: tells whoever should hear. False: it was not ours to strike."""
    struck = occurrences.strike(tx, occurrence_id)
    if struck is None:
        return False
    reminder = None if struck.superseded else _WORDS[struck.plan.kind](tx, struck, shop)
    if reminder is None:
        occurrences.not_needed(tx, occurrence_id)
        return True
    text = reminder.text
    if struck.late:
        text += f"\n（这条晚了，原定 {show_time(struck.due_at, tx.now.astimezone(shop.timezone))}）"
    for staff in _hearers(tx, struck.plan):
        notices.tell(tx, staff.id, text, kind="care", urgent=reminder.urgent, subject=f"{SUBJECT}{occurrence_id}")
    return True


def _hearers(tx: Tx, plan: Plan) -> list[Staff]:
    """Owners and whoever planned it; a reminder to oneself goes to oneself, unless that person works here no more."""
    maker = [staff for staff in active_staff(tx) if staff.id == plan.staff_id]
    if plan.kind in reminders.KINDS and maker:
        return maker
    return list({staff.id: staff for staff in [*owners(tx), *maker]}.values())


def _once_more(tx: Tx, struck: Struck, shop: Settings) -> Reminder | None:
    """What was put off, in words that are true by now."""
    first = tx.session.get(Plan, struck.plan.again_of)
    if first is None:
        return None
    # Days and packets go by the day they are for; a reminder of one's own by the moment it was put off to.
    for_day = struck.due_at if first.kind == "reminder" else struck.plan.at or struck.due_at
    return _WORDS[first.kind](tx, replace(struck, plan=first, due_at=for_day), shop)


_WORDS: Mapping[str, Callable[[Tx, Struck, Settings], Reminder | None]] = {
    "packet": packets.reminder,
    "day": days.reminder,
    "reminder": reminders.words,
    "again": _once_more,
}
