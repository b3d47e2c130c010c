"""A scheduler in two processes that strike at once, one of which dies now and then in the middle of it."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

import places

from bot.rehearsal.shop import PlayedShop
from bot.store import killpoints
from bot.store.engine import open_store
from jobs.schedule import Entry

# Where one ends: after a statement, around a commit, and at the places the product names itself.
PLACES = ("statement", "commit", "committed")
NAMED = ("struck", "occurred", "reminded", "round begun", "occasion taken")
LATEST = {"statement": 25, "commit": 3, "committed": 3}


class DyingClock:
    """Strikes for `rehearse`; ``died`` counts the processes that were killed, at most ``deaths`` of them.

    ``share`` of the strikes are done by two processes at once, the others by one as usual.
    """

    def __init__(self, chance: random.Random, deaths: int, share: float) -> None:
        self._chance = chance
        self._deaths = deaths
        self._share = share
        self.died = 0

    def __call__(self, shop: PlayedShop, entries: Sequence[Entry]) -> int:
        if self._chance.random() < self._share:
            # Connections of this process must not be used, not even closed, by another.
            shop.store.close()
            doomed = self._place() if self.died < self._deaths else ""
            pids = [self._fork(shop, entries, doomed), self._fork(shop, entries, "")]
            ends = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
            assert ends[1] == 0
            assert ends[0] in (0, -signal.SIGKILL)
            self.died += ends[0] == -signal.SIGKILL
        # Whatever was left undone is done by the one that is started next.
        return shop.strike(entries)

    def _place(self) -> str:
        name = self._chance.choice((*PLACES, *NAMED))
        return f"{name}:{self._chance.randint(1, LATEST.get(name, 1))}"

    def _fork(self, shop: PlayedShop, entries: Sequence[Entry], doomed: str) -> int:
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            os.setpgid(0, 0)
            if doomed.partition(":")[0] in PLACES:
                places.die_at(doomed)
            elif doomed:
                killpoints._drill = killpoints._Drill(doomed)
            with closing(open_store(shop.settings.store_url)) as store:
                parts = replace(shop.parts, store=store, clients={}, bell=None)
                now = parts.clock.now()
                for entry in entries:
                    entry.strike(parts, now)
            code = 0
        finally:
            os._exit(code)
