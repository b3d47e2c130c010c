"""What customers say besides commands: opting out, complaints, a person please; and what staff hear of it."""

import re

import pytest

one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PLAIN = ("退订", "TD", "td", "ＴＤ", "退訂", "我要退订", "帮我退订", "退订，谢谢", "取消订阅", "回复TD")
TRAPS = ("别退订", "我没有退订", "退订多少钱", "退订金怎么退", "怎么退订", "T恤有吗", "订单退订金", "谁要退订了")


def test_a_plain_wish_opts_out_at_once(mei):
    for typed in PLAIN:
        assert "退订" in mei.says(typed)
        assert mei.file["opted_out"] is True, typed
        mei.says("订阅")


def test_a_negation_a_question_or_another_noun_does_not(mei):
    for typed in TRAPS:
        mei.says(typed)
        assert mei.file["opted_out"] is False, typed


def test_a_wish_that_is_not_plain_is_told_the_word(mei):
    for typed in ("请不要再发了", "别再给我发广告"):
        assert "退订" in mei.says(typed)
        assert mei.file["opted_out"] is False


def test_and_in_again(mei):
    mei.says("退订")
    assert "订阅" in mei.says("订阅")
    assert mei.file["opted_out"] is False


def test_anything_else_waits_for_staff_and_is_acknowledged_once_an_hour(shop, boss, mei):
    assert "店" in mei.says("红色的还有吗")
    assert mei.says("L码的") == ""
    shop.later(minutes=61)
    assert "店" in mei.says("在吗")
    waiting = boss.says("待回")
    for words in ("红色的还有吗", "L码的", "在吗"):
        assert words in waiting
    assert {record["text"] for record in shop.export("messages")} == {"红色的还有吗", "L码的", "在吗"}
    assert all(record["waiting"] for record in shop.export("messages"))


def test_staff_answer_through_the_platform(shop, boss, mei):
    mei.says("红色的还有吗")
    assert f"正在发给 小美 #{mei.number}" in boss.says("回 小美 有的，给您留着")
    assert "回复正在发" in boss.says("待回")
    shop.work()
    assert mei.phone.pushed == ["有的，给您留着"]
    assert "没有顾客在等" in boss.says("待回")
    assert "收不回" in boss.says("撤销")


def test_an_answer_the_platform_does_not_allow_is_refused_with_the_reason(shop, boss, mei, lan):
    mei.says("红色的还有吗")
    shop.later(days=2, minutes=1)
    assert "没有发出去" in boss.says("回 小美 有的")
    lan.unfollows()
    assert "没有关注" in boss.says("回 阿兰 您好")
    boss.says("新客 张姐 13800138000")
    assert "没有关注" in boss.says("回 张姐 您好")
    shop.work()
    assert mei.phone.pushed == []


def test_five_answers_to_one_word_are_the_most(shop, boss, newcomer):
    shop.later(minutes=5)
    newcomer.says("在吗")
    for number in range(5):
        assert f"还能回 {4 - number} 条" in boss.says(f"回 #{newcomer.number} 第{number}句")
        shop.work()
    assert "没有发出去" in boss.says(f"回 #{newcomer.number} 第六句")
    assert len(newcomer.phone.pushed) == 5


@one_database
@pytest.mark.parametrize(("code", "word"), [(45002, "太长"), (45015, "48小时"), (45047, "条数用完")])
def test_an_answer_the_platform_refuses_goes_back_to_whoever_wrote_it(shop, boss, clerk, mei, code, word):
    mei.says("红色的还有吗")
    shop.fault({"kind": "errcode", "errcode": code}, path="*/custom/send", openid=mei.openid)
    clerk.says("回 小美 有的，给您留着")
    shop.goes_on()
    shop.goes_on()
    assert mei.phone.pushed == []
    (told,) = [text for text in clerk.phone.pushed if "没有发给 小美" in text]
    assert word in told
    assert "有的，给您留着" in told
    assert not any("没有发给" in text for text in boss.phone.pushed)
    assert "红色的还有吗" in boss.says("待回")
    assert "没有发成的回复" in boss.says("历史 小美")


@one_database
def test_an_answer_nobody_can_tell_about_is_not_repeated_and_the_customer_goes_on_waiting(shop, boss, mei):
    mei.says("红色的还有吗")
    shop.fault({"kind": "reset"}, when="after", path="*/custom/send", openid=mei.openid)
    boss.says("回 小美 有的")
    for _ in range(3):
        shop.goes_on()
    assert mei.phone.pushed == ["有的"]
    assert any("不确定 小美" in text and "没有再发" in text for text in boss.phone.pushed)
    assert "红色的还有吗" in boss.says("待回")


