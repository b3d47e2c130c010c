"""Where each condition of a segment begins and ends: the line cut into names, classes, facts and signs.

Nothing of ours may steal a word from a merchant's tag: 非常满意 begins with 非, 或许 with 或, VIP的 with VIP. What is
ambiguous is a name; quotes “…” force one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.language.normalise import Words, read, tag_name
from bot.language.segment_terms import (
    CLASS_WORDS,
    EVERYONE,
    EXAMPLES,
    FIELD_OF,
    FIELD_WORD,
    FIELDS,
    NAME_LIMIT,
    NUMBER,
    OP,
    OP_OF,
    SPAN_WORD,
    ClassTerm,
    Everyone,
    Field,
    FieldSpec,
    Name,
    SegmentError,
    TagTerm,
    Term,
    read_birthday,
    read_days,
    read_number,
    read_text,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One token: ``kind`` as the grammar calls it, ``text`` as typed, ``term`` for conditions."""

    kind: str
    text: str
    term: Term | None = None


_COMPARISON = re.compile(rf"({FIELD_WORD}) ?({OP}) ?", re.ASCII)
_SPOKEN_LIMIT = re.compile(rf"({FIELD_WORD}) ?([^ \n&|!()\"]+?)(以上|以下|以内|之内|内)", re.ASCII)
_NOT_BOUGHT = re.compile(
    rf"(?:(?:未|没有?)(?:消费|购买|买)过?(?P<a>{NUMBER} ?(?:{SPAN_WORD}))"
    rf"|(?P<b>{NUMBER} ?(?:{SPAN_WORD}))(?:内)?(?:未|没有?)(?:消费|购买|买)过?(?:东西)?的?)",
    re.ASCII,
)
_BOUGHT_WITHIN = re.compile(rf"({NUMBER} ?(?:{SPAN_WORD}))(?:以内|之内|内)(?:消费|买|购买)过", re.ASCII)
_BORN = re.compile(rf"(本月|这个月|当月|今天|{NUMBER} ?(?:天|日)内)(?:过?生日)的?", re.ASCII)
_SPENT = re.compile(r"(?:消费|花|买)(?:过|了|满|超过|额)? ?(\d{1,7})(?:元|块)?以上的?", re.ASCII)
_BROADCAST = re.compile(
    r"(收到过|(?:没有?|未)(?:回复|回)过?|回复过|回过|没发成|可重发) ?(?:群发)? ?#? ?(\d{1,9})(?:的)?", re.ASCII
)
_OF_BROADCAST = {"收": "sent", "没发": "failed", "可": "retry", "回": "replied", "没": "silent", "未": "silent"}
_TOP = re.compile(rf"头部 ?({NUMBER}) ?%", re.ASCII)

_END = r' \n&|!()"'
_AND_WORD = re.compile(r"并且|而且|同时(?=[ \n(])|且(?!慢)|and(?=[ (])", re.IGNORECASE)
_OR_WORD = re.compile(r"或者|或(?!许|多或少|然)|or(?=[ (])", re.IGNORECASE)
_NOT_WORD = re.compile(r"非(?!常|凡|洲|遗|得|但|法|主流|同|富)|不是|不含|not(?=[ (])", re.IGNORECASE)
_INNER = re.compile(r"(?<=[^姑暂况尚苟])(?:并且|而且|且(?!慢)|或者|或(?!许|多或少|然))")
_MARKS = {"(": "_LPAR", ")": "_RPAR", "!": "_NOT", "-": "_NOT", "&": "_AND", "|": "_OR"}
_FOREIGN = re.compile(r"[=<>≥≤≠]")


def cut(words: Words) -> list[Piece]:
    """The expression as tokens. Raises ``SegmentError``."""
    pieces = list(_pieces(words))
    for value, sign, after in zip(pieces, pieces[1:], pieces[2:], strict=False):
        _refuse_half_said_choice(value, sign, after)
    return pieces


def _refuse_half_said_choice(value: Piece, sign: Piece, after: Piece) -> None:
    """``级别=A或B`` would mean grade A or the tag B, which hardly anybody wants to send something to."""
    if sign.kind != "_OR" or not isinstance(value.term, Field) or after.term != Name(after.text):
        return
    spec = FIELDS.get(value.term.name)
    if spec and _could_be_value(after.text, spec):
        raise SegmentError(
            f"“{after.text}”也是{spec.words[0]}的话，请写 {value.text}/{after.text}；是标签就加引号：“{after.text}”。"
        )


