"""The ledger of calls: the mark before a call with all last checks, and the record of its answer.

Order of locks in every transaction, here and on a callback's way: customers, windows and counters, then deliveries.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError

from bot.delivery import limits, outbox, tasks
from bot.delivery.lease import OURS, OURS_ALIKE, Held, contents
from bot.delivery.limits import Had
from bot.delivery.rules import (
    CARE,
    CUSTOM_WINDOW_CLOSED,
    HAD_LETTER,
    KEY_TRUSTED,
    LETTER_KEY,
    MARKETING,
    MASS_LEAST,
    MASS_PER_MONTH,
    MASS_TYPES,
    NOT_A_FRIEND,
    REPEAT_TRUSTED,
    SAME_KEY_TRIES,
    Change,
    back_off,
    beijing_midnight,
    cap_refusal,
    has_mass,
    has_windows,
    mass_key,
    message_key,
    next_letters,
    quiet_until,
    reconcile_at,
)
from bot.platforms.decisions import Decision, Outcome
from bot.platforms.official_account.allowed import may
from bot.settings import Account, QuietHours
from bot.store.base import to_milliseconds
from bot.store.bulk import MARKS, run, run_directly, run_directly_with, run_with, take_turns
from bot.store.killpoints import reach
from bot.store.transaction import Tx

log = logging.getLogger(__name__)

DUPLICATE_KEY = 45065
NO_NOTICE_LEFT = 43101
# Nobody is asked to confirm anything: the member is out of the app's range, gone, not activated, or has no such right.
NO_SENDER = frozenset({41054, 46004, 50002, 60011, 60111, 84074})
# Of a welcome (vendor manual, page 92137): too late, chat begun or welcome sent, another app was at it.
WELCOME_LATE, WELCOME_USED, WELCOME_TAKEN = 41050, 41051, 41096
WELCOME_WORDS = {WELCOME_LATE: "超过20秒", WELCOME_USED: "已经聊过或已发过欢迎语"}
WELCOME_AGAIN = timedelta(seconds=2)
# A stopped path is tried again this often with a few rows, so that nobody has to tell us it was repaired.
PROBE_AFTER = timedelta(minutes=30)
KEYED_ROUTES = ("mass", "template")
UNCLEAR = "不确定对方是否收到"
# What keeps to the day's hours and counts for its customer's day.
TIMED = (MARKETING, CARE)
# What may go as a subscribe notice: it advertises nothing.
OF_SERVICE = ("service", CARE)
_SENT = Decision.SENT
ONE_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class ServiceNotice:
    """The subscribe notice by which service messages go to who said yes to it.

    ``values(text, now)``: what stands in its fields for a message of this text, None where that may not stand there.
    """

    template_id: str
    values: Callable[[str, datetime], dict[str, str] | None]


@dataclass(frozen=True)
class Terms:
    """What calls for one account go by; ``notice`` None: it has no subscribe notice for service messages.

    ``learned(tx, account, person_id, relation)`` and ``alarm(tx, account, text)`` are told in the transaction that
    records the answer. ``senders(tx, account, person_ids)``: of each contact the members whose friend it is, the newest
    friendship first; ``parted(tx, account, member_id, person_id)`` is told of a friendship that is proven to be over.
    """

    account: Account
    zone: ZoneInfo
    quiet: QuietHours | None
    marketing_per_day: int
    marketing_per_month: int
    lease: timedelta
    learned: Callable[[Tx, str, str, str], None]
    alarm: Callable[[Tx, str, str], None]
    notice: ServiceNotice | None = None
    senders: Callable[[Tx, str, Iterable[str]], dict[str, list[str]]] = lambda _tx, _account, _people: {}
    parted: Callable[[Tx, str, str, str], None] = lambda _tx, _account, _member, _person: None


# -- the mark --------------------------------------------------------------------------------------------------------

_MARK = f"""
    UPDATE deliveries SET calling_since = COALESCE(calling_since, :now), attempts = attempts + 1,
    lease_until = {{clock}} + :lease, batch_key = :batch_key
    FROM {{given}} WHERE {OURS_ALIKE} AND deliveries.lease_until > {{clock}} RETURNING deliveries.id
