"""A part that is forked from us rather than started anew: what stands imported before the fork is in memory once."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import IO

from setproctitle import setproctitle

from bot.cli.binding import begin_child


class Forked:
    """Runs ``work`` in a child that the process list shows as ``title``; to be used like a ``subprocess.Popen``.

    ``work`` returns the exit code. The child has a session of its own, its output comes through ``stdout``, and of what
    we have open it keeps nothing. To be called where no other thread runs.
    """

    def __init__(self, work: Callable[[], int], title: str, environ: Mapping[str, str] | None) -> None:
        read, write = os.pipe()
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _live(work, title, environ, write, parent)
        os.close(write)
        self.stdout: IO[bytes] = os.fdopen(read, "rb", buffering=0)

    def send_signal(self, number: int) -> None:
        """Only while it has not been waited for: its number may be another's afterwards."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Its exit code, negative where a signal ended it."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _live(work: Callable[[], int], title: str, environ: Mapping[str, str] | None, write: int, parent: int) -> None:
    """The child's whole life; never returns into the parent's code."""
    code = 1
    try:
        begin_child(parent)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(write, 1)
        os.dup2(write, 2)
        # Our lock, our ports, our siblings' output: held open here they would outlive us.
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        # It finds the name's place by the environment's, so it comes first.
        setproctitle(title)
        if environ is not None:
            os.environ.clear()
            os.environ.update(environ)
        code = work()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  (shown in the log; the parent starts another)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
