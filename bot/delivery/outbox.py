"""What other rooms ask of delivery: plan, queue, cancel, pause, count, and what became of each message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

import orjson
from sqlalchemy import Table, func, or_, select, update

from bot.delivery import limits
from bot.delivery.contents import content_id
from bot.delivery.limits import Rest
from bot.delivery.models import BroadcastRun, Content, Delivery, Evidence, MassResult
from bot.delivery.rules import LETTER_KEY, mass_failure
from bot.store.base import from_milliseconds, to_milliseconds
from bot.store.bulk import CHUNK, chunks, run, run_with
from bot.store.transaction import Tx

__all__ = ["BroadcastRun", "Content", "Delivery", "Evidence", "MassResult"]

# An answer counts for a broadcast this long.
REPLY_COUNTS = timedelta(days=7)
# The platform reports what became of a subscribe notice within this time.
NOTICE_REPORTED = timedelta(hours=1)
# On the way; in every other state the outcome is decided, or waits for somebody to look (unknown, by_hand).
OPEN_STATES = ("planned", "claimed", "handed")

# A correction is no marketing, but who opted out does not get it. ``care`` is a letter that advertises nothing.
Purpose = Literal["marketing", "service", "reminder", "correction", "care"]
Route = Literal["custom", "mass", "template", "subscribe", "welcome", "task", "by_hand", ""]


# -- planning --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class NewDelivery:
    """A row to plan. ``person_id`` is the platform's id, ``""`` for by hand; ``due_at`` None = now.

    ``state`` planned, skipped, by_hand or cancelled (all but the first with ``reason`` in words). ``key`` makes the row
    unique; without it broadcast, occurrence and customer do. ``variant``: A, B, C, A组 (by tag), 对照 or ``""``.
    ``sender``: the member who is to confirm a row of the route ``task``. ``by_task``: how a customer who is a contact too
    can be reached where the route comes to nothing: (account, person, member); not kept.
    """

    account: str
    person_id: str
    purpose: Purpose
    route: Route = "custom"
    content_id: int | None = None
    broadcast_id: int | None = None
    occurrence: str = ""
    customer_id: int | None = None
    staff_id: int | None = None
    script: str = ""
    variant: str = ""
    state: str = "planned"
    reason: str = ""
    due_at: datetime | None = None
    not_after: datetime | None = None
    key: str | None = None
    sender: str = ""
    by_task: tuple[str, str, str] | None = None


_PLAN_COLUMNS = {
    "account": "text",
    "person_id": "text",
    "purpose": "text",
    "route": "text",
    "content_id": "bigint",
    "broadcast_id": "int",
    "occurrence": "text",
    "customer_id": "int",
    "staff_id": "int",
    "script": "text",
    "variant": "text",
    "state": "text",
    "reason": "text",
    "due_at": "bigint",
    "not_after": "bigint",
    "send_key": "text",
}
# Without senders, as all of an Official Account are, rows are lighter.
_SENT_BY = {False: _PLAN_COLUMNS, True: {**_PLAN_COLUMNS, "sender": "text"}}
_PLAN = {
    sent_by: f"""
    INSERT INTO deliveries ({", ".join(columns)}, planned_at, fence, attempts, lapses, batch_key, withdrawn, platform_id)
    SELECT {", ".join(f"given.{name}" for name in columns)}, :now, 0, 0, 0, '', '', '' FROM {{given}} WHERE true
    ON CONFLICT DO NOTHING
    """
    for sent_by, columns in _SENT_BY.items()
}
_ADD_RUN = "INSERT INTO delivery_runs (broadcast_id, paused) VALUES (:broadcast_id, :paused) ON CONFLICT DO NOTHING"


def plan(tx: Tx, rows: Iterable[NewDelivery]) -> int:
    """Adds rows, a few thousand at a time; what is there already stays as it is. Returns how many were added.

    Raises ValueError for a row that nothing makes unique.
    """
    added = 0
    runs: set[int] = set()
    for chunk in chunks(rows):
        for broadcast_id in {row.broadcast_id for row in chunk if row.broadcast_id is not None} - runs:
            runs.add(broadcast_id)
            run(tx, _ADD_RUN, broadcast_id=broadcast_id, paused=False)
        values = [_planned(row, tx.now) for row in chunk]
        if sent_by := any(row.sender for row in chunk):
            values = [(*value, row.sender) for value, row in zip(values, chunk, strict=True)]
        added += run_with(tx, _PLAN[sent_by], _SENT_BY[sent_by], values, now=to_milliseconds(tx.now)).rowcount
        for account in {row.account for row in chunk if row.state == "planned"}:
            tx.after_commit("drain", account)
    return added


def _planned(row: NewDelivery, now: datetime) -> tuple[Any, ...]:
    key = row.key
    if key is None:
        if row.broadcast_id is None or row.customer_id is None:
            raise ValueError("a delivery needs a key, or a broadcast and a customer")
        key = f"{row.broadcast_id}:{row.occurrence}:{row.customer_id}"
    return (
        row.account,
        row.person_id,
        row.purpose,
        row.route,
        row.content_id,
        row.broadcast_id,
        row.occurrence,
        row.customer_id,
        row.staff_id,
        row.script,
        row.variant,
        row.state,
        row.reason,
        to_milliseconds(row.due_at or now),
        None if row.not_after is None else to_milliseconds(row.not_after),
        key,
    )


def queue(
    tx: Tx,
    *,
    account: str,
    person_id: str,
    payload: dict[str, Any],
    purpose: Purpose,
    customer_id: int | None = None,
    staff_id: int | None = None,
    due_at: datetime | None = None,
    not_after: datetime | None = None,
    key: str | None = None,
    route: Route = "custom",
    sender: str = "",
) -> int:
    """Adds one message (an answer, a notice to staff) and returns its id; a ``key`` seen before gives the row it made.

    ``payload`` may hold ``"template": {"template_id", "data": {key: text}, "url"}``, which is sent instead where the
    person's window is closed. A ``service`` message to somebody who said yes to the account's service notices goes as one
    of these then. What is for a contact of a company becomes a task of ``sender``, if they are friends, else of the
    newest friend.
    """
    send_key = key or uuid4().hex
    row = NewDelivery(
        account=account,
        person_id=person_id,
        purpose=purpose,
        route=route,
        content_id=content_id(tx, payload),
        customer_id=customer_id,
        staff_id=staff_id,
        due_at=due_at,
        not_after=not_after,
        key=send_key,
        sender=sender,
    )
    plan(tx, [row])
    return tx.execute(select(Delivery.id).where(Delivery.send_key == send_key)).scalar_one()


def letter(
    tx: Tx,
    *,
    account: str,
    person_id: str,
    text: str,
    purpose: Literal["marketing", "care"],
    customer_id: int,
    occasion: str,
    key: str,
    until: datetime,
    by_hand: str = "",
) -> int:
    """Adds the one personal word of care of a customer's day and returns its id; ``by_hand``: why the platform cannot.

    The call mark lets neither a second letter nor a broadcast's message go to that customer on the same day.
    """
    row = NewDelivery(
        account=account,
        person_id=person_id,
        purpose=purpose,
        route="by_hand" if by_hand else "custom",
        content_id=content_id(tx, {"type": "text", "text": text}),
        occurrence=occasion,
        customer_id=customer_id,
        state="by_hand" if by_hand else "planned",
        reason=by_hand,
        not_after=until,
        key=f"{LETTER_KEY}{key}",
    )
    plan(tx, [row])
    return tx.execute(select(Delivery.id).where(Delivery.send_key == row.key)).scalar_one()


def outcomes(tx: Tx, keys: Iterable[str]) -> dict[str, tuple[str, str]]:
    """State and reason of the messages queued with these keys, by key; what was never queued is not among them."""
    found: dict[str, tuple[str, str]] = {}
    for chunk in chunks(keys):
        rows = tx.execute(
            select(Delivery.send_key, Delivery.state, Delivery.reason).where(Delivery.send_key.in_(chunk))
        )
        found |= {key: (state, reason) for key, state, reason in rows}
    return found


def complete(tx: Tx, delivery_id: int, payload: dict[str, Any]) -> None:
    """Gives a message that waited for its content what it says, and sends it on its way; one that was taken back stays."""
    waits = update(Delivery).where(Delivery.id == delivery_id, Delivery.state == "planned")
    said = {"content_id": content_id(tx, payload), "due_at": tx.now, "not_after": None}
    account = waits.values(said).returning(Delivery.account)
    for name in tx.execute(account).scalars().all():
        tx.after_commit("drain", name)


# -- taking back -----------------------------------------------------------------------------------------------------

# A row whose call has begun cannot be taken back; if the call is to be repeated with its key, the person is left out, and
# of a task that nobody has confirmed the platform can be asked to forget it (see `tasks`).
_CANCEL = """
    UPDATE deliveries SET state = 'cancelled', reason = :reason, lease_until = NULL
    WHERE {whose} AND calling_since IS NULL AND state IN ('planned', 'claimed', 'by_hand')
