"""Holiday red packets: Mid-Autumn 2025 is Monday, 6 October; the shop's reminders come at 09:30."""

import pytest

from bot.domain.care import days, packets
from bot.domain.merchants import changes
from bot.errors import Refusal
from bot.language.care_intents import CalendarAdd, PacketPlan


def plan(shop, holiday="中秋", *, budget_fen=20_000, count=20, wishes="", by=None):
    said = PacketPlan(holiday, "老客群", budget_fen, count, wishes)
    with shop.open() as tx:
        return packets.plan(tx, shop.settings, staff_id=(by or shop.clerk).id, said=said).id


def done(shop, number, spent_fen=None):
    with shop.open() as tx:
        packets.done(tx, number, spent_fen=spent_fen, staff_id=shop.clerk.id)


def test_staff_are_reminded_three_days_before_the_day_before_and_that_morning(shop):
    plan(shop)
    for morning, words in [
        ("2025-10-03", "还有 3 天是中秋"),
        ("2025-10-05", "明天是中秋"),
        ("2025-10-06", "今天是中秋"),
    ]:
        assert shop.strike(f"{morning} 09:29") == 0
        assert shop.strike(f"{morning} 09:30") == 1
        [told] = shop.heard(shop.owner)
        assert words in told
        assert "晚了" not in told
        assert shop.heard(shop.clerk) == [told]


def test_the_reminder_carries_the_wish_to_copy_and_the_words_to_record_it(shop):
    plan(shop)
    shop.strike("2025-10-05 09:30")
    [told] = shop.heard(shop.owner)
    assert told == (
        "红包 1：明天是中秋（10月6日 周一），给“老客群”发 20 个，共 200元。"
        "\n祝福语（可复制）：\n中秋团圆，给您家添块月饼\n发完请回：红包 已发 1"
    )


def test_the_wish_is_the_plans_own_or_one_that_fits_the_day(shop):
    plan(shop, wishes="大家中秋好")
    plan(shop, "教师节")
    plan(shop, "清明")
    with shop.open() as tx:
        wishes = [packets.wish(tx, packet, shop.settings) for packet in packets.open_plans(tx)]
    assert wishes == ["教师节快乐，谢谢您常来", "大家中秋好", "谢谢您一直以来的照顾"]


def test_striking_twice_tells_once(shop):
    plan(shop)
    assert [shop.strike("2025-10-05 09:30"), shop.strike(), shop.strike("2025-10-05 09:31")] == [2, 0, 0]
    assert len(shop.heard(shop.owner)) == 1


@pytest.mark.parametrize("hour", ["00:00", "09:29", "09:30", "10:00", "23:59"])
@pytest.mark.parametrize(("day", "words"), [("2025-10-05", "明天是中秋"), ("2025-10-06", "今天是中秋")])
def test_a_jump_of_weeks_to_the_day_before_or_the_day_itself_is_heard_once_at_any_hour(shop, day, words, hour):
    plan(shop)
    shop.strike(f"{day} {hour}")
    shop.strike()
    [told] = shop.heard(shop.owner)
    assert words in told


def test_a_reminder_that_comes_late_says_so(shop):
    plan(shop)
    shop.strike("2025-10-05 14:00")
    assert shop.heard(shop.owner)[0].endswith("（这条晚了，原定 今天 09:30）")


def test_a_plan_made_the_day_before_in_the_afternoon_is_heard_at_once_and_is_not_late(shop):
    shop.clock.set(shop.at("2025-10-05 15:00"))
    plan(shop)
    assert shop.strike() == 1
    [told] = shop.heard(shop.owner)
    assert "明天是中秋" in told
    assert "晚了" not in told


def test_a_plan_made_two_days_before_waits_for_the_day_before(shop):
    shop.clock.set(shop.at("2025-10-04 15:00"))
    plan(shop)
    assert shop.strike() == 0
    assert shop.strike("2025-10-05 09:30") == 1


def test_what_was_not_recorded_is_asked_for_once_the_day_after(shop):
    plan(shop)
    shop.strike("2025-10-06 09:30")
    shop.heard(shop.owner)
    shop.strike("2025-10-07 09:30")
    shop.strike("2025-10-08 09:30")
    [told] = shop.heard(shop.owner)
    assert "中秋过了，还没有记已发" in told


def test_handed_out_and_counted_nobody_is_reminded_any_more(shop):
    number = plan(shop)
    shop.strike("2025-10-05 09:30")
    shop.heard(shop.owner)
    done(shop, number, 18_000)
    for day in ("2025-10-06", "2025-10-07", "2025-10-08"):
        shop.strike(f"{day} 12:00")
    assert shop.heard(shop.owner) == []


