"""What each fact of a segment (级别=A, 消费额>500, 生日=本月 …) asks of the database, and what it is of one customer.

Every condition is true or false, never NULL: who is not known to be female is not female, also behind 非.
"""

from __future__ import annotations

import operator
from calendar import isleap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from math import ceil
from typing import Any

from lunar_python import LunarYear, Solar
from sqlalchemy import ColumnElement, and_, false, func, literal, or_, select
from sqlalchemy.orm import QueryableAttribute

from bot.domain.customers.models import Customer, Identity
from bot.domain.customers.rules import birth_shown
from bot.errors import Refusal
from bot.language.money import show_money
from bot.language.segments import Field, show
from bot.store.transaction import Tx

Condition = ColumnElement[bool]
A_YEAR = 366  # days within which everybody's birthday comes round


@dataclass(frozen=True, slots=True)
class Asking:
    """A question that is being put: ``now`` (aware, the shop's zone) decides what a day is.

    ``one_by_one``: other tables are looked into for each customer, else their numbers are gathered first.
    """

    tx: Tx
    now: datetime
    one_by_one: bool

    def among(self, number: QueryableAttribute[Any], *where: Condition) -> Condition:
        """Whether the customer's number stands in the column ``number`` of a row for which ``where`` is true.

        PostgreSQL gathers them itself where that pays. Told to, it searches the whole list anew for every customer as
        soon as the list is longer than it likes to hash: of a million customers, an 或 of two tags never ended. SQLite
        is two to three times faster over gathered numbers, but cannot stop at the first few customers.
        """
        if self.one_by_one:
            return select(literal(1)).where(number == Customer.id, *where).correlate(Customer).exists()
        return Customer.id.in_(select(number).where(*where))

    def days_ago(self, days: int) -> datetime:
        return self.now - timedelta(days=days)


FieldCondition = Callable[[Asking, Field], Condition]
Fact = Callable[[Tx, Customer, Field, datetime], str]
_DECLARED: dict[str, tuple[FieldCondition, Fact]] = {}


def declare(name: str, condition: FieldCondition, fact: Fact) -> None:
    """Lets a room answer for the field it owns; ``app.py`` hands them in before the first message.

    ``fact`` says in a few words how it is with one customer: ``发货了，③``.
    """
    _DECLARED[name] = (condition, fact)


def condition(asking: Asking, term: Field) -> Condition:
    """Raises Refusal for a field nobody answers for yet."""
    return _answering(term)[0](asking, term)


def fact(tx: Tx, customer: Customer, term: Field, now: datetime) -> str:
    """How it is with this customer, for people who wonder about the condition; empty where nothing is to be said."""
    return _answering(term)[1](tx, customer, term, now)


def _answering(term: Field) -> tuple[FieldCondition, Fact]:
    found = _OWN.get(term.name) or _DECLARED.get(term.name)
    if found is None:
        raise Refusal(
            f"“{show(term)}”还不能用：店里还没有积分这一项，以后的版本才有。"
            "可以先用消费额、消费次数，例如：人群 消费额>500"
        )
    return found


# --- columns of the customer ------------------------------------------------------------------------------------------

