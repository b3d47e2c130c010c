"""Cleaning text: one form to understand it by, and the forms in which we keep it.

Understanding folds width, script and invisible characters away; keeping changes as little as the databases allow.
``Words`` holds both at once, so that a name can be found in the folded text and cut out of the text as typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import opencc

NAME_LIMIT = 64

_SIMPLIFIED = opencc.OpenCC("t2s")

_DROP = "\u200b"  # stands for every invisible character until the folded text is put together
_INVISIBLE = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x20E3, 0x20E3),  # the box of a keycap emoji: 3️⃣ is a plain 3
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFB),
    (0xE0000, 0xE0FFF),
)
# Blocks whose compatibility form is one ordinary character. Superscripts, circled and mathematical digits are left
# alone on purpose: 298² must not become 2982.
_WIDTH_BLOCKS = ((0xFF01, 0xFF5E), (0xFE50, 0xFE6B), (0x2E80, 0x2FD5), (0xF900, 0xFAD9), (0xFFE0, 0xFFE6))
_LOOKALIKES = {
    "\n": "\u2028\u2029\x0b\x0c\x85\r",
    " ": "\t\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "-": "\u2010\u2011\u2012\u2013\u2212\u2796",
    "+": "\u2795",
    "|": "\uffe8",
    "、": "\uff64",
    "。": "\uff61",
    '"': "\u201c\u201d\u201e\u201f\u300c\u300d\u300e\u300f",
}


def _fold_table() -> dict[int, str]:
    table: dict[int, str] = {}
    for first, last in _WIDTH_BLOCKS:
        for point in range(first, last + 1):
            form = unicodedata.normalize("NFKC", chr(point))
            if len(form) == 1:
                table[point] = form
    for plain, variants in _LOOKALIKES.items():
        table.update({ord(variant): plain for variant in variants})
    for first, last in _INVISIBLE:
        table.update(dict.fromkeys(range(first, last + 1), _DROP))
    return table


_FOLD = _fold_table()
_UNSTORABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_RAGGED = re.compile(r"\u200b|^\s|\s$|\s\s")


def _unstorable(match: re.Match[str]) -> str:
    char = match.group()
    if char == "\t":
        return " "
    return "\n" if char in "\r\x0b\x0c\x85" else ""


def stored(text: str, limit: int | None = None) -> str:
    """The text as typed, made safe to keep: NFC, no NUL, no lone surrogates, no control characters but ``\\n``.

    ``limit`` cuts to that many characters. PostgreSQL refuses NUL and surrogates, so they never get as far.
    """
    kept = _UNSTORABLE.sub(_unstorable, text.replace("\r\n", "\n"))
    kept = unicodedata.normalize("NFC", kept)
    return kept if limit is None else kept[:limit]


def tag_name(text: str) -> str:
    """A tag's name as the tag book keeps it: NFKC, no invisible or control characters, single spaces."""
    folded = unicodedata.normalize("NFKC", stored(text))
    visible = "".join(char if char != "\n" else " " for char in folded if char == "\n" or not _is_unseen(char))
    return unicodedata.normalize("NFKC", " ".join(visible.split()))


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in ("Cf", "Cc", "Cs")


_TURNING = r"[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
_EMOJI = (
    r"\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u27bf\u2900-\u2bff\u3030\u303d\u3297\u3299"
    r"\U0001f000-\U0001faff"
)
# Joiners, selectors and tags make one emoji of several signs; anywhere else they only hide a name from who looks for it.
_HIDING = re.compile(
    rf"{_TURNING}|[\u200c\u200d](?![{_EMOJI}])|(?<![{_EMOJI}\ufe0f])[\u200c\u200d]"
    r"|[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufff9-\ufffb]"
    rf"|(?<![{_EMOJI}\U000e0020-\U000e007f])[\ufe00-\ufe0f\U000e0000-\U000e0fff](?!\u20e3)"
)


