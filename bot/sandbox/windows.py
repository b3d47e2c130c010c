"""Which customer messages a fan's doing allows (vendor manual, Customer_Service_Messages, 2026-10).

Every kind of trigger opens a bucket of its own; a new trigger of the same kind fills that one again. A send draws from
any open bucket, the soonest expiring first. A tap in a msgmenu counts as a menu tap.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import Refused
from .limits import Limits

if TYPE_CHECKING:
    from .fans import Fan

TRIGGERS = ("message", "menu", "follow", "scan", "payment")


@dataclass(slots=True)
class Bucket:
    """So many messages (None: no limit) until a sandbox time."""

    left: int | None
    until: float


def open_window(fan: "Fan", trigger: str, limits: Limits, now: float) -> None:
    left = None if trigger == "payment" else limits.count(f"window_{trigger}_count")
    fan.buckets[trigger] = Bucket(left, now + limits[f"window_{trigger}_seconds"])


def draw(fan: "Fan", now: float) -> None:
    """Take one message out of the fan's allowance: `Refused` 45015 when no bucket is open, 45047 when all are empty."""
    standing = [bucket for bucket in fan.buckets.values() if bucket.until > now]
    if not standing:
        raise Refused(45015)
    usable = [bucket for bucket in standing if bucket.left is None or bucket.left > 0]
    if not usable:
        raise Refused(45047)
    soonest = min(usable, key=lambda bucket: bucket.until)
    if soonest.left is not None:
        soonest.left -= 1
