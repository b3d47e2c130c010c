"""Tables of the campaigns' room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.base import Base


class Broadcast(Base):
    """A broadcast. ``id`` is its number (``群发 12``).

    ``state``: draft → scheduled | running ⇄ paused → done; draft, scheduled, running and paused → cancelled; scheduled
    → missed. ``scripts`` freezes the wording: a list of ``{"variant", "name", "version", "text"}``. ``hold_out`` is the
    percentage that gets nothing. ``start_at`` None = when confirmed. ``audience`` is how many people its list names, 0
    until it is confirmed. ``halted``: paused by ``暂停`` alone, together with all others. ``spares_tired``: who has had
    too much lately is left out. ``per_hour`` people, or over so many ``over_days``: at human pace. ``live``: the list is
    that of the planned time, taken when it has come.

    One with ``repeats`` (``每周三 10:00``) is a plan: draft → recurring → cancelled, ``start_at`` when the next one is
    due. Each of these is a broadcast of its own with ``plan_id``; the database takes one for each due time only.

    ``occasion``: the title of the day it was made for by the clock (中秋), empty else; ``until``: after it nothing of it
    is sent any more.

    ``kind``: ``correction`` of broadcast ``source_id``, ``retry`` of those with whom it failed, or empty. A broadcast is
    corrected once: by ``corrected_by``.
    """

    __tablename__ = "broadcasts"
    __table_args__ = (
        Index("ix_broadcasts_state", "state"),
        Index("ix_broadcasts_plan_id_start_at", "plan_id", "start_at", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int]
    segment: Mapped[str]
    scripts: Mapped[list[Any]]
    hold_out: Mapped[int]
    spares_tired: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[str]
    start_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    audience: Mapped[int] = mapped_column(default=0, server_default="0")
    halted: Mapped[bool] = mapped_column(default=False, server_default=false())
    kind: Mapped[str] = mapped_column(default="", server_default="")
    source_id: Mapped[int | None]
    corrected_by: Mapped[int | None]
    repeats: Mapped[str] = mapped_column(default="", server_default="")
    plan_id: Mapped[int | None]
    per_hour: Mapped[int | None]
    over_days: Mapped[int | None]
    live: Mapped[bool] = mapped_column(default=False, server_default=false())
    occasion: Mapped[str] = mapped_column(default="", server_default="")
    until: Mapped[datetime | None]


class Unplanned(Base):
    """A part of a confirmed broadcast's list whose rows are still to be written; the list is that of the confirmation.

    ``customers`` holds customer numbers. A part goes in the transaction that writes its rows. The last part is empty and
    stands for what is left to do when all others are gone: until it goes, nothing of the broadcast is sent. Of a cancelled
    broadcast it stands for the rows still to be struck off; ``after`` is the customer up to whom that is done.
    ``due_at`` None = when the broadcast starts.
    """

    __tablename__ = "broadcast_unplanned"

    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcasts.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    customers: Mapped[list[Any]]
    after: Mapped[int] = mapped_column(default=0, server_default="0")
    due_at: Mapped[datetime | None]


class Tally(Base):
    """What a long broadcast came to when it was last counted; ``wanted``: somebody has asked since."""

    __tablename__ = "broadcast_tallies"

    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcasts.id"), primary_key=True, autoincrement=False)
    counted_at: Mapped[datetime | None]
    wanted: Mapped[bool] = mapped_column(default=False)
    numbers: Mapped[dict[str, Any] | None]
