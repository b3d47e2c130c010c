"""撤销: the last change of one's own, in order, within a day, and everything stands as before."""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

TAKE_BACK = "（不对就回复“撤销”）"
CHANGES = (
    "小美 +VIP +北京",
    "小美 -旧",
    "小美、阿兰 +节日",
    "批量标签 全部 +节日 -旧",
    "改名 小美 张美丽",
    "新客 张姐 13800138000",
    "到店 小美",
    "消费 小美 298 连衣裙",
    "消费 小美、阿兰 10 茶",
    "消费 散客 58 苹果",
    "消费 阿兰 298 大衣 线上",
    "退款 单号1 50",
    "退款 单号1 100",
    "级别 阿兰 B",
    "跟进 小美 b 聊了价格 下次发新款图 周五 预计500",
    "成交 小美 298 连衣裙",
    "下单 2",
    "发货 2 顺丰 SF123456",
    "用完 1",
    "用完 1 30天后",
    "人群 保存 老客 = M",
    "话术 新建 上新 今天到了新款",
    "活动 新建 中秋茶会 9月24日14:00 名额2",
    "红包 计划 中秋 老客群 200元 20个",
    "日历 添加 店庆 10月18日 每年",
    "提醒 明天10点 给张姐打电话",
)


def snapshot(shop):
    """What must be as before: everything the shop exports, but for when somebody was here."""
    return {
        subject: [
            {name: value for name, value in record.items() if name != "last_seen_at"} for record in shop.export(subject)
        ]
        for subject in ("customers", "orders", "tags")
    }


def test_every_change_is_taken_back_whole(shop, boss, mei, lan):
    for line in ("小美 +旧", "消费 小美 100 帽子", "成交 阿兰 298 大衣"):
        boss.says(line)
    before = snapshot(shop)
    for line in CHANGES:
        assert TAKE_BACK in boss.says(line), line
        assert "已撤销" in boss.says("撤销"), line
        assert snapshot(shop) == before, line


def test_what_was_confirmed_with_a_code_is_taken_back_too(shop, boss):
    shop.regulars(21)
    before = snapshot(shop)["customers"]
    boss.confirms(boss.says("批量标签 全部 +节日"))
    assert "已撤销" in boss.says("撤销")
    assert snapshot(shop)["customers"] == before


def test_one_after_the_other_the_last_first(boss, mei):
    boss.says("小美 +甲")
    boss.says("小美 +乙")
    boss.says("消费 小美 298 连衣裙")
    assert "消费" in boss.says("撤销")
    assert "乙" in boss.says("撤销")
    assert mei.file["tags"] == ["甲"]
    boss.says("撤销")
    assert (mei.file["tags"], mei.file["spent_fen"]) == ([], 0)
    assert "没有可以撤销" in boss.says("撤销")


def test_only_ones_own(boss, clerk, mei):
    boss.says("小美 +甲")
    assert "没有可以撤销" in clerk.says("撤销")
    assert mei.file["tags"] == ["甲"]


def test_only_within_a_day(shop, boss, mei):
    boss.says("小美 +甲")
    shop.later(hours=24, seconds=1)
    assert "没有可以撤销" in boss.says("撤销")
    assert mei.file["tags"] == ["甲"]


def test_what_only_looked_is_nothing_to_take_back(boss, mei):
    boss.says("小美 +甲")
    for line in ("查 小美", "人群 全部", "标签", "今日", "帮助", "没看懂的话呀呀呀"):
        boss.says(line)
    assert "甲" in boss.says("撤销")


def test_what_cannot_be_taken_back_says_why(shop, boss, clerk, mei):
    boss.says("员工 移除 小李")
    assert "员工 邀请" in boss.says("撤销")
    boss.confirms(boss.says("群发 全部 用 到店礼A"))
    assert "取消 1" in boss.says("撤销")


def test_what_somebody_changed_again_is_not_overwritten(boss, clerk, mei):
    boss.says("级别 小美 A")
    clerk.says("级别 小美 B")
    assert "又改过" in boss.says("撤销")
    assert mei.file["grade"] == "B"


