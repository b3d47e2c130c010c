"""What staff can mean about the working day and among themselves: 今日, 待回, 员工, 投诉, 通知 …."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.language.intents import Intent, Whom


@dataclass(frozen=True, slots=True)
class Bind(Intent):
    code: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class BindElsewhere(Intent):
    """``绑定`` alone: a code by which the same person is staff in another account too."""


@dataclass(frozen=True, slots=True)
class StaffList(Intent):
    pass


@dataclass(frozen=True, slots=True)
class StaffInvite(Intent):
    pass


@dataclass(frozen=True, slots=True)
class StaffRemove(Intent):
    who: str


@dataclass(frozen=True, slots=True)
class StaffHandOver(Intent):
    """``员工 交接 小李 小王``: names or numbers of staff."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Keeper(Intent):
    """``负责 小美 小李``: who looks after these customers; ``who`` empty: nobody."""

    whom: tuple[Whom, ...]
    who: str = ""


@dataclass(frozen=True, slots=True)
class Today(Intent):
    pass


@dataclass(frozen=True, slots=True)
class NextBatch(Intent):
    pass


@dataclass(frozen=True, slots=True)
class TaskDone(Intent):
    """``完成 3 [说了什么]``."""

    task: int
    said: str = ""


@dataclass(frozen=True, slots=True)
class TaskLater(Intent):
    """``推迟 3 明天``."""

    task: int
    until: datetime


@dataclass(frozen=True, slots=True)
class TaskText(Intent):
    """``文案 3``."""

    task: int


@dataclass(frozen=True, slots=True)
class Waiting(Intent):
    """``待回``: customers waiting for an answer."""


@dataclass(frozen=True, slots=True)
class Answer(Intent):
    """``回 <谁> …``; the text as typed."""

    whom: Whom
    text: str = ""


@dataclass(frozen=True, slots=True)
class OpenCase(Intent):
    """``立案 <谁> [什么事]``: staff take what a customer said for a complaint."""

    whom: Whom
    text: str = ""


@dataclass(frozen=True, slots=True)
class CaseList(Intent):
    """``投诉``: what customers complained about and suggested."""


@dataclass(frozen=True, slots=True)
class CaseShow(Intent):
    """``投诉 5``."""

    number: int


@dataclass(frozen=True, slots=True)
class Notices(Intent):
    """``通知`` and ``通知 测试``."""

    test: bool = False


@dataclass(frozen=True, slots=True)
class Menu(Intent):
    """``菜单``, ``菜单 恢复`` (the one from before), ``菜单 熟客`` (ours)."""

    put: Literal["", "before", "ours"] = ""


@dataclass(frozen=True, slots=True)
class Forecast(Intent):
    """``预测``."""
