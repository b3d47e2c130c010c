"""Plans that repeat (每周三 10:00): at every due time a broadcast of its own, to whom the segment names by then.

The list of an occurrence is read before its transaction, so that callbacks do not wait for it; the plan's next time
moves on in the transaction that makes the occurrence, which only one of many schedulers gets done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update

from bot.domain.campaigns import lists
from bot.domain.campaigns.models import Broadcast
from bot.domain.scripts import service as scripts
from bot.domain.scripts.checker import refuse_punished, warnings
from bot.domain.scripts.kinds import compile_script, words
from bot.errors import Refusal
from bot.language import read_recurrence
from bot.settings import Settings
from bot.store.transaction import Tx


def next_time(every: str, here: datetime) -> datetime:
    """The first time after ``here``, which is in the shop's zone."""
    return read_recurrence(every).after(here)


def coming(shop: Settings, plan: Broadcast, count: int) -> list[datetime]:
    """The next dates of a plan, in the shop's zone."""
    if plan.start_at is None:
        return []
    found = [plan.start_at.astimezone(shop.timezone)]
    while len(found) < count:
        found.append(next_time(plan.repeats, found[-1]))
    return found


def begin(tx: Tx, shop: Settings, plan: Broadcast) -> None:
    """A plan was confirmed. Raises Refusal when it is not waiting for that any more."""
    waits = update(Broadcast).where(Broadcast.id == plan.id, Broadcast.state == "draft")
    start_at = next_time(plan.repeats, tx.now.astimezone(shop.timezone))
    if tx.execute(waits.values(state="recurring", start_at=start_at)).rowcount != 1:
        raise Refusal(f"群发 {plan.id} 已经确认过或取消了，不能再确认。")
    tx.session.refresh(plan)


def due(tx: Tx, now: datetime) -> list[int]:
    """The plans whose next time has come."""
    waits = select(Broadcast.id).where(Broadcast.state == "recurring", Broadcast.start_at <= now)
    return list(tx.execute(waits.order_by(Broadcast.id)).scalars())


def occurrences(tx: Tx, plan: Broadcast, count: int) -> Sequence[Broadcast]:
    """The latest broadcasts of a plan, the newest first."""
    own = select(Broadcast).where(Broadcast.plan_id == plan.id).order_by(Broadcast.id.desc())
    return tx.session.scalars(own.limit(count)).all()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What became of a due time: the broadcast, or why there is none; ``too_many``: staff may not send to that many."""

    plan: Broadcast
    broadcast: Broadcast | None
    why_not: str = ""
    too_many: bool = False


class Step:
    """A plan whose time has come: ``read`` and ``write`` are two transactions."""

    def __init__(self, number: int, due_at: datetime, next_at: datetime, people: Sequence[int], why_not: str) -> None:
        self._number = number
        self._due_at = due_at
        self._next_at = next_at
        self._people = people
        self._why_not = why_not

    @classmethod
    def read(cls, tx: Tx, shop: Settings, number: int) -> Step | None:
        """None where it is not due (any more). Of several due times that were slept through only the last counts."""
        plan = tx.session.get_one(Broadcast, number)
        if plan.state != "recurring" or plan.start_at is None or plan.start_at > tx.now:
            return None
        due_at = plan.start_at.astimezone(shop.timezone)
        next_at = next_time(plan.repeats, due_at)
        while next_at <= tx.now:
            due_at, next_at = next_at, next_time(plan.repeats, next_at)
        try:
            return cls(number, due_at, next_at, lists.audience(tx, shop, plan, due_at), "")
        except Refusal as refusal:
            return cls(number, due_at, next_at, [], str(refusal))

    def write(self, tx: Tx, shop: Settings) -> Occurrence | None:
        """Makes the broadcast, waiting for its time, which has come; None where another scheduler has."""
        mine = update(Broadcast).where(
            Broadcast.id == self._number, Broadcast.state == "recurring", Broadcast.start_at < self._next_at
        )
        if tx.execute(mine.values(start_at=self._next_at)).rowcount != 1:
            return None
        plan = tx.session.get_one(Broadcast, self._number)
        if self._why_not:
            return Occurrence(plan, None, self._why_not)
        try:
            wordings = _wordings(tx, plan.scripts, self._due_at.date())
        except Refusal as refusal:
            return Occurrence(plan, None, str(refusal))
        broadcast = Broadcast(
            staff_id=plan.staff_id,
            segment=plan.segment,
            scripts=wordings,
            hold_out=plan.hold_out,
            spares_tired=plan.spares_tired,
            state="scheduled",
            start_at=self._due_at,
            created_at=tx.now,
            plan_id=plan.id,
            per_hour=plan.per_hour,
            over_days=plan.over_days,
        )
        tx.session.add(broadcast)
        tx.session.flush()
        too_many = lists.too_many(tx, shop, plan, len(self._people))
        if too_many:
            broadcast.state = "paused"
        lists.take(tx, shop, broadcast, self._people)
        return Occurrence(plan, broadcast, too_many=too_many)


def _wordings(tx: Tx, confirmed: Sequence[dict[str, Any]], today: date) -> list[dict[str, Any]]:
    """The scripts as they are by now: whoever edits one before Wednesday means Wednesday's message.

    Checked like those of a broadcast. Raises Refusal for one that cannot be read, for words the platform would punish,
    and for words only the owner may let pass that did not stand in what was ``confirmed``.
    """
    wordings = []
    for script in confirmed:
        found = scripts.find(tx, script["name"])
        compile_script(found.kind, found.text)
        wordings.append(found.frozen(script["variant"]))
    spoken = _spoken(wordings)
    refuse_punished(spoken, "mass", today, undone="话术改过，现在有平台会罚的话")
    known = warnings(_spoken(confirmed), "mass", today)
    if new := [line for line in warnings(spoken, "mass", today) if line not in known]:
        raise Refusal("\n".join(["话术改过，现在有要老板拿主意的话，请改好或重新排：", *new]))
    return wordings


def _spoken(frozen: Sequence[dict[str, Any]]) -> list[str]:
    said = (words(script.get("kind", "text"), script["text"]) for script in frozen)
    return [text for text in said if text]
