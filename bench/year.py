"""A year of the shop's plans by a seed, twice: what was due, reminded, said and left out, and what the packets cost."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from bench.report import Section

FIRST = date(2027, 1, 1)
SEED = 2026
REASONS_SHOWN = 8


def measure(customers: int, days: int) -> Section:
    """Plays it twice at once, a core each: its numbers follow from the seed, nothing here is about speed."""
    section = Section(
        "A year of care",
        f"`shuke rehearse` from {FIRST} over {days} days with {customers:,} customers and every plan that ships switched on, "
        f"by seed {SEED}, twice. Judged by what the rehearsal platform's phones received.",
    )
    told, again = _both(customers, days)
    fates, money = told["fates"], told["money"]
    section.add("occasions due, and staff reminded of before", f"{told['occasions']} and {told['reminded']}")
    section.add("customers named by them, and by their own days and orders", f"{told['named']:,}")
    said = ", ".join(f"{fate.replace('_', ' ')} {count:,}" for fate, count in fates.items())
    section.add("what became of them", said, "adds up", sum(fates.values()) == told["named"])
    for reason, count in _most(told["reasons"]):
        section.add(f"left out: {reason}", f"{count:,}")
    rest = told["money"]["planned_fen"] - money["done_fen"] - money["open_fen"] - money["cancelled_fen"]
    planned = f"{_yuan(money['planned_fen'])} planned, {_yuan(money['done_fen'])} of it handed out"
    section.add(f"red packets ({money['packets']})", planned, "adds up", rest == 0)
    booked = f"{_yuan(money['booked_fen'])} in the book, {_yuan(money['spent_fen'])} by the plans"
    section.add("what they cost", booked, "the same", money["booked_fen"] == money["spent_fen"])
    wrong = "; ".join(told["wrong"][:3]) or "0"
    section.add("two on one day, at night, late, unwanted, unbooked", wrong, "0", not told["wrong"])
    same = {**told, "seconds": 0} == {**again, "seconds": 0}
    section.add("the second run", "identical" if same else "another", "identical", same)
    section.add("messages, and the time to play it", f"{told['messages']:,} in {told['seconds']:.0f} s")
    return section


def _most(reasons: Mapping[str, int]) -> list[tuple[str, int]]:
    by_count = sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    rest = sum(count for _reason, count in by_count[REASONS_SHOWN:])
    return [*by_count[:REASONS_SHOWN], *([("others", rest)] if rest else [])]


def _yuan(fen: int) -> str:
    return f"¥{fen / 100:,.2f}"


def _both(customers: int, days: int) -> list[dict[str, Any]]:
    argv = (sys.executable, "-m", "bench.year", str(customers), str(days))
    # The bench keeps to one core; here is nothing beside which another must be quiet.
    cores = range(os.cpu_count() or 1)
    running = []
    for number in range(2):
        running.append(subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        os.sched_setaffinity(running[-1].pid, {cores[number % len(cores)]})
    told = []
    for process in running:
        out, err = process.communicate()
        if process.returncode:
            raise RuntimeError(f"the year could not be played: {err[-1000:]}")
        told.append(json.loads(out))
    return told


def main() -> None:
    import app
    from bot import settings
    from bot.rehearsal.year import Wanted, rehearse

    customers, days = (int(word) for word in sys.argv[1:])
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="shuke-year-") as folder:
        shop = settings.load(None, {}, Path(folder))
        wanted = Wanted(FIRST, days, customers, SEED)
        played = rehearse(app.building(), shop, wanted, None, tell=lambda words: print(words, file=sys.stderr))
    digest = hashlib.sha256("\n".join(message.as_json() for message in played.messages).encode()).hexdigest()
    told = {**played.totals(), "wrong": played.wrong, "digest": digest, "seconds": time.monotonic() - began}
    print(json.dumps(told, ensure_ascii=False))


if __name__ == "__main__":
    main()
