"""Two files of one person become one, and what is said in both is decided here.

The lower number stays. Where both say something else, the staying file's word holds and the other one is told in the
timeline. Consent and class follow the stricter or higher one: opted out at either stays out, VIP at either is VIP.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, UniqueConstraint, and_, delete, insert, select, update

from bot.domain.customers import contact_marks
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer, CustomerTag, FileEntry, MergedNumber, Tag, TagChange
from bot.domain.customers.rules import birth_shown
from bot.language.file_fields import BY_NAME
from bot.store.base import Base
from bot.store.transaction import Tx

GRADES, LEVELS = "SABCDF", "abcd"
_TEXTS = {"name": "名字", "own_name": "自称", "nickname": "昵称", "remark": "备注名", "phone": "电话", "wechat": "微信"}
_TEXTS |= {"sex": "性别", "city": "城市", "channel": "渠道"}
_EITHER = ("visited", "vip", "opted_out")
_LATEST = ("last_seen_at", "last_contact_at", "acknowledged_at", "called_at", "rest_until")


def merge(tx: Tx, kept: Customer, gone: Customer) -> list[str]:
    """Moves everything of ``gone`` to ``kept`` and ends its number; returns what differed and was not taken over.

    To be journaled. Other rooms settle what only they understand before (``journeys.merge``).
    """
    differed = _columns(kept, gone)
    number = gone.id
    tx.session.flush()
    inherited = _tags(tx, number) - _tags(tx, kept.id)
    for table, column in _belongings():
        differed += _move(tx, table, column, kept.id, number)
    # The two histories become one, in which the last word on such a tag may be that it was taken off.
    changes = {"customer_id": kept.id, "added": True, "source": "merge", "staff_id": None, "at": tx.now}
    if inherited:
        tx.execute(insert(TagChange), [{**changes, "tag": name} for name in sorted(inherited)])
    contact_marks.tags_changed(tx, [kept.id])
    tx.session.expire_all()
    for earlier in tx.session.scalars(select(MergedNumber).where(MergedNumber.customer_id == number)):
        earlier.customer_id = kept.id
    tx.session.flush()
    tx.session.delete(tx.session.get_one(Customer, number))
    tx.session.flush()
    tx.session.add(MergedNumber(number=number, customer_id=kept.id, at=tx.now))
    customers.index_name(kept)
    tx.session.flush()
    return differed


def _tags(tx: Tx, number: int) -> set[str]:
    worn = select(Tag.name).join(CustomerTag, CustomerTag.tag_id == Tag.id).where(CustomerTag.customer_id == number)
    return set(tx.execute(worn).scalars())


def _columns(kept: Customer, gone: Customer) -> list[str]:
    differed = []
    for name, word in _TEXTS.items():
        ours, theirs = getattr(kept, name), getattr(gone, name)
        if not ours and theirs:
            setattr(kept, name, theirs)
        elif theirs and theirs != ours:
            differed.append(f"{word} {theirs}")
    differed += _birth(kept, gone)
    for name in _EITHER:
        setattr(kept, name, getattr(kept, name) or getattr(gone, name))
    kept.opted_out_at = _first(kept.opted_out_at, gone.opted_out_at)
    for name in _LATEST:
        moments = [moment for moment in (getattr(kept, name), getattr(gone, name)) if moment]
        setattr(kept, name, max(moments, default=None))
    kept.keeper_id = kept.keeper_id or gone.keeper_id
    kept.created_at = min(kept.created_at, gone.created_at)
    # S comes from the ledger alone; of what staff have set the higher one holds.
    given = _higher(_given(kept), _given(gone), GRADES)
    bought = "S" in (kept.grade, gone.grade)
    kept.grade, kept.former_grade = ("S", given) if bought else (given, None)
    kept.follow_up = _higher(kept.follow_up, gone.follow_up, LEVELS)
    return differed + _next_step(kept, gone)


def _birth(kept: Customer, gone: Customer) -> list[str]:
    if kept.birth_month is None and gone.birth_month is not None:
        kept.birth_month, kept.birth_day, kept.birth_lunar = gone.birth_month, gone.birth_day, gone.birth_lunar
        kept.birth_year = kept.birth_year or gone.birth_year
        return []
    if kept.birth_year is None:
        kept.birth_year = gone.birth_year
    theirs = birth_shown(gone)
    return [f"生日 {theirs}"] if theirs and theirs not in birth_shown(kept) else []


def _next_step(kept: Customer, gone: Customer) -> list[str]:
    """The step that is due first; the other one is told."""
    if gone.next_at is None and gone.next_step is None:
        return []
    first = kept.next_at is None or (gone.next_at is not None and gone.next_at < kept.next_at)
    told = []
    if not first or kept.next_step:
        told = [f"下一步 {(kept.next_step if first else gone.next_step) or '跟进'}"]
    if first:
        kept.next_step, kept.next_at = gone.next_step or kept.next_step, gone.next_at or kept.next_at
    kept.expected_fen = max((fen for fen in (kept.expected_fen, gone.expected_fen) if fen is not None), default=None)
    return told


def _first(*moments: Any) -> Any:
    return min((moment for moment in moments if moment is not None), default=None)


def _given(customer: Customer) -> str | None:
    return customer.former_grade if customer.grade == "S" else customer.grade


def _higher(ours: str | None, theirs: str | None, order: str) -> str | None:
    return min((letter for letter in (ours, theirs) if letter), key=order.index, default=None)


# --- what hangs on a customer -------------------------------------------------------------------------------------


def _belongings() -> list[tuple[Table, str]]:
    """Every table with rows of a customer: a room that gains one need not be named here."""
    return [
        (table, fk.parent.name)
        for table in Base.metadata.sorted_tables
        for fk in sorted(table.foreign_keys, key=lambda fk: fk.parent.name)
        if fk.column.table is Customer.__table__ and table is not MergedNumber.__table__
    ]


def _move(tx: Tx, table: Table, column: str, kept: int, gone: int) -> list[str]:
    """Moves the rows of a table. Where there may be only one, the staying file's row holds; returns what was left out."""
    own = table.c[column]
    twice = _doubles(tx, table, column, kept, gone)
    left_out = []
    if twice:
        same = [and_(*(table.c[name] == row[name] for name in _keys(table))) for row in twice]
        for where in same:
            tx.execute(delete(table).where(where))
        _journal_removed(tx, table, twice)
        if table is FileEntry.__table__:
            ours = dict(tx.execute(select(table.c.field, table.c.text).where(own == kept)).all())
            left_out = [
                f"{BY_NAME[row['field']].words[0]} {row['text']}" for row in twice if ours[row["field"]] != row["text"]
            ]
    rows = [dict(row) for row in tx.execute(select(table).where(own == gone).order_by(*table.primary_key)).mappings()]
    if own.name in _keys(table):
        # The key itself changes, which the journal knows only as a row gone and a row made.
        moved = [row | {column: kept} for row in rows]
        tx.execute(delete(table).where(own == gone))
        _journal_removed(tx, table, rows)
        if moved:
            tx.execute(insert(table), moved)
            _journal_made(tx, table, moved)
        return left_out
    tx.execute(update(table).where(own == gone).values({column: kept}))
    if tx.journal is not None:
        tx.journal.moved(table, rows, {column: gone}, {column: kept})
    return left_out


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


