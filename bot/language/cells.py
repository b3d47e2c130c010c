"""What stands in a spreadsheet's cell: text, an amount, a moment, as files from China have them. No I/O."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from bot.language.normalise import normalise, stored

Cell = str | float | int | bool | datetime | date | timedelta | None
Row = tuple[int, Sequence[Cell]]  # the line in the file, its cells

BEIJING = ZoneInfo("Asia/Shanghai")  # WeChat's files speak of Beijing's hours, wherever the shop is

_MOMENT = re.compile(r"(\d{4})[-/年](\d{1,2})[-/月](\d{1,2})日?[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.0+)?", re.ASCII)
_AMOUNT = re.compile(r"-?\d{1,12}(?:\.\d{1,5})?", re.ASCII)
_EXCEL_BEGINS = datetime(1899, 12, 30)  # noqa: DTZ001  (a serial has no zone; Beijing's is put on afterwards)


def heading(cell: Cell) -> str:
    return re.sub(r"[\s`'\"]", "", normalise(text(cell)))


def text(cell: Cell) -> str:
    """A cell's text without what a file puts around it: a leading backtick, tabs, blanks. ``/`` and ``-`` say nothing."""
    said = "" if cell is None else str(cell)
    said = stored(said).strip(" \t\r\n\ufeff").removeprefix("`").strip(" \t\r\n")
    return "" if said in ("/", "-") else said


def plain(cell: Cell) -> str:
    """As ``text``, in ASCII width: copies saved once more have ￥ and full-width colons and brackets."""
    return unicodedata.normalize("NFKC", text(cell))


def fen(cell: Cell, name: str) -> int:
    """An amount of yuan in fen, also negative; raises ValueError with the reason."""
    said = re.sub(r"[¥,\s元]", "", plain(cell)) if isinstance(cell, str) else repr(cell)
    try:
        if isinstance(cell, str) and not _AMOUNT.fullmatch(said):
            raise InvalidOperation
        amount = Decimal(said) * 100
        whole = int(amount.to_integral_value())
    except (InvalidOperation, ValueError, OverflowError):
        raise ValueError(f"{name}“{text(cell)[:20]}”不是金额") from None
    # A spreadsheet's 0.1 + 0.2 is a hair off; a real third decimal is not.
    if abs(amount - whole) > Decimal("0.0001"):
        raise ValueError(f"{name}“{text(cell)[:20]}”超过两位小数")
    return whole


def moment(cell: Cell) -> datetime:
    """A moment of Beijing's clock: text, or a spreadsheet's date or serial number. Raises ValueError with the reason."""
    said = plain(cell)
    try:
        found = _moment(cell, said)
    except (ValueError, OverflowError):
        found = None
    # WeChat Pay has nothing from before 2000; what a spreadsheet makes of a broken cell often is.
    if found is None or not 2000 <= found.year <= 2100:
        raise ValueError(f"时间“{said[:20]}”没看懂")
    return found


def _moment(cell: Cell, said: str) -> datetime | None:
    if isinstance(cell, datetime):
        return _to_second(cell)
    if isinstance(cell, date):
        return datetime.combine(cell, time(), BEIJING)
    if match := _MOMENT.fullmatch(said):
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=BEIJING)
    if re.fullmatch(r"\d{5}(\.\d+)?", said, re.ASCII):
        return _to_second(_EXCEL_BEGINS + timedelta(days=float(said)))
    return None


def _to_second(naive: datetime) -> datetime:
    """To the nearest second: half a day is no round number in a spreadsheet's serial."""
    nearest = naive.replace(tzinfo=None) + timedelta(microseconds=500_000)
    return nearest.replace(microsecond=0, tzinfo=BEIJING)


def fields(headings: Sequence[str], cells: Sequence[Cell]) -> Mapping[str, Cell]:
    """The cells of a row by their headings; a column without one is nobody's."""
    return {name: cell for name, cell in zip(headings, cells, strict=False) if name}
