"""A platform that answers at once, or after a set latency: ``python -m bench.sink PORT [LATENCY_SECONDS]``."""

from __future__ import annotations

import asyncio
import sys

OK = b'{"errcode":0,"errmsg":"ok"}'
TOKEN = b'{"access_token":"benchBenchBenchBench","expires_in":7200}'


def _answer(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Sink(asyncio.Protocol):
    """One connection. Requests come one after another, as HTTP/1.1 clients send them."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, some: bytes) -> None:
        self._received += some
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._received[:end].lower()
        at = head.find(b"content-length:")
        size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._received) < end + 4 + size:
            return
        self._received = b""
        answer = ANSWERS[b"/message/" in head[:80]]
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, answer)
        else:
            self._transport.write(answer)


# Whether it is a message; everything else a client asks here is a token.
ANSWERS = {True: _answer(OK), False: _answer(TOKEN)}


async def serve(port: int, latency: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Sink(latency), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.0))
