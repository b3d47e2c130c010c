"""Group-send tasks that wait for a member: asks the platform what became of them, reminds, calls off, tells.

The platform has no event for a confirmed task, so it is asked, often at first. Any number of workers may do this: who asks
moves the task's time on first, and what an answer says is written once, whoever heard it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.delivery import confirming, lost_tasks, outbox, tasks
from bot.delivery.models import GroupTask
from bot.delivery.rules import (
    NOT_A_FRIEND,
    TASK_IGNORED,
    TASK_LEFT_OUT,
    TASK_OF_LEAVER,
    has_tasks,
    next_reminder,
    quiet_until,
    received_enough,
)
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.errors import PlatformFailure
from bot.platforms.decisions import Decision
from bot.settings import Account
from bot.store.killpoints import reach
from bot.store.transaction import Tx, reading, transaction
from jobs.delivery import terms_of
from jobs.parts import Parts

log = logging.getLogger(__name__)

# A turn of the worker's hands: so many tasks, for about so long.
TURN_SECONDS = 2.0
MOST = 20
LOOKED_UP = 5
# What is written in one transaction.
PAGE = 1_000
# The platform still sends to some of a task's people when its member has just confirmed.
SENDING_TAKES = timedelta(minutes=3)
# A call is looked for from a little before its time on: clocks differ.
CLOCKS_DIFFER = timedelta(minutes=2)
LISTED_AFTER = timedelta(minutes=10)
WHERE = "工作台→客户联系→群发助手"
# The platform knows the task no more, or has nothing left to call off.
_OVER = (Decision.PERSON, Decision.DEFECT)


class GroupTasks:
    """A chore: every turn does what is due for each account that has such tasks."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._accounts = [account for account in parts.settings.accounts if has_tasks(account)]

    def turn(self) -> None:
        end = time.monotonic() + TURN_SECONDS
        for account in self._accounts:
            client = self._parts.clients.get(account.name)
            if client is None:
                continue
            try:
                _tell_members(self._parts, account)
                for step in (_look_up, _poll, _remind):
                    step(self._parts, account, client, end)
                _tell_owners(self._parts, account)
            except PlatformFailure as failure:
                # Its turn comes again; the others have theirs.
                log.warning("group_tasks.not_asked account=%s code=%s", account.name, failure.code)


# -- what became of them ---------------------------------------------------------------------------------------------


def _poll(parts: Parts, account: Account, client: Any, end: float) -> None:
    with reading(parts.store, parts.clock) as tx:
        due = list(tasks.due(tx, account.name, MOST))
    for task in due:
        if time.monotonic() >= end:
            return
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            if not tasks.take(tx, task):
                continue
            waiting = tasks.waiting(tx, task)
            has_left = task.sender in merchants.gone_members(tx, account.name)
        _ask(parts, account, client, task, waiting, has_left=has_left)


def _ask(
    parts: Parts, account: Account, client: Any, task: GroupTask, waiting: tasks.Waiting, *, has_left: bool
) -> None:
    """Asks about one task. A task that is called off, or whose member has left, is called off first, and only then asked
    about: what its member has sent meanwhile is sent."""
    now = parts.clock.now()
    ends = bool(waiting.called_off) or has_left or tasks.expired(task, waiting, now)
    if waiting.people and ends:
        try:
            client.cancel_task(task.msgid)
        except PlatformFailure as failure:
            if failure.decision not in _OVER:
                raise
            log.info("group_tasks.not_cancelled account=%s code=%s", account.name, failure.code)
        reach("task_cancelled")
    sent_at = _sent_at(client, task) if waiting.people else None
    if waiting.people:
        for page in _results(client, account, task, whole=ends or sent_at is not None or _thorough(task, now)):
            reach("task_asked")
            with transaction(parts.store, parts.clock, parts.bell) as tx:
                _settle(tx, parts, account, task, page)
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        if not tasks.waiting(tx, task).people:
            tasks.close(tx, task)
        elif sent_at is None and ends:
            tasks.close(
                tx,
                task,
                "cancelled" if waiting.called_off else "done",
                reason=TASK_OF_LEAVER if has_left else TASK_IGNORED,
            )
        elif sent_at is not None and now - sent_at > SENDING_TAKES:
            tasks.close(tx, task, "cancelled" if waiting.called_off else "done", reason=TASK_LEFT_OUT)
        elif sent_at is not None:
            # Just confirmed: what is not sent yet may be by now.
            tasks.ask_again(tx, task, now + SENDING_TAKES)


def _thorough(task: GroupTask, now: datetime) -> bool:
    """Whether to read every page even of a task nobody seems to have sent."""
    return now - task.created_at > timedelta(hours=1)


def _sent_at(client: Any, task: GroupTask) -> datetime | None:
    """When the member confirmed the task, None where that is still to come."""
    for member in client.task_members(task.msgid):
        # The platform writes member ids in lower case now and then.
        if member.sent and member.member_id.lower() == task.sender.lower():
            return member.at or task.created_at
    return None


def _results(client: Any, account: Account, task: GroupTask, *, whole: bool) -> Iterator[list[tasks.Result]]:
    """What has become of people, page by page; of a task that looks untouched the first page is enough."""
    words = {"not_friend": ("failed", NOT_A_FRIEND), "over_quota": ("failed", received_enough(account.receive_rule))}
    page: list[tasks.Result] = []
    for seen, row in enumerate(client.task_results(task.msgid, task.sender), 1):
        if row.status == "sent":
            page.append(tasks.Result(row.id, "sent", "", row.at))
        elif row.status in words:
            page.append(tasks.Result(row.id, *words[row.status], row.at))
        if len(page) == PAGE:
            yield page
            page = []
        if seen == PAGE and not page and not whole:
            return
    if page:
        yield page


