"""The sandbox as a process: its door, its sockets, its end."""

import http.client
import json
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox import DEMO_APP_ID, DEMO_SECRET

ROOT = Path(__file__).parents[2]
RUN = "import sys; from bot.sandbox import serve; sys.exit(serve(sys.argv[1:]))"
CUSTOM = "/cgi-bin/message/custom/send"


class Running:
    """One sandbox process and one kept-alive connection to it."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-c", RUN, "--port", "0", "--population", "3", *options]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.ready)
        assert found, self.ready
        self.port = int(found[1])
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def call(self, method: str, path: str, body: Any = None) -> http.client.HTTPResponse:
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        self.connection.request(method, path, sent)
        return self.connection.getresponse()

    def ask(self, path: str, body: Any = None) -> Any:
        return json.load(self.call("GET" if body is None else "POST", path, body))

    def token(self) -> str:
        given = f"grant_type=client_credential&appid={DEMO_APP_ID}&secret={DEMO_SECRET}"
        return self.ask(f"/cgi-bin/token?{given}")["access_token"]

    def fan(self, name: str) -> str:
        openid = self.ask("/_sandbox/people", {"name": name})["openid"]
        self.ask(f"/_sandbox/people/{openid}/follow", {})
        return openid

    def write(self, openid: str, text: str) -> int:
        return json.load(self.post(openid, text))["errcode"]

    def post(self, openid: str, text: str) -> http.client.HTTPResponse:
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        return self.call("POST", f"{CUSTOM}?access_token={self.token()}", body)

    def ledger(self) -> list[str]:
        return [entry["content"] for entry in self.ask("/_sandbox/ledger")["entries"]]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(5)


@pytest.fixture
def run() -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*options: str) -> Running:
        started.append(Running(*options))
        return started[-1]

    yield start
    for running in started:
        running.process.kill()
        running.process.communicate()


def test_it_says_where_it_is_keeps_connections_and_ends_at_once(run: Callable[..., Running]) -> None:
    running = run()
    assert f"http://127.0.0.1:{running.port}/phone/" in running.ready
    assert running.call("GET", "/").read() is not None
    socket_before = running.connection.sock
    for _turn in range(3):
        running.token()
    assert running.connection.sock is socket_before
    started = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - started < 2


def test_a_reset_is_a_reset_and_a_cut_answer_is_cut(run: Callable[..., Running]) -> None:
    running = run()
    mei = running.fan("小美")
    rule = {"match": {"path": CUSTOM, "nth": 1}, "when": "after", "action": {"kind": "reset"}}
    running.ask("/_sandbox/faults", rule)
    with pytest.raises(ConnectionResetError):
        running.post(mei, "一")
    running.connection.close()
    running.ask("/_sandbox/faults", rule | {"action": {"kind": "truncate", "wire": True}})
    answer = running.post(mei, "二")
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    running.connection.close()
    assert running.ledger() == ["一", "二"]


def test_bodies_in_pieces_and_nonsense_do_not_hurt(run: Callable[..., Running]) -> None:
    running = run()
    pieces = iter([b'{"name":', '"小美"}'.encode()])
    running.connection.request("POST", "/_sandbox/people", pieces, encode_chunked=True)
    assert json.load(running.connection.getresponse())["name"] == "小美"
    for nonsense in (b"\x16\x03\x01\x02\x00\r\n\r\n", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
        with socket.create_connection(("127.0.0.1", running.port), timeout=5) as raw:
            raw.sendall(nonsense)
            assert b"400" in raw.recv(4096)
    assert running.ask("/_sandbox/clock")["now"] > 0


def test_the_stream_tells_what_happens(run: Callable[..., Running]) -> None:
    running = run()
    listener = http.client.HTTPConnection("127.0.0.1", running.port, timeout=5)
    listener.request("GET", "/_sandbox/stream")
    response = listener.getresponse()
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert response.readline().startswith(b":")
    mei = running.fan("小美")
    running.write(mei, "欢迎光临")
    running.ask("/_sandbox/clock", {"advance": 60})
    events: list[tuple[str, Any]] = []
    while not any(kind == "clock" for kind, _shown in events):
        line = response.readline().decode()
        if line.startswith("event: "):
            events.append((line[7:].strip(), json.loads(response.readline()[6:])))
    told = [shown for kind, shown in events if kind == "message" and shown["message"]["from"] == "account"]
    assert told[0].keys() == {"openid", "message", "person"}
    assert told[0]["message"]["text"] == "欢迎光临"
    assert told[0]["person"]["unread"] == 1
    listener.close()


def test_a_killed_sandbox_comes_back_as_it_was(run: Callable[..., Running], tmp_path: Path) -> None:
    options = ("--state", str(tmp_path / "state.json"), "--clock-file", str(tmp_path / "clock"), "--start", "10:00")
    first = run(*options)
    assert first.ask("/_sandbox/clock")["iso"][11:16] == "10:00"
    mei = first.fan("小美")
    first.write(mei, "欢迎")
    messages = tmp_path / "state.json.messages"
    deadline = time.monotonic() + 5
    while not (messages.exists() and "欢迎" in messages.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)  # the snapshot is made by another process; there is nothing else to wait on
    time.sleep(0.1)
    first.process.kill()
    first.process.wait()
    second = run(*options[:4], "--start", "now")
    assert second.ask("/_sandbox/clock")["iso"][11:14] == "10:"
    (offset,) = struct.unpack("<d", (tmp_path / "clock").read_bytes())
    assert abs(second.ask("/_sandbox/clock")["now"] - time.time() - offset) < 1
    assert second.ledger() == ["欢迎"]
    second.write(mei, "还在")
    assert second.stop() == 0
    assert run(*options).ledger() == ["欢迎", "还在"]


def is_running(pid: int) -> bool:
    """Also a dead process stays in the list until whoever adopted it has buried it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    child = [sys.executable, "-c", RUN, "--port", "0", "--population", "0", "--with-parent"]
    parent = (
        f"import subprocess; p = subprocess.Popen({child!r}, cwd={str(ROOT)!r}); print(p.pid, flush=True); p.wait()"
    )
    starter = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    assert "http://" in starter.stdout.readline()
    starter.kill()
    # the pipe's other end is the sandbox's: it closes when the sandbox is gone
    assert starter.stdout.read() == ""
    starter.wait()
    starter.stdout.close()
    deadline = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)  # nobody tells a stranger of its end
    assert not is_running(pid)


def test_secrets_may_come_from_a_file(run: Callable[..., Running], tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    file.write_text(json.dumps({"app_id": "wxmine", "secret": "s" * 32, "callback": "http://127.0.0.1:9/cb"}))
    running = run("--account", str(file), "--kind", "subscription")
    account = running.ask("/_sandbox/state")["account"]
    assert (account["app_id"], account["kind"]) == ("wxmine", "subscription")
    assert account["callback_url"] == "http://127.0.0.1:9/cb"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--aes-key", "short"], "43"),
        (["--start", "tomorrow"], "2026-11-22T10:00:00+08:00"),
        (["--callback", "shop.example"], "http://"),
        (["--account", "/nowhere.json"], "/nowhere.json"),
        (["--mode", "loud"], "plain"),
    ],
)
def test_a_wrong_option_is_explained(options: list[str], told: str) -> None:
    command = [sys.executable, "-c", RUN, "--port", "0", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert told in done.stderr


def test_a_taken_port_is_named(run: Callable[..., Running]) -> None:
    taken = str(run().port)
    command = [sys.executable, "-c", RUN, "--port", taken]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert taken in done.stderr
