"""Friendships of which the platform knows more than we do, or is to hear more: marked where it is noticed, and worked off
by a worker within seconds."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, tuple_, update

from bot.domain.customers.models import Friendship, Identity
from bot.store.transaction import Tx


def tags_changed(tx: Tx, customer_ids: Collection[int], *, but: Collection[tuple[str, str]] = ()) -> None:
    """Tags of these customers changed here; ``but``: not for these (account, person), who showed the change themselves."""
    _mark(tx, customer_ids, but, stale_at=tx.now)


def renamed(tx: Tx, customer_ids: Collection[int]) -> None:
    """Staff gave these customers another name."""
    _mark(tx, customer_ids, (), stale_at=tx.now, renamed_at=tx.now)


def _mark(tx: Tx, customer_ids: Collection[int], but: Collection[tuple[str, str]], **values: datetime) -> None:
    if not customer_ids:
        return
    person = tuple_(Friendship.account, Friendship.person_id)
    theirs = select(Identity.account, Identity.person_id).where(Identity.customer_id.in_(list(customer_ids)))
    statement = update(Friendship).where(Friendship.relation == "active", person.in_(theirs)).values(**values)
    if but:
        statement = statement.where(person.not_in(list(but)))
    tx.execute(statement)


def due(tx: Tx, account: str, count: int) -> list[str]:
    """People whose friendships are to be read now, the longest waiting first."""
    since = func.min(Friendship.stale_at)
    waiting = select(Friendship.person_id).where(*_due(tx, account)).group_by(Friendship.person_id)
    return list(tx.session.scalars(waiting.order_by(since, Friendship.person_id).limit(count)))


def any_due(tx: Tx, account: str) -> bool:
    return tx.session.scalars(select(Friendship.person_id).where(*_due(tx, account)).limit(1)).first() is not None


def _due(tx: Tx, account: str) -> tuple[ColumnElement[bool], ...]:
    return (Friendship.account == account, Friendship.stale_at.is_not(None), Friendship.stale_at <= tx.now)


def later(tx: Tx, account: str, person_ids: Collection[str], *, at: datetime) -> None:
    """They are to be read at ``at``, unless a reason came up meanwhile to do so sooner."""
    if person_ids:
        tx.execute(
            update(Friendship)
            .where(*_of(account, person_ids), Friendship.relation == "active", Friendship.stale_at.is_(None))
            .values(stale_at=at)
        )


def put_off(tx: Tx, account: str, person_ids: Collection[str], *, until: datetime) -> None:
    """What made us read them stands, but now is no time for it."""
    if person_ids:
        tx.execute(update(Friendship).where(*_of(account, person_ids)).values(stale_at=until))


def again(tx: Tx, account: str, member_id: str, person_id: str, *, at: datetime) -> None:
    """Of this one friendship nothing is to be seen now; it is looked for once more at ``at``."""
    one = (*_of(account, [person_id]), Friendship.member_id == member_id)
    tx.execute(update(Friendship).where(*one).values(stale_at=at))


def done(tx: Tx, account: str, person_ids: Collection[str], *, at: datetime) -> None:
    """Takes back what `later` noted for ``at``; what was marked since stands."""
    if person_ids:
        tx.execute(
            update(Friendship)
            .where(*_of(account, person_ids), Friendship.stale_at == at)
            .values(stale_at=None, told_at=None)
        )


def nothing_more(tx: Tx, account: str, member_id: str, person_id: str) -> None:
    """The platform has nothing of this friendship any more; should it begin anew, it does so without tags."""
    one = (*_of(account, [person_id]), Friendship.member_id == member_id)
    tx.execute(update(Friendship).where(*one).values(stale_at=None, told_at=None, tags=None))


def _of(account: str, person_ids: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return (Friendship.account == account, Friendship.person_id.in_(list(person_ids)))
