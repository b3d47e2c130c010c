"""The account's menu: switching on the server address takes the console's own away, so that none stands without one."""

from __future__ import annotations

from typing import Any

from bot.domain.customers import menu
from bot.domain.customers.menu import BEFORE, BUTTONS, OURS, PUT_BACK
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.errors import PlatformFailure
from bot.platforms.abilities import abilities
from bot.platforms.decisions import Decision
from bot.store.transaction import Tx, reading, transaction
from jobs.parts import Parts
from jobs.waits import Waits

# The console's menu goes at the moment the server address is switched on, which is after our first start.
LOOK_AGAIN = 180.0


class MenuSetup:
    """Gives an account without a menu ours; keeps one that stands, and puts it back once when it is taken away.

    A menu taken away later is left alone. Staff may ask for either (菜单 恢复).
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._accounts = [account.name for account in parts.settings.accounts if abilities(account).menus]
        self._waits = Waits("menu_setup_waits")
        self._looked: dict[str, float] = {}

    def turn(self) -> int:
        """Looks after every account; returns how many got a menu."""
        return sum(self._account(name) for name in self._accounts)

    def _account(self, name: str) -> bool:
        parts = self._parts
        now = parts.clock.now().timestamp()
        if name not in parts.clients or self._waits.holds(name, now):
            return False
        with reading(parts.store, parts.clock) as tx:
            start = menu.of(tx, name)
            whose, wanted = (start.menu_stands, start.menu_wanted) if start is not None else (None, None)
            before = start.menu_before if start is not None else None
        if wanted is None and (whose in (OURS, PUT_BACK) or now < self._looked.get(name, 0.0)):
            return False
        try:
            if wanted is not None:
                done = self._put(name, wanted, before)
            else:
                done = self._look(name, before if whose == BEFORE else None)
                self._looked[name] = now + LOOK_AGAIN
        except PlatformFailure as failure:
            self._waits.begin(name, failure, now)
            if wanted is not None and failure.decision == Decision.DEFECT:
                self._tell(name, f"公众号没有接受这个菜单，没有换（{failure.code}）。", menu.give_up)
            return False
        self._waits.over(name)
        return done

    def _look(self, name: str, before: list[dict[str, Any]] | None) -> bool:
        """First what stands there; later whether it still does."""
        client = self._parts.clients[name]
        there = menu.kept(client.menu())
        if there and before is not None:
            return False
        if not there:
            client.menu_create(before or BUTTONS)
        with transaction(self._parts.store, self._parts.clock, self._parts.bell) as tx:
            if before is None:
                menu.found(tx, name, there)
            else:
                menu.stands(tx, name, PUT_BACK, asked_for=False)
                _tell_owners(
                    tx, name, "接通服务器后公众号原来的菜单被平台收走了，已经照原样放回去。要用熟客的：菜单 熟客"
                )
        return not there

    def _put(self, name: str, wanted: str, before: list[dict[str, Any]] | None) -> bool:
        self._parts.clients[name].menu_create(BUTTONS if wanted == OURS else before or BUTTONS)
        words = "熟客的菜单" if wanted == OURS else "原来的菜单"

        def done(tx: Tx, account: str) -> None:
            menu.stands(tx, account, OURS if wanted == OURS else PUT_BACK, asked_for=True)

        self._tell(name, f"{words}放好了，顾客的手机上最多 5 分钟后看到。", done)
        return True

    def _tell(self, name: str, words: str, keep: Any) -> None:
        with transaction(self._parts.store, self._parts.clock, self._parts.bell) as tx:
            keep(tx, name)
            _tell_owners(tx, name, words)


def _tell_owners(tx: Tx, name: str, words: str) -> None:
    for owner in merchants.owners(tx):
        notices.tell(tx, owner.id, words, kind="menu", subject=f"menu:{name}")