def test_without_an_amount_the_budget_counts_and_the_real_one_is_asked_for_a_day_later(shop):
    number = plan(shop)
    shop.strike("2025-10-06 12:00")
    shop.heard(shop.owner)
    done(shop, number)
    shop.strike("2025-10-07 11:59")
    assert shop.heard(shop.owner) == []
    shop.strike("2025-10-07 12:00")
    [told] = shop.heard(shop.owner)
    assert "实际花了多少" in told
    done(shop, number, 15_050)
    with shop.open() as tx:
        [packet] = packets.handed_out(tx)
        assert (packet.spent_fen, packet.spent_known, packet.done_at) == (15_050, True, shop.at("2025-10-06 12:00"))


def test_a_known_amount_is_not_asked_for(shop):
    number = plan(shop)
    shop.clock.set(shop.at("2025-10-06 09:00"))
    done(shop, number)
    done(shop, number, 19_900)
    shop.strike("2025-10-07 12:00")
    assert shop.heard(shop.owner) == []


def test_a_record_taken_back_and_made_again_is_asked_about_once(shop):
    number = plan(shop)
    shop.clock.set(shop.at("2025-10-06 09:00"))
    with shop.open() as tx:
        with tx.journaled() as journal:
            packets.done(tx, number, spent_fen=None, staff_id=shop.clerk.id)
        changes.keep(tx, staff_id=shop.clerk.id, label="已发", entries=journal.entries, final=None, message_key="m:1")
    with shop.open() as tx:
        changes.undo(tx, staff_id=shop.clerk.id, reverse={})
    shop.clock.set(shop.at("2025-10-06 20:00"))
    done(shop, number)
    shop.strike("2025-10-07 10:00")
    assert shop.heard(shop.owner) == []
    shop.strike("2025-10-07 20:00")
    assert len(shop.heard(shop.owner)) == 1


def test_more_than_the_budget_is_refused_naming_both(shop):
    number = plan(shop)
    with pytest.raises(Refusal, match=r"250元.*200元"):
        done(shop, number, 25_000)
    with shop.open() as tx:
        assert [packet.id for packet in packets.open_plans(tx)] == [number]


def test_recording_an_unknown_one_or_twice_is_refused_with_what_to_say(shop):
    number = plan(shop)
    with pytest.raises(Refusal, match=r"没有红包 7.*1 中秋"):
        done(shop, 7)
    with pytest.raises(Refusal, match="没有红包"):
        done(shop, 10**30)
    done(shop, number)
    with pytest.raises(Refusal, match="已经记过"):
        done(shop, number)


def test_an_unknown_holiday_gets_the_nearest_names_and_nothing_is_planned(shop):
    with pytest.raises(Refusal, match="中秋"):
        plan(shop, "中球节")
    with pytest.raises(Refusal, match=r"0.05元不够分成 20 个"):
        plan(shop, budget_fen=5)
    with shop.open() as tx:
        assert packets.open_plans(tx) == []


def test_a_day_of_the_shops_own_may_have_packets_too(shop):
    with shop.open() as tx:
        days.add(tx, shop.settings, staff_id=shop.owner.id, said=CalendarAdd("店庆", 10, 18, yearly=True))
    plan(shop, "店庆")
    with shop.open() as tx:
        assert packets.open_plans(tx)[0].on_day == "2025-10-18"


def test_a_holiday_that_is_over_this_year_is_planned_for_the_next(shop):
    shop.clock.set(shop.at("2025-12-30 10:00"))
    plan(shop, "春节")
    shop.strike("2026-02-16 08:00")
    assert "明天是春节（2月17日 周二）" in shop.heard(shop.owner)[0]


def test_taking_the_plan_back_takes_its_reminders_with_it(shop):
    said = PacketPlan("中秋", "老客群", 20_000, 20)
    with shop.open() as tx:
        with tx.journaled() as journal:
            packets.plan(tx, shop.settings, staff_id=shop.clerk.id, said=said)
        changes.keep(
            tx, staff_id=shop.clerk.id, label="红包计划", entries=journal.entries, final=None, message_key="m:1"
        )
    shop.strike("2025-10-03 09:30")
    assert len(shop.heard(shop.owner)) == 1
    shop.clock.set(shop.at("2025-09-01 09:00"))
    with shop.open() as tx:
        changes.undo(tx, staff_id=shop.clerk.id, reverse={})
    shop.strike("2025-10-05 10:00")
    assert shop.heard(shop.owner) == []