"""
_ID = {"id": "bigint"}


def mark(tx: Tx, rows: Sequence[Held], terms: Terms) -> list[Held]:
    """Marks single messages as about to be called; returns those that may be.

    All last checks are made here. The others were put back, re-routed, skipped, or are no longer ours: the caller
    drops them.
    """
    take_turns(tx, MARKS)
    changes: list[Change] = []
    rows = allowed_now(tx, rows, terms, changes)
    rows = (
        _with_window(tx, rows, terms, changes) if has_windows(terms.account) else _to_members(tx, rows, terms, changes)
    )
    rows = _with_notice(tx, rows, terms, changes)
    rows = _within_quota(tx, rows, terms, changes)
    return begin(tx, rows, terms, changes)


def mark_mass(tx: Tx, rows: Sequence[Held], terms: Terms) -> list[Held]:
    """Marks the rows of one mass call, with the key the call will carry; an empty list: there is nothing to call.

    Rows that were withdrawn while an earlier call with the key was unclear are marked as well, for its answer decides
    about them, but are not to be named in the call.
    """
    take_turns(tx, MARKS)
    changes: list[Change] = []
    rows = _within_calls(tx, allowed_now(tx, rows, terms, changes), terms, changes)
    if rows and not rows[0].repeats:
        rows = _within_month(tx, rows, terms, changes)
    if len([row for row in rows if not row.withdrawn]) < MASS_LEAST:
        changes += _too_few(tx, rows, terms)
        rows = []
    if rows:
        key = rows[0].batch_key or mass_key(terms.account.name, rows[0].content_id or 0, [row.id for row in rows])
        # They come back together: some may have been tried before, on their own, and would be repeated later than the
        # others, in a call that names fewer people under the same key.
        attempts = min(row.attempts for row in rows)
        for row in rows:
            row.batch_key, row.attempts = key, attempts
    return begin(tx, rows, terms, changes)


def _within_calls(tx: Tx, rows: list[Held], terms: Terms, changes: list[Change]) -> list[Held]:
    """Takes one call from the day's and the minute's; where there is none, the rows wait for the next."""
    if not rows:
        return rows
    if (next_minute := limits.take_mass_call(tx, terms.account.name, tx.now)) is not None:
        changes += [Change.later(row.id, row.fence, row.route, next_minute) for row in rows]
        return []
    if limits.take_quota(tx, terms.account.name, "mass", 1, tx.now) == 0:
        _quota_gone(tx, terms, "mass")
        changes += [Change(row.id, row.fence, "planned", row.route) for row in rows]
        return []
    return rows


def begin(tx: Tx, rows: Sequence[Held], terms: Terms, changes: Sequence[Change]) -> list[Held]:
    apply(tx, changes)
    if not rows:
        return []
    # A row left out of this call stays out of the next: should its answer be lost as well, nobody could tell any more
    # which of the calls the platform means when it says it knows the key.
    alike: dict[tuple[int, str], list[tuple[int]]] = {}
    for row in rows:
        alike.setdefault((row.fence, "" if row.withdrawn else row.batch_key), []).append((row.id,))
    timing = {"now": to_milliseconds(tx.now), "lease": int(terms.lease.total_seconds() * 1000)}
    ours: set[int] = set()
    for (fence, batch_key), given in alike.items():
        marked_ids = run_directly_with(tx, _MARK, _ID, given, fence=fence, batch_key=batch_key, **timing)
        ours.update(one[0] for one in marked_ids)
    reach("mark")
    marked = [row for row in rows if row.id in ours]
    for row in marked:
        row.attempts += 1
    return marked


_PAUSED = "SELECT broadcast_id FROM delivery_runs WHERE paused"


def allowed_now(tx: Tx, rows: Sequence[Held], terms: Terms, changes: list[Change]) -> list[Held]:
    """The rows nothing speaks against: their path, their broadcast's switch, the hour, their time, the caps."""
    resting = limits.resting(tx, terms.account.name, tx.now)
    paused = {one[0] for one in run_directly(tx, _PAUSED)}
    quiet_end = quiet_until(terms.quiet, terms.zone, tx.now)
    now = to_milliseconds(tx.now)
    timed = {row.customer_id for row in rows if row.purpose in TIMED and row.customer_id is not None}
    had = limits.marketing(tx, timed, tx.now, terms.zone)
    lettered = limits.had_letter(tx, timed, tx.now, terms.zone)
    allowed = []
    for row in rows:
        if limits.WHOLE_ACCOUNT in resting or row.route in resting or row.broadcast_id in paused:
            changes.append(Change(row.id, row.fence, "planned", row.route))
        elif row.purpose in TIMED and quiet_end is not None:
            changes.append(Change.later(row.id, row.fence, row.route, quiet_end))
        elif row.calling_since is not None:
            # A repeat may have waited, for a pause or the morning, until its key is worth nothing any more.
            if now < _key_trusted_until(row, row.calling_since):
                allowed.append(row)
            else:
                changes.append(Change(row.id, row.fence, "unknown", row.route, UNCLEAR))
        elif row.not_after is not None and now > row.not_after:
            late = WELCOME_WORDS[WELCOME_LATE] if row.route == "welcome" else "已经过了该发的时间"
            changes.append(Change(row.id, row.fence, "skipped", row.route, late))
        elif _is_letter(row) and _is_taken(row, had, lettered):
            # Not lost: it has the next day, unless that is too late for it.
            changes.append(Change.later(row.id, row.fence, row.route, next_letters(terms.zone, tx.now), HAD_LETTER))
        elif row.purpose == MARKETING and row.customer_id in lettered:
            changes.append(Change(row.id, row.fence, "skipped", row.route, HAD_LETTER))
        elif (why := _over_cap(row, had, terms)) is not None:
            changes.append(Change(row.id, row.fence, "skipped", row.route, why))
        else:
            allowed.append(row)
            if _is_letter(row) and row.customer_id is not None:
                lettered.add(row.customer_id)
    return allowed


