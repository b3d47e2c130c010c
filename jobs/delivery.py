"""Queued messages are due: drains the outbox of an account, and frees what the dead held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot.delivery import lease
from bot.delivery.calls import Terms
from bot.delivery.sender import Sender
from bot.settings import Account
from bot.store.transaction import reading, transaction
from jobs import campaigns
from jobs.parts import Parts

DRAIN_SECONDS = 20.0


def drain(
    parts: Parts,
    account: str = "",
    *,
    stopping: Callable[[], bool] = lambda: False,
    pulse: Callable[[], object] = lambda: None,
) -> bool:
    """Sends what is due for an account (``""``: for all) until nothing is or 20 s are over; True: something is left.

    Before that, lists of broadcasts become rows for a second.
    May run any number of times, at once or for nothing. ``stopping`` is asked between steps, ``pulse`` is called there.
    """
    left = campaigns.plan(parts, stopping=stopping)
    for one in parts.settings.accounts:
        client = parts.clients.get(one.name)
        if client is None or account not in ("", one.name) or stopping():
            continue
        sender = Sender(
            store=parts.store,
            clock=parts.clock,
            bell=parts.bell,
            client=client,
            terms=terms_of(parts, one),
            speed=parts.speeds.get(one.name),
            stopping=stopping,
            pulse=pulse,
            media=parts.settings.state_folder / "media",
        )
        left = sender.work(DRAIN_SECONDS) or left
    return left and not stopping()


def sweep(parts: Parts) -> None:
    """Frees rows whose holder is gone; a quiet turn only reads, so that it keeps no writer waiting."""
    with reading(parts.store, parts.clock) as tx:
        if not lease.anything_to_sweep(tx):
            return
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        lease.sweep(tx)


def terms_of(parts: Parts, account: Account) -> Terms:
    settings = parts.settings
    return Terms(
        account=account,
        zone=settings.timezone,
        quiet=settings.quiet_hours,
        marketing_per_day=settings.marketing_per_day,
        marketing_per_month=settings.marketing_per_month,
        lease=timedelta(seconds=settings.lease_seconds),
        learned=parts.learned,
        alarm=parts.alarm,
    )
