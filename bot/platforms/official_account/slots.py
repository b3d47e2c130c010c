"""The fields of a template (``{{thing1.DATA}}``) and short values that fit them. No I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

_SLOT = re.compile(r"\{\{\s*(\w+)\.DATA\s*\}\}")
# Longest values by type (vendor manual, template messages and subscribe notices: value rules).
_LONGEST = {"thing": 20, "short_thing": 8, "const": 20, "phrase": 5, "name": 10, "character_string": 32, "letter": 32}


def slots_of(content: str) -> tuple[str, ...]:
    """The keys of a template, in order."""
    return tuple(_SLOT.findall(content))


def filled(slots: Sequence[str], text: str, *, count: int, here: datetime, shop_name: str) -> dict[str, str]:
    """A value for every field, by the type its name begins with; the first long one says what it is.

    ``count``: of how many things it tells; ``here`` in the shop's zone.
    """
    said = " ".join(text.split())
    values: dict[str, str] = {}
    for slot in slots:
        kind = slot.rstrip("0123456789")
        if kind in ("time", "date"):
            values[slot] = f"{here:%Y年%m月%d日 %H:%M}"
        elif kind in ("thing", "const") and said:
            values[slot], said = _cut(said, _LONGEST[kind]), ""
        elif kind in ("number", "character_string", "letter", "amount"):
            values[slot] = str(count)
        else:
            values[slot] = _cut("待处理" if kind in ("phrase", "short_thing") else shop_name, _LONGEST.get(kind, 20))
    return values


def _cut(text: str, longest: int) -> str:
    """The first words that fit: up to a sign where one ends them well, else cut with a mark."""
    if len(text) <= longest:
        return text
    ends = [at for at, letter in enumerate(text[: longest + 1]) if letter in "（，。；！？"]
    if ends and ends[-1] >= longest // 2:
        return text[: ends[-1]]
    return f"{text[: longest - 1]}…"
