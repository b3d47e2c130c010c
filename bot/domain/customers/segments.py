"""Segments: an expression's tree becomes one SQL condition over customers, the same on both databases."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from math import ceil

from lunar_python import Solar
from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, true

from bot.domain.customers.models import Customer, CustomerTag, Identity, SavedSegment, Tag
from bot.errors import Refusal
from bot.language.normalise import tag_name
from bot.language.segments import (
    And,
    ClassTerm,
    Everyone,
    Field,
    Name,
    Not,
    Or,
    SegmentError,
    TagTerm,
    Tree,
    asks_for,
    parse_segment,
    terms,
)
from bot.store.transaction import Tx

Condition = ColumnElement[bool]
FieldCondition = Callable[[Tx, Field, datetime], Condition]
EXAMPLES = 3
NESTED_AT_MOST = 8
CHUNK = 5000

_COMPARE = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_DECLARED: dict[str, FieldCondition] = {}


def declare(name: str, condition: FieldCondition) -> None:
    """Lets a room answer for the field it owns; ``app.py`` hands them in before the first message."""
    _DECLARED[name] = condition


def look(tx: Tx, tree: Tree, now: datetime) -> tuple[int, list[Customer]]:
    """How many customers the tree names, and three of them."""
    where = _everybody(tx, tree, now)
    count = tx.execute(select(func.count()).select_from(Customer).where(where)).scalar_one()
    examples = tx.session.scalars(select(Customer).where(where).order_by(Customer.id).limit(EXAMPLES))
    return count, list(examples)


def members(tx: Tx, tree: Tree, now: datetime, most: int | None = None) -> list[int]:
    """The numbers of everybody the tree names, in order, or of the first ``most``.

    ``now`` in the shop's zone decides what a day is.
    """
    numbers = select(Customer.id).where(_everybody(tx, tree, now)).order_by(Customer.id)
    return list(tx.execute(numbers.limit(most)).scalars())


def sample(tx: Tx, tree: Tree, now: datetime, size: int) -> tuple[int, list[int]]:
    """How many customers the tree names, and about ``size`` of them, taken evenly from the whole."""
    where = _everybody(tx, tree, now)
    count = tx.execute(select(func.count()).select_from(Customer).where(where)).scalar_one()
    every = max(1, count // size)
    return count, list(tx.execute(select(Customer.id).where(where, Customer.id % every == 0)).scalars())


def holds(tx: Tx, tree: Tree, customer_id: int, now: datetime) -> bool:
    """Whether one customer belongs to the segment."""
    where = and_(_everybody(tx, tree, now), Customer.id == customer_id)
    return tx.execute(select(Customer.id).where(where)).first() is not None


def people(tx: Tx, numbers: Sequence[int]) -> list[Customer]:
    """The customers with these numbers, in order of number."""
    found: list[Customer] = []
    for start in range(0, len(numbers), CHUNK):
        part = list(numbers[start : start + CHUNK])
        found += tx.session.scalars(select(Customer).where(Customer.id.in_(part), Customer.is_staff.is_(False)))
    return sorted(found, key=lambda customer: customer.id)


def names_vip(tx: Tx, tree: Tree) -> bool:
    """Whether the segment asks for VIPs by name, also inside a saved segment."""
    return asks_for(_expanded(tx, tree, 0), "VIP")


# --- saved segments -------------------------------------------------------------------------------------------------


def save(tx: Tx, name: str, expression: str) -> None:
    """Keeps an expression under a name, or gives the name a new one. Raises Refusal for a circle."""
    name = tag_name(name)
    if not name:
        raise Refusal("人群要有名字。例子：人群 保存 老客未复购 = M 且 未消费60天")
    if any(isinstance(term, Name) and term.text == name for term in terms(parse_segment(expression))):
        raise Refusal(f"“{name}”不能用它自己来定义。")
    segment = tx.session.scalars(select(SavedSegment).where(SavedSegment.name == name)).first()
    if segment is None:
        tx.session.add(SavedSegment(name=name, expression=expression, created_at=tx.now))
    else:
        segment.expression = expression
    tx.session.flush()
    _expanded(tx, parse_segment(expression), 0)


def saved(tx: Tx) -> list[tuple[str, str]]:
    rows = tx.execute(select(SavedSegment.name, SavedSegment.expression).order_by(SavedSegment.name))
    return [(name, expression) for name, expression in rows]


def spelt_out(tx: Tx, tree: Tree) -> Tree:
    """The tree with saved segments put in place of their names, for people to read what they mean."""
    return _expanded(tx, tree, 0)


def _expanded(tx: Tx, tree: Tree, depth: int) -> Tree:
    """The tree with saved segments put in place of their names. A tag of the same name gives way to the segment."""
    if depth > NESTED_AT_MOST:
        raise SegmentError(f"人群互相引用超过 {NESTED_AT_MOST} 层，或者绕成了圈，请直接写条件。")
    match tree:
        case And(parts):
            return And(tuple(_expanded(tx, part, depth) for part in parts))
        case Or(parts):
            return Or(tuple(_expanded(tx, part, depth) for part in parts))
        case Not(part):
            return Not(_expanded(tx, part, depth))
        case Name(text):
            expression = tx.execute(select(SavedSegment.expression).where(SavedSegment.name == text)).scalar()
            return tree if expression is None else _expanded(tx, parse_segment(expression), depth + 1)
        case _:
            return tree


# --- the condition --------------------------------------------------------------------------------------------------


def _everybody(tx: Tx, tree: Tree, now: datetime) -> Condition:
    return and_(Customer.is_staff.is_(False), condition(tx, _expanded(tx, tree, 0), now))


def condition(tx: Tx, tree: Tree, now: datetime) -> Condition:
    """The tree as SQL. Raises Refusal for a name that is neither a tag nor a saved segment."""
    match tree:
        case And(parts):
            return and_(true(), *(condition(tx, part, now) for part in parts))
        case Or(parts):
            return or_(false(), *(condition(tx, part, now) for part in parts))
        case Not(part):
            # NULL means "not known", and who is not known to be female is not female.
            return not_(func.coalesce(condition(tx, part, now), false()))
        case Everyone():
            return true()
        case ClassTerm(code):
            return _CLASSES[code]
        case Name(text) | TagTerm(text):
            return _tagged(tx, text)
        case Field():
            return _field(tx, tree, now)
    raise AssertionError(tree)


_CLASSES: dict[str, Condition] = {
    "N": Customer.visited.is_(False),
    "Y": Customer.visited.is_(True),
    "O": Customer.purchased.is_(False),
    "M": Customer.purchased.is_(True),
    "VIP": Customer.vip.is_(True),
}


def _tagged(tx: Tx, name: str) -> Condition:
    number = tx.execute(select(Tag.id).where(Tag.name == name)).scalar()
    if number is None:
        known = [*tx.session.scalars(select(Tag.name)), *tx.session.scalars(select(SavedSegment.name))]
        near = get_close_matches(name, known, n=3, cutoff=0.4)
        offer = f"相近的：{'、'.join(near)}。" if near else ""
        raise Refusal(f"没有叫“{name}”的标签或人群。{offer}例子：人群 M 且 未消费60天")
    return Customer.id.in_(select(CustomerTag.customer_id).where(CustomerTag.tag_id == number))


def _field(tx: Tx, term: Field, now: datetime) -> Condition:
    own = _OWN.get(term.name)
    if own is not None:
        return own(tx, term, now)
    declared = _DECLARED.get(term.name)
    if declared is None:
        raise Refusal(
            "这个条件还不能用（积分等以后的版本才有）。能用的：标签、Y/N、O/M、VIP、级别、跟进、消费额、最近消费。"
        )
    return declared(tx, term, now)


def _text(column: ColumnElement[str | None]) -> FieldCondition:
    return lambda _tx, term, _now: column == term.value


def _number(column: ColumnElement[int]) -> FieldCondition:
    return lambda _tx, term, _now: _COMPARE[term.op](column, int(term.value))


def _days_since(column: ColumnElement[datetime | None]) -> FieldCondition:
    """``最近消费<30天``: fewer than so many days ago; who never did is in none of these."""

    def build(_tx: Tx, term: Field, now: datetime) -> Condition:
        turned = {">": operator.lt, ">=": operator.le, "<": operator.gt, "<=": operator.ge, "=": operator.eq}
        return and_(column.is_not(None), turned[term.op](column, now - timedelta(days=int(term.value))))

    return build


def _not_bought(_tx: Tx, term: Field, now: datetime) -> Condition:
    last = Customer.last_purchase_at
    return or_(last.is_(None), last <= now - timedelta(days=int(term.value)))


def _account(_tx: Tx, term: Field, _now: datetime) -> Condition:
    follows = select(Identity.customer_id).where(Identity.account == term.value, Identity.relation == "active")
    return Customer.id.in_(follows)


def _top(tx: Tx, term: Field, _now: datetime) -> Condition:
    """The biggest spenders among those who have bought; at least one."""
    buyers = (Customer.is_staff.is_(False), Customer.spent_fen > 0)
    count = tx.execute(select(func.count()).select_from(Customer).where(*buyers)).scalar_one()
    first = (
        select(Customer.id)
        .where(*buyers)
        .order_by(Customer.spent_fen.desc(), Customer.id)
        .limit(ceil(count * int(term.value) / 100))
    )
    return Customer.id.in_(first)


def born_within(today: date, days: int) -> Condition:
    """Whose birthday is kept today or within so many days, solar or lunar."""
    return or_(false(), *(_born(dates, lunar) for lunar, dates in _birth_dates(_days_from(today, days))))


def _days_from(today: date, days: int) -> list[date]:
    return [today + timedelta(days=offset) for offset in range(days + 1)]


def _birthday(_tx: Tx, term: Field, now: datetime) -> Condition:
    today = now.date()
    if term.value == "month":
        days = [today.replace(day=1) + timedelta(days=offset) for offset in range(31)]
        days = [day for day in days if day.month == today.month]
    else:
        return born_within(today, 0 if term.value == "today" else int(term.value))
    return or_(false(), *(_born(column_days, lunar) for lunar, column_days in _birth_dates(days)))


def _born(dates: Iterable[tuple[int, int]], lunar: bool) -> Condition:
    same = or_(
        false(), *(and_(Customer.birth_month == month, Customer.birth_day == day) for month, day in sorted(dates))
    )
    return and_(Customer.birth_lunar.is_(lunar), same)


def _birth_dates(days: Sequence[date]) -> list[tuple[bool, set[tuple[int, int]]]]:
    """Month and day of birth that are kept on these days; the 30th of a 29-day lunar month is kept on its last day."""
    solar: set[tuple[int, int]] = set()
    lunar: set[tuple[int, int]] = set()
    for day in days:
        year, month, number = day.year, day.month, day.day
        solar.add((month, number))
        here = Solar.fromYmd(year, month, number).getLunar()
        lunar.add((abs(here.getMonth()), here.getDay()))
        if here.getDay() == 29 and here.next(1).getDay() == 1:
            lunar.add((abs(here.getMonth()), 30))
    return [(False, solar), (True, lunar)]


_OWN: dict[str, FieldCondition] = {
    "grade": _text(Customer.grade),  # type: ignore[arg-type]
    "follow_up": _text(Customer.follow_up),  # type: ignore[arg-type]
    "sex": _text(Customer.sex),  # type: ignore[arg-type]
    "city": _text(Customer.city),  # type: ignore[arg-type]
    "channel": _text(Customer.channel),  # type: ignore[arg-type]
    "tag": lambda tx, term, _now: _tagged(tx, str(term.value)),
    "account": _account,
    "spent": _number(Customer.spent_fen),  # type: ignore[arg-type]
    "purchases": _number(Customer.purchases),  # type: ignore[arg-type]
    "last_purchase": _days_since(Customer.last_purchase_at),  # type: ignore[arg-type]
    "last_contact": _days_since(Customer.last_contact_at),  # type: ignore[arg-type]
    "not_bought": _not_bought,
    "top": _top,
    "birthday": _birthday,
}
