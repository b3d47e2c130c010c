"""今日, reminders, red packets, voice: a day in the shop."""

import re
from functools import partial

from shop import at_once


def test_an_empty_day(boss):
    assert "没有要做的事" in boss.says("今日")
    assert "做完" in boss.says("下一批")


def test_the_day_lists_who_waits_before_what_is_planned(shop, boss, mei, lan):
    boss.says("跟进 阿兰 b 下次发新款图 今天15点")
    mei.says("红色的还有吗")
    listed = boss.says("今日")
    assert listed.index("小美") < listed.index("阿兰")
    assert "2 件" in listed
    done = boss.says("完成 2 发了")
    assert "阿兰" in done
    assert "做完了" in done
    assert "阿兰" not in boss.says("下一批")


def test_a_number_means_what_was_shown(shop, boss, mei, lan):
    boss.says("跟进 小美 b 下次发新款图 今天15点")
    boss.says("今日")
    lan.says("在吗")
    assert f"小美 #{mei.number} 做完了" in boss.says("完成 1")


def test_saying_done_twice_does_not_settle_the_next_thing(shop, boss, mei):
    boss.says("跟进 小美 b 下次发新款图 今天15点")
    mei.says("红色的还有吗")
    boss.says("今日")
    boss.says("完成 1")
    assert "已经做完" in boss.says("完成 1")
    assert "发新款图" in boss.says("今日")


def test_done_and_later_can_be_taken_back(shop, boss, mei):
    boss.says("跟进 小美 b 下次发新款图 今天15点")
    for line in ("完成 1", "推迟 1 明天"):
        boss.says("今日")
        boss.says(line)
        assert "没有要做的事" in boss.says("今日")
        boss.says("撤销")
        assert "发新款图" in boss.says("今日")


def test_five_at_a_time(shop, boss):
    for person in shop.regulars(7):
        person.says("在吗")
    listed = boss.says("今日")
    assert "7 件" in listed
    assert "5. " in listed
    assert "6. " not in listed
    assert "还有 2 件" in listed


def test_two_who_ask_at_once_get_different_people(shop, boss, clerk):
    for person in shop.regulars(10):
        person.says("在吗")
    answers = at_once(*(partial(member.says, "今日") for member in (boss, clerk)))
    dealt = [set(re.findall("客\\d\\d", answer)) for answer in answers]
    assert [len(people) for people in dealt] == [5, 5]
    assert dealt[0].isdisjoint(dealt[1])


def test_a_number_that_is_not_in_the_list(boss):
    for line in ("完成 9", "文案 9", "推迟 9 明天"):
        assert "没有第 9 件" in boss.says(line), line
    assert "做完了" not in boss.says("完成 0")


def test_a_reminder_to_oneself_comes_at_its_hour_to_oneself(shop, boss, clerk):
    assert "15:00" in boss.says("提醒 今天15:00 给张姐打电话")
    shop.at("2026-09-21 14:59")
    shop.strike()
    shop.work()
    assert boss.phone.pushed == []
    shop.at("2026-09-21 15:00")
    shop.strike()
    shop.strike()
    shop.work()
    assert boss.phone.pushed == ["提醒：给张姐打电话\n（晚点再说：推迟 1小时）"]
    assert clerk.phone.pushed == []


def test_the_red_packet_reminder_finds_the_owner_though_her_window_is_closed(shop, boss):
    assert "9月25日" in boss.says("红包 计划 中秋 老客群 200元 20个")
    shop.at("2026-09-24 09:30")
    shop.strike()
    shop.work()
    (notice,) = boss.phone.pushed
    assert boss.phone.routes == ["template"]
    assert "有新消息，发“通知”看" in notice  # a template may not speak of packets
    answer = boss.says("红包")
    assert answer.startswith("🔔 红包 1：明天是中秋")
    assert "祝福语" in answer
    assert "未发" in answer
    shop.strike()
    shop.work()
    assert len(boss.phone.pushed) == 1


def test_and_on_the_morning_again_until_it_is_handed_out(shop, boss):
    boss.says("红包 计划 中秋 老客群 200元 20个")
    shop.at("2026-09-24 10:00")
    boss.says("在")
    shop.at("2026-09-25 09:30")
    shop.strike()
    shop.work()
    assert any("今天是中秋" in text for text in boss.phone.pushed)
    assert "180元" in boss.says("红包 已发 1 实发180元")
    seen = len(boss.phone.pushed)
    shop.at("2026-09-26 10:00")
    shop.goes_on()
    assert len(boss.phone.pushed) == seen


def test_what_was_heard_is_shown_and_only_looking_is_done_at_once(boss, mei):
    heard = boss.speaks("查 小美")
    assert "听到" in heard
    assert "【小美" in heard
    asked = boss.speaks("消费 小美 298 裙")
    assert "听到" in asked
    assert mei.file["spent_fen"] == 0
    assert "298元" in boss.says("是")
    assert mei.file["spent_fen"] == 29800


def test_what_was_heard_is_dropped_by_the_next_command_or_after_five_minutes(shop, boss, mei):
    boss.speaks("消费 小美 298 裙")
    assert "已放下" in boss.says("查 小美")
    assert "没有等您确认" in boss.says("是")
    boss.speaks("消费 小美 298 裙")
    shop.later(minutes=5, seconds=1)
    assert "没有等您确认" in boss.says("是")
    assert mei.file["spent_fen"] == 0


def test_a_voice_nobody_recognised_is_asked_to_be_typed(boss):
    assert "打字" in boss.speaks()


def test_help_names_what_can_be_said(boss):
    overview = boss.says("帮助")
    for word in ("查", "消费", "群发", "活动", "红包", "撤销"):
        assert word in overview
    assert len(overview.encode()) <= 2048
    assert "确认" in boss.says("帮助 群发")
    assert "群发" in boss.says("帮助 没有的")


def test_what_comes_later_is_said_to(boss, mei):
    for line in ("积分 小美 +50", "券 小美 满200减30", "推荐 榜", "报表"):
        assert "以后" in boss.says(line)
