"""Who gets which script group, and who is left out of a broadcast and why. No I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

VARIANTS = ("A", "B", "C", "D", "E", "F")
HOLD_OUT = "对照"
SAME_CONTENT_DAYS = 30
START_GRACE = timedelta(hours=1)

GONE = "已取消关注"
OPTED_OUT = "已退订"
VIP_LEFT_OUT = "VIP 不群发（人群里写明 VIP 才发）"
COMPLAINING = "投诉还没处理完"
HELD_OUT = "对照组，不发"
HAD_TODAY = "当天已有营销消息"
HAD_MONTH = "这个月已有 {count} 条营销消息"
SAME_CONTENT = "30 天内收过同样内容"
NOT_FOLLOWING = "没有关注公众号"
WINDOW_CLOSED = "48小时内没有互动，也没有别人收同样的内容（群发至少两位）"
MASS_USED_UP = "这个月的群发次数用完了"
NO_MASS = "这个账号不能按名单群发"


@dataclass(frozen=True, slots=True)
class Recipient:
    """What deciding about one person needs. ``followed`` None = never followed, False = unfollowed."""

    customer_id: int
    vip: bool
    opted_out: bool
    complaining: bool
    followed: bool | None
    marketing_today: int
    marketing_month: int


def reason_against(person: Recipient, *, names_vip: bool, per_day: int, per_month: int) -> str | None:
    """Why somebody of the segment gets nothing, or None."""
    if person.opted_out:
        return OPTED_OUT
    if person.vip and not names_vip:
        return VIP_LEFT_OUT
    if person.followed is False:
        return GONE
    if person.complaining:
        return COMPLAINING
    if person.marketing_today >= per_day:
        return HAD_TODAY
    if person.marketing_month >= per_month:
        return HAD_MONTH.format(count=person.marketing_month)
    return None


def stable_order(broadcast: int, customer_id: int) -> bytes:
    """A place in line that looks random, and is the same whenever it is asked for."""
    return hashlib.blake2b(f"{broadcast}:{customer_id}".encode(), digest_size=8).digest()


class Dealer:
    """Deals people to script groups in turn, so that the groups differ by one at most; ``hold_out`` % get none."""

    def __init__(self, variants: Sequence[str], hold_out: int) -> None:
        self._variants = variants
        self._hold_out = hold_out
        self._seen = 0
        self._held = 0
        self._dealt = 0

    def next(self) -> str:
        """The next person's group, or ``对照``."""
        self._seen += 1
        if self._held * 100 < self._hold_out * self._seen - 50:
            self._held += 1
            return HOLD_OUT
        variant = self._variants[self._dealt % len(self._variants)]
        self._dealt += 1
        return variant


def missed(start_at: datetime, now: datetime) -> bool:
    """Whether a planned start is too long ago to be made up for without asking."""
    return now - start_at > START_GRACE
