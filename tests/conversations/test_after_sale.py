"""After the sale: each order's four stages told to the customer, and how the journey ends when things go otherwise."""

import pytest

# One database is enough: what both have to agree on stands in test_after_sale_clock.py.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def on(shop, boss):
    """The shop tells its customers by itself."""
    assert "售后开了" in boss.says("售后 开")
    return shop


def told(shop, person, **span):
    """What a customer hears in a while; writing a name keeps the window open and waits for nobody."""
    before = len(person.phone.pushed)
    person.says(f"我叫{person.name}")
    shop.goes_on(**(span or {"minutes": 2}))
    return person.phone.pushed[before:]


def test_every_stage_is_told_once(on, boss, mei):
    boss.says("周期 面霜 30天")
    boss.says("成交 小美 98 面霜")
    assert told(on, mei) == []
    boss.says("下单 1")
    assert told(on, mei) == [
        "小美，您要的面霜已经下单，单号 1。发出后我把快递号给您；想改地址或规格，今天回我还来得及。"
    ]
    on.at("2026-09-22 11:00")
    answer = boss.says("发货 1 顺丰 SF123456")
    assert "1 分钟后 自动告诉小美" in answer
    assert "回 #" not in answer
    assert "用完提醒（周期 30 天）：收到以后 30 天" in boss.says("售后 1")
    (sent,) = told(on, mei)
    assert "顺丰 SF123456" in sent
    on.at("2026-09-23 10:00")
    (how_to,) = told(on, mei)
    assert how_to.startswith("面霜快到了，先跟您说怎么用")
    on.at("2026-09-24 11:00")
    boss.says("签收 1")
    (arrived,) = told(on, mei)
    assert "面霜显示已签收" in arrived
    assert told(on, mei, days=2) == []
    on.at("2026-09-27 11:05")
    (talk,) = told(on, mei)
    assert "面霜用了几天，还满意吗" in talk
    on.at("2026-10-24 12:00")
    (again,) = told(on, mei)
    assert "面霜算着快用完了" in again
    assert told(on, mei, days=1) == []
    assert len(mei.phone.pushed) == 6
    journey = boss.says("售后 1")
    assert journey.startswith(f"单号1 小美 #{mei.number} 面霜 ④")
    for step in ("下单告知：9月21日 已发", "发货通知：9月22日 已发", "用完提醒（周期 30 天）：10月24日 已发"):
        assert step in journey, step


def test_bought_in_the_shop_there_is_nothing_to_send(on, boss, mei):
    boss.says("消费 小美 98 面霜")
    assert told(on, mei, days=1) == []
    on.at("2026-09-24 12:00")
    (talk,) = told(on, mei)
    assert "还满意吗" in talk


def test_whoever_has_no_window_is_written_to_by_hand_and_only_once(on, boss, mei):
    boss.says("消费 小美 98 面霜")
    on.at("2026-09-24 12:00")
    on.goes_on()
    listed = boss.says("今日")
    assert "售后回访 要人工发" in listed
    assert "共 1 件" in listed
    assert "面霜用了几天" in boss.says("文案 1")
    boss.says("完成 1")
    on.goes_on(hours=1)
    assert "没有要做的事" in boss.says("今日")
    assert "售后回访：9月24日 已发" in boss.says("售后 小美")


def test_while_it_is_off_customers_hear_nothing_and_staff_are_reminded(shop, boss, mei):
    assert "售后没开" in boss.says("售后")
    boss.says("成交 小美 98 面霜")
    boss.says("下单 1")
    assert told(shop, mei) == []
    boss.says("发货 1 顺丰 SF123456")
    boss.says("签收 1")
    shop.later(days=3)
    shop.goes_on()
    assert "回访" in boss.says("今日")
    assert "在“今日”提醒您" in boss.says("售后 1")
    assert len(shop.rows("SELECT id FROM care_letters")) == 0