def display_name(text: str, limit: int = NAME_LIMIT) -> tuple[str, bool]:
    """A person's name on one line, without characters that turn or hide the text around it; and whether it was cut.

    Joiners inside emoji stay. A name that shows nothing at all comes back empty.
    """
    name = " ".join(_HIDING.sub("", stored(text)).split())
    if all(ord(char) in _FOLD and _FOLD[ord(char)] in (_DROP, " ") for char in name):
        return "", False
    name = unicodedata.normalize("NFC", name)
    if len(name) <= limit:
        return name, False
    return name[:limit].rstrip(" \u200d"), True


def _simplified(text: str) -> str:
    """Simplified characters, one for one, until nothing changes (a few results are themselves convertible)."""
    for _ in range(3):
        changed = _SIMPLIFIED.convert(text)
        if changed == text:
            break
        # The dictionary could grow a phrase of another length; positions must keep pointing into the typed text.
        text = changed if len(changed) == len(text) else "".join(map(_one_simplified, text))
    return text


def _one_simplified(char: str) -> str:
    changed: str = _SIMPLIFIED.convert(char)
    return changed if len(changed) == 1 else char


def _tidy(folded: str) -> tuple[str, tuple[int, ...]]:
    """Drops invisible characters and extra white space; also where each remaining character stood."""
    chars: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(folded):
        if char == _DROP:
            continue
        if char in " \n" and (not chars or chars[-1] in " \n"):
            if chars and char == "\n":
                chars[-1] = "\n"
            continue
        chars.append(char)
        origin.append(index)
    while chars and chars[-1] in " \n":
        chars.pop()
        origin.pop()
    return "".join(chars), tuple(origin)


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of a line, seen twice: ``plain`` (folded, to understand) and ``typed`` (to keep).

    Cut it with slices of ``plain`` positions; the typed text follows.
    """

    _folded: str
    _source: str
    _origin: tuple[int, ...] | None
    start: int
    end: int

    @property
    def plain(self) -> str:
        return self._folded[self.start : self.end]

    @property
    def typed(self) -> str:
        if self.start >= self.end:
            return ""
        if self._origin is None:
            return self._source[self.start : self.end].strip()
        last = self._origin[self.end] if self.end < len(self._origin) else len(self._source)
        return self._source[self._origin[self.start] : last].strip()

    @property
    def lower(self) -> str:
        """``plain`` in lower case; positions stay the same."""
        plain = self.plain
        lowered = plain.lower()
        # A few letters become two (İ); nearly no line has one, and the table takes ten times as long.
        return lowered if len(lowered) == len(plain) else plain.translate(_ASCII_LOWER)

    def __len__(self) -> int:
        return self.end - self.start

    def __bool__(self) -> bool:
        return self.end > self.start

    def cut(self, start: int, end: int | None = None) -> Words:
        """The piece between two positions of ``plain``, without white space at its edges."""
        size = self.end - self.start
        first = self.start + min(start, size)
        last = self.start + (size if end is None else min(end, size))
        folded = self._folded
        while first < last and folded[first] in " \n":
            first += 1
        while last > first and folded[last - 1] in " \n":
            last -= 1
        return Words(folded, self._source, self._origin, first, last)

    def through(self, last: Words) -> Words:
        """From the beginning of this piece to the end of a later piece of the same line."""
        return Words(self._folded, self._source, self._origin, self.start, last.end)

    def strip(self, chars: str = " \n") -> Words:
        start, end = self.start, self.end
        while start < end and self._folded[start] in chars:
            start += 1
        while end > start and self._folded[end - 1] in chars:
            end -= 1
        return Words(self._folded, self._source, self._origin, start, end)

    def split(self, separators: str = r"[ \n]+") -> list[Words]:
        """The non-empty pieces between matches of a pattern."""
        return list(self._pieces(separators))

    def _pieces(self, separators: str) -> Iterator[Words]:
        here = 0
        for match in re.finditer(separators, self.plain):
            if piece := self.cut(here, match.start()):
                yield piece
            here = match.end()
        if piece := self.cut(here):
            yield piece

    def group(self, match: re.Match[str], name: str | int) -> Words:
        """The piece a group of a match on ``plain`` (or ``lower``) covers; empty if it took no part."""
        start, end = match.span(name)
        return self.cut(0, 0) if start < 0 else self.cut(start, end)


# Marks of mood around a word: punctuation, WeChat's own [微笑], emoji.
_MARK = r"[ \n。.!?~…,;:、\"^*·—]|\[[^\[\] \n]{1,6}\]"
_MOOD = rf"(?:{_MARK}|[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff])"
_MOOD_BEFORE, _MOOD_AFTER = re.compile(f"{_MOOD}+"), re.compile(f"{_MOOD}+$")
_MARKS_BEFORE, _MARKS_AFTER = re.compile(f"(?:{_MARK})+"), re.compile(f"(?:{_MARK})+$")


def without_mood(words: Words) -> Words:
    """A piece of a line without punctuation and emoji at its edges: 退订🙏 and 今日! mean 退订 and 今日."""
    return _stripped(words, _MOOD_BEFORE, _MOOD_AFTER)


def without_marks(words: Words) -> Words:
    """As ``without_mood``, for what may end in an emoji of its own: the 🌸 of 我叫小美🌸 stays, a ! after it does not."""
    return _stripped(words, _MARKS_BEFORE, _MARKS_AFTER)


def _stripped(words: Words, leading: re.Pattern[str], trailing: re.Pattern[str]) -> Words:
    before = leading.match(words.plain)
    rest = words.cut(before.end() if before else 0)
    # Looked for near the end only: the pattern tries every position, and a long text has many.
    tail = max(len(rest) - 64, 0)
    after = trailing.search(rest.plain, tail)
    return rest.cut(0, after.start()) if after else rest


_LEAD = re.compile(r"(?:[/:。.!~>·\-—*](?!\d)|#(?! ?\d)|[\u2600-\u27bf\U0001f000-\U0001faff]|[ \n])+")
_EMOJI_SIGN = r"[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
# An emoji glued to a word belongs to it (小美🌸), after a space or a number it is a mood.
_FAREWELL = re.compile(
    r"(?:[ ,!。~]+(?:谢谢(?:你|您|啦|了)?|多谢|麻烦了|吧|呢|哦|哈|啊|呀|啦|一下|thx|thanks)|[。.!?~…,; \n]"
    rf"|(?<=[\d。.!?~…,; ]){_EMOJI_SIGN}+)+$",
    re.ASCII,
)


def without_lead(line: Words) -> Words:
    """A line without what may stand before a verb: / : # (but not the # of a customer's number) and ornaments."""
    lead = _LEAD.match(line.plain)
    rest = line.cut(lead.end()) if lead else line
    return rest if rest else line


def without_farewell(words: Words) -> Words:
    """A piece of a line without thanks, particles and marks of mood at its end: 消费 小美 298 谢谢🙏."""
    end = _FAREWELL.search(words.plain, max(len(words) - 64, 0))
    return words.cut(0, end.start()) if end else words


_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def read(text: str) -> Words:
    """A line in both readings. Never fails, whatever the text."""
    source = stored(text)
    folded = _simplified(source.translate(_FOLD))
    if _RAGGED.search(folded) is None:
        return Words(folded, source, None, 0, len(folded))
    tidy, origin = _tidy(folded)
    return Words(tidy, source, origin, 0, len(tidy))


def normalise(text: str) -> str:
    """The text as it is understood: ASCII width, Simplified characters, single spaces, nothing invisible."""
    plain = read(text).plain
    # Dropping an invisible character can bring a letter and its accent together, so this may need another round.
    while (again := read(plain).plain) != plain:
        plain = again
    return plain
