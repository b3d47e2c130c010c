"""Tables of the customers' room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.base import Base


class Customer(Base):
    """A regular of the shop. ``id`` is the number people use (``#12``).

    ``name`` is staff's own name for the customer, ``own_name`` what the customer wants to be called. ``spent_fen`` and
    the purchase columns follow the ledger. ``follow_up`` is the level a–d, ``next_*`` the step that is planned.
    ``keeper_id`` is the staff member who looks after the customer. ``called_at`` is the last phone call; until
    ``rest_until`` the day's work leaves them alone.
    ``is_staff`` takes the row out of every segment, count and export.
    """

    __tablename__ = "customers"
    __table_args__ = (
        Index("ix_customers_name", "name"),
        Index("ix_customers_own_name", "own_name"),
        Index("ix_customers_phone", "phone"),
        Index("ix_customers_name_pinyin", "name_pinyin"),
        Index("ix_customers_name_initials", "name_initials"),
        Index("ix_customers_spent_fen", "spent_fen"),
        Index("ix_customers_next_at", "next_at"),
        {"sqlite_autoincrement": True, "info": {"undoable": True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    own_name: Mapped[str | None]
    nickname: Mapped[str | None]
    remark: Mapped[str | None]
    name_pinyin: Mapped[str | None]
    name_initials: Mapped[str | None]
    phone: Mapped[str | None]
    wechat: Mapped[str | None]
    sex: Mapped[str | None]
    city: Mapped[str | None]
    channel: Mapped[str | None]
    birth_year: Mapped[int | None]
    birth_month: Mapped[int | None]
    birth_day: Mapped[int | None]
    birth_lunar: Mapped[bool] = mapped_column(default=False)
    visited: Mapped[bool] = mapped_column(default=False)
    purchased: Mapped[bool] = mapped_column(default=False)
    vip: Mapped[bool] = mapped_column(default=False)
    grade: Mapped[str | None]
    former_grade: Mapped[str | None]
    follow_up: Mapped[str | None]
    next_step: Mapped[str | None]
    next_at: Mapped[datetime | None]
    expected_fen: Mapped[int | None]
    keeper_id: Mapped[int | None]
    called_at: Mapped[datetime | None]
    rest_until: Mapped[datetime | None]
    spent_fen: Mapped[int] = mapped_column(default=0)
    purchases: Mapped[int] = mapped_column(default=0)
    first_purchase_at: Mapped[datetime | None]
    last_purchase_at: Mapped[datetime | None]
    opted_out: Mapped[bool] = mapped_column(default=False)
    opted_out_at: Mapped[datetime | None]
    is_staff: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None] = mapped_column(info={"passing": True})
    last_contact_at: Mapped[datetime | None] = mapped_column(info={"passing": True})
    acknowledged_at: Mapped[datetime | None] = mapped_column(info={"passing": True})


class Identity(Base):
    """One platform's word for a customer. ``relation`` is ``active`` or ``gone`` as of the event at ``relation_at``.

    ``refusal`` is what the platform last said against reaching the person, ``blocked`` or ``refuses``, at ``refused_at``.
    ``unionid`` is the same wherever the platform knows the person; ``""``: asked and told of none. ``apart``: staff said
    that this is not who the unionid says.
    """

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("account", "person_id"),
        Index(
            "ix_identities_unionid",
            "unionid",
            "customer_id",
            sqlite_where=text("unionid <> ''"),
            postgresql_where=text("unionid <> ''"),
        ),
        Index(
            "ix_identities_unasked",
            "account",
            "id",
            sqlite_where=text("unionid IS NULL"),
            postgresql_where=text("unionid IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    account: Mapped[str]
    person_id: Mapped[str]
    relation: Mapped[str]
    relation_at: Mapped[datetime]
    followed_at: Mapped[datetime | None]
    unionid: Mapped[str | None]
    refusal: Mapped[str | None]
    refused_at: Mapped[datetime | None]
    apart: Mapped[bool] = mapped_column(default=False, server_default=false())


class Friendship(Base):
    """A member of staff and a customer at the platform: friends (``active``) or no more (``gone``), as of the event at
    ``relation_at``. The identity of the customer is ``active`` while one of these is.

    ``remark`` and ``description`` are the member's own words for the customer. ``since``: when they became friends;
    ``channel`` and ``add_way`` (the platform's number): how. ``welcome_code``: of the last welcome that was sent on its way.

    ``stale_at``: from when on the platform is to be asked again, since either side has changed; ``told_at``: the newest
    event that says so; ``renamed_at``: staff gave the customer a name the platform has not got. ``tags`` are the ids of
    the company's tags the platform last showed (with spaces between; None = never asked), ``read_at`` when that was.
    """

    __tablename__ = "friendships"
    __table_args__ = (
        Index("ix_friendships_member", "account", "member_id", "relation"),
        Index(
            "ix_friendships_stale",
            "account",
            "stale_at",
            sqlite_where=text("stale_at IS NOT NULL"),
            postgresql_where=text("stale_at IS NOT NULL"),
        ),
    )

    # The person stands first in the key: rows are looked up by lists of people.
    person_id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[str] = mapped_column(primary_key=True)
    relation: Mapped[str]
    relation_at: Mapped[datetime]
    since: Mapped[datetime | None]
    remark: Mapped[str] = mapped_column(default="", server_default="")
    description: Mapped[str] = mapped_column(default="", server_default="")
    channel: Mapped[str] = mapped_column(default="", server_default="")
    add_way: Mapped[int] = mapped_column(default=0, server_default="0")
    stale_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    renamed_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    tags: Mapped[str | None]
    welcome_code: Mapped[str] = mapped_column(default="", server_default="")


class Tag(Base):
    """A tag of the shop's tag book; taking back the first ``+北京`` leaves it to those who carry it by then."""

    __tablename__ = "tags"
    __table_args__ = {"info": {"undoable": True, "shared": True}}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class CustomerTag(Base):
    """A customer carries a tag; ``ruled_at``: a rule put it on then, None = people or a platform did."""

    __tablename__ = "customer_tags"
    __table_args__ = (Index("ix_customer_tags_tag_id", "tag_id", "customer_id"), {"info": {"undoable": True}})

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id"), primary_key=True)
    since: Mapped[datetime]
    ruled_at: Mapped[datetime | None]


class TagRule(Base):
    """What the owner changed about a rule tag: whether it is on, and its number (days, times, per cent or fen)."""

    __tablename__ = "tag_rules"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    name: Mapped[str] = mapped_column(primary_key=True)
    enabled: Mapped[bool]
    number: Mapped[int]


class NightRun(Base):
    """How far a night's work has come: ``next_id`` is the last customer done, ``done`` that the turn is over.

    ``day``: the turn it is for, as `orders.rule_tags.turn` names it; of a round of care (`care.rounds`) its moment.
    """

    __tablename__ = "night_runs"

    name: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str]
    next_id: Mapped[int]
    done: Mapped[bool]


class FollowUpEntry(Base):
    """One talk whose level staff told: what the forecast's measured rates are counted from."""

    __tablename__ = "follow_ups"
    __table_args__ = (Index("ix_follow_ups_level_at", "level", "at"), {"info": {"undoable": True}})

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    level: Mapped[str]
    staff_id: Mapped[int]
    at: Mapped[datetime]


class TagChange(Base):
    """History of tags; only ever added to. ``source``: ``chat``, ``channel``, ``platform``, ``rule``, ``merge`` or ``undo``."""

    __tablename__ = "tag_changes"
    __table_args__ = {"info": {"history": True}}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    tag: Mapped[str]
    added: Mapped[bool]
    source: Mapped[str]
    staff_id: Mapped[int | None]
    at: Mapped[datetime]


class TimelineEntry(Base):
    """Something that happened with a customer, in Chinese words staff read; only ever added to."""

    __tablename__ = "timeline"
    __table_args__ = (Index("ix_timeline_customer_id_id", "customer_id", "id"), {"info": {"history": True}})

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    at: Mapped[datetime]
    kind: Mapped[str]
    text: Mapped[str]
    staff_id: Mapped[int | None]


class Utterance(Base):
    """What a customer said that a person should read; ``waiting`` until somebody answered.

    ``broadcast_id`` is the broadcast it answers, if there is one.
    """

    __tablename__ = "utterances"
    __table_args__ = (
        Index(
            "ix_utterances_waiting",
            "customer_id",
            sqlite_where=text("waiting"),
            postgresql_where=text("waiting"),
        ),
        Index("ix_utterances_customer_id_id", "customer_id", "id"),
        Index("ix_utterances_broadcast_id", "broadcast_id"),
        {"info": {"undoable": True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    account: Mapped[str]
    person_id: Mapped[str]
    at: Mapped[datetime]
    kind: Mapped[str]
    text: Mapped[str]
    media_id: Mapped[str | None]
    urgent: Mapped[bool] = mapped_column(default=False)
    waiting: Mapped[bool] = mapped_column(default=True)
    broadcast_id: Mapped[int | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None]


class FileEntry(Base):
    """A field of a customer's file beside the columns: ``field`` is a name of ``language.file_fields``."""

    __tablename__ = "file_entries"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]


class Photo(Base):
    """A picture in a customer's file; ``customer_id`` None = the staff member who sent it has not said whose it is."""

    __tablename__ = "photos"
    __table_args__ = (
        Index("ix_photos_customer_id", "customer_id"),
        Index("ix_photos_media", "account", "media_id"),
        {"info": {"undoable": True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    account: Mapped[str]
    media_id: Mapped[str]
    staff_id: Mapped[int]
    at: Mapped[datetime]


class Media(Base):
    """A picture or voice message the platform keeps for three days, and the file we keep it in.

    ``file`` is a name in the folder of media, empty until it was fetched. ``next_at`` None = nothing more to do: it was
    fetched, or ``lost`` says why it never will be. ``unwanted``: the file is to be erased, the row with it.
    """

    __tablename__ = "media"
    __table_args__ = (Index("ix_media_next_at", "next_at"),)

    account: Mapped[str] = mapped_column(primary_key=True)
    media_id: Mapped[str] = mapped_column(primary_key=True)
    file: Mapped[str] = mapped_column(default="")
    tries: Mapped[int] = mapped_column(default=0)
    wanted_at: Mapped[datetime]
    next_at: Mapped[datetime | None]
    lost: Mapped[str] = mapped_column(default="")
    unwanted: Mapped[bool] = mapped_column(default=False)


class MediaCopy(Base):
    """An answer that waits until its picture or voice message has been brought to the customer's account.

    ``account`` and ``media_id``: where staff sent it; ``to_account``: where it is to go. ``kind``: ``image``, ``voice``.
    """

    __tablename__ = "media_copies"
    __table_args__ = (Index("ix_media_copies_next_at", "next_at"),)

    delivery_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[str]
    media_id: Mapped[str]
    to_account: Mapped[str]
    kind: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0)
    wanted_at: Mapped[datetime]
    next_at: Mapped[datetime]


class MergedNumber(Base):
    """A number whose customer turned out to be somebody with another number."""

    __tablename__ = "merged_numbers"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    at: Mapped[datetime]


class Forgotten(Base):
    """Somebody who had their data erased: the keyed hash of an address or a phone, so that no import brings them back.

    ``digest`` empty: the row that proves which key they were made with, in ``key`` (`erasure_key`).
    """

    __tablename__ = "forgotten"

    digest: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


class SavedSegment(Base):
    """A segment expression under a name."""

    __tablename__ = "saved_segments"
    __table_args__ = {"info": {"undoable": True}}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    expression: Mapped[str]
    created_at: Mapped[datetime]


class AccountStart(Base):
    """What was done for an account when it was first seen.

    Its followers are taken in (``done_at`` None = the import goes on at ``next_person``). ``menu_at``: its menu was
    looked at; ``menu_before`` are the buttons that stood then, None = none; ``menu_stands`` says whose stand now,
    ``ours``, ``before`` or (by us) ``put back``, and ``menu_wanted`` whether a worker is to put up ``ours`` or ``before``.
    ``staff_menu`` is the platform's id of the menu staff see, ``staff_tagged`` who was given the tag it goes by.
    """

    __tablename__ = "account_starts"

    account: Mapped[str] = mapped_column(primary_key=True)
    next_person: Mapped[str]
    taken_in: Mapped[int]
    started_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    menu_at: Mapped[datetime | None]
    menu_before: Mapped[list[Any] | None]
    menu_stands: Mapped[str | None]
    menu_wanted: Mapped[str | None]
    staff_menu: Mapped[str | None]
    staff_tagged: Mapped[list[str] | None]