def _key_trusted_until(row: Held, called: int) -> float:
    """Milliseconds; what the platform knows a repeat by, it forgets."""
    if row.route == "welcome":
        return row.not_after or 0
    return called + (REPEAT_TRUSTED if row.route == "custom" else KEY_TRUSTED) / ONE_MILLISECOND


def _is_letter(row: Held) -> bool:
    return row.send_key.startswith(LETTER_KEY)


def _is_taken(row: Held, had: dict[int, Had], lettered: set[int]) -> bool:
    """Whether the customer's day has brought a message already: a letter wants a day of its own."""
    customer_id = row.customer_id or 0
    return customer_id in lettered or had.get(customer_id, Had()).today > 0


def _over_cap(row: Held, had: dict[int, Had], terms: Terms) -> str | None:
    if row.purpose != MARKETING or row.customer_id is None:
        return None
    one = had.get(row.customer_id, Had())
    why = cap_refusal(one.today, one.month, terms.marketing_per_day, terms.marketing_per_month)
    if why is None:
        had[row.customer_id] = Had(one.today + 1, one.month + 1)
    return why


def _with_window(tx: Tx, rows: Sequence[Held], terms: Terms, changes: list[Change]) -> list[Held]:
    """Takes a message from the window of everybody who gets a customer message; who has none gets another route."""
    custom = [row for row in rows if row.route == "custom"]
    taken = limits.take(tx, terms.account.name, [row.person_id for row in custom], tx.now)
    for row, one in zip(custom, taken, strict=True):
        row.taken = one
    closed = [row for row in custom if row.taken is None]
    if closed:
        changes += other_routes(tx, closed, terms)
    return [row for row in rows if row.route != "custom" or row.taken is not None]


