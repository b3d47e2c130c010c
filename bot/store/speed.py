"""A set speed shared by all processes: how many calls may begin now, decided by one script in Redis on Redis' clock.

The allowance starts empty and fills steadily, so that from the first call on there are never more than time × speed.
Without Redis each process takes its share of the speed, by the processes it knew of last.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from typing import Any

from bot.store.bell import connect_redis

# What was not taken within this time is lost, and after as long a silence the allowance starts empty again.
KEPT_SECONDS = 0.5
# Calls are handed out in portions: each costs a look into Redis and a transaction.
PORTION_SECONDS = 0.05
# Who has not asked for so long is not there any more.
KNOWN_SECONDS = 10
# With Redis away from the start nobody knows how many there are.
PROCESSES_GUESSED = 4
REDIS_PAUSE = 5.0

# Generic cell rate: ``spent`` is the moment (µs) up to which the speed has been used up.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local each, most, portion, kept = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local found = redis.call('HMGET', KEYS[1], 'spent', 'asked')
local spent, asked = tonumber(found[1] or now), tonumber(found[2] or 0)
if now - asked > kept and spent < now then spent = now end
if spent < now - kept - portion * each then spent = now - kept - portion * each end
local granted = math.min(most, math.floor((now - spent) / each))
if granted < portion then granted = 0 end
spent = spent + granted * each
redis.call('HSET', KEYS[1], 'spent', string.format('%.3f', spent), 'asked', string.format('%.0f', now))
redis.call('ZADD', KEYS[2], now, ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - tonumber(ARGV[6]))
redis.call('EXPIRE', KEYS[1], 60)
redis.call('EXPIRE', KEYS[2], 60)
return {granted, math.max(0, math.ceil(spent + portion * each - now)), redis.call('ZCARD', KEYS[2])}
"""


class Speed:
    """Calls to ``what``, ``per_second`` of them by all processes together. Belongs to one thread.

    ``redis_failures`` counts times Redis did not answer and a share stood in.
    """

    def __init__(self, what: str, per_second: float, redis_url: str | None) -> None:
        self.redis_failures = 0
        self._per_second = per_second
        self._url = redis_url
        self._redis: Any = None
        self._keys = (f"shuke:speed:{what}", f"shuke:speed:{what}:processes")
        self._me = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._known = PROCESSES_GUESSED
        self._away_until = 0.0
        self._spent = self._asked = 0.0

    def take(self, wanted: int) -> tuple[int, float]:
        """Up to ``wanted`` calls that may begin now, and where there are none, the seconds after which to ask again."""
        if self._url is not None and time.monotonic() >= self._away_until:
            from redis.exceptions import RedisError  # start-up cost, as in bell.py

            try:
                return self._from_redis(wanted)
            except RedisError:
                self.redis_failures += 1
                self._away_until = time.monotonic() + REDIS_PAUSE
        return self._own_share(wanted)

    def _from_redis(self, wanted: int) -> tuple[int, float]:
        if self._redis is None:
            self._redis = connect_redis(self._url or "").register_script(_TAKE)
        each = 1_000_000 / self._per_second
        kept, known = int(KEPT_SECONDS * 1_000_000), KNOWN_SECONDS * 1_000_000
        given = [each, wanted, self._portion(wanted, self._per_second), kept, self._me, known]
        granted, wait, self._known = self._redis(keys=self._keys, args=given)
        return granted, wait / 1_000_000

    def _own_share(self, wanted: int) -> tuple[int, float]:
        per_second = self._per_second / self._known
        now = time.monotonic()
        if now - self._asked > KEPT_SECONDS and self._spent < now:
            self._spent = now
        self._asked = now
        portion = self._portion(wanted, per_second)
        self._spent = max(self._spent, now - KEPT_SECONDS - portion / per_second)
        granted = min(wanted, int((now - self._spent) * per_second))
        if granted < portion:
            granted = 0
        self._spent += granted / per_second
        return granted, max(0.0, self._spent + portion / per_second - now)

    @staticmethod
    def _portion(wanted: int, per_second: float) -> int:
        return max(1, min(wanted, int(per_second * PORTION_SECONDS)))
