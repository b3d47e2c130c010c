"""A broadcast at human pace: its list in batches, each with its own hour. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.delivery.rules import quiet_until
from bot.settings import QuietHours

# A smaller batch joins another: a mass call takes two people at least.
LEAST = 10
MOST_BATCHES = 300


@dataclass(frozen=True, slots=True)
class Pace:
    """``per_hour`` people, or over so many ``days``, or (neither) all at once."""

    per_hour: int | None = None
    days: int | None = None

    def sizes(self, count: int) -> list[int]:
        """How many people each batch has, of a list of ``count``."""
        if self.per_hour is not None and count > self.per_hour:
            sizes = [self.per_hour] * (count // self.per_hour)
            rest = count % self.per_hour
            return [*sizes, rest] if rest >= LEAST else [*sizes[:-1], sizes[-1] + rest]
        if self.days is not None and count >= 2 * LEAST:
            batches = min(self.days, count // LEAST)
            return [count // batches + (index < count % batches) for index in range(batches)]
        return [count]

    def hours(self, at: datetime, batches: int, quiet: QuietHours | None, zone: ZoneInfo) -> list[datetime]:
        """When each batch is due; hours in which nobody is woken do not count."""
        if self.per_hour is None:
            here = at.astimezone(zone)
            return [(here + timedelta(days=day)).astimezone(at.tzinfo) for day in range(batches)]
        due = quiet_until(quiet, zone, at) or at
        found = [due]
        while len(found) < batches:
            due += timedelta(hours=1)
            due = quiet_until(quiet, zone, due) or due
            found.append(due)
        # The first one waits for the morning by itself, as every broadcast does.
        return [at, *found[1:]]


@dataclass(frozen=True, slots=True)
class Part:
    """Some people of a list, ``place`` counting the parts, and when they are due."""

    place: int
    numbers: Sequence[int]
    due_at: datetime


def parts(
    pace: Pace, numbers: Sequence[int], at: datetime, quiet: QuietHours | None, zone: ZoneInfo, *, most: int
) -> Iterator[Part]:
    """The list in parts of at most ``most`` people who are due at the same time."""
    sizes = pace.sizes(len(numbers))
    place = start = 0
    for size, due_at in zip(sizes, pace.hours(at, len(sizes), quiet, zone), strict=True):
        for begin in range(start, start + size, most):
            yield Part(place, numbers[begin : min(begin + most, start + size)], due_at)
            place += 1
        start += size
