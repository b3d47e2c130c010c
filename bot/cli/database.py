"""The schema's state and its upgrade: one transaction, whole or not at all, harmless to repeat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Transaction, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError

from bot.clock import Clock
from bot.domain.customers import erasure_key
from bot.errors import ShukeError
from bot.settings import Settings
from bot.store.engine import KEY_FILE, WRITES, Store, open_store
from bot.store.keyfile import KeyFile
from bot.store.transaction import reading, transaction

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"
# Any number, the same for everybody who upgrades: PostgreSQL lets one of them in at a time.
UPGRADE_LOCK = 20261122


@dataclass(frozen=True)
class Schema:
    """Where a database stands: ``current`` None = no step yet; ``empty`` = it holds no table at all."""

    current: str | None
    head: str | None
    empty: bool

    @property
    def ready(self) -> bool:
        return not self.empty and self.current == self.head


class DatabaseError(ShukeError):
    """The database cannot be used as it is; says why and what to do."""


class UnreachableError(DatabaseError):
    """The database did not answer, or cannot be opened."""


def head(migrations: Path = MIGRATIONS) -> str | None:
    """The newest step's number, read from the file names: alembic itself would cost a start a quarter of a second."""
    numbers = [file.name.partition("_")[0] for file in (migrations / "versions").glob("[0-9]*_*.py")]
    return max(numbers, default=None)


def schema(store: Store, migrations: Path = MIGRATIONS) -> Schema:
    """Raises UnreachableError where the database does not answer."""
    with _connected(store) as connection:
        # Looking must not wait for whoever writes: `shuke web` starts, and spools, while the database is locked.
        return _schema(connection.execution_options(**{WRITES: False}), migrations)


def _schema(connection: Connection, migrations: Path) -> Schema:
    tables = inspect(connection).get_table_names()
    current = None
    if "alembic_version" in tables:
        current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return Schema(current, head(migrations), empty=not tables)


@contextmanager
def opened(url: str, key: KeyFile | None = None) -> Iterator[Store]:
    """The store at ``url`` for as long as the block lasts; ``key`` where its secret is not in the usual place.

    Raises UnreachableError where its folder cannot be made.
    """
    try:
        store = open_store(url, key=key)
    except OSError as error:
        raise UnreachableError(
            f"The database {url} cannot be opened: {error}. Correct store.url or the rights."
        ) from error
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _connected(store: Store) -> Iterator[Connection]:
    try:
        connection = store.engine.connect()
    except DBAPIError as error:
        # The driver's own text may repeat the address with its password.
        place = store.engine.url.render_as_string(hide_password=True)
        advice = "its folder must be writable and on a local disk" if store.sqlite else "start it, or correct store.url"
        raise UnreachableError(f"The database {place} cannot be opened: {advice}.") from error
    with connection:
        yield connection


def key_of(settings: Settings) -> KeyFile:
    """The secret that lies beside the shop's database, or in the environment."""
    return KeyFile(settings.state_folder / KEY_FILE, settings.erasure_key)


def settle_key(store: Store, clock: Clock) -> None:
    """Makes sure erased people are known again on this machine.

    Raises KeyLost, a ShukeError, and UnreachableError where somebody keeps the database busy: whoever needs the key
    settles it then.
    """
    try:
        with reading(store, clock) as tx:
            settled = erasure_key.is_settled(tx)
        if not settled:
            with transaction(store, clock) as tx:
                erasure_key.settle(tx)
    except OperationalError as error:
        raise UnreachableError("The database is busy: the key of erased customers could not be looked at.") from error


def new_key(store: Store, clock: Clock) -> int:
    """For a key that is lost for good; returns how many hashes are given up with it. Refuses while the key is there."""
    with reading(store, clock) as tx:
        if erasure_key.is_settled(tx):
            raise ShukeError(f"The key is there and right ({store.key.path}); nothing was changed.")
    with transaction(store, clock) as tx:
        return erasure_key.begin_anew(tx)


def stands(settings: Settings) -> bool:
    """Whether there is a database of this version to read; nothing is created.

    Raises DatabaseError for one of another version, UnreachableError where it does not answer.
    """
    if settings.store_url.startswith("sqlite:///") and not Path(settings.store_url.removeprefix("sqlite:///")).exists():
        return False
    with opened(settings.store_url, key_of(settings)) as store:
        if schema(store).empty:
            return False
        require(store)
        return True


def require(store: Store, migrations: Path = MIGRATIONS) -> None:
    """Makes sure the tables are those of this version; sets up an empty database by itself.

    Raises DatabaseError where an older database waits for its upgrade (the owner may want a backup first), or a newer
    one was written by a later version.
    """
    found = schema(store, migrations)
    if found.ready:
        return
    if found.empty:
        upgrade(store, migrations)
    elif found.current is None or (found.head is not None and found.current < found.head):
        raise DatabaseError(
            f"The database is of an older version ({found.current or 'none'}, this one needs {found.head}). "
            "Stop the other parts, keep a copy, then run: shuke db upgrade"
        )
    else:
        raise DatabaseError(
            f"The database is of a later version ({found.current}, this one knows {found.head}). "
            "Start the later version of 熟客, or go back to the copy made before the upgrade."
        )


def upgrade(store: Store, migrations: Path = MIGRATIONS) -> Schema:
    """Runs the missing steps in one transaction and tells where the database stood before.

    Several may try at once: the second waits and finds nothing left to do. Raises UnreachableError where the database
    does not answer, DatabaseError where somebody else keeps it busy.
    """
    from bot.cli import steps  # start-up cost: alembic takes 150 ms, an upgrade is rare

    with alone(store) as connection:
        before = _schema(connection, migrations)
        if not before.ready:
            steps.run(connection, migrations)
        return before


@contextmanager
def alone(store: Store) -> Iterator[Connection]:
    """A connection in a writing transaction that no other upgrade shares; committed when the block ends well."""
    with _connected(store) as connection:
        if not store.sqlite:
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK})
                yield connection
            return
        # Rebuilding a table drops the old one, which would take the rows that refer to it along; the switch works
        # outside a transaction only.
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with _begun(connection):
                yield connection
                broken = connection.execute(text("PRAGMA foreign_key_check")).first()
                if broken is not None:
                    raise DatabaseError(
                        f"The upgrade would leave {broken[0]} with rows that lead nowhere; it was undone."
                    )
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def _begun(connection: Connection) -> Transaction:
    try:
        return connection.begin()
    except OperationalError as error:
        raise DatabaseError("The database is busy. Stop the other parts, then run again: shuke db upgrade") from error
