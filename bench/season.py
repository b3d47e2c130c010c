"""Ninety days of a shop by a seed: what the platform had to refuse, caps, plans, ledgers; nothing here is about speed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.report import Section

SCRIPT = Path(__file__).resolve().parents[1] / "tests" / "season.py"
SEED = 2026


def measure(people: int, days: int) -> Section:
    """Plays a season of ``people`` customers beside everything else; its numbers follow from its seed."""
    how = (
        f"{people:,} customers live {days} days by seed {SEED}: write, tap, follow, leave, come back, opt out, complain; staff "
        "broadcast every week, plan for the next morning, answer, hold activities, are reminded. Judged by the rehearsal "
        "platform's own ledger, with its ordinary quotas."
    )
    section = Section("Ninety days", how)
    told = _played(people, days)
    acted = sum(told["said"].values())
    rows = told["rows"]
    section.add("what customers did, and broadcasts", f"{acted:,} and {told['broadcasts']}")
    section.add("calls by us", f"{sum(told['calls'].values()):,}")
    refused = sum(told["refused"].values())
    section.add("refused by the platform for a rule we could have known", f"{refused}", "0", refused == 0)
    most = f"{told['most_a_day']} a day, {told['most_a_month']} a month"
    section.add("marketing messages to one person at most", most, "1 a day, 4 a month", _within(told))
    section.add("rows of the ledgers", "、".join(f"{state} {count:,}" for state, count in sorted(rows.items())))
    section.add("plans counted one by one that came true to the number", f"{told['planned_exactly']}")
    wrong = "; ".join(told["wrong"][:3]) or "0"
    section.add("caps, opt-outs, plans and ledgers that did not hold", wrong, "0", not told["wrong"])
    section.add("time to play it", f"{told['seconds']:.0f} s")
    return section


def _within(told: dict[str, Any]) -> bool:
    return bool(told["most_a_day"] <= 1 and told["most_a_month"] <= 4)


def _played(people: int, days: int) -> dict[str, Any]:
    argv = (sys.executable, str(SCRIPT), "--people", str(people), "--days", str(days), "--seed", str(SEED), "--json")
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise RuntimeError(f"the season could not be played: {done.stderr[-1000:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
