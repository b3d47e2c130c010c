"""Builds the parts and hands them to each other; the only place that knows all of them.

``python app.py …`` is the same as ``shuke …``. What a command needs is imported when it is built: ``shuke web`` answers
within a second, and the supervisor of ``shuke run`` needs none of it.
"""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from bot.cli.commands import Commands, ContactRights, Report
from bot.cli.main import main as command_line
from bot.clock import Clock
from bot.settings import Account, Settings

if TYPE_CHECKING:
    from flask import Flask

    from bot.gateway.router import Router
    from bot.gateway.webhook import Door
    from bot.platforms.wecom.client import WeCom
    from bot.rehearsal.shop import Building
    from bot.store.engine import Store
    from jobs.parts import Parts

log = logging.getLogger("shuke")

REQUEST_THREADS = 64
WARM_AFTER = 1.0  # seconds
# So many members the doctor asks about; a call each.
LOOKED_AT = 50
LOG_LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"


def create_web(settings: Settings, clock: Clock) -> Flask:
    """The WSGI application: the callback's door and the watch."""
    return open_door(settings, clock).web


def open_door(settings: Settings, clock: Clock, *, played: bool = False) -> Door:
    """The same with a way to close it again; ``played`` where nobody real waits for the answers."""
    from flask import Flask

    from bot.cli.database import key_of
    from bot.cli.embedded import redis_url
    from bot.domain.scripts import service as scripts
    from bot.gateway.inbox import Inbox
    from bot.gateway.spool import Spool
    from bot.gateway.webhook import Counters, Door, create_door, create_watch
    from bot.language import warm_up
    from bot.store.bell import Bell, redis_state
    from bot.store.engine import CALLBACK_BUSY_SECONDS, open_store

    store = open_store(settings.store_url, key=key_of(settings), busy_seconds=CALLBACK_BUSY_SECONDS)
    url = redis_url(settings)
    bell = Bell(url)
    inbox = Inbox(store, clock, bell, create_router(settings), played=played)
    counters = Counters()
    web = Flask("shuke", static_folder=None)
    accounts = {account.name: account for account in settings.accounts}
    web.register_blueprint(create_door(accounts, inbox, Spool(settings.state_folder / "spool"), clock, counters))
    web.register_blueprint(create_watch(store, counters, lambda: redis_state(url)))

    def warm() -> None:
        warm_up(clock.now().astimezone(settings.timezone))
        scripts.shelf()

    # The first name to be spelt in pinyin would otherwise wait for its dictionary; but who waits for the start itself
    # comes first.
    later = threading.Timer(WARM_AFTER, warm)
    later.daemon = True
    later.start()

    def close() -> None:
        later.cancel()
        inbox.close()
        bell.close()
        store.close()

    return Door(web, close)


def create_router(settings: Settings) -> Router:
    """The router with every handler registered and the reader that finds them."""
    from bot.domain.campaigns import outcomes
    from bot.domain.customers import segments
    from bot.domain.orders import service as orders
    from bot.gateway import inbox
    from handlers import (  # noqa: F401
        activities,
        after_sale,
        arrivals,
        care,
        channels,
        clauses,
        complaints,
        contacts,
        corp_tags,
        corrections,
        customers,
        files,
        finding,
        forecast,
        groups,
        merchants,
        occasions,
        own_files,
        scripts,
        shop_facts,
        subscriptions,
        today,
    )
    from handlers import campaigns as campaign_handlers  # noqa: F401
    from handlers import ledger as ledger_handlers  # noqa: F401
    from handlers import orders as order_handlers  # noqa: F401
    from handlers import playbooks as playbook_handlers  # noqa: F401
    from handlers import segments as segment_handlers  # noqa: F401
    from handlers.reader import create_reader, foresee
    from handlers.talk import on

    segments.declare("stage", orders.in_stage, orders.stage_told)
    segments.declare("sent", outcomes.was_sent, outcomes.told_of_term)
    segments.declare("replied", outcomes.has_replied, outcomes.reply_told)
    segments.declare("silent", outcomes.was_silent, outcomes.told_of_term)
    segments.declare("failed", outcomes.has_failed, outcomes.told_of_term)
    segments.declare("retry", outcomes.may_go_well, outcomes.told_of_term)
    on.read_with(create_reader(settings), foresee)
    on.forget_with(inbox.forget)
    return on


