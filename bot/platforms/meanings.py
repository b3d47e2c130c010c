"""What errcodes may mean, whichever platform's they are: the form of the tables that each platform fills for itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum

from bot.platforms.decisions import Decision

BEIJING = timezone(timedelta(hours=8))
# Past the platform's own midnight or minute, were its clock a little behind ours.
MARGIN_SECONDS = 5.0
MINUTE, HOUR = 60.0, 3600.0


class Until(StrEnum):
    """A pause that ends by the platform's clock."""

    NEXT_MINUTE = "next_minute"
    MIDNIGHT = "midnight"


@dataclass(frozen=True, slots=True)
class Meaning:
    """``pause``: seconds, or until when; None = no moment is known."""

    decision: Decision
    reason: str
    pause: float | Until | None = None
    relation: str | None = None


def seconds_of(pause: float | Until | None, now: datetime) -> float | None:
    """Seconds from ``now`` (aware) until the pause is over. Quotas are counted by Beijing's days and minutes."""
    if not isinstance(pause, Until):
        return pause
    local = now.astimezone(BEIJING)
    if pause is Until.NEXT_MINUTE:
        end = local.replace(second=0, microsecond=0) + timedelta(minutes=1)
    else:
        end = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (end - local).total_seconds() + MARGIN_SECONDS


@dataclass(frozen=True)
class Codes:
    """One platform's table. The same number means something else at another.

    ``called``: the platform's name in sentences. ``stale``: the access token is to be replaced. ``busy``: the platform's
    own overload; whether a message went in is open. ``too_fast``: fewer calls at once, please. ``wrong_secret``: what a
    stale-token code means at the call that fetches the token, where there is none in it.
    """

    called: str
    meanings: Mapping[int, Meaning]
    stale: frozenset[int]
    busy: frozenset[int]
    too_fast: frozenset[int]
    wrong_secret: int

    def meaning_of(self, code: int) -> Meaning:
        """The meaning of a code that is not 0; one nobody has listed is a defect of ours, tried once and counted."""
        words = f"平台返回了没见过的错误码 {code}，没有再试，请告诉技术人员"
        return self.meanings.get(code) or Meaning(Decision.DEFECT, words)


def person(reason: str, relation: str | None = None) -> Meaning:
    return Meaning(Decision.PERSON, reason, relation=relation)


def channel(reason: str, pause: float | Until | None = None) -> Meaning:
    return Meaning(Decision.CHANNEL, reason, pause)


def account(reason: str, pause: float | None = None) -> Meaning:
    return Meaning(Decision.ACCOUNT, reason, pause)


def defect(reason: str) -> Meaning:
    return Meaning(Decision.DEFECT, reason)


def again(reason: str, pause: float) -> Meaning:
    return Meaning(Decision.AGAIN, reason, pause)


def each(codes: Iterable[int], meaning: Meaning) -> dict[int, Meaning]:
    return dict.fromkeys(codes, meaning)