def _to_members(tx: Tx, rows: Sequence[Held], terms: Terms, changes: list[Change]) -> list[Held]:
    """Members of the company are told at any time; what is for a contact becomes a task of the member it knows best."""
    account = terms.account.name
    for_contacts = [row for row in rows if row.route == "custom" and row.customer_id is not None]
    known = terms.senders(tx, account, [row.person_id for row in for_contacts]) if for_contacts else {}
    allowed = []
    for row in rows:
        if row.route != "custom":
            allowed.append(row)
        elif row.withdrawn and row.repeats:
            changes.append(Change(row.id, row.fence, "unknown", row.route, UNCLEAR))
        elif row.withdrawn:
            changes.append(Change(row.id, row.fence, "cancelled", row.route, row.withdrawn))
        elif row.customer_id is not None and (members := known.get(row.person_id)):
            tasks.give(tx, [row.id], row.sender if row.sender in members else members[0])
            changes.append(Change(row.id, row.fence, "planned", "task"))
        elif row.customer_id is not None:
            changes.append(Change(row.id, row.fence, "by_hand", "by_hand", NOT_A_FRIEND))
        elif (next_minute := limits.take_member_call(tx, account, row.person_id, tx.now)) is not None:
            changes.append(Change.later(row.id, row.fence, row.route, next_minute))
        else:
            # The platform knows a message it has had in the last half hour: an unclear call may be repeated.
            row.batch_key = message_key(row.send_key)
            allowed.append(row)
    return allowed


def _with_notice(tx: Tx, rows: Sequence[Held], terms: Terms, changes: list[Change]) -> list[Held]:
    """Takes one of the notices everybody who gets one has said yes to; who has none left is told by hand."""
    allowed = []
    for row in rows:
        if row.route != "subscribe" or _take_notice(tx, row, terms):
            allowed.append(row)
        else:
            changes.append(Change(row.id, row.fence, "by_hand", "by_hand", CUSTOM_WINDOW_CLOSED))
    return allowed


def _take_notice(tx: Tx, row: Held, terms: Terms) -> bool:
    return terms.notice is not None and limits.take_notice(
        tx, terms.account.name, row.person_id, terms.notice.template_id
    )


def _give_back_notices(tx: Tx, rows: Iterable[Held], terms: Terms) -> None:
    for row in rows:
        if row.route == "subscribe" and terms.notice is not None:
            limits.give_back_notice(tx, terms.account.name, row.person_id, terms.notice.template_id)


def _within_quota(tx: Tx, rows: list[Held], terms: Terms, changes: list[Change]) -> list[Held]:
    for route in {row.route for row in rows} - {"welcome"}:
        mine = [row for row in rows if row.route == route]
        granted = limits.take_quota(tx, terms.account.name, route, len(mine), tx.now)
        over = mine[granted:]
        if over:
            _quota_gone(tx, terms, route)
            changes += [Change(row.id, row.fence, "planned", row.route) for row in over]
            limits.give_back(tx, terms.account.name, [row.taken for row in over if row.taken is not None])
            _give_back_notices(tx, over, terms)
            gone = {row.id for row in over}
            rows = [row for row in rows if row.id not in gone]
    return rows


def _quota_gone(tx: Tx, terms: Terms, route: str) -> None:
    rest(tx, terms, route, until=beijing_midnight(tx.now), stopped=False, reason="今天的发送额度用完了")


def _within_month(tx: Tx, rows: Sequence[Held], terms: Terms, changes: list[Change]) -> list[Held]:
    allowed = limits.take_months(tx, terms.account.name, [row.person_id for row in rows], tx.now)
    over = [row for row in rows if row.person_id not in allowed]
    changes += _to_window_or_hand(tx, over, terms, f"这个月已群发过{MASS_PER_MONTH}次，平台不让再群发")
    return [row for row in rows if row.person_id in allowed]


def _too_few(tx: Tx, rows: Sequence[Held], terms: Terms) -> list[Change]:
    if rows and rows[0].repeats:
        # Who is left out of a repeated call cannot be asked about with it either; a person decides.
        return [Change(row.id, row.fence, "unknown", row.route, UNCLEAR) for row in rows]
    limits.give_back_months(tx, terms.account.name, [(row.person_id, tx.now) for row in rows])
    return _to_window_or_hand(tx, rows, terms, "同样内容只剩这一位，群发至少要两位")


