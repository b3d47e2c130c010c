"""Tables of what is kept in step with a platform that lists contacts (friends of the staff) and their tags."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import false
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.base import Base


class CorpTag(Base):
    """A tag of the company as the platform last listed it; ``ours``: we made it, and only such may we rename or delete."""

    __tablename__ = "corp_tags"

    account: Mapped[str] = mapped_column(primary_key=True)
    tag_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    group_name: Mapped[str] = mapped_column(default="", server_default="")
    ours: Mapped[bool] = mapped_column(default=False, server_default=false())


class ContactWalk(Base):
    """How far going through all contacts of an account has come; there is one row an account, of the newest walk.

    ``kind``: ``import`` (the first), ``night`` or ``asked`` (`shuke sync`). ``member_id`` and ``cursor`` are where it goes
    on, ``contacts`` how many were read, ``taken_in`` how many of them were new, ``found`` what differed, counted by kind.
    ``imported_at``: when the first walk was through. ``night``: the shop's night that has had its walk. ``report``: what the
    morning still has to tell. ``tags_due_at`` and ``tags_told_at``: the list of tags is to be read, and the newest event
    that says so.
    """

    __tablename__ = "contact_walks"

    account: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    begun_at: Mapped[datetime]
    member_id: Mapped[str] = mapped_column(default="", server_default="")
    cursor: Mapped[str] = mapped_column(default="", server_default="")
    contacts: Mapped[int] = mapped_column(default=0, server_default="0")
    taken_in: Mapped[int] = mapped_column(default=0, server_default="0")
    found: Mapped[dict[str, Any]]
    done_at: Mapped[datetime | None]
    imported_at: Mapped[datetime | None]
    night: Mapped[str] = mapped_column(default="", server_default="")
    report: Mapped[str] = mapped_column(default="", server_default="")
    tags_due_at: Mapped[datetime | None]
    tags_told_at: Mapped[datetime | None]
