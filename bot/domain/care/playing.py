"""The clock plays the playbooks: who came to belong to one enters it, who reached its goal leaves, steps are taken.

Classes change at many doors (a sale, a visit, a tag, an import, a line taken back). So they are not told of one by one:
what every customer belongs to is kept, and compared with what is true now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.delivery.rules import LETTERS_FROM
from bot.domain.activities.models import Activity, SignUp
from bot.domain.care import letters, playbooks
from bot.domain.care.letter_rules import LOOK_AGAIN, Purpose
from bot.domain.care.models import Letter, PlaybookEnd, PlaybookPlace
from bot.domain.care.playbooks import Book
from bot.domain.customers import forgetting, segments, timeline
from bot.domain.customers.models import Customer, NightRun
from bot.domain.scripts import service as scripts
from bot.errors import Refusal
from bot.language.playbook_names import VIP
from bot.language.playbook_text import ANSWERED, BOUGHT_AGAIN, GOAL_SEGMENTS, SILENT, SPOKE, Step, show_step, what_words
from bot.language.segments import parse_segment
from bot.settings import Settings
from bot.store.bulk import PLAYBOOKS, take_turns
from bot.store.transaction import Tx

# What one customer reads: a script's name or a step's own words become the text. Raises Refusal for a missing fact.
Say = Callable[[Customer, Step], str]
SayActivity = Callable[[Customer, str, Activity], str]

NAME = "playbooks"
AT_ONCE = 500  # customers compared in one transaction
STEPS_AT_ONCE = 200
# More than this at once is no change of classes but a list that was imported: staff say whether these are to enter.
ENTER_AT_ONCE = 50
# A step that comes due while nobody plays (a power cut, the switch) is not made up for: its wait begins anew.
LATE = timedelta(days=7)
INVITED_WITHIN = timedelta(days=3)
INVITED_BEFORE = timedelta(hours=2)
PER_DAY = 20  # who are put in together begin on different days


# -- who belongs where -------------------------------------------------------------------------------------------------


def differ(tx: Tx, found: Sequence[Book], now: datetime, after: int = 0) -> bool:
    """Whether the classes of some customer behind number ``after`` are not as they are kept; ``now`` in the shop's zone.

    Only reads.
    """
    return bool(_changes(tx, found, now, after, 1))


def _changes(tx: Tx, found: Sequence[Book], now: datetime, after: int, most: int) -> list[tuple[int, int, int]]:
    """Customers who belong to others than before: (number, before, now), the classes a bit each."""
    kept = func.coalesce(PlaybookPlace.classes, 0)
    true_now = _classes(tx, found, now, kept)
    there = and_(Customer.is_staff.is_(False), Customer.name.is_distinct_from(forgetting.GONE))
    compared = (
        select(Customer.id, kept, true_now)
        .outerjoin(PlaybookPlace, PlaybookPlace.customer_id == Customer.id)
        .where(Customer.id > after, there, true_now != kept)
        .order_by(Customer.id)
        .limit(most)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(compared)]


def _classes(tx: Tx, found: Sequence[Book], now: datetime, kept: ColumnElement[int]) -> ColumnElement[int]:
    whole: ColumnElement[int] = literal(0)
    for book in found:
        named: ColumnElement[int]
        try:
            named = case((segments.where(tx, parse_segment(book.plan.entry), now), book.bit), else_=0)
        except Refusal:
            # It names a tag nobody has any more: until that is mended everybody stands as they did.
            named = kept.op("&")(book.bit)
        whole = whole + named
    return whole


def learning(tx: Tx, found: Sequence[Book]) -> bool:
    """Whether the playbooks name others than those that were learned: then nobody enters for it."""
    run = tx.session.get(NightRun, NAME)
    return (run.day if run else "") != playbooks.fingerprint(found)


def learned(tx: Tx, found: Sequence[Book]) -> None:
    """From now on a customer whose classes differ from those kept has changed them."""
    insert = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
    row = {"name": NAME, "day": playbooks.fingerprint(found), "next_id": 0, "done": True}
    told = insert(NightRun).values(row)
    tx.execute(told.on_conflict_do_update(index_elements=["name"], set_={"day": told.excluded.day}))
    tx.session.expire_all()


@dataclass(frozen=True, slots=True)
class Followed:
    """How many had changed, the last of them; by playbook how many did not enter, since too many came at once."""

    changed: int
    last: int
    many: Mapping[str, int]


def follow(tx: Tx, found: Sequence[Book], now: datetime, *, may_enter: bool, after: int = 0) -> Followed:
    """Keeps what the next customers behind number ``after`` belong to; who newly belongs to a playbook enters it, who no
    longer does leaves. ``now`` in the shop's zone."""
    take_turns(tx, PLAYBOOKS)
    changed = _changes(tx, found, now, after, AT_ONCE)
    newly: dict[str, list[int]] = {}
    for number, before, classes in changed if may_enter else ():
        target = next((book for book in found if book.enabled and book.bit & classes), None)
        if target is not None and not target.bit & before:
            newly.setdefault(target.name, []).append(number)
    many = {name: len(people) for name, people in newly.items() if len(people) > ENTER_AT_ONCE}
    enters = {number: name for name, people in newly.items() if name not in many for number in people}
    _keep(tx, changed)
    by_name = {book.name: book for book in found}
    for place, classes in _places(tx, changed, enters):
        target, current = by_name.get(enters.get(place.customer_id, "")), by_name.get(place.book)
        stays = current is not None and bool(current.bit & classes)
        if target is not None and target is not current:
            _leave(tx, place, current, now, moved=stays)
            enter(tx, place, target, now)
        elif place.book and not stays:
            _leave(tx, place, current, now, moved=False)
    tx.session.flush()
    return Followed(len(changed), changed[-1][0] if changed else 0, many)


