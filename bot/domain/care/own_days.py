"""Each customer's own days: birthdays, and the day of the first purchase; who is near one, and who is still to hear."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, func, select

from bot.domain.care import rules, turns
from bot.domain.care.models import Letter
from bot.domain.care.occasions import Occasion
from bot.domain.customers import forgetting, segments
from bot.domain.customers.models import Customer
from bot.language.segments import parse_segment
from bot.settings import Settings
from bot.store.transaction import Tx

_KEYS = {"birthday": "birthday", "anniversary": "anniversary"}
# A day that was slept through is told of this long.
MISSED_TOLD = timedelta(days=31)
VIP_SCRIPTS = {"生日祝福": "VIP生日"}


def key(plan: Occasion, day: date, customer_id: int) -> str:
    """The letter's key: one for each customer and day."""
    return f"{_KEYS[plan.on]}:{day.isoformat()}:{customer_id}"


def script_for(plan: Occasion, customer: Customer) -> str:
    """A VIP hears other words than everybody, unless the shop chose its own."""
    return VIP_SCRIPTS.get(plan.script, plan.script) if customer.vip else plan.script


def near(tx: Tx, shop: Settings, plan: Occasion, today: date, since: date | None) -> list[tuple[date, Customer]]:
    """Whose day staff are to hear of this morning: today's, and those that have come near since ``since``, the last
    morning they were told (None: never). Who has been spoken with for it, and rests, is not named again on the day."""
    ahead = [
        (day, customer)
        for day, customer in between(tx, shop, plan, today, plan.remind_days)
        if day > today or customer.rest_until is None or customer.rest_until <= tx.now
    ]
    if since is None:
        return ahead
    told = since + plan.remind_days * rules.DAY
    return [(day, customer) for day, customer in ahead if day == today or day > told]


def missed(tx: Tx, shop: Settings, plan: Occasion, today: date) -> list[tuple[date, Customer]]:
    """Whose day has gone by, since the plan sends, without anybody's clock having come to it; for a while back."""
    if plan.position != "send" or plan.since is None:
        return []
    first = max(plan.since.astimezone(shop.timezone).date() + rules.DAY, today - MISSED_TOLD)
    gone = turns.taken(tx, first)
    days = [first + ahead * rules.DAY for ahead in range((today - first).days)]
    lost = {day for day in days if (plan.name, day.isoformat(), turns.SEND) not in gone}
    if not lost:
        return []
    within = between(tx, shop, plan, min(lost), (max(lost) - min(lost)).days)
    people = [(day, customer) for day, customer in within if day in lost]
    for day in sorted(lost):
        some = any(day == of for of, _customer in people)
        turns.take(
            tx, plan.name, day, turns.SEND, state="missed" if some else "done", note="到点时没有开机" if some else ""
        )
    return people


def next_day(customer: Customer, plan: Occasion, today: date, shop: Settings) -> date:
    """When the customer's own day comes next; it must be known."""
    if plan.on == "birthday":
        month, day = customer.birth_month or 1, customer.birth_day or 1
        return rules.next_yearly(month, day, lunar=customer.birth_lunar, on_or_after=today)
    bought = customer.first_purchase_at
    first = today if bought is None else bought.astimezone(shop.timezone).date()
    return rules.next_yearly(first.month, first.day, lunar=False, on_or_after=max(today, first + rules.DAY))


def between(tx: Tx, shop: Settings, plan: Occasion, today: date, days: int) -> list[tuple[date, Customer]]:
    """Whose day it is from today on, within so many days."""
    found = [(next_day(customer, plan, today, shop), customer) for customer in _keeping(tx, shop, plan, today, days)]
    return sorted(found, key=lambda one: (one[0], one[1].id))


def count_yearly(tx: Tx, plan: Occasion) -> int:
    """Of how many the day is known who have not opted out."""
    known = (
        and_(Customer.birth_month.is_not(None), Customer.birth_day.is_not(None))
        if plan.on == "birthday"
        else Customer.first_purchase_at.is_not(None)
    )
    return tx.execute(
        select(func.count()).select_from(Customer).where(known, Customer.opted_out.is_(False), *_customers())
    ).scalar_one()


def waiting(tx: Tx, shop: Settings, plan: Occasion, today: date, *, by: datetime | None = None) -> list[int]:
    """Numbers of those whose day is today and who are still to hear: nothing was written yet, or later was.

    ``by``: also those who are to be asked for again only until then.
    """
    numbers = [customer.id for customer in _keeping(tx, shop, plan, today, 0)]
    if not numbers:
        return []
    keys = {key(plan, today, number): number for number in numbers}
    rows = select(Letter.key, Letter.state, Letter.again_at).where(Letter.key.in_(list(keys)))
    known = {row.key: row for row in tx.execute(rows)}
    moment = by or tx.now
    return [
        number
        for letter_key, number in keys.items()
        if (row := known.get(letter_key)) is None
        or (row.state == "later" and (row.again_at is None or row.again_at <= moment))
    ]


def written(tx: Tx, plan: Occasion, today: date) -> int:
    """How many letters of the day say, or are to say, something."""
    mine = Letter.key.startswith(f"{_KEYS[plan.on]}:{today.isoformat()}:")
    said = select(func.count()).select_from(Letter).where(mine, Letter.state.in_(("queued", "by_hand", "over")))
    return tx.execute(said).scalar_one()


def count(tx: Tx, shop: Settings, plan: Occasion, today: date, days: int) -> int:
    """How many have their day today or within so many days."""
    kept = select(func.count()).select_from(Customer).where(*_keep(tx, shop, plan, today, days))
    return tx.execute(kept).scalar_one()


def _customers() -> tuple[ColumnElement[bool], ...]:
    return Customer.is_staff.is_(False), ~Customer.name.is_not_distinct_from(forgetting.GONE)


def _keep(tx: Tx, shop: Settings, plan: Occasion, today: date, days: int) -> tuple[ColumnElement[bool], ...]:
    """Of the plan's segment, and the day is today or within so many days."""
    kept = (
        segments.born_within(today, days)
        if plan.on == "birthday"
        else segments.bought_first_within(tx, today, days, shop.timezone)
    )
    noon = datetime.combine(today, time(12), shop.timezone)
    return kept, segments.where(tx, parse_segment(plan.segment), noon), *_customers()


def _keeping(tx: Tx, shop: Settings, plan: Occasion, today: date, days: int) -> list[Customer]:
    kept = select(Customer).where(*_keep(tx, shop, plan, today, days)).order_by(Customer.id)
    return list(tx.session.scalars(kept))
