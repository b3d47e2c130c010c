"""What people type, as they type it: more than sixteen hundred lines with what each must mean.

``corpus/staff.txt`` and ``corpus/customers.txt`` say how they are written. Dangerous lines are right or asked back,
every one; of all lines at most one in a hundred is off.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from corpus_lines import corpus, shown

from bot.language.customers import understand_customer
from bot.language.staff import understand

NOW = datetime(2026, 9, 16, 14, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
AT_LEAST = 0.99
READERS = {"staff": understand, "customers": understand_customer}


@pytest.mark.parametrize("who", READERS)
def test_what_people_type_is_understood(who):
    counted = [line for line in corpus(who) if not line.later]
    meant = [(line, READERS[who](line.text, NOW)) for line in counted]
    unsafe = [(line.text, shown(intent)) for line, intent in meant if line.dangerous and not line.is_safe(intent)]
    assert not unsafe
    off = [(line.text, line.meant, shown(intent)) for line, intent in meant if not line.is_right(intent)]
    assert len(off) <= len(counted) * (1 - AT_LEAST), off


def test_the_corpus_covers_what_it_must():
    lines = [line for who in READERS for line in corpus(who)]
    assert len({line.text for line in lines}) >= 600
    assert sum(line.dangerous for line in lines) >= 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_dangerous_line_that_is_asked_back_changes_nothing(shop, boss, clerk, mei):
    zhang = shop.regular("张姐")
    boss.says("消费 小美 298 连衣裙")
    before = {subject: shop.export(subject) for subject in ("customers", "orders", "tags", "broadcasts")}
    # Two take turns: a hundred lines at once by one would be a flood.
    asked = [line.text for line in corpus("staff") if line.dangerous and line.asked and not line.later]
    for number, line in enumerate(asked):
        assert (boss, clerk)[number % 2].says(line), line
    assert {subject: shop.export(subject) for subject in before} == before
    assert not zhang.phone.news()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_customers_opt_out_by_their_words_and_by_no_others(mei):
    lines = [line for line in corpus("customers") if line.dangerous and not line.later]
    for line in [line for line in lines if line.meant == "FreeTalk"]:
        mei.says(line.text)
        assert not mei.file["opted_out"], line.text
    for line in [line for line in lines if line.meant == "OptOut"][::5]:
        mei.says(line.text)
        assert mei.file["opted_out"], line.text
        mei.says("订阅")
        assert not mei.file["opted_out"]
