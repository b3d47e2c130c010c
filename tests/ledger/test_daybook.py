"""今天收款, 收款 9月, 月结: what a day and a month came to, and months that take nothing more."""

from bills import personal_bill, receipt


def test_a_day_by_source_with_what_went_back(shop, boss, mei):
    assert "还没有收款" in boss.says("今天收款")
    boss.says("消费 小美 298 连衣裙")
    boss.says("消费 小美 100 帽子 线上")
    boss.says("消费 散客 58 苹果")
    boss.says("退款 单号1 50")
    told = boss.says("今天收款")
    assert "收 3 笔 456元，退 1 笔 50元，净收 406元" in told
    assert "店里 2 笔 356元" in told
    assert "线上 1 笔 100元" in told


def test_what_was_taken_back_is_in_no_total(boss, mei):
    boss.says("消费 小美 298 连衣裙")
    boss.says("消费 小美 58 袜子")
    boss.says("撤销")
    assert "收 1 笔 298元，退 0 笔 0元" in boss.says("收款")


def test_each_stretch_counts_its_own_days(shop, boss, mei):
    boss.says("消费 小美 100 帽子")
    shop.at("2026-09-22 00:00")
    boss.says("消费 小美 30 袜子")
    for asked, came_to in {"今天": "30元", "昨天": "100元", "本周": "130元", "本月": "130元", "9月": "130元"}.items():
        assert f"净收 {came_to}" in boss.says(f"收款 {asked}"), asked
    for asked in ("收款 上周", "8月收款", "收款 前天"):
        assert "还没有收款" in boss.says(asked), asked


def test_what_is_taken_back_next_day_leaves_the_day_it_was_of(shop, boss, mei):
    boss.says("消费 小美 298 连衣裙")
    shop.at("2026-09-22 09:00")
    boss.says("撤销")
    assert "还没有收款" in boss.says("收款 昨天")
    assert "还没有收款" in boss.says("今天收款")


def test_only_the_owner_closes_a_month_that_is_over(shop, boss, clerk):
    assert "还没过完" in boss.says("月结 9月")
    shop.at("2026-10-01 10:00")
    assert "只有老板" in clerk.says("月结 9月")
    assert "已月结" in boss.says("月结 9月")
    assert "已经月结过" in boss.says("月结 9月")
    assert "已经月结过" in boss.says("月结 8月")
    assert "已月结" in boss.says("收款 9月")
    assert "已撤销" in boss.says("撤销")
    assert "已月结" not in boss.says("收款 9月")


def test_a_correction_of_a_closed_month_is_booked_in_the_open_one(shop, boss, clerk, mei):
    shop.at("2026-09-30 20:00")
    clerk.says("消费 小美 298 连衣裙")
    clerk.says("消费 小美 58 袜子")
    shop.at("2026-10-01 10:00")
    closed = boss.says("月结 9月")
    assert "净收 356元" in closed
    assert "已撤销" in clerk.says("撤销")
    clerk.says("退款 单号1 98")
    assert "净收 356元" in boss.says("收款 9月")
    october = boss.says("收款 10月")
    assert "更正以前的 1 笔 -58元" in october
    assert "退 1 笔 98元，净收 -156元" in october
    assert mei.file["spent_fen"] == 20000


def test_trying_an_import_uses_up_no_number(shop, boss, mei, take_in):
    file, people = personal_bill(receipt("1" * 28, "12.00")), "姓名,累计消费\n张姐,5\n"
    take_in(file, dry_run=True)
    take_in(people, "customers", dry_run=True)
    take_in(file)
    take_in(people, "customers")
    assert [order["number"] for order in shop.export("orders")] == [1, 2]
    assert shop.export("customers")[-1]["number"] == mei.number + 1
    assert "1. 今天 09:00 12元" in boss.says("未认领")
    assert "收 1 笔 12元，退 0 笔 0元，净收 12元" in boss.says("今天收款")


def book(shop):
    """Every entry as it was written; the book is only ever added to."""
    return [tuple(row) for row in shop.rows("SELECT packet_id, amount_fen, source, reverses FROM ledger ORDER BY id")]


def test_red_packets_handed_out_are_money_out_until_taken_back(shop, boss, mei):
    boss.says("消费 小美 298 连衣裙")
    boss.says("红包 计划 中秋 老客群 200元 20个")
    assert "支出" not in boss.says("今天收款")
    assert "记进小账本的支出" in boss.says("红包 已发 1")
    told = boss.says("今天收款")
    assert "收 1 笔 298元，退 0 笔 0元，净收 298元" in told
    assert "支出 红包 1 笔 200元\n减去支出还有 98元" in told
    assert "已撤销" in boss.says("撤销")
    assert "支出" not in boss.says("今天收款")
    assert "红包 1：中秋" in boss.says("红包")
    assert book(shop)[1:] == [(1, -20000, "packet", None), (1, 20000, "undo", 2)]


def test_the_real_amount_corrects_the_day_they_were_handed_out(shop, boss):
    boss.says("红包 计划 中秋 老客群 200元 20个")
    boss.says("红包 已发 1")
    shop.at("2026-09-22 12:00")
    boss.says("红包 已发 1 实发180元")
    assert "支出" not in boss.says("今天收款")
    assert "还没有收款。\n支出 红包 1 笔 180元\n支出比收款多 180元" in boss.says("收款 昨天")
    assert "已撤销" in boss.says("撤销")
    assert "支出 红包 1 笔 200元" in boss.says("收款 昨天")
    assert "已撤销" not in boss.says("红包 已发 1 实发200元")
    assert [entry[1] for entry in book(shop)] == [-20000, 20000, -18000, 18000, -20000]
    (left,) = shop.rows("SELECT SUM(amount_fen) AS fen FROM ledger")
    assert left.fen == -20000


def test_a_closed_month_keeps_its_packets_and_the_correction_stands_in_the_next(shop, boss):
    shop.at("2026-09-30 20:00")
    boss.says("红包 计划 国庆 老客群 200元 20个")
    boss.says("红包 已发 1")
    shop.at("2026-10-01 10:00")
    assert "支出 红包 1 笔 200元" in boss.says("月结 9月")
    boss.says("红包 已发 1 实发180元")
    assert "支出 红包 1 笔 200元" in boss.says("收款 9月")
    october = boss.says("收款 10月")
    assert "支出 红包 1 笔 180元\n更正以前的红包支出 1 笔 200元\n减去支出还有 20元" in october
