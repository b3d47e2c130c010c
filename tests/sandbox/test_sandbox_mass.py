"""Mass sending: keys, quotas, what the fans get and what the event says."""

from typing import Any

import pytest

SENDALL = "/cgi-bin/message/mass/sendall"
SEND = "/cgi-bin/message/mass/send"


def text_to(people: list[Any], words: str = "春茶到店", **more: Any) -> dict[str, Any]:
    return {"touser": [person.openid for person in people], "msgtype": "text", "text": {"content": words}} | more


def to_all(words: str = "春茶到店", **more: Any) -> dict[str, Any]:
    return {"filter": {"is_to_all": True}, "msgtype": "text", "text": {"content": words}} | more


@pytest.fixture
def people(desk: Any) -> list[Any]:
    return [desk.fan(f"客{number}") for number in range(4)]


@pytest.fixture
def told(desk: Any, shop: Any) -> Any:
    """The MASSSENDJOBFINISH events that have reached the shop."""
    desk.ask("/account", {"callback_url": shop.url, "mode": "plain"})
    shop.got.clear()

    def events() -> list[dict[str, Any]]:
        desk.advance(5)
        desk.platform.settle(5)
        return [got.fields for got in shop.got if got.fields.get("Event") == "MASSSENDJOBFINISH"]

    return events


def test_a_job_rings_the_phones_and_its_counts_add_up(desk: Any, people: list[Any], told: Any) -> None:
    people[0].does("unfollow")
    people[1].does("set", blocked=True)
    answer = desk.api(SEND, text_to(people))
    assert (answer["errcode"], answer["errmsg"]) == (0, "send job submission success")
    assert desk.api("/cgi-bin/message/mass/get", {"msg_id": answer["msg_id"]})["msg_status"] == "SENDING"
    (event,) = told()
    assert event["FromUserName"] not in {person.openid for person in people}
    assert (event["MsgID"], event["Status"]) == (str(answer["msg_id"]), "send success")
    counts = [int(event[name]) for name in ("TotalCount", "FilterCount", "SentCount", "ErrorCount")]
    assert counts == [4, 2, 2, 0]
    assert desk.ledger() == ["春茶到店"] * 2
    assert people[2].phone[-1]["via"] == "mass"
    assert desk.api("/cgi-bin/message/mass/get", {"msg_id": str(answer["msg_id"])})["msg_status"] == "SEND_SUCCESS"


def test_a_key_works_once_in_24_hours(desk: Any, people: list[Any]) -> None:
    body = text_to(people, clientmsgid="spring-1")
    first = desk.api(SEND, body)
    assert desk.api(SEND, body)["errcode"] == 45066
    desk.advance(61)
    again = desk.api(SEND, body)
    assert (again["errcode"], again["msg_id"]) == (45065, first["msg_id"])
    assert desk.api(SEND, text_to(people, clientmsgid="k" * 33))["errcode"] == 45067
    desk.advance(24 * 3600)
    assert desk.api(SEND, body)["errcode"] == 0
    desk.advance(5)
    assert len(desk.ledger()) == 8


def test_a_service_account_reaches_each_fan_four_times_a_month(desk: Any, people: list[Any], told: Any) -> None:
    desk.ask("/clock", {"iso": "2026-11-20T10:00:00+08:00"})
    for turn in range(4):
        assert desk.api(SEND, text_to(people, f"第{turn}次"))["errcode"] == 0
        desk.advance(2)
    assert desk.api(SEND, text_to(people, "第五次"))["errcode"] == 0
    last = told()[-1]
    assert (last["TotalCount"], last["FilterCount"], last["SentCount"]) == ("4", "0", "0")
    desk.ask("/clock", {"iso": "2026-12-01T10:00:00+08:00"})
    desk._token = None
    desk.api(SEND, text_to(people, "新的月份"))
    desk.advance(2)
    assert desk.ledger(people[0]) == ["第0次", "第1次", "第2次", "第3次", "新的月份"]


def test_to_everybody_four_times_a_month(desk: Any, people: list[Any]) -> None:
    desk.ask("/clock", {"iso": "2026-11-20T10:00:00+08:00"})
    codes = []
    for _turn in range(5):
        codes.append(desk.api(SENDALL, to_all())["errcode"])
        desk.advance(61)
    assert codes == [0, 0, 0, 0, 45028]


def test_a_subscription_account_sends_once_a_day_and_not_to_lists(make_desk: Any) -> None:
    desk = make_desk(kind="subscription")
    people = [desk.fan("甲"), desk.fan("乙")]
    assert desk.api(SEND, text_to(people))["errcode"] == 48001
    assert [desk.api(SENDALL, to_all())["errcode"] for _turn in range(2)] == [0, 45028]
    desk.advance(24 * 3600)
    assert desk.api(SENDALL, to_all())["errcode"] == 0


