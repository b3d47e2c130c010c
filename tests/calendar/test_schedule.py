"""The clock strikes: in time, late, too late, twice at once, forwards and backwards."""

import threading

import pytest
from shop import at_once
from sqlalchemy import select

from bot.domain.care import days, reminders, service
from bot.domain.care.models import Occurrence, Plan
from bot.domain.merchants.models import Staff
from bot.errors import Refusal
from bot.language.care_intents import CalendarAdd
from jobs import care
from jobs.schedule import Entry
from jobs.scheduler import Lease, run_scheduler

LATER = "\n（晚点再说：推迟 1小时）"
TOLD = f"提醒：给张姐打电话{LATER}"


def remind(shop, local, text="给张姐打电话", by=None):
    with shop.open() as tx:
        reminders.remind(tx, staff_id=(by or shop.clerk).id, at=shop.at(local), text=text)


def add_day(shop, title, month, day, **more):
    with shop.open() as tx:
        days.add(tx, shop.settings, staff_id=shop.owner.id, said=CalendarAdd(title, month, day, **more))


def states(shop):
    with shop.open() as tx:
        return list(tx.session.scalars(select(Occurrence.state).order_by(Occurrence.due_at)))


def test_a_reminder_to_oneself_comes_to_oneself_at_its_time(shop):
    remind(shop, "2025-09-05 15:00")
    shop.strike("2025-09-05 14:59")
    assert shop.heard(shop.clerk) == []
    shop.strike("2025-09-05 15:00")
    assert shop.heard(shop.clerk) == [TOLD]
    assert shop.heard(shop.owner) == []


def test_after_a_stop_within_six_hours_it_comes_late_and_says_so(shop):
    remind(shop, "2025-09-05 15:00")
    shop.strike("2025-09-05 20:59")
    assert shop.heard(shop.clerk) == [f"{TOLD}\n（这条晚了，原定 今天 15:00）"]


def test_after_a_longer_stop_it_is_missed_and_staff_are_asked(shop):
    remind(shop, "2025-09-05 15:00")
    shop.strike("2025-09-05 21:00")
    [told] = shop.heard(shop.clerk)
    assert "错过了（原定 今天 15:00）：给张姐打电话" in told
    assert states(shop) == ["missed"]


def test_a_moment_that_has_passed_is_refused(shop):
    with pytest.raises(Refusal, match="已经过了"):
        remind(shop, "2025-09-01 08:00")


def test_a_clock_set_back_repeats_nothing(shop):
    remind(shop, "2025-09-05 15:00")
    remind(shop, "2025-09-20 15:00", "订月饼")
    shop.strike("2025-09-05 15:00")
    shop.strike("2025-09-02 08:00")
    shop.strike("2025-09-05 15:00")
    assert len(shop.heard(shop.clerk)) == 1
    shop.strike("2025-09-20 15:00")
    assert shop.heard(shop.clerk) == [f"提醒：订月饼{LATER}"]


def test_a_moment_read_as_due_before_the_clock_was_set_back_waits(shop):
    remind(shop, "2025-09-05 15:00")
    with shop.open() as tx:
        [number] = tx.session.scalars(select(Occurrence.id))
        assert not service.strike(tx, number, shop.settings)
    assert states(shop) == ["due"]


def test_what_somebody_left_behind_goes_to_the_owner(shop):
    remind(shop, "2025-09-05 15:00")
    with shop.open() as tx:
        tx.session.get_one(Staff, shop.clerk.id).active = False
    shop.strike("2025-09-05 15:00")
    assert shop.heard(shop.clerk) == []
    assert shop.heard(shop.owner) == [f"提醒：给张姐打电话（小李留下的）{LATER}"]


def test_a_day_of_the_shop_is_told_before_and_that_morning_every_year(shop):
    add_day(shop, "店庆", 10, 18, yearly=True)
    for year, weekday in ((2025, "周六"), (2026, "周日"), (2027, "周一")):
        shop.strike(f"{year}-10-15 09:30")
        shop.strike(f"{year}-10-18 09:30")
        shop.strike(f"{year}-12-31 23:59")
        assert shop.heard(shop.owner) == [
            f"日历：“店庆”还有 3 天（10月18日 {weekday}）。",
            "日历：今天是“店庆”。",
        ]


def test_a_yearly_day_survives_a_jump_over_years_and_back(shop):
    add_day(shop, "店庆", 10, 18, yearly=True)
    shop.strike("2031-03-01 12:00")
    shop.strike()
    shop.heard(shop.owner)
    shop.strike("2031-10-18 10:00")
    assert "今天是“店庆”" in shop.heard(shop.owner)[-1]
    shop.strike("2028-03-01 12:00")
    shop.strike("2028-10-18 09:30")
    assert "今天是“店庆”" in shop.heard(shop.owner)[-1]


def test_a_lunar_day_across_the_new_year(shop):
    shop.clock.set(shop.at("2025-12-20 10:00"))
    add_day(shop, "老店生日", 12, 8, lunar=True, yearly=True)
    shop.strike("2026-01-23 09:30")
    assert shop.heard(shop.owner) == ["日历：“老店生日”还有 3 天（1月26日 周一）。"]


