"""Decisions of delivery without I/O: windows, caps, quiet hours, keys, back-off, and what an answer means for a row."""

from __future__ import annotations

import hashlib
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.platforms.abilities import abilities
from bot.platforms.official_account.allowed import may, number
from bot.settings import Account, QuietHours
from bot.store.base import MILLISECOND, to_milliseconds

# The platform counts its days and months in Beijing, wherever the shop is.
BEIJING = ZoneInfo("Asia/Shanghai")

MARKETING = "marketing"
# A personal word of care that advertises nothing: it keeps to the day's hours, and is the only one of its day.
CARE = "care"
LETTERS_FROM = time(10)
LETTER_KEY = "letter:"
HAD_LETTER = "今天已收到一条"
FINAL_STATES = frozenset({"sent", "failed", "skipped", "cancelled"})
CUSTOM_WINDOW_CLOSED = "48小时内没有互动，平台不让主动发"


@dataclass(frozen=True, slots=True)
class Allowance:
    """``count`` messages within ``lasts`` seconds of a trigger; ours ends ``margin`` seconds early: calls take time."""

    count: int
    lasts: int
    margin: int


# Calls take time: ours end a little earlier than the platform's.
_MARGINS = {"talk": 60, "follow": 3, "scan": 3, "menu": 3}
ALLOWANCES = {
    kind: Allowance(number(f"window_{kind}_count"), number(f"window_{kind}_seconds"), margin)
    for kind, margin in _MARGINS.items()
}
KINDS = tuple(ALLOWANCES)
_SPANS = tuple(
    (2 * at, kind, allowance.count, (allowance.lasts - allowance.margin) * MILLISECOND)
    for at, (kind, allowance) in enumerate(ALLOWANCES.items())
)

# Calls a Beijing day; the platform knows the real limit of an account.
DAILY_CALLS = {path: number(f"{path}_per_day") for path in ("custom", "template", "subscribe", "mass")}
# In two neighbouring minutes of the clock no more than the platform takes in any minute.
MASS_PER_MINUTE = number("mass_per_minute") // 2
MASS_PER_MONTH = number("mass_per_fan_month")
MASS_LEAST = number("mass_people_least")
MASS_MOST = number("mass_people_most")
TEXT_BYTES = number("custom_text_bytes")  # of UTF-8
MASS_TYPES = frozenset({"text", "image"})
# The platform forgets the key of a mass call; a repeat must be there well before.
KEY_TRUSTED = timedelta(seconds=number("mass_key_seconds")) - timedelta(hours=1)
# An app message to a member of the company is not delivered twice within 30 minutes (vendor manual, page 90236).
REPEAT_TRUSTED = timedelta(minutes=25)
SAME_KEY_TRIES = 3
RECONCILE_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))


# More app messages a minute to one member are dropped without a word (vendor manual, page 90454); in two neighbouring
# minutes of the clock no more than in any.
MEMBER_PER_MINUTE = 30 // 2
# A group-send task (vendor manual, page 92135): contacts a call, and what it can be made of.
TASK_MOST = 10_000
TASK_CHATS_MOST = 2_000
TASK_TYPES = frozenset({"text", "image", "news"})
# Who has not confirmed by then will not.
TASK_WAITS = timedelta(days=7)
NOT_A_FRIEND = "不是好友"
NOT_REACHED = "不是好友或发不到"
TASK_IGNORED = "店员未确认"
TASK_OF_LEAVER = "要点发送的店员离开了"
TASK_LEFT_OUT = "店员发送时没有发给 TA"
INTERRUPTED = "发送时中断，不确定对方是否收到"
# How many group-sends a contact or a chat takes, by the company's setting (vendor manual, page 92135, 2025-11-17).
RECEIVE_WORDS = {"month_days": "每月最多当月天数条", "seven_a_week": "每周7条", "one_a_day": "每天1条"}


def has_mass(kind: str) -> bool:
    """Whether an account of this kind may send one text to a list of people."""
    return may(kind, "mass")


def has_windows(account: Account) -> bool:
    """Whether a customer message needs a window its person has opened; else it goes to members of the company only."""
    return abilities(account).windows


