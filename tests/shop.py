"""A whole shop for tests: the real parts of ours, a rehearsal platform with real phones, and only the wire in between.

Both run in this process. What people say reaches the shop as sealed callbacks; what the shop sends goes over HTTP to a
port the platform answers on. Nothing moves by itself: a test puts the clock, strikes it and lets a worker work.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import re
import signal
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Barrier
from typing import Any

import app
from bot import settings
from bot.cli.export import write
from bot.clock import FollowingClock
from bot.rehearsal.shop import ACCOUNT, PlatformPort, PlayedShop
from bot.sandbox import DEMO_AES_KEY, DEMO_APP_ID, DEMO_SECRET, DEMO_TOKEN, Platform, wire
from bot.sandbox import Settings as PlatformSettings
from bot.sandbox.settings import (
    DEMO_AGENT_ID,
    DEMO_CORP_AES_KEY,
    DEMO_CORP_ID,
    DEMO_CORP_SECRET,
    DEMO_CORP_TOKEN,
    DEMO_OWNER,
    DEMO_STAFF_TEMPLATE,
)
from bot.store import killpoints
from bot.store.transaction import Tx, reading, transaction
from jobs.parts import Parts
from jobs.schedule import SCHEDULE

# A Monday morning, four days before Mid-Autumn of 2026, well outside the quiet hours.
MONDAY = "2026-09-21 10:00"
EVENTS = ("follow", "unfollow", "scan", "menu")
CODE = re.compile(r"确认 ([A-Z0-9]{4})\b")

CONFIGURATION = """\
[shop]
name = "小雨服饰"
[store]
url = "{store_url}"
[redis]
url = "{redis_url}"
[limits]
staff_broadcast_max = {staff_broadcast_max}
marketing_per_day = {marketing_per_day}
[[accounts]]
name = "{account}"
kind = "{kind}"
app_id = "{app_id}"
secret = "{secret}"
token = "{token}"
aes_key = "{aes_key}"
api_base_url = "{platform_url}"
staff_notice_template = "{template}"
"""

CORP = f"""\
[[accounts]]
name = "corp"
platform = "wecom"
corp_id = "{DEMO_CORP_ID}"
agent_id = {DEMO_AGENT_ID}
secret = "{DEMO_CORP_SECRET}"
token = "{DEMO_CORP_TOKEN}"
aes_key = "{DEMO_CORP_AES_KEY}"
owners = ["{DEMO_OWNER}"]
"""


@dataclass
class Answer:
    """What a callback got: HTTP status and body."""

    status: int
    body: bytes


def at_once(*turns: Callable[[], Any]) -> list[Any]:
    """Takes each turn in a thread of its own, all at the same moment; what they returned, in their order."""
    barrier = Barrier(len(turns))

    def take(turn: Callable[[], Any]) -> Any:
        barrier.wait()
        return turn()

    with ThreadPoolExecutor(len(turns)) as threads:
        return list(threads.map(take, turns))


class Shop(PlayedShop):
    """The played shop with a clock that ticks, and all that tests ask of it.

    ``corp``: with a company (企业微信) as the account ``corp``; see `company.Company` for its people.
    ``answers_to_lose``: so many of the shop's next answers to callbacks never reach the platform.
    """

    def __init__(
        self,
        store_url: str,
        folder: Path,
        port: PlatformPort,
        *,
        redis_url: str,
        mode: str = "safe",
        kind: str = "service",
        template: str = DEMO_STAFF_TEMPLATE,
        start: str = MONDAY,
        staff_broadcast_max: int = 200,
        marketing_per_day: int = 1,
        following: int = 0,
        seed: int = 1,
        more_accounts: str = "",
        corp: bool = False,
        played: bool = False,
    ) -> None:
        self.answers_to_lose = 0
        config = folder / "config.toml"
        config.write_text(
            CONFIGURATION.format(
                store_url=store_url,
                redis_url=redis_url,
                staff_broadcast_max=staff_broadcast_max,
                marketing_per_day=marketing_per_day,
                account=ACCOUNT,
                kind=kind,
                app_id=DEMO_APP_ID,
                secret=DEMO_SECRET,
                token=DEMO_TOKEN,
                aes_key="" if mode == "plain" else DEMO_AES_KEY,
                platform_url=port.url,
                template=template,
            )
            + more_accounts
            + (CORP + f'api_base_url = "{port.url}"\n' if corp else ""),
            encoding="utf-8",
        )
        shop = settings.load(config, {}, folder)
        clock_file = folder / "clock"
        clock_file.write_bytes(struct.pack("<d", 0.0))
        began = datetime.fromisoformat(start).replace(tzinfo=shop.timezone).timestamp()
        chosen = PlatformSettings(
            mode=mode,
            kind=kind,
            callback=f"http://shop/callback/{ACCOUNT}",
            corp_callback="http://shop/callback/corp" if corp else "",
            population=following,
            following=following,
            seed=seed,
            # Who follows from before does so from before this story's first day.
            offset=began - time.time(),
            clock_file=clock_file,
            base_url=port.url,
        )
        super().__init__(
            app.building(),
            shop,
            port,
            lambda push: Platform(chosen, transport=push),
            lambda _platform: FollowingClock(clock_file),
            played=played,
        )

    def _push(self, method: str, url: str, body: bytes, headers: Any, seconds: float) -> tuple[int, bytes]:
        answer = super()._push(method, url, body, headers, seconds)
        if self.answers_to_lose:
            self.answers_to_lose -= 1
            raise ConnectionResetError("the network lost the answer")
        return answer

    # -- people -------------------------------------------------------------------------------------------------------

    def person(self, name: str, **more: Any) -> Person:
        """Somebody with a phone who has never heard of the shop."""
        return Person(self, self.ask("/people", {"name": name, **more}))

    def follower(self, name: str) -> Person:
        person = self.person(name)
        person.follows()
        return person

    def regular(self, name: str) -> Person:
        """Somebody who follows and has told their name."""
        person = self.follower(name)
        person.says(f"我叫{name}")
        return person

    def regulars(self, count: int, prefix: str = "客") -> list[Person]:
        return [self.regular(f"{prefix}{number:02}") for number in range(1, count + 1)]

    def staff(self, name: str, role: str = "staff") -> Person:
        person = self.follower(name)
        person.says(f"绑定 {self.invitation(role)} {name}")
        return person

    @property
    def spooled(self) -> bool:
        """Whether letters wait on disk for the database."""
        return any((self.settings.state_folder / "spool").glob("*.json"))

    # -- rivals -------------------------------------------------------------------------------------------------------

    def rivals(self, do: Callable[[Parts], Any]) -> list[Any]:
        """Two do it at the same moment, each with parts of its own as two processes have; what they returned."""

        def turn() -> Any:
            with closing(app.create_parts(self.settings, self.parts.clock)) as parts:
                return do(parts)

        return at_once(turn, turn)

    def schedulers_strike(self) -> None:
        """Two schedulers strike at the same moment."""
        now = self.parts.clock.now()
        self.rivals(lambda parts: [entry.strike(parts, now) for entry in SCHEDULE])

    def dies(self, place: str, do: Callable[[Parts], object]) -> None:
        """Another process does it, with parts of its own, and ends at a place the product names (see `killpoints`)."""

        def work() -> None:
            killpoints._drill = killpoints._Drill(place)
            do(app.create_parts(self.settings, self.parts.clock))
            os._exit(0)

        # Connections of this process must not be used by another.
        self.store.engine.dispose()
        process = multiprocessing.get_context("fork").Process(target=work, daemon=True)
        process.start()
        process.join(30)
        assert process.exitcode == (70 if place.endswith(":exit") else -signal.SIGKILL), f"{place} was never reached"

    def scheduler_dies(self, place: str) -> None:
        """Another process strikes the clock and is killed at a place the product names."""
        self.dies(place, lambda parts: [entry.strike(parts, parts.clock.now()) for entry in SCHEDULE])

    # -- what there is to see -----------------------------------------------------------------------------------------

    def export(self, subject: str) -> list[dict[str, Any]]:
        """What ``shuke export`` prints."""
        out = io.StringIO()
        app.export(self.settings, self.clock, subject, "jsonl", out)
        return [json.loads(line) for line in out.getvalue().splitlines()]

    def export_csv(self, subject: str) -> str:
        out = io.StringIO()
        with reading(self.store, self.clock) as tx:
            write(tx, subject, "csv", out)
        return out.getvalue()

    @contextmanager
    def open(self) -> Iterator[Tx]:
        """A transaction of the test's own."""
        with transaction(self.store, self.clock) as tx:
            yield tx

    # -- the wire -----------------------------------------------------------------------------------------------------

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        """A call to the platform's control side."""
        answer = self.control.test_client().open(
            f"/_sandbox{path}", method=method or ("GET" if body is None else "POST"), json=body
        )
        assert answer.status_code == 200, answer.data.decode()
        return answer.get_json(force=True)

    def fault(self, action: dict[str, Any], when: str | None = None, **match: Any) -> int:
        """A fault rule of the platform; returns its number."""
        return int(self.ask("/faults", {"match": match, "when": when, "action": action})["id"])

    def calls(self, path: str) -> list[dict[str, Any]]:
        """What the shop asked the platform under one path."""
        return [call for call in self.ask("/requests")["requests"] if call["path"].endswith(path)]

    def sealed(self, xml: str, *, at: datetime | None = None, **account: Any) -> tuple[dict[str, str], bytes]:
        """Query and body of a push of this XML, signed and encrypted as the account's mode wants it."""
        moment = str(int((at or self.clock.now()).timestamp()))
        return wire.seal_body(
            self.platform.account | account, xml, openid="", timestamp=moment, nonce="n0nce42", salt=b"0123456789abcdef"
        )

    def post(self, query: dict[str, str], body: bytes, account: str = ACCOUNT) -> Answer:
        answer = self.web.test_client().post(f"/callback/{account}", query_string=query, data=body)
        return Answer(answer.status_code, answer.data)

    def push(self, xml: str) -> Answer:
        """Posts this XML as the platform would."""
        return self.post(*self.sealed(xml))

    def read(self, answer: Answer) -> str:
        """The text of a passive reply, its seal checked; empty for ``success``."""
        if answer.body in (b"", b"success"):
            return ""
        openid = self._addressee(answer.body)
        reply = wire.read_reply(self.platform.account, answer.body, openid)
        return str(reply.fields["Content"]) if reply else ""

    def _addressee(self, body: bytes) -> str:
        clear = body
        if b"<Encrypt>" in body:
            cipher = re.search(rb"<Encrypt><!\[CDATA\[([^\]]+)", body)
            assert cipher is not None
            clear = wire.decrypt(cipher[1].decode(), DEMO_AES_KEY, DEMO_APP_ID)
        found = re.search(rb"<ToUserName><!\[CDATA\[([^\]]+)", clear)
        assert found is not None
        return found[1].decode()


