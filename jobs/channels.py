"""Makes the codes of channels at the platforms, lets them lead to whom the hour and the caps say, deletes them."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from bot.delivery import outbox
from bot.domain.customers import channels
from bot.domain.customers.channels import Errand
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.errors import PlatformFailure
from bot.platforms.abilities import abilities
from bot.platforms.decisions import Decision
from bot.platforms.http import Request
from bot.store.transaction import Tx, reading, transaction
from jobs.parts import Parts
from jobs.scheduler import Lease

log = logging.getLogger(__name__)

AT_ONCE = 10  # errands of one turn: a turn must leave room for what else a worker has to do
LONGEST_WAIT = 600.0  # seconds between tries while the platform refuses
PICTURE_LIFE = timedelta(hours=1)
_PICTURES = (b"\x89PNG", b"\xff\xd8", b"GIF8")
# What no repetition makes better: staff have to change something first.
_HOPELESS = (Decision.DEFECT, Decision.PERSON)


class ChannelKeeper:
    """Of many workers one does it, by a lease: two that make one code at once would make two."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lease = Lease(parts.store, parts.clock, seconds=parts.settings.lease_seconds, name="channel codes")

    def turn(self) -> int:
        """Does what the codes lack; returns how many errands were run."""
        if not self._errands() or not self._lease.hold():
            return 0
        # Read under the lease: whoever held it before may have gone on since.
        errands = self._errands()[:AT_ONCE]
        for errand in errands:
            self._run(errand)
        return len(errands)

    def _errands(self) -> list[Errand]:
        with reading(self._parts.store, self._parts.clock) as tx:
            return channels.errands(tx, self._parts.settings)

    def _run(self, errand: Errand) -> None:
        account = self._parts.settings.account(errand.account)
        client = self._parts.clients.get(errand.account)
        try:
            if account is None or client is None:
                raise PlatformFailure(f"账号 {errand.account} 不在配置里了", code=None, decision=Decision.DEFECT)
            match errand.kind:
                case "make":
                    company = abilities(account).contacts
                    self._keep_made(errand, *(_way(client, errand) if company else _scene_code(client, errand)))
                case "update":
                    client.update_contact_way(errand.config_id, members=list(errand.members))
                    self._keep(errand, channels.updated)
                case _:
                    if errand.config_id:
                        client.delete_contact_way(errand.config_id)
                    self._keep(errand, channels.deleted)
        except PlatformFailure as failure:
            self._keep_failed(errand, failure)

    def _keep(self, errand: Errand, done: Any) -> None:
        with transaction(self._parts.store, self._parts.clock) as tx:
            done(tx, errand)

    def _keep_made(self, errand: Errand, config_id: str, picture: str) -> None:
        with transaction(self._parts.store, self._parts.clock, self._parts.bell) as tx:
            tell = channels.made(tx, errand, config_id=config_id, picture=picture)
            words = f"渠道“{errand.name}”的二维码好了，点开能看能存，印出来长期有效：\n{picture}"
            self._tell(tx, errand, tell, words)

        if tell is not None:
            self._send_picture(errand, tell, picture)

    def _send_picture(self, errand: Errand, staff_id: int, picture: str) -> None:
        """The code as a picture to keep and print, where staff hear from us. Without it the link is enough."""
        parts = self._parts
        with reading(parts.store, parts.clock) as tx:
            address = next(iter(merchants.addresses(tx, staff_id)), None)
        client = parts.clients.get(address.account) if address is not None else None
        if address is None or client is None or parts.engine is None:
            return
        answer = parts.engine.call(Request("GET", picture, headers=()))
        if answer.status != 200 or not answer.body.startswith(_PICTURES):
            log.warning("channel_picture_unread channel=%d status=%d", errand.channel_id, answer.status)
            return
        try:
            media_id = client.upload_media(answer.body, "code.png", "image")
        except PlatformFailure as failure:
            log.warning("channel_picture_unsent channel=%d code=%s", errand.channel_id, failure.code)
            return
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            outbox.queue(
                tx,
                account=address.account,
                person_id=address.person_id,
                payload={"type": "image", "media_id": media_id},
                purpose="reminder",
                staff_id=staff_id,
                not_after=tx.now + PICTURE_LIFE,
                key=f"channel-code:{errand.channel_id}",
            )

    def _keep_failed(self, errand: Errand, failure: PlatformFailure) -> None:
        hopeless = failure.decision in _HOPELESS
        waits = max(failure.retry_after or 0.0, min(5.0 * 2.0 ** min(errand.tries, 16), LONGEST_WAIT))
        log.warning("channel_code_waits channel=%d kind=%s code=%s", errand.channel_id, errand.kind, failure.code)
        with transaction(self._parts.store, self._parts.clock, self._parts.bell) as tx:
            again_at = None if hopeless else tx.now + timedelta(seconds=waits)
            tell = channels.failed(tx, errand, str(failure), again_at)
            repair = f"改好后发：渠道 改 {errand.name} 店员 小丽" if hopeless and errand.members else "会自动再试。"
            what = "二维码还没做好" if errand.kind == "make" else "还没换好接待的人"
            self._tell(tx, errand, tell, f"渠道“{errand.name}”的{what}：{failure}。\n{repair}")

    def _tell(self, tx: Tx, errand: Errand, staff_id: int | None, words: str) -> None:
        if staff_id is not None and errand.name:
            notices.tell(tx, staff_id, words, kind="channel", subject=f"channel:{errand.channel_id}", urgent=True)


def _scene_code(client: Any, errand: Errand) -> tuple[str, str]:
    """A permanent code of the account: it can be printed, and asking twice gives the same one."""
    code = client.qr_code(channels.state_of(errand.channel_id))
    return "", str(code.picture)


def _way(client: Any, errand: Errand) -> tuple[str, str]:
    """A way to add one of the members. After a try whose answer was lost, one that is there already is taken."""
    state = channels.state_of(errand.channel_id)
    if errand.tries:
        there = next((way for way in client.contact_ways() if way.channel == state), None)
        if there is not None:
            client.update_contact_way(there.config_id, members=list(errand.members))
            return there.config_id, there.qr_code
    way = client.add_contact_way(members=list(errand.members), channel=state, remark=errand.name[:30])
    return way.config_id, way.qr_code
