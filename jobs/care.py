"""The clock strikes: plants what yearly days need, and strikes the moments that have come."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy.exc import OperationalError

from bot.domain.care import days, occurrences, service
from bot.store.transaction import reading, transaction
from jobs.parts import Parts

log = logging.getLogger(__name__)


def strike(parts: Parts, now: datetime) -> int:
    """Strikes every care moment due by ``now``, each in a transaction of its own; returns how many were ours.

    A quiet tick only reads, so that it keeps no writer waiting.
    """
    with reading(parts.store, parts.clock) as tx:
        unplanted, waiting = days.unplanted(tx, now), occurrences.waiting(tx, now)
    for plan_id in unplanted:
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            days.plant_ahead(tx, plan_id, parts.settings)
    return sum(_strike_one(parts, occurrence_id) for occurrence_id in waiting)


def _strike_one(parts: Parts, occurrence_id: int) -> bool:
    try:
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            return service.strike(tx, occurrence_id, parts.settings)
    except OperationalError:
        # A locked or lost database says nothing about this row; the next tick tries again.
        raise
    except Exception as error:  # noqa: BLE001  (kept with the row and logged; one bad row must not hold up the others)
        reason = type(error).__name__
        log.error("care_strike_failed occurrence=%d error=%s", occurrence_id, reason)
        with transaction(parts.store, parts.clock) as tx:
            occurrences.failed(tx, occurrence_id, reason)
        return False
