"""Lists of customers from another program: read by their headings, taken in once."""

import pytest
from bills import sheet

from bot.errors import ShukeError

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

LIST = """姓名,手机号,标签,生日,性别,备注,累计消费,最近消费,会员卡
张姐,138 0013 8000,VIP、老客,1980-05-01,女,喜欢素色,"1,298.50",2026-08-01,K1
王总,+86 13900139000,北京;老客,农历八月十五,先生,,,,K2
阿珍,,,5月1日,,,0,,
"""


def rows(shop):
    tables = ("customers", "customer_tags", "orders", "ledger", "timeline")
    return [shop.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


def test_a_list_opens_files_and_the_second_time_changes_nothing(shop, boss, take_in):
    report = "\n".join(take_in(LIST, "customers").lines)
    assert "新建 3 位" in report
    assert "没有用到的列：会员卡" in report
    zhang, wang, zhen = shop.export("customers")
    assert (zhang["name"], zhang["phone"], zhang["vip"]) == ("张姐", "13800138000", True)
    assert zhang["tags"] == ["老客", "头部", "送货上门"]
    assert (zhang["spent_fen"], zhang["purchased"], zhang["grade"]) == (129850, True, "S")
    assert (wang["phone"], set(wang["tags"]), wang["spent_fen"]) == ("13900139000", {"北京", "老客"}, 0)
    assert (zhen["name"], zhen["purchased"]) == ("阿珍", False)
    births = shop.rows("SELECT birth_year, birth_month, birth_day, birth_lunar FROM customers WHERE NOT is_staff")
    assert [tuple(birth) for birth in births] == [(1980, 5, 1, 0), (None, 8, 15, 1), (None, 5, 1, 0)]
    assert "喜欢素色" in boss.says("历史 张姐")
    (order,) = shop.export("orders")
    assert (order["source"], order["paid_at"]) == ("opening", "2026-08-01T04:00:00Z")
    assert "另有导入的以前消费 1 笔 1298.50元，不算收款" in boss.says("今天收款")
    before = rows(shop)
    assert "没有变化 3 位" in "\n".join(take_in(LIST, "customers", encoding="gb18030").lines)
    assert rows(shop) == before


def test_who_is_known_is_filled_in_and_keeps_what_was_said(shop, boss, mei, take_in):
    boss.says("新客 张姐 13800138000")
    report = "\n".join(
        take_in(f"编号,姓名,电话,城市\n{mei.number},美美,13700137000,\n,张大姐,13800138000,北京\n", "customers").lines
    )
    assert "补充 2 位" in report
    assert "名字“张姐”没有改成“张大姐”" in report
    assert (mei.file["name"], mei.file["phone"]) == ("小美", "13700137000")
    assert [customer["name"] for customer in shop.export("customers")] == ["小美", "张姐"]


def test_who_was_erased_is_not_brought_back_by_phone_or_number(shop, boss, mei, take_in):
    boss.says("资料 小美 电话 13800138000")
    number = mei.number
    mei.says("确认删除我的资料")
    for line in (",小美,13800138000", f"{number},小美,13800138000", f"{number},小美,"):
        report = take_in(f"编号,姓名,电话\n{line}\n,王总,13900139000\n", "customers")
        assert not report.ok
        assert "第 2 行：这一位按本人要求删除了资料" in "\n".join(report.lines)
    take_in("编号,姓名,电话\n,小美,13800138000\n,王总,13900139000\n", "customers", partial=True)
    assert [customer["name"] for customer in shop.export("customers")] == ["已注销", "王总"]
    boss.says("新客 小美 13800138000")
    assert take_in("姓名,电话,城市\n小美,13800138000,北京\n", "customers").ok


def test_a_namesake_with_another_phone_is_somebody_else_and_told(shop, boss, take_in):
    boss.says("新客 张姐 13800138000")
    assert "已有同名的 张姐" in "\n".join(take_in("姓名,电话\n张姐,13800138001\n", "customers").lines)
    assert len(shop.export("customers")) == 2
    report = take_in("姓名\n张姐\n", "customers")
    assert "有几位都是“张姐”" in "\n".join(report.lines)


def test_bad_lines_are_named_and_nothing_is_taken_in_without_partial(shop, take_in):
    bad = {
        "小一,1380013800,": "电话“1380013800”不对",
        ",,VIP": "不知道是谁",
        "小三,,M": "消费",
        "小四,13800138004,,2月30日": "2月30日",
        "小五,,,,十块": "累计消费“十块”不是金额",
        "小六,,,,-1": "不在 0元 到",
        "小七,,,,,外星": "性别“外星”",
        "小八,13800138008,\n小八,13800138008,VIP": "和第 9 行是同一个人",
        "小九,,,1990-13-01": "没有这一天",
    }
    file = "姓名,电话,标签,生日,累计消费,性别\n" + "\n".join(bad) + "\n好人,13800138099\n好人,13800138099\n"
    report = take_in(file, "customers")
    told = "\n".join(report.lines)
    assert not report.ok
    for reason in bad.values():
        assert reason in told
    assert shop.export("customers") == []
    assert "新建 2 位" in "\n".join(take_in(file, "customers", partial=True, dry_run=True).lines)
    assert shop.export("customers") == []
    assert "重复的行 1 行" in "\n".join(take_in(file, "customers", partial=True).lines)
    assert [customer["name"] for customer in shop.export("customers")] == ["小八", "好人"]


def test_a_spreadsheet_has_phones_as_numbers(shop, take_in, tmp_path):
    file = sheet(tmp_path / "名单.xlsx", [["姓名", "电话", "累计消费"], ["张姐", 13800138000, 298.5], ["王总", "", 0]])
    assert take_in(file, "customers").ok
    assert [(c["phone"], c["spent_fen"]) for c in shop.export("customers")] == [("13800138000", 29850), (None, 0)]


def test_hostile_cells_are_text(shop, take_in):
    take_in("姓名,备注\n=cmd|' /C calc'!A0,'; DROP TABLE customers;--\n{{7*7}},<script>\n", "customers")
    assert [customer["name"] for customer in shop.export("customers")] == ["=cmd|' /C calc'!A0", "{{7*7}}"]


def test_a_list_without_anybody_in_it_says_so(take_in):
    with pytest.raises(ShukeError, match="至少有“姓名”"):
        take_in("城市,标签\n北京,VIP\n", "customers")
    with pytest.raises(ShukeError, match="两列都是“电话”"):
        take_in("姓名,电话,手机\n张姐,1,2\n", "customers")