def _to_window_or_hand(tx: Tx, rows: Sequence[Held], terms: Terms, reason: str) -> list[Change]:
    opened = limits.left(tx, terms.account.name, [row.person_id for row in rows], tx.now) if rows else {}
    return [
        Change(row.id, row.fence, "planned", "custom")
        if row.person_id in opened
        else Change(row.id, row.fence, "by_hand", "by_hand", reason)
        for row in rows
    ]


def other_routes(tx: Tx, rows: Sequence[Held], terms: Terms) -> list[Change]:
    """Where rows go whose person's window is closed: a notice the person has said yes to, the mass call of their
    broadcast, a template, or by hand."""
    said = contents(tx, {row.content_id for row in rows if row.content_id is not None})
    changes = []
    for row in rows:
        payload = said.get(row.content_id or 0, {})
        if _may_notify(tx, row, payload, terms):
            changes.append(Change(row.id, row.fence, "planned", "subscribe"))
        elif row.broadcast_id is not None and has_mass(terms.account.kind) and payload.get("type") in MASS_TYPES:
            changes.append(Change(row.id, row.fence, "planned", "mass"))
        elif "template" in payload:
            changes.append(Change(row.id, row.fence, "planned", "template"))
        else:
            changes.append(Change(row.id, row.fence, "by_hand", "by_hand", CUSTOM_WINDOW_CLOSED))
    return changes


def notice_text(payload: dict[str, Any]) -> str:
    """What a subscribe notice would say of a message; empty for a picture."""
    return str(payload.get("text") or payload.get("title") or payload.get("head") or "")


def _may_notify(tx: Tx, row: Held, payload: dict[str, Any], terms: Terms) -> bool:
    """Whether a message may go as a subscribe notice: a service message, in words that may stand there, to somebody who
    has said yes and has one left."""
    text = notice_text(payload)
    if row.purpose not in OF_SERVICE or terms.notice is None or not text or not may(terms.account.kind, "subscribe"):
        return False
    if limits.WHOLE_ACCOUNT in (rests := limits.resting(tx, terms.account.name, tx.now)) or "subscribe" in rests:
        return False
    if terms.notice.values(text, tx.now) is None:
        return False
    return limits.may_notify(tx, terms.account.name, row.person_id, terms.notice.template_id)


# -- the record ------------------------------------------------------------------------------------------------------

_CHANGE_COLUMNS = {
    "id": "bigint",
    "fence": "int",
    "state": "text",
    "route": "text",
    "reason": "text",
    "due_at": "bigint",
    "platform_id": "text",
    "sent_at": "bigint",
    "uncalled": "int",
}
_APPLY_CLAIMED = f"""
    UPDATE deliveries SET state = given.state, route = given.route, reason = given.reason,
    due_at = COALESCE(given.due_at, deliveries.due_at), platform_id = given.platform_id, sent_at = given.sent_at,
    calling_since = CASE WHEN given.uncalled = 1 THEN NULL ELSE calling_since END, lease_until = NULL
    FROM {{given}} WHERE {OURS} RETURNING deliveries.id
"""
_APPLY_UNKNOWN = _APPLY_CLAIMED.replace("= 'claimed'", "= 'unknown'")


_APPLY_SENT = f"""
    UPDATE deliveries SET state = 'sent', reason = '', platform_id = '', sent_at = :sent_at,
    lease_until = NULL FROM {{given}} WHERE {OURS_ALIKE} RETURNING deliveries.id
"""


def apply(tx: Tx, changes: Sequence[Change], *, statement: str = _APPLY_CLAIMED) -> set[int]:
    """Makes claimed rows what they become; returns the ids that were still ours."""
    if not changes:
        return set()
    given = [
        (c.id, c.fence, c.state, c.route, c.reason, c.due_at, c.platform_id, c.sent_at, int(c.uncalled))
        for c in changes
    ]
    return {row[0] for row in run_directly_with(tx, statement, _CHANGE_COLUMNS, given)}


