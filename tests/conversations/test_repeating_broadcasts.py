"""群发 that repeats (每周三 10:00) or goes out at human pace (每小时50位, 分3天)."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from bot.domain.campaigns import service

EVERY = "群发 全部 用 上新 每周三 10:00"
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def boss(shop):
    boss = shop.staff("王姐", "owner")
    boss.says("话术 新建 上新 这周新款到了")
    return boss


def day(shop, date, hour="10:00", *talking):
    """That hour comes; who talks has said a word the evening before, so that customer messages reach them."""
    if talking:
        shop.at(f"{datetime.fromisoformat(f'2026-{date}').date() - timedelta(days=1)} 20:00")
    for person in talking:
        person.says("在")
    shop.at(f"2026-{date} {hour}")
    shop.goes_on(seconds=1)


def test_every_wednesday_to_whom_the_segment_names_by_then_with_the_words_of_then(shop, boss, mei):
    plan = boss.says(EVERY)
    assert "每周三 10:00，第一次 9月23日 10:00" in plan
    answer = boss.confirms(plan)
    assert "接下来：9月23日、9月30日、10月7日" in answer
    assert "每周三 10:00 · 下次 9月23日 10:00" in boss.says("群发 列表")
    assert "群发 1 全部（每周三 10:00）" in boss.says("日历")
    shop.goes_on()
    assert mei.phone.pushed == []
    lan = shop.regular("阿兰")
    day(shop, "09-23", "10:00", mei, lan)
    assert mei.phone.pushed == lan.phone.pushed == ["这周新款到了"]
    boss.says("话术 改 上新 又到了一批")
    day(shop, "09-30", "09:59", mei, lan)
    assert len(mei.phone.pushed) == 1
    lan.unfollows()
    day(shop, "09-30")
    assert mei.phone.pushed == ["这周新款到了", "又到了一批"]
    assert len(lan.phone.pushed) == 1
    assert [(row["broadcast"], row["state"]) for row in shop.export("deliveries")] == [
        (2, "sent"),
        (2, "sent"),
        (3, "sent"),
        (3, "skipped"),
    ]
    progress = boss.says("进度 1")
    for part in ("接下来：10月7日", "群发 3 今天 10:00", "群发 2 9月23日 10:00", "结果 2"):
        assert part in progress


def test_two_schedulers_make_one_of_it(shop, boss, mei):
    boss.confirms(boss.says(EVERY))
    shop.at("2026-09-23 10:00")
    mei.says("在")
    shop.schedulers_strike()
    shop.goes_on()
    assert mei.phone.pushed == ["这周新款到了"]
    assert shop.rows("SELECT COUNT(*) FROM broadcasts WHERE plan_id = 1") == [(1,)]


def test_a_scheduler_that_dies_over_it_doubles_and_loses_nothing(shop, boss, mei):
    boss.confirms(boss.says(EVERY))
    shop.at("2026-09-23 10:00")
    mei.says("在")
    shop.scheduler_dies("occurred")
    shop.goes_on()
    assert mei.phone.pushed == ["这周新款到了"]
    assert shop.rows("SELECT COUNT(*) FROM broadcasts WHERE plan_id = 1") == [(1,)]


@sqlite_only
def test_within_an_hour_it_is_made_up_for_later_staff_are_asked_and_the_next_one_comes(shop, boss, mei):
    boss.confirms(boss.says(EVERY))
    day(shop, "09-23", "10:50", mei)
    assert len(mei.phone.pushed) == 1
    boss.says("话术 改 上新 又到了一批")
    # Two Wednesdays are slept through; only the last is asked about.
    day(shop, "10-07", "12:00", mei, boss)
    assert len(mei.phone.pushed) == 1
    news = "\n".join(boss.phone.pushed)
    assert "群发 3（群发 1 每周三 10:00 的这一次） 错过了时间" in news
    assert shop.rows("SELECT COUNT(*) FROM broadcasts WHERE plan_id = 1") == [(2,)]
    boss.says("继续 3")
    shop.goes_on()
    assert len(mei.phone.pushed) == 2
    assert "下次 10月14日" in boss.says("群发 列表")


@sqlite_only
def test_it_is_stopped_by_its_number(shop, boss, mei):
    boss.confirms(boss.says(EVERY))
    assert "不想发就：取消 1" in boss.says("暂停 1")
    assert "要说更正哪一次" in boss.says("更正 1 用 上新")
    assert "以后不再发" in boss.says("取消 1")
    day(shop, "09-23")
    assert mei.phone.pushed == []
    assert "下次" not in boss.says("群发 列表")


@sqlite_only
def test_a_script_that_is_gone_is_told_and_does_not_end_the_plan(shop, boss, mei):
    boss.confirms(boss.says(EVERY))
    with shop.open() as tx:
        tx.execute(text("UPDATE scripts SET name = '别的' WHERE name = '上新'"))
    day(shop, "09-23", "10:00", mei, boss)
    assert mei.phone.pushed == []
    assert any("群发 1（每周三 10:00）这一次没有发" in news for news in boss.phone.pushed)
    assert "下次 9月30日" in boss.says("群发 列表")


@sqlite_only
def test_a_list_that_has_grown_beyond_a_staff_members_size_waits_for_the_owner(open_shop):
    shop = open_shop(staff_broadcast_max=1)
    boss, clerk = shop.staff("王姐", "owner"), shop.staff("小李")
    mei = shop.regular("小美")
    clerk.confirms(clerk.says("群发 全部 用 到店礼A 每周三 10:00"))
    lan = shop.regular("阿兰")
    day(shop, "09-23", "10:00", mei, lan, boss)
    assert mei.phone.pushed == lan.phone.pushed == []
    assert any("店员一次最多 1 位。老板可以发：继续 2" in news for news in boss.phone.pushed)
    assert "请老板来继续" in clerk.says("继续 2")
    boss.says("继续 2")
    shop.goes_on()
    assert len(mei.phone.pushed) == len(lan.phone.pushed) == 1


@sqlite_only
def test_a_script_is_checked_again_each_time(shop, boss, mei):
    clerk = shop.staff("小李")
    clerk.confirms(clerk.says(EVERY))
    # As a script looks that was kept before there were rules.
    with shop.open() as tx:
        tx.execute(text("UPDATE script_versions SET text = '转发到朋友圈领红包' WHERE text LIKE '这周新款%'"))
    day(shop, "09-23", "10:00", mei, boss, clerk)
    assert mei.phone.pushed == []
    for one in (boss, clerk):
        news = "\n".join(one.phone.pushed)
        assert "群发 1（每周三 10:00）这一次没有发：话术改过，现在有平台会罚的话，先改这里：" in news
        assert "取消 1" in news
    boss.says("话术 改 上新 全网最低价，这周到了")
    day(shop, "09-30", "10:00", mei, boss)
    assert mei.phone.pushed == []
    assert "有要老板拿主意的话" in "\n".join(boss.phone.pushed)
    boss.says("话术 改 上新 又到了一批")
    day(shop, "10-07", "10:00", mei)
    assert mei.phone.pushed == ["又到了一批"]


@sqlite_only
def test_a_segment_that_cannot_be_read_any_more_is_told_once_each_time(shop, boss, mei):
    boss.says("小美 +新款")
    boss.confirms(boss.says("群发 新款 用 上新 每周三 10:00"))
    boss.confirms(boss.says("标签 删除 新款"))
    day(shop, "09-23", "10:00", mei, boss)
    shop.goes_on()
    assert "\n".join(boss.phone.pushed).count("这一次没有发：没有叫“新款”的标签") == 1
    assert "下次 9月30日 10:00" in boss.says("群发 列表")
    boss.says("小美 +新款")
    day(shop, "09-30", "10:00", mei)
    assert mei.phone.pushed == ["这周新款到了"]


# -- at human pace -----------------------------------------------------------------------------------------------------


def received(people):
    return sum(len(person.phone.pushed) for person in people)


@sqlite_only
def test_so_many_an_hour_and_nobody_is_woken(shop, boss):
    people = shop.regulars(32)
    shop.at("2026-09-21 19:30")
    plan = boss.says("群发 O 用 到店礼A 每小时10位")
    assert "分 3 批，每小时 10 位，最后一批 明天 09:00" in plan
    boss.confirms(plan)
    shop.goes_on()
    assert received(people) == 10
    progress = boss.says("进度 1")
    assert "下一条：今天 20:30" in progress
    # A rate would be that of the batch before; the next one has its own hour.
    assert "每分钟约" not in progress
    assert "预计 明天 09:00 发完" in progress
    shop.at("2026-09-21 20:30")
    shop.goes_on(seconds=1)
    assert received(people) == 20
    shop.at("2026-09-22 08:59")
    shop.goes_on(seconds=1)
    assert received(people) == 20
    shop.at("2026-09-22 09:00")
    shop.goes_on(seconds=1)
    assert received(people) == 32
    assert "已发完" in boss.says("进度 1")


@sqlite_only
def test_over_three_days_each_batch_is_planned_for_its_own_day(shop, boss):
    people = shop.regulars(30)
    plan = boss.says("群发 O 用 到店礼A 分3天")
    assert "分 3 批，每天一批，最后一批 9月23日 10:00" in plan
    assert "客服消息（48小时内互动过，不占群发次数） 20 位" in plan
    assert "群发接口（每人每月最多 4 次） 10 位" in plan
    boss.confirms(plan)
    shop.goes_on()
    assert received(people) == 10
    day(shop, "09-22", "10:01")
    assert received(people) == 20
    day(shop, "09-23", "10:01")
    assert received(people) == 30
    assert sorted(route for person in people for route in person.phone.routes) == ["custom"] * 20 + ["mass"] * 10


@sqlite_only
def test_what_would_take_for_ever_is_refused(shop, boss, monkeypatch):
    monkeypatch.setattr(service, "MOST_BATCHES", 2)
    shop.regulars(30)
    assert "每小时多发一些" in boss.says("群发 O 用 到店礼A 每小时10位")


@pytest.mark.parametrize("paused", [True, False])
def test_what_has_fallen_behind_goes_on_at_the_set_pace(shop, boss, paused):
    people = shop.regulars(40)
    boss.confirms(boss.says("群发 O 用 到店礼A 每小时10位"))
    shop.goes_on()
    assert received(people) == 10
    if paused:
        boss.says("暂停 1")
    shop.at("2026-09-21 15:00")
    if paused:
        # In the same moment, before the scheduler looks.
        boss.says("继续 1")
        shop.work()
    for hour, count in ((15, 20), (16, 30), (17, 40)):
        shop.at(f"2026-09-21 {hour}:00")
        shop.goes_on(seconds=1)
        shop.goes_on(minutes=30)
        assert received(people) == count
    assert "已发完" in boss.says("进度 1")


@sqlite_only
def test_a_batch_that_the_platform_puts_off_for_minutes_stays_one(shop, boss):
    people = shop.regulars(20)
    boss.confirms(boss.says("群发 O 用 到店礼A 每小时10位"))
    shop.fault({"kind": "errcode", "errcode": 45011}, path="*/custom/send", times=1)
    shop.goes_on()
    for _ in range(3):
        shop.goes_on(minutes=1)
    assert received(people) == 10
    shop.at("2026-09-21 11:00")
    shop.goes_on(seconds=30)
    assert received(people) == 20


@sqlite_only
def test_a_paced_plan_says_one_time_and_that_who_gets_nothing_has_a_place_too(shop, boss):
    shop.regulars(30)
    for number in (1, 2, 3):
        boss.says(f"客{number:02} +VIP")
    plan = boss.says("群发 全部 用 到店礼A 每小时10位")
    assert "到店礼A：27 位" in plan
    assert "时间：确认后马上发\n分 3 批，每小时 10 位（不发的也占位），最后一批 今天 12:00" in plan


def test_a_question_without_a_number_is_about_what_goes_out_and_not_about_a_plan_that_repeats(shop, boss, mei):
    boss.confirms(boss.says("群发 全部 用 到店礼A"))
    shop.goes_on()
    plan = boss.says(EVERY.replace("上新", "到店礼A"))
    assert "到店礼A：0 位\n不发 1 位：" in plan
    boss.confirms(plan)
    assert boss.says("进度").startswith("群发 1 已发完")
    assert boss.says("结果").startswith("群发 1 已发完")
    assert "群发 1 还没有人回复" in boss.says("回复")
    assert "发出去了，平台说成功" in boss.says("为什么 小美 没收到")
    told = boss.says("为什么 小美 没收到 2")
    assert "这是重复的计划" in told
    assert "不满足" not in told
    boss.says("取消 2")
    assert "已取消 · 每周三 10:00" in boss.says("群发 列表")


def test_a_second_no_cancels_nothing_that_is_not_going_out(shop, boss, mei):
    boss.confirms(boss.says("群发 全部 用 上新 明天10点"))
    boss.confirms(boss.says(EVERY))
    boss.says("群发 全部 用 到店礼A")
    assert "不做了" in boss.says("取消")
    asked = boss.says("取消")
    assert "什么都没有改" in asked
    assert "明天 10:00：取消 1" in asked
    assert "每周三 10:00：取消 2" in asked
    assert "等时间" in boss.says("群发 列表")
    assert "1 位不会再收到" in boss.says("取消 1")
    boss.says("取消 2")
    assert "没有在发、也没有排着的" in boss.says("取消")
