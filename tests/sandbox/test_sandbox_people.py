"""The simulated customers, the control side, and a state that comes back whole."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox import Platform, Settings
from bot.sandbox.clock import read_moment


def mass(desk: Any, words: str = "新品到店") -> None:
    body = {"filter": {"is_to_all": True}, "msgtype": "text", "text": {"content": words}}
    assert desk.api("/cgi-bin/message/mass/sendall", body)["errcode"] == 0


def test_the_population_is_mixed_named_and_the_same_for_the_same_seed(make_desk: Any) -> None:
    people = make_desk(population=400, following=100).ask("/state")["people"]
    assert [person["name"] for person in people if person["role"] == "merchant"] == ["老板", "店员小李"]
    customers = [person for person in people if person["role"] == "customer"]
    shares = Counter(person["habit"] for person in customers)
    for habit, share in {"ignores": 0.35, "answers": 0.30, "asks_price": 0.15, "unfollows": 0.05}.items():
        assert shares[habit] / 400 == pytest.approx(share, abs=0.06)
    assert len({person["name"] for person in customers}) == 400
    assert sum(person["follows"] for person in people) == 100
    assert make_desk(population=400, following=100).ask("/state")["people"] == people
    assert make_desk(population=400, seed=2).ask("/state")["people"] != people


def test_nobody_reacts_before_something_came(make_desk: Any) -> None:
    desk = make_desk(population=60, following=60)
    desk.advance(7 * 24 * 3600)
    assert all(not desk.platform.phones.chat(fan.openid, 0) for fan in desk.platform.fans)


def test_customers_react_each_in_their_way_and_in_their_time(make_desk: Any) -> None:
    desk = make_desk(population=200, following=200)
    mass(desk)
    desk.advance(1.5)
    said = [message for message in desk.platform.phones.everything if message.sender == "person"]
    assert said == []
    desk.advance(400)
    habits = {fan.openid: fan.habit for fan in desk.platform.fans}
    lines = [message for message in desk.platform.phones.everything if message.sender == "person"]
    spoke = {message.openid for message in lines if message.type == "text"}
    assert {habits[openid] for openid in spoke} <= {"answers", "asks_price", "quiet"}
    assert all(("多少" in line.text or "卖" in line.text) for line in lines if habits[line.openid] == "asks_price")
    left = [fan for fan in desk.platform.fans if fan.habit == "unfollows" and not fan.follows]
    assert left
    assert len(left) == sum(fan.habit == "unfollows" for fan in desk.platform.fans)
    assert 0.3 < len(spoke) / 200 < 0.6


def test_the_same_seed_plays_the_same_day(make_desk: Any) -> None:
    def play() -> list[tuple[str, str]]:
        desk = make_desk(population=80, following=80)
        mass(desk)
        desk.advance(1.5)
        desk.advance(600)
        lines = [message for message in desk.platform.phones.everything if message.sender == "person"]
        return sorted((line.openid, line.text) for line in lines)

    first = play()
    assert len(first) > 20
    assert play() == first


def test_polite_customers_do_not_answer_for_ever(desk: Any) -> None:
    mei = desk.fan("小美", habit="answers")
    mei.does("pay")
    for _turn in range(10):
        desk.write(mei)
        desk.advance(301)
    words = [message for message in mei.phone if message["via"] == "say"]
    assert 1 <= len(words) <= 5


def test_followers_come_one_after_another(make_desk: Any) -> None:
    desk = make_desk(population=10)
    assert desk.ask("/follow_all", {"count": 6}) == {"coming": 6}
    desk.advance(0.6)
    some = desk.api("/cgi-bin/user/get")["total"]
    desk.advance(5)
    assert 1 <= some < 6
    assert desk.api("/cgi-bin/user/get")["total"] == 6
    assert desk.ask("/population", {"count": 5, "seed": 9}) == {"added": 5, "people": 17}


def test_the_clock_jumps_both_ways_and_its_file_follows(make_desk: Any, tmp_path: Path) -> None:
    import struct

    file = tmp_path / "clock"
    desk = make_desk(clock_file=file, offset=-3600.0)
    assert struct.unpack("<d", file.read_bytes()) == (-3600.0,)
    assert desk.ask("/clock", {"now": "2027-02-05T09:00:00+08:00"})["iso"] == "2027-02-05T09:00:00+08:00"
    (offset,) = struct.unpack("<d", file.read_bytes())
    assert offset == desk.platform.clock.offset
    desk.ask("/clock", {"now": read_moment("2026-01-01")})
    desk.ask("/clock", {"advance": 86400})
    assert desk.ask("/clock")["iso"].startswith("2026-01-02T00:00:0")
    assert desk.raw("POST", "/_sandbox/clock", json={"now": "tomorrow"}).status_code == 400


def test_the_page_gets_what_it_was_promised(desk: Any) -> None:
    mei = desk.person("小美", habit="answers")
    state = desk.ask("/state")
    assert state.keys() == {"account", "clock", "menu", "channels", "people"}
    assert state["account"].keys() == {"name", "kind", "app_id", "original_id", "callback_url", "mode"}
    shown = state["people"][-1]
    assert shown == {
        "openid": mei.openid,
        "name": "小美",
        "role": "customer",
        "habit": "answers",
        "avatar": {"text": "小", "color": shown["avatar"]["color"]},
        "follows": False,
        "blocked": False,
        "unread": 0,
        "last": None,
        "tags": [],
        "remark": "",
        "menu": None,
    }
    mei.does("follow")
    desk.write(mei, "欢迎")
    assert mei.phone[-1].keys() == {"id", "at", "from", "type", "text", "via", "payload"}
    assert [message["id"] for message in desk.ask(f"/people/{mei.openid}/messages?after=1")["messages"]] == [2]
    assert desk.ask("/state")["people"][-1]["unread"] == 1
    assert mei.does("read")["unread"] == 0
    entry = desk.ask("/ledger")["entries"][0]
    assert entry.keys() == {"id", "at", "openid", "via", "msgtype", "content", "call_id"}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/people", {}, 400),
        ("/people", {"name": "a", "habit": "sings"}, 400),
        ("/people/oNobody/say", {"text": "a"}, 409),
        ("/limits", {"nonsense": 1}, 400),
        ("/limits", {"tag_batch": "many"}, 400),
        ("/account", {"aes_key": "short"}, 400),
        ("/account", {"app_idd": "x"}, 400),
        ("/callbacks/raw", {"body": "x"}, 400),
        ("/dump", None, 400),
    ],
)
def test_mistakes_on_the_control_side_are_explained(desk: Any, path: str, body: Any, status: int) -> None:
    method = "PUT" if path == "/dump" else "POST"
    response = desk.raw(method, f"/_sandbox{path}", json=body or {})
    assert response.status_code == status
    assert len(response.get_json()["error"]) > 8


def test_a_person_who_does_not_follow_cannot_talk(desk: Any) -> None:
    mei = desk.person("小美")
    refused = desk.raw("POST", f"/_sandbox/people/{mei.openid}/say", json={"text": "您好"})
    assert (refused.status_code, refused.get_json()["error"]) == (409, "小美还没有关注公众号，先点关注")


def test_secrets_stay_out_of_the_request_log(desk: Any) -> None:
    desk.stable_token()
    desk.write(desk.fan("小美"))
    log = str(desk.ask("/requests")["requests"])
    platform = desk.platform
    secrets = [platform.account["secret"], *platform.tokens.dump()["known"]]
    assert len(secrets) == 3
    assert not [secret for secret in secrets if secret in log]


def furnish(desk: Any) -> Any:
    """One of everything that must survive."""
    mei = desk.fan("小美", habit="answers")
    mei.says("您好")
    desk.write(mei, "欢迎")
    tag = desk.api("/cgi-bin/tags/create", {"tag": {"name": "常客"}})["tag"]["id"]
    desk.api("/cgi-bin/tags/members/batchtagging", {"openid_list": [mei.openid], "tagid": tag})
    desk.api("/cgi-bin/menu/create", {"button": [{"type": "click", "name": "积分", "key": "K"}]})
    scene = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "a"}}}
    desk.api("/cgi-bin/qrcode/create", scene)
    cover = mei.does("image")["message"]["payload"]["media_id"]
    desk.api("/cgi-bin/draft/add", {"articles": [{"title": "t", "content": "c", "thumb_media_id": cover}]})
    desk.ask("/limits", {"tag_batch": 7})
    desk.ask("/faults", {"match": {"path": "/x"}, "action": {"kind": "reset"}})
    mass(desk)
    return mei


def compared(platform: Platform) -> dict[str, Any]:
    from bot.sandbox import state

    saved = state.dump(platform, whole=True)
    saved.pop("calls")
    return saved


def test_everything_survives_a_restart(make_desk: Any, tmp_path: Path) -> None:
    settings = {"state_file": tmp_path / "kept" / "state.json", "population": 5, "following": 2}
    desk = make_desk(**settings)
    mei = furnish(desk)
    token = desk.token()
    desk.ask("/clock", {"iso": "2026-12-24T10:00:00+08:00"})
    desk.platform.save()
    desk.ask("/clock", {"iso": "2026-12-24T10:30:00+08:00"})
    desk.platform.save()
    before = compared(desk.platform)
    again = make_desk(**settings)
    after = compared(again.platform)
    assert after == before
    assert again.ask("/clock")["iso"].startswith("2026-12-24T10:30:0")
    assert again.ask(f"/people/{mei.openid}/messages") == desk.ask(f"/people/{mei.openid}/messages")
    assert again.api("/cgi-bin/tags/get", token=token)["errcode"] == 42001  # known, and expired since
    picture = next(message for message in mei.phone if message["type"] == "image")
    address = "/_sandbox/media/" + picture["payload"]["media_id"]
    assert again.raw("GET", address).data[:4] == b"\x89PNG"


def test_words_written_after_the_last_snapshot_are_cut_off(make_desk: Any, tmp_path: Path) -> None:
    settings = {"state_file": tmp_path / "state.json"}
    desk = make_desk(**settings)
    mei = desk.fan("小美")
    desk.platform.save()
    with (tmp_path / "state.json.messages").open("ab") as file:
        file.write(b'{"half a li')
    again = make_desk(**settings)
    assert again.ask(f"/people/{mei.openid}/messages")["messages"] == mei.phone
    assert (tmp_path / "state.json.messages").read_bytes().endswith(b"}\n")


def test_account_values_of_the_command_line_win_over_the_kept_ones(make_desk: Any, tmp_path: Path) -> None:
    make_desk(state_file=tmp_path / "s", callback="http://127.0.0.1:1/old", name="旧名字").platform.save()
    again = make_desk(state_file=tmp_path / "s", callback="http://127.0.0.1:2/new")
    assert again.platform.account["callback_url"] == "http://127.0.0.1:2/new"
    assert again.platform.account["name"] == "旧名字"


def test_an_open_push_goes_out_after_the_restart(make_desk: Any, tmp_path: Path, shop: Any) -> None:
    settings = {"state_file": tmp_path / "s", "mode": "plain"}
    desk = make_desk(callback="http://127.0.0.1:9/nobody", **settings)
    desk.person("小美").does("follow")
    desk.platform.save()
    desk.platform.close()
    again = make_desk(callback=shop.url, **settings)
    assert shop.wait_for(1)[0].fields["Event"] == "subscribe"
    assert again.platform.settle(5)


def test_a_dump_can_be_loaded_elsewhere_and_a_reset_forgets(make_desk: Any) -> None:
    desk = make_desk(population=3)
    mei = furnish(desk)
    dumped = desk.ask("/dump")
    other = make_desk(population=0)
    other.ask("/dump", dumped, "PUT")
    assert compared(other.platform) == compared(desk.platform)
    assert other.ask(f"/people/{mei.openid}/messages") == desk.ask(f"/people/{mei.openid}/messages")
    desk.ask("/reset", {})
    assert [person["name"] for person in desk.ask("/state")["people"][:2]] == ["老板", "店员小李"]
    assert desk.ask("/ledger") == {"entries": []}
    assert Platform(Settings(population=3)).person_on_page is not None