def record(tx: Tx, answered: Sequence[tuple[Held, Outcome]], terms: Terms) -> None:
    """Writes down what became of marked rows.

    An answer whose row has been taken away is kept as evidence; where the row was called unknown for just this call,
    the answer settles it.
    """
    plain: list[Held] = []
    others: list[tuple[Held, Outcome]] = []
    for row, outcome in answered:
        # The platform may say yes and yet leave somebody out.
        if outcome.code == 0 and not outcome.platform_id and outcome.decision is _SENT and not row.withdrawn:
            plain.append(row)
        else:
            others.append((row, outcome))
    _learn(tx, others, terms)
    others_turn = _by_another_friend(tx, others, terms)
    changes = [_change(tx, row, outcome, terms) for row, outcome in others if row.id not in others_turn]
    changes += [
        Change(row.id, row.fence, "planned", row.route, uncalled=True) for row, _ in others if row.id in others_turn
    ]
    ours = apply(tx, changes)
    for member in set(others_turn.values()):
        tasks.give(tx, [number for number, other in others_turn.items() if other == member and number in ours], member)
    ours |= _apply_sent(tx, plain)
    late = [(row, outcome) for row, outcome in answered if row.id not in ours]
    if late:
        _keep_evidence(tx, late)
        apply(tx, [_change(tx, row, outcome, terms) for row, outcome in late], statement=_APPLY_UNKNOWN)
    made = {outcome.platform_id: row for row, outcome in others if row.route == "task" and outcome.platform_id}
    for msg_id, row in made.items():
        tasks.keep(tx, terms.account.name, msg_id, row)
    for msg_id in {outcome.platform_id for row, outcome in others if row.route == "mass" and outcome.platform_id}:
        outbox.apply_mass_result(tx, terms.account.name, msg_id)
    reach("record")


def _by_another_friend(tx: Tx, answered: Sequence[tuple[Held, Outcome]], terms: Terms) -> dict[int, str]:
    """Rows of tasks whose member cannot be asked, with the next friend of their person whose turn it has not been."""
    refused = [
        row
        for row, outcome in answered
        if row.route == "task" and outcome.code in NO_SENDER and row.customer_id is not None and not row.withdrawn
    ]
    known = terms.senders(tx, terms.account.name, [row.person_id for row in refused]) if refused else {}
    untried = {
        row.id: [one for one in known.get(row.person_id, ()) if one != row.sender][row.attempts - 1 :]
        for row in refused
    }
    return {number: members[0] for number, members in untried.items() if members}


def _apply_sent(tx: Tx, rows: Iterable[Held]) -> set[int]:
    """`apply` for rows that were sent and of which the platform said nothing else; they travel as bare numbers, since in a
    broadcast nearly all are of this kind.
    """
    alike: dict[tuple[int, int | None], list[tuple[int]]] = {}
    for row in rows:
        alike.setdefault((row.fence, row.calling_since), []).append((row.id,))
    ours: set[int] = set()
    for (fence, since), given in alike.items():
        at = since if since is not None else to_milliseconds(tx.now)
        ours.update(one[0] for one in run_directly_with(tx, _APPLY_SENT, _ID, given, fence=fence, sent_at=at))
    return ours


def _learn(tx: Tx, answered: Sequence[tuple[Held, Outcome]], terms: Terms) -> None:
    """What answers say about people, windows and paths, before any row of deliveries is locked."""
    account = terms.account.name
    unspent = [row for row, outcome in answered if _certainly_not_sent(outcome)]
    for row, outcome in answered:
        if outcome.relation is not None and row.route == "task":
            _tell(tx, terms.parted, account, row.sender, row.person_id)
        elif outcome.relation is not None and row.route != "mass":
            _tell(tx, terms.learned, account, row.person_id, outcome.relation)
            if outcome.relation == "window_closed":
                limits.closed(tx, account, row.person_id)
        if outcome.code == NO_NOTICE_LEFT and terms.notice is not None:
            limits.no_notices(tx, account, row.person_id, terms.notice.template_id)
    limits.give_back(tx, account, [row.taken for row in unspent if row.taken is not None])
    _give_back_notices(tx, unspent, terms)
    months = [(row.person_id, tx.now) for row in unspent if row.route == "mass" and not row.repeats]
    if months:
        limits.give_back_months(tx, account, months)
    rests = {(outcome.decision, row.route): outcome for row, outcome in answered}
    for (decision, route), outcome in rests.items():
        if decision in (Decision.CHANNEL, Decision.ACCOUNT):
            _rest_after(tx, terms, limits.WHOLE_ACCOUNT if decision == Decision.ACCOUNT else route, outcome)


