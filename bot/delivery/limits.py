"""The limits messages obey, asked when planning and decided at the call mark: windows, quotas, caps, resting paths.

Everything here is a row in the database, shared by all workers; what cannot be known here (a lowered quota, a counter
the platform keeps otherwise) the platform says in its answers, and `rest` and `closed` write it down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, cast
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Table, and_, delete, func, select, text, update
from sqlalchemy.orm import InstrumentedAttribute

from bot.delivery.models import ChannelState, Delivery, MassMonth, NoticeRight, Quota, Window
from bot.delivery.rules import (
    ALLOWANCES,
    DAILY_CALLS,
    KINDS,
    MASS_PER_MINUTE,
    MASS_PER_MONTH,
    MEMBER_PER_MINUTE,
    TASK_WAITS,
    Bucket,
    ReceiveSpan,
    beijing_day,
    beijing_month,
    day_start,
    month_start,
    open_buckets,
)
from bot.store.base import from_milliseconds, to_milliseconds
from bot.store.bulk import chunks, run, run_directly, run_directly_with, run_with
from bot.store.transaction import Tx, Write

__all__ = ["ChannelState", "MassMonth", "Quota", "Window"]

WHOLE_ACCOUNT = "*"
# The owner hears of the same trouble again only when it has lasted this long.
TELL_AGAIN = timedelta(hours=12)
LATELY = timedelta(days=30)

Kind = Literal["talk", "follow", "scan", "menu"]


# In updates the account stands in each given row: as a parameter it would tempt SQLite into reading all of the
# account's rows first and the given ones for each of them.

# -- windows ----------------------------------------------------------------------------------------------------------

_OPENED = {
    kind: Write(
        f"""
        INSERT INTO windows (account, person_id, {kind}_at, {kind}_used)
        SELECT given.account, given.person_id, given.at, 0 FROM {{given}} WHERE true
        ON CONFLICT (account, person_id) DO UPDATE SET {kind}_at = excluded.{kind}_at, {kind}_used = 0
        WHERE windows.{kind}_at < excluded.{kind}_at
        """,
        (("person_id", "text"), ("account", "text"), ("at", "bigint")),
    )
    for kind in KINDS
}
_PAIRS = ", ".join(f"{kind}_at, {kind}_used" for kind in KINDS)
_WINDOWS = f"""
    SELECT windows.person_id, {_PAIRS} FROM {{given}} CROSS JOIN windows
    WHERE windows.account = :account AND windows.person_id = given.person_id AND windows.person_id {{listed}}
"""
_TAKE = {
    kind: f"""
    UPDATE windows SET {kind}_used = {kind}_used + given.count
    FROM {{given}} WHERE windows.account = given.account AND windows.person_id = given.person_id
    AND windows.person_id {{listed}} AND {kind}_at = given.opened_at AND {kind}_used = given.used
    RETURNING windows.person_id
    """
    for kind in KINDS
}
_TAKE_COLUMNS = {"person_id": "text", "account": "text", "opened_at": "bigint", "used": "int", "count": "int"}
_GIVE_BACK = {
    kind: f"""
    UPDATE windows SET {kind}_used = {kind}_used - given.count FROM {{given}}
    WHERE windows.account = given.account AND windows.person_id = given.person_id
    AND windows.person_id {{listed}} AND {kind}_at = given.opened_at AND {kind}_used >= given.count
    """
    for kind in KINDS
}
_CLOSED = f"""
    UPDATE windows SET {", ".join(f"{kind}_used = {allowance.count}" for kind, allowance in ALLOWANCES.items())}
    WHERE account = :account AND person_id = :person_id
