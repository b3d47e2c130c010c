"""Who has a place is reminded a day and two hours before, once, by the words of the library."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.delivery.outbox import Content, Delivery
from bot.domain.activities import service as activities
from bot.domain.activities.rules import reminder_due
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer
from jobs import activities as reminders


@pytest.fixture
def party(shop):
    """A tea party on 3 September at 14:00 with one place, taken by 小美; 张姐 waits."""
    with shop.open() as tx:
        party = activities.create(
            tx,
            title="茶会",
            at=shop.at("2025-09-03 14:00"),
            capacity=1,
            place="本店",
            audience="",
            staff_id=shop.owner.id,
        )
        for person in ("mei", "zhang"):
            met = customers.meet(tx, "main", person)
            activities.join(tx, party, tx.session.get_one(Customer, met.customer_id))
        return party.id


def strike(shop, local: str) -> list[tuple[str, str]]:
    """Puts the clock to ``local``, strikes twice, and returns who was told what in all."""
    shop.clock.set(shop.at(local))
    reminders.strike(shop.parts, shop.clock.now())
    reminders.strike(shop.parts, shop.clock.now())
    with shop.open() as tx:
        told = select(Delivery.person_id, Content.payload).join(Content, Content.id == Delivery.content_id)
        return [(person, payload["text"]) for person, payload in tx.execute(told.order_by(Delivery.id))]


def test_a_guest_hears_the_day_before_and_two_hours_before_and_only_once(shop, party):
    assert strike(shop, "2025-09-02 13:59") == []
    day_before = strike(shop, "2025-09-02 14:00")
    assert [person for person, _text in day_before] == ["mei"]
    assert "茶会" in day_before[0][1]
    assert strike(shop, "2025-09-02 20:00") == day_before
    both = strike(shop, "2025-09-03 12:00")
    assert [person for person, _text in both] == ["mei", "mei"]
    assert both[1][1] != day_before[0][1]
    assert strike(shop, "2025-09-03 14:00") == both


def test_a_clock_that_jumps_past_the_day_before_gives_the_nearer_reminder_alone(shop, party):
    told = strike(shop, "2025-09-03 12:30")
    assert [person for person, _text in told] == ["mei"]


def test_a_word_for_the_day_before_is_not_said_on_the_day_itself(shop, party):
    assert strike(shop, "2025-09-03 09:00") == []
    [(person, text)] = strike(shop, "2025-09-03 13:25")
    assert person == "mei"
    assert "还有35分钟开始" in text


def test_a_word_that_comes_late_on_the_day_before_is_true(shop, party):
    [(_person, text)] = strike(shop, "2025-09-02 22:00")
    assert text.startswith("明天见")
    assert "还有两个小时开始" in strike(shop, "2025-09-03 12:00:30")[1][1]


def test_a_closed_activity_reminds_nobody(shop, party):
    with shop.open() as tx:
        activities.get(tx, party).open = False
    assert strike(shop, "2025-09-02 15:00") == []


def test_the_nearer_reminder_counts_and_what_was_told_is_not_told_again(shop):
    at = shop.at("2025-09-03 14:00")
    due = [
        reminder_due(at, at - before, zone=shop.settings.timezone, day_told=False, hours_told=False)
        for before in (timedelta(hours=25), timedelta(hours=24), timedelta(hours=2), timedelta(0))
    ]
    assert due == [None, "day", "hours", None]
    assert (
        reminder_due(at, at - timedelta(hours=23), zone=shop.settings.timezone, day_told=True, hours_told=False) is None
    )