def test_a_word_of_the_customer_in_between_is_no_obstacle(shop, boss, mei):
    boss.says("到店 小美")
    shop.later(minutes=1)
    mei.says("今天很开心")
    assert "已撤销" in boss.says("撤销")
    assert mei.file["visited"] is False


def test_a_visit_of_somebody_who_was_here_before_is_taken_back_too(shop, boss, mei):
    boss.says("到店 小美")
    boss.says("到店 小美")
    shop.later(minutes=1)
    mei.says("今天很开心")
    assert "已撤销" in boss.says("撤销")
    assert mei.file["visited"] is True


def test_a_tag_a_colleague_has_used_since_stays_in_the_book(boss, clerk, mei, lan):
    boss.says("小美 +北京")
    clerk.says("阿兰 +北京")
    assert "已撤销" in boss.says("撤销")
    assert (mei.file["tags"], lan.file["tags"]) == ([], ["北京"])


def test_a_new_file_others_have_worked_with_stays(shop, boss, clerk):
    boss.says("新客 张姐 13800138000")
    clerk.says("成交 张姐 298 连衣裙")
    assert "又改过" in boss.says("撤销")
    assert [record["name"] for record in shop.export("customers")] == ["张姐"]


def test_an_activity_somebody_has_joined_stays(boss, mei):
    boss.says("活动 新建 茶会 9月24日14:00 名额2")
    mei.says("报名 1")
    assert "又改过" in boss.says("撤销")
    mei.says("取消报名 1")
    assert "又改过" in boss.says("撤销")
    assert "茶会" in boss.says("活动")


def test_the_history_tells_that_it_was_taken_back(boss, mei):
    boss.says("消费 小美 298 连衣裙")
    boss.says("撤销")
    assert "撤销" in boss.says("历史 小美").splitlines()[1]


def test_a_second_undo_of_the_same_callback_undoes_nothing_more(shop, boss, mei):
    boss.says("小美 +甲")
    boss.says("小美 +乙")
    xml = boss.text_xml("撤销", 777)
    first, second = shop.push(xml), shop.push(xml)
    assert shop.read(first) == shop.read(second)
    assert mei.file["tags"] == ["甲"]


LINES = st.sampled_from(
    [
        "小美 +VIP",
        "小美 -VIP",
        "小美 +甲",
        "小美 -甲",
        "小美、阿兰 +乙",
        "阿兰 +甲 -乙",
        "标签 小美 +Y",
        "小美 +N",
        "批量标签 全部 +丙",
        "批量标签 甲 -丙",
        "到店 小美",
        "到店 小美、阿兰",
        "消费 小美 298 裙",
        "消费 阿兰 58.5 袜子 线上",
        "消费 小美、阿兰 10 茶",
        "消费 散客 5 糖",
        "退款 单号1 5",
        "退款 单号2 58.5",
        "退款 小美 298",
        "级别 小美 A",
        "级别 阿兰 C",
        "跟进 小美 b 下次发图 周五",
        "跟进 阿兰 a",
        "成交 小美 88 帽子",
        "下单 1",
        "发货 1 顺丰 SF123456",
        "签收 1",
        "用完 1",
        "改名 阿兰 兰兰",
        "改名 兰兰 阿兰",
        "新客 张姐 13800138000",
        "张姐 +甲",
        "消费 张姐 20 茶",
        "人群 保存 老客 = M",
        "话术 新建 上新 到了新款",
        "话术 改 上新 又到了新款",
    ]
)


@settings(
    max_examples=8,  # more lines of one person in so short a time would be taken for a flood
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(lines=st.lists(LINES, min_size=1, max_size=5))
def test_as_many_undos_as_changes_lead_back(shop, boss, mei, lan, lines):
    before = snapshot(shop)
    changes = sum(TAKE_BACK in boss.says(line) for line in lines)
    for _ in range(changes):
        assert "已撤销" in boss.says("撤销")
    assert snapshot(shop) == before
