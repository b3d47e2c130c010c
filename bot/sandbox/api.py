"""The platform's real paths: every call runs through the same checks in the same order, then its own function.

Order (the first hit answers): fault before, path, method, token, address, account frozen or interface banned, right
of the account class, minute and day counters, body, then what the function itself checks, effect, fault after.
"""

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Request, Response

from . import (
    addresses,
    articles,
    channels,
    mass,
    media,
    menus,
    messages,
    quotas,
    tags,
    template_messages,
    tokens,
    users,
)
from .call_log import KEPT_BYTES, Call, rid_of
from .calls import ENDPOINTS, Ask, Endpoint, Picture, Upload, standard_counters
from .corp.codes import words
from .errors import Refused
from .faults import SILENT, TWISTS, Hangup, Rule, spoil

if TYPE_CHECKING:
    from .platform import Platform

__all__ = ["answer_call", "standard_counters"]

# Imported for the endpoints they register.
ROOMS = (addresses, articles, channels, mass, media, menus, messages, quotas, tags, template_messages, tokens, users)
JSON = "application/json; encoding=utf-8"
HTML = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr></body></html>"
# Where a call names whom it is about, on either side.
NAMED = ("touser", "openid", "external_userid", "userid", "sender")
PICTURE_PATH = "/cgi-bin/showqrcode"


@dataclass(slots=True)
class Answer:
    """What goes back, before and after faults have had their say."""

    status: int
    body: bytes
    content_type: str = JSON
    errcode: int = 0
    rid: str | None = None
    retry_after: str | None = None


def answer_call(platform: "Platform", request: Request) -> Response:
    """Answer one call to a real path; may raise `Hangup`, which closes the connection instead."""
    started = time.perf_counter()
    with platform.lock:
        ask = _read(platform, request)
        rules = platform.faults.striking("before", ask.now, **_happening(ask)) if platform.faults else []
    answer: Answer | None = None
    fault: str | None = ", ".join(rule.kind for rule in rules) or None
    try:
        answer = _struck_before(platform, ask, rules) or _checked(platform, ask)
        with platform.lock:
            later = platform.faults.striking("after", ask.now, **_happening(ask)) if platform.faults else []
        fault = ", ".join(rule.kind for rule in [*rules, *later]) or None
        for rule in later:
            answer = _struck_after(platform, ask, rule, answer)
    finally:
        _log(platform, ask, answer, started, fault)
    response = Response(answer.body, status=answer.status, content_type=answer.content_type)
    if answer.retry_after is not None:
        response.headers["Retry-After"] = answer.retry_after
    return response


def _read(platform: "Platform", request: Request) -> Ask:
    uploads: dict[str, Upload] = {}
    form: dict[str, str] = {}
    if request.mimetype == "multipart/form-data":
        uploads = {name: Upload(file.filename or "", file.read()) for name, file in request.files.items()}
        form = request.form.to_dict()
    return Ask(
        id=platform.calls.next_id(),
        method=request.method,
        path=request.path,
        query=request.args.to_dict(),
        # JSON counts whatever the Content-Type says: many clients leave it to their library
        raw=request.get_data(parse_form_data=False),
        address=request.remote_addr or "",
        now=platform.clock.now(),
        uploads=uploads,
        form=form,
    )


def _happening(ask: Ask) -> dict[str, str | None]:
    openid = ask.query.get("openid") or ask.query.get("external_userid") or ask.query.get("userid")
    if openid is None and ask.raw:
        try:
            body = json.loads(ask.raw)
        except ValueError:
            body = None
        named = (body.get(name) for name in NAMED) if isinstance(body, dict) else ()
        openid = next((value for value in named if isinstance(value, str)), None)
    return {"path": ask.path, "openid": openid}


def _checked(platform: "Platform", ask: Ask) -> Answer:
    if ask.path == PICTURE_PATH:
        return _picture(platform, ask)
    company, entry = platform.corp.takes(ask), ENDPOINTS.get(ask.path)
    if entry is None and not company:
        return Answer(404, HTML.format("404 Not Found").encode(), "text/html")
    with platform.lock:
        ask.now = platform.clock.now()  # a delay may have passed since the call was read
        try:
            result = platform.corp.answer(ask) if company or entry is None else _answered(platform, ask, entry)
        except Refused as refusal:
            return _refusal(platform, ask, refusal)
        finally:
            platform.dirty = True
    if isinstance(result, Picture):
        return Answer(200, result.content, result.content_type)
    return Answer(200, _json(result))


def _answered(platform: "Platform", ask: Ask, entry: Endpoint) -> dict[str, Any] | Picture:
    _guard(platform, ask, entry)
    return entry.run(platform, ask)