def test_only_what_comes_after_the_switch_is_told(shop, boss, mei):
    boss.says("消费 小美 98 面霜")
    shop.at("2026-09-24 10:30")
    boss.says("售后 开")
    assert told(shop, mei) == []
    assert "回访" in boss.says("今日")


def test_the_switch_is_the_owners_and_can_be_taken_back(shop, boss, clerk):
    assert "老板" in clerk.says("售后 开")
    assert "没开" in boss.says("售后")
    boss.says("打开售后")
    assert "本来就开着" in boss.says("售后 开")
    boss.says("撤销")
    assert "没开" in boss.says("售后")


def test_what_is_taken_back_within_a_minute_is_never_heard(on, boss, mei):
    boss.says("成交 小美 98 面霜")
    boss.says("下单 1")
    on.goes_on(seconds=30)
    boss.says("撤销")
    assert told(on, mei) == []


def test_after_a_refund_nothing_more_is_said(on, boss, mei):
    boss.says("消费 小美 98 面霜")
    on.at("2026-09-24 12:00")
    on.goes_on()
    assert "售后回访" in boss.says("今日")
    assert "已记退款" in boss.says("退款 单号1 98")
    on.goes_on()
    assert "没有要做的事" in boss.says("今日")
    journey = boss.says("售后 1")
    assert "没有发（退了款）" in journey
    assert "售后到此为止" in journey
    assert told(on, mei, days=1) == []


def test_part_of_the_money_back_changes_nothing(on, boss, mei):
    boss.says("消费 小美 98 面霜")
    boss.says("退款 单号1 20")
    on.at("2026-09-24 12:00")
    assert len(told(on, mei)) == 1


def test_an_order_taken_back_takes_its_words_along(on, boss, mei):
    on.at("2026-09-21 22:00")
    boss.says("消费 小美 98 线上 面霜")
    on.goes_on(minutes=2)
    assert "下单告知：9月21日 晚些发" in boss.says("售后 1")
    boss.says("撤销")
    on.at("2026-09-22 10:01")
    assert told(on, mei) == []


def test_bought_again_before_it_is_used_up(on, boss, mei):
    boss.says("周期 面霜 30天")
    boss.says("消费 小美 98 面霜")
    on.at("2026-10-16 12:00")
    boss.says("消费 小美 98 面霜 两瓶")
    assert "又买了一次（单号2）" in boss.says("售后 1")
    on.at("2026-10-21 12:00")
    assert not any("用完" in words for words in told(on, mei))
    # What she still has of the first is no reason to wait: she was a little quicker this time.
    assert "用完提醒（上次间隔 25 天）：11月13日" in boss.says("售后 2")


def test_whoever_stocks_up_is_asked_when_both_are_used_up(on, boss, mei):
    boss.says("周期 面霜 30天")
    boss.says("消费 小美 98 面霜")
    on.later(hours=3)
    boss.says("消费 小美 98 面霜")
    assert "周期 30 天）：11月20日" in boss.says("售后 2")


def test_the_second_given_back_the_first_counts_again(on, boss, mei):
    boss.says("周期 面霜 30天")
    boss.says("消费 小美 98 面霜")
    on.later(days=20)
    boss.says("消费 小美 98 面霜")
    boss.says("退款 单号2 98")
    assert "又买了" not in boss.says("售后 1")
    on.at("2026-10-21 12:00")
    assert any("面霜算着快用完了" in words for words in told(on, mei))


def test_who_opted_out_is_not_asked_to_buy_again_but_stays_with_staff(on, boss, mei):
    boss.says("周期 面霜 5天")
    mei.says("退订")
    boss.says("消费 小美 98 面霜")
    on.at("2026-09-24 12:00")
    assert len(told(on, mei)) == 1
    on.at("2026-09-26 12:00")
    assert told(on, mei) == []
    assert "面霜该用完了" in boss.says("今日")


def test_two_orders_of_one_day_are_asked_about_once(on, boss, mei):
    boss.says("消费 小美 98 面霜")
    boss.says("消费 小美 58 口红")
    on.at("2026-09-24 12:00")
    assert len(told(on, mei)) == 1
    assert told(on, mei, days=1) == []
    assert "前几天刚问过别的单" in boss.says("售后 2")


