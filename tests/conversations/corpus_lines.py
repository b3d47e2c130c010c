"""The corpus: how ``corpus/*.txt`` are written and read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path

from bot.language.intents import FreeTalk, Intent, NotUnderstood, Whom

CORPUS = Path(__file__).parent / "corpus"
_HEADING = re.compile(r"(?P<later>later ?)?(?P<danger>! ?)?(?P<sign>[=?])(?: (?P<meant>.*))?")
_POINTED = {"number": "#", "tail": "尾号", "phone": "电话"}


@dataclass(frozen=True)
class Line:
    """One line of the corpus. ``meant``: the intent as ``shown``, or what the question back must say."""

    text: str
    meant: str
    asked: bool
    dangerous: bool
    later: bool

    def is_right(self, intent: Intent) -> bool:
        if self.asked:
            return isinstance(intent, NotUnderstood) and self.meant in "\n".join((intent.problem, *intent.nearest))
        meant = self.meant.removesuffix(" *")
        return shown(intent) == meant or (meant != self.meant and shown(intent).startswith(meant))

    def is_safe(self, intent: Intent) -> bool:
        return self.is_right(intent) or isinstance(intent, NotUnderstood)


def corpus(who: str) -> Iterator[Line]:
    heading: re.Match[str] | None = None
    for written in (CORPUS / f"{who}.txt").read_text(encoding="utf-8").splitlines():
        if not written or written.startswith(("# ", "#  ")):
            continue
        if match := _HEADING.fullmatch(written):
            heading = match
            continue
        assert heading is not None, written
        yield Line(
            written.replace("⏎", "\n"),
            heading["meant"] or "",
            heading["sign"] == "?",
            bool(heading["danger"]),
            bool(heading["later"]),
        )


def shown(intent: Intent) -> str:
    """An intent as the corpus writes it: its name and the slots that were said. Talk is kept whole, so only named."""
    if isinstance(intent, FreeTalk):
        return "FreeTalk"
    said = [slot for slot in fields(intent) if getattr(intent, slot.name) not in (slot.default, "", ())]
    return " ".join([type(intent).__name__, *(f"{slot.name}={_slot(getattr(intent, slot.name))}" for slot in said)])


def _slot(value: object) -> str:
    match value:
        case Whom():
            return f"{_POINTED.get(value.kind, '')}{value.text}"
        case tuple():
            return "、".join(map(_slot, value))
        case datetime():
            return f"{value:%m-%d %H:%M}"
        case date():
            return f"{value:%m-%d}"
        case Intent():
            return f"({shown(value)})"
    return str(value)
