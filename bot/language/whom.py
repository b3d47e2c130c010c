"""Who was meant: reading the words that point at a customer, and the keys by which names are found."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

from bot.language.intents import Whom
from bot.language.normalise import Words, normalise, read

_NUMBER = re.compile(r"# ?(\d{1,9})(?:号)?|(\d{1,9})号", re.ASCII)
_TAIL = re.compile(r"(?:手机)?尾号 ?(\d{4})", re.ASCII)
_PHONE = re.compile(r"(?:\+?86[ -]?)?(1\d{2})[ -]?(\d{4})[ -]?(\d{4})", re.ASCII)
_DIGITS = re.compile(r"\d{1,9}", re.ASCII)
_PRONOUNS = {
    "他",
    "她",
    "它",
    "ta",
    "上一个",
    "上一位",
    "上个",
    "刚才那个",
    "刚才那位",
    "刚刚那个",
    "这位",
    "这个客人",
    "这个顾客",
}
_LIST = r" ?[、,;] ?| [和跟与] "

# Surnames whose usual reading as an ordinary word is another one.
_SURNAMES = {
    "曾": "zeng",
    "单": "shan",
    "解": "xie",
    "仇": "qiu",
    "朴": "piao",
    "查": "zha",
    "翟": "zhai",
    "覃": "qin",
    "区": "ou",
    "卜": "bu",
    "尉": "wei",
    "缪": "miao",
    "逄": "pang",
    "谌": "chen",
    "牟": "mou",
    "晁": "chao",
    "佘": "she",
    "折": "she",
}
_LONGEST_SURNAMED = 4
# Words in names that are read otherwise than their characters one by one.
_READ_TOGETHER = {
    "尉迟": "yù chí",
    "万俟": "mò qí",
    "朝阳": "zhāo yáng",
    "重阳": "chóng yáng",
    "重庆": "chóng qìng",
    "还珠": "huán zhū",
}


@dataclass(frozen=True, slots=True)
class NameKeys:
    """A name in the letters people type instead of it: ``zhangsan`` and ``zs``. Only a–z and 0–9; may be empty."""

    pinyin: str
    initials: str


def whom(words: Words) -> Whom:
    """One customer pointed at. Bare digits are a phone (11), the end of a phone (4) or a customer number."""
    words = words.strip(' \n。!?;,、:@"')
    plain = words.plain
    if match := _NUMBER.fullmatch(plain):
        return Whom("number", str(int(match.group(1) or match.group(2))))
    if match := _TAIL.fullmatch(plain):
        return Whom("tail", match.group(1))
    if match := _PHONE.fullmatch(plain):
        return Whom("phone", "".join(match.groups()))
    if _DIGITS.fullmatch(plain):
        return Whom("tail", plain) if len(plain) == 4 else Whom("number", str(int(plain)))
    if words.lower in _PRONOUNS:
        return Whom("pronoun", plain)
    return Whom("name", words.typed)


def whoms(words: Words) -> tuple[Whom, ...]:
    """Everybody pointed at in a piece of a line, in the order said, nobody twice."""
    people = (whom(piece) for piece in words.split(_LIST))
    return tuple(dict.fromkeys(person for person in people if person.text))


def read_whom(text: str) -> tuple[Whom, ...]:
    """``小美、#12,13800138000`` → who is meant, names as typed. Empty for a text that points at nobody."""
    return whoms(read(text))


@cache
def _pinyin() -> Callable[..., list[str]]:
    # Imported at first use, a start-up cost. Its phrases would take 40 MB of every process; names need only these.
    os.environ["PYPINYIN_NO_PHRASES"] = "1"
    from pypinyin import lazy_pinyin, load_phrases_dict, load_single_dict

    load_single_dict({ord("长"): "cháng,zhǎng"})
    load_phrases_dict({word: [[syllable] for syllable in said.split()] for word, said in _READ_TOGETHER.items()})
    return lazy_pinyin


@lru_cache(maxsize=4096)
def name_keys(name: str) -> NameKeys:
    """Pinyin and initials of a name; of several readings the most common one."""
    lazy_pinyin = _pinyin()

    plain = re.sub(r"[^\w\u4e00-\u9fff ]", "", normalise(name)).lower()
    syllables: list[str] = []
    for part in re.findall(r"[a-z0-9]+|[\u3400-\u9fff]+", plain):
        syllables.extend([part] if part.isascii() else lazy_pinyin(part, errors="ignore"))
    if plain[:1] in _SURNAMES and 2 <= len(plain) <= _LONGEST_SURNAMED and not plain.startswith("尉迟"):
        syllables[0] = _SURNAMES[plain[0]]
    letters = [re.sub(r"[^a-z0-9]", "", syllable.replace("ü", "v")) for syllable in syllables]
    return NameKeys("".join(letters), "".join(piece[:1] for piece in letters))


def says_number(text: str, number: int) -> bool:
    """Whether a text speaks of the customer with this number: ``#12``, not ``#123``."""
    return re.search(rf"#{number}(?!\d)", text) is not None