"""
_WITHDRAW = """
    UPDATE deliveries SET withdrawn = :reason
    WHERE {whose} AND calling_since IS NOT NULL AND batch_key <> ''
    AND state IN ('planned', 'claimed', 'unknown', 'handed')
"""
_ASK_SOON = """
    UPDATE group_tasks SET next_poll_at = :now WHERE state = 'open' AND next_poll_at > :now AND EXISTS (
        SELECT 1 FROM deliveries WHERE {whose} AND state = 'handed' AND withdrawn <> ''
        AND deliveries.account = group_tasks.account AND deliveries.platform_id = group_tasks.msgid
    )
"""


def cancel_for_customer(
    tx: Tx, customer_id: int, reason: str, *, purpose: Purpose | None = None, account: str | None = None
) -> int:
    """Cancels what has not been called yet for a customer; an opt-out names ``marketing``, an unfollow its account."""
    whose: dict[str, Any] = {"customer_id": customer_id, "purpose": purpose, "account": account}
    named = {name: value for name, value in whose.items() if value is not None}
    return _cancel(tx, " AND ".join(f"{name} = :{name}" for name in named), reason, named)


def cancel(tx: Tx, delivery_id: int, reason: str) -> bool:
    """Cancels one message; False where its call has begun or its end is known."""
    mine = "id = :id AND state <> 'claimed'"
    return run(tx, _CANCEL.format(whose=mine), reason=reason, id=delivery_id).rowcount == 1


def cancel_for_staff(tx: Tx, staff_id: int, reason: str) -> int:
    """Cancels the notices still waiting for a staff member, who has left."""
    whose = "staff_id = :staff_id AND staff_id IS NOT NULL AND state IN ('planned', 'by_hand')"
    return _cancel(tx, whose, reason, {"staff_id": staff_id})


_PART = """
    SELECT MAX(customer_id), COUNT(*) FROM (
        SELECT customer_id FROM deliveries WHERE broadcast_id = :broadcast_id AND occurrence = '' AND customer_id > :after
        ORDER BY customer_id LIMIT :count
    ) AS part
