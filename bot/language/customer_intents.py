"""What staff can mean about customers: 查, 新客, 到店, 级别, 跟进, 备注 …."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.language.intents import Intent, Whom


@dataclass(frozen=True, slots=True)
class Show(Intent):
    """``查 <谁>``: the customer's card."""

    whom: tuple[Whom, ...]


@dataclass(frozen=True, slots=True)
class Rename(Intent):
    whom: Whom
    name: str


@dataclass(frozen=True, slots=True)
class Unnamed(Intent):
    """``新客``: customers without a name."""


@dataclass(frozen=True, slots=True)
class Enrol(Intent):
    """``新客 张姐 13800138000 微信 zhang88``: a regular who follows nothing yet."""

    name: str
    phone: str = ""
    wechat: str = ""


@dataclass(frozen=True, slots=True)
class Visit(Intent):
    """``到店 <谁>``."""

    whom: tuple[Whom, ...]


@dataclass(frozen=True, slots=True)
class Grade(Intent):
    whom: tuple[Whom, ...]
    grade: Literal["S", "A", "B", "C", "D", "F"]


@dataclass(frozen=True, slots=True)
class FollowUp(Intent):
    """``跟进 <谁> b 聊了价格 下次发新款图 周五 预计500``."""

    whom: Whom
    level: Literal["a", "b", "c", "d"] | None
    said: str = ""
    next_step: str = ""
    due: datetime | None = None
    expected_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Note(Intent):
    """``备注 <谁> …``; the text as typed."""

    whom: Whom
    text: str


@dataclass(frozen=True, slots=True)
class History(Intent):
    """``历史 <谁>``, ``历史 <谁> 2``: a page of the timeline, the newest first."""

    whom: Whom
    page: int = 1


@dataclass(frozen=True, slots=True)
class Marketing(Intent):
    """``退订 <谁>``, ``订阅 <谁>`` (``wanted``): staff put down a wish the customer told them."""

    whom: tuple[Whom, ...]
    wanted: bool = False


@dataclass(frozen=True, slots=True)
class Apart(Intent):
    """``拆开 <谁>``: what was put together by itself were two people."""

    whom: Whom
