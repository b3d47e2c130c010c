"""The WeCom client against a platform that answers as the manual says: two tokens, deliveries, pages, and odd answers."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from far_end import CLOSE, answer

from bot.clock import SetClock
from bot.errors import PlatformFailure
from bot.platforms import answers as read
from bot.platforms.clients import client_of
from bot.platforms.decisions import Decision
from bot.platforms.http import Answer
from bot.platforms.rests import Rests
from bot.platforms.robot import robot_message, tell_group
from bot.platforms.wecom import codes
from bot.platforms.wecom.client import WeCom
from bot.platforms.wecom.contacts import Friend
from bot.platforms.wecom.pages import CursorLost
from bot.platforms.wecom.ways import ContactWay, JoinWay
from bot.settings import Account

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
THEN, THEN_SECONDS = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC), 1790000000
OK = {"errcode": 0, "errmsg": "ok"}
EXTERNAL = "/cgi-bin/externalcontact/"


class Platform:
    """Issues a token for each secret and refuses others; paths answer by ``answers[path](heard)``, else plainly ok."""

    def __init__(self):
        self.number = 1
        self.fetches = []
        self.token_answer = None
        self.answers = {}
        self.calls = []
        self.lock = threading.Lock()

    def __call__(self, heard):
        query = {name: values[0] for name, values in parse_qs(urlsplit(heard.target).query).items()}
        with self.lock:
            if heard.path == "/cgi-bin/gettoken":
                assert (heard.method, query["corpid"]) == ("GET", "wwdemo")
                self.fetches.append(query["corpsecret"])
                token = f"TOKEN-{self.number}-OF-{query['corpsecret']}"
                return answer(self.token_answer or OK | {"access_token": token, "expires_in": 7200})
            if not query["access_token"].startswith(f"TOKEN-{self.number}-"):
                return answer({"errcode": 42001, "errmsg": "access_token expired"})
            self.calls.append(heard)
        said = self.answers.get(heard.path, lambda heard: OK)
        said = said(heard) if callable(said) else OK | said
        return said if isinstance(said, bytes | str) else answer(said)

    def last(self):
        """The last call's path, query and body."""
        heard = self.calls[-1]
        query = {name: values[0] for name, values in parse_qs(urlsplit(heard.target).query).items()}
        return heard.path, query, heard.json if heard.body else None


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
def account(platform, far_end):
    secrets = {"secret": "PLANTED-APP", "token": "PLANTED-TOKEN", "aes_key": "PLANTED-KEY"}
    return Account("corp", "wecom", corp_id="wwdemo", agent_id=1000002, api_base_url=far_end(platform).url, **secrets)


@pytest.fixture
def client(account, store, engine):
    return WeCom(account, store=store, clock=SetClock(NOW), redis_url=None, http=engine)


def delivered(client, *calls):
    left = list(enumerate(calls))

    def source(room):
        taken, left[:] = left[:room], left[room:]
        return taken

    found = dict(client.deliver(source))
    return [found[n] for n in range(len(calls))]


def body(call):
    return json.loads(call.body)


def text(content, **more):
    return {"type": "text", "text": content, **more}


# --- tokens ---


def test_the_app_and_customer_contact_each_have_their_own_token(account, platform, store, engine):
    both = replace(account, contact_secret="PLANTED-CONTACT")
    client = client_of(both, store=store, clock=SetClock(NOW), redis_url=None, http=engine)
    assert isinstance(client, WeCom)
    platform.answers[f"{EXTERNAL}get_follow_user_list"] = {"follow_user": ["lihua"]}
    for _ in range(2):
        assert client.members() == ["lihua"]
        assert platform.last()[1]["access_token"] == "TOKEN-1-OF-PLANTED-CONTACT"
        delivered(client, client.custom_message("lihua", text("早")), client.welcome_message("wc-1", text("您好")))
        assert {call.path: call.target.rpartition("-OF-")[2] for call in platform.calls} == {
            f"{EXTERNAL}get_follow_user_list": "PLANTED-CONTACT",
            "/cgi-bin/message/send": "PLANTED-APP",
            f"{EXTERNAL}send_welcome_msg": "PLANTED-CONTACT",
        }
    assert sorted(platform.fetches) == ["PLANTED-APP", "PLANTED-CONTACT"]
    again = client_of(both, store=store, clock=SetClock(NOW), redis_url=None, http=engine)
    assert again.members() == ["lihua"]
    assert len(platform.fetches) == 2


