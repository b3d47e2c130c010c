"""Redis is refused, hangs, or dies in the middle: callbacks do not notice, and sending goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from callers import all_at_once
from evening import OPEN, Evening, begin
from house import FULL, ONE_IF_SMALL, House, until
from stand_ins import HungRedis, Redis, Town

PEOPLE = 500 if FULL else 30


@pytest.fixture
def evening_with(
    build: Callable[..., House], database: str, build_town: Callable[[int], Town]
) -> Callable[[str], Evening]:
    def begun(redis_url: str) -> Evening:
        town = build_town(PEOPLE)
        shop = build(database, redis_url=redis_url, platform_url=town.url, clock_file=town.clock_file)
        town.serves(shop)
        return begin(shop, town)

    return begun


def everybody_is_answered_and_reached(evening: Evening) -> None:
    """A broadcast goes out while people talk; nothing of what they say needs the spool."""
    evening.shop.start("worker")
    evening.shop.start("scheduler")
    evening.broadcast()
    answers = all_at_once(lambda openid: evening.town.replies(openid, "活动"), evening.town.people, hands=8)
    assert all("活动" in answer for answer in answers)
    until(evening.is_over, "the end of the broadcast")
    assert evening.judge() == (PEOPLE, 0)
    until(lambda: evening.shop.value("SELECT state FROM broadcasts") == "done", "the news that it is done")
    assert evening.shop.spooled() == []


@ONE_IF_SMALL
def test_refused(evening_with: Callable[[str], Evening], figure: Callable[[str], None]) -> None:
    everybody_is_answered_and_reached(evening_with("unix:///nowhere/redis.sock"))
    figure(f"{PEOPLE} answered and reached")


@ONE_IF_SMALL
def test_hung(evening_with: Callable[[str], Evening], hung_redis: HungRedis, figure: Callable[[str], None]) -> None:
    evening = evening_with(hung_redis.url)
    everybody_is_answered_and_reached(evening)
    assert len(hung_redis.callers) > 1, "nobody has asked it"
    figure(f"{PEOPLE} answered and reached, {len(hung_redis.callers)} connections left hanging")


@ONE_IF_SMALL
def test_killed_in_the_middle(
    evening_with: Callable[[str], Evening], redis: Redis, figure: Callable[[str], None]
) -> None:
    evening = evening_with(redis.url)
    shop, town = evening.shop, evening.town
    worker = shop.start("worker")
    town.slow(0.3)
    evening.broadcast()
    until(lambda: 0 < evening.count(OPEN) < PEOPLE, "the middle of the broadcast")
    redis.kill()
    assert all("活动" in town.replies(openid, "活动") for openid in town.people[:5])
    until(evening.is_over, "the end of the broadcast")
    assert evening.judge() == (PEOPLE, 0)
    redis.start()
    assert worker.code is None
    assert shop.spooled() == []
    figure(f"{PEOPLE} reached")
