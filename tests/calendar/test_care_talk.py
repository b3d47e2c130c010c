"""Staff ask for reminders, days and red packets as they type them, and read what they get."""

from datetime import datetime
from itertools import count

import pytest

import handlers.care
import handlers.merchants  # noqa: F401  (both register what they answer)
from bot.domain.activities import service as activities
from bot.domain.customers.models import Customer, Identity
from bot.domain.merchants.models import StaffIdentity
from bot.platforms.messages import Inbound
from handlers.reader import create_reader
from handlers.talk import on

TAKE_BACK = "\n（不对就回复“撤销”）"


@pytest.fixture
def says(shop):
    """The owner's phone: what is typed goes through the reader to its handler."""
    reader, keys = create_reader(shop.settings), count()
    with shop.open() as tx:
        customer = Customer(is_staff=True, created_at=tx.now)
        tx.session.add(customer)
        tx.session.flush()
        epoch = datetime.fromtimestamp(0, tx.now.tzinfo)
        tx.session.add(
            Identity(customer_id=customer.id, account="main", person_id="owner", relation="active", relation_at=epoch)
        )
        tx.session.add(StaffIdentity(staff_id=shop.owner.id, account="main", person_id="owner"))

    def say(line):
        with shop.open() as tx:
            message = Inbound("main", "owner", "text", line, "", tx.now, f"m:{next(keys)}", "gh_1", {})
            return reader(on, message, tx)

    return say


def test_red_packets_from_the_plan_to_the_money_that_came_back(shop, says):
    assert says("红包").startswith("还没有红包计划")
    assert says("红包 计划 中秋 老客群 200元 20个") == (
        "记下了：红包 1，中秋（10月6日 周一）给“老客群”发 20 个，共 200元。"
        "\n10月3日、10月5日、10月6日 09:30 会提醒，祝福语一起给您。"
        "\n发完请说：红包 已发 1" + TAKE_BACK
    )
    assert "红包 1：中秋（10月6日 周一）“老客群”20 个 200元，未发" in says("红包")
    shop.strike("2025-10-05 11:20")
    reply = says("日历")
    assert reply.startswith("🔔 红包 1：明天是中秋（10月6日 周一）")
    assert "10月6日 周一 中秋；红包 1 老客群 200元（未发）" in reply
    assert "先按预算 200元记" in says("红包 已发 1")
    assert (
        says("红包 已发 1 实发180元")
        == "记下了：红包 1（中秋“老客群”）已发，记进小账本的支出，实发 180元，预算还剩 20元。" + TAKE_BACK
    )
    assert says("红包") == "红包 1：中秋“老客群”已发，实发 180元"
    assert says("撤销") == "已撤销：红包 1 已发"
    assert says("红包") == "红包 1：中秋“老客群”已发，按预算记 200元"


def test_a_plan_made_on_the_eve_says_that_it_reminds_now(shop, says):
    shop.clock.set(shop.at("2025-10-05 20:00"))
    assert "\n现在、10月6日 09:30 会提醒" in says("红包 计划 中秋节 老客群 200元 20个")


def test_what_cannot_be_is_answered_and_changes_nothing(shop, says):
    assert "您是不是说：中秋？" in says("红包 计划 中球 老客群 200元 20个")
    assert says("红包 已发 3") == "没有红包 3。还没发的：没有"
    says("红包 计划 国庆 老客群 200元 20个")
    assert "实发 280元，超过了红包 1 的预算 200元" in says("红包 已发 1 实发280元")
    assert "未发" in says("红包")


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (
            "日历 添加 店庆 10月18日 每年",
            "店庆（每年10月18日，下一次 10月18日 周六）。10月15日、10月18日 09:30 会提醒。",
        ),
        ("日历 添加 装修 9月3日", "装修（9月3日 周三）。9月3日 09:30 会提醒。"),
        (
            "日历 添加 闰日 2月29日 每年",
            "闰日（每年2月29日，下一次 2026年2月28日 周六）。2月25日、2月28日 09:30 会提醒。"
            "没有2月29日的年份按2月28日算。",
        ),
        (
            "日历 添加 年饭 农历腊月三十 每年",
            "年饭（每年农历腊月三十，下一次 2026年2月16日 周一）。2月13日、2月16日 09:30 会提醒。"
            "没有三十的年份按月底那天算。",
        ),
    ],
)
def test_a_day_of_the_shops_own_is_said_back_with_its_reminders(says, line, reply):
    assert says(line) == "记下了：" + reply + TAKE_BACK


