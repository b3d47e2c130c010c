"""为什么 小美 不在 老客: a segment's conditions one by one, which of them hold for one customer, and how it is with each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from bot.domain.customers import saved_segments, segment_fields, segments
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import classes
from bot.domain.customers.saved_segments import Book
from bot.language.segments import (
    And,
    ClassTerm,
    Everyone,
    Field,
    Name,
    Not,
    Or,
    TagTerm,
    Term,
    Tree,
    explain,
    terms,
)
from bot.store.transaction import Tx

_MARK = {True: "✓", False: "✗"}
_INDENT = "　"


def belongs(tx: Tx, tree: Tree, customer: Customer, now: datetime) -> tuple[bool, list[str]]:
    """Whether the customer is in the segment, and a line for each condition, parts of parts indented.

    Raises Refusal for a segment that cannot be asked for.
    """
    book = saved_segments.book(tx)
    single = list(dict.fromkeys(terms(book.spelt_out(tree))))
    true_of = dict(zip(single, segments.truths(tx, single, customer.id, now), strict=True))
    telling = _Telling(tx, customer, now, book, true_of)
    lines = list(telling.parts(tree))
    if customer.is_staff:
        return False, ["✗ TA 是店员，店员不算顾客", *lines]
    return telling.holds(tree), lines


class _Telling:
    def __init__(self, tx: Tx, customer: Customer, now: datetime, book: Book, true_of: Mapping[Term, bool]) -> None:
        self._tx = tx
        self._customer = customer
        self._now = now
        self._book = book
        self._true_of = true_of

    def holds(self, tree: Tree) -> bool:
        match tree:
            case And(parts):
                return all(map(self.holds, parts))
            case Or(parts):
                return any(map(self.holds, parts))
            case Not(part):
                return not self.holds(part)
            case Name(text) if meaning := self._book.meaning(text):
                return self.holds(meaning)
            case _:
                return self._true_of[tree]

    def parts(self, tree: Tree, indent: str = "") -> Iterator[str]:
        """The conditions of the whole, each on a line of its own; 且 needs no line above them."""
        for part in tree.parts if isinstance(tree, And) else (tree,):
            yield from self._lines(part, indent)

    def _lines(self, tree: Tree, indent: str) -> Iterator[str]:
        head = f"{indent}{_MARK[self.holds(tree)]} "
        match tree:
            case And():
                yield f"{head}下面的都要满足："
                yield from self.parts(tree, indent + _INDENT)
            case Or(parts):
                yield f"{head}下面的满足一个就行："
                for part in parts:
                    yield from self._lines(part, indent + _INDENT)
            case Not(And() | Or() as part):
                yield f"{head}不能是下面这样的："
                yield from self._lines(part, indent + _INDENT)
            case Name(text) if meaning := self._book.meaning(text):
                yield f"{head}人群“{text}”："
                yield from self.parts(meaning, indent + _INDENT)
            case Not(Name(text)) if meaning := self._book.meaning(text):
                yield f"{head}不能在人群“{text}”里："
                yield from self.parts(meaning, indent + _INDENT)
            case Not(part):
                yield f"{head}{explain(Not(_sure(part)))}{self._fact(part)}"
            case _:
                yield f"{head}{explain(_sure(tree))}{self._fact(tree)}"

    def _fact(self, term: Tree) -> str:
        said = self._said(term)
        return f"：{said}" if said else ""

    def _said(self, term: Tree) -> str:
        person = self._customer
        match term:
            case Everyone():
                return ""
            case ClassTerm():
                return f"TA 是 {classes(visited=person.visited, purchased=person.purchased, vip=person.vip)}"
            case Name() | TagTerm():
                return "有这个标签" if self._true_of[term] else "没有这个标签"
            case Field():
                return segment_fields.fact(self._tx, person, term, self._now)
        return ""


def _sure(term: Tree) -> Tree:
    """A plain name that is no saved segment is a tag."""
    return TagTerm(term.text) if isinstance(term, Name) else term
