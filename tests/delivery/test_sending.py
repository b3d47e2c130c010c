"""Who gets what: windows, quotas, caps, hours and switches decide at the call mark."""

from __future__ import annotations

from collections import Counter
from datetime import time, timedelta

import pytest
from delivery_shop import MORNING, TEXT, Shop

from bot.delivery import broadcasts, limits, outbox
from bot.delivery.lease import claim, claim_mass
from bot.delivery.outbox import NewDelivery
from bot.delivery.rules import DAILY_CALLS
from bot.settings import QuietHours


def test_who_talked_lately_gets_the_message_once(shop: Shop) -> None:
    people = [f"p{number}" for number in range(60)]
    shop.talks(*people)
    shop.broadcast(people)
    shop.broadcast(people)
    assert not shop.send()
    assert not shop.send()
    assert shop.states() == {"sent": 60}
    assert set(shop.platform.got().values()) == {1}
    assert shop.row("p7").sent_at == MORNING


def test_a_window_holds_five_messages_and_the_sixth_waits_for_staff(shop: Shop) -> None:
    shop.talks("p1")
    for number in range(6):
        shop.do(
            lambda tx, n=number: outbox.queue(
                tx, account="main", person_id="p1", payload={"type": "text", "text": f"第{n}条"}, purpose="service"
            )
        )
    shop.send()
    assert shop.platform.got() == {"p1": 5}
    (left,) = shop.rows(state="by_hand")
    assert "48小时" in left.reason
    shop.later(hours=1)
    shop.talks("p1")
    assert shop.do(lambda tx: limits.left(tx, "main", ["p1", "p2"], tx.now))["p1"][0] == 5


def test_nobody_is_called_when_the_window_has_closed(shop: Shop) -> None:
    shop.talks("p1")
    shop.broadcast(
        ["p1"], content={"type": "news", "title": "到店", "description": "", "url": "https://a.example", "picurl": ""}
    )
    shop.later(hours=48)
    shop.send()
    assert shop.platform.calls == {}
    assert shop.row("p1").state == "by_hand"


def test_a_follow_opens_a_minute_and_is_used_before_the_long_window(shop: Shop) -> None:
    shop.talks("p1")
    shop.do(lambda tx: limits.opened(tx, "main", "p1", "follow", tx.now))
    assert shop.do(lambda tx: limits.left(tx, "main", ["p1"], tx.now)) == {
        "p1": (8, MORNING + timedelta(hours=48, seconds=-60))
    }
    shop.do(lambda tx: limits.take(tx, "main", ["p1", "p1", "p1", "p1"], tx.now))
    shop.later(minutes=1)
    assert shop.do(lambda tx: limits.left(tx, "main", ["p1"], tx.now))["p1"][0] == 4


def test_an_older_event_never_overwrites_a_newer_one(shop: Shop) -> None:
    shop.talks("p1")
    shop.do(lambda tx: limits.take(tx, "main", ["p1"], tx.now))
    shop.do(lambda tx: limits.opened(tx, "main", "p1", "talk", MORNING - timedelta(hours=1)))
    assert shop.do(lambda tx: limits.left(tx, "main", ["p1"], tx.now))["p1"][0] == 4


def test_what_was_taken_comes_back_only_to_the_window_it_was_taken_from(shop: Shop) -> None:
    shop.talks("p1")
    taken = shop.do(lambda tx: limits.take(tx, "main", ["p1", "p1"], tx.now))
    shop.do(lambda tx: limits.give_back(tx, "main", taken[:1]))
    assert shop.do(lambda tx: limits.left(tx, "main", ["p1"], tx.now))["p1"][0] == 4
    shop.later(minutes=1)
    shop.talks("p1")
    shop.do(lambda tx: limits.give_back(tx, "main", taken[1:]))
    assert shop.do(lambda tx: limits.left(tx, "main", ["p1"], tx.now))["p1"][0] == 5


