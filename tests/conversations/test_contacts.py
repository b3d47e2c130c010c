"""Customers of the company: they become friends of members, part and come back, whatever order the news arrive in."""

import itertools

import pytest
from company import Company
from shop import MONDAY, code_in

from bot.sandbox import wire
from bot.sandbox.corp.pushes import as_wire

one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def news(company, change, person, member, at, **more):
    """An event as the platform pushes it, with its own time of it; it arrives now."""
    shop = company.shop
    account = as_wire(shop.platform.corp.account)
    inner = {"Event": "change_external_contact", "ChangeType": change, "UserID": member, "ExternalUserID": person}
    fields = {
        "ToUserName": account["original_id"],
        "FromUserName": "sys",
        "CreateTime": int(at),
        "MsgType": "event",
        **inner,
        **more,
    }
    stamp = str(int(shop.clock.now().timestamp()))
    query, body = wire.seal_body(
        account, wire.build(fields), openid="", timestamp=stamp, nonce="n0nce42", salt=b"0123456789abcdef"
    )
    assert shop.post(query, body, "corp").status == 200


def relations(company):
    return {
        (row.person_id, row.member_id): row.relation
        for row in company.shop.rows("SELECT person_id, member_id, relation FROM friendships")
    }


def test_a_customer_comes_by_a_code_and_leaves(company, laoban, xiaoli):
    mei = company.contact("小美")
    mei.adds(xiaoli, state="shop_door")
    assert "新顾客 #1 加了 小丽 的企业微信" in laoban.says("在吗")
    laoban.says("改名 #1 小美")
    assert mei.file["tags"] == ["渠道shop_door"]
    mei.adds(laoban)
    card = laoban.says("查 小美")
    assert "小美 #1 又加了 王姐 的企业微信" in card
    assert "企业微信好友：王姐、小丽" in card
    assert "没有关注" not in card
    assert "1 位" in laoban.says("人群 账号=corp")
    mei.leaves(xiaoli)
    assert "小美 #1 删了 小丽 的好友。TA 还是 王姐 的好友" in laoban.says("在吗")
    assert mei.file["identities"] == [{"account": "corp", "id": mei.id, "relation": "active"}]
    laoban.removes(mei)
    assert mei.file["identities"] == [{"account": "corp", "id": mei.id, "relation": "gone"}]
    assert "没有关注公众号，也没有加企业微信好友" in laoban.says("查 小美")
    mei.adds(xiaoli)
    assert "老顾客回来了：小美 #1 加了 小丽" in laoban.says("在吗")
    history = laoban.says("历史 小美")
    for word in ("加了 小丽 的企业微信", "和 小丽 不再是好友", "和 王姐 不再是好友"):
        assert word in history
    assert company.shop.rows("SELECT state, reason FROM deliveries WHERE state = 'cancelled'") != []


@one_database
def test_news_in_any_order_and_repeated_end_the_same(company, laoban):
    """What counts is when it happened: each of the orders in which four events may arrive, all of them twice."""
    shop = company.shop
    start = shop.moment(MONDAY).timestamp()
    events = [
        ("add_half_external_contact", 1),
        ("add_external_contact", 2),
        ("del_follow_user", 3),
        ("add_external_contact", 4),
    ]
    for number, order in enumerate(itertools.permutations(events)):
        for change, second in (*order, *order):
            news(company, change, f"wmOrder{number:02}", "laoban", start + second)
        for change, second in order[:3]:
            news(company, change, f"wmPart{number:02}", "laoban", start + second)
    found = relations(company)
    orders = list(itertools.permutations(events))
    for number, order in enumerate(orders):
        assert found[f"wmOrder{number:02}", "laoban"] == "active"
        newest = max(order[:3], key=lambda event: event[1])
        assert found[f"wmPart{number:02}", "laoban"] == ("gone" if newest[0] == "del_follow_user" else "active")
    known = {
        identity["id"]: identity["relation"] for record in shop.export("customers") for identity in record["identities"]
    }
    assert known == {person: relation for (person, _member), relation in found.items()}


@one_database
def test_one_welcome_for_each_code_and_friendship_and_none_too_late(company, laoban):
    shop = company.shop
    now = int(shop.clock.now().timestamp())
    news(company, "add_half_external_contact", "wmA", "laoban", now, WelcomeCode="wc-1")
    news(company, "add_half_external_contact", "wmA", "laoban", now + 1, WelcomeCode="wc-2")
    news(company, "add_external_contact", "wmA", "laoban", now + 2)
    news(company, "add_external_contact", "wmB", "laoban", now - 30, WelcomeCode="wc-3")
    news(company, "add_external_contact", "wmC", "laoban", now, State="门店")
    welcomed = shop.rows("SELECT person_id, route, not_after - due_at AS left FROM deliveries")
    assert [(row.person_id, row.route) for row in welcomed] == [("wmA", "welcome")]
    assert 0 < welcomed[0].left <= 20_000
    assert len(shop.export("customers")) == 3


