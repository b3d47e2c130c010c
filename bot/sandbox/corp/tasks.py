"""Group-send tasks (企业群发): made by a call, sent by nobody until a member confirms in the client.

Source: WeCom manual, pages 92135 (creation, receiver rules of 2025-11-17), 96355 and 93338 (follow-up). A task made by
a call has no `creator` in the list. There is no callback about what members do with it.
"""

import calendar
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from bot.sandbox.calls import Ask
from bot.sandbox.phones import Parcel

from . import parcels
from .calls import corp_endpoint, ids, objects, page, text, whole
from .codes import refused
from .people import BOTH, Chat, Contact, Friend, Member

if TYPE_CHECKING:
    from .company import Company

DAY = 86400
MONTH = 31 * DAY
WAITING, SENT, NOT_FRIEND, OVER_QUOTA = 0, 1, 2, 3  # of a customer or group
MEMBER_WAITING, MEMBER_SENT = 0, 2


@dataclass(slots=True)
class Task:
    """One task: what to say, and for each member the recipients with [status, moment], and the member's own."""

    msgid: str
    chat_type: str
    created: float
    body: dict[str, Any]
    results: dict[str, dict[str, list[Any]]]
    members: dict[str, list[Any]]
    cancelled: bool = False
    reminded: list[float] = field(default_factory=list)
    call_id: int = 0
    ignored: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        branch = self.body.get("text")
        return str(branch.get("content") or "") if isinstance(branch, dict) else ""

    def open_for(self, userid: str) -> bool:
        return not self.cancelled and userid in self.members and self.members[userid][0] == MEMBER_WAITING


class Tasks:
    """All tasks by msgid, oldest first."""

    def __init__(self) -> None:
        self.all: dict[str, Task] = {}

    def known(self, msgid: str) -> Task:
        task = self.all.get(msgid)
        if task is None:
            raise refused(40058)
        return task

    def dump(self) -> list[dict[str, Any]]:
        return [asdict(task) for task in self.all.values()]

    def load(self, saved: list[dict[str, Any]]) -> None:
        self.all = {task["msgid"]: Task(**task) for task in saved}


@corp_endpoint("POST", "externalcontact/add_msg_template")
def add_task(company: "Company", ask: Ask) -> dict[str, Any]:
    """Answers with `fail_list`, whoever cannot be reached; `Refused` 41048 where that is everybody."""
    body = ask.body
    chat_type = text(body, "chat_type", needed=False) or "single"
    if chat_type not in ("single", "group"):
        raise refused(40058)
    wanted = ids(body, "external_userid", most=10_000, needed=False) if chat_type == "single" else []
    chats = ids(body, "chat_id_list", most=2000, needed=False) if chat_type == "group" else []
    labels = _labels(body)
    sender = text(body, "sender", needed=chat_type == "group")
    if chat_type == "single" and not (sender or wanted or labels):
        raise refused(40058)
    parcels.customer_parcels(company, body, ask.now)
    if sender:
        company.serving(sender)
    if chat_type == "group":
        results, failed = _to_groups(company, sender, chats)
    else:
        results, failed = _to_customers(company, sender, wanted, labels)
    if "fail_list" in ask.twists:
        failed += _spoil(results, int(ask.twists["fail_list"].get("count", 1)))
    if not any(results.values()):
        raise refused(41048, fail_list=failed)
    results = {userid: rows for userid, rows in results.items() if rows}
    members: dict[str, list[Any]] = {userid: [MEMBER_WAITING, 0] for userid in results}
    msgid = f"msg{company.platform.next_number()}"
    task = Task(msgid, chat_type, ask.now, body, results, members, call_id=ask.id)
    company.tasks.all[msgid] = task
    for userid in members:
        _tell_member(company, company.members[userid], task, "有一条群发任务等你确认")
    return {"fail_list": failed, "msgid": msgid}


