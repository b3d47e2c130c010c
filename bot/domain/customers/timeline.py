"""What happened with a customer, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select

from bot.domain.customers.models import TimelineEntry
from bot.store.transaction import Tx


def add(tx: Tx, customer_id: int, kind: str, text: str, staff_id: int | None = None) -> None:
    tx.execute(
        insert(TimelineEntry).values(customer_id=customer_id, at=tx.now, kind=kind, text=text, staff_id=staff_id)
    )


def recent(tx: Tx, customer_id: int, count: int = 10) -> Sequence[TimelineEntry]:
    return tx.session.scalars(
        select(TimelineEntry)
        .where(TimelineEntry.customer_id == customer_id)
        .order_by(TimelineEntry.id.desc())
        .limit(count)
    ).all()
