"""Holidays against tables typed from printed calendars: the library must not be its own judge."""

from datetime import date, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.domain.care import holidays, rules
from bot.language.days import lunar_words

SPRING_FESTIVAL = """
    2000-02-05 2001-01-24 2002-02-12 2003-02-01 2004-01-22 2005-02-09 2006-01-29 2007-02-18 2008-02-07 2009-01-26
    2010-02-14 2011-02-03 2012-01-23 2013-02-10 2014-01-31 2015-02-19 2016-02-08 2017-01-28 2018-02-16 2019-02-05
    2020-01-25 2021-02-12 2022-02-01 2023-01-22 2024-02-10 2025-01-29 2026-02-17 2027-02-06 2028-01-26 2029-02-13
    2030-02-03"""
MID_AUTUMN = """
    2015-09-27 2016-09-15 2017-10-04 2018-09-24 2019-09-13 2020-10-01 2021-09-21 2022-09-10 2023-09-29 2024-09-17
    2025-10-06 2026-09-25 2027-09-15 2028-10-03 2029-09-22 2030-09-12"""
DRAGON_BOAT = """
    2015-06-20 2016-06-09 2017-05-30 2018-06-18 2019-06-07 2020-06-25 2021-06-14 2022-06-03 2023-06-22 2024-06-10
    2025-05-31 2026-06-19 2027-06-09 2028-05-28 2029-06-16 2030-06-05"""
OTHERS = {
    "元宵": "2023-02-05 2024-02-24 2025-02-12 2026-03-03",
    "清明": "2015-04-05 2016-04-04 2019-04-05 2020-04-04 2023-04-05 2024-04-04 2025-04-04 2026-04-05 2027-04-05",
    "冬至": "2019-12-22 2020-12-21 2021-12-21 2022-12-22 2023-12-22 2024-12-21 2025-12-21 2026-12-22",
    "七夕": "2020-08-25 2021-08-14 2022-08-04 2023-08-22 2024-08-10 2025-08-29 2026-08-19",
    "重阳": "2020-10-25 2021-10-14 2022-10-04 2023-10-23 2024-10-11 2025-10-29 2026-10-18",
    "母亲节": "2022-05-08 2023-05-14 2024-05-12 2025-05-11 2026-05-10 2027-05-09",
    "父亲节": "2022-06-19 2023-06-18 2024-06-16 2025-06-15 2026-06-21 2027-06-20",
    "感恩节": "2023-11-23 2024-11-28 2025-11-27 2026-11-26",
    "除夕": "2024-02-09 2025-01-28 2026-02-16",
}
TABLES = {"春节": SPRING_FESTIVAL, "中秋": MID_AUTUMN, "端午": DRAGON_BOAT, **OTHERS}


@pytest.mark.parametrize("name", TABLES)
def test_the_days_are_those_of_the_printed_calendar(name):
    printed = [date.fromisoformat(day) for day in TABLES[name].split()]
    assert [holidays.day_of(name, day.year) for day in printed] == printed


def test_new_years_eve_is_the_29th_or_the_30th_of_the_last_month():
    assert holidays.day_of("除夕", 2024) == rules.lunar_day(2023, 12, 30)
    assert holidays.day_of("除夕", 2025) == rules.lunar_day(2024, 12, 29)


@pytest.mark.parametrize("name", sorted(set(holidays.NAMES) - {"腊八"}))
def test_every_occasion_comes_once_in_each_solar_year(name):
    day = date(1999, 12, 31)
    for year in range(2000, 2060):
        day = holidays.next_day(name, day + timedelta(days=1))
        assert day.year == year


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("中秋", "中秋"),
        ("中秋节", "中秋"),
        (" 中 秋 佳节", "中秋"),
        ("中秋节快乐", "中秋"),
        ("八月十五", "中秋"),
        ("过年", "春节"),
        ("大年初一", "春节"),
        ("年三十", "除夕"),
        ("元霄节", "元宵"),
        ("端午节", "端午"),
        ("5.1", "劳动节"),
        ("五一", "劳动节"),
        ("十一", "国庆"),
        ("双11", "双十一"),
        ("光棍节", "双十一"),
        ("520", "520"),
        ("圣诞节", "圣诞"),
        ("三八节", "妇女节"),
        ("中元节", None),
        ("店庆", None),
        ("节", None),
        ("", None),
    ],
)
def test_many_names_mean_one_occasion(said, meant):
    assert holidays.find(said) == meant


def test_a_misspelt_name_gets_the_nearest_and_a_strange_one_what_comes_next():
    today = date(2025, 9, 1)
    assert "中秋" in holidays.nearest("中球节", today)
    assert "圣诞" in holidays.nearest("圣蛋节", today)
    assert {"元旦", "春节"} <= set(holidays.nearest("新年", today))
    assert holidays.nearest("dhgj", today) == ["教师节", "国庆", "中秋"]
    assert holidays.nearest("店庆日", today, others=["店庆"]) == ["店庆"]


