"""The declarative base all tables share, and how a moment is stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

MILLISECOND = 1000


def to_milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 UTC of an aware datetime; raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place in the store; pass an aware one")
    return round(moment.timestamp() * MILLISECOND)


def from_milliseconds(value: int) -> datetime:
    return datetime.fromtimestamp(value / MILLISECOND, UTC)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, kept as milliseconds in a BIGINT.

    SQLite has no time type and PostgreSQL's would need other arithmetic; a number compares and subtracts alike in both.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else to_milliseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else from_milliseconds(value)


Document = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    """Base of all tables. ``__table_args__ = {"info": {"undoable": True}}`` lets ``撤销`` restore a table's rows."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it from the class)
        datetime: Moment,
        dict[str, Any]: Document,
        list[Any]: Document,
        list[str]: Document,
    }
