"""Queued messages are due: drains the outbox of an account, and frees what the dead held."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.delivery import lease
from bot.delivery.calls import ServiceNotice, Terms
from bot.delivery.rules import has_tasks
from bot.delivery.sender import Sender
from bot.domain import contacts
from bot.domain.customers import friends
from bot.domain.scripts.checker import fits_template
from bot.errors import PlatformFailure
from bot.platforms.official_account.slots import filled, slots_of
from bot.settings import Account
from bot.store.transaction import Tx, reading, transaction
from jobs import campaigns
from jobs.parts import Parts

log = logging.getLogger(__name__)

DRAIN_SECONDS = 20.0
LOOK_FOR_WELCOMES = 1.0


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
    hurry = _Hurry(parts, stopping)
    # Whoever has a welcome waiting comes first.
    for one in sorted(parts.settings.accounts, key=lambda one: one.name not in hurry.accounts()):
        client = parts.clients.get(one.name)
        asked = account in ("", one.name) or one.name in hurry.accounts()
        if client is None or not asked or stopping():
            continue
        sender = Sender(
            store=parts.store,
            clock=parts.clock,
            bell=parts.bell,
            client=client,
            terms=terms_of(parts, one),
            speed=parts.speeds.get(one.name),
            stopping=hurry.or_stopping(one.name),
            pulse=pulse,
            media=parts.settings.state_folder / "media",
        )
        left = sender.work(DRAIN_SECONDS) or left
    return left and not stopping()


class _Hurry:
    """A welcome has 20 seconds, and a drain may last as long: an account's turn ends early when another has one waiting."""

    def __init__(self, parts: Parts, stopping: Callable[[], bool]) -> None:
        self._parts = parts
        self._stopping = stopping
        self._names = [account.name for account in parts.settings.accounts if has_tasks(account)]
        self._waiting: set[str] = set()
        self._looked_at = 0.0

    def accounts(self) -> set[str]:
        """The accounts with a welcome that is due."""
        if self._names and time.monotonic() - self._looked_at >= LOOK_FOR_WELCOMES:
            with reading(self._parts.store, self._parts.clock) as tx:
                self._waiting = {name for name in self._names if lease.in_a_hurry(tx, name)}
            self._looked_at = time.monotonic()
        return self._waiting

    def or_stopping(self, name: str) -> Callable[[], bool]:
        """Whether the account is to end its turn, be it for somebody else's welcome."""
        if not self._names or name in self._names:
            return self._stopping
        return lambda: self._stopping() or bool(self.accounts())


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
        notice=_notice_of(parts, account),
        senders=friends.confirmers,
        parted=_parted,
    )


def _parted(tx: Tx, account: str, member_id: str, person_id: str) -> None:
    contacts.parted(tx, account, member_id, person_id, at=tx.now)


def _notice_of(parts: Parts, account: Account) -> ServiceNotice | None:
    """The account's subscribe notice; None without one, and while the platform does not say which fields it has."""
    template_id, client = account.service_notice_template, parts.clients.get(account.name)
    if not template_id or client is None:
        return None
    slots = parts.slots.get((account.name, template_id))
    if slots is None:
        try:
            found = {entry.get("priTmplId"): entry for entry in client.notice_templates()}
        except PlatformFailure as failure:
            log.warning("service_notice_unread account=%s code=%s", account.name, failure.code)
            return None
        if template_id not in found:
            log.error("service_notice_unknown account=%s; check service_notice_template", account.name)
        slots = slots_of(str(found.get(template_id, {}).get("content", "")))
        parts.slots[account.name, template_id] = slots
    if not slots:
        return None
    settings = parts.settings

    def values(text: str, now: datetime) -> dict[str, str] | None:
        here = now.astimezone(settings.timezone)
        said = filled(slots, text, count=1, here=here, shop_name=settings.shop_name)
        return said if fits_template(said.values(), here.date()) else None

    return ServiceNotice(template_id, values)
