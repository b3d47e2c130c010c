"""What the clock has to do for occasions: remind staff days before and that morning, and let customers hear on the day.

A step is a row that only one scheduler can take (`OccasionTurn`), so nothing is done twice, whoever looks and however
often. Nothing is planted ahead: what is due follows from the calendar and the plans as they stand, so that a clock that
jumps finds what is still of use and nothing else.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.care import holidays, occasions, rules
from bot.domain.care.models import OccasionTurn
from bot.domain.care.occasions import Coming, Occasion
from bot.domain.customers import segments
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import shown
from bot.errors import Refusal
from bot.language.segments import And, ClassTerm, parse_segment
from bot.settings import Settings
from bot.store.transaction import Tx

REMIND, MORNING, SEND = "remind", "morning", "send"
# A promise that was slept through is told of this long.
TOLD_WITHIN = timedelta(days=366)


Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Turn:
    """A step that is due: of ``coming``, until ``until`` (aware)."""

    step: str
    coming: Coming
    until: datetime

    @property
    def key(self) -> Key:
        return self.coming.title, self.coming.day.isoformat(), self.step


def taken(tx: Tx, since: date) -> dict[Key, tuple[str, datetime | None]]:
    """The steps of days from ``since`` on that somebody has taken: state, and when to go on with them."""
    found = select(
        OccasionTurn.title, OccasionTurn.on_day, OccasionTurn.step, OccasionTurn.state, OccasionTurn.next_at
    ).where(OccasionTurn.on_day >= since.isoformat())
    return {(row.title, row.on_day, row.step): (row.state, row.next_at) for row in tx.execute(found)}


def due(tx: Tx, shop: Settings, now: datetime, known: Sequence[Occasion], gone: Container[Key]) -> list[Turn]:
    """The steps of the ``known`` plans' days for all that have come by ``now`` and are not ``gone``, by day."""
    today = now.astimezone(shop.timezone).date()
    near = occasions.between(tx, today, today + occasions.MOST_REMIND_DAYS * rules.DAY, known)
    wanted = [turn for coming in near if (turn := _step(coming, shop, now)) is not None]
    wanted += [
        Turn(SEND, coming, until)
        for coming in near
        if coming.day == today
        and coming.occasion.position == "send"
        and hears_at(coming.occasion, today, shop) <= now < (until := heard_by(coming.occasion, today, shop))
    ]
    return [turn for turn in wanted if turn.key not in gone]


def _step(coming: Coming, shop: Settings, now: datetime) -> Turn | None:
    """What staff are to be told of a day now. The days of the shop's own have reminders of their own (`days`)."""
    plan, zone = coming.occasion, shop.timezone
    if coming.title not in holidays.NAMES and coming.title not in holidays.TERMS:
        return None
    today = now.astimezone(zone).date()
    if plan.since is not None and plan.since.astimezone(zone).date() == today:
        return None  # who has just turned the switch has just read it
    morning = rules.at_hour(coming.day, shop.digest_at, zone)
    if now >= morning:
        # In the evening it is too late for words to customers, and so for words about them.
        until = heard_by(plan, coming.day, shop)
        return Turn(MORNING, coming, until) if now < until else None
    ahead = rules.at_hour(coming.day - plan.remind_days * rules.DAY, shop.digest_at, zone)
    return Turn(REMIND, coming, morning) if now >= ahead else None


def hears_at(plan: Occasion, day: date, shop: Settings) -> datetime:
    return rules.at_hour(day, plan.hour, shop.timezone)


def heard_by(plan: Occasion, day: date, shop: Settings) -> datetime:
    """When it is too late to be heard on the day: the quiet hours begin, or the day is over."""
    quiet = shop.quiet_hours
    if quiet is not None and quiet.start > plan.hour:
        return rules.at_hour(day, quiet.start, shop.timezone)
    return rules.at_hour(day + rules.DAY, time.min, shop.timezone)


def slept_through(tx: Tx, shop: Settings, now: datetime, known: Sequence[Occasion]) -> list[Coming]:
    """Days on which customers were to hear and nobody's clock struck in time: no longer of use, but to be told of."""
    promised = [plan.since for plan in known if plan.position == "send" and plan.since is not None]
    if not promised:
        return []
    today = now.astimezone(shop.timezone).date()
    first = max(today - TOLD_WITHIN, min(promised).astimezone(shop.timezone).date())
    late = [
        Turn(SEND, coming, now)
        for coming in occasions.between(tx, first, today, known)
        if coming.occasion.position == "send"
        and coming.occasion.since is not None
        and coming.occasion.since <= hears_at(coming.occasion, coming.day, shop)
        and heard_by(coming.occasion, coming.day, shop) <= now
    ]
    if not late:
        return []
    gone = taken(tx, first)
    return [turn.coming for turn in late if turn.key not in gone]


def take(
    tx: Tx,
    title: str,
    day: date,
    step: str,
    *,
    state: str = "done",
    note: str = "",
    people: int = 0,
    next_at: datetime | None = None,
) -> bool:
    """Takes a step; False where somebody else has."""
    insert = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
    row = {
        "title": title,
        "on_day": day.isoformat(),
        "step": step,
        "state": state,
        "note": note,
        "people": people,
        "at": tx.now,
        "next_at": next_at,
    }
    taking = insert(OccasionTurn).values(row).on_conflict_do_nothing().returning(OccasionTurn.title)
    return tx.execute(taking).first() is not None