"""


def opened(tx: Tx, account: str, person_id: str, kind: Kind, at: datetime) -> None:
    """Notes that a person wrote, followed, scanned or tapped at ``at``; an older event never overwrites a newer one."""
    tx.later(_OPENED[kind], (account, person_id), (person_id, account, to_milliseconds(at)))


def left(tx: Tx, account: str, person_ids: Iterable[str], now: datetime) -> dict[str, tuple[int, datetime]]:
    """Who may be sent customer messages at ``now``: how many, and when the last open window closes."""
    found = spans(tx, account, person_ids, now)
    return {person_id: (sum(count for count, _closes in open_), open_[-1][1]) for person_id, open_ in found.items()}


def spans(tx: Tx, account: str, person_ids: Iterable[str], now: datetime) -> dict[str, list[tuple[int, datetime]]]:
    """Who may be sent customer messages at ``now``: (how many, until when) for each open window, the soonest first.

    The platform draws from them in this order.
    """
    moment = to_milliseconds(now)
    found: dict[str, list[tuple[int, datetime]]] = {}
    for person_id, *window in _windows(tx, account, person_ids):
        if buckets := open_buckets(window, moment):
            found[person_id] = [(bucket.left, from_milliseconds(bucket.closes_at)) for bucket in buckets]
    return found


def beyond(spans: Sequence[tuple[int, datetime]], used: int) -> list[tuple[int, datetime]]:
    """What `spans` leave after ``used`` messages more."""
    left = []
    for count, closes in spans:
        drawn = min(count, used)
        used -= drawn
        if count > drawn:
            left.append((count - drawn, closes))
    return left


class Taken(NamedTuple):
    """One message taken from a person's allowance, to be given back if it certainly did not go out."""

    person_id: str
    kind: str
    opened_at: int


def take(tx: Tx, account: str, person_ids: Sequence[str], now: datetime) -> list[Taken | None]:
    """Takes one message for every entry of ``person_ids`` (a person may stand there twice); None: no window is open.

    The update names what was read, so that a window that changed meanwhile is not counted wrongly; such a person gets
    None as well and finds the new window at the next try.
    """
    moment = to_milliseconds(now)
    given = [(one,) for one in set(person_ids)]
    found = run_directly_with(tx, _WINDOWS, {"person_id": "text"}, given, account=account)
    buckets = {row[0]: open_buckets(row[1:], moment) for row in found}
    chosen: list[Bucket | None] = []
    wanted: dict[tuple[str, str], list[int]] = {}
    for person_id in person_ids:
        bucket = next((one for one in buckets.get(person_id, ()) if one.left > 0), None)
        chosen.append(bucket)
        if bucket is not None:
            asked = wanted.setdefault((bucket.kind, person_id), [bucket.opened_at, bucket.used, 0])
            asked[2] += 1
            bucket.left -= 1
    got: set[tuple[str, str]] = set()
    for kind in {kind for kind, _person_id in wanted}:
        rows = [(person_id, account, *asked) for (of, person_id), asked in wanted.items() if of == kind]
        got |= {(kind, row[0]) for row in run_directly_with(tx, _TAKE[kind], _TAKE_COLUMNS, rows)}
    return [
        Taken(person_id, bucket.kind, bucket.opened_at) if bucket and (bucket.kind, person_id) in got else None
        for person_id, bucket in zip(person_ids, chosen, strict=True)
    ]


def give_back(tx: Tx, account: str, taken: Iterable[Taken]) -> None:
    """Returns what was taken for calls that certainly did not send, unless the window has been opened anew."""
    counts: dict[Taken, int] = {}
    for one in taken:
        counts[one] = counts.get(one, 0) + 1
    for kind in KINDS:
        rows = [(one.person_id, account, one.opened_at, count) for one, count in counts.items() if one.kind == kind]
        if rows:
            columns = {"person_id": "text", "account": "text", "opened_at": "bigint", "count": "int"}
            run_with(tx, _GIVE_BACK[kind], columns, rows)


def closed(tx: Tx, account: str, person_id: str) -> None:
    """Notes that the platform called the person's window closed or used up (45015, 45047)."""
    run(tx, _CLOSED, account=account, person_id=person_id)


def _windows(tx: Tx, account: str, person_ids: Iterable[str]) -> Iterator[Sequence]:
    for chunk in chunks(person_ids):
        yield from run_with(tx, _WINDOWS, {"person_id": "text"}, [(one,) for one in chunk], account=account).all()


# -- subscribe notices -----------------------------------------------------------------------------------------------

