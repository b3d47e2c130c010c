"""Tells the staff's group by its robot: how many customers wait or are new, and their numbers."""

from __future__ import annotations

import logging

from bot.domain.customers import segments
from bot.domain.customers.rules import shown
from bot.domain.merchants import staff_group
from bot.platforms.decisions import Decision
from bot.platforms.robot import tell_group
from bot.store.transaction import reading, transaction
from jobs.parts import Parts
from jobs.scheduler import Lease

log = logging.getLogger(__name__)

# The platform takes 20 a minute from a robot (vendor manual, page 91770); news are collected in between.
EVERY = 5.0
REST = 60.0


class StaffGroup:
    """Of many workers one speaks, by a lease: together they would say too much."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._not_before = 0.0
        self._lease = Lease(parts.store, parts.clock, seconds=parts.settings.lease_seconds, name="staff group")

    def turn(self) -> int:
        """Says what is new; returns how many notices that were. What certainly was not said is tried once more."""
        parts = self._parts
        now = parts.clock.now()
        if not parts.settings.group_robot or parts.engine is None or now.timestamp() < self._not_before:
            return 0
        with reading(parts.store, parts.clock) as tx:
            if not staff_group.untold(tx):
                return 0
        if not self._lease.hold():
            return 0
        self._not_before = now.timestamp() + EVERY
        with transaction(parts.store, parts.clock) as tx:
            told = staff_group.untold(tx)
            called = {one.id: shown(one) for one in segments.people(tx, staff_group.customers_of(told))}
            words = staff_group.words(told, called)
            if not told or not staff_group.take(tx, told):
                return 0
        for _try in range(2):
            outcome = tell_group(parts.engine, parts.settings.group_robot, {"type": "text", "text": words}, now)
            if outcome.decision is not Decision.AGAIN:
                break
        if outcome.decision is not Decision.SENT:
            # Every word of it stands in each member's own news as well.
            log.warning("staff_group_untold code=%s", outcome.code)
            self._not_before = now.timestamp() + (outcome.retry_after or REST)
        return len(told)