@one_database
def test_what_was_said_after_the_answer_goes_on_waiting(shop, boss, mei):
    mei.says("红色的还有吗")
    boss.says("回 小美 有的")
    mei.says("蓝色的呢")
    shop.work()
    waiting = boss.says("待回").split("等回复的顾客")[1]
    assert "蓝色的呢" in waiting
    assert "红色的还有吗" not in waiting


@one_database
def test_an_answer_on_a_path_that_rests_waits_and_says_so(shop, boss, mei, lan):
    mei.says("红色的还有吗")
    lan.says("几点开门")
    fault = shop.fault({"kind": "errcode", "errcode": 45009, "until": "midnight"}, path="*/custom/send")
    boss.says("回 小美 有的")
    shop.work()
    assert "先排着" in boss.says("回 阿兰 十点")
    listed = boss.says("待回")
    assert listed.count("回复还没发出：今天的接口次数用完了") == 2
    assert "明天 00:00 再试" in listed
    shop.ask(f"/faults/{fault}", method="DELETE")
    shop.at("2026-09-22 00:01")
    shop.goes_on()
    assert (mei.phone.pushed, lan.phone.pushed) == (["有的"], ["十点"])
    assert "没有顾客在等" in boss.says("待回")


@one_database
def test_an_answer_too_long_is_refused_whole_and_says_by_how_much(shop, boss, mei):
    mei.says("红色的还有吗")
    said = boss.says(f"回 小美 {'好' * 683}")
    assert "多了 1 字节" in said
    assert "约 1 个汉字" in said
    shop.work()
    assert mei.phone.pushed == []
    assert "正在发" in boss.says(f"回 小美 {'好' * 682}")


@one_database
def test_the_number_of_answers_left_says_how_long_it_is_true(shop, boss, mei, newcomer):
    mei.says("红色的还有吗")
    assert re.search(r"还能回 8 条：3 条到 今天 10:0\d，5 条到 9月23日 (09:59|10:0\d)）", boss.says("待回"))
    shop.later(minutes=2)
    for can in ("还能回 5 条", "还能回 4 条", "还能回 3 条"):
        answer = boss.says("待回" if can == "还能回 5 条" else "回 小美 有的")
        assert re.search(can + "，到 9月23日 (09:59|10:0)", answer), answer


@one_database
def test_who_unfollowed_is_not_shown_as_answerable(boss, mei):
    mei.says("红色的还有吗")
    mei.unfollows()
    waiting = boss.says("待回")
    assert "已取消关注" in waiting
    assert "还能回" not in waiting


def test_the_words_somebody_could_not_be_sent_are_offered_when_they_write(shop, boss, mei):
    shop.later(days=3)
    boss.says("在")
    boss.confirms(boss.says("群发 全部 用 到店礼A"))
    shop.goes_on()
    assert [row["state"] for row in shop.export("deliveries")] == ["by_hand"]
    assert "人工发" in boss.says("今日")
    mei.says("在吗")
    shop.goes_on()
    offer = f"回 #{mei.number} 文案"
    assert any(offer in text for text in boss.phone.pushed)
    assert offer in boss.says("待回")
    assert "正在发给 小美" in boss.says(offer)
    assert "没有等着" in boss.says(offer)
    shop.goes_on()
    assert len(mei.phone.pushed) == 1
    (row,) = shop.export("deliveries")
    assert (row["state"], row["route"], row["reason"]) == ("sent", "custom", "")
    assert "人工发" not in boss.says("今日")
    assert "在吗" in boss.says("待回")


@one_database
def test_a_command_of_a_customer_counts_as_having_been_here(shop, mei):
    shop.later(days=1)
    mei.says("我的")
    assert mei.file["last_seen_at"].startswith("2026-09-22")


def test_a_complaint_gets_a_number_and_staff_hear_at_once(shop, boss, mei):
    assert "编号 1" in mei.says("投诉 衣服破了")
    shop.strike()
    shop.work()
    assert any("衣服破了" in text for text in boss.phone.pushed)
    assert "❗小美" in boss.says("待回")


def test_suggestions_and_the_wish_for_a_person_get_one_too(boss, mei):
    assert "编号 1" in mei.says("建议 加个试衣间")
    assert "编号 2" in mei.says("人工")
    assert "加个试衣间" in boss.says("待回")