"""
_OF_PART = "broadcast_id = :broadcast_id AND occurrence = '' AND customer_id > :after AND customer_id <= :last"


def cancel_part(tx: Tx, broadcast_id: int, reason: str, *, after: int, count: int) -> tuple[int, int | None]:
    """Cancels the rows of the next ``count`` customers behind ``after`` that have not been called yet, those to be sent
    by hand included. Returns how many that were and the last customer looked at, None at the end.

    A statement over a whole long list would keep every callback waiting.
    """
    last, found = run(tx, _PART, broadcast_id=broadcast_id, after=after, count=count).one()
    if not found:
        return 0, None
    part = {"broadcast_id": broadcast_id, "after": after, "last": last}
    return _cancel(tx, _OF_PART, reason, part), last if found == count else None


def _cancel(tx: Tx, whose: str, reason: str, parameters: dict[str, Any]) -> int:
    cancelled = run(tx, _CANCEL.format(whose=whose), reason=reason, **parameters).rowcount
    if run(tx, _WITHDRAW.format(whose=whose), reason=reason, **parameters).rowcount:
        run(tx, _ASK_SOON.format(whose=whose), now=to_milliseconds(tx.now), **parameters)
    return cancelled


_LEAVE_ALONE = """
    UPDATE deliveries SET state = 'skipped', reason = :reason, lease_until = NULL
    WHERE customer_id = :customer_id AND purpose = 'marketing' AND state IN ('planned', 'claimed')
    AND calling_since IS NULL AND due_at < :until
