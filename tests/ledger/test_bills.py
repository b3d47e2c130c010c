"""Bills of WeChat Pay, taken in once however often they come, and whose payments they are."""

import bills
import pytest
from bills import personal_bill, personal_sheet, receipt, refund, trade, trade_bill

from bot.errors import ShukeError

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
A, B, C = "4200002026092100000000000001", "4200002026092100000000000002", "4200002026092100000000000003"
P1, P2, P3 = "10000539012026092100000000000001", "10000539012026092100000000000002", "10000539012026092100000000000003"


# One with a voucher, one given back whole, one in part.
DAY = (
    trade(A, "288.00", 代金券金额="10.00", 订单金额="298.00"),
    trade(B, "58.50"),
    trade(C, "300.00"),
    refund(B, "50300001", "58.50"),
    refund(C, "50300002", "98.00"),
)
DAY_BOOKED = [(28800, 0), (5850, 5850), (30000, 9800)]


def everything(shop):
    tables = ("orders", "ledger", "payments", "timeline")
    return [shop.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables], shop.export("customers")


def amounts(shop):
    return [(order["amount_fen"], order["refunded_fen"]) for order in shop.export("orders")]


# --- the merchant's trade bill ----------------------------------------------------------------------------------------


def test_a_trade_bill_is_booked_to_who_paid_and_the_second_time_changes_nothing(shop, boss, mei, take_in):
    file = trade_bill(
        trade(A, "298.00", openid=mei.openid),
        trade(B, "58.50", at="2026-09-20 20:00:00", openid="oSomebodyElse"),
        refund(A, "50300001", "98.00", openid=mei.openid),
    )
    report = take_in(file)
    assert report.ok
    assert "新记 2 笔，其中 1 笔知道是谁的" in "\n".join(report.lines)
    assert amounts(shop) == [(29800, 9800), (5850, 0)]
    first, second = shop.export("orders")
    assert (first["customer"], first["items"], first["source"], first["stage"]) == (mei.number, "连衣裙", "bill", "③")
    assert (first["paid_at"], second["customer"]) == ("2026-09-21T01:35:41Z", None)
    assert (mei.file["spent_fen"], mei.file["purchased"], mei.file["grade"]) == (20000, True, "S")
    assert "净收 200元" in boss.says("今天收款")
    assert "收 1 笔 58.50元" in boss.says("收款 昨天")
    before = everything(shop)
    assert "没有变化 2 笔" in "\n".join(take_in(file).lines)
    assert everything(shop) == before


def test_a_whole_day_in_the_form_all_is_taken_in_once(shop, boss, mei, take_in):
    whole = trade_bill(*DAY, headings=bills.ALL)
    take_in(whole)
    assert amounts(shop) == DAY_BOOKED
    assert "收 3 笔 646.50元，退 2 笔 156.50元，净收 490元" in boss.says("今天收款")
    before = everything(shop)
    assert "没有变化 3 笔" in "\n".join(take_in(whole).lines)
    assert everything(shop) == before


def test_the_form_success_tells_of_payments_only_and_is_taken_in_once(shop, boss, mei, take_in):
    payments = trade_bill(*(row for row in DAY if row["交易状态"] == "SUCCESS"), headings=bills.SUCCESS)
    assert "退款" not in payments.splitlines()[0]
    assert "新记 3 笔" in "\n".join(take_in(payments).lines)
    assert amounts(shop) == [(28800, 0), (5850, 0), (30000, 0)]
    before = everything(shop)
    assert "没有变化 3 笔" in "\n".join(take_in(payments).lines)
    assert everything(shop) == before


