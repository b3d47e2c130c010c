"""By which name a playbook goes: a class, a grade, a level, or a name of the shop's own."""

from __future__ import annotations

import re

from bot.language.normalise import normalise, tag_name

N, YO, YM, VIP = "N", "Y&O", "Y&M", "VIP"
CLASSES = (N, YO, YM, VIP)
WORDS = {N: "没到过店", YO: "到过店，还没买", YM: "买过", VIP: "重点客户"}
NAME_LIMIT = 12

_SPELLINGS = {
    **dict.fromkeys(("n", "n类", "未到店", "没到店", "没到过店", "没来过", "没来过的", "新客", "新客户", "新顾客"), N),
    **dict.fromkeys(
        ("y&o", "yo", "y&o类", "o", "o类", "未消费", "没买过", "没消费", "到店没买", "到过店没买", "到店未消费"), YO
    ),
    **dict.fromkeys(
        ("y&m", "ym", "y&m类", "m", "m类", "消费过", "买过", "买过的", "老客", "老顾客", "老客户", "回头客"), YM
    ),
    **dict.fromkeys(("vip", "v", "vip类", "重点", "重点客户", "重点顾客", "贵宾", "大客户"), VIP),
}
_GRADE = re.compile(r"(?:级别|等级)[=:是为 ]*([a-df])级?|([a-df])级(?:客户|顾客)?", re.IGNORECASE)
_LEVEL = re.compile(r"跟进[=:是为 ]*([a-d])级?", re.IGNORECASE)
_JOINED = re.compile(r"[ ]*(?:[&+·、,/*×和与且]|and)[ ]*")
_ABOUT = re.compile(r"(?:的?打法|的?(?:客户|顾客|客人|人)|这类|这种|那类|的)+$")


def book_name(said: str) -> str:
    """The playbook that is meant: ``Y&O`` (yo, 到店没买), ``级别A`` (A级), ``跟进b``, else the words themselves."""
    plain = normalise(said).strip(" \"'“”.。,!?")
    plain = _ABOUT.sub("", plain) or plain
    key = _JOINED.sub("&", plain.lower())
    if key in _SPELLINGS:
        return _SPELLINGS[key]
    if match := _GRADE.fullmatch(plain):
        return f"级别{(match[1] or match[2]).upper()}"
    if match := _LEVEL.fullmatch(plain):
        return f"跟进{match[1].lower()}"
    return tag_name(plain)


def is_class(name: str) -> bool:
    return name in CLASSES


def entry_of(name: str) -> str:
    """Who belongs to a playbook by its name alone, as a segment; empty where the name does not say."""
    if name in (N, YO, YM):
        return f"{' 且 '.join(name.split('&'))} 且 非VIP"
    if name == VIP:
        return VIP
    if re.fullmatch("级别[A-DF]", name):
        return f"级别={name[-1]}"
    return f"跟进={name[-1]}" if re.fullmatch("跟进[a-d]", name) else ""
