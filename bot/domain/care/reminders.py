"""Reminders to oneself (提醒): kept, listed, cancelled; and what was just heard put off until later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from bot.domain.care import occurrences, rules
from bot.domain.care.models import Occurrence, Plan
from bot.domain.care.occurrences import Reminder, Struck
from bot.domain.care.rules import Due
from bot.domain.merchants.models import Notice, Staff
from bot.errors import Refusal
from bot.language.normalise import stored
from bot.language.times import show_time
from bot.settings import Settings
from bot.store.transaction import Tx

# One staff member's own: only that one hears of them.
KINDS = ("reminder", "again")
SUBJECT = "occurrence:"
# What came this long before the last one was heard together with it: 推迟 alone could mean either.
TOGETHER = timedelta(minutes=10)
# Longer ago nobody says just 推迟.
HEARD_LATELY = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Own:
    """A reminder still to come; ``at`` is when it strikes next, ``words`` what it is about."""

    number: int
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A reminder somebody was just told of; ``occurrence_id`` is the moment that struck."""

    occurrence_id: int
    plan: Plan
    words: str


def remind(tx: Tx, *, staff_id: int, at: datetime, text: str) -> Plan:
    """Plans one reminder to oneself. Raises Refusal for a moment that has passed."""
    if at <= tx.now:
        raise Refusal("这个时间已经过了，没有记。请换一个以后的时间，例如：提醒 明天10点 给张姐打电话")
    plan = Plan(kind="reminder", title=stored(text), at=at, remind_days=0, staff_id=staff_id, created_at=tx.now)
    return _planted(tx, plan, at)


def _planted(tx: Tx, plan: Plan, at: datetime, purpose: str = occurrences.REMIND) -> Plan:
    tx.session.add(plan)
    tx.session.flush()
    occurrences.plant(tx, plan, [Due(at, at + rules.REMINDER_GRACE)], purpose=purpose)
    return plan


def own(tx: Tx, staff_id: int) -> Sequence[Own]:
    """A staff member's own reminders that have not struck yet, the next one first."""
    rows = tx.session.execute(
        select(Occurrence.due_at, Plan)
        .join(Plan, Plan.id == Occurrence.plan_id)
        .where(Plan.kind.in_(KINDS), Plan.staff_id == staff_id, Plan.cancelled_at.is_(None), Occurrence.state == "due")
        .order_by(Occurrence.due_at, Plan.id)
    )
    return [Own(plan.id, due_at, about(tx, plan)) for due_at, plan in rows]


def about(tx: Tx, plan: Plan) -> str:
    """What a plan is about in few words: ``给张姐打电话``, ``红包 3 中秋``, ``店庆``."""
    first = tx.session.get(Plan, plan.again_of) if plan.again_of is not None else plan
    if first is None:
        return plan.title
    return f"红包 {first.packet_id} {first.title}" if first.kind == "packet" else first.title


def cancel(tx: Tx, number: int, *, staff_id: int) -> Own:
    """Cancels one of a member's own reminders. Raises Refusal for a number that is none of them."""
    mine = own(tx, staff_id)
    found = next((one for one in mine if one.number == number), None)
    if found is None:
        have = "；".join(f"{one.number} {one.words[:20]}" for one in mine[:5])
        raise Refusal(f"您没有提醒 {number}。{f'还没响的：{have}' if have else '现在没有还没响的提醒。'}")
    tx.session.get_one(Plan, number).cancelled_at = tx.now
    return found


# -- putting off what was just heard -----------------------------------------------------------------------------------


def heard(tx: Tx, staff_id: int) -> list[Heard]:
    """What 推迟 alone can mean: the last reminder this member was told of, with those that came together with it.

    What was put off already is not among them.
    """
    told = tx.session.execute(
        select(Notice.subject, Notice.created_at)
        .where(
            Notice.staff_id == staff_id,
            Notice.kind == "care",
            Notice.subject.startswith(SUBJECT),
            Notice.created_at > tx.now - HEARD_LATELY,
        )
        .order_by(Notice.created_at.desc(), Notice.id.desc())
    ).all()
    newest = told[0].created_at if told else tx.now
    numbers = [int(row.subject.removeprefix(SUBJECT)) for row in told if newest - row.created_at <= TOGETHER]
    # A plan put off for minutes was heard twice: the later time counts.
    found: dict[int, Heard] = {}
    for number in numbers:
        one = _heard(tx, number, staff_id)
        if one is not None:
            found.setdefault(one.plan.again_of or one.plan.id, one)
    return list(found.values())


def heard_as(tx: Tx, number: int, *, staff_id: int) -> Heard:
    """The reminder of that number (of its moment), as it stands in the choice offered. Raises Refusal."""
    found = next((one for one in heard(tx, staff_id) if one.occurrence_id == number), None)
    if found is None:
        raise Refusal(f"提醒 {number} 不是刚响的那条，没有推迟。还没响的看“提醒”。")
    return found


def _heard(tx: Tx, occurrence_id: int, staff_id: int) -> Heard | None:
    occurrence = tx.session.get(Occurrence, occurrence_id)
    if occurrence is None:
        return None  # its plan was taken back
    plan = tx.session.get_one(Plan, occurrence.plan_id)
    first = plan.again_of or plan.id
    mine = (Plan.kind == "again", Plan.staff_id == staff_id, Plan.again_of == first, Plan.cancelled_at.is_(None))
    comes_again = (
        select(Plan.id).join(Occurrence, Occurrence.plan_id == Plan.id).where(*mine, Occurrence.state == "due")
    )
    if tx.session.execute(comes_again.limit(1)).first() is not None:
        return None
    return Heard(occurrence_id, plan, about(tx, plan))


def put_off(tx: Tx, found: Heard, until: datetime, *, staff_id: int) -> Plan:
    """Lets one member hear of it once more at ``until``, in words that are true by then. Raises Refusal for the past."""
    if until <= tx.now:
        raise Refusal("这个时间已经过了，没有推迟。例如：推迟 1小时、推迟 明天10点")
    struck = tx.session.get_one(Occurrence, found.occurrence_id)
    plan = Plan(
        kind="again",
        title=found.plan.title,
        at=found.plan.at if found.plan.kind == "again" else struck.due_at,
        again_of=found.plan.again_of or found.plan.id,
        remind_days=0,
        staff_id=staff_id,
        created_at=tx.now,
    )
    return _planted(tx, plan, until, struck.purpose)


# -- what is said ------------------------------------------------------------------------------------------------------


def words(tx: Tx, struck: Struck, shop: Settings) -> Reminder:
    """What its maker hears, or the owners where the maker works here no more."""
    text = struck.plan.title
    maker = tx.session.get(Staff, struck.plan.staff_id)
    if maker is not None and not maker.active:
        text = f"{text}（{maker.name}留下的）"
    if not struck.missed:
        return Reminder(f"提醒：{text}\n（晚点再说：推迟 1小时）", urgent=True)
    return Reminder(
        f"有条提醒错过了（原定 {show_time(struck.due_at, tx.now.astimezone(shop.timezone))}）：{text}"
        f"\n还要的话再说一次，例如：提醒 明天10点 {struck.plan.title}"
    )
