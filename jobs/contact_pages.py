"""What the platform told of contacts, kept in one transaction: a page of a member's list, or contacts asked for by id."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain import contacts
from bot.domain.customers import contact_marks, remarks, tag_links, tags
from bot.domain.customers.friends import ContactFacts, FriendFacts
from bot.domain.customers.remarks import Remark
from bot.domain.customers.tag_links import Difference, Links, Shown, Wears
from bot.platforms.wecom.contacts import Contact
from bot.store.transaction import Tx

# What is to go over is tried again after this, should this process die before the platform has heard.
HEARD_WITHIN = timedelta(seconds=60)
# A friendship that has just begun the platform may not know yet.
YOUNG = timedelta(minutes=2)
SOON = timedelta(seconds=5)
LEFT_ALONE = timedelta(hours=1)  # who had their data erased is kept no more
OUT_OF_SIGHT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of it: what differed, by kind; what is to go over to the platform, and through which member."""

    found: Mapping[str, int]
    tags: Sequence[Difference] = ()
    remarks: Sequence[Remark] = ()
    keepers: Mapping[str, str] = field(default_factory=dict)


NOTHING = Kept({})


def keep_page(tx: Tx, account: str, told: Sequence[Contact], names: Links, *, member: str, as_of: datetime) -> Kept:
    """Keeps a page of one member's contacts as the platform told it at ``as_of``; most nights nothing of it is new.

    Whoever is new is marked to be sorted by staff. Of whom there is fresher news, they are read one by one.
    """
    people = [contact.person_id for contact in told]
    stood = tag_links.before(tx, account, people)
    nicknames = remarks.nicknames(tx, account, people)
    other = [
        contact
        for contact in told
        if not any(friend.stale_at for friend in stood.get(contact.person_id, {}).values())
        and not _is_same(contact, stood.get(contact.person_id, {}), nicknames.get(contact.person_id))
    ]
    apart = {contact.person_id for contact in other}
    same = [person for person in people if person not in apart]
    contact_marks.later(tx, account, tag_links.drifted(tx, account, same, stood, names), at=tx.now)
    if not other:
        return NOTHING
    facts = [_whole(contact, stood.get(contact.person_id, {})) for contact in other]
    return _keep(tx, account, facts, stood, nicknames, names, as_of=as_of, member=member, quietly=True)


def absent(tx: Tx, account: str, told: Sequence[Contact], unknown: Collection[str]) -> bool:
    """Whether the platform has left out a friend of one of these people; it knows nothing of the ``unknown`` ones."""
    listed = {contact.person_id: {friend.member_id for friend in contact.friends} for contact in told}
    stood = tag_links.before(tx, account, [*listed, *unknown])
    return any(
        friend.relation == "active" and member not in listed.get(person_id, ())
        for person_id, known in stood.items()
        for member, friend in known.items()
    )


def keep_read(
    tx: Tx,
    account: str,
    told: Sequence[Contact],
    names: Links,
    *,
    as_of: datetime,
    quietly: bool = False,
    seen: Collection[str] | None = None,
) -> Kept:
    """Keeps contacts that were asked for one by one: with every friendship the platform lists.

    ``seen``: the members of whom it tells us at all, None for everybody; one of the others is left out whatever holds.
    """
    people = [contact.person_id for contact in told]
    stood = tag_links.before(tx, account, people)
    nicknames = remarks.nicknames(tx, account, people)
    facts = [(_facts(contact), _worn(contact)) for contact in told]
    kept = _keep(tx, account, facts, stood, nicknames, names, as_of=as_of, member=None, quietly=quietly)
    gone = 0
    for contact in told:
        listed = {friend.member_id for friend in contact.friends}
        known = stood.get(contact.person_id, {})
        for member, friend in known.items():
            if member not in listed:
                gone += _no_friend(tx, account, member, contact.person_id, friend, as_of, seen)
    return Kept({**kept.found, "gone": gone}, kept.tags, kept.remarks, kept.keepers)


def keep_unknown(
    tx: Tx, account: str, people: Iterable[str], *, as_of: datetime, seen: Collection[str] | None = None
) -> int:
    """The platform does not know these as customers of anybody ``seen``; returns how many had such a friend until now."""
    stood = tag_links.before(tx, account, list(people))
    count = 0
    for person_id, known in stood.items():
        ended = [_no_friend(tx, account, member, person_id, friend, as_of, seen) for member, friend in known.items()]
        count += any(ended)
    return count


def _no_friend(
    tx: Tx, account: str, member: str, person_id: str, friend: Shown, as_of: datetime, seen: Collection[str] | None
) -> bool:
    """The platform shows nothing of this friendship; it may not have it yet, or not show it to us."""
    if friend.relation != "active":
        contact_marks.nothing_more(tx, account, member, person_id)
        return False
    began = friend.told_at or friend.since
    if began is not None and timedelta(0) <= as_of - began < YOUNG:
        contact_marks.put_off(tx, account, [person_id], until=as_of + YOUNG)
        return False
    if seen is not None and member not in seen:
        contact_marks.again(tx, account, member, person_id, at=as_of + OUT_OF_SIGHT)
        return False
    # By the time of the news that made us ask, so that what happened since then and is still on its way holds.
    is_gone = contacts.parted(tx, account, member, person_id, at=friend.told_at or as_of)
    contact_marks.nothing_more(tx, account, member, person_id)
    return is_gone


