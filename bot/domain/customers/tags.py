"""Tags: put on, taken off, the tag book. Class codes typed among tags (``+VIP``) go to the class they mean."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.customers import contact_marks
from bot.domain.customers.models import Customer, CustomerTag, Tag, TagChange
from bot.errors import Refusal
from bot.language.normalise import tag_name
from bot.store.transaction import Tx

NAME_LIMIT = 30
PLATFORM = "platform"  # the source of changes that were made at a platform
UNSORTED = "待整理"  # on the followers taken in from before, until somebody names or sorts them
CLASS_TAGS = {
    "VIP": "vip",
    "重点客户": "vip",
    "Y": "visited",
    "到店": "visited",
    "M": "purchased",
    "消费过": "purchased",
}
OPPOSITE = {"N": "visited", "未到店": "visited", "O": "purchased", "未消费": "purchased"}


@dataclass(frozen=True)
class TagEdit:
    """What one command adds and removes: ``tags`` by name, ``classes`` as column → value."""

    add: tuple[str, ...]
    remove: tuple[str, ...]
    vip: bool | None
    visited: bool | None


def edit(add: Iterable[str], remove: Iterable[str]) -> TagEdit:
    """Sorts typed names into tags and classes.

    Raises Refusal for a name that is empty or longer than 30 characters, for one that is both added and removed, and
    for M and O, which only the ledger sets.
    """
    sets: dict[str, bool] = {}
    plain: dict[bool, list[str]] = {True: [], False: []}
    for names, wanted in ((add, True), (remove, False)):
        for typed in names:
            name = clean(typed)
            column = CLASS_TAGS.get(name.upper()) or OPPOSITE.get(name.upper())
            if column is None:
                plain[wanted].append(name)
                continue
            if column == "purchased":
                raise Refusal(f"“{name}”跟着消费记录走，不能手动改。记一笔消费：消费 张三 298")
            value = wanted if name.upper() in CLASS_TAGS else not wanted
            if sets.setdefault(column, value) != value:
                raise Refusal(f"“{name}”和另一个类别互相矛盾，请只写一个。什么都没有改。")
    both = set(plain[True]) & set(plain[False])
    if both:
        raise Refusal(f"“{'、'.join(sorted(both))}”又加又减，请只写一个。什么都没有改。")
    return TagEdit(
        tuple(dict.fromkeys(plain[True])), tuple(dict.fromkeys(plain[False])), sets.get("vip"), sets.get("visited")
    )


def clean(typed: str) -> str:
    name = tag_name(typed)
    if not name:
        raise Refusal("标签名是空的。例子：小美 +意向A")
    if len(name) > NAME_LIMIT:
        raise Refusal(f"标签“{name[:10]}…”太长了（最多 {NAME_LIMIT} 个字）。")
    return name


def apply(tx: Tx, customers: Sequence[Customer], wanted: TagEdit, *, staff_id: int | None, source: str) -> list[str]:
    """Changes every customer's tags and classes; returns what really changed, as ``+意向A`` and ``-C组``."""
    changed: dict[str, None] = {}
    for customer in customers:
        for column, value in (("vip", wanted.vip), ("visited", wanted.visited)):
            if value is not None and getattr(customer, column) != value:
                setattr(customer, column, value)
                word = "VIP" if column == "vip" else "到店"
                changed[f"{'+' if value else '-'}{word}"] = None
    tx.session.flush()
    for name in wanted.add:
        if _put_on(tx, customers, named(tx, name), staff_id=staff_id, source=source):
            changed[f"+{name}"] = None
    for name in wanted.remove:
        tag = _existing(tx, name)
        if tag is not None and _take_off(tx, customers, tag, staff_id=staff_id, source=source):
            changed[f"-{name}"] = None
    sorts = staff_id is not None and any(change[0] == "+" for change in changed) and UNSORTED not in wanted.add
    if sorts and sort_out(tx, customers, staff_id=staff_id):
        changed[f"-{UNSORTED}"] = None
    return list(changed)


def sort_out(tx: Tx, customers: Sequence[Customer], *, staff_id: int | None) -> bool:
    """Takes 待整理 off those who are named or sorted now; whether anybody carried it."""
    tag = _existing(tx, UNSORTED)
    return tag is not None and _take_off(tx, customers, tag, staff_id=staff_id, source="chat")