def has_tasks(account: Account) -> bool:
    """Whether messages to customers are tasks that a member confirms."""
    return abilities(account).tasks


def why_no_address(accounts: Sequence[Account]) -> str:
    """Why a customer without any address cannot be reached, by what the shop's accounts are."""
    ways = [abilities(account) for account in accounts]
    lacks = ["没有关注公众号"] if any(way.hears_customers for way in ways) or not ways else []
    lacks += ["没有加企业微信好友"] if any(way.contacts for way in ways) else []
    return "，也".join(lacks)


@dataclass(frozen=True, slots=True)
class ReceiveSpan:
    """The span for which group-sends to one person are counted, in milliseconds, and how many it takes."""

    since: int
    until: int
    most: int

    def __contains__(self, at: int) -> bool:
        return self.since <= at < self.until


def receive_span(rule: str, at: datetime) -> ReceiveSpan:
    """By the company's rule, at ``at``; days, weeks (from Monday on) and months are Beijing's."""
    today = at.astimezone(BEIJING).date()
    match rule:
        case "one_a_day":
            first, days, most = today, 1, 1
        case "seven_a_week":
            first, days, most = today - timedelta(days=today.weekday()), 7, 7
        case _:
            first = today.replace(day=1)
            days = most = monthrange(today.year, today.month)[1]
    start = datetime.combine(first, time(), BEIJING)
    return ReceiveSpan(to_milliseconds(start), to_milliseconds(start + timedelta(days=days)), most)


def received_enough(rule: str) -> str:
    """Why somebody gets no group-send any more."""
    return f"本期已收满（企业群发{RECEIVE_WORDS.get(rule, RECEIVE_WORDS['month_days'])}）"


def next_poll(created_at: datetime, now: datetime) -> datetime:
    """When the platform is asked next what became of a task."""
    age = now - created_at
    if age < timedelta(minutes=10):
        return now + timedelta(seconds=20)
    return now + (timedelta(minutes=2) if age < timedelta(hours=1) else timedelta(minutes=30))


# A member is reminded so long after a task was made, and then every morning.
REMIND_AFTER = timedelta(hours=2)
REMIND_AT = time(10)


def next_reminder(zone: ZoneInfo, now: datetime) -> datetime:
    """When a member who is reminded now is reminded next: never more than twice in 24 hours, three the platform takes."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, REMIND_AT, zone).astimezone(UTC)


@dataclass(slots=True)
class Bucket:
    """What is left of one trigger's allowance; times in milliseconds."""

    kind: str
    opened_at: int
    used: int
    left: int
    closes_at: int


def open_buckets(window: Sequence[int], now: int) -> list[Bucket]:
    """The open buckets of a window, soonest-closing first: that is the order the platform draws from them.

    ``window`` holds opened-at (ms) and used, in pairs in the order of KINDS; ``now`` is in milliseconds.
    """
    buckets = []
    for at, kind, count, span in _SPANS:
        opened_at = window[at]
        if now < opened_at + span and (used := window[at + 1]) < count:
            buckets.append(Bucket(kind, opened_at, used, count - used, opened_at + span))
    if len(buckets) > 1:
        buckets.sort(key=lambda bucket: bucket.closes_at)
    return buckets


def quiet_until(quiet: QuietHours | None, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The end of the quiet hours that hold at ``now``, or None outside them."""
    if quiet is None:
        return None
    local = now.astimezone(zone)
    if not quiet.holds(local.time()):
        return None
    end = datetime.combine(local.date(), quiet.end, zone)
    if end <= local:
        end = datetime.combine(local.date() + timedelta(days=1), quiet.end, zone)
    return end.astimezone(now.tzinfo)


def day_start(zone: ZoneInfo, now: datetime) -> datetime:
    return datetime.combine(now.astimezone(zone).date(), time(), zone)


def next_letters(zone: ZoneInfo, now: datetime) -> datetime:
    """When letters may go out on the day after ``now``, in UTC."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, LETTERS_FROM, zone).astimezone(UTC)


def month_start(zone: ZoneInfo, now: datetime) -> datetime:
    return datetime.combine(now.astimezone(zone).date().replace(day=1), time(), zone)


def beijing_day(now: datetime) -> str:
    return now.astimezone(BEIJING).date().isoformat()


def beijing_month(now: datetime) -> str:
    return beijing_day(now)[:7]


def beijing_midnight(now: datetime) -> datetime:
    """The moment the platform's daily counters start again."""
    tomorrow = now.astimezone(BEIJING).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), BEIJING).astimezone(now.tzinfo)