def _guard(platform: "Platform", ask: Ask, entry: Endpoint) -> None:
    if ask.method != entry.method:
        raise Refused(43001 if entry.method == "GET" else 43002)
    if entry.token:
        platform.tokens.check(ask.query.get("access_token"), ask.now)
    account = platform.account
    if account["allowlist"] is not None and ask.address not in account["allowlist"]:
        raise Refused(40164, f"invalid ip {ask.address}, not in whitelist")
    if account["frozen"]:
        raise Refused(50007)
    if ask.path in account["banned"]:
        raise Refused(48004)
    if entry.service and account["kind"] != "service":
        raise Refused(48001)
    platform.quotas.count(entry, ask.now)
    if entry.body in ("json", "optional"):
        ask.read_body(entry.body)


def _refusal(platform: "Platform", ask: Ask, refusal: Refused) -> Answer:
    if platform.corp.takes(ask):
        said = words(refusal, ask.id, ask.now, ask.address)
        failed = {"errcode": refusal.errcode, "errmsg": said} | refusal.extra
        return Answer(200, _json(failed), errcode=refusal.errcode)
    rid = rid_of(ask.id, ask.now, platform.chance.seed)
    body = {"errcode": refusal.errcode, "errmsg": f"{refusal.errmsg} rid: {rid}"} | refusal.extra
    return Answer(200, _json(body), errcode=refusal.errcode, rid=rid)


def _picture(platform: "Platform", ask: Ask) -> Answer:
    with platform.lock:
        picture = channels.picture_of(platform, ask.query.get("ticket", ""))
    if picture is None:
        return Answer(404, HTML.format("404 Not Found").encode(), "text/html")
    return Answer(200, picture, "image/png")


def _struck_before(platform: "Platform", ask: Ask, rules: list[Rule]) -> Answer | None:
    """Play the rules before the effect; an answer ends the call here, None lets it go on."""
    for rule in rules:
        if rule.kind not in SILENT:
            return _replacement(platform, ask, rule)
        if rule.kind in TWISTS:
            ask.twists[rule.kind] = rule.action
        else:
            _strike_silently(platform, ask, rule)
    return None


def _struck_after(platform: "Platform", ask: Ask, rule: Rule, answer: Answer) -> Answer:
    if rule.kind in SILENT:
        _strike_silently(platform, ask, rule)
        return answer
    if rule.kind in ("status", "errcode", "reset", "html", "empty"):
        return _replacement(platform, ask, rule)
    if not answer.content_type.startswith("application/json"):
        return answer
    if rule.kind == "truncate" and rule.action.get("wire"):
        raise Hangup(answer.body[: len(answer.body) // 2], len(answer.body))
    answer.body = spoil(answer.body, rule.kind)
    return answer


def _strike_silently(platform: "Platform", ask: Ask, rule: Rule) -> None:
    if rule.kind == "delay":
        seconds = rule.action.get("seconds")
        platform.stopping.wait(None if seconds is None else float(seconds))
        if seconds is None:
            raise Hangup
        return
    with platform.lock:
        if platform.corp.takes(ask):
            if rule.kind != "second_writer":
                platform.corp.tokens.kill(ask.now, expired=rule.kind == "expire_tokens")
                platform.corp.tokens.fails_until = ask.now + float(rule.action.get("fail_seconds") or 0)
            return
        if rule.kind == "second_writer":
            platform.tokens.fresh_plain(ask.now)
            return
        platform.tokens.kill(ask.now, end="expired" if rule.kind == "expire_tokens" else "replaced")
        platform.tokens.fails_until = ask.now + float(rule.action.get("fail_seconds") or 0)


def _replacement(platform: "Platform", ask: Ask, rule: Rule) -> Answer:
    action = rule.action
    if rule.kind == "reset":
        raise Hangup
    if rule.kind == "errcode":
        extra = action.get("extra") or {}
        return _refusal(platform, ask, Refused(int(action["errcode"]), action.get("errmsg"), **extra))
    if rule.kind == "html":
        return Answer(200, HTML.format("系统繁忙").encode(), "text/html")
    if rule.kind == "status":
        return _http_failure(action)
    return Answer(200, b"", "text/plain")


def _http_failure(action: dict[str, Any]) -> Answer:
    status, form = int(action.get("status", 500)), action.get("body", "html")
    retry_after = str(action["retry_after"]) if action.get("retry_after") is not None else None
    if form == "json":
        return Answer(status, _json({"errcode": -1, "errmsg": "system error"}), retry_after=retry_after)
    body = b"" if form == "empty" else HTML.format(f"{status} Server Error").encode()
    return Answer(status, body, "text/html", retry_after=retry_after)


def _json(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def _log(platform: "Platform", ask: Ask, answer: Answer | None, started: float, fault: str | None) -> None:
    ms = (time.perf_counter() - started) * 1000
    given = answer or Answer(0, b"")
    call = Call(
        id=ask.id,
        at=ask.now,
        method=ask.method,
        path=ask.path,
        query=ask.query,
        body=ask.raw[:KEPT_BYTES],
        answer=given.body[:KEPT_BYTES] if given.content_type == JSON else b"",
        status=given.status,
        errcode=given.errcode,
        ms=ms,
        fault=fault,
        rid=given.rid,
        address=ask.address,
    )
    with platform.lock:
        platform.calls.add(call)