_ACCEPTED = """
    INSERT INTO notice_rights (person_id, account, template_id, unused, since)
    VALUES (:person_id, :account, :template_id, :count, 0)
    ON CONFLICT (person_id, account, template_id) DO UPDATE SET unused = notice_rights.unused + excluded.unused
    WHERE notice_rights.since <= :at
"""
_SWITCHED_OFF = """
    INSERT INTO notice_rights (person_id, account, template_id, unused, since)
    VALUES (:person_id, :account, :template_id, 0, :at)
    ON CONFLICT (person_id, account, template_id) DO UPDATE SET unused = 0, since = excluded.since
    WHERE notice_rights.since < excluded.since
"""
_OF_NOTICE = "account = :account AND template_id = :template_id AND person_id = :person_id"
_MAY_NOTIFY = f"SELECT 1 FROM notice_rights WHERE {_OF_NOTICE} AND unused > 0"
_TAKE_NOTICE = f"UPDATE notice_rights SET unused = unused - 1 WHERE {_OF_NOTICE} AND unused > 0"
_GIVE_BACK_NOTICE = f"UPDATE notice_rights SET unused = unused + 1 WHERE {_OF_NOTICE}"
_NO_NOTICES = f"UPDATE notice_rights SET unused = 0 WHERE {_OF_NOTICE}"


def notices_accepted(tx: Tx, account: str, person_id: str, template_id: str, count: int, at: datetime) -> None:
    """Somebody said yes ``count`` times to a template: so many notices may be sent."""
    said = {"account": account, "person_id": person_id, "template_id": template_id}
    run(tx, _ACCEPTED, count=count, at=to_milliseconds(at), **said)


def notices_switched_off(tx: Tx, account: str, person_id: str, template_id: str, at: datetime) -> None:
    """Somebody wants no notices of a template any more."""
    run(tx, _SWITCHED_OFF, account=account, person_id=person_id, template_id=template_id, at=to_milliseconds(at))


def may_notify(tx: Tx, account: str, person_id: str, template_id: str) -> bool:
    return run(tx, _MAY_NOTIFY, account=account, person_id=person_id, template_id=template_id).first() is not None


def take_notice(tx: Tx, account: str, person_id: str, template_id: str) -> bool:
    """Takes one; False where there is none left."""
    return run(tx, _TAKE_NOTICE, account=account, person_id=person_id, template_id=template_id).rowcount == 1


def give_back_notice(tx: Tx, account: str, person_id: str, template_id: str) -> None:
    """Returns what was taken for a call that certainly did not send."""
    run(tx, _GIVE_BACK_NOTICE, account=account, person_id=person_id, template_id=template_id)


def no_notices(tx: Tx, account: str, person_id: str, template_id: str) -> None:
    """Notes that the platform knows of none left (43101)."""
    run(tx, _NO_NOTICES, account=account, person_id=person_id, template_id=template_id)


# -- quotas ----------------------------------------------------------------------------------------------------------

_USE_QUOTA = """
    INSERT INTO channel_quotas (account, path, day, used) VALUES (:account, :path, :day, :count)
    ON CONFLICT (account, path, day) DO UPDATE SET used = channel_quotas.used + excluded.used
    WHERE channel_quotas.used + excluded.used <= :most RETURNING used
"""

_QUOTA_USED = "SELECT used FROM channel_quotas WHERE account = :account AND path = :path AND day = :day"


def quota_left(tx: Tx, account: str, path: str, now: datetime) -> int:
    """Calls the path (``custom``, ``mass``, ``template``) still has on the Beijing day of ``now``."""
    used = run_directly(tx, _QUOTA_USED, account=account, path=path, day=beijing_day(now))
    return max(0, DAILY_CALLS[path] - (used[0][0] if used else 0))


def take_quota(tx: Tx, account: str, path: str, wanted: int, now: datetime) -> int:
    """Takes up to ``wanted`` calls from today's quota of the path; returns how many there were."""
    granted = min(wanted, quota_left(tx, account, path, now))
    if granted == 0:
        return 0
    day, most = beijing_day(now), DAILY_CALLS[path]
    used = run_directly(tx, _USE_QUOTA, account=account, path=path, day=day, count=granted, most=most)
    return granted if used else 0


_MINUTE = "mass_minute"


def take_mass_call(tx: Tx, account: str, now: datetime) -> datetime | None:
    """Takes one mass call from this minute's; None, or when to come again where there are no more."""
    return _take_in_minute(tx, account, _MINUTE, MASS_PER_MINUTE, now)


def take_member_call(tx: Tx, account: str, member_id: str, now: datetime) -> datetime | None:
    """`take_mass_call` for app messages to one member: the platform drops the excess without a word."""
    return _take_in_minute(tx, account, f"member:{member_id}", MEMBER_PER_MINUTE, now)


