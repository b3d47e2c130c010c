"""What RQ may run in a worker: three bells. They do no work here, they ask the worker's hands for it and wait.

Jobs may come twice, at once, late or never: the truth is in the database, and the hands look there anyway.
"""

from __future__ import annotations

from collections.abc import Callable

_ask: Callable[[str, str], None] | None = None


def attend(ask: Callable[[str, str], None] | None) -> None:
    """Sets who answers the bells of this process: ``ask(bell, argument)`` returns when the work is done."""
    global _ask
    _ask = ask


def drain(account: str = "") -> None:
    """There are messages to send for an account; ``""``: for any."""
    _ring("drain", account)


def inbox(_argument: str = "") -> None:
    """There are received rows to work off."""
    _ring("inbox", "")


def clock(_argument: str = "") -> None:
    """Something is due by the clock."""
    _ring("clock", "")


def _ring(bell: str, argument: str) -> None:
    if _ask is None:
        raise RuntimeError("no worker attends to the bells in this process")
    _ask(bell, argument)
