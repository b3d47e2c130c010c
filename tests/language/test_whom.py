"""Pointing at customers, and the keys by which a name is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language import NameKeys, name_keys, read_whom
from bot.language.intents import Whom


@pytest.mark.parametrize(
    ("typed", "kind", "text"),
    [
        ("小美", "name", "小美"),
        ("張小美", "name", "張小美"),
        ("小美🌸", "name", "小美🌸"),
        ("Amy Li", "name", "Amy Li"),
        ("zs", "name", "zs"),
        ("小美。", "name", "小美"),
        ("#12", "number", "12"),
        ("＃１２", "number", "12"),
        ("# 012", "number", "12"),
        ("12", "number", "12"),
        ("8000", "tail", "8000"),
        ("13800138000", "phone", "13800138000"),
        ("138 0013 8000", "phone", "13800138000"),
        ("+86 138-0013-8000", "phone", "13800138000"),
        ("他", "pronoun", "他"),
        ("她", "pronoun", "她"),
        ("上一个", "pronoun", "上一个"),
    ],
)
def test_one_customer(typed, kind, text):
    assert read_whom(typed) == (Whom(kind, text),)


def test_several_customers_each_once():
    assert read_whom("小美、#12,8000，小美、 他") == (
        Whom("name", "小美"),
        Whom("number", "12"),
        Whom("tail", "8000"),
        Whom("pronoun", "他"),
    )
    assert read_whom(" 、,") == ()


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("张三", "zhangsan", "zs"),
        ("張三", "zhangsan", "zs"),
        ("曾姐", "zengjie", "zj"),
        ("单老师", "shanlaoshi", "sls"),
        ("吕布", "lvbu", "lb"),
        ("重庆", "chongqing", "cq"),
        ("小美Amy", "xiaomeiamy", "xma"),
        ("Amy Li", "amyli", "al"),
        ("🌸花花", "huahua", "hh"),
        ("zs", "zs", "z"),
        ("😀", "", ""),
    ],
)
def test_names_have_keys(name, pinyin, initials):
    assert name_keys(name) == NameKeys(pinyin, initials)


@given(st.text(max_size=20))
def test_keys_are_letters_and_digits(name):
    keys = name_keys(name)
    assert (keys.pinyin + keys.initials).isascii()
    assert all(char.isalnum() and not char.isupper() for char in keys.pinyin + keys.initials)
