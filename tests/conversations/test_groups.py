"""社群: who comes and goes in customer groups, whatever order the news come in, and what their hosts are helped with."""

from random import Random

import pytest
from company import Company

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def shop(open_shop):
    return open_shop(corp=True)


@pytest.fixture
def company(shop):
    return Company(shop)


@pytest.fixture
def laoban(company):
    """The owner, on the company's app."""
    laoban = company.member("laoban")
    laoban.says("我叫老板娘")
    return laoban


@pytest.fixture
def xiaoli(company):
    """Who hosts the groups."""
    xiaoli = company.member("xiaoli")
    xiaoli.says("我叫小丽")
    return xiaoli


def test_groups_from_before_and_all_that_changes(shop, company, laoban, xiaoli):
    mei, lan, hong = (company.contact(name) for name in ("小美", "阿兰", "小红"))
    mei.adds(xiaoli)
    chat = company.chat("老客群", xiaoli, [mei], quiet=True)
    shop.goes_on()
    assert "1. 老客群 2 人，今天进" in laoban.says("社群")
    shop.at("2026-09-22 10:00")
    assert "今天进 0 退 0" in laoban.says("社群")

    chat.joins(lan, scene=3)
    chat.joins(hong, scene=1)
    shop.goes_on()
    assert "老客群 4 人，今天进 2 退 0" in laoban.says("社群")
    chat.quits(lan)
    chat.throws_out(hong)
    shop.goes_on()
    shown = laoban.says("社群 看 老客群")
    assert "退 2（" in shown
    for part in ("自己退出 1", "被移出 1", "扫码 1", "群里说了什么平台不给看"):
        assert part in shown, shown
    card = laoban.says(f"查 #{mei.number}")
    assert "社群：老客群（9月21日" in card

    # Back again, then gone with the group; each stay is one of its own.
    chat.joins(lan, scene=3)
    shop.goes_on()
    assert "老客群 3 人，今天进 3 退 2" in laoban.says("社群")
    chat.dismiss()
    shop.goes_on()
    assert "还没有客户群" in laoban.says("社群")
    assert "群解散" in laoban.says(f"查 #{mei.number}")


@ON_SQLITE
def test_what_the_platform_shows_late_is_read_again(shop, company, laoban, xiaoli):
    lan = company.contact("阿兰")
    chat = company.chat("老客群", xiaoli)
    shop.goes_on()
    shop.fault({"kind": "stale_chat"}, path="/cgi-bin/externalcontact/groupchat/get")
    chat.joins(lan, scene=3)
    shop.work()
    assert "老客群 1 人" in laoban.says("社群")
    shop.ask("/faults", method="DELETE")
    shop.goes_on()
    assert "老客群 2 人" in laoban.says("社群")


@ON_SQLITE
def test_default_groups_have_codes_welcomes_and_rules(shop, company, laoban, xiaoli):
    old = company.chat("老客群", xiaoli, quiet=True)
    company.chat("小雨新客引流群", xiaoli, quiet=True)
    shop.goes_on()
    listed = laoban.says("社群 默认")
    assert "新客引流群（未到店 N）：小雨新客引流群 1 人\n入群码：http" in listed
    assert "老客服务群（消费过 M）：还没有" in listed
    assert "入群码正在做" in laoban.says("社群 默认 老客服务群 = 老客群")
    shop.goes_on()
    code = next(text for text in laoban.pushed if "入群码好了" in text)
    assert code.splitlines()[1] in laoban.says("社群 码 老客群")
    hong = company.contact("小红")
    hong.adds(xiaoli)
    hong.scans(code.rpartition("/")[2])
    shop.goes_on()
    shown = laoban.says("社群 看 老客群")
    assert "扫码 1" in shown
    assert f"这一类还没进群的 0 位\n群里不是这一类的 1 位：小红 #{hong.number}" in shown
    laoban.says("消费 小红 298")
    assert "群里不是这一类" not in laoban.says("社群 看 老客群")

    laoban.says("社群 欢迎 老客群 {{称呼}}欢迎您，有事说一声")
    shop.goes_on()
    assert any("入群欢迎语" in text for text in laoban.pushed)
    assert "{{称呼}}欢迎您" in laoban.says("社群 看 老客群")
    laoban.says("撤销")
    shop.goes_on()
    assert "还没有" in laoban.says("社群 欢迎 老客群")
    assert "还没有" in laoban.says("社群 规则 老客群")
    assert "互相尊重" in laoban.says("社群 规则 老客群 不发广告，互相尊重")
    assert "没有叫“新群”的群" in laoban.says("社群 看 新群")
    assert "哪个群" in laoban.says("社群 欢迎 大家好")
    assert "没有叫“老群”的群" in laoban.says("社群 欢迎 老群 大家好")
    assert old.members