def test_a_token_that_ends_early_is_fetched_once_more_and_nothing_is_sent_twice(client, platform):
    def send(heard):
        if len(platform.calls) == 20:
            platform.number += 1
        return OK | {"msgid": "m1"}

    platform.answers["/cgi-bin/message/send"] = send
    outcomes = delivered(client, *(client.custom_message(f"u{n}", text(f"早 {n}")) for n in range(60)))
    assert {outcome.decision for outcome in outcomes} == {Decision.SENT}
    assert sorted(call.json["touser"] for call in platform.calls) == sorted(f"u{n}" for n in range(60))
    assert len(platform.fetches) == 2


def test_what_was_asked_too_fast_is_left_alone_until_its_time_by_every_process(
    account, platform, store, engine, redis_url
):
    clock = SetClock(NOW)
    here, there = (WeCom(account, store=store, clock=clock, redis_url=redis_url, http=engine) for _ in range(2))
    alone = WeCom(account, store=store, clock=clock, redis_url=None, http=engine)
    platform.answers[f"{EXTERNAL}get"] = {"errcode": 45009, "errmsg": "api freq out of limit"}
    for client, calls in ((here, 1), (here, 1), (there, 1), (alone, 2), (alone, 2)):
        with pytest.raises(PlatformFailure) as failed:
            client.contact("wm1")
        assert (failed.value.retry_after, len(platform.calls)) == (65, calls)
    assert here.corp_tags() == []
    clock.set(NOW + timedelta(seconds=66))
    platform.answers[f"{EXTERNAL}get"] = {"external_contact": {"external_userid": "wm1", "name": "小美", "type": 1}}
    assert {client.contact("wm1").name for client in (here, there, alone)} == {"小美"}


def test_a_redis_that_does_not_answer_holds_up_one_call_and_not_every_one():
    rests = Rests("corp", clock=SetClock(NOW), redis_url="redis://127.0.0.1:1/0")
    rests.begin("/busy", 60)
    assert [rests.left(path) for path in ("/busy", "/busy", "/other")] == [60, 60, 0]
    assert rests.redis_failures == 1


def test_a_wrong_secret_stops_the_account_after_three_tries(client, platform):
    platform.token_answer = {"errcode": 40001, "errmsg": "invalid credential PLANTED-APP"}
    said = []
    for _ in range(4):
        with pytest.raises(PlatformFailure) as caught:
            client.members()
        said.append((caught.value.decision, caught.value.code))
    assert said == [(Decision.AGAIN, 40001)] * 2 + [(Decision.ACCOUNT, 40001)] * 2
    assert len(platform.fetches) == 3
    platform.token_answer = {"errcode": 60020, "errmsg": "not allow to access from your ip"}
    assert "可信IP" in str(codes.CODES.meaning_of(60020).reason)


# --- deliveries ---


def test_messages_to_members_of_every_type(client):
    sent = body(client.custom_message("lihua", text("今天 3 件事")))
    assert sent == {"touser": "lihua", "agentid": 1000002, "msgtype": "text", "text": {"content": "今天 3 件事"}}
    long = body(client.custom_message("lihua", text("长" * 1000)))["text"]["content"]
    assert len(long.encode()) <= 2048
    assert long.endswith("…")
    menu = {"type": "menu", "head": "选", "items": [{"id": "1", "content": "甲"}], "tail": "", "text": "选\n1. 甲"}
    assert body(client.custom_message("lihua", menu))["text"] == {"content": "选\n1. 甲"}
    for kind in ("image", "voice", "video", "file"):
        assert body(client.custom_message("lihua", {"type": kind, "media_id": "m1"}))[kind] == {"media_id": "m1"}
    news = {"title": "T", "description": "D", "url": "https://a.example", "picurl": ""}
    assert body(client.custom_message("lihua", {"type": "news", **news}))["news"] == {"articles": [news]}
    assert body(client.custom_message("lihua", {"type": "markdown", "text": "**x**"}))["markdown"] == {
        "content": "**x**"
    }
    linked = {"type": "textcard", "title": "T", "text": "D", "url": "https://a.example"}
    assert body(client.custom_message("lihua", linked))["textcard"]["description"] == "D"
    buttons = [{"text": "确认", "key": "确认 4821"}, {"text": "算了", "key": "算了"}]
    card = {"type": "card", "title": "群发 12", "text": "发给 88 位", "task_id": "t-1", "buttons": buttons}
    assert body(client.custom_message("lihua", card))["template_card"] == {
        "card_type": "button_interaction",
        "main_title": {"title": "群发 12"},
        "sub_title_text": "发给 88 位",
        "task_id": "t-1",
        "button_list": buttons,
    }
    # A repeat would be refused for its task_id, although the first went well.
    assert not client.custom_message("lihua", card, key="row-1").keyed
    for wrong in ({"task_id": "编号"}, {"task_id": "x" * 129}, {"buttons": []}, {"buttons": buttons * 4}):
        with pytest.raises(ValueError, match="card"):
            client.custom_message("lihua", card | wrong)
    with pytest.raises(ValueError, match="hologram"):
        client.custom_message("lihua", {"type": "hologram"})


