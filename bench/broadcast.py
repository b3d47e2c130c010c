"""Broadcasts: messages a second of workers with the exact ledger, beside one RQ job a message and aiohttp."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from bench import shop as shops
from bench.peer_venv import PEERS, prepared
from bench.processes import OTHERS, TESTED, completed, free_port, running, wait_for_port_only
from bench.report import Section
from bench.shop import Shop

ROOT = Path(__file__).resolve().parents[1]
LATENCY = 0.03
CONNECTIONS = 512
# Where one worker waits for the platform rather than for its core, a second one can help on two cores.
FAR = 0.1
PACE, PACED_WORKERS, PACED_SECONDS = 200, 4, 10
MILLION = 1_000_000
MEBIBYTE = 1 << 20
HOW = (
    "Customer messages with the customer's name in them, all windows open, SQLite. Planning selects, renders and writes one"
    " row a person, with way or reason, and has a target of its own (Planning: 90 s a million); draining claims, marks, "
    "calls and records each (the exact ledger). The platform's stand-in answers at once, from the other core. At 30 ms "
    "there are three times as many people, since it begins with 16 calls in flight. The peers: one RQ job a message under "
    "SimpleWorker, ORM, wechatpy's client, queueing not counted; and one process with aiohttp and 512 connections, which "
    "selects, renders, sends and records in batches of 500 and keeps no ledger. Two workers share both cores with the "
    f"stand-in, which takes {FAR * 1000:.0f} ms; {PACED_WORKERS} workers at a set speed are timed from the start of the "
    "first to the last call. RQ: what it takes to listen to the bells a broadcast rings. Redis: all keys a broadcast leaves"
    " there."
)


def measure(folder: Path, redis: str, *, rounds: int, people: int, jobs: int) -> Section:
    """Rounds of our broadcast and of the peers in turn; then what needs a shop of its own."""
    section = Section("Broadcasts", HOW)
    ours, theirs, others = [], [], []
    # The peers' jobs are not to be counted as ours.
    redis_of_ours = redis.removesuffix("/0") + "/1"
    few = range(min(rounds, 3))
    with sink_at(folder, 0) as sink:
        shop = _shop(folder / "broadcast", redis_of_ours, sink, people)
        for number in range(rounds):
            ours.append(_broadcast(shop, number, people))
            theirs.append(_peer("rq_send.py", redis, f"sqlite:///{folder}/jobs.db", sink, count=jobs))
            others.append(_peer("aiohttp_send.py", f"sqlite:///{folder}/aiohttp.db", sink, count=people // 4))
        _add_rates(section, ours, theirs, others)
        _add_redis(section, ours)
        _add_pace(section, _shop(folder / "paced", redis_of_ours, sink, PACE * PACED_SECONDS, per_second=PACE))
    with sink_at(folder, LATENCY) as slow:
        far = _shop(folder / "far", redis_of_ours, slow, 3 * people)
        _add_latency(section, [_broadcast(far, number, 3 * people) for number in few])
    with sink_at(folder, FAR) as slow:
        far = _shop(folder / "two", redis_of_ours, slow, people)
        one, two = zip(*((_together(far, 2 * n, 1), _together(far, 2 * n + 1, 2)) for n in few), strict=True)
        section.add("one worker at 100 ms latency; two", f"{median(one):,.0f}; {median(two):,.0f} messages/s")
        section.ratio("two workers beside one", two, one, 1.6)
    section.add(f"plan for {people:,} recipients", f"{median(one['plan_seconds'] for one in ours):.2f} s")
    return section


Runs = list[dict[str, Any]]


def _add_rates(section: Section, ours: Runs, theirs: Runs, others: Runs) -> None:
    drained = [one["sent"] / one["drain_seconds"] for one in ours]
    whole = [one["sent"] / (one["drain_seconds"] + one["plan_seconds"]) for one in ours]
    singly = [one["sent"] / one["seconds"] for one in theirs]
    plainly = [one["sent"] / one["seconds"] for one in others]
    section.add("熟客, plan and drain together", f"{median(whole):,.0f} messages/s")
    section.add("熟客, drain alone (claim, mark, call, record)", f"{median(drained):,.0f} messages/s")
    section.add("one RQ job a message, SimpleWorker", f"{median(singly):,.0f} messages/s")
    section.add("aiohttp, no ledger", f"{median(plainly):,.0f} messages/s")
    section.ratio("plan and drain beside a job a message", whole, singly, 50)
    section.ratio("drain alone beside a job a message", drained, singly, 50)
    section.ratio("plan and drain beside aiohttp", whole, plainly)
    section.ratio("drain alone beside aiohttp", drained, plainly, 2)
    spent, spent_by_them = (median(one["cpu_seconds"] / one["sent"] * 1e6 for one in runs) for runs in (ours, others))
    section.add("processor time a message: drain alone; aiohttp", f"{spent:.0f} µs; {spent_by_them:.0f} µs")


def _add_redis(section: Section, ours: Runs) -> None:
    listening = median(one["bell_seconds"] / one["drain_seconds"] for one in ours)
    bells = median(one["bells"] for one in ours)
    section.add("RQ's part of a broadcast", f"{listening:.2%} ({bells:.0f} bells)", "≤ 2 %", listening <= 0.02)
    left, people = median(one["redis_bytes"] for one in ours), ours[0]["recipients"]
    million = left * MILLION / people / MEBIBYTE
    shown = f"{left / 1024:.1f} KiB; if it grew with them, {million:.2f} MiB for a million"
    section.add(f"Redis after {people:,} recipients", shown, "≤ 2 MiB", million <= 2)


def _add_latency(section: Section, distant: Runs) -> None:
    rate = median(one["sent"] / one["drain_seconds"] for one in distant)
    spent = median(one["cpu_seconds"] / one["drain_seconds"] for one in distant)
    part = rate * LATENCY / CONNECTIONS
    shown = f"{rate:,.0f} messages/s, {part:.0%} of {CONNECTIONS} connections ÷ latency; its core busy for {spent:.0%}"
    section.add("drain at 30 ms latency", shown, "≥ 70 %", part >= 0.7)


def _add_pace(section: Section, shop: Shop) -> None:
    ran = _drained(shop, 0, PACED_WORKERS)
    began, last, sent = min(one["began"] for one in ran), max(one["last"] for one in ran), ran[0]["recipients"]
    kept = sent / (last - began) / PACE
    shown = f"{kept:.1%} of {PACE} messages/s"
    section.add(f"{PACED_WORKERS} workers at a set speed", shown, "97 … 100 %", 0.97 <= kept <= 1)


def _shop(folder: Path, redis: str, sink: str, people: int, *, per_second: int = 0) -> Shop:
    shop = shops.furnish(folder, redis=redis, platform=sink)
    with shop.configuration.open("a", encoding="utf-8") as configuration:
        configuration.write(f"\n[delivery]\nper_second = {per_second}\n")
    shops.people(shop, people)
    return shop


def _broadcast(shop: Shop, number: int, people: int) -> dict[str, Any]:
    told = _ran(shop, number, core=TESTED)
    if told["sent"] != people:
        raise RuntimeError(f"a broadcast to {people} people ended as {told}")
    return told


def _together(shop: Shop, number: int, workers: int) -> float:
    """Messages a second of so many workers, planning and start not counted."""
    ran = _drained(shop, number, workers)
    return float(ran[0]["recipients"] / (max(one["ended"] for one in ran) - min(one["first"] for one in ran)))


def _drained(shop: Shop, number: int, workers: int) -> Runs:
    """Plans a broadcast and has workers drain it at once, on both cores."""
    _ran(shop, number, "plan", core=OTHERS)
    with ThreadPoolExecutor(workers) as pool:
        runs = [pool.submit(_ran, shop, number, "drain", core=None) for _ in range(workers)]
        told = [run.result() for run in runs]
    last = max(told, key=lambda one: float(one["ended"]))
    if last["sent"] != last["recipients"]:
        raise RuntimeError(f"a broadcast by {workers} workers ended as {last}")
    return told


def _ran(shop: Shop, number: int, *only: str, core: int | None) -> dict[str, Any]:
    argv = (sys.executable, "-m", "bench.drain", str(shop.configuration), str(number), *only)
    told: dict[str, Any] = json.loads(completed(argv, core=core, folder=ROOT).splitlines()[-1])
    return told


def _peer(program: str, *arguments: str, count: int) -> dict[str, Any]:
    argv = (str(prepared() / "python"), program, *arguments, str(count))
    told: dict[str, Any] = json.loads(completed(argv, core=TESTED, folder=PEERS))
    if told["sent"] != count:
        raise RuntimeError(f"{count} messages of {program} ended as {told}")
    return told


@contextlib.contextmanager
def sink_at(folder: Path, latency: float) -> Iterator[str]:
    """The address of a platform that takes every message, ``latency`` seconds after it was asked."""
    port, log = free_port(), folder / "sink.log"
    argv = (sys.executable, "-m", "bench.sink", str(port), str(latency))
    with running(argv, core=OTHERS, log=log, folder=ROOT) as process:
        wait_for_port_only(port, process, log)
        yield f"http://127.0.0.1:{port}"
