"""Lunar months and solar terms of 1901–2099 against the published tables, and the rules for days a year does not have.

The tables are those of borax, which keeps what the almanacs print, month by month, and shares nothing with the library
that computes them for us.
"""

from datetime import date, timedelta

import pytest
from borax.calendars.lunardate import LCalendars, LunarDate, TermUtils

from bot.domain.care import days_off, holidays, rules
from bot.domain.customers.segment_fields import _birth_dates, _same_days

YEARS = range(1901, 2100)
# A new moon within minutes of midnight: the almanacs themselves differ by a day, and will be printed when they are.
DISPUTED = {(2089, 8), (2097, 7)}
# Terms within a quarter of an hour of midnight, all long past, that were printed a day earlier or later.
PRINTED_OTHERWISE = [
    *((1912, "小雪"), (1913, "秋分"), (1917, "大雪"), (1927, "白露"), (1928, "夏至"), (1979, "大寒")),
]


def printed_months(year):
    for month, length, leap in LCalendars.iter_year_month(year):
        yield -month if leap else month, LunarDate(year, month, 1, int(leap)).to_solar_date(), length


@pytest.mark.parametrize("decade", range(1900, 2100, 10))
def test_every_lunar_month_begins_on_the_day_the_tables_print(decade):
    wrong = []
    for year in range(max(decade, YEARS.start), decade + 10):
        printed = list(printed_months(year))
        assert [month for month, _first, _length in printed] == list(rules.lunar_months(year))
        for month, first, length in printed:
            if (year, month) in DISPUTED or (year, month + 1) in DISPUTED:
                continue
            if rules.lunar_day(year, month, 1) != first:
                wrong.append((year, month, first))
            # Of a month of 29 days the 30th is the 29th.
            if length == 29 and rules.lunar_day(year, month, 30) != rules.lunar_day(year, month, 29):
                wrong.append((year, month, 30))
    assert wrong == []


def test_every_solar_term_falls_on_the_day_the_tables_print():
    wrong = [
        (year, term)
        for year in YEARS
        for place, term in enumerate(holidays.TERMS)
        if holidays.day_of(term, year) != TermUtils.nth_term_day(year, place)
    ]
    assert wrong == PRINTED_OTHERWISE


@pytest.mark.parametrize("name", ["母亲节", "父亲节", "感恩节"])
def test_floating_days_are_the_weekday_their_rule_names(name):
    first_possible, weekday = {"母亲节": (8, 6), "父亲节": (15, 6), "感恩节": (22, 3)}[name]
    for year in YEARS:
        day = holidays.day_of(name, year)
        assert day.weekday() == weekday
        assert first_possible <= day.day < first_possible + 7


def test_a_leap_month_comes_in_its_own_year_and_else_stands_for_the_ordinary_one():
    for year in YEARS:
        months = rules.lunar_months(year)
        leap = next((-month for month in months if month < 0), None)
        for month in range(1, 13):
            other = rules.lunar_day(year, -month, 7)
            assert (other == rules.lunar_day(year, month, 7)) is (month != leap)


@pytest.mark.parametrize("year", [2023, 2025, 2028, 2033])
def test_everybody_born_on_a_lunar_day_has_one_birthday_in_a_lunar_year(year):
    first = rules.lunar_day(year, 1, 1)
    days = (rules.lunar_day(year + 1, 1, 1) - first).days
    kept = {}
    for offset in range(days):
        for born in _birth_dates(first + timedelta(days=offset), 0)[True]:
            kept.setdefault(born, []).append(first + timedelta(days=offset))
    assert sorted(kept) == sorted(
        (sign * month, day) for sign in (1, -1) for month in range(1, 13) for day in range(1, 31)
    )
    assert {born: [rules.lunar_day(year, *born)] for born in kept} == kept


# --- days off ---------------------------------------------------------------------------------------------------------


def test_days_off_and_the_weekends_worked_for_them_are_those_announced_for_2025():
    year = date(2025, 1, 1), date(2025, 12, 31)
    assert [(stretch.name, stretch.first.isoformat()[5:], stretch.days) for stretch in days_off.stretches(*year)] == [
        ("元旦", "01-01", 1),
        ("春节", "01-28", 8),
        ("清明", "04-04", 3),
        ("劳动节", "05-01", 5),
        ("端午", "05-31", 3),
        ("国庆", "10-01", 8),
    ]
    worked = [day.isoformat()[5:] for day, _name in days_off.worked(*year)]
    assert worked == ["01-26", "02-08", "04-27", "09-28", "10-11"]


def test_a_year_nobody_has_announced_yet_is_named_and_not_guessed():
    assert days_off.unknown_years(date(2025, 12, 20), date(2026, 1, 5)) == []
    assert days_off.unknown_years(date(2026, 12, 20), date(2099, 1, 5)) == list(range(2027, 2100))
    assert days_off.stretches(date(2098, 10, 1), date(2098, 10, 8)) == []


@pytest.mark.parametrize("first", ["2026-12-20", "2027-02-25", "2028-02-25", "2028-02-29", "2027-03-01", "2028-12-31"])
@pytest.mark.parametrize("ahead", [0, 3, 30])
@pytest.mark.parametrize("year", [2023, 2024])
def test_the_days_that_come_round_are_those_of_which_it_is_said(first, ahead, year):
    start = date.fromisoformat(first)
    last = start + timedelta(days=ahead)
    kept = {
        begins + timedelta(days=offset)
        for begins, ends in _same_days(start, last, year)
        for offset in range((ends - begins).days + 1)
    }
    around = [date(year - 1, 1, 1) + timedelta(days=offset) for offset in range(365 * 2 + 2)]
    # Where the stretch goes over the new year, its first part is of the year before.
    of = {year - 1, year} if start.year != last.year else {year}
    comes = {day for day in around if rules.next_yearly(day.month, day.day, lunar=False, on_or_after=start) <= last}
    expected = {
        day for day in comes if day.year in of and (len(of) == 1 or (day.year == year) is (day.month < start.month))
    }
    assert kept == expected
