"""What an answer to a broadcast gives rise to: no more marketing on that day, and the script it answers before staff."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select, tuple_

from bot.delivery import outbox
from bot.delivery.outbox import Delivery
from bot.delivery.rules import day_start
from bot.domain.campaigns import rules
from bot.domain.customers.waiting import Waiting
from bot.settings import Settings
from bot.store.transaction import Tx


def leave_alone(tx: Tx, shop: Settings, customer_id: int) -> int:
    """Who answers gets a talk, and no further marketing on that day; returns how many messages that spares."""
    tomorrow = day_start(shop.timezone, tx.now) + timedelta(days=1)
    return outbox.leave_alone(tx, customer_id, tomorrow, rules.TALKING)


def answered(tx: Tx, waiting: Iterable[Waiting]) -> dict[int, str]:
    """By customer, what those who wait have answered: ``群发 12 到店礼A``."""
    asked = {item.customer.id: item.broadcast for item in waiting if item.broadcast is not None}
    rows = tx.execute(
        select(Delivery.customer_id, Delivery.broadcast_id, Delivery.script).where(
            tuple_(Delivery.customer_id, Delivery.broadcast_id).in_(list(asked.items()))
        )
    )
    scripts = {customer_id: script for customer_id, _broadcast, script in rows}
    return {number: f"群发 {broadcast} {scripts.get(number, '')}".rstrip() for number, broadcast in asked.items()}
