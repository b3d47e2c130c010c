"""The access token: fetched once for everybody, replaced by compare, and given up after three refusals."""

from __future__ import annotations

import multiprocessing
import queue
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from far_end import CLOSE, answer
from token_race import discover_stale

from bot.clock import SetClock
from bot.errors import PlatformFailure
from bot.platforms.decisions import Decision
from bot.platforms.official_account.tokens import stable_token
from bot.platforms.tokens import PlatformToken, TokenKeeper
from bot.settings import Account
from bot.store.engine import open_store
from bot.store.transaction import transaction

MORNING = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class TokenPlatform:
    """The stable channel as the manual describes it: the same token until it is revoked."""

    def __init__(self):
        self.number = 1
        self.fetches = 0
        self.lasts = 7200
        self.instead = None
        # So slow in the races that everybody else arrives while the first is still asking.
        self.latency = 0.0
        self.lock = threading.Lock()

    def __call__(self, heard):
        time.sleep(self.latency)
        with self.lock:
            self.fetches += 1
            if self.instead is not None:
                return self.instead
            assert heard.path == "/cgi-bin/stable_token"
            assert heard.json["appid"] == "wxdemo"
            assert not heard.json.get("force_refresh")
            return answer({"access_token": f"token-{self.number}", "expires_in": self.lasts})

    def revoke(self):
        self.number += 1


@pytest.fixture
def platform():
    return TokenPlatform()


@pytest.fixture
def account(far_end, platform):
    return Account(name="main", app_id="wxdemo", secret="PLANTED-SECRET", api_base_url=far_end(platform).url)


@pytest.fixture
def clock():
    return SetClock(MORNING)


@pytest.fixture
def keeper(account, store, clock, engine):
    """Makes keepers as other processes would have them, with nothing remembered."""

    def make(redis_url=None, account=account):
        return TokenKeeper(stable_token(account), store=store, clock=clock, redis_url=redis_url, http=engine)

    return make


def test_one_fetch_serves_everybody_until_five_minutes_before_the_end(keeper, platform, clock):
    assert [keeper().current() for _ in range(3)] == ["token-1"] * 3
    first = keeper()
    first.current()
    platform.revoke()
    clock.set(MORNING + timedelta(seconds=7200 - 301))
    assert (first.current(), keeper().current()) == ("token-1", "token-1")
    assert platform.fetches == 1
    clock.set(MORNING + timedelta(seconds=7200 - 300))
    assert (first.current(), keeper().current()) == ("token-2", "token-2")
    assert platform.fetches == 2


def test_a_token_near_its_end_is_not_fetched_anew_for_every_call(keeper, platform, clock):
    platform.lasts = 300
    assert {keeper().current() for _ in range(5)} == {"token-1"}
    assert platform.fetches == 1
    clock.set(MORNING + timedelta(seconds=31))
    keeper().current()
    assert platform.fetches == 2


def test_who_comes_late_with_a_stale_token_gets_the_new_one_without_a_fetch(keeper, platform, redis_url):
    for url in (None, redis_url):
        one, other = keeper(url), keeper(url)
        stale = one.current()
        other.current()
        platform.revoke()
        before = platform.fetches
        fresh = one.replace(stale)
        assert fresh != stale
        assert other.replace(stale) == one.replace(stale) == keeper(url).current() == fresh
        assert platform.fetches == before + 1


def test_redis_answers_first_and_a_redis_that_is_gone_is_only_counted(keeper, account, store, redis_url, platform):
    account = replace(account, name="cached")
    keeper(redis_url, account).current()
    with transaction(store, SetClock(MORNING)) as tx:
        tx.session.get(PlatformToken, "cached").expires_at = MORNING
    assert keeper(redis_url, account).current() == "token-1"
    assert platform.fetches == 1
    alone = keeper("redis://127.0.0.1:1/0", account)
    platform.revoke()
    assert alone.current() == "token-2"
    assert alone.redis_failures > 0


def test_another_secret_or_address_does_not_inherit_the_token(keeper, account, platform):
    keeper().current()
    platform.revoke()
    assert keeper(account=replace(account, secret="a new one")).current() == "token-2"
    assert keeper().current() == "token-2"
    assert platform.fetches == 3


@pytest.mark.parametrize(("code", "words"), [(40001, "Secret"), (40125, "Secret"), (40243, "冻结"), (50007, "冻结")])
def test_a_refused_credential_is_tried_three_times_in_all(keeper, platform, clock, code, words):
    platform.instead = answer({"errcode": code, "errmsg": "PLANTED-SECRET in a message"})
    said = [refused(keeper().current) for _ in range(6)]
    assert [failure.decision for failure in said] == [Decision.AGAIN] * 2 + [Decision.ACCOUNT] * 4
    assert platform.fetches == 3
    assert said[-1].retry_after is None
    assert words in str(said[-1])
    assert "PLANTED" not in "".join(map(str, said))

    platform.instead = None
    assert refused(keeper().current).decision == Decision.ACCOUNT
    clock.set(MORNING + timedelta(minutes=26))
    assert keeper().current() == "token-1"


