"""Somebody comes: a welcome, a number, a name; and staff hear of it by the best way open."""

import logging

import pytest
from shop import ACCOUNT

import app
from bot.sandbox.settings import DEMO_STAFF_TEMPLATE
from jobs.accounts import FollowerIntake
from jobs.hands import Hands


def test_a_follower_is_welcomed_and_has_a_number_at_once(shop, boss):
    guest = shop.person("新来的")
    assert guest.follows().startswith("这里是小雨服饰")
    assert guest.file["number"] == guest.number
    assert guest.file["name"] is None
    assert guest.file["identities"] == [{"account": "main", "id": guest.openid, "relation": "active"}]
    assert (guest.file["visited"], guest.file["purchased"], guest.file["vip"]) == (False, False, False)


def test_staff_are_told_by_a_message_while_their_window_is_open(shop, boss, newcomer):
    shop.goes_on()
    (news,) = boss.phone.pushed
    assert f"#{newcomer.number}" in news
    assert boss.phone.routes == ["custom"]


def test_several_newcomers_are_one_message(shop, boss):
    for name in ("甲", "乙", "丙"):
        shop.follower(name)
    shop.goes_on()
    (news,) = boss.phone.pushed
    assert "3 位新顾客" in news


def test_what_could_not_be_pushed_rides_on_the_next_answer_once(open_shop):
    shop = open_shop(template="")
    boss = shop.staff("王姐", "owner")
    shop.later(days=3)
    guest = shop.follower("新来的")
    shop.goes_on()
    assert boss.phone.pushed == []
    answer = boss.says("今日")
    assert answer.startswith("🔔")
    assert f"#{guest.number}" in answer
    assert "🔔" not in boss.says("今日")


def test_the_news_of_a_colleague_are_his_own(shop, boss, clerk, newcomer):
    assert f"#{newcomer.number}" in boss.says("今日")
    assert f"#{newcomer.number}" in clerk.says("今日")


def test_who_calls_herself_小美_is_小美_from_then_on(shop, boss, newcomer):
    assert "小美" in newcomer.says("我叫小美")
    assert newcomer.file["name"] == "小美"
    assert f"小美 #{newcomer.number}" in boss.says("查 小美")


def test_the_name_staff_gave_wins(shop, boss, mei):
    boss.says(f"改名 #{mei.number} 张美丽")
    mei.says("叫我美美")
    assert mei.file["name"] == "张美丽"
    card = boss.says("查 张美丽")
    assert "张美丽" in card
    assert "美美" in card


def test_the_nameless_are_listed_newest_first(shop, boss, mei):
    first, second = shop.follower("甲"), shop.follower("乙")
    listed = boss.says("新客")
    assert "2 位" in listed
    assert listed.index(f"#{second.number} ") < listed.index(f"#{first.number} ")
    boss.says(f"改名 #{first.number} 阿甲")
    boss.says(f"改名 #{second.number} 阿乙")
    assert "最近来的：阿乙" in boss.says("新客")


def test_a_regular_who_follows_nothing_gets_a_file(shop, boss):
    assert "张姐" in boss.says("新客 张姐 13800138000 微信 zhang88")
    (record,) = shop.export("customers")
    assert (record["name"], record["phone"], record["identities"]) == ("张姐", "13800138000", [])
    assert "已经有这位顾客了" in boss.says("新客 张姐")
    known = boss.says("建档 李姐 13800138000")
    assert "已经有这位顾客了：张姐 #" in known
    assert len(shop.export("customers")) == 1


def test_who_comes_back_keeps_number_and_file(shop, boss, mei):
    number = mei.number
    boss.says("小美 +北京")
    mei.unfollows()
    assert mei.file["identities"][0]["relation"] == "gone"
    assert "没有关注" in boss.says("查 小美")
    assert "小美" in mei.follows()
    assert (mei.number, mei.file["tags"]) == (number, ["北京"])
    assert mei.file["identities"][0]["relation"] == "active"
    shop.goes_on()
    assert any("回来" in text for text in boss.phone.pushed)


