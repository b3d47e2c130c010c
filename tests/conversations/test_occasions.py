"""关怀: the usual year reminds staff, sends what was switched on, on its day only, and says what a year holds."""

from datetime import timedelta

import pytest

from bot.domain.care import occasions

SENT = "关怀 开 中秋"  # Friday, 25 September 2026; the story begins on the Monday before


def comes(shop, local, *talking):
    """That hour comes; who talks says a word just before, so that customer messages reach them."""
    shop.at(local)
    for person in talking:
        person.says("在")
    shop.goes_on(seconds=1)


def turns(shop):
    return [
        tuple(row) for row in shop.rows("SELECT title, on_day, step, state FROM care_turns ORDER BY on_day, at, step")
    ]


@pytest.fixture
def sends(shop, boss):
    """中秋 goes out by itself."""
    boss.confirms(boss.says(SENT))


def test_at_first_staff_are_reminded_and_customers_hear_nothing(shop, boss, mei):
    listed = boss.says("关怀")
    for line in ("提醒 18", "9月25日 中秋：提前 3 天提醒", "生日：提前 3 天提醒", "首购周年："):
        assert line in listed
    comes(shop, "2026-09-22 09:29", boss)
    assert not any("中秋" in text for text in boss.phone.pushed)
    comes(shop, "2026-09-22 09:30", boss)
    [told] = [text for text in boss.phone.news() if "中秋" in text]
    assert "还有 3 天是中秋（9月25日 周五），没开自动发" in told
    assert "关怀 开 中秋" in told
    comes(shop, "2026-09-25 09:40", boss, mei)
    [told] = [text for text in boss.phone.news() if "中秋" in text]
    assert "今天是中秋，没开自动发。要发：群发 全部 用 中秋祝福" in told
    comes(shop, "2026-09-25 12:00", boss, mei)
    assert mei.phone.pushed == []


def test_what_is_switched_on_goes_out_on_the_day_once(shop, boss, mei):
    lan = shop.regular("阿兰")
    lan.says("退订")
    plan = boss.says(SENT)
    for part in ("开了以后每年到时自己发", "9月25日 周五 10:00", "“全部” 1 位", "中秋快乐"):
        assert part in plan
    assert "下一个：9月25日 周五 10:00 中秋" in boss.confirms(plan)
    assert "9月25日 周五 中秋；放假 3 天，到 9月27日；10:00 中秋自动发给“全部”" in boss.says("日历")
    comes(shop, "2026-09-25 09:59", mei, lan)
    assert mei.phone.pushed == []
    comes(shop, "2026-09-25 10:00")
    [heard] = mei.phone.pushed
    assert heard.startswith("中秋快乐")
    assert "礼" not in heard
    comes(shop, "2026-09-25 10:01")
    comes(shop, "2026-09-26 10:00", mei)
    assert len(mei.phone.pushed) == 1
    assert lan.phone.pushed == []
    assert [row[2:] for row in turns(shop) if row[0] == "中秋"] == [
        ("morning", "done"),
        ("remind", "skipped"),
        ("send", "done"),
    ]


def test_two_schedulers_make_one_of_it(shop, sends, mei):
    shop.at("2026-09-25 10:00")
    mei.says("在")
    shop.schedulers_strike()
    shop.goes_on()
    assert len(mei.phone.pushed) == 1
    assert shop.rows("SELECT COUNT(*) FROM broadcasts") == [(1,)]


def test_late_on_the_day_it_still_goes_out_but_never_at_night_nor_after_the_day(shop, sends, boss, mei):
    comes(shop, "2026-09-25 20:30", mei)
    assert len(mei.phone.pushed) == 1
    boss.confirms(boss.says("关怀 开 国庆"))
    comes(shop, "2026-10-01 21:30", mei, boss)
    comes(shop, "2026-10-02 10:00", mei, boss)
    assert len(mei.phone.pushed) == 1
    told = [text for text in boss.phone.pushed if "关怀错过了" in text]
    assert len(told) == 1
    assert "国庆（10月1日 周四）" in told[0]
    assert ("国庆", "2026-10-01", "send", "missed") in turns(shop)


def test_what_waits_for_somebody_to_send_it_by_hand_is_off_the_list_the_day_after(shop, sends, boss, mei):
    shop.at("2026-09-24 12:00")
    comes(shop, "2026-09-25 10:00", boss)
    assert "小美" in boss.says("今日")
    assert "中秋快乐" in boss.says("文案 1")
    comes(shop, "2026-09-26 10:00", boss)
    assert "小美" not in boss.says("今日")
    assert "日子过了" in boss.says("重发 1")


def test_a_clock_that_jumps_over_months_tells_in_one_line_and_sends_nothing(shop, boss, mei):
    boss.confirms(boss.says("关怀 全开"))
    boss.phone.news()
    comes(shop, "2027-01-10 12:00", boss, mei)
    told = [text for text in boss.phone.pushed if "关怀" in text]
    assert len(told) == 1
    for name in ("国庆", "重阳", "冬至", "元旦"):
        assert name in told[0]
    assert mei.phone.pushed == []
    comes(shop, "2027-01-10 12:01", boss)
    assert len([text for text in boss.phone.pushed if "关怀" in text]) == 1


