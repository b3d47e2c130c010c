"""Learns what the company calls its people who have just become staff: their first word brings an id only."""

from __future__ import annotations

from bot.domain.merchants import service as merchants
from bot.errors import PlatformFailure
from bot.platforms.abilities import abilities
from bot.platforms.decisions import Decision
from bot.store.transaction import reading, transaction
from jobs.parts import Parts
from jobs.waits import Waits

LONGEST_NAME = 20


class MemberNames:
    """Whom the directory does not name is asked about once as long as the process lives."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._accounts = [one.name for one in parts.settings.accounts if abilities(one).members]
        self._nameless: set[tuple[str, str]] = set()
        self._waits = Waits("member_names_wait")

    def turn(self) -> int:
        """Asks for the names that are missing; returns how many were learned."""
        return sum(self._account(name) for name in self._accounts)

    def _account(self, account: str) -> int:
        parts, learned = self._parts, 0
        client, now = parts.clients.get(account), parts.clock.now().timestamp()
        if client is None or self._waits.holds(account, now):
            return 0
        with reading(parts.store, parts.clock) as tx:
            people = merchants.unnamed_members(tx, account)
        for person_id in people:
            if (account, person_id) in self._nameless:
                continue
            try:
                name = client.member_name(person_id).strip()[:LONGEST_NAME]
            except PlatformFailure as failure:
                if failure.retry_after or failure.decision not in (Decision.PERSON, Decision.CHANNEL, Decision.DEFECT):
                    self._waits.begin(account, failure, now)
                    return learned
                name = ""
            # Without the right to see names the directory gives the id back, or nothing.
            if name in ("", person_id):
                self._nameless.add((account, person_id))
                continue
            with transaction(parts.store, parts.clock) as tx:
                learned += merchants.name_member(tx, account, person_id, name)
        return learned