@corp_endpoint("POST", "externalcontact/get_groupmsg_list_v2")
def list_tasks(company: "Company", ask: Ask) -> dict[str, Any]:
    chat_type, start, end = text(ask.body, "chat_type"), whole(ask.body, "start_time"), whole(ask.body, "end_time")
    if chat_type not in ("single", "group") or start > end or end - start > MONTH:
        raise refused(40058)
    creator, kind = text(ask.body, "creator", needed=False), whole(ask.body, "filter_type", 2)
    found = [
        task
        for task in reversed(company.tasks.all.values())
        if task.chat_type == chat_type and start <= int(task.created) <= end and not creator and kind != 1
    ]
    if any(_dispatching(company, task, ask.now) for task in found):
        raise refused(41063)
    rows, cursor = page(ask, found, usual=50, most=100, fall_back=True)
    shown = [
        {"msgid": task.msgid, "create_time": int(task.created), "create_type": 0}
        | {name: task.body[name] for name in ("text", "attachments") if name in task.body}
        for task in rows
    ]
    return {"group_msg_list": shown, "next_cursor": cursor}


@corp_endpoint("POST", "externalcontact/get_groupmsg_task")
def list_members_of_task(company: "Company", ask: Ask) -> dict[str, Any]:
    task = _dispatched(company, ask)
    rows, cursor = page(ask, list(task.members.items()), usual=500, most=1000)
    shown = [
        {"userid": userid, "status": status} | ({"send_time": int(at)} if status else {})
        for userid, (status, at) in rows
    ]
    return {"task_list": shown, "next_cursor": cursor}


@corp_endpoint("POST", "externalcontact/get_groupmsg_send_result")
def list_results_of_member(company: "Company", ask: Ask) -> dict[str, Any]:
    task, userid = _dispatched(company, ask), text(ask.body, "userid")
    if userid not in task.results:
        raise refused(60111)
    rows, cursor = page(ask, list(task.results[userid].items()), usual=500, most=1000)
    name = "chat_id" if task.chat_type == "group" else "external_userid"
    shown = [
        {name: recipient, "userid": userid, "status": status} | ({"send_time": int(at)} if status == SENT else {})
        for recipient, (status, at) in rows
    ]
    return {"send_list": shown, "next_cursor": cursor}


@corp_endpoint("POST", "externalcontact/remind_groupmsg_send")
def remind(company: "Company", ask: Ask) -> dict[str, Any]:
    """Knock at every member who has not sent; three times in 24 hours, then 41094."""
    task = company.tasks.known(text(ask.body, "msgid"))
    task.reminded = [at for at in task.reminded if ask.now - at < DAY]
    if len(task.reminded) >= company.limits["corp_reminds"]:
        raise refused(41094)
    task.reminded.append(ask.now)
    for userid in task.members:
        if task.open_for(userid):
            _tell_member(company, company.members[userid], task, "管理员提醒你发送群发任务")
    return {}


@corp_endpoint("POST", "externalcontact/cancel_groupmsg_send")
def cancel(company: "Company", ask: Ask) -> dict[str, Any]:
    """Stops the members who have not sent; what is sent stays."""
    task = company.tasks.known(text(ask.body, "msgid"))
    task.cancelled = True
    looks_different(company, task)
    return {}


def send_to(company: "Company", task: Task, member: Member, recipients: list[str], now: float) -> None:
    """The member's client sends to these, whoever of them still waits."""
    rows = task.results[member.userid]
    for recipient in recipients:
        if rows[recipient][0] == WAITING:
            rows[recipient] = [_send(company, task, member, recipient, now), now]
    looks_different(company, task)


def looks_different(company: "Company", task: Task) -> None:
    """The task and how many wait have changed on its members' phones."""
    company.changed("again", task)
    for userid in task.members:
        company.changed("member", company.members[userid])


def _send(company: "Company", task: Task, member: Member, recipient: str, now: float) -> int:
    holder: Contact | Chat
    if task.chat_type == "group":
        holder = company.chats.all[recipient]
        if holder.dismissed or holder.owner != member.userid:
            return NOT_FRIEND
    else:
        friend = company.friend(member.userid, recipient)
        if friend is None or friend.relation != BOTH:
            return NOT_FRIEND
        holder = company.contacts[recipient]
    if not has_room(str(company.account["receive_rule"]), holder.mass, now):
        return OVER_QUOTA
    holder.mass.append(now)
    for parcel in parcels.customer_parcels(company, task.body, task.created):
        shown = Parcel(
            parcel.type, parcel.text, {**parcel.payload, "by": member.userid}, parcel.msgtype, parcel.content
        )
        company.show(holder, shown, via="task", call_id=task.call_id)
    return SENT


