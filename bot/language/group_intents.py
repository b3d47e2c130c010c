"""What can be meant about customer groups (社群). ``group`` is the name of one, or its number, as typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.language.intents import Intent
from bot.language.times import Recurrence


@dataclass(frozen=True, slots=True)
class GroupList(Intent):
    """``社群``: all of them, how many are in each, who came and went today."""


@dataclass(frozen=True, slots=True)
class GroupShow(Intent):
    """``社群 看 老客群``."""

    group: str


@dataclass(frozen=True, slots=True)
class GroupDefaults(Intent):
    """``社群 默认``: the groups for each class; with both names the group that serves as one of them."""

    purpose: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class GroupCode(Intent):
    """``社群 码 老客群``: the code by which one joins."""

    group: str


@dataclass(frozen=True, slots=True)
class GroupWelcome(Intent):
    """``社群 欢迎 老客群 欢迎…``: what newcomers read. ``words``: the group and the text, or the text alone where there is
    only one group; who knows the names splits them. No text: to look."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class GroupRules(Intent):
    """``社群 规则 老客群 不发广告``: the group's own rules; ``words`` as in ``GroupWelcome``."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class GroupCalendar(Intent):
    """``社群 日历``: what is to be posted when, in all groups or one."""

    group: str = ""


@dataclass(frozen=True, slots=True)
class GroupPlan(Intent):
    """``社群 计划 老客群 周三 20:00 分享会 今晚聊…``: an entry of the content calendar, either ``every`` or ``at``.

    ``group``: what stood before the time, empty where nothing did. ``text``: the title and what is to be posted.
    ``sends``: as a task of the platform instead of a reminder.
    """

    group: str
    text: str
    every: Recurrence | None = None
    at: datetime | None = None
    sends: bool = False


@dataclass(frozen=True, slots=True)
class GroupPlanCancel(Intent):
    """``社群 计划 取消 2``."""

    number: int


@dataclass(frozen=True, slots=True)
class GroupSend(Intent):
    """``社群 群发 老客群 文案…``: ``words``: one group or several (``老客群、新客群``), then the text."""

    words: str
