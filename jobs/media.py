"""Fetches pictures and voice messages before the platform forgets them, into files beside the database; erases them too,
and brings those of an answer to the account of the customer they are for.

Fetching twice does no harm, so workers need not agree on who does it: a file has the name its media id gives it, and
is put in place whole.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from bot.delivery import outbox
from bot.domain.customers import media
from bot.domain.customers.models import MediaCopy
from bot.errors import PlatformFailure
from bot.store.transaction import reading, transaction
from jobs.parts import Parts

log = logging.getLogger(__name__)

# The platform's words for a media id it does not know or keep any more (errcodes.md of the vendor manual).
GONE_CODES = {40004, 40007, 41006}
# The same, and its words for a file it takes from nobody: kind, size, picture size.
UNFIT_CODES = GONE_CODES | {40005, 40006, 40009, 45001}
_KINDS = ((b"\xff\xd8", "jpg"), (b"\x89PNG", "png"), (b"GIF8", "gif"), (b"#!AMR", "amr"), (b"ID3", "mp3"))


class MediaKeeper:
    """Takes a few of what is due in a turn."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._folder = parts.settings.state_folder / "media"

    def turn(self) -> int:
        """Fetches and erases what is due; returns how many were looked after."""
        parts = self._parts
        with reading(parts.store, parts.clock) as tx:
            stale = media.unclaimed(tx)
            copies = list(media.copies_due(tx))
            due = [(one.account, one.media_id, one.file, one.unwanted) for one in media.due(tx)]
        if stale:
            with transaction(parts.store, parts.clock) as tx:
                media.drop(tx, stale)
        for account, media_id, file, unwanted in due:
            if unwanted:
                self._erase(account, media_id, file)
            else:
                self._fetch(account, media_id)
        for copy in copies:
            self._bring(copy)
        return len(due) + len(copies)

    def _bring(self, copy: MediaCopy) -> None:
        """Media belong to one account: what was sent to another is taken from there and put down here."""
        parts = self._parts
        here, there = parts.clients.get(copy.account), parts.clients.get(copy.to_account)
        try:
            if here is None or there is None:
                raise PlatformFailure("这个账号不在配置里了", code=None, decision="account")
            content: bytes = here.download_media(copy.media_id)
            media_id = there.upload_media(content, f"answer.{_kind(content)}", copy.kind)
        except PlatformFailure as failure:
            log.warning("media_copy_waits account=%s code=%s", copy.to_account, failure.code)
            with transaction(parts.store, parts.clock, parts.bell) as tx:
                if media.copy_failed(tx, copy.delivery_id, for_good=failure.code in UNFIT_CODES):
                    outbox.cancel(tx, copy.delivery_id, f"图片或语音没能转到 TA 关注的公众号（{failure}）")
            return
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            if media.copied(tx, copy.delivery_id):
                outbox.complete(tx, copy.delivery_id, {"type": copy.kind, "media_id": media_id})

    def _fetch(self, account: str, media_id: str) -> None:
        parts = self._parts
        client = parts.clients.get(account)
        try:
            if client is None:
                raise PlatformFailure("这个账号不在配置里了", code=None, decision="account")
            content: bytes = client.download_media(media_id)
        except PlatformFailure as failure:
            with transaction(parts.store, parts.clock) as tx:
                media.failed(tx, account, media_id, str(failure), for_good=failure.code in GONE_CODES)
            log.warning("media_waits account=%s code=%s", account, failure.code)
            return
        file = f"{media.file_stem(account, media_id)}.{_kind(content)}"
        self._keep(self._folder / file, content)
        with transaction(parts.store, parts.clock) as tx:
            wanted = media.fetched(tx, account, media_id, file)
        if not wanted:
            (self._folder / file).unlink(missing_ok=True)

    def _keep(self, file: Path, content: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}")
        part.write_bytes(content)
        part.replace(file)

    def _erase(self, account: str, media_id: str, file: str) -> None:
        if file:
            (self._folder / file).unlink(missing_ok=True)
        with transaction(self._parts.store, self._parts.clock) as tx:
            media.erased(tx, account, media_id)


def _kind(content: bytes) -> str:
    """By the first bytes: what the platform calls it is somebody else's word."""
    return next((kind for start, kind in _KINDS if content.startswith(start)), "bin")
