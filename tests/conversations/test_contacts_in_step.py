"""Contacts of a company: taken in by themselves, kept in step both ways, gone through every night."""

import pytest
from company import Company

import app
from bot.errors import ShukeError

# What is the same on both: one kind is enough for it.
ON_ONE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def shop(open_shop):
    return open_shop(corp=True)


@pytest.fixture
def company(shop):
    return Company(shop)


@pytest.fixture
def laoban(company):
    member = company.member("laoban", "老板娘")
    member.says("今日")
    return member


def tags_there(contact):
    return {tag for friend in contact.page["friends"] for tag in friend["tags"]}


def told(shop):
    """What staff are told, whichever way it takes."""
    return [row.text for row in shop.rows("SELECT text FROM notices ORDER BY id")]


def works(shop, times=2):
    for _ in range(times):
        shop.later(seconds=3)
        shop.work()


def test_contacts_from_before_are_taken_in_silently(shop, company, laoban):
    xiaoli = company.member("xiaoli", "小李")
    new = company.console_tag("create", name="新款", group="喜好")
    people = [company.contact(f"客{number:03}").befriends(laoban, days_ago=number) for number in range(1, 121)]
    mei = company.contact("小美").befriends(xiaoli, remark="美美 老主顾", tags=[new])
    mei.befriends(laoban)
    hostile = company.contact("坏人").befriends(laoban, remark="\x00老坏")
    works(shop, 4)
    records = {record["identities"][0]["id"]: record for record in shop.export("customers")}
    assert len(records) == 122
    assert "老坏" in records[hostile.id]["remark"]
    assert records[people[0].id]["nickname"] == "客001"
    assert records[people[0].id]["tags"] == ["待整理"]
    assert set(records[mei.id]["tags"]) == {"待整理", "新款"}
    assert (records[mei.id]["nickname"], records[mei.id]["remark"]) == ("小美", "美美 老主顾")
    assert not [text for text in laoban.pushed if "新顾客" in text]
    assert mei.messages == []
    calls = len(shop.calls("externalcontact/batch/get_by_user"))
    works(shop)
    assert len(shop.calls("externalcontact/batch/get_by_user")) == calls


def test_tags_go_both_ways_and_the_later_change_holds(shop, company, laoban):
    mei = company.contact("小美")
    mei.adds(laoban)
    works(shop)
    laoban.says("小美 +新款")
    works(shop)
    assert tags_there(mei) == {"新款"}
    assert list(company.tags()["熟客"]) == ["新款"]
    vip = company.console_tag("create", name="爱运动", group="喜好")
    laoban.tags(mei, add=[vip], remove=[company.tags()["熟客"]["新款"]])
    works(shop)
    assert mei.file["tags"] == ["爱运动"]
    # What was set here after the platform's change holds, although it is heard of only now.
    laoban.tags(mei, remove=[vip])
    laoban.says("小美 -爱运动")
    shop.later(seconds=1)
    laoban.says("小美 +爱运动")
    works(shop)
    assert mei.file["tags"] == ["爱运动"]
    assert tags_there(mei) == {"爱运动"}
    marks = len(shop.calls("externalcontact/mark_tag"))
    works(shop, 3)
    assert len(shop.calls("externalcontact/mark_tag")) == marks


@ON_ONE
def test_a_member_out_of_sight_keeps_the_friends(shop, company, laoban):
    xiaoli = company.member("xiaoli", "小李")
    mei, lan = company.contact("小美"), company.contact("阿兰")
    for contact in (mei, lan):
        contact.adds(xiaoli)
    lan.adds(laoban)
    works(shop)
    shop.later(minutes=10)
    company.ask("/members/xiaoli/set", {"visible": False})
    laoban.says("小美、阿兰 +新款")
    works(shop)
    assert mei.file["identities"][0]["relation"] == "active"
    assert "企业微信好友：老板娘、xiaoli" in laoban.says("查 阿兰")
    company.ask("/members/xiaoli/set", {"visible": True})
    shop.later(hours=1)
    works(shop)
    assert tags_there(mei) == tags_there(lan) == {"新款"}


