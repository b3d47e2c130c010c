"""What staff can mean about activities (活动)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.language.intents import Intent, Whom


@dataclass(frozen=True, slots=True)
class ActivityList(Intent):
    pass


@dataclass(frozen=True, slots=True)
class ActivityNew(Intent):
    """``活动 新建 会员茶会 周六14:00 名额20 地点 本店 [对象 VIP]``; ``capacity`` None = unlimited."""

    title: str
    at: datetime | None = None
    capacity: int | None = None
    place: str = ""
    audience: str = ""


@dataclass(frozen=True, slots=True)
class ActivityRoster(Intent):
    activity: int


@dataclass(frozen=True, slots=True)
class ActivityClose(Intent):
    activity: int


@dataclass(frozen=True, slots=True)
class SignUp(Intent):
    """``报名 3 <谁>``, ``取消报名 3 <谁>`` (``leaves``): staff put down who told them."""

    activity: int
    whom: tuple[Whom, ...]
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class CheckIn(Intent):
    """``签到 3 <谁>``."""

    activity: int
    whom: Whom
