"""The text of a script group for one person, and the same for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from bot.domain.customers.rules import addressed
from bot.domain.scripts.kinds import compile_script
from bot.domain.scripts.rules import PERSONAL_ROOTS, compile_template, is_personal
from bot.errors import Refusal
from bot.language.money import show_money

DAY_MS = timedelta(days=1) // timedelta(milliseconds=1)


def same_for_all(text: str, shop: Mapping[str, str]) -> str | None:
    """What a script says to somebody of whom nothing is known, which may be said to everybody; None where it needs more.

    A text that differs by nobody stays as it is.
    """
    if not is_personal(text):
        return text
    try:
        return compile_template(text).render({"shop": shop, "c": {}, "o": {}})
    except Refusal:
        return None


class Wording:
    """A script group's text for one person; where it differs by nobody it is made once for all."""

    def __init__(self, script: Mapping[str, Any], shop: Mapping[str, str], now: int) -> None:
        self.name: str = script["name"]
        self._template = compile_script(script.get("kind", "text"), script["text"])
        self._shop = shop
        self._occasion: Mapping[str, str] = script.get("p") or {}
        self._now = now
        parts = [variable.partition(".") for variable in self._template.variables]
        self._fields = [(name, _READ[name]) for root, _, name in parts if root == "c" and name in _READ]
        self._for_all = None if any(root in PERSONAL_ROOTS for root, _, _ in parts) else self._render({})

    def text(self, person: Row[Any]) -> tuple[str, str | None]:
        """The text, and why there is none."""
        return self._for_all or self._render({name: read(person, self._now) for name, read in self._fields})

    def _render(self, customer: Mapping[str, str]) -> tuple[str, str | None]:
        try:
            return self._template.render({"shop": self._shop, "p": self._occasion, "c": customer}), None
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
