"""The night's turn of the rule tags: everybody who has bought, a chunk a transaction."""

from __future__ import annotations

import time
from datetime import datetime

from bot.domain.orders import rule_tags
from bot.store.transaction import reading, transaction
from jobs.parts import Parts


def strike(parts: Parts, _now: datetime) -> int:
    """Recomputes until all are done or the time is up; returns how many tags changed. A quiet tick only reads."""
    zone = parts.settings.timezone
    with reading(parts.store, parts.clock) as tx:
        if not rule_tags.due(tx, zone):
            return 0
    end = time.monotonic() + parts.turn_seconds
    changed = 0
    while time.monotonic() < end:
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            done = rule_tags.next_chunk(tx, zone)
        if done is None:
            break
        changed += done
    return changed
