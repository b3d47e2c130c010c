"""Amounts of money as people type them, read into integer fen and shown again."""

from __future__ import annotations

import re
import unicodedata

from bot.errors import Refusal
from bot.language.normalise import Words, normalise
from bot.language.numerals import NUMERAL_CHARS, read_numeral

CAP_FEN = 100_000_000  # one million yuan

_EXAMPLE = "例如 298、298.50、298元、1.2万"
_SIGN = r"(?:¥|rmb|cny|人民币)"
_UNIT = r"(?:元|块|圆)"
_SIGN_BEHIND = r"(?:rmb|cny|人民币)"  # 298rmb
_WHOLE = r"(?:[1-9]\d{0,2}(?:,\d{3})+|0|[1-9]\d*)"
_COIN = r"[1-9一二两三四五六七八九]"
_TIMES = {"": 1, "百": 100, "千": 1000, "k": 1000, "万": 10_000, "w": 10_000}
# A number before one of these counts things: 2件 is two pieces, not two yuan.
_COUNTED = "件个条双套只支枝瓶盒罐袋包杯份次张片斤克箱台对把束朵本顶串组位人名号码岁天月年日周点时分%寸米折"

_ARABIC = re.compile(
    rf"{_SIGN}? ?(?P<whole>{_WHOLE})(?:\.(?P<part>\d+))?(?: ?(?P<times>[百千万kw])(?P<next>[1-9])?)?"
    rf" ?(?P<tail>(?:{_UNIT}|{_SIGN_BEHIND}).*)?",
    re.ASCII,
)
_CHINESE = re.compile(rf"{_SIGN}? ?(?P<whole>[{NUMERAL_CHARS}]+) ?(?P<tail>(?:{_UNIT}|{_SIGN_BEHIND}).*)?")
_JIAO = re.compile(r"(?P<jiao>[1-9一二两三四五六七八九])[毛角](?:钱|整)?")
_TAIL = re.compile(rf"{_SIGN_BEHIND}|{_UNIT}(?P<jiao>{_COIN})?[毛角]?(?:钱|整)?", re.ASCII)

# What an amount looks like from afar. It is judged by ``read_money``, so that 298.555 and -5 are refused as amounts
# instead of being taken for something else.
_AFTER_UNIT = rf"(?:{_COIN}(?![\d{_COUNTED}])[毛角]?)?(?:钱|整)?"
_WITH_UNIT = rf" ?(?:{_UNIT}{_AFTER_UNIT}|{_SIGN_BEHIND}(?![a-z\d]))"
_CANDIDATE = re.compile(
    rf"(?P<jiao>{_COIN}[毛角](?:钱|整)?)(?![巾\u4e00-\u9fff])|"
    rf"{_SIGN}? ?-?\d(?:[\d.,]*\d)?(?: ?(?:[百千万]|[kw](?![a-z]))\d?)?(?P<unit>{_WITH_UNIT})?"
    rf"|{_SIGN}? ?[{NUMERAL_CHARS}]+(?:(?P<chinese_unit>{_WITH_UNIT})|(?=[ \n]|$))",
    re.ASCII,
)
_MONEY_SHAPED = re.compile(rf"[-+]?{_SIGN}?[-+]?\d|[-+]|nan|inf", re.ASCII)
_COUNT = re.compile(rf"\d+[{_COUNTED}]", re.ASCII)


class MoneyError(Refusal):
    """What was said is no amount we may use; the sentence names the limit and an example."""


def read_money(text: str, *, cap_fen: int = CAP_FEN) -> int:
    """The amount in fen, from 1 to ``cap_fen``. Raises ``MoneyError``.

    Takes 298, 298元, 298块5, ¥298.00, full-width digits, 两百九十八, 1.2万, 1,280. The pattern knows ASCII digits only:
    the decimal type would also take NaN, 1e9 and the digits of other scripts.
    """
    said = normalise(text)
    fen = _fen(said.lower())
    if fen is None:
        raise MoneyError(_complaint(said))
    if fen <= 0:
        raise MoneyError(f"金额要大于 0，{_EXAMPLE}。")
    if fen > cap_fen:
        raise MoneyError(f"金额“{said[:20]}”太大了，一次最多 {show_money(cap_fen)}，{_EXAMPLE}。")
    return fen


