"""Tables of the complaints room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.base import Base


class Case(Base):
    """A complaint, a suggestion or a wish for a person, kept under a number."""

    __tablename__ = "cases"
    __table_args__ = {"sqlite_autoincrement": True, "info": {"undoable": True}}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    kind: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime]
    open: Mapped[bool] = mapped_column(default=True)
