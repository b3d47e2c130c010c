"""Paths the platform wants to be left alone for a while: whoever calls one meanwhile may be kept out for longer.

Every process learns it from the others through Redis; without Redis each finds out for itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from redis import Redis, RedisError

from bot.clock import Clock
from bot.store import bell
from bot.store.speed import REDIS_PAUSE


class Rests:
    """The resting paths of one account, by the shop's clock. ``redis_failures`` counts times Redis did not answer."""

    def __init__(self, account: str, *, clock: Clock, redis_url: str | None) -> None:
        self.redis_failures = 0
        self._account = account
        self._clock = clock
        self._redis = bell.connect_redis(redis_url) if redis_url else None
        self._until: dict[str, float] = {}
        self._away_until = 0.0

    def begin(self, path: str, seconds: float) -> None:
        """Lets a path rest from now on."""
        until = self._until[path] = self._clock.now().timestamp() + seconds
        self._with_redis(lambda redis: redis.set(self._name(path), until, px=max(1, int(seconds * 1000))))

    def left(self, path: str) -> float:
        """Seconds the path is still to rest, 0.0 where it may be called."""
        until = max(self._until.get(path, 0.0), self._told(path))
        return max(0.0, until - self._clock.now().timestamp())

    def _told(self, path: str) -> float:
        kept = self._with_redis(lambda redis: redis.get(self._name(path)))
        return float(kept) if kept else 0.0

    def _with_redis(self, do: Callable[[Redis], Any]) -> Any:
        """None without Redis, and for a while after it did not answer: a Redis that hangs would hold up every call."""
        if self._redis is None or time.monotonic() < self._away_until:
            return None
        try:
            return do(self._redis)
        except RedisError:
            self.redis_failures += 1
            self._away_until = time.monotonic() + REDIS_PAUSE
            return None

    def _name(self, path: str) -> str:
        return f"shuke:rest:{self._account}:{path}"
