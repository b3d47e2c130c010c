"""预测: what the open follow-ups should bring, by chances that the shop's own outcomes replace in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import BigInteger, and_, case, exists, func, or_, select, type_coerce

from bot.domain.customers.models import Customer, FollowUpEntry
from bot.domain.orders.models import Order
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx

START_CHANCES = {"a": 80, "b": 50, "c": 30, "d": 10}  # per cent
ENOUGH = 30  # outcomes a level, from which the shop's own rate counts
# A purchase within this time counts as the outcome of the talk; without one it was none.
OUTCOME_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Level:
    """One follow-up level: customers and the fen they are expected to bring; outcomes so far and how many bought."""

    level: str
    customers: int
    without_amount: int
    expected_fen: int
    outcomes: int
    won: int

    @property
    def measured(self) -> bool:
        return self.outcomes >= ENOUGH

    @property
    def chance(self) -> int:
        """Per cent."""
        return round(100 * self.won / self.outcomes) if self.measured else START_CHANCES[self.level]

    @property
    def fen(self) -> int:
        return self.expected_fen * self.chance // 100


def levels(tx: Tx) -> list[Level]:
    """All four levels; who has bought since the last talk is no forecast any more."""
    talked = select(func.max(FollowUpEntry.at)).where(FollowUpEntry.customer_id == Customer.id).scalar_subquery()
    still_open = or_(Customer.last_purchase_at.is_(None), talked.is_(None), Customer.last_purchase_at < talked)
    amount = func.coalesce(Customer.expected_fen, 0)
    rows = tx.execute(
        select(
            Customer.follow_up,
            func.count(),
            func.sum(case((amount == 0, 1), else_=0)),
            func.coalesce(func.sum(amount), 0),
        )
        .where(Customer.follow_up.is_not(None), Customer.is_staff.is_(False), still_open)
        .group_by(Customer.follow_up)
    )
    found = {level: (count, int(without), int(fen)) for level, count, without, fen in rows}
    outcomes = _outcomes(tx)
    return [Level(level, *found.get(level, (0, 0, 0)), *outcomes.get(level, (0, 0))) for level in START_CHANCES]


def _outcomes(tx: Tx) -> dict[str, tuple[int, int]]:
    """Outcomes and purchases by level; a customer counts once a level, with the latest talk there."""
    latest = select(func.max(FollowUpEntry.id)).group_by(FollowUpEntry.customer_id, FollowUpEntry.level)
    talked = type_coerce(FollowUpEntry.at, BigInteger)
    paid = type_coerce(Order.paid_at, BigInteger)
    within = OUTCOME_WITHIN // timedelta(milliseconds=1)
    bought = exists().where(
        and_(
            Order.customer_id == FollowUpEntry.customer_id,
            Order.refunded_fen < Order.amount_fen,
            paid >= talked,
            paid <= talked + within,
        )
    )
    won = case((bought, 1), else_=0)
    over = or_(bought, talked <= to_milliseconds(tx.now) - within)
    rows = tx.execute(
        select(FollowUpEntry.level, func.count(), func.sum(won))
        .where(FollowUpEntry.id.in_(latest), over)
        .group_by(FollowUpEntry.level)
    )
    return {level: (count, int(bought_too)) for level, count, bought_too in rows}