def test_only_a_repeat_looks_like_a_repeat(client):
    first, other = (client.custom_message("lihua", text("好的"), key=key) for key in ("row-1", "row-2"))
    assert first == client.custom_message("lihua", text("好的"), key="row-1") != other
    assert first.keyed
    assert body(first)["enable_duplicate_check"] == 1
    assert 1800 <= body(first)["duplicate_check_interval"] < 3600
    plain = client.custom_message("lihua", text("好的"))
    assert (plain.keyed, "enable_duplicate_check" in body(plain)) == (False, False)


def test_who_gets_nothing_although_the_platform_says_yes(client, platform):
    answers = {
        "lihua": {"msgid": "m-1"},
        "gone": {"invaliduser": "gone", "msgid": "m-2"},
        "poor": {"unlicenseduser": "poor"},
        "carded": {"msgid": "m-3", "response_code": "rc-1"},
        "all": {"errcode": 81013},
        "busy": {"errcode": -1},
        "lost": None,
    }
    platform.answers["/cgi-bin/message/send"] = lambda heard: (
        CLOSE if answers[heard.json["touser"]] is None else OK | answers[heard.json["touser"]]
    )
    outcomes = delivered(client, *(client.custom_message(person, text("早")) for person in answers))
    assert {person: outcome.decision for person, outcome in zip(answers, outcomes, strict=True)} == {
        "lihua": Decision.SENT,
        "gone": Decision.PERSON,
        "poor": Decision.PERSON,
        "carded": Decision.SENT,
        "all": Decision.PERSON,
        "busy": Decision.UNKNOWN,
        "lost": Decision.UNKNOWN,
    }
    assert (outcomes[0].platform_id, outcomes[3].platform_id) == ("m-1", "rc-1")
    assert delivered(client, client.custom_message("busy", text("早"), key="k"))[0].decision == Decision.SAME_KEY


def test_a_card_is_changed_where_it_was_tapped(client, platform):
    call = client.update_card(["lihua", "wangwu"], "rc-1", "已确认")
    assert delivered(client, call)[0].decision == Decision.SENT
    assert platform.last()[2] == {
        "userids": ["lihua", "wangwu"],
        "agentid": 1000002,
        "response_code": "rc-1",
        "button": {"replace_name": "已确认"},
    }
    with pytest.raises(ValueError, match="members"):
        client.update_card([], "rc-1", "x")


def test_what_customers_get(client, platform):
    link = {"type": "news", "title": "题" * 60, "description": "", "url": "https://a.example", "picurl": ""}
    shown = [link, {"type": "image", "media_id": "m1"}, {"type": "image", "picurl": "https://p.example"}]
    app = {"type": "miniprogram", "title": "商城", "media_id": "m2", "app_id": "wx1", "page": "p"}
    call = client.welcome_message(
        "wc-1", text("欢迎 " + "好" * 2000, attachments=[*shown, app, {"type": "file", "media_id": "f"}])
    )
    said = body(call)
    assert said["welcome_code"] == "wc-1"
    assert len(said["text"]["content"].encode()) <= 4000
    assert [one["msgtype"] for one in said["attachments"]] == ["link", "image", "image", "miniprogram", "file"]
    assert len(said["attachments"][0]["link"].pop("title").encode()) <= 128
    assert [one[one["msgtype"]] for one in said["attachments"]] == [
        {"url": "https://a.example"},
        {"media_id": "m1"},
        {"pic_url": "https://p.example"},
        {"title": "商城", "pic_media_id": "m2", "appid": "wx1", "page": "p"},
        {"media_id": "f"},
    ]
    assert "text" not in body(client.welcome_message("wc-1", {"type": "image", "media_id": "m1", "text": "[图片]"}))
    for wrong in (text(""), text("x", attachments=[link] * 10), {"type": "voice", "media_id": "v"}):
        with pytest.raises(ValueError, match="message"):
            client.welcome_message("wc-1", wrong)
    meanings = {41050: Decision.PERSON, 41051: Decision.PERSON, 41096: Decision.AGAIN}
    for code, decision in meanings.items():
        platform.answers[f"{EXTERNAL}send_welcome_msg"] = {"errcode": code}
        assert delivered(client, call)[0].decision == decision


