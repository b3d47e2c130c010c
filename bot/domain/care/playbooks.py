"""Playbooks (打法): which there are, whom they name, what the shop wrote in them, and whether they are on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path

from sqlalchemy import func, select

from bot.domain.care.models import Playbook as Kept
from bot.domain.care.models import PlaybookEnd, PlaybookPlace
from bot.domain.customers import segments
from bot.domain.scripts import kinds
from bot.domain.scripts import service as scripts
from bot.domain.scripts.checker import refuse_punished, warnings
from bot.errors import Refusal
from bot.language.playbook_names import CLASSES, NAME_LIMIT, VIP, YM, YO, N, entry_of, is_class
from bot.language.playbook_text import (
    ANSWERED,
    BOUGHT_AGAIN,
    GOAL_SEGMENTS,
    SILENT,
    SPOKE,
    Playbook,
    Step,
    parse_playbook,
    show_playbook,
)
from bot.language.segments import parse_segment
from bot.store.transaction import Tx

TEXTS = Path(__file__).parent / "playbook_texts"
# Who belongs to several is in the first that is on: what is said of one person goes before what is said of their class.
_FIRST = (VIP,)
_LAST = (YM, YO, N)
_PLACES = {name: place for place, name in enumerate(CLASSES)}
MOST_BOOKS = 30


@dataclass(frozen=True, slots=True)
class Book:
    """A playbook as it stands. ``own``: the shop wrote it or changed it. ``place``: its bit among a customer's classes."""

    name: str
    plan: Playbook
    place: int
    enabled: bool
    own: bool

    @property
    def bit(self) -> int:
        return 1 << self.place

    @property
    def text(self) -> str:
        return show_playbook(self.plan)


@cache
def shipped(name: str) -> Playbook:
    """The playbook of a class as it came."""
    return parse_playbook((TEXTS / f"{name}.txt").read_text(encoding="utf-8"), entry_of(name))


# Read at every tick of the clock.
_parsed = lru_cache(maxsize=128)(parse_playbook)


def books(tx: Tx) -> list[Book]:
    """All of them, in the order in which they go before one another."""
    kept = {row.name: row for row in tx.session.scalars(select(Kept))}
    found = [_book(name, kept.get(name)) for name in (*CLASSES, *sorted(kept.keys() - set(CLASSES)))]
    return sorted(found, key=lambda book: (_rank(book.name), book.place))


def _rank(name: str) -> int:
    if name in _FIRST:
        return 0
    return 2 + _LAST.index(name) if name in _LAST else 1


def _book(name: str, row: Kept | None) -> Book:
    own = row is not None and bool(row.text)
    plan = _parsed(row.text, entry_of(name)) if row is not None and row.text else shipped(name)
    place = _PLACES[name] if row is None else row.place
    return Book(name, plan, place, enabled=row is not None and row.enabled, own=own)


def find(tx: Tx, name: str) -> Book:
    """Raises Refusal that offers the nearest names."""
    known = {book.name: book for book in books(tx)}
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=2, cutoff=0.4)
    offer = f"您是不是要：{'、'.join(near)}？" if near else ""
    how = f"要新写一个：打法 改 {name}" if len(name) <= NAME_LIMIT else ""
    raise Refusal(f"没有“{name[:20]}”这个打法。{offer}现有：{'、'.join(known)}。{how}")


# -- what the shop changes ---------------------------------------------------------------------------------------------


def write(tx: Tx, name: str, text: str, *, today: date) -> tuple[Book, list[str]]:
    """Keeps a text for a playbook, a new one where nobody had the name; returns it and what its words should mind.

    Raises Refusal, naming the line that is not right, and keeps nothing then. Who is in it goes on with the same step.
    """
    if not name or len(name) > NAME_LIMIT or any(sign in name for sign in " \n/、,，"):
        raise Refusal(f"打法的名字最多 {NAME_LIMIT} 个字，不能有空格和顿号，例如：打法 改 级别A")
    known = {book.name: book for book in books(tx)}
    entry = known[name].plan.entry if name in known else entry_of(name)
    plan = parse_playbook(text, entry)
    goal = GOAL_SEGMENTS.get(plan.goal, "" if plan.goal in (BOUGHT_AGAIN, SPOKE) else plan.goal)
    conditions = [step.condition for step in plan.steps if step.condition not in (ANSWERED, SILENT)]
    for named in filter(None, (plan.entry, goal, *conditions)):
        segments.where(tx, parse_segment(named), tx.now)  # refuses a tag nobody has
    said = [_check_words(tx, step) for step in plan.steps]
    if plan.call_outline:
        _check_script(tx, plan.call_outline)
    if plan.invitation:
        _check_script(tx, plan.invitation)
    words = [text for text in said if text]
    refuse_punished(words, "script", today, undone="打法没有存")
    if name not in known and len(known) >= MOST_BOOKS:
        raise Refusal(f"打法最多 {MOST_BOOKS} 个，先删一个：打法 恢复 名字")
    row = _row(tx, name)
    row.text, row.changed_at = show_playbook(plan), tx.now
    tx.session.flush()
    return find(tx, name), warnings(words, "script", today)


