"""An upgrade that is killed at any statement leaves the old data as it was, and can be run again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from house import FULL, House
from nursery import ROOT
from sqlalchemy import Engine, event, insert, inspect, text

from bot.cli import database as schema
from bot.domain.customers.models import Customer, TimelineEntry
from bot.store.engine import Store, open_store

SAMPLE = 2
LATER_STEP = """
import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{head}"

def upgrade():
    with op.batch_alter_table("customers") as customers:
        customers.add_column(sa.Column("nickname_later", sa.String, nullable=False, server_default="?"))
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String))
    op.execute("INSERT INTO later SELECT id, name FROM customers")
    op.execute("UPDATE customers SET nickname_later = COALESCE(name, '')")
    op.create_index("ix_later_name", "later", ["name"])
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without a single table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/data/shuke.db"
        return
    admin, uri = request.getfixturevalue("migrated_server")
    name = f"t{uuid4().hex[:12]}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield uri.replace("/postgres?", f"/{name}?", 1)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def statements(store: Store, migrations: Path = schema.MIGRATIONS) -> int:
    """How many statements the upgrade takes; makes it."""
    count = 0

    def add(*_: object) -> None:
        nonlocal count
        count += 1

    event.listen(store.engine, "before_cursor_execute", add)
    schema.upgrade(store, migrations)
    event.remove(store.engine, "before_cursor_execute", add)
    return count


def emptied(store: Store) -> None:
    engine: Engine = store.engine
    engine.dispose()
    if store.sqlite:
        for file in Path(engine.url.database or "").parent.glob("shuke.db*"):
            file.unlink()
        return
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))


def tables(store: Store) -> dict[str, list[str]]:
    with store.engine.connect() as connection:
        found = inspect(connection)
        return {name: [column["name"] for column in found.get_columns(name)] for name in found.get_table_names()}


def test_the_first_upgrade(
    build: Callable[..., House], empty: str, chance: Random, figure: Callable[[str], None]
) -> None:
    house = build(empty)
    total = statements(house.store)
    whole = tables(house.store)
    chosen = range(1, total + 1) if FULL else sorted(chance.sample(range(1, total + 1), SAMPLE))
    for number in chosen:
        emptied(house.store)
        killed = house.start("db", "upgrade", dies=f"statement:{number}")
        assert killed.wait() == -signal.SIGKILL
        assert tables(house.store) == {}
        again = house.start("db", "upgrade")
        assert again.wait() == 0, again.said()
        assert tables(house.store) == whole
    figure(f"killed at {len(chosen)} of {total} statements, whole after the second run each time")


def test_an_upgrade_of_a_shop_with_customers(
    empty: str, tmp_path: Path, chance: Random, figure: Callable[[str], None]
) -> None:
    migrations = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, migrations)
    store = open_store(empty, pool_size=2)
    schema.upgrade(store)
    before = furnish(store)
    (migrations / "versions" / "9001_later.py").write_text(LATER_STEP.format(head=schema.head()))
    number = done = 0
    while True:
        number += 1 if FULL else chance.randrange(3, 12)
        ended = upgrade(empty, migrations, f"statement:{number}")
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
        assert (customers(store), schema.schema(store, migrations).current) == (before, schema.head())
        done += 1
    assert schema.schema(store, migrations).ready
    assert customers(store) == before
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM later")).scalar() == len(before)
        assert connection.execute(text("SELECT count(*) FROM timeline")).scalar() == len(before)
    store.close()
    assert done > 0
    figure(f"killed at {done} statements, {len(before)} customers as before")


def upgrade(url: str, migrations: Path, place: str) -> int:
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}"}
    script = Path(__file__).with_name("upgrade_step.py")
    return subprocess.run(
        [sys.executable, script, url, migrations, place], env=environ, timeout=60, check=False
    ).returncode


def furnish(store: Store) -> list[tuple[int, str]]:
    now = datetime.now(UTC)
    numbers = range(1, 41)
    with store.engine.begin() as connection:
        connection.execute(
            insert(Customer), [{"id": number, "name": f"客{number}", "created_at": now} for number in numbers]
        )
        connection.execute(
            insert(TimelineEntry),
            [{"customer_id": number, "at": now, "kind": "note", "text": "x"} for number in numbers],
        )
    return customers(store)


def customers(store: Store) -> list[tuple[int, str]]:
    with store.engine.connect() as connection:
        return [(row.id, row.name) for row in connection.execute(text("SELECT id, name FROM customers ORDER BY id"))]
