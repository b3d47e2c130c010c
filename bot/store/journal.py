"""Row images before and after a change, so that ``撤销`` can put back exactly what was there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Table, and_, delete, event, insert, inspect, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session, UOWTransaction

from bot.store.base import Base, from_milliseconds, to_milliseconds

Row = dict[str, Any]


class Journal:
    """Collects the changes of undoable tables made through a session, oldest first.

    ``entries`` is a JSON list of ``{"table", "key", "before", "after"}``: ``before`` None = the row was made, ``after``
    None = it was deleted; otherwise both hold the columns that changed.
    """

    def __init__(self, session: Session) -> None:
        self.entries: list[dict[str, Any]] = []
        self._session = session
        event.listen(session, "before_flush", self._before_flush)
        event.listen(session, "after_flush", self._after_flush)

    def close(self) -> None:
        event.remove(self._session, "before_flush", self._before_flush)
        event.remove(self._session, "after_flush", self._after_flush)

    def made(self, table: Table, rows: list[Row]) -> None:
        """Records rows inserted by a bulk statement, whole."""
        self.entries += [
            {"table": table.name, "key": _key(table, row), "before": None, "after": _encode(row)} for row in rows
        ]

    def removed(self, table: Table, rows: list[Row]) -> None:
        """Records rows deleted by a bulk statement, whole."""
        self.entries += [
            {"table": table.name, "key": _key(table, row), "before": _encode(row), "after": None} for row in rows
        ]

    def moved(self, table: Table, rows: list[Row], before: Row, after: Row) -> None:
        """Records rows a bulk statement gave the same new values; ``before`` holds the old ones."""
        self.entries += [
            {"table": table.name, "key": _key(table, row), "before": _encode(before), "after": _encode(after)}
            for row in rows
        ]

    def _before_flush(self, session: Session, _context: UOWTransaction, _instances: object) -> None:
        for thing in session.dirty:
            table = _undoable(thing)
            if table is None or not session.is_modified(thing):
                continue
            before, after = _changed(thing)
            if after:
                self._note(table, _row(thing, table), before, after)
        for thing in session.deleted:
            table = _undoable(thing)
            if table is not None:
                row = _row(thing, table)
                self._note(table, row, row, None)

    def _after_flush(self, session: Session, _context: UOWTransaction) -> None:
        for thing in session.new:
            table = _undoable(thing)
            if table is not None:
                row = _row(thing, table)
                self._note(table, row, None, row)

    def _note(self, table: Table, row: Row, before: Row | None, after: Row | None) -> None:
        self.entries.append(
            {
                "table": table.name,
                "key": _key(table, row),
                "before": None if before is None else _encode(before),
                "after": None if after is None else _encode(after),
            }
        )


class Overtaken(Exception):
    """A row was changed again since; ``table`` names where."""

    def __init__(self, table: str) -> None:
        super().__init__(f"a row of {table} was changed again since")
        self.table = table


def put_back(connection: Connection, entries: list[dict[str, Any]]) -> None:
    """Restores the rows of a journal, newest entry first.

    An entry may name no column any more (all it changed were moments that have passed on); then nothing is put back.
    Raises Overtaken where a row no longer stands as the journal left it; the caller's transaction is then to be rolled
    back.
    """
    for entry in reversed(entries):
        table = Base.metadata.tables[entry["table"]]
        where = and_(*(table.c[name] == value for name, value in _decode(table, entry["key"]).items()))
        before, after = entry["before"], entry["after"]
        if after is None:
            connection.execute(insert(table).values(_decode(table, before)))
            continue
        current = connection.execute(select(table).where(where)).mappings().first()
        expected = _decode(table, after)
        if current is None or any(current[name] != value for name, value in expected.items()):
            raise Overtaken(table.name)
        if before is None:
            connection.execute(delete(table).where(where))
        elif before:
            connection.execute(update(table).where(where).values(_decode(table, before)))


def _undoable(thing: object) -> Table | None:
    table = inspect(type(thing)).local_table
    return table if isinstance(table, Table) and table.info.get("undoable") else None


def _row(thing: object, table: Table) -> Row:
    mapper = inspect(type(thing))
    return {column.name: getattr(thing, mapper.get_property_by_column(column).key) for column in table.columns}


def _changed(thing: object) -> tuple[Row, Row]:
    before: Row = {}
    after: Row = {}
    for attribute in inspect(thing).attrs:
        history = attribute.history
        if history.has_changes() and history.deleted:
            before[attribute.key], after[attribute.key] = history.deleted[0], history.added[0]
        elif history.has_changes():
            before[attribute.key], after[attribute.key] = None, history.added[0]
    return before, after


def _key(table: Table, row: Row) -> Row:
    return {column.name: row[column.name] for column in table.primary_key.columns}


def _encode(row: Row) -> Row:
    return {
        name: {"moment": to_milliseconds(value)} if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _decode(table: Table, row: Row) -> Row:
    return {
        name: from_milliseconds(value["moment"])
        if isinstance(value, dict) and set(value) == {"moment"} and name in table.c
        else value
        for name, value in row.items()
    }
