"""Real processes, watched with patience: nothing here sleeps for luck, and nothing outlives its test."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def soon() -> Callable[..., None]:
    """Waits until something holds; fails when it does not within the time."""

    def wait(holds: Callable[[], object], seconds: float = 15.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "it did not come to pass"
            time.sleep(0.02)

    return wait


@pytest.fixture
def environ() -> dict[str, str]:
    """The environment of a terminal of its own, in which nobody has configured a shop."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHUKE_")}
    return {**kept, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen]]:
    """Processes to end when the test is over, whatever has happened."""
    processes: list[subprocess.Popen] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@pytest.fixture
def keep(started, environ):
    """Starts a supervisor over the given parts; their programs are lines of shell."""

    def start(*parts: tuple[str, str], grace: float = 5.0, services: tuple[str, ...] = ()) -> subprocess.Popen:
        listed = [{"name": name, "argv": ["bash", "-c", script], "service": name in services} for name, script in parts]
        argv = [sys.executable, str(Path(__file__).with_name("keep.py")), json.dumps([grace, listed])]
        process = subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        started.append(process)
        return process

    return start
