"""How staff hear: what did not arrive is told another way, alarms do not wait on the path they are about."""

import pytest

from bot.domain.merchants import notices
from jobs import notices as push_jobs

one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SEND = "*/custom/send"


@pytest.fixture
def plain(open_shop):
    """A shop without a template for staff: what cannot be pushed waits for the next answer."""
    return open_shop(template="")


def owner_of(shop):
    boss = shop.staff("王姐", "owner")
    shop.work()
    boss.phone.news()
    return boss


@one_database
@pytest.mark.parametrize(
    "fault", [{"kind": "reset"}, {"kind": "errcode", "errcode": -1}, {"kind": "errcode", "errcode": 47001}]
)
def test_a_push_that_failed_is_told_with_the_next_answer_and_not_pushed_again(plain, fault):
    boss, mei = owner_of(plain), plain.regular("小美")
    plain.fault(fault, path=SEND, openid=boss.openid)
    mei.says("投诉 衣服破了")
    for _ in range(3):
        plain.goes_on()
    assert not any("衣服破了" in text for text in boss.phone.pushed)
    assert len([call for call in plain.calls("custom/send") if "衣服破了" in str(call)]) == 1
    answer = boss.says("今日")
    assert answer.startswith("🔔")
    assert "衣服破了" in answer.split("\n\n")[0]
    assert not boss.says("今日").startswith("🔔")


@one_database
def test_after_an_answer_that_got_lost_staff_rather_read_it_twice(plain):
    boss, mei = owner_of(plain), plain.regular("小美")
    plain.fault({"kind": "reset"}, when="after", path=SEND, openid=boss.openid)
    mei.says("投诉 衣服破了")
    plain.goes_on()
    assert len([text for text in boss.phone.pushed if "衣服破了" in text]) == 1
    assert "衣服破了" in boss.says("今日").split("\n\n")[0]


@one_database
def test_where_there_is_a_template_it_hints_at_what_the_push_did_not_bring(shop, boss, mei):
    shop.work()
    shop.fault({"kind": "errcode", "errcode": 47001}, path=SEND, openid=boss.openid)
    mei.says("投诉 衣服破了")
    shop.goes_on()
    assert boss.phone.routes[-1] == "template"
    assert "衣服破了" in boss.says("今日").split("\n\n")[0]


@one_database
def test_a_template_never_quotes_what_may_not_stand_in_one(shop, boss, mei):
    shop.later(days=3)
    mei.says("投诉 优惠券用不了")
    shop.goes_on()
    assert boss.phone.routes[-1] == "template"
    assert "券" not in boss.phone.pushed[-1]
    assert "有新消息，发“通知”看" in boss.phone.pushed[-1]
    assert "优惠券用不了" in boss.says("通知")


def test_newer_words_on_the_same_subject_replace_those_that_did_not_arrive(plain):
    boss, mei = owner_of(plain), plain.regular("小美")
    plain.fault({"kind": "errcode", "errcode": 47001}, path=SEND, openid=boss.openid, times=1)
    mei.says("投诉 衣服破了")
    plain.work()
    mei.says("投诉 袖子也破了")
    news = boss.says("今日").split("\n\n")[0]
    assert "袖子也破了" in news
    assert "衣服破了" not in news


@one_database
def test_that_a_path_is_stopped_is_not_told_on_that_path(plain):
    boss, mei = owner_of(plain), plain.regular("小美")
    fault = plain.fault({"kind": "errcode", "errcode": 48001}, path=SEND)
    mei.says("投诉 衣服破了")
    plain.goes_on()
    assert boss.phone.news() == []
    shown = boss.says("通知")
    told, how = shown.split("\n\n")
    assert "客服消息发不出去了" in told
    assert "衣服破了" in told
    assert "停了：公众号没有这个接口的权限" in how
    assert "今天 10:3" in how
    plain.ask(f"/faults/{fault}", method="DELETE")
    plain.goes_on(minutes=31)
    assert boss.phone.news() == []
    assert "还能主动发您 5 条，到 9月23日 10:" in boss.says("通知")


@one_database
def test_a_push_no_worker_takes_up_is_given_to_the_next_answer_and_not_sent_later(plain):
    boss, mei = owner_of(plain), plain.regular("小美")
    mei.says("投诉 衣服破了")
    assert plain.parts.strike() == 1
    assert "衣服破了" not in boss.says("今日").split("\n\n")[0]
    plain.later(minutes=2)
    assert "衣服破了" in boss.says("今日").split("\n\n")[0]
    plain.goes_on()
    assert boss.phone.news() == []


@one_database
def test_a_test_on_a_path_that_rests_is_not_promised_at_once(plain):
    boss, mei = owner_of(plain), plain.regular("小美")
    plain.fault({"kind": "errcode", "errcode": 45009, "until": "midnight"}, path=SEND)
    mei.says("投诉 衣服破了")
    plain.work()
    said = boss.says("通知 测试")
    assert "先停一停" in said
    assert "马上" not in said


@one_database
def test_template_notices_are_few_and_tell_only_what_is_new(shop, boss, mei, lan):
    shop.work()
    shop.later(days=3)
    boss.phone.news()
    mei.says("红色的还有吗")
    shop.goes_on()
    assert len(boss.phone.news()) == 1
    lan.says("几点开门")
    shop.goes_on()
    shop.goes_on()
    assert boss.phone.news() == []
    shop.goes_on(minutes=10)
    (hint,) = boss.phone.news()
    assert "阿兰" in hint
    assert "小美" not in hint
    shop.goes_on(hours=6)
    assert boss.phone.news() == []
    shop.goes_on(hours=7)
    assert len(boss.phone.news()) == 1
    answer = boss.says("店铺").split("\n\n")[0]
    assert "2 位顾客在等回复" in answer


def test_two_workers_hint_once(shop, boss, mei, lan):
    shop.work()
    shop.later(days=3)
    mei.says("红色的还有吗")
    shop.goes_on()
    boss.phone.news()
    lan.says("几点开门")
    shop.later(minutes=11)
    hinted = shop.rivals(lambda parts: push_jobs.push(parts, shop.clock.now()))
    assert sorted(hinted) == [0, 1]
    shop.work()
    assert len(boss.phone.news()) == 1


@one_database
def test_a_thousand_open_notices_make_no_endless_answer(plain):
    boss = owner_of(plain)
    with plain.open() as tx:
        for number in range(1000):
            notices.tell(tx, 1, f"第{number:04}件事", kind=f"kind{number}")
        notices.tell(tx, 1, "着急的事", kind="alarm", urgent=True)
    answer = boss.says("今日")
    news = answer.split("\n\n")[0]
    assert len(answer.encode()) <= 2048
    assert news.startswith("🔔 着急的事\n第0000件事")
    assert "第0018件事" in news
    assert "第0019件事" not in news
    assert "还有 981 条通知" in news
    assert "第0019件事" in boss.says("今日")


@one_database
def test_many_who_wait_are_one_line(plain):
    boss = owner_of(plain)
    with plain.open() as tx:
        for number in range(300):
            notices.tell(tx, 1, f"#{number} 说：在吗", kind="reply", subject=f"said:{number}")
        notices.tell(tx, 1, "别的事", kind="other")
    news = boss.says("今日").split("\n\n")[0]
    assert news == "🔔 别的事\n300 位顾客在等回复：#0、#1、#2 等，发送“待回”看"
    assert "🔔" not in boss.says("今日")
