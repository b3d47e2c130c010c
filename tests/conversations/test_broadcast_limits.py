"""Not too much, not too late, not without the right word: what keeps a broadcast from people."""

from shop import at_once, code_in

SEND = "群发 全部 用 到店礼A"


def states(shop):
    return sorted(row["state"] for row in shop.export("deliveries"))


def reason_of(shop, person):
    (reason,) = {row["reason"] for row in shop.export("deliveries") if row["customer"] == person.number}
    return reason


def test_who_opted_out_or_left_is_left_out_with_the_reason(shop, boss, mei, lan):
    mei.says("退订")
    lan.unfollows()
    shop.regular("小红")
    plan = boss.says(SEND)
    assert "已退订" in plan
    assert "已取消关注" in plan
    boss.confirms(plan)
    shop.goes_on()
    assert mei.phone.pushed == lan.phone.pushed == []
    assert (reason_of(shop, mei), reason_of(shop, lan)) == ("已退订", "已取消关注")
    assert states(shop) == ["sent", "skipped", "skipped"]


def test_who_complains_gets_no_advertising_until_it_is_dealt_with(shop, boss, mei, lan):
    mei.says("投诉 衣服破了")
    assert "投诉" in boss.says(SEND)
    boss.says("回 小美 马上给您换")
    shop.goes_on()
    assert "小美" in boss.says("今日")
    boss.says("完成 1 换好了")
    assert "投诉" not in boss.says(SEND)


def test_an_opt_out_after_the_confirmation_still_counts(shop, boss, mei, lan):
    boss.confirms(boss.says(SEND))
    assert "退订" in mei.says("退订")
    lan.unfollows()
    shop.goes_on()
    assert mei.phone.pushed == lan.phone.pushed == []
    assert states(shop) == ["cancelled", "cancelled"]


def test_opting_out_in_the_middle_spares_who_has_not_been_called(shop, boss):
    people = shop.regulars(30)
    sent = shop.fault({"kind": "errcode", "errcode": 45011}, path="*/custom/send", nth=10, times=100)
    boss.confirms(boss.says(SEND))
    shop.goes_on()
    received = [person for person in people if person.phone.pushed]
    waiting = [person for person in people if not person.phone.pushed]
    assert received
    assert waiting
    waiting[0].says("退订")
    received[0].says("退订")
    shop.ask(f"/faults/{sent}", method="DELETE")
    shop.goes_on(minutes=10)
    shop.goes_on(minutes=10)
    assert waiting[0].phone.pushed == []
    assert all(len(person.phone.pushed) == 1 for person in people if person is not waiting[0])


def test_one_advertisement_a_day(shop, boss, mei):
    boss.confirms(boss.says(SEND))
    shop.goes_on()
    assert "当天已有" in boss.says("群发 全部 用 到店礼B")
    shop.at("2026-09-22 10:00")
    boss.confirms(boss.says("群发 全部 用 到店礼B"))
    shop.goes_on()
    assert len(mei.phone.pushed) == 2


def test_four_a_month(shop, boss, mei):
    for day, script in ((21, "到店礼A"), (22, "到店礼B"), (23, "到店礼C"), (24, "新品问需A")):
        shop.at(f"2026-09-{day} 10:00")
        boss.confirms(boss.says(f"群发 全部 用 {script}"))
        shop.goes_on()
        shop.at(f"2026-09-{day} 20:00")
        mei.says("在")
    shop.at("2026-09-25 10:00")
    assert "这个月已有 4 条" in boss.says("群发 全部 用 新品问需B")
    shop.at("2026-10-01 10:00")
    assert "确认" in boss.says("群发 全部 用 新品问需B")
    assert len(mei.phone.pushed) == 4


def test_two_broadcasts_on_one_day_do_not_both_reach_the_same_person(shop, boss, mei):
    first, second = boss.says(SEND), boss.says("群发 全部 用 到店礼B")
    boss.confirms(first)
    boss.confirms(second)
    shop.goes_on()
    assert len(mei.phone.pushed) == 1


def test_the_same_content_not_again_within_30_days(shop, boss, mei):
    boss.confirms(boss.says(SEND))
    shop.goes_on()
    shop.later(days=29)
    assert "30 天内收过同样内容" in boss.says(SEND)
    shop.later(days=2)
    assert "确认" in boss.says(SEND)