def test_days_that_come_together_are_one_reminder(shop, boss):
    """2028: Mid-Autumn is on 3 October, two days after National Day."""
    comes(shop, "2028-09-30 09:30", boss)
    [told] = [text for text in boss.phone.news() if "关怀" in text]
    assert "明天是国庆" in told
    assert "还有 3 天是中秋" in told


# -- switches and changes ----------------------------------------------------------------------------------------------


def test_a_change_is_said_back_whole_and_can_be_taken_back(shop, boss, mei):
    changed = boss.says("关怀 改 中秋 人群 M 话术 中秋祝福 礼物 月饼一块 提前5天 10:30")
    for part in ("“M” 0 位", "店里给您留了月饼一块", "提前 5 天", "10:30 发"):
        assert part in changed
    boss.says("撤销")
    again = boss.says("关怀 中秋")
    for part in ("“全部” 1 位", "提前 3 天", "10:00 发", "只提醒店员"):
        assert part in again
    assert "月饼" not in again.split("改：")[0]


def test_a_switch_turned_off_is_silent_and_taken_back_it_speaks(shop, boss, mei):
    assert "不提醒也不发" in boss.says("关怀 关 中秋")
    comes(shop, "2026-09-22 09:30", boss)
    assert not any("中秋" in text for text in boss.phone.pushed)
    boss.says("撤销")
    comes(shop, "2026-09-23 09:30", boss)
    assert any("还有 2 天是中秋" in text for text in boss.phone.pushed)


def test_switched_on_on_the_day_itself_it_goes_out_at_once_and_says_so(shop, boss, mei):
    shop.at("2026-09-25 15:00")
    mei.says("在")
    plan = boss.says(SENT)
    assert "9月25日 周五 10:00（钟点过了，马上就发）" in plan
    assert mei.phone.pushed == []
    boss.confirms(plan)
    shop.goes_on()
    assert len(mei.phone.pushed) == 1


def test_all_at_once_is_taken_back_at_once(shop, boss):
    boss.confirms(boss.says("关怀 全开"))
    assert "自动发 19" in boss.says("关怀")
    boss.says("撤销")
    assert "关 2，提醒 18" in boss.says("关怀")


def test_the_shops_own_day_is_kept_when_it_is_said_what_to_send(shop, boss, mei):
    boss.says("日历 添加 店庆 10月18日 每年")
    assert "还没有话术" in boss.says("关怀 开 店庆")
    boss.says("关怀 改 店庆 话术 店庆祝福")
    boss.confirms(boss.says("关怀 开 店庆"))
    comes(shop, "2026-10-18 10:00", mei)
    assert mei.phone.pushed[0].startswith("今天是我们的店庆")


