"""Tables of the channels: what the shop wants of each, what the platform has, and who came through it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.base import Base


class Channel(Base):
    """A way customers come to the shop, with a code of its own. ``id`` is never used again: codes are printed.

    ``members`` and ``spare`` are platform persons of the account who meet the customers, none where nobody has to.
    ``shifts``: ``{"begins": "09:00", "ends": "21:00", "members": [...]}`` in the shop's zone. ``cap``: customers a member
    may get through this code a day, 0 = any number. ``stopped_at``: it still works, but gives no tags and no welcome.
    """

    __tablename__ = "channels"
    __table_args__ = (
        Index(
            "uq_channels_name",
            "name",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        {"sqlite_autoincrement": True, "info": {"undoable": True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    name: Mapped[str]
    welcome: Mapped[str] = mapped_column(default="")
    tags: Mapped[list[str]] = mapped_column(default=list)
    members: Mapped[list[str]] = mapped_column(default=list)
    spare: Mapped[list[str]] = mapped_column(default=list)
    shifts: Mapped[list[Any]] = mapped_column(default=list)
    cap: Mapped[int] = mapped_column(default=0)
    staff_id: Mapped[int]
    created_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class ChannelCode(Base):
    """A channel's code at the platform. It stands apart from the channel: a channel taken back leaves a code to delete.

    ``config_id`` is the platform's word for it where it can be changed, ``picture`` the address of the QR picture,
    ``serving`` who meets customers as the platform knows it. ``next_at``: not to be tried before; ``failure``: why it is
    not as it should be, in Chinese; ``tell``: the staff member who waits to hear of it.
    """

    __tablename__ = "channel_codes"

    channel_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[str]
    config_id: Mapped[str] = mapped_column(default="")
    picture: Mapped[str] = mapped_column(default="")
    serving: Mapped[list[str]] = mapped_column(default=list)
    made_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str] = mapped_column(default="")
    tell: Mapped[int | None]


class ChannelJoin(Base):
    """Somebody came through a channel; ``member_id``: whom they added, empty where it was the account itself."""

    __tablename__ = "channel_joins"
    __table_args__ = (
        UniqueConstraint("channel_id", "person_id", "member_id"),
        Index("ix_channel_joins_channel_id_at", "channel_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    person_id: Mapped[str]
    member_id: Mapped[str]
    at: Mapped[datetime]
