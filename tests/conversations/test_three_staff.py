"""Three staff say whatever comes into their heads, and 撤销: the shop's books hold at every step, and taking back is exact.

The lines go through the sealed door. ``SHUKE_DRILLS=full`` plays many more.
"""

import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from shop import CODE
from sqlalchemy import select, text

from bot.cli import export
from bot.domain.orders import daybook
from bot.store.base import Base
from bot.store.transaction import reading

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

FULL = os.environ.get("SHUKE_DRILLS") == "full"
TAKE_BACK = "（不对就回复“撤销”）"
# When somebody was last here passes and is no matter of 撤销.
PASSING = ("last_seen_at",)
SUBJECTS = ("customers", "tags", "orders", "messages", "deliveries", "broadcasts")

BEGIN = (
    *("新客 张姐 13800138000", "小美、张姐 +甲", "消费 小美 298 裙", "成交 阿兰 298 大衣", "消费 阿兰 10 茶 线上"),
    *("活动 新建 茶会 9月24日14:00 名额1", "红包 计划 中秋 老客群 200元 20个", "话术 新建 上新 今天到了新款，来看看"),
)
WHO = st.sampled_from(["小美", "阿兰", "张姐", "他", "小美、阿兰"])
ONE = st.sampled_from(["小美", "阿兰", "张姐", "小", "没听过的"])
ORDER = st.integers(1, 4)
LINES = st.one_of(
    st.sampled_from(
        ["批量标签 全部 +丙", "批量标签 甲 -丙 +丁", "批量标签 VIP -乙", "标签 删除 甲", "标签 合并 甲 到 乙"]
    ),
    st.sampled_from(["新客 张姐 13800138000", "改名 阿兰 兰兰", "改名 兰兰 阿兰"]),
    st.sampled_from(["合并 小美 阿兰", "合并 张姐 小美", "合并 阿兰 张姐"]),
    st.sampled_from(["人群 保存 老客 = M", "人群 保存 老客 = M 且 VIP", "话术 改 上新 又到了新款，来看看"]),
    st.sampled_from(["活动 新建 茶话会 9月25日14:00 名额2", "红包 已发 1 18个", "日历 添加 店庆 10月18日 每年"]),
    st.sampled_from(["红包 计划 国庆 VIP 88元 8个", "提醒 明天10点 给张姐打电话"]),
    st.sampled_from(["店铺 营业 10:00-22:00", "店铺 地址 建国路88号", "店铺 营业 10:00-21:00"]),
    st.sampled_from(["自动回复 几点开门 = 十点", "自动回复 几点开门、营业时间 = 早上十点", "自动回复 删除 1"]),
    st.sampled_from(["今日", "完成 1", "推迟 1 明天"]),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["消费 散客 5 糖", "小美 到店 消费298 +VIP", "阿兰 +戊 消费 66 包"]),
    st.builds("{} {}".format, WHO, st.sampled_from(["+VIP", "-VIP", "+甲", "-甲", "+乙 -甲", "+N", "+Y", "+甲 +丁"])),
    st.builds("到店 {}".format, WHO),
    st.builds("消费 {} {}".format, WHO, st.sampled_from(["298 裙", "58.5 袜子 线上", "10 茶"])),
    st.builds("消费 {} 20 茶".format, ONE),
    st.builds("退款 单号{} {}".format, ORDER, st.sampled_from(["5", "10", "58.5", "298"])),
    st.builds("退款 {} {}".format, ONE, st.sampled_from(["10", "298"])),
    st.builds("级别 {} {}".format, WHO, st.sampled_from("ABCF")),
    st.builds("跟进 {} {}".format, ONE, st.sampled_from(["a", "b 聊了价格 下次发图 周五 预计500", "c"])),
    st.builds("成交 {} {}".format, ONE, st.sampled_from(["88 帽子", "298 大衣"])),
    st.builds("{} {}".format, st.sampled_from(["下单", "签收", "用完"]), ORDER),
    st.builds("用完 {} 30天后".format, ORDER),
    st.builds("发货 {} 顺丰 SF123456".format, ORDER),
    st.builds("资料 {} {}".format, ONE, st.sampled_from(["尺码 L 生日 5月1日", "工作 老师", "性别 女 城市 北京"])),
    st.builds("备注 {} 喜欢素色".format, ONE),
    st.builds("立案 {} 裙子破了".format, ONE),
)
STAFF = st.integers(0, 2)


