"""Twenty places and a crowd that asks at once: twenty get one, the others a number in the queue, nobody an error."""

from __future__ import annotations

import re
from collections.abc import Callable

from callers import Caller, Said, all_at_once, person, says
from house import FULL, House

CROWD = 1_000 if FULL else 60
PLACES = 20


def test_a_crowd_asks_for_twenty_places(house: House, figure: Callable[[str], None]) -> None:
    ports = [house.port] if house.store.sqlite else [house.port, house.another_port()]
    for port in ports:
        house.open(port=port)
    doors = [Caller(port) for port in ports]
    owner = person(10**6)
    assert "王姐" in _answer(house, doors[0], says(owner, f"绑定 {house.invitation()} 王姐"))
    assert "活动 1" in _answer(house, doors[0], says(owner, f"活动 新建 茶会 明天14:00 名额{PLACES} 地点 本店"))
    asked = [says(person(number), "报名 1") for number in range(CROWD)]
    assert all(all_at_once(lambda said: doors[int(said.key[2:]) % len(doors)].deliver(said), asked, hands=48))
    house.work_off()
    # A repeat gets the same answer; who had to wait too long on a busy machine hears it now.
    repeated = [doors[0].deliver(said) for said in asked]
    replies = [answer.reply for answer in repeated if answer]
    queue = [re.search(r"候补第 (\d+) 位", reply) for reply in replies]
    given = {
        person(number): reply for number, (reply, place) in enumerate(zip(replies, queue, strict=True)) if not place
    }
    assert len(given) == PLACES
    assert all("茶会" in reply and "没有处理好" not in reply for reply in replies)
    assert sorted(int(place[1]) for place in queue if place) == list(range(1, CROWD - PLACES + 1))
    assert (house.value("SELECT taken FROM activities"), _signed_up(house, "in")) == (PLACES, sorted(given))
    waiting = [person(number) for number, place in enumerate(queue) if place]
    in_order = sorted(waiting, key=lambda openid: int(queue[int(openid[-9:])][1]))  # type: ignore[index]
    assert _queue(house) == in_order, "the queue is in the order people were told"
    figure(f"{CROWD} asked, {len(given)} got a place, {len(waiting)} wait in order, 0 errors")


def _signed_up(house: House, state: str) -> list[str]:
    found = house.rows(
        "SELECT person_id FROM sign_ups JOIN identities USING (customer_id) WHERE state = :state ORDER BY person_id",
        state=state,
    )
    return [row[0] for row in found]


def _answer(house: House, door: Caller, said: Said) -> str:
    """The answer to a line; on a machine so busy that the door gave up waiting, what a repeat of it hears."""
    answer = door.deliver(said)
    if not (answer and answer.reply):
        house.work_off()
        answer = door.deliver(said)
    return answer.reply if answer else ""


def _queue(house: House) -> list[str]:
    found = house.rows(
        "SELECT person_id FROM sign_ups JOIN identities USING (customer_id) WHERE state = 'waiting' "
        "ORDER BY queued_at, sign_ups.id"
    )
    return [row[0] for row in found]
