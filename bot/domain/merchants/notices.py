"""What staff should hear: kept open until it has reached them by the best route, or was shown on top of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, text, update

from bot.delivery import outbox
from bot.delivery.outbox import Delivery
from bot.domain.merchants.models import Notice, Staff
from bot.language.whom import says_number
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx, Write

# Routine news are collected this long, so that staff get one message and not five.
COLLECT = timedelta(seconds=5)
# Of the five messages a window allows, these are kept for what cannot wait.
KEPT_FOR_URGENT = 2
# A template notice cannot be added to: whatever else is routine waits this long for the next one.
HINT_PAUSE = timedelta(minutes=10)
HINT_AGAIN = timedelta(hours=12)
# A push that has not begun by then (no worker lives) is given to the next answer.
HELD_UP = timedelta(minutes=2)
# Of a thousand open notices so many are told at once, and how many more there are: an answer must stay one.
TOLD_AT_ONCE = 20
# Of those that share one line more are taken into it.
COUNTED_AT_ONCE = 500
NUMBERS_SHOWN = 3
# The day's collected message stands below all other news: it is the longest, and ends with what to answer.
COLLECTED = "morning"
# Kinds that are counted when there are several, and the word that shows them all; their subject ends in the number.
PUT_TOGETHER = {"new_customer": ("位新顾客", "新客"), "reply": ("位顾客在等回复", "待回")}


def tell(tx: Tx, staff_id: int, words: str, *, kind: str, urgent: bool = False, subject: str = "") -> int:
    """Keeps a notice for one staff member and asks the workers to push it; returns its id.

    While a notice with the same ``subject`` is open, a second one only renews its text.
    """
    if subject:
        same = tx.session.scalars(
            select(Notice).where(Notice.staff_id == staff_id, Notice.subject == subject, Notice.state == "open")
        ).first()
        if same is not None:
            same.text = words
            same.urgent = same.urgent or urgent
            return same.id
    notice = Notice(
        staff_id=staff_id, kind=kind, subject=subject, text=words, urgent=urgent, state="open", created_at=tx.now
    )
    tx.session.add(notice)
    tx.session.flush()
    tx.after_commit("clock")
    return notice.id


_TELL_ALL = Write(
    """
    INSERT INTO notices (staff_id, kind, subject, text, urgent, state, created_at)
    SELECT staff.id, given.kind, given.subject, given.text, given.urgent, 'open', given.now
    FROM {given} CROSS JOIN staff WHERE active
    ON CONFLICT (staff_id, subject) WHERE state = 'open' AND subject <> ''
    DO UPDATE SET text = excluded.text, urgent = notices.urgent OR excluded.urgent
    """,
    (("kind", "text"), ("subject", "text"), ("text", "text"), ("urgent", "boolean"), ("now", "bigint")),
)


def tell_all(tx: Tx, words: str, *, kind: str, subject: str, urgent: bool = False) -> None:
    """Tells every active staff member, in one statement: this stands on the way of every customer's message."""
    tx.later(_TELL_ALL, subject, (kind, subject, words, urgent, to_milliseconds(tx.now)))
    tx.after_commit("clock")


def reword(tx: Tx, subject: str, words: str) -> None:
    """Gives open notices about a subject words that are true by now; who heard already is not told again."""
    tx.execute(update(Notice).where(Notice.subject == subject, Notice.state == "open").values(text=words))


def forget(tx: Tx, customer_id: int) -> None:
    """Takes the words out of every notice about a customer who is erased; there is nothing left to tell."""
    spoken_of = select(Notice.id, Notice.text).where(Notice.text.contains(f"#{customer_id}"))
    named = [number for number, text in tx.execute(spoken_of).all() if says_number(text, customer_id)]
    about = Notice.subject.in_([f"new:{customer_id}", f"said:{customer_id}"]) | Notice.id.in_(named)
    tx.execute(update(Notice).where(about).values(text="（已按顾客要求删除）"))
    tx.execute(update(Notice).where(about, Notice.state == "open").values(state="shown", closed_at=tx.now))


def open_notices(tx: Tx, staff_id: int) -> Sequence[Notice]:
    """What to tell next: the urgent first, then the oldest, each a line; and many of those that share one.

    `count_open` says how many there are in all.
    """
    shares = Notice.kind.in_(PUT_TOGETHER) & Notice.urgent.is_(False)
    theirs = select(Notice).where(Notice.staff_id == staff_id, Notice.state == "open")
    lines = theirs.where(~shares).order_by(Notice.urgent.desc(), Notice.id).limit(TOLD_AT_ONCE)
    put_together = theirs.where(shares).order_by(Notice.id).limit(COUNTED_AT_ONCE)
    return [*tx.session.scalars(lines), *tx.session.scalars(put_together)]


