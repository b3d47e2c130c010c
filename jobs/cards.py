"""Changes cards in staff's talks once what they ask is over: done, dropped, or too late."""

from __future__ import annotations

import logging
from typing import Any

from bot.domain.merchants import cards
from bot.domain.merchants.cards import Change
from bot.platforms.abilities import abilities
from bot.platforms.decisions import Decision
from bot.store.transaction import reading, transaction
from jobs.parts import Parts

log = logging.getLogger(__name__)

# A call nobody answered is made again: the word by which a card may be changed is good for one change.
TRIES = 3


class CardKeeper:
    """A card that cannot be changed stays as it is: a tap on it says that it is over."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._accounts = [account.name for account in parts.settings.accounts if abilities(account).cards]

    def turn(self) -> int:
        """Changes what is over; returns how many cards."""
        parts = self._parts
        if not self._accounts:
            return 0
        with reading(parts.store, parts.clock) as tx:
            if not cards.anything_to_do(tx):
                return 0
        with transaction(parts.store, parts.clock) as tx:
            cards.settle_overdue(tx)
        return sum(self._account(name) for name in self._accounts)

    def _account(self, name: str) -> int:
        parts = self._parts
        client = parts.clients.get(name)
        if client is None:
            return 0
        with transaction(parts.store, parts.clock) as tx:
            changes = cards.take(tx, name)
        if not changes:
            return 0

        def calls(count: int) -> list[tuple[Change, Any]]:
            given, waiting[:] = waiting[:count], waiting[count:]
            return [(one, client.update_card([one.person_id], one.response_code, one.words)) for one in given]

        waiting = list(changes)
        for _try in range(TRIES):
            failed = []
            for change, outcome in client.deliver(calls):
                if outcome.decision is not Decision.SENT:
                    log.warning("card_unchanged account=%s code=%s", name, outcome.code)
                if outcome.decision is Decision.UNKNOWN:
                    failed.append(change)
            waiting = failed
        return len(changes)
