"""Staff are reminded by the best route open: of one thing at its hour, of the day in one message, and of what was left."""

import re

import pytest


@pytest.fixture
def mei(shop):
    return shop.regular("小美")


def number_of(listed, words):
    """The number in front of a line of a list."""
    found = re.search(rf"^(\d+)\. [^\n]*{words}", listed, re.MULTILINE)
    assert found is not None, listed
    return found[1]


def test_own_reminders_are_listed_cancelled_and_brought_back(shop, boss, clerk):
    assert "没有还没响的提醒" in boss.says("提醒")
    boss.says("提醒 周五15:00 给张姐打电话")
    boss.says("提醒 明天9点 进货")
    listed = boss.says("提醒")
    assert listed.index("明天 09:00 进货") < listed.index("给张姐打电话")
    number = number_of(listed, "进货")
    assert f"您没有提醒 {number}" in clerk.says(f"提醒 取消 {number}")
    assert "取消了：明天 09:00 的提醒“进货”" in boss.says(f"提醒 取消 {number}")
    assert "进货" not in boss.says("提醒")
    assert "进货" not in boss.says("日历")
    shop.at("2026-09-22 09:00")
    shop.goes_on()
    assert boss.phone.news() == []
    # Taken back after its hour: late, within the six hours, and not lost.
    assert boss.says("撤销") == "已撤销：取消提醒 进货"
    shop.goes_on(hours=1)
    (told,) = boss.phone.news()
    assert told.startswith("提醒：进货")
    assert "这条晚了，原定 今天 09:00" in told


def test_what_was_just_heard_is_put_off_and_comes_again(shop, boss):
    boss.says("提醒 今天15:00 给张姐打电话")
    shop.at("2026-09-21 15:00")
    shop.goes_on()
    boss.phone.news()
    assert "好，今天 16:00 再提醒您：给张姐打电话" in boss.says("推迟 16点")
    assert "没有刚响的提醒" in boss.says("推迟 明天")
    shop.at("2026-09-21 16:00")
    shop.goes_on()
    (told,) = boss.phone.news()
    assert told.startswith("提醒：给张姐打电话")
    boss.says("推迟 明天")
    assert "明天 10:00 给张姐打电话" in boss.says("提醒")
    boss.says("撤销")
    assert "没有还没响的提醒" in boss.says("提醒")


def test_of_several_that_came_together_staff_say_which(shop, boss):
    for what in ("给张姐打电话", "收快递"):
        boss.says(f"提醒 今天15:00 {what}")
    shop.at("2026-09-21 15:00")
    shop.goes_on()
    asked = boss.says("推迟 1小时")
    assert "一起响了 2 条" in asked
    assert "再提醒您：收快递" in boss.says(number_of(asked, "收快递"))
    assert "再提醒您：给张姐打电话" in boss.says("推迟 2小时")


def test_a_red_packet_put_off_speaks_of_the_day_it_is_then_and_not_of_one_handed_out(shop, boss, clerk):
    boss.says("关怀 关 中秋")
    boss.says("红包 计划 中秋 老客群 200元 20个")
    clerk.says("在")
    shop.at("2026-09-22 09:30")
    shop.goes_on()
    assert any("还有 3 天是中秋" in text for text in boss.phone.news())
    assert "再提醒您：红包 1 中秋" in boss.says("推迟 明天11点")
    shop.at("2026-09-23 11:00")
    shop.goes_on()
    (told,) = boss.phone.news()
    assert "还有 2 天是中秋" in told
    assert clerk.phone.news() == []
    boss.says("推迟 12点")
    boss.says("红包 已发 1 实发180元")
    shop.at("2026-09-23 12:00")
    shop.goes_on()
    assert boss.phone.news() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_occasion_of_the_year_is_put_off_like_any_reminder(shop, boss):
    shop.at("2026-09-27 20:00")
    boss.says("在")
    shop.at("2026-09-28 09:30")
    shop.goes_on()
    assert any("国庆" in text for text in boss.phone.news())
    answer = boss.says("推迟 10:30")
    assert "今天 10:30 再提醒您：" in answer
    assert "国庆" in answer
    shop.at("2026-09-28 10:30")
    shop.goes_on()
    (again,) = boss.phone.news()
    assert again.startswith("提醒：")
    assert "国庆" in again