def create_parts(settings: Settings, clock: Clock) -> Parts:
    """What a worker or scheduler process has: store, bell, a client for each account, and its chores."""
    from dataclasses import replace

    from bot.cli.database import key_of
    from bot.cli.embedded import redis_url
    from bot.domain import journeys
    from bot.gateway.spool import Spool
    from bot.platforms.clients import client_of
    from bot.platforms.http import HttpEngine
    from bot.store.bell import Bell
    from bot.store.engine import open_store
    from bot.store.speed import Speed
    from jobs import inbox as inbox_jobs
    from jobs import notices
    from jobs.chores import chores
    from jobs.parts import Parts

    settings = replace(settings, redis_url=redis_url(settings))
    store = open_store(settings.store_url, key=key_of(settings))
    engine = HttpEngine()
    parts = Parts(
        store=store,
        clock=clock,
        bell=Bell(settings.redis_url),
        settings=settings,
        engine=engine,
        clients={
            account.name: client_of(account, store=store, clock=clock, redis_url=settings.redis_url, http=engine)
            for account in settings.accounts
        },
        speeds={
            account.name: Speed(account.name, settings.per_second, settings.redis_url)
            for account in settings.accounts
            if settings.per_second
        },
        learned=journeys.learned,
        alarm=journeys.alarm,
    )
    # The scheduler, which understands no lines, never builds it.
    router = cache(lambda: create_router(settings))
    parts.inbox = lambda: inbox_jobs.work_off(parts, router)
    parts.strike = lambda: notices.push(parts, clock.now())
    parts.chores = chores(parts, router, Spool(settings.state_folder / "spool"))
    return parts


def serve_web(settings: Settings, clock: Clock) -> None:
    """Serves callbacks until SIGTERM."""
    import multiprocessing
    import os
    import signal

    from granian.constants import Interfaces
    from granian.server import Server
    from setproctitle import getproctitle, setproctitle

    from bot.cli.binding import bound_to

    _log()
    _load_quickly()
    parent, name = os.getpid(), getproctitle()

    def load(_target: str) -> Flask:
        # Not SIGTERM: only the parent would lose patience with one that does not end, as was seen under load.
        bound_to(parent, signal.SIGKILL)()
        setproctitle(name)
        web = create_web(settings, clock)
        _loaded()
        names = ",".join(account.name for account in settings.accounts)
        log.info("web.ready listen=%s accounts=%s", settings.listen, names or "none")
        return web

    # The serving process inherits what is loaded here, the clock's shared file included.
    multiprocessing.set_start_method("fork", force=True)
    server = Server(
        "app",
        address=settings.listen_host,
        port=settings.listen_port,
        interface=Interfaces.WSGI,
        blocking_threads=REQUEST_THREADS,
        log_access=False,
        log_enabled=False,
        workers_kill_timeout=8,
        process_name=name,
    )
    server.serve(target_loader=load)


def run_worker(settings: Settings, clock: Clock) -> None:
    from jobs.worker import run_worker as work

    _log()
    _load_quickly()
    parts = create_parts(settings, clock)
    _loaded()
    # Whoever starts a worker may have repaired the settings.
    for account in settings.accounts:
        _try_again(parts.store, clock, account)
    work(parts)


def run_scheduler(settings: Settings, clock: Clock) -> None:
    import signal

    from jobs.scheduler import run_scheduler as strike

    _log()
    _load_quickly()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parts = create_parts(settings, clock)
    _loaded()
    strike(parts, stop=stop)


def preload(settings: Settings) -> None:
    """What workers and schedulers import, for those forked from here; nothing is opened, no thread is begun."""
    from sqlalchemy.orm import configure_mappers

    from bot.cli import database, embedded  # noqa: F401
    from bot.platforms import clients  # noqa: F401
    from jobs import chores, scheduler, worker  # noqa: F401

    _load_quickly()
    create_router(settings)
    configure_mappers()
    _loaded()


def sandbox(argv: Sequence[str]) -> int:
    from bot.sandbox import serve

    return serve(list(argv))


def demo_accounts() -> Sequence[Account]:
    from bot.sandbox import settings as demo

    official_account = Account(
        "demo",
        app_id=demo.DEMO_APP_ID,
        secret=demo.DEMO_SECRET,
        token=demo.DEMO_TOKEN,
        aes_key=demo.DEMO_AES_KEY,
        staff_notice_template=demo.DEMO_STAFF_TEMPLATE,
    )
    company = Account(
        "corp",
        "wecom",
        corp_id=demo.DEMO_CORP_ID,
        agent_id=demo.DEMO_AGENT_ID,
        secret=demo.DEMO_CORP_SECRET,
        owners=(demo.DEMO_OWNER,),
        token=demo.DEMO_CORP_TOKEN,
        aes_key=demo.DEMO_CORP_AES_KEY,
    )
    return official_account, company


def invite(settings: Settings, clock: Clock, role: str) -> str:
    from bot.domain.merchants import service as merchants
    from bot.store.transaction import transaction

    with transaction(_store(settings), clock) as tx:
        return merchants.invite(tx, role=role)


def first_owner_code(settings: Settings, clock: Clock) -> str | None:
    from bot.domain.merchants import service as merchants
    from bot.store.transaction import transaction

    with transaction(_store(settings), clock) as tx:
        return None if merchants.has_owner(tx) else merchants.invite(tx, role="owner")


