"""Segments under a name: kept, renamed and deleted, and put in place of their names. They may stand on one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import select

from bot.domain.customers.models import SavedSegment
from bot.errors import Refusal
from bot.language.normalise import tag_name
from bot.language.segments import (
    And,
    Name,
    Not,
    Or,
    SegmentError,
    TagTerm,
    Tree,
    all_of,
    any_of,
    names,
    negation,
    parse_segment,
    replaced,
    show,
    terms,
)
from bot.store.transaction import Tx

# Saved segments that use one another could double at every step; these bounds keep a statement's size and depth sane.
MOST_TERMS = 300
MOST_DEEP = 60  # brackets within brackets; one expression of the longest has room for 30
NESTED_AT_MOST = 8


def saved(tx: Tx) -> list[tuple[str, str]]:
    """Names and expressions, by name."""
    rows = tx.execute(select(SavedSegment.name, SavedSegment.expression).order_by(SavedSegment.name))
    return [(name, expression) for name, expression in rows]


def save(tx: Tx, name: str, expression: str) -> bool:
    """Keeps an expression under a name, or gives the name a new one; returns whether the name is new.

    Raises Refusal for a circle, which it names, and for what cannot be read.
    """
    name = tag_name(name)
    if not name:
        raise Refusal("人群要有名字。例子：人群 保存 老客未复购 = M 且 未消费60天")
    tree = parse_segment(expression)
    if name in names(tree):
        raise Refusal(f"“{name}”不能用它自己来定义。说的是同名的标签就写：标签={name}")
    Book({**dict(saved(tx)), name: expression}).spelt_out(Name(name))
    segment = _found(tx, name)
    if segment is None:
        tx.session.add(SavedSegment(name=name, expression=expression, created_at=tx.now))
    else:
        segment.expression = expression
    tx.session.flush()
    return segment is None


def delete(tx: Tx, name: str) -> str:
    """Forgets a saved segment; returns what it meant. Raises Refusal for one that others use, which it names."""
    segment = _get(tx, name)
    users = used_by(tx, segment.name)
    if users:
        raise Refusal(
            f"人群“{segment.name}”还有别的人群在用：{'、'.join(users)}。没有删。"
            f"先改它们，例如：人群 保存 {users[0]} = {segment.expression}"
        )
    tx.session.delete(segment)
    tx.session.flush()
    return segment.expression


def rename(tx: Tx, old: str, new: str) -> list[str]:
    """Gives a saved segment another name, also inside the segments that use it; returns these.

    Raises Refusal for a name that is taken.
    """
    segment, new = _get(tx, old), tag_name(new)
    if not new or _found(tx, new) is not None:
        raise Refusal(f"已经有叫“{new}”的人群了，没有改。换一个名字，或先：人群 删除 {new}")
    users = used_by(tx, segment.name)
    for name in users:
        user = _get(tx, name)
        tree = parse_segment(user.expression)
        if new in names(tree):
            raise Refusal(f"人群“{name}”里已经写着“{new}”，改了就分不清了，没有改。换一个名字。")
        user.expression = show(replaced(tree, segment.name, Name(new)))
        parse_segment(user.expression)  # a longer name may make it too long to be read again
    segment.name = new
    tx.session.flush()
    return users


def used_by(tx: Tx, name: str) -> list[str]:
    """The saved segments whose expressions name this one, or the tag of this name."""
    return [user for user, expression in saved(tx) if uses(parse_segment(expression), name)]


def uses(tree: Tree, name: str) -> bool:
    """Whether the tree names this segment itself, not through another."""
    return tag_name(name) in names(tree)


def resting_on_tag(tx: Tx, tag: str) -> list[str]:
    """The saved segments that ask for a tag, also through others."""
    whole = book(tx)
    return [name for name, expression in saved(tx) if whole.asks_for_tag(parse_segment(expression), tag)]


def spelt_out(tx: Tx, tree: Tree) -> Tree:
    """The tree with saved segments put in place of their names. A tag of the same name gives way to the segment.

    Raises SegmentError for a circle, and for what grows out of all proportion.
    """
    return book(tx).spelt_out(tree) if names(tree) else tree


def meaning(tx: Tx, tree: Tree) -> Tree:
    """As ``spelt_out``, for people to read: what is left of plain names are tags."""
    whole = spelt_out(tx, tree)
    for name in names(whole):
        whole = replaced(whole, name, TagTerm(name))
    return whole


def book(tx: Tx) -> Book:
    return Book(dict(saved(tx)))


class Book:
    """All saved segments at one moment."""

    def __init__(self, expressions: Mapping[str, str]) -> None:
        self._expressions = expressions

    def meaning(self, name: str) -> Tree | None:
        """What a saved segment stands for, one step down; None where no segment has this name."""
        expression = self._expressions.get(name)
        return None if expression is None else parse_segment(expression)

    def asks_for_tag(self, tree: Tree, tag: str) -> bool:
        """Whether the tree asks for a tag of this (clean) name, itself or through saved segments."""
        asked = terms(self.spelt_out(tree))
        return any(term in (Name(tag), TagTerm(tag)) for term in asked)

    def spelt_out(self, tree: Tree) -> Tree:
        whole = self._whole(tree, (), 0)
        if sum(1 for _ in terms(whole)) > MOST_TERMS:
            raise SegmentError(f"这个人群和它用到的人群加起来超过 {MOST_TERMS} 个条件，请写短一点。")
        return whole

    def _whole(self, tree: Tree, above: tuple[str, ...], deep: int) -> Tree:
        if deep > MOST_DEEP:
            raise SegmentError(f"人群和它用到的人群，括号套了超过 {MOST_DEEP} 层，请写简单一点。")
        match tree:
            case And(parts):
                return all_of(self._parts(parts, above, deep + 1))
            case Or(parts):
                return any_of(self._parts(parts, above, deep + 1))
            case Not(part):
                return negation(self._whole(part, above, deep))
            case Name(text) if text in self._expressions:
                if text in above:
                    circle = " → ".join([*above[above.index(text) :], text])
                    raise SegmentError(f"这些人群绕成了圈：{circle}。把其中一个改成直接写条件，例如：M 且 未消费60天")
                if len(above) == NESTED_AT_MOST:
                    raise SegmentError(
                        f"人群一层用一层，超过了 {NESTED_AT_MOST} 层：{' → '.join(above)}。请直接写条件。"
                    )
                return self._whole(parse_segment(self._expressions[text]), (*above, text), deep)
            case _:
                return tree

    def _parts(self, parts: tuple[Tree, ...], above: tuple[str, ...], deep: int) -> Iterator[Tree]:
        size = 0
        for part in parts:
            whole = self._whole(part, above, deep)
            # Counted on the way: eight steps of forty names each must not be put together first.
            size += sum(1 for _ in terms(whole))
            if size > MOST_TERMS:
                raise SegmentError(f"这个人群和它用到的人群加起来超过 {MOST_TERMS} 个条件，请写短一点。")
            yield whole


def _found(tx: Tx, name: str) -> SavedSegment | None:
    return tx.session.scalars(select(SavedSegment).where(SavedSegment.name == tag_name(name))).first()


def _get(tx: Tx, name: str) -> SavedSegment:
    segment = _found(tx, name)
    if segment is None:
        raise Refusal(f"没有存过叫“{name}”的人群。存过的看：人群 列表")
    return segment
