"""今日 in its order: who first and why, dealt to one of the staff, with the text to copy."""

import pytest
from sqlalchemy import text

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def names(listed):
    """Who stands in a list, in order."""
    return [line.split()[1] for line in listed.splitlines() if line[:2].rstrip(".").isdigit()]


def born(shop, person, month, day):
    with shop.open() as tx:
        tx.execute(
            text("UPDATE customers SET birth_month = :month, birth_day = :day WHERE id = :id"),
            {"month": month, "day": day, "id": person.number},
        )


@pytest.fixture
def lan(shop):
    return shop.regular("阿兰")


@pytest.fixture
def mei(shop):
    return shop.regular("小美")


def test_complaints_stand_on_top_then_who_waits_then_what_is_due_vips_first(shop, boss, mei, lan):
    hua, yun = shop.regular("小花"), shop.regular("阿云")
    boss.says("跟进 小美 b 下次发新款图 今天15点")
    boss.says("阿兰 +VIP")
    boss.says("跟进 阿兰 a 下次看样衣 今天16点")
    hua.says("红色的还有吗")
    yun.says("投诉 裙子破了")
    listed = boss.says("今日")
    assert names(listed) == ["阿云", "小花", "阿兰", "小美"]
    assert "VIP · 跟进：看样衣" in listed
    assert "投诉 1 还没处理完" in listed


def test_the_next_batch_goes_on_in_the_order_of_the_whole_day(shop, boss):
    for person in shop.regulars(8):
        boss.says(f"跟进 {person.name} b 下次发新款图 今天15点")
        shop.later(minutes=1)
    shop.regular("阿云").says("投诉 裙子破了")
    shop.regular("小花").says("红色的还有吗")
    boss.says("消费 客07 298 连衣裙")
    boss.says("客08 +VIP")
    # The complaint, who waits, the VIP, the buyer; then the others, whose time came first.
    assert names(boss.says("今日")) == ["阿云", "小花", "客08", "客07", "客01"]
    assert names(boss.says("下一批")) == ["客02", "客03", "客04", "客05", "客06"]
    assert "后面没有新的了" in boss.says("下一批")


def test_buyers_nobody_spoke_with_come_in_fives_the_newest_first(shop, boss):
    people = shop.regulars(7)
    for person in people:
        boss.says(f"消费 {person.name} 298 连衣裙")
        shop.later(minutes=1)
    assert "没有要做的事" in boss.says("今日")
    shop.later(days=31)
    listed = boss.says("今日")
    assert names(listed) == ["客07", "客06", "客05", "客04", "客03"]
    assert "老客，聊一聊 · 上次消费 31天前" in listed
    assert names(boss.says("下一批")) == ["客02", "客01"]
    boss.says("完成 1 聊了新款")
    assert names(boss.says("今日"))[0] == "客07"
    boss.says("撤销")
    boss.says("今日")
    boss.says("推迟 1 3天后")
    assert "客07" not in boss.says("今日")
    shop.later(days=3)
    assert "客07" in boss.says("今日")


def test_nobody_is_dealt_to_two(shop, boss, clerk):
    for person in shop.regulars(7):
        person.says("在吗")
    assert names(boss.says("今日")) == ["客01", "客02", "客03", "客04", "客05"]
    theirs = clerk.says("今日")
    assert names(theirs) == ["客06", "客07"]
    assert "同事手上：王姐 5 件" in theirs
    assert "后面没有新的了" in boss.says("下一批")
    clerk.says("完成 1")
    clerk.says("完成 2")
    assert "今天的事都有人在做：王姐 5 件" in clerk.says("今日")
    boss.says("完成 1")
    assert "王姐 4 件" in clerk.says("今日")
    shop.later(days=1)
    assert names(clerk.says("今日"))[0] == "客02"


def test_a_vip_is_called_twice_a_year_and_nagged_about(shop, boss, mei):
    boss.says("小美 +VIP")
    listed = boss.says("今日")
    assert "VIP · 还没打过电话" in listed
    outline = boss.says("文案 1")
    assert outline.startswith("给小美打电话")
    shop.later(days=1)
    assert "还没打过电话" in boss.says("今日")
    boss.says("完成 1 聊了孩子上学")
    assert "没有要做的事" in boss.says("今日")
    shop.later(days=100)
    assert "没有要做的事" in boss.says("今日")
    shop.later(days=110)
    assert "VIP · 上次电话 7个月前" in boss.says("今日")
    boss.says("完成 1")
    boss.says("撤销")
    assert "上次电话 7个月前" in boss.says("今日")


def test_a_birthday_is_greeted_once(shop, boss, mei):
    born(shop, mei, 9, 23)
    listed = boss.says("今日")
    assert "2天后生日" in listed
    assert boss.says("文案 1").startswith("小美，生日快乐")
    boss.says("完成 1")
    for _day in range(4):
        shop.later(days=1)
        assert "没有要做的事" in boss.says("今日")
    shop.later(days=363)
    assert "今天生日" in boss.says("今日")


def test_each_stage_gives_its_reason_to_speak(shop, boss, mei):
    boss.says("成交 小美 298 连衣裙")
    shop.later(days=1)
    assert "① 连衣裙谈妥1天了，还没下单（单号1）" in boss.says("今日")
    boss.says("下单 1")
    assert "没有要做的事" in boss.says("今日")
    shop.later(days=1)
    assert "还没发货" in boss.says("今日")
    boss.says("发货 1 顺丰 SF123456")
    shop.later(days=3)
    assert "寄出3天了" in boss.says("今日")
    boss.says("签收 1")
    shop.later(days=3)
    assert "③ 连衣裙收到3天了，回访（单号1）" in boss.says("今日")
    assert "连衣裙用了几天" in boss.says("文案 1")
    boss.says("完成 1 满意")
    shop.later(days=1)
    assert "没有要做的事" in boss.says("今日")


def test_how_long_an_article_lasts_is_remembered(shop, boss, mei, lan):
    boss.says("消费 小美 98 面霜 A1")
    assert "下次卖“面霜 A1”也按 30 天算" in boss.says("用完 1 30天后")
    boss.says("消费 阿兰 98 面霜  a1")
    shop.later(days=30)
    listed = boss.says("今日")
    assert "阿兰" in listed
    assert "面霜 a1该用完了（单号2，周期 30 天）" in listed.replace("  ", " ")


def test_the_article_is_forgotten_again_by_undo(shop, boss, mei, lan):
    boss.says("消费 小美 98 面霜")
    boss.says("用完 1 30天后")
    boss.says("撤销")
    boss.says("消费 阿兰 98 面霜")
    assert shop.rows("SELECT used_up_due FROM orders WHERE used_up_due IS NOT NULL") == []


def test_the_text_comes_alone_and_says_what_it_lacks(shop, boss, mei):
    mei.says("在吗")
    boss.says("今日")
    assert "没有现成的文案" in boss.says("文案 1")


def test_what_cannot_wait_is_not_put_off(boss, mei):
    mei.says("在吗")
    boss.says("今日")
    assert "不能推迟" in boss.says("推迟 1 明天")


def test_who_waits_is_told_once_and_can_be_answered_from_the_list(shop, boss, mei):
    mei.says("几点开门")
    listed = boss.says("今日")
    assert listed.count("几点开门") == 1
    assert f"回话：回 #{mei.number} 您好" in listed
    assert f"回 #{mei.number} 您好" in boss.says("文案 1")
    boss.says("完成 1")
    assert "做完了。" not in boss.says("撤销")