def export(settings: Settings, clock: Clock, subject: str, form: str, out: TextIO) -> None:
    from bot.cli.export import write
    from bot.store.transaction import reading

    with reading(_store(settings), clock) as tx:
        write(tx, subject, form, out)


def bring_in(settings: Settings, clock: Clock, subject: str, file: Path, *, dry_run: bool, partial: bool) -> Report:
    from bot.cli.imports import Importer

    return Importer(_store(settings), clock, settings, dry_run, partial).bring_in(subject, file)


def broadcast(settings: Settings, clock: Clock, action: str, number: int | None) -> str:
    from bot.cli.broadcast import step
    from bot.cli.embedded import redis_url
    from bot.store.bell import Bell
    from bot.store.transaction import transaction

    bell = Bell(redis_url(settings))
    with transaction(_store(settings), clock, bell) as tx:
        said = step(tx, settings, action, number)
    bell.close()
    return said


def sync(settings: Settings, clock: Clock, account: str, tell: Callable[[str], object]) -> int:
    """Goes through all people of an account; returns the exit code. Raises ShukeError for an account nobody has."""
    from bot.errors import ShukeError
    from jobs.sync import sync as go_through

    found = settings.account(account)
    if found is None:
        names = ", ".join(one.name for one in settings.accounts) or "none"
        raise ShukeError(f'There is no account "{account}" in the configuration; it has: {names}')
    parts = create_parts(settings, clock)
    try:
        return go_through(parts, found, tell)
    finally:
        parts.close()


def rehearse(
    settings: Settings,
    *,
    own_plans: bool,
    first: date,
    days: int,
    customers: int,
    seed: int,
    messages: TextIO | None,
    tell: Callable[[str], object],
) -> Report:
    from bot.clock import SystemClock
    from bot.rehearsal import plans, report
    from bot.rehearsal.year import Wanted
    from bot.rehearsal.year import rehearse as play

    _loaded()
    own = plans.read(_store(settings), SystemClock(), settings, first) if own_plans else None
    played = play(building(), settings, Wanted(first, days, customers, seed), own, tell=tell)
    if messages is not None:
        messages.writelines(f"{message.as_json()}\n" for message in played.messages)
    return Report(report.lines(played), ok=not played.wrong)


def building() -> Building:
    """The parts, for whoever plays a whole shop in one process."""
    from bot.rehearsal.shop import Building

    return Building(set_up, open_door, create_parts, invite)


def set_up(settings: Settings) -> None:
    """A new database in its place."""
    from bot.cli import database

    with database.opened(settings.store_url, database.key_of(settings)) as store:
        database.upgrade(store)


def reach(settings: Settings, clock: Clock, account: Account) -> ContactRights | None:
    """Fetches a token; raises PlatformFailure. Where that goes well, paths that had stopped are tried again."""
    from bot.platforms.clients import client_of
    from bot.platforms.http import HttpEngine
    from bot.platforms.official_account.client import OfficialAccount

    http, store = HttpEngine(), _store(settings)
    try:
        client = client_of(account, store=store, clock=clock, redis_url=None, http=http)
        if isinstance(client, OfficialAccount):
            client.callback_addresses()
            rights = None
        else:
            client.tokens.current()
            rights = _contact_rights(client)
    finally:
        http.close()
    _try_again(store, clock, account)
    return rights


def _contact_rights(client: WeCom) -> ContactRights:
    from bot.errors import PlatformFailure

    try:
        members = client.members()
        alone = [member for member in members[:LOOKED_AT] if not client.contact_ids(member)]
    except PlatformFailure as failure:
        return ContactRights(refused=failure)
    return ContactRights(tuple(members), tuple(alone))


def _try_again(store: Store, clock: Clock, account: Account) -> None:
    from bot.delivery import limits
    from bot.store.transaction import transaction

    with transaction(store, clock) as tx:
        limits.resume(tx, account.name)


def _store(settings: Settings) -> Store:
    from bot.cli.database import key_of
    from bot.store.engine import open_store

    return open_store(settings.store_url, key=key_of(settings))


def _load_quickly() -> None:
    """What is imported stays for good; looking through it for garbage again and again takes a third of the start."""
    gc.disable()


def _loaded() -> None:
    gc.freeze()
    gc.enable()


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format=LOG_LINE)


def main(argv: Sequence[str] | None = None) -> int:
    """The console script ``shuke``; returns the exit code."""
    commands = Commands(
        web=serve_web,
        worker=run_worker,
        scheduler=run_scheduler,
        preload=preload,
        sandbox=sandbox,
        demo_accounts=demo_accounts,
        invite=invite,
        first_owner_code=first_owner_code,
        export=export,
        bring_in=bring_in,
        broadcast=broadcast,
        sync=sync,
        reach=reach,
        rehearse=rehearse,
    )
    return command_line(sys.argv[1:] if argv is None else argv, commands)


if __name__ == "__main__":
    sys.exit(main())