def test_a_task_names_its_sender_and_whom_it_misses(client, platform):
    platform.answers[f"{EXTERNAL}add_msg_template"] = {"msgid": "task-1", "fail_list": ["wm2"]}
    (made,) = delivered(client, client.group_task(sender="lihua", person_ids=["wm1", "wm2"], content=text("上新")))
    assert (made.decision, made.platform_id, made.left_out) == (Decision.SENT, "task-1", ("wm2",))
    assert platform.last()[2] == {
        "chat_type": "single",
        "sender": "lihua",
        "external_userid": ["wm1", "wm2"],
        "text": {"content": "上新"},
    }
    into_chats = body(client.group_task(sender="lihua", chat_ids=["wr1"], content=text("上新")))
    assert (into_chats["chat_type"], into_chats["chat_id_list"]) == ("group", ["wr1"])
    for wrong in (
        {},
        {"person_ids": ["a"], "chat_ids": ["b"]},
        {"person_ids": ["a"] * 10_001},
        {"chat_ids": ["a"] * 2001},
    ):
        with pytest.raises(ValueError, match="task"):
            client.group_task(sender="lihua", content=text("x"), **wrong)
    platform.answers[f"{EXTERNAL}add_msg_template"] = {"errcode": 41048}
    (made,) = delivered(client, client.group_task(sender="lihua", person_ids=["wm1"], content=text("上新")))
    assert (made.decision, made.relation) == (Decision.PERSON, None)


# --- contacts ---

FOLLOW = {"userid": "lihua", "remark": "小美", "description": "爱红色", "createtime": THEN_SECONDS, "state": "door"}
PERSON = {"external_userid": "wm1", "name": "美", "type": 1, "unionid": "u1"}


def test_one_contact_with_everybody_who_knows_it(client, platform):
    tags = [{"tag_id": "t1", "type": 1}, {"tag_name": "自己的", "type": 2}]
    first = {"external_contact": PERSON, "follow_user": [{**FOLLOW, "tags": tags, "add_way": 1}], "next_cursor": "c1"}
    rest = {"external_contact": PERSON, "follow_user": [{"userid": "wangwu", "remark_mobiles": ["13800000000", ""]}]}
    platform.answers[f"{EXTERNAL}get"] = lambda heard: OK | (rest if "cursor=c1" in heard.target else first)
    contact = client.contact("wm1")
    assert (contact.person_id, contact.name, contact.unionid, contact.kind) == ("wm1", "美", "u1", "wechat")
    assert contact.friends == (
        Friend("lihua", "小美", "爱红色", THEN, ("t1",), "door", 1),
        Friend("wangwu", mobiles=("13800000000",)),
    )
    platform.answers[f"{EXTERNAL}get"] = {"errcode": 84061}
    with pytest.raises(PlatformFailure) as caught:
        client.contact("wm1")
    assert (caught.value.code, caught.value.decision) == (84061, Decision.PERSON)


def asked_person(heard):
    return parse_qs(urlsplit(heard.target).query)["external_userid"][0]


def test_many_contacts_are_asked_for_at_a_time_and_each_has_its_own_end(client, platform):
    people = [f"wm{number}" for number in range(1, 25)]
    # Eight are under way before the first is answered, as the calls of one after the other never are.
    first = threading.Barrier(8)

    def said(heard):
        person = asked_person(heard)
        if person in people[:8]:
            first.wait(5)
        if person == "wm2":
            return {"errcode": 84061}
        more = {"next_cursor": "c1"} if person == "wm9" and "cursor=c1" not in heard.target else {}
        return OK | {"external_contact": {**PERSON, "external_userid": person}, "follow_user": [FOLLOW]} | more

    platform.answers[f"{EXTERNAL}get"] = said
    client.ask(f"{EXTERNAL}list")
    platform.number += 1  # the token at hand is worth nothing any more
    found = dict(client.contacts_each(people))
    assert sorted(found) == sorted(people)
    assert found.pop("wm2").code == 84061
    assert {person: contact.person_id for person, contact in found.items()} == {person: person for person in found}
    assert len(platform.fetches) == 2


