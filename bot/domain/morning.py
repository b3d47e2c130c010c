"""The morning's one message to each of the staff: what the day holds, and for owners what has been left lying."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from bot.domain import working_day
from bot.domain.care import workdays
from bot.domain.customers import walks
from bot.domain.customers.rules import shown
from bot.domain.merchants.models import Notice, Staff
from bot.domain.merchants.notices import COLLECTED, PUT_TOGETHER
from bot.domain.merchants.service import active_staff
from bot.domain.working_day import Task
from bot.settings import Settings
from bot.store.transaction import Tx

# Owners are told of what nobody has done or read for so many working days.
ESCALATED_AFTER = 2
NAMED_AT_MOST = 3
FIRST_NAMED = 2
# Owners have heard of these themselves.
TOLD_TO_ALL = (COLLECTED, *PUT_TOGETHER)
LINE = 24  # characters of one thing to do

KINDS = {
    "complaint": "投诉",
    "waiting": "等回复",
    "follow_up": "跟进",
    "birthday": "生日",
    "quiet": "好久没来",
    "stage": "订单",
    "used_up": "该用完",
    "call": "VIP电话",
    "play": "打法",
    "by_hand": "人工发",
}
OTHER = "其他"
# Nobody is reminded of a talk for a quiet hour; it stands in 今日.
NOT_REMINDED_OF = "talk"


@dataclass(frozen=True, slots=True)
class Lying:
    """Something left lying: whose it is (None = nobody's), what, since when."""

    staff_id: int | None
    words: str
    since: date


@dataclass(frozen=True, slots=True)
class Shop:
    """What the morning found in the shop: each customer's first reason, what was left lying, who works here, and what
    the night found otherwise than at the platform."""

    tasks: Sequence[Task]
    lying: Sequence[Lying]
    staff: Sequence[Staff]
    night: Sequence[str] = ()


def look(tx: Tx, shop: Settings, now: datetime) -> Shop:
    """``now`` in the shop's zone."""
    staff = active_staff(tx)
    keepers = {member.id for member in staff}
    first: dict[int, Task] = {}
    for task in working_day.everything(tx, shop, now, talks=0):
        if task.kind != NOT_REMINDED_OF:
            first.setdefault(task.customer.id, task)
    tasks = list(first.values())
    lying = [*_undone(tasks, keepers, now), *_unread(tx, staff, now)] if workdays.is_working_day(now.date()) else []
    return Shop(tasks, lying, staff, walks.reports(tx, now.date().isoformat()))


def _undone(tasks: Iterable[Task], keepers: set[int], now: datetime) -> Iterable[Lying]:
    for task in tasks:
        if task.since is None:
            continue
        # What was put off counts from the day it was put off to.
        put_off = task.customer.rest_until
        since = (max(task.since, put_off) if put_off is not None and put_off <= now else task.since).astimezone(
            now.tzinfo
        )
        if workdays.passed(since.date(), now.date()) >= ESCALATED_AFTER:
            keeper = task.customer.keeper_id if task.customer.keeper_id in keepers else None
            yield Lying(keeper, f"{shown(task.customer)} {KINDS.get(task.kind, OTHER)}", since.date())


def _unread(tx: Tx, staff: Sequence[Staff], now: datetime) -> Iterable[Lying]:
    """What somebody was to hear and has not: their window is closed and they have not written since."""
    for member in staff:
        waits = select(Notice.created_at, Notice.text).where(
            Notice.staff_id == member.id, Notice.state == "open", Notice.kind.not_in(TOLD_TO_ALL)
        )
        for created_at, text in tx.execute(waits.order_by(Notice.id)):
            since = created_at.astimezone(now.tzinfo).date()
            if workdays.passed(since, now.date()) >= ESCALATED_AFTER:
                yield Lying(member.id, f"没看到“{_cut(text)}”", since)


def words(found: Shop, staff_id: int, now: datetime) -> str:
    """The member's message; empty where there is nothing to remind of."""
    names = {member.id: member.name for member in found.staff}
    own = [task for task in found.tasks if task.customer.keeper_id == staff_id]
    nobodys = [task for task in found.tasks if task.customer.keeper_id not in names]
    lines = []
    if own or nobodys:
        lines.append(_counted(own, nobodys))
        lines += [f"· {shown(task.customer)} {_cut(task.why)}" for task in [*own, *nobodys][:FIRST_NAMED]]
    lines += _left_lying(found, staff_id, names, now)
    lines += found.night if _is_owner(found, staff_id) else ()
    if not lines:
        return ""
    return "\n".join([*lines, "发“今日”看清单"])


def _counted(own: Sequence[Task], nobodys: Sequence[Task]) -> str:
    counts = Counter(KINDS.get(task.kind, OTHER) for task in [*own, *nobodys])
    each = "、".join(f"{kind} {count}" for kind, count in counts.items())
    free = f"，其中 {len(nobodys)} 件还没人负责" if own and nobodys else ""
    return f"早上好，今天有 {len(own) + len(nobodys)} 件：{each}{free}"


def _left_lying(found: Shop, staff_id: int, names: dict[int, str], now: datetime) -> list[str]:
    """For owners what colleagues and nobody have left lying; for everybody their own."""
    is_owner = _is_owner(found, staff_id)
    theirs: dict[int | None, list[Lying]] = {}
    for one in found.lying:
        if one.staff_id == staff_id or is_owner:
            theirs.setdefault(one.staff_id, []).append(one)
    # One's own unread news are told with this very message.
    mine = [one for one in theirs.pop(staff_id, []) if not one.words.startswith("没看到")]
    lines = [f"您手上 {_listed(mine)}"] if mine else []
    lines += [f"{'没人负责的' if number is None else names[number]} {_listed(some)}" for number, some in theirs.items()]
    if not lines:
        return []
    oldest = min(one.since for some in [mine, *theirs.values()] for one in some)
    head = f"❗拖了 {ESCALATED_AFTER} 个工作日以上{workdays.caution(oldest, now.date())}："
    return [head, *lines]


def _is_owner(found: Shop, staff_id: int) -> bool:
    return any(member.id == staff_id and member.role == "owner" for member in found.staff)


def _listed(some: Sequence[Lying]) -> str:
    by_age = sorted(some, key=lambda one: one.since)
    named = "、".join(one.words for one in by_age[:NAMED_AT_MOST])
    return f"{len(some)} 件：{named}{' 等' if len(some) > NAMED_AT_MOST else ''}"


def _cut(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= LINE else f"{line[: LINE - 1]}…"