@one_database
def test_an_event_that_took_eighteen_seconds_is_still_welcomed(company, laoban):
    mei = company.contact("小美")
    company.shop.fault({"kind": "callback_late", "seconds": 18}, event="change_external_contact/*", times=1)
    mei.try_to("add", member="laoban")
    company.shop.later(seconds=18)
    company.shop.work()
    assert [message["via"] for message in mei.messages] == ["welcome"]


@one_database
def test_what_no_program_may_send_is_there_to_copy(company, laoban, xiaoli):
    mei = company.contact("小美")
    mei.adds(xiaoli)
    laoban.says("改名 #1 小美")
    told = laoban.says("回 小美 您要的裙子到了")
    assert "只能由好友亲手发给 小美 #1。请 TA 的好友 小丽 复制这一段发给 TA：\n您要的裙子到了" in told
    assert "请您复制" in xiaoli.says("回 小美 您要的裙子到了")
    assert "写在后面" in laoban.says("回 小美")
    mei.leaves(xiaoli)
    assert "已经不是好友了，没有发" in laoban.confirms_code(told)


def test_one_person_on_both_platforms_is_one_customer(open_shop):
    """Known here by the account they follow, there by the friend: the unionid says it is one, and staff may say it is not."""
    shop = open_shop(corp=True)
    company = Company(shop)
    xiaoli = company.member("xiaoli")
    xiaoli.says("我叫小丽")
    fan = shop.regular("小美")
    xiaoli.says("小美 +老客")
    mei = company.contact("美美", fan=fan.openid)
    mei.adds(xiaoli)
    shop.work()
    told = "\n".join(xiaoli.news()) + xiaoli.says("在吗")
    assert "是同一个微信号，合并成一位了：小美 #1" in told
    (one,) = shop.export("customers")
    assert one["identities"] == [
        {"account": "main", "id": fan.openid, "relation": "active"},
        {"account": "corp", "id": mei.id, "relation": "active"},
    ]
    assert (one["number"], one["name"], one["nickname"], one["tags"]) == (1, "小美", "美美", ["老客"])
    assert "企业微信好友：小丽" in xiaoli.says("查 美美")
    for account in ("main", "corp"):
        assert "1 位" in xiaoli.says(f"人群 账号={account}")
    assert "没有可以撤销的" not in xiaoli.says("撤销")  # takes back the tag: what came by itself is not one's own
    assert "又是两位顾客" in xiaoli.says("拆开 小美")
    assert [(row["number"], row["name"]) for row in shop.export("customers")] == [(1, "小美"), (2, "美美")]
    shop.goes_on(minutes=2)
    assert len(shop.export("customers")) == 2
    assert "没有自动合并过" in xiaoli.says("拆开 小美")


@one_database
def test_a_follower_of_a_contact_joins_the_file_that_is_there(open_shop):
    shop = open_shop(corp=True)
    company = Company(shop)
    xiaoli = company.member("xiaoli")
    xiaoli.says("我叫小丽")
    fan = shop.person("小美")
    mei = company.contact("小美", fan=fan.openid)
    mei.adds(xiaoli)
    shop.work()
    assert "【小美 #1】" in xiaoli.says("查 小美")
    fan.follows()
    shop.work()
    (one,) = shop.export("customers")
    assert {identity["account"] for identity in one["identities"]} == {"main", "corp"}
    fan.says("在吗")
    assert "小美 #1：在吗" in xiaoli.says("待回")


