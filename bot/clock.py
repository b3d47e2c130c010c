"""The one clock: read once per piece of work and passed on as ``now``, never read inside a rule."""

from __future__ import annotations

import mmap
import struct
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

OFFSET = struct.Struct("<d")


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FollowingClock:
    """Follows the rehearsal platform's clock through a shared file of eight bytes.

    The file holds the platform's offset to real time in seconds (little-endian double). It is mapped into memory, so
    that every process sees a new offset at once and a read costs no system call.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._offset = mmap.mmap(file.fileno(), OFFSET.size, access=mmap.ACCESS_READ)

    def now(self) -> datetime:
        (offset,) = OFFSET.unpack(self._offset[: OFFSET.size])
        return datetime.fromtimestamp(time.time() + offset, UTC)


class SetClock:
    """Stands where it was put: for rehearsals and tests."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now
