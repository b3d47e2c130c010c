"""The loop that strikes the clock. Any number may run: a lease picks one, the rows make a second one harmless."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from bot.clock import Clock
from bot.store.bulk import run
from bot.store.engine import Store
from bot.store.transaction import reading, transaction
from jobs.parts import Parts
from jobs.schedule import SCHEDULE, Entry

TICK_SECONDS = 1.0
# An entry or a database that fails is left alone for a moment, so that a fault does not fill the log.
REST_SECONDS = 5.0

log = logging.getLogger(__name__)


@dataclass
class Lease:
    """The right to strike, counted on the database's clock; ``fence`` grows with every change of hands.

    The shop's clock may jump and machines' clocks differ, so neither decides.
    """

    store: Store
    clock: Clock
    seconds: int
    name: str = "scheduler"
    fence: int = 0

    def __post_init__(self) -> None:
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def hold(self) -> bool:
        """Whether the lease is ours now: takes it when free or lapsed, renews it when a third is gone.

        Most calls only read: a scheduler that waits or has just renewed keeps no writer waiting.
        """
        with reading(self.store, self.clock) as tx:
            found = run(
                tx,
                "SELECT owner, fence, lease_until - {clock} AS remaining FROM scheduler_leases WHERE name = :name",
                name=self.name,
            ).first()
        if found is None:
            return self._write(
                "INSERT INTO scheduler_leases (name, owner, fence, lease_until) "
                "VALUES (:name, :owner, 1, {clock} + :length) ON CONFLICT (name) DO NOTHING",
                fence=1,
            )
        if (found.owner, found.fence) == (self.owner, self.fence):
            if found.remaining > self.seconds * 1000 * 2 / 3:
                return True
            return self._write(
                "UPDATE scheduler_leases SET lease_until = {clock} + :length "
                "WHERE name = :name AND owner = :owner AND fence = :fence",
                fence=self.fence,
            )
        if found.remaining > 0:
            return False
        # The fence read above decides between two that see the same lapsed lease.
        return self._write(
            "UPDATE scheduler_leases SET owner = :owner, fence = :fence, lease_until = {clock} + :length "
            "WHERE name = :name AND fence = :fence - 1",
            fence=found.fence + 1,
        )

    def release(self) -> None:
        """Lets the next one take over at once."""
        self._write(
            "UPDATE scheduler_leases SET lease_until = 0 WHERE name = :name AND owner = :owner AND fence = :fence",
            fence=self.fence,
        )

    def _write(self, statement: str, *, fence: int) -> bool:
        with transaction(self.store, self.clock) as tx:
            done = run(tx, statement, name=self.name, owner=self.owner, fence=fence, length=self.seconds * 1000)
        if done.rowcount == 1:
            self.fence = fence
        return done.rowcount == 1


def run_scheduler(
    parts: Parts,
    *,
    stop: threading.Event,
    schedule: Sequence[Entry] = SCHEDULE,
    tick_seconds: float = TICK_SECONDS,
) -> None:
    """Strikes what is due, every ``tick_seconds``, until ``stop`` is set; then gives the lease back.

    Waits while another scheduler holds the lease. The shop's clock is read anew at every tick, since it may jump.
    """
    lease = Lease(parts.store, parts.clock, seconds=parts.settings.lease_seconds)
    rests: dict[str, float] = {}
    while not stop.is_set():
        try:
            if lease.hold():
                _strike_all(parts, schedule, rests)
        except SQLAlchemyError as error:
            log.error("scheduler_lease_failed error=%s", type(error).__name__)
            stop.wait(REST_SECONDS)
        stop.wait(tick_seconds)
    lease.release()


def _strike_all(parts: Parts, schedule: Sequence[Entry], rests: dict[str, float]) -> None:
    now = parts.clock.now()
    for entry in schedule:
        if time.monotonic() < rests.get(entry.name, 0.0):
            continue
        try:
            entry.strike(parts, now)
        except Exception as error:  # noqa: BLE001  (logged and tried again; one entry must not silence the others)
            log.error("schedule_entry_failed entry=%s error=%s", entry.name, type(error).__name__)
            rests[entry.name] = time.monotonic() + REST_SECONDS
