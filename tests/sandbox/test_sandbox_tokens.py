"""access_token: the plain channel, the stable one, and the order of checks in front of every call."""

from typing import Any

import pytest

PROBE = "/cgi-bin/tags/get"


def code(answer: dict[str, Any]) -> int:
    return answer.get("errcode", 0)


def test_a_plain_refresh_leaves_the_former_token_five_minutes(desk: Any) -> None:
    first = desk.new_token()["access_token"]
    second = desk.new_token()
    assert second["expires_in"] == 7200
    assert code(desk.api(PROBE, token=first)) == 0
    desk.advance(299)
    assert code(desk.api(PROBE, token=first)) == 0
    desk.advance(2)
    assert code(desk.api(PROBE, token=first)) == 40001
    assert code(desk.api(PROBE, token=second["access_token"])) == 0
    desk.advance(7200)
    assert code(desk.api(PROBE, token=second["access_token"])) == 42001


def test_stable_gives_the_same_token_until_its_last_five_minutes(desk: Any) -> None:
    first = desk.stable_token()
    desk.advance(6800)
    again = desk.stable_token()
    assert again["access_token"] == first["access_token"]
    assert 300 < again["expires_in"] <= 400
    desk.advance(150)
    renewed = desk.stable_token()
    assert renewed["access_token"] != first["access_token"]
    assert renewed["expires_in"] == 7200
    assert [code(desk.api(PROBE, token=given["access_token"])) for given in (first, renewed)] == [0, 0]
    desk.advance(300)
    assert code(desk.api(PROBE, token=first["access_token"])) == 42001


def test_force_kills_the_old_one_at_once_and_is_rationed(desk: Any) -> None:
    first = desk.stable_token()["access_token"]
    forced = desk.stable_token(force_refresh=True)["access_token"]
    assert code(desk.api(PROBE, token=first)) == 40001
    assert code(desk.api(PROBE, token=forced)) == 0
    assert code(desk.stable_token(force_refresh=True)) == 45011
    desk.ask("/clock", {"iso": "2026-12-01T08:00:00+08:00"})
    answers = []
    for _turn in range(21):
        answers.append(code(desk.stable_token(force_refresh=True)))
        desk.advance(31)
    assert answers == [0] * 20 + [45009]


def test_the_two_channels_die_apart(desk: Any) -> None:
    plain, stable = desk.new_token()["access_token"], desk.stable_token()["access_token"]
    desk.advance(31)
    desk.stable_token(force_refresh=True)
    assert code(desk.api(PROBE, token=plain)) == 0
    assert code(desk.api(PROBE, token=stable)) == 40001


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"grant_type": "password"}, 40002),
        ({"appid": ""}, 41002),
        ({"appid": "wxother"}, 40013),
        ({"secret": ""}, 41004),
        ({"secret": "0" * 32}, 40001),
        ({"secret": "short"}, 40125),
    ],
)
def test_a_wrong_caller_gets_no_token(desk: Any, changes: dict[str, Any], errcode: int) -> None:
    assert code(desk.new_token(**changes)) == errcode
    assert code(desk.stable_token(**changes)) == errcode


def test_the_checks_come_in_their_order(desk: Any) -> None:
    create = "/cgi-bin/tags/create"
    token = desk.token()
    assert desk.raw("POST", "/cgi-bin/nothing").status_code == 404
    assert code(desk.raw("GET", create).get_json(force=True)) == 43002
    assert code(desk.raw("POST", PROBE).get_json(force=True)) == 43001
    assert code(desk.raw("POST", create).get_json(force=True)) == 41001
    assert code(desk.api(create, b"", token="nonsense")) == 40014
    assert code(desk.api(create, b"", token=token[:-1] + "!")) == 40001
    desk.ask("/account", {"allowlist": ["10.0.0.1"], "frozen": True, "banned": [create]})
    assert code(desk.api(create, b"")) == 40164
    desk.ask("/account", {"allowlist": None})
    assert code(desk.api(create, b"")) == 50007
    desk.ask("/account", {"frozen": False})
    assert code(desk.api(create, b"")) == 48004
    desk.ask("/account", {"banned": []})
    desk.ask("/limits", {f"day:{create}": 0})
    assert code(desk.api(create, b"")) == 45009
    desk.ask("/limits", {f"day:{create}": 9})
    assert code(desk.api(create, b"")) == 44002
    assert code(desk.api(create, b"{'tag'")) == 47001
    assert code(desk.api(create, b"[]")) == 47001


def test_a_failure_ends_with_a_rid_that_can_be_looked_up(desk: Any) -> None:
    refused = desk.api("/cgi-bin/user/info", openid="oNobody")
    assert refused["errcode"] == 40003
    rid = refused["errmsg"].rpartition(" rid: ")[2]
    assert [len(part) for part in rid.split("-")] == [8, 8, 8]
    found = desk.api("/cgi-bin/openapi/rid/get", {"rid": rid})
    assert "access_token=%2A%2A%2A" in found["request"]["request_url"]
    assert desk.token() not in str(found)
    assert desk.api("/cgi-bin/openapi/rid/get", {"rid": "0-0-0"})["errcode"] == 76001


def test_quotas_are_counted_shown_and_cleared_ten_times_a_month(desk: Any) -> None:
    desk.ask("/limits", {"day:/cgi-bin/user/get": 2})
    assert [code(desk.api("/cgi-bin/user/get")) for _turn in range(3)] == [0, 0, 45009]
    shown = desk.api("/cgi-bin/openapi/quota/get", {"cgi_path": "/cgi-bin/user/get"})["quota"]
    assert shown == {"daily_limit": 2, "used": 3, "remain": 0}
    assert code(desk.api("/cgi-bin/openapi/quota/clear", {"cgi_path": "/cgi-bin/user/get"})) == 0
    assert code(desk.api("/cgi-bin/user/get")) == 0
    app = {"appid": desk.platform.account["app_id"]}
    assert code(desk.api("/cgi-bin/clear_quota", app)) == 0
    by_secret = app | {"appsecret": desk.platform.account["secret"]}
    codes = [code(desk.api("/cgi-bin/clear_quota/v2", by_secret, token="")) for _turn in range(10)]
    assert codes == [0] * 9 + [48006]
    assert code(desk.api("/cgi-bin/openapi/quota/get", {"cgi_path": "/cgi-bin/none"})) == 76021
    assert code(desk.api("/cgi-bin/openapi/quota/get", {"cgi_path": "/sns/userinfo"})) == 76022


def test_the_next_day_and_the_next_minute_begin_at_zero(desk: Any) -> None:
    desk.ask("/clock", {"iso": "2026-11-22T23:59:10+08:00"})
    desk.ask("/limits", {"day:/cgi-bin/user/get": 1})
    assert [code(desk.api("/cgi-bin/user/get")) for _turn in range(2)] == [0, 45009]
    desk.advance(60)
    assert code(desk.api("/cgi-bin/user/get")) == 0
    desk.ask("/limits", {"minute:/cgi-bin/stable_token": 1})
    assert [code(desk.stable_token()) for _turn in range(2)] == [0, 45011]
    desk.advance(60)
    assert code(desk.stable_token()) == 0
