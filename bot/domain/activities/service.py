"""Opening activities, joining and leaving them; never a place beyond capacity, whoever asks at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select, update

from bot.domain.activities.models import Activity, SignUp
from bot.domain.activities.rules import DAY_BEFORE, reminder_due
from bot.domain.customers import saved_segments, timeline
from bot.domain.customers.models import Customer
from bot.domain.customers.saved_segments import uses
from bot.errors import Refusal
from bot.language.segments import parse_segment
from bot.store.transaction import Tx

_STATES = ("in", "waiting", "left")  # from the best on


@dataclass(frozen=True)
class Joined:
    """How joining went: ``state`` ``in`` or ``waiting``; ``place`` counts from 1; ``again`` = had joined before."""

    activity: Activity
    state: str
    place: int
    again: bool


def create(
    tx: Tx, *, title: str, at: datetime | None, capacity: int | None, place: str, audience: str, staff_id: int
) -> Activity:
    activity = Activity(
        title=title,
        at=at,
        capacity=capacity,
        place=place,
        audience=audience,
        taken=0,
        open=True,
        staff_id=staff_id,
        created_at=tx.now,
    )
    tx.session.add(activity)
    tx.session.flush()
    return activity


def get(tx: Tx, number: int) -> Activity:
    """Raises Refusal for a number nobody has."""
    activity = tx.session.get(Activity, number) if number < 2**31 else None
    if activity is None:
        raise Refusal(f"没有活动 {number}。发送“活动”看看现在有哪些。")
    return activity


def standing_on(tx: Tx, segment: str) -> list[Activity]:
    """Open activities whose audience names this saved segment."""
    found = tx.session.scalars(select(Activity).where(Activity.open, Activity.audience != "").order_by(Activity.id))
    return [activity for activity in found if uses(parse_segment(activity.audience), segment)]


def asking_for_tag(tx: Tx, tag: str) -> list[Activity]:
    """Open activities whose audience asks for this tag."""
    found = tx.session.scalars(select(Activity).where(Activity.open, Activity.audience != "").order_by(Activity.id))
    book = saved_segments.book(tx)
    return [activity for activity in found if book.asks_for_tag(parse_segment(activity.audience), tag)]


def open_ones(tx: Tx) -> Sequence[Activity]:
    """Activities that can be joined now, the next one first."""
    return tx.session.scalars(
        select(Activity)
        .where(Activity.open.is_(True), or_(Activity.at.is_(None), Activity.at > tx.now))
        .order_by(Activity.at.is_(None), Activity.at, Activity.id)
    ).all()


def join(tx: Tx, activity: Activity, customer: Customer) -> Joined:
    """Gives a place, or a place in the waiting list. Raises Refusal when the activity is closed or over."""
    if not activity.open or (activity.at is not None and activity.at <= tx.now):
        raise Refusal(f"“{activity.title}”已经结束报名了。发送“活动”看看别的活动。")
    # One after another: two who join the queue at once on two connections would both be told the same number.
    tx.session.refresh(activity, with_for_update=True)
    sign_up = _sign_up(tx, activity, customer)
    if sign_up is not None and sign_up.state != "left":
        return Joined(activity, sign_up.state, _place(tx, sign_up), again=True)
    state = "in" if _take_place(tx, activity) else "waiting"
    queued_at = _end_of_queue(tx, activity)
    if sign_up is None:
        sign_up = SignUp(activity_id=activity.id, customer_id=customer.id)
        tx.session.add(sign_up)
    sign_up.state, sign_up.queued_at = state, queued_at
    tx.session.flush()
    timeline.add(
        tx, customer.id, "activity", f"报名 活动{activity.id} {activity.title}{'（候补）' if state != 'in' else ''}"
    )
    return Joined(activity, state, _place(tx, sign_up), again=False)


def leave(tx: Tx, activity: Activity, customer: Customer) -> Customer | None:
    """Gives a place back; returns who moved up from the waiting list. Raises Refusal for who had not joined."""
    sign_up = _sign_up(tx, activity, customer)
    if sign_up is None or sign_up.state == "left":
        raise Refusal(f"您没有报名“{activity.title}”，不用取消。")
    had_place = sign_up.state == "in"
    sign_up.state = "left"
    tx.session.flush()
    timeline.add(tx, customer.id, "activity", f"取消报名 活动{activity.id} {activity.title}")
    return _move_up(tx, activity) if had_place else None


def merge_places(tx: Tx, kept: Customer, gone: Customer) -> list[tuple[Activity, Customer]]:
    """One person has joined under two numbers: the better place stays, to be journaled.

    Of two places one is free again; returns who moved up to them, to be told.
    """
    moved_up = []
    ours = {one.activity_id: one for one in tx.session.scalars(select(SignUp).where(SignUp.customer_id == kept.id))}
    for theirs in tx.session.scalars(select(SignUp).where(SignUp.customer_id == gone.id).order_by(SignUp.id)).all():
        mine = ours.get(theirs.activity_id)
        if mine is None:
            continue
        activity = tx.session.get_one(Activity, theirs.activity_id, with_for_update=True, populate_existing=True)
        two_places = mine.state == theirs.state == "in"
        better, worse = sorted((mine, theirs), key=lambda one: (_STATES.index(one.state), one.queued_at, one.id))
        mine.state, mine.queued_at = better.state, better.queued_at
        mine.checked_in_at = better.checked_in_at or worse.checked_in_at
        tx.session.delete(theirs)
        tx.session.flush()
        if two_places and (next_one := _give_on(tx, activity)):
            moved_up.append((activity, next_one))
    return moved_up


def _give_on(tx: Tx, activity: Activity) -> Customer | None:
    """As ``_move_up``, for a change that can be taken back: through the session, under the activity's lock."""
    waiting = _first_waiting(tx, activity) if activity.open and (activity.at is None or activity.at > tx.now) else None
    if waiting is None:
        activity.taken -= 1
    else:
        waiting.state = "in"
    tx.session.flush()
    return None if waiting is None else tx.session.get_one(Customer, waiting.customer_id)


