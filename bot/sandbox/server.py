"""A small threaded HTTP/1.1 server for one WSGI application, and the process around it.

The kept servers do not fit here: granian and gunicorn hide the socket, which fault rules must reset in mid-answer,
and werkzeug's own closes the connection after every answer, which no client would measure itself against.
"""

import io
import logging
import os
import signal
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote_to_bytes

from .app import create_app
from .faults import Hangup
from .platform import Platform
from .settings import parse

log = logging.getLogger(__name__)

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
IDLE_SECONDS = 75
MOST_BODY = 64 * 1024 * 1024


class SandboxServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One thread per connection; connections are kept alive."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], app: Wsgi) -> None:
        self.app = app
        super().__init__(address, Handler)

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):  # clients may leave whenever they like
            log.exception("sandbox.connection_failed")


class Handler(BaseHTTPRequestHandler):
    """Reads one request after the other, hands each to the application, writes each answer in one piece."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: SandboxServer

    def handle_app(self) -> None:
        try:
            body = self._read_body()
        except ValueError:  # a chunk length that is no number
            self.send_error(400)
            return
        if body is None:
            return
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Callable[..., Any]:
            head[:] = [status, headers]
            return lambda _chunk: None

        try:
            chunks = self.server.app(self._environ(body), start_response)
            try:
                self._write(head, chunks)
            finally:
                close = getattr(chunks, "close", None)
                if close is not None:
                    close()
        except Hangup as hangup:
            self._hang_up(hangup)
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            log.exception("sandbox.request_failed path=%s", self.path.partition("?")[0])
            self.close_connection = True
            self.send_error(500)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = handle_app

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)

    def _read_body(self) -> bytes | None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._read_chunks()
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MOST_BODY:
            self.send_error(413)
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionError("the client left in the middle of its body")
        return body

    def _read_chunks(self) -> bytes | None:
        body = b""
        while size := int(self.rfile.readline(1024).split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline(3)
            if len(body) > MOST_BODY:
                self.send_error(413)
                return None
        while self.rfile.readline(1024) not in (b"\r\n", b"\n", b""):
            continue
        return body

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _mark, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,  # the body is whole here, even where it came in chunks
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            environ.setdefault(key, value)
        return environ

    def _write(self, head: list[Any], chunks: Iterable[bytes]) -> None:
        iterator = iter(chunks)
        first = next(iterator, b"")
        status, headers = head
        lines = [f"{self.protocol_version} {status}", *(f"{name}: {value}" for name, value in headers)]
        bare = self.command == "HEAD" or status.startswith(("204", "304"))
        if not bare and not any(name.lower() == "content-length" for name, _value in headers):
            self.close_connection = True  # a stream ends with its connection
        if self.close_connection:
            lines.append("Connection: close")
        top = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        self.connection.sendall(top if bare else top + first)
        if not bare:
            for chunk in iterator:
                self.connection.sendall(chunk)

    def _hang_up(self, hangup: Hangup) -> None:
        self.close_connection = True
        if hangup.sent is not None:
            top = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {hangup.declared}\r\n\r\n"
            self.connection.sendall(top.encode() + hangup.sent)
            return
        # linger 0: the close goes out as a reset instead of a polite end
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def serve(argv: Sequence[str]) -> int:
    """Run a sandbox until SIGTERM or SIGINT; returns the exit code. Prints one line with its address when ready."""
    parent = os.getppid()  # asked first: it may be gone before we are ready
    start = parse(argv)
    stop = threading.Event()
    try:
        server = SandboxServer((start.host, start.port), _not_yet)
    except OSError as error:
        print(f"演练平台起不来：--port {start.port} {error.strerror}；换一个端口，或用 --port 0", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    host, port = server.server_address[:2]
    address = f"http://{host!s}:{port}"
    try:
        platform = Platform(replace(start.settings, base_url=address))
    except (OSError, ValueError, KeyError) as error:
        print(f"演练平台起不来：{error}；检查 --state 和 --clock-file 的文件", file=sys.stderr)
        server.server_close()
        return 1
    server.app = create_app(platform)
    platform.start()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    print(f"演练平台已就绪：{address}  手机页面：{address}/phone/", flush=True)
    _wait(stop, parent if start.with_parent else None)
    server.shutdown()
    platform.close()
    server.server_close()
    return 0


def _wait(stop: threading.Event, parent: int | None) -> None:
    """Until told to stop or until the starting process, if one is named, is gone.

    Asking for the parent twice a second also works where it was started from a thread that has ended since, which
    PR_SET_PDEATHSIG would take for the death of the parent.
    """
    while not stop.wait(0.5):
        if parent is not None and os.getppid() != parent:
            return


def _not_yet(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("503 Service Unavailable", [("Content-Length", "0")])
    return [b""]
