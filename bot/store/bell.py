"""The bell: tells workers through RQ that there is work. Redis holds nothing else that matters.

Ringing happens in a thread of its own: a Redis that is refused, hung or full must not slow a callback, and the workers
look into the database every five seconds anyway.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import redis

QUEUE = "shuke"
REDIS_TIMEOUT = 0.5
PAUSE_AFTER_FAILURE = 1.0
# One ring costs as much as half a callback; those who ring meanwhile share the next.
PAUSE_AFTER_RING = 0.05
# One that nobody has heard yet need not be rung again; should its mark outlive it, the workers look by themselves.
UNHEARD_SECONDS = 5

# The only functions a worker runs; write access to Redis must not mean running any function by name.
BELLS = {"drain": "jobs.bells.drain", "inbox": "jobs.bells.inbox", "clock": "jobs.bells.clock"}


def connect_redis(url: str) -> redis.Redis:
    """A client that fails fast: the library's defaults block a caller for seconds to minutes."""
    import redis  # start-up cost, as below

    return redis.Redis.from_url(
        url, socket_connect_timeout=REDIS_TIMEOUT, socket_timeout=REDIS_TIMEOUT, retry=None, retry_on_timeout=False
    )


class Bell:
    """Rings workers. ``failures`` counts rings that did not reach Redis."""

    def __init__(self, redis_url: str) -> None:
        self.failures = 0
        self._url = redis_url
        self._waiting: set[tuple[str, str]] = set()
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def ring(self, rings: Iterable[tuple[str, str]]) -> None:
        """Asks workers to look; returns at once. Raises KeyError for a bell that does not exist."""
        wanted = {(bell, argument) for bell, argument in rings if BELLS[bell]}
        if not wanted:
            return
        with self._changed:
            self._waiting |= wanted
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        self._closed.set()
        with self._changed:
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout=2 * REDIS_TIMEOUT)

    def _run(self) -> None:
        import redis  # start-up cost: 60 ms with RQ, which no callback waits for
        from rq import Queue
        from rq.serializers import JSONSerializer

        queue = Queue(QUEUE, connection=connect_redis(self._url), serializer=JSONSerializer)
        while True:
            with self._changed:
                while not self._waiting and not self._closed.is_set():
                    self._changed.wait()
                rings, self._waiting = self._waiting, set()
            if not rings:
                return
            try:
                for bell, argument in sorted(rings):
                    mark = unheard(BELLS[bell], argument)
                    if queue.connection.set(mark, 1, nx=True, ex=UNHEARD_SECONDS):
                        queue.enqueue(BELLS[bell], argument, result_ttl=0, failure_ttl=60, ttl=60)
                self._closed.wait(PAUSE_AFTER_RING)
            except redis.RedisError:
                self.failures += 1
                self._closed.wait(PAUSE_AFTER_FAILURE)


def unheard(function: str, argument: str) -> str:
    """The key that stands in Redis while such a bell waits; who hears it takes the key away before looking."""
    return f"shuke:unheard:{function}:{argument}"


def redis_state(url: str) -> str:
    """``ok``, or what is wrong with Redis, in a word; waits half a second at most."""
    import redis  # start-up cost, as above

    client = connect_redis(url)
    try:
        client.ping()
    except redis.RedisError as failure:
        return f"away ({type(failure).__name__})"
    finally:
        client.close()
    return "ok"
