"""Taking in the followers an account had before us: no welcome, no news to staff, tagged 待整理 until sorted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from bot.domain.customers.models import AccountStart, Customer, CustomerTag, Identity, Tag
from bot.store.transaction import Tx

UNSORTED = "待整理"


@dataclass(frozen=True, slots=True)
class Follower:
    """What a platform tells of a follower; ``channel`` is the scene they came by, or empty."""

    person_id: str
    followed_at: datetime | None
    remark: str
    channel: str
    unionid: str


def start_of(tx: Tx, account: str) -> AccountStart:
    """What was done for the account so far; begun by this call when it is first seen."""
    found = tx.session.get(AccountStart, account)
    if found is None:
        found = AccountStart(account=account, next_person="", taken_in=0, started_at=tx.now)
        tx.session.add(found)
        tx.session.flush()
    return found


def unknown(tx: Tx, account: str, person_ids: Sequence[str]) -> list[str]:
    """Those of ``person_ids`` nobody has met yet, in the same order."""
    known = set(
        tx.session.scalars(
            select(Identity.person_id).where(Identity.account == account, Identity.person_id.in_(list(person_ids)))
        )
    )
    return [person_id for person_id in person_ids if person_id not in known]


def take_in(tx: Tx, account: str, followers: Sequence[Follower]) -> int:
    """Makes a customer for each follower not met yet; returns how many."""
    fresh = set(unknown(tx, account, [follower.person_id for follower in followers]))
    newcomers = [follower for follower in followers if follower.person_id in fresh]
    if not newcomers:
        return 0
    rows = [
        {
            "created_at": follower.followed_at or tx.now,
            "remark": follower.remark or None,
            "channel": follower.channel or None,
        }
        for follower in newcomers
    ]
    numbers = list(tx.session.scalars(insert(Customer).returning(Customer.id, sort_by_parameter_order=True), rows))
    tx.execute(
        insert(Identity),
        [
            {
                "customer_id": number,
                "account": account,
                "person_id": follower.person_id,
                "relation": "active",
                "relation_at": follower.followed_at or tx.now,
                "followed_at": follower.followed_at,
                "unionid": follower.unionid or None,
            }
            for number, follower in zip(numbers, newcomers, strict=True)
        ],
    )
    tag_id = _unsorted_tag(tx)
    tx.execute(insert(CustomerTag), [{"customer_id": number, "tag_id": tag_id, "since": tx.now} for number in numbers])
    return len(numbers)


def _unsorted_tag(tx: Tx) -> int:
    tag = tx.session.scalars(select(Tag).where(Tag.name == UNSORTED)).first()
    if tag is None:
        tag = Tag(name=UNSORTED, created_at=tx.now)
        tx.session.add(tag)
        tx.session.flush()
    return tag.id
