"""How long an account is left alone after the platform refused: seconds at first, minutes where it keeps refusing."""

from __future__ import annotations

import logging

from bot.errors import PlatformFailure

LONGEST_WAIT = 300.0  # seconds between tries, unless the platform names more

log = logging.getLogger(__name__)


class Waits:
    """``event``: how the log calls it."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._until: dict[str, float] = {}
        self._tries: dict[str, int] = {}
        self._refusals: dict[str, PlatformFailure] = {}

    def holds(self, name: str, now: float) -> bool:
        """Whether the wait is still on at ``now`` (seconds of the shop's clock)."""
        return now < self._until.get(name, 0.0)

    def begin(self, name: str, failure: PlatformFailure, now: float) -> None:
        """One bad answer costs seconds; only a platform that keeps refusing is left alone for minutes."""
        self._refusals[name] = failure
        tries = self._tries[name] = self._tries.get(name, 0) + 1
        seconds = max(failure.retry_after or 0.0, min(2.0 ** min(tries - 1, 16), LONGEST_WAIT))
        self.rest(name, now + seconds)
        log.warning("%s account=%s code=%s seconds=%.0f", self._event, name, failure.code, seconds)

    def rest(self, name: str, until: float) -> None:
        """Nothing is to be done before ``until``."""
        self._until[name] = until

    def over(self, name: str) -> None:
        """It went well again."""
        self._tries.pop(name, None)
        self._refusals.pop(name, None)

    def refusal(self, name: str) -> PlatformFailure | None:
        """What the wait is for."""
        return self._refusals.get(name)
