"""A machine that was off, a clock that goes wrong, two schedulers at once: what people get of it."""

import pytest


@pytest.fixture
def mei(shop):
    return shop.regular("小美")


def both_strike(shop):
    """Two schedulers at the same moment."""
    shop.schedulers_strike()
    shop.work()


def test_a_weekend_without_power(shop, boss, mei):
    boss.says("提醒 周六10点 浇花")
    boss.says("活动 新建 会员茶会 周六14:00")
    mei.says("报名 1")
    boss.says("资料 小美 生日 9月28日")
    boss.confirms(boss.says("群发 全部 用 到店礼A 周六11:00"))
    mei.phone.news()
    shop.at("2026-09-28 10:00")
    shop.restart_door()
    both_strike(shop)
    shop.goes_on()
    # What was for that weekend is over for the customer; whoever planned it is told, once.
    assert mei.phone.news() == []
    told = boss.says("日历") + boss.says("日历")
    assert told.count("有条提醒错过了（原定 9月26日 周六 10:00）：浇花") == 1
    assert told.count("群发 1") >= 1
    assert "错过" in told
    assert f"小美 #{mei.number} 今天生日" in told
    assert "会员茶会" not in told
    shop.goes_on(hours=1)
    assert "浇花" not in boss.says("通知")


def test_a_clock_that_was_days_ahead_and_is_put_right_doubles_and_loses_nothing(shop, boss, mei):
    boss.says("提醒 明天9点 进货")
    boss.says("提醒 周四9点 结账")
    boss.says("活动 新建 会员茶会 周三14:00")
    mei.says("报名 1")
    shop.at("2026-09-22 14:00")
    mei.says("明天见")
    boss.says("在")
    boss.phone.news()
    mei.phone.news()
    both_strike(shop)
    shop.goes_on()
    assert sum("进货" in text for text in boss.phone.news()) == 1
    assert sum("会员茶会" in text for text in mei.phone.news()) == 1
    # The battery is empty: the machine thinks it is Monday again.
    shop.at("2026-09-21 11:00")
    both_strike(shop)
    shop.goes_on()
    assert boss.phone.news() == mei.phone.news() == []
    assert "结账" in boss.says("提醒")
    assert "进货" not in boss.says("提醒")
    for moment in ("2026-09-22 09:00", "2026-09-22 14:00", "2026-09-23 12:00"):
        shop.at(moment)
        both_strike(shop)
        shop.goes_on()
    assert "进货" not in "".join(boss.phone.news())
    assert sum("会员茶会" in text for text in mei.phone.news()) == 1
    boss.says("在")
    shop.at("2026-09-24 09:00")
    both_strike(shop)
    assert sum("结账" in text for text in boss.phone.news()) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_news_told_before_the_clock_was_set_back_are_pushed_all_the_same(shop, boss):
    shop.at("2026-10-21 10:00")
    boss.says("在")
    shop.follower("新来的")
    shop.at("2026-09-21 10:00")
    shop.goes_on()
    assert any("新顾客" in text for text in boss.phone.news())


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_birthday_in_a_summer_of_changed_clocks_is_on_its_day(shop, boss, mei):
    for told in ("1988年4月10日", "1986-05-04", "19910915"):
        assert "您的生日是" in mei.says(f"生日 {told}")
    for line, day in (("生日 1988年4月10日", "2027-04-10"), ("生日 1988年9月11日", "2027-09-11")):
        mei.says(line)
        shop.at(f"{day} 00:00")
        assert "今天生日" in boss.says("今日")
        shop.later(hours=23, minutes=59)
        assert "今天生日" in boss.says("今日")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_birthday_on_a_leap_day_and_over_new_year(shop, boss, mei):
    mei.says("生日 2000年2月29日")
    for day, words in (("2027-02-28", "今天生日"), ("2028-02-28", "明天生日"), ("2028-02-29", "今天生日")):
        shop.at(f"{day} 10:00")
        assert words in boss.says("今日"), day
    mei.says("生日 1月1日")
    shop.at("2028-12-30 10:00")
    assert "2天后生日" in boss.says("今日")
    shop.at("2028-12-31 23:00")
    assert "明天生日" in boss.says("今日")
