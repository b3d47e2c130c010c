"""Amounts: every way people type them, and everything that only looks like one."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language import CAP_FEN, MoneyError, read_money, show_money
from bot.language.money import looks_like_money, take_money
from bot.language.normalise import read
from bot.language.numerals import read_numeral


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("298", 29800),
        ("298元", 29800),
        ("298块", 29800),
        ("298块钱", 29800),
        ("298块5", 29850),
        ("298块五", 29850),
        ("298元整", 29800),
        ("¥298.00", 29800),
        ("￥ ２９８", 29800),
        ("298.5", 29850),
        ("0.01", 1),
        ("1,280", 128000),
        ("１，２８０.５０元", 128050),
        ("1.2万", 1200000),
        ("1万2", 1200000),
        ("1.5w", 1500000),
        ("3千", 300000),
        ("2K", 200000),
        ("两百九十八", 29800),
        ("二百九十八元", 29800),
        ("貳佰玖拾捌", 29800),
        ("三百块", 30000),
        ("一万二", 1200000),
        ("十五", 1500),
        ("RMB298", 29800),
        ("人民币298元", 29800),
        ("1000000", CAP_FEN),
    ],
)
def test_amounts_are_read(typed, fen):
    assert read_money(typed) == fen


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("0", "大于 0"),
        ("0.00", "大于 0"),
        ("-1", "大于 0"),
        ("－５", "大于 0"),
        ("298.555", "两位小数"),
        ("1000000.01", "最多 1000000元"),
        ("200万", "最多 1000000元"),
        ("99999999999999999999", "太大"),
        ("٢٩٨", "普通数字"),
        ("2٩٨", "普通数字"),
        ("298²", "普通数字"),
        ("NaN", "NaN"),
        ("inf", "inf"),
        ("1e9", "1e9"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("1,28", "1,28"),
        ("0298", "0298"),
        (".5", ".5"),
        ("5.", "5."),
        ("298.5块5", "298.5块5"),
        ("二九八", "二九八"),
        ("1.23456789万", "1.23456789万"),
        ("298美元", "298美元"),
        ("", "没写金额"),
        ("连衣裙", "连衣裙"),
    ],
)
def test_what_is_no_amount_is_refused_with_the_reason_and_an_example(typed, named):
    with pytest.raises(MoneyError) as refusal:
        read_money(typed)
    assert named in str(refusal.value)
    assert "例如" in str(refusal.value)


def test_a_cap_of_the_shop_holds():
    assert read_money("200", cap_fen=20000) == 20000
    with pytest.raises(MoneyError, match="最多 200元"):
        read_money("200.01", cap_fen=20000)


@given(st.integers(min_value=1, max_value=CAP_FEN))
def test_what_we_show_we_can_read(fen):
    assert read_money(show_money(fen)) == fen


def test_money_is_shown_short():
    assert [show_money(fen) for fen in (29800, 29850, 1, -29800)] == ["298元", "298.50元", "0.01元", "-298元"]


@given(st.text(alphabet="0123456789.,元块万千百十一二两三五¥-+eE ٢²²_ k", max_size=12))
def test_odd_amounts_are_read_or_refused_but_never_anything_else(text):
    with suppress(MoneyError):
        assert 1 <= read_money(text) <= CAP_FEN


@pytest.mark.parametrize(
    ("line", "amount", "rest"),
    [
        ("298连衣裙", "298", "连衣裙"),
        ("298元2件", "298元", "2件"),
        ("298块5连衣裙", "298块5", "连衣裙"),
        ("298 元 裙子", "298 元", "裙子"),
        ("一百元裙子", "一百元", "裙子"),
        ("一百 裙子", "一百", "裙子"),
        ("298,裙子", "298", ",裙子"),
        ("-5 裙子", "-5", "裙子"),
        ("298.555", "298.555", ""),
    ],
)
def test_an_amount_at_the_beginning_is_told_from_what_follows(line, amount, rest):
    taken = take_money(read(line))
    assert taken is not None
    assert (taken[0].plain, taken[1].plain) == (amount, rest)


@pytest.mark.parametrize("line", ["2件", "1e9", "298块55", "12A", "一件", "3号", "A102", "NaN", ""])
def test_pieces_sizes_and_article_numbers_are_no_amounts(line):
    assert take_money(read(line)) is None


def test_a_broken_amount_is_known_as_one():
    assert [looks_like_money(read(word)) for word in ("1e9", "NaN", "٢٩٨", "-", "2件", "裙子")] == [True] * 4 + [
        False
    ] * 2


@pytest.mark.parametrize(
    ("numeral", "value"),
    [("零", 0), ("十", 10), ("两千零五十", 2050), ("一百五", 150), ("一百十五", 115), ("三千五", 3500), ("一万零五百", 10500),
     ("九千九百九十九万九千九百九十九", 99999999)],
)  # fmt: skip
def test_numerals(numeral, value):
    assert read_numeral(numeral) == value


@pytest.mark.parametrize(
    "text", ["", "百", "三一百", "一二三", "十十", "零五", "一百零零五", "万二", "两百零", "一百x"]
)
def test_what_is_no_numeral_is_none(text):
    assert read_numeral(text) is None
