"""人群: counted with examples, saved under a name, and what is wrong with an expression is said."""

import pytest

COUNTS = {
    "全部": 4,
    "N": 2,
    "未到店": 2,
    "Y": 2,
    "O": 2,
    "M": 2,
    "VIP": 1,
    "北京": 2,
    "标签=北京": 2,
    "Y 且 M": 1,
    "Y & O": 1,
    "Y O": 1,
    "N 或 VIP": 3,
    "N | VIP": 3,
    "非 VIP": 3,
    "!VIP": 3,
    "-VIP": 3,
    "非VIP 且 M": 1,
    "M 或 Y 且 北京": 3,
    "(M 或 Y) 且 北京": 2,
    "M 且 非(VIP 或 北京)": 0,
    "级别=S": 2,
    "级别=A": 1,
    "跟进=b": 0,
    "阶段=③": 1,
    "阶段=②": 1,
    "消费额>100": 1,
    "消费额>=58": 2,
    "消费额<58": 2,
    "消费次数>=1": 2,
    "最近消费<30天": 2,
    "未消费60天": 2,
    "最近联系<1天": 4,
    "账号=main": 4,
    "账号=corp": 0,
    "头部50%": 1,
    "性别=女": 0,
    "非 性别=女": 4,
    "生日=本月": 0,
    "收到过1": 0,
    "回复过1": 0,
}
WRONG = (
    *("(O", "O)", "且 O", "O 且", "O 或 或 M", "消费额>", "消费额>很多", "级别=X", "跟进=z", "生日=明年", "头部0%"),
    "()",
)


@pytest.fixture
def people(shop, boss):
    """甲: Y M VIP 298元. 乙: Y O 北京. 丙: N O. 丁: N M 58元 北京."""
    for name in "甲乙丙丁":
        shop.regular(f"阿{name}")
    for line in ("消费 阿甲 298 裙", "阿甲 +VIP", "到店 阿乙", "阿乙 +北京", "消费 阿丁 58 袜子 线上", "阿丁 +北京"):
        boss.says(line)
    boss.says("级别 阿乙 A")
    return boss


def test_what_expressions_count(people):
    said = {expression: people.says(f"人群 {expression}").split("：", 1)[1] for expression in COUNTS}
    assert {expression: int(answer.split(" 位")[0]) for expression, answer in said.items()} == COUNTS


def test_time_goes_by_for_segments_too(shop, people):
    shop.later(days=60, seconds=1)
    assert "4 位" in people.says("人群 未消费60天")
    assert "0 位" in people.says("人群 最近消费<30天")
    assert "4 位" in people.says("人群 最近联系>14天")


def test_three_examples_are_shown(people):
    answer = people.says("人群 全部")
    assert [name in answer for name in ("阿甲", "阿乙", "阿丙", "阿丁")] == [True, True, True, False]


def test_a_segment_under_a_name(people):
    assert "1 位" in people.says("人群 保存 北京老客 = 北京 且 M")
    assert "1 位" in people.says("人群 北京老客")
    assert "北京老客 = 北京 且 M" in people.says("人群 列表")
    assert "3 位" in people.says("人群 非 北京老客")
    people.says("人群 保存 北京老客 = 北京")
    assert "2 位" in people.says("人群 北京老客")


def test_what_a_saved_segment_means_is_spelt_out(people):
    people.says("人群 保存 久未买 = M 且 未消费60天")
    assert "60天没消费" in people.says("人群 久未买")


def test_a_segment_may_stand_on_another_but_not_on_itself(people):
    people.says("人群 保存 甲群 = M")
    people.says("人群 保存 乙群 = 甲群 且 北京")
    assert "1 位" in people.says("人群 乙群")
    refused = people.says("人群 保存 甲群 = 乙群")
    assert "圈" in refused
    assert "1 位" in people.says("人群 乙群")
    assert "自己" in people.says("人群 保存 甲群 = 甲群 且 Y")


def test_what_is_wrong_is_named_with_an_example(people):
    for expression in WRONG:
        answer = people.says(f"人群 {expression}")
        assert "例如" in answer or "例子" in answer, expression


def test_a_tag_nobody_has_is_said_to_be_none(people):
    assert "没有" in people.says("人群 上海")
    assert "北京" in people.says("人群 北经")


def test_a_name_that_means_something_else_is_refused(people):
    for name in ("O", "VIP", "全部", "消费额>500", "a 且 b"):
        people.says(f"人群 保存 {name} = M")
    assert "还没有" in people.says("人群 列表")


def test_points_come_later_and_are_said_to(people):
    answer = people.says("人群 积分>100 且 M")
    assert "“积分>100”" in answer
    assert "以后" in answer


# --- saved segments that stand on one another -------------------------------------------------------------------------


def test_a_circle_is_named_and_nothing_kept(people):
    people.says("人群 保存 甲群 = M")
    people.says("人群 保存 乙群 = 甲群 且 北京")
    people.says("人群 保存 丙群 = 乙群 或 VIP")
    assert "甲群 → 丙群 → 乙群 → 甲群" in people.says("人群 保存 甲群 = 非 丙群")
    assert "甲群 = M" in people.says("人群 列表")


