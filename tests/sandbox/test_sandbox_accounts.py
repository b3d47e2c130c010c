"""Menus, QR codes, media, templates, notices and articles: the account's own furniture."""

import io
import json
from typing import Any

import pytest

CREATE = "/cgi-bin/menu/create"
CLICK = {"type": "click", "name": "积分", "key": "POINTS"}


def test_a_menu_is_made_shown_and_taken_away(desk: Any) -> None:
    assert desk.api("/cgi-bin/menu/get")["errcode"] == 46003
    sub = {"name": "更多", "sub_button": [CLICK, {"type": "view", "name": "商城", "url": "https://a.example/"}]}
    assert desk.api(CREATE, {"button": [CLICK, sub]})["errcode"] == 0
    assert desk.api("/cgi-bin/menu/get")["menu"]["button"][1]["sub_button"][0]["key"] == "POINTS"
    assert desk.ask("/state")["menu"]["button"][0]["name"] == "积分"
    shown = desk.api("/cgi-bin/get_current_selfmenu_info")
    assert shown["selfmenu_info"]["button"][1]["sub_button"]["list"][1]["url"] == "https://a.example/"
    assert desk.api("/cgi-bin/menu/delete")["errcode"] == 0
    assert desk.ask("/state")["menu"] is None


@pytest.mark.parametrize(
    ("buttons", "errcode"),
    [
        ([], 40016),
        ([CLICK] * 4, 40016),
        ([CLICK | {"name": "六个汉字太长"}], 40018),
        ([CLICK | {"type": "fly"}], 40017),
        ([CLICK | {"key": ""}], 40019),
        ([{"type": "view", "name": "商城"}], 40020),
        ([{"name": "更多", "sub_button": [CLICK] * 6}], 40023),
        ([{"name": "更多", "sub_button": [CLICK | {"name": "字" * 21}]}], 40025),
        ([{"name": "更多", "sub_button": [{"name": "a", "sub_button": [CLICK]}]}], 40022),
        ([{"name": "更多", "sub_button": [CLICK | {"type": ""}]}], 40024),
    ],
)
def test_wrong_menus(desk: Any, buttons: list[Any], errcode: int) -> None:
    assert desk.api(CREATE, {"button": buttons})["errcode"] == errcode


def test_a_menu_is_sent_in_plain_characters(desk: Any) -> None:
    assert desk.api(CREATE, json.dumps({"button": [CLICK]}).encode())["errcode"] == 40033


def test_conditional_menus_match_by_the_last_tag(desk: Any) -> None:
    path = "/cgi-bin/menu/addconditional"
    vip = desk.api("/cgi-bin/tags/create", {"tag": {"name": "VIP"}})["tag"]["id"]
    other = desk.api("/cgi-bin/tags/create", {"tag": {"name": "新客"}})["tag"]["id"]
    special = {"button": [CLICK | {"name": "专享"}], "matchrule": {"tag_id": str(vip)}}
    assert desk.api(path, special)["errcode"] == 65303
    desk.api(CREATE, {"button": [CLICK]})
    assert desk.api(path, special | {"matchrule": {"sex": "1"}})["errcode"] == 65320
    assert desk.api(path, special | {"matchrule": {}})["errcode"] == 65304
    menu_id = desk.api(path, special)["menuid"]
    mei = desk.fan("小美")

    def sees() -> str:
        return desk.api("/cgi-bin/menu/trymatch", {"user_id": mei.openid})["button"][0]["name"]

    seen = [sees()]
    for tag in (vip, other):
        desk.api("/cgi-bin/tags/members/batchtagging", {"openid_list": [mei.openid], "tagid": tag})
        seen.append(sees())
    assert seen == ["积分", "专享", "积分"]
    assert desk.api("/cgi-bin/menu/delconditional", {"menuid": menu_id})["errcode"] == 0
    assert desk.api("/cgi-bin/menu/delconditional", {"menuid": menu_id})["errcode"] == 65301