def _take_in_minute(tx: Tx, account: str, path: str, most: int, now: datetime) -> datetime | None:
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    stamp = minute.strftime("%Y-%m-%dT%H:%M")
    taken = run(tx, _USE_QUOTA, account=account, path=path, day=stamp, count=1, most=most).first()
    if taken is None:
        return minute + timedelta(minutes=1)
    if taken[0] == 1:
        tx.execute(delete(Quota).where(Quota.account == account, Quota.path == path, Quota.day < stamp))
    return None


_TAKE_MONTHS = """
    INSERT INTO mass_months (account, person_id, month, count)
    SELECT :account, given.person_id, :month, 1 FROM {given} WHERE true
    ON CONFLICT (account, person_id, month) DO UPDATE SET count = mass_months.count + 1
    WHERE mass_months.count < :most RETURNING mass_months.person_id
"""
_GIVE_BACK_MONTHS = """
    UPDATE mass_months SET count = count - 1 FROM {given}
    WHERE mass_months.account = given.account AND mass_months.person_id = given.person_id
    AND mass_months.person_id {listed} AND mass_months.month = given.month AND mass_months.count > 0
"""
_MONTHS = """
    SELECT mass_months.person_id, mass_months.count FROM {given} CROSS JOIN mass_months
    WHERE mass_months.account = :account AND mass_months.person_id = given.person_id
    AND mass_months.person_id {listed} AND mass_months.month = :month
"""


def mass_left(tx: Tx, account: str, person_ids: Iterable[str], now: datetime) -> dict[str, int]:
    """How many mass messages each fan may still get in the Beijing month of ``now``."""
    found: dict[str, int] = {}
    for chunk in chunks(person_ids):
        found |= dict.fromkeys(chunk, MASS_PER_MONTH)
        rows = [(one,) for one in chunk]
        parameters = {"account": account, "month": beijing_month(now)}
        for person_id, count in run_with(tx, _MONTHS, {"person_id": "text"}, rows, **parameters).all():
            found[person_id] = MASS_PER_MONTH - count
    return found


def take_months(tx: Tx, account: str, person_ids: Iterable[str], now: datetime) -> set[str]:
    """Counts a mass message for each fan; returns those for whom it was not the fifth of the month."""
    rows = [(one,) for one in sorted(set(person_ids))]
    parameters = {"account": account, "month": beijing_month(now), "most": MASS_PER_MONTH}
    return {row[0] for row in run_with(tx, _TAKE_MONTHS, {"person_id": "text"}, rows, **parameters).all()}


def give_back_months(tx: Tx, account: str, people: Iterable[tuple[str, datetime]]) -> None:
    """Takes counts back for mass messages that did not go out: (person, when the call was made)."""
    rows = [(person_id, account, beijing_month(at)) for person_id, at in people]
    run_with(tx, _GIVE_BACK_MONTHS, {"person_id": "text", "account": "text", "month": "text"}, rows)


# -- group-sends a contact or a chat has received ---------------------------------------------------------------------

# What waits for its confirmation may be sent in any span to come.
_RECEIVED = """
    SELECT d.person_id, COUNT(*) FROM {given} CROSS JOIN deliveries AS d
    WHERE d.person_id = given.person_id AND d.person_id {listed} AND d.account = :account
    AND d.route = 'task' AND d.calling_since IS NOT NULL AND d.calling_since >= :called_since
    AND (d.state IN ('claimed', 'handed', 'unknown') OR (d.state = 'sent' AND d.sent_at >= :since AND d.sent_at < :until))
    GROUP BY d.person_id
"""


def received(tx: Tx, account: str, person_ids: Iterable[str], span: ReceiveSpan) -> dict[str, int]:
    """How many group-sends of ours each contact or chat has had, or may get, in a span; nothing = no entry."""
    found: dict[str, int] = {}
    waits = int(TASK_WAITS / timedelta(milliseconds=1))
    asked = {"account": account, "since": span.since, "until": span.until, "called_since": span.since - waits}
    for chunk in chunks(person_ids):
        rows = [(one,) for one in chunk]
        found |= dict(run_with(tx, _RECEIVED, {"person_id": "text"}, rows, **asked).all())
    return found


# -- caps ------------------------------------------------------------------------------------------------------------

