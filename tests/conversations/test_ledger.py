"""Money and visits by chat: the ledger, and classes, grade and spend that follow it."""

import pytest

AMOUNTS = {
    "298": 29800,
    "298.5": 29850,
    "298元": 29800,
    "298块": 29800,
    "¥298.00": 29800,
    "２９８": 29800,
    "两百九十八": 29800,
    "1.2万": 1200000,
}
NO_AMOUNTS = ("0", "-1", "1e9", "NaN", "٣٤", "1.234", "999999999", "二十九八", "298,5,0", "")


def test_a_visit_makes_n_into_y(boss, mei):
    assert "到店" in boss.says("到店 小美")
    assert (mei.file["visited"], mei.file["purchased"]) == (True, False)


def test_a_purchase_books_money_and_moves_classes_grade_and_stage(shop, boss, mei):
    answer = boss.says("消费 小美 298 连衣裙 A102 备注 送人")
    assert "298元" in answer
    assert "单号1" in answer
    assert "③" in answer
    file = mei.file
    assert (file["visited"], file["purchased"], file["grade"], file["stage"]) == (True, True, "S", "③")
    assert file["spent_fen"] == 29800
    (order,) = shop.export("orders")
    assert (order["number"], order["customer"], order["amount_fen"]) == (1, file["number"], 29800)
    assert (order["items"], order["note"], order["source"]) == ("连衣裙 A102", "送人", "shop")
    assert (order["refunded_fen"], order["stage"]) == (0, "③")
    assert order["paid_at"] is not None


def test_online_money_is_no_visit(shop, boss, mei):
    boss.says("消费 小美 298 连衣裙 线上")
    assert (mei.file["visited"], mei.file["purchased"], mei.file["stage"]) == (False, True, "②")
    assert shop.export("orders")[0]["source"] == "online"


def test_the_place_may_stand_before_the_amount(shop, boss, mei):
    boss.says("消费 小美 线上 100")
    assert (mei.file["visited"], mei.file["spent_fen"]) == (False, 10_000)
    assert shop.export("orders")[0]["items"] == ""


def test_amounts_as_people_write_them(boss, mei):
    for typed, fen in AMOUNTS.items():
        boss.says(f"消费 小美 {typed} 裙")
        assert mei.file["spent_fen"] == fen, typed
        boss.says("撤销")


def test_amounts_that_are_none_are_refused_with_an_example(shop, boss, mei):
    for typed in NO_AMOUNTS:
        assert "298" in boss.says(f"消费 小美 {typed}"), typed
    assert mei.file["spent_fen"] == 0
    assert shop.export("orders") == []


def test_for_several_an_amount_means_each(shop, boss, mei, lan):
    boss.says("消费 小美、阿兰 10 茶")
    assert [record["spent_fen"] for record in shop.export("customers")] == [1000, 1000]
    assert len(shop.export("orders")) == 2


def test_a_passer_by_is_money_without_a_customer(shop, boss):
    assert "散客" in boss.says("消费 散客 58 苹果")
    (order,) = shop.export("orders")
    assert (order["customer"], order["amount_fen"], order["items"]) == (None, 5800, "苹果")
    assert "0元" in boss.says("退款 单号1 58")


def test_a_full_refund_takes_class_and_grade_back(boss, mei):
    boss.says("级别 小美 A")
    boss.says("消费 小美 298 连衣裙")
    assert mei.file["grade"] == "S"
    boss.says("退款 小美 298")
    file = mei.file
    assert (file["purchased"], file["grade"], file["spent_fen"]) == (False, "A", 0)
    assert file["visited"] is True


def test_a_part_back_leaves_the_purchase_standing(shop, boss, mei):
    boss.says("消费 小美 298 连衣裙")
    assert "还剩 198元" in boss.says("退款 小美 100")
    assert (mei.file["purchased"], mei.file["grade"], mei.file["spent_fen"]) == (True, "S", 19800)
    assert shop.export("orders")[0]["refunded_fen"] == 10000


