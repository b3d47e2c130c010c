"""The single conditions of a segment: what can be said of a customer, how it is spelt and how it is explained."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.errors import Refusal
from bot.language.money import MoneyError, read_money
from bot.language.numerals import NUMERAL_CHARS, read_numeral

EXAMPLES = "例如：VIP、老客 且 未消费60天、Y & 级别=A、消费额>500"
NAME_LIMIT = 64


class SegmentError(Refusal):
    """The expression cannot be read; the sentence names the bad part and shows an example."""


@dataclass(frozen=True, slots=True)
class Everyone:
    """``全部``."""


@dataclass(frozen=True, slots=True)
class ClassTerm:
    code: Literal["N", "Y", "O", "M", "VIP"]


@dataclass(frozen=True, slots=True)
class Name:
    """A plain word: a tag or a saved segment. ``text`` as ``tag_name`` makes it."""

    text: str


@dataclass(frozen=True, slots=True)
class TagTerm:
    """``标签=X``: surely a tag."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """One fact compared with a value. ``name`` is one of ``FIELDS``; ``op`` one of ``= > >= < <=``.

    Values: ``grade`` S–F, ``follow_up`` a–d, ``stage`` 1–4, ``sex`` 男/女, ``city``, ``channel`` and ``account`` text,
    ``spent`` fen, ``purchases`` and ``points`` counts, ``last_purchase``, ``last_contact`` and ``not_bought`` days
    (``not_bought >= 60``: no purchase in 60 days, also by who never bought), ``birthday`` and ``anniversary`` (of the first
    purchase) ``month`` or ``today`` with ``=`` and days ahead with ``<=``, ``top`` percent by spend, and the number of a
    broadcast for ``sent`` (got it, or may have), ``replied``, ``silent`` (got it and said nothing), ``failed`` and
    ``retry`` (failed, and may go well now).
    """

    name: str
    op: str
    value: str | int


Term: TypeAlias = "Everyone | ClassTerm | Name | TagTerm | Field"


CLASS_WORDS: dict[str, Literal["N", "Y", "O", "M", "VIP"]] = {
    **dict.fromkeys(
        ("n", "未到店", "没到店", "没到过店", "未到过店", "没来过", "没到店的", "没来过的", "未到店的"), "N"
    ),
    **dict.fromkeys(("y", "到店", "到过店", "已到店", "来过", "到过店的", "来过的", "到店的"), "Y"),
    **dict.fromkeys(("o", "未消费", "没消费", "未消费过", "没消费过", "没买过", "未购买", "没买过的", "没消费的"), "O"),
    **dict.fromkeys(("m", "消费过", "已消费", "买过", "已购买", "买过的", "消费过的"), "M"),
    **dict.fromkeys(("vip", "重点客户", "重点顾客", "贵宾", "vip客户", "vip顾客"), "VIP"),
}
_CLASS_CHINESE = {"N": "未到店", "Y": "到店", "O": "未消费", "M": "消费过", "VIP": "VIP"}
EVERYONE = {"全部", "所有", "所有人", "全体", "全部客户", "全部顾客", "所有客户", "所有顾客", "all"}

_OPS = {
    "=": "== = : 等于 是 为",
    "!=": "!= ≠ <> 不等于 不是",
    ">=": ">= ≥ => 大于等于 不少于 不低于 至少",
    "<=": "<= ≤ =< 小于等于 不超过 不多于 至多",
    ">": "> 大于 超过 多于 高于",
    "<": "< 小于 少于 低于 不到",
}
OP_OF = {spelling: op for op, spellings in _OPS.items() for spelling in spellings.split()}
OP = "|".join(re.escape(spelling) for spelling in sorted(OP_OF, key=len, reverse=True))
_COMPARE = ("=", ">", ">=", "<", "<=")
_EQUAL = ("=",)
NUMBER = rf"(?:\d{{1,9}}|[{NUMERAL_CHARS}]{{1,9}})"
_SPAN = {"天": 1, "日": 1, "周": 7, "星期": 7, "个星期": 7, "个月": 30, "月": 30, "年": 365}
SPAN_WORD = "|".join(sorted(_SPAN, key=len, reverse=True))


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """How one field is written: its words (the first is ours), operators, reader of values, spelling and an example."""

    words: tuple[str, ...]
    ops: tuple[str, ...]
    read: Callable[[str], str | int | None]
    example: str
    unit: str = ""


def read_number(text: str) -> int | None:
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return int(text)
    return read_numeral(text)


def _count(text: str) -> int | None:
    return read_number(text.strip().rstrip("次分"))


def _fen(text: str) -> int | None:
    if re.fullmatch(r"0元?", text):
        return 0
    try:
        return read_money(text)
    except MoneyError:
        return None


def read_days(text: str) -> int | None:
    match = re.fullmatch(rf"({NUMBER}) ?({SPAN_WORD})?", text, re.ASCII)
    number = read_number(match.group(1)) if match else None
    if match is None or number is None or number > 9999:
        return None
    return number * _SPAN[match.group(2) or "天"]


def read_birthday(text: str) -> str | int | None:
    fixed = {"本月": "month", "这个月": "month", "当月": "month", "今天": "today", "今日": "today", "当天": "today"}
    within = text.removesuffix("以内").removesuffix("之内").removesuffix("内")
    return fixed.get(text, read_days(within) if within != text else None)


def _one_of(choices: str, fold: Callable[[str], str]) -> Callable[[str], str | None]:
    return lambda text: fold(text) if len(text) == 1 and fold(text) in choices else None


def _stage(text: str) -> int | None:
    place = max("①②③④".find(text), "1234".find(text), "一二三四".find(text)) if len(text) == 1 else -1
    return None if place < 0 else place + 1


def read_text(text: str) -> str | None:
    return text if 0 < len(text) <= NAME_LIMIT and not re.search(r"[=<>≥≤≠,;]", text) else None


FIELDS: dict[str, FieldSpec] = {
    "grade": FieldSpec(("级别", "等级", "客户级别"), _EQUAL, _one_of("SABCDF", str.upper), "级别=A"),
    "follow_up": FieldSpec(("跟进", "跟进级别"), _EQUAL, _one_of("abcd", str.lower), "跟进=b"),
    "stage": FieldSpec(("阶段", "成交阶段"), _EQUAL, _stage, "阶段=③"),
    "sex": FieldSpec(("性别",), _EQUAL, _one_of("男女", str), "性别=女"),
    "city": FieldSpec(("城市", "地区"), _EQUAL, read_text, "城市=北京"),
    "channel": FieldSpec(("渠道", "来源"), _EQUAL, read_text, "渠道=门店海报"),
    "account": FieldSpec(("账号", "帐号"), _EQUAL, read_text, "账号=corp"),
    "tag": FieldSpec(("标签",), _EQUAL, read_text, "标签=节日"),
    "spent": FieldSpec(("消费额", "消费金额", "累计消费", "总消费"), _COMPARE, _fen, "消费额>500"),
    "purchases": FieldSpec(("消费次数", "购买次数"), _COMPARE, _count, "消费次数>=3"),
    "last_purchase": FieldSpec(("最近消费", "上次消费", "最近购买"), _COMPARE, read_days, "最近消费<30天", "天"),
    "last_contact": FieldSpec(("最近联系", "上次联系"), _COMPARE, read_days, "最近联系>14天", "天"),
    "points": FieldSpec(("积分",), _COMPARE, _count, "积分>100"),
    "birthday": FieldSpec(("生日",), _EQUAL, read_birthday, "生日=本月"),
    "anniversary": FieldSpec(("首购周年", "首购日", "购买周年"), _EQUAL, read_birthday, "首购周年=7天内"),
}
FIELD_OF = {word: name for name, spec in FIELDS.items() for word in spec.words}
FIELD_WORD = "|".join(sorted(FIELD_OF, key=len, reverse=True))


def spell(term: Term) -> str:
    """One condition in its regular spelling; a name in quotes."""
    match term:
        case Everyone():
            return "全部"
        case ClassTerm(code):
            return code
        case TagTerm(name):
            return f"标签=“{name}”"
        case Name(text):
            return f"“{text}”"
        case Field(name, op, value):
            return _spell_field(name, op, value)


def _spell_field(name: str, op: str, value: str | int) -> str:
    if name == "not_bought":
        return f"未消费{value}天"
    if name in _OF_BROADCAST:
        return f"{_OF_BROADCAST[name]}{value}"
    if name == "top":
        return f"头部{value}%"
    spec = FIELDS[name]
    if spec.read is read_birthday:
        return f"{spec.words[0]}={ {'month': '本月', 'today': '今天'}.get(str(value)) or f'{value}天内' }"
    if spec.read is read_text:
        return f"{spec.words[0]}=“{value}”"
    if name == "spent":
        yuan, fen = divmod(int(value), 100)
        return f"{spec.words[0]}{op}{yuan}" + (f".{fen:02}" if fen else "")
    if name == "stage":
        return f"{spec.words[0]}={'①②③④'[int(value) - 1]}"
    return f"{spec.words[0]}{op}{value}{spec.unit}"


_OF_BROADCAST = {
    "sent": "收到过",
    "replied": "回复过",
    "silent": "没回复",
    "failed": "没发成",
    "retry": "可重发",
}
_OP_CHINESE = {"=": "等于", ">": "超过", ">=": "至少", "<": "不到", "<=": "最多"}
_PHRASES = {
    "grade": "级别是{}的",
    "follow_up": "跟进级别是{}的",
    "sex": "性别是{}的",
    "city": "在“{}”的",
    "channel": "从“{}”来的",
    "account": "在账号“{}”的",
    "sent": "收到过群发{}的",
    "replied": "回复过群发{}的",
    "silent": "收到过群发{}、没回复的",
    "failed": "群发{}没发成的",
    "retry": "群发{}没发成、现在可能发得成的",
    "top": "消费最多的前{}%",
    "not_bought": "{}天没消费的",
}


def explain(term: Term) -> str:
    """One condition in plain Chinese."""
    match term:
        case Everyone():
            return "全部顾客"
        case ClassTerm(code):
            return f"{_CLASS_CHINESE[code]}的" if code != "VIP" else "VIP"
        case TagTerm(name):
            return f"有标签“{name}”的"
        case Name(text):
            return f"“{text}”"
        case Field(name, op, value):
            return _explain_field(name, op, value)


def _explain_field(name: str, op: str, value: str | int) -> str:
    if name in _PHRASES:
        return _PHRASES[name].format(value)
    if name == "stage":
        return f"阶段在{'①②③④'[int(value) - 1]}的"
    if FIELDS[name].read is read_birthday:
        when = {"month": "本月", "today": "今天"}.get(str(value)) or f"{value}天内"
        return f"{when}{'生日' if name == 'birthday' else '满首购周年'}的"
    compared = _OP_CHINESE[op]
    if name == "spent":
        yuan, fen = divmod(int(value), 100)
        return f"消费额{compared}{yuan}{f'.{fen:02}' if fen else ''}元的"
    if name == "purchases":
        return f"消费{compared}{value}次的"
    if name == "points":
        return f"积分{compared}{value}的"
    return f"距上次{'消费' if name == 'last_purchase' else '联系'}{compared}{value}天的"
