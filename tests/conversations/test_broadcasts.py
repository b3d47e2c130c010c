"""群发: planned with routes and reasons, confirmed, sent by the way the platform allows, watched, and counted."""

import pytest

ABC = "群发 O 用 到店礼A/到店礼B/到店礼C"


def by_name(shop, people):
    """The broadcast's rows by the name of their customer."""
    names = {person.number: person.name for person in people}
    return {names[row["customer"]]: row for row in shop.export("deliveries")}


@pytest.fixture
def people(shop, boss):
    """小美 (VIP) and six others, who have all just said a word."""
    people = [shop.regular(name) for name in ("小美", "阿兰", "小红", "小雨", "大强", "阿勇", "小敏")]
    boss.says("小美 +VIP")
    return people


def test_three_groups_get_three_texts_and_the_vip_is_left_out(shop, boss, people):
    plan = boss.says(ABC)
    for part in ("7 位", "A 组 到店礼A：2 位", "B 组 到店礼B：2 位", "C 组 到店礼C：2 位", "客服消息", "小美"):
        assert part in plan
    assert all(person.phone.pushed == [] for person in people)
    assert "群发 1 已确认" in boss.confirms(plan)
    shop.goes_on()
    mei, *others = people
    assert mei.phone.pushed == []
    texts = [person.phone.pushed for person in others]
    assert all(len(received) == 1 for received in texts)
    assert sorted(texts.count([text]) for text in {received[0] for received in texts}) == [2, 2, 2]
    rows = by_name(shop, people)
    assert (rows["小美"]["state"], rows["小美"]["script"]) == ("skipped", "")
    assert "VIP" in rows["小美"]["reason"]
    assert {row["group"] for name, row in rows.items() if name != "小美"} == {"A", "B", "C"}
    assert all(row["state"] == "sent" and row["route"] == "custom" for name, row in rows.items() if name != "小美")


def test_the_text_is_sent_as_rendered_with_nothing_around_it(shop, boss, mei, lan):
    boss.says('话术 新建 上新 {{ c.name|default("亲") }}，连衣裙到了')
    boss.confirms(boss.says("群发 全部 用 上新"))
    shop.goes_on()
    assert mei.phone.pushed == ["小美，连衣裙到了"]
    assert lan.phone.pushed == ["阿兰，连衣裙到了"]


def test_vips_are_reached_when_they_are_named(shop, boss, people):
    boss.confirms(boss.says("群发 VIP 用 VIP关怀A"))
    shop.goes_on()
    assert "小美" in people[0].phone.pushed[0]


def test_one_text_for_all_goes_by_the_mass_interface_when_nobody_has_spoken_lately(shop, boss, people):
    shop.later(days=3)
    plan = boss.says("群发 O 用 到店礼A")
    assert "群发接口" in plan
    assert "6 位" in plan
    boss.confirms(plan)
    shop.goes_on()
    assert all(person.phone.routes == ["mass"] for person in people[1:])
    assert people[0].phone.pushed == []
    assert len(shop.calls("/message/mass/send")) == 1
    rows = by_name(shop, people)
    assert {row["route"] for name, row in rows.items() if name != "小美"} == {"mass"}
    assert all(row["platform_id"] for name, row in rows.items() if name != "小美")


def test_each_gets_the_way_open_to_her(shop, boss, people):
    shop.later(days=3)
    people[1].says("在吗")
    boss.says("新客 张姐 13800138000")
    plan = boss.says("群发 O 用 到店礼A")
    for part in ("客服消息", "群发接口", "人工发", "没有关注"):
        assert part in plan
    boss.confirms(plan)
    shop.goes_on()
    assert people[1].phone.routes == ["custom"]
    assert people[2].phone.routes == ["mass"]
    states = {(row["route"], row["state"]) for row in shop.export("deliveries")}
    assert states == {("custom", "sent"), ("mass", "sent"), ("by_hand", "by_hand"), (None, "skipped")}


def test_a_salutation_closes_the_mass_route_and_the_plan_says_what_would_open_it(shop, boss, people):
    shop.later(days=3)
    boss.says('话术 新建 带称呼 {{ c.name|default("亲") }}，新款到了')
    plan = boss.says("群发 O 用 带称呼")
    assert "人工发 6 位" in plan
    assert "人人一样" in plan
    boss.says("话术 新建 不带称呼 新款到了")
    assert "人工" not in boss.says("群发 O 用 不带称呼")


