"""What a played year came to: the phones' ledger beside the shop's books, every message, every rule held against them."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import select

from bot.delivery.rules import LETTER_KEY
from bot.domain.care import occasions, own_days
from bot.domain.customers.models import Customer
from bot.rehearsal import phones
from bot.rehearsal.phones import Got
from bot.rehearsal.shop import PlayedShop
from bot.store.base import from_milliseconds
from bot.store.transaction import reading

if TYPE_CHECKING:
    from bot.rehearsal.owner import Owner
    from bot.rehearsal.people import Crowd

DAY = timedelta(days=1)
REMINDED = range(1, 11)  # days before an occasion
STAFF = "staff"
# What became of somebody an occasion named, in the order it is told: by the platform, by hand, or left of that, …
FATES = ("sent", "by_hand_done", "by_hand_left", "skipped", "failed", "unknown", "later")
SAID = ("sent", "by_hand_done", "by_hand_left")


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """One message of the shop's plans as a phone got it; ``to`` is a customer's number, 0 = staff."""

    at: datetime
    to: int
    purpose: str
    occasion: str
    route: str
    text: str

    def as_json(self) -> str:
        shown = {"at": self.at.isoformat(timespec="seconds"), "to": self.to or STAFF, "purpose": self.purpose}
        shown |= {"occasion": self.occasion, "route": self.route, "text": self.text}
        return orjson.dumps(shown).decode()


@dataclass(slots=True)
class Kept:
    """An occasion on its day (None: each customer's own days, or an order's steps): who was named and what became of them."""

    name: str
    day: date | None
    reminded: list[date] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    named: int = 0
    sends: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Money:
    """Red packets in fen: the budget of all, of those handed out, still open and given up; what those handed out cost as
    their plans say, and as the book says."""

    packets: int
    planned_fen: int
    done: int
    done_fen: int
    spent_fen: int
    booked_fen: int
    open_fen: int
    cancelled_fen: int


@dataclass(frozen=True)
class Played:
    """What came of it; ``wrong`` must be empty. ``customers`` on the first morning, ``people`` in the end."""

    first: date
    last: date
    customers: int
    people: int
    birthdays: int
    messages: list[Message]
    kept: list[Kept]
    money: Money
    did: Mapping[str, int]
    wrong: list[str]

    def totals(self) -> dict[str, Any]:
        """The sums, for whoever compares two runs."""
        fates: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for kept in self.kept:
            fates.update(kept.fates)
            reasons.update(kept.reasons)
        days = [kept for kept in self.kept if kept.day is not None]
        return {
            "occasions": len(days),
            "reminded": sum(bool(kept.reminded) for kept in days),
            "named": sum(kept.named for kept in self.kept),
            "fates": dict(sorted(fates.items())),
            "reasons": dict(sorted(reasons.items())),
            "messages": len(self.messages),
            "money": {name: getattr(self.money, name) for name in Money.__slots__},
        }


def read(shop: PlayedShop, first: date, last: date, staff: str, crowd: Crowd, owner: Owner) -> Played:
    """Everything that was played from ``first`` to ``last``; ``staff`` is the openid of the owner's phone."""
    book = _Book(shop, first, last, staff, crowd)
    return book.read(Counter(crowd.did) + Counter(owner.did))


_DELIVERIES = """
    SELECT deliveries.id, deliveries.person_id, deliveries.customer_id, deliveries.purpose, deliveries.route,
           deliveries.state, deliveries.reason, deliveries.sent_at, deliveries.occurrence, deliveries.broadcast_id,
           deliveries.send_key, CAST(contents.payload AS TEXT) AS payload
    FROM deliveries LEFT JOIN contents ON contents.id = deliveries.content_id ORDER BY deliveries.id
"""
_SENDS = "SELECT title, on_day, state, note, broadcast_id FROM care_turns WHERE step = 'send'"
_NOTICES = """
    SELECT id, subject, text, state, closed_at, delivery_id FROM notices
    WHERE kind = 'care' AND state IN ('shown', 'pushed') ORDER BY id
"""


