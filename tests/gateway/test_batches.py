"""What messages that are handled together share: rows put off until they are needed, and what is read once for all."""

import threading
from queue import SimpleQueue

import pytest
from sqlalchemy import text
from test_repeats import at_once

from bot.domain.merchants import shop_facts
from bot.domain.merchants.models import ShopFact
from bot.gateway import inbox
from bot.store.transaction import Write, transaction

FACT = Write(
    """
    INSERT INTO shop_facts (name, text) SELECT given.name, given.text FROM {given} WHERE true
    ON CONFLICT (name) DO UPDATE SET text = excluded.text
    """,
    (("name", "text"), ("text", "text")),
)


@pytest.fixture
def tx(shop):
    with transaction(shop.store, shop.clock) as tx:
        yield tx


def written(tx):
    """As another statement of the same transaction sees it."""
    return dict(tx.direct("SELECT name, text FROM shop_facts", {}))


def test_rows_put_off_are_written_out_together_when_asked_for(tx):
    tx.later(FACT, "hours", ("hours", "9-18"))
    tx.later(FACT, "phone", ("phone", "13800138000"))
    assert written(tx) == {}
    tx.flush()
    assert written(tx) == {"hours": "9-18", "phone": "13800138000"}


def test_of_two_rows_for_one_key_the_later_stands(tx):
    tx.later(FACT, "hours", ("hours", "9-18"))
    tx.later(FACT, "hours", ("hours", "10-22"))
    assert written(tx) == {"hours": "9-18"}
    tx.flush()
    assert written(tx) == {"hours": "10-22"}


def test_whoever_goes_another_way_finds_them_written(tx):
    tx.later(FACT, "hours", ("hours", "9-18"))
    assert tx.session.get_one(ShopFact, "hours").text == "9-18"
    tx.later(FACT, "phone", ("phone", "1"))
    assert tx.execute(text("SELECT count(*) FROM shop_facts")).scalar_one() == 2


def test_what_was_put_off_in_a_savepoint_goes_down_with_it(tx):
    tx.later(FACT, "hours", ("hours", "9-18"))

    def fail():
        with tx.savepoint():
            tx.later(FACT, "phone", ("phone", "1"))
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    tx.flush()
    assert written(tx) == {"hours": "9-18"}


def test_the_commit_writes_out_the_rest(shop):
    with transaction(shop.store, shop.clock) as tx:
        tx.later(FACT, "hours", ("hours", "9-18"))
    assert shop.rows("SELECT text FROM shop_facts") == [("9-18",)]


def test_what_was_read_once_is_read_again_after_a_change(tx):
    assert shop_facts.facts(tx)["hours"] == ""
    tx.direct("INSERT INTO shop_facts (name, text) VALUES ('hours', '9-18')", {})
    assert shop_facts.facts(tx)["hours"] == "", "read once for the whole batch"
    shop_facts.change(tx, {"phone": "1"})
    assert shop_facts.facts(tx) == {"hours": "9-18", "address": "", "phone": "1"}


def test_who_says_many_things_at_once_is_acknowledged_once(shop, mei):
    answers = at_once(*[lambda number=number: shop.push(mei.text_xml("在吗", 9000 + number)) for number in range(8)])
    said = [shop.read(answer) for answer in answers]
    assert sorted(map(bool, said)) == [False] * 7 + [True]
    assert len(shop.rows("SELECT id FROM utterances")) == 8


def test_staff_among_customers_change_what_those_after_them_hear(shop, boss, mei, lan):
    at_once(
        lambda: shop.push(lan.text_xml("几点关门", 9001)),
        lambda: shop.push(boss.text_xml("自动回复 几点关门 = 晚上十点", 9002)),
        lambda: shop.push(mei.text_xml("你好呀", 9003)),
    )
    assert "晚上十点" in shop.read(shop.push(mei.text_xml("几点关门", 9004)))


def test_a_lone_message_never_waits_for_another(monkeypatch):
    """With so short a linger its time is over before the wait begins, as it is now and then on a busy machine."""
    monkeypatch.setattr(inbox, "LINGER", 1e-6)

    def linger():
        queue: SimpleQueue = SimpleQueue()
        for _ in range(20_000):
            queue.put(None)
            queue.get()
            assert list(inbox._waiting(queue)) == []

    alone = threading.Thread(target=linger, daemon=True)
    alone.start()
    alone.join(timeout=20)
    assert not alone.is_alive()
