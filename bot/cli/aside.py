"""Work in a forked child, so that what it imports does not stay in the memory of the process that waits for it."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

from bot.cli.binding import begin_child
from bot.errors import ShukeError

Step = Callable[[], str | None]


class Aside:
    """Runs ``steps`` one after another; ``done(n)`` tells without waiting whether the first n have answered.

    ``answer(n)`` is what step n (from 0) returned; it raises ShukeError with the words of the step that failed.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        read, write = os.pipe()
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        self._child = os.fork()
        if self._child == 0:
            os.close(read)
            _work(steps, write, parent)
        os.close(write)
        os.set_blocking(read, False)
        self._pipe = read
        self._received = b""
        self._over = False

    def done(self, steps: int) -> bool:
        while not self._over:
            try:
                some = os.read(self._pipe, 65536)
            except BlockingIOError:
                break
            self._received += some
            self._over = not some
        return self._over or self._received.count(b"\n") >= steps

    def answer(self, step: int) -> str | None:
        lines = self._received.split(b"\n")[:-1]
        for line in lines[: step + 1]:
            answer = json.loads(line)
            if "error" in answer:
                raise ShukeError(answer["error"])
        if len(lines) <= step:
            raise ShukeError("The start was not prepared; the lines above say why.")
        return answer["value"]

    def close(self) -> None:
        """Ends the child, whether it is finished or not."""
        os.close(self._pipe)
        os.kill(self._child, signal.SIGTERM)
        os.waitpid(self._child, 0)


def _work(steps: Sequence[Step], write: int, parent: int) -> NoReturn:
    """The child's whole life; never returns into the parent's code."""
    code = 1
    try:
        begin_child(parent)
        for step in steps:
            os.write(write, json.dumps({"value": step()}).encode() + b"\n")
        code = 0
    except ShukeError as error:
        os.write(write, json.dumps({"error": str(error)}).encode() + b"\n")
    except BaseException:  # noqa: BLE001  (shown here; the parent hears of it by the missing answer)
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)
