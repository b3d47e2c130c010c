"""The power goes: what was not flushed is lost, and still every answered callback is there. Full counts only."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from callers import Answer, Caller, Said, person, says
from house import PATIENCE, House, until
from lost_writes import Disk, build

CUTS = 200
HANDS = 6
SENDERS = 400
WRITERS = {
    "flushed": "f.flush(); os.fsync(f.fileno()); os.fsync(os.open(folder, os.O_RDONLY))",
    "not flushed": "f.flush()",
    "flushed, but not its name": "f.flush(); os.fsync(f.fileno())",
}


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("library"))


@pytest.fixture
def disk(tmp_path: Path, library: Path) -> Disk:
    (tmp_path / "data").mkdir(exist_ok=True)
    return Disk(tmp_path / "data", library)


@pytest.mark.parametrize("how", WRITERS)
def test_the_cut_loses_what_was_not_flushed(disk: Disk, tmp_path: Path, how: str) -> None:
    folder = tmp_path / "data"
    script = f"import os; folder = {str(folder)!r}; f = open(folder + '/a', 'w'); f.write('x' * 9000); {WRITERS[how]}; os._exit(0)"
    subprocess.run([sys.executable, "-c", script], env=disk.environ, check=True)
    assert (folder / "a").stat().st_size == 9000
    disk.cut(_NoMercy())
    assert (folder / "a").exists() == (how == "flushed")


def test_a_laxer_database_would_lose_commits(disk: Disk, tmp_path: Path) -> None:
    """What the drill below would find, were ``synchronous`` NORMAL."""
    kept = {}
    for mode in ("FULL", "NORMAL"):
        file = tmp_path / "data" / f"{mode}.db"
        script = (
            f"import os, sqlite3; c = sqlite3.connect({str(file)!r}, isolation_level=None); c.execute('PRAGMA journal_mode=WAL');"
            f"c.execute('PRAGMA synchronous={mode}'); c.execute('CREATE TABLE t (n)'); c.execute('PRAGMA wal_checkpoint');"
            "[c.execute('INSERT INTO t VALUES (?)', (n,)) for n in range(50)]; os._exit(0)"
        )
        subprocess.run([sys.executable, "-c", script], env=disk.environ, check=True)
        disk.cut(_NoMercy())
        with sqlite3.connect(file) as connection:
            kept[mode] = connection.execute("SELECT count(*) FROM t").fetchone()[0]
    assert kept["FULL"] == 50
    assert kept["NORMAL"] < 50


class _NoMercy(Random):
    """Nothing that may be lost survives."""

    def choice(self, seq):  # type: ignore[no-untyped-def]
        return min(seq)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_answered_callback_is_lost_by_power_cuts(
    house: House, disk: Disk, chance: Random, figure: Callable[[str], None]
) -> None:
    house.store.close()  # a connection of the drill's own would know what the disk has forgotten
    caller = Caller(house.port)
    answered: list[tuple[Said, Answer]] = []
    lost_changes = spooled = 0
    for number in range(CUTS):
        door = house.open(environ=disk.environ)
        over = threading.Event()
        threads = [
            threading.Thread(target=_speak, args=(caller, over, answered, f"{number}-{hand}")) for hand in range(HANDS)
        ]
        for thread in threads:
            thread.start()
        wanted = len(answered) + chance.randrange(5, 60)
        _wait_for(answered, wanted)
        if number % 10 == 9:
            spooled += _lock_a_while(house)
        door.kill()
        over.set()
        for thread in threads:
            thread.join()
        lost_changes += disk.cut(chance)
        _nothing_answered_is_missing(house, answered)
    house.work_off()
    effects = Counter(row[0] for row in house.rows("SELECT text FROM utterances"))
    assert all(effects[said.words] == 1 for said, _ in answered)
    assert set(effects.values()) == {1}
    assert lost_changes > 0
    figure(
        f"{CUTS} cuts lost {lost_changes} writes and 0 of {len(answered)} answered callbacks, {spooled} were spooled"
    )


def _speak(caller: Caller, over: threading.Event, answered: list[tuple[Said, Answer]], name: str) -> None:
    mine = Random(name)
    count = 0
    while not over.is_set():
        count += 1
        said = says(person(mine.randrange(SENDERS)), f"{name}-{count}")
        answer = caller.send(said)
        if answer is not None and answer.taken:
            answered.append((said, answer))


def _wait_for(answered: list[tuple[Said, Answer]], count: int) -> None:
    until(lambda: len(answered) >= count, "some answers", PATIENCE)


def _lock_a_while(house: House) -> int:
    """Holds the database until callbacks are spooled; lets go before the cut, or SQLite would tidy up after it."""
    with house.locked():
        until(lambda: len(house.spooled()) >= HANDS, "spooled callbacks")
    house.store.close()
    return len(house.spooled())


def _nothing_answered_is_missing(house: House, answered: list[tuple[Said, Answer]]) -> None:
    keys = {row[0] for row in house.rows("SELECT key FROM inbox")}
    missing = [said for said, _ in answered if said.key not in keys]
    house.store.close()
    # Encrypted, so only counted: what is not in the books must be in the spool.
    assert len(missing) <= len(house.spooled()), f"{len(missing)} answered and lost"
