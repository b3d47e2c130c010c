"""What stands on every phone, in order, and the ledger: everything the account ever made a phone show.

Both are append-only lists over the same records; the ledger is the judge of who got what.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from .stream import Stream


class Holder(Protocol):
    """Whoever a chat belongs to: a fan, a member or contact of the company, one of its groups."""

    unread: int
    received: int
    last_text: str | None
    last_at: float

    @property
    def openid(self) -> str: ...


class Parcel(NamedTuple):
    """One thing to show: how the phone page draws it (`type`, `text`, `payload`) and what was on the wire."""

    type: str
    text: str
    payload: dict[str, Any]
    msgtype: str
    content: Any


def system_line(text: str) -> Parcel:
    return Parcel("system", text, {}, "system", text)


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a chat; `sender` is account or person (company: a line of the client itself), `via` the way it came."""

    id: int
    at: float
    openid: str
    sender: str
    via: str
    type: str
    text: str
    payload: dict[str, Any]
    msgtype: str
    content: Any
    call_id: int | None

    def on_page(self) -> dict[str, Any]:
        shown = {"id": self.id, "at": self.at, "from": self.sender, "type": self.type, "text": self.text}
        return shown | {"via": self.via, "payload": self.payload}

    def in_ledger(self) -> dict[str, Any]:
        entry = {"id": self.id, "at": self.at, "openid": self.openid, "via": self.via}
        return entry | {"msgtype": self.msgtype, "content": self.content, "call_id": self.call_id}


class Phones:
    """All chats. The caller holds the platform's lock."""

    def __init__(self, now: Callable[[], float], stream: Stream, told_as: str = "message") -> None:
        self._now = now
        self._told_as = told_as
        self._stream = stream
        self.everything: list[Message] = []
        self._ledger: list[Message] = []
        self._chats: dict[str, list[Message]] = {}

    def show(self, fan: Holder, parcel: Parcel, *, sender: str, via: str, call_id: int | None = None) -> Message:
        """Put one message into a chat; what the account sent also stands in the ledger from the same moment."""
        number = self.everything[-1].id + 1 if self.everything else 1
        message = Message(number, self._now(), fan.openid, sender, via, *parcel, call_id)
        self._keep(message)
        fan.last_text, fan.last_at = parcel.text, message.at
        if sender == "account" or parcel.type == "task":
            fan.unread += 1
            fan.received += parcel.type != "system"
        self._stream.tell(self._told_as, message)
        return message

    def chat(self, openid: str, after: int) -> list[Message]:
        return _later_than(self._chats.get(openid, []), after)

    def at(self, number: int) -> Message:
        """The message of this id, which counts from 1 over all chats."""
        return self.everything[bisect_right(self.everything, number - 1, key=attrgetter("id"))]

    def ledger(self, openid: str | None, after: int) -> list[Message]:
        entries = _later_than(self._ledger, after)
        return entries if openid is None else [entry for entry in entries if entry.openid == openid]

    def load(self, saved: list[dict[str, Any]]) -> None:
        self.everything, self._ledger, self._chats = [], [], {}
        for entry in saved:
            self._keep(Message(**entry))

    def dump(self, start: int = 0) -> list[dict[str, Any]]:
        names = Message.__slots__
        return [{name: getattr(message, name) for name in names} for message in self.everything[start:]]

    def _keep(self, message: Message) -> None:
        self.everything.append(message)
        self._chats.setdefault(message.openid, []).append(message)
        if message.sender == "account" and message.type != "system":
            self._ledger.append(message)


def _later_than(messages: list[Message], after: int) -> list[Message]:
    return messages[bisect_right(messages, after, key=attrgetter("id")) :] if after else list(messages)
