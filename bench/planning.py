"""Planning: routes, reasons and rows for a whole list, in a process of its own; ``python -m bench.planning CONFIG``.

Prints ``{"rows", "seconds", "processor_seconds", "megabytes"}``: from the confirmation to the last row.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

from sqlalchemy import func, select, text

import app
from bench import shop as shops
from bench.processes import TESTED, completed
from bench.report import Section
from bench.shop import Shop
from bot.clock import SystemClock
from bot.delivery.outbox import Delivery
from bot.domain.campaigns import service as campaigns
from bot.domain.scripts import service as scripts
from bot.settings import load
from bot.store.transaction import transaction
from jobs.campaigns import plan

ROOT = Path(__file__).resolve().parents[1]
HOW = (
    "One text for everybody; of the followers a fifth have an open window, half had mass messages this month, some are VIPs "
    "or have opted out. SQLite; one worker; from the confirmation to the last row."
)
MOST_SECONDS, MOST_MEGABYTES, MILLION = 90.0, 300.0, 1_000_000
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :people) "
# Straight into the tables: making people is not what is measured.
_FILL = (
    """
    INSERT INTO customers (id, name, created_at, last_seen_at, vip, opted_out, birth_lunar, visited, purchased, spent_fen,
        purchases, is_staff)
    SELECT i, '顾客' || (i % 3000), :now, :now - (i % 100) * 86400000, i % 50 = 0, i % 33 = 0, 0, 0, 0, 0, 0, 0 FROM n
    """,
    """
    INSERT INTO identities (customer_id, account, person_id, relation, relation_at)
    SELECT i, 'main', 'o' || printf('%027d', i * 7919 % 1000003), 'active', 0 FROM n
    """,
    """
    INSERT INTO windows (person_id, account, talk_at)
    SELECT 'o' || printf('%027d', i * 7919 % 1000003), 'main', :now FROM n WHERE i % 5 = 0
    """,
    """
    INSERT INTO mass_months (person_id, account, month, count)
    SELECT 'o' || printf('%027d', i * 7919 % 1000003), 'main', strftime('%Y-%m', 'now', '+8 hours'), i % 5 FROM n
    WHERE i % 2 = 0
    """,
)


def measure(folder: Path, people: int) -> Section:
    """Plans one broadcast to ``people`` followers."""
    section = Section("Planning", HOW)
    shop = shops.furnish(folder / "planning")
    _fill(shop, people)
    argv = (sys.executable, "-m", "bench.planning", str(shop.configuration))
    told = json.loads(completed(argv, core=TESTED, folder=ROOT))
    if told["rows"] != people:
        raise RuntimeError(f"a list of {people} people became {told['rows']} rows")
    whole = people >= MILLION
    seconds, megabytes = told["seconds"], told["megabytes"]
    shown = f"{seconds:.1f} s ({told['processor_seconds']:.1f} s of processor)"
    target = f"≤ {MOST_SECONDS:.0f} s" if whole else ""
    section.add(f"plan for {people:,} recipients", shown, target, seconds <= MOST_SECONDS if whole else None)
    target = f"≤ {MOST_MEGABYTES:.0f} MB" if whole else ""
    section.add("peak memory", f"{megabytes:.0f} MB", target, megabytes <= MOST_MEGABYTES if whole else None)
    return section


def _fill(shop: Shop, people: int) -> None:
    store = shop.store()
    given = {"people": people, "now": int(time.time() * 1000)}
    for statement in _FILL:
        head, select_ = statement.split("SELECT", 1)
        with store.engine.begin() as connection:
            wanted = {name: value for name, value in given.items() if f":{name}" in _NUMBERS + statement}
            connection.execute(text(f"{head} {_NUMBERS} SELECT {select_}"), wanted)
    store.close()


def main() -> None:
    parts = app.create_parts(load(Path(sys.argv[1]), os.environ), SystemClock())
    with transaction(parts.store, parts.clock) as tx:
        scripts.write(tx, "上新", "拾光新款到店，欢迎来看看。", staff_id=1, new=True, today=tx.now.date())
        broadcast, _summary = campaigns.draft(
            tx, parts.settings, staff_id=1, segment="全部", script_names=["上新"], start_at=None, hold_out=0
        )
        number = broadcast.id
    began, used = time.perf_counter(), time.process_time()
    with transaction(parts.store, parts.clock) as tx:
        campaigns.confirm(tx, parts.settings, number)
    while plan(parts, seconds=30):
        pass
    seconds, used = time.perf_counter() - began, time.process_time() - used
    with transaction(parts.store, parts.clock) as tx:
        mine = select(func.count()).select_from(Delivery).where(Delivery.broadcast_id == number)
        rows = tx.execute(mine).scalar_one()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "processor_seconds": used, "megabytes": peak}))
    parts.close()


if __name__ == "__main__":
    main()
