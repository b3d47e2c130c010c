"""Both sides change a tag at random, news come late or not at all: who changed last has the word, and both end alike."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from bot.domain.customers import corp_tags, friends, tag_links, tags
from bot.domain.customers.corp_tags import Listed
from bot.domain.customers.models import Customer, Friendship
from bot.platforms.wecom.contacts import Contact, Friend
from bot.store.engine import open_store
from bot.store.transaction import transaction
from jobs import contact_pages

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

FULL = os.environ.get("SHUKE_DRILLS") == "full"
ACCOUNT, MEMBER, PERSON, TAG = "corp", "lihua", "wm1", "et1"
BEGIN = datetime(2026, 9, 21, 2, tzinfo=UTC)
SPANS = st.sampled_from([0.2, 0.4, 1.0, 1.7, 6.0])


class Clock:
    moment = BEGIN

    def now(self):
        return self.moment


class BothSides(RuleBasedStateMachine):
    """One contact, one tag. ``there`` is what the platform has; ``ours_at`` and ``theirs_at`` the last change of each
    side since they last agreed; ``news`` the events on their way."""

    store = None

    @initialize()
    def begin(self):
        self.clock = Clock()
        self.there = False
        self.agreed = False
        self.ours_at = self.theirs_at = None
        self.news = []
        with transaction(self.store, self.clock) as tx:
            for table in ("tag_changes", "customer_tags", "friendships", "identities", "customers", "corp_tags"):
                tx.execute(text(f"DELETE FROM {table}"))
            corp_tags.listed(tx, ACCOUNT, [Listed(TAG, "新款", "喜好")], at=tx.now)
            self.read(tx, self.clock.now())

    def passes(self, span):
        self.clock.moment += timedelta(seconds=span)

    def read(self, tx, as_of):
        worn = (TAG,) if self.there else ()
        told = Contact(PERSON, "小美", "", "wechat", (Friend(MEMBER, since=BEGIN - timedelta(days=9), tag_ids=worn),))
        return contact_pages.keep_read(tx, ACCOUNT, [told], tag_links.links(tx, ACCOUNT), as_of=as_of)

    def here(self, tx):
        (customer,) = tx.session.query(Customer).all()
        return "新款" in tags.of(tx, [customer.id])[customer.id]

    @rule(span=SPANS, puts_on=st.booleans())
    def staff_change_it_here(self, span, puts_on):
        self.passes(span)
        with transaction(self.store, self.clock) as tx:
            if self.here(tx) == puts_on:
                return
            wanted = tags.edit(["新款"] if puts_on else [], [] if puts_on else ["新款"])
            tags.apply(tx, tx.session.query(Customer).all(), wanted, staff_id=1, source="chat")
        self.ours_at = self.clock.now()

    # Between two readings a change back and forth cannot be told from none.
    @precondition(lambda self: self.theirs_at is None)
    @rule(span=SPANS, is_told=st.booleans())
    def a_member_changes_it_there(self, span, is_told):
        self.passes(span)
        self.there = not self.there
        self.theirs_at = self.clock.now().replace(microsecond=0)
        if is_told:
            self.news.append(self.theirs_at)

    @precondition(lambda self: self.news)
    @rule(span=SPANS, place=st.integers(0, 3), again=st.booleans())
    def an_event_comes(self, span, place, again):
        self.passes(span)
        at = self.news[place % len(self.news)]
        if not again:
            self.news.remove(at)
        with transaction(self.store, self.clock) as tx:
            friends.edited(tx, ACCOUNT, MEMBER, PERSON, at)

    @rule(span=st.sampled_from([0.2, 1.0, 20.0]))
    def a_worker_reads_and_tells(self, span):
        self.passes(span)
        as_of = self.clock.now()
        with transaction(self.store, self.clock) as tx:
            told_at = tx.session.get_one(Friendship, (PERSON, ACCOUNT, MEMBER)).told_at
            was_here = self.here(tx)
            kept = self.read(tx, as_of)
            expected = self.expected(was_here, told_at)
            if expected is None:
                assert self.here(tx) == was_here
                assert not kept.tags, "too early to say"
                return
            assert self.here(tx) == expected
        self.passes(0.1)
        with transaction(self.store, self.clock) as tx:
            for one in kept.tags:
                assert self.there != expected, "what is there already is not set again"
                off = one.take_off.get(MEMBER, ())
                self.there = bool(one.put_on)
                on = [TAG] if one.put_on else []
                tag_links.pushed(tx, ACCOUNT, MEMBER, PERSON, put_on=on, taken_off=off)
            contact_pages.heard(tx, ACCOUNT, [PERSON], as_of=as_of)
        assert self.there == expected
        self.agreed, self.ours_at, self.theirs_at = expected, None, None

    def expected(self, was_here, told_at):
        """By the stated rule; None where it is too early to say."""
        if self.theirs_at is None or was_here == self.there:
            return was_here
        if self.ours_at is None:
            return self.there
        is_told = told_at is not None and told_at >= self.theirs_at
        if not is_told:
            return None if self.clock.now() - self.ours_at < tag_links.NEWS_TAKE else self.there
        return was_here if self.ours_at.replace(microsecond=0) > self.theirs_at else self.there

    def teardown(self):
        if not hasattr(self, "clock"):
            return
        for _ in range(2):
            self.a_worker_reads_and_tells(20.0)
        with transaction(self.store, self.clock) as tx:
            assert self.here(tx) == self.there


def test_the_later_change_holds_and_both_sides_end_alike(database, tmp_path):
    BothSides.store = open_store(f"sqlite:///{tmp_path}/data/shuke.db")
    try:
        run_state_machine_as_test(
            BothSides,
            settings=settings(
                max_examples=400 if FULL else 5,
                stateful_step_count=14,
                deadline=None,
                phases=[Phase.explicit, Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        BothSides.store.close()