def test_a_platform_that_wants_fewer_at_a_time_is_asked_no_more(client, platform):
    people = [f"wm{number}" for number in range(1, 25)]
    platform.answers[f"{EXTERNAL}get"] = {"errcode": 45033}
    refused = dict(client.contacts_each(people))
    assert len(refused) == len(platform.calls) <= 8
    assert {failure.code for failure in refused.values()} == {45033}
    client.clock.set(NOW + timedelta(seconds=6))
    platform.answers[f"{EXTERNAL}get"] = lambda heard: (
        OK | {"external_contact": {**PERSON, "external_userid": asked_person(heard)}, "follow_user": []}
    )
    assert len(dict(client.contacts_each(people))) == len(people)


def test_contacts_by_the_page(client, platform):
    row = {"external_contact": PERSON, "follow_info": {**FOLLOW, "tag_id": ["t1"]}}
    platform.answers[f"{EXTERNAL}batch/get_by_user"] = {
        "external_contact_list": [row],
        "next_cursor": "c1",
        "fail_info": {"unlicensed_userid_list": ["poor"]},
    }
    page = client.contacts_of(["lihua", "poor"])
    assert (page.next, page.unlicensed) == ("c1", ("poor",))
    assert [(contact.person_id, contact.friends) for contact in page.contacts] == [
        ("wm1", (Friend("lihua", "小美", "爱红色", THEN, ("t1",), "door"),))
    ]
    assert platform.last()[2] == {"userid_list": ["lihua", "poor"], "cursor": "", "limit": 100}
    with pytest.raises(ValueError, match="members"):
        client.contacts_of(["u"] * 101)


def test_a_cursor_that_lapses_or_leads_nowhere(client, platform):
    path = f"{EXTERNAL}batch/get_by_user"
    platform.answers[path] = {"errcode": 40058}
    with pytest.raises(CursorLost):
        client.contacts_of(["lihua"], "c1")
    with pytest.raises(PlatformFailure) as caught:
        client.contacts_of(["lihua"])
    assert (type(caught.value) is CursorLost, caught.value.decision) == (False, Decision.DEFECT)
    stuck = {"external_contact_list": [], "next_cursor": "c1"}
    platform.answers[path] = stuck
    with pytest.raises(CursorLost):
        client.contacts_of(["lihua"], "c1")
    served = iter([stuck, {"external_contact_list": [], "next_cursor": "c2"}])
    platform.answers[path] = lambda heard: OK | next(served)
    assert client.contacts_of(["lihua"], "c1").next == "c2"


def test_lists_go_on_over_a_repeated_page_and_begin_again_after_a_lapsed_cursor(client, platform):
    pages = {"": (["a"], "c1"), "c1": (["b"], "c2"), "c2": (["c"], "")}
    odd = {}

    def results(heard):
        cursor = heard.json["cursor"]
        if odd.get(cursor):
            return odd[cursor].pop()
        ids, following = pages[cursor]
        rows = [{"external_userid": one, "userid": "lihua", "status": 1, "send_time": THEN_SECONDS} for one in ids]
        return OK | {"send_list": rows, "next_cursor": following}

    platform.answers[f"{EXTERNAL}get_groupmsg_send_result"] = results

    def ids():
        return [result.id for result in client.task_results("task-1", "lihua")]

    assert ids() == ["a", "b", "c"]
    odd["c2"] = [OK | {"send_list": [], "next_cursor": "c1"}]
    assert ids() == ["a", "b", "b", "c"]
    odd["c2"] = [{"errcode": 40058}]
    assert ids() == ["a", "b", "a", "b", "c"]
    platform.number += 1
    assert ids() == ["a", "b", "c"]
    pages["c2"] = (["c"], "c1")
    with pytest.raises(CursorLost):
        ids()


