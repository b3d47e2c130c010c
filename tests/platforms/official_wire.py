"""The platform's side of callbacks, written from the manual without wechatpy: a second opinion on our own reading."""

from __future__ import annotations

import base64
import hashlib
import re
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.settings import Account

SAFE = Account(
    name="main",
    app_id="wxdemo0000000001",
    token="demoToken2026",
    aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
)
PLAIN = Account(name="main", app_id="wxdemo0000000001", token="demoToken2026")
TIMESTAMP, NONCE = "1790000001", "n0nce42"


def sign(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def aes(account: Account) -> Cipher[modes.CBC]:
    key = base64.b64decode(account.aes_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def pad(content: bytes) -> bytes:
    count = 32 - len(content) % 32
    return content + bytes([count]) * count


def layout(message: bytes, app_id: str, prefix: bytes = b"0123456789abcdef") -> bytes:
    return prefix + struct.pack(">I", len(message)) + message + app_id.encode()


def encrypt(account: Account, padded: bytes) -> str:
    encryptor = aes(account).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def sealed(account: Account, message: str) -> str:
    return encrypt(account, pad(layout(message.encode(), account.app_id)))


def pushed(account: Account, cipher: str, **changed: list[str]) -> tuple[dict[str, list[str]], bytes]:
    """Query and body of a push in safe mode around ``cipher``, correctly signed."""
    query = {
        "signature": [sign(account.token, TIMESTAMP, NONCE)],
        "timestamp": [TIMESTAMP],
        "nonce": [NONCE],
        "openid": ["oDemoUser000000000000000001"],
        "encrypt_type": ["aes"],
        "msg_signature": [sign(account.token, TIMESTAMP, NONCE, cipher)],
    }
    body = f"<xml><ToUserName><![CDATA[gh_demo0001]]></ToUserName><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>"
    return query | changed, body.encode()


def plain_query(**changed: list[str]) -> dict[str, list[str]]:
    return {
        "signature": [sign(PLAIN.token, TIMESTAMP, NONCE)],
        "timestamp": [TIMESTAMP],
        "nonce": [NONCE],
        "openid": ["oDemoUser000000000000000001"],
    } | changed


def unsealed(account: Account, reply: bytes) -> str:
    """The inner XML of an encrypted passive reply, its signature checked."""
    fields = dict(re.findall(r"<(\w+)>(?:<!\[CDATA\[)?([^\]<]+)(?:\]\]>)?</\1>", reply.decode()))
    assert fields["MsgSignature"] == sign(account.token, fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
    decryptor = aes(account).decryptor()
    content = decryptor.update(base64.b64decode(fields["Encrypt"])) + decryptor.finalize()
    content = content[: -content[-1]]
    (length,) = struct.unpack(">I", content[16:20])
    assert content[20 + length :].decode() == account.app_id
    return content[20 : 20 + length].decode()


def message(inner: str, sender: str = "oDemoUser000000000000000001") -> str:
    return (
        f"<xml><ToUserName><![CDATA[gh_demo0001]]></ToUserName><FromUserName><![CDATA[{sender}]]></FromUserName>"
        f"<CreateTime>{TIMESTAMP}</CreateTime>{inner}</xml>"
    )


def event(name: str, inner: str = "") -> str:
    return message(f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event>{inner}")
