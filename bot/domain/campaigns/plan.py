"""The plan of a broadcast: for everybody the segment names a script group and a route, or the reason for none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from bot.delivery import limits
from bot.delivery.outbox import Delivery, NewDelivery, content_ids
from bot.delivery.rules import MASS_LEAST
from bot.domain.campaigns import rules
from bot.domain.campaigns.models import Broadcast
from bot.domain.campaigns.rules import Dealer, Recipient
from bot.domain.complaints.models import Case
from bot.domain.customers import segments
from bot.domain.customers.models import Customer, Identity
from bot.domain.customers.rules import addressed
from bot.domain.scripts.rules import compile_template
from bot.domain.scripts.service import shop_context
from bot.errors import Refusal
from bot.language.money import show_money
from bot.language.segments import parse_segment
from bot.settings import Settings
from bot.store.transaction import Tx

CHUNK = 5000


@dataclass
class Summary:
    """What a plan would do: counts by route, by group and by reason, an example for each group."""

    audience: int = 0
    routes: Counter[str] = field(default_factory=Counter)
    groups: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    by_hand: Counter[str] = field(default_factory=Counter)
    named: dict[str, list[int]] = field(default_factory=dict)
    examples: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def recipients(self) -> int:
        return sum(self.routes.values())

    def add(self, row: NewDelivery, text: str) -> None:
        self.audience += 1
        if row.state == "skipped":
            self.skipped[row.reason] += 1
            people = self.named.setdefault(row.reason, [])
            if len(people) < 3 and row.customer_id is not None:
                people.append(row.customer_id)
            return
        self.routes[row.route] += 1
        self.groups[row.variant] += 1
        if row.state == "by_hand":
            self.by_hand[row.reason] += 1
        if row.variant not in self.examples and row.customer_id is not None:
            self.examples[row.variant] = (row.customer_id, text)


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the audience with the address that suits best."""

    customer: Customer
    account: str
    person_id: str
    relation: str | None