def test_in_quiet_hours_it_waits_for_the_morning(shop, boss, mei):
    shop.at("2026-09-21 21:30")
    plan = boss.says(SEND)
    assert "明天 09:00" in plan
    assert "明天 09:00" in boss.confirms(plan)
    shop.goes_on()
    assert mei.phone.pushed == []
    assert "明天 09:00" in boss.says("进度 1")
    shop.at("2026-09-22 08:59")
    shop.goes_on()
    assert mei.phone.pushed == []
    shop.at("2026-09-22 09:00")
    shop.goes_on()
    assert len(mei.phone.pushed) == 1


def test_a_planned_hour_is_waited_for(shop, boss, mei):
    plan = boss.says(f"{SEND} 明天10点")
    assert "明天 10:00" in plan
    assert "明天 10:00" in boss.confirms(plan)
    shop.at("2026-09-22 09:59")
    shop.goes_on(seconds=1)
    assert mei.phone.pushed == []
    assert "群发 1" in boss.says("日历")
    shop.at("2026-09-22 10:00")
    shop.goes_on(seconds=1)
    assert len(mei.phone.pushed) == 1


def test_what_is_to_be_sent_by_hand_waits_for_that_hour_too(shop, boss):
    boss.says("新客 张姐 13800138000")
    boss.confirms(boss.says(f"{SEND} 明天10点"))
    assert "没有要做的事" in boss.says("今日")
    shop.at("2026-09-22 10:00")
    shop.goes_on()
    assert "张姐" in boss.says("今日")


def test_a_little_late_is_made_up_for(shop, boss, mei):
    boss.confirms(boss.says(f"{SEND} 明天10点"))
    shop.at("2026-09-22 10:50")
    shop.goes_on()
    assert len(mei.phone.pushed) == 1


def test_a_missed_hour_is_asked_about_and_not_made_up_for_by_itself(shop, boss, mei):
    boss.confirms(boss.says(f"{SEND} 明天10点"))
    shop.at("2026-09-22 13:00")
    shop.goes_on()
    assert mei.phone.pushed == []
    assert any("错过了时间" in text for text in boss.phone.pushed)
    assert "错过" in boss.says("进度 1")
    boss.says("继续 1")
    shop.goes_on()
    assert len(mei.phone.pushed) == 1


def test_a_planned_one_can_be_cancelled(shop, boss, mei):
    boss.confirms(boss.says(f"{SEND} 明天10点"))
    assert "取消 1" in boss.says("暂停 1")
    assert "1 位不会再收到" in boss.says("取消 1")
    shop.at("2026-09-22 10:00")
    shop.goes_on()
    assert mei.phone.pushed == []
    assert states(shop) == ["cancelled"]
    assert "不能取消" in boss.says("取消 1")


def test_a_pause_stops_it_and_going_on_reaches_the_rest(shop, boss, mei, lan):
    boss.confirms(boss.says(SEND))
    assert "已暂停" in boss.says("暂停 1")
    shop.goes_on()
    assert mei.phone.pushed == lan.phone.pushed == []
    assert "接着发" in boss.says("继续 1")
    shop.goes_on()
    assert (len(mei.phone.pushed), len(lan.phone.pushed)) == (1, 1)


def test_a_path_that_stopped_is_tried_again_when_somebody_says_so(shop, boss, mei):
    stopped = shop.fault({"kind": "errcode", "errcode": 48001}, path="*/custom/send", times=100)
    boss.confirms(boss.says(SEND))
    shop.goes_on()
    assert "接着发" in boss.says("继续 1")
    shop.goes_on()
    shop.ask(f"/faults/{stopped}", method="DELETE")
    shop.goes_on()
    assert mei.phone.pushed == []
    assert "马上再试" in boss.says("继续")
    shop.goes_on()
    assert len(mei.phone.pushed) == 1


def test_暂停_alone_stops_everything_that_is_being_sent(shop, boss, mei):
    boss.confirms(boss.says(SEND))
    assert "群发 1" in boss.says("暂停")
    shop.goes_on()
    assert mei.phone.pushed == []
    assert "没有正在发" in boss.says("暂停")


