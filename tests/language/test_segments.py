"""``<人群>``: expressions become trees and trees become words again; a merchant's tag is never taken for a sign of ours."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.segments import (
    And,
    ClassTerm,
    Everyone,
    Field,
    Name,
    Not,
    Or,
    SegmentError,
    TagTerm,
    all_of,
    any_of,
    asks_for,
    explain,
    names,
    negation,
    parse_segment,
    show,
    terms,
)

N, Y, O, M, VIP = (ClassTerm(code) for code in ("N", "Y", "O", "M", "VIP"))  # noqa: E741 the classes are called so
A, B, REGULAR = Name("A"), Name("B"), Name("老客")


@pytest.mark.parametrize(
    ("typed", "tree"),
    [
        ("Y", Y),
        ("到店", Y),
        ("未到店", N),
        ("o", O),
        ("没买过", O),
        ("消费过", M),
        ("vip", VIP),
        ("重点客户", VIP),
        ("全部", Everyone()),
        ("所有人", Everyone()),
        ("标签=節日", TagTerm("節日")),
        ("標籤：節日", TagTerm("節日")),
        ("级别=A", Field("grade", "=", "A")),
        ("級別 ＝ a", Field("grade", "=", "A")),
        ("级别是A", Field("grade", "=", "A")),
        ("跟进=B", Field("follow_up", "=", "b")),
        ("阶段=③", Field("stage", "=", 3)),
        ("阶段=3", Field("stage", "=", 3)),
        ("性别=女", Field("sex", "=", "女")),
        ("城市=北京", Field("city", "=", "北京")),
        ("城市=“New York”", Field("city", "=", "New York")),
        ("渠道=門店海報", Field("channel", "=", "門店海報")),
        ("账号=corp", Field("account", "=", "corp")),
        ("消费额>500", Field("spent", ">", 50000)),
        ("消费额 ≥ 1.2万", Field("spent", ">=", 1200000)),
        ("消费额500以上", Field("spent", ">=", 50000)),
        ("消费额>0", Field("spent", ">", 0)),
        ("消费额超过500元", Field("spent", ">", 50000)),
        ("消费次数>=3", Field("purchases", ">=", 3)),
        ("消费次数大于三次", Field("purchases", ">", 3)),
        ("最近消费<30天", Field("last_purchase", "<", 30)),
        ("最近消费<=2周", Field("last_purchase", "<=", 14)),
        ("30天内消费过", Field("last_purchase", "<=", 30)),
        ("最近联系>14天", Field("last_contact", ">", 14)),
        ("未消费60天", Field("not_bought", ">=", 60)),
        ("60天没消费", Field("not_bought", ">=", 60)),
        ("未消费两个月", Field("not_bought", ">=", 60)),
        ("生日=本月", Field("birthday", "=", "month")),
        ("生日=今天", Field("birthday", "=", "today")),
        ("生日=7天内", Field("birthday", "<=", 7)),
        ("本月生日", Field("birthday", "=", "month")),
        ("积分>100", Field("points", ">", 100)),
        ("收到过12", Field("sent", "=", 12)),
        ("收到过 群发12", Field("sent", "=", 12)),
        ("回复过#12", Field("replied", "=", 12)),
        ("头部20%", Field("top", "=", 20)),
        ("头部20％", Field("top", "=", 20)),
    ],
)
def test_single_conditions(typed, tree):
    assert parse_segment(typed) == tree


@pytest.mark.parametrize(
    ("typed", "tree"),
    [
        ("Y&M", And((Y, M))),
        ("Y M", And((Y, M))),
        ("Ｙ＆Ｏ", And((Y, O))),
        ("Y && M", And((Y, M))),
        ("Y | O", Or((Y, O))),
        ("Y 或 O 且 M", Or((Y, And((O, M))))),
        ("(Y 或 O) 且 M", And((Or((Y, O)), M))),
        ("（Ｙ或Ｏ）且Ｍ", And((Or((Y, O)), M))),
        ("非VIP", Not(VIP)),
        ("非 VIP", Not(VIP)),
        ("-VIP", Not(VIP)),
        ("！VIP", Not(VIP)),
        ("不是VIP", Not(VIP)),
        ("!!VIP", VIP),
        ("非(Y|O)", Not(Or((Y, O)))),
        ("非未到店", Not(N)),
        ("城市!=北京", Not(Field("city", "=", "北京"))),
        ("城市≠北京 且 M", And((Not(Field("city", "=", "北京")), M))),
        ("级别=A/B", Or((Field("grade", "=", "A"), Field("grade", "=", "B")))),
        ("城市=北京、上海 M", And((Or((Field("city", "=", "北京"), Field("city", "=", "上海"))), M))),
        ("Y & O & !VIP & (A|B)", And((Y, O, Not(VIP), Or((A, B))))),
        ("老客 且 未消费60天", And((REGULAR, Field("not_bought", ">=", 60)))),
        ("老客且未消费60天", And((REGULAR, Field("not_bought", ">=", 60)))),
        ("老客并且没买过或者VIP", Or((And((REGULAR, O)), VIP))),
        ("全部 非 VIP", And((Everyone(), Not(VIP)))),
        ("Y and not VIP or O", Or((And((Y, Not(VIP))), O))),
        ("收到过12且M", And((Field("sent", "=", 12), M))),
    ],
)
def test_signs_bind_as_people_expect(typed, tree):
    assert parse_segment(typed) == tree


@pytest.mark.parametrize(
    "tag",
    ["VIP的", "非常满意", "非洲菊", "未来", "或许", "且慢", "姑且", "生日会", "生日为主", "城市达人", "头部20%人群", "a-b",
     "80后+", "到店礼", "消费", "未消费60天的", "Order", "北京", "老客🌸"],
)  # fmt: skip
def test_a_tag_that_looks_like_ours_stays_a_tag(tag):
    assert parse_segment(tag) == Name(tag)
    assert parse_segment(f"M 且 {tag}") == And((M, Name(tag)))


def test_quotes_force_a_name_and_names_stay_as_typed():
    assert parse_segment('“VIP” | 「非你」 | "A且B"') == Or((Name("VIP"), Name("非你"), Name("A且B")))
    assert parse_segment("節日 且 ＶＩＰ客") == And((Name("節日"), Name("VIP客")))


@pytest.mark.parametrize(
    ("typed", "bad_part"),
    [
        ("", "没写人群"),
        ("级别=E", "“级别=E”"),
        ("级别", "“级别”后面要写值"),
        ("阶段=5", "“阶段=5”"),
        ("消费额>-1", "“消费额>-1”"),
        ("消费额>1e9", "“消费额>1e9”"),
        ("级别>A", "“级别”不能比大小"),
        ("城市=", "“城市=”"),
        ("年龄>30", "“年龄>30”"),
        ("头部120%", "“头部120%”"),
        ("VIP、老客", "“VIP、老客”里有几个名字"),
        ("Y 且", "“且”后面"),
        ("且 Y", "“且”前面"),
        ("Y 或 或 O", "“或”前面"),
        ("非", "“非”后面"),
        ("(Y", "括号没有关上"),
        ("Y)", "多了一个“)”"),
        ("()", "“)”前面"),
        ("“”", "引号"),
        ("“老客", "引号"),
        ("级别=A或B", "级别=A/B"),
        ("+VIP", "“+VIP”"),
        ("Y " * 300, "太长"),
        ("(" * 200, "太多"),
    ],
)
def test_a_bad_part_is_named_with_an_example(typed, bad_part):
    with pytest.raises(SegmentError) as refusal:
        parse_segment(typed)
    assert bad_part in str(refusal.value)


def test_a_segment_in_plain_chinese():
    assert (
        explain(parse_segment("M 且 (级别=A 或 老客) 且 非VIP"))
        == "消费过的、并且（级别是A的，或者“老客”）、并且不是VIP"
    )
    assert explain(parse_segment("非(Y且O)")) == "除了（到店的、并且未消费的）"
    assert explain(parse_segment("消费额>=500.50 或 最近联系>14天")) == "消费额至少500.50元的，或者距上次联系超过14天的"


def test_names_and_terms_of_a_tree():
    tree = parse_segment("老客 且 (A 或 非B) 且 老客 且 标签=X 且 Y")
    assert names(tree) == ("老客", "A", "B")
    assert list(terms(tree)) == [REGULAR, A, B, REGULAR, TagTerm("X"), Y]
    assert len({tree, parse_segment(show(tree))}) == 1


@pytest.mark.parametrize("typed", ["VIP", "Y 且 VIP", "老客 或 VIP", "非(Y 或 非VIP)"])
def test_vips_are_asked_for(typed):
    assert asks_for(parse_segment(typed), "VIP")


@pytest.mark.parametrize("typed", ["非VIP", "Y 非VIP", "“VIP”", "老客"])
def test_vips_are_not_asked_for(typed):
    assert not asks_for(parse_segment(typed), "VIP")


_NAMES = (
    st.text(alphabet="老客非或且VIPAB生日=级别>未消费60天(|、 -全部标签收到过", min_size=1, max_size=8)
    .map(str.split)
    .map(" ".join)
    .filter(bool)
)
_LEAVES = st.one_of(
    st.sampled_from([N, Y, O, M, VIP, Everyone()]),
    _NAMES.map(Name),
    _NAMES.filter(lambda name: not set(name) & set("=>、")).map(TagTerm),
    st.sampled_from("SABCDF").map(lambda grade: Field("grade", "=", grade)),
    st.sampled_from([1, 2, 3, 4]).map(lambda stage: Field("stage", "=", stage)),
    st.builds(Field, st.just("spent"), st.sampled_from(["=", ">", ">=", "<", "<="]), st.integers(0, 100_000_000)),
    st.builds(Field, st.sampled_from(["purchases", "points", "last_purchase"]), st.sampled_from([">", "<="]), st.integers(0, 9999)),
    st.builds(Field, st.sampled_from(["sent", "replied"]), st.just("="), st.integers(1, 10**9 - 1)),
    st.integers(1, 100).map(lambda percent: Field("top", "=", percent)),
    st.integers(1, 9999).map(lambda days: Field("not_bought", ">=", days)),
    st.sampled_from([Field("birthday", "=", "month"), Field("birthday", "=", "today"), Field("birthday", "<=", 7)]),
    st.sampled_from([Field("city", "=", "New York"), Field("sex", "=", "女"), Field("follow_up", "=", "b")]),
)  # fmt: skip
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(all_of),
        st.lists(inner, min_size=2, max_size=3).map(any_of),
        inner.map(negation),
    ),
    max_leaves=8,
)


@given(_TREES)
def test_what_we_show_we_can_read(tree):
    assert parse_segment(show(tree)) == tree
    assert explain(tree)


@given(
    st.text(alphabet='YOMVIP老客非或且!-&|()（）“”"=><级别消费额未天生日本月0123456789% 、,/城市≠+全部', max_size=40)
)
def test_odd_expressions_are_read_or_refused(text):
    with suppress(SegmentError):
        tree = parse_segment(text)
        assert parse_segment(show(tree)) == tree
