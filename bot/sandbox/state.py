"""Keeping a sandbox across restarts: one JSON file that is replaced as a whole, and the messages beside it.

Messages only ever grow, so they are appended to `<file>.messages`, one JSON object a line; the state says how many
bytes of it belong to it, and what a crash left behind them is cut off.
"""

import json
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .corp import saving
from .phones import Phones

if TYPE_CHECKING:
    from .platform import Platform

VERSION = 1
ROOMS = [
    *("limits", "agenda", "calls", "faults", "fans", "tags", "tokens", "quotas"),
    *("menus", "channels", "articles", "templates", "mass"),
]


def dump(platform: "Platform", *, whole: bool) -> dict[str, Any]:
    """Everything as JSON-able objects; `whole` includes messages and media contents."""
    state: dict[str, Any] = {"version": VERSION, "seed": platform.chance.seed, "numbers": platform.numbers}
    state |= {"offset": platform.clock.offset, "account": platform.account}
    state |= {room: getattr(platform, room).dump() for room in ROOMS}
    state |= {"media": platform.media.dump(contents=whole), "pushes": platform.pushes.dump()}
    state["corp"] = saving.dump(platform.corp)
    if whole:
        state["messages"] = platform.phones.dump()
        state["corp_messages"] = platform.corp.phones.dump()
    return state


def check(saved: dict[str, Any]) -> None:
    """`ValueError` unless this is a whole dump of this version."""
    if saved.get("version") != VERSION:
        raise ValueError(f"this state has version {saved.get('version')}, this sandbox reads version {VERSION}")
    wanted = {"seed", "numbers", "offset", "account", "media", "pushes", "messages", *ROOMS}
    if missing := wanted - saved.keys():
        raise ValueError(f"this is not a whole dump: {', '.join(sorted(missing))} missing")


def load(platform: "Platform", state: dict[str, Any]) -> None:
    """Put a whole dump into a platform; the account values it was started with win over the saved ones.

    A state from before there was a company leaves the company as it is.
    """
    platform.chance.seed = state["seed"]
    platform.numbers = state["numbers"]
    platform.clock.set_offset(state["offset"])
    platform.account = state["account"] | platform.settings.chosen()
    for room in ROOMS:
        getattr(platform, room).load(state[room])
    platform.media.load(state["media"])
    platform.phones.load(state["messages"])
    if "corp" in state:
        saving.load(platform.corp, state["corp"], state.get("corp_messages", []))
    platform.pushes.load(state["pushes"])


class MessageFile:
    """Messages that only ever grow, one JSON object a line; what a crash left behind the known end is cut off."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = 0
        self._bytes = 0

    def read(self, size: int) -> list[dict[str, Any]]:
        """The messages in the first so many bytes."""
        if not size and not self._path.exists():
            return []
        with self._path.open("r+b") as file:
            kept = file.read(size)
            file.truncate(len(kept))
        messages = [json.loads(line) for line in kept.splitlines()]
        self._written, self._bytes = len(messages), len(kept)
        return messages

    def start_anew(self) -> None:
        self._written = self._bytes = 0

    def take(self, phones: Phones) -> tuple[int, bytes, int]:
        """Where the new lines begin, the lines, and where they end; called under the platform's lock."""
        fresh = phones.dump(self._written)
        lines = "".join(json.dumps(message, ensure_ascii=False) + "\n" for message in fresh).encode()
        start, self._written = self._bytes, self._written + len(fresh)
        self._bytes += len(lines)
        return start, lines, self._bytes

    def append(self, start: int, lines: bytes) -> None:
        with self._path.open("r+b" if start else "wb") as file:
            file.seek(start)
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())


class StateFile:
    """The files of one sandbox."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._messages = MessageFile(path.with_name(path.name + ".messages"))
        self._corp_messages = MessageFile(path.with_name(path.name + ".corp.messages"))
        self._saving = threading.Lock()

    def restore(self, platform: "Platform") -> bool:
        """Fill the platform from the files; False when there is nothing to restore."""
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return False
        state = json.loads(self._path.read_text(encoding="utf-8"))
        state["messages"] = self._messages.read(state["message_bytes"])
        state["corp_messages"] = self._corp_messages.read(state.get("corp_message_bytes", 0))
        check(state)
        load(platform, state)
        return True

    def start_anew(self) -> None:
        """The messages written so far belong to an earlier life; called under the platform's lock."""
        self._messages.start_anew()
        self._corp_messages.start_anew()

    def save(self, platform: "Platform") -> float:
        """Write what has changed; returns the seconds it took under the platform's lock."""
        with self._saving:
            started = time.perf_counter()
            with platform.lock:
                platform.dirty = False
                state = dump(platform, whole=False)
                start, lines, state["message_bytes"] = self._messages.take(platform.phones)
                corp_start, corp_lines, state["corp_message_bytes"] = self._corp_messages.take(platform.corp.phones)
                text = json.dumps(state, ensure_ascii=False)
            took = time.perf_counter() - started
            self._messages.append(start, lines)
            self._corp_messages.append(corp_start, corp_lines)
            draft = self._path.with_name(self._path.name + ".new")
            draft.write_text(text, encoding="utf-8")
            draft.replace(self._path)
        return took
