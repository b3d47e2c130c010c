"""The name staff give a customer here is the remark their member keeps at the platform, under the rule of the tags: the
later change holds by the time of its event, on the same second the platform's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from bot.domain.customers import friends
from bot.domain.customers.models import Customer, Friendship, Identity
from bot.domain.customers.tag_links import Shown, is_later
from bot.domain.merchants.models import StaffIdentity
from bot.language.normalise import display_name, stored
from bot.store.transaction import Tx

LONGEST = 20  # characters. Source: vendor manual, page 96317


@dataclass(frozen=True, slots=True)
class Remark:
    """What a member is to call a person at the platform."""

    person_id: str
    member_id: str
    text: str


def nicknames(tx: Tx, account: str, person_ids: Collection[str]) -> dict[str, str | None]:
    """What the people who are known call themselves."""
    known = (
        select(Identity.person_id, Customer.nickname)
        .join(Customer, Customer.id == Identity.customer_id)
        .where(Identity.account == account, Identity.person_id.in_(list(person_ids)))
    )
    return dict(tx.execute(known).all())


def kept(words: str) -> str:
    """What a member wrote, in the form a database takes."""
    return stored(words)


def name_differs(name: str, nickname: str | None) -> bool:
    """Whether the platform knows a contact by another name than the one that stands here."""
    told = display_name(name)[0]
    return bool(told) and told != nickname


def keepers(tx: Tx, account: str, listed: Mapping[str, Collection[str]]) -> dict[str, str]:
    """The member of each person through whom things are changed: whoever looks after them, else the newest friend; who
    has no friend is missing. ``listed``: the friends the platform tells of; through the others it changes nothing."""
    able = {
        person: among
        for person, members in friends.senders(tx, account, listed).items()
        if (among := [member for member in members if member in listed[person]])
    }
    looks_after = dict(
        tx.execute(
            select(Identity.person_id, StaffIdentity.person_id)
            .join(Customer, Customer.id == Identity.customer_id)
            .join(StaffIdentity, StaffIdentity.staff_id == Customer.keeper_id)
            .where(Identity.account == account, StaffIdentity.account == account, Identity.person_id.in_(list(able)))
        ).all()
    )
    return {
        person: looks_after[person] if looks_after.get(person) in members else members[0]
        for person, members in able.items()
    }


def to_tell(
    tx: Tx,
    account: str,
    told: Mapping[str, Mapping[str, str]],
    stood: Mapping[str, Mapping[str, Shown]],
    keeper_of: Mapping[str, str],
) -> tuple[list[Remark], list[str]]:
    """The names given here that go to the platform now, and who is to be read again since it is too early to say.

    ``told``: the remarks the platform tells, by person and member. What lost is given up.
    """
    given = {
        person: max(friend.renamed_at for friend in known.values() if friend.renamed_at)
        for person, known in stood.items()
        if person in told and any(friend.renamed_at for friend in known.values())
    }
    if not given:
        return [], []
    names = dict(
        tx.execute(
            select(Identity.person_id, Customer.name)
            .join(Customer, Customer.id == Identity.customer_id)
            .where(Identity.account == account, Identity.person_id.in_(list(given)))
        ).all()
    )
    wanted, too_early, over = [], [], []
    for person, at in given.items():
        member, name = keeper_of.get(person), (names.get(person) or "")[:LONGEST]
        there = told[person].get(member or "")
        if not name or member is None or there is None or there == name:
            over.append(person)
            continue
        friend = stood[person].get(member)
        ours = True if friend is None or there == friend.remark else _holds(at, friend, stood[person], tx.now)
        if ours is None:
            too_early.append(person)
        elif ours:
            wanted.append(Remark(person, member, name))
        else:
            over.append(person)
    settled(tx, account, over)
    return wanted, too_early


def _holds(renamed_at: datetime, friend: Shown, known: Mapping[str, Shown], now: datetime) -> bool | None:
    told_at = max((one.told_at for one in known.values() if one.told_at), default=None)
    return is_later(renamed_at, read_at=friend.read_at, told_at=told_at, now=now)


def leave_open(tx: Tx, account: str, person_ids: Sequence[str], stood: Mapping[str, Mapping[str, Shown]]) -> None:
    """Of whom it is too early to say, the remarks stand as if nobody had looked."""
    for person in person_ids:
        for member, friend in stood[person].items():
            one = (
                Friendship.account == account,
                Friendship.person_id == person,
                Friendship.member_id == member,
            )
            tx.execute(update(Friendship).where(*one).values(remark=friend.remark, read_at=friend.read_at))


def settled(tx: Tx, account: str, person_ids: Sequence[str]) -> None:
    """Nothing of these people waits to be told."""
    if person_ids:
        theirs = (Friendship.account == account, Friendship.person_id.in_(list(person_ids)))
        tx.execute(update(Friendship).where(*theirs).values(renamed_at=None))


def told(tx: Tx, account: str, remark: Remark) -> None:
    """The platform has taken it: that is the remark now, and reading it back is no change."""
    theirs = (Friendship.account == account, Friendship.person_id == remark.person_id)
    tx.execute(update(Friendship).where(*theirs).values(renamed_at=None))
    tx.execute(update(Friendship).where(*theirs, Friendship.member_id == remark.member_id).values(remark=remark.text))
    of_person = select(Identity.customer_id).where(Identity.account == account, Identity.person_id == remark.person_id)
    tx.execute(update(Customer).where(Customer.id.in_(of_person)).values(remark=remark.text))
    tx.session.expire_all()