def test_conditional_menus_link_to_three_domains(desk: Any) -> None:
    desk.api(CREATE, {"button": [CLICK]})
    codes = []
    for number in range(4):
        view = {"type": "view", "name": "去", "url": f"https://d{number}.example/"}
        body = {"button": [view], "matchrule": {"client_platform_type": "1"}}
        codes.append(desk.api("/cgi-bin/menu/addconditional", body).get("errcode"))
    assert codes == [None, None, None, 65316]


def scene(name: str, value: str | int, **more: Any) -> dict[str, Any]:
    kind = "scene_str" if "STR" in name else "scene_id"
    return {"action_name": name, "action_info": {"scene": {kind: value}}} | more


def test_codes_live_as_long_as_they_say(desk: Any) -> None:
    made = desk.api("/cgi-bin/qrcode/create", scene("QR_STR_SCENE", "poster", expire_seconds=100))
    assert (made["expire_seconds"], len(desk.ask("/state")["channels"])) == (100, 1)
    picture = desk.raw("GET", "/cgi-bin/showqrcode", query_string={"ticket": made["ticket"]})
    assert (picture.status_code, picture.content_type, picture.data[:4]) == (200, "image/png", b"\x89PNG")
    mei = desk.person("小美")
    desk.advance(101)
    assert desk.raw("GET", "/cgi-bin/showqrcode", query_string={"ticket": made["ticket"]}).status_code == 404
    refused = desk.raw("POST", f"/_sandbox/people/{mei.openid}/scan", json={"scene": "poster"})
    assert (refused.status_code, "poster" in refused.get_json()["error"]) == (409, True)


def test_the_scene_stands_in_the_fans_entry(desk: Any) -> None:
    desk.api("/cgi-bin/qrcode/create", scene("QR_LIMIT_SCENE", 7))
    desk.api("/cgi-bin/qrcode/create", scene("QR_LIMIT_STR_SCENE", "门店海报"))
    one, two = desk.person("甲"), desk.person("乙")
    one.does("follow", scene=7)
    two.does("follow", scene="门店海报")
    shown = [desk.api("/cgi-bin/user/info", openid=person.openid) for person in (one, two)]
    assert [(entry["qr_scene"], entry["qr_scene_str"]) for entry in shown] == [(7, ""), (0, "门店海报")]
    assert shown[0]["subscribe_scene"] == "ADD_SCENE_QR_CODE"


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (scene("QR_NONSENSE", 1), 40052),
        (scene("QR_SCENE", 0), 40053),
        (scene("QR_SCENE", 2**32), 40053),
        (scene("QR_LIMIT_SCENE", 100_001), 40053),
        (scene("QR_STR_SCENE", "长" * 65), 40053),
        (scene("QR_STR_SCENE", "a", expire_seconds=2_592_001), 40053),
        ({"action_name": "QR_SCENE"}, 40053),
    ],
)
def test_wrong_codes(desk: Any, body: dict[str, Any], errcode: int) -> None:
    assert desk.api("/cgi-bin/qrcode/create", body)["errcode"] == errcode


def test_permanent_codes_run_out(desk: Any) -> None:
    desk.ask("/limits", {"qr_permanent": 1})
    answers = [desk.api("/cgi-bin/qrcode/create", scene("QR_LIMIT_STR_SCENE", name)) for name in ("a", "a", "b")]
    assert answers[0]["ticket"] == answers[1]["ticket"]
    assert answers[2]["errcode"] == 40053


def test_what_only_service_accounts_may_do(make_desk: Any) -> None:
    desk = make_desk(kind="subscription")
    for path in ("/cgi-bin/qrcode/create", "/cgi-bin/message/template/send", "/cgi-bin/message/subscribe/bizsend"):
        assert desk.api(path, {})["errcode"] == 48001
    assert "total" in desk.api("/cgi-bin/user/get")


