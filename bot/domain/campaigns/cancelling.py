"""Cancelling a broadcast: nothing more of it is called from that moment on, and its rows are struck off part by part.

A statement over a long list would hold the database's one writer for seconds, while every callback waits. So the
cancellation turns the broadcast's switch off, strikes off as much as goes in a moment, and leaves the rest to workers:
who was not planned yet gets a cancelled row as well, so that the ledger adds up. A call in flight may still come back
as certainly not sent; such a row is struck off too before the matter is closed.
"""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update

from bot.delivery import broadcasts, outbox
from bot.domain.campaigns import lists, rules
from bot.domain.campaigns.models import Broadcast, Unplanned
from bot.store.killpoints import reach
from bot.store.transaction import Tx

# So many rows are struck off in one short transaction.
PART = 1000


def begin(tx: Tx, broadcast: Broadcast) -> int | None:
    """Stops a broadcast that was just set to ``cancelled``; returns how many people that spares, None where workers are
    still counting."""
    outbox.pause(tx, broadcast.id)
    if lists.unfinished(tx, broadcast.id):
        # Nothing of it has been sent, and workers find its parts as they are.
        tx.after_commit("drain")
        return broadcast.audience
    spared, last = outbox.cancel_part(tx, broadcast.id, rules.CANCELLED, after=0, count=PART)
    if last is None and broadcasts.left_to_cancel(tx, broadcast.id) == "none":
        outbox.resume(tx, broadcast.id)
        return spared
    tx.execute(insert(Unplanned).values(broadcast_id=broadcast.id, place=0, customers=[], after=last or 0))
    tx.after_commit("drain")
    return None if last else spared


class Step:
    """The next rows of a cancelled broadcast to strike off: ``read`` and ``write`` are two transactions."""

    def __init__(self, number: int, after: int, left: str) -> None:
        self._number = number
        self._after = after
        self._left = left

    @classmethod
    def read(cls, tx: Tx, number: int) -> Step | None:
        """None where nothing can be done now: not cancelled, people still to be planned, or calls in flight."""
        parts = select(Unplanned).where(Unplanned.broadcast_id == number).order_by(Unplanned.place).limit(1)
        part = tx.session.scalars(parts).first()
        if part is None or part.customers or tx.session.get_one(Broadcast, number).state != "cancelled":
            return None
        left = "some" if part.after else broadcasts.left_to_cancel(tx, number)
        return None if left == "in flight" else cls(number, part.after, left)

    def write(self, tx: Tx) -> None:
        """Strikes off the part; at the end looks once more from the beginning, and closes when nothing is left."""
        tx.session.get_one(Broadcast, self._number, with_for_update=True)
        mine = (Unplanned.broadcast_id == self._number, Unplanned.after == self._after)
        if self._left == "none":
            # Calls that carry a key may have to be repeated, without those who were spared.
            if tx.execute(delete(Unplanned).where(*mine)).rowcount:
                outbox.resume(tx, self._number)
            return
        _count, last = outbox.cancel_part(tx, self._number, rules.CANCELLED, after=self._after, count=PART)
        tx.execute(update(Unplanned).where(*mine).values(after=last or 0))
        reach("struck_off")
