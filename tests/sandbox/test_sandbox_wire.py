"""The sandbox's own codec: the contract's vectors, and wechatpy as a second opinion."""

import pytest
import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException

from bot.sandbox import wire
from bot.sandbox.wire import ReplyRejected

TOKEN = "demoToken2026"
STAMP = "1790000001"
NONCE = "n0nce42"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP = "wxdemo0000000001"
MESSAGE = "<xml><Content>您好</Content></xml>"
SEALED = (
    "Q3stYC6hdFzMh9T8HCvyDMqYq+3LWRBafgYE/6+E3kZR7sCrTrqGjScz5Hbe7SL6CHEtcRACkg6k4M0oyfs0cEwO/+nff8IqCHNgx/+DfYIYL7d"
    "z396rYKX9hJXQGueK"
)
ACCOUNT = {"token": TOKEN, "aes_key": KEY, "app_id": APP, "mode": "safe", "original_id": "gh_demo0001"}
REPLY = (
    "<xml><ToUserName>o1</ToUserName><FromUserName>gh_demo0001</FromUserName><CreateTime>1790000002</CreateTime>"
    "<MsgType>text</MsgType><Content>已为您登记</Content></xml>"
)


def test_the_vectors_of_the_contract() -> None:
    assert wire.sign(TOKEN, STAMP, NONCE) == "1f2979590ba72c731ea91d458421f28b255a8470"
    assert wire.read_key(KEY).hex() == "69b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3d0010831051"
    assert wire.encrypt(MESSAGE.encode(), KEY, APP, b"0123456789abcdef") == SEALED
    assert wire.sign(TOKEN, STAMP, NONCE, SEALED) == "3502582e6c0478b067cf7281c5aae197b782d147"
    assert wire.decrypt(SEALED, KEY, APP) == MESSAGE.encode()


@pytest.mark.parametrize("length", range(1, 70))
def test_wechatpy_opens_what_we_seal_at_every_padding(length: int) -> None:
    fields = {"Content": "好" * length, "FromUserName": "o1"}
    query, body = wire.seal(ACCOUNT, fields, openid="o1", timestamp=STAMP, nonce=NONCE, salt=bytes(range(16)))
    opened = WeChatCrypto(TOKEN, KEY, APP).decrypt_message(body, query["msg_signature"], STAMP, NONCE)
    assert xmltodict.parse(opened)["xml"] == fields


def test_we_open_what_wechatpy_seals() -> None:
    sealed = WeChatCrypto(TOKEN, KEY, APP).encrypt_message(REPLY, NONCE, STAMP)
    reply = wire.read_reply(ACCOUNT, sealed.encode(), "o1")
    assert reply == wire.Reply("text", {"Content": "已为您登记"})


def test_a_changed_signature_is_refused_on_both_sides() -> None:
    query, body = wire.seal(ACCOUNT, {"A": "b"}, openid="o1", timestamp=STAMP, nonce=NONCE, salt=bytes(16))
    with pytest.raises(InvalidSignatureException):
        WeChatCrypto(TOKEN + "x", KEY, APP).decrypt_message(body, query["msg_signature"], STAMP, NONCE)
    sealed = WeChatCrypto(TOKEN + "x", KEY, APP).encrypt_message(REPLY, NONCE, STAMP)
    with pytest.raises(ReplyRejected, match="MsgSignature"):
        wire.read_reply(ACCOUNT, sealed.encode(), "o1")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"msg":"ok"}', "not XML"),
        (b"Success", "not XML"),
        (b"<xml></xml>", "element with fields"),
        (REPLY.encode(), "safe mode"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><xml><A>&a;</A></xml>", "document type"),
        (b"\xff\xfe\x00", "not XML"),
        (b"<xml><Encrypt>abc</Encrypt></xml>", "missing in the encrypted reply"),
    ],
)
def test_what_is_no_reply_is_named(body: bytes, why: str) -> None:
    with pytest.raises(ReplyRejected, match=why):
        wire.read_reply(ACCOUNT, body, "o1")


def test_a_reply_for_somebody_else_is_refused() -> None:
    with pytest.raises(ReplyRejected, match="swapped"):
        wire.read_reply(ACCOUNT | {"mode": "plain"}, REPLY.encode(), "o2")


def test_another_account_inside_the_cipher_is_refused() -> None:
    sealed = WeChatCrypto(TOKEN, KEY, "wxsomebodyelse01").encrypt_message(REPLY, NONCE, STAMP)
    with pytest.raises(ReplyRejected, match="AppID"):
        wire.read_reply(ACCOUNT, sealed.encode(), "o1")


def test_compatible_mode_carries_both_forms_of_whatever_is_said() -> None:
    fields = {"Content": "</xml> ]]> 😀 &"}
    _query, body = wire.seal(
        ACCOUNT | {"mode": "compatible"}, fields, openid="o1", timestamp=STAMP, nonce=NONCE, salt=bytes(16)
    )
    parsed = xmltodict.parse(body)["xml"]
    assert parsed["Content"] == "</xml> ]]> 😀 &"
    assert xmltodict.parse(wire.decrypt(parsed["Encrypt"], KEY, APP))["xml"] == fields


def test_numbers_are_bare_and_lists_repeat() -> None:
    xml = wire.build({"A": 1, "B": {"item": [{"C": "x"}, {"C": "y"}]}, "D": {}})
    assert xml == "<xml><A>1</A><B><item><C><![CDATA[x]]></C></item><item><C><![CDATA[y]]></C></item></B><D></D></xml>"
