"""活动: a word gives a place until all are taken, then a place in the line that moves up by itself."""

from functools import partial

import pytest
from shop import at_once

TEA = "活动 新建 中秋茶会 9月24日14:00 名额2 地点 本店"


@pytest.fixture
def tea(boss):
    assert "活动 1" in boss.says(TEA)


@pytest.fixture
def hong(shop):
    return shop.regular("小红")


def test_it_is_announced_and_joined_by_a_word(boss, mei, tea):
    listed = mei.says("活动")
    for part in ("中秋茶会", "9月24日", "14:00", "本店", "报名 1"):
        assert part in listed
    assert "中秋茶会" in mei.says("报名 1")
    assert "小美" in boss.says("活动 名单 1")
    assert "1/2" in boss.says("活动")
    assert "中秋茶会" in mei.says("我的")


def test_ways_to_say_it(boss, mei, tea):
    for typed in ("报名 1", "报名1", "报名", "我要报名", "报名 １", "报名第1个活动", "活动1报名"):
        assert "报上了" in mei.says(typed), typed
        mei.says("取消报名 1")


def test_what_is_no_number_is_told_how_to_say_it(boss, mei, tea):
    for typed in ("报名 abc", "报名 3a", "取消报名 abc"):
        answer = mei.says(typed)
        assert "没有" in answer, typed
        assert "报名" in answer, typed
    assert "没有编号是“abc”的活动" in mei.says("报名 abc")
    assert "0/2" in boss.says("活动")


def test_asking_twice_takes_one_place(boss, mei, tea):
    mei.says("报名 1")
    assert "已经报上" in mei.says("报名 1")
    assert "1/2" in boss.says("活动")


def test_who_comes_when_it_is_full_stands_in_line(boss, mei, lan, hong, tea):
    mei.says("报名 1")
    lan.says("报名 1")
    assert "候补第 1 位" in hong.says("报名 1")
    assert "已满" in hong.says("活动")
    assert "候补" in hong.says("我的")
    assert "候补：小红" in boss.says("活动 名单 1")


def test_the_line_moves_up_and_who_moved_is_told(shop, boss, mei, lan, hong, tea):
    for person in (mei, lan, hong):
        person.says("报名 1")
    last = shop.regular("小雨")
    assert "候补第 2 位" in last.says("报名 1")
    assert "已取消" in mei.says("取消报名 1")
    shop.work()
    assert "转正" in hong.phone.pushed[0]
    assert "中秋茶会" in hong.phone.pushed[0]
    assert last.phone.pushed == []
    assert "候补第 1 位" in last.says("报名 1")
    assert "2/2" in boss.says("活动")


def test_who_moved_up_with_a_closed_window_is_told_by_hand(shop, boss, mei, lan, hong):
    boss.says("活动 新建 茶会 9月30日14:00 名额2")
    for person in (mei, lan, hong):
        person.says("报名 1")
    shop.later(days=3)
    mei.says("取消报名 1")
    shop.work()
    assert hong.phone.pushed == []
    listed = boss.says("今日")
    assert "小红" in listed
    assert "转正" in boss.says("文案 1")


def test_leaving_the_line_moves_nobody_up(shop, boss, mei, lan, hong, tea):
    for person in (mei, lan, hong):
        person.says("报名 1")
    hong.says("取消报名")
    shop.work()
    assert mei.phone.pushed == lan.phone.pushed == hong.phone.pushed == []
    assert "2/2" in boss.says("活动")


def test_an_empty_place_can_be_taken_again(boss, mei, lan, hong, tea):
    mei.says("报名 1")
    lan.says("报名 1")
    mei.says("取消报名 1")
    assert "1/2" in boss.says("活动")
    hong.says("报名 1")
    mei.says("报名 1")
    assert "候补：小美" in boss.says("活动 名单 1")


def test_twelve_who_ask_at_once_get_five_places_and_a_fair_line(shop, boss):
    people = [shop.regular(f"客{number:02}") for number in range(12)]
    boss.says("活动 新建 抢座 9月24日14:00 名额5")
    answers = at_once(*(partial(person.says, "报名 1") for person in people))
    placed = [answer for answer in answers if "报上了" in answer]
    lines = sorted(answer.partition("候补第 ")[2][:2].strip() for answer in answers if "候补第" in answer)
    assert len(placed) == 5
    assert lines == ["1", "2", "3", "4", "5", "6", "7"]
    assert "5/5" in boss.says("活动")


def test_nobody_joins_what_is_over_or_closed(shop, boss, mei, tea):
    boss.says("活动 关闭 1")
    assert "结束报名" in mei.says("报名 1")
    assert "没有活动" in mei.says("活动")
    boss.says("撤销")
    shop.at("2026-09-24 14:00")
    assert "结束报名" in mei.says("报名 1")


def test_an_activity_for_some_is_not_shown_to_others(boss, mei, lan):
    boss.says("小美 +VIP")
    boss.says("活动 新建 贵宾晚宴 9月26日18:00 名额5 对象 VIP")
    assert "贵宾晚宴" in mei.says("活动")
    assert "贵宾晚宴" not in lan.says("活动")
    assert "部分" in lan.says("报名 1")
    assert "报上了" in mei.says("报名 1")


def test_several_activities_ask_for_the_number(boss, mei, tea):
    boss.says("活动 新建 会员日")
    asked = mei.says("报名")
    assert "1. 中秋茶会" in asked
    assert "2. 会员日" in asked
    mei.says("报名 2")
    mei.says("报名 1")
    leaving = mei.says("取消报名")
    assert leaving.index("1. 中秋茶会") < leaving.index("2. 会员日")


def test_what_is_not_there_is_said_to_be_so(boss, mei, tea):
    assert "没有活动 9" in mei.says("报名 9")
    assert "没有报名" in mei.says("取消报名 1")
    assert "没有活动 9" in boss.says("活动 名单 9")
    assert "没有活动 9" in boss.says("活动 关闭 9")


def test_who_came_is_checked_in_and_has_visited(boss, mei, lan, tea):
    mei.says("报名 1")
    assert "签到" in boss.says("签到 1 小美")
    assert mei.file["visited"] is True
    assert "到场" in boss.says("活动 名单 1")
    assert "没有报上" in boss.says("签到 1 阿兰")


def test_one_bad_part_opens_nothing(boss):
    for line in ("活动 新建", "活动 新建 旧会 9月1日14:00", "活动 新建 茶会 9月24日14:00 名额0"):
        assert "活动 新建 会员茶会" in boss.says(line), line
    assert "没有活动" in boss.says("活动")


def test_staff_see_it_in_the_calendar(boss, tea):
    calendar = boss.says("日历")
    assert "中秋茶会" in calendar
    assert "中秋" in calendar
    assert "14:00" in calendar
