"""Who changed what, and taking it back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ForeignKey, Table, Text, cast, delete, exists, not_, or_, select
from sqlalchemy.exc import IntegrityError

from bot.domain.merchants.models import Change
from bot.errors import Refusal
from bot.language.whom import says_number
from bot.store.base import Base, from_milliseconds
from bot.store.journal import Overtaken, put_back
from bot.store.transaction import Tx

UNDO_LIFE = timedelta(hours=24)
# Begins the key of changes no message asked for: 撤销 passes them over, for nobody would know what went.
BY_ITSELF = "by itself:"
_FORGOTTEN = "（一位顾客的资料，已按要求删除）"


def keep(
    tx: Tx, *, staff_id: int, label: str, entries: list[dict[str, Any]], final: str | None, message_key: str
) -> None:
    """Keeps one command's effect: ``entries`` are the journal's row images, ``final`` why it cannot be taken back."""
    tx.session.add(
        Change(
            staff_id=staff_id,
            label=label,
            message_key=message_key,
            entries=entries,
            final=final,
            created_at=tx.now,
        )
    )


def undo(tx: Tx, *, staff_id: int, reverse: Mapping[str, Callable[[int], None]]) -> Change:
    """Takes back this staff member's last change and returns it.

    ``reverse`` names the tables of which no row is ever edited or deleted, and how the row of an id is taken back there.

    Raises Refusal when there is none within 24 hours, when it is final, or when somebody changed the same thing since.
    """
    own = (Change.staff_id == staff_id, ~Change.message_key.startswith(BY_ITSELF))
    change = tx.session.scalars(
        select(Change)
        .where(*own, Change.undone_at.is_(None), Change.created_at > tx.now - UNDO_LIFE)
        .order_by(Change.id.desc())
        .limit(1)
    ).first()
    if change is None:
        raise Refusal("没有可以撤销的操作（只能撤销自己 24 小时内做的）。")
    return _undo(tx, change, reverse)


def done_by_itself(tx: Tx, what: str) -> Change | None:
    """The newest change that nobody asked for and that still stands; ``what`` is its key behind `BY_ITSELF`."""
    theirs = select(Change).where(Change.message_key == f"{BY_ITSELF}{what}", Change.undone_at.is_(None))
    return tx.session.scalars(theirs.order_by(Change.id.desc()).limit(1)).first()


def undo_by_itself(tx: Tx, change: Change) -> None:
    """Takes back what nobody asked for, however long ago. Raises Refusal when the same thing was changed since."""
    _undo(tx, change, {})


def _undo(tx: Tx, change: Change, reverse: Mapping[str, Callable[[int], None]]) -> Change:
    if change.final is not None:
        raise Refusal(f"“{change.label}”不能撤销：{change.final}")
    try:
        with tx.savepoint():
            _put_back(tx, [entry for entry in change.entries if entry["table"] not in reverse])
            for entry in reversed(change.entries):
                if entry["table"] in reverse:
                    reverse[entry["table"]](entry["key"]["id"])
    except (Overtaken, IntegrityError) as overtaken:
        raise Refusal(f"“{change.label}”之后这里又改过，不能直接撤销。请查看现在的情况再改。") from overtaken
    tx.session.expire_all()
    change.undone_at = tx.now
    return change


def forget(tx: Tx, customer_id: int, orders: Collection[int]) -> None:
    """Takes a customer who is erased, and their orders, out of what could be taken back: row images hold names, phones."""
    told = cast(Change.entries, Text)
    # One database writes documents with a space after the colon, the other keeps them as we gave them.
    words = [f'"{name}":{space}{customer_id}' for name in ("id", "customer_id") for space in ("", " ")]
    mentioned = [told.contains(word, autoescape=True) for word in words]
    mentioned.append(Change.label.contains(f"#{customer_id}"))
    for change in tx.session.scalars(select(Change).where(or_(*mentioned))).all():
        kept = [entry for entry in change.entries if not _is_about(entry, customer_id, orders)]
        if len(kept) == len(change.entries):
            if says_number(change.label, customer_id):
                change.label = _FORGOTTEN
        else:
            change.entries, change.label = kept, _FORGOTTEN
            change.final = change.final or (None if kept else "顾客要求删除了自己的资料。")


def _is_about(entry: dict[str, Any], customer_id: int, orders: Collection[int]) -> bool:
    if entry["table"] == "customers":
        return bool(entry["key"]["id"] == customer_id)
    row = entry["key"] | (entry["before"] or {}) | (entry["after"] or {})
    return row.get("customer_id") == customer_id or row.get("order_id") in orders


def _put_back(tx: Tx, entries: list[dict[str, Any]]) -> None:
    """Restores the rows. What a change made for everybody (a tag) stays where others have come to use it."""
    made = [entry for entry in entries if entry["before"] is None]
    shared = [entry for entry in made if _table(entry).info.get("shared")]
    for entry in made:
        _forget_history(tx, entry)
    put_back(tx.connection, [_as_it_stands(tx, entry) for entry in entries if entry not in shared])
    for entry in shared:
        table = _table(entry)
        used = [exists().where(fk.parent == fk.column) for fk in _references(table)]
        tx.execute(delete(table).where(table.c.id == entry["key"]["id"], *(not_(one) for one in used)))


def _forget_history(tx: Tx, entry: dict[str, Any]) -> None:
    """The history of a row goes with it: of a customer who was never there nothing is left to tell."""
    for fk in _references(_table(entry)):
        if fk.parent.table.info.get("history"):
            tx.execute(delete(fk.parent.table).where(fk.parent == entry["key"]["id"]))


def _as_it_stands(tx: Tx, entry: dict[str, Any]) -> dict[str, Any]:
    """The entry without passing moments (of the last contact) that have moved on since: they are no reason to refuse."""
    passing = [
        name for name, value in (entry["after"] or {}).items() if value and _table(entry).c[name].info.get("passing")
    ]
    if not passing:
        return entry
    kept = {name: value for name, value in entry["after"].items() if name not in passing}
    before = entry["before"] and {name: value for name, value in entry["before"].items() if name not in passing}
    moved_on = {**entry, "before": before, "after": kept}
    columns = [_table(entry).c[name] for name in passing]
    key = [_table(entry).c[name] == value for name, value in entry["key"].items()]
    now: Mapping[Any, Any] = tx.execute(select(*columns).where(*key)).mappings().first() or {}
    same = all(now.get(name) == from_milliseconds(entry["after"][name]["moment"]) for name in passing)
    return entry if same else moved_on


def _references(table: Table) -> list[ForeignKey]:
    return [fk for other in Base.metadata.sorted_tables for fk in other.foreign_keys if fk.column.table is table]


def _table(entry: dict[str, Any]) -> Table:
    return Base.metadata.tables[entry["table"]]
