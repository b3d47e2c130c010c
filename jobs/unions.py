"""Finds out who follows one account and is a contact of another: the platform gives both the same unionid.

A follower's is in no event, so it is asked for. Only where the shop has contacts, whose names come with theirs.
"""

from __future__ import annotations

from bot.domain import contacts
from bot.domain.customers import friends
from bot.errors import PlatformFailure
from bot.platforms.abilities import abilities
from bot.store.transaction import reading, transaction
from jobs.parts import Parts
from jobs.waits import Waits

A_CALL = 100
MERGED_AT_ONCE = 20
LOOK_EVERY = 60.0  # seconds between two looks through all unionids: lists taken in may know each other


class Unions:
    """Two workers who do the same at once ask twice, and keep the same."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        can = {account.name: abilities(account) for account in parts.settings.accounts}
        has_contacts = any(way.contacts for way in can.values())
        self._accounts = [name for name, way in can.items() if way.followers] if has_contacts else []
        self._waits = Waits("unionids_wait")
        self._looked = 0.0

    def turn(self) -> int:
        """Asks about a page of followers of each account; returns how many customers were made one."""
        return sum(self._account(name) for name in self._accounts) + self._look()

    def _account(self, name: str) -> int:
        parts = self._parts
        client, now = parts.clients.get(name), parts.clock.now().timestamp()
        if client is None or self._waits.holds(name, now):
            return 0
        with reading(parts.store, parts.clock) as tx:
            people = friends.without_unionid(tx, name, A_CALL)
        if not people:
            return 0
        try:
            found = {fan.person_id: fan.union_id for fan in client.people(people)}
        except PlatformFailure as failure:
            self._waits.begin(name, failure, now)
            return 0
        self._waits.over(name)
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            friends.have_unionids(tx, name, {person: found.get(person, "") for person in people})
            known = [unionid for unionid in found.values() if unionid]
            return contacts.merge_alike(tx, MERGED_AT_ONCE, known) if known else 0

    def _look(self) -> int:
        parts = self._parts
        now = parts.clock.now().timestamp()
        if not self._accounts or 0 <= now - self._looked < LOOK_EVERY:
            return 0
        self._looked = now
        with reading(parts.store, parts.clock) as tx:
            if not friends.alike(tx, 1):
                return 0
        self._looked = 0.0  # there may be more
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            return contacts.merge_alike(tx, MERGED_AT_ONCE)