def upload(desk: Any, path: str, kind: str, filename: str, content: bytes = b"x" * 10, **form: str) -> Any:
    query = {"access_token": desk.token(), "type": kind}
    sent = {"media": (io.BytesIO(content), filename)} | form
    return desk.raw("POST", path, query_string=query, data=sent, content_type="multipart/form-data").get_json(
        force=True
    )


def test_temporary_media_last_three_days(desk: Any) -> None:
    path = "/cgi-bin/media/upload"
    made = upload(desk, path, "image", "春.png", b"\x89PNG...")
    assert made["type"] == "image"
    got = desk.raw(
        "GET", "/cgi-bin/media/get", query_string={"access_token": desk.token(), "media_id": made["media_id"]}
    )
    assert (got.data, got.content_type) == (b"\x89PNG...", "image/png")
    desk.advance(3 * 24 * 3600)
    assert desk.api("/cgi-bin/media/get", media_id=made["media_id"])["errcode"] == 40007
    assert upload(desk, path, "thumb", "a.jpg", b"x" * 65537)["errcode"] == 45001
    assert upload(desk, path, "voice", "a.png")["errcode"] == 40005
    assert upload(desk, path, "poem", "a.png")["errcode"] == 40004
    assert (
        desk.raw("POST", path, query_string={"access_token": desk.token(), "type": "image"}).get_json(force=True)[
            "errcode"
        ]
        == 41005
    )


def test_permanent_media_stay_while_a_menu_shows_them(desk: Any) -> None:
    made = upload(desk, "/cgi-bin/material/add_material", "image", "a.png")
    assert made["url"].startswith("http")
    desk.api(CREATE, {"button": [{"type": "media_id", "name": "图", "media_id": made["media_id"]}]})
    assert desk.api("/cgi-bin/material/del_material", {"media_id": made["media_id"]})["errcode"] == 48005
    desk.api("/cgi-bin/menu/delete")
    listed = desk.api("/cgi-bin/material/batchget_material", {"type": "image", "offset": 0, "count": 20})
    assert (listed["total_count"], listed["item"][0]["media_id"]) == (1, made["media_id"])
    assert desk.api("/cgi-bin/material/get_materialcount")["image_count"] == 1
    assert desk.api("/cgi-bin/material/del_material", {"media_id": made["media_id"]})["errcode"] == 0
    assert desk.api("/cgi-bin/material/get_material", {"media_id": made["media_id"]})["errcode"] == 40007
    picture = upload(desk, "/cgi-bin/media/uploadimg", "", "a.png")["url"]
    assert desk.raw("GET", "/" + picture.split("/", 3)[3]).data == b"x" * 10


def template_of(desk: Any, title: str) -> str:
    listed = desk.api("/cgi-bin/template/get_all_private_template")["template_list"]
    return next(entry["template_id"] for entry in listed if entry["title"] == title)


APPOINTMENT = {
    "thing1": {"value": "面部护理"},
    "time2": {"value": "2026年11月23日 15:00"},
    "thing3": {"value": "总店"},
}


