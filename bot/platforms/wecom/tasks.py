"""Group-send tasks (企业群发) after they were made: who has confirmed, and who got it. Source: vendor manual, page 93338."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.platforms.wecom.pages import moment

LIST = "/cgi-bin/externalcontact/get_groupmsg_list_v2"
MEMBERS = "/cgi-bin/externalcontact/get_groupmsg_task"
RESULTS = "/cgi-bin/externalcontact/get_groupmsg_send_result"
REMIND = "/cgi-bin/externalcontact/remind_groupmsg_send"
CANCEL = "/cgi-bin/externalcontact/cancel_groupmsg_send"

TASKS_A_PAGE, ROWS_A_PAGE = 100, 1000
SENT = 2
_STATUSES = {0: "waiting", 1: "sent", 2: "not_friend", 3: "over_quota"}


@dataclass(frozen=True, slots=True)
class GroupTask:
    """A task as the platform lists it; ``creator`` is the member or the app's administrator who made it."""

    msgid: str
    creator: str
    created_at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class TaskMember:
    """Whether a member has confirmed a task, and when."""

    member_id: str
    sent: bool
    at: datetime | None


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What became of a task for a contact or chat: ``waiting``, ``sent``, ``not_friend`` or ``over_quota``."""

    id: str
    status: str
    at: datetime | None


def task_of(row: dict[str, Any]) -> GroupTask:
    text = str((row.get("text") or {}).get("content") or "")
    return GroupTask(str(row["msgid"]), str(row.get("creator") or ""), moment(row.get("create_time")), text)


def member_of(row: dict[str, Any]) -> TaskMember:
    return TaskMember(str(row["userid"]), int(row["status"]) == SENT, moment(row.get("send_time")))


def result_of(row: dict[str, Any]) -> TaskResult:
    """Raises ValueError for a status nobody knows: it must not pass for one that is."""
    status = _STATUSES.get(int(row["status"]))
    if status is None:
        raise ValueError("unknown status of a task")
    return TaskResult(str(row.get("external_userid") or row["chat_id"]), status, moment(row.get("send_time")))
