"""Where the parts of a drilled shop are born and, whatever becomes of the test, buried.

A process of its own that starts ``shuke …`` on request, knows what became of each, and takes all of them along when the
test is over or dies. Full counts start the console script; small counts fork it from here, where everything is loaded
already: the same code, without the second that importing takes.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
_LIBC = ctypes.CDLL(None)


class Nursery:
    """The test's end. ``warm``: fork parts instead of starting the console script."""

    def __init__(self, *, warm: bool) -> None:
        self.warm = warm
        ours, theirs = socket.socketpair()
        environ = {name: value for name, value in os.environ.items() if not name.startswith("SHUKE_")}
        # The parts' own folders only: a test's modules must not be found by the product.
        environ["PYTHONPATH"] = f"{ROOT}{os.pathsep}{Path(__file__).parent}"
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno()), "warm" if warm else "cold"],
                env=environ,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._line = ours.makefile("rw", encoding="utf-8")
        ours.close()

    def start(self, words: list[str], *, folder: Path, log: Path, environ: dict[str, str], dies: str = "") -> int:
        """Starts ``shuke`` with these words; returns its process id."""
        return int(self._ask(start=words, folder=str(folder), log=str(log), environ=environ, dies=dies))

    def ended(self, pid: int) -> int | None:
        """The exit code, negative for a signal; None while it lives."""
        code = self._ask(ended=pid)
        return None if code is None else int(code)

    def close(self) -> list[str]:
        """Ends everything that is left; returns the command lines of what was."""
        left = self._ask(close=True)
        self._line.close()
        self._process.wait(timeout=20)
        return list(left)

    def _ask(self, **question: Any) -> Any:
        self._line.write(json.dumps(question) + "\n")
        self._line.flush()
        answer = self._line.readline()
        assert answer, "the nursery is gone"
        return json.loads(answer)


def _main(descriptor: int, *, warm: bool) -> None:
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    # What a killed part leaves behind becomes ours, and goes with us.
    _LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    line = socket.socket(fileno=descriptor).makefile("rw", encoding="utf-8")
    if warm:
        _load()
    codes: dict[int, int] = {}
    try:
        for asked in line:
            question = json.loads(asked)
            if "start" in question:
                answer: Any = _give_birth(question, warm=warm)
                # After thousands the kernel gives a dead one's number again.
                codes.pop(answer, None)
            elif "ended" in question:
                _bury(codes)
                answer = codes.get(question["ended"])
            else:
                answer = _end_all()
            line.write(json.dumps(answer) + "\n")
            line.flush()
    finally:
        _end_all()


def _load() -> None:
    """Everything the parts import by and by, and what their first minutes would build."""
    from datetime import UTC, datetime

    import granian.server  # noqa: F401
    import psycopg  # noqa: F401
    from sqlalchemy.orm import configure_mappers

    import app  # noqa: F401
    import bot.cli.database
    import bot.cli.steps
    import bot.gateway.webhook
    import bot.language
    import bot.platforms.official_account.client
    import bot.sandbox
    import handlers
    import jobs.accounts
    import jobs.inbox
    import jobs.menus
    import jobs.scheduler
    import jobs.worker  # noqa: F401

    for room in Path(handlers.__path__[0]).glob("*.py"):
        __import__(f"handlers.{room.stem}")
    configure_mappers()
    bot.language.warm_up(datetime.now(UTC))


def _give_birth(question: dict[str, Any], *, warm: bool) -> int:
    nursery = os.getpid()
    ready, not_yet = os.pipe()
    pid = os.fork()
    if pid:
        # Who kills it by its group at once is to find the group.
        os.close(not_yet)
        os.read(ready, 1)
        os.close(ready)
        return pid
    try:
        os.setsid()
        os.close(not_yet)
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != nursery:
            os._exit(1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        log = os.open(question["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.closerange(3, 64)
        os.chdir(question["folder"])
        os.environ.update(question["environ"])
        # A library to preload is loaded by exec only.
        if (warm or question["dies"]) and "LD_PRELOAD" not in question["environ"]:
            os._exit(_live(question["start"], question["dies"]))
        script = str(Path(sys.executable).with_name("shuke"))
        os.execv(sys.executable, [sys.executable, script, *question["start"]])
    finally:
        os._exit(70)


def _live(words: list[str], dies: str) -> int:
    import traceback

    import places

    import app

    try:
        if dies:
            places.die_at(dies)
        return app.main(words)
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:  # noqa: BLE001  (said in the part's log, and the fork must not go on as the nursery)
        traceback.print_exc()
        return 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _bury(codes: dict[int, int]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        codes[pid] = os.waitstatus_to_exitcode(status)


def _children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def _end_all() -> list[str]:
    """Kills children until there are none; those of the killed become ours in turn."""
    ended: list[str] = []
    deadline = time.monotonic() + 10
    _bury({})
    while (left := _children()) and time.monotonic() < deadline:
        for pid in left:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            os.kill(pid, signal.SIGKILL)
            ended.append(f"{pid} {words}")
        time.sleep(0.01)
        _bury({})
    return ended


if __name__ == "__main__":
    _main(int(sys.argv[1]), warm=sys.argv[2] == "warm")
