"""What a number would answer can be tapped: once, in time, and only where the window has room for a message more."""

import pytest

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

OVER = "什么都没有做"


def labels(person):
    return [item["content"] for item in person.phone.items()]


@pytest.fixture
def namesakes(shop):
    return [shop.regular("小美"), shop.regular("小美")]


def test_a_new_file_is_one_tap_away_and_the_numbers_stay_in_the_text(shop, boss, mei):
    assert "1. 给“张姐”建档，并记上这一笔" in boss.says("消费 张姐 58 袜子")
    shop.work()
    assert labels(boss) == ["给“张姐”建档，并记上这一笔"]
    done = boss.chooses("给“张姐”建档")
    assert "58元" in done
    assert "（不对就回复“撤销”）" in done
    assert [order["amount_fen"] for order in shop.export("orders")] == [5800]
    assert "已撤销" in boss.says("撤销")
    assert shop.export("orders") == []


def test_a_tap_chooses_like_the_number_and_only_once(shop, boss, namesakes):
    first, second = namesakes
    boss.says("到店 小美")
    shop.work()
    assert labels(boss) == [f"小美 #{first.number}", f"小美 #{second.number}"]
    menu = boss.phone.items()
    assert "到店" in boss.chooses_from(menu, f"小美 #{second.number}")
    assert OVER in boss.chooses_from(menu, f"小美 #{first.number}")
    assert (first.file["visited"], second.file["visited"]) == (False, True)


def test_a_tap_after_the_number_or_after_five_minutes_does_nothing(shop, boss, namesakes):
    _first, second = namesakes
    boss.says("到店 小美")
    shop.work()
    menu = boss.phone.items()
    boss.says("1")
    assert OVER in boss.chooses_from(menu, f"小美 #{second.number}")
    boss.says("到店 小美")
    shop.work()
    shop.later(minutes=5, seconds=1)
    assert OVER in boss.chooses(f"小美 #{second.number}")
    assert second.file["visited"] is False


def test_a_tap_in_an_old_menu_leaves_the_new_question_open(shop, boss, namesakes):
    boss.says("到店 小美")
    shop.work()
    old = boss.phone.items()
    boss.says("消费 小美 58 袜子")
    assert OVER in boss.chooses_from(old, "小美")
    assert "58元" in boss.says("2")
    assert namesakes[1].file["spent_fen"] == 5800
    assert namesakes[0].file["visited"] is False


def test_what_was_heard_is_done_by_a_tap(shop, boss, mei):
    assert "回复“是”" in boss.speaks("到店 小美")
    shop.work()
    assert labels(boss) == ["是，照做"]
    boss.chooses("是")
    assert mei.file["visited"] is True


def test_a_line_offered_for_a_misspelt_one_is_done_by_a_tap(shop, boss, mei):
    assert "您是不是要说" in boss.says("消废 小美 58 袜子")
    shop.work()
    boss.chooses("消费 小美 58")
    assert mei.file["spent_fen"] == 5800


def test_a_code_is_typed_and_never_tapped(shop, boss, mei):
    boss.says("小美 +北京")
    assert "确认" in boss.says("标签 删除 北京")
    shop.work()
    assert labels(boss) == []


def test_a_window_with_little_room_is_kept_for_news(shop, boss, namesakes):
    shop.parts.clients["main"].menu_create([{"type": "click", "name": "小美", "key": "查 小美"}])
    shop.later(hours=49)
    # A menu tap opens a minute of three messages; three are too few.
    assert "回复数字" in boss.taps("查 小美")
    shop.work()
    assert boss.phone.routes == []
    assert f"小美 #{namesakes[0].number}" in boss.says("1")


def test_items_that_come_too_late_are_not_sent(shop, boss, namesakes):
    boss.says("到店 小美")
    shop.later(minutes=1, seconds=1)
    shop.work()
    assert boss.phone.routes == []
    assert "到店" in boss.says("1")


def test_another_menu_message_of_the_account_is_a_line_like_any_other(shop, boss, mei):
    assert "小美" in boss.does("choose", menu_id="101", content="查 小美")