"""


def leave_alone(tx: Tx, customer_id: int, until: datetime, reason: str) -> int:
    """Skips the marketing messages of a customer that are due before ``until`` and not called yet; returns how many."""
    asked = {"customer_id": customer_id, "until": to_milliseconds(until), "reason": reason}
    return run(tx, _LEAVE_ALONE, **asked).rowcount


def path_rest(tx: Tx, account: str, route: str) -> Rest | None:
    """Why messages of this route do not go out right now and until when, or None."""
    resting = limits.resting(tx, account, tx.now)
    return resting.get(limits.WHOLE_ACCOUNT) or resting.get(route)


def pause(tx: Tx, broadcast_id: int) -> None:
    """Stops a broadcast before the next call mark."""
    _switch(tx, broadcast_id, paused=True)


def resume(tx: Tx, broadcast_id: int) -> None:
    """Lets a paused broadcast go on."""
    _switch(tx, broadcast_id, paused=False)
    tx.after_commit("drain", "")


def _switch(tx: Tx, broadcast_id: int, *, paused: bool) -> None:
    run(tx, _ADD_RUN, broadcast_id=broadcast_id, paused=paused)
    tx.execute(update(BroadcastRun).where(BroadcastRun.broadcast_id == broadcast_id).values(paused=paused))


def merge(tx: Tx, kept: int, gone: int, reason: str) -> None:
    """Two customers are one person: the rows follow, so that caps and results count them together; to be journaled.

    Of a broadcast that names both, the row of ``gone`` stays under its number, and is cancelled where it still waits.
    """
    table: Table = Delivery.__table__  # type: ignore[assignment]
    own = select(Delivery.broadcast_id, Delivery.occurrence).where(
        Delivery.customer_id == kept, Delivery.broadcast_id.is_not(None)
    )
    named = {tuple(row) for row in tx.execute(own)}
    theirs = tx.execute(
        select(
            Delivery.id,
            Delivery.broadcast_id,
            Delivery.occurrence,
            Delivery.state,
            Delivery.calling_since,
            Delivery.reason,
        ).where(Delivery.customer_id == gone)
    ).all()
    moved = [row.id for row in theirs if (row.broadcast_id, row.occurrence) not in named]
    tx.execute(update(Delivery).where(Delivery.id.in_(moved)).values(customer_id=kept))
    if tx.journal is not None:
        tx.journal.moved(table, [{"id": number} for number in moved], {"customer_id": gone}, {"customer_id": kept})
    for row in theirs:
        doubled = (row.broadcast_id, row.occurrence) in named
        if doubled and row.state in ("planned", "by_hand") and row.calling_since is None:
            after = {"state": "cancelled", "reason": reason}
            tx.execute(update(Delivery).where(Delivery.id == row.id).values(after))
            if tx.journal is not None:
                tx.journal.moved(table, [{"id": row.id}], {"state": row.state, "reason": row.reason}, after)


_FORGET_CONTENTS = """
    UPDATE contents SET payload = '{{}}', digest = 'forgotten:' || id WHERE id IN (
        SELECT content_id FROM deliveries WHERE customer_id = :customer_id AND content_id IS NOT NULL
    ) AND NOT EXISTS (
        SELECT 1 FROM deliveries AS others WHERE others.content_id IS NOT NULL AND others.content_id = contents.id
        AND (others.customer_id IS NULL OR others.customer_id <> :customer_id)
    )
"""


_TOLD = """
    SELECT contents.id, CAST(contents.payload AS TEXT) FROM deliveries JOIN contents ON contents.id = deliveries.content_id
    WHERE deliveries.staff_id IS NOT NULL AND deliveries.state IN ('sent', 'failed', 'skipped', 'cancelled', 'by_hand')
    AND CAST(contents.payload AS TEXT) LIKE :mention
"""
_EMPTY = "UPDATE contents SET payload = '{}', digest = 'forgotten:' || id WHERE id = :id"


def _forget_told(tx: Tx, customer_id: int) -> None:
    """Empties what staff were told about a customer in messages: news, and items to tap that name them by ``#12``."""
    number = re.compile(rf"#{customer_id}(?!\d)")
    for content, payload in tx.direct(_TOLD, {"mention": f"%#{customer_id}%"}):
        if number.search(payload):
            tx.direct(_EMPTY, {"id": content})


def forget(tx: Tx, customer_id: int, reason: str) -> None:
    """Cancels everything still waiting for a customer and erases whom and what the finished rows name."""
    cancel_for_customer(tx, customer_id, reason)
    people = select(Delivery.account, Delivery.person_id).where(Delivery.customer_id == customer_id).distinct()
    for account, person_id in tx.execute(people).all():
        limits.forget(tx, account, person_id)
    run(tx, _FORGET_CONTENTS, customer_id=customer_id)
    _forget_told(tx, customer_id)
    tx.execute(update(Delivery).where(Delivery.customer_id == customer_id).values(person_id=""))


# -- what became of them ---------------------------------------------------------------------------------------------


def counts(tx: Tx, broadcast_id: int) -> dict[str, int]:
    """Rows of a broadcast by state; states without rows are missing."""
    states = select(Delivery.state, func.count().label("rows"))
    found = states.where(Delivery.broadcast_id == broadcast_id).group_by(Delivery.state)
    return {row.state: row.rows for row in tx.execute(found)}


