"""打法: read and written on a phone, tried, switched; entered by a change of class, left on the goal, one at a time."""

import pytest

from jobs import playbooks

# What is said and read is the same on both databases.
TALK_ALONE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
WRITTEN = "打法 改 Y&O\n目标：买了\n当天 发：{{称呼}}，欢迎再来\n3天后 没回复 发 新品问需A\n5天后 打电话"


def hourly(shop, hours=1):
    """The clock goes on by an hour; classes are compared and steps taken."""
    for _ in range(hours):
        shop.goes_on(hours=1)


def on(boss, shop, name="Y&O", text=WRITTEN):
    """The playbook is written and on, and what everybody belongs to already is learned."""
    if text:
        assert "存好了" in boss.says(text)
    assert "开了" in boss.says(f"打法 开 {name}")
    shop.goes_on(minutes=2)


@TALK_ALONE
def test_every_class_has_a_playbook_that_is_off(boss):
    listed = boss.says("打法")
    for name in ("VIP", "Y&M", "Y&O", "N"):
        assert f"· {name} " in listed
    assert "开着" not in listed
    shown = boss.says("打法 看 到店没买")
    assert "打法 Y&O（关着）" in shown
    assert "1. 2天后 发 新品问需A" in shown
    assert "目标：买了" in shown


@TALK_ALONE
def test_a_bubble_that_was_copied_and_changed_is_sent_back_whole(boss):
    shown = boss.says("打法 看 VIP")
    kept = boss.says(shown.replace("30天后", "20天后").replace("每半年", "每90天"))
    assert "打法 VIP 存好了" in kept
    assert "2. 20天后 发 VIP关怀A" in kept
    assert "改：" not in kept
    assert "每90天 打电话 VIP电话提纲" in boss.says("打法 看 VIP")
    assert "4. 1天后 发 VIP引荐" in boss.says(kept.replace("4. 45天后", "4. 1天后"))


@TALK_ALONE
def test_a_text_comes_with_the_next_message_and_is_sent_once_more_when_a_line_is_wrong(boss):
    asked = boss.says("打法 改 Y&O")
    assert "整个发过来" in asked
    refused = boss.says("2天后 发 新品问需A\n过几天再说吧")
    assert "“过几天再说吧”这一行没看懂" in refused
    kept = boss.says("2天后 发 新品问需A\n一周后没回复就发：到新色了，要看图吗？")
    assert "2. 7天后 没回复 发：到新色了，要看图吗？" in kept
    assert "撤销" in kept
    boss.says("撤销")
    assert "3. 14天后 没回复 发 新品问需C" in boss.says("打法 看 Y&O")


@TALK_ALONE
def test_what_cannot_be_is_refused_with_the_reason(boss):
    for text, why in [
        ("2天后 发 没有的话术", "没有叫“没有的话术”的话术"),
        ("2天后 发：转发到朋友圈，集齐38个赞送礼", "先改这里"),
        ("进：老客是谁\n2天后 发 新品问需A", "没有叫“老客是谁”的标签或人群"),
        ("2天后 好好想想", "没写做什么"),
        ("目标：买了", "没写一步要做的事"),
    ]:
        assert why in boss.says(f"打法 改 Y&O\n{text}")
        boss.says("算了")
    assert "新品问需C" in boss.says("打法 看 Y&O")


def test_a_change_of_class_enters_and_the_goal_leaves(shop, boss, mei):
    on(boss, shop)
    boss.says("到店 小美")
    hourly(shop)
    assert mei.phone.pushed == ["小美，欢迎再来"]
    assert "小美" in boss.says("打法 谁")
    assert "进入打法 Y&O" in boss.says("历史 小美")
    boss.says("消费 小美 298 连衣裙")
    hourly(shop)
    assert "没有顾客在走" in boss.says("打法 谁")
    assert "达到目标 1 位" in boss.says("打法")
    shop.at("2026-09-24 10:00")
    mei.says("我叫小美")
    hourly(shop)
    assert len(mei.phone.pushed) == 1


def test_whoever_belongs_to_it_already_is_left_alone_until_put_in(shop, boss, mei, lan):
    boss.says("到店 小美、阿兰")
    on(boss, shop)
    hourly(shop)
    assert mei.phone.pushed == []
    assert "开始走打法 Y&O" in boss.says("打法 进 Y&O 小美")
    hourly(shop)
    assert (len(mei.phone.pushed), len(lan.phone.pushed)) == (1, 0)
    assert "1 位开始走" in boss.says("打法 进 Y&O")
    assert "都已经在走了" in boss.says("打法 进 Y&O")
    assert "还关着" in boss.says("打法 进 N 小美")


