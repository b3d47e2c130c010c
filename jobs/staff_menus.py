"""The staff's own menu (今日, 待回, 帮助) where the account may have conditional menus, kept true as staff come and go.

The platform shows a conditional menu to who was given its tag last. So staff carry that tag and no other: a second one,
given in the console later, would take the menu away again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bot.domain.customers import menu
from bot.domain.customers.menu import STAFF_BUTTONS, STAFF_TAG
from bot.domain.merchants import service as merchants
from bot.errors import PlatformFailure
from bot.platforms.abilities import abilities
from bot.platforms.official_account.client import OfficialAccount
from bot.store.transaction import reading, transaction
from jobs.parts import Parts
from jobs.scheduler import Lease
from jobs.waits import Waits

log = logging.getLogger(__name__)

# Tags and menus may be changed in the console, and whoever comes back as a follower has lost the tag.
LOOK_AGAIN = 3600.0
# The manual's words for an account that may have no such menus, or no tags: nothing a person repairs within the hour.
NOT_FOR_US = frozenset({45064, 48001, 65306, 65309})
LONG_REST = 86400.0
NO_SUCH_MENU = 65301


class StaffMenu:
    """Of many workers one looks after an account, by a lease: two would put up two menus."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._waits = Waits("staff_menu_waits")
        self._looked: dict[str, float] = {}
        self._leases = {
            account.name: Lease(
                parts.store, parts.clock, seconds=parts.settings.lease_seconds, name=f"staff menu:{account.name}"
            )
            for account in parts.settings.accounts
            if abilities(account).menus
        }

    def turn(self) -> int:
        """Looks after every account; returns for how many something was asked of the platform."""
        return sum(self._account(name) for name in self._leases)

    def _account(self, name: str) -> bool:
        parts = self._parts
        now = parts.clock.now().timestamp()
        client = parts.clients.get(name)
        if client is None or self._waits.holds(name, now):
            return False
        with reading(parts.store, parts.clock) as tx:
            start, staff = menu.of(tx, name), merchants.people(tx, name)
            tagged = (start.staff_tagged if start else None) or []
            # The menu everybody else sees comes first; without one there can be no other.
            stands = start is not None and start.menu_stands is not None
            menu_id = start.staff_menu if start else None
        changed = staff != tagged
        if not stands or not (staff or tagged) or not (changed or now >= self._looked.get(name, 0.0)):
            return False
        if not self._leases[name].hold():
            return False
        try:
            menu_id = self._look_after(client, staff, tagged, menu_id)
        except PlatformFailure as failure:
            self._waits.begin(name, failure, now)
            if failure.code in NOT_FOR_US:
                self._waits.rest(name, now + LONG_REST)
            return False
        self._waits.over(name)
        self._looked[name] = now + LOOK_AGAIN
        if changed or (start is not None and start.staff_menu != menu_id):
            with transaction(parts.store, parts.clock) as tx:
                menu.staff_stands(tx, name, menu_id, staff)
        return True

    def _look_after(
        self, client: OfficialAccount, staff: Sequence[str], tagged: Sequence[str], menu_id: str | None
    ) -> str | None:
        """Tags first, then the menu that goes by them; returns the menu's id."""
        # It is there from the first look on: asking for it once more would be refused every hour.
        there = next((tag.id for tag in client.tags_list() if tag.name == STAFF_TAG), None)
        tag = client.tags_create(STAFF_TAG) if there is None else there
        gone = [person for person in tagged if person not in staff]
        known = client.people([*staff, *gone])
        followers = {person.person_id: person.tag_ids for person in known if person.follows}
        _untag(client, tag, [person for person in gone if tag in followers.get(person, ())])
        here = [person for person in staff if person in followers]
        for other in sorted({number for person in here for number in followers[person]} - {tag}):
            _untag(client, other, [person for person in here if other in followers[person]])
        lacking = [person for person in here if tag not in followers[person]]
        refused = client.tag(tag, lacking) if lacking else {}
        for outcome in refused.values():
            log.warning("staff_tag_refused code=%s", outcome.code)
        if not here or _names(client.menu_match(here[0])) == _names(STAFF_BUTTONS):
            return menu_id
        if menu_id is not None:
            _delete(client, menu_id)
        return client.menu_add_conditional(STAFF_BUTTONS, tag)


def _untag(client: OfficialAccount, tag: int, people: Sequence[str]) -> None:
    if people:
        client.untag(tag, people)


def _delete(client: OfficialAccount, menu_id: str) -> None:
    try:
        client.menu_delete_conditional(menu_id)
    except PlatformFailure as failure:
        if failure.code != NO_SUCH_MENU:
            raise


def _names(buttons: Sequence[dict[str, object]]) -> list[object]:
    return [button.get("name") for button in buttons]
