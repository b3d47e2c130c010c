"""A shop whose parts are processes of their own, as in earnest: to be opened, killed and looked into by drills."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import SystemRandom
from typing import Any

import pytest
from nursery import Nursery
from sqlalchemy import text

import app
from bot import settings
from bot.cli.ports import Ports
from bot.clock import FollowingClock, SystemClock
from bot.sandbox import DEMO_AES_KEY, DEMO_APP_ID, DEMO_SECRET, DEMO_TOKEN
from bot.store.engine import Store, open_store

FULL = os.environ.get("SHUKE_DRILLS") == "full"
PATIENCE = 120.0 if FULL else 60.0
ACCOUNT = "main"
# For drills in which the kind of database matters less than the minutes of `make test`.
ONE_IF_SMALL = pytest.mark.parametrize("database", ["sqlite", "postgresql"] if FULL else ["sqlite"], indirect=True)
NOBODY = "http://127.0.0.1:9"
# Below the ports that the kernel gives to whoever asks for any.
FIRST_PORT, LAST_PORT = 20_000, 32_000

CONFIGURATION = """\
[shop]
name = "小雨服饰"
[web]
listen = "127.0.0.1:{port}"
[store]
url = "{store_url}"
[redis]
url = "{redis_url}"
[limits]
quiet_hours = ""
[delivery]
lease_seconds = {lease_seconds}
[[accounts]]
name = "{account}"
app_id = "{app_id}"
secret = "{secret}"
token = "{token}"
aes_key = "{aes_key}"
api_base_url = "{platform_url}"
"""


def until(holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> float:
    """Waits until something holds; returns how long that took. Fails with ``what`` when it does not."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() < began + seconds, f"in {seconds:.0f} s: {what} never came to pass"
        time.sleep(0.02)
    return time.monotonic() - began


class Part:
    """One process of the shop, with what it has forked."""

    def __init__(self, nursery: Nursery, name: str, pid: int, log: Path) -> None:
        self._nursery = nursery
        self.name = name
        self.pid = pid
        self.log = log

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it lives."""
        return self._nursery.ended(self.pid)

    def kill(self) -> None:
        """``kill -9`` for all of it at once, and waits until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()

    def kill_parent(self) -> None:
        """``kill -9`` for the process itself only; what it has forked has to notice."""
        os.kill(self.pid, signal.SIGKILL)
        until(lambda: self.code is not None and not self._group_lives(), f"the end of all of {self.name}")

    def kill_child(self) -> None:
        """``kill -9`` for what it has forked only; the process itself has to notice."""
        for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        self.wait()

    def wait(self) -> int:
        """Waits for its end; returns the exit code."""
        until(lambda: self.code is not None, f"the end of {self.name}")
        code = self.code
        assert code is not None
        return code

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def _group_lives(self) -> bool:
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


class House:
    """The shop: its configuration, its processes, and its database to look into."""

    def __init__(
        self,
        folder: Path,
        nursery: Nursery,
        *,
        store_url: str,
        redis_url: str = "unix:///nowhere/redis.sock",
        platform_url: str = NOBODY,
        lease_seconds: int = 2,
        clock_file: Path | None = None,
    ) -> None:
        self.folder = folder
        self._nursery = nursery
        self._ports = Ports().__enter__()
        self.port = self._free_port()
        self._started: list[Part] = []
        self._environ = {"SHUKE_CLOCK_FILE": str(clock_file)} if clock_file else {}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "logs").mkdir(exist_ok=True)
        config = folder / "config.toml"
        config.write_text(
            CONFIGURATION.format(
                port=self.port,
                store_url=store_url,
                redis_url=redis_url,
                lease_seconds=lease_seconds,
                account=ACCOUNT,
                app_id=DEMO_APP_ID,
                secret=DEMO_SECRET,
                token=DEMO_TOKEN,
                aes_key=DEMO_AES_KEY,
                platform_url=platform_url,
            ),
            encoding="utf-8",
        )
        self.settings = settings.load(config, {}, folder)
        self.clock = FollowingClock(clock_file) if clock_file else SystemClock()
        self.store: Store = open_store(self.settings.store_url, pool_size=2)

    def _free_port(self) -> int:
        chance = SystemRandom()
        while not self._ports.take("127.0.0.1", port := chance.randrange(FIRST_PORT, LAST_PORT)):
            continue
        return port

    # -- its processes ------------------------------------------------------------------------------------------------

    def start(self, name: str, *words: str, dies: str = "", **environ: str) -> Part:
        """Starts ``shuke NAME``; ``dies`` names a place of `places` at which it ends."""
        log = self.folder / "logs" / f"{len(self._started):03}-{name}.log"
        line = [name, "--config", "config.toml", *words]
        pid = self._nursery.start(line, folder=self.folder, log=log, environ=self._environ | environ, dies=dies)
        self._started.append(Part(self._nursery, name, pid, log))
        return self._started[-1]

    def open(self, *, port: int | None = None, dies: str = "", environ: Mapping[str, str] | None = None) -> Part:
        """Starts the web part and waits until it answers; another ``port``: one more of them."""
        port = port or self.port
        part = self.start("web", "--listen", f"127.0.0.1:{port}", dies=dies, **(environ or {}))
        until(lambda: self.answers(port) or part.code is not None, "an answer of the web part")
        assert part.code is None, f"the web part did not start:\n{part.said()}"
        return part

    def another_port(self) -> int:
        return self._free_port()

    def answers(self, port: int | None = None) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port or self.port), timeout=2.0) as connection:
                connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
                return connection.recv(5) == b"HTTP/"
        except OSError:
            return False

    def close(self) -> None:
        """Kills what is left; shows the ends of the logs, which pytest prints where a drill has failed."""
        for part in self._started:
            if part.code is None:
                part.kill()
        for part in self._started[-8:]:
            print(f"--- {part.log.name} (exit {part.code})\n{part.said()[-1500:]}")
        self.store.close()
        self._ports.__exit__()

    # -- what is in its books -----------------------------------------------------------------------------------------

    def rows(self, statement: str, **given: Any) -> list[Any]:
        with self.store.engine.connect().execution_options(shuke_writes=False) as connection:
            return list(connection.execute(text(statement), given).all())

    def value(self, statement: str, **given: Any) -> Any:
        return self.rows(statement, **given)[0][0]

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Somebody else holds the database: on SQLite its one writer, on PostgreSQL the inbox."""
        with self.store.engine.begin() as connection:
            if not self.store.sqlite:
                connection.execute(text("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE"))
            yield

    @property
    def spool(self) -> Path:
        return self.settings.state_folder / "spool"

    def spooled(self) -> list[Path]:
        """The callbacks waiting on disk, oldest first."""
        return sorted(self.spool.glob("*.json"))

    def invitation(self, role: str = "owner") -> str:
        """A code as the command line prints it."""
        return app.invite(self.settings, self.clock, role)

    def work_off(self) -> None:
        """Lets a worker do what is left in spool and inbox."""
        if self._is_worked_off():
            return
        worker = self.start("worker")
        until(self._is_worked_off, "an empty spool and inbox")
        worker.kill()

    def _is_worked_off(self) -> bool:
        return not self.spooled() and not self.waiting()

    def waiting(self) -> int:
        return int(self.value("SELECT count(*) FROM inbox WHERE state = 'received'"))