def test_solar_terms_only_where_they_are_wanted(shop, boss, mei):
    assert "霜降" not in boss.says("日历")
    boss.says("关怀 提醒 节气")
    calendar = boss.says("日历")
    assert "10月8日 周四 寒露" in calendar
    comes(shop, "2026-10-08 09:30", boss)
    assert any("今天是寒露" in text for text in boss.phone.pushed)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("关怀 开 清明", "不发祝福"),
        ("关怀 中球", "中秋"),
        ("关怀 改 中秋 话术 没有这条", "没有叫“没有这条”的话术"),
        ("关怀 改 中秋 人群 火星人", "没有叫“火星人”的标签"),
        ("关怀 改 中秋 22:00", "静默时段"),
        ("关怀 改 中秋 服务", "只能算营销"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_changed(shop, boss, line, words):
    assert words in boss.says(line)
    assert shop.rows("SELECT COUNT(*) FROM care_occasions") == [(0,)]


def test_staff_switch_on_only_as_many_as_they_may_send_to(open_shop):
    shop = open_shop(staff_broadcast_max=2)
    shop.staff("王姐", "owner")
    clerk = shop.staff("小李")
    shop.regulars(3)
    assert "请老板来开" in clerk.says(SENT)


def test_vips_are_named_to_be_greeted_by_a_person(shop, boss, mei):
    boss.says("小美 +VIP")
    comes(shop, "2026-09-22 09:30", boss)
    [told] = [text for text in boss.phone.pushed if "中秋" in text]
    assert "请亲自问候：小美" in told


# -- each customer's own days ------------------------------------------------------------------------------------------


def test_a_birthday_is_told_of_before_and_kept_on_the_day_once(shop, boss, mei):
    boss.says("资料 小美 生日 农历八月二十")  # 30 September 2026
    boss.confirms(boss.says("关怀 开 生日"))
    assert "9月30日 周三 生日 小美 #" in boss.says("日历")
    comes(shop, "2026-09-27 09:30", boss)
    assert any("生日：3 天后（9月30日） 小美" in text for text in boss.phone.news())
    comes(shop, "2026-09-28 09:30", boss)
    assert not any("生日：" in text for text in boss.phone.news())
    comes(shop, "2026-09-30 09:59", mei, boss)
    assert mei.phone.pushed == []
    boss.says("回 小美 在的")
    shop.goes_on()
    comes(shop, "2026-09-30 10:00")
    comes(shop, "2026-09-30 11:30")
    assert [text[:7] for text in mei.phone.pushed] == ["在的", "小美，生日快乐"]
    comes(shop, "2026-10-01 10:00", mei)
    assert len([text for text in mei.phone.pushed if "生日快乐" in text]) == 1


def test_who_was_greeted_early_is_not_named_again_on_the_day(shop, boss, mei):
    boss.says("资料 小美 生日 9月24日")
    comes(shop, "2026-09-22 09:30", boss)
    assert any("生日：2 天后（9月24日） 小美" in text for text in boss.phone.news())
    assert "小美" in boss.says("今日")
    boss.says("完成 1 打过电话")
    comes(shop, "2026-09-24 09:30", boss)
    assert not any("生日" in text for text in boss.phone.news())
    assert "小美" not in boss.says("今日")


def test_a_round_that_is_broken_off_goes_on_at_the_next_tick(shop, boss, mei):
    boss.says("资料 小美 生日 9月25日")
    boss.confirms(boss.says("关怀 开 生日"))
    comes(shop, "2026-09-25 09:59", mei)
    boss.says("回 小美 在的")
    shop.goes_on()
    shop.at("2026-09-25 10:00")
    shop.scheduler_dies("round begun")
    shop.goes_on(seconds=1)
    assert [text[:7] for text in mei.phone.pushed] == ["在的", "小美，生日快乐"]


def test_who_has_a_birthday_hears_of_that_and_not_of_the_holiday(shop, sends, boss, mei):
    lan = shop.regular("阿兰")
    boss.says("资料 小美 生日 9月25日")
    boss.confirms(boss.says("关怀 开 生日"))
    shop.at("2026-09-24 12:00")
    for person in (mei, lan):
        person.says("在")
        boss.says(f"回 {person.name} 您好")
    shop.goes_on()
    comes(shop, "2026-09-25 10:00")
    assert mei.phone.pushed[-1].startswith("小美，生日快乐")
    assert lan.phone.pushed[-1].startswith("中秋快乐")
    comes(shop, "2026-09-25 15:00")
    assert len(mei.phone.pushed) == 2


def test_the_day_of_the_first_purchase_comes_round(shop, boss, mei):
    boss.says("消费 小美 298 连衣裙")
    boss.confirms(boss.says("关怀 开 首购周年"))
    comes(shop, "2026-09-21 12:00", mei)
    assert mei.phone.pushed == []
    assert "小美" not in boss.says("人群 首购周年=今天")
    shop.at("2027-09-20 12:00")
    mei.says("在")
    boss.says("回 小美 您好")
    assert "小美" in boss.says("人群 首购周年=7天内")
    shop.goes_on()
    comes(shop, "2027-09-21 10:00", boss)
    assert "往年的今天" in mei.phone.pushed[-1]
    assert "小美" in boss.says("人群 首购周年=今天")


# -- the year ahead ----------------------------------------------------------------------------------------------------


def test_next_year_today_shows_what_would_go_out_and_to_how_many(shop, sends, boss, mei):
    boss.says("资料 小美 生日 5月1日")
    shown = boss.says("明年今天")
    while "更多" in shown[-20:]:
        shown += boss.says("更多")
    for line in (
        "9月25日 周五 中秋：10:00 自动发给“全部” 1 位",
        "10月1日 周四 国庆：提醒店员，可发给“全部” 1 位",
        "2027年2月6日 周六 春节",
        "2027年9月15日 周三 中秋",
        "生日：一年里 1 位",
    ):
        assert line in shown, line


def test_every_usual_occasion_is_there_with_a_script_that_reads(shop, boss, mei):
    named = "元旦 除夕 春节 元宵 情人节 妇女节 劳动节 母亲节 端午 父亲节 七夕 教师节 中秋 国庆 重阳 冬至 生日 首购周年"
    assert set(named.split()) <= set(occasions.usual_year())
    for name in occasions.usual_year():
        said = boss.says(f"关怀 {name}")
        assert "说什么（话术" in said, name
        assert timedelta(days=1) <= timedelta(days=occasions.usual_year()[name].remind_days) <= timedelta(days=10)


# -- red packets -------------------------------------------------------------------------------------------------------


def test_who_thanks_for_a_packet_is_thanked_once_and_a_question_is_left_to_people(shop, boss, mei):
    lan = shop.regular("阿兰")
    boss.says("红包 计划 中秋 老客群 200元 20个")
    assert not mei.says("谢谢老板的红包").startswith("看到您回话了")
    assert "有人道谢可以回：看到您回话了" in boss.says("红包 已发 1")
    assert mei.says("谢谢老板的红包").startswith("看到您回话了")
    assert not mei.says("红包收到啦").startswith("看到您回话了")
    assert not lan.says("红包怎么没收到").startswith("看到您回话了")
    assert "1 位回了话" in boss.says("红包")
    assert "阿兰" in boss.says("待回")
    boss.says("撤销")
    boss.says("撤销")
    assert boss.says("红包").startswith("还没有红包计划")
