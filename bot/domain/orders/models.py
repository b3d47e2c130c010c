"""Tables of the orders' room. Amounts are integer fen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.base import Base


class Order(Base):
    """A deal. ``id`` is its number (``单号12``); ``customer_id`` None = a passer-by.

    ``stage`` is 1–4 (①–④). ``paid_at`` is set once the money is booked; ``asked_at``: the customer was last spoken to
    about it. ``used_up_why``: by which intervals ``used_up_due`` was reckoned, empty where staff named the day.
    ``bought_again_id`` is the later purchase of the same article, which takes over what is to be said.
    ``source``: ``shop``, ``online``, ``deal``, ``bill`` (an imported payment) or ``opening`` (spent before we kept books).
    """

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("refunded_fen >= 0 AND refunded_fen <= amount_fen", name="refund_within_amount"),
        Index("ix_orders_customer_id_id", "customer_id", "id"),
        Index("ix_orders_used_up_due", "used_up_due"),
        Index("ix_orders_paid_at", "paid_at"),
        # Not by the stage, and below none for what is empty: SQLite would go by these and read through all that are
        # delivered for the few of one day.
        Index("ix_orders_open", "created_at", sqlite_where=text("stage < 3"), postgresql_where=text("stage < 3")),
        Index("ix_orders_shipped_at", "shipped_at"),
        Index("ix_orders_delivered_at", "delivered_at"),
        Index(
            "ix_orders_bought_again_id",
            "bought_again_id",
            sqlite_where=text("bought_again_id IS NOT NULL"),
            postgresql_where=text("bought_again_id IS NOT NULL"),
        ),
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
    asked_at: Mapped[datetime | None]
    used_up_why: Mapped[str] = mapped_column(default="", server_default="")
    bought_again_id: Mapped[int | None]


class ArticleDays(Base):
    """How many days an article lasts, as staff last said for it; ``article`` as `orders.rules.article` folds it."""

    __tablename__ = "article_days"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    article: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int]


class LedgerEntry(Base):
    """Money in (positive fen) or back (negative fen); only ever added to.

    ``at`` is the moment the money moved, by which days and months count it; ``booked_at`` when it was written down.
    ``source`` is ``chat``, ``bill`` (an imported one), ``opening`` (spent before we kept books), ``packet`` (red packets
    handed out: negative, of a ``packet_id`` instead of an order) or ``undo``; ``reverses`` the entry that is taken back.
    """

    # No foreign key to the order: the book keeps what was written, also of an order that was taken back. Whose money it
    # is stands with the order alone, so that claiming a payment or joining two files edits no entry.
    __tablename__ = "ledger"
    __table_args__ = (
        CheckConstraint("amount_fen <> 0", name="amount_not_zero"),
        CheckConstraint("(order_id IS NULL) <> (packet_id IS NULL)", name="order_or_packet"),
        Index("ix_ledger_at", "at"),
        # Whatever happens, an entry is taken back once.
        Index("uq_ledger_reverses", "reverses", unique=True),
        {"info": {"undoable": True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int | None] = mapped_column(index=True)
    packet_id: Mapped[int | None] = mapped_column(index=True)
    amount_fen: Mapped[int]
    source: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    staff_id: Mapped[int | None]
    at: Mapped[datetime]
    booked_at: Mapped[datetime]
    reverses: Mapped[int | None]


class MonthClose(Base):
    """A month (``2026-09``, in the shop's zone) after which nothing is booked into it or into any before it.

    ``ends`` is the first moment after it.
    """

    __tablename__ = "month_closes"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    month: Mapped[str] = mapped_column(primary_key=True)
    ends: Mapped[datetime]
    staff_id: Mapped[int]
    at: Mapped[datetime]


class Payment(Base):
    """A payment a bill tells of. ``id`` is its number in ``未认领``; ``key`` the bill's own transaction number.

    ``order_id`` None: not booked, since it may be ``suspect_id``, an order staff typed that day. ``settled_at`` is set
    once it is known whose it is. ``payer`` is the name the bill shows, ``payer_id`` the platform's word for the payer.
    ``refunds`` holds what the bill gave back, by refund number (``""`` where a bill tells the sum only).
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        Index("ix_payments_payer", "payer"),
        Index("ix_payments_payer_id", "payer_id"),
        Index("ix_payments_order_id", "order_id"),
        Index("ix_payments_suspect_id", "suspect_id"),
        Index("ix_payments_paid_at", "paid_at"),
        Index(
            "ix_payments_unsettled",
            "id",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
        {"sqlite_autoincrement": True, "info": {"undoable": True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bill: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    payer: Mapped[str]
    payer_id: Mapped[str]
    items: Mapped[str]
    note: Mapped[str]
    amount_fen: Mapped[int]
    refunds: Mapped[dict[str, Any]]
    paid_at: Mapped[datetime]
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    suspect_id: Mapped[int | None]
    settled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