def count_open(tx: Tx, staff_id: int) -> int:
    """How many are open in all."""
    count = select(func.count()).select_from(Notice).where(Notice.staff_id == staff_id, Notice.state == "open")
    return tx.execute(count).scalar_one()


def staff_with_open(tx: Tx) -> Sequence[int]:
    """Whom there is something to tell; who has left hears nothing more."""
    active = select(Notice.staff_id).join(Staff, Staff.id == Notice.staff_id).where(Staff.active)
    return tx.session.scalars(active.where(Notice.state == "open").distinct()).all()


def worth_pushing(notices: Sequence[Notice], *, left: int, now: datetime) -> list[Notice]:
    """Which open notices go out in one message now, given ``left`` messages in the window; no I/O.

    What was pushed before without proof that it arrived takes another route: else a notice the platform refuses would
    be pushed for ever.
    """
    fresh = [notice for notice in notices if notice.delivery_id is None]
    # The morning's message takes all else along: one message, not two.
    if left > KEPT_FOR_URGENT and any(
        notice.kind == COLLECTED or passed(notice.created_at, COLLECT, now) for notice in fresh
    ):
        return fresh
    return [notice for notice in fresh if notice.urgent] if left > 0 else []


def worth_hinting(notices: Sequence[Notice], *, now: datetime) -> list[Notice]:
    """Which notices a template notice should hint at, no I/O: new ones, collected; all again after half a day unheard."""
    hinted = [notice.hinted_at for notice in notices if notice.hinted_at is not None]
    if hinted and passed(max(hinted), HINT_AGAIN, now):
        return list(notices)
    fresh = [notice for notice in notices if notice.hinted_at is None]
    lately = bool(hinted) and not passed(max(hinted), HINT_PAUSE, now)
    if not lately and any(passed(notice.created_at, COLLECT, now) for notice in fresh):
        return fresh
    return [notice for notice in fresh if notice.urgent]


def passed(since: datetime, span: timedelta, now: datetime) -> bool:
    """Whether a span is over; also where the clock was set back since, or news would wait until it has caught up."""
    return not timedelta(0) <= now - since < span


def digest(notices: Sequence[Notice], *, room: int) -> tuple[str, list[Notice]]:
    """What fits into ``room`` bytes, the urgent first, many of a kind as one line; returns (text, those it tells of).

    It ends with a word worth answering where something was put together, since an answer opens the window again.
    """
    lines: list[str] = []
    told: list[Notice] = []
    for group in _groups(notices):
        line = _one_line(group)
        if not lines:
            line = _cut(line, room)
        elif len("\n".join([*lines, line]).encode()) > room:
            continue
        lines.append(line)
        told += group
    return "\n".join(lines), told


def rest_words(count: int) -> str:
    """A line that says how many more are open than were read, or nothing."""
    return f"\n还有 {count} 条通知，随便发一句话接着看" if count > 0 else ""


def _cut(line: str, room: int) -> str:
    """A line alone too long for the room is told all the same, as far as it goes."""
    return line if len(line.encode()) <= room else line.encode()[: max(0, room - 3)].decode(errors="ignore") + "…"


def _groups(notices: Sequence[Notice]) -> list[list[Notice]]:
    single = sorted((notice for notice in notices if notice.urgent), key=lambda notice: notice.id)
    groups = [[notice] for notice in single]
    kinds: dict[str, list[Notice]] = {}
    for notice in notices:
        if not notice.urgent:
            kinds.setdefault(notice.kind, []).append(notice)
    for kind, same in sorted(kinds.items(), key=lambda item: item[0] == COLLECTED):
        groups += [same] if kind in PUT_TOGETHER and len(same) > 1 else [[notice] for notice in same]
    return groups


def _one_line(group: Sequence[Notice]) -> str:
    if len(group) == 1:
        return group[0].text
    what, look = PUT_TOGETHER[group[0].kind]
    numbers = "、".join(f"#{notice.subject.rpartition(':')[2]}" for notice in group[:NUMBERS_SHOWN])
    return f"{len(group)} {what}：{numbers}{' 等' if len(group) > NUMBERS_SHOWN else ''}，发送“{look}”看"


def take_hints(tx: Tx, notices: Sequence[Notice]) -> list[Notice]:
    """Notes that a template notice tells of them, and returns those nobody else has taken for one meanwhile.

    Their words still wait for the next answer.
    """
    again = or_(Notice.hinted_at <= tx.now - HINT_AGAIN, Notice.hinted_at > tx.now)  # in the future: set back since
    due = or_(Notice.hinted_at.is_(None), again)
    ours = update(Notice).where(Notice.id.in_([notice.id for notice in notices]), Notice.state == "open", due)
    taken = {row[0] for row in tx.execute(ours.values(hinted_at=tx.now).returning(Notice.id))}
    return [notice for notice in notices if notice.id in taken]


def shown(tx: Tx, notices: Sequence[Notice]) -> None:
    """They stood on top of an answer."""
    _close(tx, notices, state="shown", delivery_id=None)


