"""The built parts that jobs work with; ``app.py`` makes one set a process and hands it to the loop that runs there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.clock import Clock
from bot.platforms.http import HttpEngine
from bot.settings import Settings
from bot.store.bell import Bell
from bot.store.engine import Store
from bot.store.speed import Speed
from bot.store.transaction import Tx

# Other things strike in the same tick.
TURN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Chore:
    """Something a worker does every ``seconds``; it must return within seconds and go on at its next turn.

    ``always``: also while messages are being sent; such a chore only reads and writes the database, and is quick.
    """

    name: str
    seconds: float
    do: Callable[[], object]
    always: bool = False


def _nothing(*_given: object) -> None:
    """What happens where a process has no part for it."""


@dataclass
class Parts:
    """What a worker or scheduler process has.

    ``clients``: a platform client for each account by name, all on ``engine``; a worker uses them in one thread only.
    ``speeds``: for accounts whose speed is set, by name.
    ``learned(tx, account, person_id, relation)`` hears what answers say about people, ``alarm(tx, account, text)`` what
    the owner should know, both in the transaction that records the answer. ``inbox`` works off received rows and says
    whether more may wait, ``strike`` does what the clock asks for; ``chores`` are done every so often, whether Redis
    lives or not. So long as ``turn_seconds`` may an entry of the schedule work at a tick; the rest goes on at the next.
    ``slots``: the fields of an account's template, by account and template, once the platform has told them.
    """

    store: Store
    clock: Clock
    bell: Bell | None
    settings: Settings
    clients: Mapping[str, Any] = field(default_factory=dict)
    engine: HttpEngine | None = None
    speeds: Mapping[str, Speed] = field(default_factory=dict)
    learned: Callable[[Tx, str, str, str], None] = _nothing
    alarm: Callable[[Tx, str, str], None] = _nothing
    inbox: Callable[[], bool] = lambda: False
    strike: Callable[[], object] = _nothing
    chores: Sequence[Chore] = ()
    turn_seconds: float = TURN_SECONDS
    slots: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def close(self) -> None:
        """Lets go of platforms, bell and database; nothing here is used any more."""
        if self.engine is not None:
            self.engine.close()
        if self.bell is not None:
            self.bell.close()
        self.store.close()
