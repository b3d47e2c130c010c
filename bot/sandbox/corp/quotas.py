"""How often each interface was called: 10,000 a minute and 150,000 an hour, then it is closed for as long.

Source: WeCom manual, page 90454.
"""

from typing import Any

from bot.sandbox.limits import Limits

from .calls import CORP_ENDPOINTS
from .codes import refused

SPANS = (("minute", 60), ("hour", 3600))


def corp_counters() -> dict[str, float]:
    """The limits of single interfaces, as names for `Limits`; 0 leaves it at the number for all."""
    return {f"corp_{span}:{path}": 0 for path in CORP_ENDPOINTS for span, _seconds in SPANS}


class CorpQuotas:
    """Counters and closures by path."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._counts: dict[str, list[int]] = {}
        self._closed: dict[str, float] = {}

    def count(self, path: str, now: float) -> None:
        """`Refused` 45009 above a span's number, and from then on until as much time has passed."""
        if now < self._closed.get(path, 0.0):
            raise refused(45009)
        for span, seconds in SPANS:
            most = self._limits.get(f"corp_{span}:{path}") or self._limits[f"corp_{span}"]
            if self._again(f"{span}:{path}", int(now // seconds)) > most:
                self._closed[path] = now + seconds
                raise refused(45009)

    def spend(self, what: str, many: int, most: float, span: int, now: float) -> bool:
        """Whether so many more of `what` fit into this calendar span of so many seconds (Beijing days)."""
        return self._again(what, int((now + 8 * 3600) // span), many) <= most

    def _again(self, name: str, span: int, many: int = 1) -> int:
        counter = self._counts.setdefault(name, [span, 0])
        if counter[0] != span:
            counter[:] = [span, 0]
        counter[1] += many
        return counter[1]

    def dump(self) -> dict[str, Any]:
        return {"counts": self._counts, "closed": self._closed}

    def load(self, saved: dict[str, Any]) -> None:
        self._counts, self._closed = dict(saved["counts"]), dict(saved["closed"])