def has_room(rule: str, received: list[float], now: float) -> bool:
    """Whether one more fits: as many a calendar month as it has days, seven a week (from Monday), or one a day."""
    today = time.gmtime(now + 8 * 3600)
    if rule == "one_a_day":
        since, most = _midnight(now), 1
    elif rule == "seven_a_week":
        since, most = _midnight(now) - today.tm_wday * DAY, 7
    else:
        since, most = _midnight(now) - (today.tm_mday - 1) * DAY, calendar.monthrange(today.tm_year, today.tm_mon)[1]
    return sum(at >= since for at in received) < most


def _midnight(now: float) -> float:
    return now - (now + 8 * 3600) % DAY


def _to_customers(
    company: "Company", sender: str, wanted: list[str], labels: list[set[str]]
) -> tuple[dict[str, dict[str, list[Any]]], list[str]]:
    """Each customer through the sender, or through the member who talked with him last; who has none is left out."""
    results: dict[str, dict[str, list[Any]]] = {}
    failed: list[str] = []
    everybody = not wanted
    if everybody:
        wanted = [friend.external_userid for friend in _all_friends(company, sender) if _wears(friend, labels)]
    for external_userid in dict.fromkeys(wanted):
        friends = [friend for friend in company.friends_of(external_userid) if sender in ("", friend.userid)]
        friends = [friend for friend in friends if company.members[friend.userid].serves]
        if not friends:
            failed.append(external_userid)
            continue
        last = max(friends, key=lambda friend: (friend.talked_at, friend.since))
        results.setdefault(last.userid, {})[external_userid] = [WAITING, 0]
    return results, failed


def _to_groups(company: "Company", sender: str, chats: list[str]) -> tuple[dict[str, dict[str, list[Any]]], list[str]]:
    own = [chat.chat_id for chat in company.chats.all.values() if chat.owner == sender and not chat.dismissed]
    reached = [chat_id for chat_id in chats or own if chat_id in own]
    return {sender: {chat_id: [WAITING, 0] for chat_id in reached}}, [one for one in chats if one not in own]


def _all_friends(company: "Company", sender: str) -> list[Friend]:
    senders = [sender] if sender else list(company.members)
    return [friend for userid in senders for friend in company.customers_of(userid)]


def _labels(body: dict[str, Any]) -> list[set[str]]:
    """`tag_filter`: one set of tags for each group, of which a customer wears at least one."""
    branch = body.get("tag_filter")
    if not isinstance(branch, dict):
        return []
    return [set(ids(group, "tag_list", most=1000)) for group in objects(branch, "group_list", most=100)]


def _wears(friend: Friend, labels: list[set[str]]) -> bool:
    return all(wanted & set(friend.tags) for wanted in labels)


def _spoil(results: dict[str, dict[str, list[Any]]], count: int) -> list[str]:
    first = [(userid, one) for userid, rows in results.items() for one in rows][:count]
    for userid, one in first:
        del results[userid][one]
    return [one for _userid, one in first]


def _dispatching(company: "Company", task: Task, now: float) -> bool:
    return 0 <= now - task.created < company.limits["corp_task_dispatch_seconds"]


def _dispatched(company: "Company", ask: Ask) -> Task:
    task = company.tasks.known(text(ask.body, "msgid"))
    if _dispatching(company, task, ask.now):
        raise refused(41063)
    return task


def _tell_member(company: "Company", member: Member, task: Task, line: str) -> None:
    parcel = Parcel("task", line, {"msgid": task.msgid}, "task", {"msgid": task.msgid})
    company.show(member, parcel, via="task", sender="company")
    company.changed("member", member)
