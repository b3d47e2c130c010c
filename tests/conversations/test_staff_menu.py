"""Staff have a menu of their own, where the account may have one; it follows who comes, who leaves, and the console."""

import pytest

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

OURS, CUSTOMERS = ["今日", "待回", "帮助"], ["活动", "我的", "找我们"]


def seen_by(person):
    """The buttons on somebody's phone, as the platform matches them."""
    return [button["name"] for button in person.shop.parts.clients["main"].menu_match(person.openid)]


def test_staff_see_their_words_customers_theirs_and_a_tap_is_the_word(shop, boss, mei):
    shop.work()
    assert (seen_by(boss), seen_by(mei)) == (OURS, CUSTOMERS)
    mei.says("几点开门")
    assert "几点开门" in boss.taps("待回")
    assert "群发" in boss.taps("帮助")
    on_page = {person["openid"]: person["menu"] for person in shop.ask("/state")["people"]}
    assert [button["name"] for button in on_page[boss.openid]["button"]] == OURS
    assert on_page[mei.openid] is None


def test_who_joins_sees_it_and_who_leaves_does_not(shop, boss, mei):
    shop.work()
    clerk = shop.staff("小李")
    assert seen_by(clerk) == CUSTOMERS
    shop.work()
    assert (seen_by(boss), seen_by(clerk)) == (OURS, OURS)
    boss.says("员工 移除 小李")
    shop.work()
    assert (seen_by(boss), seen_by(clerk)) == (OURS, CUSTOMERS)
    assert len(shop.calls("/menu/addconditional")) == 1
    before = len(shop.calls("/batchtagging"))
    shop.work()
    assert len(shop.calls("/batchtagging")) == before


def test_a_tag_given_in_the_console_is_taken_off_staff_again(shop, boss, mei):
    shop.work()
    client = shop.parts.clients["main"]
    tag = client.tags_create("老朋友")
    shop.later(seconds=5)
    client.tag(tag, [boss.openid, mei.openid])
    assert seen_by(boss) == CUSTOMERS
    shop.later(hours=1)
    shop.work()
    assert seen_by(boss) == OURS
    tags = {person["openid"]: person["tags"] for person in shop.ask("/state")["people"]}
    assert (tags[boss.openid], tags[mei.openid]) == (["熟客店员"], ["老朋友"])


def test_it_comes_back_when_the_console_took_it_away(shop, boss, mei):
    shop.work()
    client = shop.parts.clients["main"]
    client.menu_delete()
    client.menu_create([{"type": "click", "name": "新品", "key": "新品"}])
    assert seen_by(boss) == ["新品"]
    shop.later(hours=1)
    shop.work()
    assert (seen_by(boss), seen_by(mei)) == (OURS, ["新品"])


def test_an_account_that_may_not_have_one_is_asked_once_a_day_and_nobody_is_troubled(shop, boss):
    rule = shop.fault({"kind": "errcode", "errcode": 48001}, path="*/menu/trymatch")
    for _ in range(3):
        shop.goes_on(minutes=30)
    assert len(shop.calls("/menu/trymatch")) == 1
    assert seen_by_default(shop) == CUSTOMERS
    assert not any("菜单" in text for text in boss.phone.pushed)
    shop.ask(f"/faults/{rule}", method="DELETE")
    shop.later(days=1)
    shop.work()
    assert seen_by(boss) == OURS


def seen_by_default(shop):
    return [button["name"] for button in shop.parts.clients["main"].menu()["selfmenu_info"]["button"]]


def test_staff_who_no_longer_follow_are_left_alone(shop, boss, clerk):
    clerk.unfollows()
    shop.work()
    assert seen_by(boss) == OURS
    clerk.follows()
    shop.later(hours=1)
    shop.work()
    assert seen_by(clerk) == OURS
