"""Signature, encryption and XML of the platform's pushes, and the reading of passive replies.

Source: vendor manual, "消息加解密说明" and "Passive_user_reply_message"; test vectors stand in tests/sandbox.
"""

import base64
import hashlib
import re
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32  # PKCS#7 over 32 bytes, although AES itself has blocks of 16
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ORDINARY_KINDS = ("text", "image", "voice", "video", "shortvideo", "location", "link")


class ReplyRejected(ValueError):
    """The shop's answer to a push is neither empty, `success` nor a valid reply; the text says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A passive reply as it stood in the XML: its type and the fields below the four common ones."""

    msgtype: str
    fields: dict[str, Any]


def sign(*parts: str) -> str:
    """Hex SHA-1 over the sorted parts: token, timestamp, nonce and, for `msg_signature`, the Encrypt text."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def read_key(aes_key: str) -> bytes:
    """The 32 bytes of an EncodingAESKey of 43 characters; its last one may carry two spare bits."""
    return base64.b64decode(aes_key + "=")


def encrypt(message: bytes, aes_key: str, app_id: str, salt: bytes) -> str:
    """Base64 of AES-256-CBC over 16 salt bytes, the big-endian length, the message and the AppID."""
    key = read_key(aes_key)
    plain = salt + struct.pack(">I", len(message)) + message + app_id.encode()
    pad = BLOCK - len(plain) % BLOCK
    machine = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(machine.update(plain + bytes([pad]) * pad) + machine.finalize()).decode()


def decrypt(text: str, aes_key: str, app_id: str) -> bytes:
    """Undo `encrypt`; `ReplyRejected` when padding, length or AppID do not hold."""
    key = read_key(aes_key)
    try:
        sealed = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ReplyRejected("Encrypt is not Base64") from error
    if not sealed or len(sealed) % 16:
        raise ReplyRejected("Encrypt is no whole number of cipher blocks")
    machine = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = machine.update(sealed) + machine.finalize()
    pad = plain[-1]
    if not 1 <= pad <= BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise ReplyRejected("padding after decryption is wrong: another EncodingAESKey?")
    length = struct.unpack(">I", plain[16:20])[0] if len(plain) >= 20 + pad else -1
    if not 0 <= length <= len(plain) - 20 - pad:
        raise ReplyRejected("length after decryption is wrong")
    if plain[20 + length : -pad] != app_id.encode():
        raise ReplyRejected("the AppID inside the cipher is not ours")
    return plain[20 : 20 + length]


def build(fields: Mapping[str, Any]) -> str:
    """`<xml>` of a mapping: text in CDATA, numbers bare, mappings nested, lists as repeated elements."""
    return "<xml>" + "".join(_element(name, value) for name, value in fields.items()) + "</xml>"


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, Mapping):
        inner = "".join(_element(part, item) for part, item in value.items())
    elif isinstance(value, int | float):
        inner = str(value)
    else:
        inner = "<![CDATA[" + clean(str(value)).replace("]]>", "]]]]><![CDATA[>") + "]]>"
    return f"<{name}>{inner}</{name}>"


def clean(text: str) -> str:
    """Without the characters that XML 1.0 cannot carry."""
    return _NOT_XML.sub("", text)


def seal(
    account: Mapping[str, Any], fields: Mapping[str, Any], *, openid: str, timestamp: str, nonce: str, salt: bytes
) -> tuple[dict[str, str], bytes]:
    """Query and body of one push in the account's mode (明文, 兼容, 安全)."""
    return seal_body(account, build(fields), openid=openid, timestamp=timestamp, nonce=nonce, salt=salt)


def seal_body(
    account: Mapping[str, Any], clear: str, *, openid: str, timestamp: str, nonce: str, salt: bytes
) -> tuple[dict[str, str], bytes]:
    """Like `seal`, for XML that is already written."""
    token = account["token"]
    query = {"signature": sign(token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce, "openid": openid}
    if account["mode"] == "plain":
        return query, clear.encode()
    secret = encrypt(clear.encode(), account["aes_key"], account["app_id"], salt)
    query |= {"encrypt_type": "aes", "msg_signature": sign(token, timestamp, nonce, secret)}
    if account["mode"] == "compatible":
        return query, (clear.removesuffix("</xml>") + _element("Encrypt", secret) + "</xml>").encode()
    return query, build({"ToUserName": account["original_id"], "Encrypt": secret}).encode()


def read_reply(account: Mapping[str, Any], body: bytes, openid: str) -> Reply | None:
    """The passive reply in a callback's answer, or None for an empty body or `success`.

    `success` and an empty body are clear even in safe mode; everything else must be encrypted there.
    Raises `ReplyRejected` for what makes the fan read 该公众号暂时无法提供服务.
    """
    if body in (b"", b"success"):
        return None
    fields = _parse(body)
    if "Encrypt" in fields:
        if account["mode"] == "plain":
            raise ReplyRejected("an encrypted reply, but the account is in plain mode")
        fields = _parse(_open_envelope(account, fields))
    elif account["mode"] == "safe":
        raise ReplyRejected("a clear reply, but the account is in safe mode")
    return _checked(account, fields, openid)


def _open_envelope(account: Mapping[str, Any], envelope: dict[str, Any]) -> bytes:
    parts = [envelope.get(name, "") for name in ("TimeStamp", "Nonce", "Encrypt")]
    if not all(isinstance(part, str) and part for part in parts):
        raise ReplyRejected("TimeStamp, Nonce or Encrypt is missing in the encrypted reply")
    if envelope.get("MsgSignature") != sign(account["token"], *parts):
        raise ReplyRejected("MsgSignature of the reply is wrong")
    return decrypt(parts[2], account["aes_key"], account["app_id"])


def _checked(account: Mapping[str, Any], fields: dict[str, Any], openid: str) -> Reply:
    if fields.get("ToUserName") != openid or fields.get("FromUserName") != account["original_id"]:
        raise ReplyRejected("ToUserName and FromUserName of a reply are those of the push, swapped")
    if not re.fullmatch(r"\d{1,12}", str(fields.get("CreateTime", ""))):
        raise ReplyRejected("CreateTime must be whole seconds")
    msgtype = fields.get("MsgType")
    if not isinstance(msgtype, str) or not msgtype:
        raise ReplyRejected("MsgType is missing")
    common = ("ToUserName", "FromUserName", "CreateTime", "MsgType")
    return Reply(msgtype, {name: value for name, value in fields.items() if name not in common})


def _parse(body: bytes) -> dict[str, Any]:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ReplyRejected("a reply has no document type")
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ReplyRejected(f"the answer is not XML: {error}") from error
    fields = _fields(root)
    if root.tag != "xml" or not isinstance(fields, dict):
        raise ReplyRejected("the answer is not an <xml> element with fields")
    return fields


def _fields(element: ElementTree.Element) -> Any:
    if not len(element):
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        value = _fields(child)
        if child.tag in found:
            earlier = found[child.tag]
            found[child.tag] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            found[child.tag] = value
    return found