def _could_be_value(text: str, spec: FieldSpec) -> bool:
    return spec.ops == ("=",) and spec.read is not read_text and spec.read(text) is not None


def _pieces(words: Words) -> Iterator[Piece]:
    plain, here = words.plain, 0
    while here < len(plain):
        char = plain[here]
        if char in " \n":
            here += 1
        elif char in _MARKS:
            width = 2 if plain[here : here + 2] in ("&&", "||") else 1
            yield Piece(_MARKS[char], plain[here : here + width])
            here += width
        elif found := _operator(plain, here):
            yield found
            here += len(found.text)
        else:
            end, terms = _condition(words, here)
            yield from _either(terms, words.cut(here, end).typed)
            here = end


def _operator(plain: str, here: int) -> Piece | None:
    for pattern, kind in ((_AND_WORD, "_AND"), (_OR_WORD, "_OR"), (_NOT_WORD, "_NOT")):
        if match := pattern.match(plain, here):
            return Piece(kind, match.group())
    return None


def _either(terms: list[tuple[bool, Term]], text: str) -> Iterator[Piece]:
    """``级别=A/B`` stands for both values, ``!=`` for neither."""
    negated = terms[0][0]
    if negated:
        yield Piece("_NOT", text)
    if len(terms) > 1:
        yield Piece("_LPAR", text)
    for index, (_, term) in enumerate(terms):
        if index:
            yield Piece("_OR", text)
        yield Piece("TERM", text, term)
    if len(terms) > 1:
        yield Piece("_RPAR", text)


def _condition(words: Words, here: int) -> tuple[int, list[tuple[bool, Term]]]:
    plain = words.plain
    if plain[here] == '"':
        return _quoted(words, here)
    for reader in (_comparison, _spoken):
        if found := reader(words, here):
            return found
    end = _word_end(plain, here)
    word = words.cut(here, end)
    return end, [(False, _word(word))]


def _quoted(words: Words, here: int) -> tuple[int, list[tuple[bool, Term]]]:
    close = words.plain.find('"', here + 1)
    name = tag_name(words.cut(here + 1, close).typed) if close > 0 else ""
    if not name:
        raise SegmentError(f"引号要成对，里面写名字，例如 “非常满意”。{EXAMPLES}。")
    return close + 1, [(False, Name(name))]


def _word_end(plain: str, here: int) -> int:
    stop = re.compile(f"[{_END}]").search(plain, here)
    end = stop.start() if stop else len(plain)
    inner = _INNER.search(plain, here + 1, end)
    return inner.start() if inner else end


def _comparison(words: Words, here: int) -> tuple[int, list[tuple[bool, Term]]] | None:
    match = _COMPARISON.match(words.plain, here)
    if match is None:
        return None
    name, op = FIELD_OF[match.group(1)], OP_OF[match.group(2)]
    spec = FIELDS[name]
    end, said = _value(words, match.end())
    choices = [_choice(choice, spec) for choice in re.split("[/、]", said)]
    values = [value for value in map(spec.read, choices) if value is not None]
    if len(values) != len(choices):
        if "\u4e00" <= match.group(2)[0] <= "\u9fff":
            return None  # 生日为主 may well be somebody's tag
        raise SegmentError(f"“{words.cut(here, max(end, match.end())).typed}”没看懂，例如 {spec.example}。")
    if op != "!=" and op not in spec.ops:
        raise SegmentError(f"“{match.group(1)}”不能比大小，例如 {spec.example}。")
    negated, compared = op == "!=", "=" if op == "!=" else op
    return end, [(negated, _field(name, compared, value)) for value in values]


def _choice(typed: str, spec: FieldSpec) -> str:
    """Text values stay as typed; everything else is read in the folded form."""
    return tag_name(typed) if spec.read is read_text else read(typed).plain


