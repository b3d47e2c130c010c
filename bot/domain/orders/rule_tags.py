"""Rule tags kept true: by night for everybody in chunks, and for one customer whenever the purchases change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.customers import forgetting, tag_rules, tags, timeline
from bot.domain.customers.models import Customer, CustomerTag, NightRun
from bot.domain.customers.tag_rules import RULES, TOP
from bot.domain.orders.models import Order
from bot.store.transaction import Tx

CHUNK = 500
NAME = "rule_tags"
HOUR = timedelta(hours=3)  # the night's turn begins at three in the morning


def refresh(tx: Tx, customer_ids: Sequence[int]) -> int:
    """Puts rule tags on and off these customers, with the reason in the timeline; returns how many changes.

    Tags that people put on are never taken off, and what staff took off is not put on again.
    """
    tx.flush()
    numbers = tag_rules.numbers_on(tx)
    worn = tags.worn(tx, customer_ids, list(RULES))
    declined = tags.taken_off_by_staff(tx, customer_ids, list(RULES))
    add: dict[str, dict[int, str]] = {}
    remove: dict[str, dict[int, str]] = {}
    for number, holds in _holding(tx, customer_ids, numbers).items():
        for name in RULES:
            if name in holds and (number, name) not in worn and (number, name) not in declined:
                add.setdefault(name, {})[number] = f"规则贴上标签 {name}：{holds[name]}"
            elif name not in holds and worn.get((number, name)):
                why = "不再符合" if name in numbers else "规则关了"
                remove.setdefault(name, {})[number] = f"规则去掉标签 {name}：{why}"
    for name, people in add.items():
        tags.rule_puts_on(tx, name, sorted(people))
    for name, people in remove.items():
        tags.rule_takes_off(tx, name, sorted(people))
    told = [(number, words) for changes in (*add.values(), *remove.values()) for number, words in changes.items()]
    timeline.add_many(tx, "rule", told)
    return len(told)


def why_lapsing(tx: Tx, customer_ids: Sequence[int], now: datetime) -> dict[int, str]:
    """How long these customers have bought nothing and how often they do otherwise; who bought once is missing."""
    bought = _bought(tx, customer_ids)
    told = {number: tag_rules.lapsing(at, now, at_least=timedelta(0)) for number, at in bought.items()}
    return {number: why for number, why in told.items() if why}


def _bought(tx: Tx, customer_ids: Sequence[int]) -> dict[int, list[datetime]]:
    """When these customers bought what stands, oldest first."""
    bought: dict[int, list[datetime]] = {}
    standing = (Order.paid_at.is_not(None), Order.refunded_fen < Order.amount_fen)
    paid = select(Order.customer_id, Order.paid_at).where(Order.customer_id.in_(list(customer_ids)), *standing)
    for customer_id, at in tx.execute(paid.order_by(Order.paid_at)):
        bought.setdefault(customer_id, []).append(at)
    return bought


def _holding(tx: Tx, customer_ids: Sequence[int], numbers: Mapping[str, int]) -> dict[int, dict[str, str]]:
    """For every one of these customers the rules that hold, with the reason."""
    bought = _bought(tx, customer_ids)
    last = _last_of_the_top(tx, numbers[TOP]) if TOP in numbers else None
    there = Customer.name.is_distinct_from(forgetting.GONE)
    people = select(Customer.id, Customer.spent_fen).where(Customer.id.in_(list(customer_ids)), there)
    return {
        number: tag_rules.reasons(
            bought.get(number, ()),
            spent_fen=spent,
            in_top=last is not None and spent > 0 and (spent, -number) >= last,
            numbers=numbers,
            now=tx.now,
        )
        for number, spent in tx.execute(people)
    }


def _last_of_the_top(tx: Tx, percent: int) -> tuple[int, int] | None:
    """Spend and (negative) number of the last customer who belongs to the top; None while nobody has bought."""
    buyers = (Customer.is_staff.is_(False), Customer.spent_fen > 0)
    count = tx.execute(select(func.count()).select_from(Customer).where(*buyers)).scalar_one()
    order = select(Customer.spent_fen, Customer.id).where(*buyers).order_by(Customer.spent_fen.desc(), Customer.id)
    row = tx.execute(order.offset(max(0, ceil(count * percent / 100) - 1)).limit(1)).first()
    return None if row is None else (row.spent_fen, -row.id)


# -- by night ----------------------------------------------------------------------------------------------------------


def turn(tx: Tx, zone: ZoneInfo) -> str:
    """What a run is for: the shop's night, and the rules as they stand; other rules make it begin anew at once."""
    night = (tx.now.astimezone(zone) - HOUR).date()
    rules = ",".join(f"{one.number}{'' if one.enabled else '-'}" for one in tag_rules.standing(tx))
    return f"{night.isoformat()} {rules}"


def due(tx: Tx, zone: ZoneInfo) -> bool:
    """Whether something of the night's work is left."""
    run = tx.session.get(NightRun, NAME)
    return run is None or not run.done or run.day != turn(tx, zone)


_BEGIN = {"name": NAME, "day": "", "next_id": 0, "done": True}


def next_chunk(tx: Tx, zone: ZoneInfo) -> int | None:
    """Refreshes the next customers; returns how many tags changed, None when all are done or another took them."""
    insert = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
    tx.execute(insert(NightRun).values(_BEGIN).on_conflict_do_nothing())
    now_due = turn(tx, zone)
    run = tx.execute(select(NightRun.day, NightRun.next_id, NightRun.done).where(NightRun.name == NAME)).one()
    if run.done and run.day == now_due:
        return None
    after = run.next_id if run.day == now_due else 0
    people = list(
        tx.execute(
            select(Customer.id)
            .where(
                Customer.id > after,
                Customer.is_staff.is_(False),
                or_(
                    Customer.purchases > 0,
                    Customer.id.in_(select(CustomerTag.customer_id).where(CustomerTag.ruled_at.is_not(None))),
                ),
            )
            .order_by(Customer.id)
            .limit(CHUNK)
        ).scalars()
    )
    # The place read above decides between two that do the same chunk.
    ours = update(NightRun).where(NightRun.name == NAME, NightRun.day == run.day, NightRun.next_id == run.next_id)
    values = {"day": now_due, "next_id": people[-1] if people else after, "done": len(people) < CHUNK}
    if tx.execute(ours.where(NightRun.done == run.done).values(**values)).rowcount != 1:
        return None
    return refresh(tx, people) if people else 0
