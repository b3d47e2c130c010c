"""Who is in which group: kept from events and readings, which may come in any order, twice, or lag behind.

A stay is known by group, person and the second it began. Only readings begin one; an event or a reading ends it. An event's
word on how and when holds against a reading's mere absence, whichever comes first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, func, select, update

from bot.domain.customers import timeline
from bot.domain.customers.models import Customer, Identity
from bot.domain.groups.models import Chat, ChatMember
from bot.domain.groups.rules import LEFT, SCENES, purpose_called, read_again
from bot.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a group as the platform lists them; ``scene`` a word of `rules.SCENES` or empty."""

    person_id: str
    is_member: bool
    joined_at: datetime
    scene: str
    invited_by: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A group as the platform shows it."""

    name: str
    owner: str
    notice: str
    begun_at: datetime | None
    version: str
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Stay:
    """One customer's stay in a group; ``invited_by`` a member's id."""

    chat: Chat
    joined_at: datetime
    scene: str
    invited_by: str
    left_at: datetime | None
    left_how: str


# -- what events say ---------------------------------------------------------------------------------------------------


def known(tx: Tx, account: str, chat_id: str) -> Chat:
    """The group behind the platform's id, made where it is not known yet; it is to be read then."""
    found = tx.session.scalars(select(Chat).where(Chat.account == account, Chat.chat_id == chat_id)).first()
    if found is None:
        found = Chat(account=account, chat_id=chat_id, next_read_at=tx.now)
        tx.session.add(found)
        tx.session.flush()
    return found


def changed(tx: Tx, account: str, chat_id: str, *, at: datetime, version: str = "") -> Chat:
    """Something changed at ``at``; the group is to be read, until it shows ``version`` or newer news say otherwise."""
    chat = known(tx, account, chat_id)
    if chat.wanted_at is None or at >= chat.wanted_at:
        chat.wanted, chat.wanted_at = version or chat.wanted, at
        chat.next_read_at, chat.reads = tx.now, 0
    return chat


def went(tx: Tx, chat: Chat, people: Collection[str], how: str, *, at: datetime) -> None:
    """These left at ``at``, ``how`` of `rules.LEFT`. Of each the latest stay begun by then ends, if it has not by an event."""
    for person_id in people:
        whose = (ChatMember.chat_number == chat.id, ChatMember.person_id == person_id, ChatMember.joined_at <= at)
        latest = select(ChatMember).where(*whose).order_by(ChatMember.joined_at.desc()).limit(1)
        stay = tx.session.scalars(latest).first()
        if stay is None or (stay.left_at is not None and stay.left_how != "unseen"):
            continue
        was_there = stay.left_at is None
        stay.left_at, stay.left_how = at, how
        if was_there:
            _tell_leaving(tx, chat, stay)
    tx.session.flush()


def dismissed(tx: Tx, account: str, chat_id: str, *, at: datetime) -> Chat:
    """The group is no more."""
    chat = known(tx, account, chat_id)
    chat.dismissed_at = chat.dismissed_at or at
    chat.next_read_at = None
    still = update(ChatMember).where(ChatMember.chat_number == chat.id, ChatMember.left_at.is_(None))
    tx.execute(still.values(left_at=at, left_how="dismissed"))
    tx.session.expire_all()
    return chat


# -- what a reading says -----------------------------------------------------------------------------------------------


def keep(tx: Tx, chat: Chat, read: Reading) -> None:
    """Takes in what the platform showed of a group."""
    is_first = chat.read_at is None
    chat.name, chat.owner, chat.notice = read.name or chat.name or "未命名的群", read.owner, read.notice
    chat.begun_at, chat.version, chat.read_at = read.begun_at, read.version, tx.now
    chat.dismissed_at = None
    if not chat.purpose and (called := purpose_called(chat.name)) and not _serves(tx, called):
        chat.purpose = called
    behind = bool(chat.wanted) and chat.wanted != read.version
    chat.next_read_at = read_again(chat.reads, tx.now) if behind else None
    chat.reads = chat.reads + 1 if behind else 0
    _take_in(tx, chat, read.people, quiet=is_first)


def _serves(tx: Tx, purpose: str) -> bool:
    there = select(Chat.id).where(Chat.purpose == purpose, Chat.dismissed_at.is_(None)).limit(1)
    return tx.execute(there).first() is not None


def _take_in(tx: Tx, chat: Chat, people: Sequence[Person], *, quiet: bool) -> None:
    listed = {person.person_id: person for person in people}
    stays = tx.session.scalars(
        select(ChatMember)
        .where(
            ChatMember.chat_number == chat.id,
            ChatMember.left_at.is_(None) | ChatMember.person_id.in_(list(listed)),
        )
        .order_by(ChatMember.joined_at)
    ).all()
    of_person: dict[str, list[ChatMember]] = {}
    for stay in stays:
        of_person.setdefault(stay.person_id, []).append(stay)
    came = []
    for person_id, person in listed.items():
        own = of_person.get(person_id, [])
        same = next((stay for stay in own if stay.joined_at == person.joined_at), None)
        for earlier in own:
            if earlier.left_at is None and earlier.joined_at < person.joined_at:
                earlier.left_at, earlier.left_how = person.joined_at, "unseen"
        if same is None:
            came.append(_stay(chat, person))
        elif same.left_how in ("", "unseen"):
            # Missing in an older reading that came later; what an event has ended stays so.
            same.left_at, same.left_how = None, ""
    tx.session.add_all(came)
    for person_id, own in of_person.items():
        for stay in own:
            if person_id not in listed and stay.left_at is None:
                stay.left_at, stay.left_how = tx.now, "unseen"
                _tell_leaving(tx, chat, stay)
    tx.session.flush()
    if not quiet:
        _tell_coming(tx, chat, came)