_REPLIED = """
    UPDATE deliveries SET replied_at = COALESCE(replied_at, :at) WHERE id = (
        SELECT id FROM deliveries WHERE account = :account AND person_id = :person_id AND broadcast_id IS NOT NULL
        AND state IN ('sent', 'unknown') AND COALESCE(sent_at, calling_since) BETWEEN :since AND :until
        ORDER BY COALESCE(sent_at, calling_since) DESC LIMIT 1
    ) RETURNING broadcast_id
"""


def replied(tx: Tx, account: str, person_id: str, at: datetime) -> int | None:
    """Ties what a person wrote at ``at`` to the newest broadcast of the last 7 days; returns the broadcast, or None."""
    moment = to_milliseconds(at)
    # The platform's times are whole seconds: an answer within the second of the message seems older than it.
    since, until = to_milliseconds(at - REPLY_COUNTS), moment + 1000
    asked = {"account": account, "person_id": person_id, "at": moment, "since": since, "until": until}
    rows = tx.direct(_REPLIED, asked)
    return rows[0][0] if rows else None


# A broadcast that came after the letter is what the person answers.
_LETTER_REPLIED = """
    UPDATE deliveries SET replied_at = COALESCE(replied_at, :at) WHERE id = (
        SELECT letter.id FROM deliveries AS letter WHERE letter.customer_id = :customer_id
        AND letter.occurrence <> '' AND letter.broadcast_id IS NULL AND letter.calling_since BETWEEN :since AND :until
        AND letter.state IN ('sent', 'unknown') AND NOT EXISTS (
            SELECT 1 FROM deliveries AS later WHERE later.account = letter.account AND later.person_id = letter.person_id
            AND later.broadcast_id IS NOT NULL AND later.state IN ('sent', 'unknown')
            AND later.calling_since > letter.calling_since
        )
        ORDER BY letter.calling_since DESC LIMIT 1
    ) RETURNING occurrence
"""


def letter_replied(tx: Tx, customer_id: int, at: datetime) -> str:
    """Ties what a customer said at ``at`` to the letter of the last 7 days, if that came last; returns its occasion."""
    moment = to_milliseconds(at)
    since, until = to_milliseconds(at - REPLY_COUNTS), moment + 1000
    rows = tx.direct(_LETTER_REPLIED, {"customer_id": customer_id, "at": moment, "since": since, "until": until})
    return str(rows[0][0]) if rows else ""


def export(tx: Tx) -> Iterator[dict[str, Any]]:
    """Every row of every broadcast, oldest first; ``broadcast`` and ``customer_id`` are ids, moments aware in UTC."""
    fields = (
        Delivery.id,
        Delivery.broadcast_id.label("broadcast"),
        Delivery.customer_id,
        Delivery.account,
        Delivery.script,
        # Who is left out may have neither.
        # A group by tag (A组) is that script's group like the others'.
        func.nullif(func.replace(Delivery.variant, "组", ""), "").label("group"),
        func.nullif(Delivery.route, "").label("route"),
        Delivery.state,
        Delivery.reason,
        Delivery.planned_at,
        Delivery.sent_at,
        Delivery.platform_id,
        Delivery.replied_at,
    )
    last = 0
    while True:
        page = select(*fields).where(Delivery.broadcast_id.is_not(None), Delivery.id > last)
        rows = tx.execute(page.order_by(Delivery.id).limit(CHUNK)).mappings().all()
        if not rows:
            return
        for row in rows:
            yield {name: value for name, value in row.items() if name != "id"}
        last = rows[-1]["id"]


# -- settled by people and events ------------------------------------------------------------------------------------


def done_by_hand(tx: Tx, ids: Sequence[int]) -> int:
    """Staff have sent these themselves; they count as marketing messages of today. Returns how many were waiting."""
    open_rows = update(Delivery).where(Delivery.id.in_(ids), Delivery.state == "by_hand")
    said = {"state": "sent", "route": "by_hand", "reason": "", "sent_at": tx.now, "calling_since": tx.now}
    return tx.execute(open_rows.values(**said)).rowcount


def send_after_all(tx: Tx, delivery_id: int) -> bool:
    """Staff send by the platform what was to be sent by hand; False where it is done or sent already."""
    waits = update(Delivery).where(Delivery.id == delivery_id, Delivery.state == "by_hand")
    sent = tx.execute(waits.values(state="planned", route="custom", reason="", due_at=tx.now)).rowcount == 1
    if sent:
        tx.after_commit("drain", "")
    return sent


