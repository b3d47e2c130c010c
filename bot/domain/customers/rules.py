"""Rules about customers: classes, names, and who is shown first. No I/O."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.language.days import lunar_words
from bot.language.file_fields import FIELDS

CLASS_WORDS = {
    "N": "未到店",
    "Y": "到店",
    "O": "未消费",
    "M": "消费过",
    "VIP": "重点客户",
}
# What stands for a message without words.
MEDIA_WORDS = {
    "image": "[图片]",
    "voice": "[语音]",
    "video": "[视频]",
    "shortvideo": "[小视频]",
    "location": "[位置]",
    "link": "[链接]",
}
GRADE_WORDS = {
    "S": "已成交",
    "A": "有意向，快成交",
    "B": "在用别家",
    "C": "有习惯和能力",
    "D": "普通联系",
    "F": "希望小",
}
LEVEL_WORDS = {"a": "差一步成交", "b": "还缺信任", "c": "需求未明", "d": "还没聊"}


class Named(Protocol):
    """What a name is chosen from."""

    name: str | None
    remark: str | None
    own_name: str | None
    nickname: str | None

    @property
    def id(self) -> int: ...


def known_name(customer: Named) -> str | None:
    """What staff call the customer: their name here, else their remark at the platform, else the customer's own name,
    else the nickname a platform told, else None."""
    return customer.name or customer.remark or customer.own_name or customer.nickname or None


def addressed(customer: Named) -> str | None:
    """The name a message to the customer may use; a remark at the platform was never meant for the customer's eyes."""
    return customer.name or customer.own_name or customer.nickname or None


def shown(customer: Named) -> str:
    """How a customer is spoken of: ``小美 #12`` or ``#12``."""
    name = known_name(customer)
    return f"{name} #{customer.id}" if name else f"#{customer.id}"


def classes(*, visited: bool, purchased: bool, vip: bool) -> str:
    """The class codes in a row: ``Y·M·VIP``. A new customer is N and O."""
    codes = ["Y" if visited else "N", "M" if purchased else "O"]
    if vip:
        codes.append("VIP")
    return "·".join(codes)


class Born(Protocol):
    """What a birthday is shown from."""

    birth_year: int | None
    birth_month: int | None
    birth_day: int | None
    birth_lunar: bool


def birth_shown(customer: Born) -> str:
    """``农历八月十五``, ``1990年5月1日``, ``1990年`` or nothing."""
    year = f"{customer.birth_year}年" if customer.birth_year else ""
    if customer.birth_month is None or customer.birth_day is None:
        return year
    if customer.birth_lunar:
        return f"农历{year}{lunar_words(customer.birth_month, customer.birth_day).removeprefix('农历')}"
    return f"{year}{customer.birth_month}月{customer.birth_day}日"


BASIC_SHARE, PERSONAL_SHARE = 20, 80


def completeness(filled: Collection[str]) -> int:
    """How complete a file is, 0 to 100: 20 for the basic fields, 80 for the personal ones, by the share filled."""
    score = 0.0
    for part, share in (("basic", BASIC_SHARE), ("personal", PERSONAL_SHARE)):
        names = [field.name for field in FIELDS if field.part == part]
        score += share * sum(name in filled for name in names) / len(names)
    return round(score)


def worth_asking(filled: Collection[str]) -> str | None:
    """The name of the next missing field to ask for, or None; what staff see or book by themselves is not asked."""
    asked = (field.name for field in FIELDS if field.ask and not field.ask.startswith("（"))
    return next((name for name in asked if name not in filled), None)


def ago(moment: datetime, now: datetime) -> str:
    """``今天``, ``12天前`` or, from two months on, ``7个月前``."""
    days = (now - moment).days
    if days >= 60:
        return f"{days // 30}个月前"
    return f"{days}天前" if days >= 1 else "今天"


GRADES_UP = "FDCBA"  # the better the later; S is given by purchases alone
_ASKS = re.compile(
    "多少钱|什么价|啥价|价格|价钱|怎么卖|几块|几钱|贵不贵|便宜|优惠|打折|包邮|还有货|有货|还有吗|有没有|有吗|怎么买|想买|想要|尺码|现货|能寄"
)
_ELSEWHERE = re.compile("别家|别的店|其他店|其它店|另一家|隔壁家|别处买|网上买")
QUOTED = 12  # characters of what was asked


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A grade that behaviour suggests, why, and when that was."""

    grade: str
    why: str
    at: datetime | None = None


def suggested_grade(
    grade: str | None, *, said: Sequence[tuple[datetime, str]], replied: bool, visited: bool
) -> Suggestion | None:
    """The best grade that behaviour suggests, if it is better than the one set; ``said``: lately, oldest first."""
    found = []
    for at, text in reversed(said):
        if _ASKS.search(text):
            found.append(Suggestion("A", f"问过“{text[:QUOTED]}”", at))
        elif _ELSEWHERE.search(text):
            found.append(Suggestion("B", f"说过“{text[:QUOTED]}”", at))
    found += [Suggestion("C", "到过店")] if visited else []
    found += [Suggestion("D", "回复过群发")] if replied else []
    if grade == "S" or not found:
        return None
    best = max(found, key=lambda one: (GRADES_UP.index(one.grade), one.at is not None))
    return best if grade is None or GRADES_UP.index(best.grade) > GRADES_UP.index(grade) else None


# -- why a message does not reach somebody ----------------------------------------------------------------------------

UNFOLLOWED = "已取消关注"
OPTED_OUT = "已退订"
COMPLAINING = "投诉还没处理完"
REFUSALS = {
    "blocked": "在公众号的黑名单里，移出后说句话就能再发",
    "refuses": "关掉了公众号的消息",
}
_REFUSAL_COUNTS = timedelta(days=30) // timedelta(milliseconds=1)


def still_refuses(refused_at: int, last_seen_at: int | None, now: int) -> bool:
    """Whether what the platform said against reaching somebody still counts; moments in milliseconds.

    Whoever has spoken since can be reached. The platform does not tell when a name leaves its blacklist, so after a
    month one message tries again.
    """
    return now < refused_at + _REFUSAL_COUNTS and (last_seen_at is None or last_seen_at <= refused_at)
