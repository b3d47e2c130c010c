"""Somebody comes: a welcome, a number, a name; and staff hear of it by the best way open."""

from bot.sandbox.settings import DEMO_STAFF_TEMPLATE


def test_a_follower_is_welcomed_and_has_a_number_at_once(shop, boss):
    guest = shop.person("新来的")
    assert guest.follows().startswith("这里是小雨服饰")
    assert guest.file["number"] == guest.number
    assert guest.file["name"] is None
    assert guest.file["identities"] == [{"account": "main", "id": guest.openid, "relation": "active"}]
    assert (guest.file["visited"], guest.file["purchased"], guest.file["vip"]) == (False, False, False)


def test_staff_are_told_by_a_message_while_their_window_is_open(shop, boss, newcomer):
    shop.goes_on()
    (news,) = boss.phone.pushed
    assert f"#{newcomer.number}" in news
    assert boss.phone.routes == ["custom"]


def test_several_newcomers_are_one_message(shop, boss):
    for name in ("甲", "乙", "丙"):
        shop.follower(name)
    shop.goes_on()
    (news,) = boss.phone.pushed
    assert "3 位新顾客" in news


def test_what_could_not_be_pushed_rides_on_the_next_answer_once(open_shop):
    shop = open_shop(template="")
    boss = shop.staff("王姐", "owner")
    shop.later(days=3)
    guest = shop.follower("新来的")
    shop.goes_on()
    assert boss.phone.pushed == []
    answer = boss.says("今日")
    assert answer.startswith("🔔")
    assert f"#{guest.number}" in answer
    assert "🔔" not in boss.says("今日")


def test_the_news_of_a_colleague_are_his_own(shop, boss, clerk, newcomer):
    assert f"#{newcomer.number}" in boss.says("今日")
    assert f"#{newcomer.number}" in clerk.says("今日")


def test_who_calls_herself_小美_is_小美_from_then_on(shop, boss, newcomer):
    assert "小美" in newcomer.says("我叫小美")
    assert newcomer.file["name"] == "小美"
    assert f"小美 #{newcomer.number}" in boss.says("查 小美")


def test_the_name_staff_gave_wins(shop, boss, mei):
    boss.says(f"改名 #{mei.number} 张美丽")
    mei.says("叫我美美")
    assert mei.file["name"] == "张美丽"
    card = boss.says("查 张美丽")
    assert "张美丽" in card
    assert "美美" in card


def test_the_nameless_are_listed_newest_first(shop, boss, mei):
    first, second = shop.follower("甲"), shop.follower("乙")
    listed = boss.says("新客")
    assert "2 位" in listed
    assert listed.index(f"#{second.number} ") < listed.index(f"#{first.number} ")
    boss.says(f"改名 #{first.number} 阿甲")
    boss.says(f"改名 #{second.number} 阿乙")
    assert "最近来的：阿乙" in boss.says("新客")


def test_a_regular_who_follows_nothing_gets_a_file(shop, boss):
    assert "张姐" in boss.says("新客 张姐 13800138000 微信 zhang88")
    (record,) = shop.export("customers")
    assert (record["name"], record["phone"], record["identities"]) == ("张姐", "13800138000", [])
    assert "已经有这位顾客了" in boss.says("新客 张姐")
    assert "已经有这位顾客了" in boss.says("建档 李姐 13800138000")
    assert len(shop.export("customers")) == 1


def test_who_comes_back_keeps_number_and_file(shop, boss, mei):
    number = mei.number
    boss.says("小美 +北京")
    mei.unfollows()
    assert mei.file["identities"][0]["relation"] == "gone"
    assert "没有关注" in boss.says("查 小美")
    assert "小美" in mei.follows()
    assert (mei.number, mei.file["tags"]) == (number, ["北京"])
    assert mei.file["identities"][0]["relation"] == "active"
    shop.goes_on()
    assert any("回来" in text for text in boss.phone.pushed)


def test_a_channel_code_tags_who_came_by_it(shop, boss):
    shop.parts.clients["main"].qr_code("门店海报")
    guest = shop.person("路人")
    guest.follows("门店海报")
    assert any("门店海报" in tag for tag in guest.file["tags"])
    assert "1 位" in boss.says("人群 渠道=门店海报")


def test_the_first_channel_stays(shop, boss, mei):
    for scene in ("门店海报", "快递卡片"):
        shop.parts.clients["main"].qr_code(scene)
        mei.scans(scene)
    assert "1 位" in boss.says("人群 渠道=门店海报")
    assert "0 位" in boss.says("人群 渠道=快递卡片")


def test_the_followers_from_before_are_taken_in_silently(open_shop):
    shop = open_shop(following=12)
    boss = shop.staff("王姐", "owner")
    shop.goes_on()
    regulars = shop.export("customers")
    assert len(regulars) == 12
    assert all(record["tags"] == ["待整理"] for record in regulars)
    assert all(record["identities"][0]["relation"] == "active" for record in regulars)
    assert boss.phone.pushed == []
    people = shop.ask("/state")["people"]
    old = [person for person in people if person["habit"]]
    assert len(old) == 12
    assert all(shop.ask(f"/ledger?openid={person['openid']}")["entries"] == [] for person in old)


def test_taking_in_again_adds_nobody(open_shop):
    shop = open_shop(following=5)
    shop.work()
    shop.later(hours=1)
    shop.work()
    assert len(shop.export("customers")) == 5


def test_a_closed_window_is_knocked_at_by_a_template_notice(shop, boss):
    shop.later(days=3)
    guest = shop.follower("新来的")
    shop.goes_on()
    assert boss.phone.routes == ["template"]
    (call,) = shop.calls("/message/template/send")
    assert call["status"] == 200
    assert f"#{guest.number}" in boss.says("今日")
    assert shop.settings.accounts[0].staff_notice_template == DEMO_STAFF_TEMPLATE


def test_staff_can_ask_how_they_hear_from_us(shop, boss):
    said = boss.says("通知")
    assert "客服消息" in said
    assert "模板通知" in said
    shop.later(days=3)
    assert "测试" in boss.says("通知 测试")
    shop.work()
    assert any("测试" in text for text in boss.phone.pushed)
