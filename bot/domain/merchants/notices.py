"""What staff should hear: kept open until it was pushed by the best route, or shown on top of their next answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update

from bot.domain.merchants.models import Notice
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx

# Routine news are collected this long, so that staff get one message and not five.
COLLECT = timedelta(seconds=5)
# Of the five messages a window allows, these are kept for what cannot wait.
KEPT_FOR_URGENT = 2
HINT_AGAIN = timedelta(hours=12)
NUMBERS_SHOWN = 3
# Kinds that are counted when there are several, and the word that shows them all; their subject ends in the number.
PUT_TOGETHER = {"new_customer": ("位新顾客", "新客"), "reply": ("位顾客在等回复", "待回")}


def tell(tx: Tx, staff_id: int, words: str, *, kind: str, urgent: bool = False, subject: str = "") -> int:
    """Keeps a notice for one staff member and asks the workers to push it; returns its id.

    While a notice with the same ``subject`` is open, a second one only renews its text.
    """
    if subject:
        same = tx.session.scalars(
            select(Notice).where(Notice.staff_id == staff_id, Notice.subject == subject, Notice.state == "open")
        ).first()
        if same is not None:
            same.text = words
            same.urgent = same.urgent or urgent
            return same.id
    notice = Notice(
        staff_id=staff_id, kind=kind, subject=subject, text=words, urgent=urgent, state="open", created_at=tx.now
    )
    tx.session.add(notice)
    tx.session.flush()
    tx.after_commit("clock")
    return notice.id


_TELL_ALL = """
    INSERT INTO notices (staff_id, kind, subject, text, urgent, state, created_at)
    SELECT id, :kind, :subject, :text, :urgent, 'open', :now FROM staff WHERE active
    ON CONFLICT (staff_id, subject) WHERE state = 'open' AND subject <> ''
    DO UPDATE SET text = excluded.text, urgent = notices.urgent OR excluded.urgent
"""


def tell_all(tx: Tx, words: str, *, kind: str, subject: str, urgent: bool = False) -> None:
    """Tells every active staff member, in one statement: this stands on the way of every customer's message."""
    told = {"kind": kind, "subject": subject, "text": words, "urgent": urgent, "now": to_milliseconds(tx.now)}
    tx.direct(_TELL_ALL, told)
    tx.after_commit("clock")


def reword(tx: Tx, subject: str, words: str) -> None:
    """Gives open notices about a subject words that are true by now; who heard already is not told again."""
    tx.execute(update(Notice).where(Notice.subject == subject, Notice.state == "open").values(text=words))


def open_notices(tx: Tx, staff_id: int) -> Sequence[Notice]:
    return tx.session.scalars(
        select(Notice).where(Notice.staff_id == staff_id, Notice.state == "open").order_by(Notice.id)
    ).all()


def staff_with_open(tx: Tx) -> Sequence[int]:
    return tx.session.scalars(select(Notice.staff_id).where(Notice.state == "open").distinct()).all()


def worth_pushing(notices: Sequence[Notice], *, left: int, now: datetime) -> list[Notice]:
    """Which open notices go out in one message now, given ``left`` messages in the window; no I/O."""
    ripe = left > KEPT_FOR_URGENT and any(now - notice.created_at >= COLLECT for notice in notices)
    if ripe:
        return list(notices)
    return [notice for notice in notices if notice.urgent] if left > 0 else []


def worth_hinting(notices: Sequence[Notice], *, now: datetime) -> list[Notice]:
    """Which notices a template notice should hint at; the same ones not again the same day."""
    fresh = any(notice.hinted_at is None or now - notice.hinted_at >= HINT_AGAIN for notice in notices)
    return list(notices) if fresh else []


def digest(notices: Sequence[Notice], *, room: int) -> tuple[str, list[Notice]]:
    """What fits into ``room`` bytes, the urgent first, many of a kind as one line; returns (text, those it tells of).

    It ends with a word worth answering where something was put together, since an answer opens the window again.
    """
    lines: list[str] = []
    told: list[Notice] = []
    for group in _groups(notices):
        line = _one_line(group)
        if not lines:
            line = _cut(line, room)
        elif len("\n".join([*lines, line]).encode()) > room:
            continue
        lines.append(line)
        told += group
    return "\n".join(lines), told


def _cut(line: str, room: int) -> str:
    """A line alone too long for the room is told all the same, as far as it goes."""
    return line if len(line.encode()) <= room else line.encode()[: max(0, room - 3)].decode(errors="ignore") + "…"


def _groups(notices: Sequence[Notice]) -> list[list[Notice]]:
    single = sorted((notice for notice in notices if notice.urgent), key=lambda notice: notice.id)
    groups = [[notice] for notice in single]
    kinds: dict[str, list[Notice]] = {}
    for notice in notices:
        if not notice.urgent:
            kinds.setdefault(notice.kind, []).append(notice)
    for kind, same in kinds.items():
        groups += [same] if kind in PUT_TOGETHER and len(same) > 1 else [[notice] for notice in same]
    return groups


def _one_line(group: Sequence[Notice]) -> str:
    if len(group) == 1:
        return group[0].text
    what, look = PUT_TOGETHER[group[0].kind]
    numbers = "、".join(f"#{notice.subject.rpartition(':')[2]}" for notice in group[:NUMBERS_SHOWN])
    return f"{len(group)} {what}：{numbers}{' 等' if len(group) > NUMBERS_SHOWN else ''}，发送“{look}”看"


def hint(tx: Tx, notices: Sequence[Notice]) -> None:
    """Notes that a template notice has told of them; their words still wait for the next answer."""
    for notice in notices:
        notice.hinted_at = tx.now


def close(tx: Tx, notices: Sequence[Notice], *, state: str, delivery_id: int | None = None) -> None:
    """Marks notices ``pushed`` or ``shown``; the old state decides, so that a notice is not carried twice."""
    for notice in notices:
        tx.execute(
            update(Notice)
            .where(Notice.id == notice.id, Notice.state == "open")
            .values(state=state, closed_at=tx.now, delivery_id=delivery_id)
        )
