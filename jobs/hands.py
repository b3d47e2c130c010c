"""The one thread of a worker that does the work, whoever asked for it: a bell, or the next chore's time.

One thread, because the engine for platform calls belongs to one, and because then it makes no difference whether Redis
lives: bells only shorten the wait.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from jobs.delivery import drain, sweep
from jobs.parts import Chore, Parts

log = logging.getLogger(__name__)

# Every worker looks into the database this often, bells or not.
POLL_SECONDS = 5.0
LOOK_UP_SECONDS = 0.2


class Hands(threading.Thread):
    """Works from ``start`` to ``stop``."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(name="hands", daemon=True)
        self._parts = parts
        self._asked: OrderedDict[tuple[str, str], threading.Event] = OrderedDict()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._bells = {"inbox": self._work_off, "clock": parts.strike}
        self._chores = (
            Chore("sweep", POLL_SECONDS, lambda: sweep(parts), always=True),
            Chore("inbox", POLL_SECONDS, self._work_off, always=True),
            *parts.chores,
            Chore("drain", POLL_SECONDS, lambda: self._drain("")),
        )
        self._due = {chore.name: 0.0 for chore in self._chores}

    def ask(self, bell: str, argument: str) -> None:
        """Asks for work and waits until it is done, or the hands stop."""
        with self._changed:
            if self.stopping:
                return
            done = self._asked.setdefault((bell, argument), threading.Event())
            self._changed.notify()
        done.wait()

    def stop(self) -> None:
        """Begins nothing new; the calls in flight are finished and the rest is given back."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def run(self) -> None:
        try:
            while not self.stopping:
                answered = self._answer_a_bell()
                self._do_chores(self._chores)
                if not answered:
                    self._rest()
        finally:
            unasked = not self.stopping
            self._stopping.set()
            with self._changed:
                for done in self._asked.values():
                    done.set()
            if unasked:
                # The main thread hears only Redis: without hands the process must end, so that another is started.
                os.kill(os.getpid(), signal.SIGTERM)
            if self._parts.engine is not None:
                self._parts.engine.close()

    def _answer_a_bell(self) -> bool:
        with self._changed:
            if not self._asked:
                return False
            (bell, argument), done = self._asked.popitem(last=False)
        try:
            self._try(bell, self._bells.get(bell) or (lambda: self._drain(argument)))
        finally:
            done.set()
        return True

    def _drain(self, account: str) -> None:
        if drain(self._parts, account, stopping=self._stopping.is_set, pulse=self._pulse):
            self._go_on_later("drain", account)

    def _work_off(self) -> None:
        if self._parts.inbox():
            self._go_on_later("inbox", "")

    def _go_on_later(self, bell: str, argument: str) -> None:
        """Others have a turn first; nobody waits for the rest."""
        with self._changed:
            self._asked.setdefault((bell, argument), threading.Event())

    def _pulse(self) -> None:
        """A drain may last: what must not wait for it is done in between."""
        self._do_chores([chore for chore in self._chores if chore.always])

    def _do_chores(self, chores: tuple[Chore, ...] | list[Chore]) -> None:
        for chore in chores:
            if not self.stopping and time.monotonic() >= self._due[chore.name]:
                self._try(chore.name, chore.do)
                self._due[chore.name] = time.monotonic() + chore.seconds

    def _try(self, name: str, do: Callable[[], object]) -> None:
        try:
            do()
        except SQLAlchemyError as error:
            # A database's words name the row it refused, openid and all: where it happened is told, what it said is not.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("worker.failed work=%s error=%s\n%s", name, type(error).__name__, where)
        except Exception:
            # A worker outlives whatever one piece of work meets; rows keep their own failures, this is for the rest.
            log.exception("worker.failed work=%s", name)

    def _rest(self) -> None:
        with self._changed:
            wait = min(self._due.values()) - time.monotonic()
            if not self._asked and wait > 0:
                # A signal handler must not take a lock to wake us, so we look up now and then.
                self._changed.wait(min(wait, LOOK_UP_SECONDS))
