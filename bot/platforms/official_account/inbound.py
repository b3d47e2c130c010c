"""Official Account callbacks: verify, decrypt and parse what comes in, seal what goes back.

wechatpy does the cipher, the signatures and knows the message types. 1.8.18 is its latest stable release (2.0 has been
an alpha for years). It trusts whatever carries a good signature, and that is no proof of good form; so everything is
checked here before the library sees it, and nothing but Forged and Unreadable leaves this module.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

import orjson
import xmltodict
from wechatpy.crypto import PrpCrypto, WeChatCrypto
from wechatpy.events import EVENT_TYPES, BaseEvent
from wechatpy.messages import MESSAGE_TYPES, BaseMessage, UnknownMessage
from wechatpy.utils import WeChatSigner

from bot.errors import SettingsError
from bot.platforms.messages import Forged, Inbound, Unreadable
from bot.settings import Account

OLDEST_SECONDS = 600
NEWEST_SECONDS = 300
ELEMENTS = 200
DEPTH = 8
# The manual names no number; above some 1,100 Chinese characters customers saw a fault notice instead of the reply.
REPLY_BYTES = 2048
AES_KEY_LENGTH = 43
SUCCESS = b"success"

Query = Mapping[str, Sequence[str]]

_FORMS = {
    "timestamp": re.compile(r"[0-9]{10}"),
    "nonce": re.compile(r"[0-9A-Za-z_-]{1,64}"),
    "signature": re.compile(r"[0-9a-f]{40}"),
    "msg_signature": re.compile(r"[0-9a-f]{40}"),
    "echostr": re.compile(r"[0-9A-Za-z+/=_-]{1,256}"),
}
_BASE64 = re.compile(r"[0-9A-Za-z+/]+={0,2}")
# Safe mode as the platform writes it. Whatever looks different takes the parser: in compatible mode a customer's own
# words stand beside <Encrypt> and may say <Encrypt> themselves.
_SAFE = re.compile(
    r"\s*<xml>\s*<ToUserName><!\[CDATA\[[0-9A-Za-z_-]*\]\]></ToUserName>"
    r"\s*<Encrypt><!\[CDATA\[([0-9A-Za-z+/=]+)\]\]></Encrypt>\s*</xml>\s*"
)
_TAG = re.compile(r"<(/?)[^<>]*?(/?)>")
_SENDER = re.compile(r"[0-9A-Za-z_@.-]{1,64}")
_SECONDS = re.compile(r"[0-9]{9,10}")
_MESSAGE_ID = re.compile(r"[0-9]{1,20}")
_EVENT_NAME = re.compile(r"[a-z0-9_]{1,64}")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_OUR_KINDS = {"subscribe": "follow", "unsubscribe": "unfollow", "scan": "scan", "click": "menu_click"}
_MESSAGE_KINDS = {"text", "image", "voice", "video", "shortvideo", "location", "link"}
_TAKEN = _MESSAGE_KINDS | {"follow", "unfollow", "menu_click", "unknown"}
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
    fields = _checked(query, ("signature", "timestamp", "nonce", "echostr"), now)
    _compare(fields["signature"], account.token, fields["timestamp"], fields["nonce"])
    return fields["echostr"]


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals the reply the way its message was opened."""

    account: Account
    person: str
    to: str
    encrypted: bool

    def seal(self, text: str, now: datetime) -> bytes:
        """The body to answer with: a text reply of up to 2,048 bytes of UTF-8, cut with ``…`` if longer.

        An empty text becomes ``success``, which the platform takes in clear in every mode and shows nobody.
        """
        words = shorten(_NO_XML.sub("", text), REPLY_BYTES)
        if not words or not self.to:
            return SUCCESS
        timestamp = str(int(now.timestamp()))
        xml = (
            f"<xml><ToUserName><![CDATA[{self.person}]]></ToUserName><FromUserName><![CDATA[{self.to}]]></FromUserName>"
            f"<CreateTime>{timestamp}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
            f"<Content><![CDATA[{words.replace(']]>', ']]]]><![CDATA[>')}]]></Content></xml>"
        )
        if not self.encrypted:
            return xml.encode()
        nonce = secrets.token_hex(8)
        cipher = _cipher(self.account.aes_key).encrypt(xml, self.account.app_id).decode()
        signature = _sign(self.account.token, timestamp, nonce, cipher)
        return (
            f"<xml><Encrypt><![CDATA[{cipher}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature>"
            f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
        ).encode()


