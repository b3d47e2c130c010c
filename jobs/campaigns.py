"""Broadcasts: lists become rows, what is due is started, what is through is closed, and who planned it is told."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from bot.delivery import outbox
from bot.domain.campaigns import cancelling, catching_up, lists, live, progress, recurring
from bot.domain.campaigns import service as campaigns
from bot.domain.campaigns.models import Broadcast
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.store.killpoints import reach
from bot.store.transaction import Tx, reading, transaction
from jobs.parts import Parts

log = logging.getLogger(__name__)

# Messages that are due are not to wait longer than this for somebody's long list.
PLAN_SECONDS = 1.0


def plan(parts: Parts, *, seconds: float = PLAN_SECONDS, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Writes rows of confirmed broadcasts, strikes off those of cancelled ones, for about ``seconds``, and keeps the pace
    of those that have fallen behind; True: something is left to do at once.

    May run any number of times, at once or for nothing. A list that cannot be planned is logged and keeps no other.
    """
    end = time.monotonic() + seconds
    with reading(parts.store, parts.clock) as tx:
        numbers = lists.waiting(tx)
    left = False
    for number in numbers:
        try:
            while not (stopping() or time.monotonic() >= end):
                if not _plan_part(parts, number):
                    break
            else:
                left = True
        except Exception:
            log.exception("campaigns.not_planned broadcast=%s", number)
    _keep_pace(parts)
    return left


def _keep_pace(parts: Parts) -> None:
    """What has fallen behind is put off before anything is sent."""
    with reading(parts.store, parts.clock) as tx:
        late = catching_up.behind(tx, parts.settings)
    for batch in late:
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            batch.move(tx)


def _plan_part(parts: Parts, number: int) -> bool:
    # Planned while only reading: on SQLite callbacks write meanwhile, and wait for the rows alone.
    with reading(parts.store, parts.clock) as tx:
        part = cancelling.Step.read(tx, number) or lists.Part.read(tx, parts.settings, number)
    if part is None:
        return False
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        part.write(tx)
    return True


def strike(parts: Parts, now: datetime) -> int:
    """Starts what is due at ``now`` and closes what is through; a quiet tick only reads."""
    with reading(parts.store, parts.clock) as tx:
        repeating, by_then = recurring.due(tx, now), live.due(tx, now)
    struck = sum(_occur(parts, number) for number in repeating) + sum(_begin(parts, number) for number in by_then)
    struck += _start_and_finish(parts, now)
    _count(parts)
    return struck


def _start_and_finish(parts: Parts, now: datetime) -> int:
    with reading(parts.store, parts.clock) as tx:
        scheduled = select(Broadcast.id).where(*campaigns.to_start(now))
        running = select(Broadcast.id).where(Broadcast.state == "running")
        due = tx.execute(scheduled.limit(1)).first() is not None
        through = {
            number: _through(outbox.counts(tx, number), number)
            for number in tx.session.scalars(running)
            if campaigns.is_through(tx, number)
        }
    if not due and not through:
        return 0
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        started, late = campaigns.start_due(tx)
        done = campaigns.finish_due(tx, list(through))
        for broadcast in late:
            _tell(
                tx,
                broadcast,
                f"群发 {broadcast.id}{_of_plan(tx, broadcast)} 错过了时间，没有发。"
                f"现在发：继续 {broadcast.id}；不发：取消 {broadcast.id}",
            )
        for broadcast in done:
            of_day = f"（{broadcast.occasion}）" if broadcast.occasion else ""
            _tell(tx, broadcast, f"群发 {broadcast.id}{of_day} {through[broadcast.id]}")
    return len(started) + len(late) + len(done)


def _count(parts: Parts) -> None:
    """Counts long broadcasts anew, so that whoever asks need not wait for it."""
    with reading(parts.store, parts.clock) as tx:
        counted = [(number, progress.measure(tx, campaigns.get(tx, number))) for number in progress.to_count(tx)]
        at = tx.now
    if counted:
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            for number, numbers in counted:
                progress.keep(tx, number, numbers, at)


def _occur(parts: Parts, number: int) -> bool:
    """Makes the broadcast of a plan whose time has come; one that cannot be made keeps no other."""
    try:
        with reading(parts.store, parts.clock) as tx:
            step = recurring.Step.read(tx, parts.settings, number)
        if step is None:
            return False
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            occurrence = step.write(tx, parts.settings)
            reach("occurred")
            if occurrence is not None:
                _tell_of(tx, parts, occurrence)
        return occurrence is not None
    except Exception:
        log.exception("campaigns.not_repeated broadcast=%s", number)
        return False


def _begin(parts: Parts, number: int) -> bool:
    """Takes the list of a live broadcast whose time has come and starts it; one that cannot be read keeps no other."""
    try:
        with reading(parts.store, parts.clock) as tx:
            step = live.Step.read(tx, parts.settings, number)
        if step is None:
            return False
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            begun = step.write(tx, parts.settings)
            reach("listed")
            if begun is not None and begun.why_not:
                words = f"群发 {number} 到点没有发：{begun.why_not}\n改好以后：继续 {number}；不发：取消 {number}"
                _tell(tx, begun.broadcast, words)
            elif begun is not None and begun.too_many:
                _tell_owners(tx, parts, begun.broadcast, f"群发 {number} 到点没有发：")
        return begun is not None
    except Exception:
        log.exception("campaigns.not_begun broadcast=%s", number)
        return False


def _tell_of(tx: Tx, parts: Parts, occurrence: recurring.Occurrence) -> None:
    plan, broadcast = occurrence.plan, occurrence.broadcast
    every = f"群发 {plan.id}（{plan.repeats}）这一次没有发："
    if broadcast is None:
        hearers = {plan.staff_id, *(owner.id for owner in merchants.owners(tx))}
        _tell(tx, plan, f"{every}{occurrence.why_not}\n不再发：取消 {plan.id}", *hearers)
    elif occurrence.too_many:
        _tell_owners(tx, parts, broadcast, every)


def _tell_owners(tx: Tx, parts: Parts, broadcast: Broadcast, what: str) -> None:
    """A list that has grown beyond what its staff member may send waits for an owner."""
    most = parts.settings.staff_broadcast_max
    words = f"{what}有 {broadcast.audience} 位，店员一次最多 {most} 位。老板可以发：继续 {broadcast.id}"
    for owner in merchants.owners(tx):
        notices.tell(tx, owner.id, words, kind="broadcast", subject=f"broadcast:{broadcast.id}")


def _of_plan(tx: Tx, broadcast: Broadcast) -> str:
    plan = tx.session.get(Broadcast, broadcast.plan_id) if broadcast.plan_id else None
    return f"（群发 {plan.id} {plan.repeats} 的这一次）" if plan is not None else ""


def _through(counts: dict[str, int], number: int) -> str:
    words = {"sent": "发出", "failed": "没发成", "unknown": "结果不明", "by_hand": "要人工发"}
    said = "，".join(f"{word} {counts[state]}" for state, word in words.items() if counts.get(state))
    return f"发完了：{said or '没有人要发'}。看结果：结果 {number}"


def _tell(tx: Tx, broadcast: Broadcast, words: str, *hearers: int) -> None:
    """Tells ``hearers`` who work here, without any who planned it, or where they have left the owners."""
    here = {staff.id for staff in merchants.active_staff(tx)}
    told = here & set(hearers or (broadcast.staff_id,))
    for staff_id in sorted(told) or [owner.id for owner in merchants.owners(tx)]:
        notices.tell(tx, staff_id, words, kind="broadcast", subject=f"broadcast:{broadcast.id}")
