"""Tags here and the company's tags at the platform are one thing under one name, and whoever changed last has the word.

What the platform last showed of each friendship is kept, so that three states can be laid side by side: ours, what was
shown, what is told now. What only one side has changed since goes over to the other; where both did, the later one holds
by the time of its event, on the same second the platform's. What we set there ourselves is what was shown, so that
reading it back changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from bot.domain.customers import tags
from bot.domain.customers.contact_models import CorpTag
from bot.domain.customers.models import Customer, CustomerTag, Friendship, Identity, Tag, TagChange
from bot.language.normalise import tag_name
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx

# News of a change made at the platform follow it within this time; until then nobody knows when it was made.
NEWS_TAKE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Shown:
    """A friendship as it stood here before the platform told more: the tags it last showed (None = never read), when it
    was read, and the newest event since; ``renamed_at``: staff gave the customer a name the platform has not got."""

    tag_ids: frozenset[str] | None
    told_at: datetime | None
    read_at: datetime | None
    remark: str
    description: str
    since: datetime | None
    relation: str
    renamed_at: datetime | None
    stale_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wears:
    """What the platform tells now: the ids of the company's tags on a person, by member."""

    person_id: str
    by_member: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Difference:
    """What the platform is to get so that it shows what is here: names to put on, ids to take off by member."""

    person_id: str
    put_on: tuple[str, ...]
    take_off: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it: tags that changed here, what is to go over, who is to be read again since it is too early to say."""

    changed: int
    differences: Sequence[Difference]
    too_early: Sequence[str]


# -- the rule; no I/O --------------------------------------------------------------------------------------------------


def last_word(
    *,
    ours: bool,
    shown: bool,
    told: bool,
    ours_at: datetime | None,
    read_at: datetime | None,
    told_at: datetime | None,
    now: datetime,
) -> bool | None:
    """Whether the tag is to be worn; None: too early to say.

    ``ours_at``: the last change here, ``read_at``: when ``shown`` was read, ``told_at``: the newest event since then.
    """
    if told in (ours, shown):
        return ours
    # The platform's has changed since it was read, and ours, if it has, has not got there.
    holds = ours_at is not None and is_later(ours_at, read_at=read_at, told_at=told_at, now=now)
    return None if holds is None else ours if holds else told


def is_later(ours_at: datetime, *, read_at: datetime | None, told_at: datetime | None, now: datetime) -> bool | None:
    """Whether our change was made after the one the platform shows; None: too early to say, its news may be on the way.

    What the platform shows otherwise than when it was read, it got after that. A change no event tells of counts as made
    now.
    """
    if read_at is not None and ours_at <= read_at:
        return False
    if told_at is None or (read_at is not None and int(told_at.timestamp()) < int(read_at.timestamp())):
        # No event of it has come yet: what older ones told of was read then.
        return None if timedelta(0) <= now - ours_at < NEWS_TAKE else False
    return int(ours_at.timestamp()) > int(told_at.timestamp())


# -- names -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Links:
    """The company's tags: what each id is called here (which is called nothing here is missing), the id to put on for a
    name, and every id the platform listed."""

    names: Mapping[str, str] = field(default_factory=dict)
    chosen: Mapping[str, str] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()

    def of(self, tag_ids: Iterable[str]) -> set[str]:
        return {self.names[one] for one in tag_ids if one in self.names}


def our_name(name: str) -> str:
    """What a tag of the company is called here; empty for one we do not take over."""
    ours = tag_name(name)
    if ours.upper() in tags.CLASS_TAGS:
        return ours.upper()
    is_ours_alone = ours == tags.UNSORTED or ours.upper() in tags.OPPOSITE
    return "" if not ours or len(ours) > tags.NAME_LIMIT or is_ours_alone else ours


def links(tx: Tx, account: str) -> Links:
    rows = select(CorpTag.tag_id, CorpTag.name).where(CorpTag.account == account)
    # Of several under one name the one we made is put on, else the first.
    found = tx.execute(rows.order_by(CorpTag.ours.desc(), CorpTag.tag_id)).all()
    names = {tag_id: ours for tag_id, name in found if (ours := our_name(name))}
    chosen: dict[str, str] = {}
    for tag_id, name in names.items():
        chosen.setdefault(name, tag_id)
    return Links(names, chosen, frozenset(tag_id for tag_id, _name in found))


# -- what the platform tells ------------------------------------------------------------------------------------------


def before(tx: Tx, account: str, person_ids: Collection[str]) -> dict[str, dict[str, Shown]]:
    """How the friendships of these people stand here, by person and member; to be read before anything is renewed."""
    rows = tx.execute(
        select(
            Friendship.person_id,
            Friendship.member_id,
            Friendship.tags,
            Friendship.told_at,
            Friendship.read_at,
            Friendship.remark,
            Friendship.description,
            Friendship.since,
            Friendship.relation,
            Friendship.renamed_at,
            Friendship.stale_at,
        ).where(Friendship.account == account, Friendship.person_id.in_(list(person_ids)))
    )
    found: dict[str, dict[str, Shown]] = {}
    for person_id, member_id, tag_ids, *rest in rows:
        worn = None if tag_ids is None else frozenset(tag_ids.split())
        found.setdefault(person_id, {})[member_id] = Shown(worn, *rest)
    return found


def take(
    tx: Tx,
    account: str,
    told: Sequence[Wears],
    stood: Mapping[str, Mapping[str, Shown]],
    names: Links,
    *,
    as_of: datetime,
    member: str | None = None,
) -> Taken:
    """Takes over what changed at the platform, by the rule above; to be called when the people have their customers.

    ``stood`` is what `before` gave, ``as_of`` the moment before the platform was asked; ``member``: only this one's
    friendships were read now.
    """
    customers = _customers(tx, account, [one.person_id for one in told])
    told = [one for one in told if one.person_id in customers]
    ours = _worn(tx, set(customers.values()))
    shown, now_there = {}, {}
    for one in told:
        known = stood.get(one.person_id, {})
        listed = [known[member] for member in one.by_member if member in known]
        shown[one.person_id] = names.of(tag for friend in listed for tag in friend.tag_ids or ())
        now_there[one.person_id] = names.of(tag for ids in one.by_member.values() for tag in ids)
    disputed = {
        (customers[person], name)
        for person in shown
        for name in shown[person] ^ now_there[person]
        if (name in ours[customers[person]]) != (name in now_there[person])
    }
    changed_at = _changed_here(tx, disputed)
    on: set[tuple[int, str]] = set()
    off: set[tuple[int, str]] = set()
    open_names: dict[str, set[str]] = {}
    for one in told:
        number, known = customers[one.person_id], stood.get(one.person_id, {})
        told_at = max((friend.told_at for friend in known.values() if friend.told_at), default=None)
        read_at = min((friend.read_at for friend in known.values() if friend.read_at), default=None)
        for name in shown[one.person_id] ^ now_there[one.person_id]:
            is_worn, is_there = name in ours[number], name in now_there[one.person_id]
            word = last_word(
                ours=is_worn,
                shown=name in shown[one.person_id],
                told=is_there,
                ours_at=changed_at.get((number, name)),
                read_at=read_at,
                told_at=told_at,
                now=tx.now,
            )
            if word is None:
                open_names.setdefault(one.person_id, set()).add(name)
            elif word != is_worn:
                (on if word else off).add((number, name))
    tags.by_platform(tx, on, off, shown_by={(account, one.person_id) for one in told})
    for number, name in on:
        ours[number].add(name)
    for number, name in off:
        ours[number].discard(name)
    read = [
        (one, member_id, ids) for one in told for member_id, ids in one.by_member.items() if member in (None, member_id)
    ]
    _keep_shown(tx, account, read, stood, names, open_names, as_of)
    differences = [
        found
        for one in told
        if (
            found := _difference(
                one, ours[customers[one.person_id]], now_there[one.person_id], names, open_names.get(one.person_id, ())
            )
        )
    ]
    return Taken(len(on) + len(off), differences, sorted(open_names))


def drifted(
    tx: Tx, account: str, person_ids: Sequence[str], stood: Mapping[str, Mapping[str, Shown]], names: Links
) -> list[str]:
    """Those of whom the platform shows other tags than are here, although neither side is known to have changed."""
    customers = _customers(tx, account, person_ids)
    ours = _worn(tx, set(customers.values()))
    found = []
    for person, number in customers.items():
        there = {member: friend.tag_ids or frozenset() for member, friend in stood.get(person, {}).items()}
        shown = names.of(tag for ids in there.values() for tag in ids)
        if _difference(Wears(person, there), ours[number], shown, names, ()):
            found.append(person)
    return found


def _customers(tx: Tx, account: str, person_ids: Sequence[str]) -> dict[str, int]:
    rows = select(Identity.person_id, Identity.customer_id).where(
        Identity.account == account, Identity.person_id.in_(list(person_ids))
    )
    return dict(tx.execute(rows).all())


def _worn(tx: Tx, numbers: Collection[int]) -> dict[int, set[str]]:
    """What these customers wear here, the classes a tag may stand for among it."""
    worn: dict[int, set[str]] = {number: set() for number in numbers}
    rows = select(CustomerTag.customer_id, Tag.name).join(Tag, Tag.id == CustomerTag.tag_id)
    for number, name in tx.execute(rows.where(CustomerTag.customer_id.in_(worn))):
        worn[number].add(name)
    classes = select(Customer.id, Customer.vip, Customer.visited, Customer.purchased).where(Customer.id.in_(worn))
    for number, vip, visited, purchased in tx.execute(classes):
        held = {"vip": vip, "visited": visited, "purchased": purchased}
        worn[number] |= {name for name, column in tags.CLASS_TAGS.items() if held[column]}
    return worn


def _changed_here(tx: Tx, pairs: Collection[tuple[int, str]]) -> dict[tuple[int, str], datetime]:
    """When each (customer, tag) last changed by anybody but a platform."""
    if not pairs:
        return {}
    last = (
        select(TagChange.customer_id, TagChange.tag, func.max(TagChange.at).label("at"))
        .where(
            TagChange.customer_id.in_({number for number, _name in pairs}),
            TagChange.tag.in_({name for _number, name in pairs}),
            TagChange.source != tags.PLATFORM,
        )
        .group_by(TagChange.customer_id, TagChange.tag)
    )
    return {(number, name): at for number, name, at in tx.execute(last)}


# Row by row, by the whole key: as one statement SQLite looks through all the account's friendships for each.
_SHOW = text(
    "UPDATE friendships SET tags = :tags, read_at = :read_at,"
    " told_at = CASE WHEN stale_at > :as_of THEN told_at END"
    " WHERE person_id = :person_id AND account = :account AND member_id = :member_id"
)


def _keep_shown(
    tx: Tx,
    account: str,
    read: Sequence[tuple[Wears, str, frozenset[str]]],
    stood: Mapping[str, Mapping[str, Shown]],
    names: Links,
    open_names: Mapping[str, Collection[str]],
    as_of: datetime,
) -> None:
    """What was told is what was shown from now on, but where it was too early to say who has the last word: that stands
    as if nobody had looked."""
    rows = []
    for one, member, ids in read:
        undecided = open_names.get(one.person_id, ())
        kept: frozenset[str] = ids
        read_at: datetime | None = as_of
        if undecided:
            known = stood.get(one.person_id, {}).get(member)
            former = (known.tag_ids if known is not None else None) or frozenset()
            read_at = known.read_at if known is not None else None
            kept = frozenset(tag for tag in ids if names.names.get(tag) not in undecided)
            kept |= {tag for tag in former if names.names.get(tag) in undecided}
        key = {"person_id": one.person_id, "account": account, "member_id": member}
        moments = {"as_of": to_milliseconds(as_of), "read_at": read_at and to_milliseconds(read_at)}
        rows.append({**key, **moments, "tags": " ".join(sorted(kept))})
    if rows:
        tx.execute(_SHOW, rows)


def _difference(
    one: Wears, ours: Collection[str], there: Collection[str], names: Links, undecided: Collection[str]
) -> Difference | None:
    settled = {tags.UNSORTED, *tags.CLASS_TAGS, *undecided}
    put_on = tuple(sorted(name for name in ours if name not in there and name not in settled))
    too_much = {name for name in there if name not in ours and name not in settled}
    take_off = {
        member: tuple(sorted(tag for tag in ids if names.names.get(tag) in too_much))
        for member, ids in one.by_member.items()
    }
    take_off = {member: ids for member, ids in take_off.items() if ids}
    return Difference(one.person_id, put_on, take_off) if put_on or take_off else None


def pushed(
    tx: Tx, account: str, member_id: str, person_id: str, *, put_on: Collection[str], taken_off: Collection[str]
) -> None:
    """The platform has taken it: that is what it shows now, and reading it back is no change."""
    friendship = tx.session.get(Friendship, (person_id, account, member_id), with_for_update=True)
    if friendship is not None:
        worn = set((friendship.tags or "").split()) - set(taken_off) | set(put_on)
        friendship.tags = " ".join(sorted(worn))
        tx.session.flush()
