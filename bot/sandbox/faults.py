"""Faults on demand: rules that match calls or pushes and say what goes wrong with them.

A rule is {"match": {path?, openid?, event?, nth?, probability?, times?}, "when": "before" | "after", "action":
{"kind": …}}. `path` may hold `*`; `nth` counts matching calls from 1; `times` is how often the rule acts (1 with
`nth`, else without end). The kinds stand in KINDS with the fields they take.
"""

import fnmatch
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .chance import Chance

# kind: (moment, what it does)
KINDS = {
    "status": ("before", "HTTP `status` with `body` html (default), empty or json, and `retry_after` seconds"),
    "errcode": ("before", "answers `errcode`; with `seconds`, or `until` midnight, for every matching call till then"),
    "delay": ("before", "waits `seconds` of real time; null never answers"),
    "reset": ("before", "closes the TCP connection; after: the effect stays, the answer is lost"),
    "html": ("before", "200 with an HTML body"),
    "empty": ("before", "200 with an empty body"),
    "kill_tokens": ("before", "every token ends with 40001; with `fail_seconds` token calls answer -1 so long"),
    "expire_tokens": ("before", "every token ends with 42001"),
    "second_writer": ("before", "somebody else refreshes the plain token"),
    "truncate": ("after", "half of the JSON; with `wire` the connection breaks in the middle of it"),
    "errcode_string": ("after", "errcode as a string"),
    "no_errcode": ("after", "the answer without errcode and errmsg"),
    "extra_fields": ("after", "the answer with fields nobody knows"),
    "bom": ("after", "a byte order mark before the JSON"),
    "gbk": ("after", "the JSON in GBK"),
    "partial": ("before", "tagging stops after `done` fans with `errcode` (45171)"),
    "endless_paging": ("before", "user/get repeats its first page for ever"),
    "mass_fail": ("before", "the mass job ends with `status` (send fail), nobody gets it"),
    "mass_errors": ("before", "`count` or `share` (0.5) of a mass job's fans land in ErrorCount"),
    "invalid_user": ("before", "message/send finds the first `count` members invalid"),
    "fail_list": ("before", "add_msg_template cannot reach the first `count` customers"),
    "unlicensed": ("before", "batch/get_by_user leaves `users` out as unlicensed, without it everybody (701008)"),
    "stale_chat": ("before", "groupchat/get shows the people before the last change"),
    "callback_lost": ("push", "the push never goes out"),
    "callback_late": ("push", "the push goes out `seconds` of sandbox time later"),
    "callback_duplicate": ("push", "the push goes out again, `times` times, `after` seconds later (0: at once)"),
    "callback_reorder": ("push", "the push goes out behind the person's next one"),
}
TWISTS = (
    *("partial", "endless_paging", "mass_fail", "mass_errors"),
    *("invalid_user", "fail_list", "unlicensed", "stale_chat"),
)
SILENT = ("delay", "kill_tokens", "expire_tokens", "second_writer", *TWISTS)  # the call goes on behind these
MATCHES = ("path", "openid", "event", "nth", "probability", "times")


class Hangup(ConnectionResetError):
    """Close the TCP connection now, with `sent` of a body of `declared` bytes on the wire, or with nothing at all.

    The server of this package resets the connection; in a test client the exception itself comes out.
    """

    def __init__(self, sent: bytes | None = None, declared: int = 0) -> None:
        super().__init__("the sandbox closed the connection, as a fault rule wanted")
        self.sent = sent
        self.declared = declared