def unsorted(tx: Tx, customer_ids: Sequence[int]) -> None:
    """Marks new customers whom nobody has sorted yet; no news, and so no history."""
    if customer_ids:
        tag = named(tx, UNSORTED)
        tx.execute(
            _or_nothing(tx, CustomerTag),
            [{"customer_id": number, "tag_id": tag.id, "since": tx.now} for number in customer_ids],
        )


def imported(tx: Tx, worn: Mapping[str, Sequence[Customer]]) -> None:
    """Puts the tags of a platform on those who wear them there, by name; a class is set, except what the ledger sets.

    A name that is none (empty, too long) is left out: nobody is there who could be told.
    """
    for typed, people in worn.items():
        name = tag_name(typed)
        if not name or len(name) > NAME_LIMIT or name == UNSORTED or OPPOSITE.get(name.upper()):
            continue
        column = CLASS_TAGS.get(name.upper())
        if column is None:
            _put_on(tx, people, named(tx, name), staff_id=None, source=PLATFORM)
        elif column != "purchased":
            for customer in people:
                setattr(customer, column, True)
    contact_marks.tags_changed(tx, {customer.id for people in worn.values() for customer in people})


def by_platform(
    tx: Tx, on: Collection[tuple[int, str]], off: Collection[tuple[int, str]], *, shown_by: Collection[tuple[str, str]]
) -> None:
    """Puts tags on and takes them off as a platform shows them: pairs of customer number and clean name, many at once.

    ``shown_by``: the (account, person) that showed it, who need not be told of it. A tag that stands for a class sets
    the class, except what the ledger sets.
    """
    pairs = dict.fromkeys(on, True) | dict.fromkeys(off, False)
    for (number, name), worn in list(pairs.items()):
        if column := CLASS_TAGS.get(name):
            del pairs[number, name]
            if column != "purchased":
                tx.execute(update(Customer).where(Customer.id == number).values({column: worn}))
    if not pairs:
        return
    names = sorted({name for _number, name in pairs})
    _make(tx, [name for name in names if any(worn and name == other for (_, other), worn in pairs.items())])
    ids = {tag.name: tag.id for tag in tx.session.scalars(select(Tag).where(Tag.name.in_(names)))}
    numbers = {number for number, _name in pairs}
    where = (CustomerTag.customer_id.in_(numbers), CustomerTag.tag_id.in_(ids.values()))
    have = set(tx.execute(select(CustomerTag.customer_id, CustomerTag.tag_id).where(*where)).all())
    changes = [
        (number, name, worn)
        for (number, name), worn in pairs.items()
        if name in ids and ((number, ids[name]) in have) != worn
    ]
    if not changes:
        return
    added = [{"customer_id": n, "tag_id": ids[name], "since": tx.now} for n, name, worn in changes if worn]
    if added:
        tx.execute(_or_nothing(tx, CustomerTag), added)
    for name in names:
        gone = [number for number, other, worn in changes if other == name and not worn]
        if gone:
            tx.execute(delete(CustomerTag).where(CustomerTag.tag_id == ids[name], CustomerTag.customer_id.in_(gone)))
    told = [{"customer_id": n, "tag": name, "added": worn} for n, name, worn in changes]
    tx.execute(insert(TagChange), [{**row, "source": PLATFORM, "staff_id": None, "at": tx.now} for row in told])
    contact_marks.tags_changed(tx, {number for number, _name, _worn in changes}, but=shown_by)


def _make(tx: Tx, names: Sequence[str]) -> None:
    if names:
        tx.execute(_or_nothing(tx, Tag), [{"name": name, "created_at": tx.now} for name in names])


def _or_nothing(tx: Tx, model: type[Tag] | type[CustomerTag]) -> sqlite.Insert | postgresql.Insert:
    """Of what somebody else writes at this very moment theirs holds."""
    dialect = sqlite if tx.connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(model).on_conflict_do_nothing()


def renamed_by_platform(tx: Tx, old: str, new: str) -> int:
    """A tag is called otherwise there, and so here; one of the new name takes it in. Returns how many wear it."""
    tag = _existing(tx, old)
    if tag is None or old == new:
        return 0
    people = carriers(tx, old)
    rows = _rows(tx, tag, [customer.id for customer in people])
    other = _existing(tx, new)
    if other is not None:
        _put_on(tx, people, other, staff_id=None, source=PLATFORM)
        _take_off(tx, people, tag, staff_id=None, source=PLATFORM)
        tx.session.delete(tag)
        tx.session.flush()
        return len(people)
    if rows:
        _remember(tx, rows, tag, added=False, staff_id=None, source=PLATFORM)
    tag.name = new
    tx.session.flush()
    if rows:
        _remember(tx, rows, tag, added=True, staff_id=None, source=PLATFORM)
    return len(people)


