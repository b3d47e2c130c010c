"""Who belongs to which script group: by a tag, or dealt so that the groups are alike within every class. No I/O but one
look at tags."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, func, select

from bot.domain.campaigns import rules
from bot.domain.campaigns.rules import Dealer
from bot.domain.customers.models import CustomerTag, Tag
from bot.store.transaction import Tx

# A group by tag is written with this mark (``A组``): who put the tag on knew the customer, so that such a group says
# nothing about its script and is never compared.
BY_TAG = "组"


class Classed(Protocol):
    """What decides a customer's class."""

    vip: Any
    purchased: Any
    visited: Any


def class_of(person: Classed) -> str:
    """By how customers are treated: whoever has bought stands with the buyers, whether in the shop or not."""
    if person.vip:
        return "VIP"
    if person.purchased:
        return "M"
    return "YO" if person.visited else "N"


def place(broadcast: int, number: int, person: Classed) -> tuple[str, bytes]:
    """Where a customer stands when groups are dealt: class by class, within a class as if shuffled.

    Dealing in turn along this line makes the groups differ by one at most within each class, and as a whole as well.
    """
    return class_of(person), rules.stable_order(broadcast, number)


def dealer(broadcast: int, part: int, variants: Sequence[str], hold_out: int) -> Dealer:
    """Deals one part of a broadcast's list; begins elsewhere for each broadcast and part, the same whenever asked."""
    seed = int.from_bytes(rules.stable_order(broadcast, -1 - part))
    first = int.from_bytes(rules.stable_order(broadcast, 0)) + part
    return Dealer(variants, hold_out, first, 1 + seed % 99)


def letter(variant: str) -> str:
    """The script's letter of a group."""
    return variant.removesuffix(BY_TAG)


class Tagged:
    """Looks up who has a group of a broadcast by tag: ``A组`` or ``A`` for script A; who carries two has none.

    With one script there is nothing to choose, and the hold-out group stays a matter of chance.
    """

    def __init__(self, tx: Tx, variants: Collection[str]) -> None:
        self._tx = tx
        self._group_of: dict[int, str] = {}
        if len(variants) < 2:
            return
        names = {variant + ending: variant + BY_TAG for variant in variants for ending in ("", BY_TAG)}
        found = tx.execute(select(Tag.id, func.upper(Tag.name)).where(func.upper(Tag.name).in_(names)))
        self._group_of = {number: names[name] for number, name in found}

    def groups(self, among: ColumnElement[bool]) -> dict[int, str]:
        """The group of each customer who has one; ``among`` narrows `CustomerTag.customer_id`."""
        if not self._group_of:
            return {}
        found = self._tx.execute(
            select(CustomerTag.customer_id, CustomerTag.tag_id).where(CustomerTag.tag_id.in_(self._group_of), among)
        )
        groups: dict[int, set[str]] = {}
        for number, tag_id in found:
            groups.setdefault(number, set()).add(self._group_of[tag_id])
        return {number: own.pop() for number, own in groups.items() if len(own) == 1}


def order(variants: Sequence[str]) -> list[str]:
    """All groups a broadcast may have, as they are shown."""
    return [*variants, *(variant + BY_TAG for variant in variants), rules.HOLD_OUT]