def test_a_fact_that_is_missing_is_said_and_holds_up_nobody(on, boss, mei, lan):
    boss.says("消费 小美 98")
    boss.says("消费 阿兰 98 面霜")
    on.at("2026-09-24 12:00")
    assert len(told(on, lan)) == 1
    assert mei.phone.pushed == []
    assert "缺" in boss.says("售后 1")


def test_what_nobody_said_had_arrived_is_asked_for(on, boss, mei):
    boss.says("消费 小美 98 线上 裙子")
    boss.says("发货 1 顺丰 SF123456")
    told(on, mei)
    on.at("2026-09-24 12:00")
    assert told(on, mei) == ["小美，裙子算着该到了，收到了吗？到了回“到了”，还没到回我一声，我去催快递。"]
    assert "没有这件的使用说明" in boss.says("售后 1")
    boss.says("签收 1")
    assert told(on, mei, days=1) == []


def test_an_article_may_have_its_own_way_of_use(on, boss, mei):
    boss.says("话术 新建 使用说明裙子\n裙子第一次单独洗，冷水轻揉。")
    boss.says("消费 小美 98 线上 裙子")
    boss.says("发货 1 顺丰 SF123456")
    told(on, mei)
    on.at("2026-09-22 10:01")
    assert told(on, mei) == ["裙子第一次单独洗，冷水轻揉。"]


# -- how long it lasts -------------------------------------------------------------------------------------------------


def bought(shop, boss, days):
    """The same cream again and again, so many days between."""
    boss.says("消费 小美 98 面霜")
    for after in days:
        shop.later(days=after)
        boss.says("消费 小美 98 面霜")


def test_three_like_intervals_teach_it_without_being_told(shop, boss, mei):
    bought(shop, boss, [31, 28])
    assert "还看不出" in boss.says("周期 小美")
    shop.later(days=33)
    boss.says("消费 小美 98 面霜")
    assert "前三次间隔 31、28、33 天" in boss.says("小美 周期")


def test_what_was_given_back_teaches_nothing(shop, boss, mei):
    boss.says("周期 面霜 40天")
    bought(shop, boss, [31, 28, 33])
    boss.says("退款 单号4 98")
    assert "前两次间隔 31、28 天" in boss.says("周期 小美")


def test_days_are_said_listed_and_taken_back(shop, boss, mei):
    boss.says("消费 小美 98 面霜 两瓶")
    assert "正在用的 1 单也排上了" in boss.says("面霜能用一个月")
    assert "面霜 30 天" in boss.says("周期")
    about = boss.says("周期 面霜")
    assert f"小美 #{mei.number} 10月21日（周期 30 天，单号1）" in about
    assert "原来 30 天" in boss.says("周期 面霜 45天")
    assert "11月5日" in boss.says("周期 面霜")
    boss.says("撤销")
    assert "10月21日" in boss.says("周期 面霜")
    assert "去掉了" in boss.says("周期 删除 面霜")
    assert "还没有货品的周期" in boss.says("周期")
    boss.says("撤销")
    boss.says("撤销")
    assert "还没有货品的周期" in boss.says("周期")
    assert shop.rows("SELECT used_up_due FROM orders WHERE used_up_due IS NOT NULL") == []


def test_what_staff_said_about_one_order_stays(shop, boss, mei):
    boss.says("消费 小美 98 面霜")
    boss.says("用完 1 20天后")
    boss.says("周期 面霜 45天")
    assert "10月11日" in boss.says("周期 面霜")


def test_a_customer_is_no_article(boss, mei):
    assert "是一位顾客" in boss.says("小美一般两周买一次")
    assert "还没有货品的周期" in boss.says("周期")


def test_an_impossible_number_of_days_is_refused(boss):
    assert "1 到 730 天" in boss.says("周期 面霜 三百年")
