"""Who holds a row: fences and leases on the database's clock, and what becomes of rows whose holder is gone."""

from __future__ import annotations

import threading
from datetime import timedelta

from delivery_shop import Shop

from bot.delivery import lease, outbox
from bot.delivery.calls import mark, record
from bot.delivery.lease import Held, claim
from bot.delivery.models import Evidence
from bot.platforms.decisions import Decision, Outcome

GONE = timedelta(seconds=-1)
HELD = timedelta(seconds=30)
SENT = Outcome(Decision.SENT, 0, "")


def claimed(shop: Shop, span: timedelta = HELD, count: int = 20) -> list[Held]:
    with shop.tx() as tx:
        return claim(tx, "main", ["custom"], count=count, lease=span)


def marked(shop: Shop, rows: list[Held]) -> list[Held]:
    with shop.tx() as tx:
        return mark(tx, rows, shop.terms)


def recorded(shop: Shop, rows: list[Held], outcome: Outcome = SENT) -> None:
    with shop.tx() as tx:
        record(tx, [(row, outcome) for row in rows], shop.terms)


def lapse(shop: Shop, rows: list[Held]) -> None:
    """Time passes on the database's clock alone."""
    with shop.tx() as tx:
        lease.renew(tx, rows, GONE)


def some_rows(shop: Shop, count: int = 3) -> list[str]:
    people = [f"p{number}" for number in range(1, count + 1)]
    shop.talks(*people)
    shop.broadcast(people)
    return people


def test_two_workers_never_hold_the_same_row(shop: Shop) -> None:
    some_rows(shop, 300)
    found: list[int] = []
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        while rows := claimed(shop, count=7):
            found.extend(row.id for row in rows)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 300
    assert len(set(found)) == 300


def test_a_lapsed_row_without_a_mark_is_planned_again_and_its_old_holder_cannot_call(shop: Shop) -> None:
    some_rows(shop)
    old = claimed(shop)
    lapse(shop, old)
    shop.sweep()
    assert shop.states() == {"planned": 3}
    assert marked(shop, old) == []
    new = claimed(shop)
    assert {row.fence for row in new} == {2}
    assert marked(shop, old) == []
    assert len(marked(shop, new)) == 3


def test_a_holder_whose_lease_is_over_may_not_call_even_before_the_sweep(shop: Shop) -> None:
    some_rows(shop)
    rows = claimed(shop)
    lapse(shop, rows)
    assert marked(shop, rows) == []


def test_a_lapsed_row_with_a_mark_is_unknown_and_a_late_answer_settles_it(shop: Shop) -> None:
    some_rows(shop)
    rows = marked(shop, claimed(shop))
    lapse(shop, rows)
    shop.sweep()
    assert shop.states() == {"unknown": 3}
    recorded(shop, rows[:1])
    recorded(shop, rows[1:2], Outcome(Decision.AGAIN, None, "没连上"))
    assert [row.state for row in shop.rows()] == ["sent", "planned", "unknown"]
    assert shop.do(lambda tx: [(one.delivery_id, one.decision) for one in tx.session.query(Evidence)]) == [
        (rows[0].id, "sent"),
        (rows[1].id, "again"),
    ]


def test_a_zombies_answer_changes_nothing_a_person_has_decided(shop: Shop) -> None:
    some_rows(shop, 1)
    rows = marked(shop, claimed(shop))
    lapse(shop, rows)
    shop.sweep()
    shop.do(lambda tx: outbox.settle_unknown(tx, [rows[0].id], sent=False, reason="顾客说没收到"))
    recorded(shop, rows)
    assert shop.row("p1").state == "failed"
    assert shop.do(lambda tx: tx.session.query(Evidence).count()) == 1


def test_a_zombies_answer_belongs_to_its_own_call_only(shop: Shop) -> None:
    some_rows(shop, 1)
    first = claimed(shop)
    lapse(shop, first)
    shop.sweep()
    second = marked(shop, claimed(shop))
    recorded(shop, first)
    assert shop.row("p1").state == "claimed"
    recorded(shop, second)
    assert shop.row("p1").state == "sent"