class _Book:
    def __init__(self, shop: PlayedShop, first: date, last: date, staff: str, crowd: Crowd) -> None:
        self._shop = shop
        self._zone = shop.settings.timezone
        self._first, self._last = first, last
        self._staff = staff
        self._crowd = crowd
        self._wrong: list[str] = []
        self._deliveries = shop.rows(_DELIVERIES)
        self._came = self._arrivals()

    def read(self, did: Counter[str]) -> Played:
        messages = sorted([*self._to_customers(), *self._to_staff()])
        kept = self._kept(messages)
        money = self._money()
        self._judge(messages, kept, money)
        ((people,),) = self._shop.rows("SELECT COUNT(*) FROM customers WHERE NOT is_staff")
        customers = self._shop.platform.settings.population
        ((born,),) = self._shop.rows("SELECT COUNT(*) FROM customers WHERE NOT is_staff AND birth_month IS NOT NULL")
        return Played(
            self._first,
            self._last,
            customers,
            people,
            born,
            messages,
            kept,
            money,
            dict(sorted(did.items())),
            self._wrong,
        )

    # -- the phones beside the books ----------------------------------------------------------------------------------

    def _arrivals(self) -> dict[int, datetime]:
        """When each row that says ``sent`` really reached its phone; what has no row, or no phone, is wrong."""
        got = phones.received(self._shop.platform, self._zone)
        waiting: dict[tuple[str, str, str], deque[Got]] = defaultdict(deque)
        for one in got:
            waiting[one.openid, one.via, "" if one.via == "template" else one.text].append(one)
        came: dict[int, datetime] = {}
        for row in self._deliveries:
            if row.state != "sent" or row.route not in phones.PUSHED or _kind(row) != "text":
                continue
            arrived = waiting.get((row.person_id, row.route, "" if row.route == "template" else _text(row)))
            if arrived:
                came[row.id] = arrived.popleft().at
            else:
                self._wrong.append(f"row {row.id} says sent, and no phone has it")
        unbooked = [one for left in waiting.values() for one in left if one.openid != self._staff]
        self._wrong += [f"nobody booked what {one.openid} got at {one.at:%Y-%m-%d %H:%M}" for one in unbooked[:5]]
        return came

    def _to_customers(self) -> Iterable[Message]:
        named = self._broadcast_names()
        for row in self._deliveries:
            if row.state != "sent" or not _of_plans(row):
                continue
            at = self._came.get(row.id) or from_milliseconds(row.sent_at).astimezone(self._zone)
            occasion = row.occurrence if row.broadcast_id is None else named[row.broadcast_id]
            purpose = "marketing" if row.purpose == "marketing" else "service"
            yield Message(at, row.customer_id, purpose, occasion, row.route, _text(row))

    def _broadcast_names(self) -> dict[int, str]:
        rows = self._shop.rows(
            "SELECT b.id, b.occasion, p.repeats FROM broadcasts b LEFT JOIN broadcasts p ON p.id = b.plan_id"
        )
        return {row.id: row.occasion or row.repeats or f"群发 {row.id}" for row in rows}

    def _to_staff(self) -> Iterable[Message]:
        """Reminders: pushed alone or several in one message, or on top of an answer."""
        titles = {
            f"occurrence:{row.id}": row.title
            for row in self._shop.rows(
                "SELECT o.id, p.title FROM care_occurrences o JOIN care_plans p ON p.id = o.plan_id"
            )
        }
        pushed: dict[int, list[str]] = defaultdict(list)
        for notice in self._shop.rows(_NOTICES):
            names = _names(notice.subject, titles)
            if notice.state == "pushed":
                pushed[notice.delivery_id] += names
            elif names:
                at = from_milliseconds(notice.closed_at).astimezone(self._zone)
                yield Message(at, 0, "reminder", "、".join(names), "passive", notice.text)
        for row in self._deliveries:
            if row.id in self._came and pushed.get(row.id):
                occasion = "、".join(dict.fromkeys(pushed[row.id]))
                yield Message(self._came[row.id], 0, "reminder", occasion, row.route, _text(row))

    # -- occasions ----------------------------------------------------------------------------------------------------

    def _kept(self, messages: Iterable[Message]) -> list[Kept]:
        reminders: dict[str, list[date]] = defaultdict(list)
        for message in messages:
            if message.to == 0:
                for name in message.occasion.split("、"):
                    reminders[name].append(message.at.date())
        kept = [*self._days(), *self._letters()]
        for one in kept:
            told = sorted(set(reminders.get(one.name, ())))
            one.reminded = told if one.day is None else [day for day in told if (one.day - day).days in REMINDED]
        return kept

    def _days(self) -> list[Kept]:
        """Days for all, as the calendar and the plans have them, beside the turns the clock took."""
        with reading(self._shop.store, self._shop.clock) as tx:
            due = occasions.between(tx, self._first, self._last)
        turns = {(row.title, row.on_day): row for row in self._shop.rows(_SENDS)}
        fates = self._fates_of_broadcasts()
        found = []
        for coming in due:
            kept = Kept(coming.title, coming.day, sends=coming.occasion.position == "send")
            turn = turns.get((coming.title, coming.day.isoformat()))
            if turn is not None:
                kept.note = turn.note
                if turn.broadcast_id is not None:
                    kept.named, kept.fates, kept.reasons = fates[turn.broadcast_id]
            elif kept.sends:
                self._wrong.append(f"{coming.title} of {coming.day} was never kept")
            found.append(kept)
        return found

    def _fates_of_broadcasts(self) -> dict[int, tuple[int, Counter[str], Counter[str]]]:
        found = {
            row.id: (row.audience, Counter[str](), Counter[str]())
            for row in self._shop.rows("SELECT id, audience FROM broadcasts WHERE state <> 'draft' AND repeats = ''")
        }
        for row in self._deliveries:
            if row.broadcast_id in found:
                fate = _fate(row)
                _named, fates, reasons = found[row.broadcast_id]
                fates[fate] += 1
                if fate not in SAID:
                    reasons[row.reason or fate] += 1
        return found

    def _letters(self) -> list[Kept]:
        """What was said to each customer alone, by its occasion."""
        rows = {row.id: row for row in self._deliveries}
        found: dict[str, Kept] = {}
        for letter in self._shop.rows("SELECT occasion, state, reason, delivery_id FROM care_letters ORDER BY id"):
            kept = found.setdefault(letter.occasion, Kept(letter.occasion, None, sends=True))
            row = rows.get(letter.delivery_id)
            fate = letter.state if row is None else _fate(row)
            kept.named += 1
            kept.fates[fate] += 1
            if fate not in SAID:
                kept.reasons[(letter.reason if row is None else row.reason) or fate] += 1
        return list(found.values())

    def _money(self) -> Money:
        rows = self._shop.rows("SELECT state, budget_fen, spent_fen FROM packet_plans")
        ((booked,),) = self._shop.rows("SELECT COALESCE(SUM(amount_fen), 0) FROM ledger WHERE packet_id IS NOT NULL")
        budget = Counter[str]()
        for row in rows:
            budget[row.state] += row.budget_fen
        done = [row for row in rows if row.state == "done"]
        return Money(
            packets=len(rows),
            planned_fen=budget.total(),
            done=len(done),
            done_fen=budget["done"],
            spent_fen=sum(row.spent_fen for row in done),
            booked_fen=-int(booked),
            open_fen=budget["planned"],
            cancelled_fen=budget["cancelled"],
        )

    # -- the rules ----------------------------------------------------------------------------------------------------

    def _judge(self, messages: Sequence[Message], kept: Sequence[Kept], money: Money) -> None:
        shop = self._shop.settings
        to_customers = [message for message in messages if message.to]
        marketing = [message for message in to_customers if message.purpose == "marketing"]
        got = phones.received(self._shop.platform, self._zone)
        marketed = {(message.at, message.text) for message in marketing if message.route in phones.PUSHED}
        unwilling = [one for one in got if (one.at, one.text) in marketed and self._crowd.wishes.against(one)]
        self._hold("two on one day", phones.more_than(1, [(one.to, f"{one.at:%Y-%m-%d}") for one in to_customers]))
        self._hold("in the quiet hours", phones.in_quiet_hours([one.at for one in to_customers], shop.quiet_hours))
        months = [(one.to, f"{one.at:%Y-%m}") for one in marketing]
        self._hold("more marketing than a month allows", phones.more_than(shop.marketing_per_month, months))
        self._hold("to who had opted out", [f"{one.openid} {one.at:%Y-%m-%d}" for one in unwilling])
        self._hold("not reminded of", [f"{one.name} {one.day}" for one in kept if self._unreminded(one)])
        self._hold("marketing after the day", self._late(marketing, kept))
        self._hold("a birthday nobody thought of", self._forgotten())
        for one in kept:
            if one.fates.total() != one.named:
                self._wrong.append(f"{one.name} {one.day}: {one.named} were named, {dict(one.fates)} became of them")
        if money.planned_fen != money.done_fen + money.open_fen + money.cancelled_fen:
            self._wrong.append(f"packets: {money}")
        if money.spent_fen != money.booked_fen:
            self._wrong.append(f"packets cost {money.spent_fen} fen, the book says {money.booked_fen}")

    def _hold(self, rule: str, broken: Sequence[str]) -> None:
        self._wrong += [f"{rule}: {one}" for one in broken[:5]]

    def _unreminded(self, one: Kept) -> bool:
        # A reminder that would have come before the first day cannot.
        return one.day is not None and one.day - self._first >= REMINDED[-1] * DAY and not one.reminded

    def _forgotten(self) -> list[str]:
        """Whose birthday came round, and there is not even a reason why they heard nothing."""
        shop = self._shop.settings
        written = {row.key for row in self._shop.rows("SELECT key FROM care_letters")}
        with reading(self._shop.store, self._shop.clock) as tx:
            plan = occasions.get(tx, "生日")
            if plan.position != "send" or plan.segment != "全部":
                return []
            born = tx.session.scalars(select(Customer).where(Customer.birth_month.is_not(None), ~Customer.is_staff))
            days = [(own_days.next_day(customer, plan, self._first, shop), customer.id) for customer in born]
        due = [(day, number) for day, number in days if day <= self._last]
        return [f"#{number} {day}" for day, number in due if own_days.key(plan, day, number) not in written]

    def _late(self, marketing: Iterable[Message], kept: Iterable[Kept]) -> list[str]:
        days: dict[str, set[date]] = defaultdict(set)
        for one in kept:
            if one.day is not None:
                days[one.name].add(one.day)
        return [
            f"{message.occasion} {message.at:%Y-%m-%d}"
            for message in marketing
            if message.occasion in days and message.at.date() not in days[message.occasion]
        ]


def _of_plans(row: Any) -> bool:
    return row.customer_id is not None and (row.broadcast_id is not None or row.send_key.startswith(LETTER_KEY))


def _fate(row: Any) -> str:
    """What became of a row, as `Kept.fates` has it."""
    if row.state == "sent":
        return "by_hand_done" if row.route == "by_hand" else "sent"
    if row.route == "by_hand" and row.state in ("by_hand", "cancelled"):
        return "by_hand_left"
    return {"cancelled": "skipped", "failed": "failed", "unknown": "unknown", "skipped": "skipped"}.get(
        row.state, "later"
    )


def _payload(row: Any) -> dict[str, Any]:
    return {} if row.payload is None else dict(orjson.loads(row.payload))


def _kind(row: Any) -> str:
    return str(_payload(row).get("type", ""))


def _text(row: Any) -> str:
    return str(_payload(row).get("text", ""))


def _names(subject: str, titles: Mapping[str, str]) -> list[str]:
    """The occasions a notice about care speaks of: ``occasion:元旦、春节:2027-01-01``, ``occurrence:12``."""
    kind, _, rest = subject.partition(":")
    if kind == "occasion":
        return rest.split(":")[0].split("、")
    return [titles[subject]] if subject in titles else []
