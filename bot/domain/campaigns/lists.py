"""The list of a confirmed broadcast: who stood on it when it was taken, and how it becomes rows, part by part.

A list of a million people must neither keep the callback that confirms it nor the database's one writer. So the
confirmation keeps the numbers alone, and workers turn them into rows: a part is planned while only reading, and goes in
the short transaction that writes its rows, so that it is written once whatever dies in between. The numbers are those
of the confirmation (of a live broadcast: of its start, see `live`), the wording is frozen in the broadcast; what is known
of a person (an opt-out above all, caps, the name in the text) is as it is when the part is planned. Sending begins when
the last part is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select

from bot.delivery import broadcasts, outbox
from bot.domain.campaigns import rules
from bot.domain.campaigns.models import Broadcast, Unplanned
from bot.domain.campaigns.plan import Planned, Planner, keep, parts_of, plan_all, settle
from bot.domain.customers import segments
from bot.domain.merchants.models import Staff
from bot.language.segments import parse_segment
from bot.settings import Settings
from bot.store.killpoints import reach
from bot.store.transaction import Tx

# So many rows are written in the confirmation itself.
SHORT = 500


def moment(broadcast: Broadcast, now: datetime) -> datetime:
    """When the broadcast is to start, or began; ``now`` for one without a time."""
    if broadcast.live and broadcast.start_at is not None:
        # Its list may have been taken some time later: when somebody went on with what had missed its time.
        return max(broadcast.start_at, broadcast.started_at or now)
    return broadcast.start_at or broadcast.started_at or now


def audience(tx: Tx, shop: Settings, broadcast: Broadcast, at: datetime) -> list[int]:
    """Whom the broadcast's segment names at ``at``, in order of numbers."""
    return segments.members(tx, parse_segment(broadcast.segment), at.astimezone(shop.timezone))


def too_many(tx: Tx, shop: Settings, broadcast: Broadcast, people: int) -> bool:
    """Whether nobody has confirmed a list of this length, which then waits for the owner: it is beyond what the staff
    member who planned it may send."""
    staff = tx.session.get(Staff, broadcast.staff_id)
    return staff is not None and staff.role != "owner" and people > shop.staff_broadcast_max


def take(tx: Tx, shop: Settings, broadcast: Broadcast, people: Sequence[int]) -> None:
    """Keeps the list, in order of numbers; a short one becomes rows at once."""
    broadcast.audience = len(people)
    if broadcast.state != "running" or len(people) > SHORT:
        outbox.pause(tx, broadcast.id)
    at = moment(broadcast, tx.now)
    if len(people) <= SHORT:
        keep(tx, shop, plan_all(tx, shop, broadcast, people, at))
        return
    parts = [
        {"place": part.place, "customers": part.numbers, "due_at": part.due_at}
        for part in parts_of(shop, broadcast, people, at)
    ]
    end = {"place": len(parts), "customers": [], "due_at": None}
    tx.execute(insert(Unplanned), [{"broadcast_id": broadcast.id, **part} for part in [*parts, end]])
    tx.after_commit("drain")


def waiting(tx: Tx) -> list[int]:
    """The broadcasts whose lists are not finished, oldest first."""
    return list(tx.execute(select(Unplanned.broadcast_id).distinct().order_by(Unplanned.broadcast_id)).scalars())


def unfinished(tx: Tx, number: int) -> bool:
    """Whether rows of the broadcast are still to be written."""
    return tx.execute(select(Unplanned.place).where(Unplanned.broadcast_id == number).limit(1)).first() is not None


class Part:
    """The next part of a list, planned but not written: ``read`` and ``write`` are two transactions."""

    def __init__(
        self, shop: Settings, number: int, place: int, rows: Sequence[Planned], shared: Sequence[int], last: bool
    ) -> None:
        self._shop = shop
        self._number = number
        self._place = place
        self._rows = rows
        self._shared = shared
        self._last = last

    @classmethod
    def read(cls, tx: Tx, shop: Settings, number: int) -> Part | None:
        """Plans the next part of the broadcast's list; None when no people are left. Only reads."""
        parts = select(Unplanned).where(Unplanned.broadcast_id == number).order_by(Unplanned.place).limit(1)
        part = tx.session.scalars(parts).first()
        if part is None:
            return None
        broadcast = tx.session.get_one(Broadcast, number)
        if not part.customers:
            if broadcast.state == "cancelled":
                return None  # see cancelling
            shared = broadcasts.shared_contents(tx, number, rules.WINDOW_CLOSED)
            return cls(shop, number, part.place, [], shared, last=True)
        at = part.due_at or moment(broadcast, tx.now)
        rows = Planner(tx, shop, broadcast, at).rows(part.customers, part.place)
        settle(rows, rules.WINDOW_CLOSED)
        return cls(shop, number, part.place, rows, [], last=False)

    def write(self, tx: Tx) -> None:
        """Writes the part, unless another worker has; of a cancelled broadcast as cancelled rows."""
        # Whoever pauses, cancels or starts it takes the same lock first: one of us sees what the other did.
        broadcast = tx.session.get_one(Broadcast, self._number, with_for_update=True)
        cancelled = broadcast.state == "cancelled"
        if cancelled and self._last:
            return
        mine = (Unplanned.broadcast_id == self._number, Unplanned.place == self._place)
        if tx.execute(delete(Unplanned).where(*mine)).rowcount != 1:
            return
        if cancelled:
            for row, _text in self._rows:
                if row.state != "skipped":
                    row.state, row.route, row.reason = "cancelled", "", rules.CANCELLED
        keep(tx, self._shop, self._rows)
        reach("planned")
        if not self._last:
            return
        # A text that nobody shared within one part may have company in another.
        broadcasts.to_mass(tx, self._number, self._shared, rules.WINDOW_CLOSED)
        if broadcast.state == "running":
            outbox.resume(tx, self._number)