def test_the_morning_comes_in_one_message_to_each_for_their_own(shop, boss, clerk, mei):
    lan = shop.regular("阿兰")
    boss.says("红包 计划 中秋 老客群 200元 20个")
    boss.says("提醒 明天9:30 进货")
    clerk.says("跟进 小美 b 下次发新款图 明天")
    clerk.says("负责 小美 小李")
    boss.says("资料 阿兰 生日 9月23日")
    shop.at("2026-09-22 09:30")
    shop.schedulers_strike()
    shop.work()
    shop.goes_on()
    (told,) = boss.phone.news()
    assert "提醒：进货" in told
    assert "还有 3 天是中秋" in told
    assert "早上好，今天有 1 件：生日 1" in told
    assert f"阿兰 #{lan.number} 明天生日" in told
    assert told.endswith("发“今日”看清单")
    asked = boss.says("推迟 2小时")
    assert "一起响了 5 条" in asked
    assert "今天 11:30 再提醒您：今天的清单，发“今日”看" in boss.says(number_of(asked, "今天的清单"))
    assert "今天的清单" not in boss.says("推迟 1小时")
    (theirs,) = clerk.phone.news()
    assert "今天有 2 件：跟进 1、生日 1，其中 1 件还没人负责" in theirs
    assert "进货" not in theirs
    shop.at("2026-09-22 15:00")
    shop.goes_on()
    (again,) = boss.phone.news()
    assert again.startswith("提醒：今天的清单")
    assert clerk.phone.news() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_morning_missed_by_hours_says_so_and_one_missed_for_good_is_not_made_up(shop, boss, mei):
    boss.says("跟进 小美 b 下次发新款图 明天")
    shop.at("2026-09-22 13:00")
    shop.goes_on()
    (told,) = boss.phone.news()
    assert "今天有 1 件：跟进 1" in told
    assert told.endswith("（这条晚了，原定 09:30）")
    boss.says("在")
    for moment in ("2026-09-23 16:00", "2026-09-24 08:00"):
        shop.at(moment)
        shop.goes_on()
        assert boss.phone.news() == [], moment
    # Days at once: one message, about today.
    shop.at("2026-10-20 09:31")
    shop.goes_on()
    assert "早上好" in boss.says("日历")
    assert "早上好" not in boss.says("日历")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_could_not_be_pushed_rides_on_the_next_answer_once(shop, boss, mei):
    boss.says("跟进 小美 b 下次发新款图 周五")
    shop.at("2026-09-25 09:30")
    shop.goes_on()
    assert boss.phone.routes == ["template"]
    first = boss.says("日历")
    assert first.startswith("🔔 ")
    assert "\n早上好，今天有 1 件" in first
    assert not boss.says("日历").startswith("🔔")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_lies_for_two_working_days_is_told_to_the_owner(shop, boss, clerk, mei):
    clerk.says("跟进 小美 b 下次发新款图 周四")
    clerk.says("负责 小美 小李")
    # Friday to Sunday are Mid-Autumn; Monday is the first working day after, Tuesday the second.
    for day in ("24", "25", "26", "27", "28"):
        shop.at(f"2026-09-{day} 09:30")
        shop.goes_on()
        assert "拖了" not in boss.says("日历"), day
    shop.at("2026-09-29 09:30")
    shop.goes_on()
    told = boss.phone.news()[-1]
    assert "❗拖了 2 个工作日以上：" in told
    assert f"小李 1 件：小美 #{mei.number} 跟进" in told
    assert f"您手上 1 件：小美 #{mei.number} 跟进" in clerk.says("日历")
    clerk.says("今日")
    clerk.says("推迟 1 明天")
    shop.at("2026-09-30 09:30")
    shop.goes_on()
    assert "拖了" not in "".join(boss.phone.news())


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_order_nobody_sends_is_told_to_the_owner_and_one_that_was_just_asked_about_is_not(shop, boss, clerk, mei):
    boss.says("成交 小美 398 大衣")
    boss.says("负责 小美 小李")
    clerk.says("提醒 明天12点 发货")
    for moment in ("2026-09-24 09:30", "2026-10-08 09:30"):
        shop.at(moment)
        boss.says("在")
        shop.goes_on()
    told = boss.phone.news()[-1]
    # Of two orders the first stands for her; what he was reminded of he has not read.
    assert f"小李 2 件：小美 #{mei.number} 订单、没看到“有条提醒错过了" in told
    clerk.says("今日")
    clerk.says("完成 1 说过了")
    shop.at("2026-10-09 09:30")
    shop.goes_on()
    assert "订单" not in "".join(boss.phone.news())


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_whom_no_window_could_tell_of_an_activity_the_owner_hears_once(shop, boss, mei):
    lan = shop.regular("阿兰")
    boss.says("资料 阿兰 电话 13800138000")
    boss.says("活动 新建 会员茶会 周五14:00")
    for guest in (mei, lan):
        guest.says("报名 1")
    shop.at("2026-09-24 13:00")
    mei.says("明天见")
    boss.says("在")
    shop.at("2026-09-24 14:00")
    shop.goes_on()
    shop.goes_on(minutes=1)
    assert any("会员茶会" in text for text in mei.phone.news())
    told = [text for text in boss.phone.news() if "没送到" in text]
    assert len(told) == 1
    assert f"的提醒，1 位没送到（48小时内没有互动，平台不让主动发）：阿兰 #{lan.number} 13800138000" in told[0]
    shop.goes_on(hours=1)
    assert boss.phone.news() == []
