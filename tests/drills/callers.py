"""The platform's end of a callback address: seals, posts, waits five seconds, and posts again what was not answered.

Source: vendor manual, Passive_user_reply_message (no complete answer within five seconds: the same message again, three
retries in total).
"""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from house import ACCOUNT

from bot.sandbox import DEMO_AES_KEY, DEMO_APP_ID, DEMO_ORIGINAL_ID, DEMO_TOKEN, wire

PATIENCE = 5.0
TRIES = 4
IDENTITY = {
    "mode": "safe",
    "token": DEMO_TOKEN,
    "aes_key": DEMO_AES_KEY,
    "app_id": DEMO_APP_ID,
    "original_id": DEMO_ORIGINAL_ID,
}
_numbers = itertools.count(time.time_ns() // 1000)
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Said:
    """One message of one person. ``key`` is what the inbox knows it by, empty for an event."""

    sender: str
    words: str
    xml: str
    key: str = ""


@dataclass(frozen=True)
class Answer:
    """What a callback got; ``reply`` is the text of a passive reply, empty for ``success``."""

    status: int
    body: bytes
    reply: str = ""

    @property
    def taken(self) -> bool:
        """Whether the platform takes the message for delivered."""
        return self.status == 200


def person(number: int) -> str:
    """An openid, 28 characters as on the platform."""
    return f"oDrill{number:022d}"


def says(sender: str, words: str, *, at: float | None = None) -> Said:
    number = next(_numbers)
    inner = f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{words}]]></Content><MsgId>{number}</MsgId>"
    return Said(sender, words, _xml(sender, inner, at), f"m:{number}")


def taps(sender: str, key: str, *, at: float | None = None) -> Said:
    """A menu tap: an event, without a MsgId."""
    inner = (
        f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[CLICK]]></Event><EventKey><![CDATA[{key}]]></EventKey>"
    )
    return Said(sender, key, _xml(sender, inner, at))


def _xml(sender: str, inner: str, at: float | None) -> str:
    return (
        f"<xml><ToUserName><![CDATA[{DEMO_ORIGINAL_ID}]]></ToUserName><FromUserName><![CDATA[{sender}]]></FromUserName>"
        f"<CreateTime>{int(at or time.time())}</CreateTime>{inner}</xml>"
    )


class Caller:
    """Posts to one address; threads may share it. ``now``: the platform's clock, in seconds."""

    def __init__(self, port: int, now: Callable[[], float] = time.time) -> None:
        self._port = port
        self._now = now
        self._lines = threading.local()

    def sealed(self, xml: str, *, age: float = 0.0) -> tuple[str, bytes]:
        """Path with query, and body, of a push that is signed and encrypted; ``age``: signed so long ago."""
        number = next(_numbers)
        query, body = wire.seal_body(
            IDENTITY,
            xml,
            openid="",
            timestamp=str(int(self._now() - age)),
            nonce=str(number),
            salt=number.to_bytes(16, "big"),
        )
        return f"/callback/{ACCOUNT}?{urlencode(query)}", body

    def post(self, target: str, body: bytes, *, sender: str = "") -> Answer | None:
        """One try; None where no complete answer came within five seconds."""
        line = getattr(self._lines, "line", None) or http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=PATIENCE
        )
        self._lines.line = line
        try:
            line.request("POST", target, body, {"Content-Type": "text/xml"})
            response = line.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            line.close()
            return None
        reply = wire.read_reply(IDENTITY, content, sender) if response.status == 200 and sender else None
        return Answer(response.status, content, str(reply.fields["Content"]) if reply else "")

    def send(self, said: Said) -> Answer | None:
        """One try with a fresh signature."""
        return self.post(*self.sealed(said.xml), sender=said.sender)

    def deliver(self, said: Said, pause: Callable[[], object] = lambda: None) -> Answer | None:
        """As the platform does: again after no answer or a refusal, four tries in all; ``pause`` between two of them."""
        for _ in range(TRIES):
            answer = self.send(said)
            if answer is not None and answer.taken:
                return answer
            pause()
        return None

    def ask(self, sender: str, words: str) -> str:
        """Says a line and returns the reply; the answer must not fail."""
        answer = self.send(says(sender, words, at=self._now()))
        assert answer is not None, f"{words}: no answer"
        assert answer.taken, f"{words}: {answer}"
        return answer.reply


def all_at_once(work: Callable[[T], R], things: Iterable[T], *, hands: int) -> list[R]:
    """Does ``work`` with each thing, so many at a time; the results in the things' order."""
    with ThreadPoolExecutor(hands) as pool:
        return list(pool.map(work, things))
