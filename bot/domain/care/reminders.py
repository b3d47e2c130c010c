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
from bot.domain.merchants.notices import COLLECTED
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
LONGEST = 60  # characters kept of something that was said


@dataclass(frozen=True, slots=True)
class Own:
    """A reminder still to come: when it strikes next, what it is about, and the plan it was put off from."""

    number: int
    at: datetime
    words: str
    again_of: int | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """A reminder somebody was just told of, by the number of its notice; without a moment there is only what was said."""

    number: int
    words: str
    moment: Occurrence | None = None
    plan: Plan | None = None


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
    return [Own(plan.id, due_at, about(tx, plan), plan.again_of) for due_at, plan in rows]


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
    theirs = (Notice.staff_id == staff_id, Notice.kind.in_(("care", COLLECTED)))
    lately = (Notice.created_at > tx.now - HEARD_LATELY, Notice.created_at <= tx.now)
    newest_first = (Notice.created_at.desc(), Notice.id.desc())
    told = tx.session.scalars(select(Notice).where(*theirs, *lately).order_by(*newest_first)).all()
    together = [notice for notice in told if told[0].created_at - notice.created_at <= TOGETHER]
    mine = own(tx, staff_id)
    to_come: set[int | str] = {one.words for one in mine} | {one.again_of for one in mine if one.again_of}
    found: dict[int | str, Heard] = {}
    for notice in together:
        one = _heard(tx, notice)
        if one is not None:
            # A plan put off for minutes was heard twice: the later time counts.
            found.setdefault((one.plan.again_of or one.plan.id) if one.plan else one.words, one)
    return [one for about_what, one in found.items() if about_what not in to_come]


def heard_as(tx: Tx, number: int, *, staff_id: int) -> Heard:
    """The one of that number in the choice offered. Raises Refusal."""
    found = next((one for one in heard(tx, staff_id) if one.number == number), None)
    if found is None:
        raise Refusal(f"提醒 {number} 不是刚响的那条，没有推迟。还没响的看“提醒”。")
    return found


def _heard(tx: Tx, notice: Notice) -> Heard | None:
    if notice.kind == COLLECTED:
        return Heard(notice.id, "今天的清单，发“今日”看")
    if not notice.subject.startswith(SUBJECT):
        return Heard(notice.id, notice.text.split("\n", 1)[0][:LONGEST])
    moment = tx.session.get(Occurrence, int(notice.subject.removeprefix(SUBJECT)))
    if moment is None:
        return None  # its plan was taken back
    plan = tx.session.get_one(Plan, moment.plan_id)
    return Heard(notice.id, about(tx, plan), moment, plan)


def put_off(tx: Tx, found: Heard, until: datetime, *, staff_id: int) -> Plan:
    """Lets one member hear of it once more at ``until``, in words that are true by then. Raises Refusal for the past."""
    if until <= tx.now:
        raise Refusal("这个时间已经过了，没有推迟。例如：推迟 1小时、推迟 明天10点")
    if found.plan is None or found.moment is None:
        return remind(tx, staff_id=staff_id, at=until, text=found.words)
    plan = Plan(
        kind="again",
        title=found.plan.title,
        at=found.plan.at if found.plan.kind == "again" else found.moment.due_at,
        again_of=found.plan.again_of or found.plan.id,
        remind_days=0,
        staff_id=staff_id,
        created_at=tx.now,
    )
    return _planted(tx, plan, until, found.moment.purpose)


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
