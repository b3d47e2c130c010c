"""Who changed what, and taking it back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot.domain.merchants.models import Change
from bot.errors import Refusal
from bot.store.journal import Overtaken, put_back
from bot.store.transaction import Tx

UNDO_LIFE = timedelta(hours=24)


def keep(
    tx: Tx, *, staff_id: int, label: str, entries: list[dict[str, Any]], final: str | None, message_key: str
) -> None:
    """Keeps one command's effect: ``entries`` are the journal's row images, ``final`` why it cannot be taken back."""
    tx.session.add(
        Change(
            staff_id=staff_id,
            label=label,
            message_key=message_key,
            entries=entries,
            final=final,
            created_at=tx.now,
        )
    )


def undo(tx: Tx, *, staff_id: int) -> str:
    """Takes back this staff member's last change and returns its label.

    Raises Refusal when there is none within 24 hours, when it is final, or when somebody changed the same thing since.
    """
    change = tx.session.scalars(
        select(Change)
        .where(Change.staff_id == staff_id, Change.undone_at.is_(None), Change.created_at > tx.now - UNDO_LIFE)
        .order_by(Change.id.desc())
        .limit(1)
    ).first()
    if change is None:
        raise Refusal("没有可以撤销的操作（只能撤销自己 24 小时内做的）。")
    if change.final is not None:
        raise Refusal(f"“{change.label}”不能撤销：{change.final}")
    try:
        with tx.savepoint():
            put_back(tx.connection, change.entries)
    except Overtaken as overtaken:
        raise Refusal(f"“{change.label}”之后这里又改过，不能直接撤销。请查看现在的情况再改。") from overtaken
    tx.session.expire_all()
    change.undone_at = tx.now
    return change.label
