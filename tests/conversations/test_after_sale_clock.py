"""After the sale, on either database: several schedulers, a clock that jumps, days learned from intervals."""

import pytest

from jobs import after_sale


@pytest.fixture
def on(shop, boss):
    """The shop tells its customers by itself."""
    assert "售后开了" in boss.says("售后 开")
    return shop


def test_two_schedulers_say_it_once(on, boss, mei):
    boss.says("消费 小美 98 线上 面霜")
    mei.says("我叫小美")
    on.later(minutes=2)
    on.rivals(lambda parts: after_sale.strike(parts, parts.clock.now()))
    on.work()
    assert len(mei.phone.pushed) == 1
    assert len(on.rows("SELECT id FROM care_letters")) == 1


def test_a_clock_that_jumps_over_months_says_nothing_late(on, boss, mei):
    boss.says("周期 面霜 30天")
    boss.says("消费 小美 98 面霜")
    on.at("2026-12-01 12:00")
    mei.says("我叫小美")
    on.goes_on(days=1)
    assert mei.phone.pushed == []
    assert "该用完了" in boss.says("今日")


def test_the_day_is_learned_from_real_intervals_and_explained(shop, boss, mei):
    boss.says("周期 面霜 40天")
    boss.says("消费 小美 98 面霜")
    for after in (31, 28, 33):
        shop.later(days=after)
        boss.says("消费 小美 98 面霜")
    # The median of 40, 31, 28, 33 after the last purchase.
    assert "· 面霜 32 天（前三次间隔 31、28、33 天）" in boss.says("周期 小美")
    shop.later(days=32)
    assert "面霜该用完了（单号4，前三次间隔 31、28、33 天）" in boss.says("今日")
