"""The account's menu: switching on the server address takes the console's own away, so who has none gets ours."""

from __future__ import annotations

import logging
from typing import Any

from bot.domain.customers import followers
from bot.errors import PlatformFailure
from bot.store.transaction import reading, transaction
from jobs.parts import Parts

log = logging.getLogger(__name__)

REST = 600.0  # seconds an account is left alone after the platform refused

# A tap sends its key back to us, and is read like the typed word.
BUTTONS: list[dict[str, Any]] = [
    {"type": "click", "name": "活动", "key": "活动"},
    {"type": "click", "name": "我的", "key": "我的"},
    {
        "name": "找我们",
        "sub_button": [
            {"type": "click", "name": "人工", "key": "人工"},
            {"type": "click", "name": "投诉", "key": "投诉"},
            {"type": "click", "name": "建议", "key": "建议"},
            {"type": "click", "name": "退订", "key": "退订"},
        ],
    },
]


class MenuSetup:
    """Gives each account a menu once, when it has none; a menu that is there, or was taken away later, is left alone."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._resting: dict[str, float] = {}

    def turn(self) -> int:
        """Looks after every account not looked after yet; returns how many got a menu."""
        return sum(self._account(account.name) for account in self._parts.settings.accounts)

    def _account(self, name: str) -> bool:
        parts = self._parts
        client = parts.clients.get(name)
        now = parts.clock.now().timestamp()
        if client is None or now < self._resting.get(name, 0.0):
            return False
        with reading(parts.store, parts.clock) as tx:
            begun = tx.session.get(followers.AccountStart, name)
            if begun is not None and begun.menu_at is not None:
                self._resting[name] = now + REST
                return False
        try:
            made = not _has_menu(client.menu())
            if made:
                client.menu_create(BUTTONS)
        except PlatformFailure as failure:
            log.warning("menu_setup_waits account=%s code=%s", name, failure.code)
            self._resting[name] = now + REST
            return False
        with transaction(parts.store, parts.clock) as tx:
            followers.start_of(tx, name).menu_at = tx.now
        return made


def _has_menu(told: dict[str, Any]) -> bool:
    """``is_menu_open`` 0 or no buttons = none (vendor manual, get_current_selfmenu_info)."""
    menu = told.get("selfmenu_info")
    return str(told.get("is_menu_open", "0")) == "1" and isinstance(menu, dict) and bool(menu.get("button"))
