"""What is folded away to understand a text, and what must survive because it is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language import display_name, normalise, stored, tag_name
from bot.language.normalise import read, without_mood


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("２９８元", "298元"),
        ("標籤　張三", "标签 张三"),
        ("羣發給誰", "群发给谁"),
        ("消费：小美，２９８！", "消费:小美,298!"),
        ("小美\u3000\u3000 ＋VIP", "小美 +VIP"),
        ("小\u200b美\ufeff", "小美"),
        ("3\ufe0f\u20e3", "3"),
        ("➕VIP ➖组C", "+VIP -组C"),
        ("“老客”「新客」", '"老客""新客"'),
        ("a\r\n\r\n b ", "a\nb"),
        ("a\x00b\ud800c", "abc"),
        ("￥298", "¥298"),
        ("⼥⽣", "女生"),
        ("298²", "298²"),
        ("٢٩٨", "٢٩٨"),
        ("", ""),
    ],
)
def test_text_is_folded_to_one_form(typed, understood):
    assert normalise(typed) == understood


@given(st.text())
def test_folding_twice_changes_nothing_more(text):
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(alphabet=st.characters(codec=None) | st.sampled_from("張三鍾乾\u200d\ufe0f 　\n")))
def test_every_cut_of_a_line_comes_from_the_line_as_typed(text):
    words = read(text)
    for word in words.split():
        assert word.typed in stored(text)
        assert word.plain
    assert words.typed == stored(text).strip() or words.typed in stored(text)


def test_a_name_is_cut_out_as_it_was_typed():
    name = read("改名  #１２　張\u200d小美Ａ ").split()[-1]
    assert (name.plain, name.typed) == ("张小美A", "張\u200d小美Ａ")


def test_an_emoji_made_of_several_keeps_its_joiners():
    assert read("備註 👩\u200d👧 ❤\ufe0f").split()[1].typed == "👩\u200d👧"
    assert read("備註 ❤\ufe0f").split()[1].typed == "❤\ufe0f"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("張三 ２９８", "張三 ２９８"),
        ("第一行\r\n第二行\t完", "第一行\n第二行 完"),
        ("a\x00b\ud83dc\x07", "abc"),
        ("e\u0301", "é"),
        ("'; DROP TABLE x; <script>{{7*7}} %n", "'; DROP TABLE x; <script>{{7*7}} %n"),
    ],
)
def test_text_is_stored_as_typed(typed, kept):
    assert stored(typed) == kept


@given(st.text(alphabet=st.characters(codec=None)))
def test_stored_text_can_go_into_both_databases(text):
    kept = stored(text)
    assert stored(kept) == kept
    assert "\x00" not in kept
    kept.encode("utf-8")
    assert len(stored(text, 5)) <= 5


@pytest.mark.parametrize(
    ("typed", "name"),
    [(" ＶＩＰ ", "VIP"), ("北\u200b京", "北京"), ("老  客\n", "老 客"), ("節日", "節日"), ("\u202eabc", "abc")],
)
def test_a_tag_has_one_spelling(typed, name):
    assert tag_name(typed) == name
    assert tag_name(name) == name


def test_a_display_name_is_cleaned_and_cut_with_a_note():
    assert display_name("小美") == ("小美", False)
    assert display_name(" 小\u202e美\n😀 ") == ("小美 😀", False)
    assert display_name("👩\u200d👧") == ("👩\u200d👧", False)
    assert display_name("\u200b\u2060\u3164") == ("", False)
    assert display_name("小\u200d美\u00ad\u200c\ufe0f") == ("小美", False)
    for whole in (
        "❤\ufe0f\u200d🔥",
        "🏴\U000e0067\U000e0062\U000e007f",
        "👍🏽",
        "3\ufe0f\u20e3",
        "🏳\ufe0f\u200d🌈小美",
    ):
        assert display_name(whole) == (whole, False)
    name, cut = display_name("美" * 10_000)
    assert (len(name), cut) == (64, True)


@pytest.mark.parametrize(
    ("typed", "word"), [("退订🙏", "退订"), ("今日!!!", "今日"), ("[微笑]好[抱拳]", "好"), ("。", "")]
)
def test_mood_around_a_word_is_left_aside(typed, word):
    assert without_mood(read(typed)).typed == word
