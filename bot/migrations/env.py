"""Alembic's entrance: runs the steps on the connection it is handed, inside that connection's transaction."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, MetaData

import bot
from bot.store.base import Base, Moment

# Rooms without tables of ours, some of them dear to import or with an entry point of their own.
WITHOUT_TABLES = ("bot.sandbox", "bot.migrations", "bot.cli", "bot.language", "bot.console")


def tables() -> MetaData:
    """All tables, whichever room declares them; imports every room, which only a comparison is worth."""
    for module in pkgutil.walk_packages(bot.__path__, "bot."):
        if not module.name.startswith(WITHOUT_TABLES):
            importlib.import_module(module.name)
    return Base.metadata


def render(kind: str, thing: Any, _context: object) -> str | Literal[False]:
    """Spells our own types by what the database knows, so that a step still runs when the models have moved on."""
    if kind == "type" and isinstance(thing, Moment):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(thing, JSON):
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables() if context.config.attributes.get("compare") else None,
    # SQLite cannot alter most things; batch mode rebuilds the table instead.
    render_as_batch=True,
    transactional_ddl=True,
    compare_type=True,
    render_item=render,
)
with context.begin_transaction():
    context.run_migrations()