class ThreeStaff(RuleBasedStateMachine):
    """``standing``: changes nobody has taken back, oldest first: who, which line, and what was there before.

    The last is None where somebody else has changed something since: then no earlier state is promised.
    """

    shop = None

    @initialize()
    def opens(self):
        shop = self.shop
        with shop.open() as tx:
            for table in reversed(Base.metadata.sorted_tables):
                # The account's earlier followers were taken in once.
                if table.name != "account_starts":
                    tx.execute(table.delete())
            # Numbers begin with 1 again, so that the lines meet orders and activities.
            tx.execute(text("DELETE FROM sqlite_sequence"))
        self.staff = [shop.staff(name, "owner") for name in ("王姐", "小李", "小陈")]
        self.customers = [shop.regular(name) for name in ("小美", "阿兰")]
        self.standing = []
        self.book = []
        self.now = self.kept()
        for line in BEGIN:
            self.says(0, line)

    def hears(self, who, line):
        """The answer, what was there before it and what is after; nothing breaks."""
        self.shop.later(minutes=1)
        answer = who.says(line)
        if code := CODE.search(answer):
            answer = who.says(f"确认 {code[1]}")
        assert "没有处理好" not in answer, line
        before, self.now = self.now, self.kept()
        return answer, before, self.now

    @rule(who=STAFF, line=LINES)
    def says(self, who, line):
        answer, before, after = self.hears(self.staff[who], line)
        assert TAKE_BACK not in answer or "没有改" not in answer, (line, answer)
        if TAKE_BACK in answer:
            self.standing.append([who, line, before])
        else:
            assert after == before, (line, answer)

    @rule(who=STAFF, line=LINES)
    def says_more(self, who, line):
        """More is said than taken back."""
        self.says(who, line)

    @precondition(lambda self: self.standing)
    @rule(who=STAFF)
    def takes_back(self, who):
        answer, before, after = self.hears(self.staff[who], "撤销")
        own = [change for change in self.standing if change[0] == who]
        exact = bool(own) and own[-1] is self.standing[-1] and own[-1][2] is not None
        if "已撤销" not in answer:
            assert after == before, answer
            assert not exact, (own[-1][1], answer)
            return
        if exact:
            assert after == own[-1][2], own[-1][1]
        else:
            self.somebody_else_was_at_it()
        self.standing.remove(own[-1])

    @rule(who=st.integers(0, 1), line=st.sampled_from(["报名 1", "取消报名 1", "在吗", "退订", "订阅", "生日 5月1日"]))
    def customer_says(self, who, line):
        _answer, before, after = self.hears(self.customers[who], line)
        if after != before:
            self.somebody_else_was_at_it()

    def somebody_else_was_at_it(self):
        for change in self.standing:
            change[2] = None

    def kept(self):
        with reading(self.shop.store, self.shop.clock) as tx:
            shown = {
                subject: [
                    {name: value for name, value in record.items() if name not in PASSING}
                    for record in export.SUBJECTS[subject](tx)
                ]
                for subject in SUBJECTS
            }
            # What the export does not show (scripts, activities …); of the book no entry is ever taken out.
            for table in Base.metadata.sorted_tables:
                if table.info.get("undoable") and table.name != "ledger":
                    columns = [column for column in table.columns if not column.info.get("passing")]
                    rows = tx.execute(select(*columns).order_by(*table.primary_key))
                    shown[f"table {table.name}"] = [tuple(row) for row in rows]
            return shown

    @invariant()
    def the_books_hold(self):
        if not hasattr(self, "book"):
            return
        with reading(self.shop.store, self.shop.clock) as tx:

            def rows(statement):
                return tx.execute(text(statement)).all()

            book = [tuple(row) for row in rows("SELECT * FROM ledger ORDER BY id")]
            assert book[: len(self.book)] == self.book, "an entry was edited or lost"
            self.book = book
            booked = dict(rows("SELECT order_id, SUM(amount_fen) FROM ledger GROUP BY order_id"))
            orders = rows("SELECT * FROM orders")
            for order in orders:
                assert 0 <= order.refunded_fen <= order.amount_fen
                assert (order.stage >= 2) == (order.paid_at is not None)
                assert (order.stage == 4) == (order.used_up_at is not None)
                expected = order.amount_fen - order.refunded_fen if order.paid_at is not None else 0
                assert booked.pop(order.id, 0) == expected
            assert not any(booked.values()), "money of an order that is none"
            came_to = daybook.totals(tx, tx.now - timedelta(days=400), tx.now + timedelta(days=400))
            assert came_to.net_fen == sum(order.amount_fen - order.refunded_fen for order in orders if order.paid_at)
            for customer in rows("SELECT * FROM customers"):
                left = [
                    order.amount_fen - order.refunded_fen
                    for order in orders
                    if order.customer_id == customer.id and order.paid_at is not None
                ]
                standing = [fen for fen in left if fen]
                assert (customer.spent_fen, customer.purchases) == (sum(standing), len(standing))
                assert bool(customer.purchased) == bool(standing)
                assert (customer.grade == "S") == bool(standing)
                assert customer.former_grade is None or standing
                assert customer.grade in (None, *"SABCDF")
                assert customer.follow_up in (None, *"abcd")
            # N, Y, O, M and VIP are classes, which exclude each other, and never tags beside them.
            assert not rows("SELECT name FROM tags WHERE name IN ('N', 'Y', 'O', 'M', 'VIP')")
            self.tags_and_their_history_agree(rows)
            for activity in rows("SELECT id, capacity FROM activities WHERE capacity IS NOT NULL"):
                inside = rows(f"SELECT COUNT(*) FROM sign_ups WHERE activity_id = {activity.id} AND state = 'in'")
                assert inside[0][0] <= activity.capacity
            assert not rows("PRAGMA foreign_key_check")

    def tags_and_their_history_agree(self, rows):
        worn = {
            tuple(row)
            for row in rows("SELECT customer_id, name FROM customer_tags JOIN tags ON tags.id = customer_tags.tag_id")
        }
        last = {}
        for change in rows("SELECT customer_id, tag, added FROM tag_changes ORDER BY id"):
            last[change.customer_id, change.tag] = bool(change.added)
        assert worn == {key for key, added in last.items() if added}


def test_the_books_hold_and_taking_back_is_exact(shop):
    ThreeStaff.shop = shop
    shop.work()
    run_state_machine_as_test(
        ThreeStaff,
        settings=settings(
            max_examples=200 if FULL else 8,
            stateful_step_count=40 if FULL else 25,
            deadline=None,
            derandomize=not FULL,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
