"""A broadcast while workers, Redis and the database are killed again and again: everybody is accounted for, nobody twice."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from evening import Evening, begin
from house import FULL, House, Part, until
from stand_ins import PostgreSQL, Redis, Town

PEOPLE = 10_000 if FULL else 200
WORKERS = 4 if FULL else 2
KILLS = 100 if FULL else 4
REDIS_KILLS = 5 if FULL else 1
DATABASE_CRASHES = 3 if FULL else 1
A_CALL = 1.0 if FULL else 0.3


def test_a_broadcast_among_kills(
    build: Callable[..., House],
    database: str,
    redis: Redis,
    build_town: Callable[[int], Town],
    request: pytest.FixtureRequest,
    chance: Random,
    figure: Callable[[str], None],
) -> None:
    server: PostgreSQL | None = None if database.startswith("sqlite") else request.getfixturevalue("postgresql")
    town = build_town(PEOPLE)
    shop = build(database, redis_url=redis.url, platform_url=town.url, clock_file=town.clock_file)
    town.serves(shop)
    evening = begin(shop, town)
    shop.start("scheduler")
    workers = [shop.start("worker") for _ in range(WORKERS)]
    town.slow(A_CALL)
    blows = ["worker"] * KILLS + ["redis"] * REDIS_KILLS + ["database"] * (DATABASE_CRASHES if server else 0)
    chance.shuffle(blows)
    evening.broadcast()
    unclear: set[int] = set()
    for number, blow in enumerate(blows):
        # Spread over the broadcast, so that none falls on an evening that is over.
        evening.wait_until_open(PEOPLE - (number + 1) * PEOPLE // (len(blows) + 2))
        if blow == "worker":
            unclear |= kill_one(evening, workers, chance)
        elif blow == "redis":
            redis.kill()
            redis.start()
        else:
            assert server is not None
            server.crash()
            server.start()
            unclear |= evening.in_flight()
    until(evening.is_over, "the end of the broadcast")
    sent, unknown = evening.judge()
    assert {row.id for row in evening.rows() if row.state == "unknown"} <= unclear, "unclear without a reason"
    until(lambda: shop.value("SELECT state FROM broadcasts") == "done", "the news that it is done")
    figure(f"{PEOPLE} people, {len(blows)} blows: {sent} sent, {unknown} unknown of {len(unclear)} in flight, 0 twice")


def kill_one(evening: Evening, workers: list[Part], chance: Random) -> set[int]:
    """Kills a worker and starts another in its place; returns the rows in flight at that moment."""
    victim = chance.randrange(len(workers))
    workers[victim].kill()
    in_flight = evening.in_flight()
    workers[victim] = evening.shop.start("worker")
    return in_flight
