"""Runs and drafts the numbered steps of the schema through alembic.

``python -m bot.cli.steps "what changes"`` drafts the next step by comparing the models with the steps so far.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import Script
from sqlalchemy import Connection

from bot.cli.database import MIGRATIONS, alone, head
from bot.store.engine import open_store


def run(connection: Connection, migrations: Path = MIGRATIONS) -> None:
    """Brings the database to the newest step, inside the connection's open transaction."""
    command.upgrade(_config(connection, migrations), "head")


def draft(message: str) -> Path:
    """Writes the next step from what the models have and the steps do not; for a person to read and correct."""
    number = f"{int(head() or 0) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/draft.db")
        try:
            with alone(store) as connection:
                run(connection)
                script = command.revision(
                    _config(connection, MIGRATIONS, compare=True), message, autogenerate=True, rev_id=number
                )
        finally:
            store.close()
    assert isinstance(script, Script)
    return Path(script.path)


def _config(connection: Connection, migrations: Path, *, compare: bool = False) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes.update(connection=connection, compare=compare)
    return config


if __name__ == "__main__":
    print(draft(" ".join(sys.argv[1:])))
