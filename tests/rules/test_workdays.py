"""Working days: the decreed ones, the weekends worked in exchange, and years nobody has decreed yet."""

from datetime import date

import pytest

from bot.domain.care import workdays


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2025, 9, 26), True),  # an ordinary Friday
        (date(2025, 9, 27), False),  # an ordinary Saturday
        (date(2025, 9, 28), True),  # a Sunday worked for National Day
        (date(2025, 10, 1), False),
        (date(2025, 10, 8), False),  # the last of eight days off, a Wednesday
        (date(2025, 10, 9), True),
        (date(2025, 10, 11), True),  # a Saturday worked in exchange
        (date(2099, 10, 1), True),  # nobody knows: a Thursday is a Thursday
        (date(2099, 10, 3), False),
    ],
)
def test_who_works_when(day, works):
    assert workdays.is_working_day(day) is works


def test_working_days_are_counted_after_the_day_itself_and_over_holidays():
    assert workdays.passed(date(2025, 9, 26), date(2025, 9, 26)) == 0
    assert workdays.passed(date(2025, 9, 26), date(2025, 9, 29)) == 2
    assert workdays.passed(date(2025, 9, 30), date(2025, 10, 10)) == 2
    assert workdays.passed(date(2025, 10, 1), date(2025, 9, 1)) == 0


def test_a_year_that_is_missing_is_named():
    assert workdays.caution(date(2025, 9, 1), date(2025, 12, 31)) == ""
    assert "2098年、2099年的放假安排还没公布" in workdays.caution(date(2098, 12, 30), date(2099, 1, 4))
