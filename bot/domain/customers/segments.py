"""Segments: an expression's tree becomes one SQL condition over customers, with the same answer on both databases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, text, true

from bot.domain.customers import saved_segments, segment_fields
from bot.domain.customers.models import Customer, CustomerTag, SavedSegment, Tag
from bot.domain.customers.segment_fields import Asking, born_within, bought_first_within, declare
from bot.errors import Refusal
from bot.language.segments import And, ClassTerm, Everyone, Field, Name, Not, Or, TagTerm, Term, Tree, asks_for, terms
from bot.store.transaction import Tx

__all__ = [
    "Asking",
    "born_within",
    "bought_first_within",
    "count_willing",
    "declare",
    "holds",
    "look",
    "members",
    "names_vip",
    "people",
    "sample",
    "truths",
    "where",
]

Condition = ColumnElement[bool]
EXAMPLES = 3
CHUNK = 5000
# From so many on, the first few are found at once by trying customer after customer.
MANY = 1000
# What PostgreSQL may hash before it searches row by row: the carriers of a tag among a million customers, else an 或 of
# tags takes five times as long. For this transaction only.
_ROOM = "SET LOCAL work_mem = '64MB'"


def look(tx: Tx, tree: Tree, now: datetime) -> tuple[int, list[Customer]]:
    """How many customers the tree names, and three of them."""
    count = _count(tx, _everybody(tx, tree, now))
    if not count:
        return 0, []
    where = _everybody(tx, tree, now, one_by_one=count > MANY)
    examples = tx.session.scalars(select(Customer).where(where).order_by(Customer.id).limit(EXAMPLES))
    return count, list(examples)


def members(tx: Tx, tree: Tree, now: datetime, most: int | None = None) -> list[int]:
    """The numbers of everybody the tree names, in order, or of the first ``most``.

    ``now`` in the shop's zone decides what a day is.
    """
    numbers = select(Customer.id).where(_everybody(tx, tree, now)).order_by(Customer.id)
    _make_room(tx)
    return list(tx.execute(numbers.limit(most)).scalars())


def count_willing(tx: Tx, tree: Tree, now: datetime, *, vips: bool) -> int:
    """How many customers the tree names who have not opted out of marketing, with or without its VIPs."""
    where = and_(_everybody(tx, tree, now), Customer.opted_out.is_(False))
    return _count(tx, where if vips else and_(where, Customer.vip.is_(False)))


def sample(tx: Tx, tree: Tree, now: datetime, size: int) -> tuple[int, list[int]]:
    """How many customers the tree names, and about ``size`` of them in order, taken evenly from the whole."""
    where = _everybody(tx, tree, now)
    count = _count(tx, where)
    every = max(1, count // size)
    taken = select(Customer.id).where(where, Customer.id % every == 0).order_by(Customer.id)
    return count, list(tx.execute(taken).scalars())


def holds(tx: Tx, tree: Tree, customer_id: int, now: datetime) -> bool:
    """Whether one customer belongs to the segment."""
    where = and_(_everybody(tx, tree, now, one_by_one=True), Customer.id == customer_id)
    return tx.execute(select(Customer.id).where(where)).first() is not None


def truths(tx: Tx, wanted: Sequence[Term], customer_id: int, now: datetime) -> list[bool]:
    """Which of these single conditions, none of them a saved segment, are true of one customer."""
    asking, tags = Asking(tx, now, one_by_one=True), _tag_numbers(tx, wanted)
    columns = [_term(asking, tags, term).label(f"c{place}") for place, term in enumerate(wanted)]
    return [bool(truth) for truth in tx.execute(select(*columns).where(Customer.id == customer_id)).one()]


def where(tx: Tx, tree: Tree, now: datetime) -> Condition:
    """The segment as a condition over customers, staff left out, for statements that ask for several at once."""
    return _everybody(tx, tree, now)


def people(tx: Tx, numbers: Sequence[int]) -> list[Customer]:
    """The customers with these numbers, in order of number."""
    found: list[Customer] = []
    for start in range(0, len(numbers), CHUNK):
        part = list(numbers[start : start + CHUNK])
        found += tx.session.scalars(select(Customer).where(Customer.id.in_(part), Customer.is_staff.is_(False)))
    return sorted(found, key=lambda customer: customer.id)


def names_vip(tx: Tx, tree: Tree) -> bool:
    """Whether the segment asks for VIPs by name, also inside a saved segment."""
    return asks_for(saved_segments.spelt_out(tx, tree), "VIP")


# --- the condition --------------------------------------------------------------------------------------------------


def _count(tx: Tx, where: Condition) -> int:
    _make_room(tx)
    return tx.execute(select(func.count()).select_from(Customer).where(where)).scalar_one()


def _make_room(tx: Tx) -> None:
    if not _gathers(tx):
        tx.execute(text(_ROOM))


def _gathers(tx: Tx) -> bool:
    """Whether the database is better told to gather numbers first (``Asking.among``)."""
    return tx.connection.dialect.name == "sqlite"


def _everybody(tx: Tx, tree: Tree, now: datetime, *, one_by_one: bool = False) -> Condition:
    """The tree as SQL, staff left out. Raises Refusal for a name that is neither a tag nor a saved segment."""
    whole = saved_segments.spelt_out(tx, tree)
    asking = Asking(tx, now, one_by_one=one_by_one or not _gathers(tx))
    return and_(Customer.is_staff.is_(False), _condition(asking, _tag_numbers(tx, terms(whole)), whole, wanted=True))


def _condition(asking: Asking, tags: Mapping[str, int], tree: Tree, *, wanted: bool) -> Condition:
    """The tree's truth, or with ``wanted`` False its contrary."""
    match tree:
        case Not(part):
            return _condition(asking, tags, part, wanted=not wanted)
        case And(parts) | Or(parts):
            every = isinstance(tree, And) is wanted
            some = [_signed(part, wanted) for part in parts]
            # 北京 或 上海, and 非北京 且 非上海, look once into the tags of each customer.
            alike = [term for term, sign in some if isinstance(term, Name | TagTerm) and sign is not every]
            rest = [
                _condition(asking, tags, part, wanted=sign)
                for part, sign in some
                if not (isinstance(part, Name | TagTerm) and sign is not every)
            ]
            if alike:
                carries = _carries(asking, [tags[_tag_of(term)] for term in alike])
                rest.append(not_(carries) if every else carries)
            return and_(true(), *rest) if every else or_(false(), *rest)
        case _:
            truth = _term(asking, tags, tree)
            return truth if wanted else not_(truth)


