"""The sandbox's own clock: it ticks like the real one, shifted by an offset that other processes read from a file."""

import os
import struct
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")  # the platform counts its days in Beijing time


class Clock:
    """Seconds since the epoch as the sandbox sees them.

    With a file, the offset (sandbox minus real, 8 bytes, little-endian IEEE double) stands there before anybody can see
    the new time; it is overwritten in place, so a process may keep the file mapped.
    """

    def __init__(self, offset: float, file: Path | None) -> None:
        self.offset = offset
        self._file = None if file is None else os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._publish()

    def now(self) -> float:
        return time.time() + self.offset

    def set(self, now: float) -> None:
        self.offset = now - time.time()
        self._publish()

    def set_offset(self, offset: float) -> None:
        self.offset = offset
        self._publish()

    def real_wait(self, moment: float) -> float:
        """Real seconds until the sandbox reaches `moment`; 0 when it is past."""
        return max(0.0, moment - self.now())

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _publish(self) -> None:
        if self._file is not None:
            os.pwrite(self._file, struct.pack("<d", self.offset), 0)


class StandingClock(Clock):
    """Stands where it was put: what is played on it has the same seconds every time."""

    def __init__(self, offset: float) -> None:
        self._now = time.time() + offset
        super().__init__(offset, None)

    def now(self) -> float:
        return self._now

    def set(self, now: float) -> None:
        self._now = now

    def set_offset(self, offset: float) -> None:
        self._now = time.time() + offset


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, SHANGHAI).isoformat(timespec="seconds")


def day_of(moment: float) -> str:
    """The Beijing calendar day, the span of every daily quota."""
    return time.strftime("%Y-%m-%d", time.gmtime(moment + 8 * 3600))  # no summer time since 1991


def month_of(moment: float) -> str:
    return day_of(moment)[:7]


def read_moment(text: str) -> float:
    """Epoch seconds of an ISO time; without a zone it is Shanghai's. `ValueError` says what was expected."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text}: not a time. Write 2026-11-22T10:00:00+08:00") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=SHANGHAI)
    return moment.timestamp()
