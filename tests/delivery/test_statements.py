"""A million rows must not slow a look: every statement of the ledger finds its rows by an index, none reads a table."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from delivery_shop import Shop
from sink import CUSTOM, Fault, Platform
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from bot.delivery import broadcasts, lease, limits, outbox
from bot.platforms.http import HttpEngine
from bot.store.base import Base
from bot.store.engine import open_store

LARGE = ("deliveries", "windows", "contents", "mass_months", "delivery_evidence")


@pytest.fixture
def small_shop(tmp_path: Path, platform: Platform) -> Iterator[Shop]:
    with closing(open_store(f"sqlite:///{tmp_path}/shuke.db")) as store:
        Base.metadata.create_all(store.engine)
        shop = Shop(store, platform)
        yield shop
        shop.engine.close()


def test_no_statement_reads_a_whole_table(small_shop: Shop) -> None:
    shop = small_shop
    plans: dict[str, list[str]] = {}

    def explain(connection: sqlite3.Connection, statement: str) -> None:
        words = re.sub(r"'\[.*?\]'|\b[0-9]+\b", "?", statement)
        if words not in plans and statement.split()[0] in ("SELECT", "UPDATE", "WITH"):
            plans[words] = []
            plans[words] = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]

    watch(shop, explain)
    people = [f"p{number}" for number in range(1, 30)]
    shop.platform.faults.append(Fault(45047, path=CUSTOM, person="p3"))
    shop.talks(*people)
    shop.broadcast([*people, "p90"])
    shop.broadcast(["p91", "p92"], number=2, route="mass")
    shop.sweep()
    shop.send()
    shop.do(lambda tx: outbox.replied(tx, "main", "p1", tx.now))
    shop.do(lambda tx: outbox.letter_replied(tx, 1, tx.now))
    shop.do(lambda tx: outbox.cancel_for_customer(tx, 1, "已退订", purpose="marketing"))
    shop.do(lambda tx: outbox.cancel_for_staff(tx, 1, "已离职"))
    shop.do(lambda tx: broadcasts.progress(tx, 1))
    shop.do(lambda tx: broadcasts.on_the_way(tx, 1))
    shop.do(lambda tx: broadcasts.dues(tx, 1))
    shop.do(lambda tx: broadcasts.put_off(tx, 1, tx.now, tx.now, tx.now))
    shop.do(lambda tx: outbox.notice_ended(tx, "main", "p1", 1, "7", failure="", at=tx.now))
    shop.do(lambda tx: outbox.cancel_part(tx, 1, "取消", after=0, count=5))
    shop.do(lambda tx: broadcasts.left_to_cancel(tx, 1))
    shop.do(lambda tx: outbox.mass_finished(tx, "main", "1000", "send fail", {}))
    shop.do(lambda tx: limits.mass_left(tx, "main", people, tx.now))
    shop.do(lambda tx: lease.anything_to_sweep(tx))
    assert len(plans) > 25
    assert all(plans.values())
    slow = {
        line for lines in plans.values() for line in lines if line.startswith(tuple(f"SCAN {name}" for name in LARGE))
    }
    assert not slow
    # By the account alone a statement would read every fan of the shop.
    assert not {
        line for lines in plans.values() for line in lines if "windows" in line and line.endswith("(account=?)")
    }


def watch(shop: Shop, seen: Callable[[sqlite3.Connection, str], None]) -> None:
    """Has ``seen`` called with every statement the driver begins, however it came there."""

    @event.listens_for(shop.store.engine, "checkout")
    def trace(connection: Any, *_rest: Any) -> None:
        connection.set_trace_callback(lambda statement: seen(connection, statement))


def fails_once(shop: Shop, where: str, passing: int = 1) -> Callable[[], bool]:
    """The database gives up one statement; returns whether it did."""
    hit: list[str] = []
    left = passing

    def interrupt(connection: sqlite3.Connection, statement: str) -> None:
        nonlocal left
        left -= where in statement
        if left == 0 and not hit:
            hit.append(statement)
            connection.set_progress_handler(lambda: 1, 1)
        else:
            connection.set_progress_handler(None, 1)

    watch(shop, interrupt)
    return lambda: bool(hit)


def test_answers_in_hand_wait_for_a_database_that_is_away(small_shop: Shop) -> None:
    small_shop.talks("p1", "p2")
    small_shop.broadcast(["p1", "p2"])
    was_away = fails_once(small_shop, "SET state = 'sent'")
    small_shop.send()
    assert was_away()
    assert small_shop.states() == {"sent": 2}


def test_a_mark_that_failed_gives_the_rows_back_uncalled(small_shop: Shop) -> None:
    small_shop.talks("p1", "p2")
    small_shop.broadcast(["p1", "p2"])
    was_away = fails_once(small_shop, "SET calling_since")
    with pytest.raises(OperationalError):
        small_shop.send()
    assert was_away()
    assert small_shop.platform.calls == {}
    assert {(row.state, row.calling_since) for row in small_shop.rows()} == {("planned", None)}
    small_shop.send()
    assert small_shop.states() == {"sent": 2}


def test_a_database_that_goes_away_in_the_middle_makes_nothing_unknown(small_shop: Shop) -> None:
    people = [f"p{number}" for number in range(1, 61)]
    small_shop.talks(*people)
    small_shop.broadcast(people)
    small_shop.platform.latency = 0.1
    was_away = fails_once(small_shop, "SET calling_since", passing=3)
    with pytest.raises(OperationalError):
        small_shop.send()
    assert was_away()
    states = small_shop.states()
    assert states.keys() == {"sent", "planned"}
    assert states["sent"] == len(small_shop.platform.ledger)


def test_what_cannot_be_sent_keeps_no_marked_call_from_going_out(small_shop: Shop) -> None:
    shop = small_shop
    shop.lease = timedelta(seconds=1)
    shop.talks("p1", "p2")
    shop.broadcast(["p1"])
    shop.broadcast(["p2"], number=2, content={"type": "text"})

    def is_away(connection: sqlite3.Connection, statement: str) -> None:
        refuses = "due_at = COALESCE" in statement and not shop.platform.ledger
        connection.set_progress_handler((lambda: 1) if refuses else None, 1)

    watch(shop, is_away)
    shop.send()
    assert shop.states(1) == {"sent": 1}
    assert shop.states(2) == {"failed": 1}


def test_windows_are_locked_before_deliveries(small_shop: Shop) -> None:
    shop = small_shop
    people = [f"p{number}" for number in range(1, 61)]
    shop.talks(*people)
    shop.broadcast(people)
    shop.platform.faults.append(Fault(45047, path=CUSTOM, times=20))
    written: list[str] = []
    wrong: list[str] = []

    def order(_connection: sqlite3.Connection, statement: str) -> None:
        words = statement.split()
        if words[0] == "BEGIN":
            written.clear()
        elif words[0] == "UPDATE":
            if words[1] == "windows" and "deliveries" in written:
                wrong.append(statement)
            written.append(words[1])

    watch(shop, order)
    shop.send()
    assert wrong == []


def test_leases_are_kept_while_the_platform_is_slow(small_shop: Shop) -> None:
    small_shop.client.http = patient = HttpEngine(call_seconds=6)
    small_shop.lease = timedelta(seconds=1.5)
    small_shop.platform.latency = 2.2
    small_shop.talks("p1", "p2")
    small_shop.broadcast(["p1", "p2"])
    small_shop.sender(pulse=small_shop.sweep).work(20)
    patient.close()
    assert small_shop.states() == {"sent": 2}
