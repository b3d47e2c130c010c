"""Several staff: who looks after whom, who leaves, who takes over, who did what."""

import pytest

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def mei(shop):
    return shop.regular("小美")


@pytest.fixture
def wang(shop):
    return shop.staff("小王")


def test_the_list_numbers_everybody_and_says_whose_customers(boss, clerk, mei):
    clerk.says("跟进 小美 b 聊了价格")
    listed = boss.says("员工")
    assert "1. 王姐 · 老板\n2. 小李 · 店员 · 顾客 1 位" in listed
    assert "负责：小李" in boss.says("查 小美")
    assert "跟进 b 聊了价格（小李）" in boss.says("历史 小美")


def test_who_looks_after_whom_is_said_and_taken_back(boss, clerk, mei):
    assert "小美 #" in boss.says("负责 小美 小李")
    assert "负责：小李" in boss.says("查 小美")
    boss.says("小美 负责 王姐")
    assert "负责：王姐" in boss.says("查 小美")
    boss.says("撤销")
    assert "负责：小李" in boss.says("查 小美")
    assert "没有专人负责" in boss.says("负责 小美 无")
    assert "负责：" not in boss.says("查 小美")
    assert "没有叫“小刘”的店员" in boss.says("负责 小美 小刘")


def test_ones_own_customers_come_before_a_colleagues(shop, boss, clerk, mei):
    shop.regular("阿兰")
    clerk.says("跟进 小美 a 下次看样衣 今天15点")
    boss.says("跟进 阿兰 b 下次发图 今天17点")
    listed = boss.says("今日")
    assert listed.index("阿兰") < listed.index("小美")
    assert "跟进：看样衣（小李的顾客）" in listed


def test_what_was_open_with_who_leaves_is_listed_and_handed_over(shop, boss, clerk, wang, mei):
    clerk.says("跟进 小美 a 下次看样衣 今天15点")
    mei.says("样衣到了吗")
    clerk.says("今日")
    clerk.says("提醒 明天10点 给小美打电话")
    clerk.confirms(clerk.says("群发 全部 用 到店礼A 明天10点"))
    told = boss.says("员工 移除 小李")
    for part in ("顾客 1 位（小美 #", "跟进 1 件", "待回 1 位", "群发 1（明天 10:00）", "提醒“给小美打电话”"):
        assert part in told
    assert "员工 交接 2 王姐" in told
    handed = boss.says("员工 交接 小李 小王")
    assert "小李的都交给小王了" in handed
    assert "负责：小王" in boss.says("查 小美")
    assert "由小李交接给小王（王姐）" in boss.says("历史 小美")
    assert "没有要交接的" in boss.says("员工 交接 小李 小王")
    assert "小美" in wang.says("今日")
    shop.at("2026-09-22 10:00")
    wang.says("在")
    shop.goes_on()
    assert any("提醒：给小美打电话" in text for text in wang.phone.pushed)
    assert len([record for record in shop.export("deliveries") if record["broadcast"] == 1]) == 1


def test_a_handover_is_taken_back_whole(shop, boss, clerk, wang, mei):
    clerk.says("跟进 小美 a 下次看样衣 今天15点")
    clerk.confirms(clerk.says("群发 全部 用 到店礼A 明天10点"))
    before = shop.rows("SELECT staff_id FROM broadcasts"), shop.rows("SELECT keeper_id FROM customers ORDER BY id")
    boss.says("员工 交接 小李 小王")
    assert before != (
        shop.rows("SELECT staff_id FROM broadcasts"),
        shop.rows("SELECT keeper_id FROM customers ORDER BY id"),
    )
    assert "已撤销：小李交接给小王" in boss.says("撤销")
    assert before == (
        shop.rows("SELECT staff_id FROM broadcasts"),
        shop.rows("SELECT keeper_id FROM customers ORDER BY id"),
    )


def test_nothing_is_sent_in_the_name_of_who_left_until_somebody_takes_over(shop, boss, clerk, mei):
    clerk.confirms(clerk.says("群发 全部 用 到店礼A 明天10点"))
    assert "交接后才发" in boss.says("员工 移除 小李")
    shop.at("2026-09-22 10:00")
    shop.goes_on()
    assert mei.phone.pushed == []
    boss.says("员工 交接 小李 王姐")
    shop.goes_on()
    assert [record["state"] for record in shop.export("broadcasts")] == ["done"]


def test_an_owner_hears_what_was_missed_because_nobody_took_over(shop, boss, clerk, mei):
    clerk.confirms(clerk.says("群发 全部 用 到店礼A 明天10点"))
    boss.says("员工 移除 小李")
    shop.at("2026-09-22 11:30")
    boss.says("在")
    shop.goes_on()
    assert mei.phone.pushed == []
    assert any("群发 1 错过了时间" in text for text in boss.phone.pushed)


def test_codes_of_who_was_removed_do_nothing_even_when_they_are_back(shop, boss, clerk, mei):
    plan = clerk.says("群发 全部 用 到店礼A")
    boss.says("员工 移除 小李")
    clerk.confirms(plan)
    assert shop.export("deliveries") == []
    clerk.says(f"绑定 {shop.invitation()} 小李")
    assert "另一位同事" in clerk.confirms(plan)
    assert shop.export("deliveries") == []


def test_many_customers_are_handed_over_after_a_code(shop, boss, clerk, wang):
    for person in shop.regulars(21):
        boss.says(f"负责 {person.name} 小李")
    asked = boss.says("员工 交接 小李 小王")
    assert "顾客 21 位" in asked
    assert "顾客 21 位" not in boss.says("员工").split("小王")[1]
    assert "都交给小王了" in boss.confirms(asked)
    assert "3. 小王 · 店员 · 顾客 21 位" in boss.says("员工")


def test_only_owners_hand_over(boss, clerk, wang):
    assert "只有老板" in clerk.says("员工 交接 王姐 小李")
    assert "写两位店员" in boss.says("员工 交接 小李 小李")
    assert "没有叫“小刘”的店员" in boss.says("员工 交接 小李 小刘")
