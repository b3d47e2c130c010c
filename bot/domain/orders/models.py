"""Tables of the orders' room. Amounts are integer fen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.base import Base


class Order(Base):
    """A deal. ``id`` is its number (``单号12``); ``customer_id`` None = a passer-by.

    ``stage`` is 1–4 (①–④). ``paid_at`` is set once the money is booked. ``source``: ``shop``, ``online`` or ``deal``.
    """

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("refunded_fen >= 0 AND refunded_fen <= amount_fen", name="refund_within_amount"),
        Index("ix_orders_customer_id_id", "customer_id", "id"),
        Index("ix_orders_used_up_due", "used_up_due"),
        {"sqlite_autoincrement": True, "info": {"undoable": True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    amount_fen: Mapped[int]
    refunded_fen: Mapped[int] = mapped_column(default=0)
    items: Mapped[str]
    note: Mapped[str]
    stage: Mapped[int]
    source: Mapped[str]
    carrier: Mapped[str | None]
    parcel: Mapped[str | None]
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    used_up_due: Mapped[datetime | None]
    used_up_at: Mapped[datetime | None]


class LedgerEntry(Base):
    """Money in (positive fen) or back (negative fen)."""

    __tablename__ = "ledger"
    __table_args__ = (
        CheckConstraint("amount_fen <> 0", name="amount_not_zero"),
        Index("ix_ledger_customer_id", "customer_id"),
        Index("ix_ledger_at", "at"),
        {"info": {"undoable": True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    amount_fen: Mapped[int]
    source: Mapped[str]
    staff_id: Mapped[int | None]
    at: Mapped[datetime]