def test_what_is_sent_by_hand_stands_in_the_list_with_its_text(shop, boss, mei):
    boss.says("新客 张姐 13800138000")
    boss.says("新客 李姐")
    boss.confirms(boss.says("群发 全部 用 到店礼A"))
    shop.goes_on()
    listed = boss.says("下一批")
    assert listed.index("张姐") < listed.index("李姐")
    assert boss.says("文案 1") == mei.phone.pushed[0]
    assert "张姐" in boss.says("完成 1 她说周末来")
    assert "李姐" in boss.says("今日")
    rows = {row["customer"]: row for row in shop.export("deliveries")}
    zhang = next(record["number"] for record in shop.export("customers") if record["name"] == "张姐")
    done = rows[zhang]
    assert (done["state"], done["route"], done["reason"]) == ("sent", "by_hand", "")


def test_nobody_in_the_segment_is_no_broadcast(shop, boss, mei):
    assert "没有人" in boss.says("群发 M 用 到店礼A")
    assert shop.export("broadcasts") == []


def test_one_bad_part_plans_nothing(shop, boss, mei):
    for bad in ("O 用 没有的话术", "没有的标签 用 到店礼A", "O", "O 用 到店礼A 昨天10点", "O 用 到店礼A 对照60%"):
        answer = boss.says(f"群发 {bad}")
        assert "确认" not in answer, bad
        assert "抱歉" not in answer, bad
    assert shop.rows("SELECT id FROM broadcasts") == []


def test_who_comes_after_the_plan_is_in_the_list_at_the_confirmation(shop, boss, mei):
    plan = boss.says("群发 全部 用 到店礼A")
    lan = shop.regular("阿兰")
    boss.confirms(plan)
    shop.goes_on()
    assert len(lan.phone.pushed) == 1


def test_a_text_that_needs_what_is_not_known_leaves_that_person_out_with_the_reason(shop, boss, mei, lan):
    boss.says("消费 小美 298 连衣裙")
    boss.says("话术 新建 回购 距上次购买 {{ c.last_order_days }} 天了，该添新了")
    shop.later(days=1)
    plan = boss.says("群发 全部 用 回购")
    assert "距上次购买" in plan
    boss.confirms(plan)
    shop.goes_on()
    assert mei.phone.pushed == ["距上次购买 1 天了，该添新了"]
    assert lan.phone.pushed == []


def test_the_owner_hears_when_it_is_through_and_sees_the_result(shop, boss, people):
    boss.confirms(boss.says(ABC))
    assert "排队 6" in boss.says("进度 1")
    shop.goes_on()
    shop.goes_on()
    assert any("群发 1 发完了" in text for text in boss.phone.pushed)
    assert "已发 6" in boss.says("进度 1")
    result = boss.says("结果 1")
    for part in ("A 到店礼A", "B 到店礼B", "C 到店礼C", "已发 6", "不发 1"):
        assert part in result
    assert "群发 1" in boss.says("群发 列表")
    (broadcast,) = shop.export("broadcasts")
    assert (broadcast["state"], broadcast["counts"]) == ("done", {"sent": 6, "skipped": 1})


def test_replies_are_tied_to_the_broadcast_and_wait_for_an_answer(shop, boss, people):
    boss.confirms(boss.says(ABC))
    shop.goes_on()
    lan = people[1]
    shop.later(minutes=5)
    assert "店" in lan.says("好的，周末来")
    assert "好的，周末来" in boss.says("回复 1")
    assert by_name(shop, people)["阿兰"]["replied_at"] is not None
    group = by_name(shop, people)["阿兰"]["group"]
    assert f"{group} 到店礼{group}：发出 2，回复 1" in boss.says("结果 1")
    assert "阿兰" in boss.says("待回")
    assert "1 位" in boss.says("人群 回复过1")
    assert "6 位" in boss.says("人群 收到过1")
    assert "正在发给 阿兰" in boss.says("回 阿兰 周六给您留位置")
    shop.work()
    assert lan.phone.pushed[-1] == "周六给您留位置"
    assert "没有顾客在等" in boss.says("待回")


def test_a_word_after_a_week_is_no_reply(shop, boss, mei):
    boss.confirms(boss.says("群发 全部 用 到店礼A"))
    shop.goes_on()
    shop.later(days=7, hours=1)
    mei.says("你好")
    assert "还没有人回复" in boss.says("回复 1")


