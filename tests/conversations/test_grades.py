"""What behaviour suggests, and what the follow-ups should bring."""

import pytest

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def mei(shop):
    return shop.regular("小美")


def test_who_asks_a_price_is_suggested_for_a_and_only_staff_set_it(shop, boss, mei):
    assert "建议级别" not in boss.says("查 小美")
    boss.says("到店 小美")
    assert "建议级别：C（到过店）" in boss.says("查 小美")
    mei.says("红色的多少钱")
    card = boss.says("查 小美")
    assert f"建议级别：A（9月21日 问过“红色的多少钱”），同意就发：级别 #{mei.number} A" in card
    assert mei.file["grade"] is None
    boss.says(f"级别 #{mei.number} A")
    assert "建议级别" not in boss.says("查 小美")


def test_a_purchase_makes_s_and_a_full_refund_brings_the_former_grade_back(boss, mei):
    mei.says("有没有红色的")
    boss.says("级别 小美 B")
    boss.says("消费 小美 298 连衣裙")
    assert "建议级别" not in boss.says("查 小美")
    assert mei.file["grade"] == "S"
    boss.says("退款 小美 298")
    assert mei.file["grade"] == "B"


def test_a_big_spender_is_suggested_for_vip(boss, mei):
    boss.says("消费 小美 298 连衣裙")
    assert f"可以设为重点客户：#{mei.number} +VIP" in boss.says("查 小美")
    boss.says("小美 +VIP")
    assert "重点客户" not in boss.says("查 小美")


def test_the_forecast_adds_chance_times_amount(shop, boss, mei):
    assert "没法预测" in boss.says("预测")
    shop.regular("阿兰")
    boss.says("跟进 小美 b 聊了价格 预计500")
    boss.says("跟进 阿兰 a 看了样衣")
    told = boss.says("预测")
    assert "b 还缺信任：1 位，500元 × 50% = 250元" in told
    assert "合计 250元" in told
    assert "另有 1 位没写预计金额" in told
    boss.says("跟进 阿兰 a 还在想 预计1000")
    assert "合计 1050元" in boss.says("预测")
    boss.says("撤销")
    assert "合计 250元" in boss.says("预测")
    boss.says("消费 小美 500 裙子")
    assert "500元" not in boss.says("预测")


def test_from_thirty_outcomes_on_the_shops_own_rate_counts(shop, boss):
    people = shop.regulars(31)
    for person in people:
        boss.says(f"跟进 {person.name} c 聊了一下")
    for person in people[:6]:
        boss.says(f"消费 {person.name} 100 茶")
    shop.later(days=31)
    boss.says(f"跟进 {people[30].name} c 又聊了 预计1000")
    told = boss.says("预测")
    assert "1000元 × 20% = 200元（店里 30 位里成了 6 位，起始 30%）" in told