def test_a_channel_code_tags_who_came_by_it(shop, boss):
    shop.parts.clients["main"].qr_code("门店海报")
    guest = shop.person("路人")
    guest.follows("门店海报")
    assert any("门店海报" in tag for tag in guest.file["tags"])
    assert "1 位" in boss.says("人群 渠道=门店海报")


def test_the_first_channel_stays(shop, boss, mei):
    for scene in ("门店海报", "快递卡片"):
        shop.parts.clients["main"].qr_code(scene)
        mei.scans(scene)
    assert "1 位" in boss.says("人群 渠道=门店海报")
    assert "0 位" in boss.says("人群 渠道=快递卡片")


def test_the_followers_from_before_are_taken_in_silently(open_shop):
    shop = open_shop(following=12)
    boss = shop.staff("王姐", "owner")
    shop.goes_on()
    regulars = shop.export("customers")
    assert len(regulars) == 12
    assert all(record["tags"] == ["待整理"] for record in regulars)
    assert all(record["identities"][0]["relation"] == "active" for record in regulars)
    assert boss.phone.pushed == []
    people = shop.ask("/state")["people"]
    old = [person for person in people if person["habit"]]
    assert len(old) == 12
    assert all(shop.ask(f"/ledger?openid={person['openid']}")["entries"] == [] for person in old)


def test_taking_in_again_adds_nobody(open_shop):
    shop = open_shop(following=5)
    shop.work()
    shop.later(hours=1)
    shop.work()
    assert len(shop.export("customers")) == 5


def openids(shop):
    return [record["identities"][0]["id"] for record in shop.export("customers")]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_the_platform_knows_of_them_comes_along(open_shop):
    shop = open_shop(following=3)
    boss = shop.staff("王姐", "owner")
    client = shop.parts.clients[ACCOUNT]
    first, second, third = [person["openid"] for person in shop.ask("/state")["people"] if person["habit"]]
    client.remark(first, "张姐老客")
    client.tag(client.tags_create("穿L码"), [first, second])
    client.tag(client.tags_create("VIP"), [second])
    client.tag(client.tags_create("待整理"), [third])
    shop.goes_on()
    found = {record["identities"][0]["id"]: record for record in shop.export("customers")}
    assert sorted(found[first]["tags"]) == ["待整理", "穿L码"]
    assert (sorted(found[second]["tags"]), found[second]["vip"]) == (["待整理", "穿L码"], True)
    assert found[third]["tags"] == ["待整理"]
    assert "2 位" in boss.says("人群 穿L码")
    number = found[first]["number"]
    for typed in (f"#{number}", "张姐老客", "zjlk"):
        assert f"【张姐老客 #{number}】" in boss.says(f"查 {typed}")
    assert "2 位" in boss.says("新客")
    assert f"【小张 #{number}】" in boss.says(f"改名 #{number} 小张") + boss.says(f"查 #{number}")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_待整理_goes_with_a_name_or_a_tag_and_comes_back_with_撤销(open_shop):
    shop = open_shop(following=3)
    boss = shop.staff("王姐", "owner")
    shop.goes_on()
    first, second, _third = (record["number"] for record in shop.export("customers"))

    def unsorted():
        return [record["number"] for record in shop.export("customers") if "待整理" in record["tags"]]

    boss.says(f"改名 #{first} 小美")
    assert first not in unsorted()
    boss.says("撤销")
    assert first in unsorted()
    assert "-待整理" in boss.says(f"#{second} +北京")
    assert second not in unsorted()
    boss.says("批量标签 待整理 +待整理")
    assert "2 位" in boss.says("人群 待整理")


