"""Faults: what a client may meet, and that the ledger knows the truth behind it."""

import json
from typing import Any

import pytest

from bot.sandbox.faults import Hangup

CUSTOM = "/cgi-bin/message/custom/send"


@pytest.fixture
def mei(desk: Any) -> Any:
    person = desk.fan("小美")
    person.says("您好")
    desk.token()
    return person


def strike(desk: Any, kind: str, when: str | None = None, match: dict[str, Any] | None = None, **action: Any) -> None:
    desk.ask("/faults", {"match": {"path": CUSTOM} | (match or {}), "when": when, "action": {"kind": kind} | action})


def post(desk: Any, mei: Any) -> Any:
    body = {"touser": mei.openid, "msgtype": "text", "text": {"content": "在的"}}
    return desk.raw("POST", CUSTOM, query_string={"access_token": desk.token()}, json=body)


@pytest.mark.parametrize(("when", "arrived"), [("before", []), ("after", ["在的"])])
def test_a_reset_before_and_after_the_effect(desk: Any, mei: Any, when: str, arrived: list[str]) -> None:
    strike(desk, "reset", when)
    with pytest.raises(Hangup):
        post(desk, mei)
    assert desk.ledger(mei) == arrived
    assert desk.ask("/requests")["requests"][-1]["fault"] == "reset"


@pytest.mark.parametrize(
    ("action", "status", "body"),
    [
        ({"kind": "status", "status": 502}, 502, b"<html>"),
        ({"kind": "status", "status": 429, "body": "empty", "retry_after": 7}, 429, b""),
        ({"kind": "html"}, 200, b"<html>"),
        ({"kind": "empty"}, 200, b""),
    ],
)
def test_answers_of_a_gateway(desk: Any, mei: Any, action: dict[str, Any], status: int, body: bytes) -> None:
    strike(desk, match={"times": 1}, **action)
    response = post(desk, mei)
    assert (response.status_code, response.data[:6]) == (status, body)
    assert response.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert desk.ledger(mei) == []
    assert post(desk, mei).get_json(force=True)["errcode"] == 0


def test_spoilt_answers_keep_the_effect(desk: Any, mei: Any) -> None:
    mei.does("pay")
    bodies = {}
    for kind in ("truncate", "errcode_string", "no_errcode", "extra_fields", "bom", "gbk"):
        desk.ask("/faults", method="DELETE")
        strike(desk, kind)
        bodies[kind] = post(desk, mei).data
    with pytest.raises(ValueError, match="line 1"):
        json.loads(bodies["truncate"])
    assert json.loads(bodies["errcode_string"])["errcode"] == "0"
    assert "errcode" not in json.loads(bodies["no_errcode"])
    assert "brand_new_field" in json.loads(bodies["extra_fields"])
    assert bodies["bom"].startswith(b"\xef\xbb\xbf{")
    assert json.loads(bodies["gbk"].decode("gbk"))["errcode"] == 0
    assert len(desk.ledger(mei)) == 6


def test_a_code_with_its_usual_words_on_the_nth_call(desk: Any, mei: Any) -> None:
    strike(desk, "errcode", match={"nth": 2}, errcode=-1)
    codes = [post(desk, mei).get_json(force=True) for _turn in range(3)]
    assert [answer["errcode"] for answer in codes] == [0, -1, 0]
    assert codes[1]["errmsg"].startswith("system error rid: ")
    assert len(desk.ledger(mei)) == 2


def test_a_burst_lasts_for_its_seconds(desk: Any, mei: Any) -> None:
    strike(desk, "errcode", errcode=45011, seconds=90)
    assert [post(desk, mei).get_json(force=True)["errcode"] for _turn in range(2)] == [45011, 45011]
    desk.advance(91)
    assert post(desk, mei).get_json(force=True)["errcode"] == 0


def test_a_burst_until_midnight(desk: Any, mei: Any) -> None:
    strike(desk, "errcode", errcode=45009, until="midnight")
    assert post(desk, mei).get_json(force=True)["errcode"] == 45009
    end = desk.platform.faults.dump()["rules"][0]["until"]
    assert (end + 8 * 3600) % 86400 == pytest.approx(0, abs=1)


def test_tokens_die_in_the_middle_and_can_stay_dead(desk: Any, mei: Any) -> None:
    strike(desk, "kill_tokens", match={"nth": 2}, fail_seconds=60)
    assert [post(desk, mei).get_json(force=True)["errcode"] for _turn in range(2)] == [0, 40001]
    assert desk.new_token()["errcode"] == -1
    desk.advance(61)
    desk._token = None
    assert post(desk, mei).get_json(force=True)["errcode"] == 0


def test_tokens_expire_early_and_a_second_writer_replaces_them(desk: Any, mei: Any) -> None:
    strike(desk, "second_writer", match={"nth": 1})
    assert post(desk, mei).get_json(force=True)["errcode"] == 0
    desk.advance(299)
    assert post(desk, mei).get_json(force=True)["errcode"] == 0
    desk.advance(2)
    assert post(desk, mei).get_json(force=True)["errcode"] == 40001
    desk._token = None
    strike(desk, "expire_tokens", match={"nth": 1})
    desk.token()
    assert post(desk, mei).get_json(force=True)["errcode"] == 42001


def test_rules_choose_by_person_and_by_chance_and_repeat_exactly(make_desk: Any) -> None:
    def play() -> list[int]:
        desk = make_desk(seed=7)
        mei, other = desk.fan("小美"), desk.fan("小丽")
        for person in (mei, other):
            person.says("您好")
            person.does("pay")
        strike(desk, "errcode", match={"openid": mei.openid, "probability": 0.5}, errcode=-1)
        assert {desk.write(other) for _turn in range(20)} == {0}
        return [desk.write(mei) for _turn in range(20)]

    first = play()
    assert set(first) == {0, -1}
    assert play() == first


def test_paging_that_never_ends(make_desk: Any) -> None:
    desk = make_desk(population=5, following=5)
    desk.ask("/faults", {"match": {"path": "/cgi-bin/user/get"}, "action": {"kind": "endless_paging"}})
    first = desk.api("/cgi-bin/user/get")
    assert desk.api("/cgi-bin/user/get", next_openid=first["next_openid"]) == first


@pytest.mark.parametrize(
    "rule",
    [
        {"action": {"kind": "magic"}},
        {"match": {"colour": "red"}, "action": {"kind": "reset"}},
        {"action": {"kind": "errcode"}},
        {"when": "never", "action": {"kind": "reset"}},
    ],
)
def test_a_wrong_rule_is_refused_with_a_sentence(desk: Any, rule: dict[str, Any]) -> None:
    response = desk.raw("POST", "/_sandbox/faults", json=rule)
    assert response.status_code == 400
    assert ":" in response.get_json()["error"]


def test_a_rule_is_taken_out_again(desk: Any, mei: Any) -> None:
    strike(desk, "errcode", errcode=-1)
    (rule,) = desk.ask("/faults")["faults"]
    assert desk.ask(f"/faults/{rule['id']}", method="DELETE") == {"faults": []}
    assert desk.raw("DELETE", "/_sandbox/faults/99").status_code == 404
    assert desk.write(mei) == 0
