"""Whatever is sold, given back, taken back and imported, in whatever order: the book adds up and nothing in it is edited.

The books are kept by the real services on a real database; the wire has no part in it, so that hundreds of steps a
second can be played.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, text

from bot.domain.customers import service as customers
from bot.domain.merchants import changes
from bot.domain.merchants.models import Staff
from bot.domain.orders import bills, daybook, payments
from bot.domain.orders import service as orders
from bot.domain.orders.models import LedgerEntry, Payment
from bot.errors import Refusal
from bot.store.engine import open_store
from bot.store.transaction import transaction

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

AMOUNTS = st.sampled_from([100, 29800])
PEOPLE = st.integers(0, 2)  # 0 is a passer-by
KEYS = st.integers(1, 2)
BEGIN = datetime(2026, 9, 20, 2, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.moment = BEGIN

    def now(self):
        return self.moment


class Books(RuleBasedStateMachine):
    """Two customers, one member of staff, a bill of two payments. ``entries`` is the book as it was last seen."""

    store = None

    @initialize()
    def begin(self):
        self.clock = Clock()
        self.entries = []
        self.bill = {}
        with transaction(self.store, self.clock) as tx:
            tagged = ("customer_tags", "tag_changes")
            for table in (
                *("payments", "month_closes", "changes", "ledger", "timeline", *tagged, "orders", "customers", "staff"),
            ):
                tx.execute(text(f"DELETE FROM {table}"))
            staff = Staff(name="小李", role="owner", active=True, created_at=tx.now)
            tx.session.add(staff)
            tx.session.flush()
            self.staff = staff.id
            self.people = [customers.enrol(tx, name=name, phone="", wechat="").id for name in ("小美", "阿兰")]

    def do(self, work):
        """As a line of staff: all of it or nothing, kept so that it can be taken back."""
        self.clock.moment += timedelta(minutes=7)
        with transaction(self.store, self.clock) as tx:
            try:
                with tx.savepoint(), tx.journaled() as journal:
                    work(tx)
            except Refusal:
                return
            changes.keep(
                tx, staff_id=self.staff, label="x", entries=journal.entries, final=None, message_key=str(tx.now)
            )

    def whom(self, tx, one):
        return None if one == 0 else customers.get(tx, self.people[one - 1])

    @rule(one=PEOPLE, amount=AMOUNTS)
    def sell(self, one, amount):
        self.do(
            lambda tx: orders.purchase(
                tx, self.whom(tx, one), amount_fen=amount, items="茶", note="", in_shop=True, staff_id=self.staff
            )
        )

    @rule(which=st.integers(0, 9), amount=AMOUNTS)
    def give_back(self, which, amount):
        def work(tx):
            numbers = tx.execute(text("SELECT id FROM orders ORDER BY id")).scalars().all()
            if numbers:
                orders.refund(tx, orders.get(tx, numbers[which % len(numbers)]), amount_fen=amount, staff_id=self.staff)

        self.do(work)

    @rule()
    def take_back(self):
        self.clock.moment += timedelta(minutes=1)
        with transaction(self.store, self.clock) as tx:
            try:
                with tx.savepoint():
                    reverse = {LedgerEntry.__tablename__: lambda one: daybook.reverse(tx, one, staff_id=self.staff)}
                    changes.undo(tx, staff_id=self.staff, reverse=reverse)
            except Refusal:
                return

    @rule(key=KEYS, amount=AMOUNTS, back=st.integers(0, 3), hours=st.integers(-30, 3), again=st.booleans())
    def take_in(self, key, amount, back, hours, again):
        """The bill tells of a payment, later perhaps with more given back; it never tells of less."""
        self.clock.moment += timedelta(minutes=7)
        at = self.clock.moment + timedelta(hours=hours)
        told = self.bill.get(key) or bills.Paid(1, "personal", f"key-{key:04}", amount, at, payer=f"客{key % 3}")
        returned = max(told.back_fen, told.amount_fen * back // 4)
        told = bills.Paid(
            1,
            told.bill,
            told.key,
            told.amount_fen,
            told.paid_at,
            payer=told.payer,
            back=(bills.Back(1, "", returned),) if returned else (),
        )
        self.bill[key] = told
        for _ in range(1 + again):
            with transaction(self.store, self.clock) as tx:
                before = self.book(tx)
                payments.take_in(tx, [told], payments.Intake(), zone=UTC)
                tx.flush()
                assert _ == 0 or self.book(tx) == before

    @rule(
        which=st.integers(0, 3), one=PEOPLE, meant=st.sampled_from(["order", "customer", "same", "another", "nobody"])
    )
    def claim(self, which, one, meant):
        def work(tx):
            found, count = payments.unclaimed(tx, count=9)
            if not count:
                return
            payment = found[which % count]
            if meant == "customer" and one:
                payments.claim(tx, payment, self.whom(tx, one), staff_id=self.staff)
            elif meant == "another":
                payments.is_another(tx, payment, staff_id=self.staff)
            elif meant == "nobody":
                payments.is_nobodys(tx, payment, staff_id=self.staff)
            elif meant == "order":
                fitting = text(
                    "SELECT id FROM orders WHERE amount_fen = :fen AND source <> 'bill'"
                    " AND id NOT IN (SELECT order_id FROM payments WHERE order_id IS NOT NULL) ORDER BY id"
                )
                numbers = tx.execute(fitting, {"fen": payment.amount_fen}).scalars().all()
                payments.is_same(tx, payment, orders.get(tx, numbers[0] if numbers else 0), staff_id=self.staff)
            elif (suspect := payments.suspected(tx, payment)) is not None:
                payments.is_same(tx, payment, suspect, staff_id=self.staff)

        self.do(work)

    @rule(which=st.integers(0, 3), one=PEOPLE)
    def sell_what_the_bill_knows(self, which, one):
        """Typed after the bill came, then said to be the same."""

        def work(tx):
            found, count = payments.unclaimed(tx, count=9)
            if not count:
                return
            payment, whom = found[which % count], self.whom(tx, one)
            sold = {"amount_fen": payment.amount_fen, "items": "茶", "note": "", "in_shop": True}
            order = orders.purchase(tx, whom, staff_id=self.staff, **sold)
            payments.is_same(tx, payment, order, staff_id=self.staff)

        self.do(work)

    @rule()
    def another_day(self):
        self.clock.moment += timedelta(days=1)

    @precondition(lambda self: self.clock.moment < BEGIN + timedelta(days=60))
    @rule()
    def close_the_month(self):
        self.clock.moment = (self.clock.moment.replace(day=1) + timedelta(days=32)).replace(day=1, hour=3)
        ends = self.clock.moment.replace(hour=0, minute=0)
        begins = (ends - timedelta(days=1)).replace(day=1)
        self.do(lambda tx: daybook.close(tx, begins, ends, staff_id=self.staff))

    def book(self, tx):
        return [tuple(row) for row in tx.execute(text("SELECT * FROM ledger ORDER BY id"))]

    @invariant()
    def the_book_adds_up(self):
        if not hasattr(self, "people"):
            return
        with transaction(self.store, self.clock) as tx:
            book = self.book(tx)
            assert book[: len(self.entries)] == self.entries, "an entry was edited or lost"
            self.entries = book
            by_order = {
                row.id: row.fen
                for row in tx.execute(
                    text(
                        "SELECT orders.id, COALESCE(SUM(ledger.amount_fen), 0) AS fen FROM orders"
                        " LEFT JOIN ledger ON order_id = orders.id WHERE paid_at IS NOT NULL GROUP BY orders.id"
                    )
                )
            }
            found = tx.execute(text("SELECT id, customer_id, amount_fen, refunded_fen FROM orders")).all()
            assert {order.id: order.amount_fen - order.refunded_fen for order in found} == by_order
            assert all(0 <= order.refunded_fen <= order.amount_fen for order in found)
            (total,) = tx.execute(text("SELECT COALESCE(SUM(amount_fen), 0) FROM ledger")).one()
            assert total == sum(by_order.values())
            spent = dict(tx.execute(text("SELECT id, spent_fen FROM customers")).all())
            for number in self.people:
                own = [order.amount_fen - order.refunded_fen for order in found if order.customer_id == number]
                assert spent[number] == sum(own)
            # What a bill gave back is booked once, typed or not.
            typed = set(
                tx.execute(text("SELECT order_id FROM ledger WHERE source = 'chat' AND amount_fen < 0")).scalars()
            )
            refunded = {order.id: order.refunded_fen for order in found}
            for payment in tx.session.scalars(select(Payment).where(Payment.order_id.is_not(None))):
                back = sum(payment.refunds.values())
                assert refunded[payment.order_id] >= back
                assert refunded[payment.order_id] == back or payment.order_id in typed
            came_to = daybook.totals(tx, BEGIN - timedelta(days=400), tx.now + timedelta(days=400))
            assert came_to.net_fen == total


def test_the_book_adds_up_whatever_happens(database, tmp_path):
    Books.store = open_store(f"sqlite:///{tmp_path}/data/shuke.db")
    try:
        run_state_machine_as_test(
            Books,
            settings=settings(
                max_examples=40,
                stateful_step_count=20,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=[HealthCheck.too_slow],
            ),
        )
    finally:
        Books.store.close()
