"""群发 … 实时: the list of a broadcast with a time is that of the time it goes, beside the one of its confirmation."""

import pytest

LATER = "群发 新款 用 上新 明天10点"
LIVE = f"{LATER} 实时"
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def boss(shop):
    boss = shop.staff("王姐", "owner")
    boss.says("话术 新建 上新 这周新款到了")
    return boss


@pytest.fixture
def wanting(shop, boss, mei, lan):
    """小美 wants to hear of new things, 阿兰 does not yet."""
    boss.says("小美 +新款")
    return mei


def the_hour_comes(shop, *talking):
    shop.at("2026-09-22 09:50")
    for person in talking:
        person.says("在")
    shop.at("2026-09-22 10:00")
    shop.goes_on(seconds=1)


def test_whom_the_segment_names_when_it_goes(shop, boss, wanting, lan):
    plan = boss.says(LIVE)
    assert "现在 1 位（名单到点再算：明天 10:00 在这个人群里的）" in plan
    answer = boss.confirms(plan)
    assert "名单 明天 10:00 再算，明天 10:00 开始发" in answer
    assert "名单明天 10:00 再算，现在还没有" in boss.says("进度 1")
    assert "名单到点再算" in boss.says("为什么 小美 没收到 1")
    boss.says("小美 -新款")
    boss.says("阿兰 +新款")
    the_hour_comes(shop, wanting, lan)
    assert (wanting.phone.pushed, lan.phone.pushed) == ([], ["这周新款到了"])
    assert [(row["broadcast"], row["state"]) for row in shop.export("deliveries")] == [(1, "sent")]
    assert "共 1 位：已发 1" in boss.says("结果 1")


@sqlite_only
def test_without_the_word_the_list_is_that_of_the_confirmation(shop, boss, wanting, lan):
    plan = boss.says(LATER)
    assert "1 位（名单定在确认时；想到点再算，后面加“实时”）" in plan
    boss.confirms(plan)
    boss.says("小美 -新款")
    boss.says("阿兰 +新款")
    the_hour_comes(shop, wanting, lan)
    assert (wanting.phone.pushed, lan.phone.pushed) == (["这周新款到了"], [])


@sqlite_only
def test_nobody_yet_is_no_reason_against_it(shop, boss, mei):
    boss.says("小美 +新款")
    boss.says("小美 -新款")
    boss.confirms(boss.says(LIVE))
    the_hour_comes(shop, mei, boss)
    assert mei.phone.pushed == []
    assert "群发 1 发完了：没有人要发" in "\n".join(boss.phone.pushed)


def test_two_schedulers_take_the_list_once(shop, boss, wanting):
    boss.confirms(boss.says(LIVE))
    shop.at("2026-09-22 10:00")
    wanting.says("在")
    shop.schedulers_strike()
    shop.goes_on()
    assert wanting.phone.pushed == ["这周新款到了"]


def test_a_scheduler_that_dies_over_it_doubles_and_loses_nothing(shop, boss, wanting):
    boss.confirms(boss.says(LIVE))
    shop.at("2026-09-22 10:00")
    wanting.says("在")
    shop.scheduler_dies("listed")
    shop.goes_on()
    assert wanting.phone.pushed == ["这周新款到了"]


@sqlite_only
def test_missed_it_asks_and_takes_the_list_when_somebody_goes_on(shop, boss, wanting, lan):
    boss.confirms(boss.says(LIVE))
    shop.at("2026-09-22 11:30")
    for person in (wanting, lan, boss):
        person.says("在")
    shop.goes_on(seconds=1)
    assert wanting.phone.pushed == []
    assert "群发 1 错过了时间" in "\n".join(boss.phone.pushed)
    boss.says("小美 -新款")
    boss.says("阿兰 +新款")
    assert "群发 1 接着发" in boss.says("继续 1")
    shop.goes_on()
    assert (wanting.phone.pushed, lan.phone.pushed) == ([], ["这周新款到了"])


@sqlite_only
def test_cancelled_before_its_time_it_takes_no_list(shop, boss, wanting):
    boss.confirms(boss.says(LIVE))
    assert boss.says("取消 1") == "群发 1 已取消，不会发给谁。"
    the_hour_comes(shop, wanting)
    assert wanting.phone.pushed == []
    assert shop.export("deliveries") == []


@sqlite_only
def test_a_list_that_cannot_be_read_any_more_is_told_and_can_be_mended(shop, boss, wanting):
    boss.confirms(boss.says(LIVE))
    boss.confirms(boss.says("标签 删除 新款"))
    the_hour_comes(shop, wanting, boss)
    assert wanting.phone.pushed == []
    news = "\n".join(boss.phone.pushed)
    assert "群发 1 到点没有发：没有叫“新款”的标签" in news

    boss.says("小美 +新款")
    boss.says("继续 1")
    shop.goes_on()
    assert wanting.phone.pushed == ["这周新款到了"]


@sqlite_only
def test_a_list_that_has_grown_beyond_what_staff_may_send_waits_for_the_owner(open_shop):
    shop = open_shop(staff_broadcast_max=1)
    boss, staff = shop.staff("王姐", "owner"), shop.staff("小李")
    mei, lan = shop.regular("小美"), shop.regular("阿兰")
    boss.says("话术 新建 上新 这周新款到了")
    boss.says("小美 +新款")
    staff.confirms(staff.says(LIVE))
    boss.says("阿兰 +新款")
    the_hour_comes(shop, mei, lan, boss)
    assert mei.phone.pushed == lan.phone.pushed == []
    assert "有 2 位，店员一次最多 1 位。老板可以发：继续 1" in "\n".join(boss.phone.pushed)
    assert "请老板来继续" in staff.says("继续 1")
    boss.says("继续 1")
    shop.goes_on()
    assert mei.phone.pushed == lan.phone.pushed == ["这周新款到了"]
