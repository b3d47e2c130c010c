"""The load generator: raw keep-alive connections on one epoll, far faster than any server it measures."""

from __future__ import annotations

import gc
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

RECEIVE = 65536
PATIENCE = 20.0


@dataclass
class Load:
    """What became of the requests: ``latencies`` in seconds, ``sample`` the body of the first answer."""

    seconds: float = 0.0
    failed: int = 0
    latencies: list[float] = field(default_factory=list)
    sample: bytes = b""

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def p99(self) -> float:
        return sorted(self.latencies)[int(len(self.latencies) * 0.99)]


class _Connection:
    """One keep-alive connection with at most one request on its way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self._received = b""

    def send(self, request: bytes, began: float) -> None:
        self.began = began
        # A request fits into the socket's buffer, so that this never waits.
        self.socket.sendall(request)

    def answer(self) -> tuple[int, bytes] | None:
        """Status and body once they are complete. Raises ConnectionError where the server hung up."""
        some = self.socket.recv(RECEIVE)
        if not some:
            raise ConnectionError("the server closed a kept connection")
        received = self._received = self._received + some
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = received[:end].lower()
        at = head.find(b"\r\ncontent-length:")
        if at < 0:
            raise ConnectionError("an answer without Content-Length")
        line_end = head.find(b"\r\n", at + 2)
        size = int(head[at + 17 : line_end if line_end > 0 else end])
        if len(received) < end + 4 + size:
            return None
        self._received = b""
        return int(received[9:12]), received[end + 4 :]


def closed_loop(port: int, requests: Sequence[bytes], *, connections: int = 16) -> Load:
    """Sends all requests, each connection the next one as soon as it has its answer."""
    return _Run(port, requests, connections).play(None)


def fixed_rate(port: int, requests: Sequence[bytes], per_second: float, *, connections: int = 64) -> Load:
    """Sends the requests at a fixed rate, whatever the answers do; latency counts from the moment each was due."""
    return _Run(port, requests, connections).play(1 / per_second)


class _Run:
    def __init__(self, port: int, requests: Sequence[bytes], connections: int) -> None:
        self._requests = requests
        self._next = 0
        self._load = Load()
        self._selector = selectors.EpollSelector()
        self._free: list[_Connection] = []
        for _ in range(connections):
            connection = _Connection(port)
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
            self._free.append(connection)

    def play(self, interval: float | None) -> Load:
        gc.collect()
        gc.disable()
        try:
            self._play(interval)
        finally:
            gc.enable()
            for key in list(self._selector.get_map().values()):
                key.data.socket.close()
            self._selector.close()
        return self._load

    def _play(self, interval: float | None) -> None:
        began = time.perf_counter()
        total, load = len(self._requests), self._load
        while len(load.latencies) + load.failed < total:
            wait = self._send_due(began, interval)
            events = self._selector.select(wait)
            if not events and wait == PATIENCE:
                raise TimeoutError(f"no answer for {PATIENCE:.0f} s")
            now = time.perf_counter()
            for key, _mask in events:
                self._receive(key.data, now)
        load.seconds = time.perf_counter() - began

    def _send_due(self, began: float, interval: float | None) -> float:
        """Sends what is due on the free connections; returns how long nothing else is."""
        while self._free and self._next < len(self._requests):
            now = time.perf_counter()
            due = now if interval is None else began + self._next * interval
            if due > now:
                return due - now
            self._free.pop().send(self._requests[self._next], due)
            self._next += 1
        return PATIENCE

    def _receive(self, connection: _Connection, now: float) -> None:
        answer = connection.answer()
        if answer is None:
            return
        status, body = answer
        if status == 200:
            self._load.latencies.append(now - connection.began)
            self._load.sample = self._load.sample or body
        else:
            self._load.failed += 1
        self._free.append(connection)