def _tell(tx: Tx, tell: Callable[..., None], *said: str) -> None:
    """Lets another room know; what it makes of that must not cost the rows of this batch their record."""
    try:
        with tx.savepoint():
            tell(tx, *said)
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        # Without the error's own words, which may quote whom it was about.
        log.error("delivery.not_heard error=%s", type(error).__name__)


def _certainly_not_sent(outcome: Outcome) -> bool:
    return outcome.decision in (Decision.AGAIN, Decision.CHANNEL, Decision.ACCOUNT, Decision.DEFECT)


def _rest_after(tx: Tx, terms: Terms, channel: str, outcome: Outcome) -> None:
    stopped = outcome.retry_after is None
    span = PROBE_AFTER if outcome.retry_after is None else timedelta(seconds=outcome.retry_after)
    rest(tx, terms, channel, until=tx.now + span, stopped=stopped, reason=outcome.reason)


_CHANNEL_WORDS = {
    "custom": "客服消息",
    "mass": "群发",
    "template": "模板消息",
    "subscribe": "订阅通知",
    "task": "企业群发",
    "welcome": "欢迎语",
    limits.WHOLE_ACCOUNT: "所有消息",
}


def rest(tx: Tx, terms: Terms, channel: str, *, until: datetime, stopped: bool, reason: str) -> None:
    """Lets a path rest and tells the owner once."""
    if not limits.rest(tx, terms.account.name, channel, until=until, stopped=stopped, reason=reason):
        return
    to_members = channel == "custom" and not has_windows(terms.account)
    what = "应用消息" if to_members else _CHANNEL_WORDS.get(channel, channel)
    if stopped:
        words = f"{what}发不出去了：{reason}。没发的都留着，处理好后半小时内自动接着发，发送“继续”马上接着发。"
    else:
        when = until.astimezone(terms.zone).strftime("%m-%d %H:%M")
        words = f"{what}先停一停：{reason}。没发的都留着，{when} 自动接着发。"
    _tell(tx, terms.alarm, terms.account.name, words)


def _change(tx: Tx, row: Held, outcome: Outcome, terms: Terms) -> Change:
    change = Change(row.id, row.fence, "failed", row.route, outcome.reason)
    if row.withdrawn and outcome.decision is not Decision.SENT:
        return replace(change, state="unknown", reason=UNCLEAR)
    if row.route == "welcome" and (welcome := _welcomed(tx, row, outcome)) is not None:
        return welcome
    match outcome.decision:
        case Decision.SENT:
            return _sent(tx, row, outcome)
        case Decision.AGAIN | Decision.CHANNEL | Decision.ACCOUNT:
            # The time of a resting path is the path's; only a row's own failure moves the row.
            wait = _wait(row, outcome) if outcome.decision == Decision.AGAIN else None
            due_at = None if wait is None else to_milliseconds(tx.now + wait)
            return replace(change, state="planned", due_at=due_at, uncalled=not row.repeats)
        case Decision.SAME_KEY if _keyed(row) and row.attempts <= SAME_KEY_TRIES:
            return replace(change, state="planned", due_at=to_milliseconds(tx.now + _wait(row, outcome)))
        case Decision.SAME_KEY | Decision.UNKNOWN:
            due_at = to_milliseconds(reconcile_at(row.attempts, tx.now))
            return replace(change, state="unknown", due_at=due_at, reason=outcome.reason or UNCLEAR)
        case Decision.PERSON if outcome.code == NO_NOTICE_LEFT:
            return replace(change, state="by_hand", route="by_hand", uncalled=True)
        case Decision.PERSON if outcome.relation == "window_closed" and _can_notify(tx, row, terms):
            return replace(change, state="planned", route="subscribe", reason="", uncalled=True)
        case Decision.PERSON if outcome.relation == "window_closed" and _has_company(tx, row, terms):
            return replace(change, state="planned", route="mass", reason="", uncalled=True)
        case Decision.DEFECT if outcome.code is not None:
            return replace(change, reason=f"{outcome.reason}（{outcome.code}）")
    return change