def _keep(tx: Tx, changed: Sequence[tuple[int, int, int]]) -> None:
    insert = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
    rows = [
        {"customer_id": number, "classes": classes, "book": "", "state": "", "step": 0}
        for number, _before, classes in changed
    ]
    if rows:
        kept = insert(PlaybookPlace)
        kept = kept.on_conflict_do_update(index_elements=["customer_id"], set_={"classes": kept.excluded.classes})
        tx.execute(kept, rows)


def _places(
    tx: Tx, changed: Sequence[tuple[int, int, int]], enters: Mapping[int, str]
) -> list[tuple[PlaybookPlace, int]]:
    """The places of those who enter or stand in some playbook, with what they belong to now."""
    classes = {number: now for number, _before, now in changed}
    theirs = select(PlaybookPlace).where(
        PlaybookPlace.customer_id.in_(classes), or_(PlaybookPlace.book != "", PlaybookPlace.customer_id.in_(enters))
    )
    found = tx.session.scalars(theirs.order_by(PlaybookPlace.customer_id).execution_options(populate_existing=True))
    return [(place, classes[place.customer_id]) for place in found]


def enter(tx: Tx, place: PlaybookPlace, book: Book, now: datetime, *, days: int = 0) -> None:
    """The customer begins with the first step, ``days`` later than it says."""
    place.book, place.step, place.entered_at, place.spoke_at = book.name, 0, tx.now, None
    if not book.plan.steps:
        place.state, place.step_due, place.look_at = "done", None, None
    else:
        place.state = "running"
        place.step_due = place.look_at = due_at(now, book.plan.steps[0].wait + days)
    timeline.add(tx, place.customer_id, "play", f"进入打法 {book.name}")


def _leave(tx: Tx, place: PlaybookPlace, book: Book | None, now: datetime, *, moved: bool) -> None:
    if not place.book:
        return
    customer = tx.session.get_one(Customer, place.customer_id)
    reached = book is not None and _goal_reached(tx, book, place, customer, now)
    _end(tx, place, "reached" if reached else "moved" if moved else "left")


def _end(tx: Tx, place: PlaybookPlace, outcome: str) -> None:
    words = {"reached": "达到目标", "left": "分类变了，离开", "moved": "换了打法"}[outcome]
    timeline.add(tx, place.customer_id, "play", f"打法 {place.book}：{words}")
    tx.session.add(
        PlaybookEnd(
            customer_id=place.customer_id,
            book=place.book,
            entered_at=place.entered_at or tx.now,
            ended_at=tx.now,
            outcome=outcome,
        )
    )
    place.book = place.state = ""
    place.step, place.entered_at, place.step_due, place.look_at, place.spoke_at = 0, None, None, None, None


def due_at(now: datetime, days: int) -> datetime:
    """``days`` from now at the hour when letters may go out; at once for none. ``now`` in the shop's zone."""
    if not days:
        return now
    return datetime.combine(now.date() + timedelta(days=days), LETTERS_FROM, now.tzinfo)


