"""The welcome to a new customer: a code in the event, twenty seconds, one call.

Source: WeCom manual, page 92137.
"""

import secrets
from typing import TYPE_CHECKING, Any

from bot.sandbox.calls import Ask

from . import parcels
from .calls import corp_endpoint, text
from .codes import refused
from .people import Friend

if TYPE_CHECKING:
    from .company import Company


class Welcomes:
    """Codes by value: whose, since when, and whether spent."""

    def __init__(self) -> None:
        self._codes: dict[str, list[Any]] = {}

    def issue(self, friend: Friend, now: float) -> str:
        code = secrets.token_urlsafe(24)
        self._codes[code] = [friend.userid, friend.external_userid, now, False]
        return code

    def find(self, code: str) -> list[Any] | None:
        return self._codes.get(code)

    def dump(self) -> dict[str, Any]:
        return {"codes": self._codes}

    def load(self, saved: dict[str, Any]) -> None:
        self._codes = dict(saved["codes"])


@corp_endpoint("POST", "externalcontact/send_welcome_msg")
def send_welcome(company: "Company", ask: Ask) -> dict[str, Any]:
    """`Refused` 41050 unknown or older than 20 s, 41051 spent or the two have begun to chat."""
    code = text(ask.body, "welcome_code")
    shown = parcels.customer_parcels(company, ask.body, ask.now)
    known = company.welcomes.find(code)
    if known is None or ask.now - known[2] > company.limits["corp_welcome_seconds"]:
        raise refused(41050)
    userid, external_userid, at, spent = known
    friend = company.friends.get(userid, {}).get(external_userid)
    if spent or friend is None or friend.talked_at >= at:
        raise refused(41051)
    known[3] = friend.greeted = True
    contact = company.contacts[external_userid]
    for parcel in shown:
        parcel.payload["by"] = userid
        company.show(contact, parcel, via="welcome", call_id=ask.id)
    return {}