def test_a_tenth_may_be_held_out_to_measure_the_gain(shop, boss):
    people = shop.regulars(10)
    plan = boss.says("群发 O 用 到店礼A 对照10%")
    assert "对照组" in plan
    boss.confirms(plan)
    shop.goes_on()
    (held,) = [row for row in shop.export("deliveries") if row["group"] == "对照"]
    assert held["state"] == "skipped"
    quiet = next(person for person in people if person.number == held["customer"])
    assert quiet.phone.pushed == []
    assert sum(len(person.phone.pushed) for person in people) == 9
    shop.later(hours=1)
    sold = next(person for person in people if person is not quiet)
    boss.says(f"消费 {sold.name} 298 裙")
    boss.says(f"消费 {quiet.name} 100 裙")
    result = boss.says("结果 1")
    assert "购买 1 位 298元" in result
    assert "对照组：1 位没有发，7天内购买 1 位 100元" in result


def test_purchases_count_for_seven_days(shop, boss, mei):
    boss.confirms(boss.says("群发 全部 用 到店礼A"))
    shop.goes_on()
    shop.later(days=7, minutes=1)
    boss.says("消费 小美 298 裙")
    assert "购买" not in boss.says("结果 1")


def test_one_whom_the_platform_refuses_does_not_stop_the_others(shop, boss, people):
    lan = people[1]
    shop.fault({"kind": "errcode", "errcode": 45047}, path="*/custom/send", openid=lan.openid)
    boss.confirms(boss.says(ABC))
    shop.goes_on()
    rows = by_name(shop, people)
    assert rows["阿兰"]["state"] != "sent"
    assert rows["阿兰"]["reason"]
    assert [len(person.phone.pushed) for person in people] == [0, 0, 1, 1, 1, 1, 1]


def test_a_used_up_quota_is_waited_for_and_told(shop, boss, people):
    shop.fault({"kind": "errcode", "errcode": 45009, "until": "midnight"}, path="*/custom/send")
    boss.confirms(boss.says(ABC))
    shop.goes_on()
    assert all(person.phone.pushed == [] for person in people)
    progress = boss.says("进度 1")
    assert "排队 6" in progress
    assert "再试" in progress
    shop.at("2026-09-22 10:00")
    shop.goes_on()
    assert sum(len(person.phone.pushed) for person in people) == 6


def test_an_answer_that_got_lost_is_called_unknown_and_not_repeated(shop, boss, people):
    lan = people[1]
    shop.fault({"kind": "reset"}, when="after", path="*/custom/send", openid=lan.openid)
    boss.confirms(boss.says(ABC))
    shop.goes_on()
    assert len(lan.phone.pushed) == 1
    assert by_name(shop, people)["阿兰"]["state"] == "unknown"
    assert "结果不明 1" in boss.says("结果 1")
    shop.goes_on(hours=3)
    assert len(lan.phone.pushed) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("word", "state"), [("收到了", "sent"), ("没收到", "failed")])
