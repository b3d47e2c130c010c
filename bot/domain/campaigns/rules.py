"""Who gets which script group, and who is left out of a broadcast and why. No I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil

from bot.delivery.rules import HAD_LETTER, MASS_PER_MINUTE, NOT_A_FRIEND
from bot.domain.customers.rules import COMPLAINING, OPTED_OUT, REFUSALS, UNFOLLOWED

VARIANTS = ("A", "B", "C", "D", "E", "F")
HOLD_OUT = "对照"
START_GRACE = timedelta(hours=1)

# Kinds of broadcasts that another gave rise to.
CORRECTION, RETRY = "correction", "retry"
CANCELLED = "群发已取消"
VIP_LEFT_OUT = "VIP 不群发（人群里写明 VIP 才发）"
TALKING = "今天回复了群发，正在聊"
HELD_OUT = "对照组，不发"
HAD_TODAY = "当天已有营销消息"
PROMISED_TODAY = "另一场群发当天就要发给 TA"
HAD_MONTH = "这个月已有 {count} 条营销消息"
SAME_CONTENT = "30 天内收过同样内容"
WINDOW_CLOSED = "48小时内没有互动，也没有别人收同样的内容（群发至少两位）"
MASS_USED_UP = "这个月的群发次数用完了"
NOT_FOR_MANY = "48小时内没有互动，链接和菜单只能用客服消息发"
NO_MASS = "这个账号不能按名单群发"
NOT_FOR_TASK = "企业群发只能发文字、图片和链接"
ONLY_LEAVERS = "加的店员都不在店里了"
TIRED = "最近收得多、没回音，先歇一歇"

# A broadcast counts on no window that may close before its messages are out.
SENDING_TAKES = timedelta(minutes=5)
# Messages a second that a plan reckons with: a careful guess, far below what a worker does and any platform takes.
SENT_PER_SECOND = 100

# Fatigue, 0 to 100, from what is known of the last days: FOR_MESSAGE for each marketing message of the last 30 days,
# FOR_DAY for each day since the customer's last word (30 at most), FOR_COMPLAINT for each complaint of the last 90 days,
# less OFF_REPLY for each of those messages that was answered. Who got nothing lately is not tired, whatever else.
FOR_MESSAGE, FOR_DAY, FOR_COMPLAINT, OFF_REPLY = 15, 1, 40, 30
SILENCE_DAYS = 30
COMPLAINTS_COUNT = timedelta(days=90)
TIRED_FROM = 60


def fatigue(*, messages: int, replied: int, silent_days: int, complaints: int) -> int:
    """How tired a customer is of our advertising, 0 to 100; the formula stands above.

    ``messages`` and ``replied``: of the last 30 days; ``silent_days`` since the customer's last word, ``complaints`` of
    the last 90 days. Four messages into a month's silence make 90, the same with one answer yesterday 31.
    """
    if not messages:
        return 0
    silence = FOR_DAY * min(max(0, silent_days), SILENCE_DAYS)
    score = FOR_MESSAGE * messages + silence + FOR_COMPLAINT * complaints - OFF_REPLY * replied
    return max(0, min(100, score))


def time_needed(
    *, customs: int, customs_left: int, calls: int, calls_left: int, per_day: Mapping[str, int]
) -> timedelta:
    """How long a broadcast takes by its customer messages and mass calls; whole days where a day's quota is not enough.

    ``customs_left`` and ``calls_left``: of the first day; ``per_day``: the quotas of every other, ``custom`` and ``mass``.
    """
    days = max(
        _days_more(customs, customs_left, per_day["custom"]),
        _days_more(calls, calls_left, per_day["mass"]),
    )
    if days:
        return timedelta(days=days)
    return timedelta(seconds=ceil(customs / SENT_PER_SECOND), minutes=calls // MASS_PER_MINUTE)


def _days_more(wanted: int, left: int, per_day: int) -> int:
    return ceil(max(0, wanted - left) / per_day)


def reason_against(
    *,
    vip: bool,
    names_vip: bool,
    opted_out: bool,
    followed: bool | None,
    contact: bool,
    refusal: str | None,
    complaining: bool,
    talking: bool,
    lettered: bool,
    had: tuple[int, int],
    promised: tuple[int, int],
    most: tuple[int, int],
    tired: bool,
) -> str | None:
    """Why somebody of the segment gets nothing, or None.

    ``followed`` None = never followed, False = unfollowed, a ``contact`` being nobody's friend any more; ``refusal``: one
    that still counts; ``talking``: answered a broadcast on that day, ``lettered``: had a letter of care on it; ``had``,
    ``promised`` by other broadcasts and ``most``: marketing messages on the day and in the month. ``tired``: too tired for a
    broadcast that spares such customers.
    """
    if opted_out:
        return OPTED_OUT
    if vip and not names_vip:
        return VIP_LEFT_OUT
    if followed is False:
        return NOT_A_FRIEND if contact else UNFOLLOWED
    if refusal is not None:
        return REFUSALS[refusal]
    if complaining:
        return COMPLAINING
    if talking:
        return TALKING
    if lettered:
        return HAD_LETTER
    if had[0] >= most[0]:
        return HAD_TODAY
    if had[0] + promised[0] >= most[0]:
        return PROMISED_TODAY
    if had[1] + promised[1] >= most[1]:
        return HAD_MONTH.format(count=had[1] + promised[1])
    if tired:
        return TIRED
    return None


def stable_order(broadcast: int, customer_id: int) -> bytes:
    """A place in line that looks random, and is the same whenever it is asked for."""
    return hashlib.blake2b(f"{broadcast}:{customer_id}".encode(), digest_size=8).digest()


class Dealer:
    """Deals people to script groups in turn, so that the groups differ by one at most; ``hold_out`` % get none.

    ``first``: where in the turn to begin, and ``phase`` (1–99) how soon somebody is held out, so that of many dealers
    not all favour the first group, nor hold out those who stand at the same place in line.
    """

    def __init__(self, variants: Sequence[str], hold_out: int, first: int = 0, phase: int = 50) -> None:
        self._variants = variants
        self._hold_out = hold_out
        self._phase = phase
        self._seen = 0
        self._held = 0
        self._dealt = first

    def next(self) -> str:
        """The next person's group, or ``对照``."""
        self._seen += 1
        if self._hold_out * self._seen + self._phase > 100 * (self._held + 1):
            self._held += 1
            return HOLD_OUT
        variant = self._variants[self._dealt % len(self._variants)]
        self._dealt += 1
        return variant


def missed(start_at: datetime, now: datetime) -> bool:
    """Whether a planned start is too long ago to be made up for without asking."""
    return now - start_at > START_GRACE
