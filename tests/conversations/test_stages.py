"""The deal stages ①②③④ and the texts that go with them."""

import pytest

# One database is enough: what is told here lies above the tables.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def deal(boss, mei):
    assert "单号1" in boss.says("成交 小美 298 连衣裙")
    return 1


def test_agreed_is_no_money_yet(shop, mei, deal):
    assert (mei.file["stage"], mei.file["purchased"], mei.file["spent_fen"]) == ("①", False, 0)
    assert shop.export("orders")[0]["paid_at"] is None


def test_the_whole_way(shop, boss, mei, deal):
    boss.says("下单 1")
    assert (mei.file["stage"], mei.file["spent_fen"], mei.file["grade"]) == ("②", 29800, "S")
    sent = boss.says("发货 1 顺丰 SF123456")
    assert "SF123456" in sent
    assert f"回 #{mei.number}" in sent
    assert "SF123456" in boss.says("订单 小美")
    boss.says("签收 1")
    assert mei.file["stage"] == "③"
    boss.says("用完 1")
    assert mei.file["stage"] == "④"


def test_sending_places_what_was_only_agreed(mei, boss, deal):
    boss.says("发货 1 顺丰 SF123456")
    assert (mei.file["stage"], mei.file["spent_fen"]) == ("②", 29800)


def test_no_step_is_done_twice_or_too_early(shop, boss, mei, deal):
    assert "还没下单" in boss.says("签收 1")
    assert "还没签收" in boss.says("用完 1")
    boss.says("下单 1")
    assert "不用再下单" in boss.says("下单 1")
    boss.says("签收 1")
    assert "③" in boss.says("签收 1")
    assert "不能再发货" in boss.says("发货 1 顺丰 SF123456")
    boss.says("用完 1")
    assert "用完" in boss.says("用完 1")
    (booked,) = shop.rows("SELECT SUM(amount_fen) AS fen FROM ledger")
    assert int(booked.fen) == 29800


def test_a_parcel_number_is_not_lost_by_saying_it_again_without(boss, deal):
    boss.says("发货 1 顺丰 SF123456")
    assert "SF123456" in boss.says("发货 1")
    assert "SF123456" in boss.says("订单 小美")
    boss.says("发货 1 圆通 YT9876543210")
    assert "YT9876543210" in boss.says("订单 小美")


def test_when_it_will_be_used_up_staff_are_reminded(shop, boss, deal):
    for step in ("下单 1", "签收 1", "用完 1 30天后"):
        boss.says(step)
    assert "没有要做的事" in boss.says("今日")
    shop.later(days=30)
    listed = boss.says("今日")
    assert "连衣裙" in listed
    assert "推迟" in listed
    boss.says("推迟 1 明天")
    assert "没有要做的事" in boss.says("今日")
    shop.later(days=1)
    boss.says("今日")
    boss.says("完成 1 要再买一件")
    assert "都做完了" in boss.says("下一批")


def test_the_export_tells_the_stage_of_the_latest_order(boss, mei, deal):
    boss.says("消费 小美 58 袜子")
    assert mei.file["stage"] == "③"
    boss.says("成交 小美 100 帽子")
    assert mei.file["stage"] == "①"


def test_segments_by_stage(boss, mei, lan, deal):
    assert "1 位" in boss.says("人群 阶段=①")
    boss.says("下单 1")
    assert "0 位" in boss.says("人群 阶段=①")
    assert "1 位" in boss.says("人群 阶段=②")


def test_an_unknown_number_is_said_to_be_so(boss):
    for word in ("下单", "发货", "签收", "用完"):
        assert "没有单号99" in boss.says(f"{word} 99"), word
