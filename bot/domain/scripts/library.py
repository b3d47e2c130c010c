"""The shelf of wording we ship: reads ``scripts_library/<scene>/<file>.md`` once and refuses a file that is not right.

A file is a TOML block between two ``+++`` lines, then the text as it will be sent::

    +++
    name = "到店礼A"                # unique; what a merchant types
    scene = "visit"                # the folder it stands in
    class = "N"                    # whom it is written for, "" for everyone
    group = "A"                    # A, B or C where three scripts make a set, else ""
    purpose = "marketing"          # marketing, service or reminder
    variables = ["shop.address"]   # exactly those the text uses
    required = []                  # those without which there is no text for a person
    version = 1
    +++
    给您留了一份见面礼…

Purpose says which rules hold when it is sent: marketing obeys consent and caps; service answers what the customer began
(an order, a complaint, a sign-up, a question); a reminder recalls an appointment, to a customer or to staff.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from bot.domain.scripts.rules import ScriptError, check_template
from bot.errors import ShukeError

SHELF = Path(__file__).resolve().parents[3] / "scripts_library"
CLASSES = frozenset({"", "N", "Y", "O", "M", "Y&O", "Y&M", "VIP"})
GROUPS = frozenset({"", "A", "B", "C"})
PURPOSES = frozenset({"marketing", "service", "reminder"})

_FENCE = "+++\n"
# A name is typed inside `群发 … 用 话术1/话术2`, so it may hold nothing that separates one word from the next.
_NAME = re.compile(r"[^\s/、,,|#【】]{1,20}")
_FIELDS: dict[str, type] = {
    "name": str,
    "scene": str,
    "class": str,
    "group": str,
    "purpose": str,
    "variables": list,
    "required": list,
    "version": int,
}


class LibraryError(ShukeError):
    """A file of the shelf is not right; the message names the file, the field and what is expected."""


@dataclass(frozen=True)
class Script:
    """One wording of the shelf. ``key`` is folder and file name ("visit/gift_a"), which stays when the name changes;
    ``variables`` are those the text uses, ``required`` those whose absence makes the row fail, both sorted."""

    key: str
    name: str
    scene: str
    audience_class: str
    group: str
    purpose: str
    variables: tuple[str, ...]
    required: tuple[str, ...]
    version: int
    text: str


class Library:
    """The scripts of one shelf, in the order of their keys."""

    def __init__(self, scripts: Iterable[Script]) -> None:
        """Raises LibraryError when two scripts carry one name."""
        self._by_key = {script.key: script for script in sorted(scripts, key=lambda script: script.key)}
        self._by_name: dict[str, Script] = {}
        for script in self:
            twin = self._by_name.setdefault(script.name, script)
            if twin is not script:
                raise LibraryError(f"{script.key}.md: field name: {script.name!r} is taken by {twin.key}.md")

    def __iter__(self) -> Iterator[Script]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, name: str) -> Script | None:
        """The script a merchant calls ``name``, or None."""
        return self._by_name.get(name)

    def named(self, names: Iterable[str]) -> list[Script]:
        """The scripts of these names, in this order. Raises ScriptError naming the unknown one and its neighbours."""
        found = []
        for name in names:
            script = self.get(name)
            if script is None:
                near = get_close_matches(name, self._by_name, 3, cutoff=0.4)
                hint = f"相近的有：{'、'.join(near)}" if near else "说“话术”看全部"
                raise ScriptError(f"没有叫“{name[:20]}”的话术，什么都没做。{hint}")
            found.append(script)
        return found


def load(folder: Path | None = None) -> Library:
    """The shelf in ``folder`` (the shipped one if None), read and checked once per process.

    Raises LibraryError naming the first wrong file and its field.
    """
    return _load(SHELF if folder is None else folder)


@cache
def at(key: str) -> Script:
    """The shipped script our own code refers to, by "scene/file"; its file alone is read.

    Raises FileNotFoundError: a wrong key is our mistake.
    """
    return _read(SHELF / f"{key}.md")


@lru_cache(maxsize=4)
def _load(folder: Path) -> Library:
    if not folder.is_dir():
        raise LibraryError(f"{folder}: no such folder. Run from the installed source tree, where scripts_library/ is.")
    return Library(_read(path) for path in sorted(folder.glob("*/*.md")))


def _read(path: Path) -> Script:
    place = f"{path.parent.name}/{path.name}"
    before, opening, rest = path.read_text(encoding="utf-8").partition(_FENCE)
    front, closing, text = rest.partition("\n" + _FENCE)
    if before or not opening or not closing:
        raise LibraryError(f"{place}: the TOML block must stand between two +++ lines")
    try:
        fields = tomllib.loads(front)
    except tomllib.TOMLDecodeError as error:
        raise LibraryError(f"{place}: the TOML block cannot be read: {error}") from error
    _check_fields(place, fields, path.parent.name)
    text = text.strip()
    try:
        used = tuple(sorted(check_template(text)))
    except ScriptError as error:
        raise LibraryError(f"{place}: text: {error}") from error
    _expect(place, "variables", used == tuple(sorted(fields["variables"])), f"those the text uses: {list(used)}")
    required = tuple(sorted(fields["required"]))
    _expect(place, "required", set(required) <= set(used), "some of the variables")
    return Script(
        key=f"{path.parent.name}/{path.stem}",
        name=fields["name"],
        scene=fields["scene"],
        audience_class=fields["class"],
        group=fields["group"],
        purpose=fields["purpose"],
        variables=used,
        required=required,
        version=fields["version"],
        text=text,
    )


def _check_fields(place: str, fields: dict[str, Any], scene: str) -> None:
    for field in fields:
        _expect(place, field, field in _FIELDS, f"one of {', '.join(_FIELDS)}")
    for field, kind in _FIELDS.items():
        _expect(place, field, type(fields.get(field)) is kind, f"a {kind.__name__}")
    for field in ("variables", "required"):
        _expect(place, field, all(isinstance(entry, str) for entry in fields[field]), "a list of strings")
    _expect(place, "name", _NAME.fullmatch(fields["name"]), "1 to 20 characters without spaces and separators")
    _expect(place, "scene", fields["scene"] == scene, f"its folder, {scene!r}")
    _expect(place, "class", fields["class"] in CLASSES, f"one of {sorted(CLASSES)}")
    _expect(place, "group", fields["group"] in GROUPS, f"one of {sorted(GROUPS)}")
    _expect(place, "purpose", fields["purpose"] in PURPOSES, f"one of {sorted(PURPOSES)}")
    _expect(place, "version", fields["version"] >= 1, "1 or more")


def _expect(place: str, field: str, holds: object, expected: str) -> None:
    if not holds:
        raise LibraryError(f"{place}: field {field}: must be {expected}")
