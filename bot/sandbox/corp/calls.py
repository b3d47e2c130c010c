"""The table of the company's interfaces, and the reading of what a call brings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bot.sandbox.calls import Ask, Picture

from .codes import refused

if TYPE_CHECKING:
    from .company import Company

Row = TypeVar("Row")
Run = Callable[["Company", Ask], "dict[str, Any] | Picture"]
# Whose token an interface takes: the app's, one with the right to customer contact (客户联系), any, or none at all.
APP, CONTACTS, ANY, NONE = "app", "contacts", "any", "none"


@dataclass(frozen=True, slots=True)
class CorpEndpoint:
    """One interface: its method, whose token it takes, how its body is read, and the plain function that answers."""

    method: str
    path: str
    run: Run
    right: str
    body: str


CORP_ENDPOINTS: dict[str, CorpEndpoint] = {}


def corp_endpoint(method: str, path: str, right: str = CONTACTS, *, body: str | None = None) -> Callable[[Run], Run]:
    """Register the function that answers a path below /cgi-bin/; two for one path is a mistake and says so."""

    def register(run: Run) -> Run:
        whole = f"/cgi-bin/{path}"
        if whole in CORP_ENDPOINTS:
            raise ValueError(f"two functions answer {whole}")
        form = body or ("json" if method == "POST" else "none")
        CORP_ENDPOINTS[whole] = CorpEndpoint(method, whole, run, right, form)
        return run

    return register


def given(ask: Ask, name: str) -> str:
    """A required parameter of the query: `Refused` 40063 when it is missing or empty."""
    value = ask.query.get(name, "")
    if not value:
        raise refused(40063)
    return value


def text(
    branch: dict[str, Any], name: str, *, characters: int | None = None, size: int | None = None, needed: bool = True
) -> str:
    """A text field: 40063 when it is needed and empty, 40058 for another type or above the number of characters or
    bytes (`size`)."""
    value = branch.get(name)
    if value is None or value == "":
        if needed:
            raise refused(40063)
        return ""
    if not isinstance(value, str):
        raise refused(40058)
    if characters is not None and len(value) > characters:
        raise refused(40058)
    if size is not None and len(value.encode()) > size:
        raise refused(40058)
    return value


def whole(branch: dict[str, Any], name: str, default: int | None = None) -> int:
    """A whole number, also as text: 40063 when it is missing and has no default, 40058 for anything else."""
    value = branch.get(name, default)
    if value is None:
        raise refused(40063)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise refused(40058)
    return value


def ids(branch: dict[str, Any], name: str, *, most: int, needed: bool = True) -> list[str]:
    """A list of ids without repeats: 40063 when it is needed and empty, 40058 for another type or above `most`."""
    value = branch.get(name)
    if not value:
        if needed:
            raise refused(40063)
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise refused(40058)
    if len(value) > most:
        raise refused(40058)
    return list(dict.fromkeys(value))


def objects(branch: dict[str, Any], name: str, *, most: int, excess: int = 40058) -> list[dict[str, Any]]:
    """A list of objects, empty when it is missing."""
    value = branch.get(name)
    if not value:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise refused(40058)
    if len(value) > most:
        raise refused(excess)
    return value


def inner(branch: dict[str, Any], name: str) -> dict[str, Any]:
    """A required object inside an object."""
    value = branch.get(name)
    if value is None:
        raise refused(40063)
    if not isinstance(value, dict):
        raise refused(40058)
    return value


def page(ask: Ask, rows: Sequence[Row], *, usual: int, most: int, fall_back: bool = False) -> tuple[list[Row], str]:
    """One page of rows and the cursor to the next, empty behind the last.

    A limit above `most` is refused with 40058, or falls back to the usual one. A cursor nobody gave out is refused.
    """
    limit = whole(ask.body, "limit", usual) or usual
    if limit > most:
        if not fall_back:
            raise refused(40058)
        limit = usual
    if limit < 0:
        raise refused(40058)
    start = _place(text(ask.body, "cursor", needed=False))
    if "endless_paging" in ask.twists:
        return list(rows[:limit]), cursor_at(limit)
    if start > len(rows):
        raise refused(40058)
    return list(rows[start : start + limit]), cursor_at(start + limit) if start + limit < len(rows) else ""


def cursor_at(place: int) -> str:
    return f"CuRsOr{place:08x}"


def _place(cursor: str) -> int:
    if not cursor:
        return 0
    digits = cursor.removeprefix("CuRsOr")
    if len(digits) != 8 or digits == cursor:
        raise refused(40058)
    try:
        return int(digits, 16)
    except ValueError as error:
        raise refused(40058) from error
