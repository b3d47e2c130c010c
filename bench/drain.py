"""One worker's work, in a process of its own: plans a broadcast and drains it. ``python -m bench.drain CONFIG ROUND``.

Prints ``draining`` when it begins to, and ``{"recipients", "plan_seconds", "drain_seconds", "sent"}`` at the end.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from sqlalchemy import select

import app
from bot.clock import SystemClock
from bot.delivery import limits, outbox
from bot.domain.campaigns import service as campaigns
from bot.domain.customers.models import Identity
from bot.domain.scripts import service as scripts
from bot.settings import load
from bot.store.transaction import transaction
from jobs.campaigns import plan
from jobs.delivery import drain
from jobs.parts import Parts

WORDING = "{{ c.name|default('您好') }},拾光第%d期新款到店,前 20 位试穿有小礼物,欢迎来看看。"


def main() -> None:
    parts = app.create_parts(load(Path(sys.argv[1]), os.environ), SystemClock())
    number = int(sys.argv[2])
    _open_windows(parts)
    broadcast_id, plan_seconds = _plan(parts, number)
    print("draining", flush=True)
    began = time.perf_counter()
    while drain(parts):
        pass
    drain_seconds = time.perf_counter() - began
    with transaction(parts.store, parts.clock) as tx:
        counts = outbox.counts(tx, broadcast_id)
    told = {"recipients": sum(counts.values()), "sent": counts.get("sent", 0)}
    print(json.dumps({**told, "plan_seconds": plan_seconds, "drain_seconds": drain_seconds}))
    assert parts.engine is not None
    parts.engine.close()
    assert parts.bell is not None
    parts.bell.close()


def _open_windows(parts: Parts) -> None:
    """Everybody has just written, so everybody may be sent a customer message."""
    with transaction(parts.store, parts.clock) as tx:
        for account, person_id in tx.execute(select(Identity.account, Identity.person_id)).all():
            limits.opened(tx, account, person_id, "talk", tx.now)


def _plan(parts: Parts, number: int) -> tuple[int, float]:
    """Drafts and confirms a broadcast to everybody; the seconds are those from the confirmation to the last row."""
    with transaction(parts.store, parts.clock) as tx:
        name = f"第{number}期"
        scripts.write(tx, name, WORDING % number, staff_id=1, new=True, today=tx.now.date())
        broadcast, _summary = campaigns.draft(
            tx, parts.settings, staff_id=1, segment="全部", script_names=[name], start_at=None, hold_out=0
        )
        broadcast_id = broadcast.id
    began = time.perf_counter()
    with transaction(parts.store, parts.clock) as tx:
        campaigns.confirm(tx, parts.settings, broadcast_id)
    while plan(parts):
        pass
    return broadcast_id, time.perf_counter() - began


if __name__ == "__main__":
    main()
