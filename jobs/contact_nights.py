"""Every night all contacts are gone through once, so that what no event told of is found by the morning."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.customers import walks
from bot.platforms.abilities import abilities
from bot.store.transaction import reading, transaction
from jobs.parts import Parts

HOUR = timedelta(hours=2)  # it begins at two, before the rule tags


def strike(parts: Parts, now: datetime) -> int:
    """Begins the night's walk of every account whose contacts were taken in; a quiet tick only reads."""
    night = (now.astimezone(parts.settings.timezone) - HOUR).date().isoformat()
    begun = 0
    for account in parts.settings.accounts:
        if not abilities(account).contacts:
            continue
        with reading(parts.store, parts.clock) as tx:
            walk = walks.of(tx, account.name)
            if walk is None or walk.done_at is None or walk.night >= night:
                continue
        with transaction(parts.store, parts.clock) as tx:
            begun += walks.begin_night(tx, account.name, night)
    return begun