def test_a_day_that_comes_once_comes_once(shop):
    add_day(shop, "装修", 9, 10)
    shop.strike("2025-09-10 23:00")
    assert len(shop.heard(shop.owner)) == 1
    shop.strike("2026-09-10 10:00")
    assert shop.heard(shop.owner) == []


def test_the_same_day_twice_a_day_behind_us_and_a_day_that_is_none_are_refused(shop):
    add_day(shop, "店庆", 10, 18, yearly=True)
    with pytest.raises(Refusal, match="已经有“店庆”"):
        add_day(shop, "店庆", 10, 18)
    with pytest.raises(Refusal, match="已经过了"):
        add_day(shop, "装修", 8, 1, year=2025)
    with pytest.raises(Refusal, match="没有2月30日"):
        add_day(shop, "怪日子", 2, 30, yearly=True)


def test_the_calendar_holds_holidays_own_days_own_reminders_and_other_rooms_plans(shop):
    add_day(shop, "店庆", 9, 12, yearly=True)
    remind(shop, "2025-09-12 15:00")
    remind(shop, "2025-09-13 15:00", "别人的", by=shop.owner)

    def broadcasts(tx, start, end):
        return [(shop.at("2025-09-12 10:00"), "群发 12")]

    with shop.open() as tx:
        coming = service.calendar(tx, shop.settings, staff_id=shop.clerk.id, sources=[broadcasts])
    assert [(f"{entry.day:%m-%d}", entry.words) for entry in coming] == [
        ("09-10", "教师节"),
        ("09-12", "店庆"),
        ("09-12", "群发 12"),
        ("09-12", "提醒：给张姐打电话"),
        ("09-28", "上班（国庆调休）"),
        ("10-01", "国庆"),
        ("10-01", "放假 8 天，到 10月8日"),
    ]


def test_two_schedulers_that_strike_at_once_tell_once(shop):
    for minute in range(10):
        remind(shop, f"2025-09-05 15:{minute:02}", f"第{minute}件")
    shop.clock.set(shop.at("2025-09-05 15:30"))
    assert sum(at_once(shop.strike, shop.strike)) == 10
    assert len(shop.heard(shop.clerk)) == 10


def test_one_bad_row_does_not_stop_the_others_and_is_left_alone_after_three_tries(shop):
    remind(shop, "2025-09-05 15:00", "坏的")
    remind(shop, "2025-09-05 15:01", "好的")
    with shop.open() as tx:
        tx.session.scalars(select(Plan).where(Plan.title == "坏的")).one().kind = "of a later version"
    shop.strike("2025-09-05 15:01")
    assert shop.heard(shop.clerk) == [f"提醒：好的{LATER}"]
    assert states(shop) == ["due", "done"]
    shop.strike()
    shop.strike()
    assert states(shop) == ["failed", "done"]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_quiet_tick_waits_for_no_writer(shop):
    add_day(shop, "店庆", 10, 18, yearly=True)
    with shop.open():
        assert shop.strike() == 0


def test_one_scheduler_holds_the_lease_until_it_is_given_back_or_lapses(shop):
    first, second, third = (Lease(shop.store, shop.clock, seconds=seconds) for seconds in (30, 0, 30))
    assert first.hold()
    assert first.hold()
    assert not second.hold()
    first.release()
    assert second.hold()
    # The second one's lease of no length has lapsed already: whoever comes next takes it, and the second one knows.
    assert third.hold()
    assert not second.hold()
    assert (first.fence, second.fence, third.fence) == (1, 2, 3)


def test_of_four_that_see_a_lapsed_lease_one_takes_it(shop):
    assert Lease(shop.store, shop.clock, seconds=0).hold()
    for _ in range(10):
        rivals = [Lease(shop.store, shop.clock, seconds=30) for _ in range(4)]
        assert sum(at_once(*(rival.hold for rival in rivals))) == 1
        next(rival for rival in rivals if rival.fence).release()


def test_a_released_lease_of_another_is_not_touched(shop):
    zombie, living = Lease(shop.store, shop.clock, seconds=0), Lease(shop.store, shop.clock, seconds=30)
    assert zombie.hold()
    assert living.hold()
    zombie.release()
    assert not zombie.hold()


def test_the_loop_strikes_what_a_jump_of_the_clock_brings_and_goes_on_after_a_failing_entry(shop):
    remind(shop, "2025-09-05 15:00")
    stop, told = threading.Event(), threading.Event()

    def broken(parts, now):
        raise LookupError("not this one")

    def strike(parts, now):
        struck = care.strike(parts, now)
        if struck:
            told.set()
        return struck

    schedule = [Entry("broken", broken), Entry("care", strike)]
    loop = threading.Thread(
        target=run_scheduler, args=(shop.parts,), kwargs={"stop": stop, "schedule": schedule, "tick_seconds": 0.01}
    )
    loop.start()
    shop.clock.set(shop.at("2025-09-05 15:00"))
    assert told.wait(10)
    stop.set()
    loop.join(10)
    assert not loop.is_alive()
    assert shop.heard(shop.clerk) == [TOLD]
    assert Lease(shop.store, shop.clock, seconds=30).hold()
