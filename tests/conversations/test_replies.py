"""Who answers a broadcast gets a talk: the script beside their words, a grade suggested, and no more marketing that day."""

import pytest

SEND = "群发 全部 用 到店礼A"
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def shop(open_shop):
    return open_shop(marketing_per_day=2)


def test_an_answer_lands_in_the_list_with_the_script_it_answers_and_suggests_a_grade(shop, boss, mei, lan):
    boss.confirms(boss.says(SEND))
    shop.goes_on()
    shop.later(minutes=5)
    mei.says("这个多少钱")
    assert "等回复 1 条（答群发 1 到店礼A）：这个多少钱" in boss.says("今日")
    assert "（答群发 1 到店礼A）" in boss.says("待回")
    assert "建议级别：A" in boss.says("查 小美")
    lan.says("好的")
    assert "建议级别：D" in boss.says("查 阿兰")


def test_who_has_answered_gets_nothing_more_on_that_day(shop, boss, mei, lan):
    boss.confirms(boss.says(SEND))
    boss.confirms(boss.says("群发 全部 用 到店礼B 今天15点"))
    shop.goes_on()
    shop.later(minutes=5)
    mei.says("好的")
    shop.at("2026-09-21 15:00")
    shop.goes_on()
    assert (len(mei.phone.pushed), len(lan.phone.pushed)) == (1, 2)
    (row,) = [row for row in shop.export("deliveries") if row["customer"] == mei.number and row["broadcast"] == 2]
    assert (row["state"], row["reason"]) == ("skipped", "今天回复了群发，正在聊")
    assert "今天回复了群发，正在聊：小美" in boss.says("群发 全部 用 到店礼C")


def test_the_next_day_is_another_day(shop, boss, mei):
    boss.confirms(boss.says(SEND))
    boss.confirms(boss.says("群发 全部 用 到店礼B 明天10点"))
    shop.goes_on()
    shop.later(minutes=5)
    mei.says("好的")
    shop.at("2026-09-22 10:00")
    shop.goes_on()
    assert len(mei.phone.pushed) == 2


def test_an_opt_out_in_an_answer_still_stops_everything(shop, boss, mei):
    boss.confirms(boss.says(SEND))
    boss.confirms(boss.says("群发 全部 用 到店礼B 明天10点"))
    shop.goes_on()
    mei.says("退订")
    shop.at("2026-09-22 10:00")
    shop.goes_on()
    assert len(mei.phone.pushed) == 1


def test_a_complaint_by_name_offers_to_open_a_case(boss, mei):
    assert "1. 立案 小美 衣服洗坏" in boss.says("投诉 小美 衣服洗坏")
    assert "立案了：小美" in boss.says("1")


def test_help_has_a_page_for_goods_that_come_back(boss):
    assert "退款 单号12" in boss.says("帮助 顾客想退货")
    assert "立案" in boss.says("帮助 客户生气了")
    assert "来过的：" in boss.says("帮助 有人进店")
