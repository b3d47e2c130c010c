"""Who holds something and dies is followed by another: a worker's rows, a scheduler's plans."""

from __future__ import annotations

import time
from collections.abc import Callable

from evening import begin
from house import FULL, ONE_IF_SMALL, House, until
from stand_ins import Town

PEOPLE = 400 if FULL else 60
LEASE = 30 if FULL else 2
WORKER_GONE, SCHEDULER_GONE = 35.0, 60.0


@ONE_IF_SMALL
def test_a_dead_workers_rows_are_sent_by_another(
    build: Callable[..., House], database: str, build_town: Callable[[int], Town], figure: Callable[[str], None]
) -> None:
    town = build_town(PEOPLE)
    shop = build(database, platform_url=town.url, clock_file=town.clock_file, lease_seconds=LEASE)
    town.serves(shop)
    evening = begin(shop, town)
    rule = town.slow(2.0)
    doomed = shop.start("worker")
    evening.broadcast()
    until(evening.in_flight, "the first calls")
    doomed.kill()
    died = time.monotonic()
    held = {row.id: row.fence for row in evening.rows() if row.state == "claimed"}
    unclear = evening.in_flight()
    assert held.keys() > unclear, "it held more than it was calling"
    heir = shop.start("worker")
    town.ask(f"/faults/{rule}", method="DELETE")

    def still_held() -> bool:
        return any(row.state == "claimed" and held.get(row.id) == row.fence for row in evening.rows())

    until(lambda: not still_held(), "the end of the dead one's lease")
    freed = time.monotonic() - died
    until(evening.is_over, "the end of the broadcast")
    took = time.monotonic() - died
    assert heir.code is None
    assert evening.judge() == (PEOPLE - len(unclear), len(unclear))
    # Its uncalled rows were claimed once more, under a new fence; those in the air were left alone.
    assert all(row.fence == held[row.id] + (row.id not in unclear) for row in evening.rows() if row.id in held)
    if FULL:
        assert freed <= WORKER_GONE
    figure(f"lease {LEASE} s: {len(held)} rows free after {freed:.1f} s, all sent after {took:.1f} s")


@ONE_IF_SMALL
def test_a_dead_schedulers_plans_are_struck_by_another(
    build: Callable[..., House], database: str, town: Town, figure: Callable[[str], None]
) -> None:
    shop = build(database, platform_url=town.url, clock_file=town.clock_file, lease_seconds=LEASE)
    town.serves(shop)
    evening = begin(shop, town)
    evening.broadcast("明天10点")
    schedulers = {str(part.pid): part for part in (shop.start("scheduler"), shop.start("scheduler"))}

    def holder() -> tuple[str, int]:
        found = shop.rows("SELECT owner, fence FROM scheduler_leases WHERE name = 'scheduler' AND lease_until > 0")
        return (found[0].owner.split(":")[1], found[0].fence) if found else ("", 0)

    until(lambda: holder()[0] in schedulers, "a scheduler that holds the lease")
    doomed, fence = holder()
    schedulers.pop(doomed).kill()
    town.ask("/clock", {"now": shop.value("SELECT start_at FROM broadcasts") / 1000})
    died = time.monotonic()
    assert shop.value("SELECT state FROM broadcasts") == "scheduled"
    until(lambda: shop.value("SELECT state FROM broadcasts") == "running", "the planned broadcast")
    took = time.monotonic() - died
    assert holder() == (next(iter(schedulers)), fence + 1)
    assert shop.value("SELECT count(*) FROM deliveries WHERE broadcast_id = 1") == len(town.people)
    if FULL:
        assert took <= SCHEDULER_GONE
    figure(f"lease {LEASE} s: the plan that fell due was struck after {took:.1f} s")
