"""Tables of the activities' room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.base import Base


class Activity(Base):
    """Something customers join. ``id`` is its number (``活动 3``); ``capacity`` None = no limit.

    ``taken`` counts the places given; the database refuses a place beyond capacity. ``audience`` is a segment
    expression, empty for everybody. ``day_told_at`` and ``hours_told_at``: its guests were reminded;
    ``day_checked_at`` and ``hours_checked_at``: staff know whom that did not reach.
    """

    __tablename__ = "activities"
    __table_args__ = (
        CheckConstraint("taken >= 0 AND (capacity IS NULL OR taken <= capacity)", name="taken_within_capacity"),
        {"sqlite_autoincrement": True, "info": {"undoable": True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    at: Mapped[datetime | None]
    place: Mapped[str]
    capacity: Mapped[int | None]
    taken: Mapped[int] = mapped_column(default=0)
    audience: Mapped[str]
    open: Mapped[bool] = mapped_column(default=True)
    day_told_at: Mapped[datetime | None]
    hours_told_at: Mapped[datetime | None]
    day_checked_at: Mapped[datetime | None]
    hours_checked_at: Mapped[datetime | None]
    staff_id: Mapped[int]
    created_at: Mapped[datetime]


class SignUp(Base):
    """A customer's place. ``state``: ``in``, ``waiting`` (in order of ``queued_at``, then id) or ``left``."""

    __tablename__ = "sign_ups"
    __table_args__ = (
        UniqueConstraint("activity_id", "customer_id"),
        Index("ix_sign_ups_activity_id_state", "activity_id", "state"),
        {"info": {"undoable": True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    state: Mapped[str]
    queued_at: Mapped[datetime]
    checked_in_at: Mapped[datetime | None]
