"""A company's platform for delivery's tests, and a shop that sends from it: members confirm tasks, contacts get messages."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sink import Platform

from bot import settings
from bot.clock import SetClock
from bot.delivery import lease, outbox
from bot.delivery.contents import content_id
from bot.delivery.models import Delivery, GroupTask
from bot.delivery.outbox import NewDelivery
from bot.domain.customers.models import Friendship
from bot.platforms.clients import client_of
from bot.platforms.http import HttpEngine
from bot.store.engine import Store, open_store
from bot.store.transaction import transaction
from jobs.delivery import drain, sweep
from jobs.group_tasks import GroupTasks
from jobs.parts import Parts

MESSAGE = "/cgi-bin/message/send"
WELCOME = "/cgi-bin/externalcontact/send_welcome_msg"
MAKE = "/cgi-bin/externalcontact/add_msg_template"
REMIND = "/cgi-bin/externalcontact/remind_groupmsg_send"
CANCEL = "/cgi-bin/externalcontact/cancel_groupmsg_send"
TEXT = {"type": "text", "text": "新款到店，欢迎来看看"}
CONFIG = """\
[shop]
name = "小雨服饰"
[store]
url = "{store}"
[[accounts]]
name = "corp"
platform = "wecom"
corp_id = "wwdemo0000000001"
agent_id = 1000002
secret = "a-secret"
token = "a-token-of-ours"
aes_key = "{aes}"
api_base_url = "{url}"
receive_rule = "{rule}"
[[accounts]]
name = "main"
app_id = "wxdemo"
secret = "a-secret"
token = "a-token-of-ours"
api_base_url = "{url}"
"""


@dataclass
class Task:
    """``statuses``: by person, 0 waits, 1 sent, 2 no friend, 3 has had enough."""

    msgid: str
    kind: str
    sender: str
    text: str
    created: int
    statuses: dict[str, int]
    sent_at: int = 0
    cancelled: bool = False


@dataclass
class Company(Platform):
    """``unreachable``: whom a new task leaves out; ``full``: who takes no more."""

    now: Any = None
    tasks: dict[str, Task] = field(default_factory=dict)
    unreachable: set[str] = field(default_factory=set)
    full: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)
    _messages: set[str] = field(default_factory=set)
    _welcomed: set[str] = field(default_factory=set)

    def confirm(self, task: Task, only: Iterable[str] | None = None) -> None:
        """The member confirms; ``only``: he sends to these alone."""
        assert not task.cancelled
        task.sent_at = int(self.now().timestamp())
        for person in task.statuses if only is None else only:
            task.statuses[person] = 3 if person in self.full else 2 if person in self.strangers else 1
            if task.statuses[person] == 1:
                self.ledger.append((person, MAKE))

    def _act(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        match path.rpartition("/")[2]:
            case "gettoken":
                self.tokens += 1
                return {"errcode": 0, "access_token": f"token-{self.tokens}", "expires_in": 7200}
            case "send":
                if body["touser"] in self.unreachable:
                    return _ok(invaliduser=body["touser"])
                if (request := str(sorted(body.items()))) not in self._messages:
                    self._messages.add(request)
                    self.ledger.append((body["touser"], path))
                return _ok(msgid=f"m{len(self.ledger)}")
            case "send_welcome_msg":
                if body["welcome_code"] in self._welcomed:
                    return {"errcode": 41051, "errmsg": "welcome sent"}
                self._welcomed.add(body["welcome_code"])
                self.ledger.append((body["welcome_code"], path))
                return _ok()
            case "add_msg_template":
                return self._make(body)
            case "get_groupmsg_list_v2":
                found = [one for one in self.tasks.values() if body["start_time"] <= one.created <= body["end_time"]]
                rows = [
                    {"msgid": one.msgid, "create_time": str(one.created), "text": {"content": one.text}}
                    for one in found
                    if one.kind == body["chat_type"]
                ]
                return _ok(group_msg_list=rows)
            case "get_groupmsg_task":
                task = self.tasks[body["msgid"]]
                sent = {"status": 2, "send_time": task.sent_at} if task.sent_at else {"status": 0}
                return _ok(task_list=[{"userid": task.sender, **sent}])
            case "get_groupmsg_send_result":
                task = self.tasks[body["msgid"]]
                rows = [
                    {"external_userid": person, "userid": task.sender, "status": status, "send_time": task.sent_at}
                    for person, status in task.statuses.items()
                ]
                first = int(body["cursor"] or 0)
                after = str(first + body["limit"]) if first + body["limit"] < len(rows) else ""
                return _ok(send_list=rows[first : first + body["limit"]], next_cursor=after)
            case "cancel_groupmsg_send":
                self.tasks[body["msgid"]].cancelled = True
        return _ok()

    def _make(self, body: dict[str, Any]) -> dict[str, Any]:
        asked = body.get("external_userid") or body["chat_id_list"]
        people = [person for person in asked if person not in self.unreachable]
        if not people:
            return {"errcode": 41048, "errmsg": "nobody"}
        msgid = f"msg{len(self.tasks) + 1}"
        made, text = int(self.now().timestamp()), body["text"]["content"]
        self.tasks[msgid] = Task(msgid, body["chat_type"], body["sender"], text, made, dict.fromkeys(people, 0))
        return _ok(msgid=msgid, fail_list=[person for person in asked if person in self.unreachable])


def _ok(**more: Any) -> dict[str, Any]:
    return {"errcode": 0, "errmsg": "ok", **more}


class CompanyShop:
    """What tests do with it; every call is a transaction of its own."""

    def __init__(self, store: Store, url: str, company: Company, folder: Path, rule: str, start: datetime) -> None:
        config = folder / "config.toml"
        config.write_text(CONFIG.format(store=url, aes="a" * 43, url=company.url, rule=rule), encoding="utf-8")
        self.store, self.company, self._opened = store, company, (url, folder, rule)
        self.clock = SetClock(start)
        company.now = self.clock.now
        self.engine = HttpEngine(call_seconds=1.0)
        shop = settings.load(config, {}, folder)
        clients = {
            account.name: client_of(account, store=store, clock=self.clock, redis_url=None, http=self.engine)
            for account in shop.accounts
        }
        self.parts = Parts(store, self.clock, None, shop, clients=clients, engine=self.engine)
        self.tasks = GroupTasks(self.parts)
        self._keys = itertools.count()

    def again(self) -> CompanyShop:
        """The same shop in another process, with connections of its own."""
        url, folder, rule = self._opened
        return CompanyShop(open_store(url), url, self.company, folder, rule, self.clock.now())

    def tx(self) -> Any:
        return transaction(self.store, self.clock)

    def later(self, **span: float) -> None:
        self.clock.set(self.clock.now() + timedelta(**span))

    def work(self) -> None:
        """What a worker does in a turn."""
        sweep(self.parts)
        drain(self.parts)
        self.tasks.turn()
        drain(self.parts)

    def lapse(self) -> None:
        """The database's clock goes on past every lease."""
        with self.tx() as tx:
            for row in tx.session.query(Delivery).filter_by(state="claimed"):
                row.lease_until = datetime.fromtimestamp(0, self.clock.now().tzinfo)
            tx.session.flush()
            lease.sweep(tx)

    def befriend(self, member: str, *people: str) -> None:
        with self.tx() as tx:
            for person in people:
                now = tx.now
                facts = {"relation": "active", "relation_at": now, "since": now}
                tx.session.add(Friendship(account="corp", member_id=member, person_id=person, **facts))

    def broadcast(self, people: dict[str, str], *, number: int = 1, content: dict[str, Any] = TEXT) -> None:
        """Plans a broadcast to people by their senders; person ``p7`` is customer 7."""
        with self.tx() as tx:
            said = content_id(tx, content)
            rows = [
                NewDelivery(
                    account="corp",
                    person_id=person,
                    customer_id=int(person[1:]),
                    purpose="marketing",
                    broadcast_id=number,
                    route="task",
                    content_id=said,
                    sender=sender,
                )
                for person, sender in people.items()
            ]
            outbox.plan(tx, rows)

    def queue(self, person: str, text: str = "您好", **more: Any) -> None:
        fields = {"account": "corp", "purpose": "service", "payload": {"type": "text", "text": text}} | more
        with self.tx() as tx:
            outbox.queue(tx, person_id=person, **fields)

    def states(self, **where: Any) -> dict[str, str]:
        """States by person, with the reason where there is one."""
        with self.tx() as tx:
            rows = tx.session.query(Delivery).filter_by(**where).order_by(Delivery.id)
            return {row.person_id: f"{row.state} {row.reason}".strip() for row in rows}

    def kept(self) -> list[GroupTask]:
        with self.tx() as tx:
            return list(tx.session.query(GroupTask).order_by(GroupTask.msgid))

    def told(self) -> list[str]:
        """What members were told."""
        return [body["text"]["content"] for body in self.company.calls.get(MESSAGE, [])]

    def calls(self, path: str) -> int:
        return len(self.company.calls.get(path, []))