@dataclass(slots=True)
class Rule:
    """One rule; `seen` counts matching calls, `acted` how often it struck, `until` is a burst's end."""

    id: int
    match: dict[str, Any]
    when: str
    action: dict[str, Any]
    seen: int = 0
    acted: int = 0
    until: float = field(default=0.0)

    @property
    def kind(self) -> str:
        return str(self.action["kind"])

    def on_page(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": self.id, "match": self.match, "when": self.when, "action": self.action}
        return shown | {"seen": self.seen, "acted": self.acted}


class Faults:
    """The rules in force, asked in the order they were given. The caller holds the platform's lock."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._next_id = 1
        self._rules: list[Rule] = []

    def __bool__(self) -> bool:
        return bool(self._rules)

    def __iter__(self) -> Any:
        return iter(self._rules)

    def add(self, wanted: Mapping[str, Any]) -> Rule:
        """Take a rule; `ValueError` says what is wrong with it."""
        match, action = wanted.get("match") or {}, wanted.get("action")
        if not isinstance(match, dict) or not set(match) <= set(MATCHES):
            raise ValueError(f"match: an object with any of {', '.join(MATCHES)}")
        if not isinstance(action, dict) or action.get("kind") not in KINDS:
            raise ValueError(f"action.kind: one of {', '.join(KINDS)}")
        moment = KINDS[action["kind"]][0]
        when = wanted.get("when") or moment
        if moment == "push" or action["kind"] in TWISTS:
            when = moment
        if when not in ("before", "after", "push"):
            raise ValueError("when: before or after the effect")
        if action["kind"] == "errcode" and not isinstance(action.get("errcode"), int):
            raise ValueError("action.errcode: the number to answer")
        rule = Rule(self._next_id, match, when, action)
        self._next_id += 1
        self._rules.append(rule)
        return rule

    def remove(self, rule_id: int | None = None) -> bool:
        """Take one rule (or all) out; False when there is none of this id."""
        kept = [] if rule_id is None else [rule for rule in self._rules if rule.id != rule_id]
        found = rule_id is None or len(kept) < len(self._rules)
        self._rules = kept
        return found

    def striking(self, when: str, now: float, **happening: str | None) -> list[Rule]:
        """The rules that act on what happens now (path and openid of a call, event and openid of a push)."""
        return [rule for rule in self._rules if rule.when == when and self._strikes(rule, now, happening)]

    def _strikes(self, rule: Rule, now: float, happening: Mapping[str, str | None]) -> bool:
        for name in ("path", "openid", "event"):
            wanted = rule.match.get(name)
            if wanted is not None and not fnmatch.fnmatchcase(happening.get(name) or "", str(wanted)):
                return False
        rule.seen += 1
        if now < rule.until:
            return True
        nth, probability = rule.match.get("nth"), rule.match.get("probability")
        times = rule.match.get("times", 1 if nth is not None or _burst_end(rule.action, now) else None)
        if times is not None and rule.acted >= times:
            return False
        if nth is not None and rule.seen < nth:
            return False
        if probability is not None and self._chance.about("fault", rule.id, rule.seen).random() >= probability:
            return False
        rule.acted += 1
        rule.until = _burst_end(rule.action, now)
        return True

    def dump(self) -> dict[str, Any]:
        rules = [rule.on_page() | {"until": rule.until} for rule in self._rules]
        return {"next_id": self._next_id, "rules": rules}

    def load(self, saved: dict[str, Any]) -> None:
        self._next_id = saved["next_id"]
        self._rules = [Rule(**rule) for rule in saved["rules"]]


def _burst_end(action: Mapping[str, Any], now: float) -> float:
    """Until when an errcode rule answers everything once it has struck; 0 without a burst."""
    if action["kind"] != "errcode":
        return 0.0
    if action.get("until") == "midnight":
        return now + 86400 - (now + 8 * 3600) % 86400
    return now + float(action["seconds"]) if action.get("seconds") else 0.0


def spoil(body: bytes, kind: str) -> bytes:
    """What a malformed answer looks like on the wire."""
    if kind == "truncate":
        return body[: len(body) // 2]
    if kind == "bom":
        return b"\xef\xbb\xbf" + body
    answer = json.loads(body)
    if kind == "no_errcode":
        answer = {name: value for name, value in answer.items() if name not in ("errcode", "errmsg")}
    elif kind == "errcode_string":
        answer["errcode"] = str(answer.get("errcode", 0))
    elif kind == "extra_fields":
        answer |= {"brand_new_field": {"a": [1, 2]}, "更多": "字段"}
    text = json.dumps(answer, ensure_ascii=False)
    return text.encode("gb18030") if kind == "gbk" else text.encode()
