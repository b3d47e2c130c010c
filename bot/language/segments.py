"""The language of ``<人群>``: an expression over tags, classes and facts becomes a small tree, and Chinese again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken
from lark.lexer import Lexer

from bot.language import segment_terms
from bot.language.normalise import Words, read
from bot.language.segment_reading import Piece, cut, is_plain_name
from bot.language.segment_terms import (
    EXAMPLES,
    ClassTerm,
    Everyone,
    Field,
    Name,
    SegmentError,
    TagTerm,
    Term,
)

LONGEST = 500
MOST_TOKENS = 120  # also bounds how deep a tree can be, so that walking it cannot exhaust the stack


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Tree


Tree: TypeAlias = "And | Or | Not | Term"


def all_of(parts: Iterable[Tree]) -> Tree:
    """``And``, flat; a single part stands for itself."""
    flat = tuple(inner for part in parts for inner in (part.parts if isinstance(part, And) else (part,)))
    return flat[0] if len(flat) == 1 else And(flat)


def any_of(parts: Iterable[Tree]) -> Tree:
    """``Or``, flat; a single part stands for itself."""
    flat = tuple(inner for part in parts for inner in (part.parts if isinstance(part, Or) else (part,)))
    return flat[0] if len(flat) == 1 else Or(flat)


def negation(part: Tree) -> Tree:
    return part.part if isinstance(part, Not) else Not(part)


_GRAMMAR = """
start: either
either: both (_OR both)*
both: single (_AND? single)*
single: TERM | _NOT single -> negation | _LPAR either _RPAR
%declare TERM _NOT _AND _OR _LPAR _RPAR
"""


class _Tokens(Lexer):
    """Passes on tokens already cut: where a name ends is decided in ``segment_terms``, not by patterns of a grammar."""

    def __init__(self, lexer_conf: object) -> None:
        pass

    def lex(self, tokens: list[Token]) -> Iterator[Token]:  # type: ignore[override]
        return iter(tokens)


class _Build(Transformer[Token, Tree]):
    def start(self, parts: list[Tree]) -> Tree:
        return parts[0]

    def either(self, parts: list[Tree]) -> Tree:
        return any_of(parts)

    def both(self, parts: list[Tree]) -> Tree:
        return all_of(parts)

    def single(self, parts: list[Token | Tree]) -> Tree:
        inner = parts[0]
        return inner.value if isinstance(inner, Token) else inner

    def negation(self, parts: list[Tree]) -> Tree:
        return negation(parts[0])


@cache
def parser() -> Lark:
    """Built at first use, 40 ms that a start does not wait for."""
    return Lark(_GRAMMAR, parser="lalr", lexer=_Tokens, transformer=_Build())


def parse_segment(text: str) -> Tree:
    """The expression as a tree. Raises ``SegmentError``, which names the part that is wrong and shows an example."""
    return parse_words(read(text))


def parse_words(words: Words) -> Tree:
    if not words:
        raise SegmentError(f"没写人群，{EXAMPLES}。")
    if len(words) > LONGEST:
        raise SegmentError(f"人群写得太长了（最多 {LONGEST} 个字），可以先用“人群 保存 名字 = …”存一部分。")
    pieces = cut(words)
    if len(pieces) > MOST_TOKENS:
        raise SegmentError("人群的条件太多了，可以先用“人群 保存 名字 = …”存一部分。")
    tokens = [Token(piece.kind, piece.term or piece.text, start_pos=at) for at, piece in enumerate(pieces)]
    try:
        tree: Tree = parser().parse(tokens)  # type: ignore[assignment]
    except UnexpectedInput as error:
        raise SegmentError(_complaint(pieces, error)) from None
    return tree


def _complaint(pieces: list[Piece], error: UnexpectedInput) -> str:
    opened = sum((piece.kind == "_LPAR") - (piece.kind == "_RPAR") for piece in pieces)
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        bad = pieces[error.token.start_pos or 0]
        if bad.kind == "_RPAR" and opened < 0:
            return f"多了一个“)”，{EXAMPLES}。"
        return f"“{bad.text}”前面少了条件，{EXAMPLES}。"
    if pieces[-1].kind in ("TERM", "_RPAR"):
        return f"括号没有关上，少了“)”，{EXAMPLES}。"
    return f"“{pieces[-1].text}”后面少了条件，{EXAMPLES}。"


def show(tree: Tree) -> str:
    """The expression in its shortest regular spelling; ``parse_segment`` takes it back to the same tree."""
    match tree:
        case And(parts):
            return " & ".join(_bracketed(part) if isinstance(part, Or) else show(part) for part in parts)
        case Or(parts):
            return " | ".join(map(show, parts))
        case Not(part):
            return "!" + (_bracketed(part) if isinstance(part, And | Or) else show(part))
        case Name(text) if is_plain_name(text):
            return text
        case _:
            return segment_terms.spell(tree)


def _bracketed(tree: Tree) -> str:
    return f"({show(tree)})"


def explain(tree: Tree) -> str:
    """The expression in plain Chinese, for people who are about to send something to these customers."""
    match tree:
        case And(parts):
            return "、并且".join(f"（{explain(part)}）" if isinstance(part, Or) else explain(part) for part in parts)
        case Or(parts):
            return "，或者".join(map(explain, parts))
        case Not(And() | Or() as part):
            return f"除了（{explain(part)}）"
        case Not(part):
            return f"不是{explain(part)}"
        case _:
            return segment_terms.explain(tree)


def terms(tree: Tree) -> Iterator[Term]:
    """Every single condition of the tree, in reading order."""
    match tree:
        case And(parts) | Or(parts):
            for part in parts:
                yield from terms(part)
        case Not(part):
            yield from terms(part)
        case _:
            yield tree


def names(tree: Tree) -> tuple[str, ...]:
    """The plain names in it, each once: tags or saved segments, which of them the customers room knows."""
    return tuple(dict.fromkeys(term.text for term in terms(tree) if isinstance(term, Name)))


def replaced(tree: Tree, name: str, term: Term) -> Tree:
    """The tree with another condition in place of a plain name."""
    match tree:
        case And(parts):
            return And(tuple(replaced(part, name, term) for part in parts))
        case Or(parts):
            return Or(tuple(replaced(part, name, term) for part in parts))
        case Not(part):
            return Not(replaced(part, name, term))
        case Name(text) if text == name:
            return term
        case _:
            return tree


def asks_for(tree: Tree, code: Literal["N", "Y", "O", "M", "VIP"]) -> bool:
    """Whether the tree names a class in its favour: ``VIP | 老客`` asks for VIP, ``!VIP`` does not."""
    match tree:
        case And(parts) | Or(parts):
            return any(asks_for(part, code) for part in parts)
        case ClassTerm(named):
            return named == code
        case Not(Not() | And() | Or() as part):
            return any(asks_for(negation(inner), code) for inner in getattr(part, "parts", (part,)))
        case _:
            return False


__all__ = [
    "And",
    "ClassTerm",
    "Everyone",
    "Field",
    "Name",
    "Not",
    "Or",
    "SegmentError",
    "TagTerm",
    "Tree",
    "all_of",
    "any_of",
    "asks_for",
    "explain",
    "names",
    "negation",
    "parse_segment",
    "parse_words",
    "replaced",
    "show",
    "terms",
]