def note(tx: Tx, title: str, day: date, step: str, **fields: object) -> None:
    """Notes what came of a step that was taken."""
    mine = (OccasionTurn.title == title, OccasionTurn.on_day == day.isoformat(), OccasionTurn.step == step)
    tx.execute(update(OccasionTurn).where(*mine).values(**fields))


# -- each customer's own days ------------------------------------------------------------------------------------------


def open_rounds(
    shop: Settings, now: datetime, known: Sequence[Occasion], gone: Mapping[Key, tuple[str, datetime | None]]
) -> list[tuple[Occasion, datetime]]:
    """The plans of each customer's own days whose hour has come today and of which somebody may still be to hear, with
    until when."""
    today = now.astimezone(shop.timezone).date()
    found = []
    for plan in occasions.personal(known):
        until = heard_by(plan, today, shop)
        if plan.position != "send" or not hears_at(plan, today, shop) <= now < until:
            continue
        state, next_at = gone.get((plan.name, today.isoformat(), SEND), ("open", now))
        if state == "open" and next_at is not None and next_at <= now:
            found.append((plan, until))
    return found


def to_tell(shop: Settings, now: datetime, known: Sequence[Occasion], gone: Container[Key]) -> list[Occasion]:
    """The plans of each customer's own days of which staff have not been reminded today."""
    today = now.astimezone(shop.timezone).date()
    if now < rules.at_hour(today, shop.digest_at, shop.timezone):
        return []
    return [plan for plan in occasions.personal(known) if (plan.name, today.isoformat(), REMIND) not in gone]


def reminded_until(tx: Tx, title: str, before: date) -> date | None:
    """The last day before ``before`` on which staff were reminded of each customer's own days, if there is one."""
    last = (
        select(OccasionTurn.on_day)
        .where(OccasionTurn.title == title, OccasionTurn.step == REMIND, OccasionTurn.on_day < before.isoformat())
        .order_by(OccasionTurn.on_day.desc())
        .limit(1)
    )
    found = tx.execute(last).scalar()
    return date.fromisoformat(found) if found else None


# -- in words ----------------------------------------------------------------------------------------------------------


def reach(tx: Tx, shop: Settings, plan: Occasion, now: datetime) -> int:
    """How many would hear of it as things stand. Raises Refusal for a segment that names a tag nobody has."""
    tree = parse_segment(plan.segment)
    return segments.count_willing(tx, tree, now.astimezone(shop.timezone), vips=segments.names_vip(tx, tree))


def vips_of(tx: Tx, shop: Settings, plan: Occasion, now: datetime) -> tuple[int, list[Customer]]:
    """The VIPs of its segment, whom a person greets instead: how many, and a few of them."""
    tree = parse_segment(plan.segment)
    if segments.names_vip(tx, tree):
        return 0, []
    return segments.look(tx, And((tree, ClassTerm("VIP"))), now.astimezone(shop.timezone))


def people_words(tx: Tx, shop: Settings, plan: Occasion, now: datetime) -> str:
    """``全部 120 位``, and what is to be known of it."""
    try:
        count = reach(tx, shop, plan, now)
    except Refusal:
        return f"“{plan.segment}” 0 位（还没有这个标签）"
    return f"“{plan.segment}” {count} 位"


def staff_words(tx: Tx, shop: Settings, turn: Turn) -> str:
    """A line that reminds staff of a day, days before or on its morning."""
    coming, plan = turn.coming, turn.coming.occasion
    today = tx.now.astimezone(shop.timezone).date()
    left = (coming.day - today).days
    when = "今天是" if left == 0 else "明天是" if left == 1 else f"还有 {left} 天是"
    said = f"{when}{coming.title}" + (f"（{rules.day_words(coming.day, today)}）" if left else "")
    if plan.position == "send":
        said += f"，{plan.hour:%H:%M} 自动发给{people_words(tx, shop, plan, tx.now)}。看内容：关怀 {plan.name}"
    elif left:
        said += f"，没开自动发。看要说的话：关怀 {plan.name}；到时自己发：关怀 开 {plan.name}"
    else:
        said += f"，没开自动发。要发：群发 {plan.segment} 用 {plan.script}"
    if plan.gift:
        said += f"\n礼物：{plan.gift}，备好了吗？"
    return said + vip_words(tx, shop, plan)


def vip_words(tx: Tx, shop: Settings, plan: Occasion) -> str:
    """A line that names the VIPs a person is to greet, or nothing."""
    try:
        count, vips = vips_of(tx, shop, plan, tx.now)
    except Refusal:
        return ""
    named = "、".join(shown(customer) for customer in vips)
    return f"\nVIP 不群发，请亲自问候：{named}{f' 等 {count} 位' if count > len(vips) else ''}" if count else ""


def names(turns: Iterable[Turn]) -> str:
    return "、".join(dict.fromkeys(turn.coming.title for turn in turns))
