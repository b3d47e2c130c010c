"""Opening cases; their nine steps come with the room's own issue."""

from __future__ import annotations

from bot.domain.complaints.models import Case
from bot.store.transaction import Tx

WORDS = {"complaint": "投诉", "suggestion": "建议", "person": "人工", "angry": "不满"}


def open_case(tx: Tx, *, customer_id: int, kind: str, text: str) -> Case:
    """Keeps what a customer wants a person to look at; ``kind`` is a key of ``WORDS``."""
    case = Case(customer_id=customer_id, kind=kind, text=text, at=tx.now, open=True)
    tx.session.add(case)
    tx.session.flush()
    return case
