"""Plain, compatible and safe mode: the same talk, and what plain mode must not do."""

import pytest

from bot.sandbox import wire

# One database is enough: the seal is opened before the database is asked.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_the_talk_is_the_same_in_every_mode(open_shop, mode):
    shop = open_shop(mode=mode)
    boss, mei = shop.staff("王姐", "owner"), shop.regular("小美")
    assert "298元" in boss.says("消费 小美 298 连衣裙")
    assert mei.file["spent_fen"] == 29800
    assert shop.ask("/account", {"verify": True})["verified"] is True
    assert {push["outcome"] for push in shop.ask("/callbacks")["callbacks"]} == {"reply"}


@pytest.mark.parametrize(("mode", "sealed"), [("plain", False), ("compatible", True), ("safe", True)])
def test_a_reply_is_sealed_as_its_message_was(open_shop, mode, sealed):
    shop = open_shop(mode=mode)
    mei = shop.regular("小美")
    answer = shop.push(mei.text_xml("我的", 9001))
    assert (b"<Encrypt>" in answer.body) is sealed
    assert ("小美".encode() in answer.body) is not sealed
    assert "小美" in shop.read(answer)


def test_in_compatible_mode_the_sealed_part_counts_and_not_the_clear_one(open_shop):
    shop = open_shop(mode="compatible")
    boss, mei = shop.staff("王姐", "owner"), shop.regular("小美")
    query, body = shop.sealed(mei.text_xml("你好", 9001))
    forged = body.replace(mei.openid.encode(), boss.openid.encode(), 1).replace(
        "你好".encode(), "消费 小美 9 茶".encode(), 1
    )
    assert shop.post(query, forged).status == 200
    assert mei.file["spent_fen"] == 0
    assert [record["text"] for record in shop.export("messages")] == ["你好"]


def test_in_plain_mode_a_wrong_signature_is_an_empty_403(open_shop):
    shop = open_shop(mode="plain")
    mei = shop.regular("小美")
    query, body = shop.sealed(mei.text_xml("退订", 9001))
    answer = shop.post({**query, "signature": wire.sign("another", query["timestamp"], query["nonce"])}, body)
    assert (answer.status, answer.body) == (403, b"")
    assert mei.file["opted_out"] is False


def test_in_plain_mode_wide_and_deleting_commands_are_refused(open_shop):
    shop = open_shop(mode="plain")
    boss = shop.staff("王姐", "owner")
    shop.regulars(21)
    boss.says("客01 +试用")
    for line in ("群发 全部 用 到店礼A", "批量标签 全部 +节日", "标签 删除 试用", "标签 合并 试用 到 老客"):
        answer = boss.says(line)
        assert "明文模式" in answer
        assert "确认 " not in answer
    assert "明文模式" in boss.says("确认 7F3K")
    assert shop.rows("SELECT id FROM confirmations") == []
    assert shop.export("deliveries") == []


def test_a_code_from_safe_mode_is_worth_nothing_in_plain_mode(open_shop):
    shop = open_shop()
    boss, mei = shop.staff("王姐", "owner"), shop.regular("小美")
    plan = boss.says("群发 全部 用 到店礼A")
    shop.close()
    later = open_shop(mode="plain", start="2026-09-21 10:01")
    forged = mei.text_xml(plan.splitlines()[-1].partition("：")[2], 9001).replace(mei.openid, boss.openid)
    assert "明文模式" in later.read(later.push(forged))
    assert later.export("deliveries") == []