def _signed(tree: Tree, wanted: bool) -> tuple[Tree, bool]:
    return (tree.part, not wanted) if isinstance(tree, Not) else (tree, wanted)


def _term(asking: Asking, tags: Mapping[str, int], term: Term) -> Condition:
    match term:
        case Everyone():
            return true()
        case ClassTerm(code):
            return _CLASSES[code]
        case Name() | TagTerm():
            return _carries(asking, [tags[_tag_of(term)]])
        case Field():
            return segment_fields.condition(asking, term)


_CLASSES: dict[str, Condition] = {
    "N": Customer.visited.is_(False),
    "Y": Customer.visited.is_(True),
    "O": Customer.purchased.is_(False),
    "M": Customer.purchased.is_(True),
    "VIP": Customer.vip.is_(True),
}


def _carries(asking: Asking, tags: Sequence[int]) -> Condition:
    one_of = CustomerTag.tag_id == tags[0] if len(tags) == 1 else CustomerTag.tag_id.in_(sorted(set(tags)))
    return asking.among(CustomerTag.customer_id, one_of)


def _tag_of(term: Name | TagTerm) -> str:
    return term.text if isinstance(term, Name) else term.name


def _tag_numbers(tx: Tx, wanted: Iterable[Term]) -> dict[str, int]:
    """The tags these conditions name. Raises Refusal for one the shop does not have."""
    named = list(dict.fromkeys(_tag_of(term) for term in wanted if isinstance(term, Name | TagTerm)))
    if not named:
        return {}
    found = {row.name: row.id for row in tx.execute(select(Tag.name, Tag.id).where(Tag.name.in_(named)))}
    missing = next((name for name in named if name not in found), None)
    if missing is not None:
        known = [*tx.session.scalars(select(Tag.name)), *tx.session.scalars(select(SavedSegment.name))]
        near = get_close_matches(missing, known, n=3, cutoff=0.4)
        offer = f"相近的：{'、'.join(near)}。" if near else ""
        raise Refusal(f"没有叫“{missing}”的标签或人群。{offer}例子：人群 M 且 未消费60天")
    return found