def test_a_template_reaches_who_follows_and_reports(desk: Any, shop: Any) -> None:
    template_id = template_of(desk, "预约提醒")
    mei, refusing = desk.fan("小美"), desk.fan("勿扰")
    refusing.does("set", refuses=True)
    desk.ask("/account", {"callback_url": shop.url, "mode": "plain"})
    shop.got.clear()
    body = {"touser": mei.openid, "template_id": template_id, "data": APPOINTMENT, "client_msg_id": "a1"}
    sent = desk.api("/cgi-bin/message/template/send", body)
    assert desk.api("/cgi-bin/message/template/send", body)["msgid"] == sent["msgid"]
    desk.api("/cgi-bin/message/template/send", body | {"touser": refusing.openid, "client_msg_id": "a2"})
    assert mei.phone[-1]["payload"]["data"] == APPOINTMENT
    assert [entry["via"] for entry in desk.ask("/ledger")["entries"]] == ["template"]
    desk.advance(2)
    events = {got.fields["MsgID"]: got.fields["Status"] for got in shop.wait_for(2)}
    assert events == {str(sent["msgid"]): "success", str(sent["msgid"] + 1): "failed:user block"}


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"template_id": "nope"}, 40037),
        ({"data": {}}, 47003),
        ({"data": APPOINTMENT | {"thing1": {"value": "字" * 21}}}, 47003),
        ({"touser": "oNobody"}, 40003),
    ],
)
def test_wrong_templates(desk: Any, changes: dict[str, Any], errcode: int) -> None:
    mei = desk.fan("小美")
    body = {"touser": mei.openid, "template_id": template_of(desk, "预约提醒"), "data": APPOINTMENT}
    answer = desk.api("/cgi-bin/message/template/send", body | changes)
    assert answer["errcode"] == errcode
    assert ("thing1" in answer["errmsg"]) == (errcode == 47003)


def test_templates_come_from_the_library_and_go_again(desk: Any) -> None:
    added = desk.api("/cgi-bin/template/api_add_template", {"template_id_short": "SB0004"})["template_id"]
    assert template_of(desk, "活动报名成功通知") == added
    assert desk.api("/cgi-bin/template/del_private_template", {"template_id": added})["errcode"] == 0
    assert desk.api("/cgi-bin/template/api_add_template", {"template_id_short": "none"})["errcode"] == 40037


def test_every_accept_buys_one_notice(desk: Any) -> None:
    template_id, mei = template_of(desk, "预约提醒"), desk.person("小美")
    body = {"touser": mei.openid, "template_id": template_id, "data": APPOINTMENT}
    assert desk.api("/cgi-bin/message/subscribe/bizsend", body)["errcode"] == 43101
    chosen = {"TemplateId": template_id, "SubscribeStatusString": "accept", "PopupScene": 1}
    event = {"Event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": {"List": [chosen]}}
    mei.does("event", event=event)
    assert [desk.api("/cgi-bin/message/subscribe/bizsend", body)["errcode"] for _turn in range(2)] == [0, 43101]


def test_a_draft_is_published_and_its_card_can_be_sent(desk: Any, shop: Any) -> None:
    mei = desk.fan("小美")
    cover = mei.does("image")["message"]["payload"]["media_id"]
    article = {"title": "春茶上新", "content": "<p>…</p>", "thumb_media_id": cover}
    media_id = desk.api("/cgi-bin/draft/add", {"articles": [article]})["media_id"]
    assert desk.api("/cgi-bin/draft/count")["total_count"] == 1
    desk.ask("/account", {"callback_url": shop.url, "mode": "plain"})
    shop.got.clear()
    publish_id = desk.api("/cgi-bin/freepublish/submit", {"media_id": media_id})["publish_id"]
    assert desk.api("/cgi-bin/freepublish/submit", {"media_id": media_id})["errcode"] == 53503
    desk.advance(3)
    told = shop.wait_for(1)[0].fields["PublishEventInfo"]
    assert (told["publish_id"], told["publish_status"]) == (publish_id, "0")
    body = {"touser": mei.openid, "msgtype": "mpnewsarticle", "mpnewsarticle": {"article_id": told["article_id"]}}
    assert desk.api("/cgi-bin/message/custom/send", body)["errcode"] == 0
    assert mei.texts[-1] == "[图文] 春茶上新"


def test_where_the_platform_calls_from(desk: Any) -> None:
    assert "127.0.0.1" in desk.api("/cgi-bin/getcallbackip")["ip_list"]
    assert desk.api("/cgi-bin/get_api_domain_ip")["ip_list"]
    assert desk.api("/cgi-bin/callback/check", {"action": "all", "check_operator": "DEFAULT"}).keys() == {"dns", "ping"}
    assert desk.api("/cgi-bin/callback/check", {"action": "dance"})["errcode"] == 40035