def _welcomed(tx: Tx, row: Held, outcome: Outcome) -> Change | None:
    """What becomes of a welcome where that is its own matter. Its code counts once, so a call that nobody answered is
    repeated with it, and is known to have arrived where the repeat finds the code used."""
    soon = Change(row.id, row.fence, "planned", row.route, due_at=to_milliseconds(tx.now + WELCOME_AGAIN))
    match outcome.code:
        case code if code == WELCOME_TAKEN and row.attempts <= 1:
            return replace(soon, uncalled=True)
        case code if code == WELCOME_USED and row.repeats:
            return _sent(tx, row, outcome)
        case code if code in WELCOME_WORDS and not row.repeats:
            return Change(row.id, row.fence, "failed", row.route, WELCOME_WORDS[code])
    match outcome.decision:
        case Decision.SAME_KEY | Decision.UNKNOWN if row.attempts <= SAME_KEY_TRIES:
            return soon
        case Decision.PERSON if row.repeats:
            return Change(row.id, row.fence, "unknown", row.route, UNCLEAR)
    return None


def _keyed(row: Held) -> bool:
    return row.route in KEYED_ROUTES or (row.route == "custom" and row.batch_key != "")


def _sent(tx: Tx, row: Held, outcome: Outcome) -> Change:
    if row.route == "task":
        return Change(row.id, row.fence, "handed", row.route, platform_id=outcome.platform_id)
    if row.withdrawn and outcome.code != DUPLICATE_KEY:
        # The first call had not arrived, and this one left the person out.
        return Change(row.id, row.fence, "cancelled", row.route, row.withdrawn)
    at = row.calling_since if row.calling_since is not None else to_milliseconds(tx.now)
    return Change(row.id, row.fence, "sent", row.route, platform_id=outcome.platform_id, sent_at=at)


def _wait(row: Held, outcome: Outcome) -> timedelta:
    if outcome.retry_after is not None:
        return timedelta(seconds=outcome.retry_after)
    return back_off(row.attempts, row.id)


def _can_notify(tx: Tx, row: Held, terms: Terms) -> bool:
    if row.route != "custom" or row.purpose not in OF_SERVICE or terms.notice is None or row.content_id is None:
        return False
    return _may_notify(tx, row, contents(tx, [row.content_id]).get(row.content_id, {}), terms)


_COMPANY = """
    SELECT 1 FROM deliveries WHERE account = :account AND route = 'mass' AND broadcast_id = :broadcast_id
    AND state = 'planned' AND content_id = :content_id AND batch_key = '' LIMIT 1
"""


def _has_company(tx: Tx, row: Held, terms: Terms) -> bool:
    """Whether a mass call with the same content still waits, which this row could join."""
    if row.broadcast_id is None or row.content_id is None:
        return False
    parameters = {"account": terms.account.name, "broadcast_id": row.broadcast_id, "content_id": row.content_id}
    return run(tx, _COMPANY, **parameters).first() is not None


_KEEP_EVIDENCE = """
    INSERT INTO delivery_evidence (delivery_id, fence, decision, code, reason, platform_id, seen_at)
    SELECT given.id, given.fence, given.decision, given.code, given.reason, given.platform_id, :now FROM {given}
"""


def _keep_evidence(tx: Tx, late: Sequence[tuple[Held, Outcome]]) -> None:
    columns = {
        "id": "bigint",
        "fence": "int",
        "decision": "text",
        "code": "int",
        "reason": "text",
        "platform_id": "text",
    }
    given = [(row.id, row.fence, o.decision.value, o.code, o.reason, o.platform_id) for row, o in late]
    run_with(tx, _KEEP_EVIDENCE, columns, given, now=to_milliseconds(tx.now))
