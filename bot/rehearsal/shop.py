"""A whole shop in one process: the real parts, the rehearsal platform with its phones, and only the wire in between.

What people say reaches the shop as sealed callbacks; what the shop sends goes over HTTP to a port the platform answers
on. Nothing moves by itself: whoever plays puts the clock, strikes it and lets a worker work.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from sqlalchemy import text

from bot.clock import Clock
from bot.gateway.webhook import Door
from bot.sandbox import Platform, create_app
from bot.sandbox.callbacks import Outcome
from bot.sandbox.fans import Fan
from bot.sandbox.phones import Message
from bot.sandbox.server import SandboxServer
from bot.settings import Settings
from bot.store.engine import Store
from bot.store.transaction import reading
from jobs import delivery
from jobs.parts import Parts
from jobs.schedule import SCHEDULE, Entry

if TYPE_CHECKING:
    from flask import Flask

ACCOUNT = "main"
ANSWER_SECONDS = 60.0  # real ones: a machine may be busy


class OpenDoor(Protocol):
    def __call__(self, settings: Settings, clock: Clock, *, played: bool) -> Door: ...


@dataclass(frozen=True, slots=True)
class Building:
    """What ``app.py`` hands over: the parts as every process of the shop builds them, and a new database in its place."""

    set_up: Callable[[Settings], None]
    open_door: OpenDoor
    create_parts: Callable[[Settings, Clock], Parts]
    invite: Callable[[Settings, Clock, str], str]


class PlatformPort:
    """A port on which the platform that is being played answers."""

    def __init__(self) -> None:
        self._server = SandboxServer(("127.0.0.1", 0), lambda _environ, _start: [])
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def answers_for(self, platform: Platform) -> Flask:
        app = self._server.app = create_app(platform)
        return app

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class PlatformClock:
    """The platform's clock, as the shop's parts read it."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._platform.clock.now(), UTC)


class PlayedShop:
    """The shop, its clock and its platform. ``web``, ``parts`` and ``store`` are the product's own.

    ``platform_of`` makes the platform, given how its pushes reach the shop; ``clock_of`` the shop's clock, which must
    follow the platform's; ``played``: see `Inbox`.
    """

    def __init__(
        self,
        building: Building,
        settings: Settings,
        port: PlatformPort,
        platform_of: Callable[[Callable[..., tuple[int, bytes]]], Platform],
        clock_of: Callable[[Platform], Clock] = PlatformClock,
        *,
        played: bool = True,
    ) -> None:
        self._building = building
        self._played = played
        self._looker: sqlite3.Connection | None = None
        self.settings = settings
        self.platform = platform_of(self._push)
        self.control = port.answers_for(self.platform)
        self.clock = clock_of(self.platform)
        self._door = self._opened()
        self.parts = building.create_parts(settings, self.clock)
        # What is due at a moment is done at it, on a slow machine too.
        self.parts.turn_seconds = ANSWER_SECONDS
        self.store: Store = self.parts.store

    @property
    def web(self) -> Flask:
        return self._door.web

    def _opened(self) -> Door:
        return self._building.open_door(self.settings, self.clock, played=self._played)

    def _push(self, method: str, url: str, body: bytes, headers: Any, _seconds: float) -> tuple[int, bytes]:
        parts = urlsplit(url)
        answer = self.web.test_client().open(
            f"{parts.path}?{parts.query}", method=method, data=body, headers=dict(headers)
        )
        return answer.status_code, answer.data

    def restart_door(self) -> None:
        """The web process starts anew, and has forgotten how many lines somebody sent just before."""
        self._door.close()
        self._door = self._opened()

    def close(self) -> None:
        self.platform.close()
        self._door.close()
        if self._looker is not None:
            self._looker.close()
        self.parts.close()

    def invitation(self, role: str = "staff") -> str:
        """A code as the command line prints it."""
        return self._building.invite(self.settings, self.clock, role)

    # -- time ---------------------------------------------------------------------------------------------------------

    def moment(self, local: str) -> datetime:
        """An hour of the shop's zone (``2026-09-21 10:00``)."""
        return datetime.fromisoformat(local).replace(tzinfo=self.settings.timezone)

    def at(self, local: str) -> None:
        """Puts the clock of platform and shop to an hour in the shop's zone."""
        self.platform.set_clock(self.moment(local).timestamp())

    def later(self, **span: float) -> None:
        self.platform.set_clock(self.platform.clock.now() + timedelta(**span).total_seconds())

    def strike(self, entries: Iterable[Entry] = SCHEDULE) -> int:
        """One tick of the scheduler; returns how many things it did."""
        now = self.parts.clock.now()
        return sum(entry.strike(self.parts, now) for entry in entries)

    def work(self) -> None:
        """One round of a worker: everything that waits in spool, inbox, notices and outbox."""
        delivery.sweep(self.parts)
        for chore in self.parts.chores:
            chore.do()
        while self.parts.inbox():
            pass
        self.send()

    def send(self) -> None:
        """What is due goes out, and what phones say to that comes in."""
        while delivery.drain(self.parts):
            pass
        self.settle()

    def goes_on(self, **span: float) -> None:
        """A while passes in which scheduler and worker do what is due."""
        self.later(**(span or {"seconds": 10}))
        self.strike()
        self.work()
        # What phones and jobs report is due a moment later on the platform, and closes what was begun.
        self.later(seconds=5)
        self.settle()
        self.strike()
        self.work()

    def settle(self) -> None:
        """Waits until the shop has answered everything the platform had to push."""
        assert self.platform.settle(ANSWER_SECONDS), "a push was never answered"

    # -- people -------------------------------------------------------------------------------------------------------

    def take_in(self, people: int) -> None:
        """Lets a worker take in so many who followed before the shop came."""
        for _ in range(people // 1000 + 60):
            self.work()
            (known,) = self.rows("SELECT COUNT(*) FROM customers WHERE NOT is_staff")
            if known[0] >= people:
                return
        raise AssertionError(f"{known[0]} of {people} followers were taken in")

    def act(self, what: Callable[..., Any], fan: Fan, *more: str) -> str:
        """Somebody does something with their phone; returns what they read at once, empty where there is no answer."""
        reply = self._read(self._begin(what, fan, *more))
        return "" if reply is None else str(reply.text)

    def act_at_once(self, doings: Iterable[tuple[Any, ...]]) -> None:
        """Many do something, one right after another, and the shop may take it up together."""
        for outcome in [self._begin(what, fan, *more) for what, fan, *more in doings]:
            self._read(outcome)

    def _begin(self, what: Callable[..., Any], fan: Fan, *more: str) -> Outcome:
        # Events carry whole seconds and no number: one person never does two things in the same.
        self.later(seconds=1)
        with self.platform.lock:
            _line, outcome = what(self.platform, fan, *more)
        return outcome

    def _read(self, outcome: Outcome) -> Message | None:
        assert outcome.done.wait(ANSWER_SECONDS), "somebody was never answered"
        return outcome.reply

    # -- what there is to see -----------------------------------------------------------------------------------------

    def changes(self) -> int:
        """Another number whenever anybody has written to the database since; of SQLite only."""
        if self._looker is None:
            self._looker = sqlite3.connect(self.settings.store_url.removeprefix("sqlite:///"), isolation_level=None)
        return int(self._looker.execute("PRAGMA data_version").fetchone()[0])

    def rows(self, statement: str, **given: Any) -> list[Any]:
        with reading(self.store, self.clock) as tx:
            return list(tx.execute(text(statement), given).all())
