"""The company's customers: lists and pages, remarks, tags, codes to scan, welcomes, group-send tasks, groups, events."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from office import Office, code_of

DAY = 86400


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    office.at("2026-09-21T10:00:00+08:00")
    for userid in ("laoban", "xiaoli"):
        office.member(userid)
    yield office
    office.close()


def task(office: Office, *customers: str, sender: str = "laoban", **more: Any) -> Any:
    body = {"external_userid": list(customers), "sender": sender, "text": {"content": "周末有茶"}} | more
    return office.customers("add_msg_template", {name: value for name, value in body.items() if value})


def results(office: Office, msgid: str, userid: str = "laoban") -> dict[str, int]:
    answer = office.customers("get_groupmsg_send_result", {"msgid": msgid, "userid": userid})
    return {row.get("external_userid") or row["chat_id"]: row["status"] for row in answer["send_list"]}


def test_who_serves_whom(office: Office) -> None:
    mei, fang = office.contact("小美", "laoban", "xiaoli", days_ago=9), office.contact("小芳", "laoban")
    office.member("waiter", serves=False)
    assert office.customers("get_follow_user_list")["follow_user"] == ["laoban", "xiaoli"]
    assert office.customers("list", userid="laoban")["external_userid"] == [mei, fang]
    assert code_of(office.customers("list", userid="waiter")) == 84074
    assert code_of(office.customers("list", userid="nobody")) == 60111
    shown = office.customers("get", external_userid=mei)
    assert shown["external_contact"]["name"] == "小美"
    assert [one["userid"] for one in shown["follow_user"]] == ["laoban", "xiaoli"]
    assert code_of(office.customers("get", external_userid="wmNobody")) == 40096
    assert code_of(office.customers("list", userid="xiaoli")) == 0
    office.does(mei, "remove", member="xiaoli")
    assert code_of(office.customers("list", userid="xiaoli")) == 84061


def test_many_come_in_pages(office: Office) -> None:
    for number in range(5):
        office.contact(f"客{number}", "laoban", "xiaoli")
    body: dict[str, Any] = {"userid_list": ["laoban", "xiaoli"], "limit": 4}
    seen: list[str] = []
    while True:
        answer = office.customers("batch/get_by_user", body)
        seen += [row["follow_info"]["userid"] for row in answer["external_contact_list"]]
        if not answer["next_cursor"]:
            break
        body["cursor"] = answer["next_cursor"]
    assert (seen.count("laoban"), seen.count("xiaoli")) == (5, 5)
    assert code_of(office.customers("batch/get_by_user", body | {"limit": 101})) == 40058
    assert code_of(office.customers("batch/get_by_user", body | {"cursor": "old"})) == 40058
    office.fault({"kind": "unlicensed"}, path="*get_by_user")
    assert code_of(office.customers("batch/get_by_user", body)) == 701008


def test_a_remark_made_by_a_call_is_told_to_nobody(office: Office) -> None:
    mei, known = office.contact("小美", "laoban"), {"userid": "laoban"}
    known["external_userid"] = mei
    assert code_of(office.customers("remark", known | {"remark": "美姐", "remark_mobiles": ["13800138000"]})) == 0
    (follower,) = office.customers("get", external_userid=mei)["follow_user"]
    assert (follower["remark"], follower["remark_mobiles"]) == ("美姐", ["13800138000"])
    office.customers("remark", known | {"remark_mobiles": [""]})
    assert office.customers("get", external_userid=mei)["follow_user"][0]["remark_mobiles"] == []
    assert code_of(office.customers("remark", known)) == 40058
    assert code_of(office.customers("remark", known | {"remark": "长" * 21})) == 40058
    assert code_of(office.customers("remark", known | {"userid": "xiaoli", "remark": "x"})) == 84061
    assert office.pushes == []
    office.does(mei, "edit", member="laoban", remark="小美姐")
    assert office.pushes[-1]["ChangeType"] == "edit_external_contact"


def test_tags_are_made_worn_and_forgotten(office: Office) -> None:
    mei = office.contact("小美", "laoban")
    add = {"group_name": "熟客", "tag": [{"name": "VIP"}, {"name": "意向A"}, {"name": "VIP"}]}
    made = office.customers("add_corp_tag", add)["tag_group"]
    assert [tag["name"] for tag in made["tag"]] == ["VIP", "意向A"]
    again = office.customers("add_corp_tag", {"group_name": "熟客", "tag": [{"name": "VIP"}]})["tag_group"]
    vip, hot = made["tag"][0]["id"], made["tag"][1]["id"]
    assert (again["group_id"], again["tag"][0]["id"]) == (made["group_id"], vip)
    whose = {"userid": "laoban", "external_userid": mei}
    assert code_of(office.customers("mark_tag", whose | {"add_tag": [vip, hot]})) == 0
    assert code_of(office.customers("mark_tag", whose | {"add_tag": ["etNone"]})) == 40068
    assert code_of(office.customers("mark_tag", whose)) == 40058
    worn = office.customers("get", external_userid=mei)["follow_user"][0]["tags"]
    assert [tag["tag_name"] for tag in worn] == ["VIP", "意向A"]
    assert code_of(office.customers("edit_corp_tag", {"id": hot, "name": "VIP"})) == 40071
    assert code_of(office.customers("edit_corp_tag", {"id": hot, "name": "意向B"})) == 0
    assert office.pushes == []
    foreign = office.ask("/corp/tags", {"doing": "create", "group": "后台", "name": "老客"})["id"]
    assert (office.pushes[-1]["ChangeType"], office.pushes[-1]["Id"]) == ("create", foreign)
    assert code_of(office.customers("del_corp_tag", {"tag_id": [foreign]})) == 60011
    assert code_of(office.customers("del_corp_tag", {"tag_id": [vip, hot]})) == 0
    assert [group["group_name"] for group in office.customers("get_corp_tag_list", {})["tag_group"]] == ["后台"]
    assert office.customers("get", external_userid=mei)["follow_user"][0]["tags"] == []


def test_adding_and_leaving_is_told_with_a_welcome_code_of_twenty_seconds(office: Office) -> None:
    mei = office.contact("小美")
    office.does(mei, "add", member="laoban", state="shop_door")
    event = office.pushes[-1]
    assert (event["ChangeType"], event["State"], event["UserID"]) == ("add_external_contact", "shop_door", "laoban")
    assert "AgentID" not in office.envelopes[-1]
    welcome = {"welcome_code": event["WelcomeCode"], "text": {"content": "欢迎"}}
    assert code_of(office.customers("send_welcome_msg", {"welcome_code": event["WelcomeCode"]})) == 40058
    assert code_of(office.customers("send_welcome_msg", welcome)) == 0
    assert code_of(office.customers("send_welcome_msg", welcome)) == 41051
    assert office.texts(mei) == ["欢迎"]
    office.does(mei, "leave", member="laoban")
    assert office.pushes[-1]["ChangeType"] == "del_follow_user"
    assert office.customers("list", userid="laoban")["external_userid"] == [mei]  # he is still in the member's list
    office.does(mei, "remove", member="laoban")
    assert office.pushes[-1]["ChangeType"] == "del_external_contact"
    assert code_of(office.customers("get", external_userid=mei)) == 84061
    office.does(mei, "add", member="xiaoli")
    office.later(21)
    late = {"welcome_code": office.pushes[-1]["WelcomeCode"], "text": {"content": "欢迎"}}
    assert code_of(office.customers("send_welcome_msg", late)) == 41050
    fang = office.contact("小芳")
    office.does(fang, "add", member="xiaoli")
    office.does(fang, "talk", member="xiaoli")
    late["welcome_code"] = office.pushes[-1]["WelcomeCode"]
    assert code_of(office.customers("send_welcome_msg", late)) == 41051


def test_any_change_event_may_be_told(office: Office) -> None:
    mei = office.contact("小美", "laoban")
    fields = {"Event": "change_external_contact", "ChangeType": "transfer_fail", "UserID": "xiaoli"}
    office.ask("/corp/event", {"event": fields | {"ExternalUserID": mei, "FailReason": "customer_refused"}})
    assert (office.pushes[-1]["FailReason"], office.pushes[-1]["FromUserName"]) == ("customer_refused", "sys")


def test_half_added_is_no_customer_yet_and_a_code_used_there_comes_no_second_time(office: Office) -> None:
    mei = office.contact("小美")
    office.does(mei, "half_add", member="laoban")
    assert office.pushes[-1]["ChangeType"] == "add_half_external_contact"
    assert code_of(office.customers("get", external_userid=mei)) == 84061
    welcome = {"welcome_code": office.pushes[-1]["WelcomeCode"], "text": {"content": "欢迎"}}
    assert code_of(office.customers("send_welcome_msg", welcome)) == 0
    office.does(mei, "add", member="laoban")
    assert "WelcomeCode" not in office.pushes[-1]
    assert code_of(office.customers("get", external_userid=mei)) == 0


def test_codes_to_scan(office: Office) -> None:
    way = {"type": 2, "scene": 2, "user": ["laoban", "xiaoli"], "state": "shop_door", "remark": "门店"}
    config_id = office.customers("add_contact_way", way)["config_id"]
    office.member("new", activated=False)
    assert code_of(office.customers("add_contact_way", way | {"user": ["new"]})) == 41054
    assert code_of(office.customers("add_contact_way", way | {"type": 1})) == 40058
    assert code_of(office.customers("add_contact_way", way | {"state": "x" * 31})) == 40058
    for name, member in (("小美", "laoban"), ("小芳", "xiaoli")):
        office.does(office.contact(name), "scan", way=config_id)
        assert (office.pushes[-1]["UserID"], office.pushes[-1]["State"]) == (member, "shop_door")
    update = {"config_id": config_id, "user": ["xiaoli"]}
    assert code_of(office.customers("update_contact_way", update)) == 0
    shown = office.customers("get_contact_way", {"config_id": config_id})["contact_way"]
    assert (shown["user"], shown["remark"]) == (["xiaoli"], "门店")
    assert office.customers("list_contact_way", {})["contact_way"] == [{"config_id": config_id}]
    office.customers("del_contact_way", {"config_id": config_id})
    assert code_of(office.customers("get_contact_way", {"config_id": config_id})) == 41056


def test_a_task_waits_for_the_member(office: Office) -> None:
    mei, fang, hui = (office.contact(name, "laoban") for name in ("小美", "小芳", "小慧"))
    stranger = office.contact("路人")
    answer = task(office, mei, fang, hui, stranger)
    msgid = answer["msgid"]
    assert (answer["errcode"], answer["fail_list"]) == (0, [stranger])
    assert code_of(office.customers("get_groupmsg_task", {"msgid": msgid})) == 41063
    assert office.texts(mei) == []
    office.later(2)
    (row,) = office.customers("get_groupmsg_task", {"msgid": msgid})["task_list"]
    assert row == {"userid": "laoban", "status": 0}
    office.does("laoban", "part", count=1)
    assert results(office, msgid) == {mei: 1, fang: 0, hui: 0}
    office.does(fang, "leave", member="laoban")
    office.does("laoban", "confirm")
    assert results(office, msgid) == {mei: 1, fang: 2, hui: 1}
    assert (office.texts(mei), office.texts(fang), office.texts(hui)) == (["周末有茶"], [], ["周末有茶"])
    assert office.customers("get_groupmsg_task", {"msgid": msgid})["task_list"][0]["status"] == 2
    office.ask("/corp/members/laoban/confirm", {"task": msgid}, 409)


def test_a_task_may_be_chosen_from_cancelled_and_reminded_three_times(office: Office) -> None:
    mei, fang = office.contact("小美", "laoban"), office.contact("小芳", "laoban")
    chosen = task(office, mei, fang)["msgid"]
    office.later(2)
    office.does("laoban", "confirm", only=[fang])
    assert results(office, chosen) == {mei: 0, fang: 1}
    second = task(office, mei, fang, text={"content": "二"})["msgid"]
    office.later(2)
    reminded = [code_of(office.customers("remind_groupmsg_send", {"msgid": second})) for _ in range(4)]
    assert reminded == [0, 0, 0, 41094]
    office.does("laoban", "part", count=1)
    assert code_of(office.customers("cancel_groupmsg_send", {"msgid": second})) == 0
    assert (results(office, second), office.tasks("laoban")) == ({mei: 1, fang: 0}, [])
    now = int(office.platform.clock.now())
    span = {"chat_type": "single", "start_time": now - 60, "end_time": now}
    listed = office.customers("get_groupmsg_list_v2", span)["group_msg_list"]
    assert [one["msgid"] for one in listed] == [second, chosen]
    assert "creator" not in listed[0]  # tasks made by a call have none
    assert office.customers("get_groupmsg_list_v2", span | {"creator": "laoban"})["group_msg_list"] == []
    assert code_of(office.customers("get_groupmsg_list_v2", span | {"start_time": now - 32 * DAY})) == 40058


def test_what_a_task_may_not_be(office: Office) -> None:
    mei = office.contact("小美", "laoban")
    assert code_of(task(office, mei, text=None)) == 40058
    assert code_of(task(office, mei, text={"content": "长" * 1334})) == 40058
    assert code_of(task(office, *(f"wm{number}" for number in range(10_001)))) == 40058
    assert code_of(task(office, mei, attachments=[{"msgtype": "link"}] * 10)) == 41064
    nobody = task(office, office.contact("路人"))
    assert (nobody["errcode"], len(nobody["fail_list"])) == (41048, 1)
    assert code_of(task(office, mei, sender="nobody")) == 60111
    assert code_of(office.customers("add_msg_template", {"text": {"content": "谁"}})) == 40058


def test_without_a_sender_it_goes_through_who_talked_last(office: Office) -> None:
    mei = office.contact("小美", "laoban", "xiaoli")
    office.does(mei, "talk", member="laoban")
    office.later(5)
    task(office, mei, sender="")
    assert ([len(office.tasks(one)) for one in ("laoban", "xiaoli")]) == [1, 0]


@pytest.mark.parametrize(("rule", "many"), [("month_days", 30), ("seven_a_week", 7)])
def test_a_customer_gets_no_more_than_the_rule_allows(office: Office, rule: str, many: int) -> None:
    office.ask("/corp/account", {"receive_rule": rule})
    office.at("2026-09-21T10:00:00+08:00" if rule == "seven_a_week" else "2026-09-30T10:00:00+08:00")
    mei = office.contact("小美", "laoban")
    statuses = []
    for number in range(many + 1):
        statuses += _send_one(office, mei, str(number))
        office.later(60)
    assert statuses == [1] * many + [3]
    office.at("2026-10-01T00:00:01+08:00")
    assert _send_one(office, mei, "next") == [1]


def test_one_a_day_is_another_rule(office: Office) -> None:
    office.ask("/corp/account", {"receive_rule": "one_a_day"})
    mei = office.contact("小美", "laoban")
    assert _send_one(office, mei, "1") + _send_one(office, mei, "2") == [1, 3]
    office.at("2026-09-22T00:00:01+08:00")
    assert _send_one(office, mei, "3") == [1]


def _send_one(office: Office, customer: str, words: str) -> list[int]:
    task(office, customer, text={"content": words})
    done = office.ask("/corp/members/laoban/confirm", {})
    return [one["status"] for one in done["customers"]]


def test_groups_are_told_listed_and_written_to(office: Office) -> None:
    mei, fang = office.contact("小美", "laoban"), office.contact("小芳", "laoban")
    chat = office.ask("/corp/chats", {"name": "老客群", "owner": "laoban", "members": [mei]})["chat"]["id"]
    assert (office.pushes[-1]["Event"], office.pushes[-1]["ChangeType"]) == ("change_external_chat", "create")
    way = {"scene": 2, "chat_id_list": [chat], "state": "door", "room_base_name": "老客群"}
    config_id = office.customers("groupchat/add_join_way", way)["config_id"]
    office.does(fang, "scan", way=config_id)
    joined = office.pushes[-1]
    assert (joined["UpdateDetail"], joined["JoinScene"], joined["MemChangeList"]["Item"]) == ("add_member", "3", fang)
    shown = office.customers("groupchat/get", {"chat_id": chat, "need_name": 1})["group_chat"]
    assert shown["member_version"] == joined["CurMemVer"]
    assert [one["name"] for one in shown["member_list"]] == ["laoban", "小美", "小芳"]
    assert (shown["member_list"][2]["state"], shown["member_list"][1]["invitor"]) == ("door", {"userid": "laoban"})
    office.fault({"kind": "stale_chat"}, path="*groupchat/get", times=1)
    stale = office.customers("groupchat/get", {"chat_id": chat})["group_chat"]
    assert (len(stale["member_list"]), stale["member_version"]) == (2, joined["LastMemVer"])
    body = {"chat_type": "group", "sender": "laoban", "chat_id_list": [chat], "text": {"content": "上新"}}
    msgid = office.customers("add_msg_template", body)["msgid"]
    office.later(2)
    office.does("laoban", "confirm")
    assert (office.texts(chat), results(office, msgid)) == (["上新"], {chat: 1})
    office.does(chat, "quit", person=mei)
    assert (office.pushes[-1]["UpdateDetail"], office.pushes[-1]["QuitScene"]) == ("del_member", "0")
    assert office.customers("groupchat/list", {"limit": 10})["group_chat_list"][0]["chat_id"] == chat
    assert code_of(office.customers("groupchat/list", {"limit": 1001})) == 40058
    office.does(chat, "dismiss")
    assert office.pushes[-1]["ChangeType"] == "dismiss"
    assert code_of(office.customers("groupchat/get", {"chat_id": chat})) == 40050


def test_a_full_group_opens_another(office: Office) -> None:
    office.ask("/limits", {"corp_chat_qr_people": 2})
    mei = office.contact("小美")
    chat = office.ask("/corp/chats", {"name": "老客群", "owner": "laoban", "members": [mei], "quiet": True})["chat"]
    way = {"scene": 2, "chat_id_list": [chat["id"]], "room_base_name": "老客群", "room_base_id": 2}
    config_id = office.customers("groupchat/add_join_way", way)["config_id"]
    office.does(office.contact("小芳"), "scan", way=config_id)
    kinds = [push["ChangeType"] for push in office.pushes]
    assert kinds == ["create", "update"]
    assert [one["name"] for one in office.ask("/corp/state")["chats"]] == ["老客群", "老客群2"]


def test_group_welcomes(office: Office) -> None:
    added = office.customers("group_welcome_template/add", {"text": {"content": "欢迎%NICKNAME%"}})
    body = {"template_id": added["template_id"]}
    assert office.customers("group_welcome_template/get", body)["text"]["content"] == "欢迎%NICKNAME%"
    assert code_of(office.customers("group_welcome_template/edit", body | {"text": {"content": "x" * 3001}})) == 40058
    assert code_of(office.customers("group_welcome_template/del", body)) == 0
    assert code_of(office.customers("group_welcome_template/get", body)) == 41058


def test_everything_comes_back_from_a_dump(office: Office) -> None:
    mei = office.contact("小美", "laoban")
    task(office, mei)
    office.send("laoban", "您好")
    before = office.ask("/corp/state")
    saved = office.client.get("/_sandbox/dump").get_json(force=True)
    assert office.client.put("/_sandbox/dump", json=saved).status_code == 200
    assert office.platform.corp.tasks.all
    assert office.ask("/corp/state") == before
    assert office.texts("laoban") == ["您好"]


def test_people_around_a_company_of_three_add_its_members_one_after_another() -> None:
    office = Office(population=10, company=8, friends=2)
    people = office.ask("/corp/state")["contacts"]
    assert [len(one["friends"]) for one in people] == [1, 1] + [0] * 6
    assert office.ask("/corp/add_all", {"count": 3}) == {"coming": 3}
    office.later(2)
    assert office.platform.settle(5)
    assert [push["ChangeType"] for push in office.pushes] == ["add_external_contact"] * 3
    both = [one.unionid for one in office.platform.fans if one.unionid]
    assert both == [one["unionid"] for one in people if one["unionid"]]
    office.close()


def test_a_state_file_brings_the_company_back_and_one_from_before_it_gets_a_company(tmp_path: Path) -> None:
    kept = tmp_path / "state"
    office = Office(company=4, friends=4, state_file=kept)
    office.send("laoban", "您好")
    before = office.ask("/corp/state")
    office.close()
    office = Office(company=4, state_file=kept)
    assert (office.ask("/corp/state"), office.texts("laoban")) == (before, ["您好"])
    office.close()
    old = json.loads(kept.read_text(encoding="utf-8"))
    del old["corp"], old["corp_message_bytes"]
    kept.write_text(json.dumps(old), encoding="utf-8")
    office = Office(company=4, state_file=kept)
    assert [one["id"] for one in office.ask("/corp/state")["members"]] == ["laoban", "xiaoli", "xiaochen"]
    assert office.texts("laoban") == []
    office.close()
