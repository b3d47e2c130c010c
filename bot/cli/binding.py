"""Children bound to their parent: none outlives it, whatever kills it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LIBC = ctypes.CDLL(None)


def bound_to(parent: int, wish: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """What a child does first: asks the kernel for a signal when the parent dies, whatever kills it (Linux only)."""

    def bind() -> None:
        if sys.platform == "linux":
            _LIBC.prctl(PR_SET_PDEATHSIG, wish)
        if os.getppid() != parent:
            os._exit(1)

    return bind


def begin_child(parent: int) -> None:
    """What a child does that was forked from a process with signal handlers of its own, before anything else."""
    signal.set_wakeup_fd(-1)
    for number in (*STOP_SIGNALS, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    bound_to(parent)()
