"""What may not go out: dated rules in ``outgoing_rules.toml``, looked up in a script's own words before it is sent."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from bot.errors import Refusal

Where = Literal["script", "mass", "templates"]
RULES = Path(__file__).with_name("outgoing_rules.toml")
SHOWN = 3  # findings in one answer: it is read on a phone
QUOTED = 16

_COVERS: dict[str, frozenset[str]] = {
    "all": frozenset({"script", "mass", "templates"}),
    # A script is mostly kept for a broadcast: what stops it there is told when it is written.
    "mass": frozenset({"script", "mass"}),
    "templates": frozenset({"templates"}),
}
_VARIABLE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_DEFAULT = re.compile(r"""default\(\s*(["'])(.*?)\1\s*\)""", re.DOTALL)
_TAG = re.compile(r"\{%.*?%\}", re.DOTALL)
# Stands for what a customer's file puts there: no letter, so that no word is made across it.
_SOMEBODY = "\ufffc"
_SPACED = re.compile(r"(?<=[\u4e00-\u9fff])[ \t]+(?=[\u4e00-\u9fff])")
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Rule:
    """One rule; ``source`` says where it comes from, ``since`` the first day it holds."""

    id: str
    since: date
    source: str
    applies: str
    punished: bool
    reason: str
    proposal: str
    pattern: re.Pattern[str]
    fine: re.Pattern[str] | None


@dataclass(frozen=True)
class Finding:
    """Words a rule speaks against; ``words`` as they stand in the text, empty where something is missing."""

    rule: Rule
    words: str

    def told(self) -> str:
        """In a merchant's words: what, why, and how to say it instead."""
        quoted = f"“{self.words[:QUOTED]}”" if self.words else ""
        return f"{'✋' if self.rule.punished else '⚠️'}{quoted}{self.rule.reason}。改法：{self.rule.proposal}"


@cache
def rules() -> tuple[Rule, ...]:
    """The rules of the file, read at the first look. Raises KeyError or re.error for a file that is not right."""
    listed = tomllib.loads(RULES.read_text(encoding="utf-8"))["rule"]
    return tuple(_rule(entry) for entry in listed)


def _rule(entry: Mapping[str, Any]) -> Rule:
    fine = entry.get("except")
    return Rule(
        id=entry["id"],
        since=entry["since"],
        source=entry["source"],
        applies=entry["applies"],
        punished=entry["punished"],
        reason=entry["reason"],
        proposal=entry["proposal"],
        pattern=_pattern(entry["pattern"]),
        fine=_pattern(fine) if fine else None,
    )


def _pattern(written: str) -> re.Pattern[str]:
    """Alternatives may stand on lines of their own."""
    return re.compile("".join(line.strip() for line in written.splitlines()), re.IGNORECASE)


def check(text: str, where: Where, on: date) -> list[Finding]:
    """What the rules that hold ``on`` a day say against a script (or a text), each rule once, punished ones first.

    Seen are the words of every branch and every ``default``; what a customer's file puts in is not known yet.
    """
    said = _plain(text)
    found = []
    for rule in rules():
        if rule.since <= on and where in _COVERS[rule.applies]:
            words = _first(rule, said)
            if words is not None:
                found.append(Finding(rule, words))
    return sorted(found, key=lambda finding: not finding.rule.punished)


def _first(rule: Rule, said: str) -> str | None:
    fine = [match.span() for match in rule.fine.finditer(said)] if rule.fine else []
    for match in rule.pattern.finditer(said):
        start, end = match.span()
        if not any(start < last and first < end for first, last in fine):
            return match.group().replace(_SOMEBODY, "")
    return None


def _plain(text: str) -> str:
    """The script's own words, in the width and spacing in which rules are written."""
    said = _TAG.sub("", _VARIABLE.sub(_shown, text))
    # Signs nobody sees are a way around filters, theirs and ours.
    said = "".join(sign for sign in unicodedata.normalize("NFKC", said) if unicodedata.category(sign) != "Cf")
    return _SPACED.sub("", said).strip()


def _shown(variable: re.Match[str]) -> str:
    default = _DEFAULT.search(variable.group(1))
    # Only a default with words could say something forbidden.
    return default.group(2) if default and len(_HAN.findall(default.group(2))) > 2 else _SOMEBODY


def refuse_punished(texts: Iterable[str], where: Where, on: date, *, undone: str) -> None:
    """Raises Refusal for words the platform would punish; ``undone`` says what was not done because of it."""
    findings = [one for text in texts for one in check(text, where, on) if one.rule.punished]
    if findings:
        raise Refusal("\n".join([f"{undone}，先改这里：", *_told(findings)]))


def fits_template(texts: Iterable[str], on: date) -> bool:
    """Whether these may stand in a template message or a subscribe notice: the platform takes a template away for words
    it would let pass elsewhere."""
    return not any(one.rule.punished for text in texts for one in check(text, "templates", on))


def warnings(texts: Iterable[str], where: Where, on: date) -> list[str]:
    """Lines about words that are for the owner to decide."""
    return _told([one for text in texts for one in check(text, where, on) if not one.rule.punished])


def _told(findings: Iterable[Finding]) -> list[str]:
    lines = list(dict.fromkeys(finding.told() for finding in findings))
    more = [f"还有 {len(lines) - SHOWN} 处，改完这些再看。"] if len(lines) > SHOWN else []
    return lines[:SHOWN] + more
