"""Who has had the day's collected reminder, so that nobody gets it twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.merchants.models import Morning, Staff
from bot.store.transaction import Tx


def without(tx: Tx, day: date, at: datetime) -> Sequence[int]:
    """Staff who worked here at ``at``, the hour of that day's reminder, and have not had it."""
    had = exists().where(Morning.staff_id == Staff.id, Morning.day == day.isoformat())
    return tx.session.scalars(
        select(Staff.id).where(Staff.active, Staff.created_at < at, ~had).order_by(Staff.id)
    ).all()


def take(tx: Tx, staff_id: int, day: date) -> bool:
    """Whether it is ours to give: of two schedulers one writes the row."""
    insert = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
    row = insert(Morning).values(staff_id=staff_id, day=day.isoformat()).on_conflict_do_nothing()
    return tx.execute(row.returning(Morning.staff_id)).first() is not None
