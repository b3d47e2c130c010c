"""What staff can mean about the time after a sale: 售后, 周期, 唤醒."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.language.intents import Intent, Whom


@dataclass(frozen=True, slots=True)
class AfterSale(Intent):
    """``售后``, ``售后 12`` (an order), ``售后 小美`` (the customer's latest)."""

    order: int | None = None
    whom: Whom | None = None


@dataclass(frozen=True, slots=True)
class AfterSaleSwitch(Intent):
    """``售后 开``, ``售后 关``."""

    on: bool


@dataclass(frozen=True, slots=True)
class Cycles(Intent):
    """``周期``, ``周期 洗面奶`` or ``周期 小美``: the name of an article or of a customer, as typed."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class CycleSet(Intent):
    """``周期 洗面奶 30天``."""

    article: str
    days: int


@dataclass(frozen=True, slots=True)
class CycleDelete(Intent):
    """``周期 删除 洗面奶``."""

    article: str


@dataclass(frozen=True, slots=True)
class WakeUps(Intent):
    """``唤醒``: who has fallen silent, and what they hear by themselves."""


@dataclass(frozen=True, slots=True)
class WakeUpSwitch(Intent):
    """``唤醒 开 流失``. ``name``: ``quiet`` or ``follow_up``."""

    name: Literal["quiet", "follow_up"]
    on: bool