def test_three_lapses_make_a_row_lonely_and_the_fourth_ends_it(shop: Shop) -> None:
    some_rows(shop, 3)
    for _ in range(3):
        lapse(shop, claimed(shop, count=1))
        shop.sweep()
    assert sorted(row.lapses for row in shop.rows()) == [0, 0, 3]
    assert len(claimed(shop)) == 2
    with shop.tx() as tx:
        alone = lease.claim_alone(tx, "main", "custom", HELD)
    assert len(alone) == 1
    lapse(shop, alone)
    shop.sweep()
    (failed,) = shop.rows(state="failed")
    assert "四次" in failed.reason


def test_a_lonely_row_is_sent_by_itself(shop: Shop) -> None:
    some_rows(shop, 1)
    for _ in range(3):
        lapse(shop, claimed(shop))
        shop.sweep()
    shop.send()
    assert shop.states() == {"sent": 1}


def test_a_lonely_row_of_a_mass_call_finds_another_route(shop: Shop) -> None:
    shop.broadcast(["p1", "p2", "p3"], route="mass")
    for _ in range(3):
        with shop.tx() as tx:
            rows = sorted(lease.claim_mass(tx, "main", GONE, settled=True), key=lambda row: row.id)
            lease.release(tx, rows[1:])
        shop.sweep()
    assert sorted(row.lapses for row in shop.rows()) == [0, 0, 3]
    shop.send()
    assert shop.states() == {"sent": 2, "by_hand": 1}


def test_a_renewed_lease_holds_and_says_what_was_lost(shop: Shop) -> None:
    some_rows(shop, 2)
    rows = claimed(shop, GONE)
    with shop.tx() as tx:
        assert lease.renew(tx, rows, HELD) == {row.id for row in rows}
    shop.sweep()
    assert shop.states() == {"claimed": 2}
    shop.do(lambda tx: outbox.cancel_for_customer(tx, 1, "已退订"))
    with shop.tx() as tx:
        assert lease.renew(tx, rows, HELD) == {row.id for row in rows if row.customer_id != 1}


def test_the_shops_clock_may_jump_without_freeing_a_row(shop: Shop) -> None:
    some_rows(shop)
    rows = claimed(shop)
    shop.later(days=400)
    shop.sweep()
    assert shop.states() == {"claimed": 3}
    shop.talks("p1", "p2", "p3")
    assert len(marked(shop, rows)) == 3


def test_given_back_rows_are_as_they_were(shop: Shop) -> None:
    some_rows(shop)
    rows = marked(shop, claimed(shop))
    with shop.tx() as tx:
        lease.release(tx, rows)
    assert {(row.state, row.calling_since, row.lapses) for row in shop.rows()} == {("planned", None, 0)}
    shop.send()
    assert shop.states() == {"sent": 3}


def test_a_worker_told_to_stop_finishes_its_calls_and_gives_the_rest_back(shop: Shop) -> None:
    people = some_rows(shop, 400)
    shop.platform.latency = 0.05
    answers = 0

    def stopping() -> bool:
        return len(shop.platform.ledger) >= 30

    sender = shop.sender(stopping)
    sender.work(20)
    states = shop.states()
    answers = len(shop.platform.ledger)
    assert states == {"sent": answers, "planned": len(people) - answers}
    assert 30 <= answers < 200


def test_opt_outs_against_senders(shop: Shop) -> None:
    """While four senders race, people opt out: who was cancelled got nothing, everybody else exactly one."""
    people = some_rows(shop, 300)
    cancelled: set[str] = set()

    def opt_out() -> None:
        for person in people[::-3]:
            if shop.do(
                lambda tx, number=int(person[1:]): outbox.cancel_for_customer(tx, number, "已退订", purpose="marketing")
            ):
                cancelled.add(person)

    senders = [threading.Thread(target=shop.another().send) for _ in range(3)]
    leaver = threading.Thread(target=opt_out)
    for thread in (*senders, leaver):
        thread.start()
    for thread in (*senders, leaver):
        thread.join()
    shop.send_all()
    got = shop.platform.got()
    assert set(got.values()) == {1}
    assert got.keys() == set(people) - cancelled
    assert shop.states().get("cancelled", 0) == len(cancelled)


def test_caps_hold_against_two_senders_at_once(shop: Shop) -> None:
    people = [f"p{number}" for number in range(1, 80)]
    shop.talks(*people)
    for number in range(1, 4):
        shop.broadcast(people, number=number)
    threads = [threading.Thread(target=shop.another().send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shop.send_all()
    assert set(shop.platform.got().values()) == {1}
    assert len(shop.rows(state="skipped")) == 2 * len(people)