def test_a_missing_address_on_the_allowlist_is_looked_at_again_after_ten_minutes(keeper, platform):
    platform.instead = answer({"errcode": 40164, "errmsg": "invalid ip 203.0.113.7"})
    said = [refused(keeper().current) for _ in range(4)]
    assert (said[-1].decision, said[-1].retry_after, platform.fetches) == (Decision.ACCOUNT, 600, 3)


TROUBLES = {
    "busy": answer({"errcode": -1, "errmsg": "system error"}),
    "bad gateway": answer(raw=b"<html>", status=502),
    "no JSON": answer(raw=b"<html>"),
    "no token": answer({"expires_in": 7200}),
    "hung up": CLOSE,
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
def test_a_passing_trouble_counts_against_nobody_and_gets_a_moment(keeper, platform, clock, trouble):
    platform.instead = trouble
    for round_ in range(4):
        clock.set(MORNING + timedelta(minutes=3 * round_))
        assert {refused(keeper().current).decision for _ in range(3)} == {Decision.AGAIN}
    assert platform.fetches == 4
    platform.instead = None
    clock.set(MORNING + timedelta(minutes=15))
    assert keeper().current() == "token-1"


def test_a_days_quota_of_tokens_used_up_rests_until_midnight(keeper, platform):
    platform.instead = answer({"errcode": 45009, "errmsg": "reach max api daily quota limit"})
    failure = refused(keeper().current)
    assert failure.decision == Decision.AGAIN
    # 10:00 in Beijing.
    assert failure.retry_after == pytest.approx(14 * 3600, abs=10)
    refused(keeper().current)
    assert platform.fetches == 1


def test_a_platform_that_gives_the_refused_token_again_is_not_asked_for_ever(keeper, platform):
    stale = keeper().current()
    said = [refused(lambda: keeper().replace(stale)) for _ in range(5)]
    assert [failure.decision for failure in said] == [Decision.AGAIN] * 2 + [Decision.ACCOUNT] * 3
    assert platform.fetches == 4


@pytest.mark.parametrize("with_redis", [False, True], ids=["database", "redis"])
def test_eight_threads_find_a_stale_token_at_once_and_one_fetches(account, store, platform, redis_url, with_redis):
    platform.latency = 0.15
    account = replace(account, name=f"race-{with_redis}")
    said = race_of_threads(account, store, redis_url if with_redis else None, "token-0")
    assert said == ["token-1"] * 8
    assert platform.fetches == 1
    platform.revoke()
    assert race_of_threads(account, store, redis_url if with_redis else None, "token-1") == ["token-2"] * 8
    assert platform.fetches == 2


def test_eight_threads_with_a_bad_secret_make_three_fetches(account, store, platform):
    platform.instead = answer({"errcode": 40001, "errmsg": "invalid credential"})
    said = race_of_threads(account, store, None, "token-0")
    assert platform.fetches <= 3
    assert said.count((Decision.ACCOUNT, 40125)) == 8 - 2


def test_four_processes_find_a_stale_token_at_once_and_one_fetches(account, store, platform, redis_url):
    for number, url in enumerate([None, redis_url]):
        platform.number, platform.fetches, platform.latency = 0, 0, 0.15
        racing = replace(account, name=f"processes-{number}")
        context = multiprocessing.get_context("spawn")
        barrier, said = context.Barrier(4), context.Queue()
        arguments = (racing, str(store.engine.url), url, "token-9", barrier, said)
        processes = [context.Process(target=discover_stale, args=arguments) for _ in range(4)]
        for process in processes:
            process.start()
        assert [said.get(timeout=40) for _ in processes] == ["token-0"] * 4
        for process in processes:
            process.join(timeout=10)
        assert platform.fetches == 1


def race_of_threads(account, store, redis_url, stale):
    barrier, said = threading.Barrier(8), queue.Queue()
    arguments = (account, str(store.engine.url), redis_url, stale, barrier, said)
    threads = [threading.Thread(target=discover_stale, args=arguments) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return [said.get_nowait() for _ in threads]


def refused(ask):
    with pytest.raises(PlatformFailure) as caught:
        ask()
    return caught.value


def test_a_database_that_is_away_is_a_passing_trouble(account, engine, clock, tmp_path):
    empty = open_store(f"sqlite:///{tmp_path}/without-tables.db")
    keeper = TokenKeeper(stable_token(account), store=empty, clock=clock, redis_url=None, http=engine)
    assert refused(keeper.current).decision == Decision.AGAIN
    empty.close()


def test_a_late_holder_of_the_lock_changes_nothing(keeper, store, clock, platform):
    keeper().current()
    late = keeper()
    row = late._row()
    platform.revoke()
    assert keeper().replace("token-1") == "token-2"
    assert late._fetch(row, "token-1").token == "token-2"
    with open_store(str(store.engine.url)).engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT token, fence FROM platform_tokens").one()
    assert kept == ("token-2", 2)
