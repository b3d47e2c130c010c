"""今日 of a shop with thousands of reasons to speak: in the right order, and never all of them at once."""

from datetime import timedelta

import pytest
from sqlalchemy import event, insert

from bot.delivery.models import Content, Delivery
from bot.domain import working_day
from bot.domain.complaints.models import Case
from bot.domain.customers.models import Customer, CustomerTag, Tag, Utterance
from bot.domain.merchants.models import Staff
from bot.domain.orders.models import Order

MANY = 1200


def people(shop, tx, **facts):
    """So many customers; the last is a VIP."""
    rows = [
        {"id": number, "created_at": tx.now, "vip": number == 100 + MANY, "purchased": number % 2 == 0, **facts}
        for number in range(101, 101 + MANY)
    ]
    blank = dict.fromkeys(("birth_lunar", "visited", "opted_out", "is_staff"), False) | {"spent_fen": 0, "purchases": 0}
    tx.execute(insert(Customer), [blank | row for row in rows])
    return [row["id"] for row in rows]


def waiting(shop, tx):
    said = {"account": "main", "person_id": "x", "kind": "text", "text": "在吗", "waiting": True}
    rows = [
        said | {"customer_id": number, "at": tx.now - timedelta(minutes=number), "urgent": number == 777}
        for number in people(shop, tx)
    ]
    tx.execute(insert(Utterance), rows)
    return [777, 100 + MANY, 99 + MANY]


def complaint(shop, tx):
    rows = [
        {"customer_id": number, "kind": "complaint", "text": "破了", "at": tx.now, "open": True}
        for number in people(shop, tx)
    ]
    tx.execute(insert(Case), rows)
    return [101, 102, 103]


def follow_up(shop, tx):
    people(shop, tx, next_at=tx.now, next_step="看样衣")
    return [100 + MANY, 102, 104]


def birthday(shop, tx):
    people(shop, tx, birth_month=9, birth_day=22)
    return [100 + MANY, 102, 104]


def quiet(shop, tx):
    numbers = people(shop, tx)
    tx.execute(insert(Tag), [{"id": 1, "name": "流失预警", "created_at": tx.now}])
    tx.execute(
        insert(CustomerTag),
        [{"customer_id": number, "tag_id": 1, "since": tx.now, "ruled_at": tx.now} for number in numbers],
    )
    return [100 + MANY, 102, 104]


def stage(shop, tx):
    facts = {"amount_fen": 100, "refunded_fen": 0, "items": "面霜", "note": "", "source": "shop", "stage": 3}
    days = {"created_at": tx.now, "paid_at": tx.now, "delivered_at": tx.now - timedelta(days=4)}
    tx.execute(
        insert(Order), [facts | days | {"customer_id": number, "used_up_why": ""} for number in people(shop, tx)]
    )
    return [100 + MANY, 102, 104]


def call(shop, tx):
    people(shop, tx)
    tx.execute(Customer.__table__.update().values(vip=True))
    return [101, 102, 103]


def by_hand(shop, tx):
    tx.execute(insert(Content), [{"id": 1, "digest": "x", "payload": {"type": "text", "text": "您好"}}])
    row = {
        "account": "main",
        "purpose": "service",
        "content_id": 1,
        "state": "by_hand",
        "due_at": tx.now,
        "planned_at": tx.now,
    }
    rows = [row | {"customer_id": number, "send_key": f"k{number}"} for number in people(shop, tx)]
    tx.execute(insert(Delivery), rows)
    return [99 + MANY, 98 + MANY, 97 + MANY]


def talk(shop, tx):
    people(shop, tx, last_contact_at=tx.now - timedelta(days=60))
    return [98 + MANY, 96 + MANY]


@pytest.mark.parametrize("source", [waiting, complaint, follow_up, birthday, quiet, stage, call, by_hand, talk])
def test_a_source_of_thousands_is_read_from_its_front(shop, boss, source):
    with shop.open() as tx:
        expected = source(shop, tx)
    read = []

    def note(customer, _context):
        read.append(customer.id)

    with shop.open() as tx:
        (staff_id,) = tx.session.query(Staff.id).one()
        now = tx.now.astimezone(shop.settings.timezone)
        event.listen(Customer, "load", note)
        day = working_day.day(tx, shop.settings, now, staff_id)
        event.remove(Customer, "load", note)
    found = [task.customer.id for task in day.tasks if task.kind == source.__name__]
    assert found[: len(expected)] == expected
    assert len(read) < MANY / 2


def test_the_list_says_that_there_is_more(shop, boss):
    with shop.open() as tx:
        waiting(shop, tx)
    assert "共 200 多件" in boss.says("今日")
    assert f"等回复的顾客 {MANY} 位" in boss.says("待回")


def test_a_colleagues_customers_do_not_push_out_ones_own(shop, boss, clerk):
    with shop.open() as tx:
        (other,) = tx.session.query(Staff.id).filter_by(name="小李").one()
        numbers = people(shop, tx, next_at=tx.now, next_step="看样衣", keeper_id=other)
        nobodys = numbers[-2]
        tx.session.get(Customer, nobodys).keeper_id = None
    first = next(line for line in boss.says("今日").splitlines() if line.startswith("1. "))
    assert f"#{nobodys}" in first
