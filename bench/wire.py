"""Callbacks as the platform sends them in safe mode, sealed and made into raw HTTP before any clock runs.

Source of the form: vendor manual, Message_encryption_and_decryption_instructions and Receiving_standard_messages.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

BLOCK = 32
ORIGINAL_ID = "gh_0123456789ab"
_NUMBERS = itertools.count(time.time_ns())


@dataclass(frozen=True)
class Identity:
    """What both ends know of an account."""

    app_id: str = "wx0123456789abcdef"
    token: str = "benchBenchToken"
    aes_key: str = "benchBenchBenchKey0123456789abcdefghijklmno"
    secret: str = "0123456789abcdef0123456789abcdef"


IDENTITY = Identity()


def person(number: int) -> str:
    """The openid of customer ``number``, 28 characters as on the platform."""
    return f"oBench{number:022d}"


def callbacks(path: str, words: Iterable[tuple[str, str]], identity: Identity = IDENTITY) -> list[bytes]:
    """One raw HTTP/1.1 request for each (openid, text), every one with a MsgId of its own."""
    return [_request(path, _message(who, text), identity) for who, text in words]


def opened(answer: bytes, identity: Identity = IDENTITY) -> str:
    """The decrypted XML of a sealed reply; raises ValueError where there is none."""
    start, end = answer.find(b"<Encrypt><![CDATA["), answer.find(b"]]></Encrypt>")
    if start < 0 or end < 0:
        raise ValueError(f"no sealed reply: {answer[:80]!r}")
    decryptor = _cipher(identity).decryptor()
    content = decryptor.update(base64.b64decode(answer[start + 18 : end])) + decryptor.finalize()
    size = int.from_bytes(content[16:20], "big")
    return content[20 : 20 + size].decode()


def _message(who: str, text: str) -> str:
    return (
        f"<xml><ToUserName><![CDATA[{ORIGINAL_ID}]]></ToUserName><FromUserName><![CDATA[{who}]]></FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{text}]]></Content><MsgId>{next(_NUMBERS)}</MsgId></xml>"
    )


def _request(path: str, xml: str, identity: Identity) -> bytes:
    encoded = xml.encode()
    content = b"0123456789abcdef" + len(encoded).to_bytes(4, "big") + encoded + identity.app_id.encode()
    padding = BLOCK - len(content) % BLOCK
    encryptor = _cipher(identity).encryptor()
    sealed = base64.b64encode(encryptor.update(content + bytes((padding,)) * padding) + encryptor.finalize()).decode()
    timestamp, nonce = str(int(time.time())), str(next(_NUMBERS))
    signature = hashlib.sha1("".join(sorted((identity.token, timestamp, nonce, sealed))).encode()).hexdigest()
    body = (
        f"<xml><ToUserName><![CDATA[{ORIGINAL_ID}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    ).encode()
    # Signature of the clear mode, timestamp and nonce come along in safe mode as well.
    query = f"signature={'0' * 40}&timestamp={timestamp}&nonce={nonce}&encrypt_type=aes&msg_signature={signature}"
    head = f"POST {path}?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _cipher(identity: Identity) -> Cipher[CBC]:
    key = base64.b64decode(identity.aes_key + "=")
    return Cipher(AES(key), CBC(key[:16]))