class Planner:
    """Plans one broadcast at one moment; ``at`` is when it is to start (aware)."""

    def __init__(self, tx: Tx, shop: Settings, broadcast: Broadcast, at: datetime) -> None:
        self._tx = tx
        self._shop = shop
        self._broadcast = broadcast
        self._at = at
        tree = parse_segment(broadcast.segment)
        self._tree = tree
        self._names_vip = segments.names_vip(tx, tree)
        self._templates = {script["variant"]: compile_template(script["text"]) for script in broadcast.scripts}
        self._names = {script["variant"]: script["name"] for script in broadcast.scripts}
        self._dealer = Dealer([script["variant"] for script in broadcast.scripts], broadcast.hold_out)

    def rows(self) -> Iterator[tuple[NewDelivery, str]]:
        """Every person of the segment with the row to keep and the text they would read; mass rows still unchecked."""
        numbers = segments.members(self._tx, self._tree, self._at.astimezone(self._shop.timezone))
        # A stable order that looks random deals the groups evenly, whoever is added or left out.
        numbers.sort(key=lambda number: rules.stable_order(self._broadcast.id, number))
        for start in range(0, len(numbers), CHUNK):
            yield from self._chunk(numbers[start : start + CHUNK])

    def _chunk(self, numbers: Sequence[int]) -> Iterator[tuple[NewDelivery, str]]:
        people = self._people(numbers)
        counted = limits.marketing(self._tx, numbers, self._at, self._shop.timezone)
        complaining = self._complaining(numbers)
        rendered: list[tuple[NewDelivery, str]] = []
        for person in people:
            today, month = counted.get(person.customer.id, (0, 0))
            rendered.append(self._row(person, today, month, person.customer.id in complaining))
        yield from self._routed(rendered)

    def _people(self, numbers: Sequence[int]) -> list[Person]:
        """The members in the order given, each with the account they follow (the one first followed where several)."""
        customers = {customer.id: customer for customer in segments.people(self._tx, numbers)}
        addresses: dict[int, Identity] = {}
        statement = select(Identity).where(Identity.customer_id.in_(numbers)).order_by(Identity.id)
        for identity in self._tx.session.scalars(statement):
            best = addresses.get(identity.customer_id)
            if best is None or (best.relation != "active" and identity.relation == "active"):
                addresses[identity.customer_id] = identity
        return [
            Person(
                customers[number],
                addresses[number].account if number in addresses else "",
                addresses[number].person_id if number in addresses else "",
                addresses[number].relation if number in addresses else None,
            )
            for number in numbers
        ]

    def _complaining(self, numbers: Sequence[int]) -> set[int]:
        statement = select(Case.customer_id).where(Case.customer_id.in_(numbers), Case.open, Case.kind == "complaint")
        return set(self._tx.session.scalars(statement))

    def _row(self, person: Person, today: int, month: int, complaining: bool) -> tuple[NewDelivery, str]:
        row = NewDelivery(
            account=person.account,
            person_id=person.person_id,
            purpose="marketing",
            broadcast_id=self._broadcast.id,
            customer_id=person.customer.id,
            due_at=self._at,
        )
        recipient = Recipient(
            customer_id=person.customer.id,
            vip=person.customer.vip,
            opted_out=person.customer.opted_out,
            complaining=complaining,
            followed=None if person.relation is None else person.relation == "active",
            marketing_today=today,
            marketing_month=month,
        )
        against = rules.reason_against(
            recipient,
            names_vip=self._names_vip,
            per_day=self._shop.marketing_per_day,
            per_month=self._shop.marketing_per_month,
        )
        if against is not None:
            return replace(row, state="skipped", route="", reason=against), ""
        variant = self._dealer.next()
        if variant == rules.HOLD_OUT:
            return replace(row, state="skipped", route="", variant=variant, reason=rules.HELD_OUT), ""
        row = replace(row, variant=variant, script=self._names[variant])
        try:
            return row, self._templates[variant].render(self._context(person.customer))
        except Refusal as refusal:
            return replace(row, state="skipped", route="", reason=str(refusal)), ""

    def _context(self, customer: Customer) -> dict[str, dict[str, str]]:
        days = (self._at - customer.last_purchase_at).days if customer.last_purchase_at else None
        return {
            "shop": shop_context(self._shop.shop_name),
            "c": {
                "name": addressed(customer) or "",
                "number": str(customer.id),
                "grade": customer.grade or "",
                "spent": show_money(customer.spent_fen).removesuffix("元") if customer.spent_fen else "",
                "last_order_days": "" if days is None else str(days),
            },
        }

    def _routed(self, rendered: Sequence[tuple[NewDelivery, str]]) -> Iterator[tuple[NewDelivery, str]]:
        texts = [text for row, text in rendered if row.state == "planned"]
        contents = iter(content_ids(self._tx, [{"type": "text", "text": text} for text in texts]))
        rows = [
            (replace(row, content_id=next(contents)) if row.state == "planned" else row, text) for row, text in rendered
        ]
        had = self._had_before([row for row, _text in rows])
        reach = _Reach(self._tx, self._shop, [row for row, _text in rows], self._at)
        for row, text in rows:
            if row.state == "planned" and (row.customer_id, row.content_id) in had:
                yield replace(row, state="skipped", route="", reason=rules.SAME_CONTENT), ""
            elif row.state == "planned":
                yield reach.route(row), text
            else:
                yield row, text

    def _had_before(self, rows: Sequence[NewDelivery]) -> set[tuple[int | None, int | None]]:
        """(customer, content) pairs that went out within the last 30 days."""
        since = self._at - timedelta(days=rules.SAME_CONTENT_DAYS)
        found = self._tx.execute(
            select(Delivery.customer_id, Delivery.content_id).where(
                Delivery.customer_id.in_([row.customer_id for row in rows]),
                Delivery.purpose == "marketing",
                Delivery.calling_since >= since,
                Delivery.state.in_(("claimed", "sent", "unknown", "handed")),
            )
        )
        return {(customer, content) for customer, content in found}


class _Reach:
    """The cheapest route open for each row at the planned time: customer message, mass send, by hand."""

    def __init__(self, tx: Tx, shop: Settings, rows: Sequence[NewDelivery], at: datetime) -> None:
        self._windows: set[tuple[str, str]] = set()
        self._months: dict[tuple[str, str], int] = {}
        self._service = {account.name for account in shop.accounts if account.kind == "service"}
        for account in {row.account for row in rows if row.person_id}:
            people = [row.person_id for row in rows if row.account == account]
            self._windows |= {(account, person) for person in limits.left(tx, account, people, at)}
            self._months |= {
                (account, person): count for person, count in limits.mass_left(tx, account, people, at).items()
            }

    def route(self, row: NewDelivery) -> NewDelivery:
        key = (row.account, row.person_id)
        if not row.person_id:
            return replace(row, state="by_hand", route="by_hand", reason=rules.NOT_FOLLOWING)
        if key in self._windows:
            return replace(row, route="custom")
        if row.account not in self._service:
            return replace(row, state="by_hand", route="by_hand", reason=rules.NO_MASS)
        if self._months.get(key, 0) < 1:
            return replace(row, state="by_hand", route="by_hand", reason=rules.MASS_USED_UP)
        return replace(row, route="mass")


def settle(rows: Sequence[tuple[NewDelivery, str]]) -> list[tuple[NewDelivery, str]]:
    """Turns mass rows whose text nobody shares into rows by hand: a mass call takes two people at least."""
    shared = Counter((row.account, row.content_id) for row, _text in rows if row.route == "mass")
    return [
        (replace(row, state="by_hand", route="by_hand", reason=rules.WINDOW_CLOSED), text)
        if row.route == "mass" and shared[row.account, row.content_id] < MASS_LEAST
        else (row, text)
        for row, text in rows
    ]
