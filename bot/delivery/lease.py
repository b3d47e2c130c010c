"""Who holds which row: claims with a fence and a lease, their renewal and return, and the sweep after the dead.

Leases count on the database's clock, so neither a worker's clock nor a rehearsal's matters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

import orjson

from bot.delivery import limits
from bot.delivery.limits import Taken
from bot.delivery.rules import (
    INTERRUPTED,
    KEY_TRUSTED,
    MASS_LEAST,
    MASS_MOST,
    RECONCILE_AFTER,
    REPEAT_TRUSTED,
    TASK_CHATS_MOST,
    TASK_MOST,
)
from bot.store.base import to_milliseconds
from bot.store.bulk import MASS_CLAIMS, run, run_directly, run_with, take_turns
from bot.store.killpoints import reach
from bot.store.transaction import Tx


@dataclass(slots=True)
class Held:
    """A claimed row as its holder knows it; moments in milliseconds."""

    id: int
    fence: int
    person_id: str
    customer_id: int | None
    staff_id: int | None
    purpose: str
    broadcast_id: int | None
    content_id: int | None
    route: str
    send_key: str
    not_after: int | None
    attempts: int
    calling_since: int | None
    batch_key: str
    withdrawn: str
    sender: str
    taken: Taken | None = None

    @property
    def repeats(self) -> bool:
        """An earlier call for this row had no clear answer; it is repeated with its key."""
        return self.calling_since is not None


_RETURNED = ", ".join(f"deliveries.{field.name}" for field in fields(Held) if field.name != "taken")
# So many broadcasts share one claim; the others have their turn at the next.
MOST_SHARES = 20
_WAITS = "account = :account AND route = :route AND state = 'planned' AND due_at <= :now AND lapses < 3"
# What one task is made of.
_ALIKE = "sender = :sender AND content_id = :content_id AND (customer_id IS NULL) = :for_chats"
_LANES = {
    "one": f"{_WAITS} AND broadcast_id IS NULL",
    "broadcast": f"{_WAITS} AND broadcast_id = :broadcast_id",
    "mass": f"{_WAITS} AND broadcast_id = :broadcast_id AND content_id = :content_id AND batch_key = :batch_key",
    "task": f"{_WAITS} AND broadcast_id = :broadcast_id AND {_ALIKE}",
    "task of none": f"{_WAITS} AND broadcast_id IS NULL AND {_ALIKE}",
    # A row that was lapsed three times is suspected of killing its holder: nobody else is to share its fate.
    "alone": "account = :account AND route = :route AND state = 'planned' AND lapses >= 3 AND due_at <= :now",
}
_CLAIM = {
    lane: f"""
    WITH picked AS MATERIALIZED (
        SELECT id FROM deliveries WHERE {waits} ORDER BY due_at, id LIMIT :count {{skip_locked}}
    )
    UPDATE deliveries SET state = 'claimed', fence = fence + 1, lease_until = {{clock}} + :lease
    WHERE id {{in_picked}} RETURNING {_RETURNED}
    """
    for lane, waits in _LANES.items()
}
_OPEN_WHERE = f"""
    SELECT runs.broadcast_id FROM delivery_runs AS runs WHERE NOT runs.paused AND EXISTS (
        SELECT 1 FROM deliveries WHERE {_WAITS} AND deliveries.broadcast_id = runs.broadcast_id
    )
"""
# From the one behind ``after`` on, so that everybody's turn comes.
_FIRST_OPEN = "ORDER BY runs.broadcast_id <= :after, runs.broadcast_id LIMIT :most"
_OPEN_BROADCAST = f"{_OPEN_WHERE} {_FIRST_OPEN}"
_OPEN_MASS = f"""
    {_OPEN_WHERE} AND NOT EXISTS (
        SELECT 1 FROM deliveries WHERE account = :account AND route = 'custom' AND state = 'planned'
        AND due_at <= :now AND deliveries.broadcast_id = runs.broadcast_id
    ) AND runs.broadcast_id NOT IN (
        SELECT COALESCE(broadcast_id, 0) FROM deliveries WHERE state = 'claimed' AND lease_until > 0 AND route = 'custom'
    ) {_FIRST_OPEN}
