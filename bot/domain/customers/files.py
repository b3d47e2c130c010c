"""A customer's file: its fields beside the columns, what is known and what is missing, and changing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from bot.domain.customers import service as customers
from bot.domain.customers import timeline
from bot.domain.customers.models import Customer, FileEntry
from bot.domain.customers.rules import birth_shown, known_name, shown
from bot.errors import Refusal
from bot.language.file_fields import BY_NAME
from bot.language.file_intents import Birth
from bot.store.transaction import Tx

COLUMNS = ("phone", "wechat", "sex", "city")
BIRTH = ("birth_year", "birth_month", "birth_day", "birth_lunar")


def entries(tx: Tx, customer_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """The fields beside the columns, by customer and by the field's name."""
    found: dict[int, dict[str, str]] = {number: {} for number in customer_ids}
    rows = tx.execute(
        select(FileEntry.customer_id, FileEntry.field, FileEntry.text)
        .where(FileEntry.customer_id.in_(list(customer_ids)))
        .order_by(FileEntry.field)
    )
    for number, field, text in rows:
        found[number][field] = text
    return found


def known(tx: Tx, customer: Customer) -> dict[str, str]:
    """Every filled field in words people read; the ledger's own (spent, articles) are not among them."""
    filled = {
        "name": known_name(customer),
        "birth": birth_shown(customer),
        **{name: getattr(customer, name) for name in COLUMNS},
        **entries(tx, [customer.id])[customer.id],
    }
    return {name: str(filled[name]) for name in BY_NAME if filled.get(name)}


def change(
    tx: Tx,
    customer: Customer,
    *,
    values: Mapping[str, str],
    birth: Birth | None = None,
    removed: Sequence[str] = (),
    staff_id: int | None,
) -> list[str]:
    """Writes fields; returns what really changed, in words. Raises Refusal for another customer's phone.

    Of a date of birth only what was said is written: 35岁 leaves the day as it is.
    """
    before = known(tx, customer)
    if phone := values.get("phone"):
        _free_phone(tx, customer, phone)
    for name, text in values.items():
        _write(tx, customer, name, text)
    if birth is not None:
        _born(customer, birth)
    for name in removed:
        _empty(tx, customer, name)
    tx.session.flush()
    after = known(tx, customer)
    changed = [
        f"{BY_NAME[name].words[0]}{f' {after[name]}' if name in after else '（删掉）'}"
        for name in BY_NAME
        if before.get(name) != after.get(name)
    ]
    if changed:
        # The old words stay in the history: a customer who moved may still be asked for under the old address.
        was = [f"{BY_NAME[name].words[0]} {before[name]}" for name in before if before[name] != after.get(name)]
        told = f"资料：{'，'.join(changed)}" + (f"（原来：{'，'.join(was)}）" if was else "")
        timeline.add(tx, customer.id, "file", told, staff_id)
    return changed


def _free_phone(tx: Tx, customer: Customer, phone: str) -> None:
    other = tx.session.scalars(
        select(Customer).where(Customer.phone == phone, Customer.id != customer.id, Customer.is_staff.is_(False))
    ).first()
    if other is not None:
        raise Refusal(
            f"这个电话是 {shown(other)} 的，什么都没有记。是同一个人的话，发送：合并 #{other.id} #{customer.id}"
        )


def _write(tx: Tx, customer: Customer, name: str, text: str) -> None:
    if name == "name":
        customers.rename(tx, customer, text)
    elif name in COLUMNS:
        setattr(customer, name, text)
    else:
        entry = tx.session.get(FileEntry, (customer.id, name))
        if entry is None:
            tx.session.add(FileEntry(customer_id=customer.id, field=name, text=text))
        else:
            entry.text = text


def _empty(tx: Tx, customer: Customer, name: str) -> None:
    if name in ("name", "spent"):
        raise Refusal("名字不能删，只能改：改名 小美 美美。什么都没有改。")
    if name == "birth":
        customer.birth_year = customer.birth_month = customer.birth_day = None
        customer.birth_lunar = False
    elif name in COLUMNS:
        setattr(customer, name, None)
    elif (entry := tx.session.get(FileEntry, (customer.id, name))) is not None:
        tx.session.delete(entry)


def _born(customer: Customer, birth: Birth) -> None:
    if birth.month is not None:
        customer.birth_month, customer.birth_day, customer.birth_lunar = birth.month, birth.day, birth.lunar
    if birth.year is not None:
        customer.birth_year = birth.year