def test_a_day_of_a_shop_whose_customers_only_talk_to_its_staff(company, laoban, xiaoli):
    """The whole round: welcomed, named, sold to, written to by a task, put down for the tea party, counted."""
    shop = company.shop
    mei, lan = company.contact("小美"), company.contact("阿兰")
    mei.adds(xiaoli, state="门店海报")
    shop.work()
    assert [message["via"] for message in mei.messages] == ["welcome"]
    lan.adds(laoban)
    shop.work()
    assert "【小美 #1】" in xiaoli.says("查 小美")  # the platform told the name
    for line in (
        "消费 小美 298 连衣裙",
        "小美、阿兰 +老客",
        "资料 小美 生日 5月1日",
        "跟进 阿兰 b 聊了价格 下次发图 周五",
    ):
        assert "（不对就回复“撤销”）" in xiaoli.says(line)
    plan = laoban.says("群发 老客 用 新品问需A")
    shop.work()
    assert "确认 " in plan
    laoban.taps("确认")
    shop.goes_on()
    assert mei.pushed[1:] == lan.pushed[1:] == []  # nothing before a member has confirmed
    assert xiaoli.confirms() == {"小美": 1}
    assert laoban.confirms() == {"阿兰": 1}
    shop.goes_on(seconds=30)
    assert {row["state"] for row in shop.export("deliveries")} == {"sent"}
    assert len(mei.pushed) == len(lan.pushed) == 2
    laoban.says("活动 新建 茶会 周六14:00 名额1")
    assert "阿兰 #2 在候补" in xiaoli.says("报名 1 小美、阿兰")
    assert "红包" in laoban.says("红包 计划 中秋 老客 200元 20个")
    assert "今天" in laoban.says("今日") or "没有" in laoban.says("今日")
    told = laoban.says("回 小美 连衣裙到了")
    shop.work()
    assert "任务排好了：请 小丽" in laoban.taps("确认")
    assert code_in(told)
    shop.goes_on()
    assert xiaoli.confirms() == {"小美": 1}
    assert mei.texts[-1] == "连衣裙到了"
    mei.leaves(xiaoli)
    shop.goes_on()
    assert any("小美 #1 删了 小丽 的好友" in text for text in laoban.news())


@one_database
def test_a_transfer_that_failed_is_told_the_owner_once_and_changes_nothing(company, laoban, xiaoli):
    mei = company.contact("小美")
    mei.adds(laoban)
    laoban.says("改名 #1 小美")
    failed = {"Event": "change_external_contact", "ChangeType": "transfer_fail", "ExternalUserID": mei.id}
    company.event(**failed, UserID="xiaoli", FailReason="customer_refused")
    told = laoban.says("在吗")
    assert "小美 #1 没有转给 小丽：顾客不愿意换人" in told
    company.event(**failed, UserID="xiaoli", FailReason="customer_limit_exceed")
    company.event(**failed | {"ExternalUserID": "wmNobody"}, UserID="xiaoli", FailReason="customer_refused")
    assert "没有转给 小丽：那边的客户已经满了" in laoban.says("在吗")
    assert "没有转给" not in laoban.says("在吗")
    assert "没有转给" not in xiaoli.says("在吗")
    assert relations(company) == {(mei.id, "laoban"): "active"}


@one_database
def test_a_welcome_that_waited_for_a_consent_comes_with_it_once(company, laoban):
    shop = company.shop
    now = int(shop.clock.now().timestamp())
    news(company, "add_external_contact", "wmA", "laoban", now, State="shop_door")
    news(company, "msg_audit_approved", "wmA", "laoban", now + 5, WelcomeCode="wc-1")
    news(company, "msg_audit_approved", "wmA", "laoban", now + 6, WelcomeCode="wc-2")
    news(company, "msg_audit_approved", "wmStranger", "laoban", now, WelcomeCode="wc-3")
    news(company, "add_external_contact", "wmB", "laoban", now - 7200)
    news(company, "msg_audit_approved", "wmB", "laoban", now, WelcomeCode="wc-4")
    assert shop.rows("SELECT person_id, route FROM deliveries") == [("wmA", "welcome")]


@one_database
def test_what_is_planned_for_a_customer_goes_on_with_the_colleague_who_takes_over(company, laoban, xiaoli):
    shop = company.shop
    mei, lan = company.contact("小美"), company.contact("阿兰")
    for one in (mei, lan):
        one.adds(xiaoli)
    shop.goes_on()
    for one in (mei, lan):
        one.news()
    laoban.says("话术 新增 新款 新款到店")
    laoban.confirms_code(laoban.says("群发 全部 用 新款 明天10点"))
    now = int(shop.clock.now().timestamp())
    news(company, "del_external_contact", mei.id, "xiaoli", now + 1, Source="DELETE_BY_TRANSFER")
    news(company, "del_external_contact", lan.id, "xiaoli", now + 1)
    shop.later(seconds=2)
    mei.adds(laoban)
    shop.goes_on(days=1)
    assert [task["text"] for task in laoban.tasks] == ["新款到店"]
    states = {row["customer"]: row["state"] for row in shop.export("deliveries")}
    assert states == {mei.number: "handed", lan.number: "cancelled"}
