"""Going through all contacts of an account: the first time, every night, and when it is asked for; kept a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select

from bot.domain.customers import forgetting
from bot.domain.customers.contact_models import ContactWalk
from bot.domain.customers.models import Friendship
from bot.store.base import to_milliseconds
from bot.store.bulk import run
from bot.store.transaction import Tx

# What differed, in the order it is told; {} is the number.
WORDS: Mapping[str, str] = {
    "new": "补上漏掉的顾客 {} 位",
    "friends": "补上漏掉的好友关系 {} 个",
    "gone": "已经不是好友的 {} 位",
    "names": "改了昵称 {} 位",
    "remarks": "改了备注 {} 位",
    "tags": "改了标签 {} 处",
}


def of(tx: Tx, account: str) -> ContactWalk | None:
    return tx.session.get(ContactWalk, account)


def held(tx: Tx, account: str) -> ContactWalk:
    """The account's walk, nobody else's until the transaction ends; the first one is begun when it is first seen."""
    run(
        tx,
        "INSERT INTO contact_walks (account, kind, begun_at, contacts, taken_in, found, tags_due_at) "
        "VALUES (:account, 'import', :now, 0, 0, '{{}}', :now) ON CONFLICT (account) DO NOTHING",
        account=account,
        now=to_milliseconds(tx.now),
    )
    return tx.session.get_one(ContactWalk, account, with_for_update=True)


def begin(tx: Tx, account: str, kind: str) -> bool:
    """Begins anew from the first contact; False while a walk is under way, which then is the one that was asked for."""
    walk = held(tx, account)
    if walk.done_at is None:
        return False
    walk.kind, walk.begun_at, walk.done_at = kind, tx.now, None
    walk.member_id = walk.cursor = ""
    walk.contacts = walk.taken_in = 0
    walk.found = {}
    walk.tags_due_at = walk.tags_due_at or tx.now
    return True


def begin_night(tx: Tx, account: str, night: str) -> bool:
    """The same, once for each of the shop's nights (the ISO date it began on)."""
    if held(tx, account).night >= night or not begin(tx, account, "night"):
        return False
    held(tx, account).night = night
    return True


def count(walk: ContactWalk, found: Mapping[str, int]) -> None:
    """Adds to what differed; of the first walk nothing does, since nothing was here."""
    if walk.done_at is None and walk.kind != "import":
        walk.found = {name: walk.found.get(name, 0) + found.get(name, 0) for name in WORDS}


def told(walk: ContactWalk) -> str:
    """What differed, in a line; empty where all was the same."""
    parts = [words.format(walk.found[name]) for name, words in WORDS.items() if walk.found.get(name)]
    return "、".join(parts)


def tags_changed(tx: Tx, account: str, at: datetime) -> None:
    """The platform told at ``at`` that its list of tags is another."""
    walk = held(tx, account)
    walk.tags_due_at = tx.now
    walk.tags_told_at = max(walk.tags_told_at or at, at)


def first_imports(tx: Tx) -> list[ContactWalk]:
    """The accounts whose contacts are being taken in for the first time."""
    return list(tx.session.scalars(select(ContactWalk).where(ContactWalk.imported_at.is_(None))))


def progress(walk: ContactWalk) -> str:
    """How far it is, in staff's words."""
    return f"正在读入账号 {walk.account} 原有的顾客，读了 {walk.contacts} 位"


def active_with(tx: Tx, account: str, member_id: str) -> set[str]:
    """The people who are a member's friends as far as we know."""
    theirs = (Friendship.account == account, Friendship.member_id == member_id, Friendship.relation == "active")
    return set(tx.execute(select(Friendship.person_id).where(*theirs)).scalars())


def strangers(tx: Tx, account: str, member_id: str, listed: Collection[str]) -> list[str]:
    """Those of a member's list we know nothing of, but for who had their data erased."""
    theirs = (Friendship.account == account, Friendship.member_id == member_id)
    known = set(tx.execute(select(Friendship.person_id).where(*theirs)).scalars())
    return [one for one in sorted(set(listed) - known) if not forgetting.is_forgotten(tx, account, one)]


def report_words(account: str, words: str) -> str:
    """The line owners read of a night."""
    return f"夜里和平台对了一遍（账号 {account}）：{words}。都照平台的改好了。"


def reports(tx: Tx, day: str) -> list[str]:
    """What owners are to be told this morning (an ISO date)."""
    walked = select(ContactWalk.account, ContactWalk.report).where(ContactWalk.report.startswith(f"{day} "))
    return [report_words(account, report.partition(" ")[2]) for account, report in tx.execute(walked)]
