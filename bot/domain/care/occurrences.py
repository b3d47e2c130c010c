"""The moments plans strike at: planted ahead, struck once by whichever scheduler comes first, missed when too late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.care.models import Occurrence, Plan
from bot.domain.care.rules import LATE_AFTER, Due
from bot.store.killpoints import reach
from bot.store.transaction import Tx

REMIND = "remind"
ASK_AMOUNT = "ask amount"
TRIES = 3
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Struck:
    """A moment that has come for a plan: in time, ``late``, or ``missed`` for good.

    ``superseded``: it was missed, but a later moment of the same plan has come as well and speaks for it.
    """

    occurrence_id: int
    plan: Plan
    purpose: str
    due_at: datetime
    late: bool
    missed: bool
    superseded: bool


@dataclass(frozen=True, slots=True)
class Reminder:
    """What staff are told when a moment strikes; ``urgent``: it is of no use tomorrow."""

    text: str
    urgent: bool = False


def plant(tx: Tx, plan: Plan, moments: Iterable[Due], *, purpose: str = REMIND) -> None:
    """Keeps the moments of a plan; those it has already stay as they are."""
    insert = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
    rows = [
        {
            "plan_id": plan.id,
            "purpose": purpose,
            "due_at": due.at,
            "until": due.until,
            "state": "due",
            "attempts": 0,
            "note": "",
        }
        for due in moments
    ]
    if rows:
        tx.execute(insert(Occurrence).on_conflict_do_nothing(index_elements=["plan_id", "due_at"]), rows)


def waiting(tx: Tx, now: datetime) -> Sequence[int]:
    """Numbers of what has come due by ``now``, oldest first."""
    return tx.session.scalars(
        select(Occurrence.id)
        .join(Plan, Plan.id == Occurrence.plan_id)
        .where(Occurrence.state == "due", Occurrence.due_at <= now, Plan.cancelled_at.is_(None))
        .order_by(Occurrence.due_at, Occurrence.id)
        .limit(AT_ONCE)
    ).all()


def strike(tx: Tx, occurrence_id: int) -> Struck | None:
    """Takes one due moment. None: another scheduler had it, its plan was taken back or cancelled, or it is not yet time."""
    found = tx.session.execute(
        select(Occurrence, Plan).join(Plan, Plan.id == Occurrence.plan_id).where(Occurrence.id == occurrence_id)
    ).first()
    # The clock may have been set back since the number was read.
    if found is None or found.Occurrence.due_at > tx.now or found.Plan.cancelled_at is not None:
        return None
    occurrence, plan = found.Occurrence, found.Plan
    missed = tx.now >= occurrence.until
    # A plan made after its own hour (the day before, in the afternoon) is not late: that is when it could first strike.
    late = not missed and tx.now - max(occurrence.due_at, plan.created_at) > LATE_AFTER
    # Two schedulers may both have read it as due; the row that still says so goes to one of them.
    taken = tx.execute(
        update(Occurrence)
        .where(Occurrence.id == occurrence_id, Occurrence.state == "due")
        .values(state="missed" if missed else "done", note="late" if late else "", done_at=tx.now)
    )
    if taken.rowcount != 1:
        return None
    reach("struck")
    superseded = missed and _has_come_again(tx, occurrence)
    return Struck(occurrence_id, plan, occurrence.purpose, occurrence.due_at, late, missed, superseded)


def not_needed(tx: Tx, occurrence_id: int) -> None:
    """Notes that nobody had to be told: what it was about is done."""
    tx.execute(update(Occurrence).where(Occurrence.id == occurrence_id).values(note="not needed"))


def failed(tx: Tx, occurrence_id: int, error: str) -> None:
    """Counts a try that broke off; after three the moment is left alone, so that others are not held up."""
    tx.execute(
        update(Occurrence)
        .where(Occurrence.id == occurrence_id, Occurrence.state == "due")
        .values(attempts=Occurrence.attempts + 1, note=error)
    )
    tx.execute(
        update(Occurrence)
        .where(Occurrence.id == occurrence_id, Occurrence.state == "due", Occurrence.attempts >= TRIES)
        .values(state="failed", done_at=tx.now)
    )


def _has_come_again(tx: Tx, occurrence: Occurrence) -> bool:
    later = select(
        exists().where(
            Occurrence.plan_id == occurrence.plan_id,
            Occurrence.due_at > occurrence.due_at,
            Occurrence.due_at <= tx.now,
        )
    )
    return bool(tx.execute(later).scalar())