def test_the_form_refund_gives_back_by_the_hour_the_money_went_and_is_taken_in_once(shop, boss, mei, take_in):
    refunds = trade_bill(*(row for row in DAY if row["交易状态"] == "REFUND"), headings=bills.REFUND)
    report = take_in(refunds)
    assert not report.ok
    assert "退款的那笔收款还不在账本里" in "\n".join(report.lines)
    take_in(trade_bill(*(row for row in DAY if row["交易状态"] == "SUCCESS"), headings=bills.SUCCESS))
    assert "有新退款 2 笔" in "\n".join(take_in(refunds).lines)
    assert amounts(shop) == DAY_BOOKED
    assert "退 2 笔 156.50元" in boss.says("今天收款")
    before = everything(shop)
    assert "没有变化 2 笔" in "\n".join(take_in(refunds).lines)
    assert everything(shop) == before
    # The same day once more in the third form has nothing new to tell.
    take_in(trade_bill(*DAY, headings=bills.ALL))
    assert everything(shop) == before


def test_a_refund_asked_for_at_night_counts_on_the_day_it_went_through(shop, boss, mei, take_in):
    late = refund(A, "50300001", "98.00") | {
        "退款申请时间": "2026-09-20 23:59:00",
        "退款成功时间": "2026-09-21 00:01:00",
    }
    take_in(trade_bill(trade(A, "298.00", at="2026-09-20 09:00:00"), headings=bills.SUCCESS))
    take_in(trade_bill(late, headings=bills.REFUND))
    assert "退 0 笔" in boss.says("收款 昨天")
    assert "退 1 笔 98元" in boss.says("今天收款")


def test_refunds_of_a_later_bill_find_their_payment(shop, take_in):
    take_in(trade_bill(trade(A, "298.00")))
    later = trade_bill(refund(A, "50300001", "98.00"), refund(A, "50300002", "100.00"))
    assert "有新退款 1 笔" in "\n".join(take_in(later).lines)
    assert amounts(shop) == [(29800, 19800)]
    take_in(later)
    assert amounts(shop) == [(29800, 19800)]


def test_a_refund_without_its_payment_or_above_it_is_refused_with_its_line(shop, take_in):
    report = take_in(trade_bill(refund(A, "50300001", "98.00")))
    assert not report.ok
    assert "第 2 行：退款的那笔收款还不在账本里" in "\n".join(report.lines)
    report = take_in(trade_bill(trade(B, "10.00"), refund(B, "50300002", "10.01")))
    assert "比收的 10元 多" in "\n".join(report.lines)
    assert shop.export("orders") == []


def test_a_payment_undone_is_given_back_whole(shop, take_in):
    undone = trade(A, "0.00", 交易状态="REVOKED", 订单金额="298.00")
    take_in(trade_bill(trade(A, "298.00"), undone))
    assert amounts(shop) == [(29800, 29800)]


def test_the_old_form_and_other_encodings_are_read_too(shop, take_in):
    old = trade_bill(
        trade(A, "298.00", at="2018-09-21 09：35：41"), headings=bills.LEGACY, sums=bills.LEGACY_SUMS, ends="\n"
    )
    assert take_in(old, encoding="gb18030").ok
    assert take_in(trade_bill(trade(B, "1.00")), encoding="utf-8-sig").ok
    assert take_in(trade_bill(trade(C, "2.00")), encoding="utf-16").ok
    assert amounts(shop) == [(29800, 0), (100, 0), (200, 0)]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (trade_bill(trade(A, "298.00"), tail=False), "第 3 行：末尾没有合计行"),
        (trade_bill(trade(A, "298.00"), 应结订单总金额="300.00"), "应结订单总金额写的是 300.00，逐行加起来是 298元"),
        (trade_bill(trade(A, "298.00"), 总交易单数="3"), "文件里有 1 行"),
        (trade_bill(trade(A, "298.00", 货币种类="USD")), "第 2 行：货币是 USD"),
        (trade_bill(trade(A, "298.00", 交易状态="ODD")), "交易状态“ODD”不认识"),
        (trade_bill(trade(A, "298.00", at="昨天")), "第 2 行：时间“昨天”没看懂"),
        (trade_bill(trade("4.2E+27", "298.00")), "被表格软件改成了数字"),
        (trade_bill(trade("", "298.00")), "没有微信订单号"),
        (trade_bill(trade(A, "298.00"), trade(A, "299.00")), "第 3 行：和第 2 行是同一个单号，金额不一样"),
        (trade_bill(trade(A, "298.00", at="0001-01-01 00:00:00")), "没看懂"),
        (trade_bill(trade(A, "NaN")), "“NaN”不是金额"),
        (trade_bill(trade(A, "-1.00")), "不在 0.01元 到"),
        (trade_bill(trade(A, "0.00")), "不在 0.01元 到"),
        (trade_bill(trade(A, "1.005")), "超过两位小数"),
        (trade_bill(trade(A, "1000000.01")), "不在 0.01元 到 1000000元 之间"),
    ],
)
def test_bad_lines_refuse_the_whole_file_and_are_named(shop, take_in, broken, said):
    report = take_in(broken)
    assert not report.ok
    assert said in "\n".join(report.lines)
    assert shop.export("orders") == []


