"""What each answer of the platform makes of the row, the person, the path and the owner's evening."""

from __future__ import annotations

from datetime import timedelta

import pytest
from delivery_shop import MORNING, TEXT, Shop
from sink import CUSTOM, TEMPLATE, Fault

from bot.delivery import broadcasts, limits, outbox
from bot.delivery.models import Delivery
from bot.delivery.sender import BREAKER_AT


def one_message(shop: Shop, *faults: Fault) -> Delivery:
    """Sends one message while the faults hold; returns its row."""
    shop.platform.faults += faults
    shop.talks("p1")
    shop.broadcast(["p1"])
    shop.send()
    return shop.row("p1")


@pytest.mark.parametrize("how", ["reset", "html", "silent", -1])
@pytest.mark.parametrize("act", [True, False], ids=["acted", "did_not_act"])
def test_an_unclear_answer_is_unknown_and_never_repeated(shop: Shop, how: str | int, act: bool) -> None:
    row = one_message(shop, Fault(how, path=CUSTOM, act=act))
    assert row.state == "unknown"
    assert row.reason
    shop.later(days=3)
    shop.sweep()
    shop.send()
    assert len(shop.platform.calls[CUSTOM]) == 1
    assert shop.do(lambda tx: outbox.settle_unknown(tx, [row.id], sent=act, reason="问过顾客")) == 1
    assert shop.row("p1").state == ("sent" if act else "failed")


def test_no_answer_at_all_is_unknown(shop: Shop) -> None:
    assert one_message(shop, Fault("hang", path=CUSTOM)).state == "unknown"


def test_a_platform_that_cannot_be_reached_leaves_the_row_planned_and_the_window_whole(shop: Shop) -> None:
    shop.talks("p1")
    shop.broadcast(["p1"])
    shop.send()  # fetches the token
    shop.later(days=1)
    shop.talks("p1")
    shop.broadcast(["p1"], number=2)
    shop.platform.close()
    shop.send()
    (row,) = shop.rows(broadcast_id=2)
    assert (row.state, row.calling_since) == ("planned", None)
    assert timedelta(seconds=1) <= row.due_at - shop.clock.now() <= timedelta(seconds=60)
    assert shop.do(lambda tx: limits.left(tx, "main", ["p1"], tx.now))["p1"][0] == 5


@pytest.mark.parametrize(
    ("code", "relation"),
    [(43004, "gone"), (43019, "blocked"), (48002, "refuses"), (45015, "window_closed"), (40003, None)],
)
def test_a_refusal_for_one_person_stops_nobody_else(shop: Shop, code: int, relation: str | None) -> None:
    shop.platform.faults.append(Fault(code, person="p1"))
    shop.talks("p1", "p2")
    shop.broadcast(["p1", "p2"])
    shop.send()
    assert (shop.row("p1").state, shop.row("p2").state) == ("failed", "sent")
    assert shop.row("p1").reason
    assert shop.learned == ([("p1", relation)] if relation else [])
    if relation == "window_closed":
        assert shop.do(lambda tx: limits.left(tx, "main", ["p1", "p2"], tx.now)).keys() == {"p2"}


def test_a_closed_window_joins_the_mass_call_of_its_broadcast(shop: Shop) -> None:
    shop.platform.faults.append(Fault(45015, path=CUSTOM, person="p1"))
    shop.talks("p1")
    shop.broadcast(["p2", "p3"], route="mass")
    shop.broadcast(["p1"])
    shop.send()
    assert shop.states() == {"sent": 3}
    assert {row.route for row in shop.rows()} == {"mass"}
    assert shop.platform.got() == {"p1": 1, "p2": 1, "p3": 1}


def test_a_defect_fails_after_one_try_with_its_number(shop: Shop) -> None:
    row = one_message(shop, Fault(47001, path=CUSTOM))
    assert row.state == "failed"
    assert "47001" in row.reason


def test_an_unknown_code_fails_after_one_try(shop: Shop) -> None:
    row = one_message(shop, Fault(99999, path=CUSTOM))
    assert row.state == "failed"
    assert "99999" in row.reason


def test_over_the_days_quota_nothing_more_is_called_until_midnight(shop: Shop) -> None:
    people = [f"p{number}" for number in range(200)]
    shop.platform.faults.append(Fault(45009, path=CUSTOM, times=10_000))
    shop.talks(*people)
    shop.broadcast(people)
    shop.send()
    shop.send()
    assert shop.states() == {"planned": 200}
    assert 1 <= len(shop.platform.calls[CUSTOM]) <= 16
    assert len(shop.alarms) == 1
    (rest,) = shop.do(lambda tx: broadcasts.progress(tx, 1)).rests
    assert MORNING + timedelta(hours=14) <= rest.until <= MORNING + timedelta(hours=14, minutes=1)
    assert shop.do(lambda tx: limits.left(tx, "main", people, tx.now))["p0"][0] == 5
    shop.platform.faults.clear()
    shop.later(hours=23)
    shop.send()
    assert shop.states() == {"sent": 200}


def test_too_fast_waits_for_the_next_minute(shop: Shop) -> None:
    row = one_message(shop, Fault(45011, path=CUSTOM))
    assert (row.state, row.calling_since) == ("planned", None)
    shop.later(seconds=70)
    shop.send()
    assert shop.row("p1").state == "sent"