def test_one_marketing_message_a_day_over_all_sources(shop: Shop) -> None:
    shop.talks("p1")
    shop.broadcast(["p1"], number=1)
    shop.broadcast(["p1"], number=2)
    shop.broadcast(["p1"], number=3, purpose="service")
    shop.send()
    assert shop.platform.got() == {"p1": 2}
    (left_out,) = shop.rows(state="skipped")
    assert left_out.broadcast_id == 2
    assert "每天1条" in left_out.reason


def test_four_a_month_counts_what_may_have_arrived(shop: Shop) -> None:
    shop.per_day = 9
    for number in range(1, 6):
        shop.talks("p1")
        shop.broadcast(["p1"], number=number)
        shop.send()
        shop.later(days=1)
    assert [row.state for row in shop.rows()] == ["sent"] * 4 + ["skipped"]
    shop.later(days=14)
    shop.talks("p1")
    shop.broadcast(["p1"], number=6)
    shop.send()
    assert shop.states(6) == {"sent": 1}


def test_marketing_waits_out_the_quiet_hours_and_answers_do_not(shop: Shop) -> None:
    shop.clock.set(MORNING + timedelta(hours=12))  # 22:00 in the shop
    shop.talks("p1", "p2")
    shop.broadcast(["p1"])
    shop.broadcast(["p2"], number=2, purpose="service")
    shop.send()
    assert shop.platform.got() == {"p2": 1}
    assert shop.row("p1").due_at == MORNING + timedelta(hours=23)
    shop.later(hours=11)
    shop.send()
    assert shop.states() == {"sent": 1}


def test_quiet_hours_can_be_switched_off(shop: Shop) -> None:
    shop.clock.set(MORNING + timedelta(hours=12))
    shop.quiet = None
    shop.talks("p1")
    shop.broadcast(["p1"])
    shop.send()
    assert shop.states() == {"sent": 1}


def test_what_is_too_late_is_left_out(shop: Shop) -> None:
    shop.talks("p1")
    shop.broadcast(["p1"], not_after=MORNING + timedelta(hours=1))
    shop.later(hours=2)
    shop.send()
    assert shop.states() == {"skipped": 1}
    assert shop.platform.calls == {}


def test_what_is_due_later_waits(shop: Shop) -> None:
    shop.talks("p1")
    shop.broadcast(["p1"], due_at=MORNING + timedelta(hours=1))
    shop.send()
    assert shop.states() == {"planned": 1}
    shop.later(hours=1)
    shop.send()
    assert shop.states() == {"sent": 1}


def test_a_pause_holds_between_claim_and_call(shop: Shop) -> None:
    shop.talks("p1", "p2")
    shop.broadcast(["p1", "p2"])
    sender = shop.sender()
    pausing = sender._refill

    def claim_then_pause() -> bool:
        found = pausing()
        shop.do(lambda tx: outbox.pause(tx, 1))
        return found

    sender._refill = claim_then_pause  # type: ignore[method-assign]
    sender.work(5)
    assert shop.platform.calls == {}
    assert shop.states() == {"planned": 2}
    assert shop.do(lambda tx: broadcasts.progress(tx, 1)).paused
    shop.do(lambda tx: outbox.resume(tx, 1))
    shop.send()
    assert shop.states() == {"sent": 2}


def test_a_cancelled_broadcast_sends_nothing_more(shop: Shop) -> None:
    shop.talks("p1", "p2")
    shop.broadcast(["p1", "p2"])
    assert shop.do(lambda tx: outbox.cancel_part(tx, 1, "老板取消", after=0, count=99)) == (2, None)
    shop.send()
    assert shop.platform.calls == {}
    assert {row.reason for row in shop.rows(state="cancelled")} == {"老板取消"}


def test_who_opts_out_after_the_claim_gets_nothing(shop: Shop) -> None:
    shop.talks("p1", "p2")
    shop.broadcast(["p1", "p2"])
    with shop.tx() as tx:
        claim(tx, "main", ["custom"], count=20, lease=timedelta(seconds=-1))
    assert shop.do(lambda tx: outbox.cancel_for_customer(tx, 1, "已退订", purpose="marketing")) == 1
    shop.sweep()
    shop.send()
    assert shop.platform.got() == {"p2": 1}
    assert (shop.row("p1").state, shop.row("p1").reason) == ("cancelled", "已退订")


