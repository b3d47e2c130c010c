"""Official Account callbacks: the kinds of messages and events, and how they are wrapped.

wechatpy knows the message types; what it is given has been checked before, and nothing but Forged and Unreadable leaves
this module.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from wechatpy.events import EVENT_TYPES, BaseEvent
from wechatpy.messages import MESSAGE_TYPES, BaseMessage, UnknownMessage

from bot.platforms.envelope import (
    EVENT_NAME,
    SECONDS,
    SENDER,
    SUCCESS,
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

# The body that says a callback was taken and shows nobody a thing.
TAKEN = SUCCESS
# Safe mode as the platform writes it. Whatever looks different takes the parser: in compatible mode a customer's own
# words stand beside <Encrypt> and may say <Encrypt> themselves.
_SAFE = re.compile(
    r"\s*<xml>\s*<ToUserName><!\[CDATA\[[0-9A-Za-z_-]*\]\]></ToUserName>"
    r"\s*<Encrypt><!\[CDATA\[([0-9A-Za-z+/=]+)\]\]></Encrypt>\s*</xml>\s*"
)

_OUR_KINDS = {"subscribe": "follow", "unsubscribe": "unfollow", "scan": "scan", "click": "menu_click"}
_MESSAGE_KINDS = {"text", "image", "voice", "video", "shortvideo", "location", "link"}
_NAMES = _MESSAGE_KINDS | {"follow", "unfollow", "menu_click", "unknown"}
# Where a message or event keeps its words, in wechatpy's names. Media have none.
_WORDS = {
    "text": "content",
    "voice": "recognition",
    "location": "label",
    "link": "title",
    "scancode_push": "scan_result",
    "scancode_waitmsg": "scan_result",
    "location_select": "label",
    "masssendjobfinish": "status",
    "templatesendjobfinish": "status",
}
# Where one of these is missing the message means nothing certain (vendor manual, Receiving_standard_messages).
_NEEDS = {
    "text": ("Content",),
    "image": ("MediaId",),
    "voice": ("MediaId",),
    "video": ("MediaId",),
    "shortvideo": ("MediaId",),
    "location": ("Location_X", "Location_Y"),
    "link": ("Url",),
    "scan": ("EventKey",),
    "menu_click": ("EventKey",),
}


def handshake(account: Account, query: Query, now: datetime) -> str:
    """The text to answer a GET with, as text/plain; the same request may come again and is answered again.

    ``query`` maps each field to all its values (werkzeug: ``request.args.to_dict(flat=False)``). Raises Forged.
    """
    fields = checked(query, ("signature", "timestamp", "nonce", "echostr"), now)
    compare(fields["signature"], account.token, fields["timestamp"], fields["nonce"])
    return fields["echostr"]


def open_callback(account: Account, query: Query, body: bytes, now: datetime) -> Opened:
    """Verifies, decrypts and parses one POST. An account with an aes_key accepts encrypted bodies only.

    ``query`` maps each field to all its values (werkzeug: ``request.args.to_dict(flat=False)``); the caller has
    cut ``body`` to a sane size. Raises Forged (answer 403) or Unreadable (answer 400).
    """
    if account.aes_key:
        fields = checked(query, ("msg_signature", "timestamp", "nonce"), now)
        cipher = _envelope(utf8(body))
        compare(fields["msg_signature"], account.token, fields["timestamp"], fields["nonce"], cipher)
        xml = decrypt(account, account.app_id, cipher)
    else:
        fields = checked(query, ("signature", "timestamp", "nonce"), now)
        # Plain mode signs no body at all; who configures it accepts that.
        compare(fields["signature"], account.token, fields["timestamp"], fields["nonce"])
        xml = utf8(body)
    inbound = read_fields(account.name, parse(xml))
    return Opened(inbound, Seal(account, account.app_id, inbound.sender, inbound.to, bool(account.aes_key)))


def _envelope(body: str) -> str:
    """The Encrypt text of a body in safe or compatible mode."""
    plain = _SAFE.fullmatch(body)
    if plain:
        return plain[1]
    try:
        cipher = parse(body).get("Encrypt")
    except Unreadable:
        raise Forged("envelope") from None
    if not isinstance(cipher, str):
        raise Forged("clear_body")
    return cipher


def read_fields(account: str, fields: dict[str, Any]) -> Inbound:
    """The message that the fields of a callback mean, fresh or from the inbox.

    Whatever is missing or wrong makes it ``unknown``; its sender is ``""`` where none is named, its time 1970 where none
    is told.
    """
    sender, created = matching(SENDER, fields.get("FromUserName")), matching(SECONDS, fields.get("CreateTime"))
    kind, message = _kind(fields) if sender and created else ("unknown", UnknownMessage(dict(fields)))
    return Inbound(
        account=account,
        sender=sender,
        kind=kind,
        text=_words(kind, message),
        event_key=_event_key(kind, fields),
        created_at=datetime.fromtimestamp(int(created or 0), UTC),
        key=key_of(fields),
        to=matching(SENDER, fields.get("ToUserName")),
        fields=fields,
    )


def _kind(fields: dict[str, Any]) -> tuple[str, BaseMessage]:
    """Our name for it, and wechatpy's view of its fields."""
    # The library fills in what is missing, hence the copy.
    unknown = "unknown", UnknownMessage(dict(fields))
    type_ = fields.get("MsgType")
    if not isinstance(type_, str) or any(isinstance(value, list) for value in fields.values()):
        return unknown
    type_ = type_.lower()
    if type_ == "event":
        event = fields.get("Event")
        name = event.lower() if isinstance(event, str) else ""
        if not EVENT_NAME.fullmatch(name):
            return unknown
        kind = _OUR_KINDS.get(name) or (f"event_{name}" if name in _NAMES else name)
        message = EVENT_TYPES.get(name, BaseEvent)(dict(fields))
    elif type_ in _MESSAGE_KINDS:
        kind, message = type_, MESSAGE_TYPES[type_](dict(fields))
    else:
        return unknown
    for name in _NEEDS.get(kind, ()):
        if name not in fields or not isinstance(fields[name], str | None):
            return unknown
    return kind, message


def _words(kind: str, message: BaseMessage) -> str:
    name = _WORDS.get(kind)
    if name is None:
        return ""
    try:
        words = getattr(message, name)
    except (KeyError, TypeError):
        # A container of the event that is absent or empty.
        return ""
    return words if isinstance(words, str) else ""


def _event_key(kind: str, fields: dict[str, Any]) -> str:
    """Scene, menu key, or the item tapped in a menu message (which arrives as a text)."""
    value = fields.get("bizmsgmenuid" if kind == "text" else "EventKey")
    if kind == "unknown" or not isinstance(value, str):
        return ""
    return value.removeprefix("qrscene_") if kind == "follow" else value
