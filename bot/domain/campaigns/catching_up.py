"""Broadcasts at human pace after a long pause, or when nobody sent for hours: what has fallen behind goes on at the set
pace instead of all at once. Of several batches that are overdue the first goes now, the others and all after them move.

Batches are known by when their rows are due. They are moved from the last to the first, each in a statement of its own,
so that no two ever meet on the way, and to doing it twice there is nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from bot.delivery import broadcasts
from bot.domain.campaigns.models import Broadcast
from bot.domain.campaigns.pace import Pace
from bot.settings import Settings
from bot.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of a broadcast that are due between two moments, and when they are to be due."""

    broadcast_id: int
    first: datetime
    last: datetime
    to: datetime

    def move(self, tx: Tx) -> None:
        broadcasts.put_off(tx, self.broadcast_id, self.first, self.last, self.to)


def behind(tx: Tx, shop: Settings) -> list[Batch]:
    """The batches to move of all broadcasts that are being sent, in the order in which to do it; only reads."""
    paced = or_(Broadcast.per_hour.is_not(None), Broadcast.over_days.is_not(None))
    running = select(Broadcast).where(Broadcast.state == "running", paced).order_by(Broadcast.id)
    return [batch for broadcast in tx.session.scalars(running) for batch in to_move(tx, shop, broadcast)]


def to_move(tx: Tx, shop: Settings, broadcast: Broadcast) -> list[Batch]:
    """`behind` for one broadcast."""
    pace = Pace(broadcast.per_hour, broadcast.over_days)
    if pace == Pace():
        return []
    apart = timedelta(hours=1) if pace.per_hour else timedelta(days=1)
    overdue = _together(broadcasts.dues(tx, broadcast.id, until=tx.now), apart)
    if len(overdue) < 2:
        return []
    waiting = _together(broadcasts.dues(tx, broadcast.id), apart)
    hours = pace.hours(tx.now, len(waiting), shop.quiet_hours, shop.timezone)
    moved = [
        Batch(broadcast.id, first, last, at)
        for (first, last), at in zip(waiting[1:], hours[1:], strict=True)
        if first < at
    ]
    return moved[::-1]


def _together(dues: list[datetime], apart: timedelta) -> list[tuple[datetime, datetime]]:
    """The moments in batches: rows of one may have been put off by minutes, for the platform's sake."""
    batches: list[tuple[datetime, datetime]] = []
    for due in dues:
        if batches and due - batches[-1][0] < apart / 2:
            batches[-1] = (batches[-1][0], due)
        else:
            batches.append((due, due))
    return batches
