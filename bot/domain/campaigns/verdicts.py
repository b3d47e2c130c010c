"""Which group of a broadcast does better, and how sure that is: counts in, a verdict out. No I/O.

Two things make people see winners where there are none: looking every hour until one group happens to lead, and
comparing many groups in many ways. So a comparison is decided at fixed marks after the last message alone, however often
somebody looks, and the chance of ever naming a winner without one, over all marks and all claims of a broadcast
together, is at most ``LEVEL`` (``bench/trials.py`` counts it). Under that:

- Two groups are compared by Fisher's exact test, which holds its level for any size of group.
- A group is best of several when it beats each other one alone: the test against the strongest of the others holds the
  level for the choice as well (Gutmann and Maymin, "Is the selected population the best?", 1987).
- Marks and claims share the level out by Bonferroni.

Written with the standard library alone: of SciPy, `special` by itself took 43 MB and 1.5 s in a process that is to start within one
second, `stats` 93 MB; what is needed here are four closed formulas and one integral. The tests hold it to SciPy's values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil, exp, floor, inf, isfinite, lgamma, log, log10, sqrt
from statistics import NormalDist

# How often, at most, a broadcast without any difference gets any sentence that names one.
LEVEL = 0.10
OUTCOMES = ("replied", "visited", "bought")
# Who got nothing cannot answer it.
WITHOUT_MESSAGE = ("visited", "bought")
CLAIMS = len(OUTCOMES) + len(WITHOUT_MESSAGE)
# Moments after the last message, and the share of the level each may use up.
MARKS = ((timedelta(days=2), 0.25), (timedelta(days=7), 0.75))

_Z95 = NormalDist().inv_cdf(0.975)
# Two-sided for one claim at the last mark, and to find four of five differences.
_Z_CLAIM, _Z_POWER = -NormalDist().inv_cdf(LEVEL / CLAIMS * MARKS[-1][1] / 2), NormalDist().inv_cdf(0.8)
_STEPS = 1000
# More people than this nobody asks for.
_MOST_NEEDED = 100_000
SENT, HELD_OUT = "sent", "held out"


@dataclass(frozen=True, slots=True)
class Tally:
    """Of how many people of a group how many did it; 0 ≤ ``did`` ≤ ``people``."""

    people: int
    did: int

    @property
    def rate(self) -> float:
        return self.did / self.people if self.people else 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.people + other.people, self.did + other.did)


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted of one group; ``unheard``: of its people, those whose answers the platform tells nobody."""

    people: int
    replied: int = 0
    visited: int = 0
    bought: int = 0
    unheard: int = 0

    def tally(self, outcome: str) -> Tally:
        if outcome == "replied":
            return Tally(self.people - self.unheard, self.replied)
        return Tally(self.people, {"visited": self.visited, "bought": self.bought}[outcome])


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who leads, and how sure: a ``sureness`` below 1 - `LEVEL` says nothing.

    ``needed``: about how many more people would show a difference as large as the one seen; None where none is to be
    seen.
    """

    leader: str | None
    sureness: float
    needed: int | None

    @property
    def decided(self) -> bool:
        return self.leader is not None and self.sureness >= 1 - LEVEL


NOTHING = Verdict(None, 0.0, None)


@dataclass(frozen=True, slots=True)
class Answer:
    """By outcome: which script does better, and whether ``SENT`` or ``HELD_OUT`` people do it more."""

    scripts: dict[str, Verdict]
    sending: dict[str, Verdict]


def answer(marks: Sequence[Mapping[str, Counted]], held_out: Sequence[Counted] = ()) -> Answer:
    """Everything that is ever claimed of a broadcast.

    ``marks``: at each of the `MARKS` reached what was counted of each script's group; ``held_out``: of who got nothing.
    """
    scripts = {
        outcome: judge([{name: group.tally(outcome) for name, group in groups.items()} for groups in marks])
        for outcome in OUTCOMES
    }
    sending = {
        outcome: judge(
            [
                {SENT: together(groups, outcome), HELD_OUT: held.tally(outcome)}
                for groups, held in zip(marks, held_out, strict=False)
            ]
        )
        for outcome in WITHOUT_MESSAGE
    }
    return Answer(scripts, sending)


def together(groups: Mapping[str, Counted], outcome: str) -> Tally:
    """All groups that were sent something as one."""
    return sum((group.tally(outcome) for group in groups.values()), Tally(0, 0))


def judge(marks: Sequence[Mapping[str, Tally]]) -> Verdict:
    """What may be said of groups by what was counted at each of the `MARKS` reached so far, in their order.

    The first mark that decides stands: who was named is not taken back.
    """
    verdict = NOTHING
    for (_after, share), tallies in zip(MARKS, marks, strict=False):
        verdict = _at_mark(tallies, share)
        if verdict.decided:
            return verdict
    return verdict


def _at_mark(tallies: Mapping[str, Tally], share: float) -> Verdict:
    known = {name: tally for name, tally in tallies.items() if tally.people}
    if len(known) < 2:
        return NOTHING
    leader = max(known, key=lambda name: known[name].rate)
    others = [tally for name, tally in known.items() if name != leader]
    if any(tally.rate == known[leader].rate for tally in others):
        return NOTHING
    sureness = 1 - max(by_luck(known[leader], other) for other in others) * CLAIMS / share
    if sureness >= 1 - LEVEL:
        # Both ways of being sure have to agree.
        sureness = min(sureness, chances_to_be_best(known)[leader])
    return Verdict(leader, max(0.0, sureness), _needed(known, leader))


def by_luck(one: Tally, other: Tally) -> float:
    """How likely so large a difference is by chance alone: Fisher's exact test, two-sided (twice the smaller tail)."""
    drawn, total, did = one.people, one.people + other.people, one.did + other.did
    if not did or did == total or not one.people or not other.people:
        return 1.0
    towards = 1 if one.did * total >= drawn * did else -1
    return min(1.0, 2 * _tail(one.did, drawn, total, did, towards))


