"""Where the access token of an Official Account comes from.

Source: vendor manual, api_getstableaccesstoken: the stable channel gives the same token to everybody until five minutes
before its end, and old and new one both work in those five minutes. It is never forced: that would kill the token in
everybody's hands.
"""

from __future__ import annotations

import orjson

from bot.platforms.http import Request
from bot.platforms.official_account.codes import CODES
from bot.platforms.tokens import TokenSource
from bot.settings import Account

STABLE_TOKEN = "/cgi-bin/stable_token"


def stable_token(account: Account) -> TokenSource:
    asked = {"grant_type": "client_credential", "appid": account.app_id, "secret": account.secret}
    secrets = (account.secret, account.token)
    request = Request("POST", account.api_base_url + STABLE_TOKEN, orjson.dumps(asked), secrets=secrets)
    return TokenSource(account.name, (account.app_id, account.secret, account.api_base_url), request, CODES)
