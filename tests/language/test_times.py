"""Times: said like people say them, in the shop's zone, never in the past. It is Wednesday, September 16th 2026, 14:00."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from said import at

from bot.language import RecurringTime, TimeError, read_day, read_recurrence, read_time, show_time, split_time
from bot.language.days import CalendarDay, take_calendar_day
from bot.language.normalise import read
from bot.language.times import take_leading_time


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("现在", "2026-09-16 14:00"),
        ("明天10点", "2026-09-17 10:00"),
        ("明天 十点", "2026-09-17 10:00"),
        ("明天10点半", "2026-09-17 10:30"),
        ("明天10点20", "2026-09-17 10:20"),
        ("明天三点一刻", "2026-09-17 15:15"),
        ("后天", "2026-09-18 10:00"),
        ("大后天中午", "2026-09-19 12:00"),
        ("今晚8点", "2026-09-16 20:00"),
        ("今晚12点", "2026-09-17 00:00"),
        ("明早", "2026-09-17 09:00"),
        ("明天下午", "2026-09-17 15:00"),
        ("明天凌晨3点", "2026-09-17 03:00"),
        ("明天03:30", "2026-09-17 03:30"),
        ("三点半", "2026-09-16 15:30"),
        ("下午三点", "2026-09-16 15:00"),
        ("20点", "2026-09-16 20:00"),
        ("今天", "2026-09-16 15:00"),
        ("周五 9:30", "2026-09-18 09:30"),
        ("周五15:00", "2026-09-18 15:00"),
        ("週五 9：30", "2026-09-18 09:30"),
        ("星期天晚上七点", "2026-09-20 19:00"),
        ("下周五下午三点", "2026-09-25 15:00"),
        ("下下周一", "2026-09-28 10:00"),
        ("周末", "2026-09-19 10:00"),
        ("周一", "2026-09-21 10:00"),
        ("周三", "2026-09-23 10:00"),
        ("周三 16:00", "2026-09-16 16:00"),
        ("9月20日 14:00", "2026-09-20 14:00"),
        ("9月20日14:00", "2026-09-20 14:00"),
        ("９月２０号下午２点", "2026-09-20 14:00"),
        ("九月二十日下午两点二十分", "2026-09-20 14:20"),
        ("9月20日 周日 14:00", "2026-09-20 14:00"),
        ("2026年9月20日", "2026-09-20 10:00"),
        ("2026-9-20 14:00", "2026-09-20 14:00"),
        ("9-20", "2026-09-20 10:00"),
        ("9/20", "2026-09-20 10:00"),
        ("1月5日", "2027-01-05 10:00"),
        ("明年3月8日", "2027-03-08 10:00"),
        ("20号", "2026-09-20 10:00"),
        ("10号 9:00", "2026-10-10 09:00"),
        ("下个月5号", "2026-10-05 10:00"),
        ("3天后", "2026-09-19 10:00"),
        ("三天后 10点", "2026-09-19 10:00"),
        ("两周后", "2026-09-30 10:00"),
        ("1个月后", "2026-10-16 10:00"),
        ("30分钟后", "2026-09-16 14:30"),
        ("2小时后", "2026-09-16 16:00"),
        ("半小时后", "2026-09-16 14:30"),
        ("一个半小时后", "2026-09-16 15:30"),
        ("农历八月十五 9:00", "2026-09-25 09:00"),
        ("農曆8月15 9:00", "2026-09-25 09:00"),
        ("正月初一", "2027-02-06 10:00"),
        ("元旦 10:00", "2027-01-01 10:00"),
        ("国庆节上午9点", "2026-10-01 09:00"),
        ("中秋当天 9:30", "2026-09-25 09:30"),
        ("明年春节 10:00", "2027-02-06 10:00"),
        ("腊月二十三", "2027-01-30 10:00"),
    ],
)
def test_times_are_read(said, meant, now):
    assert read_time(said, now).strftime("%Y-%m-%d %H:%M") == meant
    assert read_time(said, now).tzinfo is now.tzinfo


@pytest.mark.parametrize(
    ("said", "offered"),
    [
        ("今天10点", "明天 10:00"),
        ("8点", "今天 20:00"),
        ("12点", "明天 12:00"),
        ("周三 10:00", "9月23日 周三 10:00"),
        ("本周一", "9月21日 周一 10:00"),
        ("上周五", "9月18日 周五 10:00"),
        ("昨天", "明天 10:00"),
        ("昨晚8点", "明天 20:00"),
        ("9月1日", "2027年9月1日 周三 10:00"),
        ("2025-9-20", "9月20日 周日 10:00"),
        ("凌晨3点", "明天 03:00"),
    ],
)
def test_a_time_in_the_past_is_refused_with_the_next_sensible_one(said, offered, now):
    with pytest.raises(TimeError, match="已经过去了") as refusal:
        read_time(said, now)
    assert offered in str(refusal.value)
    assert read_time(offered, now) > now


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("2月30日", "没有2月30日"),
        ("2027年2月29日", "没有2月29日"),
        ("农历十三月一", "农历没有"),
        ("农历闰六月初一", "没有闰6月1日"),
        ("25点", "没有“25点”"),
        ("99:99", "没有“99:99”"),
        ("9月20日周五", "是周日"),
        ("9999天后", "太远"),
        ("某天", "没看懂"),
        ("", "没看懂"),
        ("明天10点打电话", "没看懂"),
        ("٣点", "没看懂"),
    ],
)
def test_what_is_no_time_is_refused_by_name(said, named, now):
    with pytest.raises(TimeError, match=named):
        read_time(said, now)


@pytest.mark.parametrize(
    "said", ["每周三 10:00", "每月1日 9:00", "每月1日", "每天9点", "每晚8点", "天天10点", "每星期五"]
)
def test_recurring_times_are_known_and_refused_where_one_time_is_meant(said, now):
    with pytest.raises(RecurringTime, match="会重复"):
        read_time(said, now)


@pytest.mark.parametrize(
    ("said", "shown", "first", "second"),
    [
        ("每周三 10:00", "每周三 10:00", "09-23 10:00", "09-30 10:00"),
        ("每周三下午3点", "每周三 15:00", "09-16 15:00", "09-23 15:00"),
        ("每星期五", "每周五 10:00", "09-18 10:00", "09-25 10:00"),
        ("每周日 9点半", "每周日 9:30", "09-20 09:30", "09-27 09:30"),
        ("每月1日 9:00", "每月1日 9:00", "10-01 09:00", "11-01 09:00"),
        ("每个月三十一号 9:00", "每月31日 9:00", "09-30 09:00", "10-31 09:00"),
        ("每天9点", "每天 9:00", "09-17 09:00", "09-18 09:00"),
    ],
)
def test_recurring_times_know_their_next_dates(said, shown, first, second, now):
    recurrence = read_recurrence(said)
    assert str(recurrence) == shown
    assert read_recurrence(shown) == recurrence
    assert recurrence.after(now) == at(first)
    assert recurrence.after(at(first)) == at(second)


@pytest.mark.parametrize("said", ["每周", "每年10月18日 9:00", "每月32日 9:00", "每周三 25:00", "每晚8点", "明天10点"])
def test_odd_recurring_times_are_refused(said):
    with pytest.raises(TimeError):
        read_recurrence(said)


@given(st.integers(0, 600 * 24 * 60))
def test_what_we_show_we_can_read(minutes):
    now = datetime(2026, 9, 16, 14, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    at = now + timedelta(minutes=minutes)
    assert read_time(show_time(at.astimezone(UTC), now), now) == at


@given(st.text(alphabet="0123456789年月日号点时分半刻周下上午晚明后天每农历初正腊一二三五十零:/-. 小内", max_size=14))
def test_odd_times_are_read_or_refused_but_never_in_the_past(text):
    now = datetime(2026, 9, 16, 14, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    with suppress(TimeError):
        assert read_time(text, now) >= now
    with suppress(TimeError):
        assert (split_time(text, now)[0] or now) >= now


def test_an_hour_is_an_hour_on_the_night_the_clocks_change():
    paris = datetime(2026, 3, 29, 1, 30, tzinfo=ZoneInfo("Europe/Paris"))
    assert read_time("2小时后", paris) - paris.astimezone(UTC) == timedelta(hours=2)


@pytest.mark.parametrize(
    ("line", "meant", "rest"),
    [
        ("给张姐打电话 明天10点", "09-17 10:00", "给张姐打电话"),
        ("中秋茶会9月20日14:00名额20", "09-20 14:00", "中秋茶会 名额20"),
        ("到店礼A明天10点", "09-17 10:00", "到店礼A"),
        ("聊了價格 周五", "09-18 10:00", "聊了價格"),
        ("周五 15:00 A9-20", "09-18 15:00", "A9-20"),
        ("明天出差", None, "明天出差"),
        ("货号 A9-20", None, "货号 A9-20"),
        ("没有时间", None, "没有时间"),
    ],
)
def test_a_time_is_found_inside_a_line(line, meant, rest, now):
    at, text = split_time(line, now)
    assert (at.strftime("%m-%d %H:%M") if at else None, text) == (meant, rest)


def test_a_time_at_the_beginning_needs_no_space_after_it(now):
    at, rest = take_leading_time(read("明天10点给张姐打电话"), now)
    assert (at.hour, rest.typed) == (10, "给张姐打电话")


def test_days(now):
    assert read_day("30天后", now) == date(2026, 10, 16)
    assert read_day("今天", now) == date(2026, 9, 16)
    with pytest.raises(TimeError, match="2026年9月17日"):
        read_day("昨天", now)
    with pytest.raises(TimeError, match="没看懂"):
        read_day("那天", now)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("10月18日", CalendarDay(10, 18, None, False)),
        ("10-18", CalendarDay(10, 18, None, False)),
        ("2027年10月18日", CalendarDay(10, 18, 2027, False)),
        ("农历八月十五", CalendarDay(8, 15, None, True)),
        ("腊月廿三", CalendarDay(12, 23, None, True)),
        ("2月29日", CalendarDay(2, 29, None, False)),
        ("后天", CalendarDay(9, 18, 2026, False)),
    ],
)
def test_days_of_the_calendar_stay_as_said(said, day, now):
    found = take_calendar_day(read(f"店庆 {said}"), now.date())
    assert found is not None
    assert found[0] == day
    assert [piece.typed for piece in found[1]] == ["店庆"]
