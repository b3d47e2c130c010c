"""The plan of a broadcast is a promise: every number staff read before they confirm is what then happens."""

import re
from collections import Counter

import pytest
from shop import code_in

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

WAYS = {"客服消息": "custom", "群发接口": "mass", "人工发": "by_hand"}
PLAIN = "群发 全部 用 到店礼A"


@pytest.fixture
def told(shop, boss):
    """Makes a script that greets by name, where there is one."""
    boss.says('话术 新建 称呼 {{ c.name|default("亲") }}，新款到了')


def promised(words):
    """The numbers of a plan: people by way, and those left out by reason."""
    ways = {way: re.search(rf"· {word}[^\n]* (\d+) 位", words) for word, way in WAYS.items()}
    none = re.search(r"不发 (\d+) 位", words)
    return {way: int(found[1]) for way, found in ways.items() if found}, int(none[1]) if none else 0


def happened(shop, number=1):
    """The same numbers of what became of it: by the way each was reached, and how many got nothing."""
    rows = [row for row in shop.export("deliveries") if row["broadcast"] == number]
    ways = Counter(row["route"] for row in rows if row["state"] in ("sent", "by_hand"))
    return dict(ways), sum(row["state"] == "skipped" for row in rows)


def keeps(shop, boss, line, number=1, **span):
    """Confirms a plan and holds it to its numbers; returns its words."""
    words = boss.says(line)
    boss.confirms(words)
    shop.goes_on(**span)
    assert happened(shop, number) == promised(words)
    return words


def test_every_number_of_the_plan_is_what_then_happens(shop, boss, told):
    people = shop.regulars(12)
    vip, gone, left, cross, *others = people
    boss.says(f"{vip.name} +VIP")
    gone.unfollows()
    left.says("退订")
    cross.says("投诉 衣服破了")
    shop.later(days=3)
    for person in others[:3]:
        person.says("在吗")
    boss.says("新客 张姐 13800138000")
    words = keeps(shop, boss, PLAIN)
    assert promised(words) == ({"custom": 3, "mass": 5, "by_hand": 1}, 4)
    for part in (f"VIP 不群发（人群里写明 VIP 才发）：{vip.name}", "已取消关注", "已退订", "投诉还没处理完"):
        assert part in words
    shop.later(days=1)
    others[7].says("在吗")
    shop.later(days=1)
    words = keeps(shop, boss, "群发 全部 用 称呼", number=2)
    assert promised(words) == ({"custom": 1, "by_hand": 8}, 4)


def test_the_plan_fits_a_phone(shop, boss, told):
    shop.regulars(8)
    shop.later(days=3)
    words = boss.says("群发 O 用 称呼 对照10%")
    assert "更多" not in words
    assert len(words) <= 600


def test_it_says_what_it_takes_of_the_quotas_and_the_time(shop, boss):
    people = shop.regulars(5)
    shop.later(days=3)
    boss.says("在")
    people[0].says("在吗")
    used = len(shop.calls("custom/send"))
    words = boss.says(PLAIN)
    left = 500_000 - used - 1
    for part in (f"客服消息用 1 条，剩 {left:,}", "群发接口用 1 次，剩 99", "约 1 分钟发完"):
        assert part in words
    boss.confirms(words)
    shop.goes_on()
    assert len(shop.calls("mass/send")) == 1
    shop.later(days=1)
    assert "群发接口用 1 次，剩 99" in boss.says("群发 全部 用 到店礼B")


def test_the_same_for_all_reaches_as_many_more_as_was_said(shop, boss, told):
    people = shop.regulars(6)
    shop.later(days=3)
    people[0].says("在吗")
    words = boss.says("群发 全部 用 称呼")
    assert promised(words) == ({"custom": 1, "by_hand": 5}, 0)
    assert "人人一样，能多直接发到 5 位（“称呼”有称呼，每人不一样）" in words
    alike = boss.says("1")
    assert promised(alike) == ({"custom": 1, "mass": 5}, 0)
    boss.confirms(alike)
    shop.goes_on()
    assert {text for person in people for text in person.phone.pushed} == {"亲，新款到了"}
    assert happened(shop, 2) == promised(alike)


def test_a_yes_to_a_plan_is_no_wish_for_another_one(shop, boss, told):
    shop.regulars(3)
    shop.later(days=3)
    words = boss.says("群发 全部 用 称呼")
    assert "计划" not in boss.says("好")
    assert "已确认" in boss.confirms(words)


def test_a_text_that_says_nothing_without_a_name_is_not_offered_to_all(shop, boss):
    boss.says("话术 新建 只有名 {{ c.name }}，新款到了")
    shop.regulars(3)
    shop.later(days=3)
    assert "人人一样" not in boss.says("群发 全部 用 只有名")
    assert "离不开顾客的资料" in boss.says("群发 全部 用 只有名 人人一样")


