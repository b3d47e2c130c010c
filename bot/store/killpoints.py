"""Named places where a drill may stop the process dead; in a shop they do nothing.

``SHUKE_KILL_POINT="marked:3"`` kills the process at the third passing of ``marked``; a third part names another end:
``exit`` (no clean-up), ``kill`` (SIGKILL, the default) or ``stop`` (SIGSTOP, until somebody sends SIGCONT).
"""

from __future__ import annotations

import os
import signal

VARIABLE = "SHUKE_KILL_POINT"
ENDS = ("kill", "exit", "stop")


class _Drill:
    def __init__(self, plan: str) -> None:
        name, _, rest = plan.partition(":")
        passing, _, end = rest.partition(":")
        self.name, self.left, self.end = name, int(passing or 1), end or "kill"
        if self.end not in ENDS:
            raise ValueError(f"{VARIABLE}: {self.end} is no end; use one of {', '.join(ENDS)}")

    def pass_by(self, name: str) -> None:
        if name != self.name:
            return
        self.left -= 1
        if self.left != 0:
            return
        if self.end == "exit":
            os._exit(70)
        os.kill(os.getpid(), signal.SIGKILL if self.end == "kill" else signal.SIGSTOP)


_drill = _Drill(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def reach(name: str) -> None:
    """Marks a place a drill can name."""
    if _drill is not None:
        _drill.pass_by(name)
