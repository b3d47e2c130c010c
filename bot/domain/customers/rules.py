"""Rules about customers: classes, names, and who is shown first. No I/O."""

from __future__ import annotations

from typing import Protocol

CLASS_WORDS = {
    "N": "未到店",
    "Y": "到店",
    "O": "未消费",
    "M": "消费过",
    "VIP": "重点客户",
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
