"""Group-sends of a company, told: the plan says who must confirm, and nobody gets anything before that."""

from datetime import timedelta

import pytest
from company import Company

from bot.domain.care import letters
from bot.domain.customers.models import Customer

SEND = "群发 全部 用 新款"


@pytest.fixture
def company(open_shop):
    return Company(open_shop(corp=True, marketing_per_day=9))


@pytest.fixture
def laoban(company):
    return company.member("laoban")


@pytest.fixture
def xiaoli(company):
    return company.member("xiaoli")


def rounds(shop):
    """A worker's two rounds: what one has made, the next one follows up."""
    shop.work()
    shop.work()


def records(company):
    return {row["customer"]: row for row in company.shop.export("deliveries")}


def test_a_broadcast_is_confirmed_by_whose_friends_they_are(company, laoban, xiaoli):
    shop = company.shop
    laoban.says("我叫王姐")
    xiaoli.says("我叫小丽")
    mei, lan, hong, fang = (company.contact(name) for name in ("小美", "阿兰", "小红", "小芳"))
    mei.adds(laoban)
    mei.adds(xiaoli)
    lan.adds(xiaoli)
    hong.adds(xiaoli)
    fang.adds(laoban)
    fang.leaves(laoban)
    shop.goes_on()
    for one in (mei, lan, hong, fang):
        laoban.says(f"改名 #{one.number} {one.name}")
        one.news()
    laoban.says("话术 新增 新款 新款到店，欢迎来看看")
    plan = laoban.says(SEND)
    assert "企业微信群发（店员在手机上点确认才发出） 3 位" in plan
    assert "要确认的：小丽 3 位" in plan, "the newest friendship's member sends"
    assert "不是好友" in plan
    assert "3 位，都要店员在手机上点确认才发出" in laoban.confirms_code(plan)
    rounds(shop)
    assert xiaoli.news()[-1] == "有 3 位顾客等您确认发送：工作台→客户联系→群发助手"
    assert mei.news() == []
    assert "等店员点确认：小丽 3 位" in laoban.says("进度 1")
    assert "任务交给 小丽 了" in laoban.says("为什么 阿兰 没收到 1")
    # Half of it goes out, then the rest is called off.
    xiaoli.sends_part(1)
    shop.later(minutes=1)
    shop.work()
    assert sorted(record["state"] for record in records(company).values()) == ["handed", "handed", "sent", "skipped"]
    assert "店员还没点确认的正在撤回：小丽 2 位" in laoban.says("取消 1")
    shop.work()
    assert sorted(record["state"] for record in records(company).values()) == [
        *("cancelled", "cancelled", "sent", "skipped")
    ]
    assert sum(len(one.news()) for one in (mei, lan, hong)) == 1
    assert xiaoli.tasks == []
    # Who has been sent it by name needs a confirmation each; the same for all needs one.
    laoban.says("话术 新增 问候 {{称呼}}，新款到店")
    plan = laoban.says("群发 全部 用 问候")
    assert "一共 3 条要点确认" in plan
    assert "人人一样，店员只点 1 次" in plan
    plan = laoban.says("1")
    assert "条要点确认" not in plan
    laoban.confirms_code(plan)
    rounds(shop)
    assert set(xiaoli.confirms().values()) == {1}
    shop.later(minutes=1)
    shop.work()
    assert [row["state"] for row in shop.export("deliveries") if row["route"] == "task"].count("sent") == 4
    assert "已发 3" in laoban.says("结果 3")


def test_who_opts_out_or_leaves_before_the_task_is_made_is_not_in_it(company, laoban):
    shop = company.shop
    mei, lan, hong = (company.contact(name) for name in ("小美", "阿兰", "小红"))
    for one in (mei, lan, hong):
        one.adds(laoban)
    shop.goes_on()
    laoban.says("话术 新增 新款 新款到店，欢迎来看看")
    laoban.confirms_code(laoban.says(f"{SEND} 明天10点"))
    laoban.says(f"退订 #{mei.number}")
    lan.leaves(laoban)
    shop.goes_on(days=1)
    assert len(shop.calls("add_msg_template")) == 1
    assert laoban.confirms() == {"小红": 1}
    states = {number: (row["state"], row["reason"]) for number, row in records(company).items()}
    assert states[mei.number] == ("cancelled", "顾客已退订")
    assert states[lan.number] == ("cancelled", "已不是好友")