def test_members_and_their_contacts(client, platform):
    platform.answers[f"{EXTERNAL}list"] = {"external_userid": ["wm1", "wm2"]}
    assert client.contact_ids("li hua") == ["wm1", "wm2"]
    assert platform.last()[1]["userid"] == "li hua"
    platform.answers[f"{EXTERNAL}list"] = {"errcode": 84061}
    assert client.contact_ids("lihua") == []
    platform.answers[f"{EXTERNAL}list"] = {"errcode": 60011}
    with pytest.raises(PlatformFailure):
        client.contact_ids("lihua")


def test_remarks_change_only_what_is_given(client, platform):
    assert list(client.ask_each([client.remark("lihua", "wm1", remark="长" * 30, mobiles=[])])) == [(0, OK)]
    assert platform.last() == (
        f"{EXTERNAL}remark",
        platform.last()[1],
        {"userid": "lihua", "external_userid": "wm1", "remark": "长" * 20, "remark_mobiles": [""]},
    )
    with pytest.raises(ValueError, match="nothing"):
        client.remark("lihua", "wm1")


# --- tags, ways, tasks, chats ---


def test_corp_tags(client, platform):
    there = [{"id": "t1", "name": "VIP"}, {"id": "t0", "name": "旧", "deleted": True}]
    group = {
        "group_id": "g1",
        "group_name": "熟客",
        "tag": there,
    }
    platform.answers[f"{EXTERNAL}get_corp_tag_list"] = {"tag_group": [group, {**group, "deleted": True}]}
    (listed,) = client.corp_tags()
    assert (listed.id, listed.name, [(tag.id, tag.name) for tag in listed.tags]) == ("g1", "熟客", [("t1", "VIP")])
    platform.answers[f"{EXTERNAL}add_corp_tag"] = {"tag_group": {**group, "tag": [{"id": "t2", "name": "新"}]}}
    assert client.add_corp_tag("熟客", "新") == "t2"
    assert platform.last()[2] == {"group_name": "熟客", "tag": [{"name": "新"}]}
    assert client.add_corp_tag("熟客", "VIP") == "t1"
    platform.answers[f"{EXTERNAL}get_corp_tag_list"] = {"tag_group": []}
    with pytest.raises(PlatformFailure):
        client.add_corp_tag("熟客", "VIP")
    client.edit_corp_tag("t1", "贵客")
    assert platform.last()[2] == {"id": "t1", "name": "贵客"}
    assert list(client.ask_each([client.mark_tag("lihua", "wm1", add=["t1"], remove=["t2"])])) == [(0, OK)]
    assert platform.last()[2] == {"userid": "lihua", "external_userid": "wm1", "add_tag": ["t1"], "remove_tag": ["t2"]}
    client.delete_corp_tag("t1")
    assert platform.last()[2] == {"tag_id": ["t1"]}


def test_ways_to_add_a_member_and_to_join_a_chat(client, platform):
    platform.answers[f"{EXTERNAL}add_contact_way"] = {"config_id": "w1", "qr_code": "https://q.example/1"}
    way = client.add_contact_way(members=["lihua"], channel="door", remark="门店" * 20)
    assert way == ContactWay("w1", "https://q.example/1", "door", ("lihua",), "门店" * 15)
    asked = platform.last()[2]
    assert (asked["type"], asked["scene"], asked["user"], asked["state"]) == (2, 2, ["lihua"], "door")
    client.update_contact_way("w1", members=["wangwu", "lihua"])
    assert platform.last()[2] == {"config_id": "w1", "user": ["wangwu", "lihua"]}
    platform.answers[f"{EXTERNAL}list_contact_way"] = {"contact_way": [{"config_id": "w1"}]}
    platform.answers[f"{EXTERNAL}get_contact_way"] = {
        "contact_way": {"config_id": "w1", "state": "door", "user": ["lihua"]}
    }
    assert list(client.contact_ways()) == [ContactWay("w1", "", "door", ("lihua",))]
    platform.answers[f"{EXTERNAL}groupchat/add_join_way"] = {"config_id": "j1"}
    platform.answers[f"{EXTERNAL}groupchat/get_join_way"] = {
        "join_way": {"config_id": "j1", "qr_code": "https://q.example/2"}
    }
    assert client.add_join_way(["wr1"], "vip", room_name="VIP 群") == JoinWay("j1", "https://q.example/2")
    platform.answers[f"{EXTERNAL}groupchat/get_join_way"] = {"errcode": -1}
    assert client.add_join_way(["wr1"], "vip") == JoinWay("j1", "")
    client.delete_contact_way("w1")
    client.delete_join_way("j1")
    assert [call.json for call in platform.calls[-2:]] == [{"config_id": "w1"}, {"config_id": "j1"}]
    for members, channel in (([], "x"), (["u"] * 101, "x"), (["u"], "x" * 31)):
        with pytest.raises(ValueError, match=r"has up to|leads to"):
            client.add_contact_way(members=members, channel=channel)
    for chat_ids in ([], ["wr"] * 6):
        with pytest.raises(ValueError, match="chats"):
            client.add_join_way(chat_ids, "x")


