"""A model of delivery: workers, zombies, lapses, opt-outs and a platform that may or may not have acted, in any order.

After every step nobody has got two, and no row says something that did not happen.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from contextlib import closing
from datetime import timedelta
from random import Random
from typing import Any

from delivery_shop import Shop
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from sink import Platform

from bot.delivery import lease, outbox
from bot.delivery.calls import DUPLICATE_KEY, mark, mark_mass, record
from bot.delivery.lease import Held
from bot.platforms.decisions import Decision, Outcome
from bot.store.base import Base
from bot.store.engine import open_store
from bot.store.transaction import Tx

PEOPLE = [f"p{number}" for number in range(1, 7)]
FULL = os.environ.get("SHUKE_DRILLS") == "full"
HELD = timedelta(minutes=5)
NOT_SENT = [
    Outcome(Decision.AGAIN, None, "没连上"),
    Outcome(Decision.PERSON, 43004, "没有关注", relation="gone"),
    Outcome(Decision.PERSON, 45015, "窗口关了", relation="window_closed"),
    Outcome(Decision.CHANNEL, 45011, "太快", retry_after=60),
    Outcome(Decision.DEFECT, 47001, "格式不对"),
]
SEEDS = st.integers(0, 2**32)
UNCLEAR = [Outcome(Decision.UNKNOWN, None, "没有回应"), Outcome(Decision.SAME_KEY, -1, "忙", retry_after=60)]


class Deliveries(RuleBasedStateMachine):
    """``late``: answers not recorded yet. ``stale``: rows whose holder stood still past the lease."""

    late = Bundle("late")
    stale = Bundle("stale")

    @initialize()
    def open_shop(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="shuke-model-")
        self.platform = Platform()
        self.store = open_store(f"sqlite:///{self.folder}/shuke.db")
        Base.metadata.create_all(self.store.engine)
        self.shop = Shop(self.store, self.platform)
        self.shop.quiet, self.shop.per_day, self.shop.per_month = None, 99, 99
        self.phones: Counter[tuple[int, str]] = Counter()
        self.jobs: set[str] = set()
        self.shop.talks(*PEOPLE)
        for number, route in enumerate(["custom", "custom", "mass"], 1):
            self.shop.broadcast(PEOPLE, number=number, route=route)

    def teardown(self) -> None:
        if hasattr(self, "shop"):
            self.shop.engine.close()
            with closing(self.store), closing(self.platform):
                shutil.rmtree(self.folder)

    @rule(count=st.integers(1, 6), chance=SEEDS)
    def work(self, count: int, chance: int) -> None:
        """As it should be: claim, mark, call, record."""
        self._record(self._call(self._claim(count, chance), chance))

    @rule(target=late, count=st.integers(1, 6), chance=SEEDS, lapse=st.booleans())
    def work_slowly(self, count: int, chance: int, lapse: bool) -> Any:
        """The answers come later, perhaps after the lease."""
        answers = self._call(self._claim(count, chance), chance)
        if lapse:
            self._lapse([row for row, _outcome in answers])
        return answers or multiple()

    @rule(answers=consumes(late))
    def answer(self, answers: list[tuple[Held, Outcome]]) -> None:
        self._record(answers)

    @rule(count=st.integers(1, 6), chance=SEEDS, called=st.booleans())
    def die_at_work(self, count: int, chance: int, called: bool) -> None:
        rows = self._claim(count, chance)
        if called:
            self._call(rows, chance)
        self._lapse(rows)

    @rule(target=stale, count=st.integers(1, 6), chance=SEEDS)
    def stand_still(self, count: int, chance: int) -> Any:
        rows = self._claim(count, chance)
        self._lapse(rows)
        return rows or multiple()

    @rule(rows=consumes(stale), chance=SEEDS)
    def go_on_as_a_zombie(self, rows: list[Held], chance: int) -> None:
        self._record(self._call(rows, chance))

    @rule(count=st.integers(1, 6), chance=SEEDS)
    def stop_in_time(self, count: int, chance: int) -> None:
        with self.shop.tx() as tx:
            lease.release(tx, self._claim_in(tx, count, chance))

    def _claim(self, count: int, chance: int) -> list[Held]:
        with self.shop.tx() as tx:
            return self._claim_in(tx, count, chance)

    def _claim_in(self, tx: Tx, count: int, chance: int) -> list[Held]:
        if chance % 3:
            return lease.claim(tx, "main", ["custom"], count=count, lease=HELD)
        return lease.claim_mass(tx, "main", HELD, settled=False)

    def _call(self, rows: list[Held], chance: int) -> list[tuple[Held, Outcome]]:
        if not rows:
            return []
        luck = Random(chance)
        with self.shop.tx() as tx:
            marked = (mark_mass if rows[0].route == "mass" else mark)(tx, rows, self.shop.terms)
        if marked and marked[0].route == "mass":
            outcome = self._mass(marked, luck)
            return [(row, outcome) for row in marked]
        return [(row, self._single(row, luck)) for row in marked]

    def _single(self, row: Held, luck: Random) -> Outcome:
        clear = luck.random() < 0.7
        if luck.random() < 0.6:
            self.phones[row.broadcast_id or 0, row.person_id] += 1
            return Outcome(Decision.SENT, 0, "") if clear else UNCLEAR[0]
        return luck.choice(NOT_SENT) if clear else UNCLEAR[0]

    def _mass(self, rows: list[Held], luck: Random) -> Outcome:
        key, clear = rows[0].batch_key, luck.random() < 0.5
        if key in self.jobs:
            return Outcome(Decision.SENT, DUPLICATE_KEY, "", platform_id=key) if clear else luck.choice(UNCLEAR)
        if luck.random() < 0.5:
            # A refusal of the whole call; a person cannot be meant.
            refusals = [outcome for outcome in NOT_SENT if outcome.decision is not Decision.PERSON]
            return luck.choice(refusals) if clear else luck.choice(UNCLEAR)
        self.jobs.add(key)
        for row in rows:
            if not row.withdrawn:
                self.phones[row.broadcast_id or 0, row.person_id] += 1
        return Outcome(Decision.SENT, 0, "", platform_id=key) if clear else luck.choice(UNCLEAR)

    def _record(self, answers: list[tuple[Held, Outcome]]) -> None:
        if answers:
            with self.shop.tx() as tx:
                record(tx, answers, self.shop.terms)

    def _lapse(self, rows: list[Held]) -> None:
        with self.shop.tx() as tx:
            lease.renew(tx, rows, timedelta(seconds=-1))
        self.shop.sweep()

    @rule(minutes=st.sampled_from([2, 6, 40]))
    def time_passes(self, minutes: int) -> None:
        self.shop.later(minutes=minutes)
        self.shop.talks(*PEOPLE)
        self.shop.sweep()

    @rule(number=st.integers(1, 6))
    def opt_out(self, number: int) -> None:
        self.shop.do(lambda tx: outbox.cancel_for_customer(tx, number, "已退订", purpose="marketing"))

    @rule(number=st.integers(1, 3), paused=st.booleans())
    def pause(self, number: int, paused: bool) -> None:
        self.shop.do(lambda tx: (outbox.pause if paused else outbox.resume)(tx, number))

    @invariant()
    def nobody_got_two(self) -> None:
        if hasattr(self, "phones"):
            assert all(count == 1 for count in self.phones.values())

    @invariant()
    def no_row_lies(self) -> None:
        if not hasattr(self, "shop"):
            return
        for row in self.shop.rows():
            got = self.phones[row.broadcast_id or 0, row.person_id]
            if row.state == "sent":
                assert got == 1
            elif row.state in ("cancelled", "skipped", "by_hand", "failed") or (
                row.state == "planned" and row.calling_since is None
            ):
                assert got == 0


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(
    max_examples=400 if FULL else 30, stateful_step_count=40, deadline=None, derandomize=not FULL
)