def test_an_opt_out_leaves_service_messages_and_an_unfollow_other_accounts(shop: Shop) -> None:
    shop.broadcast(["p1"], number=1)
    shop.broadcast(["p1"], number=2, purpose="service")
    shop.do(lambda tx: outbox.cancel_for_customer(tx, 1, "已退订", purpose="marketing"))
    assert shop.states(2) == {"planned": 1}
    assert shop.do(lambda tx: outbox.cancel_for_customer(tx, 1, "已取消关注", account="other")) == 0
    assert shop.do(lambda tx: outbox.cancel_for_customer(tx, 1, "已取消关注", account="main")) == 1


def test_an_answer_does_not_wait_behind_a_broadcast(shop: Shop) -> None:
    people = [f"p{number}" for number in range(1, 40)]
    shop.talks(*people, "p99")
    shop.broadcast(people)
    shop.do(lambda tx: outbox.queue(tx, account="main", person_id="p99", payload=TEXT, purpose="service"))
    shop.send()
    assert shop.platform.ledger[0][0] == "p99"


def test_the_days_quota_stops_the_path_until_midnight_in_beijing(shop: Shop) -> None:
    people = ["p1", "p2", "p3"]
    shop.talks(*people)
    shop.do(lambda tx: limits.take_quota(tx, "main", "custom", DAILY_CALLS["custom"] - 2, tx.now))
    shop.broadcast(people)
    shop.send()
    assert shop.states() == {"sent": 2, "planned": 1}
    (rest,) = shop.do(lambda tx: broadcasts.progress(tx, 1)).rests
    assert rest.until == MORNING + timedelta(hours=14)
    assert len(shop.alarms) == 1
    shop.send()
    assert len(shop.alarms) == 1
    shop.later(hours=23)
    shop.send()
    assert shop.states() == {"sent": 3}


def test_a_notice_to_staff_takes_the_template_where_the_window_is_closed(shop: Shop) -> None:
    payload = TEXT | {"template": {"template_id": "T1", "data": {"thing1": "有人投诉"}}}
    shop.do(
        lambda tx: outbox.queue(tx, account="main", person_id="boss", staff_id=1, payload=payload, purpose="reminder")
    )
    shop.send()
    (body,) = shop.platform.calls["/cgi-bin/message/template/send"]
    assert body["data"] == {"thing1": {"value": "有人投诉"}}
    assert len(body["client_msg_id"]) == 32
    assert shop.row("boss").state == "sent"


def test_by_hand_counts_as_a_marketing_message_of_today(shop: Shop) -> None:
    shop.broadcast(["p1"], state="by_hand", reason="没有关注")
    number = shop.row("p1").id
    shop.do(lambda tx: outbox.done_by_hand(tx, [number]))
    shop.talks("p1")
    shop.broadcast(["p1"], number=2)
    shop.send()
    assert shop.states(2) == {"skipped": 1}


def test_the_same_key_queues_one_message(shop: Shop) -> None:
    numbers = {
        shop.do(
            lambda tx: outbox.queue(tx, account="main", person_id="p1", payload=TEXT, purpose="service", key="late:3")
        )
        for _ in range(2)
    }
    assert len(numbers) == 1
    assert len(shop.rows()) == 1


def test_a_reply_is_tied_to_the_newest_broadcast_of_the_week(shop: Shop) -> None:
    shop.per_day = 9
    shop.talks("p1")
    shop.broadcast(["p1"], number=1)
    shop.broadcast(["p1"], number=2)
    shop.send()
    answered = MORNING + timedelta(hours=3)
    assert shop.do(lambda tx: outbox.replied(tx, "main", "p1", answered)) in (1, 2)
    assert shop.do(lambda tx: outbox.replied(tx, "main", "p2", answered)) is None
    assert shop.do(lambda tx: outbox.replied(tx, "main", "p1", MORNING + timedelta(days=8))) is None
    assert [row.replied_at for row in shop.rows() if row.replied_at] == [answered]


