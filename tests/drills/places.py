"""Places where a drilled process ends: after so many statements, around a commit, a rename, a flush.

The product's own places are named in ``bot.store.killpoints``; these need nothing of the product. A plan is
``commit:3`` (or ``statement``, ``committed``, ``renamed``): at the third passing the process and what it has forked are
gone, as by ``kill -9``.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLACES = ("statement", "commit", "committed", "renamed")


def die_at(plan: str) -> None:
    """Arms this process. Raises ValueError for a place there is not."""
    place, _, passing = plan.partition(":")
    if place not in PLACES:
        raise ValueError(f"{place} is no place; use one of {', '.join(PLACES)}")
    left = int(passing or 1)

    def pass_by() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            # The serving process of `shuke web` is a child; its parent would stop in good order.
            os.killpg(os.getpgid(0), signal.SIGKILL)

    match place:
        case "statement":
            _at_statements(pass_by)
        case "renamed":
            _at_renames(pass_by)
        case _:
            _at_commits(pass_by, after=place == "committed")


def _at_statements(pass_by: Callable[[], None]) -> None:
    from sqlalchemy import Engine, event

    event.listen(Engine, "before_cursor_execute", lambda *_: pass_by())


def _at_commits(pass_by: Callable[[], None], *, after: bool) -> None:
    from sqlalchemy.engine.default import DefaultDialect

    commit = DefaultDialect.do_commit

    def passing(dialect: Any, connection: Any) -> None:
        if after:
            commit(dialect, connection)
        pass_by()
        if not after:
            commit(dialect, connection)

    DefaultDialect.do_commit = passing  # type: ignore[method-assign]


def _at_renames(pass_by: Callable[[], None]) -> None:
    rename = Path.rename

    def passing(path: Path, target: Any) -> Path:
        renamed = rename(path, target)
        pass_by()
        return renamed

    Path.rename = passing  # type: ignore[assignment,method-assign]
