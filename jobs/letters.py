"""Letters whose time has passed are closed, so that nobody sends them by hand any more."""

from __future__ import annotations

from datetime import datetime

from bot.domain.care import letters
from bot.store.transaction import reading, transaction
from jobs.parts import Parts


def strike(parts: Parts, now: datetime) -> int:  # noqa: ARG001  (the moment is the transaction's)
    """Closes what is over; returns how many letters. A quiet tick only reads."""
    with reading(parts.store, parts.clock) as tx:
        if not letters.passed(tx):
            return 0
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        return letters.close(tx)
