"""Chance by a seed: how many of many do something today."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice(random.Random):
    """Python's generator, with shares of a thousand."""

    def some(self, among: Sequence[T], per_thousand: float) -> list[T]:
        """So many of a thousand of them, by chance."""
        return self.sample(among, min(len(among), self.how_many(len(among), per_thousand)))

    def how_many(self, of: int, per_thousand: float) -> int:
        """So many of them; what is less than one is a chance."""
        wanted = of * per_thousand / 1000
        return int(wanted) + (self.random() < wanted % 1)
