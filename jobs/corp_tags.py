"""The company's tags: its list is read when it changes, and what staff put on and take off here goes to the platform."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from bot.domain import contacts, journeys
from bot.domain.customers import contact_marks, corp_tags, remarks, tag_links, walks
from bot.domain.customers.corp_tags import GROUP, MOST, Listed, Renamed
from bot.domain.customers.tag_links import Difference, Links
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.errors import PlatformFailure
from bot.platforms.caller import Ask
from bot.platforms.decisions import Decision
from bot.platforms.wecom.client import WeCom
from bot.platforms.wecom.contacts import Contact
from bot.store.transaction import Tx, reading, transaction
from jobs import contact_pages
from jobs.contact_pages import Kept
from jobs.parts import Parts

log = logging.getLogger(__name__)

KNOWN_FOR = 5.0  # seconds: another worker may have read the list since
LOOK_FOR_DROPPED = 3.0
NOT_OUR_TAG = frozenset({60011, 81011})
NO_SUCH_TAG = 40068
NO_RELATION = 84061
REFUSED_FOR = timedelta(minutes=10)
UNMADE_FOR = 3600.0
SOON = timedelta(seconds=5)
# A list that lacks most of what it had is asked for once more before anything is taken off anybody.
FEW = 5


class _Errand(NamedTuple):
    """A call that lets the platform have something of a person through a member; ``keep`` notes that it was taken."""

    member: str
    person: str
    ask: Ask
    keep: Callable[[Tx], None]


class TagList:
    """The tags of one account; to be used under its lease."""

    def __init__(self, parts: Parts, account: str) -> None:
        self._parts = parts
        self._account = account
        self._links: Links | None = None
        self._read_at = 0.0
        self._looked_at = 0.0
        self._strange: frozenset[str] = frozenset()
        self._doubted: frozenset[str] = frozenset()
        self._unmade: dict[str, float] = {}

    def has_work(self, tx: Tx) -> bool:
        """Whether tags of ours were dropped here; looked for every few seconds."""
        if time.monotonic() < self._looked_at + LOOK_FOR_DROPPED:
            return False
        self._looked_at = time.monotonic()
        return bool(corp_tags.dropped_here(tx, self._account))

    def links(self) -> Links:
        if self._links is None or time.monotonic() > self._read_at + KNOWN_FOR:
            with reading(self._parts.store, self._parts.clock) as tx:
                self._links = tag_links.links(tx, self._account)
            self._read_at = time.monotonic()
        return self._links

    def look_after(self, client: WeCom) -> Links:
        """Reads the list where it is due, and deletes there what was dropped here."""
        parts, account = self._parts, self._account
        with reading(parts.store, parts.clock) as tx:
            walk = walks.of(tx, account)
            is_due = walk is None or (walk.tags_due_at is not None and walk.tags_due_at <= tx.now)
            dropped = corp_tags.dropped_here(tx, account)
        if is_due:
            self._read(client)
        for tag_id, name in dropped:
            self._drop(client, tag_id, name)
        return self.links()

    def known(self, client: WeCom, told: Sequence[Contact], names: Links) -> Links:
        """The list, read anew where somebody wears a tag that was not in it."""
        worn = {tag for contact in told for friend in contact.friends for tag in friend.tag_ids}
        if worn - names.listed - self._strange:
            self._read(client)
            names = self.links()
            self._strange = frozenset(worn - names.listed) | self._strange
        return names

    def _read(self, client: WeCom) -> None:
        parts, account = self._parts, self._account
        with reading(parts.store, parts.clock) as tx:
            walk = walks.of(tx, account)
            due = walk.tags_due_at if walk else None
            known = corp_tags.known(tx, account)
        there = [Listed(tag.id, tag.name, group.name) for group in client.corp_tags() for tag in group.tags]
        lost = frozenset(known) - {one.tag_id for one in there}
        if len(lost) > FEW and 2 * len(lost) > len(known) and lost != self._doubted:
            log.warning("corp_tags_doubted account=%s lost=%d", account, len(lost))
            self._doubted = lost
            with transaction(parts.store, parts.clock) as tx:
                walks.held(tx, account).tags_due_at = tx.now + SOON
            return
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            walk = walks.held(tx, account)
            changed = corp_tags.listed(tx, account, there, at=walk.tags_told_at or tx.now)
            if due is None or walk.tags_due_at == due:
                walk.tags_due_at = walk.tags_told_at = None
            for words in _words(tx, changed):
                tell_owners(tx, words, subject=f"corp tag:{words}")
        self._links = None

    def _drop(self, client: WeCom, tag_id: str, name: str) -> None:
        parts, account = self._parts, self._account
        refused = False
        try:
            client.delete_corp_tag(tag_id)
        except PlatformFailure as failure:
            refused = failure.code in NOT_OUR_TAG
            if not refused and failure.code != NO_SUCH_TAG:
                raise
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            if refused:
                corp_tags.not_ours(tx, account, tag_id)
                words = (
                    f"标签“{name}”在平台上不归我们管，删不掉：顾客身上的去掉了，标签本身留在那边，要删请在管理后台删。"
                )
                tell_owners(tx, words, subject=f"corp tag:{tag_id}")
            else:
                corp_tags.gone(tx, account, tag_id)
        self._links = None

    # -- what is here goes there --------------------------------------------------------------------------------------

    def tell(self, client: WeCom, kept: Kept, *, as_of: datetime) -> None:
        """Lets the platform have the tags and names it lacks. Raises PlatformFailure when it takes nothing at all now."""
        errands, unmade, failure = self._errands(client, kept)
        is_whole = failure is None
        taken: list[_Errand] = []
        parted: list[_Errand] = []
        refused, unknown_tag = set(unmade), set()
        unasked = dict(enumerate(errands))
        try:
            for place, said in client.ask_each([errand.ask for errand in errands]):
                errand = errands[place]
                if not isinstance(said, PlatformFailure):
                    taken.append(errand)
                elif said.code == NO_RELATION:
                    parted.append(errand)
                elif said.code == NO_SUCH_TAG:
                    unknown_tag.add(errand.person)
                elif said.decision in (Decision.PERSON, Decision.DEFECT):
                    # What is refused for this person alone does not stop the others.
                    log.warning("contact_change_refused account=%s code=%s", self._account, said.code)
                    refused.add(errand.person)
                else:
                    failure = said
                    continue
                del unasked[place]
        except PlatformFailure as refusal:
            failure = refusal
        parts, account = self._parts, self._account
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            for errand in taken:
                errand.keep(tx)
            for errand in parted:
                contacts.parted(tx, account, errand.member, errand.person, at=as_of)
            again = {errand.person for errand in parted} | unknown_tag
            done = {errand.person for errand in errands} - {errand.person for errand in unasked.values()}
            if is_whole:  # else somebody may be to get more than was prepared
                contact_pages.heard(tx, account, done - refused - again, as_of=as_of)
            contact_marks.put_off(tx, account, refused, until=tx.now + REFUSED_FOR)
            contact_marks.put_off(tx, account, again, until=tx.now + SOON)
            if unknown_tag:
                walks.held(tx, account).tags_due_at = tx.now
        if failure is not None:
            raise failure

    def _errands(self, client: WeCom, kept: Kept) -> tuple[list[_Errand], set[str], PlatformFailure | None]:
        """The calls it takes, of whom a tag cannot be made there now, and what kept the rest from being prepared."""
        errands: list[_Errand] = []
        unmade: set[str] = set()
        try:
            for one in kept.tags:
                ids = [self._id_of(client, name) for name in one.put_on]
                if None in ids:
                    unmade.add(one.person_id)
                errands += self._marks(client, one, [tag_id for tag_id in ids if tag_id], kept.keepers[one.person_id])
            for remark in kept.remarks:
                ask = client.remark(remark.member_id, remark.person_id, remark=remark.text)
                keep = partial(remarks.told, account=self._account, remark=remark)
                errands.append(_Errand(remark.member_id, remark.person_id, ask, keep))
        except PlatformFailure as refusal:
            return errands, unmade, refusal
        return errands, unmade, None

    def _marks(self, client: WeCom, one: Difference, put_on: Sequence[str], keeper: str) -> Iterator[_Errand]:
        for member in dict.fromkeys((keeper, *one.take_off)):
            on, off = put_on if member == keeper else (), one.take_off.get(member, ())
            if on or off:
                ask = client.mark_tag(member, one.person_id, add=on, remove=off)
                keep = partial(
                    tag_links.pushed,
                    account=self._account,
                    member_id=member,
                    person_id=one.person_id,
                    put_on=on,
                    taken_off=off,
                )
                yield _Errand(member, one.person_id, ask, keep)

    def _id_of(self, client: WeCom, name: str) -> str | None:
        """The company's tag of this name, made where there is none; None where it cannot be made now."""
        names = self.links()
        if name in names.chosen:
            return names.chosen[name]
        if time.monotonic() < self._unmade.get(name, 0.0):
            return None
        parts, account = self._parts, self._account
        if len(names.listed) >= MOST:
            self._unmade[name] = time.monotonic() + UNMADE_FOR
            with transaction(parts.store, parts.clock, parts.bell) as tx:
                words = f"平台的标签满 {MOST} 个了，“{name}”只在这里，没有过去。请在管理后台删掉一些。"
                tell_owners(tx, words, subject=f"corp tags:{account}")
            return None
        try:
            tag_id = str(client.add_corp_tag(GROUP, name))
        except PlatformFailure as refusal:
            if refusal.decision not in (Decision.PERSON, Decision.DEFECT):
                raise
            log.warning("corp_tag_refused account=%s code=%s", account, refusal.code)
            self._unmade[name] = time.monotonic() + UNMADE_FOR
            return None
        with transaction(parts.store, parts.clock) as tx:
            corp_tags.made(tx, account, tag_id, name)
        self._links = Links({**names.names, tag_id: name}, {**names.chosen, name: tag_id}, names.listed | {tag_id})
        return tag_id


def _words(tx: Tx, changed: Renamed) -> list[str]:
    told = []
    for old, new, count in changed.renamed:
        told.append(f"平台上把标签“{old}”改名为“{new}”，这里 {count} 位顾客的也改了。{_relying(tx, old)}")
    for name, count in changed.deleted:
        told.append(f"平台上删了标签“{name}”，这里 {count} 位顾客的也去掉了。{_relying(tx, name)}")
    return told


def _relying(tx: Tx, name: str) -> str:
    users = journeys.relying_on_tag(tx, name)
    return f"注意，{'、'.join(users[:3])} 还在用旧名，要先改好。" if users else ""


def tell_owners(tx: Tx, words: str, *, subject: str) -> None:
    for owner in merchants.owners(tx):
        notices.tell(tx, owner.id, words, kind="contacts", subject=subject)