def test_a_missing_right_stops_the_path_tells_the_owner_once_and_is_tried_again(shop: Shop) -> None:
    shop.platform.faults.append(Fault(48001, path=CUSTOM, times=10_000))
    shop.talks("p1", "p2")
    shop.broadcast(["p1"])
    shop.send()
    calls = len(shop.platform.calls[CUSTOM])
    shop.send()
    assert len(shop.platform.calls[CUSTOM]) == calls
    shop.later(minutes=31)
    shop.send()
    assert len(shop.platform.calls[CUSTOM]) == calls + 1
    assert len(shop.alarms) == 1
    assert "自动接着发" in shop.alarms[0]
    shop.platform.faults.clear()
    assert shop.do(lambda tx: limits.resume(tx, "main"))
    shop.send()
    assert shop.states() == {"sent": 1}


def test_a_frozen_account_stops_every_path(shop: Shop) -> None:
    shop.platform.faults.append(Fault(50007, path=CUSTOM, times=100))
    shop.talks("p1")
    shop.broadcast(["p1"])
    shop.broadcast(["p2", "p3"], number=2, route="mass")
    shop.send()
    assert shop.states() | shop.states(2) == {"planned": 2}
    assert list(shop.platform.calls) == [CUSTOM]
    assert shop.do(lambda tx: limits.resting(tx, "main", tx.now)).keys() == {limits.WHOLE_ACCOUNT}


def test_a_stale_token_costs_one_fetch_and_one_more_call(shop: Shop) -> None:
    assert one_message(shop, Fault(40001, path=CUSTOM)).state == "sent"
    assert len(shop.platform.calls[CUSTOM]) == 2
    assert shop.platform.tokens == 2


def test_twenty_failures_in_a_row_give_the_platform_a_moment(shop: Shop) -> None:
    people = [f"p{number}" for number in range(400)]
    shop.platform.faults.append(Fault("html", path=CUSTOM, times=10_000))
    shop.talks(*people)
    shop.broadcast(people)
    shop.send()
    calls = len(shop.platform.calls[CUSTOM])
    assert BREAKER_AT <= calls <= BREAKER_AT + 16
    assert shop.states() == {"unknown": calls, "planned": 400 - calls}
    shop.platform.faults.clear()
    shop.later(seconds=31)
    shop.send()
    assert shop.states() == {"unknown": calls, "sent": 400 - calls}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_platform_that_fails_from_the_start_costs_few_calls_however_many_are_due(shop: Shop) -> None:
    people = [f"p{number}" for number in range(17_000)]
    shop.platform.faults.append(Fault("html", path=CUSTOM, times=10_000))
    shop.talks(*people)
    shop.broadcast(people)
    shop.send()
    assert shop.states()["unknown"] <= BREAKER_AT + 16


def test_busy_repeats_a_template_with_its_key_at_most_three_times(shop: Shop) -> None:
    shop.platform.faults.append(Fault(-1, path=TEMPLATE, times=10))
    payload = TEXT | {"template": {"template_id": "T1", "data": {"thing1": "有人投诉"}}}
    shop.do(
        lambda tx: outbox.queue(
            tx, account="main", person_id="boss", staff_id=1, payload=payload, purpose="reminder", route="template"
        )
    )
    for _ in range(6):
        shop.send()
        shop.later(minutes=2)
    bodies = shop.platform.calls[TEMPLATE]
    assert len(bodies) == 4
    assert len({body["client_msg_id"] for body in bodies}) == 1
    assert shop.row("boss").state == "unknown"


def test_content_nobody_can_send_fails_alone(shop: Shop) -> None:
    shop.talks("p1", "p2")
    shop.broadcast(["p1"], content={"type": "hologram"})
    shop.broadcast(["p2"], number=2)
    shop.send()
    assert (shop.row("p1").state, shop.row("p2").state) == ("failed", "sent")
    assert "内容" in shop.row("p1").reason


def test_without_a_token_nothing_is_called_and_the_owner_hears_why(shop: Shop) -> None:
    shop.platform.token_refusal = 40125
    shop.talks("p1")
    shop.broadcast(["p1"])
    for _ in range(4):
        shop.send()
        shop.later(minutes=31)
    row = shop.row("p1")
    assert (row.state, row.calling_since) == ("planned", None)
    assert shop.platform.calls == {}
    assert shop.alarms


def test_a_room_that_fails_to_hear_costs_nobody_the_record(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    class Deaf(list[tuple[str, str]]):
        def append(self, _said: tuple[str, str]) -> None:
            raise RuntimeError("as planned")

    shop.learned = Deaf()
    shop.platform.faults.append(Fault(43004, person="p1"))
    shop.talks("p1", "p2")
    shop.broadcast(["p1", "p2"])
    shop.send()
    assert (shop.row("p1").state, shop.row("p2").state) == ("failed", "sent")
    assert "not_heard" in caplog.text


def test_two_accounts_rest_apart(shop: Shop) -> None:
    shop.do(lambda tx: limits.rest(tx, "other", "*", until=tx.now + timedelta(days=1), stopped=True, reason="冻结"))
    assert one_message(shop).state == "sent"
