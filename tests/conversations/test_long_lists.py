"""A list too long for one answer: confirmed at once, planned by workers part by part, sent when it is whole."""

import os
import re
from collections import Counter

import pytest
from sqlalchemy import text

from bot.domain.campaigns import cancelling, lists, plan, progress, summary
from bot.domain.campaigns.models import Broadcast
from jobs import campaigns, delivery

SEND = "群发 全部 用 上新"
# Inside a transaction a process that stands still only keeps others waiting.
ENDS = ["kill", "exit"] if os.environ.get("SHUKE_DRILLS") == "full" else ["kill"]
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def shop(open_shop, monkeypatch):
    """Sixty followers who have never said a word, and a shop to which that is many."""
    monkeypatch.setattr(lists, "SHORT", 10)
    monkeypatch.setattr(plan, "PART", 20)
    shop = open_shop(following=60)
    shop.work()
    return shop


@pytest.fixture
def boss(shop):
    boss = shop.staff("王姐", "owner")
    boss.says("话术 新建 上新 新款到店了")
    return boss


def plan_parts(shop, count):
    """A worker plans so many parts and is then told to stop."""
    turns = iter([False] * count)
    campaigns.plan(shop.parts, seconds=60, stopping=lambda: next(turns, True))


def received(shop):
    """Mass messages on every phone, by openid."""
    return Counter(entry["openid"] for entry in shop.ask("/ledger")["entries"] if entry["via"] == "mass")


def die_at(shop, place):
    """A worker process that ends at a named place while it plans."""
    shop.dies(place, lambda parts: campaigns.plan(parts, seconds=60))


def test_it_is_confirmed_at_once_and_everybody_gets_it_once(shop, boss):
    plan_words = boss.says(SEND)
    assert "60 位" in plan_words
    answer = boss.confirms(plan_words)
    assert "名单定了，60 位" in answer
    assert shop.export("deliveries") == []
    assert "名单还在排" in boss.says("进度 1")
    shop.goes_on()
    shop.goes_on()
    assert sorted(received(shop).values()) == [1] * 60
    assert "已发 60" in boss.says("进度 1")
    assert any("群发 1 发完了：发出 60" in text for text in boss.phone.pushed)
    assert shop.rows("SELECT * FROM broadcast_unplanned") == []


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("place", ["planned:1", "planned:2", "planned:4"])
def test_a_worker_that_dies_over_it_costs_nobody_and_gives_nobody_two(shop, boss, place, end):
    boss.confirms(boss.says(SEND))
    die_at(shop, f"{place}:{end}")
    shop.goes_on()
    assert sorted(received(shop).values()) == [1] * 60
    assert len({row["customer"] for row in shop.export("deliveries")}) == 60


def test_the_list_is_that_of_the_confirmation_and_an_opt_out_counts_until_the_end(shop, boss):
    mei, lan = shop.regular("小美"), shop.regular("阿兰")
    boss.confirms(boss.says(SEND))
    late = shop.regular("后来的")
    lan.says("退订")
    plan_parts(shop, 4)
    mei.says("退订")
    shop.goes_on()
    assert (mei.phone.pushed, lan.phone.pushed, late.phone.pushed) == ([], [], [])
    reasons = {row["customer"]: (row["state"], row["reason"]) for row in shop.export("deliveries")}
    assert reasons[lan.number] == ("skipped", "已退订")
    assert reasons[mei.number][0] == "cancelled"
    assert late.number not in reasons
    assert len(reasons) == 62


def states(shop):
    return Counter(row["state"] for row in shop.export("deliveries"))


