"""Tags and fans: limits, lists, and what a partial failure leaves behind."""

from typing import Any

import pytest

BATCH = "/cgi-bin/tags/members/batchtagging"


def make(desk: Any, name: str) -> int:
    return desk.api("/cgi-bin/tags/create", {"tag": {"name": name}})["tag"]["id"]


def give(desk: Any, tag: int, *people: Any) -> dict[str, Any]:
    return desk.api(BATCH, {"openid_list": [person.openid for person in people], "tagid": tag})


def test_names_are_unique_and_short(desk: Any) -> None:
    make(desk, "常客")
    codes = [
        desk.api("/cgi-bin/tags/create", {"tag": {"name": name}}).get("errcode")
        for name in ("常客", "", "一" * 31, "一" * 30)
    ]
    assert codes == [45157, 45157, 45158, None]
    assert desk.api("/cgi-bin/tags/update", {"tag": {"id": 2, "name": "x"}})["errcode"] == 45058
    assert desk.api("/cgi-bin/tags/update", {"tag": {"id": 999, "name": "x"}})["errcode"] == 45159


def test_a_hundred_tags_and_twenty_on_a_fan(desk: Any) -> None:
    mei = desk.fan("小美")
    tags = [make(desk, f"标签{number}") for number in range(100)]
    assert desk.api("/cgi-bin/tags/create", {"tag": {"name": "太多"}})["errcode"] == 45056
    assert [give(desk, tag, mei)["errcode"] for tag in tags[:21]] == [0] * 20 + [45059]
    assert give(desk, tags[0], mei)["errcode"] == 0
    assert desk.api("/cgi-bin/tags/getidlist", {"openid": mei.openid})["tagid_list"] == tags[:20]


def test_batches_of_fifty_all_or_nothing(desk: Any) -> None:
    tag, mei, stranger = make(desk, "常客"), desk.fan("小美"), desk.person("路人")
    assert desk.api(BATCH, {"openid_list": [f"o{n}" for n in range(51)], "tagid": tag})["errcode"] == 40032
    assert desk.api(BATCH, {"openid_list": [], "tagid": tag})["errcode"] == 40032
    assert desk.api(BATCH, {"openid_list": [mei.openid, "oNobody"], "tagid": tag})["errcode"] == 49003
    assert give(desk, tag, mei, stranger)["errcode"] == 43004
    assert give(desk, 2, mei)["errcode"] == 45058
    assert desk.api("/cgi-bin/user/tag/get", {"tagid": tag})["count"] == 0
    assert give(desk, tag, mei, mei)["errcode"] == 0
    page = desk.api("/cgi-bin/user/tag/get", {"tagid": tag, "next_openid": ""})
    assert page == {"count": 1, "data": {"openid": [mei.openid]}, "next_openid": mei.openid}
    assert desk.api("/cgi-bin/user/tag/get", {"tagid": tag, "next_openid": mei.openid})["count"] == 0
    counts = {entry["name"]: entry["count"] for entry in desk.api("/cgi-bin/tags/get")["tags"]}
    assert counts == {"星标组": 0, "常客": 1}


def test_a_half_done_batch_names_the_rest(desk: Any) -> None:
    tag, people = make(desk, "常客"), [desk.fan(f"客{number}") for number in range(4)]
    desk.ask("/faults", {"match": {"path": BATCH, "nth": 1}, "action": {"kind": "partial", "done": 1}})
    answer = give(desk, tag, *people)
    assert answer["errcode"] == 45171
    assert answer["fail_openid_list"] == [person.openid for person in people[1:]]
    assert desk.api("/cgi-bin/user/tag/get", {"tagid": tag})["data"]["openid"] == [people[0].openid]
    assert give(desk, tag, *people)["errcode"] == 0


def test_parallel_changes_of_one_fan_can_be_made_to_collide(desk: Any) -> None:
    tag, other, mei = make(desk, "常客"), make(desk, "会员"), desk.fan("小美")
    desk.ask("/limits", {"tag_change_seconds": 2})
    assert [give(desk, number, mei)["errcode"] for number in (tag, other)] == [0, 45169]
    desk.advance(3)
    assert give(desk, other, mei)["errcode"] == 0


def test_leaving_and_deleting_empty_the_tag(desk: Any) -> None:
    tag, other, mei = make(desk, "常客"), make(desk, "会员"), desk.fan("小美")
    give(desk, tag, mei)
    give(desk, other, mei)
    assert desk.api("/cgi-bin/tags/delete", {"tag": {"id": other}})["errcode"] == 0
    assert desk.ask("/state")["people"][-1]["tags"] == ["常客"]
    mei.does("unfollow")
    assert desk.api("/cgi-bin/user/tag/get", {"tagid": tag})["count"] == 0
    desk.ask("/limits", {"tag_delete_fans": 0})
    mei.does("follow")
    give(desk, tag, mei)
    assert desk.api("/cgi-bin/tags/delete", {"tag": {"id": tag}})["errcode"] == 45057


def test_followers_come_in_pages(make_desk: Any) -> None:
    desk = make_desk(population=25, following=25)
    desk.ask("/limits", {"user_page": 10})
    seen: list[str] = []
    last = ""
    while (page := desk.api("/cgi-bin/user/get", next_openid=last))["count"]:
        assert page["total"] == 25
        seen += page["data"]["openid"]
        last = page["next_openid"]
    assert page == {"total": 25, "count": 0, "next_openid": ""}
    assert len(seen) == len(set(seen)) == 25


def test_a_fan_is_described_without_name_and_picture(desk: Any) -> None:
    mei, stranger = desk.fan("小美"), desk.person("路人")
    shown = desk.api("/cgi-bin/user/info", openid=mei.openid, lang="zh_CN")
    assert shown["subscribe"] == 1
    assert {"nickname", "headimgurl", "errcode"}.isdisjoint(shown)
    both = {"user_list": [{"openid": person.openid} for person in (mei, stranger)]}
    listed = desk.api("/cgi-bin/user/info/batchget", both)["user_info_list"]
    assert listed == [shown, {"subscribe": 0, "openid": stranger.openid}]
    many = {"user_list": [{"openid": mei.openid}] * 101}
    assert desk.api("/cgi-bin/user/info/batchget", many)["errcode"] == 40032


@pytest.mark.parametrize(
    ("remark", "errcode"), [("王姐", 0), ("九个字的备注有点长", 0), ("十个字的备注就太长了", 40092), (None, 40092)]
)
def test_a_remark_is_shorter_than_thirty_bytes(desk: Any, remark: str | None, errcode: int) -> None:
    mei = desk.fan("小美")
    answer = desk.api("/cgi-bin/user/info/updateremark", {"openid": mei.openid, "remark": remark})
    assert answer["errcode"] == errcode


def test_the_blacklist_is_read_and_written_in_small_batches(desk: Any) -> None:
    people = [desk.fan(f"客{number}") for number in range(3)]
    path = "/cgi-bin/tags/members/batchblacklist"
    assert desk.api(path, {"openid_list": [f"o{n}" for n in range(21)]})["errcode"] == 40032
    assert desk.api(path, {"openid_list": [people[1].openid]})["errcode"] == 0
    listed = desk.api("/cgi-bin/tags/members/getblacklist", {"begin_openid": ""})
    assert (listed["total"], listed["data"]["openid"]) == (1, [people[1].openid])
    assert desk.api("/cgi-bin/tags/members/batchunblacklist", {"openid_list": [people[1].openid]})["errcode"] == 0
    assert desk.api("/cgi-bin/tags/members/getblacklist", {})["total"] == 0