_COMPARE: dict[str, Callable[[Any, Any], Condition]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_EARLIER = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": "="}  # more days ago is an earlier moment


def _text(column: QueryableAttribute[str | None]) -> FieldCondition:
    return lambda _asking, term: and_(column.is_not(None), column == term.value)


def _number(column: QueryableAttribute[int]) -> FieldCondition:
    return lambda _asking, term: _COMPARE[term.op](column, int(term.value))


def _days_since(column: QueryableAttribute[datetime | None]) -> FieldCondition:
    """``最近消费<30天``: fewer than so many days ago; who never did is in none of these."""
    return lambda asking, term: and_(
        column.is_not(None), _COMPARE[_EARLIER[term.op]](column, asking.days_ago(int(term.value)))
    )


def _not_bought(asking: Asking, term: Field) -> Condition:
    last = Customer.last_purchase_at
    return or_(last.is_(None), and_(last.is_not(None), last <= asking.days_ago(int(term.value))))


def _account(asking: Asking, term: Field) -> Condition:
    return asking.among(Identity.customer_id, Identity.account == term.value, Identity.relation == "active")


def _top(asking: Asking, term: Field) -> Condition:
    """The biggest spenders among those who have bought; at least one. Of equals, the lower numbers."""
    # Not by the index: to fetch half of all rows in its order took SQLite three times as long as to read them all.
    spent = Customer.spent_fen + 0
    buyers = (Customer.is_staff.is_(False), spent > 0)
    count = asking.tx.execute(select(func.count()).select_from(Customer).where(*buyers)).scalar_one()
    if not count:
        return false()
    ranked = select(Customer.spent_fen, Customer.id).where(*buyers).order_by(spent.desc(), Customer.id)
    last = asking.tx.execute(ranked.offset(ceil(count * int(term.value) / 100) - 1).limit(1)).one()
    return and_(
        Customer.is_staff.is_(False), or_(spent > last.spent_fen, and_(spent == last.spent_fen, Customer.id <= last.id))
    )


# --- birthdays --------------------------------------------------------------------------------------------------------


def born_within(today: date, days: int) -> Condition:
    """Whose birthday is kept today or within so many days, solar or lunar."""
    if days >= A_YEAR:
        return and_(Customer.birth_month.is_not(None), Customer.birth_day.is_not(None))
    return _born_on(today, days)


def _birthday(asking: Asking, term: Field) -> Condition:
    today = asking.now.date()
    if term.value == "month":
        first = today.replace(day=1)
        return _born_on(first, ((first + timedelta(days=31)).replace(day=1) - first).days - 1)
    return born_within(today, 0 if term.value == "today" else int(term.value))


def _born_on(first: date, days: int) -> Condition:
    kept = _birth_dates(first, days)
    known = and_(Customer.birth_month.is_not(None), Customer.birth_day.is_not(None))
    return and_(known, or_(false(), *(and_(Customer.birth_lunar.is_(lunar), _one_of(kept[lunar])) for lunar in kept)))


def _one_of(dates: Sequence[tuple[int, int]]) -> Condition:
    months = sorted({month for month, _ in dates})
    days = {month: sorted(day for at, day in dates if at == month) for month in months}
    return or_(false(), *(and_(Customer.birth_month == month, Customer.birth_day.in_(days[month])) for month in months))


@lru_cache(maxsize=64)
def _birth_dates(first: date, days: int) -> dict[bool, tuple[tuple[int, int], ...]]:
    """Month and day of birth that are kept from ``first`` on for so many days more, by whether they are lunar.

    In a year without such a day it is kept on the day before: 29 February, and the 30th of a lunar month of 29 days.
    A leap month keeps only those of who was born in one, and the ordinary month keeps them in a year without it: a
    birthday comes round once a year.
    """
    on_days = [_kept_on(first + timedelta(days=offset)) for offset in range(days + 1)]
    return {lunar: tuple(sorted({born for kept in on_days for born in kept[lunar]})) for lunar in (False, True)}


@lru_cache(maxsize=512)
def _kept_on(on: date) -> dict[bool, tuple[tuple[int, int], ...]]:
    # Kept because the library computes a lunar year anew (3 ms) at every question.
    solar = [(on.month, on.day)]
    if (on.month, on.day) == (2, 28) and (on + timedelta(days=1)).month == 3:
        solar.append((2, 29))
    here = Solar.fromYmd(on.year, on.month, on.day).getLunar()
    days_kept = [here.getDay(), 30] if here.getDay() == 29 and here.next(1).getDay() == 1 else [here.getDay()]
    months_kept = [here.getMonth()]
    if here.getMonth() > 0 and LunarYear.fromYear(here.getYear()).getLeapMonth() != here.getMonth():
        months_kept.append(-here.getMonth())
    return {False: tuple(solar), True: tuple((month, day) for month in months_kept for day in days_kept)}


# --- the day of the first purchase ------------------------------------------------------------------------------------


def bought_first_within(tx: Tx, today: date, days: int, zone: tzinfo) -> Condition:
    """Who bought first on a day of some year before that comes round today or within so many days (aware, UTC)."""
    first = Customer.first_purchase_at
    earliest = tx.execute(select(func.min(first)).where(Customer.is_staff.is_(False))).scalar()
    if earliest is None:
        return false()
    last = today + timedelta(days=min(days, A_YEAR - 1))
    spans = []
    for year in range(earliest.astimezone(zone).year, last.year):
        for start, end in _same_days(today, last, year):
            since = datetime.combine(start, time(), zone).astimezone(UTC)
            until = datetime.combine(min(end + timedelta(days=1), today), time(), zone).astimezone(UTC)
            if since < until:
                spans.append(and_(first >= since, first < until))
    return and_(first.is_not(None), or_(false(), *spans))


def _same_days(first: date, last: date, year: int) -> Iterator[tuple[date, date]]:
    """The days of another year that come round from ``first`` to ``last``: 29 February on the 28th of a common year."""
    if first.year != last.year:
        yield from _same_days(first, date(first.year, 12, 31), year - 1)
        first = date(last.year, 1, 1)
    start = date(year, 3, 1) if (first.month, first.day) == (2, 29) and not isleap(year) else first.replace(year=year)
    if (last.month, last.day) == (2, 29) and not isleap(year):
        end = date(year, 2, 28)
    elif (last.month, last.day) == (2, 28) and isleap(year) and not isleap(last.year):
        end = date(year, 2, 29)
    else:
        end = last.replace(year=year)
    yield start, end


def _anniversary(asking: Asking, term: Field) -> Condition:
    today = asking.now.date()
    zone = asking.now.tzinfo or UTC
    if term.value == "month":
        first = today.replace(day=1)
        days = ((first + timedelta(days=31)).replace(day=1) - first).days - 1
        return bought_first_within(asking.tx, first, days, zone)
    return bought_first_within(asking.tx, today, 0 if term.value == "today" else int(term.value), zone)


# --- how it is with one customer --------------------------------------------------------------------------------------


def _is(read: Callable[[Customer], str | None], nothing: str) -> Fact:
    return lambda _tx, customer, _term, _now: f"现在是{read(customer)}" if read(customer) else nothing


def _since(read: Callable[[Customer], datetime | None], which: str = "上次") -> Fact:
    def told(_tx: Tx, customer: Customer, _term: Field, now: datetime) -> str:
        moment = read(customer)
        if moment is None:
            return "还没有过"
        # The condition counts full days by the hour, not dates.
        return f"{which}是{moment.astimezone(now.tzinfo):%Y年%m月%d日 %H:%M}，{(now - moment).days} 天前"

    return told


def _birth_fact(_tx: Tx, customer: Customer, _term: Field, _now: datetime) -> str:
    known = customer.birth_month is not None and customer.birth_day is not None
    return f"生日是{birth_shown(customer)}" if known else "没记生日"


def _account_fact(tx: Tx, customer: Customer, _term: Field, _now: datetime) -> str:
    follows = select(Identity.account).where(Identity.customer_id == customer.id, Identity.relation == "active")
    accounts = sorted(set(tx.execute(follows).scalars()))
    return f"现在在{'、'.join(accounts)}（关注或好友）" if accounts else "现在没有关注，也不是好友"


def _spent_fact(_tx: Tx, customer: Customer, _term: Field, _now: datetime) -> str:
    return f"消费额 {show_money(customer.spent_fen)}"


_OWN: dict[str, tuple[FieldCondition, Fact]] = {
    "grade": (_text(Customer.grade), _is(lambda customer: customer.grade, "还没定级别")),
    "follow_up": (_text(Customer.follow_up), _is(lambda customer: customer.follow_up, "还没记跟进")),
    "sex": (_text(Customer.sex), _is(lambda customer: customer.sex, "没记性别")),
    "city": (_text(Customer.city), _is(lambda customer: customer.city, "没记城市")),
    "channel": (_text(Customer.channel), _is(lambda customer: customer.channel, "没记渠道")),
    "account": (_account, _account_fact),
    "spent": (_number(Customer.spent_fen), _spent_fact),
    "purchases": (_number(Customer.purchases), lambda _tx, customer, _term, _now: f"消费了 {customer.purchases} 次"),
    "last_purchase": (_days_since(Customer.last_purchase_at), _since(lambda customer: customer.last_purchase_at)),
    "last_contact": (_days_since(Customer.last_contact_at), _since(lambda customer: customer.last_contact_at)),
    "not_bought": (_not_bought, _since(lambda customer: customer.last_purchase_at)),
    "top": (_top, _spent_fact),
    "birthday": (_birthday, _birth_fact),
    "anniversary": (_anniversary, _since(lambda customer: customer.first_purchase_at, "第一次")),
}
