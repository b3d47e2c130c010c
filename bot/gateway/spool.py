"""The spool: callbacks on disk while the database is locked or away, in the order they came."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson

log = logging.getLogger(__name__)

CAPACITY = 20_000  # files; beyond it the platform keeps the message and tries again itself


@dataclass(frozen=True, slots=True)
class Spooled:
    """A verified request as it came; ``received_at`` on the shop's clock, aware."""

    account: str
    query: dict[str, list[str]]
    body: bytes
    received_at: datetime


class SpoolFull(Exception):
    """Nothing more can be written; the platform is to try again."""


class Spool:
    """A folder of raw requests, each written, flushed and renamed before the platform is told that we have it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._count = 0
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, request: Spooled) -> None:
        """Keeps a verified request. Raises SpoolFull, also for a disk that refuses."""
        record = orjson.dumps(
            {
                "account": request.account,
                "query": request.query,
                "body": request.body.decode("latin-1"),
                "received_at": request.received_at,
            }
        )
        with self._lock:
            self._count += 1
            name = f"{time.time_ns():020d}-{os.getpid()}-{self._count:06d}"
            try:
                if self._count % 256 == 1 and sum(1 for _ in self._folder.iterdir()) >= CAPACITY:
                    raise SpoolFull(f"{CAPACITY} callbacks wait in {self._folder}")
                self._write(name, record)
            except OSError as failure:
                raise SpoolFull(f"{self._folder}: {failure.strerror}") from failure

    def _write(self, name: str, record: bytes) -> None:
        partial = self._folder / f"{name}.part"
        with partial.open("wb") as file:
            file.write(record)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(self._folder / f"{name}.json")
        # The new name itself must survive a power cut as well.
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def waiting(self) -> Iterator[tuple[Path, Spooled]]:
        """Every spooled request with its file, oldest first; a file that cannot be read is set aside and logged."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                record = orjson.loads(path.read_bytes())
                request = Spooled(
                    account=str(record["account"]),
                    query=record["query"],
                    body=record["body"].encode("latin-1"),
                    received_at=datetime.fromisoformat(record["received_at"]),
                )
            except FileNotFoundError:
                continue  # another worker drained it between the listing and the reading
            except (ValueError, KeyError, TypeError):
                log.error("spool_unreadable file=%s", path.name)
                path.rename(path.with_suffix(".bad"))
                continue
            yield path, request
