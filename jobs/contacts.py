"""Contacts kept in step with a platform that lists them: taken in when an account is first seen, read again whenever
either side changes, gone through every night.

Of many workers one does it, by a lease. What it has read stands in the database with how far it has come, so that
whoever goes on after a death goes on there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.customers import contact_marks, walks
from bot.domain.customers.contact_models import ContactWalk
from bot.domain.customers.tag_links import Links
from bot.errors import PlatformFailure
from bot.platforms.abilities import abilities
from bot.platforms.decisions import Decision
from bot.platforms.wecom.client import WeCom
from bot.platforms.wecom.contacts import Contact
from bot.platforms.wecom.pages import CursorLost
from bot.settings import Account
from bot.store.bulk import chunks
from bot.store.killpoints import reach
from bot.store.transaction import Tx, reading, transaction
from jobs import contact_pages
from jobs.contact_pages import Kept
from jobs.corp_tags import TagList, tell_owners
from jobs.parts import Parts
from jobs.scheduler import Lease
from jobs.waits import Waits

log = logging.getLogger(__name__)

SECONDS = 2.0  # of one turn: a worker has other things to do
READ_AT_ONCE = 50
# No customer of this member any more, or of nobody we may see. Source: vendor manual, page 90313
NO_RELATION, NO_SUCH_PERSON = 84061, 40096
NO_LICENCE = 701008
PUT_OFF = timedelta(minutes=10)
NOT_KEPT_FOR = timedelta(hours=1)
RESTARTS = 3
READ_IN_A_STEP = 100
PAGED = "\n"  # in the place of a cursor: the member's pages are through
LAST = "\U0010ffff"  # in the place of a member: all are through


@dataclass
class _Progress:
    """What a process remembers of a walk; nothing is lost with it."""

    begun_at: datetime | None = None
    members: list[str] | None = None
    cursors: set[str] = field(default_factory=set)
    repeats: int = 0
    restarts: int = 0
    unlisted: int | None = None


class ContactKeeper:
    """Looks after the contacts of every account that has some."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._accounts = [account for account in parts.settings.accounts if abilities(account).contacts]
        self._waits = Waits("contacts_wait")
        self._walking: dict[str, _Progress] = {}
        self._tags = {account.name: TagList(parts, account.name) for account in self._accounts}
        self._leases = {
            account.name: Lease(
                parts.store, parts.clock, seconds=parts.settings.lease_seconds, name=f"contacts:{account.name}"
            )
            for account in self._accounts
        }

    def turn(self) -> int:
        """A few seconds' work for each account; returns how many contacts were read."""
        return sum(self._account(account) for account in self._accounts)

    def refusal(self, name: str) -> PlatformFailure | None:
        """Why the account waits, if it does."""
        return self._waits.refusal(name)

    def _account(self, account: Account) -> int:
        name, parts = account.name, self._parts
        client = parts.clients.get(name)
        now = parts.clock.now().timestamp()
        if client is None or self._waits.holds(name, now) or not self._has_work(name):
            return 0
        if not self._leases[name].hold():
            return 0
        end = time.monotonic() + SECONDS
        try:
            count = self._work(name, client, end)
        except PlatformFailure as failure:
            self._waits.begin(name, failure, now)
            return 0
        self._waits.over(name)
        if not self._has_work(name):
            # Whoever is asked next (`shuke sync`) need not wait for the lease to lapse.
            self._leases[name].release()
        return count

    def _has_work(self, name: str) -> bool:
        with reading(self._parts.store, self._parts.clock) as tx:
            walk = walks.of(tx, name)
            is_quiet = walk is not None and walk.done_at is not None and walk.tags_due_at is None
            return not is_quiet or contact_marks.any_due(tx, name) or self._tags[name].has_work(tx)

    def _work(self, name: str, client: WeCom, end: float) -> int:
        names = self._tags[name].look_after(client)
        count = 0
        while (people := self._stale(name)) and self._goes_on(name, end):
            count += self._read(name, client, people, names)
        while self._goes_on(name, end) and self._walk_on(name, client):
            count += 1
        return count

    def _goes_on(self, name: str, end: float) -> bool:
        return time.monotonic() < end and self._leases[name].hold()

    # -- contacts one by one ------------------------------------------------------------------------------------------

    def _stale(self, name: str) -> list[str]:
        with reading(self._parts.store, self._parts.clock) as tx:
            return contact_marks.due(tx, name, READ_AT_ONCE)

    def _read(self, name: str, client: WeCom, people: Sequence[str], names: Links, *, quietly: bool = False) -> int:
        """Reads these people and brings over what differs either way; returns how many the platform knows."""
        parts = self._parts
        as_of = parts.clock.now()
        told: list[Contact] = []
        unknown: list[str] = []
        refused: list[str] = []
        failure: PlatformFailure | None = None
        for person, said in client.contacts_each(people):
            if isinstance(said, Contact):
                told.append(said)
            elif said.code in (NO_RELATION, NO_SUCH_PERSON):
                unknown.append(person)
            elif said.decision == Decision.PERSON:
                log.warning("contact_refused account=%s code=%s", name, said.code)
                refused.append(person)
            else:
                failure = said
        names = self._tags[name].known(client, told, names)
        seen = self._seen(name, client, told, unknown)
        reach("contacts_read")
        try:
            kept = self._keep_read(name, told, unknown, refused, names, as_of, seen, quietly=quietly)
        except Exception as error:  # noqa: BLE001  (logged; one contact that cannot be kept must not hold up the others)
            log.error("contacts_not_kept account=%s count=%d error=%s", name, len(people), type(error).__name__)
            if len(people) > 1:
                return sum(self._read(name, client, [person], names, quietly=quietly) for person in people)
            with transaction(parts.store, parts.clock) as tx:
                contact_marks.put_off(tx, name, people, until=tx.now + NOT_KEPT_FOR)
            return 0
        if told:
            self._waits.over(name)  # it answers, if not every time
        if kept.tags or kept.remarks:
            self._tags[name].tell(client, kept, as_of=as_of)
        if failure is not None:
            raise failure
        return len(told)

    def _seen(self, name: str, client: WeCom, told: Sequence[Contact], unknown: Sequence[str]) -> Sequence[str] | None:
        """The members of whom the platform tells us, asked for only where it has left one out: who is out of the app's
        range is left out as well, and keeps the friends."""
        with reading(self._parts.store, self._parts.clock) as tx:
            if not contact_pages.absent(tx, name, told, unknown):
                return None
        return client.members()

    def _keep_read(
        self,
        name: str,
        told: Sequence[Contact],
        unknown: Sequence[str],
        refused: Sequence[str],
        names: Links,
        as_of: datetime,
        seen: Sequence[str] | None,
        *,
        quietly: bool,
    ) -> Kept:
        with self._keeping(name) as (tx, walk):
            kept = contact_pages.keep_read(tx, name, told, names, as_of=as_of, quietly=quietly, seen=seen)
            gone = contact_pages.keep_unknown(tx, name, unknown, as_of=as_of, seen=seen)
            contact_marks.put_off(tx, name, refused, until=tx.now + PUT_OFF)
            walks.count(walk, {**kept.found, "gone": kept.found.get("gone", 0) + gone})
        return kept

    @contextmanager
    def _keeping(self, name: str) -> Iterator[tuple[Tx, ContactWalk]]:
        parts = self._parts
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            yield tx, walks.held(tx, name)

    # -- all of them --------------------------------------------------------------------------------------------------

    def _walk_on(self, name: str, client: WeCom) -> bool:
        """A page, or a step between pages; False when nothing is left to do now."""
        parts = self._parts
        with reading(parts.store, parts.clock) as tx:
            walk = walks.of(tx, name)
            if walk is None or walk.done_at is not None:
                return False
            is_settled = not contact_marks.any_due(tx, name)
        progress = self._walking.get(name)
        if progress is None or progress.begun_at != walk.begun_at:
            progress = self._walking[name] = _Progress(walk.begun_at)
        if progress.members is None:
            progress.members = sorted(client.members())
        member = next((one for one in progress.members if one >= walk.member_id), None)
        if member is None:
            return is_settled and self._finish(name, walk)
        cursor = walk.cursor if member == walk.member_id else ""
        if cursor == PAGED:
            return self._compare(name, client, walk, progress, member)
        return self._page(name, client, walk, progress, member, cursor)

    def _page(self, name: str, client: WeCom, walk: ContactWalk, progress: _Progress, member: str, cursor: str) -> bool:
        as_of = self._parts.clock.now()
        try:
            page = client.contacts_of([member], cursor)
        except CursorLost:
            progress.restarts += 1
            log.warning("contact_cursor_lost account=%s", name)
            # What cannot be paged through is found by the list of ids.
            return self._step(name, walk, member, "" if progress.restarts < RESTARTS else PAGED)
        except PlatformFailure as refusal:
            if refusal.decision != Decision.PERSON and refusal.code != NO_LICENCE:
                raise
            log.warning("member_without_contacts account=%s code=%s", name, refusal.code)
            return self._step(name, walk, _after(progress.members or (), member), "")
        self._waits.over(name)
        following = page.next
        progress.repeats += following in progress.cursors
        if progress.repeats > RESTARTS:
            log.warning("contact_cursor_in_a_circle account=%s", name)
            following = ""
        progress.cursors.add(following)
        tags = self._tags[name]
        names = tags.known(client, page.contacts, tags.links())
        reach("contact_page_read")
        try:
            return self._keep_page(name, walk, page.contacts, names, member, following or PAGED, as_of)
        except Exception as error:  # noqa: BLE001  (logged; the page's contacts are read one by one, and the walk goes on)
            log.error("contact_page_not_kept account=%s error=%s", name, type(error).__name__)
        for people in chunks([contact.person_id for contact in page.contacts], READ_AT_ONCE):
            self._read(name, client, people, names, quietly=True)
        return self._step(name, walk, member, following or PAGED)

    def _keep_page(
        self,
        name: str,
        walk: ContactWalk,
        told: Sequence[Contact],
        names: Links,
        member: str,
        following: str,
        as_of: datetime,
    ) -> bool:
        with self._keeping(name) as (tx, current):
            if _place(current) != _place(walk):
                return False  # our lease lapsed over a slow answer, and another worker has gone on
            kept = contact_pages.keep_page(tx, name, told, names, member=member, as_of=as_of)
            walks.count(current, kept.found)
            current.contacts += len(told)
            current.taken_in += kept.found.get("new", 0)
            current.member_id, current.cursor = member, following
        return True

    def _compare(self, name: str, client: WeCom, walk: ContactWalk, progress: _Progress, member: str) -> bool:
        """Whom the member's list of ids has and the pages had not, and whom it has no more, are read one by one."""
        listed = set(client.contact_ids(member))
        parts = self._parts
        with transaction(parts.store, parts.clock) as tx:
            missing = walks.active_with(tx, name, member) - listed
            for chunk in chunks(sorted(missing)):
                contact_marks.later(tx, name, chunk, at=tx.now)
            unlisted = walks.strangers(tx, name, member, listed)
        if unlisted and len(unlisted) != progress.unlisted:
            progress.unlisted = len(unlisted)
            for people in chunks(unlisted[:READ_IN_A_STEP], READ_AT_ONCE):
                self._read(name, client, people, self._tags[name].links(), quietly=True)
            return True
        progress.unlisted = None
        progress.cursors.clear()
        progress.repeats = progress.restarts = 0
        return self._step(name, walk, _after(progress.members or (), member), "")

    def _step(self, name: str, walk: ContactWalk, member: str, cursor: str) -> bool:
        with self._keeping(name) as (_tx, current):
            if _place(current) != _place(walk):
                return False
            current.member_id, current.cursor = member, cursor
            count = current.contacts
        log.info("contacts_read account=%s contacts=%d", name, count)
        return True

    def _finish(self, name: str, walk: ContactWalk) -> bool:
        parts = self._parts
        with self._keeping(name) as (tx, current):
            if _place(current) != _place(walk) or current.done_at is not None:
                return False
            current.done_at = tx.now
            current.imported_at = current.imported_at or tx.now
            words = walks.told(current)
            if current.kind == "night" and words:
                # What is found by night stands in the morning's message; later nobody would read it there.
                local = tx.now.astimezone(parts.settings.timezone)
                current.report = f"{local.date().isoformat()} {words}"
                if local.time() >= parts.settings.digest_at:
                    tell_owners(tx, walks.report_words(name, words), subject=f"contacts:{name}")
            log.info(
                "contacts_done account=%s walk=%s contacts=%d taken_in=%d",
                name,
                walk.kind,
                current.contacts,
                current.taken_in,
            )
        self._walking.pop(name, None)
        return True


def _place(walk: ContactWalk) -> tuple[datetime, str, str]:
    return walk.begun_at, walk.member_id, walk.cursor


def _after(members: Sequence[str], member: str) -> str:
    return next((one for one in members if one > member), LAST)
