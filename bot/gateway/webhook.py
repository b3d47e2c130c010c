"""The callback's door: unseal, hand to the inbox, seal the answer where it was opened."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs

from flask import Blueprint, Flask, Response, request
from flask.blueprints import BlueprintSetupState
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wsgi import get_content_length

from bot.clock import Clock
from bot.gateway.inbox import Away, Inbox, is_away
from bot.gateway.patience import BodyReader, TooSlow
from bot.gateway.spool import Spool, Spooled, SpoolFull
from bot.platforms.callbacks import handshake, open_callback, taken
from bot.platforms.messages import Forged, Unreadable
from bot.settings import Account
from bot.store.engine import WRITES, Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

BODY_LIMIT = 64 * 1024
# A second attempt of the platform starts after five seconds; the answer must be out well before.
PATIENCE = 3.0
CALLBACK = "/callback/"
PLAIN = "text/plain; charset=utf-8"
XML = "application/xml; charset=utf-8"
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a callback is answered with."""

    status: int
    body: bytes
    mimetype: str = PLAIN


@dataclass
class Counters:
    """What the door saw since the process began, by kind; shown by ``/metrics``."""

    seen: Counter[str] = field(default_factory=Counter)

    def count(self, kind: str) -> None:
        self.seen[kind] += 1

    def refused(self, kind: str, status: int) -> Answer:
        self.count(kind)
        return Answer(status, b"")


@dataclass(frozen=True, slots=True)
class Door:
    """The web part, and what closes everything it has opened."""

    web: Flask
    close: Callable[[], None]


def create_door(
    accounts: Mapping[str, Account], inbox: Inbox, spool: Spool, clock: Clock, counters: Counters
) -> Blueprint:
    """The blueprint with ``GET/POST /callback/<account>``; the POST is answered in front of Flask (see Receiver)."""
    door = Blueprint("callback", __name__)

    @door.get("/callback/<name>")
    def verify(name: str) -> Response:
        account = accounts.get(name)
        if account is None:
            return _response(counters.refused("unknown_account", 404))
        try:
            answer = handshake(account, request.args.to_dict(flat=False), clock.now())
        except Forged as forged:
            return _response(counters.refused(f"forged_{forged.kind}", 403))
        return Response(answer, mimetype="text/plain")

    @door.record_once
    def put_in_front(state: BlueprintSetupState) -> None:
        app = cast(Flask, state.app)
        app.wsgi_app = Receiver(app.wsgi_app, accounts, inbox, spool, clock, counters)  # type: ignore[method-assign]

    return door


class Receiver:
    """A WSGI application that answers ``POST /callback/<account>`` itself and hands all else to ``rest``.

    Flask takes 130 µs for a request, twice as long as verifying, decrypting and parsing it.
    """

    def __init__(
        self,
        rest: WSGIApplication,
        accounts: Mapping[str, Account],
        inbox: Inbox,
        spool: Spool,
        clock: Clock,
        counters: Counters,
    ) -> None:
        self._rest = rest
        self._accounts = accounts
        self._inbox = inbox
        self._spool = spool
        self._clock = clock
        self._counters = counters
        self._bodies = BodyReader()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] != "POST" or not path.startswith(CALLBACK):
            return self._rest(environ, start_response)
        answer = self._receive(path.removeprefix(CALLBACK), environ)
        headers = [("Content-Type", answer.mimetype), ("Content-Length", str(len(answer.body)))]
        start_response(_STATUS_LINES[answer.status], headers)
        # granian sends a list at once, anything else in pieces.
        return [answer.body]

    def _receive(self, name: str, environ: WSGIEnvironment) -> Answer:
        account = self._accounts.get(name)
        if account is None:
            return self._counters.refused("unknown_account", 404)
        if (get_content_length(environ) or 0) > BODY_LIMIT:
            return self._counters.refused("too_big", 413)
        try:
            body = self._bodies.read(environ, BODY_LIMIT + 1)
        except TooSlow:
            return self._counters.refused("too_slow", 408)
        if len(body) > BODY_LIMIT:
            return self._counters.refused("too_big", 413)
        query, now = environ.get("QUERY_STRING", ""), self._clock.now()
        try:
            answer = self._inbox.take(lambda: open_callback(account, _fields(query), body, now), patience=PATIENCE)
        except Forged as forged:
            return self._counters.refused(f"forged_{forged.kind}", 403)
        except Unreadable:
            return self._counters.refused("unreadable", 400)
        except Away as away:
            self._counters.count("callback")
            self._counters.count("spooled")
            log.warning("callback_spooled account=%s cause=%s", name, away)
            return self._keep(account, _fields(query), body)
        self._counters.count("callback")
        return Answer(200, answer, PLAIN if answer == taken(account) else XML)

    def _keep(self, account: Account, query: dict[str, list[str]], body: bytes) -> Answer:
        try:
            self._spool.put(Spooled(account=account.name, query=query, body=body, received_at=self._clock.now()))
        except SpoolFull as full:
            log.error("spool_full cause=%s", full)
            return self._counters.refused("spool_full", 503)
        return Answer(200, taken(account))


def _fields(query: str) -> dict[str, list[str]]:
    if "%" in query or "+" in query:
        return parse_qs(query, keep_blank_values=True)
    # What the platform sends needs no decoding, and without it this takes a tenth of the time.
    fields: dict[str, list[str]] = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        fields.setdefault(name, []).append(value)
    return fields


def create_watch(store: Store, counters: Counters, redis_state: Callable[[], str]) -> Blueprint:
    """``/healthz``, ``/readyz`` and ``/metrics``; ``redis_state`` answers ``ok`` or what is wrong."""
    watch = Blueprint("watch", __name__)

    @watch.get("/healthz")
    def alive() -> dict[str, str]:
        return {"status": "ok"}

    @watch.get("/readyz")
    def ready() -> tuple[dict[str, str], int]:
        database = _database_state(store)
        body = {"status": "ok" if database == "ok" else "unready", "database": database, "redis": redis_state()}
        return body, 200 if database == "ok" else 503

    @watch.get("/metrics")
    def metrics() -> Response:
        lines = ["# TYPE shuke_callbacks_total counter"]
        lines += [f'shuke_callbacks_total{{kind="{kind}"}} {count}' for kind, count in sorted(counters.seen.items())]
        return Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4")

    return watch


def _database_state(store: Store) -> str:
    try:
        with store.engine.connect().execution_options(**{WRITES: False}) as connection:
            connection.exec_driver_sql("SELECT 1 FROM alembic_version")
    except SQLAlchemyError as failure:
        return type(failure).__name__ if is_away(failure) else "no tables of ours; run: shuke db upgrade"
    return "ok"


def _response(answer: Answer) -> Response:
    return Response(answer.body, status=answer.status, content_type=answer.mimetype)
