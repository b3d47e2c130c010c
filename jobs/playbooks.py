"""Playbooks: who came to belong to one enters it, and the steps that are due are taken, a transaction each."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from weakref import WeakKeyDictionary

from sqlalchemy.exc import OperationalError

from bot.domain import working_day
from bot.domain.care import playbooks, playing
from bot.domain.care.playbooks import Book
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.settings import Settings
from bot.store.engine import Store
from bot.store.transaction import Tx, reading, transaction
from jobs.parts import Parts

log = logging.getLogger(__name__)

# Comparing everybody with what is kept reads all customers: often enough for steps that wait for days.
COMPARE_EVERY = timedelta(minutes=1)

# When everybody was last compared, None while that goes on; and behind whom it goes on.
_compared: WeakKeyDictionary[Store, tuple[datetime | None, int]] = WeakKeyDictionary()


def strike(parts: Parts, now: datetime) -> int:
    """Plays what is due at ``now``; returns how many customers moved. A shop without playbooks that are on only reads."""
    with reading(parts.store, parts.clock) as tx:
        found = playbooks.books(tx)
        on = any(book.enabled for book in found)
        if not on and not playing.learning(tx, found):
            return 0
    if not on:
        with transaction(parts.store, parts.clock) as tx:
            playing.learned(tx, playbooks.books(tx))
        return 0
    end = time.monotonic() + parts.turn_seconds
    return _follow(parts, found, now, end) + _take_steps(parts, found, end) + _invite(parts, found, end)


def _follow(parts: Parts, found: list[Book], now: datetime, end: float) -> int:
    last, after = _compared.get(parts.store, (None, 0))
    if last is not None and last <= now < last + COMPARE_EVERY:
        return 0
    moved = 0
    while time.monotonic() < end:
        with reading(parts.store, parts.clock) as tx:
            is_new = playing.learning(tx, found)
            differ = playing.differ(tx, found, _local(parts.settings, tx), after)
        if not differ and not after and not is_new:
            _compared[parts.store] = (now, 0)
            return moved
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            current = playbooks.books(tx)
            is_new = playing.learning(tx, current)
            followed = playing.follow(tx, current, _local(parts.settings, tx), may_enter=not is_new, after=after)
            if is_new and not followed.changed and not after:
                playing.learned(tx, current)
            _tell(tx, followed.many)
        moved += followed.changed
        # Of a whole town it is known where the comparison stands, so that it need not begin anew; at its end, from the top.
        after = followed.last
    _compared[parts.store] = (None, after)
    return moved


def _tell(tx: Tx, many: Mapping[str, int]) -> None:
    for name, count in many.items():
        words = (
            f"打法 {name}：一下子多了 {count} 位（导入了名单，或一起改了标签），没有自动开始。"
            f"要让他们也走：打法 进 {name}；先看看：打法 试 {name}"
        )
        for owner in merchants.owners(tx):
            notices.tell(tx, owner.id, words, kind="care", subject=f"play:{name}")


def _take_steps(parts: Parts, found: list[Book], end: float) -> int:
    with reading(parts.store, parts.clock) as tx:
        waiting = playing.due(tx, found)
    taken = 0
    for number in waiting:
        if time.monotonic() >= end:
            break
        taken += _try(parts, number)
    return taken


def _try(parts: Parts, number: int) -> bool:
    try:
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            return playing.step(tx, parts.settings, number, partial(working_day.say_step, tx, parts.settings))
    except OperationalError:
        # A locked or lost database says nothing about this customer; the next tick tries again.
        raise
    except Exception as error:  # noqa: BLE001  (logged, and put off; one bad row must not hold up the others)
        log.error("playbook_step_failed customer=%d error=%s", number, type(error).__name__)
        with transaction(parts.store, parts.clock) as tx:
            playing.put_off(tx, number)
        return False


def _invite(parts: Parts, found: list[Book], end: float) -> int:
    with reading(parts.store, parts.clock) as tx:
        wanted = playing.to_invite(tx, found, _local(parts.settings, tx))
    told = 0
    for activity, number in wanted:
        if time.monotonic() >= end:
            break
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            playing.invite(tx, parts.settings, activity, number, partial(working_day.say_activity, tx, parts.settings))
        told += 1
    return told


def _local(settings: Settings, tx: Tx) -> datetime:
    return tx.now.astimezone(settings.timezone)