def test_sixty_a_minute_and_a_hundred_a_day(desk: Any, people: list[Any]) -> None:
    desk.ask("/clock", {"iso": "2026-11-20T10:00:01+08:00"})
    desk.ask("/limits", {f"minute:{SENDALL}": 3, f"day:{SENDALL}": 5})
    assert [desk.api(SEND, text_to(people))["errcode"] for _turn in range(4)] == [0, 0, 0, 45011]
    desk.advance(60)
    assert [desk.api(SEND, text_to(people))["errcode"] for _turn in range(2)] == [0, 45009]


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"touser": ["o1"], "msgtype": "text", "text": {"content": "x"}}, 40130),
        ({"touser": [f"o{n}" for n in range(10_001)], "msgtype": "text", "text": {"content": "x"}}, 40032),
        ({"touser": ["o1", "o2"], "msgtype": "text", "text": {"content": "x"}}, 40031),
        ({"touser": ["o1", "o2"], "msgtype": "news", "news": {}}, 45162),
        ({"touser": ["o1", "o2"], "msgtype": "wxcard", "wxcard": {}}, 45113),
        ({"touser": ["o1", "o2"], "msgtype": "mpnews", "mpnews": {"media_id": "gone"}}, 40007),
        ({"msgtype": "text", "text": {"content": "x"}}, 41009),
    ],
)
def test_wrong_lists_and_types(desk: Any, body: dict[str, Any], errcode: int) -> None:
    assert desk.api(SEND, body)["errcode"] == errcode


def test_an_unknown_tag_is_refused(desk: Any) -> None:
    body = {"filter": {"is_to_all": False, "tag_id": 999}, "msgtype": "text", "text": {"content": "x"}}
    assert desk.api(SENDALL, body)["errcode"] == 40152


@pytest.mark.parametrize(("protection", "code", "wait"), [("refuse", "err(40001)", 5), ("silent", "err(40002)", 1801)])
def test_to_everybody_under_protection(
    desk: Any, people: list[Any], told: Any, protection: str, code: str, wait: float
) -> None:
    desk.ask("/account", {"mass_protection": protection})
    assert desk.api(SENDALL, to_all())["errcode"] == 0
    desk.advance(wait)
    assert [event["Status"] for event in told()] == [code]
    assert desk.ledger() == []


def test_a_job_can_fail_in_whole_or_in_part(desk: Any, people: list[Any], told: Any) -> None:
    desk.ask("/faults", {"match": {"path": "*/mass/*", "nth": 1}, "action": {"kind": "mass_fail"}})
    desk.ask("/faults", {"match": {"path": "*/mass/*", "nth": 2}, "action": {"kind": "mass_errors", "count": 3}})
    desk.api(SEND, text_to(people))
    desk.api(SEND, text_to(people))
    failed, partly = told()
    assert (failed["Status"], failed["SentCount"]) == ("send fail", "0")
    assert [partly[name] for name in ("Status", "FilterCount", "SentCount", "ErrorCount")] == [
        "send success",
        "4",
        "1",
        "3",
    ]
    assert len(desk.ledger()) == 1


def test_the_speed_decides_when_a_big_job_reports(desk: Any, people: list[Any]) -> None:
    path = "/cgi-bin/message/mass/speed"
    assert desk.api(f"{path}/get", b"") == {"speed": 0, "realspeed": 80}
    assert [desk.api(f"{path}/set", body)["errcode"] for body in ({"speed": 4}, {"speed": 5}, {"a": 1})] == [
        0,
        45083,
        45084,
    ]
    assert desk.api(f"{path}/get", {})["realspeed"] == 10


def test_a_preview_reaches_one_and_costs_nothing(desk: Any, people: list[Any]) -> None:
    body = {"touser": people[0].openid, "msgtype": "text", "text": {"content": "先看看"}}
    assert desk.api("/cgi-bin/message/mass/preview", body)["errcode"] == 0
    by_name = {"towxname": people[1].name, "msgtype": "text", "text": {"content": "先看看"}}
    assert desk.api("/cgi-bin/message/mass/preview", by_name)["errcode"] == 0
    assert desk.ledger() == ["先看看", "先看看"]


def test_an_article_goes_out_once_and_its_draft_is_gone(desk: Any, people: list[Any], told: Any) -> None:
    cover = people[0].does("image")["message"]["payload"]["media_id"]
    article = {"title": "春茶上新", "content": "<p>…</p>", "digest": "明前龙井", "thumb_media_id": cover}
    media_id = desk.api("/cgi-bin/draft/add", {"articles": [article]})["media_id"]
    body = {"touser": [person.openid for person in people], "msgtype": "mpnews", "mpnews": {"media_id": media_id}}
    sent = desk.api(SEND, body)
    assert "msg_data_id" in sent
    (event,) = told()
    assert event["ArticleUrlResult"]["Count"] == "1"
    assert people[3].phone[-1]["payload"]["articles"][0]["title"] == "春茶上新"
    assert desk.api(SEND, body)["errcode"] == 40007
    assert desk.api("/cgi-bin/message/mass/delete", {"msg_id": sent["msg_id"]})["errcode"] == 0
    assert desk.api("/cgi-bin/message/mass/get", {"msg_id": sent["msg_id"]})["msg_status"] == "DELETE"
    assert desk.api("/cgi-bin/message/mass/delete", {"msg_id": 1})["errcode"] == 40059
