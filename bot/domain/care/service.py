"""Care: what the coming weeks hold, and what staff hear when a moment strikes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from bot.domain.care import days, holidays, occurrences, packets, reminders, rules
from bot.domain.care.models import Plan
from bot.domain.care.occurrences import Reminder, Struck
from bot.domain.care.reminders import SUBJECT
from bot.domain.merchants import notices
from bot.domain.merchants.models import Staff
from bot.domain.merchants.service import active_staff, owners
from bot.language.money import show_money
from bot.language.times import show_time
from bot.settings import Settings
from bot.store.transaction import Tx

AHEAD = timedelta(days=30)

# Another room's dates for the calendar: what it has planned from a moment (included) to another (excluded), in words.
Source = Callable[[Tx, datetime, datetime], Iterable[tuple[datetime, str]]]


@dataclass(frozen=True, slots=True)
class Coming:
    """Something in the calendar; ``hour`` (shop's zone) None = all day."""

    day: date
    hour: time | None
    words: str


def calendar(tx: Tx, shop: Settings, *, staff_id: int, sources: Iterable[Source] = ()) -> list[Coming]:
    """The next 30 days in order: holidays, own days, red packets not handed out, what ``sources`` tell, and this staff
    member's own reminders."""
    zone, now = shop.timezone, tx.now
    today = now.astimezone(zone).date()
    last = today + AHEAD
    until = rules.at_hour(last + rules.DAY, time.min, zone)
    all_day = [
        *holidays.between(today, last),
        *days.between(tx, today, last),
        *(
            (packet.day, f"红包 {packet.id} {packet.recipients} {show_money(packet.budget_fen)}（未发）")
            for packet in packets.open_plans(tx)
            if today <= packet.day <= last
        ),
    ]
    timed = [entry for source in sources for entry in source(tx, now, until)]
    timed += [(own.at, f"提醒：{own.words}") for own in reminders.own(tx, staff_id) if own.at < until]
    found = [Coming(day, None, words) for day, words in all_day]
    found += [Coming(local.date(), local.time(), words) for at, words in timed for local in [at.astimezone(zone)]]
    return sorted(found, key=lambda coming: (coming.day, coming.hour or time.min))


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
