"""What the callbacks of both platforms are wrapped in: query, signature, cipher, bounded XML, and the sealed reply.

wechatpy does the cipher and the signatures. 1.8.18 is its latest stable release (2.0 has been an alpha for years). It
trusts whatever carries a good signature, and that is no proof of good form; so everything is checked here before the
library sees it, and nothing but Forged and Unreadable leaves this module.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

import orjson
import xmltodict
from wechatpy.crypto import PrpCrypto, WeChatCrypto
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
_TAG = re.compile(r"<(/?)[^<>]*?(/?)>")
SENDER = re.compile(r"[0-9A-Za-z_@.-]{1,64}")
SECONDS = re.compile(r"[0-9]{9,10}")
EVENT_NAME = re.compile(r"[a-z0-9_]{1,64}")
_MESSAGE_ID = re.compile(r"[0-9]{1,20}")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals the reply the way its message was opened.

    ``receiver``: what the platform expects inside the cipher, app id or corp id. ``to`` is empty where nobody can be
    answered. ``nothing``: the body that says the message was taken and shows nobody a thing.
    """

    account: Account
    receiver: str
    person: str
    to: str
    encrypted: bool
    nothing: bytes = SUCCESS

    def seal(self, text: str, now: datetime) -> bytes:
        """The body to answer with: a text reply of up to 2,048 bytes of UTF-8, cut with ``…`` if longer.

        An empty text becomes ``nothing``, which the platform takes in clear in every mode.
        """
        words = shorten(_NO_XML.sub("", text), REPLY_BYTES)
        if not words or not self.to:
            return self.nothing
        timestamp = str(int(now.timestamp()))
        xml = (
            f"<xml><ToUserName><![CDATA[{self.person}]]></ToUserName><FromUserName><![CDATA[{self.to}]]></FromUserName>"
            f"<CreateTime>{timestamp}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
            f"<Content><![CDATA[{words.replace(']]>', ']]]]><![CDATA[>')}]]></Content></xml>"
        )
        if not self.encrypted:
            return xml.encode()
        nonce = secrets.token_hex(8)
        cipher = _cipher(self.account.aes_key).encrypt(xml, self.receiver).decode()
        signature = sign(self.account.token, timestamp, nonce, cipher)
        return (
            f"<xml><Encrypt><![CDATA[{cipher}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature>"
            f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
        ).encode()


@dataclass(frozen=True, slots=True)
class Opened:
    """A genuine callback and what its answer is sealed with."""

    inbound: Inbound
    seal: Seal


def shorten(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` bytes of UTF-8, cut between characters with ``…`` at the end."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    return encoded[: limit - len("…".encode())].decode(errors="ignore") + "…"


def checked(query: Query, names: tuple[str, ...], now: datetime) -> dict[str, str]:
    """These fields of the query, each of its form and there once, the time fresh. Raises Forged."""
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


def sign(*parts: str) -> str:
    """The platform's signature over these parts in any order."""
    signer = WeChatSigner()
    signer.add_data(*parts)
    return signer.signature


def compare(signature: str, *parts: str) -> None:
    """Raises Forged where the signature is not that of the parts."""
    if not hmac.compare_digest(signature, sign(*parts)):
        raise Forged("signature")


def utf8(body: bytes) -> str:
    """Raises Forged."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Forged("utf8") from None


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


def decrypt(account: Account, receiver: str, cipher: str) -> str:
    """What ``cipher`` says, where it was meant for ``receiver``. Raises Forged."""
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
    if not hmac.compare_digest(content[end:], receiver.encode()):
        raise Forged("account")
    return utf8(content[20:end])


def parse(xml: str, elements: int = ELEMENTS) -> dict[str, Any]:
    """The children of <xml>. Size is bounded before the parser starts, outside of what people wrote (CDATA).

    Raises Unreadable.
    """
    bare = _markup(xml)
    if "<!" in bare:
        raise Unreadable("entity")
    if bare.count("<") - bare.count("</") > elements:
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


def matching(form: re.Pattern[str], value: object) -> str:
    """``value`` where it is a text of this form, else ``""``."""
    return value if isinstance(value, str) and form.fullmatch(value) else ""


def key_of(fields: dict[str, Any]) -> str:
    """The key of `Inbound`: the same for every delivery of the same message."""
    # Events carry no MsgId. Sender and second alone would merge two taps of one second, so all fields stand in for it:
    # the platform repeats them unchanged when it delivers again.
    number = fields.get("MsgId")
    if isinstance(number, str) and _MESSAGE_ID.fullmatch(number) and fields.get("MsgType") != "event":
        return f"m:{number}"
    return "e:" + hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).hexdigest()
