"""What was measured, as lines of a table; kept in ``RESULTS.md`` with date and machine."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).with_name("RESULTS.md")


@dataclass(frozen=True)
class Line:
    """One figure. ``met`` None: there is no target."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        return {None: "", True: "met", False: "**missed**"}[self.met]


@dataclass
class Section:
    """Figures that belong together, and how they were taken."""

    title: str
    how: str
    lines: list[Line] = field(default_factory=list)

    def add(self, what: str, measured: str, target: str = "", met: bool | None = None) -> None:
        self.lines.append(Line(what, measured, target, met))

    def ratio(self, what: str, ours: Sequence[float], theirs: Sequence[float], least: float | None = None) -> None:
        """The median of ratios taken round by round: what disturbs a round disturbs both sides of it; ``least`` is asked."""
        ratios = sorted(mine / other for mine, other in zip(ours, theirs, strict=True))
        middle = median(ratios)
        spread = f"{middle:.2f} × (rounds {ratios[0]:.2f} … {ratios[-1]:.2f})"
        if least is None:
            self.add(what, spread)
        else:
            self.add(what, spread, f"≥ {least:g} ×", middle >= least)

    def as_text(self) -> str:
        rows = "\n".join(f"| {line.what} | {line.measured} | {line.target} | {line.verdict} |" for line in self.lines)
        return f"## {self.title}\n\n{self.how}\n\n| what | measured | target | |\n|---|---|---|---|\n{rows}\n"


def told(sections: Sequence[Section], *, quick: bool, seconds: float, redis_version: str) -> str:
    """The whole report as Markdown."""
    kind = "a quick run (fewer and shorter rounds)" if quick else "a full run"
    head = (
        f"# Measurements\n\nWritten by `make bench` on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {kind} of {seconds:.0f} s, "
        f"on {_machine(redis_version)}. Load of the machine by others at the end: {_others_load()}.\n\n"
        "The server or sender under test has one core to itself; load generator, Redis, PostgreSQL and the platform's "
        "stand-in share the other. Rounds are interleaved and medians taken; absolute figures of a shared machine move "
        "by a third, ratios within a run do not.\n"
    )
    return "\n".join([head, *(section.as_text() for section in sections)])


def _machine(redis_version: str) -> str:
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return (
        f"{os.cpu_count()} cores ({cpu[1] if cpu else platform.processor()}), Linux {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {redis_version}"
    )


def _others_load() -> str:
    one, five, _fifteen = os.getloadavg()
    return f"{one:.1f} (one minute), {five:.1f} (five)"


def version_of(program: str) -> str:
    """What ``PROGRAM --version`` says, shortened to name and number."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\w+) server v=([\d.]+)", said)
    return f"{found[1]} {found[2]}" if found else said.strip()
