"""The shop's facts staff have told: opening hours, address, phone."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.merchants.models import ShopFact
from bot.store.transaction import Tx

NAMES = {"hours": "营业", "address": "地址", "phone": "电话"}
_ALL = "SELECT name, text FROM shop_facts"


def facts(tx: Tx) -> dict[str, str]:
    """What is known, by ``hours``, ``address`` and ``phone``; unknown ones are empty."""
    # On the way of every acknowledgement, hence tx.direct.
    known: dict[str, str] = tx.once("shop_facts", lambda: dict(tx.direct(_ALL, {})))
    return dict.fromkeys(NAMES, "") | known


def change(tx: Tx, values: Mapping[str, str]) -> None:
    """Writes facts; an empty text takes one away."""
    for name, text in values.items():
        fact = tx.session.get(ShopFact, name)
        if fact is None and text:
            tx.session.add(ShopFact(name=name, text=text))
        elif fact is not None and text:
            fact.text = text
        elif fact is not None:
            tx.session.delete(fact)
    tx.session.flush()