def _doubles(tx: Tx, table: Table, column: str, kept: int, gone: int) -> list[dict[str, Any]]:
    """Rows of ``gone`` that may not stand beside one of ``kept``."""
    found: list[dict[str, Any]] = []
    for others in _alone(table, column):
        there = select(table.c[column], *(table.c[name] for name in others)).where(table.c[column] == kept)
        taken = {tuple(row)[1:] for row in tx.execute(there)}
        for row in tx.execute(select(table).where(table.c[column] == gone)).mappings():
            if tuple(row[name] for name in others) in taken and dict(row) not in found:
                found.append(dict(row))
    return found


def _alone(table: Table, column: str) -> list[list[str]]:
    """The other columns of each key that has the customer in it: there may be one row of a customer for each."""
    keys: Sequence[Any] = [table.primary_key, *(c for c in table.constraints if isinstance(c, UniqueConstraint))]
    named = [[one.name for one in key.columns] for key in keys]
    return [[name for name in names if name != column] for names in named if column in names]


def _journal_removed(tx: Tx, table: Table, rows: list[dict[str, Any]]) -> None:
    if tx.journal is not None and rows:
        tx.journal.removed(table, rows)


def _journal_made(tx: Tx, table: Table, rows: list[dict[str, Any]]) -> None:
    if tx.journal is not None and rows:
        tx.journal.made(table, rows)
