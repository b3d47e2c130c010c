"""Who is tired of us, and how long a broadcast takes."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.campaigns.rules import TIRED_FROM, fatigue, time_needed

counts = st.integers(0, 30)
PER_DAY = {"custom": 500_000, "mass": 100}


@pytest.mark.parametrize(
    ("messages", "replied", "silent_days", "complaints", "score"),
    [
        (0, 0, 365, 3, 0),
        (1, 0, 0, 0, 15),
        (2, 0, 30, 0, 60),
        (4, 0, 365, 0, 90),
        (4, 1, 1, 0, 31),
        (4, 4, 1, 0, 0),
        (1, 0, 5, 1, 60),
        (4, 0, 30, 5, 100),
    ],
)
def test_the_formula(messages, replied, silent_days, complaints, score):
    given_ = {"messages": messages, "replied": replied, "silent_days": silent_days, "complaints": complaints}
    assert fatigue(**given_) == score


@given(messages=counts, replied=counts, silent_days=counts, complaints=counts)
def test_more_of_what_tires_never_rests_and_an_answer_never_tires(messages, replied, silent_days, complaints):
    def score(more_messages=0, more_replied=0, more_days=0, more_complaints=0):
        return fatigue(
            messages=messages + more_messages,
            replied=replied + more_replied,
            silent_days=silent_days + more_days,
            complaints=complaints + more_complaints,
        )

    assert 0 <= score() <= 100
    assert score(more_messages=1) >= score()
    assert score(more_days=1) >= score()
    assert score(more_complaints=1) >= score()
    assert score(more_replied=1) <= score()


def test_one_message_alone_tires_nobody():
    assert fatigue(messages=1, replied=0, silent_days=999, complaints=0) < TIRED_FROM


@pytest.mark.parametrize(
    ("customs", "customs_left", "calls", "calls_left", "takes"),
    [
        (0, 0, 0, 0, timedelta()),
        (1, 10, 0, 100, timedelta(seconds=1)),
        (6_000, 500_000, 1, 100, timedelta(minutes=1)),
        (0, 0, 60, 100, timedelta(minutes=2)),
        (500_001, 500_000, 0, 0, timedelta(days=1)),
        (0, 0, 250, 40, timedelta(days=3)),
    ],
)
def test_a_days_quota_that_is_not_enough_makes_days(customs, customs_left, calls, calls_left, takes):
    assert takes == time_needed(
        customs=customs, customs_left=customs_left, calls=calls, calls_left=calls_left, per_day=PER_DAY
    )
