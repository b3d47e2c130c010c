"""The wire towards the shop by hand: verifying its server address, and pushes that no honest platform would send."""

import time
from typing import TYPE_CHECKING, Any

from . import wire
from .callbacks import HEADERS, with_query
from .settings import check_account

if TYPE_CHECKING:
    from .platform import Platform

CHANGEABLE = [
    *("name", "callback_url", "token", "aes_key", "mode", "kind", "secret"),
    *("allowlist", "frozen", "banned", "mass_protection"),
]
CONCERNS_SERVER = ("callback_url", "token", "aes_key", "mode", "verify")
PROTECTIONS = ("off", "approve", "refuse", "silent")
FORGERIES = ("signature", "stale", "app_id", "nonce")


def change_account(platform: "Platform", wanted: dict[str, Any]) -> dict[str, Any]:
    """Change account values; `ValueError` for an unknown or impossible one.

    Returns the account without its secrets, and what the server address answered when it was asked:
    `verified` True or False with `why`, None when nothing about the server was named.
    """
    changes = {name: value for name, value in wanted.items() if name != "verify"}
    if "callback" in changes:
        changes["callback_url"] = changes.pop("callback")
    _check(changes)
    with platform.lock:
        platform.account.update(changes)
        platform.dirty = True
        account = dict(platform.account)
    public = {name: value for name, value in account.items() if name not in ("secret", "token", "aes_key")}
    if not account["callback_url"] or not any(name in wanted or name in changes for name in CONCERNS_SERVER):
        return {"account": public, "verified": None, "why": ""}
    why = verify_address(platform, account)
    return {"account": public, "verified": why == "", "why": why}


def _check(changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if name not in CHANGEABLE:
            raise ValueError(f"unknown account value {name}; known: {', '.join(CHANGEABLE)}")
        if name == "allowlist":
            fits = value is None or (isinstance(value, list) and all(isinstance(address, str) for address in value))
        elif name == "banned":
            fits = isinstance(value, list)
        elif name == "frozen":
            fits = isinstance(value, bool)
        elif name == "mass_protection":
            fits = value in PROTECTIONS
        else:
            fits = isinstance(value, str)
        if not fits:
            raise ValueError(f"{name}: this value has the wrong type")
    check_account(changes)


def verify_address(platform: "Platform", account: dict[str, Any]) -> str:
    """GET with an echostr, as when the merchant saves the configuration; empty when it came back, else why not."""
    with platform.lock:
        number, now = platform.next_number(), int(platform.clock.now())
        seconds = platform.limits["callback_seconds"]
    dice = platform.chance.about("verify", number)
    timestamp, nonce, echo = str(now), str(dice.randrange(10**8, 10**10)), str(dice.randrange(10**17, 10**19))
    query = {"signature": wire.sign(account["token"], timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
    address = with_query(account["callback_url"], query | {"echostr": echo})
    return unanswered(platform, address, echo, seconds, "服务器没有原样返回 echostr，请核对 Token")


def unanswered(platform: "Platform", address: str, echo: str, seconds: float, otherwise: str) -> str:
    """Empty where a GET of the address brings the echo back; else why not, ``otherwise`` for another answer."""
    try:
        status, body = platform.transport("GET", address, b"", {"User-Agent": "Mozilla/4.0"}, seconds)
    except OSError as error:
        return f"服务器没有回答：{error}"
    if status != 200:
        return f"服务器回答了 HTTP {status}"
    return "" if body == echo.encode() else otherwise


def send_raw(platform: "Platform", wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Send a body as it stands: with `query` exactly that, without it signed and sealed like a true push.

    `times` repeats it, `delay` seconds of real time apart; `forge` spoils a sealed one: signature, stale (an hour
    old), app_id (another account inside the cipher), nonce (not the signed one).
    """
    body = wanted.get("body")
    if not isinstance(body, str):
        raise ValueError("body: the XML (or whatever) to send, as text")
    forge = wanted.get("forge")
    if forge not in (None, *FORGERIES):
        raise ValueError(f"forge: one of {', '.join(FORGERIES)}")
    with platform.lock:
        account, seconds = dict(platform.account), platform.limits["callback_seconds"]
        number, now = platform.next_number(), platform.clock.now()
    if not account["callback_url"]:
        raise ValueError("no callback address yet; set callback_url with POST /_sandbox/account")
    query, sealed = wanted.get("query"), body.encode()
    if not isinstance(query, dict):
        query, sealed = _sealed(platform, account, body, forge=forge, number=number, now=now)
    address = with_query(account["callback_url"], query)
    attempts: list[dict[str, Any]] = []
    for turn in range(int(wanted.get("times", 1))):
        if turn:
            platform.stopping.wait(float(wanted.get("delay", 0)))
        attempts.append(_attempt(platform, address, sealed, seconds))
    return attempts


def _sealed(
    platform: "Platform", account: dict[str, Any], body: str, *, forge: str | None, number: int, now: float
) -> tuple[dict[str, str], bytes]:
    if forge == "app_id":
        account = account | {"app_id": "wxsomebodyelse01"}
    if forge == "signature":
        account = account | {"token": account["token"] + "x"}
    timestamp = str(int(now) - (3600 if forge == "stale" else 0))
    dice = platform.chance.about("raw", number)
    nonce, salt = str(dice.randrange(10**8, 10**10)), dice.randbytes(16)
    query, sealed = wire.seal_body(account, body, openid="", timestamp=timestamp, nonce=nonce, salt=salt)
    if forge == "nonce":
        query["nonce"] = nonce[::-1] + "1"
    return query, sealed


def _attempt(platform: "Platform", address: str, body: bytes, seconds: float) -> dict[str, Any]:
    started = time.monotonic()
    try:
        status, answer = platform.transport("POST", address, body, HEADERS, seconds)
    except TimeoutError:
        return {"status": 0, "body": "", "ms": _ms(started), "why": "timeout"}
    except OSError as error:
        return {"status": 0, "body": "", "ms": _ms(started), "why": str(error)}
    return {"status": status, "body": answer.decode("utf-8", "replace"), "ms": _ms(started), "why": ""}


def _ms(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
