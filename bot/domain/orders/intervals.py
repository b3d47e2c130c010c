"""How long an article lasts: the days staff gave it, corrected by a customer's own intervals, with the reason. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from bot.domain.orders.rules import article

DAY = timedelta(days=1)
# Habits change: what was long ago says little about the next time.
LOOKED_BACK = 5
# Without days of the article itself this many intervals have to agree, the longest at most so many times the shortest.
ENOUGH, AGREE = 3, 2
LONGEST = 730  # days an article may be said to last
_COUNTED = ("", "一", "两", "三", "四", "五")


@dataclass(frozen=True, slots=True)
class Lasts:
    """For how many days somebody has enough of an article; ``gaps`` are the own intervals it was learned from, in days
    and oldest first, none where these are the article's days."""

    days: int
    gaps: tuple[int, ...] = ()

    @property
    def why(self) -> str:
        """``前三次间隔 31、28、33 天``, or ``周期 30 天``."""
        if not self.gaps:
            return f"周期 {self.days} 天"
        which = "上次" if len(self.gaps) == 1 else f"前{_COUNTED[len(self.gaps)]}次"
        return f"{which}间隔 {'、'.join(map(str, self.gaps))} 天"


def gaps(bought: Sequence[datetime]) -> list[int]:
    """The days between purchases of one article, oldest first; bought twice within a day is bought once."""
    between = [round((later - earlier) / DAY) for earlier, later in pairwise(sorted(bought)) if later - earlier >= DAY]
    return between[-LOOKED_BACK:]


def lasts(own: Sequence[int], fixed: int | None) -> Lasts | None:
    """How long it lasts somebody with these intervals (`gaps`), ``fixed``: the article's days. None: nobody can tell.

    The median of the last intervals and the article's days: one long holiday, or one stock bought at a good price, does
    not move it, and a customer seen twice is not taken for a law. `bench/intervals.py` measures how near it comes.
    """
    recent = tuple(own[-LOOKED_BACK:])
    if fixed is None and (len(recent) < ENOUGH or max(recent[-ENOUGH:]) > AGREE * min(recent[-ENOUGH:])):
        return None
    if not recent:
        return Lasts(fixed) if fixed is not None else None
    known = recent if fixed is None else (fixed, *recent)
    return Lasts(max(1, round(median(known))), recent)


def due(learned: Lasts, *, paid_at: datetime, delivered_at: datetime, left_over: timedelta) -> datetime:
    """When an order should be used up; ``left_over``: how long what was bought before would still have lasted.

    A customer's own interval runs from one purchase to the next, an article's days from its delivery.
    """
    since = paid_at if learned.gaps else delivered_at
    whole = learned.days * DAY
    # Whoever stocks up has two of it; who buys a little early has only been quicker this time.
    stock = min(left_over, whole) if left_over > whole / 2 else timedelta(0)
    return max(since + whole, delivered_at + DAY) + stock


def known_as(items: str, articles: Collection[str]) -> str:
    """Which article an order's items are: one of ``articles`` by its whole name, else the longest one named among them
    (洗面奶 两瓶 is 洗面奶), else the items themselves as `rules.article` folds them."""
    said = article(items)
    if said in articles:
        return said
    return max((name for name in articles if len(name) > 1 and name in said), key=len, default=said)
