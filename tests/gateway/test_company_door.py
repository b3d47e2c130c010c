"""A company's callbacks at the door: the address is proven, news are taken with an empty body, and none is lost."""

from __future__ import annotations

import re

import pytest
from test_second_tries import locked
from wechatpy.enterprise.crypto import WeChatCrypto

# The door stands before the database; one is enough.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

TOKEN, AES_KEY, CORP_ID = "tokenOfCorp", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wwdemo0000000001"
CORP = f"""
[[accounts]]
name = "branch"
platform = "wecom"
corp_id = "{CORP_ID}"
agent_id = 1000002
secret = "s3cr3t-of-branch"
token = "{TOKEN}"
aes_key = "{AES_KEY}"
api_base_url = "http://127.0.0.1:1"
"""
LEFT = (
    f"<xml><ToUserName>{CORP_ID}</ToUserName><FromUserName>sys</FromUserName><CreateTime>1790000200</CreateTime>"
    "<MsgType>event</MsgType><Event>change_external_contact</Event><ChangeType>del_follow_user</ChangeType>"
    "<UserID>lihua</UserID><ExternalUserID>wmDemo0001</ExternalUserID></xml>"
)


@pytest.fixture
def shop(open_shop):
    return open_shop(more_accounts=CORP)


def sealed(shop, xml, token=TOKEN):
    """Query and cipher by the platform vendors' library."""
    moment = str(int(shop.clock.now().timestamp()))
    parcel = WeChatCrypto(token, AES_KEY, CORP_ID).encrypt_message(xml, "n0nce42", moment)
    fields = dict(re.findall(r"<(Encrypt|MsgSignature)><!\[CDATA\[(.*?)\]\]>", parcel))
    return {"msg_signature": fields["MsgSignature"], "timestamp": moment, "nonce": "n0nce42"}, fields["Encrypt"]


def push(shop, xml, **more):
    query, cipher = sealed(shop, xml, **more)
    return shop.post(
        query, f"<xml><ToUserName>{CORP_ID}</ToUserName><Encrypt>{cipher}</Encrypt></xml>".encode(), "branch"
    )


def kept(shop):
    return shop.rows("SELECT account, sender, kind, state FROM inbox")


def test_the_platform_may_verify_the_address(shop):
    for token, status, body in ((TOKEN, 200, b"6677889900112233445"), ("anotherToken", 403, b"")):
        query, cipher = sealed(shop, "6677889900112233445", token)
        answer = shop.web.test_client().get("/callback/branch", query_string=query | {"echostr": cipher})
        assert (answer.status_code, answer.data) == (status, body)
        assert answer.mimetype == "text/plain"


def test_news_are_kept_once_and_answered_with_nothing(shop):
    assert push(shop, LEFT, token="anotherToken").status == 403
    for _ in range(2):
        answer = push(shop, LEFT)
        assert (answer.status, answer.body) == (200, b"")
    ((account, sender, kind, state),) = kept(shop)
    assert (account, sender, kind) == ("branch", "wmDemo0001", "contact_left")
    assert state in ("done", "ignored")


def test_news_that_come_while_the_database_is_locked_are_kept_on_disk(shop):
    with locked(shop):
        answer = push(shop, LEFT)
        assert (answer.status, answer.body) == (200, b"")
        assert shop.spooled
    shop.work()
    assert not shop.spooled
    assert [row[:3] for row in kept(shop)] == [("branch", "wmDemo0001", "contact_left")]
