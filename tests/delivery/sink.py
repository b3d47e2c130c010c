"""A platform for delivery's tests: answers as told, keeps a ledger of what each phone got, and honours mass keys."""

from __future__ import annotations

import asyncio
import os
import select
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson

CUSTOM = "/cgi-bin/message/custom/send"
MASS = "/cgi-bin/message/mass/send"
TEMPLATE = "/cgi-bin/message/template/send"
TOKENS = ("/cgi-bin/stable_token", "/cgi-bin/token")


@dataclass
class Fault:
    """What happens to the next ``times`` calls that match.

    ``act``: the message arrives all the same. ``how``: an errcode, or ``reset`` (the connection dies without an
    answer), ``hang`` (no answer ever), ``html`` (a gateway's page with status 502), ``silent`` (JSON without errcode).
    """

    how: int | str
    path: str = ""
    person: str = ""
    times: int = 1
    act: bool = False


@dataclass
class Platform:
    """``ledger``: one (person, path) a message that arrived; ``calls``: every body that came, by path."""

    latency: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    ledger: list[tuple[str, str]] = field(default_factory=list)
    calls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    url: str = ""
    token_refusal: int = 0
    tokens: int = 0

    def __post_init__(self) -> None:
        self._ear = os.pipe()
        self._words = ""
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(5)

    def heard(self, word: str) -> None:
        """What a forked worker has to say to the test."""
        os.write(self._ear[1], word.encode() + b" ")

    def words(self) -> list[str]:
        while select.select([self._ear[0]], [], [], 0)[0]:
            self._words += os.read(self._ear[0], 65536).decode()
        return self._words.split()

    def got(self) -> Counter[str]:
        """How many messages each person got."""
        return Counter(person for person, _path in self.ledger)

    def close(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)
            for end in self._ear:
                os.close(end)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._talk, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                path = head.split(" ", 2)[1].split("?")[0]
                length = next(
                    (
                        int(line.split(":")[1])
                        for line in head.split("\r\n")
                        if line.lower().startswith("content-length")
                    ),
                    0,
                )
                body = orjson.loads(await reader.readexactly(length)) if length else {}
                if self.latency and path not in TOKENS:
                    await asyncio.sleep(self.latency)
                answer = self._answer(path, body)
                if answer is None:
                    await asyncio.sleep(3600)
                if answer == b"":
                    writer.transport.abort()
                    return
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()

    def _answer(self, path: str, body: dict[str, Any]) -> bytes | None:
        if path in TOKENS and self.token_refusal:
            return _json({"errcode": self.token_refusal, "errmsg": "as told"})
        if path in TOKENS:
            self.tokens += 1
            return _json({"access_token": f"token-{self.tokens}", "expires_in": 7200})
        self.calls.setdefault(path, []).append(body)
        fault = self._fault(path, body)
        if fault is None:
            return _json(self._act(path, body))
        if fault.act:
            self._act(path, body)
        match fault.how:
            case "reset":
                return b""
            case "hang":
                return None
            case "html":
                page = b"<html>bad gateway</html>"
                return b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page)
            case "silent":
                return _json({})
            case code:
                return _json({"errcode": code, "errmsg": "as told"})

    def _fault(self, path: str, body: dict[str, Any]) -> Fault | None:
        for fault in self.faults:
            if fault.path in ("", path) and fault.person in ("", body.get("touser")):
                fault.times -= 1
                if fault.times == 0:
                    self.faults.remove(fault)
                return fault
        return None

    def _act(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path != MASS:
            self.ledger.append((body["touser"], path))
            return {"errcode": 0, "errmsg": "ok"} | ({"msgid": len(self.ledger)} if path == TEMPLATE else {})
        key = body["clientmsgid"]
        if key in self.jobs:
            return {"errcode": 45065, "errmsg": "clientmsgid exist", "msg_id": int(self.jobs[key])}
        self.jobs[key] = str(1000 + len(self.jobs))
        self.ledger += [(person, path) for person in body["touser"]]
        return {"errcode": 0, "errmsg": "send job submission success", "msg_id": int(self.jobs[key])}


def _json(body: dict[str, Any]) -> bytes:
    text = orjson.dumps(body)
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)
