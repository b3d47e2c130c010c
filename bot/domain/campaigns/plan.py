"""The plan of a broadcast: for everybody on its list a script group and a route, or the reason for none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, select, type_coerce
from sqlalchemy.orm import QueryableAttribute

from bot.delivery import limits, outbox
from bot.delivery.contents import content_ids, known_contents
from bot.delivery.outbox import Delivery, NewDelivery
from bot.delivery.rules import MASS_LEAST, has_mass
from bot.domain.campaigns import rules
from bot.domain.campaigns.models import Broadcast
from bot.domain.campaigns.rules import Dealer
from bot.domain.complaints.models import Case
from bot.domain.customers import segments
from bot.domain.customers.models import Customer, Identity
from bot.domain.customers.rules import addressed
from bot.domain.scripts.rules import PERSONAL_ROOTS, compile_template
from bot.domain.scripts.service import shop_context
from bot.errors import Refusal
from bot.language.money import show_money
from bot.language.segments import parse_segment
from bot.settings import Settings
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx

# What stands in one list of a statement, and is planned at a time.
PART = 1000
# A plan is counted one by one up to this many people; of more it is projected, so that the answer never waits.
COUNTED = 5000
PROJECTED_FROM = 2000
DAY_MS = timedelta(days=1) // timedelta(milliseconds=1)

Planned = tuple[NewDelivery, str]


@dataclass
class Summary:
    """What a plan would do: counts by route, by group and by reason, an example for each group.

    ``projected``: only ``audience`` is counted, the other numbers follow from a sample of it.
    """

    audience: int = 0
    projected: bool = False
    routes: Counter[str] = field(default_factory=Counter)
    groups: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    by_hand: Counter[str] = field(default_factory=Counter)
    named: dict[str, list[int]] = field(default_factory=dict)
    examples: dict[str, tuple[int, str]] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=set)

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
        else:
            self.accounts.add(row.account)
        if row.variant not in self.examples and row.customer_id is not None:
            self.examples[row.variant] = (row.customer_id, text)

    def project(self, audience: int) -> None:
        """Stretches the counts of a sample to an audience of this size."""
        times = audience / max(1, self.audience)
        for counts in (self.routes, self.groups, self.skipped, self.by_hand):
            for key in counts:
                counts[key] = round(counts[key] * times)
        self.audience, self.projected = audience, True


def summarise(tx: Tx, shop: Settings, broadcast: Broadcast, at: datetime) -> Summary:
    """What the broadcast would do if it were to start at ``at``; only reads."""
    tree, here = parse_segment(broadcast.segment), at.astimezone(shop.timezone)
    numbers = segments.members(tx, tree, here, COUNTED + 1)
    audience = len(numbers)
    if audience > COUNTED:
        audience, numbers = segments.sample(tx, tree, here, PROJECTED_FROM)
    planner = Planner(tx, shop, broadcast, at)
    summary = Summary()
    rows: list[Planned] = []
    for start in range(0, len(numbers), PART):
        rows += planner.rows(numbers[start : start + PART], start // PART)
    settle(rows, rules.WINDOW_CLOSED)
    for row, text in rows:
        summary.add(row, text)
    if audience > summary.audience:
        summary.project(audience)
    return summary


class Planner:
    """Plans one broadcast at one moment; ``at`` is when it is to start (aware). Only reads."""

    def __init__(self, tx: Tx, shop: Settings, broadcast: Broadcast, at: datetime) -> None:
        self._tx = tx
        self._shop = shop
        self._broadcast_id = broadcast.id
        self._hold_out = broadcast.hold_out
        # To exactly those who got the wrong message: only an opt-out, and who cannot be reached, keeps it from anybody.
        self._corrects = broadcast.kind == rules.CORRECTION
        self._at = at
        self._now = to_milliseconds(at)
        # Whom a broadcast has reached, or tried to, it had named.
        self._names_vip = bool(broadcast.kind) or segments.names_vip(tx, parse_segment(broadcast.segment))
        self._most = (shop.marketing_per_day, shop.marketing_per_month)
        facts = shop_context(tx, shop.shop_name)
        self._wordings = {script["variant"]: _Wording(script, facts, self._now) for script in broadcast.scripts}

    def rows(self, numbers: Sequence[int], place: int) -> list[Planned]:
        """The row to keep for each of these customers, with the text they would read; mass rows still unsettled.

        ``numbers`` in order, ``place`` counts the parts of a list: each part is dealt among the groups by itself, so
        that it needs nothing of the others. Rows have no content yet. Who is no customer any more has none.
        """
        people = self._people(numbers)
        addresses = self._addresses(numbers)
        counted = {} if self._corrects else limits.marketing(self._tx, numbers, self._at, self._shop.timezone)
        complaining = set() if self._corrects else self._complaining(numbers)
        dealer = Dealer(list(self._wordings), self._hold_out, place)
        rows: dict[int, Planned] = {}
        # An order that looks random, and is the same whenever it is asked for, keeps the groups alike.
        for number in sorted(people.keys() & numbers, key=lambda one: rules.stable_order(self._broadcast_id, one)):
            person, address = people[number], addresses.get(number)
            had = counted.get(number, (0, 0))
            rows[number] = self._row(person, address, had, number in complaining, dealer)
        # Written and sent in the order of numbers: the database's indexes like that better.
        planned = [rows[number] for number in numbers if number in rows]
        self._leave_out_repeats(planned)
        self._route(planned)
        return planned

    def _people(self, numbers: Sequence[int]) -> dict[int, Row[Any]]:
        columns = (
            Customer.id,
            Customer.name,
            Customer.own_name,
            Customer.nickname,
            Customer.vip,
            Customer.opted_out,
            Customer.grade,
            Customer.spent_fen,
            type_coerce(Customer.last_purchase_at, BigInteger).label("last_purchase_at"),
            type_coerce(Customer.last_seen_at, BigInteger).label("last_seen_at"),
        )
        found = select(*columns).where(_among(Customer.id, numbers), Customer.is_staff.is_(False))
        return {row.id: row for row in self._tx.execute(found).all()}

    def _addresses(self, numbers: Sequence[int]) -> dict[int, Row[Any]]:
        """The account each follows, the one first followed where several."""
        columns = (
            Identity.customer_id,
            Identity.account,
            Identity.person_id,
            Identity.relation,
            Identity.refusal,
            type_coerce(Identity.refused_at, BigInteger).label("refused_at"),
        )
        addresses: dict[int, Row[Any]] = {}
        found = select(*columns).where(_among(Identity.customer_id, numbers)).order_by(Identity.id)
        for identity in self._tx.execute(found).all():
            best = addresses.get(identity.customer_id)
            if best is None or (best.relation != "active" and identity.relation == "active"):
                addresses[identity.customer_id] = identity
        return addresses

    def _complaining(self, numbers: Sequence[int]) -> set[int]:
        statement = select(Case.customer_id).where(
            _among(Case.customer_id, numbers), Case.open, Case.kind == "complaint"
        )
        return set(self._tx.execute(statement).scalars())

    def _row(
        self, person: Row[Any], address: Row[Any] | None, had: tuple[int, int], complaining: bool, dealer: Dealer
    ) -> Planned:
        row = NewDelivery(
            account="" if address is None else address.account,
            person_id="" if address is None else address.person_id,
            purpose="correction" if self._corrects else "marketing",
            route="",
            broadcast_id=self._broadcast_id,
            customer_id=person.id,
            due_at=self._at,
        )
        against = rules.reason_against(
            vip=person.vip,
            names_vip=self._names_vip,
            opted_out=person.opted_out,
            followed=None if address is None else address.relation == "active",
            refusal=self._refusal(person, address),
            complaining=complaining,
            had=had,
            most=self._most,
        )
        text = ""
        if against is None:
            row.variant = dealer.next()
            if row.variant == rules.HOLD_OUT:
                against = rules.HELD_OUT
            else:
                wording = self._wordings[row.variant]
                row.script = wording.name
                text, against = wording.text(person)
        if against:
            row.state, row.reason = "skipped", against
        return row, text

    def _refusal(self, person: Row[Any], address: Row[Any] | None) -> str | None:
        if address is None or address.refusal is None:
            return None
        counts = rules.still_refuses(address.refused_at, person.last_seen_at, self._now)
        return address.refusal if counts else None

    def _leave_out_repeats(self, rows: Sequence[Planned]) -> None:
        """Who got the same content within the last 30 days is left out."""
        if not rows or self._corrects:
            return
        sent = select(Delivery.customer_id, Delivery.content_id).where(
            _among(Delivery.customer_id, [row.customer_id for row, _text in rows if row.customer_id is not None]),
            Delivery.purpose == "marketing",
            Delivery.calling_since >= self._at - timedelta(days=rules.SAME_CONTENT_DAYS),
            Delivery.state.in_(("claimed", "sent", "unknown", "handed")),
        )
        had: dict[int | None, set[int | None]] = {}
        for customer_id, content_id in self._tx.execute(sent):
            had.setdefault(customer_id, set()).add(content_id)
        if not had:
            return
        texts = list({text for row, text in rows if row.state == "planned" and row.customer_id in had})
        known = dict(zip(texts, known_contents(self._tx, [_content(text) for text in texts]), strict=True))
        for row, text in rows:
            if row.state == "planned" and known.get(text) is not None and known[text] in had.get(row.customer_id, ()):
                row.state, row.reason = "skipped", rules.SAME_CONTENT

    def _route(self, rows: Sequence[Planned]) -> None:
        """The cheapest route open for each row at the planned time: customer message, mass send, by hand."""
        people: dict[str, list[NewDelivery]] = {}
        for row, _text in rows:
            if row.state == "planned" and row.person_id:
                people.setdefault(row.account, []).append(row)
            elif row.state == "planned":
                row.state = row.route = "by_hand"
                row.reason = rules.NOT_FOLLOWING
        for name, mine in people.items():
            account = self._shop.account(name)
            self._route_by(name, account is not None and has_mass(account.kind), mine)

    def _route_by(self, account: str, has_mass: bool, rows: Sequence[NewDelivery]) -> None:
        opened = limits.left(self._tx, account, [row.person_id for row in rows], self._at)
        closed = []
        for row in rows:
            if row.person_id in opened:
                row.route = "custom"
            else:
                closed.append(row)
        months = limits.mass_left(self._tx, account, [row.person_id for row in closed], self._at) if has_mass else {}
        for row in closed:
            if months.get(row.person_id, 0) >= 1:
                row.route = "mass"
            else:
                row.state = row.route = "by_hand"
                row.reason = rules.MASS_USED_UP if has_mass else rules.NO_MASS


class _Wording:
    """A script group's text for one person; where it differs by nobody it is made once for all."""

    def __init__(self, script: Mapping[str, Any], shop: Mapping[str, str], now: int) -> None:
        self.name: str = script["name"]
        self._template = compile_template(script["text"])
        self._shop = shop
        self._now = now
        parts = [variable.partition(".") for variable in self._template.variables]
        self._fields = [(name, _READ[name]) for root, _, name in parts if root == "c" and name in _READ]
        self._for_all = None if any(root in PERSONAL_ROOTS for root, _, _ in parts) else self._render({})

    def text(self, person: Row[Any]) -> tuple[str, str | None]:
        """The text, and why there is none."""
        return self._for_all or self._render({name: read(person, self._now) for name, read in self._fields})

    def _render(self, customer: Mapping[str, str]) -> tuple[str, str | None]:
        try:
            return self._template.render({"shop": self._shop, "c": customer}), None
        except Refusal as refusal:
            return "", str(refusal)