def test_more_than_was_paid_is_refused(boss, mei):
    boss.says("消费 小美 298 连衣裙")
    assert "298元" in boss.says("退款 小美 300")
    boss.says("退款 小美 100")
    assert "198元" in boss.says("退款 单号1 198.01")
    assert mei.file["spent_fen"] == 19800


def test_what_is_all_back_cannot_come_back_again(boss, mei):
    boss.says("消费 小美 298 连衣裙")
    boss.says("退款 单号1 298")
    assert "全部退完" in boss.says("退款 单号1 1")
    assert "没有可以退" in boss.says("退款 小美 1")


def test_without_an_amount_it_asks(boss, mei):
    boss.says("消费 小美 298.5 连衣裙")
    assert "退款 单号1 298.5" in boss.says("退款 小美")
    assert "退款 单号1 298.5" in boss.says("退款 单号1")
    assert mei.file["spent_fen"] == 29850


def test_which_of_several_purchases_is_asked(boss, mei):
    boss.says("消费 小美 298 连衣裙")
    boss.says("消费 小美 298 大衣")
    question = boss.says("退款 小美 298")
    assert "单号1" in question
    assert "单号2" in question
    assert mei.file["spent_fen"] == 59600
    boss.says("退款 单号2 298")
    assert mei.file["spent_fen"] == 29800


def test_the_amount_that_fits_one_purchase_means_that_one(shop, boss, mei):
    boss.says("消费 小美 298 连衣裙")
    boss.says("消费 小美 58 袜子")
    boss.says("退款 小美 58")
    assert [order["refunded_fen"] for order in shop.export("orders")] == [0, 5800]


def test_an_unknown_order_is_said_to_be_so(boss, mei):
    assert "没有单号99" in boss.says("退款 单号99 1")
    assert "没有单号" in boss.says("退款 单号999999999 1")


def test_the_books_always_add_up(shop, boss, mei):
    boss.says("消费 小美 298 连衣裙")
    boss.says("消费 小美 58 袜子")
    boss.says("退款 小美 58")
    boss.says("退款 单号1 100")
    (booked,) = shop.rows("SELECT SUM(amount_fen) AS fen FROM ledger")
    assert int(booked.fen) == mei.file["spent_fen"] == 19800


def test_grades_are_set_by_staff_but_s(boss, mei):
    boss.says("级别 小美 B")
    assert mei.file["grade"] == "B"
    assert "消费" in boss.says("级别 小美 S")
    assert mei.file["grade"] == "B"
    boss.says("消费 小美 298 连衣裙")
    assert "S" in boss.says("级别 小美 A")
    assert mei.file["grade"] == "S"


def test_a_follow_up_keeps_where_the_talk_stands_and_what_is_next(shop, boss, mei):
    boss.says("跟进 小美 b 聊了价格 下次发新款图 周五 预计500")
    assert mei.file["follow_up"] == "b"
    assert "没有要做的事" in boss.says("今日")
    shop.at("2026-09-25 09:00")
    assert "发新款图" in boss.says("今日")
    boss.says("跟进 小美 a")
    assert mei.file["follow_up"] == "a"


def test_what_is_missing_or_wrong_is_named_with_an_example(boss, mei):
    before = mei.file
    for typed in ("级别 小美 X", "级别 小美", "跟进 小美 z", "跟进 小美", "到店", "消费"):
        assert "例如" in boss.says(typed), typed
    assert mei.file == before


def test_a_name_nobody_has_is_offered_as_a_new_file_and_nothing_is_done_before(shop, boss):
    offer = boss.says("消费 阿珍 298 裙")
    assert "1. 给“阿珍”建档" in offer
    assert (shop.export("customers"), shop.export("orders")) == ([], [])
    booked = boss.says("1")
    assert "新建了 阿珍 的档案" in booked
    assert "单号1" in booked
    (file,) = shop.export("customers")
    assert (file["name"], file["spent_fen"], file["visited"]) == ("阿珍", 29800, True)
    boss.says("撤销")
    assert (shop.export("customers"), shop.export("orders")) == ([], [])