def test_in_quiet_hours_the_plan_is_that_of_the_morning(shop, boss):
    early, late, *_others = shop.regulars(5)
    shop.later(days=3)
    early.says("在吗")
    shop.at("2026-09-26 08:00")
    late.says("在吗")
    shop.at("2026-09-26 22:00")
    words = boss.says(PLAIN)
    # Who wrote on Thursday morning can be answered tonight still, but not tomorrow at nine.
    assert "那时是安静时间，明天 09:00 才开始发" in words
    boss.confirms(words)
    shop.at("2026-09-27 09:01")
    shop.goes_on()
    assert promised(words) == ({"custom": 1, "mass": 4}, 0)
    assert happened(shop) == promised(words)
    assert late.phone.routes == ["custom"]


def test_a_window_that_closes_while_staff_think_is_not_counted_on(shop, boss):
    people = shop.regulars(4)
    shop.later(hours=47, minutes=52)
    words = boss.says(PLAIN)
    assert promised(words) == ({"mass": 4}, 0)
    shop.later(minutes=9)
    boss.confirms(words)
    shop.goes_on()
    assert happened(shop) == promised(words)
    assert {tuple(person.phone.routes) for person in people} == {("mass",)}


def test_who_only_tapped_a_minute_ago_is_no_window_to_count_on(shop, boss):
    fans = [shop.follower(f"新{number}") for number in range(3)]
    words = keeps(shop, boss, PLAIN, minutes=2)
    assert promised(words) == ({"mass": 3}, 0)
    assert {tuple(fan.phone.routes) for fan in fans} == {("mass",)}


def test_what_another_broadcast_has_promised_comes_first(shop, boss):
    shop.regulars(4, "甲")
    shop.later(days=1)
    shop.regulars(2, "乙")
    boss.says("甲01、甲02 +先发")
    boss.confirms(boss.says("群发 先发 用 到店礼A 明天10点"))
    words = boss.says("群发 全部 用 到店礼B 明天9点")
    assert "另一场群发当天就要发给 TA：甲01" in words
    assert promised(words)[1] == 2
    boss.confirms(words)
    shop.at("2026-09-23 09:00")
    shop.goes_on()
    shop.at("2026-09-23 10:00")
    shop.goes_on()
    assert happened(shop, 2) == promised(words)
    assert happened(shop, 1)[1] == 0
    assert len(shop.export("deliveries")) == 8


def test_the_same_words_are_not_promised_twice(shop, boss):
    shop.regulars(3)
    boss.confirms(boss.says("群发 全部 用 到店礼A 明天10点"))
    words = boss.says("群发 全部 用 到店礼A 后天10点")
    assert "30 天内收过同样内容" in words
    assert "确认" not in words


def test_tired_customers_are_counted_and_may_be_spared(shop, boss):
    shop.at("2026-10-01 10:00")
    quiet, talks, *_rest = shop.regulars(4)
    for number, script in enumerate(("到店礼A", "到店礼B", "到店礼C"), 1):
        keeps(shop, boss, f"群发 全部 用 {script}", number=number)
        shop.later(days=5)
        boss.says("在")
        talks.says("好的，周末来")
        shop.later(days=1)
    fresh = shop.regular("新来的")
    words = boss.says("群发 全部 用 新品问需A")
    assert "疲劳 3 位" in words
    spared = boss.says("1")
    assert "最近收得多、没回音，先歇一歇：客01" in spared
    assert "疲劳 3 位" not in spared
    boss.confirms(spared)
    shop.goes_on()
    assert happened(shop, 5) == promised(spared)
    assert len(talks.phone.pushed) == 4
    assert len(quiet.phone.pushed) == 3
    assert len(fresh.phone.pushed) == 1


def test_service_messages_count_for_nobodys_cap(shop, boss, mei):
    boss.says("消费 小美 298 连衣裙")
    boss.says("活动 新建 茶会 9月24日14:00 名额20 地点 本店")
    mei.says("报名 1")
    words = boss.says(PLAIN)
    assert code_in(words)
    assert promised(words) == ({"custom": 1}, 0)


def test_a_message_by_hand_is_one_of_the_day_as_well(shop, boss, told, mei):
    shop.later(days=3)
    boss.confirms(boss.says("群发 全部 用 称呼"))
    assert "要人工发" in boss.says("今日")
    shop.later(hours=1)
    mei.says("在吗")
    boss.says("回 小美 在的")
    keeps(shop, boss, "群发 全部 用 到店礼A", number=2)
    assert "要人工发" not in boss.says("今日")
    shop.later(days=1)
    assert "要人工发" in boss.says("今日")
