"""Broadcasts whose list is that of the planned time (实时): it is taken when they start, not at their confirmation.

The list is read before the transaction that starts the broadcast, so that callbacks do not wait for it; the state that
transaction moves on is what only one of many schedulers gets done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from bot.domain.campaigns import lists, rules
from bot.domain.campaigns.models import Broadcast
from bot.domain.merchants.models import Staff
from bot.errors import Refusal
from bot.settings import Settings
from bot.store.transaction import Tx


def untaken(broadcast: Broadcast) -> bool:
    """Whether nobody stands on its list yet; a missed one has none either, and takes it when somebody goes on with it."""
    return broadcast.live and broadcast.state in ("scheduled", "missed")


def due(tx: Tx, now: datetime) -> list[int]:
    """Those whose time has come and is not missed; of who works here no more none (see `service.to_start`)."""
    waits = select(Broadcast.id).where(
        Broadcast.state == "scheduled",
        Broadcast.live,
        Broadcast.start_at <= now,
        Broadcast.start_at >= now - rules.START_GRACE,
        Broadcast.staff_id.in_(select(Staff.id).where(Staff.active)),
    )
    return list(tx.execute(waits.order_by(Broadcast.id)).scalars())


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of a start: under way, or waiting for the owner (``too_many``), or why there is no list."""

    broadcast: Broadcast
    too_many: bool = False
    why_not: str = ""


class Step:
    """A start that is due: ``read`` and ``write`` are two transactions."""

    def __init__(self, number: int, people: Sequence[int], why_not: str) -> None:
        self._number = number
        self._people = people
        self._why_not = why_not

    @classmethod
    def read(cls, tx: Tx, shop: Settings, number: int) -> Step | None:
        """None where it does not wait (any more). Only reads."""
        broadcast = tx.session.get_one(Broadcast, number)
        if broadcast.state != "scheduled":
            return None
        try:
            return cls(number, lists.audience(tx, shop, broadcast, tx.now), "")
        except Refusal as refusal:
            return cls(number, [], str(refusal))

    def write(self, tx: Tx, shop: Settings) -> Begun | None:
        """Starts it with this list; None where another scheduler has, or somebody cancelled it meanwhile."""
        broadcast = tx.session.get_one(Broadcast, self._number)
        too_many = lists.too_many(tx, shop, broadcast, len(self._people))
        state = "missed" if self._why_not else "paused" if too_many else "running"
        begins = {"state": state, **({"started_at": tx.now} if state == "running" else {})}
        mine = update(Broadcast).where(Broadcast.id == self._number, Broadcast.state == "scheduled")
        if tx.execute(mine.values(begins)).rowcount != 1:
            return None
        tx.session.refresh(broadcast)
        if not self._why_not:
            lists.take(tx, shop, broadcast, self._people)
        return Begun(broadcast, too_many, self._why_not)
