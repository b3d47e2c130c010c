"""What a line without a known verb may have meant: forms to offer, never to carry out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from rapidfuzz import fuzz, process

from bot.language.homophones import sounds
from bot.language.normalise import Words
from bot.language.verbs import Unclear, Verb
from bot.language.whom import name_keys

MOST_OFFERED = 3
_LONGEST_ECHO = 60  # a longer line is offered as the bare form: the answer is read on a phone
_ALIKE = 50  # of two characters one is right
_ALIKE_LONG = 60


class Nearest:
    """Looks up verbs by sound and by spelling. Built once from the table of verbs."""

    def __init__(self, verbs: Sequence[Verb]) -> None:
        self._single = {word: verb for verb in verbs for word in verb.words if verb.forms and len(word) == 1}
        self._verbs = {word: verb for verb in verbs for word in verb.words if verb.forms and len(word) > 1}
        self._by_sound: dict[tuple[str, ...], str] = {}
        self._by_length: dict[int, list[str]] = {}
        for word in self._verbs:
            self._by_sound.setdefault(sounds(word), word)
            self._by_length.setdefault(len(word), []).append(word)

    def forms(self, line: Words) -> tuple[str, ...]:
        """Up to three lines to offer, best first; the words after the verb are kept where they surely fit."""
        offers = self._one_character(line) or self._in_letters(line)
        for word, length in self._sounding(line.lower):
            verb = self._verbs[word]
            offers.setdefault(verb.words[0], self._corrected(line, verb, length))
        for word in self._spelt(line.lower):
            offers.setdefault(self._verbs[word].words[0], self._verbs[word].forms[0])
        return tuple(offers.values())[:MOST_OFFERED] or _about_somebody(line)

    def _one_character(self, line: Words) -> dict[str, str]:
        """For a first word of one character: the verb that sounds like it (差 小美), then those it begins (消 小美 298)."""
        if not re.match(r"[\u3400-\u9fff](?: |$)", line.plain):
            return {}
        sound = sounds(line.plain[0])
        verbs = [verb for word, verb in self._single.items() if sounds(word) == sound]
        verbs += [verb for word, verb in self._verbs.items() if word[0] == line.plain[0]]
        verbs += [verb for word, verb in self._verbs.items() if sounds(word[0]) == sound]
        return {verb.words[0]: self._corrected(line, verb, 1) for verb in verbs}

    def _in_letters(self, line: Words) -> dict[str, str]:
        """For a first word in pinyin or its initials: xiaofei 小美 298, qf 老客 用 到店礼A."""
        letters = re.match(r"[a-z]{2,20}(?=[ \n:,]|[\u3400-\u9fff]|$)", line.lower)
        word = letters and self._by_letters.get(letters.group())
        if not letters or not word:
            return {}
        verb = (self._single | self._verbs)[word]
        return {verb.words[0]: self._corrected(line, verb, letters.end())}

    @cached_property
    def _by_letters(self) -> dict[str, str]:
        """Verbs by pinyin, then by initials. Only for a line that needs it: the dictionary of sounds takes 80 ms."""
        keys = {word: name_keys(word) for word in (*self._single, *self._verbs) if not word.isascii()}
        initials = {key.initials: word for word, key in reversed(keys.items()) if len(word) > 1}
        return initials | {key.pinyin: word for word, key in reversed(keys.items())}

    def _sounding(self, plain: str) -> list[tuple[str, int]]:
        """Verbs that sound like the beginning of the line, or have its characters turned round (发群)."""
        return [
            (self._by_sound[key], length)
            for length in (4, 3, 2)
            if len(plain) >= length
            for key in (sounds(plain[:length]), sounds(plain[:length][::-1]))
            if key in self._by_sound
        ]

    def _spelt(self, plain: str) -> list[str]:
        token = re.split(r"[ \n,:]", plain, maxsplit=1)[0][:8]
        found: list[tuple[float, str]] = []
        for length in range(2, min(len(token), 5) + 1):
            words = self._by_length.get(length, ())
            cutoff = _ALIKE if length == 2 else _ALIKE_LONG
            best = process.extract(token[:length], words, scorer=fuzz.ratio, limit=2, score_cutoff=cutoff)
            # A slip leaves most characters where they are: 级别 is no misspelt 别退.
            kept = [(word, score) for word, score, _ in best if _in_place(word, token) * 2 >= length]
            found.extend((score + length, word) for word, score in kept)
        return [word for _, word in sorted(found, key=lambda entry: -entry[0])]

    def _corrected(self, line: Words, verb: Verb, length: int) -> str:
        rest = line.cut(length)
        if not rest or len(rest) > _LONGEST_ECHO:
            return verb.forms[0]
        return f"{verb.words[0]} {rest.typed}"


def _in_place(word: str, token: str) -> int:
    return sum(one == other for one, other in zip(word, token, strict=False))


def pasted(line: Words) -> Unclear:
    """What to say to a text that was pasted and is no command: it is offered to be kept, never kept by itself."""
    text = " ".join(line.typed.split())
    kept = text if len(text) <= _LONGEST_ECHO else "…"
    phone = re.search(r"(?<!\d)1\d{10}(?!\d)", line.plain, re.ASCII)
    whom = phone.group() if phone else "小美"
    looked_up = (f"查 {phone.group()}",) if phone else ()
    return Unclear("像是贴来的收货资料，没有记。要记下来，请换成是哪位顾客。", f"备注 {whom} {kept}", *looked_up)


def _about_somebody(line: Words) -> tuple[str, ...]:
    """A short word alone is most likely somebody's name, a pasted text something to write down."""
    paid = re.search(r"¥ ?\d[\d.,]*|\d[\d.,]*(?= ?元)", line.plain, re.ASCII)
    if paid:
        return (f"消费 小美 {paid.group().strip('¥ ,.')}", "备注 小美 …")
    if named := re.fullmatch(
        r"(?P<name>[^\d ]{1,4}) ?(?P<yuan>[1-9][\d.]{0,8})(?P<goods> ?[^\d ]{0,20})", line.plain, re.ASCII
    ):
        return (f"消费 {named['name']} {named['yuan']}{named['goods']}", f"查 {named['name']}")
    if tagged := re.fullmatch(r"(?P<name>[^ ]{1,10}) (?:是 ?)?(?P<tag>[^ \d是][^ \d]{0,7})", line.plain, re.ASCII):
        return (f"{tagged['name']} +{tagged['tag']}", f"查 {tagged['name']}")
    if known := re.fullmatch(r"(?P<name>[^\d ]{1,10}) ?(?P<phone>1\d{10})", line.plain, re.ASCII):
        return (f"查 {known['phone']}", f"新客 {known['name']} {known['phone']}")
    if re.fullmatch(r"#?[\w·-]{1,12}|1[\d -]{10,14}", line.plain):
        return (f"查 {line.typed}",)
    return ("备注 小美 …", "帮助")
