"""Waking up (唤醒): who has fallen silent and which talks are due, with the wording; and saying it by itself where on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, String, cast, exists, func, literal, or_, select

from bot.domain.care import letters, rounds, switches
from bot.domain.care.models import Letter
from bot.domain.customers.models import Customer, CustomerTag, Tag
from bot.domain.customers.tag_rules import LAPSING
from bot.errors import Refusal
from bot.settings import Settings
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx

Kind = Literal["quiet", "follow_up"]
WORDS: dict[Kind, str] = {"quiet": "久未来问候", "follow_up": "跟进"}
# So many who have fallen silent are written to a day, the best customers first: most of it is copied by hand.
A_DAY = 10
NAME = "wake_ups"
AT_ONCE = 100
# A talk put down for Friday is no use on Monday; silence lasts longer.
WORTH: dict[Kind, timedelta] = {"quiet": timedelta(days=7), "follow_up": timedelta(days=2)}
# Whoever was greeted has so long to answer before staff are asked to call.
ANSWERS_WITHIN = timedelta(days=7)
GROUPS = "ABC"

# A script's words for one customer; raises Refusal where a fact they need is not known.
Words = Callable[[Tx, Settings, str, Customer], str]


def group(customer: Customer) -> str:
    """Which of the wordings A, B and C: always the same one for one person."""
    return GROUPS[customer.id % len(GROUPS)]


def follow_up_script(customer: Customer) -> str:
    """Which wording opens a talk that was put down for today."""
    return "打消顾虑" if customer.follow_up in ("a", "b") else f"新品问需{group(customer)}"


def quiet_script(customer: Customer) -> str:
    """Which wording somebody who has fallen silent is spoken to with; a VIP hears of nothing to buy."""
    return f"VIP关怀{group(customer)}" if customer.vip else "好久不见"


def quiet() -> Select[*tuple[Any, ...]]:
    """Who used to come and does not: they carry 流失预警, and nobody has spoken with them since."""
    not_spoken = or_(Customer.last_contact_at.is_(None), Customer.last_contact_at < CustomerTag.since)
    tagged = select(Customer).join(CustomerTag, CustomerTag.customer_id == Customer.id)
    return tagged.join(Tag, Tag.id == CustomerTag.tag_id).where(
        Tag.name == LAPSING, not_spoken, Customer.is_staff.is_(False)
    )


def was_greeted(now: datetime) -> ColumnElement[bool]:
    """Whether a customer had the greeting (or it stands in 今日 to be copied) and still has time to answer."""
    lately = Letter.day.in_(rounds.days_of(now, ANSWERS_WITHIN))
    return exists().where(Letter.customer_id == Customer.id, lately, Letter.occasion == WORDS["quiet"])


def count_quiet(tx: Tx) -> int:
    return tx.execute(select(func.count()).select_from(quiet().subquery())).scalar_one()


# -- said by itself ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """A reason to write to a customer that came up at ``since``."""

    kind: Kind
    customer_id: int
    since: datetime

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.customer_id}:{to_milliseconds(self.since)}"


def is_time(tx: Tx) -> bool:
    """Whether to look for `due`."""
    return rounds.is_due(tx, NAME)


def round_done(tx: Tx) -> None:
    rounds.done(tx, NAME)


def due(tx: Tx, shop: Settings) -> list[Due]:
    """Whom to write to now; nothing of what is switched off."""
    found: list[Due] = []
    if (started := switches.on_since(tx, switches.QUIET)) is not None:
        rows = _quiet_due(tx.now, started).order_by(Customer.vip.desc(), Customer.spent_fen.desc(), Customer.id)
        room = A_DAY - _written_today(tx, shop)
        found += [Due("quiet", *row) for row in tx.execute(rows.limit(max(0, room)))]
    if (started := switches.on_since(tx, switches.FOLLOW_UP)) is not None:
        rows = _follow_ups_due(tx.now, started).order_by(Customer.next_at, Customer.id)
        found += [Due("follow_up", *row) for row in tx.execute(rows.limit(AT_ONCE))]
    return found


def _written_today(tx: Tx, shop: Settings) -> int:
    today = tx.now.astimezone(shop.timezone).date().isoformat()
    count = select(func.count()).select_from(Letter).where(Letter.occasion == WORDS["quiet"], Letter.day == today)
    return tx.execute(count).scalar_one()


def _quiet_due(now: datetime, started: datetime) -> Select[*tuple[Any, ...]]:
    since = max(started, now - WORTH["quiet"])
    rows = quiet().where(CustomerTag.since > since, ~_decided("quiet", cast(CustomerTag.since, String), now))
    return rows.with_only_columns(Customer.id, CustomerTag.since)


def _follow_ups_due(now: datetime, started: datetime) -> Select[*tuple[Any, ...]]:
    since = max(started, now - WORTH["follow_up"])
    rows = select(Customer.id, Customer.next_at).where(
        Customer.next_at > since, Customer.next_at <= now, Customer.is_staff.is_(False)
    )
    return rows.where(~_decided("follow_up", cast(Customer.next_at, String), now))


def _decided(kind: Kind, since: ColumnElement[str], now: datetime) -> ColumnElement[bool]:
    key = literal(f"{kind}:") + cast(Customer.id, String) + literal(":") + since
    return exists().where(Letter.key == key, or_(Letter.state != "later", Letter.again_at > now))


def say(tx: Tx, shop: Settings, one: Due, words: Words) -> bool:
    """Writes to one customer, or keeps why not; False where the reason is gone."""
    started = switches.on_since(tx, switches.QUIET if one.kind == "quiet" else switches.FOLLOW_UP)
    if started is None:
        return False
    rows = _quiet_due(tx.now, started) if one.kind == "quiet" else _follow_ups_due(tx.now, started)
    if tx.execute(rows.where(Customer.id == one.customer_id)).first() != (one.customer_id, one.since):
        return False
    customer = tx.session.get_one(Customer, one.customer_id)
    until = one.since + WORTH[one.kind]
    script = quiet_script(customer) if one.kind == "quiet" else follow_up_script(customer)
    try:
        text = words(tx, shop, script, customer)
    except Refusal as missing:
        letters.skip(
            tx,
            customer,
            occasion=WORDS[one.kind],
            key=one.key,
            purpose="marketing",
            reason=str(missing),
            until=until,
        )
        return True
    letters.send(
        tx,
        shop,
        customer,
        occasion=WORDS[one.kind],
        key=one.key,
        purpose="marketing",
        text=text,
        staff_id=customer.keeper_id,
        until=until,
    )
    return True