# All sources count alike: every row that speaks of something to sell has the purpose ``marketing``, whoever planned it.
_MARKETING = """
    SELECT d.customer_id, SUM(CASE WHEN d.calling_since >= :day THEN 1 ELSE 0 END),
    SUM(CASE WHEN d.calling_since >= :month THEN 1 ELSE 0 END), SUM(CASE WHEN d.calling_since >= :lately THEN 1 ELSE 0 END),
    SUM(CASE WHEN d.calling_since >= :lately AND d.replied_at IS NOT NULL THEN 1 ELSE 0 END)
    FROM {given} CROSS JOIN deliveries AS d
    WHERE d.customer_id = given.customer_id AND d.customer_id {listed} AND d.purpose = 'marketing' AND d.calling_since IS NOT NULL
    AND d.calling_since >= :since AND d.state IN ('claimed', 'handed', 'sent', 'unknown')
    GROUP BY d.customer_id
"""


class Had(NamedTuple):
    """Marketing messages somebody got, or may have got: on the day, in the month; and in the last 30 days with answers."""

    today: int = 0
    month: int = 0
    lately: int = 0
    replied: int = 0


def marketing(tx: Tx, customer_ids: Iterable[int], at: datetime, zone: ZoneInfo) -> dict[int, Had]:
    """What each customer had on the shop's day and month of ``at``, and in the 30 days before it; nothing = no entry."""
    day, month = to_milliseconds(day_start(zone, at)), to_milliseconds(month_start(zone, at))
    lately = to_milliseconds(at - LATELY)
    since = {"day": day, "month": month, "lately": lately, "since": min(day, month, lately)}
    found: dict[int, Had] = {}
    for chunk in chunks(customer_ids):
        rows = [(one,) for one in chunk]
        for customer_id, *counts in run_with(tx, _MARKETING, {"customer_id": "bigint"}, rows, **since).all():
            found[customer_id] = Had(*counts)
    return found


_LETTERS = """
    SELECT DISTINCT d.customer_id FROM {given} CROSS JOIN deliveries AS d
    WHERE d.customer_id = given.customer_id AND d.customer_id {listed} AND d.occurrence <> '' AND d.broadcast_id IS NULL
    AND d.calling_since >= :day AND d.state IN ('claimed', 'handed', 'sent', 'unknown')
"""


def had_letter(tx: Tx, customer_ids: Iterable[int], at: datetime, zone: ZoneInfo) -> set[int]:
    """Who of these got a letter (`outbox.letter`) on the shop's day of ``at``, or may have got one."""
    day, found = to_milliseconds(day_start(zone, at)), set()
    for chunk in chunks(customer_ids):
        rows = [(one,) for one in chunk]
        found |= {row[0] for row in run_with(tx, _LETTERS, {"customer_id": "bigint"}, rows, day=day)}
    return found


_GOT = ("claimed", "handed", "sent", "unknown")
# Made once: a table's other name costs as much as the rest of the condition.
_HAD, _LETTER = (cast(Table, Delivery.__table__).alias(name) for name in ("had", "letter"))


def has_room(
    customer: ColumnElement[int] | InstrumentedAttribute[int], at: datetime, zone: ZoneInfo, most: tuple[int, int]
) -> ColumnElement[bool]:
    """Whether a customer had less than ``most`` (a day, a month) at ``at``: what `marketing` counts, as a condition.

    Who had a letter on that day has no room either.
    """
    day, month = _had(customer, day_start(zone, at)), _had(customer, month_start(zone, at))
    return and_(day < most[0], month < most[1], _no_letter(customer, day_start(zone, at)))


def has_day(
    customer: ColumnElement[int] | InstrumentedAttribute[int], at: datetime, zone: ZoneInfo
) -> ColumnElement[bool]:
    """Whether a customer had neither marketing nor a letter on the shop's day of ``at``, as a condition."""
    since = day_start(zone, at)
    return and_(_had(customer, since) == 0, _no_letter(customer, since))


def _had(customer: ColumnElement[int] | InstrumentedAttribute[int], since: datetime) -> ColumnElement[int]:
    got = select(func.count()).where(
        _HAD.c.customer_id == customer,
        # Spelled like the index of what counts.
        text("had.purpose = 'marketing' AND had.calling_since IS NOT NULL"),
        _HAD.c.calling_since >= since,
        _HAD.c.state.in_(_GOT),
    )
    return got.correlate_except(_HAD).scalar_subquery()


