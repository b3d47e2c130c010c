"""``shuke web`` alone, as a service manager runs it."""

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from bot.cli.ports import Ports

ROOT = Path(__file__).resolve().parents[2]
HALF = b"POST /callback/main HTTP/1.1\r\nHost: shop\r\nContent-Length: 500\r\n\r\n<xml>"
ACCOUNT = """
[web]
listen = "127.0.0.1:{port}"
[[accounts]]
name = "main"
platform = "official_account"
kind = "service"
app_id = "wx0123456789abcdef"
secret = "0123456789abcdef0123456789abcdef"
token = "aTokenOfTheShop"
"""


@pytest.fixture
def port():
    with Ports() as ports:
        return ports.free("127.0.0.1", 18_000)


@pytest.fixture
def web(tmp_path, environ, started, soon, port):
    (tmp_path / "config.toml").write_text(ACCOUNT.format(port=port))
    for line in (["db", "upgrade"], ["web"]):
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), *line],
            cwd=tmp_path,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if line != ["web"]:
            assert process.wait(20) == 0, process.stdout.read()
    started.append(process)
    soon(lambda: healthy(port))
    return process


def healthy(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=4) as answer:
            return answer.status == 200
    except urllib.error.URLError:
        return False


def test_bodies_that_never_end_do_not_keep_the_door_shut(web, port):
    half_said = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(80)]
    for connection in half_said:
        connection.sendall(HALF)
    assert healthy(port)
    for connection in half_said:
        with connection:
            assert connection.recv(200)[:12] in (b"HTTP/1.1 408", b"")