@ON_ONE
def test_what_changes_here_goes_through_a_friend_in_sight(shop, company, laoban):
    xiaoli = company.member("xiaoli", "小李")
    lan = company.contact("阿兰")
    lan.adds(laoban)
    lan.adds(xiaoli)
    works(shop)
    shop.later(minutes=10)
    company.ask("/members/xiaoli/set", {"visible": False})
    laoban.says("阿兰 +新款")
    laoban.says("改名 阿兰 兰姐")
    works(shop)
    assert tags_there(lan) == {"新款"}
    assert lan.friend_of(laoban)["remark"] == "兰姐"


@ON_ONE
def test_a_tag_renamed_or_deleted_there_is_so_here(shop, company, laoban):
    mei = company.contact("小美")
    mei.adds(laoban)
    works(shop)
    tag = company.console_tag("create", name="怕冷", group="喜好")
    laoban.tags(mei, add=[tag])
    works(shop)
    company.console_tag("update", tag=tag, name="怕热")
    works(shop)
    assert mei.file["tags"] == ["怕热"]
    company.console_tag("delete", tag=tag)
    works(shop)
    assert mei.file["tags"] == []
    assert "平台上删了标签“怕热”，这里 1 位顾客的也去掉了。" in told(shop)
    laoban.says("小美 +会员")
    works(shop)
    answer = laoban.says("标签 删除 会员")
    laoban.confirms_code(answer)
    works(shop)
    assert "熟客" not in company.tags()


@ON_ONE
def test_names_given_here_are_the_remark_there(shop, company, laoban):
    mei = company.contact("小美")
    mei.adds(laoban)
    works(shop)
    laoban.says("改名 小美 张美丽")
    works(shop)
    assert mei.friend_of(laoban)["remark"] == "张美丽"
    laoban.remarks(mei, "美丽 喜欢红色")
    works(shop)
    assert (mei.file["name"], mei.file["remark"]) == ("张美丽", "美丽 喜欢红色")
    # Heard of together, a second apart: the later one holds.
    laoban.remarks(mei, "先改的")
    shop.later(seconds=1)
    laoban.says("改名 张美丽 后改的")
    works(shop)
    assert mei.friend_of(laoban)["remark"] == "后改的"
    assert mei.file["remark"] == "后改的"
    laoban.says("改名 后改的 又一个")
    shop.later(seconds=1)
    laoban.remarks(mei, "同事最后改的")
    works(shop)
    assert mei.friend_of(laoban)["remark"] == mei.file["remark"] == "同事最后改的"


@ON_ONE
def test_a_platform_that_is_busy_now_and_then_holds_nothing_up_for_long(shop, company, laoban):
    people = [company.contact(f"客{number:03}").befriends(laoban) for number in range(1, 61)]
    works(shop, 4)
    shop.fault({"kind": "errcode", "errcode": -1}, path="/cgi-bin/externalcontact/get", probability=0.3)
    laoban.confirms_code(laoban.says("批量标签 全部 +新款"))
    for _ in range(40):
        shop.later(seconds=6)
        shop.work()
    assert [contact.file["nickname"] for contact in people if tags_there(contact) != {"新款"}] == []


@ON_ONE
def test_a_tag_that_cannot_be_made_now_costs_nobody_the_name(shop, company, laoban):
    mei, lan = company.contact("小美"), company.contact("阿兰")
    for contact in (mei, lan):
        contact.adds(laoban)
    works(shop)
    laoban.says("小美 +新款")
    works(shop)
    shop.fault({"kind": "errcode", "errcode": -1}, path="/cgi-bin/externalcontact/add_corp_tag", times=1)
    laoban.says("阿兰 +新款")
    laoban.says("改名 阿兰 兰姐")
    laoban.says("小美 +爱运动")
    works(shop)
    shop.later(minutes=1)
    works(shop)
    assert (tags_there(lan), tags_there(mei)) == ({"新款"}, {"新款", "爱运动"})
    assert lan.friend_of(laoban)["remark"] == "兰姐"


