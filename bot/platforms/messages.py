"""What a person said or did, in our words, whichever platform carried it; and how a callback is turned away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.errors import ShukeError


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message or event of one person.

    ``kind``: ``text image voice video shortvideo location link``, ``follow unfollow scan menu_click``, the lower-case
    name of any other event (``event_`` stands before a name that one of the above has taken), or ``unknown`` for what
    cannot be trusted to mean anything (unknown type, an element missing or doubled; it may have no sender).
    ``text``: the words in it, ``""`` where there are none. ``event_key``: scene, menu key or menu item, else ``""``.
    ``created_at``: aware, UTC, to the second. ``key``: same for every delivery of the same message, ``m:`` + message id
    or ``e:`` + SHA-256 of the fields. ``to``: the account's own id on the wire. ``fields``: everything that came.
    """

    account: str
    sender: str
    kind: str
    text: str
    event_key: str
    created_at: datetime
    key: str
    to: str
    fields: dict[str, Any]


class Forged(ShukeError):
    """A callback that does not prove it comes from the platform: answer an empty 403.

    ``kind`` is a constant word for the counters; nothing of the request is in it.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(f"callback refused: {kind}. Compare token, aes_key and app_id with the platform's console")
        self.kind = kind


class Unreadable(ShukeError):
    """A genuine callback whose content is no acceptable XML: answer 400. ``kind`` is a word for the counters."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"callback unreadable: {kind}")
        self.kind = kind