"""
_FIRST_OF_MASS = f"""
    SELECT content_id, batch_key FROM deliveries WHERE {_LANES["broadcast"]} ORDER BY due_at, id LIMIT 1
"""
_FIRST_OF_TASK = {
    lane: f"""
    SELECT sender, content_id, customer_id IS NULL FROM deliveries WHERE {_LANES[lane]} ORDER BY due_at, id LIMIT 1
    """
    for lane in ("broadcast", "one")
}
_COUNT_MASS = f"SELECT COUNT(*) FROM (SELECT 1 FROM deliveries WHERE {_LANES['mass']} LIMIT :most) AS waiting"

_DUE = f"""
    SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM deliveries WHERE {_LANES["one"]} LIMIT :most) AS a)
    + (SELECT COUNT(*) FROM (
        SELECT 1 FROM delivery_runs AS runs CROSS JOIN deliveries
        WHERE NOT runs.paused AND deliveries.broadcast_id = runs.broadcast_id AND {_WAITS} LIMIT :most
    ) AS b)
    + (SELECT COUNT(*) FROM (SELECT 1 FROM deliveries WHERE {_LANES["alone"]} LIMIT :most) AS c)
"""


def due(tx: Tx, account: str, routes: Iterable[str], most: int) -> int:
    """How many rows may be claimed, counted up to about ``most``; only reads."""
    timing = {"now": to_milliseconds(tx.now), "most": most}
    return sum(run(tx, _DUE, account=account, route=route, **timing).scalar() or 0 for route in routes)


_IN_A_HURRY = """
    SELECT 1 FROM deliveries WHERE account = :account AND route = 'welcome' AND state = 'planned' AND broadcast_id IS NULL
    AND due_at <= :now AND lapses < 3 AND not_after >= :now LIMIT 1
