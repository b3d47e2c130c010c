"""The tables of delivery: contents, one row per message to one person, and what is kept beside them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.base import Base

# SQLite numbers rows by itself only for the type spelled INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")


def _partial(name: str, *columns: str, where: str) -> Index:
    """An index over the rows ``where`` names; statements must spell the condition alike for it to be used."""
    return Index(f"ix_deliveries_{name}", *columns, sqlite_where=text(where), postgresql_where=text(where))


class Content(Base):
    """What is said, kept once however many people it goes to."""

    __tablename__ = "contents"

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    payload: Mapped[dict[str, Any]]


class Delivery(Base):
    """One message to one person and what became of it.

    ``state``: planned → claimed → (``calling_since`` set) → sent | failed | unknown; planned → skipped | by_hand |
    cancelled; ``handed`` waits for a person's confirmation on the platform. ``lease_until`` counts on the database's
    clock, every other moment on the shop's. ``calling_since`` is the first call whose answer may be lost; it is taken
    back when a call certainly did not send. ``batch_key`` is the key of the mass call the row goes out with.
    ``occurrence`` of a row without a broadcast is the occasion of a letter, one a day for one person (`outbox.letter`).
    ``withdrawn`` says why the row would have been cancelled, had a call not begun already. ``tapped``: the item of its
    menu the person tapped last. ``sender``: the member of the company who is to confirm a row of the route ``task``; its
    ``platform_id`` is the number of the task (see `GroupTask`), its ``person_id`` a contact, or without a customer a chat.
    """

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    account: Mapped[str]
    broadcast_id: Mapped[int | None]
    occurrence: Mapped[str] = mapped_column(default="")
    customer_id: Mapped[int | None]
    staff_id: Mapped[int | None]
    person_id: Mapped[str] = mapped_column(default="")
    purpose: Mapped[str]
    route: Mapped[str] = mapped_column(default="")
    script: Mapped[str] = mapped_column(default="")
    variant: Mapped[str] = mapped_column(default="")
    content_id: Mapped[int | None] = mapped_column(Number, ForeignKey("contents.id"))
    send_key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    due_at: Mapped[datetime]
    not_after: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    calling_since: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    lapses: Mapped[int] = mapped_column(default=0)
    batch_key: Mapped[str] = mapped_column(default="")
    withdrawn: Mapped[str] = mapped_column(default="")
    platform_id: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    planned_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]
    tapped: Mapped[str] = mapped_column(default="", server_default="")
    sender: Mapped[str] = mapped_column(default="", server_default="")

    __table_args__ = (
        UniqueConstraint("broadcast_id", "occurrence", "customer_id"),
        _partial("claim", "account", "route", "broadcast_id", "due_at", "id", where="state = 'planned'"),
        _partial("alone", "account", "route", where="state = 'planned' AND lapses >= 3"),
        _partial("lease", "lease_until", where="state = 'claimed'"),
        _partial("unclear", "due_at", where="state = 'unknown' AND batch_key <> ''"),
        _partial("unknown", "broadcast_id", "id", where="state = 'unknown'"),
        _partial("cap", "customer_id", "calling_since", where="purpose = 'marketing' AND calling_since IS NOT NULL"),
        _partial("letter", "customer_id", "calling_since", where="occurrence <> '' AND broadcast_id IS NULL"),
        _partial("content", "content_id", where="content_id IS NOT NULL"),
        _partial("customer", "customer_id", where="customer_id IS NOT NULL"),
        _partial("person", "account", "person_id", where="broadcast_id IS NOT NULL"),
        _partial("staff", "staff_id", where="staff_id IS NOT NULL AND state IN ('planned', 'by_hand')"),
        _partial("mass", "account", "platform_id", where="route = 'mass' AND platform_id <> ''"),
        _partial("handed", "account", "platform_id", "person_id", where="state = 'handed'"),
        _partial("received", "person_id", "calling_since", where="route = 'task' AND calling_since IS NOT NULL"),
    )


class BroadcastRun(Base):
    """The switch of a broadcast that has rows here; a broadcast is a lane of its own when workers look for work."""

    __tablename__ = "delivery_runs"

    broadcast_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    paused: Mapped[bool] = mapped_column(default=False)


class GroupTask(Base):
    """A task the platform keeps for a member, who confirms it on the phone before anybody gets anything.

    ``state``: open → done | cancelled. ``next_poll_at``: when the platform is asked next what became of it, ``remind_at``
    when the member is reminded next. ``told``: the member has been told that it waits, ``owner_told``: the owner that it
    still does.
    """

    __tablename__ = "group_tasks"
    __table_args__ = (
        Index(
            "ix_group_tasks_next_poll_at",
            "next_poll_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_group_tasks_broadcast_id", "broadcast_id"),
    )

    account: Mapped[str] = mapped_column(primary_key=True)
    msgid: Mapped[str] = mapped_column(primary_key=True)
    sender: Mapped[str]
    broadcast_id: Mapped[int | None]
    content_id: Mapped[int | None] = mapped_column(Number)
    for_chats: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str]
    created_at: Mapped[datetime]
    next_poll_at: Mapped[datetime]
    remind_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    reminders: Mapped[int] = mapped_column(default=0)
    told: Mapped[bool] = mapped_column(default=False)
    owner_told: Mapped[bool] = mapped_column(default=False)


class Evidence(Base):
    """An answer that came back after its row had been taken away from the caller."""

    __tablename__ = "delivery_evidence"

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(Number, index=True)
    fence: Mapped[int]
    decision: Mapped[str]
    code: Mapped[int | None]
    reason: Mapped[str]
    platform_id: Mapped[str]
    seen_at: Mapped[datetime]


class Upload(Base):
    """A picture of ours as an account of the platform knows it; temporary, the platform forgets it after three days."""

    __tablename__ = "uploads"

    account: Mapped[str] = mapped_column(primary_key=True)
    file: Mapped[str] = mapped_column(primary_key=True)
    media_id: Mapped[str]
    at: Mapped[datetime]


class MassResult(Base):
    """How a mass job ended, kept because the event may come before the answer of the call that started it."""

    __tablename__ = "mass_results"

    account: Mapped[str] = mapped_column(primary_key=True)
    msg_id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    counts: Mapped[dict[str, Any]]
    finished_at: Mapped[datetime]


class Window(Base):
    """How many customer messages a person's own doing allows, per kind of trigger; 1970 means never.

    A message of the person: 5 in 48 hours; a menu tap, a follow, a scan: 3 in one minute each
    (vendor manual, Customer_Service_Messages).
    """

    __tablename__ = "windows"

    # The person stands first in the key: rows are looked up by lists of people.
    person_id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    talk_at: Mapped[datetime] = mapped_column(server_default="0")
    talk_used: Mapped[int] = mapped_column(server_default="0")
    follow_at: Mapped[datetime] = mapped_column(server_default="0")
    follow_used: Mapped[int] = mapped_column(server_default="0")
    scan_at: Mapped[datetime] = mapped_column(server_default="0")
    scan_used: Mapped[int] = mapped_column(server_default="0")
    menu_at: Mapped[datetime] = mapped_column(server_default="0")
    menu_used: Mapped[int] = mapped_column(server_default="0")


class NoticeRight(Base):
    """How many subscribe notices of a template a person may still get: one for each yes in the platform's pop-up.

    ``since``: when the person switched the template off; an older yes counts no more.
    """

    __tablename__ = "notice_rights"

    person_id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    template_id: Mapped[str] = mapped_column(primary_key=True)
    unused: Mapped[int]
    since: Mapped[datetime] = mapped_column(server_default="0")


class ChannelState(Base):
    """A path of an account that rests: until a moment, or (``stopped``) until somebody has repaired something.

    ``channel`` is a route, or ``*`` for the whole account. A stopped path is tried again when ``until`` has come, with
    a few rows only; ``told_at`` keeps the owner from hearing the same twice.
    """

    __tablename__ = "channel_states"

    account: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime | None]
    stopped: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(default="")
    told_at: Mapped[datetime | None]


class Quota(Base):
    """Calls made on a path on one day; the platform counts Beijing days."""

    __tablename__ = "channel_quotas"

    account: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    used: Mapped[int]


class MassMonth(Base):
    """Mass messages one fan got in one Beijing calendar month: the platform drops the fifth."""

    __tablename__ = "mass_months"

    person_id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
