"""The key by which erased people are known again: made at the first start, the same on every machine, never in the database."""

import pytest
from sqlalchemy import text

from bot.cli import database
from bot.clock import SystemClock
from bot.domain.customers import erasure_key, forgetting
from bot.domain.customers import service as customers
from bot.errors import ShukeError
from bot.store.keyfile import KeyFile
from bot.store.transaction import transaction

CLOCK = SystemClock()


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/data/shuke.db"


def machine(url, folder, given=""):
    """A machine with its own folder over the database they all share."""
    return database.opened(url, KeyFile(folder / "erasure.key", given))


def start(store):
    database.require(store)
    database.settle_key(store, CLOCK)


def erase(store, person):
    with transaction(store, CLOCK) as tx:
        met = customers.meet(tx, "main", person)
        forgetting.erase(tx, customers.get(tx, met.customer_id))


def is_known(store, person):
    with transaction(store, CLOCK) as tx:
        return forgetting.is_forgotten(tx, "main", person)


def test_a_second_machine_needs_the_first_ones_key(url, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    with machine(url, one) as store:
        start(store)
        erase(store, "mei")
    with machine(url, two) as store:
        with pytest.raises(ShukeError, match=r"is missing on this machine: .*two/erasure.key.*SHUKE_ERASURE_KEY"):
            start(store)
        assert not (two / "erasure.key").exists()
    key = (one / "erasure.key").read_text().strip()
    with machine(url, two, given=key) as store:
        start(store)
        assert is_known(store, "mei")
        assert not is_known(store, "lan")


def test_another_key_is_refused(url, tmp_path):
    with machine(url, tmp_path / "one") as store:
        start(store)
    with machine(url, tmp_path / "two", given="0" * 64) as store, pytest.raises(ShukeError, match="is another one"):
        start(store)
    (tmp_path / "one" / "erasure.key").write_text("not a key")
    with machine(url, tmp_path / "one") as store, pytest.raises(ShukeError, match="does not hold 64"):
        start(store)


def test_the_key_of_an_earlier_version_moves_out_of_the_database_and_still_knows_everybody(url, tmp_path):
    key = "ab" * 32
    with machine(url, tmp_path) as store:
        database.require(store)
        with store.engine.begin() as connection:
            digest = forgetting._digest(key, "main\nmei")
            connection.execute(
                text("INSERT INTO forgotten VALUES ('', :key, 0), (:digest, '', 0)"), {"key": key, "digest": digest}
            )
    for _again in range(2):
        with machine(url, tmp_path) as store:
            start(store)
            assert is_known(store, "mei")
            with store.engine.connect() as connection:
                assert key not in str(connection.execute(text("SELECT * FROM forgotten")).all())
    file = tmp_path / "erasure.key"
    assert (file.read_text().strip(), file.stat().st_mode & 0o777) == (key, 0o600)


def test_a_lost_key_is_given_up_with_all_it_knew_and_only_then(url, tmp_path):
    with machine(url, tmp_path) as store:
        start(store)
        erase(store, "mei")
        with pytest.raises(ShukeError, match="is there and right"):
            database.new_key(store, CLOCK)
    (tmp_path / "erasure.key").unlink()
    with machine(url, tmp_path) as store:
        assert database.new_key(store, CLOCK) == 1
        start(store)
        assert not is_known(store, "mei")


def test_several_that_start_at_once_make_one_key(tmp_path):
    files = [KeyFile(tmp_path / "erasure.key") for _ in range(3)]
    assert len({file.make() for file in files}) == 1
    assert erasure_key.proof_of(files[0].read()) == erasure_key.proof_of(KeyFile(tmp_path / "erasure.key").read())
    assert [path.name for path in tmp_path.iterdir()] == ["erasure.key"]
