"""The company's own side: tokens, messages of the app to members, cards, what members write, the group robot, pushes."""

from collections.abc import Iterator
from typing import Any

import pytest
from office import Office, code_of

from bot.sandbox import wire
from bot.sandbox.corp.calls import CORP_ENDPOINTS
from bot.sandbox.settings import DEMO_AGENT_ID, DEMO_ROBOT_KEY

CARD = {
    "card_type": "button_interaction",
    "main_title": {"title": "群发 12", "desc": "发给 38 位"},
    "task_id": "camp-12",
    "button_list": [{"text": "确认", "style": 1, "key": "确认 ABCD"}, {"text": "取消", "style": 2, "key": "取消 12"}],
}


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.close()


def card(office: Office, touser: str = "lihua", **more: Any) -> Any:
    return office.send(touser, msgtype="template_card", template_card=CARD | more)


def test_one_token_while_it_lives(office: Office) -> None:
    first = office.gettoken()
    assert (first["errcode"], first["expires_in"]) == (0, 7200)
    assert office.gettoken()["access_token"] == first["access_token"]
    assert code_of(office.gettoken(corpid="wwelse")) == 40013
    assert code_of(office.gettoken(corpsecret="x")) == 40001
    assert code_of(office.api("getcallbackip", token="")) == 41001
    office.fault({"kind": "kill_tokens"}, path="/cgi-bin/agent/get", times=1)
    assert code_of(office.api("agent/get", agentid=DEMO_AGENT_ID)) == 40014
    fresh = office.token()
    assert fresh != first["access_token"]
    office.later(7201)
    assert code_of(office.api("agent/get", token=fresh, agentid=DEMO_AGENT_ID)) == 42001


def test_the_app_needs_the_right_token_and_the_right_address() -> None:
    office = Office(corp_contact_secret="contactSecret")
    office.member("lihua")
    contacts = office.token("contactSecret")
    assert code_of(office.customers("get_follow_user_list")) == 48002
    assert office.customers("get_follow_user_list", token=contacts)["follow_user"] == ["lihua"]
    body = {"touser": "lihua", "agentid": DEMO_AGENT_ID, "msgtype": "text", "text": {"content": "您好"}}
    assert code_of(office.api("message/send", body, token=contacts)) == 301002
    assert code_of(office.api("message/send", body | {"agentid": 7})) == 301002
    office.ask("/corp/account", {"allowlist": ["203.0.113.9"]})
    assert code_of(office.send("lihua")) == 60020
    office.ask("/corp/account", {"allowlist": None, "frozen": True})
    assert code_of(office.send("lihua")) == 50003
    office.close()


def test_a_message_reaches_members_and_names_who_is_nobody(office: Office) -> None:
    office.member("LiHua")
    answer = office.send("lihua|Nobody", "到店了")
    assert (answer["errcode"], answer["invaliduser"]) == (0, "nobody")
    assert office.texts("LiHua") == ["到店了"]
    assert code_of(office.send("Nobody")) == 81013
    assert code_of(office.send("|".join(f"u{n}" for n in range(1001)))) == 40058
    assert code_of(office.send("")) == 40063
    assert code_of(office.send("lihua", msgtype="wxcard", wxcard={})) == 40008
    assert code_of(office.send("lihua", msgtype="image", image={"media_id": "x"})) == 40007
    office.send("lihua", "长" * 1000)
    assert office.texts("LiHua")[-1] == "长" * 682  # 2,048 bytes, whole characters
    assert code_of(office.send("lihua", msgtype="markdown", markdown={"content": "长" * 1000})) == 40058


def test_a_member_gets_thirty_a_minute_and_the_rest_is_dropped(office: Office) -> None:
    office.member("lihua")
    office.at("2026-09-21T10:00:00+08:00")
    assert {code_of(office.send("lihua", str(number))) for number in range(32)} == {0}
    assert len(office.texts("lihua")) == 30
    office.later(60)
    office.send("lihua", "next minute")
    assert len(office.texts("lihua")) == 31


def test_the_same_json_goes_out_once_where_that_is_asked_for(office: Office) -> None:
    office.member("lihua")
    for _ in range(2):
        assert code_of(office.send("lihua", "一次", enable_duplicate_check=1)) == 0
    assert office.texts("lihua") == ["一次"]
    office.later(1801)
    office.send("lihua", "一次", enable_duplicate_check=1)
    assert len(office.texts("lihua")) == 2


def test_a_message_is_taken_back_for_a_day(office: Office) -> None:
    office.member("lihua")
    msgid = office.send("lihua", "错了")["msgid"]
    assert code_of(office.api("message/recall", {"msgid": msgid})) == 0
    assert office.shown("lihua")[0]["text"] == "消息已被撤回"
    late = office.send("lihua", "太晚")["msgid"]
    office.later(24 * 3600 + 1)
    office._token = None
    assert code_of(office.api("message/recall", {"msgid": late})) == 40058


def test_a_card_is_tapped_and_changed_once(office: Office) -> None:
    office.member("lihua")
    sent = card(office, "lihua")
    assert code_of(sent) == 0
    assert code_of(card(office)) == 40058  # the task_id is taken
    assert code_of(card(office, task_id="坏")) == 40058
    assert code_of(card(office, task_id="c2", button_list=[{"text": str(n), "key": "k"} for n in range(7)])) == 40058
    office.does("lihua", "tap", key="确认")
    event = office.pushes[-1]
    assert (event["Event"], event["EventKey"], event["TaskId"]) == ("template_card_event", "确认 ABCD", "camp-12")
    change = {"userids": ["lihua", "nobody"], "agentid": DEMO_AGENT_ID, "button": {"replace_name": "已确认"}}
    answer = office.api("message/update_template_card", change | {"response_code": event["ResponseCode"]})
    assert (answer["errcode"], answer["invaliduser"]) == (0, ["nobody"])
    (shown,) = office.ask("/corp/members/lihua/cards")["cards"]
    assert (shown["done"], shown["buttons"]) == ("已确认", [])
    office.ask("/corp/members/lihua/tap", {"key": "确认"}, 409)
    again = office.api("message/update_template_card", change | {"response_code": event["ResponseCode"]})
    assert code_of(again) == 40058
    office.later(73 * 3600)
    office._token = None
    late = office.api("message/update_template_card", change | {"response_code": sent["response_code"]})
    assert code_of(late) == 40058


