"""Where the access tokens of a WeCom app come from.

Source: vendor manual, page 91039: one token for each company and app; whether a repeated call gives the same one is not
promised, so it is kept and only replaced.
"""

from __future__ import annotations

from urllib.parse import urlencode

from bot.platforms.http import Request
from bot.platforms.tokens import TokenSource
from bot.platforms.wecom.codes import CODES
from bot.settings import Account

GET_TOKEN = "/cgi-bin/gettoken"


def app_token(account: Account) -> TokenSource:
    """The token of the app itself."""
    return _source(account, account.name, account.secret)


def contact_token(account: Account) -> TokenSource:
    """The token of the app that may call customer contact, where that is another."""
    return _source(account, f"{account.name}:contact", account.contact_secret)


def _source(account: Account, name: str, secret: str) -> TokenSource:
    query = urlencode({"corpid": account.corp_id, "corpsecret": secret})
    request = Request("GET", f"{account.api_base_url}{GET_TOKEN}?{query}", secrets=(secret, account.token))
    return TokenSource(name, (account.corp_id, secret, account.api_base_url), request, CODES)