def test_of_two_workers_one_takes_them_in_and_nobody_twice(open_shop, platform_port, caplog):
    """The second one begins while the first waits for an answer, its lease lapsed."""
    shop = open_shop(following=230)
    other = app.create_parts(shop.settings, shop.clock)
    first, second = FollowerIntake(shop.parts), FollowerIntake(other)
    platform, overtaken = platform_port._server.app, []

    def lapse():
        with shop.open() as tx:
            tx.connection.exec_driver_sql("UPDATE scheduler_leases SET lease_until = 0 WHERE name = 'followers:main'")

    def overtaking(environ, start):
        if environ["PATH_INFO"].endswith("/user/info/batchget") and not overtaken:
            overtaken.append(second.turn())
            lapse()
            overtaken.append(second.turn())
        return platform(environ, start)

    platform_port._server.app = overtaking
    with caplog.at_level(logging.INFO):
        came = first.turn()
        lapse()
        assert first.turn() == 0
    assert (overtaken, came) == ([0, 230], 0)
    assert [record["number"] for record in shop.export("customers")] == list(range(1, 231))
    assert len(set(openids(shop))) == 230
    assert "taken_in=230" in caplog.text
    assert not any(openid in caplog.text for openid in openids(shop))
    other.engine.close()
    other.store.close()


def test_what_a_database_refuses_is_logged_without_its_words(shop, mei, caplog):
    def meets_her_twice():
        with shop.open() as tx:
            tx.connection.exec_driver_sql(
                "INSERT INTO identities (customer_id, account, person_id, relation, relation_at) "
                f"VALUES ({mei.number}, 'main', '{mei.openid}', 'active', 0)"
            )

    Hands(shop.parts)._try("followers", meets_her_twice)
    assert "work=followers error=IntegrityError" in caplog.text
    assert mei.openid not in caplog.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_bad_answer_costs_seconds_and_more_with_every_other(open_shop):
    shop = open_shop(following=5)
    intake = FollowerIntake(shop.parts)
    shop.fault({"kind": "status", "status": 500}, path="*/user/get", times=4)
    waited = 0
    while not intake.turn():
        shop.later(seconds=1)
        waited += 1
        assert waited < 60
    assert waited == 5 + 5 + 5 + 8
    assert len(shop.export("customers")) == 5


def test_a_closed_window_is_knocked_at_by_a_template_notice(shop, boss):
    shop.later(days=3)
    guest = shop.follower("新来的")
    shop.goes_on()
    assert boss.phone.routes == ["template"]
    (call,) = shop.calls("/message/template/send")
    assert call["status"] == 200
    assert f"#{guest.number}" in boss.says("今日")
    assert shop.settings.accounts[0].staff_notice_template == DEMO_STAFF_TEMPLATE


def test_staff_can_ask_how_they_hear_from_us(shop, boss):
    said = boss.says("通知")
    assert "客服消息" in said
    assert "模板通知" in said
    shop.later(days=3)
    assert "测试" in boss.says("通知 测试")
    shop.work()
    assert any("测试" in text for text in boss.phone.pushed)


def test_a_long_list_of_nameless_goes_on_with_the_next_page(shop, boss):
    for number in range(40):
        shop.follower(f"路人{number}")
    first = boss.says("新客")
    assert "40 位" in first
    assert "更多" in first
    assert "🔔" not in first  # who stands in the list is not told of above it as well
    assert "来的" in boss.says("更多")


def test_a_name_somebody_has_is_given_and_said(shop, boss, mei, lan):
    answer = boss.says(f"改名 #{lan.number} 小美")
    assert f"现在叫“小美”\n也叫“小美”的还有 #{mei.number}" in answer
    low, high = sorted((mei.number, lan.number))
    assert f"合并 #{low} #{high}" in answer


def test_who_is_looked_for_in_vain_can_be_written_down(boss):
    assert boss.says("查 小芸") == "没有找到“小芸”这位顾客，什么都没有改。还没有档案的可以建一个：新客 名字 手机号"
