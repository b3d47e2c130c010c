"""How often broadcasts without any difference get a winner, by `verdicts` and by looking until somebody leads."""

from __future__ import annotations

import random
import time
from bisect import bisect
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from math import comb, sqrt

from bench.report import Section
from bot.domain.campaigns import verdicts
from bot.domain.campaigns.verdicts import LEVEL, MARKS, OUTCOMES, Counted

SEED = 2026
SIZES = (30, 60, 150, 400)
SHARES = (0.02, 0.05, 0.10, 0.20)
# What of a week's outcome comes on each of its days; somebody looks at the end of each, and once later.
DAYS = (0.40, 0.20, 0.12, 0.10, 0.08, 0.06, 0.04)
LATER = 1
BETTER = 2.0  # times as many, where there is a difference to be found
MARK_DAYS = [after.days for after, _share in MARKS]
# What looks sure to who compares any two shares at any time.
NAIVE = 1.96


def measure(runs: int) -> Section:
    """A/A: all groups and the hold-out group alike; then as many with one script that does better, half the size."""
    looks = len(DAYS) + LATER
    section = Section(
        "Trials",
        f"{runs:,} simulated broadcasts without any difference (seed {SEED}; two to four scripts and a hold-out group of "
        f"{SIZES[0]}–{SIZES[-1]} people each; replied, came and bought with shares of {SHARES[0]:.0%}–{SHARES[-1]:.0%}), looked "
        f"at {looks} times; a false winner is any claim in any look. By the naive reading the leader is sure once its share "
        f"is {NAIVE} standard errors above the second's.",
    )
    began = time.process_time()
    chance = random.Random(SEED)
    false, naive = 0, 0
    for _ in range(runs):
        named, fooled = _played(chance, better=1.0)
        false += bool(named)
        naive += fooled
    rate, bound = false / runs, _upper(false, runs)
    shown = f"{rate:.2%} (at most {bound:.2%} with 95 %)"
    section.add("false winners by `结果`, all looks and claims together", shown, f"≤ {LEVEL:.0%}", bound <= LEVEL)
    section.add("false winners by the naive reading", f"{naive / runs:.1%}")
    fewer = runs // 5
    found = wrong = 0
    for _ in range(fewer):
        named, _fooled = _played(chance, better=BETTER)
        found += "0" in named
        wrong += bool(named - {"0"})
    section.add(f"a script twice as good is named ({fewer:,} broadcasts of the same sizes)", f"{found / fewer:.0%}")
    section.add("another one is named instead", f"{wrong / fewer:.2%}", f"≤ {LEVEL:.0%}", wrong / fewer <= LEVEL)
    section.add("time", f"{time.process_time() - began:.0f} s")
    return section


def _upper(false: int, runs: int) -> float:
    """The upper bound of the rate."""
    return verdicts.interval(verdicts.Tally(runs, false))[1]


def _played(chance: random.Random, better: float) -> tuple[set[str], bool]:
    """Which groups were named better in any look (sending as such among them), and whether the naive reading was fooled."""
    size, several = chance.choice(SIZES), chance.randint(2, 4)
    shares = {outcome: chance.choice(SHARES) for outcome in OUTCOMES}
    looks: list[list[Counted]] = [[] for _ in DAYS]
    for group in range(several + 1):
        days = [_days(chance, size, share * (better if group == 0 else 1.0)) for share in shares.values()]
        for look, counts in zip(looks, zip(*days, strict=True), strict=True):
            look.append(Counted(size, *counts))
    fooled = any(_leads(look, outcome) for look in looks for outcome in OUTCOMES)
    named: set[str] = set()
    for day in range(1, len(DAYS) + LATER + 1):
        reached = [looks[mark - 1] for mark in MARK_DAYS if mark <= day]
        answer = _answered(tuple(tuple(look) for look in reached))
        named |= answer
    # With a difference between scripts sending as such may well make one.
    return (named if better == 1.0 else named - {verdicts.SENT}), fooled


# What is asked again between two marks has the same answer, as in the chat.
@lru_cache(maxsize=4)
def _answered(reached: Sequence[Sequence[Counted]]) -> set[str]:
    answer = verdicts.answer(
        [{str(name): group for name, group in enumerate(look[:-1])} for look in reached], [look[-1] for look in reached]
    )
    found = [*answer.scripts.values(), *answer.sending.values()]
    return {verdict.leader for verdict in found if verdict.decided and verdict.leader is not None}


def _days(chance: random.Random, size: int, share: float) -> Iterator[int]:
    """How many of a group had done it by the end of each day: who does it at all, then when."""
    left = bisect(_up_to(size, share), chance.random())
    did, rest = 0, 1.0
    for part in DAYS:
        today = sum(chance.random() < part / rest for _ in range(left)) if rest > part else left
        left, did, rest = left - today, did + today, rest - part
        yield did


@lru_cache
def _up_to(size: int, share: float) -> list[float]:
    """The binomial distribution, summed up."""
    return list(accumulate(comb(size, k) * share**k * (1 - share) ** (size - k) for k in range(size)))


def _leads(look: Sequence[Counted], outcome: str) -> bool:
    first, *others = sorted((group.tally(outcome) for group in look[:-1]), key=lambda tally: -tally.rate)
    second = others[0]
    both = first + second
    error = sqrt(both.rate * (1 - both.rate) * (1 / first.people + 1 / second.people))
    return first.rate - second.rate > NAIVE * error
