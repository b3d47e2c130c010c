"""The plan of a broadcast: for everybody on its list a script group and a route, or the reason for none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, or_, select, type_coerce
from sqlalchemy.orm import QueryableAttribute

from bot.delivery import limits, outbox
from bot.delivery.contents import content_ids, known_contents
from bot.delivery.limits import Had, Promise
from bot.delivery.outbox import Delivery, NewDelivery
from bot.delivery.rules import (
    BEIJING,
    HAD_LETTER,
    MARKETING,
    MASS_LEAST,
    MASS_TYPES,
    day_start,
    has_mass,
    has_tasks,
    month_start,
    quiet_until,
    why_no_address,
)
from bot.domain.campaigns import groups, rules
from bot.domain.campaigns.models import Broadcast
from bot.domain.campaigns.pace import Pace, Part, parts
from bot.domain.campaigns.tasks import Contacts, by_task
from bot.domain.campaigns.wording import DAY_MS, Wording
from bot.domain.care import letters
from bot.domain.complaints.models import Case
from bot.domain.customers import segments
from bot.domain.customers.models import Customer, CustomerTag, Identity, Utterance
from bot.domain.customers.rules import OPTED_OUT, still_refuses
from bot.domain.merchants.desk import CONFIRMATION_LIFE
from bot.domain.scripts.kinds import payload_of, type_of
from bot.domain.scripts.service import shop_context
from bot.language.segments import parse_segment
from bot.settings import Settings
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx

# What stands in one list of a statement, and is planned at a time.
PART = 1000
_NOTHING = Had()

Planned = tuple[NewDelivery, str]


def starts_at(shop: Settings, broadcast: Broadcast, at: datetime) -> datetime:
    """When the first message goes out of a broadcast that is to start at ``at``: not in the quiet hours."""
    if broadcast.kind == rules.CORRECTION:
        return at
    return quiet_until(shop.quiet_hours, shop.timezone, at) or at


@dataclass(slots=True)
class _Known:
    """What is known of the people of one part when their rows are planned."""

    addresses: dict[int, Row[Any]]
    contacts: Contacts
    had: dict[int, Had]
    promised: dict[int, list[Promise]]
    complaining: set[int]
    complaints: Counter[int]
    talking: set[int]
    lettered: set[int]
    tagged: dict[int, str]


def plan_all(
    tx: Tx,
    shop: Settings,
    broadcast: Broadcast,
    numbers: Sequence[int],
    at: datetime,
    *,
    scripts: Sequence[Mapping[str, Any]] | None = None,
    tired: set[int] | None = None,
) -> list[Planned]:
    """The rows for all these customers, in order of numbers, settled batch by batch; only reads.

    ``scripts`` as for `Planner`; ``tired`` is given the customers who have had too much lately.
    """
    rows: list[Planned] = []
    for due_at, batch in groupby(parts_of(shop, broadcast, numbers, at), key=lambda part: part.due_at):
        planner = Planner(tx, shop, broadcast, due_at, scripts=scripts)
        planned = [row for part in batch for row in planner.rows(part.numbers, part.place)]
        settle(planned, rules.WINDOW_CLOSED)
        rows += planned
        if tired is not None:
            tired |= planner.tired
    return rows


def parts_of(shop: Settings, broadcast: Broadcast, numbers: Sequence[int], at: datetime) -> Iterator[Part]:
    """The list of a broadcast that starts at ``at``, in parts that are planned at a time."""
    pace = Pace(broadcast.per_hour, broadcast.over_days)
    return parts(pace, numbers, at, shop.quiet_hours, shop.timezone, most=PART)


class Planner:
    """Plans one broadcast at one moment; ``at`` is when it is to start (aware). Only reads.

    ``scripts``: other wordings than the broadcast's own. ``tired`` grows with the customers planned for who have had too
    much lately.
    """

    def __init__(
        self,
        tx: Tx,
        shop: Settings,
        broadcast: Broadcast,
        at: datetime,
        *,
        scripts: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        self._tx = tx
        self._shop = shop
        self._broadcast_id = broadcast.id
        self._hold_out = broadcast.hold_out
        self._until = broadcast.until
        # To exactly those who got the wrong message: only an opt-out, and who cannot be reached, keeps it from anybody.
        self._corrects = broadcast.kind == rules.CORRECTION
        self._spares_tired = broadcast.spares_tired
        self._when = starts_at(shop, broadcast, at)
        self._sure = max(self._when, _surely_out(shop, broadcast))
        self._now = to_milliseconds(self._when)
        self._day = _day_from(day_start(shop.timezone, self._when))
        self._month = _month_from(month_start(shop.timezone, self._when))
        self._platforms_month = _month_from(month_start(BEIJING, self._when))
        # Whom a broadcast has reached, or tried to, it had named.
        self._names_vip = bool(broadcast.kind) or segments.names_vip(tx, parse_segment(broadcast.segment))
        self._most = (shop.marketing_per_day, shop.marketing_per_month)
        facts = shop_context(tx, shop.shop_name)
        wordings = broadcast.scripts if scripts is None else scripts
        self._wordings = {script["variant"]: Wording(script, facts, self._now) for script in wordings}
        self._tagged = groups.Tagged(tx, self._wordings)
        self._others = _others_to_send(tx, broadcast)
        self._companies = {account.name: account for account in shop.accounts if has_tasks(account)}
        self.tired: set[int] = set()

    def rows(self, numbers: Sequence[int], place: int) -> list[Planned]:
        """The row to keep for each of these customers, with the text they would read; mass rows still unsettled.

        ``numbers`` in order, ``place`` counts the parts of a list: each part is dealt among the groups by itself, so
        that it needs nothing of the others. Rows have no content yet. Who is no customer any more has none.
        """
        people = self._people(numbers)
        known = self._known(numbers)
        dealer = groups.dealer(self._broadcast_id, place, list(self._wordings), self._hold_out)
        rows: dict[int, Planned] = {}
        for number in sorted(
            people.keys() & numbers, key=lambda one: groups.place(self._broadcast_id, one, people[one])
        ):
            rows[number] = self._row(people[number], known, dealer)
        # Written and sent in the order of numbers: the database's indexes like that better.
        planned = [rows[number] for number in numbers if number in rows]
        self._leave_out_repeats(planned, known)
        self._route(planned, known)
        return planned

    def _known(self, numbers: Sequence[int]) -> _Known:
        addresses, as_contacts = self._addresses(numbers)
        if self._corrects:
            contacts = Contacts(self._tx, self._companies, as_contacts, {}, self._when)
            return _Known(addresses, contacts, {}, {}, set(), Counter(), set(), set(), {})
        promised = limits.promised(self._tx, numbers, self._broadcast_id) if self._others else {}
        complaining, complaints = self._complaints(numbers)
        return _Known(
            addresses=addresses,
            contacts=Contacts(self._tx, self._companies, as_contacts, promised, self._when),
            had=limits.marketing(self._tx, numbers, self._when, self._shop.timezone),
            promised=promised,
            complaining=complaining,
            complaints=complaints,
            talking=self._talking(numbers),
            lettered=letters.on_day(self._tx, numbers, self._when.astimezone(self._shop.timezone).date()),
            tagged=self._tagged.groups(_among(CustomerTag.customer_id, numbers)),
        )

    def _talking(self, numbers: Sequence[int]) -> set[int]:
        """Who has answered a broadcast on the day of this one: a talk with a person is worth more than the next text."""
        since = day_start(self._shop.timezone, self._when)
        said = select(Utterance.customer_id).where(
            _among(Utterance.customer_id, numbers), Utterance.broadcast_id.is_not(None), Utterance.at >= since
        )
        return set(self._tx.execute(said).scalars())

    def _people(self, numbers: Sequence[int]) -> dict[int, Row[Any]]:
        columns = (
            Customer.id,
            Customer.name,
            Customer.own_name,
            Customer.nickname,
            Customer.vip,
            Customer.visited,
            Customer.purchased,
            Customer.opted_out,
            Customer.grade,
            Customer.spent_fen,
            type_coerce(Customer.last_purchase_at, BigInteger).label("last_purchase_at"),
            type_coerce(Customer.last_seen_at, BigInteger).label("last_seen_at"),
        )
        found = select(*columns).where(_among(Customer.id, numbers), Customer.is_staff.is_(False))
        return {row.id: row for row in self._tx.execute(found).all()}

    def _addresses(self, numbers: Sequence[int]) -> tuple[dict[int, Row[Any]], dict[int, Row[Any]]]:
        """The account to reach each by: of those followed one with an open window, else the one first followed, and a
        company's only where there is no other; and everybody's address at a company, where a member may be asked.
        """
        columns = (
            Identity.customer_id,
            Identity.account,
            Identity.person_id,
            Identity.relation,
            Identity.refusal,
            type_coerce(Identity.refused_at, BigInteger).label("refused_at"),
        )
        addresses: dict[int, Row[Any]] = {}
        contacts: dict[int, Row[Any]] = {}
        others: list[Row[Any]] = []
        found = select(*columns).where(_among(Identity.customer_id, numbers)).order_by(Identity.id)
        for identity in self._tx.execute(found).all():
            if identity.account in self._companies:
                if identity.relation == "active" or identity.customer_id not in contacts:
                    contacts.setdefault(identity.customer_id, identity)
                continue
            best = addresses.get(identity.customer_id)
            if best is None or (best.relation != "active" and identity.relation == "active"):
                addresses[identity.customer_id] = identity
            elif identity.relation == "active":
                others.append(identity)
        for identity in others:
            best = addresses[identity.customer_id]
            if not self._is_open(best) and self._is_open(identity):
                addresses[identity.customer_id] = identity
        for number, contact in contacts.items():
            if number not in addresses or (addresses[number].relation != "active" and contact.relation == "active"):
                addresses[number] = contact
        return addresses, {number: contact for number, contact in contacts.items() if contact.relation == "active"}

    def _is_open(self, identity: Row[Any]) -> bool:
        return bool(limits.left(self._tx, identity.account, [identity.person_id], self._sure))

    def _complaints(self, numbers: Sequence[int]) -> tuple[set[int], Counter[int]]:
        """Who has an open complaint, and how many each has made lately."""
        since = self._when - rules.COMPLAINTS_COUNT
        statement = select(Case.customer_id, Case.open, Case.at).where(
            _among(Case.customer_id, numbers), Case.kind == "complaint", or_(Case.open, Case.at >= since)
        )
        found = self._tx.execute(statement).all()
        return {row.customer_id for row in found if row.open}, Counter(row.customer_id for row in found)

    def _row(self, person: Row[Any], known: _Known, dealer: groups.Dealer) -> Planned:
        address = known.addresses.get(person.id)
        row = NewDelivery(
            account="" if address is None else address.account,
            person_id="" if address is None else address.person_id,
            purpose="correction" if self._corrects else "marketing",
            route="",
            broadcast_id=self._broadcast_id,
            customer_id=person.id,
            due_at=self._when,
            not_after=self._until,
        )
        had = known.had.get(person.id, _NOTHING)
        tired = self._is_tired(person, had, known.complaints[person.id])
        against = rules.reason_against(
            vip=person.vip,
            names_vip=self._names_vip,
            opted_out=person.opted_out,
            followed=None if address is None else address.relation == "active",
            contact=address is not None and address.account in self._companies,
            refusal=self._refusal(person, address),
            complaining=person.id in known.complaining,
            talking=person.id in known.talking,
            lettered=person.id in known.lettered,
            had=(had.today, had.month),
            promised=self._promised(known.promised.get(person.id, ())),
            most=self._most,
            tired=tired and self._spares_tired,
        )
        text = ""
        if against is None:
            row.variant = known.tagged.get(person.id) or dealer.next()
            if row.variant == rules.HOLD_OUT:
                against = rules.HELD_OUT
            else:
                wording = self._wordings[groups.letter(row.variant)]
                row.script = wording.name
                text, against = wording.text(person)
        if against:
            row.state, row.reason = "skipped", against
        return row, text

    def _promised(self, promises: Sequence[Promise]) -> tuple[int, int]:
        """What other broadcasts are still to send on the day and in the month of this one."""
        if not promises:
            return 0, 0
        dues = [promise.due_at for promise in promises]
        return sum(due in self._day for due in dues), sum(due in self._month for due in dues)

    def _is_tired(self, person: Row[Any], had: Had, complaints: int) -> bool:
        if not had.lately:
            return False
        silent = rules.SILENCE_DAYS if person.last_seen_at is None else (self._now - person.last_seen_at) // DAY_MS
        score = rules.fatigue(messages=had.lately, replied=had.replied, silent_days=silent, complaints=complaints)
        if score < rules.TIRED_FROM:
            return False
        self.tired.add(person.id)
        return True

    def _refusal(self, person: Row[Any], address: Row[Any] | None) -> str | None:
        if address is None or address.refusal is None:
            return None
        counts = still_refuses(address.refused_at, person.last_seen_at, self._now)
        return address.refusal if counts else None

    def _leave_out_repeats(self, rows: Sequence[Planned], known: _Known) -> None:
        """Who got the same content within the last 30 days, or is about to get it, is left out."""
        if self._corrects:
            return
        heard = [number for number in known.had if known.had[number].lately]
        sent = select(Delivery.customer_id, Delivery.content_id).where(
            _among(Delivery.customer_id, sorted(heard)),
            Delivery.purpose == "marketing",
            Delivery.calling_since >= self._when - limits.LATELY,
            Delivery.state.in_(("claimed", "sent", "unknown", "handed")),
        )
        had: dict[int | None, set[int | None]] = {
            number: {promise.content_id for promise in promises} for number, promises in known.promised.items()
        }
        for customer_id, content_id in self._tx.execute(sent).all() if heard else ():
            had.setdefault(customer_id, set()).add(content_id)
        if not had:
            return
        texts = list({text for row, text in rows if row.state == "planned" and row.customer_id in had})
        contents = dict(zip(texts, known_contents(self._tx, [payload_of(text) for text in texts]), strict=True))
        for row, text in rows:
            content = contents.get(text)
            if row.state == "planned" and content is not None and content in had.get(row.customer_id, ()):
                row.state, row.reason = "skipped", rules.SAME_CONTENT

    def _route(self, rows: Sequence[Planned], known: _Known) -> None:
        """The cheapest route open for each row at the planned time: customer message, mass send, a member's confirmation,
        by hand."""
        people: dict[tuple[str, bool], list[NewDelivery]] = {}
        for row, text in rows:
            if row.state == "planned" and row.account in self._companies:
                continue
            if row.state == "planned" and row.person_id:
                people.setdefault((row.account, type_of(text) in MASS_TYPES), []).append(row)
            elif row.state == "planned":
                row.state = row.route = "by_hand"
                row.reason = why_no_address(self._shop.accounts)
        for (name, for_many), mine in people.items():
            account = self._shop.account(name)
            mass = account is not None and has_mass(account.kind)
            why_not = rules.NOT_FOR_MANY if mass else rules.NO_MASS
            self._route_by(name, mass and for_many, mine, known.promised, why_not)
        known.contacts.route(rows)

    def _route_by(
        self,
        account: str,
        mass: bool,
        rows: Sequence[NewDelivery],
        promised: Mapping[int, Sequence[Promise]],
        no_mass: str,
    ) -> None:
        opened = limits.left(self._tx, account, [row.person_id for row in rows], self._sure)
        closed = []
        for row in rows:
            if row.person_id in opened:
                row.route = "custom"
            else:
                closed.append(row)
        months = limits.mass_left(self._tx, account, [row.person_id for row in closed], self._when) if mass else {}
        for row in closed:
            taken = self._masses_promised(promised.get(row.customer_id or 0, ()))
            if months.get(row.person_id, 0) - taken >= 1:
                row.route = "mass"
            else:
                row.state = row.route = "by_hand"
                row.reason = rules.MASS_USED_UP if mass else no_mass

    def _masses_promised(self, promises: Sequence[Promise]) -> int:
        return sum(promise.route == "mass" and promise.due_at in self._platforms_month for promise in promises)


def _day_from(start: datetime) -> range:
    """The moments (ms) of the day that begins at ``start``."""
    return _until(start, start.date() + timedelta(days=1))


def _month_from(start: datetime) -> range:
    """The moments (ms) of the month that begins at ``start``."""
    return _until(start, (start.date() + timedelta(days=31)).replace(day=1))


def _until(start: datetime, end: date) -> range:
    return range(to_milliseconds(start), to_milliseconds(datetime.combine(end, time(), start.tzinfo)))


def _surely_out(shop: Settings, broadcast: Broadcast) -> datetime:
    """By when the messages of a broadcast are out; the same before the confirmation and after it.

    What is planned now starts at its confirmation, which has its time; a window that closes meanwhile counts as closed.
    """
    start = broadcast.start_at or broadcast.created_at + CONFIRMATION_LIFE
    return starts_at(shop, broadcast, start) + rules.SENDING_TAKES


def _others_to_send(tx: Tx, broadcast: Broadcast) -> bool:
    """Whether another broadcast has still something to send."""
    others = select(Broadcast.id).where(
        Broadcast.state.in_(("scheduled", "running", "paused")), Broadcast.id != broadcast.id
    )
    return tx.execute(others.limit(1)).first() is not None


def _among(column: QueryableAttribute[Any], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Whether a column is one of ``numbers``, in order; where these lie close together also one between them.

    A long list of values costs more than the rows it fetches.
    """
    if numbers and numbers[-1] - numbers[0] < 2 * len(numbers):
        return column.between(numbers[0], numbers[-1])
    return column.in_(numbers)


