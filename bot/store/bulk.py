"""Statements over many rows at once: the rows travel as one JSON parameter, the same on both databases.

One statement a batch instead of one a row is what lets a worker keep the exact ledger at thousands of messages a
second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from sqlalchemy import CursorResult, TextClause, text

if TYPE_CHECKING:
    from bot.store.transaction import Tx

# Leases count on the database's own clock: workers' clocks differ, and a rehearsal's clock jumps.
_CLOCK = {
    True: "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    False: "CAST(extract(epoch from clock_timestamp()) * 1000 AS bigint)",
}
_SKIP_LOCKED = {True: "", False: "FOR UPDATE SKIP LOCKED"}
_PICKED = {True: "IN (SELECT id FROM picked)", False: "= ANY(ARRAY(SELECT id FROM picked))"}

MARKS = 1
MASS_CLAIMS = 2
PLAYBOOKS = 3
CHUNK = 5_000

T = TypeVar("T")
Rows = CursorResult[*tuple[Any, ...]]


def is_sqlite(tx: Tx) -> bool:
    return tx.connection.dialect.name == "sqlite"


def run(tx: Tx, template: str, **parameters: Any) -> Rows:
    """Runs a statement.

    ``{clock}`` is the database's time in milliseconds, ``{skip_locked}`` keeps claims apart, ``{in_picked}`` stands
    behind a column that is to be among the ids of a common table expression ``picked``.
    """
    return tx.execute(_prepared(template, is_sqlite(tx), ()), parameters)


def run_with(
    tx: Tx, template: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]], **parameters: Any
) -> Rows:
    """Runs a statement in which ``{given}`` stands for a table ``given`` of ``rows``.

    ``columns`` names the columns in the order of each row, with the SQL type PostgreSQL is to read them as (``jsonb``:
    the value is the text of a JSON document). ``{listed}`` stands behind a column of the table looked into that equals
    the first of them: PostgreSQL knows nothing about the rows and would else read whole tables rather than look up.
    ``{in_picked}`` is as in `run`.
    """
    statement = _prepared(template, is_sqlite(tx), tuple(columns.items()))
    return tx.execute(statement, {**parameters, "rows": _listing(columns, rows)})


def run_directly(tx: Tx, template: str, **parameters: Any) -> Sequence[tuple[Any, ...]]:
    """`run` by `Tx.direct`, for what every batch of messages needs; returns the rows."""
    return tx.direct(_sql(template, is_sqlite(tx), ()), parameters)


def run_directly_with(
    tx: Tx, template: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]], **parameters: Any
) -> Sequence[tuple[Any, ...]]:
    """`run_with` by `Tx.direct`; returns the rows."""
    statement = _sql(template, is_sqlite(tx), tuple(columns.items()))
    return tx.direct(statement, {**parameters, "rows": _listing(columns, rows)})


def take_turns(tx: Tx, what: int) -> None:
    """Lets one transaction at a time do ``what`` until it ends; SQLite has a single writer anyway."""
    if not is_sqlite(tx):
        tx.execute(text("SELECT pg_advisory_xact_lock(7411, :what)"), {"what": what})


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of at most ``size``, so that a million of them never stand in memory together."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def _listing(columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> str:
    # A list of bare values is read in a fraction of the time.
    return orjson.dumps([row[0] for row in rows] if len(columns) == 1 else list(rows)).decode()


@lru_cache(maxsize=256)
def _prepared(template: str, sqlite: bool, columns: tuple[tuple[str, str], ...]) -> TextClause:
    return text(_sql(template, sqlite, columns))


@lru_cache(maxsize=256)
def _sql(template: str, sqlite: bool, columns: tuple[tuple[str, str], ...]) -> str:
    return template.format(
        clock=_CLOCK[sqlite],
        skip_locked=_SKIP_LOCKED[sqlite],
        in_picked=_PICKED[sqlite],
        given=_given(sqlite, columns),
        listed=_listed(sqlite, columns),
    )


def _given(sqlite: bool, columns: tuple[tuple[str, str], ...]) -> str:
    bare = len(columns) == 1
    if sqlite:
        taken = ["value"] if bare else [f"json_extract(value, '$[{at}]')" for at in range(len(columns))]
        source = "json_each(:rows)"
    else:
        places = ["value"] if bare else [f"value ->> {at}" for at in range(len(columns))]
        taken = [f"CAST({place} AS {kind})" for place, (_name, kind) in zip(places, columns, strict=True)]
        source = f"{_elements(bare)} AS listed(value)"
    listed = ", ".join(f"{value} AS {name}" for value, (name, _kind) in zip(taken, columns, strict=True))
    return f"(SELECT {listed} FROM {source}) AS given"


def _listed(sqlite: bool, columns: tuple[tuple[str, str], ...]) -> str:
    if sqlite or not columns:
        # SQLite goes through the given rows first anyway.
        return "IS NOT NULL"
    bare, kind = len(columns) == 1, columns[0][1]
    return (
        f"= ANY(ARRAY(SELECT CAST({'value' if bare else 'value ->> 0'} AS {kind}) FROM {_elements(bare)} AS l(value)))"
    )


def _elements(bare: bool) -> str:
    return f"json_array_elements{'_text' if bare else ''}(CAST(:rows AS json))"
