"""Writes lines to a terminal, a file or a pipe without ever waiting for its reader."""

from __future__ import annotations

import os
import select
from collections import deque

# A pipe that polls writable takes this much without blocking.
LINE_AT_MOST = 4096
WAITING_AT_MOST = 2000


class Screen:
    """Lines that find no room wait, the oldest are dropped and counted: nobody reading must not stop the shop.

    (A program that starts us with a pipe and reads only the first lines fills that pipe after 64 KiB of log.)
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: deque[bytes] = deque()
        self._dropped = 0
        self._closed = False

    def say(self, text: str = "") -> None:
        """Shows ``text``, which may have several lines."""
        for line in text.split("\n"):
            self._put(line)
        self.flush()

    def log(self, name: str, line: str) -> None:
        """Shows one line of a part's log behind the part's name."""
        self._put(f"{name:<9} | {line}")
        self.flush()

    def flush(self) -> None:
        """Writes what the reader has room for."""
        while self._waiting and not self._closed and select.select([], [self._descriptor], [], 0)[1]:
            if self._dropped:
                self._write(f"…（{self._dropped} 行日志没来得及显示）\n".encode())
                self._dropped = 0
            else:
                self._write(self._waiting.popleft())

    def _put(self, line: str) -> None:
        if self._closed:
            return
        if len(self._waiting) >= WAITING_AT_MOST:
            self._waiting.popleft()
            self._dropped += 1
        self._waiting.append(line.encode(errors="replace")[: LINE_AT_MOST - 1] + b"\n")

    def _write(self, line: bytes) -> None:
        try:
            os.write(self._descriptor, line)
        except OSError:
            # The terminal or the reader is gone; the parts go on, and whoever closed it does not miss the lines.
            self._closed = True
            self._waiting.clear()
