"""A secret of the installation that lies beside the database and never in it."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from pathlib import Path

_KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)


class KeyFile:
    """64 hexadecimal digits in a file only its owner may read. ``given`` stands in for the file where it is not empty.

    ``verified``: the database has been asked, and this is the key it knows.
    """

    def __init__(self, path: Path, given: str = "") -> None:
        self.path = path
        self.verified = False
        self._key = given

    def read(self) -> str:
        """The key, empty where there is none yet. Raises ValueError for a file that holds something else."""
        if not self._key:
            try:
                written = self.path.read_text(encoding="ascii").strip()
            except FileNotFoundError:
                return ""
            if not _KEY.fullmatch(written):
                raise ValueError(f"{self.path} does not hold 64 hexadecimal digits")
            self._key = written
        return self._key

    def make(self, key: str = "") -> str:
        """Writes ``key``, or a new one, unless there is one already; returns the one that stands."""
        if not self.read():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)  # 0600 from the start
            try:
                with os.fdopen(handle, "w", encoding="ascii") as file:
                    file.write(f"{key or secrets.token_hex(32)}\n")
                    file.flush()
                    os.fsync(file.fileno())
                # Of several parts that start at once the first one's key stands, and nobody ever reads half a key.
                os.link(name, self.path)
            except FileExistsError:
                pass
            finally:
                os.unlink(name)
            self._flush_folder()
        return self.read()

    def _flush_folder(self) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