@pytest.mark.parametrize("typed", ["退钱！", "骗人的吧", "你们太差了", "我要打12315"])
def test_plain_anger_goes_on_top_without_the_word(shop, boss, mei, lan, typed):
    lan.says("在吗")
    shop.later(seconds=1)
    mei.says(typed)
    waiting = boss.says("待回").split("等回复的顾客")[1]
    assert waiting.index("小美") < waiting.index("阿兰")
    assert "❗" in waiting


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_staff_hear_of_anger_at_once_and_how_to_make_a_case_of_it(shop, boss, mei):
    mei.says("退钱！你们骗人")
    shop.work()
    (told,) = boss.phone.pushed
    line = told.splitlines()[-1].split("：")[1]
    assert line == f"立案 #{mei.number}"
    assert "立案了：小美" in boss.says(line)
    assert "没有再立" in boss.says(line)
    boss.says(f"回 #{mei.number} 马上给您退")
    assert "投诉 1 还没处理完：退钱！你们骗人" in boss.says("今日")
    assert "做完了" in boss.says("完成 1")
    assert "立案了" in boss.says("立案 小美 还没收到钱")


def test_denied_anger_is_none(boss, mei):
    mei.says("你们不骗人吧")
    mei.says("买个垃圾袋")
    assert "❗" not in boss.says("待回")


def test_pictures_voice_and_places_are_kept_for_staff(shop, boss, mei):
    mei.does("image")
    mei.speaks()
    mei.speaks("几点开门")
    mei.does("location", lat=31.2, lon=121.4, label="黄浦区")
    messages = shop.export("messages")
    assert [record["type"] for record in messages] == ["image", "voice", "voice", "location"]
    assert [record["text"] for record in messages] == ["[图片]", "[语音]", "几点开门", "黄浦区"]
    assert "几点开门" in boss.says("待回")


def test_a_voice_of_a_customer_is_read_like_typed_words(mei):
    mei.speaks("退订")
    assert mei.file["opted_out"] is True


def test_a_menu_tap_is_the_word_on_the_button(shop, boss, mei):
    buttons = [{"type": "click", "name": name, "key": name} for name in ("活动", "我的", "退订")]
    shop.parts.clients["main"].menu_create(buttons)
    assert "活动" in mei.taps("活动")
    assert "小美" in mei.taps("我的")
    mei.taps("退订")
    assert mei.file["opted_out"] is True
    assert "新建" in boss.taps("活动")


def test_my_own_page(boss, mei):
    boss.says("消费 小美 298 连衣裙")
    page = mei.says("我的")
    for part in ("小美", "298元", str(mei.number), "退订"):
        assert part in page


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_staff_call_a_customer_is_not_for_the_customer(shop, boss, mei, newcomer):
    boss.says(f"改名 #{mei.number} 难缠的张姐")
    boss.says(f"改名 #{newcomer.number} 爱砍价")
    assert mei.says("我的").startswith("小美，")
    assert newcomer.says("我的").startswith("您好，")
    shop.parts.clients["main"].qr_code("门店海报")
    for customer in (mei, newcomer):
        customer.unfollows()
        said = customer.follows() + customer.scans("门店海报")
        assert "难缠" not in said
        assert "砍价" not in said


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_name_keeps_its_emoji(boss, newcomer):
    newcomer.says("我叫小美🌸！")
    assert newcomer.file["name"] == "小美🌸"
    assert "【小美🌸" in boss.says("查 小美")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_staff_who_scan_a_code_are_no_guests(shop, boss):
    shop.parts.clients["main"].qr_code("门店海报")
    assert "店里的人" in boss.scans("门店海报")


def test_the_urgent_does_not_wait_for_the_collected_news(shop, boss, mei, lan):
    lan.says("在吗")
    mei.says("投诉 衣服破了")
    shop.work()
    (pushed,) = boss.phone.pushed
    assert "衣服破了" in pushed
    assert "在吗" not in pushed


def test_how_many_more_wait_than_are_listed(shop, boss):
    for person in shop.regulars(12):
        person.says("在吗")
    assert "还有 2 位，回完这些再发“待回”" in boss.says("待回")


@one_database
def test_windows_that_close_in_the_same_minute_are_told_as_one(shop, boss):
    shop.at("2026-09-21 11:00:30")
    mei = shop.regular("小美")
    boss.says("话术 菜单 想看什么\n想看哪样？\n1. 裙子\n2. 外套")
    boss.confirms(boss.says("群发 全部 用 想看什么"))
    shop.work()
    mei.chooses("裙子")
    # Three that following opened and three of the tap, one of all six used by the broadcast.
    assert re.findall(r"(\d) 条到 (今天 [\d:]+)", boss.says("待回")) == [("5", "今天 11:01")]


@one_database
def test_a_complaint_is_shown_with_what_the_customer_went_on_with(shop, boss, mei, lan):
    mei.says("投诉")
    shop.later(seconds=30)
    mei.says("衣服掉色，没人管")
    lan.says("我要投诉你们")
    assert "投诉\n接着说：衣服掉色，没人管" in boss.says("投诉 1")
    assert "我要投诉你们\n回 TA" in boss.says("投诉 2")
