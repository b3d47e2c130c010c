"""A message that cannot be handled is tried three times, then set aside and shown; nobody else waits for it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from callers import Caller, person
from house import House, until
from sqlalchemy import text

SOUR = """
CREATE TRIGGER sour BEFORE INSERT ON sign_ups WHEN NEW.customer_id IN ({people})
BEGIN SELECT RAISE(ABORT, 'sour'); END
"""
SOUR_POSTGRESQL = """
CREATE FUNCTION sour() RETURNS trigger AS $$ BEGIN RAISE unique_violation; END $$ LANGUAGE plpgsql;
CREATE TRIGGER sour BEFORE INSERT ON sign_ups FOR EACH ROW WHEN (NEW.customer_id IN ({people})) EXECUTE FUNCTION sour()
"""


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    file = tmp_path / "clock"
    put_clock(file, timedelta(0))
    return file


def put_clock(file: Path, ahead: timedelta) -> None:
    """Lets the shop's clock go so much ahead of the machine's; every process sees it at once."""
    with file.open("r+b" if file.exists() else "wb") as content:
        content.write(struct.pack("<d", ahead.total_seconds()))


def test_bad_messages_stop_nobody(build: Callable[..., House], database: str, clock_file: Path) -> None:
    house = build(database, clock_file=clock_file)
    house.open()
    caller = Caller(house.port, now=lambda: house.clock.now().timestamp())
    owner, *people = map(person, range(5))
    caller.ask(owner, f"绑定 {house.invitation()} 王姐")
    caller.ask(owner, "活动 新建 茶会 明天14:00 名额20")
    for one in people:
        caller.ask(one, "你好")
    sour(house, people[:3])
    assert all("没有处理好" in caller.ask(one, "报名 1") for one in people[:3])
    assert "茶会" in caller.ask(people[3], "报名 1")
    sweet(house)
    sour(house, people[:2])
    worker = house.start("worker")
    put_clock(clock_file, timedelta(minutes=1))
    until(lambda: states(house).get(people[2]) == ("done", 2), "the good second try")
    put_clock(clock_file, timedelta(minutes=5))
    until(lambda: [states(house).get(one) for one in people[:2]] == [("quarantined", 3)] * 2, "two put aside")
    assert worker.code is None
    told = house.rows("SELECT text FROM notices WHERE kind = 'quarantine'")
    assert len(told) == 2
    assert "茶会" in caller.ask(people[3], "我的")


def states(house: House) -> dict[str, tuple[str, int]]:
    found = house.rows("SELECT sender, state, attempts FROM inbox WHERE kind = 'text' ORDER BY id")
    return {row.sender: (row.state, row.attempts) for row in found}


def sour(house: House, people: list[str]) -> None:
    """From now on these people's sign-ups break the database's rules."""
    listed = ", ".join(f"'{one}'" for one in people)
    numbers = house.rows(f"SELECT customer_id FROM identities WHERE person_id IN ({listed})")
    statement = SOUR if house.store.sqlite else SOUR_POSTGRESQL
    change(house, statement.format(people=", ".join(str(row[0]) for row in numbers)))


def sweet(house: House) -> None:
    change(house, "DROP TRIGGER sour" if house.store.sqlite else "DROP FUNCTION sour CASCADE")


def change(house: House, statement: str) -> None:
    with house.store.engine.begin() as connection:
        connection.execute(text(statement))