def test_the_next_one_may_be_today_or_in_the_new_year():
    assert holidays.next_day("中秋", date(2025, 10, 6)) == date(2025, 10, 6)
    assert holidays.next_day("中秋", date(2025, 10, 7)) == date(2026, 9, 25)
    assert holidays.next_day("元旦", date(2025, 12, 31)) == date(2026, 1, 1)


def test_laba_may_come_twice_in_one_solar_year_and_not_in_the_next():
    assert holidays.next_day("腊八", date(2022, 1, 11)) == date(2022, 12, 30)
    assert holidays.next_day("腊八", date(2022, 12, 31)) == date(2024, 1, 18)
    assert (date(2022, 12, 30), "腊八") in holidays.between(date(2022, 12, 1), date(2022, 12, 31))


def test_a_stretch_of_days_lists_its_occasions_across_the_new_year():
    assert holidays.between(date(2025, 12, 24), date(2026, 1, 1)) == [
        (date(2025, 12, 24), "平安夜"),
        (date(2025, 12, 25), "圣诞"),
        (date(2026, 1, 1), "元旦"),
    ]
    both = date(2020, 10, 1)
    assert holidays.between(both, both) == [(both, "中秋"), (both, "国庆")]


def test_a_lunar_30th_that_does_not_exist_is_the_last_day_of_the_month():
    assert rules.lunar_day(2024, 12, 30) == rules.lunar_day(2024, 12, 29) == date(2025, 1, 28)
    assert rules.lunar_day(2023, 12, 30) == date(2024, 2, 9)


def test_a_lunar_day_stands_in_the_ordinary_month_never_in_the_leap_one():
    # 2025 has a sixth month and a leap sixth month; 2033 has a leap eleventh.
    assert rules.lunar_day(2025, 6, 1) == date(2025, 6, 25)
    assert rules.lunar_day(2025, 7, 1) == date(2025, 8, 23)
    assert rules.lunar_day(2033, 11, 1) == date(2033, 11, 22)


def test_a_leap_month_is_the_ordinary_one_in_a_year_without_it():
    assert rules.lunar_day(2025, -6, 1) == date(2025, 7, 25)
    assert rules.lunar_day(2026, -6, 1) == rules.lunar_day(2026, 6, 1) == date(2026, 7, 14)


@pytest.mark.parametrize(
    ("month", "day", "words"),
    [
        (1, 1, "农历正月初一"),
        (8, 15, "农历八月十五"),
        (12, 10, "农历腊月初十"),
        (11, 20, "农历冬月二十"),
        (-6, 21, "农历闰六月廿一"),
        (3, 30, "农历三月三十"),
    ],
)
def test_a_lunar_date_is_said_as_people_say_it(month, day, words):
    assert lunar_words(month, day) == words


@pytest.mark.parametrize(("month", "day"), [(0, 1), (13, 1), (8, 31), (8, 0)])
def test_a_lunar_date_that_cannot_be_is_refused(month, day):
    with pytest.raises(ValueError, match="no lunar date"):
        rules.lunar_day(2025, month, day)


def test_yearly_days_come_round():
    assert rules.next_yearly(2, 29, lunar=False, on_or_after=date(2025, 1, 1)) == date(2025, 2, 28)
    assert rules.next_yearly(2, 29, lunar=False, on_or_after=date(2027, 3, 1)) == date(2028, 2, 29)
    assert rules.next_yearly(10, 18, lunar=False, on_or_after=date(2025, 10, 19)) == date(2026, 10, 18)
    assert rules.next_yearly(12, 8, lunar=True, on_or_after=date(2025, 1, 1)) == date(2025, 1, 7)
    assert rules.next_yearly(12, 8, lunar=True, on_or_after=date(2025, 1, 8)) == date(2026, 1, 26)


def test_a_day_no_year_has_is_refused():
    with pytest.raises(ValueError, match="day"):
        rules.next_yearly(2, 30, lunar=False, on_or_after=date(2025, 1, 1))


SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING = time(9, 30)


def test_packet_reminders_hand_over_to_each_other_without_a_gap():
    reminders = rules.packet_reminders(date(2025, 10, 6), 3, hour=MORNING, zone=SHANGHAI)
    assert [due.at.astimezone(SHANGHAI).isoformat(" ", "minutes")[5:16] for due in reminders] == [
        "10-03 09:30",
        "10-05 09:30",
        "10-06 09:30",
        "10-06 18:00",
        "10-07 09:30",
        "10-09 09:30",
    ]
    assert all(earlier.until == later.at for earlier, later in pairwise(reminders))


def test_a_reminder_of_the_day_before_is_not_given_twice():
    assert len(rules.packet_reminders(date(2025, 10, 6), 1, hour=MORNING, zone=SHANGHAI)) == 5


def test_an_hour_of_the_shop_is_that_hour_also_where_clocks_change():
    berlin = ZoneInfo("Europe/Berlin")
    assert rules.at_hour(date(2025, 1, 1), MORNING, berlin).hour == 8
    assert rules.at_hour(date(2025, 7, 1), MORNING, berlin).hour == 7
