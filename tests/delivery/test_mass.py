"""Mass calls: one text for many, one key for ever, and the platform's own word on how they ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from delivery_shop import MORNING, TEXT, Shop
from sink import CUSTOM, MASS, Fault
from sqlalchemy import text

from bot.delivery import limits, outbox
from bot.delivery.rules import MASS_PER_MINUTE, MASS_PER_MONTH

FANS = [f"p{number}" for number in range(1, 8)]


def test_one_call_for_everybody_who_gets_the_same(shop: Shop) -> None:
    shop.broadcast(FANS, route="mass", variant="A")
    shop.broadcast(["p8", "p9"], route="mass", variant="B", content={"type": "text", "text": "另一种说法"})
    shop.send()
    assert shop.states() == {"sent": 9}
    assert sorted(len(body["touser"]) for body in shop.platform.calls[MASS]) == [2, 7]
    assert {len(body["clientmsgid"].encode()) for body in shop.platform.calls[MASS]} == {32}
    assert len({row.platform_id for row in shop.rows()}) == 2


def test_a_group_of_one_goes_by_its_window_or_by_hand(shop: Shop) -> None:
    shop.talks("p1")
    shop.broadcast(["p1"], route="mass")
    shop.broadcast(["p2"], route="mass", number=2)
    shop.send()
    assert (shop.row("p1").state, shop.row("p1").route) == ("sent", "custom")
    assert (shop.row("p2").state, shop.row("p2").route) == ("by_hand", "by_hand")
    assert "至少要两位" in shop.row("p2").reason
    assert shop.do(lambda tx: limits.mass_left(tx, "main", ["p1", "p2"], tx.now)) == {"p1": 4, "p2": 4}


def test_the_fifth_of_a_month_is_left_to_staff(shop: Shop) -> None:
    for _ in range(MASS_PER_MONTH):
        shop.do(lambda tx: limits.take_months(tx, "main", ["p1"], tx.now))
    shop.broadcast(FANS, route="mass")
    shop.send()
    assert shop.states() == {"sent": 6, "by_hand": 1}
    assert shop.row("p1").state == "by_hand"
    shop.later(days=14)
    assert shop.do(lambda tx: limits.mass_left(tx, "main", ["p1"], tx.now)) == {"p1": 4}


def test_closed_windows_join_before_the_call_is_made(shop: Shop) -> None:
    shop.broadcast(FANS[:5])
    shop.broadcast(FANS[5:], route="mass")
    shop.send()
    assert shop.states() == {"sent": 7}
    (body,) = shop.platform.calls[MASS]
    assert sorted(body["touser"]) == FANS


@pytest.mark.parametrize("act", [True, False], ids=["arrived", "lost"])
@pytest.mark.parametrize("how", ["reset", "html", "hang", "silent"])
def test_an_unclear_call_is_repeated_with_its_key_and_only_that(shop: Shop, act: bool, how: str) -> None:
    shop.platform.faults.append(Fault(how, path=MASS, act=act))
    shop.broadcast(FANS, route="mass")
    shop.send()
    assert shop.states() == {"unknown": 7}
    shop.sweep()
    shop.send()
    assert len(shop.platform.calls[MASS]) == 1, "the platform refuses a key twice within a minute"
    shop.later(seconds=61)
    shop.sweep()
    shop.send()
    assert shop.states() == {"sent": 7}
    first, second = shop.platform.calls[MASS]
    assert first == second
    assert set(shop.platform.got().values()) == {1}
    assert {row.platform_id for row in shop.rows()} == {"1000"}
    assert {row.sent_at for row in shop.rows()} == {MORNING}


def test_the_repeat_names_the_same_people_though_some_were_tried_before(shop: Shop) -> None:
    shop.talks("p1")
    shop.platform.faults += [Fault(45015, path=CUSTOM), Fault("reset", path=MASS)]
    shop.broadcast(["p1"])
    shop.broadcast(FANS[1:], route="mass")
    shop.send()
    assert shop.states() == {"unknown": 7}
    shop.later(seconds=61)
    shop.sweep()
    shop.send()
    first, second = shop.platform.calls[MASS]
    assert sorted(first["touser"]) == FANS
    assert first == second
    assert shop.states() == {"sent": 7}


def test_busy_repeats_the_key_and_gives_up_asking_after_a_day(shop: Shop) -> None:
    shop.platform.faults.append(Fault(-1, path=MASS, times=1000))
    shop.broadcast(FANS, route="mass")
    for _ in range(60):
        shop.sweep()
        shop.send()
        shop.later(hours=1)
    bodies = shop.platform.calls[MASS]
    assert len({body["clientmsgid"] for body in bodies}) == 1
    assert 4 <= len(bodies) <= 12
    assert shop.states() == {"unknown": 7}


def test_a_day_later_the_key_is_not_trusted_any_more(shop: Shop) -> None:
    shop.platform.faults.append(Fault("reset", path=MASS))
    shop.broadcast(FANS, route="mass")
    shop.send()
    shop.later(hours=24)
    shop.sweep()
    shop.send()
    assert len(shop.platform.calls[MASS]) == 1
    assert shop.states() == {"unknown": 7}


def test_a_repeat_that_had_to_wait_too_long_is_not_made(shop: Shop) -> None:
    shop.platform.faults.append(Fault("reset", path=MASS))
    shop.broadcast(FANS, route="mass")
    shop.send()
    shop.later(minutes=2)
    shop.sweep()
    shop.do(lambda tx: outbox.pause(tx, 1))
    shop.later(days=2)
    shop.do(lambda tx: outbox.resume(tx, 1))
    shop.send()
    assert len(shop.platform.calls[MASS]) == 1
    assert shop.states() == {"unknown": 7}


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_sweep_waits_for_nobody_and_keeps_a_call_together(shop: Shop) -> None:
    shop.platform.faults.append(Fault("reset", path=MASS, act=True))
    shop.broadcast(FANS, route="mass")
    shop.broadcast(["p21"], number=2)
    shop.send()
    shop.do(
        lambda tx: tx.execute(text("UPDATE deliveries SET state = 'claimed', lease_until = 1 WHERE broadcast_id = 2"))
    )
    assert shop.states() == {"unknown": 7}
    shop.later(minutes=2)
    with shop.tx() as callback:
        callback.execute(text("UPDATE deliveries SET replied_at = 1 WHERE person_id IN ('p3', 'p21')"))
        shop.sweep()
        assert (shop.states(), shop.states(2)) == ({"unknown": 7}, {"claimed": 1})
    shop.sweep()
    assert (shop.states(), shop.states(2)) == ({"planned": 7}, {"planned": 1})
    shop.send()
    assert shop.states() == {"sent": 7}
    assert [sorted(body["touser"]) for body in shop.platform.calls[MASS]] == [FANS, FANS]
    assert all(count == 1 for count in shop.platform.got().values())


def test_who_opts_out_while_it_is_unclear_is_left_out_of_the_repeat(shop: Shop) -> None:
    shop.platform.faults.append(Fault("reset", path=MASS, act=False))
    shop.broadcast(FANS, route="mass")
    shop.send()
    shop.do(lambda tx: outbox.cancel_for_customer(tx, 1, "已退订", purpose="marketing"))
    shop.later(minutes=2)
    shop.sweep()
    shop.send()
    assert "p1" not in shop.platform.got()
    assert shop.states() == {"sent": 6, "cancelled": 1}
    assert shop.row("p1").reason == "已退订"


def test_two_lost_answers_around_an_opt_out_leave_that_person_to_staff(shop: Shop) -> None:
    """The platform knows the key, but from the first call, which named her, or from the second, which did not?"""
    shop.platform.faults += [Fault("reset", path=MASS, act=False), Fault("reset", path=MASS, act=True)]
    shop.broadcast(FANS, route="mass")
    shop.send()
    shop.do(lambda tx: outbox.cancel_for_customer(tx, 1, "已退订", purpose="marketing"))
    for _ in range(3):
        shop.later(minutes=6)
        shop.sweep()
        shop.send()
    assert "p1" not in shop.platform.got()
    assert shop.states() == {"sent": 6, "unknown": 1}
    assert shop.row("p1").state == "unknown"


def test_who_opts_out_after_it_arrived_is_told_as_sent(shop: Shop) -> None:
    shop.platform.faults.append(Fault("reset", path=MASS, act=True))
    shop.broadcast(FANS, route="mass")
    shop.send()
    shop.do(lambda tx: outbox.cancel_for_customer(tx, 1, "已退订", purpose="marketing"))
    shop.later(minutes=2)
    shop.sweep()
    shop.send()
    assert shop.states() == {"sent": 7}


def test_a_key_too_soon_waits_a_minute(shop: Shop) -> None:
    shop.platform.faults.append(Fault(45066, path=MASS))
    shop.broadcast(FANS, route="mass")
    shop.send()
    assert shop.states() == {"planned": 7}
    shop.later(seconds=61)
    shop.send()
    assert shop.states() == {"sent": 7}
    assert len({body["clientmsgid"] for body in shop.platform.calls[MASS]}) == 1


def test_a_failed_job_fails_its_rows_with_the_reason(shop: Shop) -> None:
    shop.broadcast(FANS, route="mass")
    shop.send()
    assert shop.do(lambda tx: outbox.mass_finished(tx, "main", "1000", "err(10001)", {"total": 7, "sent": 0})) == 7
    assert shop.states() == {"failed": 7}
    assert "广告" in shop.row("p1").reason
    assert shop.do(lambda tx: limits.mass_left(tx, "main", ["p1"], tx.now)) == {"p1": 4}


def test_a_job_that_went_well_keeps_its_rows_and_its_counts(shop: Shop) -> None:
    shop.broadcast(FANS, route="mass")
    shop.send()
    assert shop.do(lambda tx: outbox.mass_finished(tx, "main", "1000", "send success", {"total": 7, "sent": 6})) == 0
    assert shop.states() == {"sent": 7}
    kept = shop.do(lambda tx: tx.session.get(outbox.MassResult, ("main", "1000")).counts)
    assert kept == {"total": 7, "sent": 6}


def test_the_finished_event_may_overtake_the_answer(shop: Shop) -> None:
    shop.do(lambda tx: outbox.mass_finished(tx, "main", "1000", "send fail", {}))
    shop.broadcast(FANS, route="mass")
    shop.send()
    assert shop.states() == {"failed": 7}


def test_a_hundred_calls_a_day(shop: Shop) -> None:
    shop.do(lambda tx: limits.take_quota(tx, "main", "mass", 100, tx.now))
    shop.broadcast(FANS, route="mass")
    shop.send()
    assert shop.platform.calls == {}
    assert shop.states() == {"planned": 7}
    shop.later(days=1)
    shop.send()
    assert shop.states() == {"sent": 7}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_many_texts_keep_below_the_platforms_calls_a_minute(shop: Shop) -> None:
    for version in range(40):
        pair = [f"p{2 * version + 1}", f"p{2 * version + 2}"]
        shop.broadcast(pair, route="mass", content={"type": "text", "text": f"新款到了，第{version}版"})
    shop.send()
    assert len(shop.platform.calls[MASS]) == MASS_PER_MINUTE
    shop.later(minutes=1)
    shop.send()
    assert shop.states() == {"sent": 80}
    assert len(shop.platform.calls[MASS]) == 40


def test_caps_hold_for_mass_calls_too(shop: Shop) -> None:
    shop.talks("p1")
    shop.broadcast(["p1"], number=1)
    shop.broadcast(FANS, number=2, route="mass")
    shop.send()
    assert shop.states(2) == {"sent": 6, "skipped": 1}


def test_a_subscription_account_has_no_mass_call_by_person(shop: Shop) -> None:
    shop.be("subscription")
    shop.broadcast(FANS)
    shop.send()
    assert shop.platform.calls == {}
    assert shop.states() == {"by_hand": 7}


def test_mass_goes_on_while_customer_messages_rest(shop: Shop) -> None:
    shop.do(
        lambda tx: limits.rest(tx, "main", "custom", until=tx.now + timedelta(hours=9), stopped=True, reason="无权限")
    )
    shop.broadcast(FANS, route="mass")
    shop.broadcast(["p9"])
    shop.send()
    assert shop.states() == {"sent": 7, "planned": 1}
    assert CUSTOM not in shop.platform.calls


def test_a_picture_goes_as_a_mass_picture(shop: Shop) -> None:
    shop.broadcast(FANS, route="mass", content={"type": "image", "media_id": "M1"})
    shop.send()
    (body,) = shop.platform.calls[MASS]
    assert body["images"] == {"media_ids": ["M1"]}
    assert TEXT not in body.values()
