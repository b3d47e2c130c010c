"""Who opts out or leaves while a broadcast runs, and before the own call is begun, gets nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from callers import all_at_once
from evening import OPEN, begin
from house import FULL, House, until
from stand_ins import Redis, Town

PEOPLE = 2_000 if FULL else 80
LEAVING = PEOPLE // 4
WORKERS = 4 if FULL else 2


@pytest.mark.parametrize("act", ["opts out", "unfollows"] if FULL else ["opts out"])
def test_an_opt_out_in_the_middle_of_a_broadcast(
    build: Callable[..., House],
    database: str,
    redis: Redis,
    build_town: Callable[[int], Town],
    chance: Random,
    figure: Callable[[str], None],
    act: str,
) -> None:
    town = build_town(PEOPLE)
    shop = build(database, redis_url=redis.url, platform_url=town.url, clock_file=town.clock_file)
    town.serves(shop)
    evening = begin(shop, town)
    for _ in range(WORKERS):
        shop.start("worker")
    town.slow(0.3)
    evening.broadcast()
    until(lambda: evening.count(OPEN) < PEOPLE, "the first answers")

    def leave(openid: str) -> float:
        if act == "opts out":
            assert "退订" in town.replies(openid, "退订")
        else:
            town.ask(f"/people/{openid}/unfollow", {})
        return shop.clock.now().timestamp()

    leaving = chance.sample(town.people, LEAVING)
    gone_at = dict(zip(leaving, all_at_once(leave, leaving, hands=8), strict=True))
    until(evening.is_over, "the end of the broadcast")
    got = {openid for openid, _words in town.ledger()}
    rows = {row.person_id: row for row in evening.rows()}
    called = {openid: row.calling_since / 1000 for openid, row in rows.items() if row.calling_since is not None}
    assert not [openid for openid in leaving if called.get(openid, 0.0) > gone_at[openid]], "called after the answer"
    assert not got - called.keys(), "got it without a call"
    spared = [openid for openid in leaving if rows[openid].state == "cancelled"]
    assert not set(spared) & got
    assert spared, "everybody left too late for this drill to say anything"
    states = {rows[openid].state for openid in town.people if openid not in gone_at}
    assert states == {"sent"}
    figure(f"{LEAVING} of {PEOPLE} {act} meanwhile: {len(spared)} spared, 0 called after the answer")