def test_export_gives_every_recipient_with_the_reason(shop: Shop) -> None:
    shop.talks("p1")
    shop.broadcast(["p1"], variant="A", script="新品")
    shop.broadcast(["p2"], state="skipped", reason="已退订", variant="A", script="新品")
    shop.send()
    said = shop.do(lambda tx: list(outbox.export(tx)))
    assert [(row["broadcast"], row["customer_id"], row["state"], row["reason"]) for row in said] == [
        (1, 1, "sent", ""),
        (1, 2, "skipped", "已退订"),
    ]
    assert said[0]["sent_at"] == MORNING
    assert set(said[0]) >= {"account", "script", "group", "route", "planned_at", "platform_id", "replied_at"}


def test_forgetting_a_customer_erases_whom_and_what(shop: Shop) -> None:
    shop.talks("p1", "p2")
    shop.broadcast(["p1"], content={"type": "text", "text": "小美，你好"}, purpose="service")
    shop.broadcast(["p1", "p2"], number=2, purpose="service")
    shop.send()
    shop.broadcast(["p1"], number=3)
    shop.do(lambda tx: outbox.forget(tx, 1, "已删除资料"))
    assert [(row.person_id, row.state) for row in shop.rows(customer_id=1)] == [
        ("", "sent"),
        ("", "sent"),
        ("", "cancelled"),
    ]
    assert shop.do(lambda tx: limits.left(tx, "main", ["p1"], tx.now)) == {}
    said = shop.do(
        lambda tx: [content.payload for content in tx.session.query(outbox.Content).order_by(outbox.Content.id)]
    )
    assert said == [{}, TEXT]


def test_planning_a_row_nothing_makes_unique_is_refused(shop: Shop) -> None:
    row = NewDelivery(account="main", person_id="p1", purpose="service")
    with pytest.raises(ValueError, match="key"):
        shop.do(lambda tx: outbox.plan(tx, [row]))


def test_night_hours_that_do_not_span_midnight(shop: Shop) -> None:
    shop.quiet = QuietHours(time(9), time(11))
    shop.talks("p1")
    shop.broadcast(["p1"])
    shop.send()
    assert shop.row("p1").due_at == MORNING + timedelta(hours=1)


def test_a_short_broadcast_does_not_wait_for_the_end_of_a_long_one(shop: Shop) -> None:
    long, short = [f"p{number}" for number in range(1, 101)], [f"p{number}" for number in range(200, 205)]
    shop.talks(*long, *short)
    shop.broadcast(long, number=1)
    shop.broadcast(short, number=2)
    with shop.tx() as tx:
        first = claim(tx, "main", ["custom"], count=20, lease=shop.lease)
    assert Counter(row.broadcast_id for row in first) == {1: 15, 2: 5}
    shop.lapse_all()
    shop.sweep()
    shop.broadcast(["p300"], number=3)
    with shop.tx() as tx:
        one = claim(tx, "main", ["custom"], count=1, lease=shop.lease, after=1)
        assert [row.broadcast_id for row in one] == [2]
        (next_one,) = claim(tx, "main", ["custom"], count=1, lease=shop.lease, after=2)
    assert next_one.broadcast_id == 3


def test_mass_calls_of_several_broadcasts_take_turns(shop: Shop) -> None:
    for number in (1, 2):
        for text in ("甲", "乙"):
            people = [f"p{number}{len(text)}{ord(text) % 7}{index}" for index in range(3)]
            shop.broadcast(people, number=number, route="mass", content={"type": "text", "text": f"{number}{text}"})
    turns: list[int | None] = []
    with shop.tx() as tx:
        for _ in range(4):
            rows = claim_mass(tx, "main", shop.lease, settled=False, after=(turns[-1] or 0) if turns else 0)
            turns.append(rows[0].broadcast_id)
    assert turns == [1, 2, 1, 2]
