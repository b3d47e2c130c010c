"""What a fan's doing allows: customer messages and their buckets, on the sandbox's clock."""

from typing import Any

import pytest
from shop import at_once

CUSTOM = "/cgi-bin/message/custom/send"
HOUR = 3600


def test_a_message_allows_five_in_48_hours(desk: Any) -> None:
    mei = desk.fan("小美")
    assert desk.write(mei) == 45015
    mei.says("在吗")
    assert [desk.write(mei, f"第{number}条") for number in range(6)] == [0] * 5 + [45047]
    assert desk.ledger(mei) == [f"第{number}条" for number in range(5)]
    mei.says("还在吗")
    desk.advance(48 * HOUR - 5)
    assert desk.write(mei) == 0
    desk.advance(10)
    assert desk.write(mei) == 45015


def test_a_follow_and_a_scan_allow_three_in_a_minute(desk: Any) -> None:
    desk.api(
        "/cgi-bin/qrcode/create", {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "a"}}}
    )
    mei = desk.person("小美")
    mei.does("follow")
    assert [desk.write(mei) for _turn in range(4)] == [0, 0, 0, 45047]
    desk.advance(30)
    mei.does("scan", scene="a")
    assert [desk.write(mei) for _turn in range(4)] == [0, 0, 0, 45047]
    desk.advance(61)
    assert desk.write(mei) == 45015


def test_every_trigger_has_its_own_bucket_and_the_soonest_is_used_first(desk: Any) -> None:
    buttons = {"button": [{"type": "click", "name": "积分", "key": "POINTS"}]}
    assert desk.api("/cgi-bin/menu/create", buttons)["errcode"] == 0
    mei = desk.fan("小美")
    mei.says("你好")
    mei.does("menu", key="POINTS")
    assert [desk.write(mei) for _turn in range(3)] == [0, 0, 0]
    desk.advance(61)  # the menu's three were used up, the message's five are whole
    assert [desk.write(mei) for _turn in range(6)] == [0] * 5 + [45047]


def test_opening_a_page_from_the_menu_allows_nothing(desk: Any) -> None:
    address = "https://shop.example/m"
    desk.api("/cgi-bin/menu/create", {"button": [{"type": "view", "name": "商城", "url": address}]})
    mei = desk.fan("小美")
    mei.does("menu", key=address)
    assert desk.write(mei) == 45015


def test_a_tap_in_a_msgmenu_is_worth_a_menu_tap(desk: Any) -> None:
    mei = desk.fan("小美")
    mei.does("choose", menu_id="s1", content="满意")
    assert [desk.write(mei) for _turn in range(4)] == [0, 0, 0, 45047]
    desk.advance(61)
    assert desk.write(mei) == 45015
    desk.ask("/limits", {"msgmenu_tap_opens_message_window": 1})
    mei.does("choose", menu_id="s1", content="满意")
    desk.advance(61)
    assert desk.write(mei) == 0


def test_a_payment_allows_any_number(desk: Any) -> None:
    mei = desk.fan("小美")
    mei.does("pay")
    assert [desk.write(mei) for _turn in range(30)] == [0] * 30


def test_who_cannot_be_written_to(desk: Any) -> None:
    stranger, gone = desk.person("路人"), desk.fan("走了")
    gone.says("再见")
    gone.does("unfollow")
    blocked, refusing, minor = desk.fan("拉黑"), desk.fan("勿扰"), desk.fan("孩子")
    blocked.does("set", blocked=True)
    refusing.does("set", refuses=True)
    minor.does("set", minor=True)
    codes = [desk.write(person) for person in (stranger, gone, blocked, refusing, minor)]
    assert codes == [43004, 45015, 43019, 48002, 70000]
    assert desk.ledger() == []


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"msgtype": "text", "text": {"content": "x"}}, 41009),
        ({"touser": "oNobody", "msgtype": "text", "text": {"content": "x"}}, 40003),
        ({"touser": "o", "msgtype": "poem", "poem": {}}, 40008),
        ({"touser": "o", "msgtype": "text"}, 44004),
        ({"touser": "o", "msgtype": "text", "text": {"content": ""}}, 44004),
        ({"touser": "o", "msgtype": "text", "text": {"content": "好" * 683}}, 45002),
        ({"touser": "o", "msgtype": "image", "image": {}}, 41006),
        ({"touser": "o", "msgtype": "image", "image": {"media_id": "gone"}}, 40007),
        ({"touser": "o", "msgtype": "news", "news": {"articles": []}}, 44003),
        ({"touser": "o", "msgtype": "news", "news": {"articles": [{"title": "a"}, {"title": "b"}]}}, 45008),
        ({"touser": "o", "msgtype": "msgmenu", "msgmenu": {"list": []}}, 40035),
        ({"touser": "o", "msgtype": "mpnewsarticle", "mpnewsarticle": {"article_id": "x"}}, 53600),
    ],
)
def test_a_wrong_message_is_refused_before_the_fan_is_looked_at(desk: Any, body: dict[str, Any], errcode: int) -> None:
    assert desk.api(CUSTOM, body)["errcode"] == errcode


def test_cards_menus_and_pictures_reach_the_phone(desk: Any) -> None:
    mei = desk.fan("小美")
    mei.says("你好")
    sent = mei.does("image", filename="a.png")["message"]
    media_id = sent["payload"]["media_id"]
    menu = {"head_content": "满意吗?", "list": [{"id": "1", "content": "满意"}, {"id": "2", "content": "不满意"}]}
    article = {
        "title": "上新",
        "description": "春茶",
        "url": "https://a.example/1",
        "picurl": "https://a.example/1.jpg",
    }
    for msgtype, branch in (("msgmenu", menu), ("news", {"articles": [article]}), ("image", {"media_id": media_id})):
        assert desk.api(CUSTOM, {"touser": mei.openid, "msgtype": msgtype, msgtype: branch})["errcode"] == 0
    shown = mei.phone[-3:]
    assert [message["type"] for message in shown] == ["msgmenu", "news", "image"]
    assert shown[0]["payload"]["list"] == menu["list"]
    assert shown[1]["payload"]["articles"] == [article]
    assert {message["via"] for message in shown} == {"custom"}
    assert desk.raw("GET", shown[2]["payload"]["url"].partition("1/")[2] or "/").status_code in (200, 302)


def test_many_at_once_never_get_more_than_the_allowance(desk: Any) -> None:
    mei = desk.fan("小美")
    mei.says("你好")
    token, body = desk.token(), {"touser": mei.openid, "msgtype": "text", "text": {"content": "x"}}
    codes = at_once(*[lambda: desk.api(CUSTOM, body, token=token)["errcode"]] * 8)
    assert sorted(codes) == [0] * 5 + [45047] * 3
    assert len(desk.ledger(mei)) == 5


def test_typing_needs_a_recent_word_and_is_not_repeated(desk: Any) -> None:
    mei, path = desk.fan("小美"), "/cgi-bin/message/custom/typing"
    typing = {"touser": mei.openid, "command": "Typing"}
    assert desk.api(path, typing)["errcode"] == 45080
    mei.says("你好")
    assert [desk.api(path, typing)["errcode"] for _turn in range(2)] == [0, 45081]
    assert desk.api(path, typing | {"command": "Sing"})["errcode"] == 45072
    assert desk.api(path, typing | {"command": "CancelTyping"})["errcode"] == 0
    desk.advance(31)
    assert desk.api(path, typing)["errcode"] == 45080
