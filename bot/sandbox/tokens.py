"""access_token: the plain channel and the stable one, which live and die apart.

Source: vendor manual, Get_access_token and api_getstableaccesstoken.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .calls import Ask, endpoint
from .clock import day_of
from .errors import Refused
from .limits import Limits

if TYPE_CHECKING:
    from .platform import Platform

TOKEN_LENGTH = 136
REMEMBERED = 500  # dead tokens beyond these answer 40001 like unknown ones


@dataclass(slots=True)
class Token:
    """One issued token; `end` says what its death means: expired (42001) or replaced (40001)."""

    channel: str
    dies: float
    end: str = "expired"


class Tokens:
    """Tokens of the account by value. The caller holds the platform's lock.

    Their letters do not follow from the seed: after a reset a client must be able to tell the new token from the one
    that just failed.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._known: dict[str, Token] = {}
        self._current: dict[str, str] = {}
        self._forced: tuple[str, int, float] = ("", 0, 0.0)
        self.fails_until = 0.0  # token calls answer -1 until then, by a fault rule

    def check(self, value: str | None, now: float) -> None:
        """`Refused` 41001 without a token, 40014 malformed, 40001 unknown or replaced, 42001 expired."""
        if not value:
            raise Refused(41001)
        if len(value) != TOKEN_LENGTH:
            raise Refused(40014)
        token = self._known.get(value)
        if token is None:
            raise Refused(40001)
        if token.dies <= now:
            raise Refused(42001 if token.end == "expired" else 40001)

    def check_secret(self, app_id: str, secret: str, account: Mapping[str, Any]) -> None:
        if app_id != account["app_id"]:
            raise Refused(40013)
        if len(secret) != len(account["secret"]):
            raise Refused(40125)
        if not hmac.compare_digest(secret.encode(), account["secret"].encode()):
            raise Refused(40001)

    def fresh_plain(self, now: float) -> str:
        """A new token each time; the former stays usable for five more minutes."""
        self._retire("plain", now + self._limits["token_overlap_seconds"])
        return self._issue("plain", now)

    def stable(self, now: float) -> tuple[str, int]:
        """The same token while it is valid; in its last five minutes a new one, and both work."""
        value = self._current.get("stable")
        token = self._known.get(value) if value is not None else None
        if value is not None and token is not None and token.dies - now > self._limits["token_overlap_seconds"]:
            return value, int(token.dies - now)
        return self._issue("stable", now), self._limits.count("token_seconds")

    def forced_stable(self, now: float) -> str:
        """A new token, the old one dies at once: `Refused` 45011 within 30 s of the last force, 45009 over 20 a day."""
        day, used, last = self._forced
        if day == day_of(now):
            if 0 <= now - last < self._limits["stable_force_gap_seconds"]:
                raise Refused(45011)
            if used >= self._limits["stable_force_day"]:
                raise Refused(45009)
        else:
            used = 0
        self._forced = (day_of(now), used + 1, now)
        for token in self._known.values():
            if token.channel == "stable" and token.dies > now:
                token.dies, token.end = now, "replaced"
        return self._issue("stable", now)

    def kill(self, now: float, *, end: str = "replaced") -> None:
        """Every living token ends now: as replaced (40001) or, early, as expired (42001)."""
        for token in self._known.values():
            if token.dies > now:
                token.dies, token.end = now, end
        self._current.clear()

    def _retire(self, channel: str, dies: float) -> None:
        value = self._current.pop(channel, None)
        token = self._known.get(value) if value is not None else None
        if token is not None and token.dies > dies:
            token.dies, token.end = dies, "replaced"

    def _issue(self, channel: str, now: float) -> str:
        value = "97_" + secrets.token_urlsafe(TOKEN_LENGTH)[: TOKEN_LENGTH - 3]
        self._known[value] = Token(channel, now + self._limits["token_seconds"])
        self._current[channel] = value
        if len(self._known) > REMEMBERED:
            current = set(self._current.values())
            self._known.pop(next(old for old in self._known if old not in current))
        return value

    def dump(self) -> dict[str, Any]:
        known = {value: [token.channel, token.dies, token.end] for value, token in self._known.items()}
        return {"known": known, "current": self._current, "forced": self._forced}

    def load(self, saved: dict[str, Any]) -> None:
        self._known = {value: Token(*parts) for value, parts in saved["known"].items()}
        self._current = dict(saved["current"])
        day, used, last = saved["forced"]
        self._forced = (day, used, last)


def _check_caller(platform: "Platform", ask: Ask, given: Mapping[str, Any]) -> None:
    if given.get("grant_type") != "client_credential":
        raise Refused(40002)
    app_id, secret = given.get("appid"), given.get("secret")
    if not isinstance(app_id, str) or not app_id:
        raise Refused(41002)
    if not isinstance(secret, str) or not secret:
        raise Refused(41004)
    platform.tokens.check_secret(app_id, secret, platform.account)
    if ask.now < platform.tokens.fails_until:
        raise Refused(-1)


@endpoint("GET", "/cgi-bin/token", day=2000, token=False)
def give_token(platform: "Platform", ask: Ask) -> dict[str, Any]:
    _check_caller(platform, ask, ask.query)
    value = platform.tokens.fresh_plain(ask.now)
    return {"access_token": value, "expires_in": platform.limits.count("token_seconds")}


@endpoint("POST", "/cgi-bin/stable_token", day=500_000, minute=10_000, token=False)
def give_stable_token(platform: "Platform", ask: Ask) -> dict[str, Any]:
    _check_caller(platform, ask, ask.body)
    if ask.body.get("force_refresh") is True:
        value = platform.tokens.forced_stable(ask.now)
        return {"access_token": value, "expires_in": platform.limits.count("token_seconds")}
    value, left = platform.tokens.stable(ask.now)
    return {"access_token": value, "expires_in": left}
