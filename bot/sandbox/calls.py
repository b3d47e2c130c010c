"""One API call and the table of interfaces: what each needs before its own code may look at it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import Refused

if TYPE_CHECKING:
    from .platform import Platform

DAY_UNSTATED = 1_000_000  # where the manual names no daily number


class Picture(NamedTuple):
    """An answer that is a file instead of JSON."""

    content: bytes
    content_type: str


class Upload(NamedTuple):
    """One file of a multipart body."""

    filename: str
    content: bytes


@dataclass(slots=True)
class Ask:
    """One call as it came in; `body` is filled when the checks have reached it, `twists` by fault rules."""

    id: int
    method: str
    path: str
    query: dict[str, str]
    raw: bytes
    address: str
    now: float
    uploads: dict[str, Upload] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    twists: dict[str, dict[str, Any]] = field(default_factory=dict)

    def text(self, name: str, missing: int = 40035) -> str:
        """A required text field of the body; `Refused` with `missing` when it is absent, empty or no text."""
        value = self.body.get(name)
        if not isinstance(value, str) or not value:
            raise Refused(missing)
        return value

    def number(self, name: str, missing: int = 40035) -> int:
        """A required whole number; a numeric text is taken too, as the platform does."""
        value = self.body.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refused(missing)
        return value

    def openids(self, most: int, name: str = "openid_list", excess: int = 40032) -> list[str]:
        """A list of 1…`most` openids without repeats."""
        listed = self.body.get(name)
        if not isinstance(listed, list) or not all(isinstance(openid, str) for openid in listed):
            raise Refused(40035 if listed is not None else 41009)
        if not 1 <= len(listed) <= most:
            raise Refused(excess)
        return list(dict.fromkeys(listed))

    def read_body(self, form: str) -> None:
        """Fill `body` from JSON: `Refused` 44002 when empty (unless "optional"), 47001 when unreadable."""
        if form == "optional" and not self.raw.strip():
            return
        if not self.raw.strip():
            raise Refused(44002)
        try:
            body = json.loads(self.raw.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise Refused(47001) from error
        if not isinstance(body, dict):
            raise Refused(47001)
        self.body = body


Run = Callable[["Platform", Ask], "dict[str, Any] | Picture"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One interface: its method, what guards it, and the plain function that answers.

    `counter` names the path whose day and minute counters it draws from; `service` marks what only service accounts
    (服务号) may call; `body` is json, optional, form or none.
    """

    method: str
    path: str
    run: Run
    counter: str
    day: int
    minute: int | None
    token: bool
    service: bool
    body: str


ENDPOINTS: dict[str, Endpoint] = {}


def endpoint(
    method: str,
    path: str,
    *,
    day: int = DAY_UNSTATED,
    minute: int | None = None,
    counter: str | None = None,
    token: bool = True,
    service: bool = False,
    body: str | None = None,
) -> Callable[[Run], Run]:
    """Register the function that answers a real path; two for one path is a mistake and says so."""

    def register(run: Run) -> Run:
        if path in ENDPOINTS:
            raise ValueError(f"two functions answer {path}")
        form = body or ("json" if method == "POST" else "none")
        ENDPOINTS[path] = Endpoint(method, path, run, counter or path, day, minute, token, service, form)
        return run

    return register


def standard_counters() -> dict[str, float]:
    """The default day and minute limits of every interface, as names for `Limits`."""
    counters: dict[str, float] = {}
    for entry in ENDPOINTS.values():
        if entry.counter == entry.path:
            counters[f"day:{entry.path}"] = entry.day
            if entry.minute is not None:
                counters[f"minute:{entry.path}"] = entry.minute
    return counters