def _goal_reached(tx: Tx, book: Book, place: PlaybookPlace, customer: Customer, now: datetime) -> bool:
    goal, since = book.plan.goal, place.entered_at
    if not goal or since is None:
        return False
    if goal == BOUGHT_AGAIN:
        return customer.last_purchase_at is not None and customer.last_purchase_at > since
    if goal == SPOKE:
        return customer.last_seen_at is not None and customer.last_seen_at > since
    return _holds(tx, GOAL_SEGMENTS.get(goal, goal), customer.id, now)


def _holds(tx: Tx, expression: str, customer_id: int, now: datetime) -> bool:
    try:
        return segments.holds(tx, parse_segment(expression), customer_id, now)
    except Refusal:
        return False  # it names a tag nobody has any more


# -- steps -------------------------------------------------------------------------------------------------------------


def due(tx: Tx, found: Sequence[Book]) -> list[int]:
    """Customers whose next step is to be looked at, of playbooks that are on."""
    on = [book.name for book in found if book.enabled]
    if not on:
        return []
    waiting = select(PlaybookPlace.customer_id).where(
        PlaybookPlace.state == "running", PlaybookPlace.look_at <= tx.now, PlaybookPlace.book.in_(on)
    )
    return list(
        tx.execute(waiting.order_by(PlaybookPlace.look_at, PlaybookPlace.customer_id).limit(STEPS_AT_ONCE)).scalars()
    )


def step(tx: Tx, shop: Settings, customer_id: int, say: Say) -> bool:
    """Takes a customer's next step if it is due; False where it was not ours to take."""
    customer = letters.lock(tx, customer_id)
    place = tx.session.get(PlaybookPlace, customer_id, populate_existing=True)
    if customer is None or place is None or place.state != "running" or place.look_at is None or place.look_at > tx.now:
        return False
    book = next((one for one in playbooks.books(tx) if one.name == place.book and one.enabled), None)
    if book is None:
        return False
    now = tx.now.astimezone(shop.timezone)
    if customer.is_staff or customer.name == forgetting.GONE:
        _end(tx, place, "left")
    elif _goal_reached(tx, book, place, customer, now):
        _end(tx, place, "reached")
    elif place.step >= len(book.plan.steps):
        place.state, place.step_due, place.look_at = "done", None, None
    elif place.step_due is not None and tx.now - place.step_due > LATE and tx.now - place.look_at > LATE:
        place.step_due = place.look_at = due_at(now, max(1, book.plan.steps[place.step].wait))
    elif not _holds(tx, book.plan.entry, customer_id, now):
        place.look_at = tx.now + LOOK_AGAIN  # the next comparison lets them leave
    elif not _fits(tx, book.plan.steps[place.step], place, customer, now):
        _advance(place, book, now)
    else:
        _do(tx, shop, customer, place, book, say, now)
    tx.session.flush()
    return True


def put_off(tx: Tx, customer_id: int) -> None:
    """A step that broke off is tried again in an hour, and holds up no other meanwhile."""
    place = tx.session.get(PlaybookPlace, customer_id)
    if place is not None and place.state == "running":
        place.look_at = tx.now + LOOK_AGAIN


def _fits(tx: Tx, step: Step, place: PlaybookPlace, customer: Customer, now: datetime) -> bool:
    if step.condition in (ANSWERED, SILENT):
        since = place.spoke_at or place.entered_at
        spoke = customer.last_seen_at is not None and since is not None and customer.last_seen_at > since
        return spoke is (step.condition == ANSWERED)
    return not step.condition or _holds(tx, step.condition, customer.id, now)


def _do(tx: Tx, shop: Settings, customer: Customer, place: PlaybookPlace, book: Book, say: Say, now: datetime) -> None:
    step, number = book.plan.steps[place.step], place.step + 1
    if letters.stopped_by(tx, customer):
        # The wait goes on behind it: what was held up for a month is no step that comes late.
        place.step_due = place.look_at = tx.now + LOOK_AGAIN
        return
    if step.action in ("task", "call"):
        place.state, place.look_at = "task", None
        return
    since = place.step_due or tx.now
    key = f"play:{book.name}:{number}:{customer.id}:{int((place.entered_at or since).timestamp())}"
    about: dict[str, Any] = {"occasion": f"打法 {book.name}", "key": key, "purpose": purpose_of(step)}
    try:
        text = say(customer, step)
    except Refusal as missing:
        letter = letters.skip(tx, customer, **about, reason=str(missing), until=since + LATE)
    else:
        letter = letters.send(tx, shop, customer, **about, text=text, staff_id=None, until=since + LATE)
    if letter.state == "later":
        place.look_at = min(letter.again_at or tx.now + LOOK_AGAIN, letter.until)
        return
    if letter.state in ("queued", "by_hand"):
        place.spoke_at = tx.now
        timeline.add(tx, customer.id, "play", f"打法 {book.name} 第{number}步：{what_words(step)[:60]}")
    _advance(place, book, now)


