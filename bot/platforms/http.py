"""The one engine for calls to platforms: libcurl's multi interface with keep-alive, hundreds of calls in flight.

Its answers keep two failures apart that everything above depends on: ``not_sent`` (the platform cannot have seen the
request) and ``unclear`` (it may have acted on it). No call is ever sent twice by the engine itself.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import quote

import pycurl as _pycurl

from bot.store.killpoints import reach

# Its names are made in C when it is imported, where the type checker cannot see them.
pycurl: Any = _pycurl

CONNECT_SECONDS = 3.0
CALL_SECONDS = 8.0
ANSWER_BYTES = 5 * 1024 * 1024
# A connection the far end may be about to close is not worth its ambiguity: see _Line.seek.
IDLE_SECONDS = 15
TICK_SECONDS = 0.5

JSON_HEADERS = ("Content-Type: application/json; charset=utf-8",)
# Without these libcurl would ask permission before larger bodies, and tell the platform what we accept for no use.
_QUIET_HEADERS = ("Expect:", "Accept:")

T = TypeVar("T")
Failure = Literal["not_sent", "unclear"]

_IN_QUERY = re.compile(r"\b((?:access_token|appsecret|corpsecret|secret|ticket|code|key)=)[^&\s\"'<>]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart form."""

    field: str
    filename: str
    content_type: str
    content: bytes


class Request(NamedTuple):
    """One call. ``method`` GET or POST; a POST has ``body`` or ``files``; ``headers`` are whole lines, ``Name: value``.

    ``secrets`` are wiped from whatever the engine says about a failure. ``seconds``: for a call that may take longer than
    others, outside of any lease.
    """

    method: str
    url: str
    body: bytes | None = None
    headers: tuple[str, ...] = JSON_HEADERS
    files: tuple[Upload, ...] = ()
    secrets: tuple[str, ...] = ()
    seconds: float | None = None


class Answer(NamedTuple):
    """What came back. With ``failure``: ``status`` is 0, ``body`` empty and ``detail`` says why, without secrets."""

    status: int
    body: bytes
    failure: Failure | None = None
    detail: str = ""


