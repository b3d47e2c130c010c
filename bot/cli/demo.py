"""The rehearsal (演练): a shop without accounts works against the sandbox, with a configuration file like any other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bot.cli.configuration import compose
from bot.clock import OFFSET, Clock, FollowingClock, SystemClock
from bot.settings import Account, Settings, load

CLOCK_VARIABLE = "SHUKE_CLOCK_FILE"
SHOP_NAME = "小雨服饰"
# What the sandbox calls the address to which each platform pushes.
CALLBACKS = {"official_account": "callback", "wecom": "corp_callback"}
# Far from the quiet hours, so that whoever tries a broadcast sees it go out.
START = "10:00"


class Stage:
    """The rehearsal's files, all beside the database."""

    def __init__(self, settings: Settings) -> None:
        folder = settings.state_folder
        self.configuration = folder / "demo.toml"
        self.account = folder / "sandbox.account.json"
        self.clock = folder / "sandbox.clock"
        self.state = folder / "sandbox.json"

    def write(self, settings: Settings, accounts: Sequence[Account], *, sandbox_url: str) -> None:
        """Writes what a merchant would write: the settings already made, and the sandbox's accounts."""
        fixed = {"store.url": settings.store_url, "web.listen": settings.listen}
        given = {"shop.name": SHOP_NAME, **settings.given, **fixed}
        demo = [replace(account, api_base_url=sandbox_url) for account in accounts]
        self.configuration.parent.mkdir(parents=True, exist_ok=True)
        self.configuration.write_text(compose(given, demo), encoding="utf-8")
        shown = {"name": given["shop.name"]}
        for account in accounts:
            shown[CALLBACKS[account.platform]] = f"{settings.local_url}/callback/{account.name}"
        self.account.write_text(json.dumps(shown, ensure_ascii=False), encoding="utf-8")
        # A clock file of an earlier rehearsal would show its time until the sandbox is up.
        self.clock.unlink(missing_ok=True)

    def clock_stands(self) -> bool:
        return self.clock.is_file() and self.clock.stat().st_size == OFFSET.size


def current(settings: Settings, environ: Mapping[str, str]) -> tuple[Settings, Clock]:
    """The settings and the clock a command works with.

    Without accounts of its own it joins the rehearsal that was played last in the same folder: the account is the
    sandbox's, and what it writes is read by parts whose clock follows the sandbox's.
    """
    if environ.get(CLOCK_VARIABLE):
        return settings, FollowingClock(Path(environ[CLOCK_VARIABLE]))
    stage = Stage(settings)
    if settings.accounts or not stage.configuration.is_file() or not stage.clock_stands():
        return settings, SystemClock()
    # The rehearsal's file lies among the shop's own files, but paths still count from the shop's folder.
    return replace(load(stage.configuration, environ), folder=settings.folder), FollowingClock(stage.clock)
