"""Tables of the merchants' room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.base import Base

UNDOABLE = {"info": {"undoable": True}}


class Staff(Base):
    """Somebody who works in the shop; ``role`` is ``owner`` or ``staff``."""

    __tablename__ = "staff"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    active: Mapped[bool]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class StaffIdentity(Base):
    """An address a staff member writes from: one platform person of one account; a member has at most one of each account.

    ``member``: it is one of the company's own people, who are staff without an invitation; the row stays when they are
    removed, so that writing does not make them staff again.
    """

    __tablename__ = "staff_identities"
    __table_args__ = (UniqueConstraint("account", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    account: Mapped[str]
    person_id: Mapped[str]
    member: Mapped[bool] = mapped_column(default=False, server_default=false())


class Invitation(Base):
    """A one-time code for ``绑定``; only its digest is kept. ``staff_id``: whose other address it is for, None: a newcomer's."""

    __tablename__ = "invitations"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    staff_id: Mapped[int | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[int | None]


class TalkState(Base):
    """What a staff member is in the middle of: the customer last spoken of, an open question.

    ``listed`` is the day's list as last shown, ``[customer, kind, row]`` each: the first is no. 1 for ``完成 1``.
    ``more``: what follows the page shown last. ``missed``: lines in a row that were not understood.
    """

    __tablename__ = "talk_states"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    customer_id: Mapped[int | None]
    question: Mapped[dict[str, Any] | None]
    question_until: Mapped[datetime | None]
    listed: Mapped[list[Any] | None]
    more: Mapped[str | None]
    more_until: Mapped[datetime | None]
    missed: Mapped[int | None]


class Dealt(Base):
    """Who got a customer on the day's list, so that nobody is dealt to two; ``day``: ISO date in the shop's zone."""

    __tablename__ = "dealt"
    __table_args__ = (Index("ix_dealt_day", "day"),)

    customer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    day: Mapped[str]


class Morning(Base):
    """Who has had the day's collected reminder; ``day``: ISO date in the shop's zone."""

    __tablename__ = "mornings"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)


class Confirmation(Base):
    """A dangerous or wide step that waits for ``确认 CODE``."""

    __tablename__ = "confirmations"
    __table_args__ = (Index("ix_confirmations_staff_id_code", "staff_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    code: Mapped[str]
    action: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Card(Base):
    """A card with buttons that stands in a staff member's talk.

    ``answers``: the token of the question, or the code, that its buttons give. ``delivery_id`` brought it; ``response_code``
    is what a tap said the card may be changed by, once. ``replaced``: the words its buttons are to give way to, ``""``
    while they may be tapped; ``changed_at``: when the platform was told, or given up on.
    """

    __tablename__ = "cards"
    __table_args__ = (
        Index(
            "ix_cards_standing",
            "staff_id",
            sqlite_where=text("changed_at IS NULL"),
            postgresql_where=text("changed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    account: Mapped[str]
    person_id: Mapped[str]
    task_id: Mapped[str] = mapped_column(unique=True)
    answers: Mapped[str]
    until: Mapped[datetime]
    delivery_id: Mapped[int]
    response_code: Mapped[str] = mapped_column(default="", server_default="")
    replaced: Mapped[str] = mapped_column(default="", server_default="")
    changed_at: Mapped[datetime | None]


class Change(Base):
    """One command that changed something, with the images ``撤销`` needs; also the audit trail of who did what.

    ``final`` holds the reason why it cannot be taken back, or None.
    """

    __tablename__ = "changes"
    __table_args__ = (Index("ix_changes_staff_id_id", "staff_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    label: Mapped[str]
    message_key: Mapped[str]
    entries: Mapped[list[Any]]
    final: Mapped[str | None]
    created_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class Notice(Base):
    """Something a staff member should hear.

    ``state``: ``open`` → ``shown`` on top of an answer, or ``queued`` (``delivery_id`` carries it) → ``pushed``, or
    ``unsent`` with a new ``open`` one in its place, whose ``delivery_id`` names the push that failed. ``watching`` waits
    for the end of a delivery to a customer → ``done``. ``hinted_at``: a template notice has said that there is
    something; the words themselves still wait to be shown. ``group_at``: the staff group has heard of it.
    """

    __tablename__ = "notices"
    __table_args__ = (
        Index(
            "uq_notices_open",
            "staff_id",
            "subject",
            unique=True,
            sqlite_where=text("state = 'open' AND subject <> ''"),
            postgresql_where=text("state = 'open' AND subject <> ''"),
        ),
        Index("ix_notices_state_staff_id", "state", "staff_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    kind: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    urgent: Mapped[bool]
    state: Mapped[str]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    hinted_at: Mapped[datetime | None]
    delivery_id: Mapped[int | None]
    group_at: Mapped[datetime | None]


class ShopFact(Base):
    """A fact of the shop scripts may use: ``hours``, ``address`` or ``phone``, as staff wrote it."""

    __tablename__ = "shop_facts"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    name: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]


class AutoReply(Base):
    """An answer to words customers ask again and again. ``words`` as typed; ``id`` is its number in the list."""

    __tablename__ = "auto_replies"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    words: Mapped[list[str]]
    answer: Mapped[str]
    created_at: Mapped[datetime]
