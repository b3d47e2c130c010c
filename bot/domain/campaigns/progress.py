"""Where a broadcast stands and what it came to, as data for the chat and for a page.

Short ones are counted when somebody asks. Counting the rows of a long one takes as long as a callback may last, so the
scheduler counts them now and then while only reading, and whoever asks gets the last count with its time.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, and_, func, insert, or_, select, type_coerce, update

from bot.delivery import broadcasts, confirming, outbox
from bot.delivery.limits import Rest
from bot.delivery.outbox import Delivery
from bot.domain.campaigns import lists, tapped, trials
from bot.domain.campaigns import service as campaigns
from bot.domain.campaigns.models import Broadcast, Tally
from bot.domain.campaigns.trials import Outcome
from bot.store.base import from_milliseconds
from bot.store.transaction import Tx

# A longer list is counted in the background: 20,000 rows take a third of a second, on a machine that is busy otherwise.
LONG = 5_000
COUNT_EVERY = timedelta(seconds=30)
# The rate is that of the last minutes.
LATELY = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Rows by state; how many went out in the last two minutes, and when the last is due (ms); what each group came to;
    why people got nothing; of the unclear ones how many people must check and how many the platform is asked about;
    what the platform reported of mass calls; how many tapped which item; for how many which member has still to confirm,
    as (account, member, count)."""

    counts: dict[str, int]
    lately: int
    last_due_at: int | None
    outcome: Outcome
    reasons: list[tuple[str, int]]
    to_check: int
    asked_again: int
    mass: dict[str, int]
    taps: list[tuple[str, int]]
    confirming: list[tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class Standing:
    """``numbers`` None: long, and not counted yet; ``counted_at`` None: counted just now. ``planning``: rows are still
    to be written. ``per_minute``: how many go out now; ``ends_at``: when the last will, None where nobody can tell.
    ``rests``: why nothing moves, and until when."""

    broadcast: Broadcast
    numbers: Numbers | None
    counted_at: datetime | None
    planning: bool
    per_minute: float
    ends_at: datetime | None
    next_due_at: datetime | None
    rests: list[Rest]


def standing(tx: Tx, broadcast: Broadcast) -> Standing:
    """Where a broadcast stands; a count that is wanted anew is made in the background."""
    numbers, counted_at = _numbers(tx, broadcast)
    now = broadcasts.progress(tx, broadcast.id)
    rate = 0.0 if numbers is None else numbers.lately / (LATELY / timedelta(minutes=1))
    running = broadcast.state == "running" and not now.rests
    return Standing(
        broadcast=broadcast,
        numbers=numbers,
        counted_at=counted_at,
        planning=lists.unfinished(tx, broadcast.id),
        per_minute=rate,
        ends_at=_ends_at(numbers, rate, tx.now) if numbers and running else None,
        next_due_at=now.next_due_at,
        rests=now.rests,
    )


def _ends_at(numbers: Numbers, per_minute: float, now: datetime) -> datetime | None:
    left = numbers.counts.get("planned", 0) + numbers.counts.get("claimed", 0)
    last_due = from_milliseconds(numbers.last_due_at) if numbers.last_due_at is not None else now
    if not left:
        return None
    if last_due > now:
        return last_due
    return now + timedelta(minutes=left / per_minute) if per_minute else None


def _numbers(tx: Tx, broadcast: Broadcast) -> tuple[Numbers | None, datetime | None]:
    if broadcast.audience <= LONG:
        return measure(tx, broadcast), None
    tally = tx.session.get(Tally, broadcast.id)
    if tally is None:
        tx.session.add(Tally(broadcast_id=broadcast.id, wanted=True))
        return None, None
    tally.wanted = True
    if tally.numbers is None:
        return None, None
    said = dict(tally.numbers)
    outcome = Outcome.read(said.pop("outcome"))
    reasons = [(reason, count) for reason, count in said.pop("reasons")]
    # A count from before there were any says nothing of taps.
    taps = [(item, count) for item, count in said.pop("taps", ())]
    waits = [(account, member, count) for account, member, count in said.pop("confirming", ())]
    return Numbers(outcome=outcome, reasons=reasons, taps=taps, confirming=waits, **said), tally.counted_at


def measure(tx: Tx, broadcast: Broadcast) -> Numbers:
    """Counts the rows of a broadcast; only reads, as long as it takes."""
    mine = Delivery.broadcast_id == broadcast.id
    lately = select(func.count()).where(mine, Delivery.state == "sent", Delivery.sent_at > tx.now - LATELY)
    last_due = select(func.max(type_coerce(Delivery.due_at, BigInteger))).where(mine, Delivery.state == "planned")
    to_check, asked_again = campaigns.count_unclear(tx, broadcast.id)
    counts = outbox.counts(tx, broadcast.id)
    waits = confirming.waits_for(tx, broadcast.id) if counts.get("handed") else []
    return Numbers(
        counts=counts,
        lately=tx.execute(lately).scalar_one(),
        last_due_at=tx.execute(last_due).scalar(),
        outcome=trials.of(tx, broadcast),
        reasons=campaigns.reasons(tx, broadcast.id),
        to_check=to_check,
        asked_again=asked_again,
        mass=broadcasts.mass_counts(tx, broadcast.id),
        taps=tapped.taps(tx, broadcast),
        confirming=[(one.account, one.sender, one.people) for one in waits],
    )


# -- the background ----------------------------------------------------------------------------------------------------


def to_count(tx: Tx) -> list[int]:
    """The long broadcasts somebody has asked about, or that are being sent, whose last count is old, and those that have
    been finished since."""
    old = or_(Tally.counted_at.is_(None), Tally.counted_at <= tx.now - COUNT_EVERY)
    due = or_(and_(or_(Tally.wanted, Broadcast.state == "running"), old), Broadcast.finished_at > Tally.counted_at)
    found = (
        select(Broadcast.id).outerjoin(Tally, Tally.broadcast_id == Broadcast.id).where(Broadcast.audience > LONG, due)
    )
    return list(tx.execute(found.order_by(Broadcast.id)).scalars())


def keep(tx: Tx, number: int, numbers: Numbers, at: datetime) -> None:
    """Keeps a count that was made at ``at``."""
    said: dict[str, Any] = {"counted_at": at, "wanted": False, "numbers": asdict(numbers)}
    if not tx.execute(update(Tally).where(Tally.broadcast_id == number).values(said)).rowcount:
        tx.execute(insert(Tally).values(broadcast_id=number, **said))