def test_good_lines_only_where_that_was_asked_for_and_a_dry_run_changes_nothing(shop, take_in):
    file = trade_bill(trade(A, "298.00"), trade(B, "x"), trade(C, "2.00"))
    tried = take_in(file, dry_run=True, partial=True)
    assert "第 3 行" in "\n".join(tried.lines)
    assert "新记 2 笔" in "\n".join(tried.lines)
    assert shop.rows("SELECT id FROM payments") == []
    assert not take_in(file).ok
    assert take_in(file, partial=True).ok
    assert amounts(shop) == [(29800, 0), (200, 0)]


def test_files_that_are_no_bill_say_what_to_do(shop, take_in, tmp_path):
    for content, said in (
        ("", "empty"),
        ("姓名,电话\n小美,13800138000\n", "没有找到带“交易时间”的表头"),
        ("记账时间,资金流水单号\n1,2\n", "资金账单"),
        (b"\x1f\x8b\x08", "unpack"),
        (b"PK\x03\x04rest", "damaged"),
        (b"\xff\xff\xff\x00", "neither"),
    ):
        with pytest.raises(ShukeError, match=said):
            take_in(content)
    with pytest.raises(ShukeError, match="cannot read"):
        take_in(tmp_path / "nowhere.csv")


# --- the personal export ----------------------------------------------------------------------------------------------


def test_a_personal_bill_books_receipts_and_nothing_else(shop, boss, take_in):
    file = personal_bill(
        receipt(P1, "12.00", 商品='"收款方备注:二维码收款付款方留言:送人,两件"'),
        receipt(P2, "1,298.50", payer='阿"强", 🌸', 交易类型="转账", 商品="转账备注:大衣", 当前状态="已存入零钱"),
        receipt(P3, "5.00", 交易类型="微信红包"),
        receipt("1" * 28, "6.00", **{"收/支": "支出", "交易类型": "商户消费"}),
        receipt("2" * 28, "7.00", 当前状态="已全额退款"),
        receipt("3" * 28, "8.00", **{"收/支": "/", "交易类型": "零钱提现"}),
    )
    report = "\n".join(take_in(file, encoding="utf-8-sig").lines)
    assert "新记 2 笔，其中 0 笔知道是谁的" in report
    assert "1 笔已经全部退回" in report
    assert "跳过 2 行：支出和中性交易" in report
    assert "跳过 1 行：不是收款的收入（微信红包）" in report
    assert [(o["amount_fen"], o["items"], o["note"]) for o in shop.export("orders")] == [
        (1200, "", "送人,两件"),
        (129850, "", "大衣"),
    ]
    before = everything(shop)
    take_in(file, encoding="gb18030")
    assert everything(shop) == before
    listed = boss.says("未认领")
    assert "1. 今天 09:00 12元 阿珍 送人,两件" in listed
    assert '阿"强", 🌸' in listed


