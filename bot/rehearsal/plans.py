"""What a shop has planned, read out of its database and put into the one that is played; the other is only read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Table, insert, select, update

from bot.clock import Clock
from bot.domain.campaigns import recurring
from bot.domain.campaigns.models import Broadcast
from bot.settings import Settings
from bot.store.base import Base
from bot.store.engine import Store
from bot.store.transaction import Tx, reading, transaction

Row = dict[str, Any]
# Switches, days and words of the shop's own, read whole.
WHOLE = (
    *("care_occasions", "care_switches", "playbooks", "calendar_days", "packet_budgets", "article_days"),
    *("scripts", "script_versions", "saved_segments", "tag_rules", "shop_facts", "auto_replies"),
)
# Whoever works in the real shop, in the played one there is the owner alone.
OF_STAFF = ("staff_id",)
# What was switched on later than the day that is played is on all the same.
SINCE = ("since", "changed_at")


@dataclass(frozen=True, slots=True)
class Plans:
    """The rows of each table that say what the shop has planned."""

    rows: Mapping[str, list[Row]]
    shop: Settings

    def put_into(self, store: Store, clock: Clock, *, staff_id: int) -> None:
        """Writes them into another shop, all in the name of one staff member; what repeats goes on from now."""
        with transaction(store, clock) as tx:
            for table in Base.metadata.sorted_tables:
                for row in self.rows.get(table.name, ()):
                    owned = {name: staff_id for name in OF_STAFF if row.get(name) is not None}
                    stood = {name: min(row[name], tx.now) for name in SINCE if row.get(name) is not None}
                    tx.execute(insert(table).values({**row, **owned, **stood}))
            for number, repeats in tx.execute(select(Broadcast.id, Broadcast.repeats).where(Broadcast.repeats != "")):
                at = recurring.next_time(repeats, tx.now.astimezone(self.shop.timezone))
                tx.execute(update(Broadcast).where(Broadcast.id == number).values(start_at=at))


def read(store: Store, clock: Clock, shop: Settings, first: date) -> Plans:
    """What stands planned for ``first`` and later."""
    with reading(store, clock) as tx:
        found = {name: _all(tx, name) for name in WHOLE if name in Base.metadata.tables}
        packets = _all(tx, "packet_plans", lambda row: row["state"] == "planned" and row["on_day"] >= first.isoformat())
        numbers = {row["id"] for row in packets}
        plans = _all(tx, "care_plans", lambda row: row["packet_id"] in numbers or row["calendar_day_id"] is not None)
        kept = {row["id"] for row in plans}
        moments = _all(tx, "care_occurrences", lambda row: row["plan_id"] in kept and row["state"] == "due")
        repeated = _all(tx, "broadcasts", lambda row: row["state"] == "recurring")
    own = {"packet_plans": packets, "care_plans": plans, "care_occurrences": moments, "broadcasts": repeated}
    return Plans({**found, **own}, shop)


def _all(tx: Tx, name: str, wanted: Callable[[Row], bool] = lambda _row: True) -> list[Row]:
    table: Table = Base.metadata.tables[name]
    return [row for found in tx.execute(select(table)).mappings() if wanted(row := dict(found))]
