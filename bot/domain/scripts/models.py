"""Tables of the scripts' room: a merchant's own wording over the shelf."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.base import Base


class OwnScript(Base):
    """A script the merchant wrote or reworded; one with the name of a shelf script takes its place."""

    __tablename__ = "scripts"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class ScriptVersion(Base):
    """One wording of an own script; never changed, a new wording is a new version. ``kind`` as in `kinds`."""

    __tablename__ = "script_versions"
    __table_args__ = (UniqueConstraint("script_id", "version"), {"info": {"undoable": True}})

    id: Mapped[int] = mapped_column(primary_key=True)
    script_id: Mapped[int] = mapped_column(ForeignKey("scripts.id"))
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(default="text", server_default="text")
    text: Mapped[str]
    staff_id: Mapped[int]
    created_at: Mapped[datetime]
