"""How soon a callback is answered after the start, and what everything needs while nothing happens."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench import shop as shops
from bench.processes import running
from bench.report import Section
from bench.shop import PATH, Shop
from bench.wire import callbacks, person

PATIENCE = 30.0
SETTLED = 8.0
HOW = (
    "From the moment the command is typed to the first answered callback, packages installed, both cores, the database made "
    "beforehand, Redis brought along by `shuke run`. Memory: proportional set size of `shuke run` and all its children, "
    "two workers, without the sandbox."
)


def measure(folder: Path, *, rounds: int) -> Section:
    """The two starts in turn, and the memory of the last one."""
    section = Section("Start and idle memory", HOW)
    shop = shops.furnish(folder / "start")
    web, run = [], []
    memory = 0.0
    for number in range(rounds):
        with _started(shop, "web") as (seconds, _process):
            web.append(seconds)
        with _started(shop, "run") as (seconds, process):
            run.append(seconds)
            if number == rounds - 1:
                time.sleep(SETTLED)
                memory = _memory(process.pid)
    section.add("`shuke web` alone", f"{median(web):.2f} s (worst {max(web):.2f})", "≤ 1 s", median(web) <= 1)
    section.add("`shuke run`", f"{median(run):.2f} s (worst {max(run):.2f})", "≤ 3 s", median(run) <= 3)
    section.add("idle memory of `shuke run`", f"{memory:.0f} MB", "≤ 350 MB", memory <= 350)
    return section


@contextlib.contextmanager
def _started(shop: Shop, command: str) -> Iterator[tuple[float, subprocess.Popen[bytes]]]:
    request = callbacks(PATH, [(person(1), "您好")])[0]
    log = shop.folder / f"{command}.log"
    began = time.perf_counter()
    with running(shop.command(command), core=None, log=log) as process:
        while not _answers(shop.port, request):
            if time.perf_counter() - began > PATIENCE or process.poll() is not None:
                raise RuntimeError(f"shuke {command} does not answer:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.005)
        yield time.perf_counter() - began, process


def _answers(port: int, request: bytes) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
        connection.sendall(request)
        return connection.recv(15).startswith(b"HTTP/1.1 200")
    return False


def _memory(root: int) -> float:
    """Megabytes of the process and its descendants; shared pages count once, divided among those who share them."""
    total = 0
    for pid in _family(root):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
        found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
        total += int(found[1]) if found else 0
    return total / 1024


def _family(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError):
            if entry.name.isdigit():
                # The name in brackets may hold blanks; the parent is the second field behind it.
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    family = [root]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    return family