def settle(rows: Sequence[Planned], reason: str) -> None:
    """Turns mass rows whose text nobody shares into rows by hand, or a member's to confirm: a mass call takes two people at
    least."""
    shared = Counter((row.account, text) for row, text in rows if row.route == "mass")
    for row, text in rows:
        if row.route == "mass" and shared[row.account, text] < MASS_LEAST:
            row.state = row.route = "by_hand"
            row.reason = reason
            by_task(row)


def _leave_out_lettered(tx: Tx, shop: Settings, rows: Sequence[Planned]) -> None:
    """Two messages on one day are one too many; what is by hand goes out when staff think fit."""
    days: dict[date, list[NewDelivery]] = {}
    for row, _text in rows:
        if row.state == "planned" and row.purpose == MARKETING and row.due_at is not None:
            days.setdefault(row.due_at.astimezone(shop.timezone).date(), []).append(row)
    for day, mine in days.items():
        lettered = letters.on_day(tx, [row.customer_id for row in mine if row.customer_id is not None], day)
        for row in mine:
            if row.customer_id in lettered:
                row.state, row.route, row.reason = "skipped", "", HAD_LETTER


def keep(tx: Tx, shop: Settings, rows: Sequence[Planned]) -> None:
    """Writes planned rows.

    They may have been planned a moment ago: who has opted out since, or got a letter of care for that day, gets nothing.
    Whoever opts out from now on, or is to get a letter, waits for this transaction and finds the row.
    """
    numbers = sorted(row.customer_id for row, _text in rows if row.state != "skipped" and row.customer_id is not None)
    found = select(Customer.id, Customer.opted_out).where(_among(Customer.id, numbers)).order_by(Customer.id)
    left = {row.id for row in tx.execute(found.with_for_update(read=True)).all() if row.opted_out}
    for row, _text in rows:
        if row.customer_id in left:
            row.state, row.route, row.reason = "skipped", "", OPTED_OUT
    _leave_out_lettered(tx, shop, rows)
    texts = list({text for row, text in rows if row.state != "skipped"})
    contents = dict(zip(texts, content_ids(tx, [payload_of(text) for text in texts]), strict=True))
    for row, text in rows:
        if row.state != "skipped":
            row.content_id = contents[text]
    outbox.plan(tx, (row for row, _text in rows))
