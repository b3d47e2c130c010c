"""Time itself: stops, clocks set back and forth, the year's end, leap days, summer time. Nothing doubled, nothing lost."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from bot.domain.care import days, packets, reminders, rules
from bot.domain.care.models import CalendarDay, Occurrence, PacketPlan, Plan
from bot.domain.customers.models import Customer
from bot.domain.merchants.models import Change, Morning, Notice
from bot.domain.working_day import days_to_birthday
from bot.language import care_intents
from jobs import care, mornings

HOUR = timedelta(hours=1)
START = "2025-09-01 08:00"


def remind(shop, local, text):
    with shop.open() as tx:
        return reminders.remind(tx, staff_id=shop.clerk.id, at=shop.at(local), text=text).id


# -- down, and up again ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("down_for", "words"),
    [
        (timedelta(minutes=9), "提醒：关门"),
        (timedelta(hours=5, minutes=59), "（这条晚了，原定 今天 15:00）"),
        (timedelta(hours=6), "有条提醒错过了（原定 今天 15:00）：关门"),
        (timedelta(days=40), "有条提醒错过了（原定 9月5日 15:00）：关门"),
    ],
)
def test_after_a_stop_a_reminder_is_in_time_late_or_missed_by_the_rule(shop, down_for, words):
    remind(shop, "2025-09-05 15:00", "关门")
    shop.clock.set(shop.at("2025-09-05 15:00") + down_for)
    shop.strike()
    shop.strike()
    [told] = shop.heard(shop.clerk)
    assert words in told.replace(" 周五 15:00", " 15:00")
    assert ("晚了" in told) is (timedelta(minutes=10) < down_for < 6 * HOUR)


def test_a_tick_that_dies_after_it_struck_is_done_anew_by_the_next(shop, monkeypatch):
    remind(shop, "2025-09-05 15:00", "关门")
    shop.clock.set(shop.at("2025-09-05 15:00"))

    def killed(_point):
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr("bot.domain.care.occurrences.reach", killed)
        with pytest.raises(SystemExit):
            shop.strike()
    assert shop.heard(shop.clerk) == []
    shop.strike()
    assert len(shop.heard(shop.clerk)) == 1


# -- the end of the year, leap days, summer time -----------------------------------------------------------------------


def test_over_new_year_what_was_due_in_the_old_one_is_told_once(shop):
    shop.clock.set(shop.at("2025-12-31 20:00"))
    remind(shop, "2025-12-31 23:30", "关门")
    remind(shop, "2026-01-01 00:00", "新年")
    with shop.open() as tx:
        days.add(tx, shop.settings, staff_id=shop.owner.id, said=care_intents.CalendarAdd("盘点", 1, 2, yearly=True))
    shop.strike("2026-01-01 00:05")
    told = shop.heard(shop.clerk)
    assert [line.split("\n")[0] for line in told] == ["提醒：关门", "提醒：新年"]
    assert "原定 2025年12月31日" in told[0]
    shop.strike("2026-01-02 09:30")
    assert "日历：今天是“盘点”。" in shop.heard(shop.owner)


def test_a_leap_day_comes_every_year(shop):
    with shop.open() as tx:
        days.add(tx, shop.settings, staff_id=shop.owner.id, said=care_intents.CalendarAdd("闰日", 2, 29, yearly=True))
    heard = []
    for year in range(2026, 2030):
        for day in ("02-28", "02-29" if year == 2028 else "03-01"):
            shop.strike(f"{year}-{day} 09:30")
            heard += [f"{year}-{day}" for line in shop.heard(shop.owner) if "今天是" in line]
    assert heard == ["2026-02-28", "2027-02-28", "2028-02-29", "2029-02-28"]


def test_a_birthday_is_a_date_whatever_the_clocks_did_on_it(shop):
    # Clocks in China went forward on these nights and back on those; a moment in UTC would slip to the day before.
    for born in (date(1986, 5, 4), date(1988, 4, 10), date(1988, 9, 11), date(1991, 9, 15), date(1990, 7, 1)):
        customer = Customer(birth_year=born.year, birth_month=born.month, birth_day=born.day, birth_lunar=False)
        for year in (2025, 2026):
            assert days_to_birthday(customer, born.replace(year=year)) == 0
            assert days_to_birthday(customer, born.replace(year=year) - timedelta(days=1)) == 1
    zone = shop.settings.timezone
    assert rules.at_hour(date(1988, 7, 1), shop.settings.digest_at, zone).astimezone(UTC).hour == 0
    assert rules.at_hour(date(2025, 7, 1), shop.settings.digest_at, zone).astimezone(UTC).hour == 1


# -- a clock that jumps ------------------------------------------------------------------------------------------------

MINUTE = 60
JUMPS = st.lists(
    st.one_of(
        st.integers(-3 * MINUTE, 12 * MINUTE),
        st.integers(-3 * 24 * MINUTE, 9 * 24 * MINUTE),
        st.integers(-200 * 24 * MINUTE, 400 * 24 * MINUTE),
    ),
    min_size=1,
    max_size=12,
)
PLANTED = st.lists(st.integers(1, 60 * 24 * MINUTE), min_size=1, max_size=5, unique=True)


@given(planted=PLANTED, jumps=JUMPS)
@example(planted=[30], jumps=[40, -60, 60, 600])
@example(planted=[1, 2, 3], jumps=[400 * 24 * MINUTE, -400 * 24 * MINUTE, 5])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_the_clock_jumps_each_moment_is_struck_once_and_none_is_lost(jumping_shop, planted, jumps):
    shop = jumping_shop
    shop.clock.set(shop.at(START))
    start = shop.clock.now()
    with shop.open() as tx:
        for table in (Notice, Occurrence, Plan, PacketPlan, CalendarDay, Morning, Change):
            tx.execute(delete(table))
        due = {}
        for minutes in planted:
            at = start + timedelta(minutes=minutes)
            due[reminders.remind(tx, staff_id=shop.clerk.id, at=at, text=f"第{minutes}分").id] = at
        said = care_intents.CalendarAdd("店庆", 10, 18, yearly=True)
        days.add(tx, shop.settings, staff_id=shop.owner.id, said=said)
        packets.plan(
            tx, shop.settings, staff_id=shop.owner.id, said=care_intents.PacketPlan("中秋", "老客群", 20_000, 20, "")
        )
    for jump in jumps:
        shop.clock.set(max(start, shop.clock.now() + timedelta(minutes=jump)))
        tick(shop)
    # However it went, time goes on in the end.
    shop.clock.set(max(shop.clock.now(), start + timedelta(days=61)))
    tick(shop)
    told, struck = look(shop)
    assert all(count == 1 for count in Counter(notice.subject for notice in told if notice.subject).values())
    for plan_id, at in due.items():
        [occurrence] = [one for one in struck if one.plan_id == plan_id]
        assert occurrence.state in ("done", "missed")
        [notice] = [one for one in told if one.subject == f"{reminders.SUBJECT}{occurrence.id}"]
        late = notice.created_at - at
        assert late >= timedelta(0)
        assert (occurrence.state == "missed") is (late >= rules.REMINDER_GRACE) is ("错过了" in notice.text)
        assert ("这条晚了" in notice.text) is (rules.LATE_AFTER < late < rules.REMINDER_GRACE)
    for occurrence in struck:
        if occurrence.done_at is not None:
            assert occurrence.done_at >= occurrence.due_at
    # Of the shop's day nobody hears beforehand what is over, of the packets never two words on one day.
    heard = Counter((notice.text.split("：")[0], notice.created_at.date()) for notice in told if "红包" in notice.text)
    assert all(count == 1 for count in heard.values()), heard


def tick(shop):
    """Two ticks at one moment, as two schedulers would."""
    for _ in range(2):
        care.strike(shop.parts, shop.clock.now())


def look(shop):
    with shop.open() as tx:
        told = list(tx.session.scalars(select(Notice).where(Notice.staff_id == shop.clerk.id)))
        owners = list(tx.session.scalars(select(Notice).where(Notice.staff_id == shop.owner.id)))
        struck = list(tx.session.scalars(select(Occurrence)))
        tx.session.expunge_all()
    return [*told, *[one for one in owners if one.subject not in {same.subject for same in told}]], struck


def test_a_clock_set_back_over_the_morning_gives_no_second_one(shop):
    parts = SimpleNamespace(**vars(shop.parts))
    with shop.open() as tx:
        mei = Customer(
            is_staff=False, name="小美", created_at=tx.now, next_at=shop.at("2025-09-02 15:00"), next_step="发图"
        )
        tx.session.add(mei)
    for moment in ("2025-09-02 09:30", "2025-09-02 09:00", "2025-09-02 09:30", "2025-09-01 23:00", "2025-09-02 10:00"):
        shop.clock.set(shop.at(moment))
        mornings.strike(parts, shop.clock.now())
    [told] = shop.heard(shop.clerk)
    assert told.startswith("早上好，今天有 1 件：跟进 1")
    assert datetime.fromisoformat("2025-09-02").date().isoformat() in [row.day for row in mornings_of(shop)]


def mornings_of(shop):
    with shop.open() as tx:
        return tx.execute(select(Morning.day)).all()
