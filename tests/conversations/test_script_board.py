"""话术 榜: which script works for which class."""

import pytest

from bot.domain.campaigns import leaderboard


def test_the_board_ranks_scripts_by_the_class_people_had_then(shop, boss):
    people = shop.regulars(30)
    boss.confirms(boss.says("群发 O 用 到店礼A"))
    shop.goes_on()
    shop.later(hours=1)
    for person in people[:3]:
        person.says("好的")
        boss.says(f"消费 {person.name} 100 裙")
    assert "还排不出来" in boss.says("话术 榜")
    shop.later(days=8)
    board = boss.says("话术 榜")
    assert "【N 未到店】\n1. 到店礼A：发出 30，回复 10%，7天内购买 10%" in board
    assert "M" not in board
    assert boss.says("话术排行榜") == board
    shop.later(days=90)
    assert "还排不出来" in boss.says("话术 榜")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_of_very_many_messages_every_nth_customer_is_counted(shop, boss, monkeypatch):
    monkeypatch.setattr(leaderboard, "COUNTED", 5)
    monkeypatch.setattr(leaderboard, "ENOUGH", 3)
    shop.regulars(8)
    boss.confirms(boss.says("群发 O 用 到店礼A"))
    shop.goes_on()
    shop.later(days=8)
    assert "1. 到店礼A：发出 约 8，回复 0%" in boss.says("话术 榜")