"""


def in_a_hurry(tx: Tx, account: str) -> bool:
    """Whether a welcome waits that can still be in time, and whose path does not rest."""
    if {"welcome", limits.WHOLE_ACCOUNT} & limits.resting(tx, account, tx.now).keys():
        return False
    return bool(run_directly(tx, _IN_A_HURRY, account=account, now=to_milliseconds(tx.now)))


def claim(tx: Tx, account: str, routes: Iterable[str], *, count: int, lease: timedelta, after: int = 0) -> list[Held]:
    """Claims up to ``count`` due rows of single messages: those of no broadcast first, then an equal share of every
    broadcast, so that a short one does not wait for the end of a long one; ``after``: whose turn was last."""
    held: list[Held] = []
    for route in routes:
        held += _claim(tx, "one", count - len(held), lease, account=account, route=route)
    for route in routes:
        while len(held) < count and (got := _claim_shares(tx, account, route, count - len(held), lease, after)):
            held += got
    reach("claim")
    return held


def _claim_shares(tx: Tx, account: str, route: str, count: int, lease: timedelta, after: int) -> list[Held]:
    waiting = _open_broadcasts(tx, account, route, after=after, most=min(count, MOST_SHARES))
    held: list[Held] = []
    for place, broadcast_id in enumerate(waiting):
        share = (count - len(held)) // (len(waiting) - place)
        held += _claim(tx, "broadcast", share, lease, account=account, route=route, broadcast_id=broadcast_id)
    return held


def claim_alone(tx: Tx, account: str, route: str, lease: timedelta) -> list[Held]:
    """Claims one row whose lease lapsed three times without a call."""
    return _claim(tx, "alone", 1, lease, account=account, route=route)


def claim_mass(tx: Tx, account: str, lease: timedelta, *, settled: bool, after: int = 0) -> list[Held]:
    """Claims the rows of one mass call: one broadcast, one content, at most 10,000; or a whole call to be repeated.

    ``settled``: only of broadcasts whose customer messages are all out, because those that find a closed window join
    the mass call, and calls are few. ``after``: the broadcast whose turn was last.
    """
    # Two holders of parts of one call would use one key for two lists of people.
    take_turns(tx, MASS_CLAIMS)
    template = _OPEN_MASS if settled else _OPEN_BROADCAST
    broadcast_id = next(iter(_open_broadcasts(tx, account, "mass", after=after, most=1, template=template)), None)
    if broadcast_id is None:
        return []
    lane = {"account": account, "route": "mass", "broadcast_id": broadcast_id}
    first = run(tx, _FIRST_OF_MASS, now=to_milliseconds(tx.now), **lane).first()
    if first is None:
        return []
    group = {"content_id": first.content_id, "batch_key": first.batch_key, **lane}
    waiting = run(tx, _COUNT_MASS, now=to_milliseconds(tx.now), most=MASS_MOST + MASS_LEAST, **group).scalar()
    # A call leaves nobody behind who would be alone in the next.
    count = MASS_MOST if waiting != MASS_MOST + 1 else MASS_MOST - 1
    held = _claim(tx, "mass", count, lease, **group)
    # Databases return rows as it suits them; a repeated call is to be the same to the letter.
    held.sort(key=lambda row: row.id)
    reach("claim")
    return held


def claim_task(tx: Tx, account: str, lease: timedelta, *, after: int = 0) -> list[Held]:
    """Claims the rows of one group-send task: one sender, one content, one broadcast or none; at most what one call takes."""
    lane = {"account": account, "route": "task"}
    where: dict[str, Any] = {**lane}
    if first := run_directly(tx, _FIRST_OF_TASK["one"], now=to_milliseconds(tx.now), **lane):
        name = "task of none"
    else:
        broadcast_id = next(iter(_open_broadcasts(tx, account, "task", after=after, most=1)), None)
        if broadcast_id is None:
            return []
        name = "task"
        where["broadcast_id"] = broadcast_id
        first = run_directly(tx, _FIRST_OF_TASK["broadcast"], now=to_milliseconds(tx.now), **where)
        if not first:
            return []
    sender, content_id, for_chats = first[0]
    where |= {"sender": sender, "content_id": content_id, "for_chats": bool(for_chats)}
    held = _claim(tx, name, TASK_CHATS_MOST if for_chats else TASK_MOST, lease, **where)
    held.sort(key=lambda row: row.id)
    reach("claim")
    return held


def _open_broadcasts(
    tx: Tx, account: str, route: str, *, after: int, most: int, template: str = _OPEN_BROADCAST
) -> list[int]:
    now = to_milliseconds(tx.now)
    found = run_directly(tx, template, account=account, route=route, now=now, after=after, most=most)
    return [one[0] for one in found]


def _claim(tx: Tx, lane: str, count: int, lease: timedelta, **parameters: Any) -> list[Held]:
    if count <= 0:
        return []
    timing = {"count": count, "lease": _milliseconds(lease), "now": to_milliseconds(tx.now)}
    return [Held(*row) for row in run_directly(tx, _CLAIM[lane], **timing, **parameters)]


def _milliseconds(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)


_CONTENTS = """
    SELECT contents.id, CAST(contents.payload AS TEXT) FROM {given} CROSS JOIN contents
    WHERE contents.id = given.id AND contents.id {listed}
"""


def contents(tx: Tx, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The payloads of contents by id."""
    rows = run_with(tx, _CONTENTS, {"id": "bigint"}, [(number,) for number in ids])
    return {number: orjson.loads(text) for number, text in rows.all()}


# COALESCE keeps PostgreSQL from reading the index of all claimed rows for the sake of these few.
OURS = """
    deliveries.id = given.id AND deliveries.id {listed} AND deliveries.fence = given.fence
    AND COALESCE(deliveries.state, '') = 'claimed'
"""
# The same for rows that are given as bare numbers, all with one fence.
OURS_ALIKE = OURS.replace("given.fence", ":fence")
_RENEW = f"UPDATE deliveries SET lease_until = {{clock}} + :lease FROM {{given}} WHERE {OURS} RETURNING deliveries.id"
_RELEASE = f"""
    UPDATE deliveries SET state = 'planned', lease_until = NULL,
    calling_since = CASE WHEN given.repeats = 1 THEN calling_since ELSE NULL END
    FROM {{given}} WHERE {OURS}
"""


def renew(tx: Tx, rows: Iterable[Held], lease: timedelta) -> set[int]:
    """Prolongs leases; returns the ids that are still the holder's."""
    given = [(row.id, row.fence) for row in rows]
    kept = run_with(tx, _RENEW, {"id": "bigint", "fence": "int"}, given, lease=_milliseconds(lease))
    return {row[0] for row in kept}


