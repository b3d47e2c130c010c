"""What people type, as they type it: more than sixteen hundred lines with what each must mean.

``corpus/staff.txt`` and ``corpus/customers.txt`` say how they are written. Dangerous lines are right or asked back,
every one; of all lines at most one in a hundred is off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.language import understand, understand_customer
from bot.language.intents import FreeTalk, Intent, NotUnderstood, Whom

CORPUS = Path(__file__).parent / "corpus"
NOW = datetime(2026, 9, 16, 14, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
AT_LEAST = 0.99
READERS = {"staff": understand, "customers": understand_customer}
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


@pytest.mark.parametrize("who", READERS)
def test_what_people_type_is_understood(who):
    counted = [line for line in corpus(who) if not line.later]
    meant = [(line, READERS[who](line.text, NOW)) for line in counted]
    unsafe = [(line.text, shown(intent)) for line, intent in meant if line.dangerous and not line.is_safe(intent)]
    assert not unsafe
    off = [(line.text, line.meant, shown(intent)) for line, intent in meant if not line.is_right(intent)]
    assert len(off) <= len(counted) * (1 - AT_LEAST), off


def test_the_corpus_covers_what_it_must():
    lines = [line for who in READERS for line in corpus(who)]
    assert len({line.text for line in lines}) >= 600
    assert sum(line.dangerous for line in lines) >= 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_dangerous_line_that_is_asked_back_changes_nothing(shop, boss, clerk, mei):
    zhang = shop.regular("张姐")
    boss.says("消费 小美 298 连衣裙")
    before = {subject: shop.export(subject) for subject in ("customers", "orders", "tags", "broadcasts")}
    # Two take turns: a hundred lines at once by one would be a flood.
    asked = [line.text for line in corpus("staff") if line.dangerous and line.asked and not line.later]
    for number, line in enumerate(asked):
        assert (boss, clerk)[number % 2].says(line), line
    assert {subject: shop.export(subject) for subject in before} == before
    assert not zhang.phone.news()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_customers_opt_out_by_their_words_and_by_no_others(mei):
    lines = [line for line in corpus("customers") if line.dangerous and not line.later]
    for line in [line for line in lines if line.meant == "FreeTalk"]:
        mei.says(line.text)
        assert not mei.file["opted_out"], line.text
    for line in [line for line in lines if line.meant == "OptOut"][::5]:
        mei.says(line.text)
        assert mei.file["opted_out"], line.text
        mei.says("订阅")
        assert not mei.file["opted_out"]