def test_tasks_after_they_were_made(client, platform):
    made = {"msgid": "task-1", "creator": "lihua", "create_time": str(THEN_SECONDS), "text": {"content": "上新"}}
    platform.answers[f"{EXTERNAL}get_groupmsg_list_v2"] = {"group_msg_list": [made, {"msgid": "task-2"}]}
    one, other = client.group_tasks(THEN, NOW, "single", "lihua")
    assert (one.msgid, one.creator, one.created_at, one.text) == ("task-1", "lihua", THEN, "上新")
    assert (other.msgid, other.created_at, other.text) == ("task-2", None, "")
    assert platform.last()[2]["start_time"] == THEN_SECONDS
    confirmed = [{"userid": "lihua", "status": 2, "send_time": THEN_SECONDS}, {"userid": "wangwu", "status": 0}]
    platform.answers[f"{EXTERNAL}get_groupmsg_task"] = {"task_list": confirmed}
    assert [(member.member_id, member.sent, member.at) for member in client.task_members("task-1")] == [
        ("lihua", True, THEN),
        ("wangwu", False, None),
    ]
    rows = [{"external_userid": f"wm{status}", "status": status} for status in range(4)] + [
        {"chat_id": "wr1", "status": 1}
    ]
    platform.answers[f"{EXTERNAL}get_groupmsg_send_result"] = {"send_list": rows}
    assert [(result.id, result.status) for result in client.task_results("task-1", "lihua")] == [
        ("wm0", "waiting"),
        ("wm1", "sent"),
        ("wm2", "not_friend"),
        ("wm3", "over_quota"),
        ("wr1", "sent"),
    ]
    platform.answers[f"{EXTERNAL}get_groupmsg_send_result"] = {"send_list": [{"external_userid": "wm9", "status": 9}]}
    with pytest.raises(PlatformFailure):
        list(client.task_results("task-1", "lihua"))
    client.remind_task("task-1")
    client.cancel_task("task-1")
    assert [call.json for call in platform.calls[-2:]] == [{"msgid": "task-1"}] * 2


def test_group_chats(client, platform):
    platform.answers[f"{EXTERNAL}groupchat/list"] = {
        "group_chat_list": [{"chat_id": "wr1", "status": 0}],
        "next_cursor": "c1",
    }
    page = client.chats(["lihua"])
    assert (page.chat_ids, page.next) == (("wr1",), "c1")
    assert platform.last()[2]["owner_filter"] == {"userid_list": ["lihua"]}
    client.chats(cursor="c0")
    assert platform.last()[2] == {"status_filter": 0, "limit": 1000, "cursor": "c0"}
    people = [
        {"userid": "lihua", "type": 1, "join_time": THEN_SECONDS, "join_scene": 1, "name": "李华"},
        {
            "userid": "wm1",
            "type": 2,
            "unionid": "u1",
            "join_time": THEN_SECONDS,
            "join_scene": 3,
            "state": "vip",
            "name": "美",
        },
    ]
    told = {"chat_id": "wr1", "name": "VIP", "owner": "lihua", "create_time": THEN_SECONDS, "member_list": people}
    platform.answers[f"{EXTERNAL}groupchat/get"] = {"group_chat": {**told, "member_version": "v2"}}
    chat = client.chat("wr1")
    assert (chat.id, chat.name, chat.owner, chat.notice, chat.created_at, chat.version) == (
        *("wr1", "VIP", "lihua", ""),
        THEN,
        "v2",
    )
    assert [(one.id, one.is_member, one.unionid, one.scene, one.state) for one in chat.members] == [
        ("lihua", True, "", 1, ""),
        ("wm1", False, "u1", 3, "vip"),
    ]
    platform.answers[f"{EXTERNAL}group_welcome_template/add"] = {"template_id": "g1"}
    assert client.chat_welcome_add(text("欢迎 %NICKNAME%", attachments=[{"type": "image", "media_id": "m1"}])) == "g1"
    assert platform.last()[2] == {"text": {"content": "欢迎 %NICKNAME%"}, "image": {"media_id": "m1"}, "notify": 1}
    client.chat_welcome_edit("g1", text("您好"))
    client.chat_welcome_delete("g1")
    assert [call.json for call in platform.calls[-2:]] == [
        {"template_id": "g1", "text": {"content": "您好"}},
        {"template_id": "g1"},
    ]