def _value(words: Words, start: int) -> tuple[int, str]:
    plain = words.plain
    if plain[start : start + 1] == '"':
        close = plain.find('"', start + 1)
        if close > 0:
            return close + 1, words.cut(start + 1, close).typed
    end = _word_end(plain, start) if start < len(plain) and plain[start] not in _END else start
    return end, words.cut(start, end).typed


def _field(name: str, op: str, value: str | int) -> Term:
    if name == "tag":
        return TagTerm(str(value))
    if FIELDS[name].read is read_birthday and isinstance(value, int):
        return Field(name, "<=", value)
    return Field(name, op, value)


def _spoken(words: Words, here: int) -> tuple[int, list[tuple[bool, Term]]] | None:
    """Conditions said without a comparison sign. They must end where a word ends: 头部20%人群 is a name."""
    plain = words.plain
    end = _word_end(plain, here)
    for pattern, reader in _SPOKEN:
        match = pattern.match(plain, here, end if pattern is not _BROADCAST else len(plain))
        if match and (match.end() == end or (match.end() > end and _word_end(plain, match.end() - 1) == match.end())):
            term = reader(match)
            if term is not None:
                return match.end(), [(False, term)]
    return None


def _read_limit(match: re.Match[str]) -> Term | None:
    name = FIELD_OF[match.group(1)]
    value = FIELDS[name].read(match.group(2))
    if value is None or ">" not in FIELDS[name].ops:
        return None
    return Field(name, ">=" if match.group(3) == "以上" else "<=", value)


def _read_not_bought(match: re.Match[str]) -> Term | None:
    days = read_days(match["a"] or match["b"])
    return Field("not_bought", ">=", days) if days else None


def _read_bought_within(match: re.Match[str]) -> Term | None:
    days = read_days(match.group(1))
    return Field("last_purchase", "<=", days) if days else None


def _read_born(match: re.Match[str]) -> Term | None:
    said = match.group(1)
    value = read_birthday("本月" if said in ("这个月", "当月") else said)
    return None if value is None else _field("birthday", "=", value)


def _read_spent(match: re.Match[str]) -> Term:
    return Field("spent", ">=", int(match.group(1)) * 100)


def _read_broadcast(match: re.Match[str]) -> Term:
    name = next(name for begins, name in _OF_BROADCAST.items() if match.group(1).startswith(begins))
    return Field(name, "=", int(match.group(2)))


def _read_top(match: re.Match[str]) -> Term:
    percent = read_number(match.group(1))
    if percent is None or not 1 <= percent <= 100:
        raise SegmentError(f"“{match.group()}”要在 1% 到 100% 之间，例如 头部20%。")
    return Field("top", "=", percent)


_SPOKEN: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Term | None]], ...] = (
    (_SPOKEN_LIMIT, _read_limit),
    (_NOT_BOUGHT, _read_not_bought),
    (_BOUGHT_WITHIN, _read_bought_within),
    (_BORN, _read_born),
    (_SPENT, _read_spent),
    (_BROADCAST, _read_broadcast),
    (_TOP, _read_top),
)


def _word(word: Words) -> Term:
    plain = word.lower
    if plain in CLASS_WORDS:
        return ClassTerm(CLASS_WORDS[plain])
    if plain in EVERYONE:
        return Everyone()
    if plain in FIELD_OF:
        raise SegmentError(f"“{word.typed}”后面要写值，例如 {FIELDS[FIELD_OF[plain]].example}。")
    if re.search(r"[,、;]", plain):
        raise SegmentError(f"“{word.typed[:30]}”里有几个名字：都要满足写“且”，满足一个就行写“或”，例如 VIP 或 老客。")
    if _FOREIGN.search(plain) or plain[0] == "+":
        raise SegmentError(f"不认识“{word.typed[:30]}”这个条件，{EXAMPLES}。")
    name = tag_name(word.typed)
    if not name or len(name) > NAME_LIMIT:
        raise SegmentError(f"“{word.typed[:20]}”不像名字，{EXAMPLES}。")
    return Name(name)


def is_plain_name(text: str) -> bool:
    """Whether a name read back without quotes is still this name, whatever stands before it."""
    try:
        pieces = cut(read(text))
    except SegmentError:
        return False
    alone = [piece.term for piece in pieces] == [Name(text)]
    return alone and not any(_could_be_value(text, spec) for spec in FIELDS.values())
