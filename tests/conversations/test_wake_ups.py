"""Waking up: who has fallen silent stands in 今日, and hears a word by itself where that is switched on."""

import pytest

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def silent(shop, boss, *people, spent=98):
    """They bought every ten days, and then no more; the night's turn of the rules has passed."""
    for _time in range(3):
        for number, person in enumerate(people):
            boss.says(f"消费 #{person.number} {spent + number} 面霜")
        shop.later(days=10)
    shop.later(days=21)
    while shop.strike():
        pass
    # Who is to be written to is looked for every ten minutes.
    shop.later(minutes=10)
    shop.strike()


def test_two_purchases_are_called_two_and_no_rhythm(shop, boss, mei):
    for _time in range(2):
        boss.says("消费 小美 98 面霜")
        shop.later(days=1)
    shop.later(days=31)
    while shop.strike():
        pass
    assert "流失预警：32 天没买，买过两次，隔了 1 天" in boss.says("今日")


def letters(shop):
    return shop.rows("SELECT customer_id, occasion, state FROM care_letters ORDER BY id")


def test_who_has_fallen_silent_stands_in_the_day_with_the_reason(shop, boss, mei):
    silent(shop, boss, mei)
    listed = boss.says("今日")
    assert "流失预警：31 天没买，平常 10 天买一次" in listed
    assert boss.says("文案 1").startswith("小美，上次的面霜用得还顺手吗")
    assert "流失：1 位好久没来，还没联系；只在“今日”提醒您" in boss.says("唤醒")
    boss.says("完成 1 下周来")
    assert "没有要做的事" in boss.says("今日")
    boss.says("撤销")
    assert "流失预警" in boss.says("今日")


def test_switched_on_they_hear_of_it_once(shop, boss, mei):
    assert "唤醒开了" in boss.says("唤醒 开 流失")
    silent(shop, boss, mei)
    assert letters(shop) == [(mei.number, "久未来问候", "by_hand")]
    listed = [line for line in boss.says("今日").splitlines() if line.startswith(("1. ", "2. "))]
    assert [line.split()[3] for line in listed] == ["久未来问候"]
    shop.later(days=3)
    shop.strike()
    assert len(letters(shop)) == 1
    # A week later nobody has come of it: now somebody calls.
    shop.later(days=5)
    shop.strike()
    assert "流失预警" in boss.says("今日")


def test_who_was_silent_before_the_switch_is_left_to_staff(shop, boss, mei):
    silent(shop, boss, mei)
    boss.says("唤醒 开 流失")
    shop.goes_on()
    assert letters(shop) == []
    assert "流失预警" in boss.says("今日")


def test_ten_a_day_and_the_best_first(shop, boss):
    people = shop.regulars(12)
    boss.says("唤醒 开 流失")
    silent(shop, boss, *people)
    assert [row[0] for row in letters(shop)] == [person.number for person in people[:1:-1]]
    shop.at("2026-11-12 10:00")
    shop.strike()
    assert len(letters(shop)) == 12


def test_a_talk_that_is_due_opens_by_itself_and_stays_with_staff(shop, boss, mei):
    boss.says("唤醒 开 跟进")
    boss.says("跟进 小美 a 下次打消顾虑 今天15点")
    shop.at("2026-09-21 15:01")
    shop.goes_on()
    assert [words[:10] for words in mei.phone.pushed] == ["买之前有顾虑很正常。"]
    assert "跟进：打消顾虑" in boss.says("今日")
    shop.goes_on(hours=2)
    assert len(mei.phone.pushed) == 1


def test_the_switches_are_the_owners_and_can_be_taken_back(shop, boss, clerk, mei):
    assert "老板" in clerk.says("唤醒 开 流失")
    boss.says("唤醒 开 跟进")
    boss.says("撤销")
    assert "跟进：约好的日子到了；只在“今日”提醒您" in boss.says("唤醒")


def test_what_a_birthday_brings_stands_in_the_day_and_in_the_words(shop, boss, mei):
    boss.says("资料 小美 生日 9月22日")
    boss.says("生日特权 面膜一片")
    listed = boss.says("今日")
    assert "明天生日 · 生日特权：面膜一片" in listed
    assert "店里给您留了面膜一片" in boss.says("文案 1")
    boss.says("撤销")
    assert "生日特权" not in boss.says("今日")
