"""Opening cases; their nine steps come with the room's own issue."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from bot.domain.complaints.models import Case
from bot.domain.customers.models import Customer
from bot.store.transaction import Tx

WORDS = {"complaint": "投诉", "suggestion": "建议", "person": "人工", "angry": "不满"}


def open_case(tx: Tx, *, customer_id: int, kind: str, text: str) -> Case:
    """Keeps what a customer wants a person to look at; ``kind`` is a key of ``WORDS``."""
    case = Case(customer_id=customer_id, kind=kind, text=text, at=tx.now, open=True)
    tx.session.add(case)
    tx.session.flush()
    return case


def open_complaints(tx: Tx, most: int | None = None) -> Sequence[tuple[Case, Customer]]:
    """Complaints nobody has dealt with, the ``most`` oldest first; while one is open its customer gets no marketing."""
    rows = tx.session.execute(
        select(Case, Customer)
        .join(Customer, Customer.id == Case.customer_id)
        .where(Case.open, Case.kind == "complaint", Customer.is_staff.is_(False))
        .order_by(Case.id)
        .limit(most)
    )
    return [(case, customer) for case, customer in rows]


def open_cases(tx: Tx) -> Sequence[tuple[Case, Customer]]:
    """Everything nobody has dealt with, complaints first, then the newest."""
    rows = tx.session.execute(
        select(Case, Customer)
        .join(Customer, Customer.id == Case.customer_id)
        .where(Case.open, Customer.is_staff.is_(False))
        .order_by((Case.kind == "complaint").desc(), Case.id.desc())
    )
    return [(case, customer) for case, customer in rows]


def case(tx: Tx, number: int) -> tuple[Case, Customer] | None:
    """One case and whose it is, also a closed one."""
    found = tx.session.get(Case, number)
    return (found, tx.session.get_one(Customer, found.customer_id)) if found else None


def close(tx: Tx, number: int) -> None:
    tx.session.get_one(Case, number).open = False


def forget(tx: Tx, customer_id: int) -> None:
    """The case keeps its number and kind; what was said goes with the customer's file."""
    tx.execute(update(Case).where(Case.customer_id == customer_id).values(text="（已按顾客要求删除）", open=False))
