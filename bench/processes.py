"""Processes of a measurement: pinned to a core, waited for until they answer, always stopped at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

# The server or sender under test has a core to itself; load, stores and the platform's stand-in share the other.
TESTED, OTHERS = 0, 1
STOP_SECONDS = 12.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(
    argv: Sequence[str],
    *,
    core: int | None,
    log: Path,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process for the block's time, on ``core`` (None: on all); its output goes to ``log``."""

    def pin() -> None:
        if core is not None:
            os.sched_setaffinity(0, {core})
        else:
            os.sched_setaffinity(0, {TESTED, OTHERS})

    with log.open("ab") as output:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environ or {})},
            cwd=folder,
            preexec_fn=pin,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # Whatever it left in its session: gunicorn's workers, say, when their parent was killed.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path, seconds: float = 30.0) -> None:
    """Waits until somebody listens. Raises RuntimeError, with the log's end, where the process dies or takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            if connection.recv(1):
                return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} does not answer:\n{log.read_text(errors='replace')[-2000:]}")


def wait_for_port_only(port: int, process: subprocess.Popen[bytes], log: Path, seconds: float = 10.0) -> None:
    """The same for servers that do not speak HTTP."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} does not listen:\n{log.read_text(errors='replace')[-2000:]}")


def completed(
    argv: Sequence[str], *, core: int | None, folder: Path | None = None, environ: Mapping[str, str] | None = None
) -> str:
    """Runs a command to its end on ``core`` (None: on all); returns what it printed. Raises RuntimeError where it fails."""
    done = subprocess.run(
        list(argv),
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **(environ or {})},
        preexec_fn=lambda: os.sched_setaffinity(0, {TESTED, OTHERS} if core is None else {core}),
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{argv} failed:\n{done.stderr[-3000:]}")
    return done.stdout