def unsent_to(tx: Tx, account: str, person_id: str, customer_id: int) -> int:
    """How many messages that draw on the person's window are due and not called yet, or wait for their picture."""
    mine = (Delivery.customer_id == customer_id, Delivery.account == account, Delivery.person_id == person_id)
    waits = (Delivery.route == "custom", Delivery.state.in_(("planned", "claimed")), Delivery.calling_since.is_(None))
    count = (
        select(func.count())
        .select_from(Delivery)
        .where(*mine, *waits, or_(Delivery.due_at <= tx.now, Delivery.send_key.startswith("answer:")))
    )
    return tx.execute(count).scalar_one()


def settle_unknown(tx: Tx, ids: Sequence[int], *, sent: bool, reason: str) -> int:
    """A person decides what became of messages nobody could tell about; returns how many were still open."""
    unclear = update(Delivery).where(Delivery.id.in_(ids), Delivery.state == "unknown")
    if sent:
        return tx.execute(unclear.values(state="sent", reason=reason, sent_at=Delivery.calling_since)).rowcount
    return tx.execute(unclear.values(state="failed", reason=reason)).rowcount


_NOTICE_ENDED = """
    UPDATE deliveries SET state = :state, reason = :reason, sent_at = CASE WHEN :sent = 1 THEN calling_since ELSE NULL END
    WHERE id = (
        SELECT id FROM deliveries WHERE customer_id = :customer_id AND account = :account AND person_id = :person_id
        AND route = 'subscribe' AND state IN ('sent', 'unknown') AND platform_id IN ('', :msg_id)
        AND calling_since BETWEEN :since AND :until
        ORDER BY platform_id DESC, calling_since DESC LIMIT 1
    )
"""


def notice_ended(
    tx: Tx, account: str, person_id: str, customer_id: int, msg_id: str, *, failure: str, at: datetime
) -> bool:
    """The platform's word on a person's latest subscribe notice, by which an unclear one is settled; ``failure`` in words,
    empty where it arrived. False where nothing of the kind went out lately."""
    # Its answer carries no number we could be sure of, and its times are whole seconds.
    since, until = to_milliseconds(at - NOTICE_REPORTED), to_milliseconds(at) + 1000
    told = {"state": "failed", "reason": failure, "sent": 0} if failure else {"state": "sent", "reason": "", "sent": 1}
    whose = {"account": account, "person_id": person_id, "customer_id": customer_id, "msg_id": msg_id}
    return run(tx, _NOTICE_ENDED, since=since, until=until, **told, **whose).rowcount == 1


_KEEP_RESULT = """
    INSERT INTO mass_results (account, msg_id, status, counts, finished_at)
    SELECT :account, :msg_id, :status, given.counts, :now FROM {given} WHERE true
    ON CONFLICT (account, msg_id) DO UPDATE SET status = excluded.status, counts = excluded.counts
"""


def mass_finished(tx: Tx, account: str, msg_id: str, status: str, counts: dict[str, Any]) -> int:
    """The platform's word on a mass job: a failure makes its rows failed, with the reason; returns how many.

    Kept in any case: the event may come before the answer of the call, and its counts stand on the result page.
    """
    payload = orjson.dumps(counts).decode()
    parameters = {"account": account, "msg_id": msg_id, "status": status, "now": to_milliseconds(tx.now)}
    run_with(tx, _KEEP_RESULT, {"counts": "jsonb"}, [(payload,)], **parameters)
    return apply_mass_result(tx, account, msg_id)


_MASS_FAILED = """
    UPDATE deliveries SET state = 'failed', reason = :reason, sent_at = NULL
    WHERE account = :account AND route = 'mass' AND platform_id <> '' AND platform_id = :msg_id AND state = 'sent'
    RETURNING person_id, calling_since
"""


def apply_mass_result(tx: Tx, account: str, msg_id: str) -> int:
    """Lets the rows of a mass job follow what is known of its end; returns how many failed."""
    result = tx.session.get(MassResult, (account, msg_id))
    reason = None if result is None else mass_failure(result.status)
    if reason is None:
        return 0
    failed = run(tx, _MASS_FAILED, account=account, msg_id=msg_id, reason=reason).all()
    limits.give_back_months(tx, account, [(person_id, from_milliseconds(called)) for person_id, called in failed])
    return len(failed)
