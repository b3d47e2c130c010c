"""What of a broadcast goes to contacts of a company: as tasks that members confirm, each through one who knows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from bot.delivery import limits
from bot.delivery.limits import Promise
from bot.delivery.outbox import NewDelivery
from bot.delivery.rules import TASK_TYPES, receive_span, received_enough
from bot.domain.campaigns import rules
from bot.domain.customers import friends
from bot.domain.scripts.kinds import type_of
from bot.settings import Account
from bot.store.transaction import Tx

_Person = tuple[str, str]


class Contacts:
    """Those of one part of a list who can be reached as contacts; only reads.

    ``companies`` by name; ``addresses`` as contacts, by customer; ``promised`` by other broadcasts; ``when``: the planned
    time.
    """

    def __init__(
        self,
        tx: Tx,
        companies: Mapping[str, Account],
        addresses: Mapping[int, Row[Any]],
        promised: Mapping[int, Sequence[Promise]],
        when: datetime,
    ) -> None:
        self._companies = companies
        self._addresses = addresses
        self._members: dict[_Person, list[str]] = {}
        self._full: set[_Person] = set()
        for name, company in companies.items():
            mine = [contact for contact in addresses.values() if contact.account == name]
            people = [contact.person_id for contact in mine]
            for person_id, members in friends.confirmers(tx, name, people).items():
                self._members[name, person_id] = members
            span = receive_span(company.receive_rule, when)
            had = limits.received(tx, name, people, span)
            for contact in mine:
                others = promised.get(contact.customer_id, ())
                more = sum(promise.route == "task" and promise.due_at in span for promise in others)
                if had.get(contact.person_id, 0) + more >= span.most:
                    self._full.add((name, contact.person_id))

    def route(self, rows: Sequence[tuple[NewDelivery, str]]) -> None:
        """Lets who is a contact go by a member's confirmation where nothing else is open; of who goes by mass call the way
        is noted, for that takes company.

        The member is the one of the newest friendship: who talked last only the platform knows.
        """
        if not self._addresses:
            return
        for row, text in rows:
            contact = self._addresses.get(row.customer_id or 0)
            if row.state == "skipped" or contact is None or row.route == "custom":
                continue
            person = contact.account, contact.person_id
            why_not = self._why_not(person, text)
            if why_not is None:
                row.by_task = (*person, self._members[person][0])
                if row.route != "mass":
                    by_task(row)
            elif contact.account == row.account:
                row.state = row.route = "by_hand"
                row.reason = why_not
                if why_not == rules.ONLY_LEAVERS:
                    row.state, row.route = "skipped", ""

    def _why_not(self, person: _Person, text: str) -> str | None:
        if person not in self._members:
            return rules.ONLY_LEAVERS
        if type_of(text) not in TASK_TYPES:
            return rules.NOT_FOR_TASK
        if person in self._full:
            return received_enough(self._companies[person[0]].receive_rule)
        return None


def by_task(row: NewDelivery) -> None:
    """Lets a row go by the member's confirmation it may go by."""
    if row.by_task is not None:
        row.account, row.person_id, row.sender = row.by_task
        row.state, row.route, row.reason = "planned", "task", ""
