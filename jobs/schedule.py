"""What strikes when: the one list the scheduler goes through at every tick.

An entry finds out by itself what is due at ``now`` and must be harmless when it is called twice, by two schedulers at
once, or after the clock has jumped: it claims what it does by a row that only one can take.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from jobs import (
    activities,
    after_sale,
    campaigns,
    care,
    contact_nights,
    group_posts,
    letters,
    mornings,
    notices,
    occasions,
    playbooks,
    rule_tags,
    wake_ups,
)
from jobs.parts import Parts


@dataclass(frozen=True, slots=True)
class Entry:
    """``strike`` does what is due at ``now`` (aware, UTC) and returns how many things it did."""

    name: str
    strike: Callable[[Parts, datetime], int]


SCHEDULE: tuple[Entry, ...] = (
    Entry("activities", activities.strike),
    # Before the campaigns, so that what a day's plan has just made starts in the same tick.
    Entry("occasions", occasions.strike),
    Entry("campaigns", campaigns.strike),
    Entry("care", care.strike),
    Entry("group posts", group_posts.strike),
    Entry("after sale", after_sale.strike),
    Entry("wake-ups", wake_ups.strike),
    Entry("letters", letters.strike),
    Entry("playbooks", playbooks.strike),
    Entry("contacts", contact_nights.strike),
    Entry("rule tags", rule_tags.strike),
    # After everything that adds to the day, so that the morning's message knows of it.
    Entry("mornings", mornings.strike),
    # Last, so that what the others have just told staff goes out in the same tick.
    Entry("notices", notices.push),
)
