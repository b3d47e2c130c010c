"""Keeps a handful of processes alive: starts them, shows their logs, starts again what dies, stops all cleanly."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from bot.cli.binding import STOP_SIGNALS, bound_to
from bot.cli.forked import Forked
from bot.cli.screen import Screen

FIRST_PAUSE = 0.3
LONGEST_PAUSE = 5.0
STEADY_AFTER = 30.0
GRACE = 12.0
SERVICE_GRACE = 3.0
GLANCE = 0.5
IMPATIENT_GLANCE = 0.03
SECOND_WISH = 1.0

Process = subprocess.Popen[bytes] | Forked


@dataclass(frozen=True)
class Part:
    """One process to keep alive.

    ``executable`` where ``argv[0]`` is only the name for the process list; a ``service`` is needed by the others, so it
    is stopped after them. With ``work`` it is forked from this process and does that; ``argv`` is then only its name.
    """

    name: str
    argv: Sequence[str]
    environ: Mapping[str, str] | None = None
    executable: str | None = None
    service: bool = False
    work: Callable[[], int] | None = None


@dataclass
class _Watched:
    part: Part
    process: Process | None = None
    started: float = 0.0
    due: float = 0.0
    pause: float = FIRST_PAUSE
    unfinished: bytes = b""


class Supervisor:
    """Runs in the main thread, as a context: leaving it stops every part within ``grace`` seconds.

    ``stopping`` becomes true with SIGINT, SIGTERM or SIGHUP; Ctrl-C a second time shortens the grace to
    nothing.
    """

    def __init__(self, screen: Screen, *, grace: float = GRACE) -> None:
        self.screen = screen
        self.stopping = False
        self._grace = grace
        self._asked = 0.0
        self._hurried = False
        self._watched: list[_Watched] = []

    def __enter__(self) -> Supervisor:
        self._selector = selectors.DefaultSelector()
        self._bell = os.pipe()
        for end in self._bell:
            os.set_blocking(end, False)
        self._selector.register(self._bell[0], selectors.EVENT_READ)
        self._handlers = {number: signal.signal(number, self._asked_to_stop) for number in STOP_SIGNALS}
        # Without a handler of its own the end of a child would not wake the loop.
        self._handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        self._former_bell = signal.set_wakeup_fd(self._bell[1], warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            signal.set_wakeup_fd(self._former_bell)
            for number, handler in self._handlers.items():
                signal.signal(number, handler)
            self._selector.close()
            for end in self._bell:
                os.close(end)

    def start(self, part: Part) -> None:
        """Starts the part now and whenever it dies."""
        watched = _Watched(part)
        self._watched.append(watched)
        self._spawn(watched)

    def watch(self, until: Callable[[], bool] | None = None) -> None:
        """Keeps the parts alive until asked to stop, or until ``until()`` holds, where it is given."""
        while not self.stopping and not (until and until()):
            self._attend(IMPATIENT_GLANCE if until else GLANCE)

    def stop(self) -> None:
        """Ends all parts: SIGTERM, the grace, SIGKILL; services after the others, which may still need them."""
        self.stopping = True
        self._end([w for w in self._watched if not w.part.service], self._grace)
        self._end([w for w in self._watched if w.part.service], SERVICE_GRACE)
        self.screen.flush()

    def _asked_to_stop(self, number: int, _frame: object) -> None:
        now = time.monotonic()
        if not self.stopping:
            self._asked = now
        # A signal to the whole process group reaches us twice, directly and through make: that is no hurry.
        elif number == signal.SIGINT and now - self._asked > SECOND_WISH:
            self._hurried = True
        self.stopping = True

    def _attend(self, patience: float) -> None:
        """One round: shows what was logged, notices who died, starts again who is due."""
        if not self.stopping:
            dues = [watched.due for watched in self._watched if watched.process is None]
            patience = max(0.0, min([patience, *(due - time.monotonic() for due in dues)]))
        for key, _ in self._selector.select(patience):
            if key.fd == self._bell[0]:
                os.read(self._bell[0], 512)
            else:
                self._show(key.data)
        self.screen.flush()
        for watched in self._watched:
            if watched.process is not None and _has_ended(watched.process):
                self._bury(watched, watched.process)
            elif watched.process is None and not self.stopping and watched.due <= time.monotonic():
                self._spawn(watched)

    def _spawn(self, watched: _Watched) -> None:
        watched.started = time.monotonic()
        try:
            process = _begun(watched.part)
        except OSError as error:
            self._plan(watched, f"起不来（{error.strerror}）")
            return
        watched.process = process
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, watched)

    def _plan(self, watched: _Watched, what: str) -> None:
        """Decides when to start again: soon at first, slower where it dies at once, never slower than 5 s."""
        if time.monotonic() - watched.started >= STEADY_AFTER:
            watched.pause = FIRST_PAUSE
        watched.due = time.monotonic() + watched.pause
        if not self.stopping:
            self.screen.log(watched.part.name, f"{what}，{watched.pause:.1f} 秒后重新启动")
        watched.pause = min(LONGEST_PAUSE, 2 * watched.pause)

    def _bury(self, watched: _Watched, process: Process) -> None:
        # Before its number is free again: whatever the part has started goes with it, or it would hold the port.
        _signal_group(process, signal.SIGKILL)
        code = process.wait()
        self._show(watched)
        assert process.stdout is not None
        self._forget(process.stdout)
        process.stdout.close()
        watched.process, watched.unfinished = None, b""
        self._plan(watched, f"停了（信号 {-code}）" if code < 0 else f"停了（退出码 {code}）")

    def _show(self, watched: _Watched) -> None:
        process = watched.process
        assert process is not None
        assert process.stdout is not None
        output = process.stdout
        while True:
            try:
                some = os.read(output.fileno(), 65536)
            except BlockingIOError:
                return
            if not some:
                # Closed by a part that lives on; readable for ever, so it is no longer asked.
                self._forget(output)
                if watched.unfinished:
                    self.screen.log(watched.part.name, watched.unfinished.decode(errors="replace"))
                watched.unfinished = b""
                return
            *lines, watched.unfinished = (watched.unfinished + some).split(b"\n")
            for line in lines:
                self.screen.log(watched.part.name, line.decode(errors="replace"))

    def _forget(self, output: IO[bytes]) -> None:
        if output in self._selector.get_map():
            self._selector.unregister(output)

    def _end(self, group: list[_Watched], grace: float) -> None:
        for watched in group:
            if watched.process is not None:
                watched.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + grace
        while any(watched.process for watched in group):
            if self._hurried or time.monotonic() >= deadline:
                for watched in group:
                    if watched.process is not None:
                        _signal_group(watched.process, signal.SIGKILL)
            self._attend(IMPATIENT_GLANCE)


def _begun(part: Part) -> Process:
    if part.work is not None:
        return Forked(part.work, " ".join(part.argv), part.environ)
    return subprocess.Popen(
        list(part.argv),
        executable=part.executable,
        env=None if part.environ is None else dict(part.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # A session of its own: Ctrl-C in the terminal is for us alone, and what a part leaves can be swept up.
        start_new_session=True,
        preexec_fn=bound_to(os.getpid()),
    )


def _has_ended(process: Process) -> bool:
    """Whether it is over, without freeing its number yet."""
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _signal_group(process: Process, number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return  # the whole group is gone, which is what was wanted
