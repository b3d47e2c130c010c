"""Sees to it that a rehearsal begins in the shop's open hours: a clock restored in the night goes on to 10:00."""

from __future__ import annotations

import json
import time
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

from bot.clock import OFFSET
from bot.errors import ShukeError

OPENS, CLOSES = 10, 19
PATIENCE = 20.0


def wait_for_morning(sandbox_url: str, clock_file: Path) -> None:
    """Waits until the sandbox answers and its clock file stands, and moves its clock forward where it is late or early.

    Raises ShukeError when the sandbox does not answer within 20 s.
    """
    address = f"{sandbox_url}/_sandbox/clock"
    deadline = time.monotonic() + PATIENCE
    while (now := _time(address)) is None or not clock_file.is_file() or clock_file.stat().st_size != OFFSET.size:
        if time.monotonic() > deadline:
            raise ShukeError("The sandbox did not start; its own lines above say why.")
        time.sleep(0.03)
    if not OPENS <= now.hour < CLOSES:
        # Only ever forward: what was planned in an earlier rehearsal must not come into the future again.
        days = 1 if now.hour >= CLOSES else 0
        morning = (now + timedelta(days=days)).replace(hour=OPENS, minute=0, second=0, microsecond=0)
        body = json.dumps({"iso": morning.isoformat()}).encode()
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=5).close()


def _time(address: str) -> datetime | None:
    """The sandbox's time, None while it does not answer."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return datetime.fromisoformat(json.load(answer)["iso"])
    except OSError:
        return None
