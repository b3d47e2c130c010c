"""Which function answers what: handlers register by decorator, a reader says what a message means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from bot.platforms.messages import Inbound
from bot.store.transaction import Tx

Handler = TypeVar("Handler", bound=Callable[..., Any])
Foresight = Callable[[Sequence[Inbound], Tx], None]
Key = tuple[str, object]


class Reader(Protocol):
    """Turns a message into the answer by looking up handlers in the router; given by ``app.py``."""

    def __call__(self, router: Router, message: Inbound, tx: Tx) -> str | None: ...


class Router:
    """The table of handlers, one per (door, what was meant).

    Doors are ``staff``, ``customer``, ``event`` and ``confirmed``. The table closes at the first message: a handler
    that registers later would be ignored for some messages, so it is refused.
    """

    def __init__(self) -> None:
        self._handlers: dict[Key, Callable[..., Any]] = {}
        self._reader: Reader | None = None
        self._forget: Callable[[Tx, str, str, str], None] | None = None
        self._foresee: Foresight | None = None
        self._closed = False

    def staff(self, *intents: type) -> Callable[[Handler], Handler]:
        return self._register("staff", intents)

    def customer(self, *intents: type) -> Callable[[Handler], Handler]:
        return self._register("customer", intents)

    def event(self, *kinds: str) -> Callable[[Handler], Handler]:
        return self._register("event", kinds)

    def confirmed(self, *actions: str) -> Callable[[Handler], Handler]:
        return self._register("confirmed", actions)

    def read_with(self, reader: Reader, foresee: Foresight | None = None) -> None:
        self._reader, self._foresee = reader, foresee

    def foresee(self, messages: Sequence[Inbound], tx: Tx) -> None:
        """Reads ahead, for all messages at once, what `handle` will ask for each."""
        if self._foresee is not None:
            self._foresee(messages, tx)

    def forget_with(self, forget: Callable[[Tx, str, str, str], None]) -> None:
        self._forget = forget

    def forget(self, tx: Tx, account: str, person_id: str, *, answering: str) -> None:
        """Empties what the door has kept of a person's callbacks; ``answering`` is the key of the one being answered."""
        if self._forget is None:
            raise RuntimeError("the router cannot forget; app.py must call forget_with() before the first message")
        self._forget(tx, account, person_id, answering)

    def find(self, door: str, what: object) -> Callable[..., Any] | None:
        return self._handlers.get((door, what))

    def handle(self, message: Inbound, tx: Tx) -> str | None:
        """The reply to a message: Chinese text, empty where nothing is to be said, None where nobody handles its kind."""
        self._closed = True
        if self._reader is None:
            raise RuntimeError("the router has no reader; app.py must call read_with() before the first message")
        return self._reader(self, message, tx)

    def _register(self, door: str, names: tuple[object, ...]) -> Callable[[Handler], Handler]:
        def register(function: Handler) -> Handler:
            for name in names:
                if self._closed:
                    raise RuntimeError(f"{door} {name!r} registered after the first message; import it in handlers/")
                if (door, name) in self._handlers:
                    raise RuntimeError(f"{door} {name!r} has two handlers")
                self._handlers[door, name] = function
            return function

        return register
