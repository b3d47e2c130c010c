"""The log of API calls: enough to tell what a client did, without a secret or a token in it."""

import hashlib
import re
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

KEPT_CALLS = 20_000
KEPT_RIDS = 5000
SHOWN_CHARACTERS = 2000
KEPT_BYTES = 4 * SHOWN_CHARACTERS  # a mass call of 10,000 openids has 300 KB
_SECRET_IN_JSON = re.compile(r'("(?:secret|appsecret|corpsecret|access_token|refresh_token)"\s*:\s*)"[^"]*"')
_SECRET_NAMES = ("secret", "appsecret", "corpsecret", "access_token", "key")  # key: a group robot's


@dataclass(slots=True)
class Call:
    """One API call; masking and decoding wait until somebody reads it."""

    id: int
    at: float
    method: str
    path: str
    query: dict[str, str]
    body: bytes
    answer: bytes
    status: int
    errcode: int
    ms: float
    fault: str | None
    rid: str | None
    address: str

    def on_page(self) -> dict[str, Any]:
        query = {name: "***" if name in _SECRET_NAMES else value for name, value in self.query.items()}
        shown = {"id": self.id, "at": self.at, "method": self.method, "path": self.path, "query": query}
        shown |= {"url": self.path + ("?" + urlencode(query) if query else "")}
        shown |= {"body": _shown(self.body), "answer": _shown(self.answer), "status": self.status}
        shown |= {"errcode": self.errcode, "ms": round(self.ms, 1), "fault": self.fault, "rid": self.rid}
        return shown | {"address": self.address}


class CallLog:
    """The last calls, and those with a rid. The caller holds the platform's lock."""

    def __init__(self) -> None:
        self._count = 0
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self._rids: OrderedDict[str, Call] = OrderedDict()

    def next_id(self) -> int:
        self._count += 1
        return self._count

    def add(self, call: Call) -> None:
        self._calls.append(call)
        if call.rid is not None:
            self._rids[call.rid] = call
            if len(self._rids) > KEPT_RIDS:
                self._rids.popitem(last=False)

    def of_rid(self, rid: str) -> Call | None:
        return self._rids.get(rid)

    def after(self, number: int) -> list[Call]:
        return [call for call in self._calls if call.id > number]

    def dump(self) -> dict[str, Any]:
        return {"count": self._count}

    def load(self, saved: dict[str, Any]) -> None:
        self._count = saved["count"]


def rid_of(call_id: int, now: float, seed: int) -> str:
    """Three groups of eight hex digits, as at the end of every failure's errmsg."""
    digits = hashlib.sha1(f"{seed}:{call_id}".encode()).hexdigest()
    return f"{int(now) & 0xFFFFFFFF:08x}-{digits[:8]}-{digits[8:16]}"


def _shown(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    return _SECRET_IN_JSON.sub(r'\1"***"', text)[:SHOWN_CHARACTERS]
