"""A year of the shop's plans: from one seed always the same, also when its scheduler dies again and again, and two strike
at once."""

import random
from datetime import date

import pytest
from dying_clock import DyingClock
from house import FULL

import app
from bot import settings
from bot.rehearsal import report
from bot.rehearsal.year import Wanted, rehearse

# The small count: Spring Festival and its eve, with what customers hear each for themselves.
WANTED = Wanted(date(2027, 1, 1), 365, 2_000, 2026) if FULL else Wanted(date(2027, 1, 30), 9, 24, 2026)
DEATHS = 50 if FULL else 2
SHARE = 0.5 if FULL else 0.25


def played(tmp_path, **more):
    year = rehearse(app.building(), settings.load(None, {}, tmp_path), WANTED, None, **more)
    return year.messages, report.lines(year), year.wrong


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return played(tmp_path_factory.mktemp("undisturbed"))


def test_every_rule_holds_over_what_the_phones_received(undisturbed):
    messages, _lines, wrong = undisturbed
    assert wrong == []
    # It would prove little if nobody had heard anything.
    assert {message.purpose for message in messages} == {"marketing", "service", "reminder"}
    assert {"除夕", "春节"} <= {message.occasion for message in messages}


def test_the_same_seed_plays_the_same(undisturbed, tmp_path):
    assert played(tmp_path) == undisturbed


def test_a_scheduler_that_dies_and_a_second_one_change_nothing(undisturbed, tmp_path, figure):
    clock = DyingClock(random.Random(WANTED.seed), DEATHS, SHARE)
    assert played(tmp_path, strike=clock) == undisturbed
    assert clock.died == DEATHS
    figure(f"{WANTED.days} days with {WANTED.customers} customers, the scheduler died {clock.died} times")