def cap_refusal(today: int, month: int, per_day: int, per_month: int) -> str | None:
    """Why one more marketing message would be too many for a customer who had ``today`` and ``month``, or None."""
    if today >= per_day:
        return f"今天的营销消息已到上限（每天{per_day}条）"
    if month >= per_month:
        return f"本月的营销消息已到上限（每月{per_month}条）"
    return None


def back_off(attempts: int, salt: int) -> timedelta:
    """1 to 60 seconds, doubling; ``salt`` (the row's number) spreads rows that failed together."""
    longest = min(60.0, 2.0 ** max(0, attempts - 1))
    spread = (salt * 2654435761 % 1000) / 1000
    return timedelta(seconds=max(1.0, longest * (0.5 + spread / 2)))


def reconcile_at(attempts: int, now: datetime) -> datetime:
    """When a keyed call without a clear answer is to be repeated with its key."""
    if attempts <= len(RECONCILE_AFTER):
        return now + RECONCILE_AFTER[max(0, attempts - 1)]
    return now + timedelta(days=1)


def next_claim(previous: int, rate: float, lease_seconds: float, least: int, most: int) -> int:
    """How many rows to claim next: at most double, and no more than end in a small part of the lease or of a second.

    What a dying worker held waits for its lease to lapse, so little is held.
    """
    surely = int(rate * min(0.5, lease_seconds / 6))
    return max(least, min(2 * previous, surely, most))


def mass_key(account: str, content_id: int, ids: Sequence[int]) -> str:
    """The clientmsgid (32 bytes) of a mass call: the same rows always make the same key."""
    said = f"{account}\n{content_id}\n{','.join(map(str, sorted(ids)))}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def task_key(account: str, sender: str, content_id: int, ids: Sequence[int]) -> str:
    """What the rows of one task carry from before the call on; the platform knows no key for it."""
    return mass_key(f"{account}\n{sender}", content_id, ids)


def message_key(send_key: str) -> str:
    """The client_msg_id (32 bytes) of a single message, derived from its row."""
    return hashlib.sha256(send_key.encode()).hexdigest()[:32]


# MASSSENDJOBFINISH, Status err(num) (vendor manual, Batch_Sends).
MASS_FAILURES = {
    "10001": "涉嫌广告",
    "20001": "涉嫌政治",
    "20002": "涉嫌色情",
    "20004": "涉嫌社会问题",
    "20006": "涉嫌违法犯罪",
    "20008": "涉嫌欺诈",
    "20013": "涉嫌版权问题",
    "21000": "涉嫌其他",
    "22000": "涉嫌互推",
    "30001": "原创校验出现系统错误",
    "30002": "原创校验不允许群发",
    "30003": "原创校验为转载，已停止群发",
    "40001": "管理员拒绝了这次群发",
    "40002": "管理员30分钟内没有确认群发",
}


def mass_failure(status: str) -> str | None:
    """Why a mass job failed, in words, or None where it went well."""
    if status == "send success":
        return None
    number = status.removeprefix("err(").removesuffix(")")
    return f"群发没有成功：{MASS_FAILURES.get(number, '平台没说原因' if status == 'send fail' else status)}"


@dataclass(slots=True)
class Change:
    """What a claimed row becomes; moments in milliseconds, ``due_at`` None = as it was."""

    id: int
    fence: int
    state: str
    route: str
    reason: str = ""
    due_at: int | None = None
    platform_id: str = ""
    sent_at: int | None = None
    uncalled: bool = False

    @classmethod
    def later(cls, row_id: int, fence: int, route: str, due_at: datetime, reason: str = "") -> Change:
        return cls(row_id, fence, "planned", route, reason, to_milliseconds(due_at))
