"""What customers hear by themselves, each with one switch; off until somebody turns it on."""

from __future__ import annotations

from datetime import datetime

from bot.domain.care.models import CareSwitch
from bot.store.transaction import Tx

AFTER_SALE, QUIET, FOLLOW_UP = "after_sale", "quiet", "follow_up"


def on_since(tx: Tx, name: str) -> datetime | None:
    """Since when it is on; None: it is off. What came before is not said any more."""
    kept = tx.session.get(CareSwitch, name)
    return kept.since if kept is not None and kept.enabled else None


def turn(tx: Tx, name: str, *, on: bool) -> bool:
    """Turns one on or off; False where it stood so already."""
    kept = tx.session.get(CareSwitch, name)
    if (kept is not None and kept.enabled) == on:
        return False
    if kept is None:
        tx.session.add(CareSwitch(name=name, enabled=on, since=tx.now))
    else:
        kept.enabled = on
        kept.since = tx.now
    tx.session.flush()
    return True