# --- what codes mean, secrets, the robot ---


@pytest.mark.parametrize(
    ("code", "decision", "relation", "seconds"),
    [
        (84061, Decision.PERSON, "gone", None),
        (40096, Decision.PERSON, None, None),
        (60011, Decision.PERSON, None, None),
        (41094, Decision.PERSON, None, None),
        (45009, Decision.CHANNEL, None, 65),
        (45033, Decision.AGAIN, None, 5),
        (41063, Decision.AGAIN, None, 5),
        (48002, Decision.CHANNEL, None, None),
        (701008, Decision.CHANNEL, None, None),
        (40001, Decision.ACCOUNT, None, None),
        (60020, Decision.ACCOUNT, None, 60),
        (50003, Decision.ACCOUNT, None, None),
        (40058, Decision.DEFECT, None, None),
        (301002, Decision.DEFECT, None, None),
        (93000, Decision.CHANNEL, None, None),
        (987654, Decision.DEFECT, None, None),
        (-1, Decision.UNKNOWN, None, 60),
    ],
)
def test_what_a_code_means(code, decision, relation, seconds):
    got = read.outcome(Answer(200, b'{"errcode":%d}' % code), codes.CODES, keyed=False, now=NOW)
    assert (got.decision, got.relation, got.retry_after) == (decision, relation, seconds)


def test_every_code_has_short_chinese_words_and_one_meaning():
    for code, meaning in codes._CODES.items():
        assert re.search("[一-鿿]", meaning.reason), code
        assert len(meaning.reason) <= 60, meaning.reason
    groups = (codes._PERSON, codes._CREDENTIAL, codes._QUOTA, codes._RIGHTS, codes._ROBOT, codes._CALLER)
    assert sum(len(group) for group in groups) == len(codes._CODES)


def test_no_secret_is_in_what_is_said(client, platform):
    def told(heard):
        return {"errcode": 60011, "errmsg": f"{heard.target} PLANTED-APP PLANTED-TOKEN PLANTED-KEY"}

    platform.answers["/cgi-bin/message/send"] = platform.answers[f"{EXTERNAL}get_follow_user_list"] = told
    said = [*delivered(client, client.custom_message("lihua", text("早")))]
    with pytest.raises(PlatformFailure) as caught:
        client.members()
    said += [caught.value, caught.value.__dict__, client.account]
    platform.token_answer = {"errcode": 40001, "errmsg": "PLANTED-APP"}
    platform.number += 1
    with pytest.raises(PlatformFailure) as caught:
        client.members()
    assert "PLANTED" not in repr([*said, str(caught.value), caught.value.__dict__])


def test_the_robot_tells_the_group_and_keeps_its_key(far_end, engine):
    told = iter([answer(OK), answer({"errcode": 45009, "errmsg": "key PLANTED"}), answer({"errcode": 93000}), CLOSE])
    end = far_end(lambda heard: next(told))
    url = f"{end.url}/cgi-bin/webhook/send?key=PLANTED"
    outcomes = [
        tell_group(engine, url, {"type": "text", "text": "有新投诉", "mentioned": ["lihua"]}, NOW) for _ in range(4)
    ]
    assert [outcome.decision for outcome in outcomes] == [
        *(Decision.SENT, Decision.CHANNEL, Decision.CHANNEL),
        Decision.UNKNOWN,
    ]
    assert [outcome.retry_after for outcome in outcomes[1:3]] == [65, None]
    assert end.heard[0].target == "/cgi-bin/webhook/send?key=PLANTED"
    assert end.heard[0].json == {"msgtype": "text", "text": {"content": "有新投诉", "mentioned_list": ["lihua"]}}
    assert "PLANTED" not in repr(outcomes)
    markdown = json.loads(robot_message(url, {"type": "markdown", "text": "好" * 2000}).body)["markdown"]["content"]
    assert len(markdown.encode()) <= 4096
    with pytest.raises(ValueError, match="robot"):
        robot_message(url, {"type": "news"})
