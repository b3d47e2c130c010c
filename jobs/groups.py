"""Reads customer groups from the platform, and gives them their codes and welcomes."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.groups import membership, service
from bot.domain.groups.models import Chat
from bot.domain.groups.rules import NAME_LIMIT, listing_day
from bot.domain.groups.service import Errand
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.errors import PlatformFailure
from bot.platforms.abilities import abilities
from bot.platforms.decisions import Decision
from bot.store.transaction import Tx, reading, transaction
from jobs.parts import Parts
from jobs.scheduler import Lease
from jobs.waits import Waits

log = logging.getLogger(__name__)

READ_AT_ONCE = 20  # groups in a turn: it must leave room for what else a worker has to do
OWNERS_A_CALL = 100  # vendor manual, page 92120 (groupchat/list)
TOO_MANY_OWNERS = 81017
RETRY = timedelta(minutes=10)
BEFORE = datetime.fromtimestamp(0, UTC)
_SCENES = {1: "invited", 2: "link", 3: "code"}
_HOPELESS = (Decision.DEFECT, Decision.PERSON)


class GroupKeeper:
    """Looks after the groups of every account that has some. Of many workers one does it, by a lease."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._waits = Waits("groups_wait")
        self._accounts = [account.name for account in parts.settings.accounts if abilities(account).contacts]
        self._leases = {
            name: Lease(parts.store, parts.clock, seconds=parts.settings.lease_seconds, name=f"groups:{name}")
            for name in self._accounts
        }

    def turn(self) -> int:
        """Does what is due; returns how many groups were looked after."""
        return sum(self._account(name) for name in self._accounts)

    def refusal(self, name: str) -> PlatformFailure | None:
        """What the platform said last time, where it refused."""
        return self._waits.refusal(name)

    def _account(self, name: str) -> int:
        parts = self._parts
        now = parts.clock.now()
        client = parts.clients.get(name)
        if client is None or self._waits.holds(name, now.timestamp()):
            return 0
        today = listing_day(now.astimezone(parts.settings.timezone))
        with reading(parts.store, parts.clock) as tx:
            unlisted = service.listed_on(tx, name) != today
            idle = not unlisted and not service.to_read(tx, name, 1) and not service.errands(tx, name)
        if idle or not self._leases[name].hold():
            return 0
        try:
            if unlisted:
                self._list(name, client, today)
            done = self._read(name, client) + self._run(name, client)
        except PlatformFailure as failure:
            self._waits.begin(name, failure, now.timestamp())
            return 0
        self._waits.over(name)
        return done

    def _list(self, name: str, client: Any, today: str) -> None:
        found = set(_every_chat(client))
        with transaction(self._parts.store, self._parts.clock) as tx:
            service.went_through(tx, name, today, found)

    def _read(self, name: str, client: Any) -> int:
        """Each in a transaction of its own."""
        with reading(self._parts.store, self._parts.clock) as tx:
            due = service.to_read(tx, name, READ_AT_ONCE)
        for number, chat_id in due:
            try:
                read = _reading(client.chat(chat_id))
            except PlatformFailure as failure:
                if failure.decision not in _HOPELESS:
                    raise
                log.warning("group_unreadable number=%d code=%s", number, failure.code)
                with transaction(self._parts.store, self._parts.clock) as tx:
                    if service.unreadable(tx, number):
                        membership.dismissed(tx, name, chat_id, at=tx.now)
                continue
            with transaction(self._parts.store, self._parts.clock) as tx:
                membership.keep(tx, membership.known(tx, name, chat_id), read)
        return len(due)

    # -- codes and welcomes --------------------------------------------------------------------------------------------

    def _run(self, name: str, client: Any) -> int:
        with reading(self._parts.store, self._parts.clock) as tx:
            errands = service.errands(tx, name)[:READ_AT_ONCE]
        for errand in errands:
            try:
                self._errand(errand, client)
            except PlatformFailure as failure:
                self._keep_failed(errand, failure)
        return len(errands)

    def _errand(self, errand: Errand, client: Any) -> None:
        if errand.kind == "code":
            way = self._join_way(errand, client)
            if not way.qr_code:
                return
            with transaction(self._parts.store, self._parts.clock, self._parts.bell) as tx:
                chat = service.has_code(tx, errand, way.config_id, way.qr_code)
                self._tell(tx, chat, f"社群“{chat.name}”的入群码好了（人满了会自动建新群）：\n{way.qr_code}")
            return
        welcome_id = errand.welcome_id
        if not errand.text:
            client.chat_welcome_delete(welcome_id)
            welcome_id = ""
        elif welcome_id:
            client.chat_welcome_edit(welcome_id, {"type": "text", "text": errand.text})
        else:
            welcome_id = client.chat_welcome_add({"type": "text", "text": errand.text})
        with transaction(self._parts.store, self._parts.clock, self._parts.bell) as tx:
            chat = service.has_welcome(tx, errand, welcome_id)
            begins = service.welcome_shown(errand.text)[:60]
            how = f"欢迎语存到企业微信了。请群主在“{chat.name}”的群设置里打开“入群欢迎语”，选这一条：\n{begins}"
            self._tell(tx, chat, how if errand.text else f"社群“{chat.name}”的欢迎语删掉了。")

    def _join_way(self, errand: Errand, client: Any) -> Any:
        """Kept as soon as it is made, since its picture is another question."""
        if errand.join_id:
            return client.join_way(errand.join_id)
        way = client.add_join_way([errand.chat_id], f"skg{errand.number}", errand.name[:30], errand.name[:NAME_LIMIT])
        if not way.qr_code:
            with transaction(self._parts.store, self._parts.clock) as tx:
                service.has_code(tx, errand, way.config_id, "")
        return way

    def _keep_failed(self, errand: Errand, failure: PlatformFailure) -> None:
        log.warning("group_errand_waits number=%d kind=%s code=%s", errand.number, errand.kind, failure.code)
        waits = max(RETRY, timedelta(seconds=failure.retry_after or 0.0))
        with transaction(self._parts.store, self._parts.clock, self._parts.bell) as tx:
            chat, is_news = service.failed(tx, errand, str(failure), tx.now + waits)
            if is_news:
                what = "入群码还没做好" if errand.kind == "code" else "欢迎语还没存上"
                self._tell(tx, chat, f"社群“{chat.name}”的{what}：{failure}。会自动再试。")

    def _tell(self, tx: Tx, chat: Chat, words: str) -> None:
        """Tells whoever asked for something of this group last, else its host."""
        host = merchants.find(tx, account=chat.account, person_id=chat.owner)
        staff_id = chat.tell or (host.id if host is not None else None)
        if staff_id is not None:
            notices.tell(tx, staff_id, words, kind="group", subject=f"group:{chat.id}:{words[:12]}", urgent=True)


