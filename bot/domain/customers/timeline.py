"""What happened with a customer, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select

from bot.domain.customers import contact_marks
from bot.domain.customers.models import Customer, CustomerTag, Tag, TagChange, TimelineEntry
from bot.store.base import Base
from bot.store.transaction import Tx


def add(tx: Tx, customer_id: int, kind: str, text: str, staff_id: int | None = None) -> None:
    tx.execute(
        insert(TimelineEntry).values(customer_id=customer_id, at=tx.now, kind=kind, text=text, staff_id=staff_id)
    )


def note(tx: Tx, customer_id: int, text: str, staff_id: int) -> None:
    """What staff write down; unlike what happened it can be taken back, for it may stand in the wrong file."""
    row = {"customer_id": customer_id, "at": tx.now, "kind": "note", "text": text, "staff_id": staff_id}
    number = tx.execute(insert(TimelineEntry).values(row).returning(TimelineEntry.id)).scalar_one()
    if tx.journal is not None:
        tx.journal.made(TimelineEntry.__table__, [{"id": number, **row}])  # type: ignore[arg-type]


def add_many(tx: Tx, kind: str, told: Sequence[tuple[int, str]], staff_id: int | None = None) -> None:
    """Entries of many customers at once: their numbers with the words."""
    if told:
        rows = [
            {"customer_id": number, "at": tx.now, "kind": kind, "text": text, "staff_id": staff_id}
            for number, text in told
        ]
        tx.execute(insert(TimelineEntry), rows)


def add_once(tx: Tx, customer_id: int, kind: str, text: str) -> bool:
    """As `add`, unless the file says so already; returns whether that was news."""
    same = (TimelineEntry.customer_id == customer_id, TimelineEntry.kind == kind, TimelineEntry.text == text)
    if tx.session.scalars(select(TimelineEntry.id).where(*same).limit(1)).first() is not None:
        return False
    add(tx, customer_id, kind, text)
    return True


def recent(tx: Tx, customer_id: int, count: int = 10) -> Sequence[TimelineEntry]:
    return tx.session.scalars(
        select(TimelineEntry)
        .where(TimelineEntry.customer_id == customer_id)
        .order_by(TimelineEntry.id.desc())
        .limit(count)
    ).all()


def undone(tx: Tx, entries: Sequence[dict[str, Any]], label: str, *, staff_id: int) -> None:
    """Says in the files of those concerned that a change was taken back; ``entries`` are the journal's row images."""
    concerned: dict[int, None] = {}
    for entry in entries:
        number = _customer_of(tx, entry)
        if number is not None and tx.session.get(Customer, number) is not None:
            concerned[number] = None
            if entry["table"] == CustomerTag.__tablename__:
                _untagged(tx, entry, entries, staff_id)
                contact_marks.tags_changed(tx, [number])
            elif entry["table"] == Customer.__tablename__ and "name" in (entry["before"] or {}):
                contact_marks.renamed(tx, [number])
    for number in concerned:
        add(tx, number, "undo", f"撤销：{label}", staff_id)


def _customer_of(tx: Tx, entry: dict[str, Any]) -> int | None:
    table = Base.metadata.tables[entry["table"]]
    if table is Customer.__table__:
        return int(entry["key"]["id"])
    row = entry["key"] | (entry["before"] or {}) | (entry["after"] or {})
    if "customer_id" not in table.c or "customer_id" in row:
        return row.get("customer_id")
    return tx.execute(select(table.c.customer_id).where(table.c.id == entry["key"]["id"])).scalar()


def _untagged(tx: Tx, entry: dict[str, Any], entries: Sequence[dict[str, Any]], staff_id: int) -> None:
    """Adds to the history of tags that a tag was put on or taken off again by taking back."""
    number, tag_id = entry["key"]["customer_id"], entry["key"]["tag_id"]
    tag = tx.session.get(Tag, tag_id)
    # A tag that was made by the change is gone with it; its name stands in the images.
    made = (one["after"]["name"] for one in entries if one["table"] == Tag.__tablename__ and one["key"]["id"] == tag_id)
    name = tag.name if tag is not None else next(made)
    added = entry["after"] is None
    tx.execute(
        insert(TagChange).values(customer_id=number, tag=name, added=added, source="undo", staff_id=staff_id, at=tx.now)
    )
