"""Whatever is typed is a text: stored and shown as such, wherever staff and customers may put one."""

import csv
import io

import pytest

HOSTILE = [
    "'; DROP TABLE customers;--",
    '1" OR "1"="1',
    "<script>alert(1)</script>",
    "{{7*7}}",
    "{% for i in c %}",
    "%n%s%x",
    "😀🎉👩‍👩‍👧‍👦",
    "مرحبا",
    "]]></Content><x>",
    "&lt;&#65;",
    "\\u0000\\x00",
    "../../etc/passwd",
    "=1+1",
    "$(reboot)`id`",
]


def kept(shop, subject, field):
    return [record[field] for record in shop.export(subject)]


# In parts: one person who types all of it would be taken for a flood.
@pytest.mark.parametrize("part", range(3))
def test_in_every_place_where_a_text_may_stand(shop, boss, mei, part):
    for text in HOSTILE[part::3]:
        everywhere(shop, boss, mei, text)
    assert shop.rows("SELECT state FROM inbox WHERE state NOT IN ('done', 'ignored')") == []


def everywhere(shop, boss, mei, text):
    number = mei.number
    said = [
        mei.says(f"请问{text}"),
        boss.says(f"备注 #{number} {text}"),
        boss.says(f'#{number} +"{text}"'),
        boss.says(f"消费 #{number} 10 {text}"),
        boss.says(f"跟进 #{number} b 下次{text}"),
        boss.says(f"改名 #{number} {text}"),
        boss.says(f"查 #{number}"),
        boss.says(f"历史 #{number}"),
        boss.says("待回"),
        boss.says(f"提醒 明天10点 {text}"),
        boss.says("日历"),
        boss.says(f"查 {text}"),
        boss.says(text),
        mei.says(f"我叫{text}"),
        mei.says("我的"),
    ]
    assert not any("抱歉" in answer for answer in said), text
    assert f"请问{text}" in kept(shop, "messages", "text")
    assert mei.file["name"] == text
    assert text in boss.says(f"查 #{number}")
    assert text in boss.says(f"历史 #{number}")


def test_a_name_is_cleaned_and_cut(boss, mei):
    names = {"\u202eevil\u202c": "evil", "a\u200bb\u2060c": "abc", "e\u0301": "é", "长" * 200: "长" * 64}
    for typed, name in names.items():
        answer = boss.says(f"改名 #{mei.number} {typed}")
        assert mei.file["name"] == name
        assert ("64" in answer) is (len(typed) > 64)


def test_a_name_of_nothing_is_none(boss, mei):
    for typed in ("\u200b", "\u202e", "\ufe0f"):
        boss.says(f"改名 小美 {typed}")
        mei.says(f"我叫{typed}")
        assert mei.file["name"] == "小美"


def test_a_customer_may_send_a_novel(shop, boss, mei):
    novel = "长篇小说" * 2500
    mei.says(novel)
    assert kept(shop, "messages", "text") == [novel]
    assert len(boss.says("待回")) < 700
    assert len(boss.says("历史 小美")) < 700


def test_staff_are_told_when_a_line_is_too_long(boss):
    assert "太长" in boss.says("备注 小美 " + "长" * 9000)


def test_a_long_order_does_not_fill_the_phone(boss, mei):
    boss.says("消费 小美 10 " + "很多东西" * 500)
    for line in ("查 小美", "订单 小美", "历史 小美"):
        assert len(boss.says(line)) < 700


def test_a_spreadsheet_runs_nothing_of_it(shop, boss, mei):
    boss.says("改名 小美 =HYPERLINK(1)")
    boss.says("消费 小美 10 @SUM(1)")
    (customer,) = csv.DictReader(io.StringIO(shop.export_csv("customers")))
    (order,) = csv.DictReader(io.StringIO(shop.export_csv("orders")))
    assert customer["name"] == "'=HYPERLINK(1)"
    assert order["items"] == "'@SUM(1)"
