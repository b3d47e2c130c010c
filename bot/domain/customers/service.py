"""Meeting customers, finding them by what staff type, and changing their file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, insert, or_, select, update

from bot.domain.customers import contact_marks, forgetting, tags, timeline
from bot.domain.customers.models import Customer, FollowUpEntry, Identity, MergedNumber
from bot.domain.customers.rules import known_name, shown
from bot.errors import Refusal
from bot.language.intents import Whom
from bot.language.normalise import display_name, normalise
from bot.language.whom import name_keys
from bot.store.base import from_milliseconds, to_milliseconds
from bot.store.bulk import run_directly_with
from bot.store.transaction import Tx, Write

SHOWN_MATCHES = 9


@dataclass(frozen=True, slots=True)
class Met:
    """Somebody who wrote: the customer's number and the few facts every message needs.

    ``name`` is what staff call the customer, and for staff's eyes only; ``own_name`` what the customer may be called.
    ``written_to``: whether anything was ever to be sent to them.
    """

    customer_id: int
    is_staff: bool
    is_new: bool
    name: str | None
    own_name: str | None
    acknowledged_at: datetime | None
    written_to: bool


# The number comes from a subquery, which PostgreSQL always answers by the index; a join it may do by reading whole tables,
# at the latest where it has no statistics of them yet.
_WHO = """
    WITH picked AS (
        SELECT given.account, given.person_id, (
            SELECT identities.customer_id FROM identities
            WHERE identities.account = given.account AND identities.person_id = given.person_id
        ) AS id FROM {given}
    )
    SELECT picked.account, picked.person_id, customers.id, is_staff,
           COALESCE(NULLIF(name, ''), NULLIF(remark, ''), NULLIF(own_name, ''), nickname), own_name, acknowledged_at,
           EXISTS (SELECT 1 FROM deliveries WHERE deliveries.customer_id = customers.id)
    FROM picked JOIN customers ON customers.id = picked.id WHERE customers.id {in_picked}
