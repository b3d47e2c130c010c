"""Money and visits by chat: the ledger, and classes, grade and spend that follow it."""

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