@dataclass(frozen=True, slots=True)
class Opened:
    """A genuine callback and what its answer is sealed with."""

    inbound: Inbound
    seal: Seal


def open_callback(account: Account, query: Query, body: bytes, now: datetime) -> Opened:
    """Verifies, decrypts and parses one POST. An account with an aes_key accepts encrypted bodies only.

    ``query`` maps each field to all its values (werkzeug: ``request.args.to_dict(flat=False)``); the caller has
    cut ``body`` to a sane size. Raises Forged (answer 403) or Unreadable (answer 400).
    """
    if account.aes_key:
        fields = _checked(query, ("msg_signature", "timestamp", "nonce"), now)
        cipher = _envelope(_utf8(body))
        _compare(fields["msg_signature"], account.token, fields["timestamp"], fields["nonce"], cipher)
        xml = _decrypt(account, cipher)
    else:
        fields = _checked(query, ("signature", "timestamp", "nonce"), now)
        # Plain mode signs no body at all; who configures it accepts that.
        _compare(fields["signature"], account.token, fields["timestamp"], fields["nonce"])
        xml = _utf8(body)
    inbound = read_fields(account.name, _parse(xml))
    return Opened(inbound, Seal(account, inbound.sender, inbound.to, bool(account.aes_key)))


def shorten(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` bytes of UTF-8, cut between characters with ``…`` at the end."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    return encoded[: limit - len("…".encode())].decode(errors="ignore") + "…"


def _checked(query: Query, names: tuple[str, ...], now: datetime) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name in names:
        values = query.get(name, ())
        if isinstance(values, str) or len(values) != 1 or not _FORMS[name].fullmatch(values[0]):
            raise Forged("query")
        fields[name] = values[0]
    age = now.timestamp() - int(fields["timestamp"])
    if not -NEWEST_SECONDS <= age <= OLDEST_SECONDS:
        raise Forged("timestamp")
    return fields


def _sign(*parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(*parts)
    return signer.signature


def _compare(signature: str, *parts: str) -> None:
    if not hmac.compare_digest(signature, _sign(*parts)):
        raise Forged("signature")


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Forged("utf8") from None


def _envelope(body: str) -> str:
    """The Encrypt text of a body in safe or compatible mode."""
    plain = _SAFE.fullmatch(body)
    if plain:
        return plain[1]
    try:
        cipher = _parse(body).get("Encrypt")
    except Unreadable:
        raise Forged("envelope") from None
    if not isinstance(cipher, str):
        raise Forged("clear_body")
    return cipher


class _Cipher(PrpCrypto):
    """wechatpy's cipher with unguessable random bytes: the IV is the same for every message, they stand in for it."""

    def get_random_string(self) -> str:
        return secrets.token_hex(8)


@lru_cache(maxsize=64)
def _cipher(aes_key: str) -> _Cipher:
    """Built once per key. The last character may carry two spare bits, which the lenient decoder drops."""
    if len(aes_key) != AES_KEY_LENGTH or not aes_key.isascii() or not aes_key.isalnum():
        raise SettingsError("accounts.aes_key: the EncodingAESKey has 43 letters and digits. Copy it from the console")
    return _Cipher(WeChatCrypto("", aes_key, "").key)


def _decrypt(account: Account, cipher: str) -> str:
    library = _cipher(account.aes_key)
    if not _BASE64.fullmatch(cipher) or len(cipher) % 4:
        raise Forged("cipher")
    sealed = base64.b64decode(cipher)
    if not sealed or len(sealed) % 16:
        raise Forged("cipher")
    content = library.cipher.decrypt(sealed)
    # Blocks of 32, not AES's 16 (vendor manual, Message_encryption_and_decryption_instructions).
    padding = content[-1]
    if not 1 <= padding <= 32 or content[-padding:] != bytes((padding,)) * padding:
        raise Forged("padding")
    content = content[:-padding]
    end = 20 + int.from_bytes(content[16:20], "big")
    if len(content) < 20 or end > len(content):
        raise Forged("length")
    if not hmac.compare_digest(content[end:], account.app_id.encode()):
        raise Forged("account")
    return _utf8(content[20:end])


def _parse(xml: str) -> dict[str, Any]:
    """The children of <xml>. Size is bounded before the parser starts, outside of what people wrote (CDATA)."""
    bare = _markup(xml)
    if "<!" in bare:
        raise Unreadable("entity")
    if bare.count("<") - bare.count("</") > ELEMENTS:
        raise Unreadable("elements")
    if _depth(bare) > DEPTH:
        raise Unreadable("depth")
    return _flat(xml) or _nested(xml)


def _flat(xml: str) -> dict[str, Any] | None:
    """What nearly every message is, read in half of xmltodict's time and into the same; None for anything else."""
    try:
        root = ElementTree.XML(xml)
    except (ElementTree.ParseError, ValueError):
        return None
    fields = {child.tag: (child.text or "").strip() or None for child in root if not (len(child) or child.attrib)}
    between = [root.text, *(child.tail for child in root)]
    if root.tag != "xml" or root.attrib or len(fields) != len(root) or any(text and text.strip() for text in between):
        return None
    return None if any(tag[0] == "{" for tag in fields) else fields


def _nested(xml: str) -> dict[str, Any]:
    try:
        root = xmltodict.parse(xml)
    except (ExpatError, ValueError):
        raise Unreadable("xml") from None
    fields = root.get("xml")
    if not isinstance(fields, dict):
        raise Unreadable("root")
    return fields


def _markup(xml: str) -> str:
    """``xml`` without its CDATA sections. A regular expression would take a second over openings that never close."""
    parts: list[str] = []
    at = 0
    while (start := xml.find("<![CDATA[", at)) >= 0:
        end = xml.find("]]>", start)
        if end < 0:
            raise Unreadable("xml")
        parts.append(xml[at:start])
        at = end + len("]]>")
    parts.append(xml[at:])
    return "".join(parts)


def _depth(bare: str) -> int:
    if bare.count("<") - bare.count("</") <= DEPTH:
        return 0
    depth = deepest = 0
    for closing, empty in _TAG.findall(bare):
        if closing:
            depth -= 1
        elif not empty:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def read_fields(account: str, fields: dict[str, Any]) -> Inbound:
    """The message that the fields of a callback mean, fresh or from the inbox.

    Whatever is missing or wrong makes it ``unknown``; its sender is ``""`` where none is named, its time 1970 where none
    is told.
    """
    sender, created = _matching(_SENDER, fields.get("FromUserName")), _matching(_SECONDS, fields.get("CreateTime"))
    kind, message = _kind(fields) if sender and created else ("unknown", UnknownMessage(dict(fields)))
    return Inbound(
        account=account,
        sender=sender,
        kind=kind,
        text=_words(kind, message),
        event_key=_event_key(kind, fields),
        created_at=datetime.fromtimestamp(int(created or 0), UTC),
        key=_key(fields),
        to=_matching(_SENDER, fields.get("ToUserName")),
        fields=fields,
    )


def _matching(form: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and form.fullmatch(value) else ""


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
        if not _EVENT_NAME.fullmatch(name):
            return unknown
        kind = _OUR_KINDS.get(name) or (f"event_{name}" if name in _TAKEN else name)
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


def _key(fields: dict[str, Any]) -> str:
    # Events carry no MsgId. Sender and second alone would merge two taps of one second, so all fields stand in for it:
    # the platform repeats them unchanged when it delivers again.
    number = fields.get("MsgId")
    if isinstance(number, str) and _MESSAGE_ID.fullmatch(number) and fields.get("MsgType") != "event":
        return f"m:{number}"
    return "e:" + hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).hexdigest()
