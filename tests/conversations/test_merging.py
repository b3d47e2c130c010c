"""合并: two files of one person become one, nothing of it is lost, and taking it back leaves no trace."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

TAKE_BACK = "（不对就回复“撤销”）"
SUBJECTS = ("customers", "tags", "orders", "messages", "deliveries", "broadcasts")


def snapshot(shop):
    """Everything the shop exports, but for when somebody was here."""
    return {
        subject: [
            {name: value for name, value in row.items() if name != "last_seen_at"} for row in shop.export(subject)
        ]
        for subject in SUBJECTS
    }


@pytest.fixture
def zhang(shop, boss):
    """张姐 as the counter knows her: a number and money, but she follows nothing."""
    boss.says("新客 张姐 13800138000")
    boss.says("张姐 +北京 +VIP")
    boss.says("资料 张姐 衣码 L 爱好 瑜伽")
    boss.says("消费 张姐 298 连衣裙 A102")
    return next(record for record in shop.export("customers") if record["name"] == "张姐")


def test_everything_of_both_is_in_one_file(shop, boss, zhang):
    mei = shop.regular("小美")
    boss.says("小美 +北京 +意向A")
    boss.says("资料 小美 衣码 M 工作 老师")
    boss.says("消费 小美 100 帽子")
    boss.says("退款 单号2 40")
    mei.says("帽子很好看")
    answer = boss.says("合并 张姐 小美")
    assert f"张姐 #{zhang['number']}" in answer
    assert "358元，2 次" in answer
    assert "衣码 M" in answer  # the staying file's word holds, the other one is told
    (one,) = shop.export("customers")
    assert one["number"] == zhang["number"]
    assert one["identities"] == [{"account": "main", "id": mei.openid, "relation": "active"}]
    assert sorted(one["tags"]) == ["北京", "头部", "意向A", "首购"]
    assert (one["vip"], one["grade"], one["spent_fen"], one["phone"]) == (True, "S", 35800, "13800138000")
    assert one["file"] == {"size": "L", "leisure": "瑜伽", "work": "老师"}
    assert {order["customer"] for order in shop.export("orders")} == {zhang["number"]}
    assert {said["customer"] for said in shop.export("messages")} == {zhang["number"]}
    history = boss.says("历史 张姐")
    for word in ("帽子很好看", "100元", "298元", "衣码 M"):
        assert word in history
    assert "张姐" in boss.says("待回")


def test_a_tag_of_the_other_file_is_worn_whatever_was_taken_off_here(shop, boss, zhang):
    shop.regular("小美")
    for line in ("小美 +老客", "张姐 +老客", "张姐 -老客", "合并 张姐 小美"):
        boss.says(line)
    (one,) = shop.export("customers")
    assert "老客" in one["tags"]
    last = "SELECT added FROM tag_changes WHERE tag = '老客' AND customer_id = {} ORDER BY id DESC LIMIT 1"
    assert shop.rows(last.format(zhang["number"]))[0].added
    boss.says("撤销")
    assert not shop.rows(last.format(zhang["number"]))[0].added


def test_the_old_number_still_means_the_person(shop, boss, zhang):
    mei = shop.regular("小美")
    number = mei.number
    boss.says("合并 张姐 小美")
    assert f"【张姐 #{zhang['number']}】" in boss.says(f"查 #{number}")
    assert f"【张姐 #{zhang['number']}】" in boss.says("查 他")
    mei.says("在吗")
    assert len(shop.export("customers")) == 1


def test_taking_it_back_restores_the_export_byte_for_byte(shop, boss, zhang):
    mei = shop.regular("小美")
    boss.says("小美 +北京 +意向A")
    boss.says("资料 小美 衣码 M 生日 5月1日")
    boss.says("消费 小美 100 帽子")
    boss.says("跟进 小美 b 聊了价格 下次发新款图 周五 预计500")
    boss.says("活动 新建 茶会 9月24日14:00 名额2")
    mei.says("报名 1")
    mei.says("帽子很好看")
    boss.does("image")
    boss.says("小美")
    boss.confirms(boss.says("群发 M 用 到店礼A"))
    shop.goes_on()
    before, roster = snapshot(shop), boss.says("活动 名单 1").splitlines()[-2:]
    assert TAKE_BACK in boss.says("合并 张姐 小美")
    assert len(shop.export("customers")) == 1
    assert "已撤销" in boss.says("撤销")
    assert snapshot(shop) == before
    assert boss.says("活动 名单 1").splitlines() == roster
    assert "帽子很好看" in boss.says("历史 小美")
    assert "帽子很好看" not in boss.says("历史 张姐")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_word_of_the_customer_in_between_is_no_obstacle(shop, boss, zhang):
    mei = shop.regular("小美")
    boss.says("合并 张姐 小美")
    shop.later(minutes=1)
    mei.says("今天很开心")
    assert "已撤销" in boss.says("撤销")
    assert mei.file["name"] == "小美"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_is_named_twice_or_is_nobody_changes_nothing(shop, boss, mei, zhang):
    before = snapshot(shop)
    for line, word in {
        "合并 小美 小美": "同一位",
        f"合并 小美 #{mei.number}": "同一位",
        "合并 小美": "要写两位",
        "合并 小美 孙悟空": "没有找到",
    }.items():
        answer = boss.says(line)
        assert word in answer
        assert TAKE_BACK not in answer
    assert snapshot(shop) == before


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_opt_out_of_either_holds_for_both(shop, boss, zhang):
    mei = shop.regular("小美")
    mei.says("退订")
    boss.says("合并 张姐 小美")
    (one,) = shop.export("customers")
    assert one["opted_out"] is True


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_two_places_in_an_activity_become_one_and_the_next_moves_up(shop, boss, mei, lan):
    boss.says("活动 新建 茶会 9月24日14:00 名额2")
    for person in (mei, lan, third := shop.regular("小芳")):
        person.says("报名 1")
    boss.says("合并 小美 阿兰")
    shop.work()
    roster = boss.says("活动 名单 1")
    assert "小美" in roster
    assert "小芳" in roster
    assert "候补" not in roster
    assert "茶会" in third.phone.pushed[-1]
    assert "通知了" in boss.says("撤销")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_two_rows_of_one_broadcast_send_one_message(shop, boss, mei):
    other = shop.regular("小美妹")
    boss.confirms(boss.says("群发 全部 用 到店礼A 明天10点"))
    boss.says(f"合并 #{mei.number} #{other.number}")
    shop.later(days=1)
    shop.goes_on()
    assert len(mei.phone.pushed) + len(other.phone.pushed) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_was_erased_is_nobody_to_merge_with(shop, boss, mei, lan):
    number = mei.number
    mei.says("确认删除我的资料")
    assert "要求删除了资料" in boss.says(f"合并 #{number} 阿兰")
    assert len(shop.export("customers")) == 2


LINES = st.sampled_from(
    [
        "合并 小美 阿兰",
        "合并 阿兰 张姐",
        "合并 #1 #2",
        "合并 #2 #3",
        "资料 小美 衣码 L 电话 13900139000",
        "资料 小美 生日 农历八月十五 爱好 瑜伽",
        "资料 阿兰 衣码 M 女 35岁",
        "资料 阿兰 删除 衣码",
        "资料 张姐 名字 张美丽",
        "备注 小美 怕热",
        "小美、阿兰 +甲",
        "阿兰 +乙 +VIP",
        "小美 -甲",
        "级别 小美 B",
        "级别 阿兰 A",
        "跟进 阿兰 a 下次发图 周五 预计100",
        "跟进 小美 c 下次打电话 明天",
        "消费 小美 100 帽子",
        "消费 阿兰 58.5 袜子 A102",
        "退款 阿兰 58.5",
        "成交 阿兰 88 大衣",
        "店铺 营业 10:00-22:00",
        "店铺 营业 删除",
        "自动回复 几点开门 = 10点",
        "自动回复 删除 1",
    ]
)


def everything(shop):
    tables = ("shop_facts", "auto_replies", "file_entries", "merged_numbers", "sign_ups")
    # The book is only ever added to: what was taken back stands there twice and comes to nothing.
    book = shop.rows("SELECT order_id, sum(amount_fen) FROM ledger GROUP BY 1 HAVING sum(amount_fen) <> 0 ORDER BY 1")
    return snapshot(shop), book, [shop.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(lines=st.lists(LINES, min_size=2, max_size=6))
def test_as_many_undos_as_changes_lead_back(shop, mei, lan, zhang, lines):
    # More lines of one person in so short a time would be taken for a flood.
    someone = shop.staff("小李")
    before = everything(shop)
    changes = sum(TAKE_BACK in someone.says(line) for line in lines)
    for _ in range(changes):
        assert "已撤销" in someone.says("撤销"), lines
    assert everything(shop) == before
