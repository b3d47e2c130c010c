"""gettoken: one access_token for the app and, where the company has one, another for the customer-contact secret.

Source: WeCom manual, page 91039. Whether repeated calls give the same token differs between editions of that page;
here they do while it lives.
"""

import hmac
import secrets
from typing import TYPE_CHECKING, Any

from bot.sandbox.calls import Ask
from bot.sandbox.limits import Limits

from .calls import ANY, APP, NONE, corp_endpoint, given
from .codes import refused

if TYPE_CHECKING:
    from .company import Company

TOKEN_LENGTH = 214
REMEMBERED = 500


class CorpTokens:
    """Tokens by value: whose they are, when they die, and whether they were killed (40014) or expire (42001)."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._known: dict[str, list[Any]] = {}
        self._current: dict[str, str] = {}
        self.fails_until = 0.0

    def knows(self, value: str | None) -> bool:
        return value in self._known

    def owner(self, value: str | None, now: float) -> str:
        """Whose token this is: `Refused` 41001 without one, 40014 unknown or killed, 42001 expired."""
        if not value:
            raise refused(41001)
        token = self._known.get(value)
        if token is None:
            raise refused(40014)
        owner, dies, killed = token
        if dies <= now:
            raise refused(40014 if killed else 42001)
        return str(owner)

    def give(self, owner: str, now: float) -> tuple[str, int]:
        value = self._current.get(owner)
        if value is not None and self._known[value][1] > now:
            return value, int(self._known[value][1] - now)
        value = secrets.token_urlsafe(TOKEN_LENGTH)[:TOKEN_LENGTH]
        self._known[value] = [owner, now + self._limits["token_seconds"], False]
        self._current[owner] = value
        if len(self._known) > REMEMBERED:
            current = set(self._current.values())
            self._known.pop(next(old for old in self._known if old not in current))
        return value, self._limits.count("token_seconds")

    def kill(self, now: float, *, expired: bool = False) -> None:
        """Every living token ends now: 40014 from then on, or 42001 where it expires early."""
        for token in self._known.values():
            if token[1] > now:
                token[1], token[2] = now, not expired
        self._current.clear()

    def dump(self) -> dict[str, Any]:
        return {"known": self._known, "current": self._current}

    def load(self, saved: dict[str, Any]) -> None:
        self._known, self._current = dict(saved["known"]), dict(saved["current"])


@corp_endpoint("GET", "gettoken", NONE)
def give_token(company: "Company", ask: Ask) -> dict[str, Any]:
    """`Refused` 40013 for another company, 40001 for a secret that is none of its."""
    account = company.account
    if given(ask, "corpid") != account["corp_id"]:
        raise refused(40013)
    secret = ask.query.get("corpsecret", "")
    if not secret:
        raise refused(41004)
    if hmac.compare_digest(secret.encode(), account["secret"].encode()):
        owner = APP
    elif account["contact_secret"] and hmac.compare_digest(secret.encode(), account["contact_secret"].encode()):
        owner = "contacts"
    else:
        raise refused(40001)
    if ask.now < company.tokens.fails_until:
        raise refused(-1)
    value, left = company.tokens.give(owner, ask.now)
    return {"access_token": value, "expires_in": left}


@corp_endpoint("GET", "getcallbackip", ANY)
@corp_endpoint("GET", "get_api_domain_ip", ANY)
def list_addresses(_company: "Company", _ask: Ask) -> dict[str, Any]:
    return {"ip_list": ["127.0.0.1"]}


@corp_endpoint("GET", "agent/get", APP)
def show_app(company: "Company", ask: Ask) -> dict[str, Any]:
    if given(ask, "agentid") != str(company.account["agent_id"]):
        raise refused(301002)
    seen = [{"userid": member.userid} for member in company.members.values() if member.visible]
    shown = {"agentid": company.account["agent_id"], "name": company.account["name"], "close": 0}
    return shown | {"allow_userinfos": {"user": seen}, "report_location_flag": 0, "isreportenter": 1}


@corp_endpoint("GET", "user/get", ANY)
def show_member(company: "Company", ask: Ask) -> dict[str, Any]:
    member = company.seen_member(given(ask, "userid"))
    status = 1 if member.activated else 4
    return {"userid": member.userid, "name": member.name, "department": [1], "status": status, "alias": ""}
