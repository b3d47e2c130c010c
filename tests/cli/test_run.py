"""``shuke run`` as somebody at a terminal sees it: two commands, a page to play on, and nothing left when it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from bot.cli.ports import Ports

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("web", "worker", "worker", "scheduler", "sandbox", "redis-server")


@pytest.fixture
def terminal(tmp_path, environ, started):
    """Types ``shuke …`` in a folder of its own."""

    def type_in(*line: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), *line],
            cwd=tmp_path,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    return type_in


@pytest.fixture
def busy():
    """A port that another program listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def greeting(process):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            return "".join(lines)
    pytest.fail(f"it ended before it greeted: {''.join(lines)}{process.stderr.read()}")


def children_of(pid):
    """The parts by number, as the process list shows them."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found[int(child)] = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def answer(url):
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.status


def test_everything_comes_up_greets_and_goes_again(terminal, tmp_path):
    process = terminal("run")
    said = greeting(process)
    assert answer(re.search(r"http://127\.0\.0\.1:\d+/phone/", said)[0]) == 200
    assert answer(re.search(r"http://127\.0\.0\.1:\d+/healthz", said)[0]) == 200
    assert re.search(r"http://127\.0\.0\.1:\d+/callback/demo", said)
    assert re.search(r"用“老板”发送：绑定 [0-9A-Z]{4,}", said)
    parts = children_of(process.pid)
    for name in PARTS:
        assert sum(name in line for line in parts.values()) == PARTS.count(name), parts
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0
    assert [pid for pid in parts if os.path.exists(f"/proc/{pid}")] == []
    assert (tmp_path / "data" / "shuke.db").exists()
    assert not (tmp_path / "data" / "redis" / "address").exists()


def test_a_second_run_in_the_same_folder_is_told_so(terminal):
    greeting(terminal("run"))
    second = terminal("run")
    assert second.wait(timeout=15) == 1
    assert "Another `shuke run`" in second.stderr.read()


def test_a_configured_port_that_is_taken_names_its_setting(terminal, tmp_path, busy):
    (tmp_path / "config.toml").write_text(f'[web]\nlisten = "127.0.0.1:{busy}"')
    process = terminal("run")
    assert process.wait(timeout=15) == 1
    assert process.stderr.read().startswith(f"config.toml: web.listen: 127.0.0.1:{busy} cannot be used")


def test_else_the_next_free_one_is_taken(busy):
    with Ports() as ours, Ports() as theirs:
        first, second = ours.free("127.0.0.1", busy), theirs.free("127.0.0.1", busy)
    assert busy < first < second


def test_several_workers(terminal, soon):
    process = terminal("worker", "-n", "2")
    soon(lambda: sum("worker" in line for line in children_of(process.pid).values()) == 2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0
