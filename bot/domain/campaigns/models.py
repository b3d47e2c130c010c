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
    too much lately is left out.

    ``kind``: ``correction`` of broadcast ``source_id``, ``retry`` of those with whom it failed, or empty. A broadcast is
    corrected once: by ``corrected_by``.
    """

    __tablename__ = "broadcasts"
    __table_args__ = (Index("ix_broadcasts_state", "state"), {"sqlite_autoincrement": True})

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


class Unplanned(Base):
    """A part of a confirmed broadcast's list whose rows are still to be written; the list is that of the confirmation.

    ``customers`` holds customer numbers. A part goes in the transaction that writes its rows. The last part is empty and
    stands for what is left to do when all others are gone: until it goes, nothing of the broadcast is sent. Of a cancelled
    broadcast it stands for the rows still to be struck off; ``after`` is the customer up to whom that is done.
    """

    __tablename__ = "broadcast_unplanned"

    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcasts.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    customers: Mapped[list[Any]]
    after: Mapped[int] = mapped_column(default=0, server_default="0")
