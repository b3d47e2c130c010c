"""Tables of the customer groups' room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.base import Base


class Chat(Base):
    """A customer group of a company's account; ``id`` is its number for people, ``chat_id`` the platform's word.

    ``owner`` is the host, a member of the company. ``version`` is the state of its members as we have read it,
    ``wanted`` the one an event spoke of at ``wanted_at``: the platform's answers may lag behind its events. ``next_read_at``:
    when to read it, after ``reads`` tries for that version; None = nothing is known to be new.
    ``purpose`` names the default group it serves as (`rules.PURPOSES`). ``welcome`` is wanted by the shop, ``welcome_there``
    what the platform has under ``welcome_id``. ``code_wanted``, ``join_id`` and ``join_picture``: the code by which one joins.
    ``failure``: why the platform has not done what is wanted; ``retry_at``: not to be tried before.
    """

    __tablename__ = "chats"
    __table_args__ = (
        UniqueConstraint("account", "chat_id"),
        Index("ix_chats_next_read_at", "next_read_at"),
        {"info": {"undoable": True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    chat_id: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    owner: Mapped[str] = mapped_column(default="")
    notice: Mapped[str] = mapped_column(default="")
    begun_at: Mapped[datetime | None]
    dismissed_at: Mapped[datetime | None]
    version: Mapped[str] = mapped_column(default="")
    wanted: Mapped[str] = mapped_column(default="")
    wanted_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    next_read_at: Mapped[datetime | None]
    reads: Mapped[int] = mapped_column(default=0)
    purpose: Mapped[str] = mapped_column(default="")
    rules: Mapped[str] = mapped_column(default="")
    welcome: Mapped[str] = mapped_column(default="")
    welcome_there: Mapped[str] = mapped_column(default="")
    welcome_id: Mapped[str] = mapped_column(default="")
    code_wanted: Mapped[bool] = mapped_column(default=False)
    join_id: Mapped[str] = mapped_column(default="")
    join_picture: Mapped[str] = mapped_column(default="")
    failure: Mapped[str] = mapped_column(default="")
    retry_at: Mapped[datetime | None]
    tell: Mapped[int | None]


class ChatMember(Base):
    """Somebody's stay in a group, from ``joined_at`` to ``left_at``; whoever comes back has a new row.

    ``person_id`` is a member of the company (``is_member``) or an external contact, who need not be a customer of ours.
    ``scene``: ``invited``, ``link`` or ``code``; ``invited_by``: the member who did. ``left_how``: ``left``, ``removed``,
    ``dismissed``, or ``unseen`` where a reading no longer showed them and no event has said why.
    """

    __tablename__ = "chat_members"
    __table_args__ = (
        UniqueConstraint("chat_number", "person_id", "joined_at"),
        Index("ix_chat_members_person_id", "person_id"),
        Index(
            "ix_chat_members_present",
            "chat_number",
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
        Index("ix_chat_members_joined_at", "joined_at"),
        Index("ix_chat_members_left_at", "left_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    chat_number: Mapped[int] = mapped_column(ForeignKey("chats.id"))
    person_id: Mapped[str]
    is_member: Mapped[bool]
    joined_at: Mapped[datetime]
    scene: Mapped[str] = mapped_column(default="")
    invited_by: Mapped[str] = mapped_column(default="")
    left_at: Mapped[datetime | None]
    left_how: Mapped[str] = mapped_column(default="")


class ChatPost(Base):
    """An entry of a group's content calendar: what the host is to post at ``next_at``, None = nothing more to come.

    ``every``: the time as `language.read_recurrence` takes it, empty = once. ``sends``: as a task of the platform instead
    of a reminder. ``last_at``: the time it was last due for.
    """

    __tablename__ = "chat_posts"
    __table_args__ = (
        Index("ix_chat_posts_next_at", "next_at"),
        {"sqlite_autoincrement": True, "info": {"undoable": True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    chat_number: Mapped[int] = mapped_column(ForeignKey("chats.id"))
    title: Mapped[str]
    text: Mapped[str]
    every: Mapped[str] = mapped_column(default="")
    next_at: Mapped[datetime | None]
    last_at: Mapped[datetime | None]
    sends: Mapped[bool] = mapped_column(default=False)
    staff_id: Mapped[int]
    created_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class ChatListing(Base):
    """The day (ISO, in the shop's zone) for which an account's list of groups was last gone through."""

    __tablename__ = "chat_listings"

    account: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str]
