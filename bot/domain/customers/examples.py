"""The shop's own customers and tags, for examples that staff know."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from bot.domain.customers.models import Customer, CustomerTag, Tag
from bot.domain.customers.rules import known_name
from bot.store.transaction import Tx

_LOOKED_AT = 12


@dataclass(frozen=True)
class Examples:
    """``names``: of customers seen lately, newest first. ``tags``: those most carried, first."""

    names: tuple[str, ...]
    tags: tuple[str, ...]


def of_the_shop(tx: Tx) -> Examples:
    """What there is; both empty in a new shop."""
    people = tx.session.scalars(
        select(Customer).where(Customer.is_staff.is_(False)).order_by(Customer.id.desc()).limit(_LOOKED_AT)
    )
    tags = tx.session.scalars(
        select(Tag.name)
        .join(CustomerTag, CustomerTag.tag_id == Tag.id)
        .group_by(Tag.name)
        .order_by(func.count().desc(), Tag.name)
        .limit(_LOOKED_AT)
    )
    return Examples(tuple(filter(None, map(known_name, people))), tuple(tags))
