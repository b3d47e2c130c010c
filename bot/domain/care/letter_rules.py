"""Whether care may say something to one customer now, later or never, and why: values in, a value out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from bot.delivery.rules import HAD_LETTER, LETTERS_FROM, next_letters, quiet_until
from bot.domain.customers.rules import COMPLAINING, OPTED_OUT, REFUSALS, UNFOLLOWED
from bot.settings import QuietHours

Purpose = Literal["marketing", "service"]
State = Literal["may", "later", "skipped"]

TOO_LATE = "过了时间"
STAFF = "是店员"
ERASED = "要求删除了资料"
QUIET = "还没到发的钟点"
WAITS = "在等回复，先聊"
TALKS = "今天在聊"
RESTS = "店员说了先不打扰"
PROMISED = "今天有一场群发发给 TA"
HAD_MONTH = "这个月已有 {count} 条营销消息"
# A talk may be over soon; whoever is left alone is looked at again now and then.
LOOK_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a customer at the moment of writing.

    ``followed`` None = never followed, False = unfollowed; ``refusal``: what the platform last said against reaching them,
    if it still counts. ``waits``: for an answer; ``talks``: answered a broadcast today. ``had`` and ``promised``:
    marketing messages of today and of the month; ``most_in_month`` of these are the limit. ``lettered``: had a letter today.
    """

    is_staff: bool
    erased: bool
    followed: bool | None
    refusal: str | None
    opted_out: bool
    complains: bool
    rests_until: datetime | None
    waits: bool
    talks: bool
    lettered: bool
    had: tuple[int, int]
    promised: tuple[int, int]
    most_in_month: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """``may``, ``later`` (worth asking again from ``again_at`` on) or ``skipped`` for good, with the reason in words."""

    state: State
    reason: str = ""
    again_at: datetime | None = None


def verdict(
    known: Known, *, purpose: Purpose, now: datetime, until: datetime, quiet: QuietHours | None, zone: ZoneInfo
) -> Verdict:
    """What holds for a letter at ``now``; ``until`` it is of use (both aware, UTC).

    Never two on one day, none at night; no advertising to who opted out, complains or had enough this month.
    """
    if now >= until:
        return Verdict("skipped", TOO_LATE)
    if (why := _never(known, purpose)) is not None:
        return Verdict("skipped", why)
    if known.complains:
        return Verdict("later", COMPLAINING, now + LOOK_AGAIN)
    if known.rests_until is not None and known.rests_until > now:
        return Verdict("later", RESTS, known.rests_until)
    if (opens := opening(now, quiet, zone)) > now:
        return Verdict("later", QUIET, opens)
    tomorrow = opening(next_letters(zone, now), quiet, zone)
    if known.lettered or known.had[0]:
        return Verdict("later", HAD_LETTER, tomorrow)
    if known.promised[0]:
        return Verdict("later", PROMISED, tomorrow)
    if known.waits:
        return Verdict("later", WAITS, now + LOOK_AGAIN)
    if known.talks:
        return Verdict("later", TALKS, tomorrow)
    return Verdict("may")


def _never(known: Known, purpose: Purpose) -> str | None:
    if known.is_staff:
        return STAFF
    if known.erased:
        return ERASED
    if known.followed is False:
        return UNFOLLOWED
    if known.refusal is not None:
        return REFUSALS[known.refusal]
    if purpose != "marketing":
        return None
    if known.opted_out:
        return OPTED_OUT
    if known.complains:
        return COMPLAINING
    month = known.had[1] + known.promised[1]
    return HAD_MONTH.format(count=month) if month >= known.most_in_month else None


def opening(at: datetime, quiet: QuietHours | None, zone: ZoneInfo) -> datetime:
    """The first moment from ``at`` on when letters may go out: from ten on, outside the quiet hours."""
    local = at.astimezone(zone)
    if local.time() < LETTERS_FROM:
        at = datetime.combine(local.date(), LETTERS_FROM, zone).astimezone(at.tzinfo)
    end = quiet_until(quiet, zone, at)
    if end is None:
        return at
    if end.astimezone(zone).time() < LETTERS_FROM:
        end = datetime.combine(end.astimezone(zone).date(), LETTERS_FROM, zone).astimezone(at.tzinfo)
    return end


def day_end(zone: ZoneInfo, now: datetime) -> datetime:
    """The midnight that ends the shop's day of ``now``."""
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone)