class Phone:
    """What the platform's ledger says this phone received, passive replies included."""

    def __init__(self, shop: Shop, openid: str) -> None:
        self._shop = shop
        self._openid = openid
        self._looked_at = 0

    @property
    def messages(self) -> list[dict[str, Any]]:
        chat = self._shop.ask(f"/people/{self._openid}/messages")["messages"]
        return [message for message in chat if message["from"] == "account" and message["type"] != "system"]

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages]

    @property
    def pushed(self) -> list[str]:
        """What came by itself, not as the answer to something said."""
        return [message["text"] for message in self.messages if message["via"] != "passive"]

    @property
    def routes(self) -> list[str]:
        return [message["via"] for message in self.messages if message["via"] != "passive"]

    def items(self) -> list[dict[str, str]]:
        """The items of the newest menu message, none where the newest message is something else."""
        newest = self.messages[-1]
        return list(newest["payload"]["list"]) if newest["type"] == "msgmenu" else []

    def news(self) -> list[str]:
        """What came by itself since this was last asked."""
        fresh = [message for message in self.messages if message["id"] > self._looked_at]
        self._looked_at = fresh[-1]["id"] if fresh else self._looked_at
        return [message["text"] for message in fresh if message["via"] != "passive"]


class Person:
    """Somebody with a phone."""

    def __init__(self, shop: Shop, shown: dict[str, Any]) -> None:
        self.shop = shop
        self.openid: str = shown["openid"]
        self.name: str = shown["name"]
        self.phone = Phone(shop, self.openid)

    def says(self, text: str) -> str:
        """Types a line and reads the answer, empty where there is none."""
        return self.does("say", text=text)

    def follows(self, scene: str | None = None) -> str:
        return self.does("follow", **({"scene": scene} if scene else {}))

    def unfollows(self) -> None:
        self.does("unfollow")

    def scans(self, scene: str) -> str:
        return self.does("scan", scene=scene)

    def taps(self, key: str) -> str:
        return self.does("menu", key=key)

    def chooses(self, label: str) -> str:
        """Taps the item of the newest menu message on the phone that begins with ``label``."""
        return self.chooses_from(self.phone.items(), label)

    def chooses_from(self, items: list[dict[str, str]], label: str) -> str:
        item = next(item for item in items if item["content"].startswith(label))
        return self.does("choose", menu_id=item["id"], content=item["content"])

    def speaks(self, heard: str = "") -> str:
        """A voice message; ``heard`` is what the platform's recognition makes of it."""
        return self.does("voice", **({"recognition": heard} if heard else {}))

    def confirms(self, plan: str) -> str:
        """Types back the code that stands in a plan."""
        return self.says(f"确认 {code_in(plan)}")

    def does(self, act: str, **body: Any) -> str:
        done = self.try_to(act, **body)
        assert done["outcome"] in ("reply", "success"), done
        if done["reply"]:
            return str(done["reply"]["text"])
        return self._late_answer(done["message"]["id"]) if self.shop.spooled else ""

    def _late_answer(self, said: int) -> str:
        """On a machine so busy that the door gave up waiting, the answer follows when a worker has taken it up."""
        self.shop.work()
        late = (message for message in self.phone.messages if message["id"] > said and message["via"] == "custom")
        return next((message["text"] for message in late), "")

    def try_to(self, act: str, **body: Any) -> dict[str, Any]:
        """Does something and returns what came of it, whatever that was."""
        if act in EVENTS:
            # Events carry whole seconds and no number: nobody follows, leaves and follows within one.
            self.shop.later(seconds=1)
        return self.shop.ask(f"/people/{self.openid}/{act}", body)

    @cached_property
    def number(self) -> int:
        """The number the shop knows this customer by."""
        return int(self.file["number"])

    @property
    def file(self) -> dict[str, Any]:
        """The customer's record in ``shuke export customers``."""
        for record in self.shop.export("customers"):
            if any(identity["id"] == self.openid for identity in record["identities"]):
                return record
        raise LookupError(f"{self.name} is no customer of the shop")

    @property
    def is_customer(self) -> bool:
        known = [identity["id"] for record in self.shop.export("customers") for identity in record["identities"]]
        return self.openid in known

    def xml(self, inner: str, *, at: datetime | None = None) -> str:
        """A message of this person as clear XML around ``inner``."""
        moment = int((at or self.shop.clock.now()).timestamp())
        return (
            f"<xml><ToUserName><![CDATA[{self.shop.platform.account['original_id']}]]></ToUserName>"
            f"<FromUserName><![CDATA[{self.openid}]]></FromUserName><CreateTime>{moment}</CreateTime>{inner}</xml>"
        )

    def text_xml(self, words: str, number: int, *, at: datetime | None = None) -> str:
        inner = f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{words}]]></Content><MsgId>{number}</MsgId>"
        return self.xml(inner, at=at)

    def event_xml(self, name: str, inner: str = "", *, at: datetime | None = None) -> str:
        return self.xml(f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event>{inner}", at=at)


def code_in(plan: str) -> str:
    """The confirmation code that stands in a plan."""
    found = CODE.search(plan)
    assert found is not None, f"no code in: {plan}"
    return found[1]
