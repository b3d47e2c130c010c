"""Rounds: a search through weeks of orders and thousands of customers is made every ten minutes, not at every tick."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.customers.models import NightRun
from bot.store.transaction import Tx

EVERY = timedelta(minutes=10)
# What came up lately is looked at at every tick: it covers all the time between two rounds, and some more.
LATELY = timedelta(minutes=15)


def is_due(tx: Tx, name: str) -> bool:
    """Whether the last round is long enough ago; also where the clock was set back behind it."""
    last = tx.session.get(NightRun, name)
    return last is None or not timedelta(0) <= tx.now - datetime.fromisoformat(last.day) < EVERY


def done(tx: Tx, name: str) -> None:
    """A round has found everything; the next one comes in its time."""
    insert = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
    values = {"name": name, "day": tx.now.isoformat(), "next_id": 0, "done": True}
    row = insert(NightRun).values(values)
    tx.execute(row.on_conflict_do_update(index_elements=["name"], set_={"day": row.excluded.day}))


def days_of(now: datetime, span: timedelta) -> list[str]:
    """The days of ``span`` up to ``now`` as letters keep them, with the one on which the shop's zone may be already.

    Named one by one, since the index of letters begins with the day.
    """
    return [(now - timedelta(days=ago)).date().isoformat() for ago in range(-1, span.days)]
