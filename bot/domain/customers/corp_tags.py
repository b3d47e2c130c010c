"""The company's list of tags: what the platform calls them, renames and deletes, and which of them we may touch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from bot.domain.customers import contact_marks, tags
from bot.domain.customers.contact_models import CorpTag
from bot.domain.customers.models import CustomerTag, Identity, Tag, TagChange
from bot.domain.customers.tag_links import our_name
from bot.store.transaction import Tx

GROUP = "熟客"  # the platform's group for the tags we make
# Tags a company may have, those of rule groups included. Source: vendor manual, page 92696.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A tag as the platform lists it."""

    tag_id: str
    name: str
    group_name: str


@dataclass(frozen=True, slots=True)
class Renamed:
    """What became of tags here: (old, new, how many wear it) and (name, from how many it was taken)."""

    renamed: Sequence[tuple[str, str, int]]
    deleted: Sequence[tuple[str, int]]


def known(tx: Tx, account: str) -> dict[str, str]:
    """Names by id, as the platform last listed them."""
    rows = select(CorpTag.tag_id, CorpTag.name).where(CorpTag.account == account)
    return dict(tx.execute(rows).all())


def listed(tx: Tx, account: str, there: Sequence[Listed], *, at: datetime) -> Renamed:
    """Keeps the platform's list; what was renamed or deleted there since is so here, with history.

    ``at``: when the platform's event says it happened. Whoever got a deleted tag here after that keeps it, and the
    platform gets it anew.
    """
    rows = {row.tag_id: row for row in tx.session.scalars(select(CorpTag).where(CorpTag.account == account))}
    former = {tag_id: our_name(row.name) for tag_id, row in rows.items()}
    now = {one.tag_id: our_name(one.name) for one in there}
    for one in there:
        row = rows.get(one.tag_id)
        if row is None:
            tx.session.add(CorpTag(account=account, tag_id=one.tag_id, name=one.name, group_name=one.group_name))
        elif (row.name, row.group_name) != (one.name, one.group_name):
            row.name, row.group_name = one.name, one.group_name
    for tag_id in rows.keys() - now.keys():
        tx.session.delete(rows[tag_id])
    tx.session.flush()
    left = Counter(name for name in now.values() if name)
    renamed = []
    for tag_id in sorted(former.keys() & now.keys()):
        old, new = former[tag_id], now[tag_id]
        if old and new and old != new and not left[old]:
            renamed.append((old, new, tags.renamed_by_platform(tx, old, new)))
    taken_over = {old for old, _new, _count in renamed}
    gone = {name for name in former.values() if name and not left[name]} - taken_over
    deleted = [(name, _deleted(tx, account, name, at)) for name in sorted(gone)]
    return Renamed([one for one in renamed if one[2]], [one for one in deleted if one[1]])


def _deleted(tx: Tx, account: str, name: str, at: datetime) -> int:
    """Takes the tag off the account's contacts, but for those who got it here later; returns from how many."""
    wearing = (
        select(CustomerTag.customer_id)
        .join(Tag, Tag.id == CustomerTag.tag_id)
        .where(
            Tag.name == name,
            CustomerTag.customer_id.in_(select(Identity.customer_id).where(Identity.account == account)),
        )
    )
    numbers = set(tx.execute(wearing).scalars())
    if not numbers:
        tags.out_of_use(tx, name)
        return 0
    last = select(TagChange.customer_id, func.max(TagChange.at)).where(
        TagChange.tag == name, TagChange.source != tags.PLATFORM, TagChange.customer_id.in_(wearing)
    )
    second = int(at.timestamp())
    later = {
        number
        for number, changed_at in tx.execute(last.group_by(TagChange.customer_id))
        if int(changed_at.timestamp()) > second
    }
    tags.by_platform(tx, (), {(number, name) for number in numbers - later}, shown_by=())
    contact_marks.tags_changed(tx, later)
    tags.out_of_use(tx, name)
    return len(numbers - later)


def made(tx: Tx, account: str, tag_id: str, name: str) -> None:
    """We made a tag there, or one of the name was there in our group."""
    row = tx.session.get(CorpTag, (account, tag_id))
    if row is None:
        tx.execute(insert(CorpTag).values(account=account, tag_id=tag_id, name=name, group_name=GROUP, ours=True))
    else:
        row.ours = True


def dropped_here(tx: Tx, account: str) -> list[tuple[str, str]]:
    """Tags (id, name) we have made there that are no longer in the book here."""
    rows = select(CorpTag.tag_id, CorpTag.name).where(CorpTag.account == account, CorpTag.ours)
    book = select(Tag.id).where(Tag.name == CorpTag.name)
    return [(tag_id, name) for tag_id, name in tx.execute(rows.where(~book.exists()))]


def gone(tx: Tx, account: str, tag_id: str) -> None:
    """We have deleted it there."""
    tx.execute(delete(CorpTag).where(CorpTag.account == account, CorpTag.tag_id == tag_id))


def not_ours(tx: Tx, account: str, tag_id: str) -> None:
    """The platform does not let us touch it."""
    row = tx.session.get(CorpTag, (account, tag_id))
    if row is not None:
        row.ours = False


def foreign(tx: Tx, name: str) -> bool:
    """Whether some company has a tag of this name that is not ours to delete."""
    rows = select(CorpTag.name).where(~CorpTag.ours)
    return any(our_name(other) == name for other in tx.execute(rows).scalars())
