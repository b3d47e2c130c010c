"""``shuke sync``: an account's people are gone through once more while somebody watches.

Where a worker is at it already, its progress is shown: what was read stands in the database either way.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.domain.customers import followers, walks
from bot.domain.groups import service as groups
from bot.domain.groups.rules import listing_day
from bot.errors import PlatformFailure
from bot.platforms.abilities import abilities
from bot.platforms.decisions import Decision
from bot.settings import Account
from bot.store.transaction import reading, transaction
from jobs.accounts import FollowerIntake
from jobs.contacts import ContactKeeper
from jobs.groups import GroupKeeper
from jobs.parts import Parts

LOOK_AGAIN = 0.5  # seconds
# Nothing goes on before a person acts.
STOPPED = (Decision.ACCOUNT, Decision.CHANNEL)


def sync(parts: Parts, account: Account, tell: Callable[[str], object]) -> int:
    """Reads everybody of the account, telling progress and what differed; returns the exit code, 1 where the platform
    refuses until somebody acts."""
    keeper: ContactKeeper | FollowerIntake
    if abilities(account).contacts:
        keeper, progress, differed = ContactKeeper(parts), _contacts_read, _contacts_differed
        with transaction(parts.store, parts.clock) as tx:
            walks.begin(tx, account.name, "asked")
            groups.list_anew(tx, account.name)
    else:
        keeper, progress, differed = FollowerIntake(parts), _followers_read, _followers_differed
        with transaction(parts.store, parts.clock) as tx:
            followers.begin_again(tx, account.name)
    said = ""
    while True:
        keeper.turn()
        words, is_done = progress(parts, account.name)
        if words != said:
            tell(f"{account.name}：{words}")
        if is_done:
            tell(f"{account.name}：{differed(parts, account.name)}")
            return _read_groups(parts, account, tell) if abilities(account).contacts else 0
        refusal = keeper.refusal(account.name)
        if refusal is not None and _is_stopped(refusal):
            tell(f"{account.name}：停下了：{refusal}。改好后再运行 shuke sync {account.name}，会接着读。")
            return 1
        if words == said:
            time.sleep(LOOK_AGAIN)
        said = words


def _read_groups(parts: Parts, account: Account, tell: Callable[[str], object]) -> int:
    """The customer groups after the contacts, so that who is in one is known by then; returns the exit code."""
    keeper = GroupKeeper(parts)
    while True:
        was_read = keeper.turn()
        today = listing_day(parts.clock.now().astimezone(parts.settings.timezone))
        with reading(parts.store, parts.clock) as tx:
            is_done = groups.listed_on(tx, account.name) == today and not groups.to_read(tx, account.name, 1)
            count = len([chat for chat in groups.listed(tx) if chat.account == account.name])
        if is_done:
            tell(f"{account.name}：客户群 {count} 个，都读了")
            return 0
        refusal = keeper.refusal(account.name)
        if refusal is not None and _is_stopped(refusal):
            tell(f"{account.name}：客户群没读完：{refusal}。改好后再运行 shuke sync {account.name}。")
            return 1
        if not was_read:
            time.sleep(LOOK_AGAIN)


def _is_stopped(refusal: PlatformFailure) -> bool:
    return refusal.decision in STOPPED and refusal.retry_after is None


def _contacts_read(parts: Parts, name: str) -> tuple[str, bool]:
    with reading(parts.store, parts.clock) as tx:
        walk = walks.of(tx, name)
        if walk is None:
            return "还没开始", False
        return f"读了 {walk.contacts} 位，新的 {walk.taken_in} 位", walk.done_at is not None


def _contacts_differed(parts: Parts, name: str) -> str:
    with reading(parts.store, parts.clock) as tx:
        walk = walks.of(tx, name)
        words = walks.told(walk) if walk else ""
        is_first = walk is not None and walk.kind == "import"
    return words or ("第一次导入完成" if is_first else "和平台一样，没有要改的")


def _followers_read(parts: Parts, name: str) -> tuple[str, bool]:
    with reading(parts.store, parts.clock) as tx:
        start = tx.session.get(followers.AccountStart, name)
        if start is None:
            return "还没开始", False
        return f"一共读入 {start.taken_in} 位", start.done_at is not None


def _followers_differed(parts: Parts, name: str) -> str:
    with reading(parts.store, parts.clock) as tx:
        start = tx.session.get(followers.AccountStart, name)
        count = start.taken_in if start else 0
    return f"补上漏掉的顾客 {count} 位" if count else "和平台一样，没有要改的"
