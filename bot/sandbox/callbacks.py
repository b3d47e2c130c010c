"""Pushing to the shop: signed and sealed, in order per person, five seconds each, three retries.

Source: vendor manual, Passive_user_reply_message: no complete answer within five seconds cuts the connection and
sends the push again; three retries in total; the retry may overlap the first, which the shop is still working on.
"""

import heapq
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from . import wire
from .phones import Message, system_line
from .transport import Transport
from .wire import Reply, ReplyRejected

if TYPE_CHECKING:
    from .platform import Platform

WORKERS = 64
KEPT_LOG = 20_000
FAULT_NOTICE = "该公众号暂时无法提供服务，请稍后再试"
HEADERS = {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0", "Pragma": "no-cache"}
# An answer's outcome by what phones and tests want to know.
REPLY, SUCCESS, ERROR, TIMEOUT = "reply", "success", "error", "timeout"


@dataclass(slots=True)
class Push:
    """One message or event on its way. `heard` is False where the fan sees neither reply nor fault notice."""

    id: int
    openid: str
    kind: str
    fields: dict[str, Any]
    heard: bool = True
    tries: int = 0


@dataclass(slots=True)
class Outcome:
    """What became of the first attempt, for whoever waits; `reply` is what the phone shows."""

    outcome: str = TIMEOUT
    reply: Message | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Pushes:
    """All pushes. `send` and what it calls run under the platform's lock, attempts run in workers without it.

    What differs between the platforms (`_account`, `_seal`, `_read`, `_show_reply`, `_show_fault`) is the company's to
    override.
    """

    AGENDA = "push"  # how its entries of the agenda begin

    def __init__(self, platform: "Platform", transport: Transport) -> None:
        self._platform = platform
        self._transport = transport
        self._next_id = 1
        self._open: dict[int, Push] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._lanes: dict[str, deque[Push]] = {}
        self._held: dict[str, list[Push]] = {}
        self._ready: SimpleQueue[Push | str | None] = SimpleQueue()
        self._forgotten = False
        self._in_hand = 0  # lanes and retries that a worker has or will take
        self._workers: list[threading.Thread] = []
        self._retries: list[tuple[float, int, Push]] = []
        self._timer_wake = threading.Condition()
        self._timer: threading.Thread | None = None
        self._idle = threading.Condition(platform.lock)
        self.log: deque[dict[str, Any]] = deque(maxlen=KEPT_LOG)
        self._entries: dict[int, dict[str, Any]] = {}

    def new(self, openid: str, kind: str, fields: dict[str, Any], *, heard: bool) -> Push:
        push = Push(self._next_id, openid, kind, fields, heard)
        self._next_id += 1
        return push

    def send(self, push: Push) -> Outcome:
        """Put a push on its person's lane, after the fault rules for pushes had their say."""
        outcome = Outcome()
        platform, now = self._platform, self._platform.clock.now()
        if not self._account()["callback_url"]:
            self._write_log(push, outcome="no_callback")
            outcome.outcome = ERROR
            outcome.done.set()
            return outcome
        rules = platform.faults.striking("push", now, openid=push.openid, event=push.kind) if platform.faults else []
        for rule in rules:
            saved = asdict(push)
            if rule.kind == "callback_duplicate":
                for number in range(int(rule.action.get("times", 1))):
                    wait = float(rule.action.get("after", 0)) * (number + 1)
                    platform.later(wait, f"{self.AGENDA}_copy", {"push": saved})
                continue
            if rule.kind == "callback_lost":
                self._write_log(push, outcome="lost")
            elif rule.kind == "callback_late":
                platform.later(float(rule.action.get("seconds", 60)), self.AGENDA, {"push": saved})
            else:
                self._held.setdefault(push.openid, []).append(push)
                platform.later(30, f"{self.AGENDA}_release", {"openid": push.openid})
            outcome.done.set()  # nobody should wait for what will not come now
            return outcome
        self._outcomes[push.id] = outcome
        self._enter(push)
        self.release(push.openid)
        return outcome

    def send_copy(self, saved: dict[str, Any]) -> None:
        """A duplicate: the same body once more, beside the lane; the fan hears only the first answer."""
        push = Push(**saved)
        push.id, self._next_id = self._next_id, self._next_id + 1
        push.heard = False
        self._open[push.id] = push
        self._hand_out(push)

    def resend(self, saved: dict[str, Any]) -> None:
        self._enter(Push(**saved))

    def release(self, openid: str) -> None:
        """Let the pushes go that a rule held back behind the person's next one."""
        for push in self._held.pop(openid, []):
            self._enter(push)

    def do(self, kind: str, detail: dict[str, Any]) -> None:
        """What was put on the agenda for a push is due."""
        if kind == self.AGENDA:
            self.resend(detail["push"])
        elif kind == f"{self.AGENDA}_copy":
            self.send_copy(detail["push"])
        elif kind == f"{self.AGENDA}_release":
            self.release(detail["openid"])
        else:
            raise ValueError(f"nothing is known about a due {kind}")

    def settle(self, seconds: float) -> bool:
        """Wait until no push is open any more; False when that takes longer."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._open, seconds)

    def close(self, *, forget: bool = False) -> None:
        """Let the workers end; with `forget`, what they still hear of belongs to an earlier life."""
        self._forgotten = forget
        for _worker in self._workers:
            self._ready.put(None)
        with self._timer_wake:
            self._timer_wake.notify_all()

    def dump(self) -> dict[str, Any]:
        held = [push for pushes in self._held.values() for push in pushes]
        return {"next_id": self._next_id, "open": [asdict(push) for push in [*self._open.values(), *held]]}

    def load(self, saved: dict[str, Any]) -> None:
        """Pushes that were open go out again, as the platform would."""
        self._next_id = saved["next_id"]
        for push in saved["open"]:
            self._enter(Push(**push))

    def _enter(self, push: Push) -> None:
        self._open[push.id] = push
        lane = self._lanes.get(push.openid)
        if lane is not None:
            lane.append(push)  # its worker takes it when it is through with the earlier ones
            return
        self._lanes[push.openid] = deque([push])
        self._hand_out(push.openid)

    def _hand_out(self, work: Push | str) -> None:
        self._in_hand += 1
        if len(self._workers) < min(WORKERS, self._in_hand):
            worker = threading.Thread(target=self._work, name=f"sandbox-push-{len(self._workers)}", daemon=True)
            self._workers.append(worker)
            worker.start()
        self._ready.put(work)

    def _work(self) -> None:
        while (work := self._ready.get()) is not None:
            if isinstance(work, Push):
                self._attempt(work)
            else:
                self._walk(work)
            with self._platform.lock:
                self._in_hand -= 1

    def _walk(self, openid: str) -> None:
        """Attempt the first push of a person's lane, then stand in the queue again for the next."""
        with self._platform.lock:
            push = self._lanes[openid][0]
        self._attempt(push)
        with self._platform.lock:
            lane = self._lanes[openid]
            lane.popleft()
            if lane:
                self._hand_out(openid)
            else:
                del self._lanes[openid]

    def _attempt(self, push: Push) -> None:
        platform = self._platform
        with platform.lock:
            push.tries += 1
            account = self._account()
            url, body = self._sealed(account, push)
            seconds = platform.limits["callback_seconds"]
        started = time.monotonic()
        status, received, failure = 0, b"", ""
        try:
            status, received = self._transport("POST", url, body, HEADERS, seconds)
        except TimeoutError:
            failure = TIMEOUT
        except OSError as error:
            failure = f"{ERROR}: {error}"
        with platform.lock:
            if not self._forgotten:  # after a reset nobody is interested any more
                self._judge(push, account, status, received, failure, started)
                platform.dirty = True

    def _sealed(self, account: dict[str, Any], push: Push) -> tuple[str, bytes]:
        """Address and body of an attempt. Whether a retry repeats the first query or gets a new one is not
        documented, so the seed decides for each push."""
        chance = self._platform.chance
        same = chance.about("retry", push.id).random() < 0.5
        number = 1 if same else push.tries
        created = push.fields.get("CreateTime")
        moment = int(created) if same and isinstance(created, int) else int(self._platform.clock.now())
        dice = chance.about("nonce", push.id, number)
        nonce, salt = str(dice.randrange(10**8, 10**10)), dice.randbytes(16)
        query, body = self._seal(account, push, timestamp=str(moment), nonce=nonce, salt=salt)
        return with_query(account["callback_url"], query), body

    def _account(self) -> dict[str, Any]:
        return dict(self._platform.account)

    def _seal(
        self, account: dict[str, Any], push: Push, *, timestamp: str, nonce: str, salt: bytes
    ) -> tuple[dict[str, str], bytes]:
        return wire.seal(account, push.fields, openid=push.openid, timestamp=timestamp, nonce=nonce, salt=salt)

    def _read(self, account: dict[str, Any], received: bytes, push: Push) -> Reply | None:
        return wire.read_reply(account, received, push.openid)

    def _judge(
        self, push: Push, account: dict[str, Any], status: int, received: bytes, failure: str, started: float
    ) -> None:
        shown: Message | None = None
        outcome, why = ERROR, failure
        if failure:
            outcome = TIMEOUT if failure == TIMEOUT else ERROR
        elif status != 200:
            why = f"HTTP {status}"
        else:
            try:
                reply = self._read(account, received, push)
                shown = self._show_reply(push, reply) if reply is not None else None
                outcome = REPLY if shown is not None else SUCCESS
            except ReplyRejected as rejection:
                outcome, why = "rejected", str(rejection)
        answered = outcome in (REPLY, SUCCESS, "rejected")
        last = answered or push.tries > self._platform.limits["callback_retries"]
        if not last:
            self._retry_at(started + self._platform.limits["callback_retry_seconds"], push)
        elif outcome not in (REPLY, SUCCESS):
            self._show_fault(push)
        ms = round((time.monotonic() - started) * 1000, 1)
        self._write_log(push, outcome=outcome, status=status, ms=ms, why=why, final=last)
        self._report(push, ERROR if outcome == "rejected" else outcome, shown)
        if last:
            self._open.pop(push.id, None)
            self._entries.pop(push.id, None)
            self._idle.notify_all()

    def _show_reply(self, push: Push, reply: Reply) -> Message | None:
        platform = self._platform
        to_event = push.kind not in wire.ORDINARY_KINDS
        parcel = platform.read_passive(reply, to_event=to_event)
        fan = platform.fans.find(push.openid)
        if fan is None or not push.heard or not fan.follows:
            return None
        if parcel is None:
            platform.phones.show(fan, system_line("已转接人工客服"), sender="account", via="passive")
            return None
        return platform.show_from_account(fan, parcel, via="passive")

    def _show_fault(self, push: Push) -> None:
        fan = self._platform.fans.find(push.openid)
        if fan is not None and push.heard and fan.follows:
            self._platform.phones.show(fan, system_line(FAULT_NOTICE), sender="account", via="passive")

    def _report(self, push: Push, outcome: str, shown: Message | None) -> None:
        waiting = self._outcomes.pop(push.id, None)
        if waiting is not None:
            waiting.outcome, waiting.reply = outcome, shown
            waiting.done.set()

    def _retry_at(self, moment: float, push: Push) -> None:
        with self._timer_wake:
            heapq.heappush(self._retries, (moment, push.id, push))
            if self._timer is None:
                self._timer = threading.Thread(target=self._run_timer, name="sandbox-push-timer", daemon=True)
                self._timer.start()
            self._timer_wake.notify_all()

    def _run_timer(self) -> None:
        while not self._platform.stopping.is_set():
            due: Push | None = None
            with self._timer_wake:
                wait = self._retries[0][0] - time.monotonic() if self._retries else None
                if wait is not None and wait <= 0:
                    due = heapq.heappop(self._retries)[2]
                else:
                    self._timer_wake.wait(wait)
            if due is not None:
                with self._platform.lock:
                    self._hand_out(due)

    def _write_log(self, push: Push, *, outcome: str, final: bool = True, **attempt: Any) -> None:
        entry = self._entries.get(push.id)
        if entry is None:
            entry = {"id": push.id, "at": self._platform.clock.now(), "openid": push.openid, "kind": push.kind}
            entry |= {"msg_id": push.fields.get("MsgId"), "attempts": []}
            self.log.append(entry)
            if not final:
                self._entries[push.id] = entry
        if attempt:
            entry["attempts"].append({"at": self._platform.clock.now(), "outcome": outcome} | attempt)
        entry |= {"outcome": outcome, "final": final} | attempt


def with_query(url: str, query: dict[str, str]) -> str:
    return url + ("&" if "?" in url else "?") + urlencode(query)
