"""Taking in the followers an account had before us: no welcome, no news to staff, tagged 待整理 until sorted.

Several workers may try; a row lock on the account's progress lets one page after the other be kept, each once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, text

from bot.domain.customers import forgetting, tags
from bot.domain.customers.models import AccountStart, Customer, Identity
from bot.language.normalise import display_name
from bot.language.whom import name_keys
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx

# Whoever writes to us at this very moment may be met by the web process first.
_IDENTIFY = text(
    "INSERT INTO identities (customer_id, account, person_id, relation, relation_at, followed_at, unionid) "
    "VALUES (:customer_id, :account, :person_id, 'active', :relation_at, :followed_at, :unionid) "
    "ON CONFLICT (account, person_id) DO NOTHING"
)
_BEGIN = text(
    "INSERT INTO account_starts (account, next_person, taken_in, started_at) VALUES (:account, '', 0, :now) "
    "ON CONFLICT (account) DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Follower:
    """What a platform tells of a follower; ``channel`` is the scene they came by, or empty, ``tags`` are names."""

    person_id: str
    followed_at: datetime | None
    remark: str
    channel: str
    unionid: str
    tags: tuple[str, ...] = ()


def start_of(tx: Tx, account: str) -> AccountStart:
    """What was done for the account so far, begun when it is first seen; nobody else's until the transaction ends."""
    tx.execute(_BEGIN, {"account": account, "now": to_milliseconds(tx.now)})
    return tx.session.get_one(AccountStart, account, with_for_update=True)


def begin_again(tx: Tx, account: str) -> None:
    """Lets the account's followers be gone through once more; one that is under way goes on."""
    start = start_of(tx, account)
    if start.done_at is not None:
        start.next_person, start.taken_in, start.done_at = "", 0, None


def unknown(tx: Tx, account: str, person_ids: Sequence[str]) -> list[str]:
    """Those of ``person_ids`` nobody has met yet, in the same order."""
    known = set(
        tx.session.scalars(
            select(Identity.person_id).where(Identity.account == account, Identity.person_id.in_(list(person_ids)))
        )
    )
    return [person_id for person_id in person_ids if person_id not in known]


def take_in(tx: Tx, account: str, followers: Sequence[Follower]) -> int:
    """Makes a customer for each follower not met yet; returns how many. To be called under ``start_of``'s lock."""
    fresh = set(unknown(tx, account, [follower.person_id for follower in followers]))
    newcomers = [
        follower
        for follower in followers
        if follower.person_id in fresh and not forgetting.is_forgotten(tx, account, follower.person_id)
    ]
    if not newcomers:
        return 0
    rows = [_file(follower, tx.now) for follower in newcomers]
    numbers = list(tx.session.scalars(insert(Customer).returning(Customer.id, sort_by_parameter_order=True), rows))
    tx.execute(
        _IDENTIFY,
        [
            {
                "customer_id": number,
                "account": account,
                "person_id": follower.person_id,
                "relation_at": to_milliseconds(follower.followed_at or tx.now),
                "followed_at": follower.followed_at and to_milliseconds(follower.followed_at),
                # Empty: asked, and told of none.
                "unionid": follower.unionid,
            }
            for number, follower in zip(numbers, newcomers, strict=True)
        ],
    )
    ours = set(tx.session.scalars(select(Identity.customer_id).where(Identity.customer_id.in_(numbers))))
    tx.execute(delete(Customer).where(Customer.id.in_([number for number in numbers if number not in ours])))
    taken = [(number, follower) for number, follower in zip(numbers, newcomers, strict=True) if number in ours]
    _tag(tx, taken)
    return len(taken)


def _file(follower: Follower, now: datetime) -> dict[str, object]:
    remark = display_name(follower.remark)[0]
    keys = name_keys(remark)
    return {
        "created_at": follower.followed_at or now,
        "remark": remark or None,
        "name_pinyin": keys.pinyin or None,
        "name_initials": keys.initials or None,
        "channel": follower.channel or None,
    }


def _tag(tx: Tx, taken: Sequence[tuple[int, Follower]]) -> None:
    if not taken:
        return
    people = {
        customer.id: customer
        for customer in tx.session.scalars(select(Customer).where(Customer.id.in_([number for number, _ in taken])))
    }
    worn: dict[str, list[Customer]] = {}
    for number, follower in taken:
        for name in follower.tags:
            worn.setdefault(name, []).append(people[number])
    tags.imported(tx, worn)
    tags.unsorted(tx, [number for number, _ in taken])
