"""One worker's work, in a process of its own: plans a broadcast and drains it.

``python -m bench.drain CONFIG ROUND [plan|drain]`` does both or one of them, prints a line ``draining`` between them
and at the end ``{"recipients", "sent", "plan_seconds", "drain_seconds", "cpu_seconds", "began", "ended", "first",
"last", "bells", "bell_seconds", "redis_bytes"}``. ``cpu_seconds`` are the drain's, ``began`` and ``ended`` when it was,
``first`` and ``last`` the marks of the first and the last call, ``bells`` what was rung meanwhile, ``bell_seconds``
what RQ took to hear it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import func, select

import app
from bot.clock import SystemClock
from bot.delivery import limits, outbox
from bot.delivery.models import Delivery
from bot.domain.campaigns import service as campaigns
from bot.domain.customers.models import Identity
from bot.domain.scripts import service as scripts
from bot.settings import load
from bot.store.bell import QUEUE, connect_redis
from bot.store.transaction import transaction
from jobs import bells
from jobs.campaigns import plan
from jobs.delivery import drain
from jobs.parts import Parts
from jobs.worker import BellJob, Ear

WORDING = "{{ c.name|default('您好') }},拾光第%d期新款到店,前 20 位试穿有小礼物,欢迎来看看。"


def main() -> None:
    parts = app.create_parts(load(Path(sys.argv[1]), os.environ), SystemClock())
    number, only = int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""
    # As `shuke worker` does.
    gc.freeze()
    told: dict[str, Any] = {"plan_seconds": 0.0, "drain_seconds": 0.0, "cpu_seconds": 0.0}
    if only != "drain":
        _open_windows(parts)
        told["plan_seconds"] = _plan(parts, number)
    print("draining", flush=True)
    if only != "plan":
        told |= _drain(parts)
    assert parts.engine is not None
    assert parts.bell is not None
    parts.engine.close()
    parts.bell.close()
    print(json.dumps({**told, **_outcome(parts), **_heard(parts)}))


def _open_windows(parts: Parts) -> None:
    """Everybody has just written, so everybody may be sent a customer message."""
    with transaction(parts.store, parts.clock) as tx:
        for account, person_id in tx.execute(select(Identity.account, Identity.person_id)).all():
            limits.opened(tx, account, person_id, "talk", tx.now)


def _plan(parts: Parts, number: int) -> float:
    """Drafts and confirms a broadcast to everybody; the seconds are those from the confirmation to the last row."""
    with transaction(parts.store, parts.clock) as tx:
        name = f"第{number}期"
        scripts.write(tx, name, WORDING % number, staff_id=1, new=True, today=tx.now.date())
        broadcast, _summary = campaigns.draft(
            tx, parts.settings, staff_id=1, segment="全部", script_names=[name], start_at=None, hold_out=0
        )
        broadcast_id = broadcast.id
    began = time.perf_counter()
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        campaigns.confirm(tx, parts.settings, broadcast_id)
    while plan(parts):
        pass
    return time.perf_counter() - began


def _drain(parts: Parts) -> dict[str, float]:
    began, used = time.time(), time.process_time()
    while drain(parts):
        pass
    used, ended = time.process_time() - used, time.time()
    return {"drain_seconds": ended - began, "cpu_seconds": used, "began": began, "ended": ended}


def _outcome(parts: Parts) -> dict[str, Any]:
    """Of the latest broadcast."""
    with transaction(parts.store, parts.clock) as tx:
        broadcast_id = tx.execute(select(func.max(Delivery.broadcast_id))).scalar_one()
        counts = outbox.counts(tx, broadcast_id)
        calls = select(func.min(Delivery.calling_since), func.max(Delivery.calling_since))
        first, last = tx.execute(calls.where(Delivery.broadcast_id == broadcast_id)).one()
    told = {"recipients": sum(counts.values()), "sent": counts.get("sent", 0)}
    moments = {} if first is None else {"first": first.timestamp(), "last": last.timestamp()}
    return {**told, **moments}


def _heard(parts: Parts) -> dict[str, float]:
    """What the broadcast left in Redis, and what RQ takes to listen to it; a bell itself only wakes a thread."""
    connection = connect_redis(parts.settings.redis_url)
    size = sum(int(connection.memory_usage(key) or 0) for key in connection.scan_iter())
    kinds: dict[str, Any] = {"connection": connection, "job_class": BellJob, "serializer": JSONSerializer}
    queue = Queue(QUEUE, **kinds)
    rung = queue.count
    bells.attend(lambda *_bell: None)
    ear = Ear([queue], log_job_description=False, **kinds)
    began = time.perf_counter()
    ear.work(burst=True, logging_level="ERROR")
    return {"bells": rung, "bell_seconds": time.perf_counter() - began, "redis_bytes": size}


if __name__ == "__main__":
    main()
