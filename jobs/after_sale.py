"""After the sale: says what is due about orders, each in a transaction of its own."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy.exc import OperationalError

from bot.domain import working_day
from bot.domain.care import after_sale
from bot.domain.care.after_sale import Step
from bot.store.transaction import reading, transaction
from jobs.parts import Parts

log = logging.getLogger(__name__)


def strike(parts: Parts, _now: datetime) -> int:
    """Writes what is due; returns how many it was. A quiet tick only reads."""
    with reading(parts.store, parts.clock) as tx:
        due = after_sale.due(tx)
    said = sum(_say(parts, order_id, step) for order_id, step in due.steps)
    if due.is_round:
        with transaction(parts.store, parts.clock) as tx:
            after_sale.round_done(tx)
    return said


def _say(parts: Parts, order_id: int, step: Step) -> bool:
    try:
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            return after_sale.say(tx, parts.settings, order_id, step, working_day.words)
    except OperationalError:
        # A locked or lost database says nothing about this order; the next tick tries again.
        raise
    except Exception as error:  # noqa: BLE001  (kept with the letter and logged; one order must not hold up the others)
        log.error("after_sale_failed order=%d step=%s error=%s", order_id, step.name, type(error).__name__)
        with transaction(parts.store, parts.clock) as tx:
            after_sale.failed(tx, order_id, step, type(error).__name__)
        return False
