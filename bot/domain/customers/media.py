"""Pictures and voice messages we keep ourselves, because the platform forgets them after three days."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, or_, select, update

from bot.domain.customers.models import Media, MediaCopy, Photo
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx

FETCHED = ("image", "voice")  # the kinds of customers' messages that are kept
# The platform keeps temporary media for three days; the last hours are left as a margin.
KEPT_BY_PLATFORM = timedelta(days=3)
FORGOTTEN = "平台已经不保存了"
LONGEST_WAIT = timedelta(hours=2)
UNCLAIMED_LIFE = timedelta(days=1)
A_TURN = 10
# An answer that comes later than this is better said otherwise; staff are told.
COPIED_WITHIN = timedelta(minutes=30)
_WANT = """
    INSERT INTO media (account, media_id, file, tries, wanted_at, next_at, lost, unwanted)
    VALUES (:account, :media_id, '', 0, :now, :now, '', false) ON CONFLICT (account, media_id) DO NOTHING
"""


def file_stem(account: str, media_id: str) -> str:
    """What the file of a fetched picture is called, without its ending; known before it is fetched."""
    return hashlib.sha256(f"{account}/{media_id}".encode()).hexdigest()[:32]


def want(tx: Tx, account: str, media_id: str) -> None:
    """Asks the workers to fetch a picture or voice message before the platform forgets it."""
    tx.direct(_WANT, {"account": account, "media_id": media_id, "now": to_milliseconds(tx.now)})


def due(tx: Tx) -> Sequence[Media]:
    """What is to be fetched or erased now, oldest first."""
    return tx.session.scalars(
        select(Media).where(or_(Media.next_at <= tx.now, Media.unwanted)).order_by(Media.wanted_at).limit(A_TURN)
    ).all()


def get(tx: Tx, account: str, media_id: str) -> Media | None:
    return tx.session.get(Media, (account, media_id))


def fetched(tx: Tx, account: str, media_id: str, file: str) -> bool:
    """Notes where a picture lies; False = nobody wants it any more, so the file is to go."""
    done = tx.execute(
        update(Media)
        .where(Media.account == account, Media.media_id == media_id, Media.unwanted.is_(False))
        .values(file=file, next_at=None)
    )
    return done.rowcount == 1


def failed(tx: Tx, account: str, media_id: str, reason: str, *, for_good: bool) -> None:
    """Tries again later, a little longer each time; given up when the platform has forgotten it or says so."""
    found = tx.session.get(Media, (account, media_id))
    if found is None:
        return
    found.tries += 1
    if for_good or tx.now - found.wanted_at >= KEPT_BY_PLATFORM:
        found.next_at, found.lost = None, reason if for_good else FORGOTTEN
    else:
        found.next_at = tx.now + min(timedelta(seconds=5 * 2 ** min(found.tries, 12)), LONGEST_WAIT)


def erased(tx: Tx, account: str, media_id: str) -> None:
    tx.execute(delete(Media).where(Media.account == account, Media.media_id == media_id, Media.unwanted))


def unclaimed(tx: Tx) -> Sequence[tuple[str, str]]:
    """Pictures nobody has said the customer of within a day: (account, media id)."""
    stale = select(Photo.account, Photo.media_id).where(Photo.customer_id.is_(None), Photo.at < tx.now - UNCLAIMED_LIFE)
    return [(account, media_id) for account, media_id in tx.execute(stale)]


def drop(tx: Tx, pictures: Sequence[tuple[str, str]]) -> None:
    """Lets go of pictures that still belong to nobody."""
    for account, media_id in pictures:
        there = (Photo.account == account, Photo.media_id == media_id)
        if tx.execute(delete(Photo).where(*there, Photo.customer_id.is_(None))).rowcount:
            forget(tx, account, media_id)


def forget(tx: Tx, account: str, media_id: str) -> None:
    """The file is erased by a worker."""
    tx.execute(
        update(Media).where(Media.account == account, Media.media_id == media_id).values(unwanted=True, next_at=None)
    )


# -- from one of the shop's accounts to another ------------------------------------------------------------------------


def copy(tx: Tx, delivery_id: int, *, account: str, media_id: str, to_account: str, kind: str) -> None:
    """Asks the workers to bring what lies at ``account`` to another one, for the answer that waits for it."""
    tx.session.add(
        MediaCopy(
            delivery_id=delivery_id,
            account=account,
            media_id=media_id,
            to_account=to_account,
            kind=kind,
            tries=0,
            wanted_at=tx.now,
            next_at=tx.now,
        )
    )


def copies_due(tx: Tx) -> Sequence[MediaCopy]:
    """What is to be brought over now, oldest first."""
    due = select(MediaCopy).where(MediaCopy.next_at <= tx.now)
    return tx.session.scalars(due.order_by(MediaCopy.wanted_at).limit(A_TURN)).all()


def copied(tx: Tx, delivery_id: int) -> bool:
    """Strikes it off; False where another worker has done so."""
    return tx.execute(delete(MediaCopy).where(MediaCopy.delivery_id == delivery_id)).rowcount == 1


def copy_failed(tx: Tx, delivery_id: int, *, for_good: bool) -> bool:
    """Tries again a little later; True where it is given up, and struck off."""
    found = tx.session.get(MediaCopy, delivery_id)
    if found is None:
        return False
    if for_good or tx.now - found.wanted_at >= COPIED_WITHIN:
        return copied(tx, delivery_id)
    found.tries += 1
    found.next_at = tx.now + timedelta(seconds=5 * 2 ** min(found.tries, 6))
    return False
