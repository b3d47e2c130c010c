"""Becoming staff and ceasing to be: one code, one person, effective at once."""

import re
from functools import partial

import pytest
from shop import at_once

# One database is enough: what is told here lies above the tables.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_the_code_from_the_command_line_makes_an_owner(shop):
    boss = shop.follower("王姐")
    assert "绑定好了，王姐，您是这家店的老板" in boss.says(f"绑定 {shop.invitation('owner')} 王姐")
    assert "王姐 · 老板" in boss.says("员工")


def test_an_owner_invites_a_colleague(shop, boss):
    invitation = boss.says("员工 邀请")
    code = re.search(r"绑定 (\w+) 名字", invitation)[1]
    li = shop.follower("小李")
    assert "您是这家店的店员" in li.says(f"绑定{code.lower()} 小李")
    assert "小李 · 店员" in boss.says("员工")


def test_who_gave_no_name_is_known_by_the_own_one(shop, boss):
    li = shop.regular("李晓")
    assert "李晓" in li.says(f"绑定 {shop.invitation()}")


def test_a_wrong_code_binds_nobody(shop):
    stranger = shop.follower("路人")
    assert "没有这个绑定码" in stranger.says("绑定 ABCD2345 老板")
    assert "帮助" not in stranger.says("员工")
    assert stranger.is_customer


def test_a_code_works_once(shop, boss):
    code = shop.invitation()
    shop.follower("小李").says(f"绑定 {code} 小李")
    late = shop.follower("小赵")
    assert "已经用过" in late.says(f"绑定 {code} 小赵")
    assert late.is_customer


def test_two_who_type_one_code_at_once_do_not_both_become_staff(shop, boss):
    code = shop.invitation()
    people = [shop.follower(name) for name in ("小李", "小赵")]
    answers = at_once(*(partial(person.says, f"绑定 {code} {person.name}") for person in people))
    assert sum("绑定好了" in answer for answer in answers) == 1
    assert [person.is_customer for person in people].count(True) == 1


def test_a_code_lives_seven_days(shop, boss):
    code = shop.invitation()
    shop.later(days=7, seconds=1)
    assert "过期" in shop.follower("小李").says(f"绑定 {code} 小李")


def test_staff_are_no_customers(shop, boss, mei):
    assert not boss.is_customer
    assert [record["name"] for record in shop.export("customers")] == ["小美"]
    assert "1 位" in boss.says("人群 全部")


def test_a_customer_may_say_staff_words_and_nothing_happens(shop, boss, mei):
    number = mei.number
    for words in (
        "小美 +VIP",
        "消费 小美 298 连衣裙",
        "员工",
        "帮助",
        "群发 全部 用 到店礼A",
        f"改名 #{number} 老板",
        "撤销",
    ):
        answer = mei.says(words)
        assert answer == "" or "已经转给店里" in answer
    assert mei.file["vip"] is False
    assert mei.file["spent_fen"] == 0
    assert mei.file["name"] == "小美"
    assert shop.export("deliveries") == []


def test_a_removed_colleague_can_do_nothing_at_once(shop, boss, clerk, mei):
    plan = clerk.says("群发 全部 用 到店礼A")
    assert "已移除小李" in boss.says("员工 移除 小李")
    clerk.says("小美 +VIP")
    clerk.confirms(plan)
    assert mei.file["vip"] is False
    assert shop.export("deliveries") == []
    assert clerk.file["name"] == "小李"
    assert "小李" not in boss.says("员工").replace("🔔", "").split("员工：")[1]


def test_the_last_owner_stays(shop, boss):
    assert "最后一位老板不能移除" in boss.says("员工 移除 王姐")
    shop.staff("老张", "owner")
    assert "已移除老张" in boss.says("员工 移除 老张")


def test_only_owners_invite_and_remove(boss, clerk):
    assert "只有老板" in clerk.says("员工 邀请")
    assert "只有老板" in clerk.says("员工 移除 王姐")
    assert "王姐 · 老板" in boss.says("员工")


def test_an_unknown_colleague_cannot_be_removed(boss, clerk):
    answer = boss.says("员工 移除 小刘")
    assert "没有叫" in answer
    assert "2 小李" in answer


def test_staff_may_unfollow_and_come_back(shop, boss, mei):
    boss.unfollows()
    assert "帮助" in boss.follows()
    assert "小美" in boss.says("查 小美")
    assert not boss.is_customer


def test_who_leaves_may_be_invited_again(shop, boss, clerk):
    boss.says("员工 移除 小李")
    assert "绑定好了" in clerk.says(f"绑定 {shop.invitation()} 小李")
    assert not clerk.is_customer