def _spent(person: Row[Any], _now: int) -> str:
    return show_money(person.spent_fen).removesuffix("元") if person.spent_fen else ""


def _last_order_days(person: Row[Any], now: int) -> str:
    return "" if person.last_purchase_at is None else str((now - person.last_purchase_at) // DAY_MS)


_READ: dict[str, Callable[[Row[Any], int], str]] = {
    "name": lambda person, _now: addressed(person) or "",
    "number": lambda person, _now: str(person.id),
    "grade": lambda person, _now: person.grade or "",
    "spent": _spent,
    "last_order_days": _last_order_days,
}


def _among(column: QueryableAttribute[Any], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Whether a column is one of ``numbers``, in order; where these lie close together also one between them.

    A long list of values costs more than the rows it fetches.
    """
    if numbers and numbers[-1] - numbers[0] < 2 * len(numbers):
        return column.between(numbers[0], numbers[-1])
    return column.in_(numbers)


def _content(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def settle(rows: Sequence[Planned], reason: str) -> None:
    """Turns mass rows whose text nobody shares into rows by hand: a mass call takes two people at least."""
    shared = Counter((row.account, text) for row, text in rows if row.route == "mass")
    for row, text in rows:
        if row.route == "mass" and shared[row.account, text] < MASS_LEAST:
            row.state = row.route = "by_hand"
            row.reason = reason


def keep(tx: Tx, rows: Sequence[Planned]) -> None:
    """Writes planned rows.

    They may have been planned a moment ago: who has opted out since gets nothing. Whoever opts out from now on waits
    for this transaction and finds the row to cancel.
    """
    numbers = sorted(row.customer_id for row, _text in rows if row.state != "skipped" and row.customer_id is not None)
    found = select(Customer.id, Customer.opted_out).where(_among(Customer.id, numbers)).order_by(Customer.id)
    left = {row.id for row in tx.execute(found.with_for_update(read=True)).all() if row.opted_out}
    for row, _text in rows:
        if row.customer_id in left:
            row.state, row.route, row.reason = "skipped", "", rules.OPTED_OUT
    texts = list({text for row, text in rows if row.state != "skipped"})
    contents = dict(zip(texts, content_ids(tx, [_content(text) for text in texts]), strict=True))
    for row, text in rows:
        if row.state != "skipped":
            row.content_id = contents[text]
    outbox.plan(tx, (row for row, _text in rows))