def _tail(hits: int, drawn: int, total: int, did: int, step: int) -> float:
    """P(so many hits or more (``step`` 1), or fewer (-1)) when ``drawn`` of ``total`` are drawn, ``did`` of them hits."""
    low, high = max(0, did - (total - drawn)), min(drawn, did)
    term = exp(_choose(did, hits) + _choose(total - did, drawn - hits) - _choose(total, drawn))
    rest = 0.0
    while low <= hits <= high and (term > 1e-18 or term > rest * 1e-12):
        rest += term
        if step > 0:
            term *= (did - hits) * (drawn - hits) / ((hits + 1) * (total - did - drawn + hits + 1))
        else:
            term *= hits * (total - did - drawn + hits) / ((did - hits + 1) * (drawn - hits + 1))
        hits += step
    return rest


def _choose(count: int, taken: int) -> float:
    return lgamma(count + 1) - lgamma(taken + 1) - lgamma(count - taken + 1)


def interval(tally: Tally) -> tuple[float, float]:
    """Between which shares the true one lies with 95 %, by Wilson."""
    if not tally.people:
        return 0.0, 1.0
    square = _Z95 * _Z95 / tally.people
    middle = (tally.rate + square / 2) / (1 + square)
    half = _Z95 * sqrt(tally.rate * (1 - tally.rate) / tally.people + square / (4 * tally.people)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def lift(one: Tally, other: Tally) -> tuple[float, float, float]:
    """By how much the share of ``one`` is above that of ``other``, and between what that lies with 95 % (Newcombe)."""
    above = one.rate - other.rate
    (low, high), (other_low, other_high) = interval(one), interval(other)
    down = sqrt((one.rate - low) ** 2 + (other_high - other.rate) ** 2)
    up = sqrt((high - one.rate) ** 2 + (other.rate - other_low) ** 2)
    return above, max(-1.0, above - down), min(1.0, above + up)


def chances_to_be_best(tallies: Mapping[str, Tally]) -> dict[str, float]:
    """Of each group, how likely it has the highest true share; uniform Beta priors, integrated to three digits.

    Of each group the density is taken at points evenly apart, where any of them has some; below a point lie all groups
    but one, each independently of the others.
    """
    shapes = [(1 + tally.did, 1 + tally.people - tally.did) for tally in tallies.values()]
    if not shapes:
        return {}
    edges = [_reach(*shape) for shape in shapes]
    low, high = min(edge[0] for edge in edges), max(edge[1] for edge in edges)
    points = [low + (high - low) * (step + 0.5) / _STEPS for step in range(_STEPS)]
    densities = [_densities(*shape, points) for shape in shapes]
    best = [0.0] * len(shapes)
    below = [0.0] * len(shapes)
    for place in range(_STEPS):
        # Half of the mass at a point counts as below it.
        here = [density[place] for density in densities]
        for group, mass in enumerate(here):
            share = mass
            for rival, under in enumerate(below):
                if rival != group:
                    share *= under + here[rival] / 2
            best[group] += share
        for group, mass in enumerate(here):
            below[group] += mass
    whole = sum(best)
    return {name: share / whole for name, share in zip(tallies, best, strict=True)}


def _reach(a: int, b: int) -> tuple[float, float]:
    mean = a / (a + b)
    spread = sqrt(mean * (1 - mean) / (a + b + 1))
    return max(0.0, mean - 9 * spread), min(1.0, mean + 9 * spread)


def _densities(a: int, b: int, points: Sequence[float]) -> list[float]:
    """The share of a Beta distribution at each point; together 1."""
    logs = [(a - 1) * log(point) + (b - 1) * log(1 - point) for point in points]
    top = max(logs)
    values = [exp(value - top) for value in logs]
    whole = sum(values)
    return [value / whole for value in values]


def _needed(tallies: Mapping[str, Tally], leader: str) -> int | None:
    """How many more people it takes, in all groups together, if the shares are as they look now."""
    first = tallies[leader]
    times = 0.0
    for name, other in tallies.items():
        if name != leader:
            both = first + other
            spread = both.rate * (1 - both.rate) * (1 / first.people + 1 / other.people)
            apart = (first.rate - other.rate) ** 2
            times = max(times, (_Z_CLAIM + _Z_POWER) ** 2 * spread / apart if apart else inf)
    now = sum(tally.people for tally in tallies.values())
    # A lead that is just not enough asks for some more all the same.
    more = now * max(0.1, times - 1)
    return _rounded(more) if isfinite(more) and more <= _MOST_NEEDED else None


def _rounded(count: float) -> int:
    """Up to two digits that say something: more would be a promise."""
    unit = 10 ** max(0, floor(log10(max(1.0, count))) - 1)
    return ceil(count / unit) * unit
