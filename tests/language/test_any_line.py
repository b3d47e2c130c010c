"""Whatever is typed: an intent comes back, within the time a chat line has, and help says only what is understood."""

import re
import time
from statistics import median

import pytest
import test_customer_lines
import test_lines_about_business
import test_lines_about_customers
import test_lines_about_files
import test_lines_about_work
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.language.customers import understand_customer
from bot.language.help_texts import TOPICS, help_text
from bot.language.homophones import SOUND_OF
from bot.language.intents import Intent, Later, NotUnderstood
from bot.language.staff import VERBS, understand

STAFF_LINES = [
    line
    for table in (test_lines_about_business, test_lines_about_customers, test_lines_about_files, test_lines_about_work)
    for line, _ in table.LINES
]
VERB_WORDS = [word for verb in VERBS for word in verb.words]
MORSELS = """小美 #12 他 张姐、 298 -5 1e9 +VIP -A “ 明天10点 每周三 9月20日14:00 用 到店礼/ 对照10% = 且 非( ) 20个
名额20 农历八月十五 下次 预计 12 😀 {{7*7}} ';DROP ٣ ①"""
PIECES = [*VERB_WORDS, *re.split(r"\s", MORSELS), "\n", " ", "　", "\x00", "\ud800"]
ODD_TEXT = st.text(alphabet=st.characters(codec=None), max_size=60)
NOISE = st.lists(st.one_of(st.sampled_from(PIECES), ODD_TEXT.map(lambda text: text[:4])), max_size=9).map("".join)


@st.composite
def bruised_lines(draw):
    """A good line with a character lost, doubled, swapped or put in."""
    line = draw(st.sampled_from(STAFF_LINES))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(line)))
        line = (
            line[:at]
            + draw(st.sampled_from(["", line[at : at + 1] * 2, " ", "!", "0", "9" * 9, "一"]))
            + line[at + 1 :]
        )
    return line


@settings(max_examples=700, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(ODD_TEXT, NOISE, bruised_lines()))
def test_staff_always_get_an_intent(now, line):
    intent = understand(line, now)
    assert isinstance(intent, Intent)
    if isinstance(intent, NotUnderstood):
        assert intent.problem


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(ODD_TEXT, NOISE))
def test_customers_always_get_an_intent(now, line):
    assert isinstance(understand_customer(line, now), Intent)


@settings(max_examples=100, deadline=None)
@given(bruised_lines())
def test_spaces_width_and_a_slash_do_not_change_the_meaning(now, line):
    if not line.strip() or not line[0].isalpha():
        return
    meant = understand(line, now)
    if not isinstance(meant, NotUnderstood):
        assert understand(f" /{line}　", now) == meant


def test_hostile_lines_take_no_longer_than_others(now):
    hostile = [
        "消费 小美 " + "2" * 5000,
        "小美 " + "+a-b" * 1500,
        "批量标签 " + "-a " * 2000 + "+b",
        "人群 " + "(" * 5000,
        "群发 " + "用" * 2000,
        "标签 合并 " + "到" * 2000,
        "活动 新建 " + "名额" * 2000,
        "提醒 " + "每周" * 2000,
        "给" + "贴标签" * 1500,
        "退订" + "所有的" * 1500,
        "我要" * 2000,
        "。" * 7000,
        "9-" * 3000,
        "😀" * 5000,
    ]
    for line in hostile:
        began = time.thread_time()
        understand(line, now)
        understand_customer(line, now)
        assert time.thread_time() - began < 0.5, line[:20]


def test_a_line_takes_less_than_a_millisecond(now):
    customers = [line for line, _ in test_customer_lines.LINES]
    taken = []
    for line in STAFF_LINES + customers:
        began = time.thread_time()
        (understand_customer if line in customers else understand)(line, now)
        taken.append(time.thread_time() - began)
    assert median(taken) < 0.001


FORMS = [form for verb in VERBS for form in verb.forms]


@pytest.mark.parametrize("form", sorted({form for form in FORMS if "…" not in form}))
def test_every_form_we_offer_is_understood(form, now):
    assert not isinstance(understand(form, now), NotUnderstood | Later)


def test_every_line_of_help_is_understood(now):
    assert len(help_text().splitlines()) <= 25
    for topic in ("", *TOPICS):
        for line in help_text(topic).splitlines():
            for form in re.split(r"(?:^|】|\s)· ", line)[1:]:
                said = re.sub(r"[(（【].*$", "", form).strip() if "级别=" not in form else form
                assert not isinstance(understand(said, now), NotUnderstood), said


def test_help_for_a_verb_and_for_an_unknown_word():
    assert "对照10%" in help_text("群发")
    assert help_text("暂停") == help_text("群发")
    assert "没有“飞机”" in help_text("飞机")


def test_the_sounds_of_our_verbs_are_those_of_pypinyin():
    from pypinyin import pinyin

    def folded(sound):
        return re.sub("ng$", "n", re.sub("^(zh|ch|sh)", lambda match: match.group()[0], sound))

    for char, sound in SOUND_OF.items():
        readings = {folded(reading) for reading in pinyin(char, style=0, heteronym=True)[0]}
        assert sound in readings, char


def test_help_speaks_to_staff_as_every_other_answer_does():
    assert [topic for topic in ("", *TOPICS) if "你" in help_text(topic)] == []