@TALK_ALONE
def test_a_visit_that_is_taken_back_in_time_enters_nothing(shop, boss, mei):
    on(boss, shop)
    boss.says("到店 小美")
    boss.says("撤销")
    hourly(shop)
    assert "没有顾客在走" in boss.says("打法 谁")
    assert mei.phone.pushed == []


def test_waits_conditions_and_tasks_in_their_order(shop, boss, mei):
    on(boss, shop)
    boss.says("到店 小美")
    hourly(shop)
    shop.at("2026-09-24 09:59")
    shop.goes_on()
    assert len(mei.phone.pushed) == 1
    shop.at("2026-09-24 10:01")
    shop.goes_on()
    listed = boss.says("今日")  # the window is closed by then
    assert "打法 Y&O 要人工发" in listed
    assert "回一个词就行" in boss.says("文案 1")
    boss.says("完成 1")
    shop.at("2026-09-29 10:01")
    shop.goes_on()
    assert "打法 Y&O：打电话" in boss.says("今日")
    assert "在“今日”里等您做" in boss.says("打法 谁")
    assert "做完了" in boss.says("完成 1 打过了")
    assert "打法" not in boss.says("今日")
    boss.says("撤销")
    assert "打法 Y&O：打电话" in boss.says("今日")


@TALK_ALONE
def test_who_answers_is_not_asked_again(shop, boss, mei):
    on(boss, shop)
    boss.says("到店 小美")
    hourly(shop)
    mei.says("好呀，有红色的吗")
    boss.says("回 小美 有的")
    shop.goes_on()
    shop.at("2026-09-24 10:01")
    shop.goes_on()
    assert "第3步" in boss.says("打法 谁")
    assert "欢迎" in mei.phone.pushed[0]
    assert len(mei.phone.pushed) == 2


@TALK_ALONE
@pytest.mark.parametrize(("line", "held_by"), [("投诉 衣服破了", "投诉还没处理完"), ("红色的还有吗", "在等回复，先聊")])
def test_a_complaint_or_an_open_talk_holds_it_up(shop, boss, mei, line, held_by):
    on(boss, shop)
    boss.says("到店 小美")
    mei.says(line)
    hourly(shop)
    assert mei.phone.pushed == []
    assert held_by in boss.says("打法 谁")
    boss.says("回 小美 马上给您看")
    shop.goes_on()
    boss.says("今日")
    boss.says("完成 1 说好了")
    shop.at("2026-09-22 10:30")
    mei.says("我叫小美")
    shop.goes_on()
    assert "小美，欢迎再来" in mei.phone.pushed


@TALK_ALONE
def test_staff_can_stop_it_for_one_customer(shop, boss, mei):
    on(boss, shop)
    boss.says("到店 小美")
    hourly(shop)
    assert "不再走打法" in boss.says("小美的打法停了")
    shop.at("2026-09-24 10:01")
    shop.goes_on()
    assert "要人工发" not in boss.says("今日")
    assert "没有在走" in boss.says("打法 停 小美")


def test_one_at_a_time_and_vip_goes_first(shop, boss, mei):
    on(boss, shop)
    on(boss, shop, "VIP", "打法 改 VIP\n当天 发：{{称呼}}，有事随时找我\n每90天 打电话 VIP电话提纲")
    boss.says("到店 小美")
    shop.goes_on(minutes=2)
    boss.says("小美 +VIP")
    hourly(shop)
    who = boss.says("打法 谁")
    assert "1 位" in who or "没有顾客" in who
    assert "Y&O" not in who
    assert len(mei.phone.pushed) == 1  # the second word of the day waits
    boss.says("今日")
    assert "还没打过电话（90天一次）" in boss.says("今日")


@TALK_ALONE
def test_switched_off_it_stops_where_it_is_and_late_steps_wait_anew(shop, boss, mei):
    on(boss, shop)
    boss.says("到店 小美")
    hourly(shop)
    boss.says("打法 关 Y&O")
    shop.at("2026-10-20 10:00")
    mei.says("我叫小美")
    hourly(shop)
    assert len(mei.phone.pushed) == 1
    assert "打法关着" in boss.says("打法 谁")
    boss.says("打法 开 Y&O")
    hourly(shop)
    assert len(mei.phone.pushed) == 1
    assert "10月23日" in boss.says("打法 谁")


