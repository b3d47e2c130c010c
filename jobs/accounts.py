"""The first import of an account's followers: starts by itself, goes on where it stopped, stays within the limits."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from bot.domain.customers import followers
from bot.domain.customers.followers import Follower
from bot.errors import PlatformFailure
from bot.platforms.abilities import abilities
from bot.platforms.official_account.fans import Fan
from bot.store.transaction import reading, transaction
from jobs.parts import Parts
from jobs.scheduler import Lease
from jobs.waits import Waits

log = logging.getLogger(__name__)

A_TURN = 1000  # followers asked about in one turn: a turn must leave room for what else a worker has to do
REST = 600.0  # seconds until an account that is done is looked at again


class FollowerIntake:
    """Takes in the followers of every account, a page of the platform's list a turn.

    Of many workers one does it, by a lease; the progress it read must still stand when it keeps a page.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._accounts = [account for account in parts.settings.accounts if abilities(account).followers]
        self._waits = Waits("follower_import_waits")
        self._leases = {
            account.name: Lease(
                parts.store, parts.clock, seconds=parts.settings.lease_seconds, name=f"followers:{account.name}"
            )
            for account in self._accounts
        }

    def turn(self) -> int:
        """One page of each account that is not done; returns how many customers were made."""
        return sum(self._account(account.name) for account in self._accounts)

    def refusal(self, name: str) -> PlatformFailure | None:
        """Why the account waits, if it does."""
        return self._waits.refusal(name)

    def _account(self, name: str) -> int:
        parts = self._parts
        client = parts.clients.get(name)
        now = parts.clock.now().timestamp()
        if client is None or self._waits.holds(name, now):
            return 0
        if self._is_done(name):
            self._waits.rest(name, now + REST)
            return 0
        if not self._leases[name].hold():
            return 0
        # Read under the lease: whoever held it before may have gone on since.
        with reading(parts.store, parts.clock) as tx:
            begun = tx.session.get(followers.AccountStart, name)
            start = begun.next_person if begun else ""
        try:
            page = client.fans(start)
            with reading(parts.store, parts.clock) as tx:
                strangers = followers.unknown(tx, name, page.people)
            later = len(strangers) > A_TURN
            strangers = strangers[:A_TURN]
            told = client.people(strangers) if strangers else []
            tagged = any(fan.tag_ids for fan in told)
            names = {tag.id: tag.name for tag in client.tags_list()} if tagged else {}
        except PlatformFailure as failure:
            self._waits.begin(name, failure, now)
            return 0
        self._waits.over(name)
        found = [_follower(fan, names) for fan in told if fan.follows]
        return self._keep(name, found, start, start if later else page.next, done=not later and not page.next)

    def _is_done(self, name: str) -> bool:
        with reading(self._parts.store, self._parts.clock) as tx:
            begun = tx.session.get(followers.AccountStart, name)
            return begun is not None and begun.done_at is not None

    def _keep(self, name: str, found: Sequence[Follower], start: str, following: str, *, done: bool) -> int:
        parts = self._parts
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            progress = followers.start_of(tx, name)
            if progress.next_person != start or progress.done_at is not None:
                return 0  # our lease lapsed over a slow answer, and another worker has kept this page
            count = followers.take_in(tx, name, found)
            progress.taken_in += count
            progress.next_person = following
            progress.done_at = tx.now if done else None
            total = progress.taken_in
        if done:
            self._leases[name].release()
            log.info("follower_import_done account=%s taken_in=%d", name, total)
        return count


def _follower(fan: Fan, names: Mapping[int, str]) -> Follower:
    return Follower(
        person_id=fan.person_id,
        followed_at=fan.followed_at,
        remark=fan.remark,
        channel=fan.scene,
        unionid=fan.union_id,
        tags=tuple(names[number] for number in fan.tag_ids if number in names),
    )
