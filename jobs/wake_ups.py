"""Waking up: writes to who has fallen silent and to whom a talk is due, each in a transaction of its own."""

from __future__ import annotations

from datetime import datetime

from bot.domain import working_day
from bot.domain.care import wake_ups
from bot.store.transaction import reading, transaction
from jobs.parts import Parts


def strike(parts: Parts, _now: datetime) -> int:
    """Writes what is due; returns how many it was. A quiet tick only reads."""
    with reading(parts.store, parts.clock) as tx:
        if not wake_ups.is_time(tx):
            return 0
        due = wake_ups.due(tx, parts.settings)
    done = 0
    for one in due:
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            done += wake_ups.say(tx, parts.settings, one, working_day.words)
    if not done:
        with transaction(parts.store, parts.clock) as tx:
            wake_ups.round_done(tx)
    return done
