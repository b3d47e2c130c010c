"""Tags that rules put on: which there are, when they hold and why, and what the owner changed about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from itertools import pairwise
from statistics import median

from sqlalchemy import select

from bot.domain.customers.models import TagRule
from bot.errors import Refusal
from bot.language.money import show_money
from bot.store.transaction import Tx

OFTEN, TOP, LAPSING, TO_THE_DOOR, FIRST = "高频", "头部", "流失预警", "送货上门", "首购"
MONTH = timedelta(days=30)
RHYTHM = 2  # times the own median interval


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its start number (times, per cent, days or fen), the range the owner may choose from, and its words."""

    name: str
    unit: str
    number: int
    least: int
    most: int
    words: str
    example: str


RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(OFTEN, "次", 3, 2, 30, "30 天内买满 {}", "4次"),
        Rule(TOP, "%", 20, 1, 50, "消费额在前 {}", "10%"),
        Rule(LAPSING, "天", 30, 7, 365, "超过平常间隔的两倍没来买（至少 {}）", "45天"),
        Rule(TO_THE_DOOR, "元", 100_000, 100, 100_000_000, "累计消费满 {}", "2000元"),
        Rule(FIRST, "天", 30, 1, 365, "第一次买在 {}内", "14天"),
    )
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule as it stands now."""

    rule: Rule
    enabled: bool
    number: int

    @property
    def words(self) -> str:
        return self.rule.words.format(_amount(self.rule, self.number))


def _amount(rule: Rule, number: int) -> str:
    return show_money(number) if rule.unit == "元" else f"{number}{'' if rule.unit == '%' else ' '}{rule.unit}"


# -- when a rule holds; no I/O -----------------------------------------------------------------------------------------


def reasons(
    bought_at: Sequence[datetime], *, spent_fen: int, in_top: bool, numbers: Mapping[str, int], now: datetime
) -> dict[str, str]:
    """The rules that hold for a customer, each with its reason.

    ``bought_at``: the purchases that stand, oldest first; ``numbers``: of the rules that are on.
    """
    found: dict[str, str] = {}
    often = sum(1 for at in bought_at if at > now - MONTH)
    if OFTEN in numbers and often >= numbers[OFTEN]:
        found[OFTEN] = f"30 天内买了 {often} 次"
    if TOP in numbers and in_top:
        found[TOP] = f"消费额在前 {numbers[TOP]}%"
    if LAPSING in numbers and (why := lapsing(bought_at, now, at_least=timedelta(days=numbers[LAPSING]))):
        found[LAPSING] = why
    if TO_THE_DOOR in numbers and bought_at and spent_fen >= numbers[TO_THE_DOOR]:
        found[TO_THE_DOOR] = f"累计消费 {show_money(spent_fen)}"
    if FIRST in numbers and bought_at and bought_at[0] > now - timedelta(days=numbers[FIRST]):
        found[FIRST] = f"第一次买在 {numbers[FIRST]} 天内"
    return found


def lapsing(bought_at: Sequence[datetime], now: datetime, *, at_least: timedelta) -> str:
    """Why a customer counts as lapsing, or nothing."""
    gaps = [later - earlier for earlier, later in pairwise(bought_at)]
    if not gaps:
        return ""  # one purchase says nothing about this customer's own rhythm
    usual, since = timedelta(seconds=median(gap.total_seconds() for gap in gaps)), now - bought_at[-1]
    if since <= max(RHYTHM * usual, at_least):
        return ""
    days = max(1, usual.days)
    return f"{since.days} 天没买，{f'平常 {days} 天买一次' if len(gaps) > 1 else f'买过两次，隔了 {days} 天'}"


# -- what the owner chose ----------------------------------------------------------------------------------------------


def standing(tx: Tx) -> list[Standing]:
    changed = {row.name: row for row in tx.session.scalars(select(TagRule))}
    return [
        Standing(rule, changed[name].enabled, changed[name].number)
        if name in changed
        else Standing(rule, True, rule.number)
        for name, rule in RULES.items()
    ]


def numbers_on(tx: Tx) -> dict[str, int]:
    """The numbers of the rules that are on."""
    return {one.rule.name: one.number for one in standing(tx) if one.enabled}


def change(tx: Tx, name: str, *, enabled: bool | None, number: int | None, unit: str) -> Standing:
    """Switches a rule, or gives it another number (whole; yuan for money). Raises Refusal for what no rule has."""
    rule = _rule(name)
    if number is not None:
        if unit and unit != rule.unit:
            raise Refusal(f"“{name}”的数是{rule.unit}，不是{unit}。例子：规则 {name} {rule.example}")
        number = number * 100 if rule.unit == "元" else number
        if not rule.least <= number <= rule.most:
            least, most = _amount(rule, rule.least), _amount(rule, rule.most)
            raise Refusal(f"“{name}”可以写 {least} 到 {most}。例子：规则 {name} {rule.example}")
    kept = tx.session.get(TagRule, rule.name)
    if kept is None:
        kept = TagRule(name=rule.name, enabled=True, number=rule.number)
        tx.session.add(kept)
    if number is not None:
        kept.number, kept.enabled = number, True
    if enabled is not None:
        kept.enabled = enabled
    return Standing(rule, kept.enabled, kept.number)


def _rule(name: str) -> Rule:
    rule = RULES.get(name)
    if rule is None:
        near = get_close_matches(name, RULES, n=1, cutoff=0.3)
        offer = f"您是不是要“{near[0]}”？" if near else ""
        raise Refusal(f"没有叫“{name}”的规则。{offer}现有：{'、'.join(RULES)}")
    return rule