def _fen(said: str) -> int | None:
    if match := _ARABIC.fullmatch(said):
        return _arabic_fen(match)
    if match := _JIAO.fullmatch(said):
        return _tail_fen(f"元{match['jiao']}")
    if match := _CHINESE.fullmatch(said):
        yuan, extra = read_numeral(match["whole"]), _tail_fen(match["tail"])
        return None if yuan is None or extra is None else yuan * 100 + extra
    return None


def _arabic_fen(match: re.Match[str]) -> int | None:
    part, times, extra = match["part"] or "", _TIMES[match["times"] or ""], _tail_fen(match["tail"])
    if extra is None or len(match["whole"]) > 15 or len(part) > (2 if times == 1 else 8):
        return None
    if (extra and (part or times > 1)) or (part and match["next"]):
        return None  # 298.5块5 and 1.2万3 say the same place twice
    fen, rest = divmod(int(match["whole"].replace(",", "") + part) * times * 100, 10 ** len(part))
    return None if rest else fen + int(match["next"] or 0) * times * 10 + extra


def _tail_fen(tail: str | None) -> int | None:
    """298块5 → 50 fen for what follows the number; None if it is no part of an amount."""
    if not tail:
        return 0
    match = _TAIL.fullmatch(tail)
    if match is None:
        return None
    coin = match["jiao"] or "0"
    return 10 * (int(coin) if coin.isascii() else read_numeral(coin) or 0)


def _complaint(said: str) -> str:
    shown = said[:20]
    number = said.lower().lstrip("¥").removesuffix("元")
    if not said:
        return f"没写金额，{_EXAMPLE}。"
    if number.startswith("-"):
        return f"金额要大于 0，{_EXAMPLE}。"
    if re.fullmatch(r"[\d,]+\.\d{3,}", number, re.ASCII):
        return f"金额最多两位小数（到分），“{shown}”不行，{_EXAMPLE}。"
    if _has_foreign_digit(said):
        return f"金额请用普通数字，“{shown}”不认得，{_EXAMPLE}。"
    if re.fullmatch(r"[1-9]\d{15,}", number, re.ASCII):
        return f"金额“{shown}…”太大了，{_EXAMPLE}。"
    return f"没看懂金额“{shown}”，{_EXAMPLE}。"


def _has_foreign_digit(text: str) -> bool:
    return any(unicodedata.digit(char, None) is not None and not char.isascii() for char in text)


def show_money(fen: int) -> str:
    """``298元`` or ``298.50元``."""
    yuan, rest = divmod(abs(fen), 100)
    sign = "-" if fen < 0 else ""
    return f"{sign}{yuan}.{rest:02}元" if rest else f"{sign}{yuan}元"


def take_money(words: Words) -> tuple[Words, Words] | None:
    """The amount a piece of a line begins with and what follows it, or None.

    The amount is not judged yet. Text may follow without a space (298连衣裙) unless it makes another word of it: a
    measure (2件) or letters (1e9, 12A).
    """
    match = _CANDIDATE.match(words.lower)
    if match is None:
        return None
    rest = words.plain[match.end() :]
    if rest and not _may_follow(rest, has_unit=bool(match["unit"] or match["chinese_unit"] or match["jiao"])):
        return None
    return words.cut(0, match.end()), words.cut(match.end())


_SPELT = re.compile(
    rf"(?:[一二两三四五六七八九][十百千][{NUMERAL_CHARS}]*|十[一二三四五六七八九])(?=[\u4e00-\u9fff])(?![{_COUNTED}节])"
)


def take_spelt_money(words: Words) -> tuple[Words, Words] | None:
    """An amount in words with the goods glued to it (五十八围巾), or None.

    For a line that says no other amount: 三八节礼盒 and 百褶裙 are goods, and so is 五十度灰 beside a number.
    """
    match = _SPELT.match(words.plain)
    if match is None or read_numeral(match.group()) is None:
        return None
    return words.cut(0, match.end()), words.cut(match.end())


def _may_follow(rest: str, *, has_unit: bool) -> bool:
    if rest[0] in ' \n,、;。!?()"':
        return True
    if has_unit:
        return not rest[0].isdigit() or _COUNT.match(rest) is not None
    return "\u4e00" <= rest[0] <= "\u9fff" and rest[0] not in _COUNTED + NUMERAL_CHARS


def looks_like_money(words: Words) -> bool:
    """Whether a word was meant as an amount although it is none: 1e9, NaN, digits of another script."""
    if _has_foreign_digit(words.plain):
        return True
    return _MONEY_SHAPED.match(words.lower) is not None and _COUNT.match(words.plain) is None
