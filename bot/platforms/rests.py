"""Paths the platform wants to be left alone for a while: whoever calls one meanwhile may be kept out for longer.

Every process learns it from the others through Redis; without Redis each finds out for itself.
"""

from __future__ import annotations

from redis import RedisError

from bot.clock import Clock
from bot.store import bell


class Rests:
    """The resting paths of one account, by the shop's clock. ``redis_failures`` counts times Redis did not answer."""

    def __init__(self, account: str, *, clock: Clock, redis_url: str | None) -> None:
        self.redis_failures = 0
        self._account = account
        self._clock = clock
        self._redis = bell.connect_redis(redis_url) if redis_url else None
        self._until: dict[str, float] = {}

    def begin(self, path: str, seconds: float) -> None:
        """Lets a path rest from now on."""
        until = self._until[path] = self._clock.now().timestamp() + seconds
        if self._redis is None:
            return
        try:
            self._redis.set(self._name(path), until, px=max(1, int(seconds * 1000)))
        except RedisError:
            self.redis_failures += 1

    def left(self, path: str) -> float:
        """Seconds the path is still to rest, 0.0 where it may be called."""
        until = max(self._until.get(path, 0.0), self._told(path))
        return max(0.0, until - self._clock.now().timestamp())

    def _told(self, path: str) -> float:
        if self._redis is None:
            return 0.0
        try:
            return float(self._redis.get(self._name(path)) or 0.0)
        except (RedisError, ValueError):
            self.redis_failures += 1
            return 0.0

    def _name(self, path: str) -> str:
        return f"shuke:rest:{self._account}:{path}"