def scrub(text: str, secrets: Sequence[str] = ()) -> str:
    """``text`` without the secrets given, plain or percent-encoded, and without values of telling query fields."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***").replace(quote(secret, safe=""), "***")
    return _IN_QUERY.sub(r"\1***", text)


class Width:
    """How many calls may be in flight: doubles after as many good answers, halves on a bad one.

    Answers to calls that were already out when the width changed count for nothing, so that one burst halves once.
    """

    def __init__(self, initial: int = 16, limit: int = 512) -> None:
        self.value = min(initial, limit)
        self._limit = limit
        self._good = 0
        self._stale = 0

    def good(self) -> None:
        if self._stale:
            self._stale -= 1
            return
        self._good += 1
        if self._good >= self.value and self.value < self._limit:
            self._change(min(self._limit, self.value * 2))

    def bad(self) -> None:
        if self._stale:
            self._stale -= 1
            return
        self._change(max(1, self.value // 2))

    def _change(self, value: int) -> None:
        # The answer that decides is one of those in flight itself.
        self._stale = self.value - 1
        self._good = 0
        self.value = value


class HttpEngine:
    """Makes calls. One engine per thread: it belongs to the thread that makes the first call, and to no forked child.

    ``connect_seconds`` and ``call_seconds`` are shortened by tests only: a call must end well inside a
    delivery's lease.
    """

    def __init__(
        self, *, limit: int = 512, connect_seconds: float = CONNECT_SECONDS, call_seconds: float = CALL_SECONDS
    ) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, limit)
        self._milliseconds = (int(connect_seconds * 1000), int(call_seconds * 1000))
        self._free: list[_Line] = []
        self._busy: dict[Any, tuple[_Line, Callable[[_Line, Answer], None]]] = {}
        self._user: tuple[int, int] | None = None

    def call(self, request: Request) -> Answer:
        """Makes one call and waits for it; calls of a stream that is open meanwhile go on."""
        answers: list[Answer] = []
        line = self._start(request, lambda _line, answer: answers.append(answer))
        try:
            while not answers:
                self._turn(TICK_SECONDS)
        finally:
            self._abandon(line)
        return answers[0]

    def rest(self, seconds: float) -> None:
        """Waits, while calls in flight go on."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._turn(min(left, TICK_SECONDS))

    def stream(
        self,
        source: Callable[[int], Sequence[tuple[T, Request]]],
        *,
        initial: int = 16,
        limit: int = 512,
        width: Width | None = None,
        idle: Callable[[], None] | None = None,
    ) -> Iterator[tuple[T, Answer]]:
        """Keeps calls in flight and yields each answer with its ticket, in the order they come.

        ``source(n)`` gives up to n further calls; it is asked when there is room, again after further answers, and the
        stream ends when it gives none with nothing in flight. ``width``: for a caller who judges the answers himself;
        else it grows from ``initial`` to ``limit`` by itself. ``idle`` is called at least every half second. Closing
        the iterator drops the calls in flight: what became of them is unclear.
        """
        pace = width or Width(initial, limit)
        arrived: deque[tuple[T, Answer]] = deque()
        flying: dict[_Line, T] = {}

        def arrive(line: _Line, answer: Answer) -> None:
            arrived.append((flying.pop(line), answer))
            if width is None:
                (pace.bad if answer.failure or answer.status != 200 else pace.good)()

        asked_at = 0.0
        try:
            while True:
                room, more = pace.value - len(flying), False
                # A source that was dry is asked again after an answer, or now and then: asking may cost a database.
                if room > 0 and (asked_at == 0 or time.monotonic() - asked_at >= TICK_SECONDS):
                    batch = source(room)
                    asked_at = 0.0 if batch else time.monotonic()
                    for ticket, request in batch:
                        flying[self._start(request, arrive)] = ticket
                    more = 0 < len(batch) < room
                    if not batch and not flying and not arrived:
                        return
                self._turn(TICK_SECONDS if flying and not arrived and not more else 0)
                reach("request_written")
                if idle is not None:
                    idle()
                if arrived:
                    asked_at = 0.0
                while arrived:
                    yield arrived.popleft()
        finally:
            for line in list(flying):
                self._abandon(line)

    def close(self) -> None:
        for line, _arrive in list(self._busy.values()):
            self._abandon(line)
        for line in self._free:
            line.curl.close()
        self._free.clear()
        self._multi.close()

    def _start(self, request: Request, arrive: Callable[[_Line, Answer], None]) -> _Line:
        # A fork inherits the open connections: two processes would write into one.
        user = (os.getpid(), threading.get_ident())
        if self._user != user:
            if self._user is not None:
                raise RuntimeError("an HttpEngine serves one thread of one process; build one for each")
            self._user = user
        line = self._free.pop() if self._free else _Line(*self._milliseconds)
        line.load(request)
        self._busy[line.curl] = (line, arrive)
        self._multi.add_handle(line.curl)
        return line

    def _abandon(self, line: _Line) -> None:
        """Gives up a call still in flight; libcurl closes its connection."""
        if self._busy.pop(line.curl, None) is not None:
            self._multi.remove_handle(line.curl)
            line.curl.close()

    def _turn(self, seconds: float) -> None:
        """Moves every call in flight along; waits up to ``seconds`` for the network if none of them ended."""
        if not self._busy:
            time.sleep(seconds)
            return
        self._multi.perform()
        if self._collect() or seconds <= 0:
            return
        own = self._multi.timeout()
        wait = seconds if own < 0 else min(seconds, own / 1000)
        began = time.monotonic()
        if not self._multi.select(wait) and time.monotonic() - began < 0.0005 < wait:
            # Nothing to select on, a name is being looked up: do not spin.
            time.sleep(min(wait, 0.005))
        self._multi.perform()
        self._collect()

    def _collect(self) -> bool:
        some = False
        while True:
            left, good, bad = self._multi.info_read()
            for curl in good:
                self._finish(curl, 0, "")
            for curl, code, words in bad:
                self._finish(curl, code, words)
            some = some or bool(good or bad)
            if not left:
                return some

    def _finish(self, curl: Any, code: int, words: str) -> None:
        line, arrive = self._busy.pop(curl)
        answer = line.answer(code, words)
        self._multi.remove_handle(curl)
        self._free.append(line)
        arrive(line, answer)