def test_staff_settle_what_nobody_can_tell_and_nothing_is_sent_by_it(shop, boss, people, word, state):
    lan = people[1]
    shop.fault({"kind": "errcode", "errcode": -1}, path="*/custom/send", openid=lan.openid)
    boss.confirms(boss.says(ABC))
    shop.goes_on()
    result = boss.says("结果 1")
    assert "再试" not in result
    assert "1 位不会自动再发，要人核对：结果 1 未知" in result
    listed = boss.says("结果 1 未知")
    assert "阿兰" in listed
    assert "微信平台忙，不知道有没有发到" in listed
    assert "没有要人核对" not in listed
    assert "没有这样要人核对的" in boss.says(f"核对 1 小美 {word}")
    assert f"1 位{word}" in boss.says(f"核对 1 阿兰 {word}")
    assert "没有要人核对" in boss.says("结果 1 未知")
    assert by_name(shop, people)["阿兰"]["state"] == state
    shop.goes_on(hours=3)
    assert len([call for call in shop.calls("custom/send") if lan.openid in call["body"]]) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_many_unclear_ones_are_settled_with_a_code(shop, boss):
    shop.regulars(21)
    shop.fault({"kind": "errcode", "errcode": -1}, path="*/custom/send")
    boss.confirms(boss.says(ABC))
    shop.goes_on()
    asked = boss.says("核对 1 全部 没收到")
    assert "21 位" in asked
    assert "21 位没收到" in boss.confirms(asked)
    assert {row["state"] for row in shop.export("deliveries")} == {"failed"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_broadcast_is_not_through_while_the_platform_is_still_to_be_asked(shop, boss, mei, lan):
    shop.later(days=3)
    boss.says("在")
    shop.fault({"kind": "reset"}, when="after", path="*/mass/send", times=1)
    boss.confirms(boss.says("群发 全部 用 到店礼A"))
    shop.goes_on()
    assert "发送中" in boss.says("进度 1")
    assert "2 位，系统会自动向平台核对" in boss.says("结果 1")
    assert "没有这样要人核对的" in boss.says("核对 1 全部 收到了")
    assert not any("发完了" in text for text in boss.phone.pushed)
    shop.goes_on(minutes=2)
    shop.goes_on()
    assert "发出 2" in boss.says("结果 1")
    assert any("群发 1 发完了：发出 2" in text for text in boss.phone.pushed)
    assert (len(mei.phone.pushed), len(lan.phone.pushed)) == (1, 1)


def test_a_subscription_account_sends_to_who_spoke_and_leaves_the_rest_to_people(open_shop):
    shop = open_shop(kind="subscription")
    boss = shop.staff("王姐", "owner")
    mei, lan = shop.regular("小美"), shop.regular("阿兰")
    shop.later(days=3)
    mei.says("在吗")
    plan = boss.says("群发 全部 用 到店礼A")
    assert "不能按名单群发" in plan
    boss.confirms(plan)
    shop.goes_on()
    assert (len(mei.phone.pushed), lan.phone.pushed) == (1, [])
    assert "阿兰" in boss.says("今日")


def test_the_result_shows_what_the_platform_says_of_the_mass_route(shop, boss, people):
    shop.later(days=3)
    shop.fault({"kind": "mass_errors", "count": 1}, path="*/mass/send")
    boss.confirms(boss.says("群发 O 用 到店礼A"))
    shop.goes_on()
    assert "平台回报：收下 6 位，发到 5，失败 1，被平台过滤 0" in boss.says("结果 1")


def test_who_is_on_the_blacklist_is_not_planned_again_until_they_speak(shop, boss, mei, lan):
    shop.fault({"kind": "errcode", "errcode": 43019}, path="*/custom/send", openid=lan.openid)
    boss.confirms(boss.says("群发 全部 用 到店礼A"))
    shop.goes_on()
    shop.later(days=1)
    plan = boss.says("群发 全部 用 到店礼B")
    assert "黑名单" in plan
    assert "阿兰" in plan
    boss.confirms(plan)
    shop.goes_on()
    assert (len(mei.phone.pushed), lan.phone.pushed) == (2, [])
    shop.later(days=1)
    lan.says("在吗")
    assert "黑名单" not in boss.says("群发 全部 用 到店礼C")


def test_the_plan_says_which_way_rests_and_until_when(shop, boss, people):
    shop.fault({"kind": "errcode", "errcode": 45009, "until": "midnight"}, path="*/custom/send")
    boss.says("阿兰 +试试")
    boss.confirms(boss.says("群发 试试 用 到店礼A"))
    shop.goes_on()
    assert "现在停着：今天的接口次数用完了，明天0点后自动继续，明天 00:00 再试" in boss.says("群发 O 用 到店礼B")
    shop.later(days=3)
    assert "停着" not in boss.says("群发 O 用 到店礼B")


def test_a_mass_call_without_a_clear_answer_keeps_it_open_until_that_is_known(shop, boss, mei, lan):
    shop.later(days=3)
    shop.fault({"kind": "reset"}, when="after", path="*/mass/send", times=1)
    boss.confirms(boss.says("群发 全部 用 到店礼A"))
    shop.goes_on()
    shop.strike()
    assert "发送中" in boss.says("进度 1")
    assert not any("发完了" in text for text in boss.phone.pushed)
    shop.goes_on(minutes=2)
    shop.goes_on()
    assert "已发 2" in boss.says("进度 1")
    assert any("群发 1 发完了：发出 2" in text for text in boss.phone.pushed)
    assert len(mei.phone.pushed) == len(lan.phone.pushed) == 1
