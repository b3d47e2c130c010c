"""The platform itself: all rooms behind one lock, the clock with what is due, and the threads that keep it going."""

import logging
import threading
import time
from collections.abc import Collection
from typing import Any

from . import articles, mass, population, state
from .acts import NotPossible
from .agenda import Agenda
from .api import standard_counters
from .call_log import CallLog
from .callbacks import Outcome, Pushes
from .calls import ENDPOINTS
from .chance import Chance
from .channels import Channels
from .clock import Clock, StandingClock, iso
from .corp import population as corp_population
from .corp.company import Company
from .corp.pages import picture
from .corp.quotas import corp_counters
from .fans import Fan, Fans
from .faults import Faults
from .limits import Limits
from .mass import MassJobs
from .media import Media
from .menus import Menus
from .parcels import passive_parcel
from .phones import Message, Parcel, Phones
from .quotas import Quotas
from .settings import Settings
from .stream import Stream
from .tags import Tags
from .template_messages import Templates
from .tokens import Tokens
from .transport import Transport, over_http
from .wire import Reply

log = logging.getLogger(__name__)

SAVE_SECONDS = 1.0


class Platform:
    """One Official Account and its people, and a company (`corp`) beside it.

    `transport` carries the pushes and may be replaced to stay in-process. Without `start()` nothing happens by
    itself but the pushes: what is due fires when the clock is set, or on `run_due()`.
    """

    def __init__(self, settings: Settings, transport: Transport = over_http) -> None:
        self.settings = settings
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.dirty = False
        self.clock = StandingClock(settings.offset) if settings.stands else Clock(settings.offset, settings.clock_file)
        self.base_url = settings.base_url
        self._keeper = None if settings.state_file is None else state.StateFile(settings.state_file)
        self._due_sooner = threading.Condition(self.lock)
        self._due_moment: float | None = None
        self._threads: list[threading.Thread] = []
        self.transport = transport
        self.stream = Stream(self.lock, self._picture)
        self._furnish()
        if self._keeper is None or not self._keeper.restore(self):
            self._settle_in()
        elif not self.corp.members:
            self._open_company()  # a state from before there was a company

    def _furnish(self) -> None:
        """Empty rooms, as on the first day.

        The ids of messages and jobs go on from the moment of birth: a shop that kept its database would take those of
        a second first day for repeats.
        """
        settings = self.settings
        birth = time.time_ns() // 1_000_000
        self.chance = Chance(settings.seed)
        self.account = settings.account()
        self.limits = Limits(standard_counters() | corp_counters())
        self.agenda = Agenda()
        self.calls = CallLog()
        self.faults = Faults(self.chance)
        self.fans = Fans(self.chance)
        self.tags = Tags(self.limits)
        self.tokens = Tokens(self.limits)
        self.quotas = Quotas(self.limits)
        self.menus = Menus()
        self.channels = Channels(self.chance, self.limits)
        folder = (
            None if settings.state_file is None else settings.state_file.with_name(settings.state_file.name + ".media")
        )
        self.media = Media(self.chance, self.limits, folder)
        self.articles = articles.Articles(self.chance, self.base_url)
        self.templates = Templates(self.chance, birth * 1000)
        self.mass = MassJobs(birth)
        self.phones = Phones(self.clock.now, self.stream)
        self.pushes = Pushes(self, self.transport)
        self.numbers = birth * 10_000
        self.corp = Company(self, self.transport)

    def _settle_in(self) -> None:
        population.open_doors(self)
        population.settle_in(self, self.settings.population, self.settings.seed, following=self.settings.following)
        self._open_company()
        self.dirty = True

    def _open_company(self) -> None:
        corp_population.settle_in(self.corp, self.settings.company, friendly=self.settings.friends)

    def start(self) -> None:
        """Let time pass by itself, and keep the state file up to date."""
        for name, run in (("clock", self._run_clock), ("keeper", self._run_keeper)):
            thread = threading.Thread(target=run, name=f"sandbox-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Stop the threads and save once more."""
        self.stopping.set()
        with self.lock:
            self._due_sooner.notify_all()
        self.pushes.close()
        self.corp.pushes.close()
        self.stream.close()
        for thread in self._threads:
            thread.join(1.0)
        self.save()
        self.clock.close()

    def save(self) -> None:
        if self._keeper is not None:
            self._keeper.save(self)

    def reset(self) -> None:
        """Forget everything but the account and the clock: the first day again."""
        with self.lock:
            account, company = self.account, self.corp.account
            self._empty()
            self.account, self.corp.account = account, company
            self._settle_in()
            self.stream.tell("menu")

    def replace_by(self, saved: dict[str, Any]) -> None:
        """Become what a dump says; `ValueError` when it is none, and then nothing has changed."""
        state.check(saved)
        with self.lock:
            self._empty()
            state.load(self, saved)
            self.dirty = True
            self.stream.tell("clock")
            self._due_sooner.notify_all()

    def _empty(self) -> None:
        self.pushes.close(forget=True)
        self.corp.pushes.close(forget=True)
        self.stream.forget()
        self._furnish()
        if self._keeper is not None:
            self._keeper.start_anew()

    # time ------------------------------------------------------------------------------------------------

    def set_clock(self, now: float) -> None:
        """Jump, tell everybody who reads the clock, then let happen what has become due."""
        with self.lock:
            self.clock.set(now)
            self.dirty = True
            self.stream.tell("clock")
            self.run_due()
            self._due_sooner.notify_all()

    def later(self, seconds: float, kind: str, detail: dict[str, Any]) -> None:
        """Put something on the agenda, `seconds` of sandbox time from now.

        What follows from a due thing counts from the moment that was due, so that a jump of the clock plays whole
        chains: the mass job rings, reports, and the customers answer.
        """
        with self.lock:
            since = self.clock.now() if self._due_moment is None else self._due_moment
            self.agenda.add(since + seconds, kind, detail)
            self.dirty = True
            self._due_sooner.notify_all()

    def run_due(self) -> int:
        """Do everything that is due by now, in order of its time; returns how many things that were."""
        done = 0
        with self.lock:
            while (entry := self.agenda.pop_due(self.clock.now())) is not None:
                self._due_moment, _number, kind, detail = entry
                try:
                    self._do(kind, detail)
                finally:
                    self._due_moment = None
                done += 1
            self.dirty = self.dirty or done > 0
        return done

    def settle(self, seconds: float) -> bool:
        """Wait until every push has been answered or given up; False when that takes longer."""
        return self.pushes.settle(seconds) and self.corp.pushes.settle(seconds)

    def _do(self, kind: str, detail: dict[str, Any]) -> None:
        if kind == "react":
            population.react(self, detail)
        elif kind == "follow":
            population.follow(self, detail)
        elif kind == "mass_ring":
            mass.ring_phones(self, detail)
        elif kind == "mass_finish":
            mass.finish(self, detail)
        elif kind == "publish_finish":
            articles.finish_publishing(self, detail)
        elif kind == "push_event":
            self.push_event(detail["openid"], detail["event"])
        elif kind == "corp_add":
            corp_population.add(self.corp, detail)
        elif kind.startswith("corp_push"):
            self.corp.pushes.do(kind, detail)
        else:
            self.pushes.do(kind, detail)

    def _run_clock(self) -> None:
        while not self.stopping.is_set():
            with self.lock:
                due = self.agenda.next_due()
                if due is None or due > self.clock.now():
                    self._due_sooner.wait(None if due is None else min(self.clock.real_wait(due), 60.0))
            try:
                self.run_due()
            except Exception:  # the clock must go on for everybody else; the entry itself is gone and logged
                log.exception("sandbox.due_failed")

    def _run_keeper(self) -> None:
        pause = SAVE_SECONDS
        while not self.stopping.wait(pause):
            if self._keeper is not None and self.dirty:
                # a big state must not eat the machine: at most a tenth of the time goes into saving
                pause = max(SAVE_SECONDS, 10 * self._keeper.save(self))

    # what rooms ask of each other ------------------------------------------------------------------------

    def show_from_account(self, fan: Fan, parcel: Parcel, *, via: str, call_id: int | None = None) -> Message:
        """A message reaches a phone and the ledger; customers who got it on their own may react to it."""
        message = self.phones.show(fan, parcel, sender="account", via=via, call_id=call_id)
        fan.typing_until = 0.0
        if via != "passive":
            population.consider(self, fan)
        return message

    def read_passive(self, reply: Reply, *, to_event: bool) -> Parcel | None:
        return passive_parcel(self, reply, self.clock.now(), to_event=to_event)

    def push_event(self, openid: str, event: dict[str, Any], *, heard: bool = False) -> Outcome:
        """`heard` where the person waits for an answer, so that replies and fault notices reach the phone."""
        fields = self._common(openid, {"MsgType": "event", **event})
        return self.pushes.send(self.pushes.new(openid, str(event.get("Event", "")), fields, heard=heard))

    def push_message(self, openid: str, message: dict[str, Any]) -> Outcome:
        fields = self._common(openid, message)
        fields.setdefault("MsgId", self.next_number())
        return self.pushes.send(self.pushes.new(openid, message["MsgType"], fields, heard=True))

    def _common(self, openid: str, fields: dict[str, Any]) -> dict[str, Any]:
        common = {"ToUserName": self.account["original_id"], "FromUserName": openid}
        return {**common, "CreateTime": int(self.clock.now()), **fields}

    def next_number(self) -> int:
        self.numbers += 1
        return self.numbers

    @property
    def shared_paths(self) -> Collection[str]:
        """The paths of the Official Account side; where the company has the same one, the token decides."""
        return ENDPOINTS.keys()

    def person(self, openid: str) -> Fan:
        """Somebody by openid, for the control side."""
        fan = self.fans.find(openid)
        if fan is None:
            raise NotPossible(f"没有 openid 为 {openid} 的人；GET /_sandbox/state 列出所有人")
        return fan

    def person_changed(self, fan: Fan) -> None:
        self.stream.tell("person", fan)

    def person_on_page(self, fan: Fan) -> dict[str, Any]:
        last = None if fan.last_text is None else {"text": fan.last_text, "at": fan.last_at}
        return {
            "openid": fan.openid,
            "name": fan.name,
            "role": fan.role,
            "habit": fan.habit,
            "avatar": {"text": fan.name[:1], "color": fan.color},
            "follows": fan.follows,
            "blocked": fan.blocked,
            "unread": fan.unread,
            "last": last,
            "tags": self.tags.names(fan),
            "remark": fan.remark,
            "menu": self.menus.own_of(fan),
        }

    def clock_on_page(self) -> dict[str, Any]:
        now = self.clock.now()
        return {"now": now, "iso": iso(now)}

    def _picture(self, kind: str, subject: Any) -> dict[str, Any]:
        if kind == "message":
            person = self.person_on_page(self.fans.known(subject.openid))
            return {"openid": subject.openid, "message": subject.on_page(), "person": person}
        if kind == "person":
            return self.person_on_page(subject)
        if kind.startswith("corp_"):
            return picture(self.corp, kind, subject)
        if kind == "clock":
            return self.clock_on_page()
        return {"menu": self.menus.default}