def _stay(chat: Chat, person: Person) -> ChatMember:
    return ChatMember(
        chat_number=chat.id,
        person_id=person.person_id,
        is_member=person.is_member,
        joined_at=person.joined_at,
        scene=person.scene,
        invited_by=person.invited_by,
    )


def _tell_coming(tx: Tx, chat: Chat, came: Iterable[ChatMember]) -> None:
    for stay in came:
        if (customer_id := _customer(tx, chat.account, stay)) is not None:
            how = SCENES.get(stay.scene, "")
            timeline.add(tx, customer_id, "group", f"进了群“{chat.name}”{f'（{how}）' if how else ''}")


def _tell_leaving(tx: Tx, chat: Chat, stay: ChatMember) -> None:
    if (customer_id := _customer(tx, chat.account, stay)) is not None:
        timeline.add(tx, customer_id, "group", f"离开了群“{chat.name}”（{LEFT[stay.left_how]}）")


def _customer(tx: Tx, account: str, stay: ChatMember) -> int | None:
    if stay.is_member:
        return None
    whose = select(Identity.customer_id).where(Identity.account == account, Identity.person_id == stay.person_id)
    return tx.session.scalars(whose).first()


# -- looking -----------------------------------------------------------------------------------------------------------


def stays_of(tx: Tx, customer_id: int) -> list[Stay]:
    """Every stay of a customer, those still there first, then the latest."""
    mine = and_(Identity.account == Chat.account, Identity.person_id == ChatMember.person_id)
    rows = tx.session.execute(
        select(Chat, ChatMember)
        .join(ChatMember, ChatMember.chat_number == Chat.id)
        .join(Identity, mine)
        .where(Identity.customer_id == customer_id)
        .order_by(ChatMember.left_at.is_not(None), ChatMember.joined_at.desc())
    )
    return [Stay(chat, stay.joined_at, stay.scene, stay.invited_by, stay.left_at, stay.left_how) for chat, stay in rows]


def customers_in(tx: Tx, chat: Chat) -> list[Customer]:
    """The customers of ours who are in a group now."""
    mine = and_(Identity.account == chat.account, Identity.person_id == ChatMember.person_id)
    return list(
        tx.session.scalars(
            select(Customer)
            .join(Identity, Identity.customer_id == Customer.id)
            .join(ChatMember, mine)
            .where(ChatMember.chat_number == chat.id, ChatMember.left_at.is_(None), Customer.is_staff.is_(False))
            .distinct()
        )
    )


def counts(tx: Tx, since: datetime, chat: Chat | None = None) -> dict[int, tuple[int, int, int]]:
    """By group (one, or all): how many are in it, colleagues too, and how many from outside came and went since."""
    found: dict[int, list[int]] = {}
    outside = ChatMember.is_member.is_(False)
    came, gone = and_(outside, ChatMember.joined_at >= since), and_(outside, ChatMember.left_at >= since)
    each = (ChatMember.left_at.is_(None), came, gone)
    for at, where in enumerate(each):
        rows = select(ChatMember.chat_number, func.count()).where(where).group_by(ChatMember.chat_number)
        if chat is not None:
            rows = rows.where(ChatMember.chat_number == chat.id)
        for number, count in tx.execute(rows):
            found.setdefault(number, [0, 0, 0])[at] = count
    return {number: (there, in_, out) for number, (there, in_, out) in found.items()}


def leaving(tx: Tx, chat: Chat, since: datetime) -> dict[str, int]:
    """How many from outside left since a moment, by how."""
    rows = tx.execute(
        select(ChatMember.left_how, func.count())
        .where(ChatMember.chat_number == chat.id, ChatMember.is_member.is_(False), ChatMember.left_at >= since)
        .group_by(ChatMember.left_how)
    )
    return dict(rows.all())


def coming(tx: Tx, chat: Chat, since: datetime) -> dict[str, int]:
    """How many from outside came since a moment, by how."""
    rows = tx.execute(
        select(ChatMember.scene, func.count())
        .where(ChatMember.chat_number == chat.id, ChatMember.is_member.is_(False), ChatMember.joined_at >= since)
        .group_by(ChatMember.scene)
    )
    return dict(rows.all())


def of_company(tx: Tx, chat: Chat) -> int:
    """How many members of the company are in it."""
    there = (ChatMember.chat_number == chat.id, ChatMember.left_at.is_(None), ChatMember.is_member)
    return tx.execute(select(func.count()).select_from(ChatMember).where(*there)).scalar_one()


def forget(tx: Tx, people: Iterable[tuple[str, str]]) -> None:
    """Erases the stays of persons (account, person id) who have their data erased."""
    for account, person_id in people:
        theirs = select(Chat.id).where(Chat.account == account)
        tx.execute(delete(ChatMember).where(ChatMember.person_id == person_id, ChatMember.chat_number.in_(theirs)))