def _no_letter(customer: ColumnElement[int] | InstrumentedAttribute[int], since: datetime) -> ColumnElement[bool]:
    got = select(_LETTER.c.id).where(
        _LETTER.c.customer_id == customer,
        # Spelled like the index of letters.
        text("letter.occurrence <> '' AND letter.broadcast_id IS NULL"),
        _LETTER.c.calling_since >= since,
        _LETTER.c.state.in_(_GOT),
    )
    return ~got.correlate_except(_LETTER).exists()


_PROMISED = """
    SELECT d.customer_id, d.route, d.content_id, d.due_at FROM {given} CROSS JOIN deliveries AS d
    WHERE d.customer_id = given.customer_id AND d.customer_id {listed} AND d.customer_id IS NOT NULL
    AND d.purpose = 'marketing' AND d.calling_since IS NULL AND d.state IN ('planned', 'claimed')
    AND COALESCE(d.broadcast_id, 0) <> :broadcast_id
"""


class Promise(NamedTuple):
    """A marketing message of another broadcast that is still to go out; ``due_at`` in milliseconds."""

    route: str
    content_id: int | None
    due_at: int


def promised(tx: Tx, customer_ids: Iterable[int], broadcast_id: int) -> dict[int, list[Promise]]:
    """What other broadcasts have promised to send to each customer: it comes first, and counts like what they had."""
    found: dict[int, list[Promise]] = {}
    now = to_milliseconds(tx.now)
    for chunk in chunks(customer_ids):
        given = [(one,) for one in chunk]
        rows = run_with(tx, _PROMISED, {"customer_id": "bigint"}, given, broadcast_id=broadcast_id).all()
        for customer_id, route, content_id, due_at in rows:
            # What has been waiting goes out now at the earliest.
            found.setdefault(customer_id, []).append(Promise(route, content_id, max(due_at, now)))
    return found


# -- resting paths ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rest:
    """Why a path of an account rests; ``stopped``: somebody has to repair something, we only try now and then."""

    channel: str
    until: datetime
    stopped: bool
    reason: str


def resting(tx: Tx, account: str, now: datetime) -> Mapping[str, Rest]:
    """The paths of the account that rest at ``now``; ``*`` stands for all of them."""
    rows = run_directly(tx, _RESTING, account=account, now=to_milliseconds(now))
    return {
        channel: Rest(channel, from_milliseconds(until), bool(stopped), reason)
        for channel, until, stopped, reason in rows
    }


_RESTING = "SELECT channel, until, stopped, reason FROM channel_states WHERE account = :account AND until > :now"
_REST = """
    INSERT INTO channel_states (account, channel, until, stopped, reason, told_at)
    VALUES (:account, :channel, :until, :stopped, :reason, :told_at)
    ON CONFLICT (account, channel) DO UPDATE SET until = excluded.until, stopped = excluded.stopped,
    reason = excluded.reason, told_at = COALESCE(excluded.told_at, channel_states.told_at)
"""


def rest(tx: Tx, account: str, channel: str, *, until: datetime, stopped: bool, reason: str) -> bool:
    """Lets a path rest until ``until``; True where the owner has not been told of this reason lately."""
    before = tx.execute(
        select(ChannelState.reason, ChannelState.told_at).where(
            ChannelState.account == account, ChannelState.channel == channel
        )
    ).first()
    told = before is not None and before.told_at is not None and before.told_at > tx.now - TELL_AGAIN
    tell = not (told and before is not None and before.reason == reason)
    run(
        tx,
        _REST,
        account=account,
        channel=channel,
        until=to_milliseconds(until),
        stopped=stopped,
        reason=reason,
        told_at=to_milliseconds(tx.now) if tell else None,
    )
    return tell


def resume(tx: Tx, account: str) -> int:
    """Somebody may have repaired it: the account's stopped paths are tried again at once; returns how many there were.

    What is known of them stays, so that the owner is not told of the same trouble a second time.
    """
    stopped = (ChannelState.account == account) & ChannelState.stopped & (ChannelState.until > tx.now)
    resumed = tx.execute(update(ChannelState).where(stopped).values(until=tx.now)).rowcount
    if resumed:
        tx.after_commit("drain", account)
    return resumed


def forget(tx: Tx, account: str, person_id: str) -> None:
    """Erases what is counted for a person."""
    tx.execute(delete(Window).where(Window.account == account, Window.person_id == person_id))
    tx.execute(delete(MassMonth).where(MassMonth.account == account, MassMonth.person_id == person_id))
    tx.execute(delete(NoticeRight).where(NoticeRight.account == account, NoticeRight.person_id == person_id))
