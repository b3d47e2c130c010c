"""Fetches pictures and voice messages before the platform forgets them, into files beside the database; erases them too.

Fetching twice does no harm, so workers need not agree on who does it: a file has the name its media id gives it, and
is put in place whole.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

from bot.domain.customers import media
from bot.errors import PlatformFailure
from bot.store.transaction import reading, transaction
from jobs.parts import Parts

log = logging.getLogger(__name__)

# The platform's words for a media id it does not know or keep any more (errcodes.md of the vendor manual).
GONE_CODES = {40004, 40007, 41006}
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
            due = [(one.account, one.media_id, one.file, one.unwanted) for one in media.due(tx)]
        if stale:
            with transaction(parts.store, parts.clock) as tx:
                media.drop(tx, stale)
        for account, media_id, file, unwanted in due:
            if unwanted:
                self._erase(account, media_id, file)
            else:
                self._fetch(account, media_id)
        return len(due)

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
        file = f"{hashlib.sha256(f'{account}/{media_id}'.encode()).hexdigest()[:32]}.{_kind(content)}"
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
