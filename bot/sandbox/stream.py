"""Server-sent events for the phone page: one pump feeds any number of listeners and never waits for them."""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

# Events of one beat travel as one piece: with 50 listeners and 500 messages a second the socket writes would
# otherwise cost more than the messages.
BEAT_SECONDS = 0.05
KEPT_PIECES = 400  # 20 s at full rate; who is further behind loses the pieces between
SILENCE_SECONDS = 15.0


class Stream:
    """`tell` under the platform's lock; `listen` from any thread.

    `picture(kind, subject)` turns what was told into the event's JSON object; it runs in the pump, under the lock.
    """

    def __init__(self, lock: threading.RLock, picture: Callable[[str, Any], dict[str, Any]]) -> None:
        self._lock = lock
        self._picture = picture
        self._told: list[tuple[str, Any]] = []
        self._listeners = 0
        self._news = threading.Condition()
        self._pieces: deque[tuple[int, bytes]] = deque(maxlen=KEPT_PIECES)
        self._count = 0
        self._wake = threading.Event()
        self._pump: threading.Thread | None = None
        self._closed = threading.Event()

    def tell(self, kind: str, subject: Any = None) -> None:
        if self._listeners:
            self._told.append((kind, subject))
            self._wake.set()

    def listen(self) -> Iterator[bytes]:
        """The events from now on, until the stream is closed or the listener goes away."""
        with self._lock:
            self._listeners += 1
            if self._pump is None:
                self._pump = threading.Thread(target=self._run, name="sandbox-stream", daemon=True)
                self._pump.start()
        with self._news:
            seen = self._count
        try:
            yield b": welcome\n\n"
            while not self._closed.is_set():
                with self._news:
                    self._wait_for_news(seen)
                    piece = b"".join(content for number, content in self._pieces if number > seen)
                    seen = self._count
                yield piece or b": still here\n\n"
        finally:
            with self._lock:
                self._listeners -= 1

    def _wait_for_news(self, seen: int) -> None:
        self._news.wait_for(lambda: self._count > seen or self._closed.is_set(), SILENCE_SECONDS)

    def forget(self) -> None:
        """Drop what was told about people who are no more; called under the lock."""
        self._told.clear()

    def close(self) -> None:
        self._closed.set()
        self._wake.set()
        with self._news:
            self._news.notify_all()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._wake.wait()
            self._closed.wait(BEAT_SECONDS)
            self._wake.clear()
            with self._lock:
                told, self._told = self._told, []
                events = [(kind, self._picture(kind, subject)) for kind, subject in told]
            if events:
                self._publish(b"".join(_event(kind, shown) for kind, shown in events))

    def _publish(self, piece: bytes) -> None:
        with self._news:
            self._count += 1
            self._pieces.append((self._count, piece))
            self._news.notify_all()


def _event(kind: str, shown: dict[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(shown, ensure_ascii=False)}\n\n".encode()
