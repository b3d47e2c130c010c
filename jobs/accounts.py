"""The first import of an account's followers: starts by itself, goes on where it stopped, stays within the limits."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bot.domain.customers import followers
from bot.domain.customers.followers import Follower
from bot.errors import PlatformFailure
from bot.platforms.official_account.fans import Fan
from bot.store.transaction import reading, transaction
from jobs.parts import Parts

log = logging.getLogger(__name__)

A_TURN = 1000  # followers asked about in one turn: a turn must leave room for what else a worker has to do
REST = 600.0  # seconds an account is left alone after the platform refused


class FollowerIntake:
    """Takes in the followers of every account, a page of the platform's list a turn."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._resting: dict[str, float] = {}

    def turn(self) -> int:
        """One page of each account that is not done; returns how many customers were made."""
        return sum(self._account(account.name) for account in self._parts.settings.accounts)

    def _account(self, name: str) -> int:
        parts = self._parts
        client = parts.clients.get(name)
        now = parts.clock.now().timestamp()
        if client is None or now < self._resting.get(name, 0.0):
            return 0
        with reading(parts.store, parts.clock) as tx:
            begun = tx.session.get(followers.AccountStart, name)
            if begun is not None and begun.done_at is not None:
                self._resting[name] = now + REST
                return 0
            start = begun.next_person if begun else ""
        try:
            page = client.fans(start)
            with reading(parts.store, parts.clock) as tx:
                strangers = followers.unknown(tx, name, page.people)
            later = len(strangers) > A_TURN
            strangers = strangers[:A_TURN]
            told = client.people(strangers) if strangers else []
        except PlatformFailure as failure:
            log.warning("follower_import_waits account=%s code=%s", name, failure.code)
            self._resting[name] = now + REST
            return 0
        return self._keep(name, told, start if later else page.next, done=not later and not page.next)

    def _keep(self, name: str, told: Sequence[Fan], following: str, *, done: bool) -> int:
        parts = self._parts
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            count = followers.take_in(tx, name, [_follower(fan) for fan in told if fan.follows])
            progress = followers.start_of(tx, name)
            progress.taken_in += count
            progress.next_person = following
            progress.done_at = tx.now if done else None
        if done:
            log.info("follower_import_done account=%s taken_in=%d", name, count)
        return count


def _follower(fan: Fan) -> Follower:
    return Follower(
        person_id=fan.person_id,
        followed_at=fan.followed_at,
        remark=fan.remark,
        channel=fan.scene,
        unionid=fan.union_id,
    )