def out_of_use(tx: Tx, name: str) -> None:
    """Takes a tag out of the book that the platform has not any more, unless somebody wears it."""
    tag = _existing(tx, name)
    if (
        tag is not None
        and tx.session.scalars(select(CustomerTag).where(CustomerTag.tag_id == tag.id).limit(1)).first() is None
    ):
        tx.session.delete(tag)
        tx.session.flush()


def _put_on(tx: Tx, customers: Sequence[Customer], tag: Tag, *, staff_id: int | None, source: str) -> bool:
    """Whether anything changed; a tag that a rule had put on is people's from now on."""
    ids = [customer.id for customer in customers]
    rows = _rows(tx, tag, ids)
    ruled = [row for row in rows if row["ruled_at"] is not None]
    if ruled and staff_id is not None:
        _drop(tx, tag, ruled)
    have = {row["customer_id"] for row in rows if staff_id is None or row["ruled_at"] is None}
    return _wear(tx, tag, [number for number in ids if number not in have], None, staff_id=staff_id, source=source)


def _take_off(tx: Tx, customers: Sequence[Customer], tag: Tag, *, staff_id: int | None, source: str) -> bool:
    rows = _rows(tx, tag, [customer.id for customer in customers])
    if rows:
        _drop(tx, tag, rows)
        _remember(tx, rows, tag, added=False, staff_id=staff_id, source=source)
    return bool(rows)


def _rows(tx: Tx, tag: Tag, customer_ids: Sequence[int]) -> list[dict[str, object]]:
    where = (CustomerTag.tag_id == tag.id, CustomerTag.customer_id.in_(list(customer_ids)))
    return [dict(row) for row in tx.execute(select(CustomerTag.__table__).where(*where)).mappings()]


def _wear(
    tx: Tx, tag: Tag, customer_ids: Sequence[int], ruled_at: datetime | None, *, staff_id: int | None, source: str
) -> bool:
    rows: list[dict[str, object]] = [
        {"customer_id": number, "tag_id": tag.id, "since": tx.now, "ruled_at": ruled_at} for number in customer_ids
    ]
    if rows:
        tx.execute(insert(CustomerTag), rows)
        if tx.journal is not None:
            tx.journal.made(CustomerTag.__table__, rows)  # type: ignore[arg-type]
        _remember(tx, rows, tag, added=True, staff_id=staff_id, source=source)
    return bool(rows)


def _drop(tx: Tx, tag: Tag, rows: Sequence[dict[str, object]]) -> None:
    numbers = [row["customer_id"] for row in rows]
    tx.execute(delete(CustomerTag).where(CustomerTag.tag_id == tag.id, CustomerTag.customer_id.in_(numbers)))
    if tx.journal is not None:
        tx.journal.removed(CustomerTag.__table__, list(rows))  # type: ignore[arg-type]


def _remember(
    tx: Tx, rows: Sequence[dict[str, object]], tag: Tag, *, added: bool, staff_id: int | None, source: str
) -> None:
    if source != PLATFORM and tag.name != UNSORTED:
        contact_marks.tags_changed(tx, [int(str(row["customer_id"])) for row in rows])
    tx.execute(
        insert(TagChange),
        [
            {
                "customer_id": row["customer_id"],
                "tag": tag.name,
                "added": added,
                "source": source,
                "staff_id": staff_id,
                "at": tx.now,
            }
            for row in rows
        ],
    )


# -- for the rules -----------------------------------------------------------------------------------------------------


def worn(tx: Tx, customer_ids: Sequence[int], names: Sequence[str]) -> dict[tuple[int, str], bool]:
    """Which of these tags these customers wear, as (number, name) → whether a rule put it on."""
    rows = tx.execute(
        select(CustomerTag.customer_id, Tag.name, CustomerTag.ruled_at)
        .join(Tag, Tag.id == CustomerTag.tag_id)
        .where(CustomerTag.customer_id.in_(list(customer_ids)), Tag.name.in_(list(names)))
    )
    return {(number, name): ruled_at is not None for number, name, ruled_at in rows}


