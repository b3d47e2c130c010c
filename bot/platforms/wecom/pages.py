"""Lists that come page by page, behind a cursor that may lapse, repeat itself or run in a circle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from bot.errors import PlatformFailure
from bot.platforms.answers import RETRY_SECONDS, Refused
from bot.platforms.decisions import Decision
from bot.platforms.wecom.codes import BAD_PARAMETER

TRIES = 3

T = TypeVar("T")
Page = tuple[Sequence[T], str]


class CursorLost(PlatformFailure):
    """The platform does not know the cursor any more, or goes in a circle: begin at the first page again."""

    def __init__(self, code: int | None) -> None:
        words = "平台的名单翻页断了，从头再来"
        super().__init__(words, code=code, decision=Decision.AGAIN, retry_after=RETRY_SECONDS)


def one_page(fetch: Callable[[str], Page[T]], cursor: str) -> Page[T]:
    """The page at ``cursor`` and the cursor of the next, ``""`` on the last.

    A page that names itself as the next one is asked for again. Raises CursorLost and what ``fetch`` raises.
    """
    for _ in range(TRIES):
        try:
            rows, following = fetch(cursor)
        except Refused as refusal:
            if cursor and refusal.code == BAD_PARAMETER:
                raise CursorLost(refusal.code) from None
            raise
        if not cursor or following != cursor:
            return rows, following
    raise CursorLost(None)


def all_rows(fetch: Callable[[str], Page[T]]) -> Iterator[T]:
    """The rows of all pages; some come twice where the platform repeated a page or a cursor lapsed.

    Raises CursorLost where it does not come to an end, and what ``fetch`` raises: what came before is then not all.
    """
    restarts = repeats = 0
    seen: set[str] = set()
    cursor = ""
    while True:
        try:
            rows, cursor = one_page(fetch, cursor)
        except CursorLost:
            restarts += 1
            if restarts >= TRIES:
                raise
            seen.clear()
            cursor = ""
            continue
        yield from rows
        if not cursor:
            return
        # A page served a second time names a cursor that was used; asked again it mostly goes on.
        repeats += cursor in seen
        if repeats > TRIES:
            raise CursorLost(None)
        seen.add(cursor)


def cursor_of(body: dict[str, Any]) -> str:
    return str(body.get("next_cursor") or "")


def moment(seconds: object) -> datetime | None:
    """The time a row tells, in UTC; None where it tells none."""
    return datetime.fromtimestamp(int(seconds), UTC) if isinstance(seconds, int | str) and seconds else None