def test_the_nearest_name_stands_beside_the_new_file(shop, boss, mei):
    assert "2. 是 小美" in boss.says("消费 小梅 58 袜子")
    boss.says("2")
    assert mei.file["spent_fen"] == 5800
    assert len(shop.export("customers")) == 1


def test_of_two_names_nobody_has_each_is_asked(shop, boss):
    boss.says("消费 阿珍、阿强 10 茶")
    assert "阿强" in boss.says("1")
    assert shop.export("orders") == []
    boss.says("1")
    assert [(file["name"], file["spent_fen"]) for file in shop.export("customers")] == [("阿珍", 1000), ("阿强", 1000)]


def test_only_money_opens_a_file(shop, boss):
    assert "没有找到" in boss.says("退款 阿珍 10")
    assert "现在没有等您选" in boss.says("1")
    assert shop.export("customers") == []


def test_a_refund_by_number_in_part_with_its_reason(shop, boss, mei):
    boss.says("消费 小美 298 连衣裙")
    assert "（尺码不对）" in boss.says("退款 单号1 50 尺码不对")
    assert shop.export("orders")[0]["refunded_fen"] == 5000
    assert "尺码不对" in boss.says("历史 小美")
    booked = shop.rows("SELECT amount_fen, note FROM ledger ORDER BY id")
    assert [tuple(row) for row in booked] == [(29800, ""), (-5000, "尺码不对")]


def test_taking_back_adds_to_the_book_and_edits_nothing(shop, boss, mei):
    boss.says("消费 小美 298 连衣裙")
    boss.says("退款 单号1 50")
    before = shop.rows("SELECT * FROM ledger ORDER BY id")
    boss.says("撤销")
    boss.says("撤销")
    after = shop.rows("SELECT * FROM ledger ORDER BY id")
    assert after[:2] == before
    assert [(row.amount_fen, row.source, row.reverses) for row in after[2:]] == [
        (5000, "undo", before[1].id),
        (-29800, "undo", before[0].id),
    ]
    assert shop.export("orders") == []
    assert mei.file["spent_fen"] == 0


def test_many_orders_come_in_pages(shop, boss, mei):
    for count in range(1, 9):
        boss.says(f"消费 小美 {count} 糖")
    first = boss.says("订单 小美")
    assert ("单号8" in first, "单号3" in first, "单号2" in first) == (True, True, False)
    assert "订单 #2 第2页" in first
    second = boss.says("订单 #2 第2页")
    assert ("单号2" in second, "单号1 " in second, "单号3" in second) == (True, True, False)
    assert "一共 2 页" in boss.says("订单 小美 第3页")


def test_more_paid_out_than_taken_is_said_in_words(boss):
    boss.says("红包 计划 中秋 老客群 200元 20个")
    boss.says("红包 已发 1 实发180元")
    taken = boss.says("今天收款")
    assert "支出比收款多 180元" in taken
    assert "-" not in taken


def test_the_month_asked_for_is_the_last_one(boss):
    assert "例如：月结 8月" in boss.says("月结")


@pytest.mark.parametrize("typed", ["李姐30袜子", "李姐 30 袜子", "李姐三十袜子", "李姐30"])
def test_a_second_customer_behind_a_comma_is_not_the_first_ones_goods(shop, boss, typed):
    hong, li = shop.regular("小红"), shop.regular("李姐")
    asked = boss.says(f"消费小红58围巾，{typed}")
    assert "没有记" in asked
    assert (hong.file["spent_fen"], li.file["spent_fen"]) == (0, 0)
    assert "记好了" in boss.says("消费小红58围巾，袜子3双、A102")
