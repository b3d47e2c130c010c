"""The platform's end of the wire for these tests: a real socket that notes what arrives and answers as told."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

CLOSE = "close"  # the request was read and acted upon, the connection ends without an answer
RESET = "reset"  # the same, with a TCP reset
HANG = "hang"  # no answer, the connection stays


@dataclass(frozen=True)
class Heard:
    """One request as it arrived; ``connection`` counts from 1."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Reply = bytes | str


class FarEnd:
    """Answers every request with what ``answer(heard)`` returns: the bytes of an HTTP answer, CLOSE, RESET or HANG."""

    def __init__(self, answer: Callable[[Heard], Reply]) -> None:
        self.answer = answer
        self.heard: list[Heard] = []
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        # Without the shutdown a thread waiting in accept() would keep the port listening.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            connection.close()

    def paths(self) -> list[str]:
        return [heard.path for heard in self.heard]

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            number += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection.makefile("rb") as stream:
            while True:
                try:
                    heard = _read(stream, number)
                except OSError:
                    return
                if heard is None:
                    return
                with self._lock:
                    self.heard.append(heard)
                reply = self.answer(heard)
                if isinstance(reply, bytes):
                    connection.sendall(reply)
                elif reply == HANG:
                    continue
                else:
                    if reply == RESET:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    break
        connection.shutdown(socket.SHUT_RDWR) if reply == CLOSE else None
        connection.close()


def _read(stream: Any, number: int) -> Heard | None:
    start = stream.readline()
    if not start:
        return None
    method, target, _version = start.decode().split()
    headers: dict[str, str] = {}
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return Heard(method, target, headers, body, number)


def answer(content: Any = None, *, status: int = 200, raw: bytes | None = None) -> bytes:
    """The bytes of one HTTP answer: JSON of ``content``, or ``raw`` as it is."""
    body = json.dumps(content, ensure_ascii=False).encode() if raw is None else raw
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
