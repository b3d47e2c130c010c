"""What follows from a platform's answer: the words delivery, jobs and pages share."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.errors import PlatformFailure


class Decision(StrEnum):
    """What to do with the row a call was made for."""

    SENT = "sent"
    AGAIN = "again"  # certainly not sent: planned again, with back-off
    SAME_KEY = "same_key"  # repeat with the same key after retry_after; only calls that carry a key
    UNKNOWN = "unknown"  # nobody can say yet whether the person got it
    PERSON = "person"  # failed for this recipient only
    CHANNEL = "channel"  # this path rests until retry_after, or until a person acts; the row stays planned
    ACCOUNT = "account"  # nothing of the account works until a person acts, or retry_after
    DEFECT = "defect"  # failed after one try: our fault, or a code nobody knows


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call.

    ``code``: the platform's errcode, None where no answer could be read. ``reason``: short Chinese words for staff,
    ``""`` when sent. ``retry_after``: seconds until another try makes sense; None = the caller's own back-off, or for
    CHANNEL and ACCOUNT: not before a person acts. ``relation``: what we learned of the person, one of ``gone``,
    ``refuses``, ``blocked``, ``window_closed``. ``body``: the answer as parsed, ``{}`` where there was none.
    ``left_out``: of a call for many that went well, those whom the platform leaves out at once.
    """

    decision: Decision
    code: int | None
    reason: str
    platform_id: str = ""
    retry_after: float | None = None
    relation: str | None = None
    body: dict[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def outcome_of(failure: PlatformFailure) -> Outcome:
    """The outcome of a delivery that could not even be tried."""
    return Outcome(Decision(failure.decision), failure.code, str(failure), retry_after=failure.retry_after)