def _keep(
    tx: Tx,
    account: str,
    told: Sequence[tuple[ContactFacts, Wears]],
    stood: Mapping[str, Mapping[str, Shown]],
    nicknames: Mapping[str, str | None],
    names: Links,
    *,
    as_of: datetime,
    member: str | None,
    quietly: bool,
) -> Kept:
    seen = contacts.seen(tx, account, [facts for facts, _worn in told], as_of=as_of, quietly=quietly)
    here = {one.person_id for one in seen}
    left_out = {facts.person_id for facts, _worn in told} - here
    contact_marks.put_off(tx, account, left_out, until=tx.now + LEFT_ALONE)
    if quietly:
        tags.unsorted(tx, [one.customer_id for one in seen if one.is_new])
    taken = tag_links.take(tx, account, [worn for _facts, worn in told], stood, names, as_of=as_of, member=member)
    said = {facts.person_id: {friend.member_id: friend.remark for friend in facts.friends} for facts, _worn in told}
    to_push = _to_push(stood, taken.differences) & said.keys()
    keeper_of = remarks.keepers(tx, account, {person: said[person] for person in to_push})
    wanted, too_early = remarks.to_tell(tx, account, said, stood, keeper_of)
    remarks.leave_open(tx, account, too_early, stood)
    differences = [one for one in taken.differences if one.person_id in keeper_of]
    waiting = {one.person_id for one in differences} | {one.person_id for one in wanted}
    contact_marks.later(tx, account, waiting, at=_heard_by(as_of) if member is None else tx.now)
    contact_marks.later(tx, account, {*taken.too_early, *too_early}, at=tx.now + SOON)
    found = _differed(told, here, stood, nicknames) | {"tags": taken.changed}
    return Kept(found, differences, wanted, keeper_of)


def _heard_by(as_of: datetime) -> datetime:
    return as_of + HEARD_WITHIN


def heard(tx: Tx, account: str, people: Collection[str], *, as_of: datetime) -> None:
    """What was to go over has got there; whoever changed anything since is read again."""
    contact_marks.done(tx, account, people, at=_heard_by(as_of))


def _to_push(stood: Mapping[str, Mapping[str, Shown]], differences: Sequence[Difference]) -> set[str]:
    renamed = {person for person, known in stood.items() if any(friend.renamed_at for friend in known.values())}
    return renamed | {one.person_id for one in differences}


def _differed(
    told: Sequence[tuple[ContactFacts, Wears]],
    here: Collection[str],
    stood: Mapping[str, Mapping[str, Shown]],
    nicknames: Mapping[str, str | None],
) -> dict[str, int]:
    found = dict.fromkeys(("new", "friends", "names", "remarks"), 0)
    for facts, _worn in told:
        if facts.person_id not in here:
            continue
        if facts.person_id not in nicknames:
            found["new"] += 1
            continue
        known = stood.get(facts.person_id, {})
        found["friends"] += sum(friend.member_id not in known for friend in facts.friends)
        found["names"] += remarks.name_differs(facts.name, nicknames[facts.person_id])
        found["remarks"] += any(
            friend.member_id in known and friend.remark != known[friend.member_id].remark for friend in facts.friends
        )
    return found


def _is_same(contact: Contact, known: Mapping[str, Shown], nickname: str | None) -> bool:
    worn = _worn(contact).by_member
    return not remarks.name_differs(contact.name, nickname) and all(
        (friend := known.get(told.member_id)) is not None
        and friend.tag_ids == worn[told.member_id]
        and (friend.remark, friend.description) == (told.remark, told.description)
        and (told.since is None or told.since == friend.since)
        for told in _facts(contact).friends
    )


def _whole(contact: Contact, known: Mapping[str, Shown]) -> tuple[ContactFacts, Wears]:
    """A member's list tells of that member's friendship alone: the others stand as they did."""
    facts, worn = _facts(contact), _worn(contact)
    listed = {friend.member_id for friend in facts.friends}
    rest = {member: friend for member, friend in known.items() if member not in listed}
    others = [FriendFacts(member, one.remark, one.description, one.since) for member, one in rest.items()]
    facts = ContactFacts(facts.person_id, facts.name, facts.unionid, (*facts.friends, *others))
    shown = {member: one.tag_ids or frozenset() for member, one in rest.items()}
    return facts, Wears(worn.person_id, {**worn.by_member, **shown})


def _facts(contact: Contact) -> ContactFacts:
    told = [
        FriendFacts(
            one.member_id,
            remarks.kept(one.remark),
            remarks.kept(one.description),
            one.since,
            one.state,
            one.add_way,
            one.mobiles,
        )
        for one in contact.friends
    ]
    return ContactFacts(contact.person_id, contact.name, contact.unionid, tuple(told))


def _worn(contact: Contact) -> Wears:
    return Wears(contact.person_id, {friend.member_id: frozenset(friend.tag_ids) for friend in contact.friends})
