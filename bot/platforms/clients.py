"""The client of an account, whichever platform it is on."""

from __future__ import annotations

from bot.clock import Clock
from bot.platforms.http import HttpEngine
from bot.platforms.official_account.client import OfficialAccount
from bot.platforms.wecom.client import WeCom
from bot.settings import Account
from bot.store.engine import Store

_PLATFORMS: dict[str, type[OfficialAccount] | type[WeCom]] = {"official_account": OfficialAccount, "wecom": WeCom}


def client_of(
    account: Account, *, store: Store, clock: Clock, redis_url: str | None, http: HttpEngine
) -> OfficialAccount | WeCom:
    """Built once for each account and process; belongs to the thread of ``http``."""
    return _PLATFORMS[account.platform](account, store=store, clock=clock, redis_url=redis_url, http=http)
