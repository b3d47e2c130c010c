"""Care: what the coming weeks hold, reminders to oneself, and what staff hear when a moment strikes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from bot.domain.care import days, holidays, occurrences, packets, rules
from bot.domain.care.models import Plan
from bot.domain.care.occurrences import Reminder, Struck
from bot.domain.care.rules import Due
from bot.domain.merchants import notices
from bot.domain.merchants.models import Staff
from bot.domain.merchants.service import active_staff, owners
from bot.errors import Refusal
from bot.language.money import show_money
from bot.language.normalise import stored
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
    timed += [(at, f"提醒：{title}") for at, title in _own_reminders(tx, staff_id, now, until)]
    found = [Coming(day, None, words) for day, words in all_day]
    found += [Coming(local.date(), local.time(), words) for at, words in timed for local in [at.astimezone(zone)]]
    return sorted(found, key=lambda coming: (coming.day, coming.hour or time.min))


def remind(tx: Tx, *, staff_id: int, at: datetime, text: str) -> Plan:
    """Plans one reminder to oneself. Raises Refusal for a moment that has passed."""
    if at <= tx.now:
        raise Refusal("这个时间已经过了，没有记。请换一个以后的时间，例如：提醒 明天10点 给张姐打电话")
    plan = Plan(kind="reminder", title=stored(text), at=at, remind_days=0, staff_id=staff_id, created_at=tx.now)
    tx.session.add(plan)
    tx.session.flush()
    occurrences.plant(tx, plan, [Due(at, at + rules.REMINDER_GRACE)])
    return plan


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
        text += f"\n（这条晚了，原定 {_when(struck, tx, shop)}）"
    for staff in _hearers(tx, struck.plan):
        notices.tell(tx, staff.id, text, kind="care", urgent=reminder.urgent, subject=f"occurrence:{occurrence_id}")
    return True


def _own_reminders(tx: Tx, staff_id: int, start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    own = select(Plan.at, Plan.title).where(
        Plan.kind == "reminder", Plan.staff_id == staff_id, Plan.at >= start, Plan.at < end
    )
    return [(at, title) for at, title in tx.session.execute(own) if at is not None]


def _hearers(tx: Tx, plan: Plan) -> list[Staff]:
    """Owners and whoever planned it; a reminder to oneself goes to oneself, unless that person works here no more."""
    maker = [staff for staff in active_staff(tx) if staff.id == plan.staff_id]
    if plan.kind == "reminder" and maker:
        return maker
    return list({staff.id: staff for staff in [*owners(tx), *maker]}.values())


def _own_reminder(tx: Tx, struck: Struck, shop: Settings) -> Reminder:
    text = struck.plan.title
    maker = tx.session.get(Staff, struck.plan.staff_id)
    if maker is not None and not maker.active:
        text = f"{text}（{maker.name}留下的）"
    if not struck.missed:
        return Reminder(f"提醒：{text}", urgent=True)
    return Reminder(
        f"有条提醒错过了（原定 {_when(struck, tx, shop)}）：{text}"
        f"\n还要的话再说一次，例如：提醒 明天10点 {struck.plan.title}"
    )


def _when(struck: Struck, tx: Tx, shop: Settings) -> str:
    return show_time(struck.due_at, tx.now.astimezone(shop.timezone))


_WORDS: Mapping[str, Callable[[Tx, Struck, Settings], Reminder | None]] = {
    "packet": packets.reminder,
    "day": days.reminder,
    "reminder": _own_reminder,
}