def purpose_of(step: Step) -> Purpose:
    """Whether a step's words advertise: what the shop writes by itself counts as if it did."""
    return "service" if step.action == "script" and not scripts.advertises(step.what) else "marketing"


def _advance(place: PlaybookPlace, book: Book, now: datetime) -> None:
    place.step += 1
    if place.step >= len(book.plan.steps):
        place.state, place.step_due, place.look_at = "done", None, None
    else:
        place.state = "running"
        place.step_due = place.look_at = due_at(now, book.plan.steps[place.step].wait)


# -- what staff have to do ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Task:
    """A step staff have to take; ``script`` is the outline of a call, or empty."""

    customer: Customer
    words: str
    number: int
    script: str


def tasks(tx: Tx, first: Callable[[Select[*tuple[Any, ...]]], Any]) -> list[Task]:
    """What playbooks that are on ask of staff; ``first`` puts the rows (`PlaybookPlace`, `Customer`) in order, cuts them
    off and runs them."""
    on = {book.name: book for book in playbooks.books(tx) if book.enabled}
    if not on:
        return []
    asked = (
        select(PlaybookPlace, Customer)
        .join(Customer, Customer.id == PlaybookPlace.customer_id)
        .where(PlaybookPlace.state == "task", PlaybookPlace.book.in_(on))
    )
    found = []
    for place, customer in first(asked):
        steps = on[place.book].plan.steps
        if place.step < len(steps):
            step = steps[place.step]
            words = "打电话" if step.action == "call" else step.what
            found.append(
                Task(
                    customer, f"打法 {place.book}：{words}", place.step + 1, step.what if step.action == "call" else ""
                )
            )
    return found


def task_done(tx: Tx, customer_id: int, now: datetime) -> bool:
    """Staff have taken the step; the next one waits from now. True where it was a call. ``now`` in the shop's zone."""
    place = tx.session.get(PlaybookPlace, customer_id)
    if place is None or place.state != "task":
        return False
    book = playbooks.find(tx, place.book)
    called = place.step < len(book.plan.steps) and book.plan.steps[place.step].action == "call"
    _advance(place, book, now)
    return called


@dataclass(frozen=True, slots=True)
class Calls:
    """Who is called every so many days: a condition over customers; ``outline``: the script that helps."""

    whom: ColumnElement[bool]
    every: timedelta
    outline: str


def calls(tx: Tx, usual: Calls) -> list[Calls]:
    """The calls of the playbooks that are on, and ``usual`` ones for VIPs while theirs is off."""
    on = [book for book in playbooks.books(tx) if book.enabled]
    plans = [
        Calls(_belongs(book), timedelta(days=book.plan.call_every), book.plan.call_outline)
        for book in on
        if book.plan.call_every
    ]
    return plans if any(book.name == VIP for book in on) else [usual, *plans]


def _belongs(book: Book) -> ColumnElement[bool]:
    mine = select(PlaybookPlace.customer_id).where(PlaybookPlace.classes.op("&")(book.bit) != 0)
    return Customer.id.in_(mine)


# -- the first invitation ----------------------------------------------------------------------------------------------


def to_invite(tx: Tx, found: Sequence[Book], now: datetime) -> list[tuple[int, int]]:
    """Who is to hear of a new activity before others: (activity, customer); only reads. ``now`` in the shop's zone."""
    inviting = [book for book in found if book.enabled and book.plan.invitation]
    if not inviting:
        return []
    fresh = select(Activity).where(
        Activity.open,
        Activity.created_at > tx.now - INVITED_WITHIN,
        or_(Activity.at.is_(None), Activity.at > tx.now + INVITED_BEFORE),
    )
    wanted = []
    for activity in tx.session.scalars(fresh.order_by(Activity.id)).all():
        answered = select(SignUp.customer_id).where(SignUp.activity_id == activity.id)
        prefix = _invitation_key(activity.id)
        told = select(Letter.customer_id).where(
            Letter.key >= prefix,
            Letter.key < f"{prefix}~",
            or_(Letter.state != "later", Letter.again_at > tx.now),
        )
        people = select(Customer.id).where(
            or_(*(_belongs(book) for book in inviting)),
            Customer.is_staff.is_(False),
            Customer.id.not_in(answered),
            Customer.id.not_in(told),
        )
        if activity.audience:
            try:
                people = people.where(segments.where(tx, parse_segment(activity.audience), now))
            except Refusal:
                continue
        numbers = tx.execute(people.order_by(Customer.id).limit(STEPS_AT_ONCE)).scalars()
        wanted += [(activity.id, number) for number in numbers]
    return wanted


