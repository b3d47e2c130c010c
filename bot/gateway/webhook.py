"""The callback's door: unseal, hand to the inbox, seal the answer where it was opened."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flask import Blueprint, Request, Response, request
from sqlalchemy.exc import SQLAlchemyError

from bot.clock import Clock
from bot.gateway.inbox import Away, Inbox
from bot.gateway.spool import Spool, Spooled, SpoolFull
from bot.platforms.official_account.inbound import Forged, Unreadable, handshake, open_callback
from bot.settings import Account
from bot.store.engine import Store

log = logging.getLogger(__name__)

BODY_LIMIT = 64 * 1024
# A second attempt of the platform starts after five seconds; the answer must be out well before.
PATIENCE = 3.0


@dataclass
class Counters:
    """What the door saw since the process began, by kind; shown by ``/metrics``."""

    seen: Counter[str] = field(default_factory=Counter)

    def count(self, kind: str) -> None:
        self.seen[kind] += 1


def create_door(
    accounts: Mapping[str, Account], inbox: Inbox, spool: Spool, clock: Clock, counters: Counters
) -> Blueprint:
    """The blueprint with ``GET/POST /callback/<account>``."""
    door = Blueprint("callback", __name__)

    @door.get("/callback/<name>")
    def verify(name: str) -> Response:
        account = accounts.get(name)
        if account is None:
            return _unknown(counters)
        try:
            return Response(handshake(account, _query(request), clock.now()), mimetype="text/plain")
        except Forged as forged:
            return _forged(counters, forged)

    @door.post("/callback/<name>")
    def receive(name: str) -> Response:
        account = accounts.get(name)
        if account is None:
            return _unknown(counters)
        if request.content_length is not None and request.content_length > BODY_LIMIT:
            return _refused(counters, "too_big", 413)
        body = request.stream.read(BODY_LIMIT + 1)
        if len(body) > BODY_LIMIT:
            return _refused(counters, "too_big", 413)
        try:
            opened = open_callback(account, _query(request), body, clock.now())
        except Forged as forged:
            return _forged(counters, forged)
        except Unreadable:
            return _refused(counters, "unreadable", 400)
        counters.count("callback")
        try:
            reply = inbox.take(opened.inbound, patience=PATIENCE)
        except Away as away:
            counters.count("spooled")
            log.warning("callback_spooled account=%s cause=%s", name, away)
            return _spool(spool, name, body, counters, clock.now())
        return Response(opened.seal.seal(reply, clock.now()), mimetype="application/xml" if reply else "text/plain")

    return door


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
        with store.engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1 FROM alembic_version")
    except SQLAlchemyError as failure:
        return f"{type(failure).__name__}; run: shuke db upgrade"
    return "ok"


def _query(incoming: Request) -> dict[str, list[str]]:
    return incoming.args.to_dict(flat=False)


def _spool(spool: Spool, account: str, body: bytes, counters: Counters, now: datetime) -> Response:
    try:
        spool.put(Spooled(account=account, query=_query(request), body=body, received_at=now))
    except SpoolFull as full:
        log.error("spool_full cause=%s", full)
        return _refused(counters, "spool_full", 503)
    return Response("success", mimetype="text/plain")


def _unknown(counters: Counters) -> Response:
    return _refused(counters, "unknown_account", 404)


def _forged(counters: Counters, forged: Forged) -> Response:
    return _refused(counters, f"forged_{forged.kind}", 403)


def _refused(counters: Counters, kind: str, status: int) -> Response:
    counters.count(kind)
    return Response(b"", status=status)
