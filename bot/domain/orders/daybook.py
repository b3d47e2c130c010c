"""The book of money: entries that are only ever added, what a day or month came to, and months that are closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from bot.domain.orders.models import LedgerEntry, MonthClose, Order, Payment
from bot.errors import Refusal
from bot.store.transaction import Tx


def book(
    tx: Tx,
    order: Order,
    amount_fen: int,
    *,
    source: str = "chat",
    note: str = "",
    staff_id: int | None = None,
    at: datetime | None = None,
) -> None:
    """Adds money in (positive) or back (negative) of an order; ``at`` is when it moved, now where not said."""
    tx.session.add(
        LedgerEntry(
            order_id=order.id,
            amount_fen=amount_fen,
            source=source,
            note=note,
            staff_id=staff_id,
            at=at or tx.now,
            booked_at=tx.now,
        )
    )


def reverse(tx: Tx, entry_id: int, *, staff_id: int) -> None:
    """Takes an entry back by one the other way round; taking a reversal back books the money once more.

    Both stand on the same day, so that the day's total is right; where that month is closed, the correction stands
    today.
    """
    entry = tx.session.get_one(LedgerEntry, entry_id)
    first = tx.session.get_one(LedgerEntry, entry.reverses) if entry.reverses is not None else None
    tx.session.add(
        LedgerEntry(
            order_id=entry.order_id,
            packet_id=entry.packet_id,
            amount_fen=-entry.amount_fen,
            source=first.source if first else "undo",
            note=entry.note,
            staff_id=staff_id,
            at=tx.now if entry.at < closed_until(tx) else entry.at,
            booked_at=tx.now,
            reverses=None if first else entry.id,
        )
    )
    tx.session.flush()


def reverse_order(tx: Tx, order: Order, *, staff_id: int) -> None:
    """Takes back whatever of an order's money still stands in the book."""
    _reverse_all(tx, LedgerEntry.order_id == order.id, staff_id=staff_id)


def spend_on_packets(tx: Tx, packet_id: int, amount_fen: int, *, note: str, at: datetime, staff_id: int) -> None:
    """Books what red packets cost, handed out at ``at``; another amount booked for them before is taken back first.

    In a month that is closed nothing is booked any more: the correction then stands today.
    """
    _reverse_all(tx, LedgerEntry.packet_id == packet_id, staff_id=staff_id)
    tx.session.add(
        LedgerEntry(
            packet_id=packet_id,
            amount_fen=-amount_fen,
            source="packet",
            note=note,
            staff_id=staff_id,
            at=tx.now if at < closed_until(tx) else at,
            booked_at=tx.now,
        )
    )


def _reverse_all(tx: Tx, whose: ColumnElement[bool], *, staff_id: int) -> None:
    other = aliased(LedgerEntry)
    taken_back = exists().where(other.reverses == LedgerEntry.id)
    tx.session.flush()
    standing = select(LedgerEntry.id).where(whose, LedgerEntry.reverses.is_(None), ~taken_back)
    for entry_id in tx.session.scalars(standing).all():
        reverse(tx, entry_id, staff_id=staff_id)


# --- what it came to ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sum:
    """So many entries and what they come to, in fen."""

    count: int = 0
    fen: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What a stretch of time came to.

    ``sources`` are payments by the order's source; ``corrected`` what was taken back of a month already closed;
    ``spent`` is money paid out (red packets), ``spent_corrected`` what of it was taken back of a closed month, both in
    no ``net_fen``; ``opening`` spending from before we kept books, which is no money received; ``held`` payments of
    bills that may be booked already and wait for ``认领``, in no sum.
    """

    received: Sum
    refunded: Sum
    corrected: Sum
    spent: Sum
    spent_corrected: Sum
    opening: Sum
    held: Sum
    sources: dict[str, Sum] = field(default_factory=dict)

    @property
    def net_fen(self) -> int:
        return self.received.fen + self.refunded.fen + self.corrected.fen

    @property
    def left_fen(self) -> int:
        """What is left of the money that came in after what was paid out."""
        return self.net_fen + self.spent.fen + self.spent_corrected.fen


def totals(tx: Tx, since: datetime, until: datetime) -> Totals:
    """Adds up what moved from ``since`` to before ``until``; an entry and its reversal are nothing together."""
    is_reversal = or_(LedgerEntry.source == "undo", LedgerEntry.reverses.is_not(None))
    kind = case(
        (LedgerEntry.source == "opening", "opening"),
        (and_(LedgerEntry.packet_id.is_not(None), is_reversal), "spent_corrected"),
        (LedgerEntry.packet_id.is_not(None), "spent"),
        (is_reversal, "corrected"),
        (LedgerEntry.amount_fen < 0, "refunded"),
        else_="received",
    ).label("meaning")
    source = func.coalesce(Order.source, "").label("sold")
    rows = tx.execute(
        select(kind, source, func.count(), func.sum(LedgerEntry.amount_fen))
        .select_from(LedgerEntry)
        .outerjoin(Order, Order.id == LedgerEntry.order_id)
        .where(_within(LedgerEntry, since, until), ~_cancelled(since, until))
        # By name: PostgreSQL takes the same expression with parameters of its own for another one.
        .group_by("meaning", "sold")
    ).all()
    sums: dict[str, Sum] = {}
    sources: dict[str, Sum] = {}
    for name, where, count, fen in rows:
        sums[name] = _plus(sums.get(name, Sum()), count, int(fen))
        if name == "received":
            sources[where] = _plus(sources.get(where, Sum()), count, int(fen))
    held = tx.execute(
        select(func.count(), func.coalesce(func.sum(Payment.amount_fen), 0)).where(
            Payment.order_id.is_(None), Payment.paid_at >= since, Payment.paid_at < until
        )
    ).one()
    nothing = Sum()
    return Totals(
        received=sums.get("received", nothing),
        refunded=sums.get("refunded", nothing),
        corrected=sums.get("corrected", nothing),
        spent=sums.get("spent", nothing),
        spent_corrected=sums.get("spent_corrected", nothing),
        opening=sums.get("opening", nothing),
        held=Sum(held[0], int(held[1])),
        sources=sources,
    )


def _plus(total: Sum, count: int, fen: int) -> Sum:
    return Sum(total.count + count, total.fen + fen)


def _within(entry: type[LedgerEntry], since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(entry.at >= since, entry.at < until)


def _cancelled(since: datetime, until: datetime) -> ColumnElement[bool]:
    """An entry whose reversal, or a reversal whose entry, stands in the same stretch."""
    other = aliased(LedgerEntry)
    pair = or_(other.reverses == LedgerEntry.id, other.id == LedgerEntry.reverses)
    return exists().where(pair, _within(other, since, until))


# --- closed months ------------------------------------------------------------------------------------------------

_NEVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def closed_until(tx: Tx) -> datetime:
    """The moment before which nothing is booked any more; 1970 where no month was closed."""
    return tx.session.scalar(select(func.max(MonthClose.ends))) or _NEVER


def close(tx: Tx, month: datetime, ends: datetime, *, staff_id: int) -> None:
    """Closes the month that begins at ``month`` and ends before ``ends`` (both in the shop's zone), and all before it.

    Raises Refusal where it is closed already or not over.
    """
    if ends > tx.now:
        raise Refusal(f"{month.month}月还没过完，{ends.month}月1日起可以发：月结 {month.month}月")
    if ends <= closed_until(tx):
        raise Refusal(f"{month.year}年{month.month}月已经月结过了。")
    tx.session.add(MonthClose(month=f"{month:%Y-%m}", ends=ends, staff_id=staff_id, at=tx.now))
    tx.session.flush()
