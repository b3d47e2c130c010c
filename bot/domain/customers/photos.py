"""Photos in a customer's file: taken in from the staff's chat, counted from 1 in the order they came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, insert, select

from bot.domain.customers import media, timeline
from bot.domain.customers.models import Customer, Media, Photo
from bot.domain.customers.rules import shown
from bot.errors import Refusal
from bot.store.transaction import Tx

OPEN_FOR = timedelta(minutes=10)
MOST = 50


def add(tx: Tx, customer: Customer, *, account: str, media_id: str, staff_id: int) -> int:
    """Puts a picture into the file; returns its number there. Raises Refusal for a file that is full."""
    photo = Photo(customer_id=customer.id, account=account, media_id=media_id, staff_id=staff_id, at=tx.now)
    _room(tx, customer, 1)
    media.want(tx, account, media_id)
    tx.session.add(photo)
    tx.session.flush()
    timeline.add(tx, customer.id, "photo", "加了一张照片", staff_id)
    return count(tx, customer.id)


def leave(tx: Tx, *, account: str, media_id: str, staff_id: int) -> None:
    """Keeps a picture until the one who sent it says whose it is; nothing to take back yet, so not for the journal."""
    media.want(tx, account, media_id)
    tx.execute(insert(Photo).values(account=account, media_id=media_id, staff_id=staff_id, at=tx.now))


def claim(tx: Tx, customer: Customer, *, staff_id: int) -> int:
    """The pictures this staff member sent within ten minutes without saying whose belong to ``customer``; how many."""
    left = tx.session.scalars(
        select(Photo)
        .where(Photo.customer_id.is_(None), Photo.staff_id == staff_id, Photo.at > tx.now - OPEN_FOR)
        .order_by(Photo.id)
    ).all()
    _room(tx, customer, len(left))
    for photo in left:
        photo.customer_id = customer.id
    tx.session.flush()
    if left:
        timeline.add(tx, customer.id, "photo", f"加了 {len(left)} 张照片", staff_id)
    return len(left)


def _room(tx: Tx, customer: Customer, more: int) -> None:
    if count(tx, customer.id) + more > MOST:
        raise Refusal(f"{shown(customer)} 已经有 {MOST} 张照片了，没有再收。先删一张：照片 #{customer.id} 删除 1")


def count(tx: Tx, customer_id: int) -> int:
    return tx.execute(select(func.count()).select_from(Photo).where(Photo.customer_id == customer_id)).scalar_one()


def counts(tx: Tx, customer_ids: Sequence[int]) -> dict[int, int]:
    """How many photos each has; who has none is missing."""
    rows = tx.execute(
        select(Photo.customer_id, func.count())
        .where(Photo.customer_id.in_(list(customer_ids)))
        .group_by(Photo.customer_id)
    )
    return {int(number): count for number, count in rows}


def of(tx: Tx, customer_id: int) -> Sequence[tuple[Photo, Media | None]]:
    """The photos of a file and what became of their fetching, no. 1 first."""
    rows = tx.session.execute(
        select(Photo, Media)
        .join(Media, (Media.account == Photo.account) & (Media.media_id == Photo.media_id), isouter=True)
        .where(Photo.customer_id == customer_id)
        .order_by(Photo.id)
    )
    return [(photo, kept) for photo, kept in rows]


def get(tx: Tx, customer: Customer, number: int) -> tuple[Photo, Media | None]:
    """Raises Refusal for a number that is none in this file."""
    there = of(tx, customer.id)
    if not 1 <= number <= len(there):
        have = f"有 {len(there)} 张，编号 1 到 {len(there)}" if there else "还没有照片"
        raise Refusal(f"{shown(customer)} {have}。加照片：照片 #{customer.id}，再把图片发来。")
    return there[number - 1]


def remove(tx: Tx, customer: Customer, number: int, *, staff_id: int) -> None:
    """Takes a photo out of the file; what was fetched stays on disk, or an undo would bring back an empty frame."""
    tx.session.delete(get(tx, customer, number)[0])
    tx.session.flush()
    timeline.add(tx, customer.id, "photo", "去掉了一张照片", staff_id)
