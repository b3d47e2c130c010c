"""What a staff member is in the middle of: offers, choices, texts and pages, each for its time, whatever restarts."""

import pytest
from test_undo import TAKE_BACK

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def restart(shop):
    """Another process takes the door over: nothing but the database remembers."""
    shop.restart_door()


def test_a_number_does_the_offered_line_and_nothing_is_done_before(shop, boss, mei):
    offered = boss.says("消废 小美 298")
    assert "1. 消费 小美 298" in offered
    assert mei.file["spent_fen"] == 0
    restart(shop)
    assert TAKE_BACK in boss.says("1")
    assert mei.file["spent_fen"] == 29800
    assert "没有等您选的清单" in boss.says("1")


def test_an_example_about_somebody_else_is_never_done_by_a_number(boss, mei):
    offer = boss.says("微信收款¥128.50元")
    assert "谁付的就说：消费 小美 128.50" in offer
    assert "1. 消费 散客 128.50" in offer
    boss.says("1")
    assert mei.file["spent_fen"] == 0


def test_an_offer_is_over_after_five_minutes_and_with_the_next_line(shop, boss, mei):
    boss.says("倒店 小美")
    shop.later(minutes=6)
    assert "没有等您选的清单" in boss.says("1")
    boss.says("倒店 小美")
    assert "已放下" not in boss.says("查 小美")
    assert "没有等您选的清单" in boss.says("1")


def test_a_choice_and_a_text_survive_a_restart_and_a_slip_of_the_finger(shop, boss):
    first, second = shop.regular("王芳一"), shop.regular("王芳二")
    boss.says("消费 王芳 298")
    boss.says("消废")
    restart(shop)
    assert TAKE_BACK in boss.says("1")
    assert sorted((first.file["spent_fen"], second.file["spent_fen"])) == [0, 29800]
    boss.says("话术 新建 上新")
    restart(shop)
    assert "存好了" in boss.says("今天到了新款，来看看吧")


def test_pages_and_codes_survive_a_restart_and_pages_end_no_choice(shop, boss):
    shop.regulars(21)
    boss.says("话术 新建 长的 " + "一二三四五六七八九十" * 200)
    plan = boss.says("批量标签 全部 +节日")
    boss.says("话术 看 长的")
    restart(shop)
    assert "七" in boss.says("更多")
    assert TAKE_BACK in boss.confirms(plan)


def test_after_three_lines_not_understood_a_short_lesson_about_own_customers(boss, mei):
    boss.says("查 小美")
    assert "连着几句" not in boss.says("啦啦啦啦啦啦啦啦啦啦啦啦啦啦")
    assert "连着几句" not in boss.says("哗哗哗哗哗哗哗哗哗哗哗哗哗哗")
    assert "连着几句" in boss.says("嘟嘟嘟嘟嘟嘟嘟嘟嘟嘟嘟嘟嘟嘟")
    assert "连着几句" not in boss.says("嘟嘟嘟嘟嘟嘟嘟嘟嘟嘟嘟嘟嘟嘟")


def test_help_speaks_of_this_shops_own_customers_and_tags(shop, boss):
    assert "小美" in boss.says("帮助 顾客")
    shop.regular("阿珍")
    boss.says("阿珍 +熟人")
    assert "查 阿珍" in boss.says("帮助 顾客")
    assert "人群 熟人 且 未消费60天" in boss.says("帮助 想发消息")
    assert "阿珍 到店 消费298" in boss.says("帮助 有人进店")
    for topic in ("", "群发", "标签", "人群", "开门"):
        assert len(boss.says(f"帮助 {topic}")) <= 600, topic


def test_staff_see_complaints_suggestions_and_wishes_for_a_person(boss, mei):
    assert "没有没处理完" in boss.says("投诉")
    mei.says("投诉 衣服开线了")
    mei.says("建议 多进大码")
    listed = boss.says("投诉")
    assert all(words in listed for words in ("衣服开线了", "多进大码"))
    assert "回 #" in boss.says("投诉 1")
    assert boss.says("回 他 马上处理")
    assert "没有编号 9" in boss.says("投诉 9")


def test_words_of_rooms_to_come_get_an_honest_answer(boss, mei):
    for line in (
        "推荐 榜",
        "代理 小美",
        "积分 小美 +50 生日",
        "券 小美 满200减30",
        "抽奖 3 5名",
        "报表",
        "投诉 5 道歉",
    ):
        assert "还没有开张" in boss.says(line), line
    for line in ("推荐", "积分", "券", "兑换 2", "抽奖", "投票 2", "打卡", "签到 8642"):
        assert "还没有开通" in mei.says(line), line
