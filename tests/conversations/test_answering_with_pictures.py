"""回 <谁>, then a picture or a voice message: it goes to the customer; what customers send stands in 待回."""

import pytest

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def pushed(person):
    return [message for message in person.phone.messages if message["via"] == "custom"]


def test_the_next_picture_goes_to_the_customer_who_waits_until_it_has_arrived(shop, boss, mei):
    mei.says("裙子什么样的")
    assert "10 分钟内" in boss.says("回 小美")
    sending = boss.does("image")
    assert f"正在发给 小美 #{mei.number}（还能回" in sending
    assert "撤销" not in sending
    waiting = boss.says("待回")
    assert "裙子什么样的" in waiting
    assert "回复正在发" in waiting
    shop.work()
    assert [message["type"] for message in pushed(mei)] == ["image"]
    assert "没有顾客在等" in boss.says("待回")
    assert "回复：[图片]" in boss.says("历史 小美")
    assert "收不回" in boss.says("撤销")
    assert mei.file["photos"] == 0


def test_a_voice_message_goes_as_it_is_and_only_the_first(shop, boss, mei):
    mei.says("怎么洗")
    boss.says("回 小美")
    assert "正在发给 小美" in boss.speaks("查 小美")
    assert boss.speaks("查 小美").startswith("听到：查 小美")
    shop.work()
    assert [message["type"] for message in pushed(mei)] == ["voice"]


def test_several_pictures_go_one_after_the_other_but_what_is_spoken_then_is_for_the_shop(shop, boss, mei):
    mei.says("还有别的颜色吗")
    boss.says("回 小美")
    for _ in range(2):
        assert "接着发" in boss.does("image")
    assert "听到：查 小美" in boss.speaks("查 小美")
    assert "哪位顾客" in boss.does("image")
    shop.work()
    assert [message["type"] for message in pushed(mei)] == ["image", "image"]


def test_a_picture_later_or_after_another_command_is_not_sent(shop, boss, mei, lan):
    mei.says("裙子什么样的")
    boss.says("回 小美")
    assert "已放下" in boss.says("查 阿兰")
    assert "哪位顾客" in boss.does("image")
    boss.says("回 小美")
    shop.later(minutes=10, seconds=1)
    assert "哪位顾客" in boss.does("image")
    shop.work()
    assert pushed(mei) == []


def test_who_cannot_be_answered_is_said_before_the_picture_is_sent_and_after(shop, boss, mei):
    mei.says("裙子什么样的")
    boss.says("回 小美")
    mei.unfollows()
    assert "没有发出去" in boss.does("image")
    assert "没有发出去" in boss.says("回 小美")
    assert "哪位顾客" in boss.does("image")
    shop.work()
    assert pushed(mei) == []


def test_a_picture_draws_on_the_same_allowance_as_words(shop, boss, mei):
    shop.later(minutes=5)
    mei.says("裙子什么样的")
    boss.says("回 小美")
    for left in (4, 3, 2, 1):
        assert f"还能回 {left} 条" in boss.does("image")
    last = boss.does("image")
    assert "还能回 0 条" in last
    assert "接着发" not in last
    assert "都在路上" in boss.does("image")
    shop.work()
    assert len(pushed(mei)) == 5


def test_a_picture_the_platform_refuses_is_told_with_the_reason_and_she_goes_on_waiting(shop, boss, mei, lan):
    mei.says("裙子什么样的")
    lan.says("几点开门")
    boss.says("回 小美")
    shop.fault({"kind": "errcode", "errcode": 40007}, path="*/custom/send", openid=mei.openid)
    boss.does("image")
    boss.says("回 阿兰 十点")
    for _ in range(2):
        shop.goes_on()
    told = next(text for text in boss.phone.pushed if "没有发给 小美" in text)
    assert "“[图片]”" in told
    assert "过期" in told
    assert "裙子什么样的" in boss.says("待回")
    assert lan.phone.pushed == ["十点"]


def test_customers_pictures_and_voices_stand_in_the_list_with_their_words_and_place(shop, boss, mei, lan):
    mei.does("image")
    mei.speaks("有没有蓝色的")
    lan.speaks()
    waiting = boss.says("待回")
    assert "[图片]（正在取回）" in waiting
    assert "[语音]有没有蓝色的（正在取回）" in waiting
    shop.work()
    kept = sorted(path.name for path in (shop.settings.state_folder / "media").iterdir())
    waiting = boss.says("待回")
    assert len(kept) == 3
    assert all(f"media/{name}" in waiting for name in kept)
    assert "[语音]（店里电脑" in waiting
