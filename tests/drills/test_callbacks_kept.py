"""What was answered is kept, whatever kills the web part; what comes again has its effect once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from random import Random

from callers import Answer, Caller, Said, all_at_once, person, says, taps
from house import FULL, PATIENCE, House, Part, until

KILLS = 1_000 if FULL else 5
CALLBACKS = 100_000 if FULL else 300
SENDERS = 400
HANDS = 6


class Kept:
    """What the shop's books say became of messages."""

    def __init__(self, house: House) -> None:
        self.rows = {row.key: row for row in house.rows("SELECT key, state, reply FROM inbox")}
        self.effects = Counter(row[0] for row in house.rows("SELECT text FROM utterances"))
        self.people = Counter(row[0] for row in house.rows("SELECT person_id FROM identities"))


def test_no_answered_callback_is_lost_by_kills(house: House, chance: Random, figure: Callable[[str], None]) -> None:
    caller = Caller(house.port)
    door = house.open()
    is_open, over = threading.Event(), threading.Event()
    is_open.set()
    answered: list[tuple[Said, Answer]] = []
    given_up: list[Said] = []

    def go_on(number: int) -> None:
        mine = Random(f"{number}")
        count = 0
        while not over.is_set():
            count += 1
            said = says(person(mine.randrange(SENDERS)), f"第{number}号线第{count}句")
            answer = caller.deliver(said, pause=lambda: is_open.wait(PATIENCE))
            if answer is None:
                given_up.append(said)
            else:
                answered.append((said, answer))

    threads = [threading.Thread(target=go_on, args=(number,)) for number in range(HANDS)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(KILLS):
            _wait_for(answered, len(answered) + chance.randrange(1, 40))
            is_open.clear()
            chance.choices((Part.kill, Part.kill_parent, Part.kill_child), (8, 1, 1))[0](door)
            door = house.open()
            is_open.set()
    finally:
        over.set()
        is_open.set()
        for thread in threads:
            thread.join()
    house.work_off()
    kept = Kept(house)
    lost = [said for said, _ in answered if said.key not in kept.rows]
    assert not lost, f"{len(lost)} answered and lost"
    assert {row.state for row in kept.rows.values()} == {"done"}
    assert all(kept.effects[said.words] == 1 for said, _ in answered)
    assert all(kept.effects[said.words] == (said.key in kept.rows) for said in given_up)
    assert all(answer.reply == kept.rows[said.key].reply for said, answer in answered if answer.reply)
    assert set(kept.people.values()) == {1}
    figure(f"{KILLS} kills, {len(answered)} answered, 0 lost, {len(given_up)} never answered")


def _wait_for(answered: list[tuple[Said, Answer]], count: int) -> None:
    until(lambda: len(answered) >= count, "some answers")


def test_it_dies_around_the_commit(house: House) -> None:
    caller = Caller(house.port)
    before, after = says(person(1), "提交之前"), says(person(2), "提交之后")
    house.start("db", "upgrade").wait()  # so that the first start has nothing to commit
    for said, place in ((before, "commit:1"), (after, "committed:1")):
        door = house.open(dies=place)
        assert caller.send(said) is None
        door.wait()
        assert Kept(house).effects[said.words] == (place == "committed:1")
    house.open()
    replies = [caller.deliver(said) for said in (before, after)]
    assert all(answer and answer.reply for answer in replies), "the answer that was lost comes with the repeat"
    kept = Kept(house)
    assert (kept.effects["提交之前"], kept.effects["提交之后"]) == (1, 1)


def test_repeated_shuffled_and_replayed_callbacks_have_one_effect_each(
    house: House, chance: Random, figure: Callable[[str], None]
) -> None:
    ports = [house.port] if house.store.sqlite else [house.port, house.another_port()]
    for port in ports:
        house.open(port=port)
    callers = [Caller(port) for port in ports]
    said = [_anything(number, chance) for number in range(CALLBACKS)]
    sealed = [(one, *callers[0].sealed(one.xml)) for one in said]
    again = [(one, *callers[0].sealed(one.xml)) for one in chance.sample(said, CALLBACKS * 3 // 10)]
    replayed = chance.sample(sealed, CALLBACKS // 100)
    posts = [*sealed, *again, *replayed]
    chance.shuffle(posts)
    answers = all_at_once(
        lambda post: chance.choice(callers).post(post[1], post[2], sender=post[0].sender), posts, hands=4 * HANDS
    )
    assert [answer for answer in answers if answer is None or not answer.taken] == []
    stale = [callers[0].post(*callers[0].sealed(one.xml, age=700)) for one in said[:3]]
    assert [answer.status for answer in stale if answer] == [403, 403, 403]
    house.work_off()
    kept = Kept(house)
    assert len(kept.rows) == CALLBACKS
    assert {row.state for row in kept.rows.values()} == {"done"}
    assert kept.effects == Counter(one.words for one in said)
    assert sum(kept.people.values()) == len({one.sender for one in said})
    _same_answer_for_all(posts, answers)
    figure(f"{len(posts)} posts of {CALLBACKS} callbacks, {kept.effects.total()} effects")


def _anything(number: int, chance: Random) -> Said:
    sender = person(chance.randrange(CALLBACKS // 30))
    words = f"在吗{number}"
    # A tap on a menu word that is no command is read like a line; it has no MsgId.
    return taps(sender, words) if number % 5 == 0 else says(sender, words)


def _same_answer_for_all(posts: list[tuple[Said, str, bytes]], answers: list[Answer | None]) -> None:
    """A repeat gets what the first got."""
    replies: dict[str, set[str]] = {}
    for (said, _target, _body), answer in zip(posts, answers, strict=True):
        if answer is not None:
            replies.setdefault(said.words, set()).add(answer.reply)
    assert {words for words, given in replies.items() if len(given) > 1} == set()
