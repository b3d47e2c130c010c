"""What a plan comes to, told before anything is sent: numbers by route, by reason and by quota, names and examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from bot.delivery import limits
from bot.delivery.outbox import NewDelivery
from bot.delivery.rules import DAILY_CALLS, MASS_MOST, TASK_MOST
from bot.domain.campaigns import groups, rules
from bot.domain.campaigns.models import Broadcast
from bot.domain.campaigns.plan import Planned, plan_all, starts_at
from bot.domain.campaigns.wording import same_for_all
from bot.domain.customers import segments
from bot.domain.scripts.rules import is_personal
from bot.domain.scripts.service import shop_context
from bot.language.segments import parse_segment
from bot.settings import Settings
from bot.store.transaction import Tx

# A plan is counted one by one up to this many people; of more it is projected, so that the answer never waits.
COUNTED = 5000
PROJECTED_FROM = 2000
# So many of the people left out for one reason are named; VIPs are few and each is somebody.
NAMED, NAMED_VIPS = 3, 8


@dataclass(frozen=True, slots=True)
class Quota:
    """What a plan takes of an account's quota of one path on its first day, and what stays; ``left`` may be 0."""

    account: str
    path: str
    used: int
    left: int


@dataclass
class Summary:
    """What a plan would do: counts by route, by group and by reason, an example for each group.

    ``projected``: only ``audience`` is counted, the other numbers follow from a sample of it. ``by_tag``: of each
    group, who is in it by a tag. ``tired``: how many of the recipients have had too much lately. ``more_if_plain``: how
    many more would be reached without anybody's hand, were the text the same for all. ``confirmations``: for how many
    people each member, as (account, member), has to confirm; ``tasks``: how often all members together, and
    ``tasks_if_plain`` if all read the same, 0 where that changes nothing.
    """

    audience: int = 0
    projected: bool = False
    routes: Counter[str] = field(default_factory=Counter)
    groups: Counter[str] = field(default_factory=Counter)
    by_tag: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    by_hand: Counter[str] = field(default_factory=Counter)
    named: dict[str, list[int]] = field(default_factory=dict)
    examples: dict[str, tuple[int, str]] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=set)
    tired: int = 0
    more_if_plain: int = 0
    confirmations: Counter[tuple[str, str]] = field(default_factory=Counter)
    tasks: int = 0
    tasks_if_plain: int = 0
    quotas: list[Quota] = field(default_factory=list)
    takes: timedelta = timedelta()

    @property
    def recipients(self) -> int:
        return sum(self.routes.values())

    @property
    def direct(self) -> int:
        """Recipients the platform reaches without anybody's hand."""
        return self.recipients - self.routes["by_hand"]

    def add(self, row: NewDelivery, text: str) -> None:
        self.audience += 1
        if row.state == "skipped":
            self.skipped[row.reason] += 1
            people = self.named.setdefault(row.reason, [])
            most = NAMED_VIPS if row.reason == rules.VIP_LEFT_OUT else NAMED
            if len(people) < most and row.customer_id is not None:
                people.append(row.customer_id)
            return
        self.routes[row.route] += 1
        variant = groups.letter(row.variant)
        self.groups[variant] += 1
        self.by_tag[variant] += variant != row.variant
        if row.route == "task":
            self.confirmations[row.account, row.sender] += 1
        if row.state == "by_hand":
            self.by_hand[row.reason] += 1
        else:
            self.accounts.add(row.account)
        if variant not in self.examples and row.customer_id is not None:
            self.examples[variant] = (row.customer_id, text)

    def project(self, audience: int) -> None:
        """Stretches the counts of a sample to an audience of this size."""
        times = audience / max(1, self.audience)
        self.confirmations = Counter({member: round(count * times) for member, count in self.confirmations.items()})
        for counts in (self.routes, self.groups, self.by_tag, self.skipped, self.by_hand):
            for key in counts:
                counts[key] = round(counts[key] * times)
        self.tired = round(self.tired * times)
        self.audience, self.projected = audience, True


def summarise(tx: Tx, shop: Settings, broadcast: Broadcast, at: datetime) -> Summary:
    """What the broadcast would do if it were to start at ``at``; only reads."""
    tree, here = parse_segment(broadcast.segment), at.astimezone(shop.timezone)
    numbers = segments.members(tx, tree, here, COUNTED + 1)
    audience = len(numbers)
    if audience > COUNTED:
        audience, numbers = segments.sample(tx, tree, here, PROJECTED_FROM)
    times = audience / max(1, len(numbers))
    tired: set[int] = set()
    rows = plan_all(tx, shop, broadcast, numbers, at, tired=tired)
    summary = _counted(rows)
    summary.tired = len(tired & {row.customer_id for row, _text in rows if row.state != "skipped"})
    summary.tasks = _tasks(rows, times)
    if audience > summary.audience:
        summary.project(audience)
    if plain := plain_scripts(tx, shop, broadcast.scripts):
        plain_rows = plan_all(tx, shop, broadcast, numbers, at, scripts=plain)
        summary.more_if_plain = max(0, round(_counted(plain_rows).direct * times) - summary.direct)
        fewer = _tasks(plain_rows, times)
        summary.tasks_if_plain = fewer if fewer < summary.tasks else 0
    _take_quotas(tx, summary, rows, times, starts_at(shop, broadcast, at))
    return summary


def plain_scripts(tx: Tx, shop: Settings, scripts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The scripts as they would read without anybody's name, the same for all; empty where none differs, or one cannot."""
    if not any(is_personal(script["text"]) for script in scripts):
        return []
    facts = shop_context(tx, shop.shop_name)
    texts = [same_for_all(script["text"], facts) for script in scripts]
    return [] if None in texts else [{**script, "text": text} for script, text in zip(scripts, texts, strict=True)]


def _counted(rows: Sequence[Planned]) -> Summary:
    summary = Summary()
    for row, text in rows:
        summary.add(row, text)
    return summary


def _tasks(rows: Sequence[Planned], times: float) -> int:
    """How many tasks the rows make: one for each member and text, at most so many people each; of a sample, stretched."""
    people = Counter((row.account, row.sender, text) for row, text in rows if row.route == "task")
    # Texts with a name in them are each a task of their own, in the rest of the list as well.
    alone = sum(count == 1 for count in people.values())
    shared = sum(ceil(count * times / TASK_MOST) for count in people.values() if count > 1)
    return round(alone * times) + shared


def _take_quotas(tx: Tx, summary: Summary, rows: Sequence[Planned], times: float, when: datetime) -> None:
    """What the plan takes of each account's day, and how long it takes in all."""
    customs = Counter(row.account for row, _text in rows if row.route == "custom")
    texts = Counter((row.account, text) for row, text in rows if row.route == "mass")
    calls: Counter[str] = Counter()
    for (account, _text), people in texts.items():
        calls[account] += ceil(people * times / MASS_MOST)
    for account in sorted(customs.keys() | calls.keys()):
        wanted = {"custom": round(customs[account] * times), "mass": calls[account]}
        left = {path: limits.quota_left(tx, account, path, when) for path in wanted}
        takes = rules.time_needed(
            customs=wanted["custom"],
            customs_left=left["custom"],
            calls=wanted["mass"],
            calls_left=left["mass"],
            per_day=DAILY_CALLS,
        )
        summary.takes = max(summary.takes, takes)
        summary.quotas += [
            Quota(account, path, count, max(0, left[path] - count)) for path, count in wanted.items() if count
        ]