@ON_SQLITE
def test_the_host_is_told_what_to_post_and_red_packets_name_the_group(shop, company, laoban, xiaoli):
    company.chat("老客群", xiaoli, quiet=True)
    shop.goes_on()
    assert "每周三 20:00" in laoban.says("社群 计划 老客群 周三 20:00 分享会 今晚聊秋冬穿搭")
    assert "分享会" in laoban.says("社群 日历")
    xiaoli.news()
    shop.at("2026-09-23 20:00")
    shop.goes_on()
    (told,) = [text for text in xiaoli.news() if "分享会" in text]
    assert "今晚聊秋冬穿搭" in told
    shop.goes_on()
    assert not [text for text in xiaoli.news() if "分享会" in text]
    shop.at("2026-10-07 20:01")
    shop.goes_on()
    assert sum("分享会" in text for text in xiaoli.news()) == 1
    assert "取消了社群计划 1" in laoban.says("社群 计划 取消 1")
    assert "还是空的" in laoban.says("社群 日历")
    assert "不群发" in laoban.says("社群 计划 老客群 周三 21:30 群发 今晚聊")
    planned = laoban.says("红包 计划 国庆 社群老客群 200元 20个")
    assert "社群“老客群”（现在 1 人，群主 小丽）" in planned


@ON_SQLITE
def test_a_group_send_is_done_by_its_host(shop, company, laoban, xiaoli):
    mei = company.contact("小美")
    chat = company.chat("老客群", xiaoli, [mei], quiet=True)
    shop.goes_on()
    asked = laoban.says("社群 群发 老客群 明天到新款，想看图的找我")
    assert "群主 小丽" in asked
    shop.goes_on()
    assert xiaoli.tasks == []
    assert "群发任务做好了" in laoban.confirms_code(asked)
    shop.goes_on()
    (task,) = xiaoli.tasks
    assert chat.texts == []
    xiaoli.confirms(task["msgid"])
    assert chat.texts == ["明天到新款，想看图的找我"]
    shop.goes_on()


@ON_SQLITE
def test_whatever_order_the_news_come_in_it_ends_as_the_platform_has_it(shop, company, laoban, xiaoli):
    dice = Random(11)
    people = [company.contact(f"客{number}") for number in range(6)]
    chat = company.chat("老客群", xiaoli)
    shop.goes_on()
    update = "change_external_chat/update"
    shop.fault({"kind": "callback_duplicate", "times": 1, "after": 30}, event=update, probability=0.3)
    shop.fault({"kind": "callback_late", "seconds": 70}, event=update, probability=0.3)
    shop.fault({"kind": "stale_chat"}, path="/cgi-bin/externalcontact/groupchat/get", probability=0.4)
    for _ in range(24):
        one = dice.choice(people)
        if one.name not in chat.members:
            chat.try_to("join", person=one.id, scene=3, state="")
        else:
            chat.try_to(dice.choice(("quit", "remove")), person=one.id)
        if dice.random() < 0.6:
            shop.goes_on(seconds=dice.choice((5, 20, 60)))
    shop.ask("/faults", method="DELETE")
    shop.goes_on(seconds=90)
    shop.goes_on(minutes=15)
    stays = shop.rows("SELECT person_id, left_at, left_how FROM chat_members ORDER BY person_id, joined_at")
    names = {one.id: one.name for one in people} | {xiaoli.id: xiaoli.name}
    assert sorted(names[person_id] for person_id, left_at, _how in stays if left_at is None) == sorted(chat.members)
    # What an event has said is never overwritten; only a stay that was first seen after its end has no reason.
    assert {"left", "removed"} <= {how for _person_id, left_at, how in stays if left_at is not None}


@ON_SQLITE
def test_one_bad_answer_of_the_platform_costs_seconds(shop, company, xiaoli):
    mei = company.contact("小美")
    mei.adds(xiaoli)
    shop.goes_on()
    company.chat("老客群", xiaoli, [mei])
    broken = shop.fault({"kind": "truncate"}, path="*/groupchat/get", times=9)
    shop.work()
    shop.ask(f"/faults/{broken}", method="DELETE")
    shop.later(seconds=6)
    shop.work()
    assert "老客群 2 人" in xiaoli.says("社群")
