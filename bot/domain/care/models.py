"""Tables of care: the shop's own days, plans, the moments they strike at, red packets, letters, playbooks, the lease.

Days are kept as ISO text (``2025-10-06``): the journal behind ``撤销`` is JSON, which has no date.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.base import Base


class CalendarDay(Base):
    """A day of the shop's own, such as its anniversary; ``on_day`` only for one that comes once, None = every year.

    Month and day are as said: lunar ones are lunar, and a 29 February stays one.
    """

    __tablename__ = "calendar_days"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    month: Mapped[int]
    day: Mapped[int]
    lunar: Mapped[bool]
    on_day: Mapped[str | None] = mapped_column(String(10))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]


class PacketPlan(Base):
    """Red packets to hand out at a holiday. ``id`` is the number people use (红包 3); ``state`` planned or done.

    ``spent_known`` is False while ``spent_fen`` is the budget only because nobody has said yet what came back.
    ``given_up``: planned, and not to be handed out any more.
    """

    __tablename__ = "packet_plans"
    __table_args__ = (
        CheckConstraint("budget_fen > 0 AND count > 0", name="some"),
        CheckConstraint("spent_fen IS NULL OR (spent_fen > 0 AND spent_fen <= budget_fen)", name="in_budget"),
        CheckConstraint("state IN ('planned', 'done')", name="state"),
        {"sqlite_autoincrement": True, "info": {"undoable": True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    holiday: Mapped[str]
    on_day: Mapped[str] = mapped_column(String(10))
    recipients: Mapped[str]
    budget_fen: Mapped[int] = mapped_column(BigInteger)
    count: Mapped[int]
    wishes: Mapped[str]
    remind_days: Mapped[int]
    state: Mapped[str]
    spent_fen: Mapped[int | None] = mapped_column(BigInteger)
    spent_known: Mapped[bool]
    done_at: Mapped[datetime | None]
    given_up: Mapped[bool] = mapped_column(default=False, server_default=false())
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]

    @property
    def day(self) -> date:
        return date.fromisoformat(self.on_day)


class Plan(Base):
    """Something that strikes at one or more moments. ``kind``: ``packet``, ``day``, ``reminder`` (then with ``at``), or
    ``again``: another plan, ``again_of``, was put off by one staff member, who hears of it once more; ``at`` is then
    when it first struck.

    Nothing but a command changes a plan, so that ``撤销`` finds it as it was left; what the clock does stands in
    ``Occurrence``.
    """

    __tablename__ = "care_plans"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title: Mapped[str]
    packet_id: Mapped[int | None] = mapped_column(ForeignKey("packet_plans.id"))
    calendar_day_id: Mapped[int | None] = mapped_column(ForeignKey("calendar_days.id"))
    at: Mapped[datetime | None]
    again_of: Mapped[int | None]
    cancelled_at: Mapped[datetime | None]
    remind_days: Mapped[int]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]


class Occurrence(Base):
    """One moment of a plan, struck once. ``state``: ``due`` → ``done``, ``missed`` or (after three tries) ``failed``.

    It goes with its plan when that is taken back. ``until`` is when it is too late to strike; ``note`` says ``late``,
    ``not needed``, or the type of the error.
    """

    __tablename__ = "care_occurrences"
    __table_args__ = (
        UniqueConstraint("plan_id", "due_at"),
        Index("ix_care_occurrences_state_due_at", "state", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("care_plans.id", ondelete="CASCADE"))
    purpose: Mapped[str]
    due_at: Mapped[datetime]
    until: Mapped[datetime]
    state: Mapped[str]
    attempts: Mapped[int]
    note: Mapped[str]
    done_at: Mapped[datetime | None]


class Letter(Base):
    """What care said to one customer by itself, or why it did not; ``key`` names the reason it was written for.

    ``state``: ``queued`` or ``by_hand`` (what became of it says its delivery), ``later`` (asked again from ``again_at``
    on), ``skipped``; and ``over`` when its time has passed. ``day`` is the shop's day it took of the customer's, None
    where nothing is said. ``purpose`` is ``marketing`` or ``service``.
    """

    __tablename__ = "care_letters"
    __table_args__ = (
        Index("ix_care_letters_day", "day", "customer_id"),
        Index("ix_care_letters_state_until", "state", "until"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    occasion: Mapped[str]
    purpose: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    day: Mapped[str | None] = mapped_column(String(10))
    delivery_id: Mapped[int | None] = mapped_column(BigInteger)
    staff_id: Mapped[int | None]
    again_at: Mapped[datetime | None]
    until: Mapped[datetime]
    created_at: Mapped[datetime]


class Playbook(Base):
    """What the shop changed about a playbook, or wrote of its own. ``text`` empty: as it came.

    ``place`` is its bit in ``PlaybookPlace.classes``, for as long as it is there.
    """

    __tablename__ = "playbooks"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    name: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    place: Mapped[int] = mapped_column(unique=True)
    enabled: Mapped[bool]
    changed_at: Mapped[datetime]


class PlaybookPlace(Base):
    """Where a customer stands. ``classes``: the playbooks they belong to, a bit each, when they were last looked at.

    ``book`` is the one they are in, or were stopped in; empty: none. ``state``: ``running`` (``step``, from 0, came or
    comes due at ``step_due``, and is looked at from ``look_at`` on), ``task`` (staff have that step to do), ``done`` (no
    step is left) or ``stopped`` (by staff). ``spoke_at``: its last letter.
    """

    __tablename__ = "playbook_places"
    __table_args__ = (
        Index("ix_playbook_places_state_look_at", "state", "look_at"),
        Index("ix_playbook_places_book", "book"),
        {"info": {"undoable": True}},
    )

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), primary_key=True)
    classes: Mapped[int] = mapped_column(BigInteger)
    book: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="")
    step: Mapped[int] = mapped_column(default=0)
    entered_at: Mapped[datetime | None]
    step_due: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    spoke_at: Mapped[datetime | None]


class PlaybookEnd(Base):
    """Somebody left a playbook: ``outcome`` is ``reached``, ``left`` (another class) or ``moved`` (to one that goes first).

    Only ever added to.
    """

    __tablename__ = "playbook_ends"
    __table_args__ = (Index("ix_playbook_ends_book_ended_at", "book", "ended_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    book: Mapped[str]
    entered_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    outcome: Mapped[str]


class CareSwitch(Base):
    """Whether customers hear of something by themselves; ``name``: ``after_sale``, ``quiet`` or ``follow_up``, off where
    there is no row. What came before ``since`` is not said any more.
    """

    __tablename__ = "care_switches"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    name: Mapped[str] = mapped_column(primary_key=True)
    enabled: Mapped[bool]
    since: Mapped[datetime]


class OccasionChange(Base):
    """What a shop has changed about an occasion's plan over the usual year; a column None = as shipped.

    ``position``: ``off``, ``remind`` or ``send``; ``hour`` as ``10:00``. ``since`` is the last change: what lay before
    it was never promised.
    """

    __tablename__ = "care_occasions"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[str | None]
    segment: Mapped[str | None]
    script: Mapped[str | None]
    remind_days: Mapped[int | None]
    hour: Mapped[str | None] = mapped_column(String(5))
    purpose: Mapped[str | None]
    gift: Mapped[str | None]
    staff_id: Mapped[int]
    since: Mapped[datetime]


class OccasionTurn(Base):
    """A step of an occasion on one day that somebody's clock has taken; only one can.

    ``step``: ``remind`` (days before), ``morning`` or ``send``. ``state``: ``done``, ``missed``, ``skipped`` (``note``
    says why, in words) or, while customers are still asked for again, ``open`` until ``next_at``. ``people``: how many
    were to hear; ``broadcast_id``: by which broadcast.
    """

    __tablename__ = "care_turns"

    title: Mapped[str] = mapped_column(primary_key=True)
    on_day: Mapped[str] = mapped_column(String(10), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    people: Mapped[int] = mapped_column(default=0)
    broadcast_id: Mapped[int | None]
    at: Mapped[datetime]
    next_at: Mapped[datetime | None]


class PacketBudget(Base):
    """What a shop wants to spend on red packets at most; ``span``: ``month`` or ``year``."""

    __tablename__ = "packet_budgets"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    span: Mapped[str] = mapped_column(primary_key=True)
    most_fen: Mapped[int] = mapped_column(BigInteger)
    staff_id: Mapped[int]
    at: Mapped[datetime]


class PacketThanks(Base):
    """A customer who answered a red packet and was thanked for it, once."""

    __tablename__ = "packet_thanks"

    packet_id: Mapped[int] = mapped_column(ForeignKey("packet_plans.id", ondelete="CASCADE"), primary_key=True)
    customer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]


class SchedulerLease(Base):
    """Who strikes the clock, and which worker takes in followers. ``lease_until``: ms of the database's own clock."""

    __tablename__ = "scheduler_leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    fence: Mapped[int]
    lease_until: Mapped[int] = mapped_column(BigInteger)