def test_a_trial_says_who_would_hear_what_and_sends_nothing(shop, boss, mei, lan):
    boss.says("到店 小美、阿兰")
    lan.says("退订")
    tried = boss.says("打法 试 Y&O")
    assert "今天有 2 位" in tried
    assert "1. 2天后 发 新品问需A：能直接发 1，不发 1（已退订 1）" in tried
    assert "例如 小美" in tried
    hourly(shop)
    assert mei.phone.pushed == []
    assert shop.rows("SELECT COUNT(*) FROM care_letters") == [(0,)]


@TALK_ALONE
def test_grades_and_levels_have_their_own(shop, boss, mei):
    on(boss, shop, "级别A", "打法 改 A级\n当天 发：{{称呼}}，给您留着呢")
    boss.says("级别 小美 A")
    hourly(shop)
    assert mei.phone.pushed == ["小美，给您留着呢"]
    assert "级别A" in boss.says("打法")
    boss.says("打法 关 级别A")
    assert "删了" in boss.says("打法 删除 级别A")
    assert "级别A" not in boss.says("打法")


def test_a_list_that_is_imported_does_not_set_them_all_going(shop, boss):
    on(boss, shop, "N", "打法 改 N\n当天 发：{{称呼}}，来坐坐")
    for person in range(52):
        boss.says(f"新客 客{person:02} 138000{person:05}")
    shop.goes_on(minutes=2)
    assert "没有顾客在走" in boss.says("打法 谁")
    assert any("一下子多了 52 位" in text for text in boss.phone.texts)
    asked = boss.says("打法 进 N")
    assert "每天开始 20 位" in asked
    assert "52 位开始走" in boss.confirms(asked)
    assert "在走打法的 52 位" in boss.says("打法 谁")
    boss.says("撤销")
    assert "没有顾客在走" in boss.says("打法 谁")


def test_vips_hear_of_an_activity_first(shop, boss, mei, lan):
    boss.says("小美 +VIP")
    on(boss, shop, "VIP", "")
    mei.says("我叫小美")
    boss.says("活动 新建 会员茶会 周六14:00 名额20 地点 本店")
    shop.goes_on()
    [invited] = mei.phone.pushed
    assert "会员茶会" in invited
    assert "还没对外说" in invited
    assert lan.phone.pushed == []
    shop.goes_on(minutes=5)
    assert len(mei.phone.pushed) == 1


def test_a_customer_who_is_erased_is_in_none(shop, boss, mei):
    on(boss, shop)
    boss.says("到店 小美")
    hourly(shop)
    mei.says("删除我的资料")
    assert "已经删除" in mei.says("确认删除我的资料")
    shop.goes_on(minutes=2)
    assert "没有顾客在走" in boss.says("打法 谁")


def test_two_files_that_are_one_are_in_one(shop, boss, mei, lan):
    on(boss, shop)
    boss.says("到店 小美、阿兰")
    hourly(shop)
    boss.says("合并 小美 阿兰")
    assert "在走打法的 1 位" in boss.says("打法 谁")
    boss.says("撤销")
    assert "在走打法的 2 位" in boss.says("打法 谁")


def test_two_schedulers_at_once_play_it_once(shop, boss, mei, lan):
    on(boss, shop)
    boss.says("到店 小美、阿兰")
    shop.later(minutes=2)
    shop.rivals(lambda parts: [playbooks.strike(parts, parts.clock.now()) for _ in range(3)])
    shop.goes_on()
    assert [len(one.phone.pushed) for one in (mei, lan)] == [1, 1]
    assert boss.says("历史 小美").count("进入打法") == 1
    assert "在走打法的 2 位" in boss.says("打法 谁")


def test_what_came_due_while_nobody_played_is_not_made_up_for(shop, boss, mei):
    on(boss, shop)
    boss.says("到店 小美")
    hourly(shop)
    shop.at("2027-03-01 10:30")
    mei.says("我叫小美")
    hourly(shop)
    assert len(mei.phone.pushed) == 1
    assert "3月4日" in boss.says("打法 谁")