class _Line:
    """One reusable easy handle with what it is sending and has received."""

    __slots__ = (
        "_body",
        "_chunks",
        "_headers",
        "_length",
        "_milliseconds",
        "_read",
        "_secrets",
        "_size",
        "_url",
        "_usual",
        "curl",
    )

    def __init__(self, connect_milliseconds: int, call_milliseconds: int) -> None:
        self.curl = curl = pycurl.Curl()
        self._body: bytes | None = None
        self._read = 0
        self._usual = self._milliseconds = call_milliseconds
        self._chunks: list[bytes] = []
        self._size = 0
        self._headers: tuple[str, ...] | None = None
        self._url = ""
        # Of the body it is set up to send; -1: it is not set up for one.
        self._length = -1
        self._secrets: tuple[str, ...] = ()
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, connect_milliseconds)
        curl.setopt(pycurl.TIMEOUT_MS, call_milliseconds)
        curl.setopt(pycurl.TCP_NODELAY, 1)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        # An empty proxy also shuts out the environment's http_proxy: secrets go to the platform and nowhere else.
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        # HTTP/2 may hand refused streams back for a silent second try.
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.MAXAGE_CONN, IDLE_SECONDS)
        curl.setopt(pycurl.USERAGENT, "shuke")
        curl.setopt(pycurl.WRITEFUNCTION, self.take)
        curl.setopt(pycurl.READFUNCTION, self.read)
        curl.setopt(pycurl.SEEKFUNCTION, self.seek)

    def load(self, request: Request) -> None:
        """Sets up what is different from the call before; in a broadcast that is little."""
        curl = self.curl
        method, url, body, headers, files, self._secrets, seconds = request
        if files:
            body, headers = multipart(files)
        self._chunks.clear()
        self._size = 0
        self._read = 0
        self._body = body
        if url != self._url:
            curl.setopt(pycurl.URL, url)
            self._url = url
        if headers != self._headers:
            curl.setopt(pycurl.HTTPHEADER, [*headers, *_QUIET_HEADERS])
            self._headers = headers
        milliseconds = self._usual if seconds is None else int(seconds * 1000)
        if milliseconds != self._milliseconds:
            curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
            self._milliseconds = milliseconds
        if method == "POST":
            if not body:
                # With nothing to read back, libcurl could repeat it on a dead connection without asking seek().
                raise ValueError("a POST needs a body")
            if self._length < 0:
                curl.setopt(pycurl.POST, 1)
            if len(body) != self._length:
                curl.setopt(pycurl.POSTFIELDSIZE, len(body))
                self._length = len(body)
        elif method == "GET" and body is None:
            curl.setopt(pycurl.HTTPGET, 1)
            self._length = -1
        else:
            raise ValueError(f"{method} with this body is not spoken here; use GET or POST")

    def take(self, chunk: bytes) -> int:
        self._size += len(chunk)
        if self._size > ANSWER_BYTES:
            return 0
        self._chunks.append(chunk)
        return len(chunk)

    def read(self, size: int) -> bytes:
        chunk = (self._body or b"")[self._read : self._read + size]
        self._read += len(chunk)
        return chunk

    def seek(self, _offset: int, _origin: int) -> int:
        """Refuses to send a body again.

        When a kept connection dies before a byte of the answer, libcurl takes it for a stale one and repeats the
        request on a new connection, a POST too. The platform may have acted on the first, so a message would go out
        twice. libcurl must rewind the body to repeat it; refusing turns the repeat into an error (curl pull request
        18417 tells the same story).
        """
        return pycurl.SEEKFUNC_FAIL

    def answer(self, code: int, words: str) -> Answer:
        if not code:
            return Answer(self.curl.getinfo(pycurl.RESPONSE_CODE), b"".join(self._chunks))
        # libcurl asks for the body only once the connection stands, TLS included; headers alone make nobody act.
        # More cannot be proven. A kept connection the far end has closed already is found out before it is used, and
        # none older than IDLE_SECONDS is; but where the end comes while the body is on its way, a far end that read it,
        # acted and died looks just like one that had hung up before: unclear, however likely the second is.
        sent = self._read > 0 if self._body is not None else self.curl.getinfo(pycurl.REQUEST_SIZE) > 0
        if self._size > ANSWER_BYTES:
            words = f"the answer is longer than {ANSWER_BYTES} bytes"
        return Answer(0, b"", "unclear" if sent else "not_sent", scrub(f"curl {code}: {words}", self._secrets))


def multipart(files: Sequence[Upload]) -> tuple[bytes, tuple[str, ...]]:
    """Body and headers of a form; raises ValueError for a name that would break out of its header line."""
    boundary = "shuke-" + hashlib.sha256(b"\0".join(upload.content for upload in files)).hexdigest()[:32]
    parts: list[bytes] = []
    for upload in files:
        if any(mark in name for mark in '"\r\n' for name in (upload.field, upload.filename, upload.content_type)):
            raise ValueError("quotation marks and line breaks cannot stand in a form's names")
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{upload.field}"; filename="{upload.filename}"'
            f"\r\nContent-Type: {upload.content_type}\r\n\r\n"
        )
        parts += [head.encode(), upload.content, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), (f"Content-Type: multipart/form-data; boundary={boundary}",)
