"""What is asked of a broadcast's rows as a whole: where it stands, who shares a text, what its mass jobs came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select, text

from bot.delivery import limits, outbox
from bot.delivery.limits import Rest
from bot.delivery.models import BroadcastRun, Delivery, GroupTask, MassResult
from bot.delivery.rules import MASS_LEAST, beijing_month
from bot.store.base import from_milliseconds, to_milliseconds
from bot.store.bulk import run, run_with
from bot.store.transaction import Tx

SENT_ROUTES = ("custom", "mass", "template", "subscribe", "task")

_SHARED = """
    SELECT content_id FROM deliveries
    WHERE broadcast_id = :broadcast_id AND ((state = 'planned' AND route = 'mass') OR (state = 'by_hand' AND reason = :reason))
    GROUP BY account, content_id HAVING COUNT(*) >= :least AND SUM(CASE WHEN state = 'by_hand' THEN 1 ELSE 0 END) > 0
"""
_TO_MASS = """
    UPDATE deliveries SET state = 'planned', route = 'mass', reason = '' FROM {given}
    WHERE deliveries.content_id = given.content_id AND deliveries.content_id {listed}
    AND broadcast_id = :broadcast_id AND state = 'by_hand' AND reason = :reason
"""


def shared_contents(tx: Tx, broadcast_id: int, reason: str) -> list[int]:
    """Contents that rows by hand with this ``reason`` could send by mass call, since others get the same."""
    return list(run(tx, _SHARED, broadcast_id=broadcast_id, reason=reason, least=MASS_LEAST).scalars())


def to_mass(tx: Tx, broadcast_id: int, contents: Sequence[int], reason: str) -> None:
    """Lets rows by hand with these contents and this ``reason`` go by mass call."""
    if contents:
        given = [(content,) for content in contents]
        run_with(tx, _TO_MASS, {"content_id": "bigint"}, given, broadcast_id=broadcast_id, reason=reason)


def mass_counts(tx: Tx, broadcast_id: int) -> dict[str, int]:
    """What the platform reported of the broadcast's mass jobs, added up: ``jobs``, and the counts as it names them."""
    ended = select(MassResult.counts).where(
        select(Delivery.id)
        .where(
            Delivery.account == MassResult.account,
            Delivery.platform_id == MassResult.msg_id,
            Delivery.broadcast_id == broadcast_id,
            # Spelled like the index of mass rows.
            text("route = 'mass' AND platform_id <> ''"),
        )
        .exists()
    )
    total: Counter[str] = Counter()
    for counts in tx.execute(ended).scalars():
        total["jobs"] += 1
        total.update({name: int(count) for name, count in counts.items() if str(count or "").isdecimal()})
    return dict(total)


_MONTHS = """
    SELECT COALESCE(mass_months.count, 0) AS used, COUNT(*) FROM deliveries
    LEFT JOIN mass_months ON mass_months.person_id = deliveries.person_id AND mass_months.account = deliveries.account
    AND mass_months.month = :month
    WHERE deliveries.broadcast_id = :broadcast_id AND deliveries.state IN ('sent', 'unknown') GROUP BY used
"""


def months_used(tx: Tx, broadcast_id: int, now: datetime) -> dict[int, int]:
    """How many who got a broadcast have had how many mass messages in the Beijing month of ``now``."""
    found = run(tx, _MONTHS, broadcast_id=broadcast_id, month=beijing_month(now))
    return dict(found.all())


# -- where it stands ----------------------------------------------------------------------------------------------------

# One look into the index of waiting rows for each account and route, however many rows there are.
_NEXT_ACCOUNT = "SELECT MIN(account) FROM deliveries WHERE state = 'planned' AND account > :account"
_FIRST_DUE = """
    SELECT due_at FROM deliveries WHERE account = :account AND route = :route AND broadcast_id = :broadcast_id
    AND state = 'planned' ORDER BY due_at LIMIT 1
"""


def lanes(tx: Tx, broadcast_id: int) -> list[tuple[str, str, datetime]]:
    """What a broadcast still has to send: (account, route, when the first of it is due)."""
    found = []
    account = ""
    while account := run(tx, _NEXT_ACCOUNT, account=account).scalar() or "":
        for route in SENT_ROUTES:
            due_at = run(tx, _FIRST_DUE, account=account, route=route, broadcast_id=broadcast_id).scalar()
            if due_at is not None:
                found.append((account, route, from_milliseconds(due_at)))
    return found


_NEXT_DUE = """
    SELECT MIN(due_at) FROM deliveries WHERE account = :account AND route = :route AND broadcast_id = :broadcast_id
    AND state = 'planned' AND due_at > :after
"""
_PUT_OFF = """
    UPDATE deliveries SET due_at = :to WHERE account = :account AND route = :route AND broadcast_id = :broadcast_id
    AND state = 'planned' AND due_at BETWEEN :first AND :last AND calling_since IS NULL
"""