def leave_all(tx: Tx, customer_id: int) -> list[tuple[Activity, Customer]]:
    """Gives back every place in activities to come; returns who moved up, to be told."""
    mine = select(SignUp).where(SignUp.customer_id == customer_id, SignUp.state != "left")
    moved_up = []
    for sign_up in tx.session.scalars(mine).all():
        activity = tx.session.get_one(Activity, sign_up.activity_id, with_for_update=True, populate_existing=True)
        if not activity.open or (activity.at is not None and activity.at <= tx.now):
            continue
        had_place = sign_up.state == "in"
        sign_up.state = "left"
        tx.session.flush()
        if had_place and (next_one := _give_on(tx, activity)):
            timeline.add(tx, next_one.id, "activity", f"候补转正 活动{activity.id} {activity.title}")
            moved_up.append((activity, next_one))
    return moved_up


def _take_place(tx: Tx, activity: Activity) -> bool:
    # The count is taken by an update that names the limit: a thousand who ask at once cannot all read the same count.
    taken = tx.execute(
        update(Activity)
        .where(Activity.id == activity.id, or_(Activity.capacity.is_(None), Activity.taken < Activity.capacity))
        .values(taken=Activity.taken + 1)
    )
    tx.session.refresh(activity)
    return taken.rowcount == 1


def _end_of_queue(tx: Tx, activity: Activity) -> datetime:
    """Now, or just behind the last: who waited for the lock began earlier than who went before."""
    last = tx.execute(select(func.max(SignUp.queued_at)).where(SignUp.activity_id == activity.id)).scalar()
    return tx.now if last is None else max(tx.now, last + timedelta(milliseconds=1))


def _move_up(tx: Tx, activity: Activity) -> Customer | None:
    waiting = _first_waiting(tx, activity)
    if waiting is None:
        tx.execute(update(Activity).where(Activity.id == activity.id).values(taken=Activity.taken - 1))
        tx.session.refresh(activity)
        return None
    waiting.state = "in"
    tx.session.flush()
    timeline.add(tx, waiting.customer_id, "activity", f"候补转正 活动{activity.id} {activity.title}")
    return tx.session.get_one(Customer, waiting.customer_id)


def _first_waiting(tx: Tx, activity: Activity) -> SignUp | None:
    return tx.session.scalars(
        select(SignUp)
        .where(SignUp.activity_id == activity.id, SignUp.state == "waiting")
        .order_by(SignUp.queued_at, SignUp.id)
        .limit(1)
    ).first()