def test_the_night_finds_what_no_event_told_of(shop, company, laoban):
    people = [company.contact(name).befriends(laoban) for name in ("甲", "乙", "丙")]
    works(shop, 3)
    gone, renamed, tagged = people
    tag = company.console_tag("create", name="漏的", group="喜好")
    rule = shop.fault({"kind": "callback_lost"}, event="change_external_contact/*")
    gone.try_to("remove", member="laoban")
    renamed.try_to("edit", member="laoban", remark="老乙")
    tagged.try_to("edit", member="laoban", add_tags=[tag])
    late = company.contact("丁")
    late.try_to("add", member="laoban")
    shop.ask(f"/faults/{rule}", method="DELETE")
    shop.at("2026-09-22 02:30")
    shop.strike()
    works(shop, 4)
    shop.at("2026-09-22 09:31")
    shop.goes_on()
    assert gone.file["identities"][0]["relation"] == "gone"
    assert renamed.file["remark"] == "老乙"
    assert "漏的" in tagged.file["tags"]
    assert late.file["nickname"] == "丁"
    words_of_the_night = next(text for text in told(shop) if "夜里和平台对了一遍" in text)
    for words in ("补上漏掉的顾客 1 位", "已经不是好友的 1 位", "改了备注 1 位", "改了标签 1 处"):
        assert words in words_of_the_night


@ON_ONE
def test_sync_says_how_far_it_is_and_what_differed(open_shop):
    shop = open_shop(corp=True, more_accounts="[delivery]\nlease_seconds = 1\n")
    company = Company(shop)
    laoban = company.member("laoban", "老板娘")
    company.contact("甲").befriends(laoban)
    said = []
    assert app.sync(shop.settings, shop.clock, "corp", said.append) == 0
    assert said == ["corp：读了 1 位，新的 1 位", "corp：第一次导入完成", "corp：客户群 0 个，都读了"]
    company.contact("乙").befriends(laoban)
    said.clear()
    assert app.sync(shop.settings, shop.clock, "corp", said.append) == 0
    assert "corp：补上漏掉的顾客 1 位" in said
    with pytest.raises(ShukeError, match="main, corp"):
        app.sync(shop.settings, shop.clock, "crop", said.append)


@ON_ONE
def test_a_phone_that_is_noted_there_stands_here_where_there_was_none(shop, company, laoban):
    mei, lan, hong = company.contact("小美"), company.contact("阿兰"), company.contact("小红")
    for one in (mei, lan, hong):
        one.adds(laoban)
    laoban.says("新客 张姐 13900139000")
    works(shop)
    laoban.says(f"资料 #{hong.number} 电话 13700137000")
    laoban.remarks(mei, "小美", mobiles=["010-88886666", "+86 138-0013-8000"])
    laoban.remarks(lan, "阿兰", mobiles=["13900139000"])
    laoban.remarks(hong, "小红", mobiles=["13600136000"])
    works(shop)
    assert [one.file["phone"] for one in (mei, lan, hong)] == ["13800138000", None, "13700137000"]
    assert "电话：13800138000" in laoban.says("查 8000")
    zhang = next(row["number"] for row in shop.export("customers") if row["name"] == "张姐")
    (hint,) = [text for text in told(shop) if "记的电话" in text]
    assert (
        hint == f"企业微信里给 阿兰 #{lan.number} 记的电话是 张姐 #{zhang} 的。同一位就发：合并 #{zhang} #{lan.number}"
    )
    laoban.says("阿兰 +新款")
    works(shop)
    assert [text for text in told(shop) if "记的电话" in text] == [hint]
    assert "合成了一位" in laoban.says(f"合并 #{zhang} #{lan.number}")
    assert lan.file["phone"] == "13900139000"


@ON_ONE
def test_a_line_about_many_is_there_for_all_of_them_within_half_a_minute(shop, company, laoban):
    people = [company.contact(f"客{number:02}") for number in range(60)]
    for one in people:
        one.befriends(laoban)
    works(shop, 4)
    people[7].leaves(laoban)
    laoban.confirms_code(laoban.says("批量标签 全部 +节日"))
    works(shop)
    assert [one.name for one in people if "节日" not in tags_there(one)] == ["客07"]
    assert {one.file["identities"][0]["relation"] for one in people if one is not people[7]} == {"active"}


@ON_ONE
def test_what_a_rule_puts_on_is_there_too_and_a_class_is_not(shop, company, laoban):
    mei = company.contact("小美")
    mei.adds(laoban)
    works(shop)
    laoban.says(f"#{mei.number} +VIP +常客")
    laoban.says(f"消费 #{mei.number} 1200 大衣")
    shop.goes_on(days=1)
    works(shop)
    assert {"首购", "送货上门", "常客"} <= set(mei.file["tags"])
    assert tags_there(mei) == set(mei.file["tags"])
    assert mei.file["vip"]