def test_继续_alone_goes_on_with_what_暂停_alone_has_stopped(shop, boss, mei, lan):
    boss.says("小美 +甲")
    boss.says("阿兰 +乙")
    hong = shop.regular("小红")
    boss.says("小红 +丙")
    for tag in "甲乙丙":
        boss.confirms(boss.says(f"群发 {tag} 用 到店礼A"))
    boss.says("暂停 2")
    stopped = boss.says("暂停")
    assert "群发 1、3" in stopped
    shop.goes_on()
    assert mei.phone.pushed == lan.phone.pushed == hong.phone.pushed == []
    assert "都接着发：群发 1、3" in boss.says("继续")
    shop.goes_on()
    assert (len(mei.phone.pushed), lan.phone.pushed, len(hong.phone.pushed)) == (1, [], 1)
    assert "群发 2 接着发" in boss.says("继续")
    shop.goes_on()
    assert len(lan.phone.pushed) == 1


def test_an_unknown_broadcast_is_said_to_be_so(boss):
    for word in ("进度", "暂停", "继续", "取消", "结果", "回复"):
        assert "没有群发 9" in boss.says(f"{word} 9"), word


def test_a_staff_member_sends_up_to_the_size_the_owner_set(open_shop):
    shop = open_shop(staff_broadcast_max=2)
    boss, clerk = shop.staff("王姐", "owner"), shop.staff("小李")
    shop.regulars(2)
    plan = clerk.says(SEND)
    third = shop.regular("第三位")
    assert "最多 2 位" in clerk.confirms(plan)
    assert shop.export("deliveries") == []
    assert "最多 2 位" in clerk.says(SEND)
    boss.confirms(boss.says(SEND))
    shop.goes_on()
    assert len(third.phone.pushed) == 1


def test_a_wrong_code_does_nothing(shop, boss, mei):
    boss.says(SEND)
    assert "没有确认码" in boss.says("确认 AAA9")
    assert "四位" in boss.says("确认")
    assert shop.export("deliveries") == []


def test_a_code_of_a_colleague_does_nothing(shop, boss, clerk, mei):
    plan = boss.says(SEND)
    assert "只有本人" in clerk.confirms(plan)
    assert shop.export("deliveries") == []
    assert "已确认" in boss.confirms(plan)


def test_a_code_lives_ten_minutes(shop, boss, mei):
    plan = boss.says(SEND)
    shop.later(minutes=10, seconds=1)
    assert "过期" in boss.confirms(plan)
    assert shop.export("deliveries") == []


def test_a_code_stays_good_while_other_things_are_said(shop, boss, mei):
    plan = boss.says(SEND)
    boss.says("查 小美")
    boss.says("小美 +北京")
    assert "已确认" in boss.says(f"确认{code_in(plan).lower()}")


def test_a_second_confirmation_does_nothing_more(shop, boss, mei):
    plan = boss.says(SEND)
    boss.confirms(plan)
    assert "用过" in boss.confirms(plan)
    shop.goes_on()
    assert "用过" in boss.confirms(plan)
    shop.goes_on()
    assert len(mei.phone.pushed) == 1


def test_two_confirmations_at_once_send_once(shop, boss, mei):
    plan = boss.says(SEND)
    answers = at_once(*[lambda: boss.confirms(plan)] * 2)
    assert sorted("已确认" in answer for answer in answers) == [False, True]
    shop.goes_on()
    assert len(mei.phone.pushed) == 1


def test_who_opts_in_again_is_reached_again(shop, boss, mei):
    mei.says("退订")
    mei.says("订阅")
    boss.confirms(boss.says(SEND))
    shop.goes_on()
    assert len(mei.phone.pushed) == 1


def test_a_mass_job_the_platform_calls_failed_is_failed_with_its_reason(shop, boss, mei, lan):
    shop.later(days=3)
    shop.fault({"kind": "mass_fail", "status": "err(10001)"}, path="*/mass/send")
    boss.confirms(boss.says(SEND))
    shop.goes_on()
    assert mei.phone.pushed == lan.phone.pushed == []
    assert states(shop) == ["failed", "failed"]
    assert "广告" in boss.says("结果 1")
