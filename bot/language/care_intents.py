"""What staff can mean about care: the calendar (日历), reminders (提醒), red packets (红包), occasions (关怀)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.language.intents import Intent


@dataclass(frozen=True, slots=True)
class Calendar(Intent):
    pass


@dataclass(frozen=True, slots=True)
class CalendarAdd(Intent):
    """``日历 添加 店庆 10月18日 每年``; ``lunar`` dates keep month and day as said, ``day`` is then (month, day)."""

    title: str
    month: int
    day: int
    year: int | None = None
    lunar: bool = False
    yearly: bool = False


@dataclass(frozen=True, slots=True)
class Remind(Intent):
    """``提醒 周五15:00 给张姐打电话``."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Reminders(Intent):
    """``提醒``: one's own, those still to come."""


@dataclass(frozen=True, slots=True)
class RemindCancel(Intent):
    """``提醒 取消 2``."""

    reminder: int


@dataclass(frozen=True, slots=True)
class Snooze(Intent):
    """``推迟 半小时``: what was just reminded of; ``推迟 提醒2 明天``: the reminder of that number (0: not said)."""

    until: datetime
    reminder: int = 0


@dataclass(frozen=True, slots=True)
class PacketPlan(Intent):
    """``红包 计划 中秋 老客群 200元 20个 提前1天``; ``remind_days`` None = not said."""

    holiday: str
    group: str
    budget_fen: int
    count: int
    wishes: str = ""
    remind_days: int | None = None


@dataclass(frozen=True, slots=True)
class PacketList(Intent):
    pass


@dataclass(frozen=True, slots=True)
class PacketDone(Intent):
    """``红包 已发 3 [实发180元]``."""

    packet: int
    spent_fen: int | None = None


@dataclass(frozen=True, slots=True)
class PacketCancel(Intent):
    """``红包 取消 3``."""

    packet: int


@dataclass(frozen=True, slots=True)
class PacketBudget(Intent):
    """``红包 预算`` (look), ``红包 预算 每月 500元``, ``红包 预算 每年 不限`` (``most_fen`` 0)."""

    span: str = ""
    most_fen: int | None = None


@dataclass(frozen=True, slots=True)
class CareList(Intent):
    """``关怀``: all occasions, and where their switches stand."""


@dataclass(frozen=True, slots=True)
class CareShow(Intent):
    """``关怀 中秋``."""

    occasion: str


@dataclass(frozen=True, slots=True)
class CareSwitch(Intent):
    """``关怀 开 中秋``; ``position`` off, remind or send; ``occasion`` empty = all of them (关怀 全关)."""

    position: str
    occasion: str = ""


@dataclass(frozen=True, slots=True)
class CareChange(Intent):
    """``关怀 改 中秋 人群 M 话术 中秋祝福 礼物 月饼一块 提前3天 10:30 营销``; None: not said.

    ``hour`` as ``10:30``, ``purpose`` marketing or service; a ``gift`` of "" takes it out.
    """

    occasion: str
    segment: str | None = None
    script: str | None = None
    remind_days: int | None = None
    hour: str | None = None
    purpose: str | None = None
    gift: str | None = None


@dataclass(frozen=True, slots=True)
class YearAhead(Intent):
    """``明年今天``: what would go out in the next twelve months."""
