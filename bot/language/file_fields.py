"""The fields of a customer's file: what they are called, how one is read, and which are typed rather than told."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from bot.language.days import TimeError, take_calendar_day
from bot.language.file_intents import Birth
from bot.language.normalise import Words, display_name, read
from bot.language.verbs import Unclear

OLDEST = 120
TOLD_LIMIT, ADDRESS_LIMIT, DESCRIPTION_LIMIT = 100, 100, 200


@dataclass(frozen=True, slots=True)
class FileField:
    """``words``: ways to name it, ours first. ``part``: where it counts in the score, empty = nowhere.

    ``ask``: what to ask a customer for it, in words staff can say. ``limit``: characters of a told (free) text, 0 = the
    value is read strictly.
    """

    name: str
    words: tuple[str, ...]
    part: Literal["basic", "personal", ""]
    ask: str = ""
    limit: int = 0


# In the order in which a missing one is worth asking for.
FIELDS: tuple[FileField, ...] = (
    FileField("name", ("名字", "姓名", "称呼"), "basic", "怎么称呼"),
    FileField("phone", ("电话", "手机号", "手机", "联系电话", "电话号码", "手机号码"), "basic", "方便留个电话吗"),
    FileField("birth", ("生日", "出生日期", "出生"), "basic", "生日是哪天（阳历还是农历）"),
    FileField("leisure", ("爱好", "兴趣", "休闲", "兴趣爱好"), "personal", "平时喜欢做什么", TOLD_LIMIT),
    FileField(
        "dressing", ("穿衣", "穿着", "风格", "穿衣品味", "穿衣风格"), "personal", "喜欢什么风格、颜色", TOLD_LIMIT
    ),
    FileField("work", ("工作", "职业", "单位"), "personal", "做什么工作", TOLD_LIMIT),
    FileField("family", ("家庭", "家人", "家里"), "personal", "家里几口人、孩子多大", TOLD_LIMIT),
    FileField("size", ("衣码", "尺码", "码数", "尺寸", "鞋码"), "basic", "穿什么码"),
    FileField(
        "promotions", ("优惠态度", "促销态度", "对优惠", "对促销"), "personal", "上新还是打折时叫 TA", TOLD_LIMIT
    ),
    FileField("service", ("服务方式", "服务偏好", "接待方式"), "personal", "喜欢自己看还是有人帮着挑", TOLD_LIMIT),
    FileField("spending", ("消费习惯", "购物习惯"), "personal", "多久添一次新、一般花多少", TOLD_LIMIT),
    FileField("daily", ("生活习惯", "作息", "习惯"), "personal", "什么时候方便聊、几点休息", TOLD_LIMIT),
    FileField("character", ("性格", "脾气"), "personal", "性格急还是慢", TOLD_LIMIT),
    FileField("values", ("价值观", "观念", "看重"), "personal", "买东西最看重什么", TOLD_LIMIT),
    FileField("address", ("地址", "住址", "收货地址", "家庭住址"), "basic", "送货地址", ADDRESS_LIMIT),
    FileField("sex", ("性别",), "basic", "（看得出来，直接记）"),
    FileField("email", ("邮箱", "邮件", "电子邮箱", "email", "e-mail"), "basic", "电子邮箱"),
    FileField("ethnic", ("民族",), "basic", "民族"),
    FileField("articles", ("货号", "买过货号"), "basic", "（消费时把货号写上就有）", TOLD_LIMIT),
    FileField("spent", (), "basic", "（记一笔消费就有）"),
    FileField("wechat", ("微信", "微信号"), ""),
    FileField("city", ("城市", "所在城市"), ""),
    FileField("description", ("描述", "简介", "印象"), "", "", DESCRIPTION_LIMIT),
)
BY_NAME = {field.name: field for field in FIELDS}
BY_WORD = {word: field for field in FIELDS for word in field.words}
AGE_WORDS = ("年龄", "年纪")

PHONE = re.compile(r"(?:\+?86[ -]?)?(1\d{2})[ -]?(\d{4})[ -]?(\d{4})(?!\d)", re.ASCII)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_WECHAT = re.compile(r"[A-Za-z0-9_-]{2,40}", re.ASCII)
_SEXES = {"男": "男", "男士": "男", "先生": "男", "男生": "男", "女": "女", "女士": "女", "小姐": "女", "女生": "女"}
_ETHNIC = re.compile(r"(?P<name>[\u4e00-\u9fff]{1,8}?)族?")
_AGE = re.compile(r"(?P<age>\d{1,3}) ?(?:岁|周岁)?", re.ASCII)
_SIZE = re.compile(r"(?:x{0,4}[sml]|\d{0,2}x{1,4}l|均|大|中|小|加大|\d{2,3}(?:\.5)?)(?:码|号)?", re.ASCII)
_YEAR = re.compile(r"(?P<lunar>(?:农历|阴历|旧历) ?)?(?P<year>(?:19|20)\d\d)(?: ?年 ?|[-/.])?", re.ASCII)
_COMPACT = re.compile(r"(?P<year>19\d\d|20\d\d)(?P<month>\d\d)(?P<day>\d\d)(?!\d)", re.ASCII)
_MONTH_AND_DAY = re.compile(r"(?P<month>0[1-9]|1[0-2])(?P<day>[0-3]\d)(?=$|[ ,;、。生])", re.ASCII)
_BORN = re.compile(r"(?:生日?|出生)$")


def take_birth(words: Words, today: date, example: str) -> tuple[Birth, list[Words]]:
    """The date of birth at the beginning of these words, and what stands after it. Raises ``Unclear``."""
    if match := _COMPACT.match(words.plain):
        dashed = read(f"{match['year']}-{match['month']}-{match['day']}")
        return take_birth(dashed, today, example)[0], _rest(words.cut(match.end()))
    if match := _MONTH_AND_DAY.match(words.plain):
        return take_birth(read(f"{match['month']}-{match['day']}"), today, example)[0], _rest(words.cut(match.end()))
    year, rest = None, words
    if match := _YEAR.match(words.plain):
        year, rest = int(match["year"]), words.cut(match.end())
        if not today.year - OLDEST <= year <= today.year:
            raise Unclear(f"“{words.typed[:20]}”不像出生的年份，例如：{example}", example)
        if match["lunar"] and rest:
            # Its own reader wants 农历 right before the month.
            rest = read(f"农历{rest.typed}")
    if not rest and year:
        return Birth(year=year), []
    try:
        found = take_calendar_day(rest, today)
    except TimeError as error:
        raise Unclear(f"{str(error).split('，')[0]}，例如：{example}", example) from error
    if found is None or (found[1] and found[1][0].start == rest.start):
        if year and not (rest and rest.plain[0].isdigit()):
            return Birth(year=year), _rest(rest)
        raise Unclear(f"没看懂生日“{words.typed[:20]}”，例如：{example}", example)
    day = found[0]
    return Birth(day.month, day.day, year or day.year, day.lunar), [piece for one in found[1] for piece in _rest(one)]


def _rest(words: Words) -> list[Words]:
    trimmed = words.strip(" \n,;、。")
    return [trimmed] if trimmed and trimmed.plain not in ("生", "日", "出生", "生日") else []


def strict(field: FileField, words: Words, example: str) -> tuple[str, list[Words]]:
    """The value at the beginning of these words, as it is kept, and what stands after it. Raises ``Unclear``."""
    if field.name == "name":
        name = display_name(words.strip(' "').typed)[0]
        return name or _bad(field, words, example), []
    if field.name == "phone":
        match = PHONE.match(words.plain)
        if match is None:
            raise Unclear(f"电话“{words.typed[:20]}”要 11 位手机号，例如：{example}", example)
        return "".join(match.groups()), _rest(words.cut(match.end()))
    first, *others = words.split(r"[ \n,;、]+")
    kept = _READ[field.name](first)
    rest = [words.cut(others[0].start - words.start)] if others else []
    return kept or _bad(field, first, example), rest


def _bad(field: FileField, words: Words, example: str) -> str:
    raise Unclear(f"{field.words[0]}“{words.typed[:20]}”没看懂，例如：{example}", example)


def _sex(words: Words) -> str:
    return _SEXES.get(words.plain, "")


def _email(words: Words) -> str:
    return words.typed if _EMAIL.fullmatch(words.plain) else ""


def _wechat(words: Words) -> str:
    return words.plain if _WECHAT.fullmatch(words.plain) else ""


def _ethnic(words: Words) -> str:
    match = _ETHNIC.fullmatch(words.plain)
    return f"{match['name']}族" if match else ""


def _size(words: Words) -> str:
    return words.typed if len(words) <= 20 else ""


def _city(words: Words) -> str:
    return words.plain.removesuffix("市") if len(words) <= 20 else ""


_READ: dict[str, Callable[[Words], str]] = {
    "sex": _sex,
    "email": _email,
    "wechat": _wechat,
    "ethnic": _ethnic,
    "size": _size,
    "city": _city,
}


def age(words: Words, today: date, example: str) -> tuple[Birth, list[Words]]:
    """``35岁`` as a year of birth. Raises ``Unclear``."""
    match = _AGE.match(words.plain)
    if match is None or not 1 <= int(match["age"]) <= OLDEST:
        raise Unclear(f"年龄“{words.typed[:20]}”没看懂，例如：{example}", example)
    return Birth(year=today.year - int(match["age"])), _rest(words.cut(match.end()))


def bare(words: Words, today: date) -> tuple[str, str | Birth] | None:
    """What a word alone can only be (女, 35岁, L码, 汉族, a phone): (field, value), or None."""
    plain = words.lower
    if match := PHONE.fullmatch(plain):
        return "phone", "".join(match.groups())
    if _EMAIL.fullmatch(plain):
        return "email", words.typed
    if plain in _SEXES:
        return "sex", _SEXES[plain]
    if re.fullmatch(r"\d{1,3} ?周?岁", plain, re.ASCII):
        return "birth", age(words, today, "资料 小美 35岁")[0]
    if _SIZE.fullmatch(plain) and not plain.isdigit():
        return "size", words.typed
    if re.fullmatch(r"[\u4e00-\u9fff]{1,6}族", plain):
        return "ethnic", words.plain
    if born := _BORN.search(plain):
        return "birth", take_birth(words.cut(0, born.start()), today, "资料 小美 生日 5月1日")[0]
    return None