def _check_words(tx: Tx, step: Step) -> str:
    """A step's own words as a script; raises Refusal for what no script may say, or for a script nobody has."""
    if step.action == "text":
        return kinds.written("text", step.what)
    if step.action in ("script", "call") and step.what:
        _check_script(tx, step.what)
    return ""


def _check_script(tx: Tx, name: str) -> None:
    try:
        wording = scripts.find(tx, name)
    except Refusal as missing:
        raise Refusal(f"{missing}\n要直接写话，写成“发：要说的话”。打法没有存。") from missing
    if wording.kind != "text":
        raise Refusal(f"“{wording.name}”是{kinds.KIND_WORDS[wording.kind]}，打法里只能用文字话术。打法没有存。")


def reset(tx: Tx, name: str) -> Book | None:
    """The text as it came; a playbook of the shop's own goes away, and None is returned. Raises Refusal."""
    book = find(tx, name)
    row = tx.session.get(Kept, name)
    if row is None or not row.text:
        raise Refusal(f"打法 {name} 就是原来的，没有改过。")
    if not is_class(name):
        if book.enabled:
            raise Refusal(f"打法 {name} 还开着，没有删。先：打法 关 {name}")
        tx.session.delete(row)
        tx.session.flush()
        return None
    row.text, row.changed_at = "", tx.now
    tx.session.flush()
    return find(tx, name)


def switch(tx: Tx, name: str, *, on: bool) -> list[Book]:
    """Switches one, or (``name`` empty) all; returns those that changed. Raises Refusal where a script is missing."""
    wanted = [find(tx, name)] if name else books(tx)
    changed = [book for book in wanted if book.enabled is not on]
    for book in changed:
        if on:
            for step in book.plan.steps:
                _check_words(tx, step)
        row = _row(tx, book.name)
        row.enabled, row.changed_at = on, tx.now
    tx.session.flush()
    return changed


def _row(tx: Tx, name: str) -> Kept:
    row = tx.session.get(Kept, name)
    if row is None:
        place = _PLACES.get(name)
        if place is None:
            taken = {*_PLACES.values(), *tx.session.scalars(select(Kept.place))}
            place = next(one for one in range(len(taken) + 1) if one not in taken)
        row = Kept(name=name, text="", place=place, enabled=False, changed_at=tx.now)
        tx.session.add(row)
    return row


def fingerprint(found: Sequence[Book]) -> str:
    """What has to be learned anew when it changes: whom the playbooks name. Empty while none is on."""
    if not any(book.enabled for book in found):
        return ""
    named = "\n".join(sorted(f"{book.place} {book.name} {book.plan.entry}" for book in found))
    return hashlib.sha256(named.encode()).hexdigest()[:32]


# -- what there is to see ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counts:
    """How many are in a playbook now and wait for nothing more, have left with their goal, and without it."""

    running: int = 0
    done: int = 0
    reached: int = 0
    left: int = 0


def counts(tx: Tx) -> dict[str, Counts]:
    """By the name of the playbook; those nobody was ever in are missing."""
    found: dict[str, dict[str, int]] = {}
    places = select(PlaybookPlace.book, PlaybookPlace.state, func.count()).where(PlaybookPlace.book != "")
    for book, state, number in tx.execute(places.group_by(PlaybookPlace.book, PlaybookPlace.state)):
        key = "running" if state in ("running", "task") else "done"
        mine = found.setdefault(book, {})
        mine[key] = mine.get(key, 0) + number
    ends = select(PlaybookEnd.book, PlaybookEnd.outcome, func.count())
    for book, outcome, number in tx.execute(ends.group_by(PlaybookEnd.book, PlaybookEnd.outcome)):
        key = "reached" if outcome == "reached" else "left"
        mine = found.setdefault(book, {})
        mine[key] = mine.get(key, 0) + number
    return {book: Counts(**numbers) for book, numbers in found.items()}
