"""WeCom callbacks: what members write to the app, and what happens to contacts, groups, tags and members.

The address is that of one self-built app; news of customers arrive there where the app may call customer contact. Kinds
and fields: vendor manual, pages 90239, 90240 (app), 92130 (contacts, groups, tags). Nothing but Forged and Unreadable
leaves this module.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.platforms.envelope import (
    EVENT_NAME,
    SECONDS,
    SENDER,
    Opened,
    Query,
    Seal,
    checked,
    compare,
    decrypt,
    key_of,
    matching,
    parse,
    utf8,
)
from bot.platforms.messages import Forged, Inbound, Unreadable
from bot.settings import Account

# An empty body is what the manual asks for; what is in one is shown to nobody either way.
TAKEN = b""
# A group's members may come or go by the hundred in one event, each an element of its own.
ELEMENTS = 2000
SYSTEM = "sys"

_MESSAGE_KINDS = {"text", "image", "voice", "video", "shortvideo", "location", "link"}
_MEMBER_EVENTS = {
    "subscribe": "member_came",
    "unsubscribe": "member_left",
    "click": "menu_click",
    "template_card_event": "card_tap",
}
# Event, then ChangeType. An unlisted ChangeType keeps the event's own name.
_CONTACT_CHANGES = {
    "add_external_contact": "contact_added",
    "add_half_external_contact": "contact_half_added",
    "edit_external_contact": "contact_edited",
    "del_external_contact": "contact_removed",
    "del_follow_user": "contact_left",
    "transfer_fail": "contact_transfer_failed",
    "msg_audit_approved": "contact_audit_approved",
}
_CHAT_CHANGES = {"create": "chat_created", "update": "chat_changed", "dismiss": "chat_dismissed"}
_TAG_CHANGES = {"create": "tag_created", "update": "tag_changed", "delete": "tag_deleted", "shuffle": "tags_shuffled"}
_OUR_NAMES = {
    *_MEMBER_EVENTS.values(),
    *_CONTACT_CHANGES.values(),
    *_CHAT_CHANGES.values(),
    *_TAG_CHANGES.values(),
    "member_changed",
}
_TAKEN_NAMES = _MESSAGE_KINDS | _OUR_NAMES | {"unknown"}
# Where one of these is missing the message means nothing certain.
_NEEDS = {
    "text": ("Content",),
    "image": ("MediaId",),
    "voice": ("MediaId",),
    "video": ("MediaId",),
    "shortvideo": ("MediaId",),
    "location": ("Location_X", "Location_Y"),
    "link": ("Url",),
    "menu_click": ("EventKey",),
    "card_tap": ("EventKey", "ResponseCode"),
}
# Where a message or event keeps its words, from the outside in. Media have none.
_WORDS = {
    "text": ("Content",),
    "voice": ("Recognition",),
    "location": ("Label",),
    "link": ("Title",),
    "card_tap": ("EventKey",),
    "scancode_push": ("ScanCodeInfo", "ScanResult"),
    "scancode_waitmsg": ("ScanCodeInfo", "ScanResult"),
    "location_select": ("SendLocationInfo", "Label"),
}


def handshake(account: Account, query: Query, now: datetime) -> str:
    """The decrypted echostr, to be answered as it stands: without quotes, mark or line break (manual, page 90930).

    ``query`` maps each field to all its values (werkzeug: ``request.args.to_dict(flat=False)``). Raises Forged.
    """
    fields = checked(query, ("msg_signature", "timestamp", "nonce", "echostr"), now)
    compare(fields["msg_signature"], account.token, fields["timestamp"], fields["nonce"], fields["echostr"])
    return decrypt(account, account.corp_id, fields["echostr"])


def open_callback(account: Account, query: Query, body: bytes, now: datetime) -> Opened:
    """Verifies, decrypts and parses one POST; every body is encrypted for the company's id.

    The caller has cut ``body`` to a sane size. Raises Forged (answer 403) or Unreadable (answer 400). Only members can be
    answered; the seal answers everything else with an empty body.
    """
    fields = checked(query, ("msg_signature", "timestamp", "nonce"), now)
    try:
        cipher = parse(utf8(body)).get("Encrypt")
    except Unreadable:
        raise Forged("envelope") from None
    if not isinstance(cipher, str):
        raise Forged("clear_body")
    compare(fields["msg_signature"], account.token, fields["timestamp"], fields["nonce"], cipher)
    inbound = read_fields(account.name, parse(decrypt(account, account.corp_id, cipher), ELEMENTS))
    to = inbound.to if inbound.of == "member" else ""
    return Opened(inbound, Seal(account, account.corp_id, inbound.sender, to, encrypted=True, nothing=TAKEN))


def read_fields(account: str, fields: dict[str, Any]) -> Inbound:
    """The message that the fields of a callback mean, fresh or from the inbox.

    Whatever is missing or wrong makes it ``unknown``; its sender is ``""`` where none is named, its time 1970 where none
    is told.
    """
    created = matching(SECONDS, fields.get("CreateTime"))
    kind, of, sender = _meant(fields)
    if not created or not sender:
        kind = "unknown"
    return Inbound(
        account=account,
        sender=sender,
        kind=kind,
        text=_words(kind, fields),
        event_key=_event_key(kind, of, fields),
        created_at=datetime.fromtimestamp(int(created or 0), UTC),
        key=key_of(fields),
        to=matching(SENDER, fields.get("ToUserName")),
        fields=fields,
        of=of,
    )


def _meant(fields: dict[str, Any]) -> tuple[str, str, str]:
    """Its kind, whose it is, and who is named as its sender."""
    writer = matching(SENDER, fields.get("FromUserName"))
    of = "account" if writer in (SYSTEM, "") else "member"
    type_, event = fields.get("MsgType"), fields.get("Event")
    if not isinstance(type_, str) or any(isinstance(value, list) for value in fields.values()):
        return "unknown", of, writer
    if type_.lower() != "event":
        kind = type_.lower()
        known = of == "member" and kind in _MESSAGE_KINDS and _whole(kind, fields)
        return kind if known else "unknown", of, writer
    name = matching(EVENT_NAME, event.lower() if isinstance(event, str) else "")
    change = str(fields.get("ChangeType") or "").lower()
    match name:
        case "":
            return "unknown", of, writer
        case "change_external_contact":
            return _change(_CONTACT_CHANGES.get(change, name), "contact", fields, ("ExternalUserID", "UserID"))
        case "change_external_chat":
            return _change(_CHAT_CHANGES.get(change, name), "account", fields, ("ChatId",))
        case "change_external_tag" if change == "shuffle":
            return "tags_shuffled", "account", matching(SENDER, fields.get("Id")) or SYSTEM
        case "change_external_tag":
            return _change(_TAG_CHANGES.get(change, name), "account", fields, ("Id",))
        case "change_contact":
            return "member_changed", "account", SYSTEM
    if of == "account":
        return f"event_{name}" if name in _TAKEN_NAMES else name, of, writer
    kind = _MEMBER_EVENTS.get(name) or (f"event_{name}" if name in _TAKEN_NAMES else name)
    return kind if _whole(kind, fields) else "unknown", of, writer


def _change(kind: str, of: str, fields: dict[str, Any], ids: tuple[str, ...]) -> tuple[str, str, str]:
    """News of something with an id, which is named first; without all its ids nobody knows what it is about."""
    named = [matching(SENDER, fields.get(name)) for name in ids]
    return (kind, of, named[0]) if all(named) else ("unknown", "account", SYSTEM)


def _whole(kind: str, fields: dict[str, Any]) -> bool:
    return all(name in fields and isinstance(fields[name], str | None) for name in _NEEDS.get(kind, ()))


def _words(kind: str, fields: dict[str, Any]) -> str:
    within: object = fields
    for name in _WORDS.get(kind, ()):
        within = within.get(name) if isinstance(within, dict) else None
    return within if isinstance(within, str) else ""


def _event_key(kind: str, of: str, fields: dict[str, Any]) -> str:
    value = fields.get("State" if of == "contact" else "EventKey")
    return value if kind != "unknown" and isinstance(value, str) else ""