def roster(tx: Tx, activity: Activity) -> list[tuple[SignUp, Customer]]:
    """Who has a place, then who waits, in order."""
    rows = tx.session.execute(
        select(SignUp, Customer)
        .join(Customer, Customer.id == SignUp.customer_id)
        .where(SignUp.activity_id == activity.id, SignUp.state != "left")
        .order_by(SignUp.state, SignUp.queued_at, SignUp.id)
    )
    return [(sign_up, customer) for sign_up, customer in rows]


def check_in(tx: Tx, activity: Activity, customer: Customer) -> None:
    """Notes that somebody came. Raises Refusal for who has no place."""
    sign_up = _sign_up(tx, activity, customer)
    if sign_up is None or sign_up.state != "in":
        raise Refusal(f"这位顾客没有报上“{activity.title}”。名单：活动 名单 {activity.id}")
    sign_up.checked_in_at = tx.now
    customer.visited = True


def to_remind(tx: Tx, now: datetime, zone: ZoneInfo) -> list[tuple[int, str]]:
    """Activities whose guests are to be reminded at ``now``: (number, ``day`` or ``hours``)."""
    near = tx.session.scalars(
        select(Activity).where(Activity.open.is_(True), Activity.at > now, Activity.at <= now + DAY_BEFORE)
    )
    due: list[tuple[int, str]] = []
    for activity in near:
        if activity.at is None:
            continue
        which = reminder_due(
            activity.at,
            now,
            zone=zone,
            day_told=activity.day_told_at is not None or activity.created_at > activity.at - DAY_BEFORE,
            hours_told=activity.hours_told_at is not None,
        )
        if which is not None:
            due.append((activity.id, which))
    return due


def take_reminder(tx: Tx, number: int, which: str) -> bool:
    """Whether this reminder is ours to give: the update names the empty column, so that only one scheduler gets it."""
    column = Activity.day_told_at if which == "day" else Activity.hours_told_at
    taken = tx.execute(update(Activity).where(Activity.id == number, column.is_(None)).values({column: tx.now}))
    return taken.rowcount == 1


def to_check(tx: Tx, now: datetime) -> list[tuple[int, str]]:
    """Activities to come whose guests were reminded, while nobody has looked whom that reached: (number, which)."""
    told = or_(
        and_(Activity.day_told_at.is_not(None), Activity.day_checked_at.is_(None)),
        and_(Activity.hours_told_at.is_not(None), Activity.hours_checked_at.is_(None)),
    )
    found: list[tuple[int, str]] = []
    for activity in tx.session.scalars(select(Activity).where(Activity.open.is_(True), Activity.at > now, told)):
        if activity.day_told_at is not None and activity.day_checked_at is None:
            found.append((activity.id, "day"))
        if activity.hours_told_at is not None and activity.hours_checked_at is None:
            found.append((activity.id, "hours"))
    return found


def take_check(tx: Tx, number: int, which: str) -> bool:
    """Whether it is ours to say whom a reminder did not reach, as with `take_reminder`."""
    column = Activity.day_checked_at if which == "day" else Activity.hours_checked_at
    taken = tx.execute(update(Activity).where(Activity.id == number, column.is_(None)).values({column: tx.now}))
    return taken.rowcount == 1


def joined_by(tx: Tx, customer_id: int) -> list[tuple[Activity, str]]:
    """Activities to come in which the customer has a place (``in``) or waits for one (``waiting``)."""
    rows = tx.session.execute(
        select(Activity, SignUp.state)
        .join(SignUp, SignUp.activity_id == Activity.id)
        .where(
            SignUp.customer_id == customer_id,
            SignUp.state != "left",
            Activity.open.is_(True),
            or_(Activity.at.is_(None), Activity.at > tx.now),
        )
        .order_by(Activity.at.is_(None), Activity.at, Activity.id)
    )
    return [(activity, state) for activity, state in rows]


def _sign_up(tx: Tx, activity: Activity, customer: Customer) -> SignUp | None:
    return tx.session.scalars(
        select(SignUp).where(SignUp.activity_id == activity.id, SignUp.customer_id == customer.id)
    ).first()


def _place(tx: Tx, sign_up: SignUp) -> int:
    """1 for the first, within those of the same state."""
    earlier = or_(
        SignUp.queued_at < sign_up.queued_at, (SignUp.queued_at == sign_up.queued_at) & (SignUp.id <= sign_up.id)
    )
    return tx.execute(
        select(func.count())
        .select_from(SignUp)
        .where(SignUp.activity_id == sign_up.activity_id, SignUp.state == sign_up.state, earlier)
    ).scalar_one()
