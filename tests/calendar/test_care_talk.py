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
        "\n9月20日 周六 14:00 活动 1 中秋茶会\n10月1日 周三 国庆"
    )
    assert says("撤销") == "已撤销：提醒 给张姐打电话"
    assert "张姐" not in says("日历")
    assert shop.strike("2025-09-05 15:00") == 0
