"""While the database is locked or away callbacks are answered all the same; none is lost, none has two effects."""

from __future__ import annotations

import time

import pytest
from callers import Caller, all_at_once, person, says
from house import ONE_IF_SMALL, House, until
from stand_ins import PostgreSQL, Town

ACKNOWLEDGED = "收到，已经转给店里。店员看到后会亲自回您。"


def said_by(shop: House, openid: str) -> list[str]:
    """What the shop has heard of this person, in its own order."""
    return [row[0] for row in shop.rows("SELECT text FROM utterances WHERE person_id = :who ORDER BY id", who=openid)]


def test_a_locked_database(shop: House, town: Town) -> None:
    shop.open()
    people = town.people[:4]
    with shop.locked():
        outcomes = all_at_once(
            lambda openid: [town.says(openid, words)["outcome"] for words in ("一", "二")], people, hands=4
        )
        assert outcomes == [["success", "success"]] * 4
        assert len(shop.spooled()) == 8
    worker = shop.start("worker")
    until(lambda: len(town.ledger()) == 4, "everybody's answer")
    worker.kill()
    assert shop.spooled() == []
    assert [said_by(shop, openid) for openid in people] == [["一", "二"]] * 4
    assert sorted(town.ledger()) == sorted((openid, ACKNOWLEDGED) for openid in people)


@ONE_IF_SMALL
def test_what_is_handled_too_late_for_its_answer_is_answered_later(shop: House, town: Town) -> None:
    """The second callback's turn comes while it waits; its patience ends before its turn does."""
    shop.open()
    first, second = town.people[:2]
    with shop.locked():

        def speak(openid: str) -> str:
            if openid == second:
                time.sleep(0.5)
            return str(town.says(openid, "在吗")["outcome"])

        assert all_at_once(speak, (first, second), hands=2) == ["success", "success"]
    worker = shop.start("worker")
    until(lambda: shop.spooled() == [], "an empty spool")
    until(lambda: len(town.ledger()) == 2, "both answers", 10)
    worker.kill()
    assert [said_by(shop, openid) for openid in (first, second)] == [["在吗"], ["在吗"]]


@ONE_IF_SMALL
def test_it_dies_between_the_spool_and_the_answer(shop: House, town: Town) -> None:
    caller = Caller(shop.port, now=lambda: shop.clock.now().timestamp())
    said = says(town.people[0], "在吗", at=shop.clock.now().timestamp())
    door = shop.open(dies="renamed:1")
    with shop.locked():
        assert caller.send(said) is None
        until(lambda: door.code is not None, "the end of the web part")
        assert len(shop.spooled()) == 1
    shop.open()
    with shop.locked():
        answer = caller.send(said)
        assert answer is not None
        assert answer.body == b"success"
        assert len(shop.spooled()) == 2
    shop.work_off()
    assert said_by(shop, said.sender) == ["在吗"]
    assert shop.value("SELECT count(*) FROM inbox") == 1


@ONE_IF_SMALL
def test_a_spool_that_takes_nothing_sends_the_platform_away(house: House) -> None:
    house.open()
    caller = Caller(house.port)
    said = says(person(1), "在吗")
    house.spool.rmdir()
    house.spool.write_text("a file where the folder should be")
    with house.locked():
        answer = caller.send(said)
        assert answer is not None
        assert answer.status == 503
    answer = caller.send(said)
    assert answer is not None
    assert answer.reply == ACKNOWLEDGED


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_database_that_is_away(shop: House, postgresql: PostgreSQL, town: Town) -> None:
    shop.open().kill()
    postgresql.crash()
    shop.open()
    people = town.people[:3]
    outcomes = all_at_once(
        lambda openid: [town.says(openid, words)["outcome"] for words in ("一", "二")], people, hands=3
    )
    assert outcomes == [["success", "success"]] * 3
    assert len(shop.spooled()) == 6
    postgresql.start()
    three = town.replies(people[0], "三")
    worker = shop.start("worker")
    until(lambda: len(town.ledger()) == 3 - bool(three), "the answers")
    worker.kill()
    assert shop.spooled() == []
    assert sorted(said_by(shop, people[0])) == sorted(["一", "二", "三"])
    assert [said_by(shop, openid) for openid in people[1:]] == [["一", "二"]] * 2


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_it_starts_while_the_database_is_locked(house: House) -> None:
    with house.locked():
        house.open()
        answer = Caller(house.port).send(says(person(1), "在吗"))
        assert answer is not None
        assert answer.body == b"success"
    assert len(house.spooled()) == 1
    house.work_off()
    assert said_by(house, person(1)) == ["在吗"]
