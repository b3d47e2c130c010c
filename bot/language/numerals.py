"""Chinese numerals as people write them on a phone: 两百九十八, 三千五, 一万二, 十五."""

from __future__ import annotations

import re

_SPELLINGS = ("零〇", "一壹", "二两贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
_DIGITS = {char: value for value, chars in enumerate(_SPELLINGS) for char in chars}

NUMERAL_CHARS = "".join(_DIGITS) + "十拾百佰千仟万"

_DIGIT = "".join(_SPELLINGS[1:])
_BELOW_TEN_THOUSAND = re.compile(
    rf"(?:(?P<thousands>[{_DIGIT}])[千仟])?"
    rf"(?:零?(?P<hundreds>[{_DIGIT}])[百佰])?"
    rf"(?P<ten>零?(?P<tens>[{_DIGIT}])?[十拾])?"
    rf"(?P<gap>[零〇])?(?P<ones>[{_DIGIT}])?"
)


def read_numeral(text: str) -> int | None:
    """The whole number a Chinese numeral means, or None if it is no well-formed numeral below 100 million.

    A last digit without its unit takes the next one down, as people speak: 三千五 = 3500, 一万二 = 12000.
    """
    if text in ("零", "〇"):
        return 0
    head, wan, tail = text.partition("万")
    if not wan:
        return _below_ten_thousand(text)
    high = _below_ten_thousand(head)
    if high is None or not tail:
        return None if high is None else high * 10_000
    if _DIGITS.get(tail):
        return high * 10_000 + _DIGITS[tail] * 1000
    low = _below_ten_thousand(tail[1:] if tail[0] in _SPELLINGS[0] else tail)
    return None if low is None else high * 10_000 + low


def _below_ten_thousand(text: str) -> int | None:
    match = _BELOW_TEN_THOUSAND.fullmatch(text)
    if match is None or not text:
        return None
    above_tens = match["thousands"] or match["hundreds"]
    if match["ten"] and not match["tens"] and "零" in match["ten"]:
        return None
    if match["gap"] and not (match["ones"] and (above_tens or match["ten"])):
        return None
    tens = _DIGITS[match["tens"]] if match["tens"] else (1 if match["ten"] else 0)
    ones = _DIGITS[match["ones"]] if match["ones"] else 0
    if ones and above_tens and not match["ten"] and not match["gap"]:
        ones *= 10 if match["hundreds"] else 100
    return sum(
        (
            _DIGITS[match["thousands"] or "零"] * 1000,
            _DIGITS[match["hundreds"] or "零"] * 100,
            tens * 10,
            ones,
        )
    )
