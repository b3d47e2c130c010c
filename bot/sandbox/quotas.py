"""Call counters by interface, Beijing day and minute, and the calls that show and clear them.

Source: vendor manual, API_Call_Limits and openApi-mgnt. A refused call counts too.
"""

from typing import TYPE_CHECKING, Any

from .calls import ENDPOINTS, Ask, Endpoint, endpoint
from .clock import day_of, month_of
from .errors import Refused
from .limits import Limits

if TYPE_CHECKING:
    from .platform import Platform


class Quotas:
    """How often each interface was called today and in this minute."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._days: dict[str, tuple[str, int]] = {}
        self._minutes: dict[str, tuple[int, int]] = {}
        self._monthly: dict[str, tuple[str, int]] = {}

    def count(self, entry: Endpoint, now: float) -> None:
        """Count one call; `Refused` 45011 above the minute's, 45009 above the day's number."""
        name = entry.counter
        minute, day = int(now // 60), day_of(now)
        since, calls = self._minutes.get(name, (minute, 0))
        calls = calls + 1 if since == minute else 1
        self._minutes[name] = (minute, calls)
        today, used = self._days.get(name, (day, 0))
        used = used + 1 if today == day else 1
        self._days[name] = (day, used)
        most = self._limits.get(f"minute:{name}")
        if most is not None and calls > most:
            raise Refused(45011)
        if used > self._limits[f"day:{name}"]:
            raise Refused(45009)

    def used(self, path: str, now: float) -> int:
        day, used = self._days.get(path, ("", 0))
        return used if day == day_of(now) else 0

    def clear(self, path: str | None = None) -> None:
        """Forget today's numbers of one interface, or of all."""
        if path is None:
            self._days.clear()
        else:
            self._days.pop(path, None)

    def spend_monthly(self, what: str, most: int, now: float, refusal: int) -> None:
        month, used = self._monthly.get(what, ("", 0))
        if month != month_of(now):
            used = 0
        if used >= most:
            raise Refused(refusal)
        self._monthly[what] = (month_of(now), used + 1)

    def dump(self) -> dict[str, Any]:
        return {"days": self._days, "minutes": self._minutes, "monthly": self._monthly}

    def load(self, saved: dict[str, Any]) -> None:
        self._days = {path: (day, used) for path, (day, used) in saved["days"].items()}
        self._minutes = {path: (minute, calls) for path, (minute, calls) in saved["minutes"].items()}
        self._monthly = {what: (month, used) for what, (month, used) in saved["monthly"].items()}


def _counter_of(ask: Ask) -> str:
    path = ask.text("cgi_path", 76021)
    if path.startswith("/sns/"):
        raise Refused(76022)
    entry = ENDPOINTS.get(path)
    if entry is None:
        raise Refused(76021)
    return entry.counter


@endpoint("POST", "/cgi-bin/openapi/quota/get")
def show_quota(platform: "Platform", ask: Ask) -> dict[str, Any]:
    counter = _counter_of(ask)
    daily = platform.limits.count(f"day:{counter}")
    used = platform.quotas.used(counter, ask.now)
    per_minute = platform.limits.get(f"minute:{counter}")
    rate = {"call_count": int(per_minute or 0), "refresh_second": 60 if per_minute else 0}
    quota = {"daily_limit": daily, "used": used, "remain": max(0, daily - used)}
    none = {"call_count": 0, "refresh_second": 0}
    return {"errcode": 0, "errmsg": "ok", "quota": quota, "rate_limit": rate, "component_rate_limit": none}


@endpoint("POST", "/cgi-bin/openapi/quota/clear")
def clear_one_quota(platform: "Platform", ask: Ask) -> dict[str, Any]:
    counter = _counter_of(ask)
    platform.quotas.spend_monthly("one", platform.limits.count("quota_clear_month"), ask.now, 48006)
    platform.quotas.clear(counter)
    return {"errcode": 0, "errmsg": "ok"}


@endpoint("POST", "/cgi-bin/clear_quota")
def clear_all_quotas(platform: "Platform", ask: Ask) -> dict[str, Any]:
    if ask.text("appid", 41002) != platform.account["app_id"]:
        raise Refused(40013)
    platform.quotas.spend_monthly("all", platform.limits.count("clear_quota_month"), ask.now, 48006)
    platform.quotas.clear()
    return {"errcode": 0, "errmsg": "ok"}


@endpoint("POST", "/cgi-bin/clear_quota/v2", token=False)
def clear_all_quotas_by_secret(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """The way out when no token can be had any more: it takes the secret instead."""
    platform.tokens.check_secret(ask.text("appid", 41002), ask.text("appsecret", 41004), platform.account)
    platform.quotas.spend_monthly("all", platform.limits.count("clear_quota_month"), ask.now, 48006)
    platform.quotas.clear()
    return {"errcode": 0, "errmsg": "ok"}