def invite(tx: Tx, shop: Settings, activity_id: int, customer_id: int, say: SayActivity) -> None:
    """Tells one customer of an activity, by the letter of their playbook."""
    customer = letters.lock(tx, customer_id)
    activity = tx.session.get(Activity, activity_id)
    place = tx.session.get(PlaybookPlace, customer_id)
    if customer is None or activity is None or place is None:
        return
    book = next(
        (one for one in playbooks.books(tx) if one.enabled and one.plan.invitation and one.bit & place.classes), None
    )
    if book is None:
        return
    until = activity.created_at + LATE if activity.at is None else activity.at - INVITED_BEFORE
    about: dict[str, Any] = {
        "occasion": f"打法 {book.name}",
        "key": f"{_invitation_key(activity_id)}{customer_id}",
        "purpose": "marketing",
        "until": until,
    }
    try:
        text = say(customer, book.plan.invitation, activity)
    except Refusal as missing:
        letters.skip(tx, customer, **about, reason=str(missing))
        return
    letters.send(tx, shop, customer, **about, text=text, staff_id=None)


def _invitation_key(activity_id: int) -> str:
    return f"play:invite:{activity_id}:"


# -- what staff say about one customer, or about all -------------------------------------------------------------------


def put_in(tx: Tx, book: Book, customer_ids: Sequence[int], now: datetime) -> int:
    """Lets customers begin who are not in it yet, so many a day, the newest first; returns how many."""
    begun = 0
    for number in sorted(customer_ids, reverse=True):
        place = tx.session.get(PlaybookPlace, number)
        if place is None:
            place = PlaybookPlace(customer_id=number, classes=0, book="", state="", step=0)
            tx.session.add(place)
        if place.book == book.name and place.state in ("running", "task"):
            continue
        if place.book:
            _end(tx, place, "moved")
        enter(tx, place, book, now, days=begun // PER_DAY)
        begun += 1
    tx.session.flush()
    return begun


def stop(tx: Tx, customer_id: int) -> str:
    """Nothing more of a playbook for the customer, until they come to belong to another; returns its name, or nothing."""
    place = tx.session.get(PlaybookPlace, customer_id)
    if place is None or place.state not in ("running", "task"):
        return ""
    name = place.book
    place.state, place.step_due, place.look_at = "stopped", None, None
    timeline.add(tx, customer_id, "play", f"打法 {name}：店员停了")
    return name


def forget(tx: Tx, customer_id: int) -> None:
    """Takes a customer who is erased out of every playbook."""
    place = tx.session.get(PlaybookPlace, customer_id)
    if place is not None:
        tx.session.delete(place)
        tx.session.flush()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a customer stands: the step that comes next in words, when, and what holds it up (empty: nothing)."""

    customer: Customer
    book: str
    step: str
    due: datetime | None
    is_task: bool
    held_by: str


def standing(tx: Tx, name: str, count: int) -> tuple[int, list[Standing]]:
    """How many are in a playbook (``name`` empty: in any), and the first whose steps are due."""
    found = {book.name: book for book in playbooks.books(tx)}
    inside = PlaybookPlace.state.in_(("running", "task"))
    mine = and_(inside, PlaybookPlace.book == name) if name else inside
    total = tx.execute(select(func.count()).select_from(PlaybookPlace).where(mine)).scalar_one()
    rows = (
        select(PlaybookPlace, Customer)
        .join(Customer, Customer.id == PlaybookPlace.customer_id)
        .where(mine)
        .order_by(PlaybookPlace.step_due, Customer.id)
        .limit(count)
    )
    return total, [
        _standing(tx, place, customer, found.get(place.book)) for place, customer in tx.session.execute(rows)
    ]


def _standing(tx: Tx, place: PlaybookPlace, customer: Customer, book: Book | None) -> Standing:
    steps = book.plan.steps if book is not None else ()
    words = f"第{place.step + 1}步 {show_step(steps[place.step]).partition(' ')[2]}" if place.step < len(steps) else ""
    off = "" if book is not None and book.enabled else "打法关着"
    held_by = off or letters.stopped_by(tx, customer)
    return Standing(customer, place.book, words, place.step_due, place.state == "task", held_by)
