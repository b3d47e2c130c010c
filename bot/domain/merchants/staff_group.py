"""What the group of all staff hears through its robot: how many and which numbers, never what a customer said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select, update

from bot.domain.merchants.models import Notice
from bot.domain.merchants.notices import COLLECT, passed
from bot.store.transaction import Tx

# What the group has not heard by then is old, and stands in 今日 and 待回.
WITHIN = timedelta(minutes=10)
# So many of the newest notices are looked through: no index is kept for this.
LOOKED_THROUGH = 1000
NAMED = 5
# What a whole team hears of; the subject of such a notice ends in the customer's number.
WORDS = {"reply": "位顾客在等回复", "new_customer": "位新顾客", "left": "位顾客删了好友"}
STATES = ("open", "shown", "queued", "pushed")


def untold(tx: Tx) -> list[Notice]:
    """What the group is to hear now, oldest first: collected for some seconds, unless it cannot wait."""
    newest = select(Notice).order_by(Notice.id.desc()).limit(LOOKED_THROUGH)
    fresh = [
        notice
        for notice in tx.session.scalars(newest)
        if notice.kind in WORDS
        and notice.group_at is None
        and notice.state in STATES
        and tx.now - notice.created_at < WITHIN
    ]
    is_due = any(notice.urgent or passed(notice.created_at, COLLECT, tx.now) for notice in fresh)
    return fresh[::-1] if is_due else []


def take(tx: Tx, told: Sequence[Notice]) -> bool:
    """Notes that the group hears of them; False where somebody else did so meanwhile, who tells it."""
    ours = update(Notice).where(Notice.id.in_([notice.id for notice in told]), Notice.group_at.is_(None))
    return tx.execute(ours.values(group_at=tx.now)).rowcount == len(told)


def customers_of(told: Sequence[Notice]) -> list[int]:
    """The numbers of the customers they are about."""
    return list(dict.fromkeys(int(notice.subject.rpartition(":")[2]) for notice in told))


def words(told: Sequence[Notice], called: Mapping[int, str]) -> str:
    """``2 位顾客在等回复：小美 #12、#15``, a line for each kind, what cannot wait first; ``called``: by number."""
    groups: dict[tuple[bool, str], dict[int, None]] = {}
    for notice in told:
        groups.setdefault((not notice.urgent, notice.kind), {})[int(notice.subject.rpartition(":")[2])] = None
    lines = []
    for (routine, kind), numbers in sorted(groups.items()):
        names = [called.get(number, f"#{number}") for number in list(numbers)[:NAMED]]
        more = " 等" if len(numbers) > NAMED else ""
        lines.append(f"{'' if routine else '❗'}{len(numbers)} {WORDS[kind]}：{'、'.join(names)}{more}")
    return "\n".join(lines)
