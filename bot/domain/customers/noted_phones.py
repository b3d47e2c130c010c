"""Phones that members have noted of their contacts at the platform, for customers of whom we have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from bot.domain.customers.models import Customer
from bot.language import normalise
from bot.language.file_fields import PHONE
from bot.store.transaction import Tx


def take(tx: Tx, noted: Mapping[int, tuple[Customer, Sequence[str]]]) -> dict[int, int]:
    """Gives each customer without a phone the first that was noted; ``noted`` by number, phones as they were typed.

    What stands here stays, whatever is noted there later. Returns whose noted phone is somebody else's, and whose.
    """
    wanted = {}
    for number, (customer, typed) in noted.items():
        read = [match for one in typed if (match := PHONE.fullmatch(normalise(one).strip()))]
        if read and not customer.phone:
            wanted[number] = "".join(read[0].groups())
    if not wanted:
        return {}
    known = select(Customer.phone, Customer.id).where(
        Customer.phone.in_(list(wanted.values())), Customer.is_staff.is_(False)
    )
    owners = {str(phone): owner for phone, owner in tx.execute(known)}
    taken = {}
    for number, phone in wanted.items():
        if (owner := owners.setdefault(phone, number)) == number:
            noted[number][0].phone = phone
        else:
            taken[number] = owner
    return taken
