"""What a broadcast gives rise to: 更正 to who got it, 重发 to whom it failed, 追发 to who said nothing."""

from functools import partial

import pytest
from shop import at_once

SEND = "群发 全部 用 到店礼A"
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def boss(shop):
    boss = shop.staff("王姐", "owner")
    boss.says("话术 新建 道歉信 刚才的价格写错了，请以店里为准")
    return boss


def sends(shop, boss, line):
    boss.confirms(boss.says(line))
    shop.goes_on()


def rows_of(shop, broadcast):
    return {row["customer"]: row for row in shop.export("deliveries") if row["broadcast"] == broadcast}


def test_a_correction_reaches_exactly_those_who_got_it_or_may_have(shop, boss, mei, lan):
    hong, yu, qiang = shop.regular("小红"), shop.regular("小雨"), shop.regular("大强")
    shop.fault({"kind": "reset"}, when="after", path="*/custom/send", openid=lan.openid, times=1)
    shop.fault({"kind": "errcode", "errcode": 43019}, path="*/custom/send", openid=hong.openid)
    sends(shop, boss, SEND)
    late = shop.regular("后来的")
    yu.says("退订")
    boss.says("小美 +VIP")
    qiang.says("投诉 价格不对")
    plan = boss.says("更正 1 用 道歉信")
    assert "更正群发 1" in plan
    assert "，4 位" in plan
    assert "已退订：小雨" in plan
    boss.confirms(plan)
    shop.goes_on()
    assert mei.phone.pushed[-1] == lan.phone.pushed[-1] == qiang.phone.pushed[-1] == "刚才的价格写错了，请以店里为准"
    assert (hong.phone.pushed, late.phone.pushed, len(yu.phone.pushed)) == ([], [], 1)
    assert {number: row["state"] for number, row in rows_of(shop, 2).items()} == {
        mei.number: "sent",
        lan.number: "sent",
        qiang.number: "sent",
        yu.number: "skipped",
    }
    assert "当天已有" in boss.says("群发 全部 用 到店礼B")


@sqlite_only
def test_only_the_owner_corrects_and_only_once(shop, boss, clerk, mei):
    sends(shop, boss, SEND)
    assert "只有老板" in clerk.says("更正 1 用 道歉信")
    assert "没有群发 9" in boss.says("更正 9 用 道歉信")
    sends(shop, boss, "更正 1 用 道歉信")
    assert "已经用群发 2 更正过" in boss.says("更正 1 用 道歉信")
    assert "本身就是更正" in boss.says("更正 2 用 道歉信")
    assert len(mei.phone.pushed) == 2


def test_of_two_corrections_confirmed_at_once_one_goes(shop, boss, mei):
    sends(shop, boss, SEND)
    other = shop.staff("李姐", "owner")
    plans = {boss: boss.says("更正 1 用 道歉信"), other: other.says("更正 1 用 道歉信")}
    answers = at_once(*(partial(owner.confirms, plan) for owner, plan in plans.items()))
    assert sorted("已确认" in answer for answer in answers) == [False, True]
    assert any("更正过" in answer for answer in answers)
    shop.goes_on()
    assert len(mei.phone.pushed) == 2


@sqlite_only
def test_what_is_still_being_sent_is_stopped_before_it_is_corrected(shop, boss, mei):
    boss.confirms(boss.says(SEND))
    assert "取消 1" in boss.says("更正 1 用 道歉信")
    boss.says("取消 1")
    assert "没有人收到" in boss.says("更正 1 用 道歉信")


@sqlite_only
def test_who_opts_out_after_a_correction_is_planned_does_not_get_it(shop, boss, mei, lan):
    sends(shop, boss, SEND)
    boss.confirms(boss.says("更正 1 用 道歉信"))
    mei.says("退订")
    shop.goes_on()
    assert (len(mei.phone.pushed), len(lan.phone.pushed)) == (1, 2)


@sqlite_only
def test_a_correction_does_not_wait_for_the_morning_and_one_given_up_in_time_may_be_made_again(shop, boss, mei):
    sends(shop, boss, SEND)
    shop.at("2026-09-21 21:30")
    boss.confirms(boss.says("更正 1 用 道歉信 明天10点"))
    boss.says("取消 2")
    plan = boss.says("更正 1 用 道歉信")
    assert "确认后马上发" in plan
    boss.confirms(plan)
    shop.goes_on()
    assert len(mei.phone.pushed) == 2


@sqlite_only
def test_the_plan_of_a_correction_shows_the_months_quota(shop, boss, mei, lan):
    shop.later(days=3)
    sends(shop, boss, SEND)
    plan = boss.says("更正 1 用 道歉信")
    assert "群发接口每人每月 4 次，这次再占 1 次；这些人本月已收 1 次的 2 位" in plan
    boss.confirms(plan)
    shop.goes_on()
    assert mei.phone.routes == ["mass", "mass"]


def test_重发_tries_the_failed_once_more_and_never_the_unclear(shop, boss, mei, lan):
    hong, yu = shop.regular("小红"), shop.regular("小雨")
    failing = shop.fault({"kind": "errcode", "errcode": 45015}, path="*/custom/send", openid=lan.openid)
    shop.fault({"kind": "reset"}, when="after", path="*/custom/send", openid=hong.openid)
    shop.fault({"kind": "errcode", "errcode": 87014}, path="*/custom/send", openid=yu.openid)
    sends(shop, boss, SEND)
    assert len(hong.phone.pushed) == 1
    shop.ask(f"/faults/{failing}", method="DELETE")
    lan.says("在吗")
    plan = boss.says("重发 1")
    assert "重发群发 1" in plan
    assert "，1 位" in plan
    assert "另有 1 位是内容的问题" in plan
    boss.confirms(plan)
    shop.goes_on()
    assert lan.phone.pushed == mei.phone.pushed
    assert (len(hong.phone.pushed), yu.phone.pushed) == (1, [])
    assert [row["state"] for row in rows_of(shop, 2).values()] == ["sent"]
    assert "没有可以重发的" in boss.says("重发 1")
    assert "2 位" in boss.says("人群 没发成1")


@sqlite_only
def test_追发_reaches_who_got_it_and_did_not_reply(shop, boss, mei, lan):
    sends(shop, boss, SEND)
    shop.later(minutes=5)
    mei.says("好的")
    assert "1 位" in boss.says("人群 没回复1")
    shop.at("2026-09-22 10:00")
    plan = boss.says("追发 1 用 到店礼B")
    assert "人群：没回复1，1 位" in plan
    boss.confirms(plan)
    shop.goes_on()
    assert (len(mei.phone.pushed), len(lan.phone.pushed)) == (1, 2)


def test_重发_with_a_script_is_told_what_it_is_for_and_offered_as_追发(shop, boss, mei):
    boss.confirms(boss.says("群发 全部 用 到店礼A"))
    shop.goes_on()
    asked = boss.says("重发 1 用 到店礼B")
    assert "话术还是原来的" in asked
    assert "追发 1 用 到店礼B" in asked
