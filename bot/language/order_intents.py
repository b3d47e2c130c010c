"""What staff can mean about orders and the ledger: 消费, 退款, 成交, 发货, 收款, 认领 …."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from bot.language.intents import Intent, Whom


@dataclass(frozen=True, slots=True)
class Purchase(Intent):
    """``消费 <谁> 298 连衣裙 A102 [备注…]``; an empty ``whom`` is a passer-by (``散客``)."""

    whom: tuple[Whom, ...]
    amount_fen: int
    items: str = ""
    note: str = ""
    in_shop: bool = True


@dataclass(frozen=True, slots=True)
class Refund(Intent):
    """``退款 <谁> 298`` or ``退款 单号12 [298]``; ``amount_fen`` None = not said."""

    whom: Whom | None = None
    order: int | None = None
    amount_fen: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Deal(Intent):
    """``成交 <谁> 298 连衣裙``: agreed, not yet ordered (stage ①)."""

    whom: Whom
    amount_fen: int
    items: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Orders(Intent):
    """``订单 <谁> [第2页]``; pages count from 1, the newest first."""

    whom: Whom
    page: int = 1


@dataclass(frozen=True, slots=True)
class Ordered(Intent):
    """``下单 12`` → stage ②."""

    order: int


@dataclass(frozen=True, slots=True)
class Shipped(Intent):
    """``发货 12 顺丰 SF123456`` → stage ②, with the parcel number."""

    order: int
    carrier: str = ""
    parcel: str = ""


@dataclass(frozen=True, slots=True)
class Delivered(Intent):
    """``签收 12`` → stage ③."""

    order: int


@dataclass(frozen=True, slots=True)
class UsedUp(Intent):
    """``用完 12`` (now) or ``用完 12 30天后`` (expected then) → stage ④."""

    order: int
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Receipts(Intent):
    """``今天收款``, ``收款 9月``: what came in from ``since`` to before ``until``; ``period`` as to be shown."""

    period: str
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class CloseMonth(Intent):
    """``月结 9月``; ``month`` is its first day."""

    month: date


@dataclass(frozen=True, slots=True)
class Unclaimed(Intent):
    """``未认领 [第2页]``: payments of bills of which nobody knows yet whose they are."""

    page: int = 1


@dataclass(frozen=True, slots=True)
class Claim(Intent):
    """``认领 3 小美|单号12|散客|另一笔``; ``payment`` None = every one that may be booked already (``认领 全部``).

    ``meant``: a ``customer``'s, the same as an ``order``, the ``same`` as the order shown beside it, ``another`` than
    that one, or ``nobody``'s (a passer-by).
    """

    payment: int | None
    meant: Literal["customer", "order", "same", "another", "nobody"]
    whom: Whom | None = None
    order: int = 0
