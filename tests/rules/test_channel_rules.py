"""Whom a channel's code leads to: by the hour, up to the day's cap, to a spare one when nobody is left."""

from datetime import datetime

import pytest

from bot.domain.customers.channel_rules import serving

SHIFTS = [
    {"begins": "09:00", "ends": "21:00", "members": ["xiaoli"]},
    {"begins": "21:00", "ends": "02:00", "members": ["aqiang"]},
]


@pytest.mark.parametrize(
    ("hour", "came", "wanted", "expected"),
    [
        ("12:00", {}, {"members": ["b", "a"]}, ["a", "b"]),
        ("09:00", {}, {"shifts": SHIFTS}, ["xiaoli"]),
        ("20:59", {}, {"shifts": SHIFTS}, ["xiaoli"]),
        ("21:00", {}, {"shifts": SHIFTS}, ["aqiang"]),
        ("01:59", {}, {"shifts": SHIFTS}, ["aqiang"]),
        ("02:00", {}, {"shifts": SHIFTS, "spare": ["c"]}, ["c"]),
        ("02:00", {}, {"shifts": SHIFTS, "members": ["a"]}, ["a"]),
        ("02:00", {}, {"shifts": SHIFTS}, ["aqiang", "xiaoli"]),
        ("12:00", {"a": 2, "b": 1}, {"members": ["a", "b"], "cap": 2}, ["b"]),
        ("12:00", {"a": 2, "b": 3}, {"members": ["a", "b"], "cap": 2, "spare": ["c"]}, ["c"]),
        ("12:00", {"a": 2, "b": 3}, {"members": ["a", "b"], "cap": 2}, ["a", "b"]),
        ("12:00", {"a": 99}, {"members": ["a"]}, ["a"]),
        ("12:00", {}, {"members": ["a", "b"], "gone": {"a"}}, ["b"]),
        ("12:00", {}, {"members": ["a"], "spare": ["b", "c"], "gone": {"a", "b"}}, ["c"]),
        ("12:00", {}, {"members": ["a"], "gone": {"a"}}, ["a"]),
    ],
)
def test_a_code_leads_to(hour, came, wanted, expected):
    here = datetime.fromisoformat(f"2026-09-21 {hour}")
    values = {"members": [], "shifts": [], "spare": [], "cap": 0} | wanted
    assert serving(here, came, **values) == expected