def test_two_days_of_one_name_could_not_be_told_apart(says):
    says("日历 添加 店庆 10月18日 每年")
    refused = says("日历 添加 店庆 12月1日 每年")
    assert "已经有“店庆”（10月18日 周六）" in refused
    example = refused.split("例如：")[1]
    assert "记下了" in says(example)
    assert "（10月18日 周六）" in says("红包 计划 店庆 老客群 200元 20个")


def test_a_packet_may_be_announced_earlier_or_later_than_usual(says):
    assert "\n10月5日、10月6日 09:30 会提醒" in says("红包 计划 中秋 老客群 200元 20个 提前1天")
    assert "\n9月29日、10月5日、10月6日 09:30 会提醒" in says("红包 计划 中秋 老客群 200元 20个 提前7天")


def test_a_reminder_stands_in_the_calendar_until_it_is_taken_back(shop, says):
    with shop.open() as tx:
        tea = shop.at("2025-09-20 14:00")
        activities.create(tx, title="中秋茶会", at=tea, capacity=20, place="", audience="", staff_id=shop.owner.id)
    assert says("提醒 周五15:00 给张姐打电话") == "好，9月5日 周五 15:00 提醒您：给张姐打电话" + TAKE_BACK
    assert says("日历") == (
        "未来 30 天：\n9月5日 周五 15:00 提醒：给张姐打电话\n9月10日 周三 教师节"
        "\n9月20日 周六 14:00 活动 1 中秋茶会\n9月28日 周日 上班（国庆调休）"
        "\n10月1日 周三 国庆；放假 8 天，到 10月8日"
    )
    assert says("撤销") == "已撤销：提醒 给张姐打电话"
    assert "张姐" not in says("日历")
    assert shop.strike("2025-09-05 15:00") == 0


def test_a_year_whose_days_off_nobody_has_announced_is_named(shop, says):
    assert "放假和调休还没有" not in says("日历")
    shop.clock.set(shop.at("2098-12-20 10:00"))
    assert says("日历").endswith("2098年、2099年的放假和调休还没有（国务院一般前一年十一月公布，之后升级熟客就有）")


def test_a_packet_given_up_is_heard_of_no_more_until_that_is_taken_back(shop, says):
    says("红包 计划 中秋 老客群 200元 20个")
    assert says("红包 取消 1") == "红包 1（中秋“老客群”200元）取消了，不再提醒。" + TAKE_BACK
    assert "已经取消" in says("红包 取消 1")
    assert "已经取消" in says("红包 已发 1")
    assert says("红包").startswith("还没有红包计划")
    says("撤销")
    shop.strike("2025-10-03 09:30")
    assert "还有 3 天是中秋" in shop.heard(shop.owner)[0]
    says("红包 取消 1")
    shop.strike("2025-10-05 09:30")
    assert shop.heard(shop.owner) == []


def test_packets_keep_to_the_budget_of_their_month_and_year(shop, says):
    assert "每月 不限；9月还没有花" in says("红包 预算")
    assert "每月 300元；9月还没有花" in says("红包 预算 每月 300元")
    planned = says("红包 计划 中秋 老客群 200元 20个")
    assert "10月预算还剩 100元" in planned
    refused = says("红包 计划 国庆 老客群 200元 20个")
    assert "10月的红包一共 400元，超过了每月的预算 300元，没有记" in refused
    says("红包 已发 1 实发90元")
    assert "10月预算还剩 10元" in says("红包 计划 国庆 老客群 200元 20个")
    says("红包 预算 每月 不限")
    says("红包 预算 每年 300元")
    assert "2025年的红包一共 310元" in says("红包 计划 教师节 老客群 20元 20个")
    assert "超过" not in says("红包 计划 春节 老客群 200元 20个")
    says("撤销")
    assert "每年 300元；2025年已发 90元，计划 200元" in says("红包 预算")


def test_packets_for_a_segment_say_how_many_and_who(shop, says):
    with shop.open() as tx:
        tx.session.add(Customer(name="张姐", vip=True, created_at=tx.now))
    assert "给“VIP”（现在 1 位：张姐 #2）发 2 个" in says("红包 计划 中秋 VIP 200元 2个")
    shop.strike("2025-10-06 18:00")
    told = shop.heard(shop.owner)[-1]
    assert "今天是中秋，还没有记已发（给“VIP”（现在 1 位：张姐 #2）" in told
    assert "红包 取消 1" in told