@pytest.mark.parametrize("without_row_16", [False, True])
def test_the_spreadsheet_form_has_serials_and_numbers(shop, take_in, tmp_path, without_row_16):
    rows = [
        receipt(P1, "0", **{"交易时间": 46286.5, "金额(元)": 12, "商品": "/"}),
        receipt(P2, "0", **{"交易时间": 46286.000011574074, "金额(元)": 0.3}),
    ]
    sheet = personal_sheet(tmp_path / "微信支付账单.xlsx", *rows, without_row_16=without_row_16)
    assert take_in(sheet).ok
    assert [(order["amount_fen"], order["paid_at"]) for order in shop.export("orders")] == [
        (1200, "2026-09-21T04:00:00Z"),
        (30, "2026-09-20T16:00:01Z"),
    ]
    before = everything(shop)
    take_in(sheet)
    assert everything(shop) == before


def test_a_number_the_spreadsheet_has_rounded_is_refused(shop, take_in, tmp_path):
    report = take_in(personal_sheet(tmp_path / "a.xlsx", receipt("", "1", **{"交易单号": 1.0000539e31})))
    assert not report.ok
    assert "被表格软件改成了数字" in "\n".join(report.lines)


def test_a_refund_shows_in_the_state_and_lowers_the_payment_once(shop, take_in):
    take_in(personal_bill(receipt(P1, "100.00")))
    later = personal_bill(receipt(P1, "100.00", 当前状态="已退款(￥10.00)"))
    take_in(later)
    take_in(later)
    assert amounts(shop) == [(10000, 1000)]
    take_in(personal_bill(receipt(P1, "100.00", 当前状态="已退款¥30.00")))
    assert amounts(shop) == [(10000, 3000)]
    take_in(personal_bill(receipt(P1, "100.00", 当前状态="已全额退款")))
    assert amounts(shop) == [(10000, 10000)]
    assert "当前状态“待收款”不认识" in "\n".join(take_in(personal_bill(receipt(P2, "1.00", 当前状态="待收款"))).lines)


# --- whose it is ------------------------------------------------------------------------------------------------------


def test_a_claimed_payer_is_known_from_then_on(shop, boss, mei, take_in):
    take_in(personal_bill(receipt(P1, "12.00"), receipt(P2, "13.00", at="2026-09-20 09:00:00")))
    assert "阿珍" in boss.says("未认领")
    answer = boss.says("认领 1 小美")
    assert "累计 12元" in answer
    assert "还有没认领的：2" in answer
    assert mei.file["spent_fen"] == 1200
    assert "已经认领过" in boss.says("认领 1 小美")
    take_in(personal_bill(receipt(P3, "14.00")))
    assert mei.file["spent_fen"] == 2600
    boss.says("认领 2 散客")
    assert "没有待认领" in boss.says("未认领")
    assert mei.file["spent_fen"] == 2600


def test_claims_are_taken_back_whole(shop, boss, mei, take_in):
    boss.says("消费 小美 12 茶")
    take_in(personal_bill(receipt(P1, "12.00"), receipt(P2, "13.00")))
    for line in (
        "认领 1 同一笔",
        "认领 1 另一笔",
        "认领 1 散客",
        "认领 1 单号1",
        "认领 2 小美",
        "认领 2 散客",
        "认领 全部",
    ):
        before = (shop.export("orders"), shop.export("customers"), shop.rows("SELECT * FROM payments ORDER BY id"))
        assert "（不对就回复“撤销”）" in boss.says(line), line
        assert "已撤销" in boss.says("撤销")
        assert (
            shop.export("orders"),
            shop.export("customers"),
            shop.rows("SELECT * FROM payments ORDER BY id"),
        ) == before, line
    (book,) = shop.rows("SELECT SUM(amount_fen) AS fen FROM ledger")
    assert book.fen == 2500


