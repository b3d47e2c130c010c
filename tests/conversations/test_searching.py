"""找: names, file, notes, orders and talk, with numbers that open what was found."""

import time

import pytest


def test_a_word_is_found_wherever_it_stands(shop, boss, mei, lan):
    fang = shop.regular("小芳")
    boss.says("消费 小美 298 蓝色连衣裙 A102")
    boss.says("备注 阿兰 想要蓝色连衣裙")
    boss.says("资料 小芳 穿衣 蓝色系")
    fang.says("有蓝色连衣裙吗")
    answer = boss.says("找 蓝色连衣裙")
    assert f"小美 #{mei.number} 单号1：蓝色连衣裙 A102" in answer
    assert f"阿兰 #{lan.number} 备注：想要蓝色连衣裙" in answer
    assert f"小芳 #{fang.number} 说过：有蓝色连衣裙吗" in answer
    assert "穿衣：蓝色系" in boss.says("找 蓝色系")
    assert f"小美 #{mei.number}" in boss.says("搜 a102")


def test_a_bare_number_opens_what_was_found(boss, mei, lan):
    boss.says("备注 小美 怕热")
    boss.says("备注 阿兰 怕热")
    answer = boss.says("找 怕热")
    second = "阿兰" if "2. 阿兰" in answer else "小美"
    assert f"【{second}" in boss.says("2")
    assert f"【{second}" in boss.says("查 她")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_name_is_shown_at_once_and_nothing_found_says_so(boss, mei):
    assert "【小美" in boss.says("找 小美")
    assert "【小美" in boss.says("搜 xm")
    assert "没有找到“红色围巾”" in boss.says("找 红色围巾")
    for line in ("找 %", "找 _", "找 ';DROP", "找 \\"):
        assert "没有找到" in boss.says(line)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_all_words_must_stand_in_one_place(boss, mei, lan):
    boss.says("备注 小美 喜欢蓝色的裙子")
    boss.says("备注 阿兰 蓝色")
    boss.says("备注 阿兰 裙子")
    answer = boss.says("找 蓝色 裙子")
    assert "小美" in answer
    assert "阿兰" not in answer


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_more_than_a_list_holds_is_said_to_be_more(shop, boss):
    for person in shop.regulars(10):
        boss.says(f"备注 {person.name} 怕热")
    answer = boss.says("找 怕热")
    assert "9. " in answer
    assert "10. " not in answer
    assert "还有更多" in answer


def test_a_shop_of_twenty_thousand_is_looked_through_quickly(shop, boss, mei):
    boss.says("消费 小美 298 蓝色连衣裙")
    with shop.open() as tx:
        from sqlalchemy import insert

        from bot.domain.customers.models import Customer, TimelineEntry

        now = shop.clock.now()
        people = [{"id": n, "name": f"顾客{n}", "created_at": now} for n in range(1000, 21000)]
        tx.execute(insert(Customer), people)
        told = [
            {"customer_id": n, "at": now, "kind": "tag", "text": f"标签 +第{n % 97}批 +老客", "staff_id": None}
            for n in range(1000, 21000)
            for _ in range(3)
        ]
        tx.execute(insert(TimelineEntry), told)
    began = time.perf_counter()
    assert "小美" in boss.says("找 蓝色连衣裙")
    assert time.perf_counter() - began < 1.5
