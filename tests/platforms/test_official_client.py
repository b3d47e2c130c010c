"""The client against a platform that answers as the manual says: deliveries, stale tokens, and everyday calls."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from far_end import CLOSE, answer

from bot.clock import SetClock
from bot.errors import PlatformFailure
from bot.platforms.decisions import Decision
from bot.platforms.official_account.calls import custom_message, mass_message, template_message
from bot.platforms.official_account.client import OfficialAccount
from bot.settings import Account

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OK = {"errcode": 0, "errmsg": "ok"}


class Platform:
    """Issues tokens and refuses all but the current one; other paths answer by ``answers[path](heard)``."""

    def __init__(self):
        self.number = 1
        self.fetches = 0
        self.token_answer = None
        self.answers = {}
        self.calls = []
        self.lock = threading.Lock()

    @property
    def token(self):
        return f"TOKEN-{self.number}"

    def __call__(self, heard):
        with self.lock:
            if heard.path == "/cgi-bin/stable_token":
                self.fetches += 1
                return answer(self.token_answer or {"access_token": self.token, "expires_in": 7200})
            query = parse_qs(urlsplit(heard.target).query)
            if query["access_token"] != [self.token]:
                return answer({"errcode": 40001, "errmsg": "invalid credential, access_token is invalid"})
            self.calls.append(heard)
            said = self.answers.get(heard.path, lambda heard: OK)(heard)
            return said if isinstance(said, bytes | str) else answer(said)


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
def client(platform, far_end, store, engine):
    account = Account(
        name="main", app_id="wxdemo", secret="PLANTED-SECRET", token="PLANTED-TOKEN", api_base_url=far_end(platform).url
    )
    return OfficialAccount(account, store=store, clock=SetClock(NOW), redis_url=None, http=engine, pause_seconds=0.001)


def source_of(calls):
    left = list(calls)

    def source(room):
        taken, left[:] = left[:room], left[room:]
        return taken

    return source


def delivered(client, calls):
    return dict(client.deliver(source_of(calls)))


def texts(count):
    return [(n, custom_message(f"o{n}", {"type": "text", "text": f"您好 {n}"})) for n in range(count)]


# --- deliveries ---


def test_a_broadcast_reaches_everybody_once(client, platform):
    outcomes = delivered(client, texts(300))
    assert {outcome.decision for outcome in outcomes.values()} == {Decision.SENT}
    assert sorted(outcomes) == list(range(300))
    assert sorted(call.json["touser"] for call in platform.calls) == sorted(f"o{n}" for n in range(300))
    assert platform.fetches == 1


def test_each_gets_the_outcome_of_their_own_answer(client, platform):
    codes = {"o1": 43004, "o2": 45015, "o3": -1, "o4": 45009, "o5": 777777}
    platform.answers["/cgi-bin/message/custom/send"] = lambda heard: {"errcode": codes.get(heard.json["touser"], 0)}
    outcomes = delivered(client, texts(7))
    assert {n: outcome.decision for n, outcome in outcomes.items()} == {
        0: Decision.SENT,
        1: Decision.PERSON,
        2: Decision.PERSON,
        3: Decision.UNKNOWN,
        4: Decision.CHANNEL,
        5: Decision.DEFECT,
        6: Decision.SENT,
    }
    assert (outcomes[1].relation, outcomes[2].relation) == ("gone", "window_closed")


def test_a_lost_answer_is_unknown_and_the_message_went_out_once(client, platform):
    platform.answers["/cgi-bin/message/custom/send"] = lambda heard: CLOSE if heard.json["touser"] == "o5" else OK
    outcomes = delivered(client, texts(10))
    assert outcomes[5].decision == Decision.UNKNOWN
    assert [call.json["touser"] for call in platform.calls].count("o5") == 1
    assert sum(outcome.decision == Decision.SENT for outcome in outcomes.values()) == 9


def test_a_token_killed_in_mid_run_costs_one_fetch_and_no_message(client, platform):
    def send(heard):
        if len(platform.calls) == 50:
            platform.number += 1
        return OK

    platform.answers["/cgi-bin/message/custom/send"] = send
    outcomes = delivered(client, texts(200))
    assert {outcome.decision for outcome in outcomes.values()} == {Decision.SENT}
    assert sorted(call.json["touser"] for call in platform.calls) == sorted(f"o{n}" for n in range(200))
    assert platform.fetches == 2


def test_a_fresh_token_that_is_refused_too_is_left_for_later(client, platform):
    platform.answers["/cgi-bin/message/custom/send"] = lambda heard: {"errcode": 42001}
    client.tokens.current()
    platform.number += 1
    (outcome,) = delivered(client, texts(1)).values()
    assert (outcome.decision, outcome.code) == (Decision.AGAIN, 42001)
    assert len(platform.calls) == 1


def test_without_a_token_nothing_is_called_and_the_account_stops_after_three_refusals(client, platform):
    platform.token_answer = {"errcode": 40125, "errmsg": "invalid appsecret PLANTED-SECRET"}
    asked = []

    def source(room):
        asked.append(room)
        return [(len(asked), custom_message("o1", {"type": "text", "text": "您好"}))]

    decisions = [[outcome.decision for _, outcome in client.deliver(source)] for _ in range(4)]
    assert decisions == [[Decision.AGAIN], [Decision.AGAIN], [Decision.ACCOUNT], [Decision.ACCOUNT]]
    assert len(asked) == 4
    assert (platform.calls, platform.fetches) == ([], 3)


def test_a_token_call_that_fails_in_mid_run_leaves_nobody_without_an_outcome(client, platform):
    def send(heard):
        if len(platform.calls) == 20:
            platform.number += 1
            platform.token_answer = {"errcode": -1}
        return OK

    platform.answers["/cgi-bin/message/custom/send"] = send
    calls = texts(60)
    given = []

    def source(room):
        given.extend(calls[len(given) : len(given) + room])
        return given[-room:] if len(given) < 60 else []

    outcomes = dict(client.deliver(source))
    assert sorted(outcomes) == [ticket for ticket, _ in given]
    assert {outcome.decision for outcome in outcomes.values()} == {Decision.SENT, Decision.AGAIN}
    sent = sorted(ticket for ticket, outcome in outcomes.items() if outcome.decision == Decision.SENT)
    assert sorted(int(call.json["touser"][1:]) for call in platform.calls) == sent


def test_a_source_may_hold_back_while_calls_are_in_flight(client):
    gives = iter([texts(10), [], texts(3), [], []])
    assert len(list(client.deliver(lambda room: next(gives, [])))) == 13


def test_a_burst_of_too_fast_narrows_the_stream(client, platform):
    platform.answers["/cgi-bin/message/custom/send"] = lambda heard: {"errcode": 45011}
    rooms = []
    left = texts(40)

    def source(room):
        rooms.append(room)
        taken, left[:] = left[:room], left[room:]
        return taken

    outcomes = list(client.deliver(source, initial=16))
    assert {outcome.decision for _, outcome in outcomes} == {Decision.CHANNEL}
    assert rooms[0] == 16
    assert max(rooms[1:]) <= 8


def test_no_secret_is_in_any_outcome(client, platform, far_end):
    platform.answers["/cgi-bin/message/custom/send"] = lambda heard: {
        "errcode": 40003,
        "errmsg": f"PLANTED-SECRET {platform.token} PLANTED-TOKEN",
    }
    outcomes = delivered(client, texts(1))
    platform.answers["/cgi-bin/message/custom/send"] = lambda heard: CLOSE
    outcomes |= {"lost": delivered(client, texts(1))[0]}
    for planted in ("PLANTED", "TOKEN-1"):
        assert planted not in str(outcomes)
        assert planted not in repr(client.account)


# --- what is sent ---


def body(call):
    return json.loads(call.body)


def test_customer_messages_of_every_type():
    assert body(custom_message("o1", {"type": "text", "text": '您好 "小美"\n😀'})) == {
        "touser": "o1",
        "msgtype": "text",
        "text": {"content": '您好 "小美"\n😀'},
    }
    assert "您好".encode() in custom_message("o1", {"type": "text", "text": "您好"}).body
    assert body(custom_message("o1", {"type": "image", "media_id": "m1"}))["image"] == {"media_id": "m1"}
    assert body(custom_message("o1", {"type": "voice", "media_id": "m2"})) == {
        "touser": "o1",
        "msgtype": "voice",
        "voice": {"media_id": "m2"},
    }
    news = {"type": "news", "title": "T", "description": "D", "url": "https://a.example/1", "picurl": ""}
    assert body(custom_message("o1", news))["news"] == {
        "articles": [{"title": "T", "description": "D", "url": "https://a.example/1", "picurl": ""}]
    }
    menu = {"type": "menu", "head": "满意吗？", "items": [{"id": 1, "content": "满意"}], "tail": "谢谢"}
    assert body(custom_message("o1", menu)) == {
        "touser": "o1",
        "msgtype": "msgmenu",
        "msgmenu": {
            "head_content": "满意吗？",
            "list": [{"id": "1", "content": "满意"}],
            "tail_content": "谢谢",
        },
    }
    with pytest.raises(ValueError, match="text, image, voice, news or menu"):
        custom_message("o1", {"type": "hologram"})


def test_template_messages_carry_their_key():
    call = template_message("o1", "tpl", {"thing1": "护理预约"}, url="https://a.example", client_msg_id="k1")
    assert call.keyed
    assert body(call) == {
        "touser": "o1",
        "template_id": "tpl",
        "data": {"thing1": {"value": "护理预约"}},
        "url": "https://a.example",
        "client_msg_id": "k1",
    }
    plain = template_message("o1", "tpl", {})
    assert not plain.keyed
    assert set(body(plain)) == {"touser", "template_id", "data"}


def test_mass_messages_stay_inside_what_the_platform_takes(client, platform):
    platform.answers["/cgi-bin/message/mass/send"] = lambda heard: OK | {"msg_id": 1000000777}
    call = mass_message(["o1", "o2"], {"type": "text", "text": "周五上新"}, "k" * 32)
    assert body(call) == {
        "touser": ["o1", "o2"],
        "msgtype": "text",
        "text": {"content": "周五上新"},
        "clientmsgid": "k" * 32,
    }
    image = body(mass_message(["o1", "o2"], {"type": "image", "media_id": "m1"}, "k"))
    assert (image["msgtype"], image["images"]) == ("image", {"media_ids": ["m1"]})
    assert delivered(client, [("job", call)])["job"].platform_id == "1000000777"
    for people in (["o1"], ["o"] * 10_001):
        with pytest.raises(ValueError, match="people"):
            mass_message(people, {"type": "text", "text": "x"}, "k")
    for key in ("", "k" * 33, "键" * 11):
        with pytest.raises(ValueError, match="key"):
            mass_message(["o1", "o2"], {"type": "text", "text": "x"}, key)
    with pytest.raises(ValueError, match="text, image or mpnews"):
        mass_message(["o1", "o2"], {"type": "news"}, "k")


# --- everyday calls ---


def test_a_plain_call_replaces_a_stale_token_once(client, platform):
    platform.answers["/cgi-bin/tags/get"] = lambda heard: {"tags": [{"id": 100, "name": "VIP", "count": 3}]}
    client.tokens.current()
    platform.number += 1
    assert [(tag.id, tag.name, tag.count) for tag in client.tags_list()] == [(100, "VIP", 3)]
    platform.answers["/cgi-bin/tags/get"] = lambda heard: {"errcode": 40014}
    platform.number += 1
    with pytest.raises(PlatformFailure) as caught:
        client.tags_list()
    assert (caught.value.code, caught.value.decision) == (40014, Decision.AGAIN)


def test_fans_page_by_page_even_where_the_cursor_never_empties(client, platform):
    pages = {
        "": {"total": 3, "count": 2, "data": {"openid": ["o1", "o2"]}, "next_openid": "o2"},
        "o2": {"total": 3, "count": 1, "data": {"openid": ["o3"]}, "next_openid": "o3"},
        "o3": {"total": 3, "count": 0, "next_openid": "o3"},
    }

    def get(heard):
        return pages[parse_qs(urlsplit(heard.target).query).get("next_openid", [""])[0]]

    platform.answers["/cgi-bin/user/get"] = get
    assert [page.people for page in client.every_fan()] == [("o1", "o2"), ("o3",), ()]
    pages["o3"] = {"total": 3, "count": 1, "data": {"openid": ["o1"]}, "next_openid": "o2"}
    assert len(list(client.every_fan())) == 3
    pages["o2"]["next_openid"] = "o2"
    assert client.fans("o2").next == ""


def test_people_are_asked_a_hundred_at_a_time(client, platform):
    def batch(heard):
        wanted = [row["openid"] for row in heard.json["user_list"]]
        assert len(wanted) <= 100
        rows = [{"subscribe": 0, "openid": person} for person in wanted]
        rows[0] |= {
            "subscribe": 1,
            "subscribe_time": 1790000001,
            "remark": "张姐",
            "tagid_list": [100, 2],
            "subscribe_scene": "ADD_SCENE_QR_CODE",
            "qr_scene": 0,
            "qr_scene_str": "ch_spring01",
        }
        return {"user_info_list": rows}

    platform.answers["/cgi-bin/user/info/batchget"] = batch
    people = client.people([f"o{n}" for n in range(150)])
    assert len(people) == 150
    assert [person.person_id for person in people if person.follows] == ["o0", "o100"]
    assert (people[0].remark, people[0].tag_ids, people[0].scene) == ("张姐", (100, 2), "ch_spring01")
    assert people[0].followed_at == datetime.fromtimestamp(1790000001, UTC)


def test_a_tag_that_exists_is_found_by_its_name(client, platform):
    platform.answers["/cgi-bin/tags/create"] = lambda heard: {"tag": {"id": 134, "name": heard.json["tag"]["name"]}}
    assert client.tags_create("广东") == 134
    platform.answers["/cgi-bin/tags/create"] = lambda heard: {"errcode": 45157}
    platform.answers["/cgi-bin/tags/get"] = lambda heard: {"tags": [{"id": 100, "name": "VIP"}]}
    assert client.tags_create("VIP") == 100
    with pytest.raises(PlatformFailure) as caught:
        client.tags_create("没有的")
    assert caught.value.code == 45157


class Tagging:
    """batchtagging with the trouble of the manual and of the field."""

    def __init__(self, platform):
        self.tagged = []
        self.troubles = []
        self.full = set()
        self.sizes = []
        platform.answers["/cgi-bin/tags/members/batchtagging"] = self
        platform.answers["/cgi-bin/tags/get"] = lambda heard: {"tags": [{"id": 100, "name": "VIP"}]}

    def __call__(self, heard):
        people = heard.json["openid_list"]
        self.sizes.append(len(people))
        if self.troubles:
            return self.troubles.pop(0)
        if self.full & set(people):
            return {"errcode": 45059}
        self.tagged += people
        return OK


def test_tags_go_on_fifty_at_a_time(client, platform):
    tagging = Tagging(platform)
    people = [f"o{n}" for n in range(120)]
    assert client.tag(100, people) == {}
    assert tagging.tagged == people
    assert tagging.sizes == [50, 50, 20]
    assert client.untag(100, people) == {}


def test_a_half_done_batch_repeats_only_the_other_half(client, platform):
    tagging = Tagging(platform)
    tagging.troubles = [{"errcode": 45171, "fail_openid_list": ["o1", "o2"]}]
    assert client.tag(100, ["o0", "o1", "o2"]) == {}
    assert tagging.tagged == ["o1", "o2"]
    tagging.troubles = [{"errcode": 45171, "fail_openid_list": ["o1"]}] * 3
    assert {person: outcome.code for person, outcome in client.tag(100, ["o0", "o1"]).items()} == {"o1": 45171}


def test_a_spurious_unknown_tag_and_a_hasty_change_are_tried_again(client, platform):
    tagging = Tagging(platform)
    tagging.troubles = [{"errcode": 45159}, {"errcode": 45169}]
    assert client.tag(100, ["o1"]) == {}
    tagging.troubles = [{"errcode": 45159}]
    with pytest.raises(PlatformFailure) as caught:
        client.tag(101, ["o1"])
    assert caught.value.code == 45159


def test_one_person_who_cannot_wear_it_does_not_keep_it_from_the_others(client, platform):
    tagging = Tagging(platform)
    tagging.full = {"o17"}
    failed = client.tag(100, [f"o{n}" for n in range(50)])
    assert {person: outcome.code for person, outcome in failed.items()} == {"o17": 45059}
    assert len(tagging.tagged) == 49
    assert len(tagging.sizes) < 20


def test_channel_codes_permanent_and_temporary(client, platform):
    platform.answers["/cgi-bin/qrcode/create"] = lambda heard: {"ticket": "gQH+/=", "url": "http://weixin.qq.com/q/1"}
    code = client.qr_code("ch_spring01")
    assert (code.ticket, code.url) == ("gQH+/=", "http://weixin.qq.com/q/1")
    assert code.picture.endswith("/cgi-bin/showqrcode?ticket=gQH%2B%2F%3D")
    assert "access_token" not in code.picture
    client.qr_code("ch_spring01", expire_seconds=600)
    permanent, temporary = (call.json for call in platform.calls)
    assert permanent == {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "ch_spring01"}}}
    assert (temporary["action_name"], temporary["expire_seconds"]) == ("QR_STR_SCENE", 600)
    for scene, seconds in (("", None), ("x" * 65, None), ("x", 0), ("x", 2_592_001)):
        with pytest.raises(ValueError, match=r"scene has|code lives"):
            client.qr_code(scene, expire_seconds=seconds)


def test_an_image_goes_up_and_the_rest_of_the_account_is_readable(client, platform):
    platform.answers |= {
        "/cgi-bin/media/upload": lambda heard: {"type": "image", "media_id": "m-1", "created_at": 1790000001},
        "/cgi-bin/getcallbackip": lambda heard: {"ip_list": ["203.0.113.1"]},
        "/cgi-bin/get_api_domain_ip": lambda heard: {"ip_list": ["203.0.113.2"]},
        "/cgi-bin/openapi/quota/get": lambda heard: {"errcode": 0, "quota": {"daily_limit": 5, "used": 1, "remain": 4}},
        "/cgi-bin/template/get_all_private_template": lambda heard: {"template_list": [{"template_id": "t"}]},
        "/cgi-bin/message/mass/get": lambda heard: {"msg_id": 201053012, "msg_status": "SEND_SUCCESS"},
        "/cgi-bin/get_current_selfmenu_info": lambda heard: {"is_menu_open": 1, "selfmenu_info": {"button": []}},
    }
    assert client.upload_media(b"\x89PNG", "海报.png", "image") == "m-1"
    upload = platform.calls[-1]
    assert upload.target.endswith("&type=image")
    assert b'filename="\xe6\xb5\xb7\xe6\x8a\xa5.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in upload.body
    assert (client.callback_addresses(), client.api_addresses()) == (["203.0.113.1"], ["203.0.113.2"])
    assert client.quota("/cgi-bin/message/custom/send")["remain"] == 4
    assert client.templates() == [{"template_id": "t"}]
    assert client.mass_status("201053012") == "SEND_SUCCESS"
    assert client.menu()["is_menu_open"] == 1
    client.menu_create([{"type": "click", "name": "活动", "key": "M_ACT"}])
    assert "活动".encode() in platform.calls[-1].body
    client.menu_delete()
    client.remark("o1", "张姐")
    assert platform.calls[-1].json == {"openid": "o1", "remark": "张姐"}


def test_a_picture_comes_as_it_is_also_after_a_stale_token(client, platform):
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
    platform.answers["/cgi-bin/media/get"] = lambda heard: answer(raw=picture)
    assert client.download_media("m/1") == picture
    platform.number += 1
    assert client.download_media("m/1") == picture
    assert platform.calls[-1].target.endswith("&media_id=m%2F1")


@pytest.mark.parametrize(
    ("said", "decision", "code"),
    [
        ({"errcode": 40007, "errmsg": "invalid media_id"}, None, 40007),
        ({"video_url": "http://example.com/v"}, Decision.DEFECT, None),
        (answer(raw=b""), Decision.AGAIN, None),
        (answer(raw=b"<html>", status=502), Decision.AGAIN, None),
        (CLOSE, Decision.AGAIN, None),
    ],
)
def test_what_is_no_picture_is_a_failure(client, platform, said, decision, code):
    platform.answers["/cgi-bin/media/get"] = lambda heard: said
    with pytest.raises(PlatformFailure) as caught:
        client.download_media("m-1")
    assert caught.value.code == code
    assert decision in (None, caught.value.decision)


@pytest.mark.parametrize(
    ("path", "call", "half"),
    [
        ("/cgi-bin/tags/get", lambda client: client.tags_list(), {"tags": [{}]}),
        ("/cgi-bin/tags/get", lambda client: client.tags_list(), {"tags": 5}),
        ("/cgi-bin/tags/create", lambda client: client.tags_create("VIP"), {"tag": "VIP"}),
        ("/cgi-bin/user/get", lambda client: client.fans(), {"data": 7}),
        ("/cgi-bin/user/info/batchget", lambda client: client.people(["o1"]), {}),
        ("/cgi-bin/user/info/batchget", lambda client: client.people(["o1"]), {"user_info_list": [{"subscribe": 1}]}),
        ("/cgi-bin/qrcode/create", lambda client: client.qr_code("s"), {"url": "http://weixin.qq.com/q/1"}),
        ("/cgi-bin/media/upload", lambda client: client.upload_media(b"x", "x.jpg", "image"), {"type": "image"}),
    ],
)
def test_an_answer_that_lacks_its_content_is_a_failure_of_the_platform(client, platform, path, call, half):
    platform.answers[path] = lambda heard: half
    with pytest.raises(PlatformFailure) as caught:
        call(client)
    assert caught.value.decision == Decision.AGAIN