def carried_by(tx: Tx, notices: Sequence[Notice], delivery_id: int) -> None:
    """A delivery carries them; `settle` says later whether they arrived."""
    _close(tx, notices, state="queued", delivery_id=delivery_id)


def _close(tx: Tx, notices: Sequence[Notice], *, state: str, delivery_id: int | None) -> None:
    # The old state decides, so that a notice is not carried twice.
    still_open = update(Notice).where(Notice.id.in_([notice.id for notice in notices]), Notice.state == "open")
    tx.execute(still_open.values(state=state, closed_at=tx.now, delivery_id=delivery_id))


# -- what became of the deliveries ------------------------------------------------------------------------------------


def watch(tx: Tx, staff_id: int, delivery_id: int, *, kind: str, subject: str) -> None:
    """Remembers whom to tell when the delivery comes to its end; nothing is told for now."""
    tx.session.add(
        Notice(
            staff_id=staff_id,
            kind=kind,
            subject=subject,
            text="",
            urgent=True,
            state="watching",
            created_at=tx.now,
            delivery_id=delivery_id,
        )
    )


def on_their_way(tx: Tx) -> Sequence[tuple[Notice, Delivery]]:
    """Notices a delivery carries, and those that watch one, with the delivery as it stands; oldest first."""
    rows = tx.session.execute(
        select(Notice, Delivery)
        .join(Delivery, Delivery.id == Notice.delivery_id)
        .where(Notice.state.in_(("queued", "watching")))
        .order_by(Notice.id)
    )
    return [(notice, delivery) for notice, delivery in rows]


def ended(tx: Tx) -> list[tuple[Notice, Delivery]]:
    """Those of `on_their_way` whose delivery has come to its end; of staff's also what does not get on its way."""
    return [(notice, delivery) for notice, delivery in on_their_way(tx) if _has_ended(tx, notice, delivery)]


def _has_ended(tx: Tx, notice: Notice, delivery: Delivery) -> bool:
    if delivery.state == "planned" and notice.state == "queued":
        stands_still = tx.now - delivery.planned_at >= HELD_UP
        return stands_still or outbox.path_rest(tx, delivery.account, delivery.route) is not None
    return delivery.state not in outbox.OPEN_STATES


def hand_over(tx: Tx, old: int, new: int) -> None:
    """What becomes of messages on their way is told to whoever took over."""
    tx.execute(update(Notice).where(Notice.staff_id == old, Notice.state == "watching").values(staff_id=new))


def move(tx: Tx, old: int, new: int) -> None:
    """What one has to hear the other hears: they are one person. What both have to hear is told once."""
    theirs = select(Notice.subject).where(Notice.staff_id == new, Notice.state == "open", Notice.subject != "")
    untold = update(Notice).where(Notice.staff_id == old, Notice.state.in_(("open", "queued", "watching")))
    again = (Notice.state == "open") & Notice.subject.in_(theirs)
    tx.execute(untold.where(again).values(state="shown", closed_at=tx.now))
    tx.execute(untold.where(~again).values(staff_id=new))


def take_watch(tx: Tx, notice: Notice) -> bool:
    """Ends a watch; False where somebody else just did, who tells of it."""
    mine = update(Notice).where(Notice.id == notice.id, Notice.state == "watching")
    return tx.execute(mine.values(state="done", closed_at=tx.now)).rowcount == 1


_REOPEN = """
    INSERT INTO notices (staff_id, kind, subject, text, urgent, state, created_at, hinted_at, delivery_id)
    SELECT staff_id, kind, subject, text, urgent, 'open', created_at, hinted_at, {tried} FROM notices WHERE id = :id
    ON CONFLICT (staff_id, subject) WHERE state = 'open' AND subject <> ''
    DO UPDATE SET urgent = notices.urgent OR excluded.urgent
"""


def settle(tx: Tx, notice: Notice, delivery: Delivery) -> None:
    """Closes a notice that arrived, and opens one again that did not; one with newer words on its subject stays.

    After ``unknown`` staff may see it twice. That is meant: what staff see twice costs a glance, what they never see may
    cost a customer. Only customers must never get a message twice.
    """
    arrived = delivery.state == "sent"
    # Certainly not sent and held up by the path only: it may go the same way again when the path is open.
    held_up = delivery.state in ("planned", "by_hand", "cancelled", "skipped")
    waits = delivery.state in ("planned", "by_hand")
    if waits and not outbox.cancel(tx, delivery.id, "改用别的办法通知"):
        return  # a worker has it; the next look finds what became of it
    mine = update(Notice).where(Notice.id == notice.id, Notice.state == "queued")
    if tx.execute(mine.values(state="pushed" if arrived else "unsent")).rowcount == 1 and not arrived:
        tx.execute(text(_REOPEN.format(tried="NULL" if held_up else "delivery_id")), {"id": notice.id})