"""
_SEEN = Write(
    """
    UPDATE customers SET last_seen_at = given.now, last_contact_at = given.now,
    acknowledged_at = CASE WHEN given.acknowledged THEN given.now ELSE acknowledged_at END
    FROM {given} WHERE customers.id = given.id AND customers.id {listed}
    """,
    (("id", "int"), ("now", "bigint"), ("acknowledged", "boolean")),
)


def foresee(tx: Tx, people: Iterable[tuple[str, str]]) -> None:
    """Looks up many people (account, person id) at once, for whom `meet` will be called in this transaction."""
    columns = {"person_id": "text", "account": "text"}
    known: dict[tuple[str, str], Met] = {}
    customers = set()
    for account, person_id, number, is_staff, name, own_name, acknowledged, written_to in run_directly_with(
        tx, _WHO, columns, [(person_id, account) for account, person_id in people]
    ):
        acknowledged_at = None if acknowledged is None else from_milliseconds(acknowledged)
        met = Met(number, bool(is_staff), False, name, own_name or None, acknowledged_at, bool(written_to))
        # Of a customer who writes to two accounts at once, the second is met as the first has left them.
        if number not in customers:
            known[account, person_id] = met
        customers.add(number)
    tx.known |= {("met", *who): met for who, met in known.items()}


def meet(tx: Tx, account: str, person_id: str) -> Met:
    """Finds the customer behind a platform person, or makes a new one (N and O, without a name)."""
    who = ("met", account, person_id)
    if who not in tx.known:
        tx.flush()  # what the same person said just before is to be seen
        foresee(tx, [(account, person_id)])
    if who in tx.known:
        return tx.known.pop(who)
    # Who had their data erased begins anew, but gets no marketing before asking for it.
    out = forgetting.is_forgotten(tx, account, person_id)
    begun = insert(Customer).values(created_at=tx.now, opted_out=out, opted_out_at=tx.now if out else None)
    created = tx.execute(begun.returning(Customer.id)).scalar_one()
    tx.execute(
        insert(Identity).values(
            customer_id=created,
            account=account,
            person_id=person_id,
            relation="active",
            relation_at=datetime.fromtimestamp(0, tx.now.tzinfo),
        )
    )
    return Met(created, False, True, None, None, None, False)


def followed(tx: Tx, account: str, person_id: str, *, at: datetime) -> Met:
    """Somebody follows, as of ``at`` (the event's time). An older event never overwrites a newer one."""
    met = meet(tx, account, person_id)
    if _relate(tx, account, person_id, relation="active", at=at, followed_at=at):
        timeline.add(tx, met.customer_id, "follow", "关注了公众号")
    return met


def unfollowed(tx: Tx, account: str, person_id: str, *, at: datetime) -> bool:
    """Somebody unfollowed at ``at``; the file and the ledger stay. Returns False when newer news were known."""
    met = meet(tx, account, person_id)
    changed = _relate(tx, account, person_id, relation="gone", at=at)
    if changed:
        timeline.add(tx, met.customer_id, "unfollow", "取消了关注")
    return changed


def refused(tx: Tx, account: str, person_id: str, refusal: str) -> None:
    """Notes that the platform let nothing through to a person: ``blocked`` (by us) or ``refuses`` (their own wish)."""
    whose = (Identity.account == account, Identity.person_id == person_id)
    tx.execute(update(Identity).where(*whose).values(refusal=refusal, refused_at=tx.now))


def _relate(tx: Tx, account: str, person_id: str, **values: object) -> bool:
    at = values.pop("at")
    result = tx.execute(
        update(Identity)
        .where(Identity.account == account, Identity.person_id == person_id, Identity.relation_at <= at)
        .values(relation_at=at, **values)
    )
    return result.rowcount == 1


def seen(tx: Tx, customer_id: int, *, acknowledged: bool) -> None:
    """Notes that the customer was here now; ``acknowledged`` also starts the hour without a second acknowledgement."""
    tx.later(_SEEN, customer_id, (customer_id, to_milliseconds(tx.now), acknowledged))


def get(tx: Tx, customer_id: int) -> Customer:
    """Raises Refusal for a number nobody has."""
    customer = tx.session.get(Customer, customer_id)
    if customer is None or customer.is_staff:
        raise Refusal(f"没有 #{customer_id} 这位顾客。发送“新客”看看还没有名字的顾客。")
    return customer


def identities(tx: Tx, customer_ids: Iterable[int]) -> Sequence[Identity]:
    return tx.session.scalars(
        select(Identity).where(Identity.customer_id.in_(list(customer_ids))).order_by(Identity.id)
    ).all()


def identity(tx: Tx, account: str, person_id: str) -> Identity | None:
    """The customer's address behind a platform person, None for whom nobody has met."""
    return tx.session.scalars(
        select(Identity).where(Identity.account == account, Identity.person_id == person_id)
    ).first()


def set_apart(tx: Tx, customer_id: int) -> None:
    """Staff have said that these addresses are not of whoever else the platform's unionid says."""
    tx.execute(update(Identity).where(Identity.customer_id == customer_id).values(apart=True))


# --- finding by what was typed ------------------------------------------------------------------------------------


def matches(tx: Tx, whom: Whom, *, last_spoken_of: int | None) -> list[Customer]:
    """Everybody who stands on the best rank for ``whom``; empty when nobody does.

    Ranks: number, phone and exact name; part of a name; pinyin and initials.
    """
    if whom.kind == "pronoun":
        return _by_number(tx, last_spoken_of or 0)
    if whom.kind == "number":
        return _by_number(tx, int(whom.text))
    if whom.kind == "phone":
        return _people(tx, Customer.phone == whom.text)
    # Names are kept without what hides inside them, so they are looked for without it too.
    name = display_name(whom.text)[0] or whom.text
    exact = _people(tx, or_(*(column == name for column in _names())))
    if whom.kind == "tail":
        return exact or _people(tx, Customer.phone.endswith(whom.text, autoescape=True))
    if exact:
        return exact
    if other := _in_other_characters(tx, name):
        return other
    part = _people(tx, or_(*(column.contains(name, autoescape=True) for column in _names())))
    if part:
        return part
    spelt = "".join(name.lower().split())
    return _people(tx, or_(Customer.name_pinyin == spelt, Customer.name_initials == spelt)) if spelt.isalnum() else []


def _in_other_characters(tx: Tx, name: str) -> list[Customer]:
    """張姐 and 张姐 are one name; both are spelt alike, which narrows it to a few."""
    simplified, spelt = normalise(name), name_keys(name).pinyin
    if not spelt or simplified.isascii():
        return []
    alike = _people(tx, Customer.name_pinyin == spelt)
    return [one for one in alike if simplified in {normalise(known) for known in known_names(one)}]


def _by_number(tx: Tx, number: int) -> list[Customer]:
    """The customer of this number, also of one that was merged into another."""
    if number >= 2**31:
        return []
    found = _people(tx, Customer.id == number)
    merged = None if found else tx.session.get(MergedNumber, number)
    return _people(tx, Customer.id == merged.customer_id) if merged else found


def nearest(tx: Tx, whom: Whom, count: int = 3) -> list[Customer]:
    """Customers to offer when nobody matched: those whose name shares a sound or a character with what was typed."""
    if whom.kind != "name":
        return []
    keys = name_keys(whom.text)
    likely: list[ColumnElement[bool]] = [
        Customer.name_pinyin.startswith(keys.pinyin[:3], autoescape=True),
        Customer.name_initials == keys.initials,
    ]
    likely += [column.contains(letter, autoescape=True) for letter in whom.text[:4] for column in _names()]
    return _people(tx, or_(*likely))[:count]


def known_names(customer: Customer) -> list[str]:
    return [name for name in (customer.name, customer.own_name, customer.nickname, customer.remark) if name]


def _names() -> tuple[ColumnElement[str | None], ...]:
    return (Customer.name, Customer.own_name, Customer.nickname, Customer.remark)  # type: ignore[return-value]


def _people(tx: Tx, where: ColumnElement[bool]) -> list[Customer]:
    statement = (
        select(Customer).where(where, Customer.is_staff.is_(False)).order_by(Customer.id).limit(SHOWN_MATCHES + 1)
    )
    return list(tx.session.scalars(statement))


# --- the file -----------------------------------------------------------------------------------------------------


def rename(tx: Tx, customer: Customer, name: str, *, staff_id: int | None = None) -> None:
    """Staff's own name for the customer; whoever has a name is sorted (待整理 goes)."""
    customer.name = name
    index_name(customer)
    contact_marks.renamed(tx, [customer.id])
    tags.sort_out(tx, [customer], staff_id=staff_id)


def call_me(tx: Tx, customer: Customer, name: str) -> None:
    """The customer says what to be called; staff's own name for them wins where both are shown."""
    customer.own_name = name
    index_name(customer)
    tags.sort_out(tx, [customer], staff_id=None)
    timeline.add(tx, customer.id, "name", f"自己说叫“{name}”")


def index_name(customer: Customer) -> None:
    """Keeps the letters the customer is found by in step with the names."""
    keys = name_keys(known_name(customer) or "")
    customer.name_pinyin, customer.name_initials = keys.pinyin or None, keys.initials or None


def enrol(tx: Tx, *, name: str, phone: str, wechat: str) -> Customer:
    """Makes a file for a regular who follows nothing yet. Raises Refusal where the name or phone is known already."""
    same = [Customer.name == name, Customer.own_name == name]
    if phone:
        same.append(Customer.phone == phone)
    known = _people(tx, or_(*same))
    if known:
        number = known[0].id
        rename = "" if known_name(known[0]) else f"要取名，发送：改名 #{number} {name}。"
        reach = f"补上电话，发送：资料 #{number} 电话 {phone}。" if phone and not known[0].phone else ""
        raise Refusal(f"已经有这位顾客了：{shown(known[0])}，没有再建。看档案，发送：查 #{number}。{rename}{reach}")
    customer = Customer(name=name, phone=phone or None, wechat=wechat or None, created_at=tx.now)
    index_name(customer)
    tx.session.add(customer)
    tx.session.flush()
    timeline.add(tx, customer.id, "enrol", "店员建档")
    return customer


def unnamed(tx: Tx, count: int) -> tuple[list[Customer], int]:
    """The newest customers without any name, and how many there are in all."""
    where = (
        Customer.name.is_(None),
        Customer.remark.is_(None),
        Customer.own_name.is_(None),
        Customer.nickname.is_(None),
        Customer.is_staff.is_(False),
    )
    newest = tx.session.scalars(select(Customer).where(*where).order_by(Customer.id.desc()).limit(count))
    total = tx.execute(select(func.count()).select_from(Customer).where(*where)).scalar_one()
    return list(newest), total


def newest(tx: Tx, count: int) -> list[Customer]:
    """Who has come last, first."""
    return list(
        tx.session.scalars(
            select(Customer).where(Customer.is_staff.is_(False)).order_by(Customer.id.desc()).limit(count)
        )
    )


def visit(tx: Tx, customer: Customer) -> None:
    customer.visited = True
    customer.last_contact_at = tx.now


def set_grade(customer: Customer, grade: str) -> None:
    """Raises Refusal for S, which only a purchase gives, and while a purchase holds it."""
    if grade == "S":
        raise Refusal(
            "S 级由消费自动得到。要记一笔消费，发送：消费 " + (known_name(customer) or f"#{customer.id}") + " 298"
        )
    if customer.grade == "S":
        raise Refusal("这位顾客有未退款的消费，级别是 S，全部退款后才会回到原来的级别。")
    customer.grade = grade


def follow_up(
    tx: Tx,
    customer: Customer,
    *,
    level: str | None,
    next_step: str,
    due: datetime | None,
    expected_fen: int | None,
    staff_id: int,
) -> None:
    """Where the talk stands after it, what comes next and when; what was not said keeps its value."""
    customer.follow_up = level or customer.follow_up
    customer.next_step = next_step or customer.next_step
    customer.next_at = due or customer.next_at
    customer.expected_fen = expected_fen if expected_fen is not None else customer.expected_fen
    customer.keeper_id = customer.keeper_id or staff_id
    customer.last_contact_at = tx.now
    if level is not None:
        tx.session.add(FollowUpEntry(customer_id=customer.id, level=level, staff_id=staff_id, at=tx.now))


def kept_by(tx: Tx) -> dict[int, int]:
    """How many customers each staff member looks after."""
    kept = select(Customer.keeper_id, func.count()).where(Customer.keeper_id.is_not(None), Customer.is_staff.is_(False))
    return {row[0]: row[1] for row in tx.execute(kept.group_by(Customer.keeper_id))}


def become_staff(tx: Tx, account: str, person_id: str) -> None:
    """A follower who works here leaves every segment and count."""
    met = meet(tx, account, person_id)
    tx.execute(update(Customer).where(Customer.id == met.customer_id).values(is_staff=True))


def leave_staff(tx: Tx, account: str, person_id: str, *, name: str) -> None:
    """Who works here no more is a customer like any other, under the ``name`` everybody knows."""
    met = meet(tx, account, person_id)
    customer = tx.session.get_one(Customer, met.customer_id)
    customer.is_staff = False
    if known_name(customer) is None:
        rename(tx, customer, name)
