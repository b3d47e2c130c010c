"""What customers said that a person should read, until somebody has answered (待回)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, and_, func, select

from bot.domain.customers.models import Customer, Identity, Utterance
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx, Write

_HEARD = {
    "customer_id": "int",
    "account": "text",
    "person_id": "text",
    "at": "bigint",
    "kind": "text",
    "text": "text",
    "media_id": "text",
    "urgent": "boolean",
    "waiting": "boolean",
    "broadcast_id": "int",
}
_HEAR = Write(
    f"INSERT INTO utterances ({', '.join(_HEARD)}) SELECT {', '.join(f'given.{name}' for name in _HEARD)} FROM {{given}}",
    tuple(_HEARD.items()),
)
ACKNOWLEDGE_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A customer who waits: the newest words and their number, how many there are, since when; ``gone``: unfollowed.

    ``broadcast``: the one their words answer, if any.
    """

    customer: Customer
    account: str
    person_id: str
    text: str
    count: int
    since: datetime
    urgent: bool
    newest: int
    gone: bool
    broadcast: int | None


def acknowledge_due(acknowledged_at: datetime | None, now: datetime) -> bool:
    """Whether the short honest acknowledgement is due: at most once an hour."""
    return acknowledged_at is None or now - acknowledged_at >= ACKNOWLEDGE_EVERY


def hear(
    tx: Tx,
    customer_id: int,
    *,
    account: str,
    person_id: str,
    kind: str,
    text: str,
    media_id: str | None,
    at: datetime,
    urgent: bool,
    broadcast_id: int | None,
    waiting: bool = True,
) -> None:
    """Keeps what a customer said; ``broadcast_id`` is the broadcast it answers, ``waiting`` whether a person should."""
    moment = to_milliseconds(at)
    row = (customer_id, account, person_id, moment, kind, text, media_id, urgent, waiting, broadcast_id)
    tx.later(_HEAR, customer_id, row)


def list_waiting(tx: Tx, most: int) -> list[Waiting]:
    """The first ``most`` of those who wait for an answer: the urgent first, then who has waited longest."""
    newest = (
        select(
            Utterance.customer_id,
            func.max(Utterance.id).label("newest"),
            func.count().label("count"),
            func.min(Utterance.at).label("since"),
            func.max(Utterance.urgent.cast(Integer)).label("urgent"),
            func.max(Utterance.broadcast_id).label("broadcast"),
        )
        .where(Utterance.waiting)
        .group_by(Utterance.customer_id)
        .subquery()
    )
    rows = tx.session.execute(
        select(
            Customer, Utterance, newest.c.count, newest.c.since, newest.c.urgent, Identity.relation, newest.c.broadcast
        )
        .join(newest, newest.c.customer_id == Customer.id)
        .join(Utterance, Utterance.id == newest.c.newest)
        .join(
            Identity,
            and_(Identity.account == Utterance.account, Identity.person_id == Utterance.person_id),
            isouter=True,
        )
        .where(Customer.is_staff.is_(False))
        .order_by(newest.c.urgent.desc(), newest.c.since, Customer.id)
        .limit(most)
    )
    return [
        Waiting(
            customer,
            said.account,
            said.person_id,
            said.text,
            count,
            since,
            bool(urgent),
            said.id,
            relation == "gone",
            broadcast,
        )
        for customer, said, count, since, urgent, relation, broadcast in rows
    ]


def count_waiting(tx: Tx, *, keeper_id: int | None = None) -> int:
    """How many wait for an answer; of one staff member's customers where ``keeper_id`` names them."""
    waits = select(Utterance.customer_id).where(Utterance.waiting)
    people = select(func.count()).where(Customer.id.in_(waits), Customer.is_staff.is_(False))
    if keeper_id is not None:
        people = people.where(Customer.keeper_id == keeper_id)
    return tx.execute(people).scalar_one()


def lately(tx: Tx, customer_id: int, count: int, *, waiting: bool = False) -> list[Utterance]:
    """The last things a customer said, oldest first; ``waiting``: only what nobody has answered."""
    said = select(Utterance).where(Utterance.customer_id == customer_id)
    if waiting:
        said = said.where(Utterance.waiting)
    return list(tx.session.scalars(said.order_by(Utterance.id.desc()).limit(count)))[::-1]


def has_replied(tx: Tx, customer_id: int) -> bool:
    """Whether the customer ever answered a broadcast."""
    said = select(Utterance.id).where(Utterance.customer_id == customer_id, Utterance.broadcast_id.is_not(None))
    return tx.execute(said.limit(1)).first() is not None


def newest(tx: Tx, customer_id: int) -> int:
    """The number of the last thing a customer said, 0 for nothing."""
    return tx.execute(select(func.max(Utterance.id)).where(Utterance.customer_id == customer_id)).scalar() or 0


def answered(tx: Tx, customer_id: int, *, staff_id: int, until: int | None = None) -> None:
    """Nothing of what the customer said, up to number ``until``, waits any more."""
    said = select(Utterance).where(Utterance.customer_id == customer_id, Utterance.waiting)
    if until is not None:
        said = said.where(Utterance.id <= until)
    for utterance in tx.session.scalars(said):
        utterance.waiting, utterance.answered_at, utterance.answered_by = False, tx.now, staff_id


def replies_to(tx: Tx, broadcast_id: int) -> Sequence[tuple[Utterance, Customer]]:
    """What was answered to a broadcast, newest first."""
    rows = tx.session.execute(
        select(Utterance, Customer)
        .join(Customer, Customer.id == Utterance.customer_id)
        .where(Utterance.broadcast_id == broadcast_id)
        .order_by(Utterance.id.desc())
    )
    return [(said, customer) for said, customer in rows]