def test_who_is_cancelled_before_being_planned_stands_in_the_ledger_too(shop, boss):
    boss.confirms(boss.says(SEND))
    plan_parts(shop, 2)
    delivery.sweep(shop.parts)
    assert "已排好：共 40 位" in boss.says("进度 1")
    assert "60 位不会再收到" in boss.says("取消 1")
    assert "正在一位位记下取消" in boss.says("进度 1")
    shop.goes_on()
    assert received(shop) == {}
    assert states(shop) == {"cancelled": 60}
    assert "共 60 位：已取消 60" in boss.says("进度 1")
    assert shop.rows("SELECT * FROM broadcast_unplanned") == []


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("place", ["planned:1", "struck_off:1", "struck_off:2"])
def test_a_worker_that_dies_while_cancelling_leaves_it_to_the_next(shop, boss, place, end, monkeypatch):
    monkeypatch.setattr(cancelling, "PART", 20)
    boss.confirms(boss.says(SEND))
    plan_parts(shop, 2)
    boss.says("取消 1")
    die_at(shop, f"{place}:{end}")
    shop.goes_on()
    assert received(shop) == {}
    assert states(shop) == {"cancelled": 60}


def test_a_long_one_is_cancelled_at_once_and_struck_off_by_workers(shop, boss, monkeypatch):
    monkeypatch.setattr(cancelling, "PART", 20)
    shop.regulars(5)
    boss.confirms(boss.says(f"{SEND} 今天11点"))
    shop.work()
    assert "没发出的都不会再收到" in boss.says("取消 1")
    shop.at("2026-09-21 11:00")
    shop.goes_on()
    assert received(shop) == {}
    assert states(shop) == {"cancelled": 65}
    assert "共 65 位：已取消 65" in boss.says("进度 1")


def test_a_call_in_flight_that_certainly_did_not_send_is_cancelled_as_well(shop, boss):
    mei = shop.regular("小美")
    boss.confirms(boss.says(SEND))
    plan_parts(shop, 9)
    becomes(shop, mei, "state = 'claimed', calling_since = 1, lease_until = 99999999999999")
    boss.says("取消 1")
    shop.work()
    assert states(shop) == {"cancelled": 60, "claimed": 1}
    # The platform was busy: the row would be tried again.
    becomes(shop, mei, "state = 'planned', calling_since = NULL, lease_until = NULL")
    shop.goes_on()
    assert mei.phone.pushed == []
    assert states(shop) == {"cancelled": 61}
    assert shop.rows("SELECT * FROM broadcast_unplanned") == []


def becomes(shop, person, what):
    becomes_of(shop, person.number, what)


def becomes_of(shop, number, what):
    with shop.open() as tx:
        tx.execute(text(f"UPDATE deliveries SET {what} WHERE customer_id = :number"), {"number": number})


@sqlite_only
def test_a_pause_over_the_list_holds_when_it_is_whole(shop, boss):
    boss.confirms(boss.says(SEND))
    plan_parts(shop, 1)
    boss.says("暂停 1")
    shop.goes_on()
    assert received(shop) == {}
    assert "排队 60" in boss.says("继续 1")
    shop.goes_on()
    assert sorted(received(shop).values()) == [1] * 60


@sqlite_only
def test_going_on_before_the_list_is_whole_waits_for_it(shop, boss):
    boss.confirms(boss.says(SEND))
    plan_parts(shop, 1)
    boss.says("暂停 1")
    boss.says("继续 1")
    shop.strike()
    assert "名单还在排" in boss.says("进度 1")
    assert received(shop) == {}
    shop.goes_on()
    assert sorted(received(shop).values()) == [1] * 60


@sqlite_only
def test_its_hour_may_come_before_the_list_is_whole(shop, boss):
    boss.confirms(boss.says(f"{SEND} 今天11点"))
    plan_parts(shop, 1)
    shop.at("2026-09-21 11:00")
    shop.strike()
    assert received(shop) == {}
    shop.goes_on()
    assert sorted(received(shop).values()) == [1] * 60


