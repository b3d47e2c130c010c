"""小美 到店 消费298 +VIP: all of it or nothing, one answer, one 撤销."""

import pytest
from test_undo import TAKE_BACK, snapshot

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_all_clauses_are_done_answered_once_and_taken_back_at_once(shop, boss, mei, lan):
    before = snapshot(shop)
    for line in (
        "小美 到店 消费298 +VIP",
        "小美 到店，消费 298 连衣裙；+VIP",
        "消费 小美 298\n消费 阿兰 100\n小美 +VIP",
        "小美 级别A 跟进b 聊了价格",
        "小美 到店，备注 喜欢素色；资料 生日 5月1日 衣码 L",
        "新客 张姐 13800138000，消费 298 连衣裙，+VIP",
    ):
        assert boss.says(line).count(TAKE_BACK) == 1, line
        assert snapshot(shop) != before, line
        assert "；" in boss.says("撤销"), line
        assert snapshot(shop) == before, line


def test_a_bad_clause_takes_the_others_with_it(shop, boss, mei):
    before = snapshot(shop)
    for line, named in (
        ("小美 到店；消费 路人甲 298；小美 +VIP", "路人甲"),
        ("小美 +VIP；退款 小美 298", "没有做"),
        ("小美 +VIP；级别 小美 E", "没有“E”"),
        ("消费 小美 298；消费 100 茶", "没说是哪位"),
        ("小美 +VIP；员工 移除 小李", "分开发"),
    ):
        assert named in boss.says(line), line
        assert snapshot(shop) == before, line


def test_the_new_regular_is_who_the_next_clause_is_about(shop, boss, mei):
    boss.says("查 小美")
    boss.says("新客 张姐 13800138000 消费298 连衣裙")
    assert mei.file["spent_fen"] == 0
    assert [record["spent_fen"] for record in shop.export("customers") if record["name"] == "张姐"] == [29800]


def test_an_unclear_name_is_asked_for_and_then_all_is_done(shop, boss):
    first, second = shop.regular("王芳一"), shop.regular("王芳二")
    assert "有好几位" in boss.says("王芳 到店 消费298 +VIP")
    assert first.file["spent_fen"] == second.file["spent_fen"] == 0
    assert TAKE_BACK in boss.says("2")
    assert sorted((first.file["spent_fen"], second.file["spent_fen"])) == [0, 29800]


def test_more_than_twenty_people_in_many_clauses_ask_first(shop, boss):
    people = shop.regulars(21)
    line = "；".join(f"{person.name} +节日" for person in people)
    plan = boss.says(line)
    assert "21 位" in plan
    assert people[0].file["tags"] == []
    boss.confirms(plan)
    assert all(record["tags"] == ["节日"] for record in shop.export("customers"))


def test_one_file_is_opened_for_a_name_said_twice(shop, boss, mei):
    assert "建档" in boss.says("消费 阿芳 298；消费 阿芳 100；阿芳 +VIP")
    assert TAKE_BACK in boss.says("1")
    assert [record["spent_fen"] for record in shop.export("customers") if record["name"] == "阿芳"] == [39800]