def _settle(tx: Tx, parts: Parts, account: Account, task: GroupTask, page: Sequence[tasks.Result]) -> None:
    news = tasks.settle(tx, task, page)
    parted = terms_of(parts, account).parted
    for result in page:
        if result.person_id in news and result.reason == NOT_A_FRIEND and not task.for_chats:
            parted(tx, account.name, task.sender, result.person_id)


# -- calls whose answer was lost -------------------------------------------------------------------------------------


def _look_up(parts: Parts, account: Account, client: Any, end: float) -> None:
    with reading(parts.store, parts.clock) as tx:
        calls = lost_tasks.unclear(tx, account.name, LOOKED_UP)
    for call in calls:
        if time.monotonic() >= end:
            return
        with transaction(parts.store, parts.clock) as tx:
            if not lost_tasks.look(tx, call):
                continue
        found = _find(parts, client, call)
        reach("task_looked_up")
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            if not found:
                lost_tasks.not_made(tx, call)
            elif len(found) == 1:
                lost_tasks.made(tx, call, *found[0])


def _find(parts: Parts, client: Any, call: lost_tasks.Unclear) -> list[tuple[str, frozenset[str]]]:
    """The tasks that may be this call's, with their people: made about then, in the same words, for its member and people
    alone. Raises PlatformFailure while the platform cannot say."""
    since, until = call.called_at - CLOCKS_DIFFER, min(call.called_at + LISTED_AFTER, parts.clock.now())
    # What was made through the interface may come without a creator, so all are asked for.
    listed = list(client.group_tasks(since, until, "group" if call.for_chats else "single", ""))
    alike = [task.msgid for task in listed if task.text == call.said]
    with reading(parts.store, parts.clock) as tx:
        ours = lost_tasks.known(tx, call.account, alike)
    found = []
    for msgid in alike:
        if msgid in ours:
            continue
        members = {member.member_id.lower() for member in client.task_members(msgid)}
        if members != {call.sender.lower()}:
            continue
        people = frozenset(row.id for row in client.task_results(msgid, call.sender))
        if people and people <= call.people:
            found.append((msgid, people))
    return found


# -- members and owners are told -------------------------------------------------------------------------------------


def _tell_members(parts: Parts, account: Account) -> None:
    """Tells each member in one message of all the tasks that have come to wait for them."""
    with reading(parts.store, parts.clock) as tx:
        if not confirming.untold(tx, account.name):
            return
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        for member in confirming.untold(tx, account.name):
            if not confirming.told(tx, account.name, member):
                continue
            whom = f"{member.people} 个客户群" if member.for_chats else f"{member.people} 位顾客"
            several = f"（{member.tasks} 条，逐条点确认）" if member.tasks > 1 else ""
            _message(tx, account, member.sender, f"有 {whom}等您确认发送{several}：{WHERE}")


def _message(tx: Tx, account: Account, member_id: str, words: str) -> None:
    staff = merchants.find(tx, account=account.name, person_id=member_id)
    outbox.queue(
        tx,
        account=account.name,
        person_id=member_id,
        payload={"type": "text", "text": words},
        purpose="reminder",
        staff_id=None if staff is None else staff.id,
    )


def _remind(parts: Parts, account: Account, client: Any, end: float) -> None:
    settings = parts.settings
    with reading(parts.store, parts.clock) as tx:
        if quiet_until(settings.quiet_hours, settings.timezone, tx.now) is not None:
            return
        waiting = confirming.to_remind(tx, account.name, MOST)
    for reminder in waiting:
        if time.monotonic() >= end:
            return
        # Noted first: a reminder too few is better than one too many.
        with transaction(parts.store, parts.clock) as tx:
            if not confirming.reminded(tx, reminder, next_reminder(settings.timezone, tx.now)):
                continue
        reach("task_reminded")
        try:
            client.remind_task(reminder.msgid)
        except PlatformFailure as failure:
            if failure.decision not in _OVER:
                raise
            log.info("group_tasks.not_reminded account=%s code=%s", account.name, failure.code)


def _tell_owners(parts: Parts, account: Account) -> None:
    with reading(parts.store, parts.clock) as tx:
        if not confirming.overdue(tx, account.name):
            return
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        late = confirming.overdue(tx, account.name)
        confirming.owner_told(tx, account.name)
        for one in late:
            staff = merchants.find(tx, account=account.name, person_id=one.sender)
            who = one.sender if staff is None else staff.name
            what = f"群发 {one.broadcast_id}：" if one.broadcast_id else ""
            whom = f"{one.people} 个客户群" if one.for_chats else f"{one.people} 位顾客"
            stop = f"；不发了：取消 {one.broadcast_id}" if one.broadcast_id else ""
            words = f"{what}{who} 一天了还没确认，{whom}没收到，请催一催（{WHERE}）{stop}"
            for owner in merchants.owners(tx):
                about = f"{one.broadcast_id or 0}:{'chats' if one.for_chats else 'people'}:{one.sender}"
                notices.tell(tx, owner.id, words, kind="task", subject=f"task:{about}")