def release(tx: Tx, rows: Iterable[Held]) -> None:
    """Gives rows back whose call was certainly not begun under this claim."""
    given = [(row.id, row.fence, int(row.repeats)) for row in rows]
    run_with(tx, _RELEASE, {"id": "bigint", "fence": "int", "repeats": "int"}, given)


_LAPSED_WHERE = "state = 'claimed' AND lease_until < {clock}"
# A task has no key to be repeated with: what became of it is looked up (see `tasks`). That of a message to a member is
# not trusted for long.
_RECONCILE_WHERE = """
    state = 'unknown' AND batch_key <> '' AND due_at <= :now AND route <> 'task'
    AND calling_since > CASE WHEN route = 'custom' THEN :repeated_since ELSE :trusted_since END
"""
_ANYTHING = f"""
    SELECT EXISTS (SELECT 1 FROM deliveries WHERE {_LAPSED_WHERE})
    OR EXISTS (SELECT 1 FROM deliveries WHERE {_RECONCILE_WHERE})
"""


def _free(where: str, change: str) -> str:
    """An update of the rows ``where`` names, but for those somebody is just writing, which have their turn at the next
    sweep: callbacks write rows in any order, and waiting for one another would end in a deadlock. The rows of one call
    stay together: repeated in two halves, its key would stand for two lists of people.
    """
    return f"""
    WITH free AS MATERIALIZED (SELECT id, batch_key FROM deliveries WHERE {where} {{skip_locked}}),
    calls AS (SELECT batch_key, COUNT(*) AS rows_of FROM deliveries WHERE {where} GROUP BY batch_key),
    picked AS MATERIALIZED (
        SELECT id FROM free WHERE batch_key = '' OR batch_key IN (
            SELECT calls.batch_key FROM calls
            WHERE calls.rows_of = (SELECT COUNT(*) FROM free AS whole WHERE whole.batch_key = calls.batch_key)
        )
    )
    UPDATE deliveries SET {change} WHERE id {{in_picked}}
    """


_LAPSED = _free(
    f"{_LAPSED_WHERE} AND calling_since IS NULL",
    """state = CASE WHEN lapses >= 3 THEN 'failed' ELSE 'planned' END,
    reason = CASE WHEN lapses >= 3 THEN '处理时连续中断四次，已停下' ELSE reason END,
    lapses = lapses + 1, lease_until = NULL, due_at = :now""",
)
_UNCLEAR = _free(
    f"{_LAPSED_WHERE} AND calling_since IS NOT NULL",
    f"""state = 'unknown', reason = '{INTERRUPTED}', lease_until = NULL,
    due_at = :reconcile_at""",
)
_RECONCILE = _free(_RECONCILE_WHERE, "state = 'planned'")
_OF_ACCOUNT = "RETURNING account"


def anything_to_sweep(tx: Tx) -> bool:
    """Whether a sweep would find something."""
    return bool(run(tx, _ANYTHING, **_reconciled(tx)).scalar())


def _reconciled(tx: Tx) -> dict[str, int]:
    now = to_milliseconds(tx.now)
    return {
        "now": now,
        "trusted_since": now - _milliseconds(KEY_TRUSTED),
        "repeated_since": now - _milliseconds(REPEAT_TRUSTED),
    }


def sweep(tx: Tx) -> int:
    """Frees rows whose holder is gone and sends keyed calls without a clear answer out again; returns rows freed.

    Without a call mark a row is planned again; with one nobody knows, so it is unknown. Mass calls can be repeated
    with their key for 24 hours; other unknown rows wait for the platform's event or a person.
    """
    # Whatever killed its holder is not to stand first in everybody's way: a freed row goes to the end of the queue.
    now = to_milliseconds(tx.now)
    freed = [row.account for row in run(tx, _LAPSED + _OF_ACCOUNT, now=now)]
    unclear = run(tx, _UNCLEAR, reconcile_at=to_milliseconds(tx.now + RECONCILE_AFTER[0])).rowcount
    freed += [row.account for row in run(tx, _RECONCILE + _OF_ACCOUNT, **_reconciled(tx))]
    for account in set(freed):
        tx.after_commit("drain", account)
    return len(freed) + unclear