def _every_chat(client: Any) -> Iterator[str]:
    """The ids of all groups, page by page; a company too large to be asked at once is asked by owners."""
    try:
        yield from _pages(client, ())
    except PlatformFailure as failure:
        if failure.code != TOO_MANY_OWNERS:
            raise
        members = client.members()
        for start in range(0, len(members), OWNERS_A_CALL):
            yield from _pages(client, members[start : start + OWNERS_A_CALL])


def _pages(client: Any, owners: Sequence[str]) -> Iterator[str]:
    """Raises PlatformFailure, also where the cursor runs in a circle: a list that is not whole must not look whole."""
    cursor, seen = "", {""}
    while True:
        page = client.chats(owners, cursor)
        yield from page.chat_ids
        cursor = page.next
        if not cursor:
            return
        if cursor in seen:
            raise PlatformFailure("平台的群名单翻页在打转，稍后再读", code=None, decision=Decision.AGAIN)
        seen.add(cursor)


def _reading(chat: Any) -> membership.Reading:
    people = tuple(
        # Who is listed without a time has been there all along.
        membership.Person(
            one.id,
            one.is_member,
            one.joined_at or chat.created_at or BEFORE,
            _SCENES.get(one.scene, ""),
            one.invited_by,
        )
        for one in chat.members
    )
    return membership.Reading(chat.name, chat.owner, chat.notice, chat.created_at, chat.version, people)