def test_a_passive_reply_reaches_the_member_and_may_change_the_card(office: Office) -> None:
    office.member("lihua")
    office.reply("lihua", "<MsgType>text</MsgType><Content>收到</Content>")
    assert office.does("lihua", "say", text="今日")["reply"]["text"] == "收到"
    assert (office.pushes[-1]["Content"], office.pushes[-1]["AgentID"]) == ("今日", str(DEMO_AGENT_ID))
    assert office.envelopes[-1]["AgentID"] == str(DEMO_AGENT_ID)
    card(office)
    office.reply("lihua", "<MsgType>update_button</MsgType><Button><ReplaceName>已取消</ReplaceName></Button>")
    office.does("lihua", "tap", key="取消 12")
    assert office.ask("/corp/members/lihua/cards")["cards"][0]["done"] == "已取消"
    office.answer = b"nonsense"
    assert office.does("lihua", "say", text="?")["outcome"] == "error"
    assert office.shown("lihua")[-1]["text"] == "应用没有回答"


def test_the_address_is_verified_with_an_encrypted_echo(office: Office) -> None:
    answer = office.ask("/corp/account", {"callback_url": "http://shop/callback/corp"})
    assert answer["verified"] is True
    assert "token" not in answer["account"]


def test_the_cipher_is_the_documented_one() -> None:
    """The contract's vector: an echostr as the platform sends it, with CorpID as receiver."""
    sealed = "Q3stYC6hdFzMh9T8HCvyDDJ2uRN7kqtOYbGRtY9sCDaIIuPoMDtw+D0fgljjls4v1OFVcOIGK8HM2S4kuxn1zQ=="
    key, stamp = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "1790000001"
    assert wire.decrypt(sealed, key, "wwdemo0000000001") == b"6677889900112233445"
    assert wire.sign("demoToken2026", stamp, "n0nce42", sealed) == "2df928351088104449de250367724374cacf5fe8"


def test_calls_are_counted_and_closed_for_the_span(office: Office) -> None:
    office.member("lihua")
    office.at("2026-09-21T10:00:00+08:00")
    office.ask("/limits", {"corp_minute:/cgi-bin/message/send": 2})
    assert [code_of(office.send("lihua")) for _ in range(3)] == [0, 0, 45009]
    office.later(50)
    assert code_of(office.send("lihua")) == 45009
    office.later(11)
    assert code_of(office.send("lihua")) == 0
    assert len(office.texts("lihua")) == 3


def test_faults_strike_calls_and_pushes(office: Office) -> None:
    office.member("lihua")
    office.fault({"kind": "errcode", "errcode": 45033}, path="/cgi-bin/message/*", times=1)
    refused = office.send("lihua")
    assert code_of(refused) == 45033
    assert refused["errmsg"].startswith("api concurrent out of limit, hint: [")
    office.fault({"kind": "invalid_user", "count": 1}, path="/cgi-bin/message/send", times=1)
    office.member("wangwu")
    assert office.send("lihua|wangwu")["invaliduser"] == "lihua"
    assert office.texts("wangwu") == ["您好"]
    office.fault({"kind": "callback_lost"}, event="enter_agent")
    office.does("lihua", "enter")
    assert office.pushes == []


def test_the_robot_speaks_twenty_times_a_minute(office: Office) -> None:
    office.at("2026-09-21T10:00:00+08:00")
    text = {"msgtype": "text", "text": {"content": "今日到店 3 位"}}
    assert code_of(office.api("webhook/send", text, key="nobody")) == 93000
    said = [code_of(office.api("webhook/send", text, key=DEMO_ROBOT_KEY)) for _ in range(21)]
    assert said == [0] * 20 + [45009]
    long = {"msgtype": "markdown", "markdown": {"content": "长" * 1400}}
    office.later(60)
    assert code_of(office.api("webhook/send", long, key=DEMO_ROBOT_KEY)) == 40058
    assert DEMO_ROBOT_KEY not in str(office.ask("/requests"))


def test_media_of_the_two_platforms_are_strangers(office: Office) -> None:
    from io import BytesIO

    answer = office.client.post(
        "/cgi-bin/media/upload",
        query_string={"access_token": office.token(), "type": "file"},
        data={"media": (BytesIO(b"0123456789"), "a.pdf")},
        content_type="multipart/form-data",
    ).get_json(force=True)
    office.member("lihua")
    assert code_of(office.send("lihua", msgtype="file", file={"media_id": answer["media_id"]})) == 0
    assert office.shown("lihua")[-1]["text"] == "[文件] a.pdf"


def test_every_interface_refuses_a_strange_token(office: Office) -> None:
    from bot.sandbox.calls import ENDPOINTS

    for path, entry in CORP_ENDPOINTS.items():
        if entry.right != "none" and path not in ENDPOINTS:
            answer = office.client.open(path, method=entry.method, query_string={"access_token": "x"})
            assert code_of(answer.get_json(force=True)) == 40014, path
