"""Customers who are friends of staff members at the platform: who with whom, since when, by which name.

Only news of adding and parting, by the platform's time of them, and the platform's own refusals change a friendship that
is known. That it lists one proves nothing: it goes on listing customers who have parted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, case, delete, exists, func, insert, literal, select, text, update

from bot.domain.customers import channels, forgetting, noted_phones, timeline
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer, Friendship, Identity
from bot.domain.merchants.models import Staff, StaffIdentity
from bot.language.normalise import display_name
from bot.store.base import Moment, to_milliseconds
from bot.store.bulk import chunks
from bot.store.transaction import Tx

LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class FriendFacts:
    """What the platform tells of one friendship; ``since`` None where it does not say; ``mobiles`` as they were typed."""

    member_id: str
    remark: str = ""
    description: str = ""
    since: datetime | None = None
    channel: str = ""
    add_way: int = 0
    mobiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What the platform tells of a contact and of the friendships it lists."""

    person_id: str
    name: str = ""
    unionid: str = ""
    friends: tuple[FriendFacts, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a contact: the customer's number, whether that was made now; ``twin``: the number of another file
    of the same person, by the unionid, which waits to be merged; ``phone_of``: of one with the phone a member noted."""

    person_id: str
    customer_id: int
    is_new: bool
    twin: int | None = None
    phone_of: int | None = None


# -- news of friendships -----------------------------------------------------------------------------------------------

_BEGIN = text(
    "INSERT INTO friendships (person_id, account, member_id, relation, relation_at) "
    "VALUES (:person_id, :account, :member_id, 'gone', :relation_at) ON CONFLICT DO NOTHING"
)


def added(
    tx: Tx, account: str, member_id: str, person_id: str, *, channel: str, at: datetime
) -> tuple[Friendship, bool]:
    """They became friends at ``at`` (the event's time), or half of it; to be called with the customer met.

    Returns the friendship and whether that is news: they may have been friends already, or have parted since. Its names
    and words are to be fetched in either case.
    """
    friendship = _of(tx, account, member_id, person_id)
    friendship.stale_at, friendship.told_at = tx.now, max(friendship.told_at or at, at)
    friendship.channel = friendship.channel or channel
    was_active = friendship.relation == "active"
    if at >= friendship.relation_at:
        friendship.relation, friendship.relation_at = "active", at
        friendship.since = friendship.since if was_active and friendship.since else at
    tx.session.flush()
    _follow_friendships(tx, account, [person_id])
    return friendship, friendship.relation == "active" and not was_active


def parted(tx: Tx, account: str, member_id: str, person_id: str, at: datetime) -> bool:
    """They are friends no more as of ``at``, by an event or by the platform's refusal; False where newer news were known.

    The file stays; whether anybody of the account is still a friend stands in the identity's relation.
    """
    friendship = _of(tx, account, member_id, person_id)
    if at < friendship.relation_at or (friendship.relation_at == at and friendship.relation == "gone"):
        return False
    was_active = friendship.relation == "active"
    friendship.relation, friendship.relation_at, friendship.welcome_code = "gone", at, ""
    tx.session.flush()
    _follow_friendships(tx, account, [person_id])
    return was_active


def between(tx: Tx, account: str, member_id: str, person_id: str) -> Friendship | None:
    """The friendship of the two, also one that is over."""
    return tx.session.get(Friendship, (person_id, account, member_id))


_MEMBER_LEFT = text(
    "UPDATE friendships SET relation = 'gone', relation_at = :at, welcome_code = '' "
    "WHERE account = :account AND member_id = :member_id AND relation = 'active' AND relation_at <= :at"
)
_LOST_LAST = text(
    "UPDATE identities SET relation = 'gone', relation_at = :at WHERE account = :account AND relation = 'active' "
    "AND person_id IN (SELECT person_id FROM friendships WHERE account = :account AND member_id = :member_id "
    "AND relation = 'gone' AND relation_at = :at) AND NOT EXISTS (SELECT 1 FROM friendships WHERE "
    "friendships.person_id = identities.person_id AND friendships.account = :account AND relation = 'active')"
)


def member_left(tx: Tx, account: str, member_id: str, at: datetime) -> int:
    """A member has left the company at ``at``, and all their friends with them, of which the platform tells nothing more.

    Returns for how many customers it was the last friend; whoever the company gives one to is told as a new friend.
    """
    tx.session.flush()
    named = {"account": account, "member_id": member_id, "at": to_milliseconds(at)}
    tx.execute(_MEMBER_LEFT, named)
    lost = tx.execute(_LOST_LAST, named).rowcount
    tx.session.expire_all()
    return int(lost)


def edited(tx: Tx, account: str, member_id: str, person_id: str, at: datetime) -> bool:
    """The platform knows newer words for the contact as of ``at``, which are to be fetched; False for a friendship nobody
    knows."""
    told_at = case((Friendship.told_at > at, Friendship.told_at), else_=literal(at, Moment()))
    theirs = update(Friendship).where(*_one(account, member_id, person_id))
    return tx.execute(theirs.values(stale_at=tx.now, told_at=told_at)).rowcount == 1


def _of(tx: Tx, account: str, member_id: str, person_id: str) -> Friendship:
    """The friendship's row, nobody else's until the transaction ends."""
    named = {"person_id": person_id, "account": account, "member_id": member_id}
    tx.execute(_BEGIN, {**named, "relation_at": 0})
    return tx.session.get_one(Friendship, (person_id, account, member_id), with_for_update=True)


def _one(account: str, member_id: str, person_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        Friendship.person_id == person_id,
        Friendship.account == account,
        Friendship.member_id == member_id,
    )


def _follow_friendships(tx: Tx, account: str, person_ids: Sequence[str]) -> None:
    """The identity is active while anybody of the account is a friend, since the newest news of that."""
    mine = (Friendship.person_id == Identity.person_id, Friendship.account == Identity.account)
    is_active = exists().where(*mine, Friendship.relation == "active").correlate(Identity)
    newest = select(Friendship.relation_at).where(*mine).order_by(Friendship.relation_at.desc()).limit(1)
    first = select(Friendship.since).where(*mine, Friendship.since.is_not(None)).order_by(Friendship.since).limit(1)
    for relation, holds in (("active", is_active), ("gone", ~is_active)):
        theirs = update(Identity).where(Identity.account == account, Identity.person_id.in_(person_ids), holds)
        tx.execute(
            theirs.values(
                relation=relation,
                relation_at=newest.correlate(Identity).scalar_subquery(),
                followed_at=first.correlate(Identity).scalar_subquery(),
            )
        )
    tx.session.expire_all()


# -- who is whose friend -----------------------------------------------------------------------------------------------


def is_friend(tx: Tx, account: str, person_id: str) -> bool:
    """Whether anybody of the account is a friend of this person."""
    theirs = (Friendship.person_id == person_id, Friendship.account == account, Friendship.relation == "active")
    return tx.session.scalars(select(Friendship.member_id).where(*theirs).limit(1)).first() is not None


def senders(tx: Tx, account: str, person_ids: Iterable[str]) -> dict[str, list[str]]:
    """The members who are friends of each person, the newest friendship first; who has none is missing."""
    return _friends_of(tx, account, person_ids)


def confirmers(tx: Tx, account: str, person_ids: Iterable[str]) -> dict[str, list[str]]:
    """As `senders`, of those who may be asked to send something: nobody does in the name of who works here no more."""
    named = select(StaffIdentity.person_id).join(Staff, Staff.id == StaffIdentity.staff_id)
    gone = named.where(StaffIdentity.account == account, StaffIdentity.member, Staff.active.is_(False))
    return _friends_of(tx, account, person_ids, Friendship.member_id.not_in(gone))


def _friends_of(tx: Tx, account: str, person_ids: Iterable[str], *which: ColumnElement[bool]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for chunk in chunks(person_ids):
        theirs = select(Friendship.person_id, Friendship.member_id).where(
            Friendship.person_id.in_(chunk), Friendship.account == account, Friendship.relation == "active", *which
        )
        for person_id, member_id in tx.execute(
            theirs.order_by(Friendship.since.is_(None), Friendship.since.desc(), Friendship.member_id)
        ):
            found.setdefault(person_id, []).append(member_id)
    return found


def only_theirs(tx: Tx, account: str, member_id: str) -> int:
    """How many customers are friends of this member, who works here no more, and of nobody who does."""
    known = select(Friendship.person_id).where(
        Friendship.account == account, Friendship.member_id == member_id, Friendship.relation == "active"
    )
    people = tx.session.scalars(known).all()
    return len(people) - len(confirmers(tx, account, people))


def members_of(tx: Tx, account: str) -> dict[str, str]:
    """What members of the account are called, by their id at the platform; also who works here no more."""
    named = select(StaffIdentity.person_id, Staff.name).join(Staff, Staff.id == StaffIdentity.staff_id)
    here = named.where(StaffIdentity.account == account, StaffIdentity.member)
    return {str(person_id): str(name) for person_id, name in tx.execute(here)}


def names_of_friends(tx: Tx, customer_id: int) -> list[str]:
    """What the members are called who are the customer's friends, the newest first."""
    addresses: dict[str, list[str]] = {}
    for identity in customers.identities(tx, [customer_id]):
        addresses.setdefault(identity.account, []).append(identity.person_id)
    names: list[str] = []
    for account, person_ids in addresses.items():
        of_account = senders(tx, account, person_ids)
        if of_account:
            called = members_of(tx, account)
            names += [called.get(one, one) for members in of_account.values() for one in members]
    return list(dict.fromkeys(names))


def forget(tx: Tx, account: str, person_id: str) -> None:
    """Takes a customer who is erased out of their friends' words."""
    tx.execute(delete(Friendship).where(Friendship.account == account, Friendship.person_id == person_id))


# -- what the platform tells of them -----------------------------------------------------------------------------------

_IDENTIFY = text(
    "INSERT INTO identities (customer_id, account, person_id, relation, relation_at, unionid) "
    "VALUES (:customer_id, :account, :person_id, 'active', :relation_at, :unionid) "
    "ON CONFLICT (account, person_id) DO NOTHING"
)
_FRIEND = text(
    "INSERT INTO friendships (person_id, account, member_id, relation, relation_at, since, remark, description, channel,"
    " add_way) VALUES (:person_id, :account, :member_id, 'active', :relation_at, :since, :remark, :description, :channel,"
    " :add_way) ON CONFLICT DO NOTHING"
)


def seen(tx: Tx, account: str, contacts: Sequence[ContactFacts], *, as_of: datetime) -> list[Seen]:
    """Keeps what the platform told of contacts at ``as_of``, a page of a hundred or so at once; see the module's words
    on what that proves.

    Whom nobody has met becomes a customer, or another address of the one with the same unionid. Who had their data
    erased is left out.
    """
    known = _identities(tx, account, [contact.person_id for contact in contacts])
    strangers = [
        contact
        for contact in contacts
        if contact.person_id not in known and not forgetting.is_forgotten(tx, account, contact.person_id)
    ]
    made = _take_in(tx, account, strangers)
    known |= _identities(tx, account, [contact.person_id for contact in strangers])
    here = [contact for contact in contacts if contact.person_id in known]
    if not here:
        return []
    before = _keep_friends(tx, account, here, as_of)
    files = _files(tx, [known[contact.person_id].customer_id for contact in here])
    twins = _twins(tx, [contact.unionid for contact in here if contact.unionid])
    phones_of = _note_phones(tx, files, [(known[contact.person_id].customer_id, contact) for contact in here])
    found = []
    for contact in here:
        identity = known[contact.person_id]
        identity.unionid = contact.unionid or identity.unionid
        _name(tx, account, files[identity.customer_id], contact, before.get(contact.person_id, frozenset()))
        others = () if identity.apart else twins.get(contact.unionid, set()) - {identity.customer_id}
        is_new = identity.customer_id in made
        twin, phone_of = min(others, default=None), phones_of.get(identity.customer_id)
        found.append(Seen(contact.person_id, identity.customer_id, is_new, twin, phone_of))
    tx.session.flush()
    _follow_friendships(tx, account, [contact.person_id for contact in here])
    return found


def _identities(tx: Tx, account: str, person_ids: Sequence[str]) -> dict[str, Identity]:
    found = select(Identity).where(Identity.account == account, Identity.person_id.in_(list(person_ids)))
    return {identity.person_id: identity for identity in tx.session.scalars(found)} if person_ids else {}


def _files(tx: Tx, numbers: Sequence[int]) -> dict[int, Customer]:
    found = select(Customer).where(Customer.id.in_(numbers))
    return {customer.id: customer for customer in tx.session.scalars(found)} if numbers else {}


def _take_in(tx: Tx, account: str, strangers: Sequence[ContactFacts]) -> set[int]:
    """Gives each an address; returns the customers made for that."""
    twins = _twins(tx, [contact.unionid for contact in strangers if contact.unionid])
    owners = [min(twins.get(contact.unionid, ()), default=None) for contact in strangers]
    alone = [contact for contact, owner in zip(strangers, owners, strict=True) if owner is None]
    rows = [{"created_at": _first(contact) or tx.now} for contact in alone]
    if not strangers:
        return set()
    made = (
        list(tx.session.scalars(insert(Customer).returning(Customer.id, sort_by_parameter_order=True), rows))
        if rows
        else []
    )
    numbers = iter(made)
    tx.execute(
        _IDENTIFY,
        [
            {
                "customer_id": next(numbers) if owner is None else owner,
                "account": account,
                "person_id": contact.person_id,
                "relation_at": 0,
                "unionid": contact.unionid or None,
            }
            for contact, owner in zip(strangers, owners, strict=True)
        ],
    )
    # Of whom an event told at this very moment, the web process has made a customer first.
    ours = set(tx.session.scalars(select(Identity.customer_id).where(Identity.customer_id.in_(made))))
    tx.execute(delete(Customer).where(Customer.id.in_([number for number in made if number not in ours])))
    joined = [owner for owner in owners if owner is not None]
    timeline.add_many(tx, "follow", [(number, "也加了企业微信（同一个微信号）") for number in joined])
    return ours


def _note_phones(tx: Tx, files: Mapping[int, Customer], told: Sequence[tuple[int, ContactFacts]]) -> Mapping[int, int]:
    noted = {}
    for number, contact in told:
        if mobiles := [mobile for friend in _by_age(contact) for mobile in friend.mobiles]:
            noted[number] = files[number], mobiles
    return noted_phones.take(tx, noted) if noted else {}


def _by_age(contact: ContactFacts) -> list[FriendFacts]:
    return sorted(contact.friends, key=lambda friend: friend.since or LONG_AGO, reverse=True)


def _first(contact: ContactFacts) -> datetime | None:
    return min((friend.since for friend in contact.friends if friend.since is not None), default=None)


def _keep_friends(
    tx: Tx, account: str, contacts: Sequence[ContactFacts], as_of: datetime
) -> Mapping[str, frozenset[str]]:
    """Keeps the friendships; returns by which names their members had called each person before."""
    people = [contact.person_id for contact in contacts]
    theirs = select(Friendship).where(Friendship.account == account, Friendship.person_id.in_(people))
    known = {(one.person_id, one.member_id): one for one in tx.session.scalars(theirs.with_for_update())}
    before: dict[str, frozenset[str]] = {}
    for (person_id, _member), one in known.items():
        before[person_id] = before.get(person_id, frozenset()) | {display_name(one.remark)[0]}
    new = []
    for contact in contacts:
        for friend in contact.friends:
            friendship = known.get((contact.person_id, friend.member_id))
            if friendship is None:
                new.append(_row(account, contact, friend, as_of))
            else:
                _renew(friendship, friend, as_of)
    if new:
        tx.execute(_FRIEND, new)
    return before


def _row(account: str, contact: ContactFacts, friend: FriendFacts, as_of: datetime) -> dict[str, object]:
    return {
        "person_id": contact.person_id,
        "account": account,
        "member_id": friend.member_id,
        # Whatever has happened since they became friends is newer.
        "relation_at": to_milliseconds(friend.since or as_of),
        "since": None if friend.since is None else to_milliseconds(friend.since),
        "remark": friend.remark,
        "description": friend.description,
        "channel": friend.channel,
        "add_way": friend.add_way,
    }


def _renew(friendship: Friendship, friend: FriendFacts, as_of: datetime) -> None:
    friendship.remark, friendship.description = friend.remark, friend.description
    friendship.channel, friendship.add_way = friendship.channel or friend.channel, friend.add_way
    if friend.since is not None:
        if friendship.relation == "gone" and friend.since > friendship.relation_at:
            # They have become friends again, and the news of it was lost.
            friendship.relation, friendship.relation_at = "active", friend.since
        friendship.since = friend.since
    if friendship.stale_at is not None and friendship.stale_at <= as_of:
        friendship.stale_at = None


def _name(tx: Tx, account: str, customer: Customer, contact: ContactFacts, before: frozenset[str]) -> None:
    """The platform's name, and the newest friend's own words; what staff have named the customer here wins anyway.

    A word that was taken away there goes here too, unless it came from elsewhere. For a member who has written none the
    platform tells the name once more.
    """
    own = display_name(contact.name)[0]
    customer.nickname = own or customer.nickname
    by_age = _by_age(contact)
    remarks = [name for friend in by_age if (name := display_name(friend.remark)[0]) not in ("", own)]
    if remarks:
        customer.remark = remarks[0]
    elif contact.friends and customer.remark in before:
        customer.remark = None
    states = [friend.channel for friend in by_age if friend.channel]
    if states and not customer.channel:
        customer.channel = channels.name_of(tx, account, states[-1])
    customers.index_name(customer)


def _twins(tx: Tx, unionids: Sequence[str]) -> Mapping[str, set[int]]:
    """The customers with an address of each unionid, but for addresses staff have said are of somebody else."""
    found: dict[str, set[int]] = {}
    if unionids:
        alike = select(Identity.unionid, Identity.customer_id).join(Customer, Customer.id == Identity.customer_id)
        known = alike.where(Identity.unionid.in_(list(unionids)), ~Identity.apart, Customer.is_staff.is_(False))
        for unionid, number in tx.execute(known):
            found.setdefault(str(unionid), set()).add(number)
    return found


def alike(tx: Tx, count: int, unionids: Sequence[str] = ()) -> list[tuple[int, int]]:
    """Up to ``count`` pairs of customers with the same unionid, each customer once; ``unionids``: only of these."""
    known = (Identity.unionid != "", ~Identity.apart, Customer.is_staff.is_(False))
    low, high = func.min(Identity.customer_id), func.max(Identity.customer_id)
    twice = select(low, high).join(Customer, Customer.id == Identity.customer_id).where(*known)
    if unionids:
        twice = twice.where(Identity.unionid.in_(list(unionids)))
    pairs: list[tuple[int, int]] = []
    taken: set[int] = set()
    for one, other in tx.execute(twice.group_by(Identity.unionid).having(low < high).limit(count)):
        if not {one, other} & taken:
            pairs.append((one, other))
            taken |= {one, other}
    return pairs


def without_unionid(tx: Tx, account: str, count: int) -> list[str]:
    """People of an account whom nobody has asked the platform about, the newest first."""
    unasked = (Identity.account == account, Identity.unionid.is_(None), Identity.relation == "active")
    return list(
        tx.session.scalars(select(Identity.person_id).where(*unasked).order_by(Identity.id.desc()).limit(count))
    )


def have_unionids(tx: Tx, account: str, unionids: Mapping[str, str]) -> None:
    """What the platform told, by person; empty where it knows none."""
    theirs = select(Identity).where(Identity.account == account, Identity.person_id.in_(list(unionids)))
    for identity in tx.session.scalars(theirs):
        identity.unionid = unionids[identity.person_id]
    tx.session.flush()
