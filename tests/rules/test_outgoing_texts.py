"""What may not go out: every sentence of the corpus gets the word it should, and the shipped shelf is clean."""

from datetime import date
from pathlib import Path

import pytest

from bot.domain.scripts import checker
from bot.domain.scripts.library import load
from bot.errors import Refusal

TODAY = date(2026, 6, 1)
CORPUS = Path(__file__).with_name("outgoing_sentences.txt")


def sentences():
    lines = [line for line in CORPUS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(" | ", 1)) for line in lines]


def said_of(sentence, where="mass", on=TODAY):
    return [finding.rule.id for finding in checker.check(sentence, where, on)]


def test_the_corpus_is_wide_enough_and_knows_every_rule_for_scripts():
    labels = [label for label, _sentence in sentences()]
    assert len(labels) >= 120
    assert labels.count("fine") >= 60
    assert {rule.id for rule in checker.rules() if rule.applies != "templates"} == set(labels) - {"fine"}


@pytest.mark.parametrize(("label", "sentence"), sentences())
def test_a_sentence_is_judged_as_people_judge_it(label, sentence):
    found = said_of(sentence)
    assert (label in found) if label != "fine" else found == []


@pytest.mark.parametrize("script", load(), ids=lambda script: script.key)
def test_every_script_we_ship_may_go_out(script):
    assert said_of(script.text, "script") == []
    assert said_of(script.text, "mass") == []


def test_red_packets_and_coupons_are_kept_out_of_template_messages_only():
    for words in ("中秋红包等您来拿", "送您一张优惠券", "全场八折", "满200减30"):
        assert said_of(words, "templates") == ["gift_in_template"]
        assert said_of(words, "mass") == []
    assert said_of("您的订单 12 已发出，顺丰 SF123456", "templates") == []


def test_a_rule_holds_from_its_day_on():
    assert said_of("五星好评返现 5 元", on=date(2021, 5, 1)) == ["review"]
    assert said_of("五星好评返现 5 元", on=date(2021, 4, 30)) == []


def test_every_rule_says_why_where_it_comes_from_and_what_to_say_instead():
    for rule in checker.rules():
        assert rule.source, rule.id
        assert rule.reason, rule.id
        assert said_of(rule.proposal) == [], rule.id
        assert rule.applies in ("all", "mass", "templates"), rule.id


def test_what_is_punished_is_refused_and_what_is_not_is_told():
    with pytest.raises(Refusal, match="诱导分享"):
        checker.refuse_punished(["转发到朋友圈领红包"], "mass", TODAY, undone="没有排")
    checker.refuse_punished(["用的都是最好的面料"], "mass", TODAY, undone="没有排")
    assert "广告法" in checker.warnings(["用的都是最好的面料"], "mass", TODAY)[0]


def test_words_in_any_branch_or_default_are_seen_and_none_is_made_across_a_variable():
    assert said_of("{% if c.points > 9 %}全网最低价{% endif %}今天到货") == ["absolute"]
    assert said_of('{{ c.last_item|default("国家级面料") }}到货') == ["absolute"]
    assert said_of("最{{ c.name }}佳") == []