@sqlite_only
def test_two_of_one_name_at_the_ends_of_the_list_share_a_mass_call(open_shop, monkeypatch):
    monkeypatch.setattr(lists, "SHORT", 10)
    monkeypatch.setattr(plan, "PART", 20)
    shop = open_shop(following=30)
    boss = shop.staff("王姐", "owner")
    first = shop.regular("小美")
    shop.work()
    last, alone = shop.regular("小美"), shop.regular("阿兰")
    shop.later(days=3)
    boss.says('话术 新建 称呼 {{ c.name|default("亲") }}，新款到店了')
    boss.confirms(boss.says("群发 全部 用 称呼"))
    shop.goes_on()
    assert (first.phone.routes, last.phone.routes, alone.phone.routes) == (["mass"], ["mass"], [])
    assert sorted(row["state"] for row in shop.export("deliveries")) == ["by_hand"] + ["sent"] * 32


def test_groups_stay_even_over_all_parts(shop, boss):
    boss.confirms(boss.says("群发 全部 用 到店礼A/到店礼B/到店礼C"))
    shop.goes_on()
    groups = [row["group"] for row in shop.export("deliveries")]
    assert sorted(groups.count(group) for group in "ABC") == [20, 20, 20]


@sqlite_only
def test_the_plan_of_very_many_is_projected_and_says_so(shop, boss, monkeypatch):
    monkeypatch.setattr(summary, "COUNTED", 30)
    monkeypatch.setattr(summary, "PROJECTED_FROM", 20)
    words = boss.says(SEND)
    for part in ("60 位（名单以确认时为准）", "推算", "群发接口（每人每月最多 4 次） 60 位"):
        assert part in words
    assert shop.rows("SELECT * FROM contents") == []
    boss.confirms(words)
    shop.goes_on()
    assert sorted(received(shop).values()) == [1] * 60


@sqlite_only
def test_a_planner_who_comes_late_finds_it_done(shop, boss):
    boss.confirms(boss.says(SEND))
    part = shop_reads(shop)
    plan_parts(shop, 1)
    with shop.open() as tx:
        part.write(tx)
    shop.goes_on()
    assert len(shop.export("deliveries")) == 60
    assert sorted(received(shop).values()) == [1] * 60


def shop_reads(shop):
    with shop.open() as tx:
        return lists.Part.read(tx, shop.settings, 1)


def test_who_opts_out_between_reading_and_writing_a_part_gets_nothing(shop, boss):
    mei = shop.regular("小美")
    boss.confirms(boss.says(SEND))
    plan_parts(shop, 3)
    part = shop_reads(shop)
    mei.says("退订")
    with shop.open() as tx:
        part.write(tx)
    shop.goes_on()
    assert mei.phone.pushed == []
    assert len(shop.export("deliveries")) == 61


def test_a_long_one_is_counted_in_the_background_and_says_of_when_the_numbers_are(shop, boss, monkeypatch):
    monkeypatch.setattr(progress, "LONG", 10)
    boss.confirms(boss.says(SEND))
    assert "共 60 位，正在数" in boss.says("进度 1")
    shop.goes_on()
    answer = boss.says("进度 1")
    assert sum("群发 1 发完了：发出 60" in told for told in (*boss.phone.pushed, answer)) == 1
    assert re.search(r"已发 60（10:00:\d\d 的数）", answer)
    number = shop.export("deliveries")[0]["customer"]
    becomes_of(shop, number, "state = 'failed', reason = '客户没有关注公众号'")
    assert "已发 60" in boss.says("结果 1")
    shop.later(seconds=40)
    shop.strike()
    result = boss.says("结果 1")
    for part in ("已发 59", "没发成 1", "客户没有关注公众号 1 位"):
        assert part in result
    # Some of the seeded people answer, when a busy machine gives them the time: the count holds none who did not.
    counted = re.search(r"发出 59，回复 (\d+)\n", result)
    assert counted is not None
    assert int(counted[1]) <= sum(one["replied_at"] is not None for one in shop.export("deliveries"))
    with shop.open() as tx:
        found = progress.standing(tx, tx.session.get_one(Broadcast, 1))
    assert found.numbers.counts == {"sent": 59, "failed": 1}
    assert (found.planning, found.ends_at) == (False, None)
