"""The upgrade is whole or not at all, may be repeated, and a database of another version is never touched."""

import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from bot.cli import database, steps
from bot.store.engine import open_store

FIRST = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

def upgrade():
    op.create_table("shelf", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table("book", sa.Column("shelf_id", sa.Integer, sa.ForeignKey("shelf.id", ondelete="CASCADE")))
"""
SECOND = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

def upgrade():
    with op.batch_alter_table("shelf") as shelf:
        shelf.add_column(sa.Column("name", sa.String))
    {then}
"""


@pytest.fixture
def store(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/shop.db")
    yield store
    store.close()


@pytest.fixture
def migrations(tmp_path):
    """A folder of steps like ours, with one step in it; ``add`` writes the second."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    shutil.copy(database.MIGRATIONS / "env.py", folder)
    shutil.copy(database.MIGRATIONS / "script.py.mako", folder)
    (folder / "versions" / "0001_first.py").write_text(FIRST)
    return folder


def second(migrations, then="pass"):
    (migrations / "versions" / "0002_names.py").write_text(SECOND.format(then=then))


def tables(store):
    with store.engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def test_an_empty_database_gets_all_steps_and_a_repeat_nothing(store):
    assert database.schema(store).empty
    before = database.upgrade(store)
    assert (before.current, before.empty) == (None, True)
    assert database.schema(store).ready
    assert database.upgrade(store).ready


def test_the_newest_number_is_the_one_alembic_names():
    assert ScriptDirectory(str(database.MIGRATIONS)).get_current_head() == database.head()


def test_a_failing_step_leaves_nothing_behind_and_can_be_run_again(store, migrations):
    database.upgrade(store, migrations)
    with store.engine.begin() as connection:
        connection.execute(text("INSERT INTO shelf VALUES (1)"))
        connection.execute(text("INSERT INTO book VALUES (1)"))
    second(migrations, then="op.execute('SELECT * FROM nowhere')")
    with pytest.raises(Exception, match="nowhere"):
        database.upgrade(store, migrations)
    assert database.schema(store, migrations).current == "0001"
    second(migrations)
    database.upgrade(store, migrations)
    assert database.schema(store, migrations).current == "0002"
    with store.engine.connect() as connection:
        # Rebuilding the shelf must not take the books along.
        assert connection.execute(text("SELECT id, name FROM shelf")).all() == [(1, None)]
        assert connection.execute(text("SELECT count(*) FROM book")).scalar() == 1
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_a_step_that_leaves_rows_leading_nowhere_is_undone(store, migrations):
    database.upgrade(store, migrations)
    second(migrations, then="op.execute('INSERT INTO book VALUES (99)')")
    with pytest.raises(database.DatabaseError, match="book with rows that lead nowhere"):
        database.upgrade(store, migrations)
    assert database.schema(store, migrations).current == "0001"


def test_two_that_upgrade_at_once_do_it_once(tmp_path, migrations, environ):
    script = textwrap.dedent(f"""
        from pathlib import Path
        from bot.cli import database
        with database.opened("sqlite:///{tmp_path}/both.db") as store:
            print(database.upgrade(store, Path("{migrations}")).current)
    """)
    argv = [sys.executable, "-c", script]
    both = [subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sorted(process.communicate(timeout=60)[0].strip() for process in both) == ["0001", "None"]
    assert [process.returncode for process in both] == [0, 0]


def test_many_that_open_a_new_file_at_once_all_get_in(tmp_path):
    together = Barrier(8)

    def first_look(path):
        with database.opened(f"sqlite:///{path}") as store:
            together.wait()
            with store.engine.connect() as connection:
                return connection.execute(text("PRAGMA journal_mode")).scalar()

    with ThreadPoolExecutor(8) as threads:
        for number in range(20):
            assert set(threads.map(first_look, [tmp_path / f"{number}.db"] * 8)) == {"wal"}


def test_an_older_database_waits_for_a_person(store, migrations):
    database.upgrade(store, migrations)
    second(migrations)
    with pytest.raises(database.DatabaseError, match=r"older version .0001, this one needs 0002.*shuke db upgrade"):
        database.require(store, migrations)
    assert database.schema(store, migrations).current == "0001"


def test_a_later_database_is_not_touched(store, migrations):
    second(migrations)
    database.upgrade(store, migrations)
    (migrations / "versions" / "0002_names.py").unlink()
    with pytest.raises(database.DatabaseError, match=r"later version .0002, this one knows 0001"):
        database.require(store, migrations)


def test_an_empty_one_is_set_up_where_it_is_needed(store):
    database.require(store)
    assert database.schema(store).ready


def test_a_database_that_cannot_be_opened(tmp_path):
    (tmp_path / "shop.db").write_text("this is no database, it is a letter to somebody far away" * 100)
    with (
        database.opened(f"sqlite:///{tmp_path}/shop.db") as store,
        pytest.raises(database.UnreachableError, match="cannot be opened"),
    ):
        database.schema(store)
    with (
        pytest.raises(database.UnreachableError, match="cannot be opened"),
        database.opened(f"sqlite:///{tmp_path}/shop.db/below/a.db"),
    ):
        pass


def test_its_password_is_not_shown():
    with (
        database.opened("postgresql+psycopg://shuke:pa55word@127.0.0.1:1/shuke") as store,
        pytest.raises(database.UnreachableError) as caught,
    ):
        database.schema(store)
    assert "pa55word" not in str(caught.value)
    assert "127.0.0.1:1" in str(caught.value)


def test_a_book_of_the_first_version_is_carried_over(store):
    with database.alone(store) as connection:
        command.upgrade(steps._config(connection, database.MIGRATIONS), "0001")
        connection.execute(
            text(
                "INSERT INTO orders (id, amount_fen, refunded_fen, items, note, stage, source, created_at)"
                " VALUES (7, 29800, 0, '', '', 3, 'shop', 5)"
            )
        )
        connection.execute(
            text("INSERT INTO ledger (id, order_id, amount_fen, source, at) VALUES (1, 7, 29800, 'chat', 5)")
        )
    database.upgrade(store)
    with store.engine.connect() as connection:
        (entry,) = connection.execute(
            text("SELECT order_id, amount_fen, note, at, booked_at, reverses FROM ledger")
        ).all()
    assert tuple(entry) == (7, 29800, "", 5, 5, None)
