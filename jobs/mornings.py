"""At the hour of the morning's message each of the staff is told once what the day holds."""

from __future__ import annotations

from datetime import datetime

from bot.domain import morning
from bot.domain.care.rules import LATE_AFTER, REMINDER_GRACE, at_hour
from bot.domain.merchants import mornings, notices
from bot.domain.merchants.notices import COLLECTED
from bot.store.transaction import reading, transaction
from jobs.parts import Parts


def strike(parts: Parts, now: datetime) -> int:
    """Tells whoever has not heard today; after the grace of a reminder the day goes without. A quiet tick only reads."""
    shop = parts.settings
    local = now.astimezone(shop.timezone)
    today, at = local.date(), at_hour(local.date(), shop.digest_at, shop.timezone)
    if not at <= now < at + REMINDER_GRACE:
        return 0
    with reading(parts.store, parts.clock) as tx:
        waiting = mornings.without(tx, today, at)
        if not waiting:
            return 0
        found = morning.look(tx, shop, local)
        told = {staff_id: morning.words(found, staff_id, local) for staff_id in waiting}
    late = f"\n（这条晚了，原定 {shop.digest_at:%H:%M}）" if now - at > LATE_AFTER else ""
    for staff_id, words in told.items():
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            if mornings.take(tx, staff_id, today) and words:
                # Yesterday's, if nobody has read it, gives way to today's.
                notices.tell(tx, staff_id, f"{words}{late}", kind=COLLECTED, subject=COLLECTED)
    return sum(bool(words) for words in told.values())
