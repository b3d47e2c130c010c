"""What a person said or did, in our words, whichever platform carried it; and how a callback is turned away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.errors import ShukeError


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message or event.

    ``kind``: ``text image voice video shortvideo location link``, ``follow unfollow scan menu_click``, of a company also
    ``card_tap enter_agent member_came member_left``, ``contact_added contact_half_added contact_edited contact_removed``
    (by the member) ``contact_left`` (of the customer's own will) ``contact_transfer_failed contact_audit_approved``,
    ``chat_created chat_changed chat_dismissed``, ``tag_created tag_changed tag_deleted tags_shuffled``,
    ``member_changed``; the lower-case name of any other event (``event_`` stands before a name that one of the above has
    taken), or ``unknown`` for what cannot be trusted to mean anything (unknown type, an element missing or doubled; it
    may have no sender).
    ``text``: the words in it, ``""`` where there are none; of a tapped card its button's key. ``event_key``: scene, menu
    key or menu item, a contact's channel, else ``""``.
    ``created_at``: aware, UTC, to the second. ``key``: same for every delivery of the same message, ``m:`` + message id
    or ``e:`` + SHA-256 of the fields. ``to``: the account's own id on the wire. ``fields``: everything that came.
    ``of``: whose it is. ``anybody``: staff or customers write here; ``member``: a person of the company; ``contact``: news
    of the customer who is named as sender, by nobody's hand; ``account``: news of nobody, sender is the group chat's id,
    the tag's, or ``sys``.
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
    of: str = "anybody"


def listed(fields: dict[str, Any], name: str) -> tuple[str, ...]:
    """The texts in a field that holds a list (``<MemChangeList><Item>…``), in order; empty where there is none."""
    within = fields.get(name)
    inner = next(iter(within.values()), None) if isinstance(within, dict) else within
    items = inner if isinstance(inner, list) else [inner]
    return tuple(item for item in items if isinstance(item, str))


class Forged(ShukeError):
    """A callback that does not prove it comes from the platform: answer an empty 403.

    ``kind`` is a constant word for the counters; nothing of the request is in it.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"callback refused: {kind}. Compare token, aes_key and app_id or corp_id with the platform's console"
        )
        self.kind = kind


class Unreadable(ShukeError):
    """A genuine callback whose content is no acceptable XML: answer 400. ``kind`` is a word for the counters."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"callback unreadable: {kind}")
        self.kind = kind
