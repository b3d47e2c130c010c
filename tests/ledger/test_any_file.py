"""Whatever stands in a file: it is read, or refused in words; nothing else comes of it."""

from datetime import date

from bills import ALL, LEGACY, PERSONAL, SUMS, receipt, trade
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.customers.roster import HEADINGS, read_roster
from bot.domain.orders.bills import read_bill
from bot.errors import Refusal

ODD = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.datetimes(),
    st.dates(),
    st.sampled_from(
        [
            "`",
            "`1e9",
            "-1",
            "0",
            "١٢",
            "￥1.00",
            "0001-01-01 00:00:00",
            "9999-12-31 23:59:59",
            "2026-13-01 00:00:00",
            "已退款(￥)",
            "已退款¥9e9",
            "=1+1",
            "共3笔记录",
            "总交易单数",
            "[",
            "VIP、M",
            "农历八月十五",
            "2月30日",
            "99999.9",
        ]
    ),
)
TODAY = date(2026, 9, 21)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(changes=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), ODD), max_size=8), which=st.integers(0, 2))
def test_a_bill_of_anything_is_read_or_refused(changes, which):
    headings = (ALL, LEGACY, PERSONAL)[which]
    good = [receipt("1" * 28, "1.00") if which == 2 else trade("4" * 28, "1.00") for _ in range(3)]
    rows = [list(headings), *([row.get(name, "") for name in headings] for row in good), SUMS.split(","), ["`3"]]
    for row, column, cell in changes:
        rows[row][column % len(headings)] = cell
    try:
        bill = read_bill(list(enumerate(rows, start=1)))
    except Refusal:
        return
    assert all(reason for _line, reason in bill.refused)
    assert all(paid.amount_fen is None or 1 <= paid.amount_fen <= 100_000_000 for paid in bill.paid)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(rows=st.lists(st.lists(ODD, min_size=1, max_size=len(HEADINGS)), max_size=5))
def test_a_list_of_anything_is_read_or_refused(rows):
    headings = [names[0] for names in HEADINGS.values()]
    roster = read_roster(list(enumerate([headings, *rows], start=1)), TODAY)
    assert len(roster.entries) + len(roster.refused) + roster.doubles == len(rows)