def test_what_staff_typed_that_day_is_not_counted_twice(shop, boss, mei, take_in):
    boss.says("消费 小美 298 连衣裙")
    file = personal_bill(receipt(P1, "298.00", at="2026-09-21 18:00:00"), receipt(P2, "298.00", payer="别人"))
    report = "\n".join(take_in(file).lines)
    assert "1 笔可能店员已经记过，先不记" in report
    assert len(shop.export("orders")) == 2
    told = boss.says("今天收款")
    assert "收 2 笔 596元" in told
    assert "账单里 1 笔 298元 可能已经记过" in told
    listed = boss.says("未认领")
    assert "可能就是单号1（小美 #2）" in listed
    assert "认领 1 单号1" in boss.says("认领 1 小美")
    assert "只算一次" in boss.says("认领 1 同一笔")
    assert mei.file["spent_fen"] == 29800
    before = everything(shop)
    take_in(file)
    assert everything(shop) == before


def test_another_payment_of_the_same_amount_is_booked(shop, boss, mei, take_in):
    boss.says("消费 小美 298 连衣裙")
    take_in(personal_bill(receipt(P1, "298.00")))
    assert "单号2" in boss.says("认领 1 另一笔")
    boss.says("认领 1 小美")
    assert mei.file["spent_fen"] == 59600


def test_every_day_of_typed_sales_is_settled_with_one_word(shop, boss, mei, take_in):
    for yuan in (10, 20, 30):
        boss.says(f"消费 小美 {yuan} 茶")
    keys = (P1, P2, P3)
    take_in(personal_bill(*(receipt(key, f"{yuan}.00") for key, yuan in zip(keys, (10, 20, 30), strict=True))))
    assert "3 笔都是已经记过的" in boss.says("认领 全部")
    assert "没有待认领" in boss.says("未认领")
    assert mei.file["spent_fen"] == 6000


def test_a_sale_typed_after_the_bill_came_is_offered_as_the_same(shop, boss, mei, take_in):
    take_in(personal_bill(receipt(P1, "298.00")))
    assert "认领 1 单号2" in boss.says("消费 小美 298 连衣裙")
    assert "只算一次" in boss.says("认领 1 单号2")
    (order,) = shop.export("orders")
    assert (order["number"], order["amount_fen"], mei.file["spent_fen"]) == (2, 29800, 29800)
    (book,) = shop.rows("SELECT SUM(amount_fen) AS fen FROM ledger")
    assert book.fen == 29800
    boss.says("撤销")
    assert len(shop.export("orders")) == 2


def test_a_typed_refund_of_a_claimed_payment_is_not_booked_again(shop, boss, mei, take_in):
    boss.says("消费 小美 298 连衣裙")
    boss.says("退款 单号1 98")
    take_in(trade_bill(trade(A, "298.00", openid=mei.openid), refund(A, "50300001", "98.00", openid=mei.openid)))
    boss.says("认领 1 同一笔")
    assert amounts(shop) == [(29800, 9800)]
    take_in(trade_bill(refund(A, "50300002", "100.00", openid=mei.openid)))
    assert amounts(shop) == [(29800, 19800)]


def test_only_what_fits_can_be_the_same(shop, boss, mei, take_in):
    boss.says("消费 小美 58 袜子")
    boss.says("成交 小美 298 大衣")
    take_in(personal_bill(receipt(P1, "298.00")))
    assert "对不上" in boss.says("认领 1 单号1")
    assert "还没有收款" in boss.says("认领 1 单号2")
    assert "没有单号99" in boss.says("认领 1 单号99")
    assert "没有 7 这笔" in boss.says("认领 7 小美")
    assert "没有看着像的" in boss.says("认领 1 同一笔")


def test_a_closed_month_takes_nothing_from_a_bill(shop, boss, take_in):
    take_in(personal_bill(receipt(P1, "100.00")))
    shop.at("2026-10-01 10:00")
    boss.says("月结 9月")
    report = take_in(personal_bill(receipt(P2, "12.00")))
    assert "2026年09月 已经月结" in "\n".join(report.lines)
    take_in(personal_bill(receipt(P1, "100.00", 当前状态="已退款¥10.00")))
    assert "净收 100元" in boss.says("收款 9月")
    assert "退 1 笔 10元，净收 -10元" in boss.says("收款 10月")
