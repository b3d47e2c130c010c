"""Reads a platform's answers: of a delivery into an Outcome, of anything else into a body or a PlatformFailure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from bot.errors import PlatformFailure
from bot.platforms.decisions import Decision, Outcome
from bot.platforms.http import Answer, scrub
from bot.platforms.meanings import Codes, seconds_of

TOO_MANY_REQUESTS_SECONDS = 5.0
RETRY_SECONDS = 5.0
PLAIN_BYTES = 64

_NUMBER = re.compile(r"-?[0-9]{1,10}")


def outcome(answer: Answer, codes: Codes, *, keyed: bool, now: datetime, secrets: Sequence[str] = ()) -> Outcome:
    """What became of a call that delivers a message.

    Whatever leaves open whether the message went out is UNKNOWN, and never tried again by itself: a wrong guess would
    send it twice. ``keyed``: the call carries a key by which the platform recognises a repeat.
    """
    if answer.failure == "not_sent":
        return Outcome(
            Decision.AGAIN, None, f"没有连上{codes.called}，还没有发出，会自动再试", body={"detail": answer.detail}
        )
    if answer.failure:
        return Outcome(
            Decision.UNKNOWN, None, f"{codes.called}没有回应，不知道有没有发到", body={"detail": answer.detail}
        )
    if answer.status == 429:
        return Outcome(Decision.AGAIN, None, f"{codes.called}忙，会自动再试", retry_after=TOO_MANY_REQUESTS_SECONDS)
    if answer.status >= 500:
        return Outcome(Decision.UNKNOWN, None, f"{codes.called}出了故障（HTTP {answer.status}），不知道有没有发到")
    body = _parsed(answer, secrets)
    code = errcode(body)
    if body is None or code is None or (code == 0 and answer.status != 200):
        if 400 <= answer.status < 500:
            return Outcome(
                Decision.DEFECT, None, f"{codes.called}拒绝了请求（HTTP {answer.status}），请检查接口地址的配置"
            )
        return Outcome(Decision.UNKNOWN, None, f"{codes.called}的回答看不懂，不知道有没有发到", body=body or {})
    if code == 0:
        return Outcome(Decision.SENT, 0, "", platform_id=_platform_id(body), body=body)
    meaning = codes.meaning_of(code)
    decision, reason, platform_id = meaning.decision, meaning.reason, ""
    if decision is Decision.SENT:
        platform_id = _platform_id(body)
    elif code in codes.busy:
        # Here, other than for calls that deliver nothing, another try cannot be promised.
        decision, reason = Decision.SAME_KEY if keyed else Decision.UNKNOWN, f"{codes.called}忙，不知道有没有发到"
    elif decision is Decision.SAME_KEY and not keyed:
        decision = Decision.UNKNOWN
    pause = seconds_of(meaning.pause, now)
    return Outcome(decision, code, reason, platform_id, pause, meaning.relation, body)


def plain_success(answer: Answer) -> Outcome | None:
    """The outcome of an answer that says yes and nothing else, as all of a broadcast do but few; None for any other."""
    if answer.status != 200 or answer.failure or len(answer.body) > PLAIN_BYTES:
        return None
    return _plain_success(answer.body)


@lru_cache(maxsize=16)
def _plain_success(body: bytes) -> Outcome | None:
    said = _parsed(Answer(200, body), ())
    if said is None or errcode(said) != 0 or _platform_id(said):
        return None
    return Outcome(Decision.SENT, 0, "", body=said)


def body_of(answer: Answer, codes: Codes, *, now: datetime, secrets: Sequence[str] = ()) -> dict[str, Any]:
    """The answer to a call that delivers nothing and may be repeated; an absent errcode counts as 0 here.

    Raises PlatformFailure for everything that is no success.
    """
    if answer.failure:
        raise failure(f"没有连上{codes.called}，请稍后再试", None, Decision.AGAIN, RETRY_SECONDS)
    if answer.status == 429:
        raise failure(f"{codes.called}忙，请稍后再试", None, Decision.AGAIN, TOO_MANY_REQUESTS_SECONDS)
    body = _parsed(answer, secrets)
    code = 0 if body is not None and "errcode" not in body else errcode(body)
    if answer.status >= 500 or (answer.status < 400 and (body is None or code is None)):
        raise failure(
            f"{codes.called}出了故障（HTTP {answer.status}），请稍后再试", None, Decision.AGAIN, RETRY_SECONDS
        )
    if body is None or code is None or (code == 0 and answer.status != 200):
        words = f"{codes.called}拒绝了请求（HTTP {answer.status}），请检查接口地址的配置"
        raise failure(words, None, Decision.DEFECT, None)
    if code:
        meaning = codes.meaning_of(code)
        # A message waits longer, since every try at one is counted; nothing is lost by asking again soon.
        pause = RETRY_SECONDS if code in codes.busy else seconds_of(meaning.pause, now)
        raise Refused(meaning.reason, code, meaning.decision, pause, body)
    return body


class Refused(PlatformFailure):
    """A refusal with an errcode; ``body`` is the whole answer, for the few codes that carry more."""

    def __init__(
        self, message: str, code: int, decision: Decision, retry_after: float | None, body: dict[str, Any]
    ) -> None:
        super().__init__(message, code=code, decision=decision, retry_after=retry_after)
        self.body = body


@contextmanager
def complete() -> Iterator[None]:
    """Turns what a successful answer lacks into a PlatformFailure; wraps the lines that take an answer apart."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise failure("平台的回答缺了内容，请稍后再试", None, Decision.AGAIN, RETRY_SECONDS) from error


def failure(words: str, code: int | None, decision: Decision, retry_after: float | None) -> PlatformFailure:
    return PlatformFailure(words, code=code, decision=decision, retry_after=retry_after)


def errcode(body: dict[str, Any] | None) -> int | None:
    """The errcode as a number, also where it came as a string; None where there is none that can be read."""
    value = (body or {}).get("errcode")
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _parsed(answer: Answer, secrets: Sequence[str]) -> dict[str, Any] | None:
    try:
        body = orjson.loads(answer.body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None
    if not isinstance(body, dict):
        return None
    if isinstance(body.get("errmsg"), str) and body.get("errcode"):
        body["errmsg"] = scrub(body["errmsg"], secrets)
    return body


def _platform_id(body: dict[str, Any]) -> str:
    """A template message answers ``msgid``, a mass message ``msg_id``, a custom message nothing."""
    value = body.get("msgid", body.get("msg_id"))
    return str(value) if isinstance(value, int | str) else ""