def test_a_segment_that_others_use_stays_until_they_do_not(people):
    people.says("人群 保存 甲群 = M")
    people.says("人群 保存 乙群 = 甲群 且 北京")
    refused = people.says("人群 删除 甲群")
    assert "乙群" in refused
    assert "没有删" in refused
    assert "删了" in people.says("人群 删除 乙群")
    assert "删了" in people.says("人群 删除 甲群")
    assert "没有存过" in people.says("人群 删除 甲群")
    people.says("撤销")
    assert "2 位" in people.says("人群 甲群")


def test_another_name_goes_into_the_segments_that_use_it(people):
    people.says("人群 保存 甲群 = M")
    people.says("人群 保存 乙群 = 甲群 且 北京")
    assert "乙群" in people.says("人群 改名 甲群 到 买过的人")
    listed = people.says("人群 列表")
    assert "乙群 = 买过的人 & 北京" in listed
    assert "甲群" not in listed
    assert "1 位" in people.says("人群 乙群")
    people.says("撤销")
    assert "乙群 = 甲群 且 北京" in people.says("人群 列表")
    assert "已经有" in people.says("人群 改名 甲群 乙群")


def test_a_segment_stays_while_a_broadcast_or_an_activity_needs_it(shop, people):
    people.says("人群 保存 甲群 = M 或 VIP")
    people.says("活动 新建 茶会 周六14:00 名额20 对象 甲群")
    assert "活动 1" in people.says("人群 删除 甲群")
    people.says("活动 关闭 1")
    people.says("话术 新建 上新\n新款到了")
    people.confirms(people.says("群发 甲群 用 上新 明天10点"))
    assert "群发 1" in people.says("人群 改名 甲群 乙群")
    people.says("取消 1")
    assert "现在叫" in people.says("人群 改名 甲群 乙群")


def test_a_name_that_is_a_tag_as_well_is_said_to_be(people):
    assert "标签=北京" in people.says("人群 保存 北京 = 标签=北京 且 M")
    assert "1 位" in people.says("人群 北京")
    assert "2 位" in people.says("人群 标签=北京")
    assert "标签=北京" in people.says("人群 保存 北京 = 北京 且 Y")


def test_segments_that_grow_at_every_step_are_stopped(people):
    people.says("人群 保存 群0 = M 或 Y")
    answers = [people.says(f"人群 保存 群{step} = (群{step - 1} 且 VIP) 或 群{step - 1}") for step in range(1, 9)]
    assert "超过 300 个条件" in " ".join(answers)


def test_segments_that_go_deeper_at_every_step_are_stopped(people):
    answers = []
    for step in range(8):
        inner = f"群{step - 1}" if step else "VIP"
        for place in range(23):
            inner = f"({inner} {'或' if place % 2 else '且'} {'YOM'[place % 3]})"
        answers.append(people.says(f"人群 保存 群{step} = {inner}"))
    assert [("存好了" in answer, "超过 60 层" in answer) for answer in answers[:3]] == [
        (True, False),
        (True, False),
        (False, True),
    ]
    assert "✗" in people.says("为什么 阿甲 不在 非 群1 且 VIP")


# --- why --------------------------------------------------------------------------------------------------------------


def test_why_somebody_is_in_no_segment_is_told_term_by_term(people):
    people.says("人群 保存 久未买 = M 且 未消费60天")
    answer = people.says("为什么 阿甲 不在 久未买 且 非VIP 且 (北京 或 级别=A)")
    assert answer.split("\n")[:8] == [
        "阿甲 #2 现在不在“久未买 且 非VIP 且 (北京 或 级别=A)”里：",
        "✗ 人群“久未买”：",
        "　✓ 消费过的：TA 是 Y·M·VIP",
        "　✗ 60天没消费的：上次是2026年09月21日 10:00，0 天前",
        "✗ 不是VIP：TA 是 Y·M·VIP",
        "✗ 下面的满足一个就行：",
        "　✗ 有标签“北京”的：没有这个标签",
        "　✗ 级别是A的：现在是S",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "为什么 阿甲 不在 VIP",
        "阿甲 为什么不在 VIP",
        "阿甲为什么不在VIP里",
        "为啥 阿甲 在 VIP 里面",
        "阿甲怎么没在 VIP 呢？",
    ],
)
def test_who_is_in_it_is_said_to_be(people, line):
    answer = people.says(line)
    assert "阿甲 #2 现在在“VIP”里" in answer
    assert "✓ VIP" in answer


def test_every_fact_is_told(people):
    for expression in COUNTS:
        answer = people.says(f"为什么 阿乙 不在 {expression}")
        assert "现在在" in answer or "现在不在" in answer, expression
    assert "没有找到" in people.says("为什么 无名氏 不在 VIP")
    assert "没有叫" in people.says("为什么 阿乙 不在 没有的标签")


def test_why_somebody_got_nothing_is_told_from_what_was_kept(shop, people):
    people.says("话术 新建 上新\n新款到了")
    assert "还没有群发过" in people.says("为什么 阿乙 没收到")
    people.confirms(people.says("群发 M 用 上新"))
    shop.work()
    assert "VIP 不群发" in people.says("为什么 阿甲 没收到 1")
    assert "发出去了" in people.says("阿丁 为什么没收到 群发1")
    nothing = people.says("为什么 阿丙 没收到")
    assert "定名单的时候" in nothing
    assert "为什么 #4 不在 M" in nothing
    assert "没有群发 9" in people.says("为什么 阿丙 没收到 9")
    assert "VIP 不群发" in people.says("为什么 阿甲 不在 收到过1")
