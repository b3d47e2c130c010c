"""Tells staff what is open by the best route that is not resting: a customer message, a template notice, else their
next answer; and opens again what did not arrive."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.delivery import limits, outbox
from bot.delivery.rules import TEXT_BYTES
from bot.domain import journeys
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.domain.merchants.models import Notice, StaffIdentity
from bot.domain.scripts.checker import fits_template
from bot.errors import PlatformFailure
from bot.platforms.abilities import abilities
from bot.platforms.official_account.slots import filled, slots_of
from bot.settings import Account
from bot.store.transaction import Tx, reading, transaction
from jobs.parts import Parts

log = logging.getLogger(__name__)

# Where no window limits them: the platform lets 30 a minute through to one person, and news are collected.
WITHOUT_WINDOW = 30
REST_BYTES = 100  # for the words that more is open
OPEN_TO_READ = "有新消息，发“通知”看"  # where the words themselves may not stand in a template


def push(parts: Parts, now: datetime) -> int:
    """Pushes what is worth it at ``now``; returns how many notices went on their way. Harmless when called twice."""
    with reading(parts.store, parts.clock) as tx:
        ended = bool(notices.ended(tx))
    if ended:
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            journeys.settle_deliveries(tx)
    with reading(parts.store, parts.clock) as tx:
        waiting = list(notices.staff_with_open(tx))
    if not waiting:
        return 0
    _learn_templates(parts)
    pushed = 0
    for staff_id in waiting:
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            pushed += _push_to(tx, parts, staff_id, now)
    return pushed


def _push_to(tx: Tx, parts: Parts, staff_id: int, now: datetime) -> int:
    addresses = merchants.addresses(tx, staff_id, lock=True)
    if not addresses:
        return 0
    waiting = notices.open_notices(tx, staff_id)
    lefts = [_left(tx, parts, address, now) for address in addresses]
    left = max(lefts)
    address = addresses[lefts.index(left)]
    room = TEXT_BYTES - REST_BYTES
    words, told = notices.digest(notices.worth_pushing(waiting, left=left, now=now), room=room)
    if not told:
        unreached = [notice for notice in waiting if not left or notice.delivery_id is not None]
        # By the first that has a template, and is free to use it.
        return next(filter(None, (_hint(tx, parts, one, unreached, now) for one in addresses)), 0)
    rest = notices.rest_words(notices.count_open(tx, staff_id) - len(waiting))
    delivery_id = _queue(tx, address, {"type": "text", "text": f"{words}{rest}"}, route="custom")
    notices.carried_by(tx, told, delivery_id)
    return len(told)


def _left(tx: Tx, parts: Parts, address: StaffIdentity, now: datetime) -> int:
    """How many messages may go to a staff member now."""
    # On a path that rests the alarm about it would stand behind what it tells of.
    account = parts.settings.account(address.account)
    if account is None or outbox.path_rest(tx, account.name, "custom") is not None:
        return 0
    if not abilities(account).windows:
        return WITHOUT_WINDOW
    return limits.left(tx, account.name, [address.person_id], now).get(address.person_id, (0, now))[0]


def _hint(tx: Tx, parts: Parts, address: StaffIdentity, waiting: Sequence[Notice], now: datetime) -> int:
    """A closed window is what template notices are for; they are scarce and short, so one hints at everything new."""
    template = _template(parts, parts.settings.account(address.account))
    if template is None or outbox.path_rest(tx, address.account, "template") is not None:
        return 0
    told = notices.take_hints(tx, notices.worth_hinting(waiting, now=now))
    if not told:
        return 0
    text, _told = notices.digest(told, room=TEXT_BYTES)
    # What customers wrote and what is planned is quoted in it: a packet, a coupon.
    here = now.astimezone(parts.settings.timezone)
    said = text if fits_template([text], here.date()) else OPEN_TO_READ
    values = filled(template[1], said, count=len(told), here=here, shop_name=parts.settings.shop_name)
    payload = {"type": "text", "text": text, "template": {"template_id": template[0], "data": values}}
    _queue(tx, address, payload, route="template")
    return len(told)


def _queue(tx: Tx, address: StaffIdentity, payload: dict[str, Any], *, route: outbox.Route) -> int:
    # Without a key: the notices' own state, changed in this transaction, keeps them from being carried twice.
    return outbox.queue(
        tx,
        account=address.account,
        person_id=address.person_id,
        payload=payload,
        purpose="reminder",
        staff_id=address.staff_id,
        route=route,
    )


def _template(parts: Parts, account: Account | None) -> tuple[str, tuple[str, ...]] | None:
    if account is None or not account.staff_notice_template:
        return None
    slots = parts.slots.get((account.name, account.staff_notice_template))
    return (account.staff_notice_template, slots) if slots else None


def _learn_templates(parts: Parts) -> None:
    """Reads once which fields each account's notice template has; a platform that does not answer is asked again."""
    for account in parts.settings.accounts:
        client, named = parts.clients.get(account.name), (account.name, account.staff_notice_template)
        if not account.staff_notice_template or named in parts.slots or client is None:
            continue
        try:
            found: Mapping[str, Any] = {entry["template_id"]: entry for entry in client.templates()}
        except PlatformFailure as failure:
            log.warning("notice_template_unread account=%s code=%s", account.name, failure.code)
            continue
        template = found.get(account.staff_notice_template)
        if template is None:
            log.error("notice_template_unknown account=%s; check staff_notice_template", account.name)
        parts.slots[named] = slots_of(template["content"]) if template else ()
