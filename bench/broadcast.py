"""Broadcasts: messages a second of one worker with the exact ledger, beside one RQ job a message."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
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
HOW = (
    "Customer messages with the customer's name in them, all windows open, SQLite. Planning selects, renders and writes one "
    "row a person; draining claims, marks, calls and records each (the exact ledger). The platform's stand-in answers at "
    "once, from the other core. The peer: one RQ job a message under SimpleWorker, ORM, wechatpy's client, queueing not "
    "counted."
)


def measure(folder: Path, redis: str, *, rounds: int, people: int, jobs: int) -> Section:
    """Rounds of our broadcast and of the peer's jobs in turn; and one of ours at 30 ms latency."""
    section = Section("Broadcasts", HOW)
    ours, theirs = [], []
    with sink_at(folder, 0) as sink:
        shop = _shop(folder / "broadcast", redis, sink, people)
        for number in range(rounds):
            ours.append(_broadcast(shop, number, people))
            theirs.append(_jobs(folder, redis, sink, jobs))
    with sink_at(folder, LATENCY) as slow:
        far = _shop(folder / "far", redis, slow, people)
        distant = _broadcast(far, 0, people)
    drained = [one["sent"] / one["drain_seconds"] for one in ours]
    whole = [one["sent"] / (one["drain_seconds"] + one["plan_seconds"]) for one in ours]
    singly = [one["sent"] / one["seconds"] for one in theirs]
    slowly = distant["sent"] / distant["drain_seconds"]
    section.add("熟客, plan and drain together", f"{median(whole):,.0f} messages/s")
    section.add("熟客, drain alone (claim, mark, call, record)", f"{median(drained):,.0f} messages/s")
    section.add("one RQ job a message, SimpleWorker", f"{median(singly):,.0f} messages/s")
    section.ratio("plan and drain beside a job a message", whole, singly, 50)
    section.ratio("drain alone beside a job a message", drained, singly, 50)
    ceiling = CONNECTIONS / LATENCY
    shown = f"{slowly:,.0f} messages/s, {slowly / ceiling:.0%} of {CONNECTIONS} connections ÷ latency"
    section.add("drain at 30 ms latency", shown, "≥ 70 %", slowly >= 0.7 * ceiling)
    section.add(f"plan for {people:,} recipients", f"{median(one['plan_seconds'] for one in ours):.2f} s")
    return section


def _shop(folder: Path, redis: str, sink: str, people: int) -> Shop:
    shop = shops.furnish(folder, redis=redis, platform=sink)
    shops.people(shop, people)
    return shop


def _broadcast(shop: Shop, number: int, people: int) -> dict[str, Any]:
    argv = (sys.executable, "-m", "bench.drain", str(shop.configuration), str(number))
    told: dict[str, Any] = json.loads(completed(argv, core=TESTED, folder=ROOT).splitlines()[-1])
    if told["sent"] != people:
        raise RuntimeError(f"a broadcast to {people} people ended as {told}")
    return told


def _jobs(folder: Path, redis: str, sink: str, jobs: int) -> dict[str, Any]:
    argv = (str(prepared() / "python"), "rq_send.py", redis, f"sqlite:///{folder}/jobs.db", sink, str(jobs))
    told: dict[str, Any] = json.loads(completed(argv, core=TESTED, folder=PEERS))
    if told["sent"] != jobs:
        raise RuntimeError(f"{jobs} jobs ended as {told}")
    return told


@contextlib.contextmanager
def sink_at(folder: Path, latency: float) -> Iterator[str]:
    """The address of a platform that takes every message, ``latency`` seconds after it was asked."""
    port, log = free_port(), folder / "sink.log"
    argv = (sys.executable, "-m", "bench.sink", str(port), str(latency))
    with running(argv, core=OTHERS, log=log, folder=ROOT) as process:
        wait_for_port_only(port, process, log)
        yield f"http://127.0.0.1:{port}"
