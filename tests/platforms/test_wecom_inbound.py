"""WeCom's callbacks through the door: wrapped by the platform vendors' library, opened by us, and back.

Payloads: vendor manual, pages 90239, 90240, 90930 and 92130 (names and ids invented).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest
from official_wire import encrypt, layout, pad, sign
from wechatpy.enterprise.crypto import WeChatCrypto

from bot.platforms.callbacks import handshake, open_callback, read_fields, taken
from bot.platforms.messages import Forged, Unreadable, listed
from bot.settings import Account

CORP = Account(
    name="corp",
    platform="wecom",
    corp_id="wwdemo0000000001",
    agent_id=1000002,
    token="demoToken2026",
    aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
)
TIMESTAMP, NONCE = "1790000001", "n0nce42"
NOW = datetime.fromtimestamp(int(TIMESTAMP), UTC)
LIBRARY = WeChatCrypto(CORP.token, CORP.aes_key, CORP.corp_id)

# The vector of the platform contract, made by hand.
ECHO = "Q3stYC6hdFzMh9T8HCvyDDJ2uRN7kqtOYbGRtY9sCDaIIuPoMDtw+D0fgljjls4v1OFVcOIGK8HM2S4kuxn1zQ=="
ECHO_SIGNATURE = "2df928351088104449de250367724374cacf5fe8"


def asked(signature, **more):
    return {"msg_signature": [signature], "timestamp": [TIMESTAMP], "nonce": [NONCE], **more}


def pushed(xml, agent="<AgentID>1000002</AgentID>"):
    """Query and body as the platform would push ``xml``."""
    cipher = LIBRARY.encrypt_message(xml, NONCE, TIMESTAMP).split("<![CDATA[")[1].split("]]>")[0]
    return wrapped(cipher, agent)


def wrapped(cipher, agent=""):
    body = (
        f"<xml><ToUserName><![CDATA[{CORP.corp_id}]]></ToUserName>{agent}<Encrypt><![CDATA[{cipher}]]></Encrypt></xml>"
    )
    return asked(sign(CORP.token, TIMESTAMP, NONCE, cipher)), body.encode()


def message(inner, sender="lihua"):
    return (
        f"<xml><ToUserName><![CDATA[{CORP.corp_id}]]></ToUserName><FromUserName><![CDATA[{sender}]]></FromUserName>"
        f"<CreateTime>1790000100</CreateTime>{inner}</xml>"
    )


def event(name, inner="", sender="lihua"):
    return message(f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event>{inner}", sender)


def tag(**fields):
    return "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())


def change(name, kind, **fields):
    return event(name, tag(ChangeType=kind, **fields), sender="sys")


contact = partial(change, "change_external_contact", UserID="lihua", ExternalUserID="wmDemo0001")
chat = partial(change, "change_external_chat", ChatId="wrDemo01")
corp_tag = partial(change, "change_external_tag")
TEXT = message(tag(MsgType="text", Content="今日") + "<MsgId>7001</MsgId><AgentID>1000002</AgentID>")


def inbound(xml):
    return open_callback(CORP, *pushed(xml), NOW).inbound


# --- getting in ---


def test_the_handshake_answers_what_was_encrypted_and_nothing_more():
    assert handshake(CORP, asked(ECHO_SIGNATURE, echostr=[ECHO]), NOW) == "6677889900112233445"


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("signature", {"msg_signature": ["0" * 40]}),
        ("signature", {"nonce": ["another"]}),
        ("query", {"echostr": []}),
        ("query", {"echostr": ["{}"]}),
        ("timestamp", {"timestamp": ["1780000000"]}),
    ],
)
def test_a_handshake_that_does_not_fit_is_refused(kind, changed):
    with pytest.raises(Forged) as refused:
        handshake(CORP, asked(ECHO_SIGNATURE, echostr=[ECHO]) | changed, NOW)
    assert refused.value.kind == kind


def test_a_cipher_for_another_company_is_refused():
    cipher = encrypt(CORP, pad(layout(TEXT.encode(), "wwother000000001")))
    with pytest.raises(Forged) as refused:
        open_callback(CORP, *wrapped(cipher), NOW)
    assert refused.value.kind == "account"


@pytest.mark.parametrize("body", [b"", b"\xff", b"<xml></xml>", TEXT.encode(), b"<xml><Encrypt>AAAA</Encrypt></xml>"])
def test_nothing_in_clear_gets_in(body):
    with pytest.raises(Forged):
        open_callback(CORP, pushed(TEXT)[0], body, NOW)


@pytest.mark.parametrize("xml", ["", "<a/>", "<!DOCTYPE x><xml/>", f"<xml>{'<a></a>' * 2001}</xml>", "<xml><a></xml>"])
def test_genuine_nonsense_is_unreadable(xml):
    with pytest.raises(Unreadable):
        open_callback(CORP, *wrapped(encrypt(CORP, pad(layout(xml.encode(), CORP.corp_id)))), NOW)


# --- and out again ---


def test_a_members_reply_is_opened_by_the_vendors_library():
    sealed = open_callback(CORP, *pushed(TEXT), NOW).seal.seal("今天 3 件事：<b> ]]> &", NOW).decode()
    outer = dict(part.split("><![CDATA[") for part in sealed.replace("]]></", "\n<").split("\n") if "CDATA[" in part)
    signature = outer[next(name for name in outer if name.endswith("MsgSignature"))]
    nonce = outer[next(name for name in outer if name.endswith("Nonce"))]
    inner = LIBRARY.decrypt_message(sealed, signature, TIMESTAMP, nonce)
    assert "<ToUserName><![CDATA[lihua]]></ToUserName>" in inner
    assert f"<FromUserName><![CDATA[{CORP.corp_id}]]></FromUserName>" in inner
    assert "今天 3 件事：<b> ]]]]><![CDATA[> &" in inner


@pytest.mark.parametrize("xml", [contact("add_external_contact"), chat("create"), corp_tag("create", Id="stDemo01")])
def test_news_are_answered_with_an_empty_body(xml):
    opened = open_callback(CORP, *pushed(xml, agent=""), NOW)
    assert opened.seal.seal("nobody reads this", NOW) == b"" == taken(CORP)
    assert open_callback(CORP, *pushed(TEXT), NOW).seal.seal("", NOW) == b""


# --- what members say and do ---


def test_a_text_of_a_member():
    said = inbound(TEXT)
    assert (said.account, said.sender, said.of, said.kind, said.text) == ("corp", "lihua", "member", "text", "今日")
    assert (said.key, said.to, said.created_at) == ("m:7001", CORP.corp_id, datetime(2026, 9, 21, 14, 15, tzinfo=UTC))
    assert read_fields(CORP, said.fields) == said


@pytest.mark.parametrize(
    ("xml", "kind", "text", "key"),
    [
        (
            message(tag(MsgType="image", PicUrl="https://p.example/1", MediaId="m1") + "<MsgId>1</MsgId>"),
            "image",
            "",
            "",
        ),
        (message(tag(MsgType="voice", MediaId="m1", Format="amr") + "<MsgId>1</MsgId>"), "voice", "", ""),
        (message(tag(MsgType="video", MediaId="m1", ThumbMediaId="m2") + "<MsgId>1</MsgId>"), "video", "", ""),
        (
            message(tag(MsgType="location", Location_X="23.1", Location_Y="113.3", Label="店门口", AppType="wxwork")),
            "location",
            "店门口",
            "",
        ),
        (message(tag(MsgType="link", Title="新款", Url="https://a.example/1")), "link", "新款", ""),
        (event("subscribe"), "member_came", "", ""),
        (event("unsubscribe"), "member_left", "", ""),
        (event("enter_agent", "<EventKey></EventKey>"), "enter_agent", "", ""),
        (event("click", tag(EventKey="今日")), "menu_click", "", "今日"),
        (event("view", tag(EventKey="https://a.example")), "view", "", "https://a.example"),
        (event("LOCATION", "<Latitude>23.1</Latitude>"), "event_location", "", ""),
        (
            event("scancode_waitmsg", f"{tag(EventKey='scan')}<ScanCodeInfo>{tag(ScanResult='690')}</ScanCodeInfo>"),
            "scancode_waitmsg",
            "690",
            "scan",
        ),
        (
            event("location_select", f"{tag(EventKey='x')}<SendLocationInfo>{tag(Label='这里')}</SendLocationInfo>"),
            "location_select",
            "这里",
            "x",
        ),
        (event("batch_job_result", "<BatchJob><JobId>1</JobId></BatchJob>"), "batch_job_result", "", ""),
        (event("template_card_menu_event", tag(EventKey="k")), "template_card_menu_event", "", "k"),
        (event("text"), "event_text", "", ""),
        (event("contact_added"), "event_contact_added", "", ""),
    ],
)
def test_what_members_send_and_do(xml, kind, text, key):
    heard = inbound(xml)
    assert (heard.of, heard.sender, heard.kind, heard.text, heard.event_key) == ("member", "lihua", kind, text, key)


def test_a_tapped_card_says_what_its_button_says():
    inner = tag(EventKey="确认 4821", TaskId="camp-77", CardType="button_interaction", ResponseCode="rc-1")
    items = "<SelectedItem><QuestionKey>q1</QuestionKey><OptionIds><OptionId>o1</OptionId></OptionIds></SelectedItem>"
    tapped = inbound(event("template_card_event", f"{inner}<SelectedItems>{items}</SelectedItems>"))
    assert (tapped.of, tapped.kind, tapped.text, tapped.event_key) == ("member", "card_tap", "确认 4821", "确认 4821")
    assert [tapped.fields[name] for name in ("TaskId", "ResponseCode")] == ["camp-77", "rc-1"]
    assert tapped.fields["SelectedItems"]["SelectedItem"]["OptionIds"]["OptionId"] == "o1"
    assert tapped.key == inbound(event("template_card_event", f"{inner}<SelectedItems>{items}</SelectedItems>")).key
    assert tapped.key != inbound(event("template_card_event", inner)).key


# --- what happens to contacts, groups, tags and members ---


@pytest.mark.parametrize(
    ("xml", "of", "kind", "sender", "key"),
    [
        (contact("add_external_contact", State="shop_door"), "contact", "contact_added", "wmDemo0001", "shop_door"),
        (contact("add_half_external_contact"), "contact", "contact_half_added", "wmDemo0001", ""),
        (contact("edit_external_contact"), "contact", "contact_edited", "wmDemo0001", ""),
        (contact("del_external_contact", Source="DELETE_BY_TRANSFER"), "contact", "contact_removed", "wmDemo0001", ""),
        (contact("del_follow_user"), "contact", "contact_left", "wmDemo0001", ""),
        (contact("transfer_fail", FailReason="x"), "contact", "contact_transfer_failed", "wmDemo0001", ""),
        (contact("msg_audit_approved"), "contact", "contact_audit_approved", "wmDemo0001", ""),
        (contact("something_new"), "contact", "change_external_contact", "wmDemo0001", ""),
        (chat("create"), "account", "chat_created", "wrDemo01", ""),
        (chat("dismiss"), "account", "chat_dismissed", "wrDemo01", ""),
        (corp_tag("create", Id="stDemo01", TagType="tag"), "account", "tag_created", "stDemo01", ""),
        (corp_tag("update", Id="stDemo01", TagType="tag_group"), "account", "tag_changed", "stDemo01", ""),
        (corp_tag("delete", Id="stDemo01"), "account", "tag_deleted", "stDemo01", ""),
        (corp_tag("shuffle"), "account", "tags_shuffled", "sys", ""),
        (corp_tag("shuffle", Id="stDemo01"), "account", "tags_shuffled", "stDemo01", ""),
        (change("change_contact", "delete_user", UserID="wangwu"), "account", "member_changed", "sys", ""),
        (change("customer_acquisition", "balance_low"), "account", "customer_acquisition", "sys", ""),
        (event("batch_job_result", sender="sys"), "account", "batch_job_result", "sys", ""),
    ],
)
def test_news_of_the_company(xml, of, kind, sender, key):
    heard = inbound(xml)
    assert (heard.of, heard.kind, heard.sender, heard.event_key, heard.text) == (of, kind, sender, key, "")
    assert heard.key == inbound(xml).key
    assert read_fields(CORP, heard.fields) == heard


def test_a_welcome_code_comes_with_the_new_contact():
    added = inbound(contact("add_external_contact", WelcomeCode="wc-1"))
    assert (added.fields["UserID"], added.fields["WelcomeCode"]) == ("lihua", "wc-1")


@pytest.mark.parametrize("count", [0, 1, 2, 500])
def test_as_many_as_come_into_a_group_at_once(count):
    people = tuple(f"wmDemo{number:026}" for number in range(count))
    items = "".join(f"<Item><![CDATA[{person}]]></Item>" for person in people)
    inner = f"{tag(ChangeType='update', ChatId='wrDemo01', UpdateDetail='add_member')}<JoinScene>3</JoinScene>"
    heard = inbound(event("change_external_chat", f"{inner}<MemChangeList>{items}</MemChangeList>", sender="sys"))
    assert (heard.kind, heard.sender) == ("chat_changed", "wrDemo01")
    assert listed(heard.fields, "MemChangeList") == people


@pytest.mark.parametrize(
    "xml",
    [
        contact("add_external_contact", ExternalUserID=""),
        contact("add_external_contact", UserID="with space"),
        chat("create", ChatId=""),
        corp_tag("create"),
        event("template_card_event", tag(EventKey="k")),
        event("click"),
        event(""),
        event("a b"),
        message(tag(MsgType="text")),
        message(tag(MsgType="hologram", Content="x")),
        message(tag(MsgType="text", Content="x"), sender="sys"),
        message(tag(MsgType="text", Content="x"), sender=""),
        message(tag(MsgType="text", Content="x") + tag(Content="y")),
        message(tag(Content="x")),
        TEXT.replace("<CreateTime>1790000100</CreateTime>", ""),
        "<xml><Event>kf_msg_or_event</Event></xml>",
    ],
)
def test_what_lacks_something_means_nothing_and_is_kept(xml):
    heard = inbound(xml)
    assert (heard.kind, heard.text, heard.event_key) == ("unknown", "", "")
    assert read_fields(CORP, heard.fields) == heard


def test_the_block_size_is_thirty_two():
    # A padding of more than sixteen bytes, which a common unpadder refuses.
    inner = next(
        TEXT + " " * more for more in range(32) if pad(layout((TEXT + " " * more).encode(), CORP.corp_id))[-1] > 16
    )
    cipher = encrypt(CORP, pad(layout(inner.encode(), CORP.corp_id)))
    assert open_callback(CORP, *wrapped(cipher), NOW).inbound.text == "今日"
