"""Somebody sends faster than a person types: every line is kept and worked off, and one polite line says so."""

import time
from threading import Thread

from jobs.hands import POLL_SECONDS, Hands

LINES = 300


def flood(shop, person, count=LINES, threads=4):
    """Sends the lines as fast as it goes; the answers in order."""
    answers = [""] * count

    def send(first):
        for number in range(first, count, threads):
            answers[number] = shop.read(shop.push(person.text_xml(f"第{number:03}句", 10_000 + number)))

    running = [Thread(target=send, args=(first,)) for first in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return answers


def test_nothing_is_lost_and_one_line_says_it_takes_a_moment(shop, boss, mei):
    answers = flood(shop, mei)
    assert sum("一条一条" in answer for answer in answers) == 1
    (waiting,) = shop.rows("SELECT COUNT(*) AS rows FROM inbox WHERE state = 'received'")
    assert waiting.rows > 0
    while shop.rows("SELECT id FROM inbox WHERE state = 'received' LIMIT 1"):
        shop.work()
    assert sorted(record["text"] for record in shop.export("messages")) == [
        f"第{number:03}句" for number in range(LINES)
    ]


def test_others_are_answered_meanwhile(shop, boss, mei, lan):
    sender = Thread(target=flood, args=(shop, mei))
    sender.start()
    answers = [lan.says("我的") for _ in range(5)]
    sender.join()
    assert all("阿兰" in answer for answer in answers)


def test_a_worker_goes_on_until_nothing_waits(shop, boss, mei):
    flood(shop, mei, count=700)
    hands = Hands(shop.parts)
    hands.start()
    try:
        deadline = time.monotonic() + 3 * POLL_SECONDS  # a hundred at every look would take twice as long
        while shop.rows("SELECT id FROM inbox WHERE state = 'received' LIMIT 1"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        hands.stop()
        hands.join()