def taken_off_by_staff(tx: Tx, customer_ids: Sequence[int], names: Sequence[str]) -> set[tuple[int, str]]:
    """(number, name) of tags whose last change was that staff took them off, here or at the platform."""
    last = (
        select(func.max(TagChange.id))
        .where(TagChange.customer_id.in_(list(customer_ids)), TagChange.tag.in_(list(names)))
        .group_by(TagChange.customer_id, TagChange.tag)
    )
    off = select(TagChange.customer_id, TagChange.tag).where(
        TagChange.id.in_(last), TagChange.added.is_(False), TagChange.source.in_(("chat", PLATFORM))
    )
    return {(number, name) for number, name in tx.execute(off)}


def rule_puts_on(tx: Tx, name: str, customer_ids: Sequence[int]) -> None:
    """To those who do not wear it."""
    _wear(tx, named(tx, name), customer_ids, tx.now, staff_id=None, source="rule")


def rule_takes_off(tx: Tx, name: str, customer_ids: Sequence[int]) -> None:
    """From those to whom a rule gave it."""
    tag = named(tx, name)
    rows = [row for row in _rows(tx, tag, customer_ids) if row["ruled_at"] is not None]
    if rows:
        _drop(tx, tag, rows)
        _remember(tx, rows, tag, added=False, staff_id=None, source="rule")


def _existing(tx: Tx, name: str) -> Tag | None:
    return tx.session.scalars(select(Tag).where(Tag.name == name)).first()


def exists(tx: Tx, name: str) -> bool:
    return _existing(tx, clean(name)) is not None


def named(tx: Tx, name: str) -> Tag:
    """The tag of this clean name, made if it is new."""
    tag = _existing(tx, name)
    if tag is None:
        tag = Tag(name=name, created_at=tx.now)
        tx.session.add(tag)
        tx.session.flush()
    return tag


def of(tx: Tx, customer_ids: Sequence[int]) -> dict[int, list[str]]:
    """Tag names by customer number, in the order they were put on."""
    found: dict[int, list[str]] = {number: [] for number in customer_ids}
    rows = tx.execute(
        select(CustomerTag.customer_id, Tag.name)
        .join(Tag, Tag.id == CustomerTag.tag_id)
        .where(CustomerTag.customer_id.in_(list(customer_ids)))
        .order_by(CustomerTag.since, Tag.id)
    )
    for number, name in rows:
        found[number].append(name)
    return found


def book(tx: Tx) -> list[tuple[str, int]]:
    """Every tag with how many customers carry it, the most used first."""
    count = func.count(CustomerTag.customer_id)
    rows = tx.execute(
        select(Tag.name, count)
        .join(CustomerTag, CustomerTag.tag_id == Tag.id, isouter=True)
        .group_by(Tag.id, Tag.name)
        .order_by(count.desc(), Tag.id)
    )
    return [(name, number) for name, number in rows]


def carriers(tx: Tx, name: str) -> list[Customer]:
    """Everybody who carries a tag. Raises Refusal for a tag nobody made."""
    tag = _existing(tx, clean(name))
    if tag is None:
        raise Refusal(f"没有“{name}”这个标签。发送“标签”看看现有的标签。")
    return list(
        tx.session.scalars(
            select(Customer)
            .join(CustomerTag, CustomerTag.customer_id == Customer.id)
            .where(CustomerTag.tag_id == tag.id)
            .order_by(Customer.id)
        )
    )


def drop(tx: Tx, name: str, *, staff_id: int) -> int:
    """Takes a tag off everybody and out of the book; returns from how many."""
    people = carriers(tx, name)
    tag = _existing(tx, clean(name))
    if tag is not None:
        _take_off(tx, people, tag, staff_id=staff_id, source="chat")
        tx.session.delete(tag)
        tx.session.flush()
    return len(people)


def join(tx: Tx, old: str, new: str, *, staff_id: int) -> int:
    """Gives everybody with ``old`` the tag ``new`` instead; returns how many. Raises Refusal when both are the same."""
    if clean(old) == clean(new):
        raise Refusal("两个标签一样，不用合并。")
    people = carriers(tx, old)
    _put_on(tx, people, named(tx, clean(new)), staff_id=staff_id, source="chat")
    return drop(tx, old, staff_id=staff_id)
