"""Making group-send tasks: the mark before the call that makes one, the call, and what its answer means for each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.delivery import limits, tasks
from bot.delivery.calls import Terms, allowed_now, begin
from bot.delivery.lease import Held
from bot.delivery.rules import (
    NOT_A_FRIEND,
    NOT_REACHED,
    Change,
    receive_span,
    received_enough,
    task_key,
)
from bot.platforms.decisions import Decision, Outcome
from bot.store.bulk import MARKS, take_turns
from bot.store.transaction import Tx

# Nobody the task was for can be reached (vendor manual, page 92135).
NOBODY_REACHED = 41048
NO_NUMBER = "平台没有给群发任务的编号，不知道有没有建成"


def mark_task(tx: Tx, rows: Sequence[Held], terms: Terms) -> list[Held]:
    """Marks the rows of one task, which are alike but for their people; an empty list: there is nothing to call.

    Who is the sender's friend no more goes to another member, and nobody gets more than the company's rule allows.
    """
    take_turns(tx, MARKS)
    changes: list[Change] = []
    # Taken back while a call was under way that certainly made nothing.
    changes += [Change(row.id, row.fence, "cancelled", row.route, row.withdrawn) for row in rows if row.withdrawn]
    rows = allowed_now(tx, [row for row in rows if not row.withdrawn], terms, changes)
    rows = _by_friend(tx, rows, terms, changes)
    rows = _within_rule(tx, rows, terms, changes)
    if rows:
        first = rows[0]
        key = task_key(terms.account.name, first.sender, first.content_id or 0, [row.id for row in rows])
        for row in rows:
            row.batch_key = key
    return begin(tx, rows, terms, changes)


def _by_friend(tx: Tx, rows: Sequence[Held], terms: Terms, changes: list[Change]) -> list[Held]:
    people = [row.person_id for row in rows if row.customer_id is not None]
    if not people:
        return list(rows)
    known = terms.senders(tx, terms.account.name, people)
    allowed: list[Held] = []
    others: dict[str, list[int]] = {}
    for row in rows:
        members = known.get(row.person_id, [])
        if row.customer_id is None or row.sender in members:
            allowed.append(row)
        elif members:
            others.setdefault(members[0], []).append(row.id)
            changes.append(Change(row.id, row.fence, "planned", row.route))
        else:
            changes.append(Change(row.id, row.fence, "skipped", row.route, NOT_A_FRIEND))
    for member, ids in others.items():
        tasks.give(tx, ids, member)
    return allowed


def _within_rule(tx: Tx, rows: Sequence[Held], terms: Terms, changes: list[Change]) -> list[Held]:
    if not rows:
        return []
    rule = terms.account.receive_rule
    span = receive_span(rule, tx.now)
    had = limits.received(tx, terms.account.name, [row.person_id for row in rows], span)
    allowed = []
    for row in rows:
        if had.get(row.person_id, 0) < span.most:
            allowed.append(row)
        elif row.customer_id is not None:
            changes.append(Change(row.id, row.fence, "by_hand", "by_hand", received_enough(rule)))
        else:
            changes.append(Change(row.id, row.fence, "skipped", row.route, received_enough(rule)))
    return allowed


def outcomes(rows: Sequence[Held], outcome: Outcome) -> list[tuple[Held, Outcome]]:
    """What one answer means for each row: the platform names whom it cannot reach and makes the task for the others."""
    if outcome.code == NOBODY_REACHED:
        outcome = Outcome(Decision.PERSON, outcome.code, NOT_REACHED, body=outcome.body)
    if outcome.decision is Decision.SENT and not outcome.platform_id:
        outcome = Outcome(Decision.UNKNOWN, outcome.code, NO_NUMBER, body=outcome.body)
    left_out = frozenset(outcome.left_out)
    if not left_out:
        return [(row, outcome) for row in rows]
    made = replace(outcome, left_out=())
    unreached = Outcome(Decision.PERSON, None, NOT_REACHED, relation="gone")
    return [(row, unreached if row.person_id in left_out else made) for row in rows]
