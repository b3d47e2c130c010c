"""What one process of the token race does: the test starts several of them at once."""

from __future__ import annotations

from typing import Any

from bot.clock import SystemClock
from bot.errors import PlatformFailure
from bot.platforms.http import HttpEngine
from bot.platforms.official_account.tokens import stable_token
from bot.platforms.tokens import TokenKeeper
from bot.settings import Account
from bot.store.engine import open_store


def discover_stale(
    account: Account, store_url: str, redis_url: str | None, stale: str, barrier: Any, said: Any
) -> None:
    """Finds out that ``stale`` is refused at the same moment as all others, and says which token follows."""
    store, http = open_store(store_url), HttpEngine()
    keeper = TokenKeeper(stable_token(account), store=store, clock=SystemClock(), redis_url=redis_url, http=http)
    barrier.wait(30)
    try:
        said.put(keeper.replace(stale))
    except PlatformFailure as failure:
        said.put((failure.decision, failure.code))
    http.close()
    store.close()