@pytest.mark.parametrize("removed", [True, False], ids=["removed", "deleted in the directory"])
def test_nothing_is_sent_in_the_name_of_who_has_left(company, laoban, xiaoli, removed):
    shop = company.shop
    laoban.says("我叫王姐")
    xiaoli.says("我叫小丽")
    mei, lan = company.contact("小美"), company.contact("阿兰")
    for one in (mei, lan):
        one.adds(laoban)
    mei.adds(xiaoli)
    shop.goes_on()
    for one in (mei, lan):
        one.news()
    laoban.says("话术 新增 新款 新款到店，欢迎来看看")
    laoban.says("话术 新增 上新 又有新款")
    laoban.confirms_code(laoban.says(f"{SEND} 明天10点"))
    laoban.confirms_code(laoban.says("群发 全部 用 上新"))
    rounds(shop)
    assert [task["text"] for task in xiaoli.tasks] == ["又有新款"]
    xiaoli.news()
    if removed:
        told = laoban.says("员工 移除 小丽")
    else:
        company.event(Event="change_contact", ChangeType="delete_user", UserID="xiaoli")
        shop.goes_on()
        told = laoban.news()[-1]
    assert "等 TA 确认的群发 2（1 位）收回了，都发完以后可以补发：重发 2" in told
    rounds(shop)
    assert xiaoli.tasks == []
    states = {
        row["customer"]: (row["state"], row["reason"]) for row in shop.export("deliveries") if row["broadcast"] == 2
    }
    assert states == {mei.number: ("failed", "要点发送的店员离开了"), lan.number: ("handed", "")}
    laoban.confirms()
    shop.goes_on(minutes=5)
    rounds(shop)
    laoban.confirms_code(laoban.says("重发 2"))
    rounds(shop)
    laoban.confirms()
    assert mei.news() == ["又有新款"]
    shop.goes_on(days=1)
    assert [task["text"] for task in laoban.tasks] == ["新款到店，欢迎来看看"]
    assert xiaoli.tasks == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_friend_out_of_the_apps_range_is_passed_over_for_another(company, laoban, xiaoli):
    shop = company.shop
    mei, lan = company.contact("小美"), company.contact("阿兰")
    lan.adds(laoban)
    for one in (mei, lan):
        one.adds(xiaoli)
    shop.goes_on()
    lan.news()
    company.ask("/members/xiaoli/set", {"visible": False})
    laoban.says("话术 新增 新款 新款到店，欢迎来看看")
    laoban.confirms_code(laoban.says(SEND))
    rounds(shop)
    laoban.confirms()
    assert lan.news() == ["新款到店，欢迎来看看"]
    shop.goes_on(minutes=5)
    states = {number: (row["state"], row["reason"]) for number, row in records(company).items()}
    assert states[lan.number] == ("sent", "")
    assert states[mei.number][0] == "failed"
    assert "可见范围" in states[mei.number][1]


def test_who_follows_too_gets_one_message_by_the_way_that_needs_nobody(company, laoban):
    shop = company.shop
    mei, lan, hong = (shop.regular(name) for name in ("小美", "阿兰", "小红"))
    laoban.says("我叫王姐")
    contacts = [company.contact(f"微信{one.name}") for one in (mei, lan, hong)]
    fang = company.contact("小芳")
    for contact in (*contacts, fang):
        contact.adds(laoban)
    shop.goes_on()
    for one, contact in zip((mei, lan, hong), contacts, strict=True):
        laoban.says(f"合并 #{one.number} #{contact.number}")
    laoban.says("话术 新增 新款 新款到店，欢迎来看看")
    shop.later(hours=72)
    mei.says("在吗")
    shop.goes_on()
    plan = laoban.says(SEND)
    assert "客服消息" in plan
    assert "群发接口" in plan
    assert "要确认的：王姐 1 位" in plan
    laoban.confirms_code(plan)
    shop.goes_on()
    laoban.confirms()
    shop.later(minutes=1)
    shop.work()
    routes = {row["route"] for row in shop.export("deliveries")}
    assert routes == {"custom", "mass", "task"}