def dues(tx: Tx, broadcast_id: int, *, until: datetime | None = None) -> list[datetime]:
    """The different moments at which rows that wait are due, in order, up to ``until``."""
    end = None if until is None else to_milliseconds(until)
    found: set[int] = set()
    for account, route, first in lanes(tx, broadcast_id):
        due: int | None = to_milliseconds(first)
        where = {"account": account, "route": route, "broadcast_id": broadcast_id}
        while due is not None and (end is None or due <= end):
            found.add(due)
            due = run(tx, _NEXT_DUE, after=due, **where).scalar()
    return [from_milliseconds(due) for due in sorted(found)]


def put_off(tx: Tx, broadcast_id: int, first: datetime, last: datetime, to: datetime) -> None:
    """Lets the rows that are due between two moments, and have not been called, be due at ``to``."""
    between = {"first": to_milliseconds(first), "last": to_milliseconds(last), "to": to_milliseconds(to)}
    for account, route, _due_at in lanes(tx, broadcast_id):
        run(tx, _PUT_OFF, account=account, route=route, broadcast_id=broadcast_id, **between)


def accounts_of(tx: Tx, broadcast_id: int) -> list[str]:
    """The accounts a broadcast still has messages to send from."""
    return sorted({account for account, _route, _due_at in lanes(tx, broadcast_id)})


_CLAIMED = (
    "SELECT 1 FROM deliveries WHERE state = 'claimed' AND lease_until > 0 AND broadcast_id = :broadcast_id LIMIT 1"
)


def moving(tx: Tx, broadcast_id: int) -> bool:
    """Whether anything of a broadcast waits to be sent or is being sent."""
    return bool(lanes(tx, broadcast_id) or run(tx, _CLAIMED, broadcast_id=broadcast_id).first())


def unheard(tx: Tx, broadcast_id: int) -> bool:
    """Whether some of a broadcast went through members of a company, to whom alone contacts answer."""
    mine = select(Delivery.id).where(Delivery.broadcast_id == broadcast_id, Delivery.route == "task")
    return tx.execute(mine.limit(1)).first() is not None


def on_the_way(tx: Tx, broadcast_id: int) -> bool:
    """Whether anything of a broadcast is `moving`, or waits for a person on the platform."""
    # What waits for a member may wait for days.
    waits = select(GroupTask.msgid).where(GroupTask.broadcast_id == broadcast_id, GroupTask.state == "open")
    if moving(tx, broadcast_id) or tx.execute(waits.limit(1)).first() is not None:
        return True
    # Only now, when nothing else is left: this reads the rows of the broadcast.
    rest = select(Delivery.id).where(Delivery.broadcast_id == broadcast_id, Delivery.state.in_(outbox.OPEN_STATES))
    return tx.execute(rest.limit(1)).first() is not None


_UNCALLED = """
    SELECT 1 FROM deliveries WHERE broadcast_id = :broadcast_id AND calling_since IS NULL
    AND state IN ('planned', 'claimed', 'by_hand') LIMIT 1
"""
_IN_FLIGHT = """
    SELECT 1 FROM deliveries WHERE broadcast_id = :broadcast_id AND state = 'claimed' AND calling_since IS NOT NULL
    AND batch_key = '' LIMIT 1
"""


def left_to_cancel(tx: Tx, broadcast_id: int) -> Literal["some", "in flight", "none"]:
    """Whether a cancelled broadcast has rows nobody has called, or calls whose answer may put one back."""
    if run(tx, _UNCALLED, broadcast_id=broadcast_id).first():
        return "some"
    return "in flight" if run(tx, _IN_FLIGHT, broadcast_id=broadcast_id).first() else "none"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a broadcast stands: its switch, the paths it waits for, and when the next row is due."""

    paused: bool
    rests: list[Rest]
    next_due_at: datetime | None


def progress(tx: Tx, broadcast_id: int) -> Progress:
    """Where a broadcast stands; ``rests`` says why nothing moves and until when."""
    waiting = lanes(tx, broadcast_id)
    rests: dict[tuple[str, str], Rest] = {}
    for account, route, _due_at in waiting:
        for channel, rest in limits.resting(tx, account, tx.now).items():
            if channel in (route, limits.WHOLE_ACCOUNT):
                rests[account, channel] = rest
    paused = tx.execute(select(BroadcastRun.paused).where(BroadcastRun.broadcast_id == broadcast_id)).scalar()
    return Progress(
        paused=bool(paused),
        rests=list(rests.values()),
        next_due_at=min((due_at for _account, _route, due_at in waiting), default=None),
    )
