"""What the phones really received by themselves: the platform's own ledger, which judges everything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.sandbox import Platform
from bot.settings import QuietHours

PUSHED = ("custom", "mass", "template")


@dataclass(frozen=True, slots=True)
class Got:
    """One message on a phone that was no answer to something just said; ``at`` in the shop's zone, ``via`` its route."""

    at: datetime
    openid: str
    via: str
    text: str


def received(platform: Platform, zone: ZoneInfo) -> list[Got]:
    """Everything the account made phones show by itself, by time and then by content: many arrive in one moment."""
    return fresh(platform, zone, 0)[0]


def fresh(platform: Platform, zone: ZoneInfo, after: int) -> tuple[list[Got], int]:
    """The same of what came after a message's number; and the number of the last one."""
    with platform.lock:
        ledger = platform.phones.ledger(None, after)
    got = [
        Got(datetime.fromtimestamp(one.at, zone), one.openid, one.via, one.text) for one in ledger if one.via in PUSHED
    ]
    return sorted(got, key=lambda one: (one.at, one.openid, one.via, one.text)), ledger[-1].id if ledger else after


def in_quiet_hours(moments: Iterable[datetime], quiet: QuietHours | None) -> list[str]:
    """Those of the moments (shop's zone) that lie in the quiet hours, as words for who must repair it."""
    return [] if quiet is None else [f"{at:%Y-%m-%d %H:%M}" for at in moments if quiet.holds(at.time())]


def more_than(most: int, per: Iterable[Hashable]) -> list[str]:
    """Keys that occur more often than ``most``, with the count."""
    return [f"{count} of {key}" for key, count in Counter(per).items() if count > most]
