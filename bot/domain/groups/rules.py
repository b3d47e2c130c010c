"""Words and numbers of the customer groups; no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from types import MappingProxyType

# The platform's answer may be older than its event: read again after so long, then leave it to the night.
READ_AGAIN = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600))
NIGHT = time(4)  # from then on the day's list of groups is gone through
TOO_LATE = timedelta(hours=6)  # a reminder to post is of no use that long after its hour
NAME_LIMIT = 40  # characters of a room's base name (vendor manual, page 92229)

SCENES = MappingProxyType({"invited": "被邀请", "link": "点链接", "code": "扫码"})
LEFT = MappingProxyType({"left": "自己退出", "removed": "被移出", "dismissed": "群解散", "unseen": "原因不明"})


@dataclass(frozen=True, slots=True)
class Purpose:
    """A default group: for which class, as a segment and in words."""

    name: str
    segment: str
    words: str


PURPOSES = MappingProxyType(
    {
        "new": Purpose("新客引流群", "N", "未到店 N"),
        "looked": Purpose("到店体验群", "Y 且 O", "到店没买 Y·O"),
        "bought": Purpose("老客服务群", "M", "消费过 M"),
    }
)


def purpose_called(name: str) -> str:
    """The purpose whose default group's name a group's own name contains, empty for none."""
    return next((key for key, purpose in PURPOSES.items() if purpose.name in name), "")


def listing_day(here: datetime) -> str:
    """The day whose list is due at ``here`` (shop's zone): a new day begins at `NIGHT`."""
    return (here - timedelta(hours=NIGHT.hour)).date().isoformat()


def read_again(reads: int, now: datetime) -> datetime | None:
    """When to read a group again whose data lag behind its event, after so many tries; None = not before the night."""
    return now + READ_AGAIN[reads] if reads < len(READ_AGAIN) else None