def test_a_letter_of_care_is_a_friends_to_confirm_while_it_is_of_use(company, laoban):
    shop = company.shop
    mei, lan = company.contact("小美"), company.contact("阿兰")
    mei.adds(laoban)
    lan.adds(laoban)
    shop.goes_on()
    mei.news()
    for person in (mei, lan):
        with shop.open() as tx:
            letters.send(
                tx,
                shop.settings,
                tx.session.get_one(Customer, person.number),
                occasion="生日",
                key=f"birthday:2026:{person.number}",
                purpose="service",
                text=f"{person.name}生日快乐",
                staff_id=None,
                until=tx.now + timedelta(hours=3),
            )
    rounds(shop)
    assert laoban.news()[-1].endswith("有 2 位顾客等您确认发送（2 条，逐条点确认）：工作台→客户联系→群发助手")
    laoban.confirms(next(task["msgid"] for task in laoban.tasks if "小美" in task["text"]))
    assert mei.news() == ["小美生日快乐"]
    shop.later(hours=4)
    rounds(shop)
    assert laoban.tasks == [], "a birthday is over at last"
    states = shop.rows("SELECT state FROM deliveries WHERE occurrence = '生日' ORDER BY id")
    assert states == [("sent",), ("failed",)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_has_no_address_lacks_every_way_the_shop_has(company, laoban):
    laoban.says("新客 张姐 13800138000")
    laoban.says("话术 新增 新款 新款到店，欢迎来看看")
    assert "没有关注公众号，也没有加企业微信好友 1 位" in laoban.says(SEND)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_is_called_off_before_anybody_confirmed_names_nobody_who_is_spared(company, laoban, xiaoli):
    shop = company.shop
    for name in ("小美", "阿兰"):
        company.contact(name).adds(xiaoli)
    shop.goes_on()
    laoban.says("我叫王姐")
    assert "里面有变量：顾客称呼\n" in laoban.says("话术 新增 新款 {{称呼}}，新款到店")
    plan = laoban.says(SEND)
    assert "1. 人人一样，店员只点 1 次（“新款”有称呼，每人一条，要点 2 次）" in plan
    assert laoban.says("取消 1") == "群发 1 已取消，不会发给谁。"
    laoban.confirms_code(laoban.says(SEND))
    rounds(shop)
    result = laoban.says("结果 2")
    assert "A 新款：分到 2，发出 0\n" in result
    cancelled = laoban.says("取消 2")
    assert cancelled.startswith("群发 2 已取消。\n共 2 位：等人确认 2\n店员还没点确认的正在撤回：xiaoli 2 位")
    assert laoban.says("撤销").startswith("“群发 2 已取消。”不能撤销：取消了的群发不能恢复")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_owners_hear_of_a_group_and_of_a_customer_that_wait_for_the_same_member(company, laoban, xiaoli):
    shop = company.shop
    mei = company.contact("小美")
    mei.adds(xiaoli)
    company.chat("老客群", xiaoli, [mei], quiet=True)
    laoban.says("我叫王姐")
    xiaoli.says("我叫小丽")
    shop.goes_on()
    xiaoli.confirms_code(xiaoli.says("回 小美 您要的裙子到了"))
    asked = laoban.says("社群 群发 老客群 明天到新款，想看图的找我")
    assert asked.startswith("要群发到“老客群”（2 人），群主 小丽")
    laoban.confirms_code(asked)
    shop.goes_on()
    assert len(xiaoli.tasks) == 2
    laoban.news()
    shop.later(days=1)
    shop.goes_on()
    shop.goes_on()
    told = "\n".join(laoban.news())
    assert "小丽 一天了还没确认，1 个客户群没收到" in told
    assert "小丽 一天了还没确认，1 位顾客没收到" in told
