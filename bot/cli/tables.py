"""Files from spreadsheets as rows of cells: CSV in the encodings met in China, and XLSX or XLS."""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from pathlib import Path
from typing import Any

from bot.errors import ShukeError
from bot.language.cells import Row

LARGEST = 64 * 1024 * 1024  # bytes; a year's bill of a large shop has a tenth of it
_ZIP, _OLD_EXCEL, _GZIP = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b"


def read_table(file: Path) -> list[Row]:
    """Each row with its line in the file, empty rows left out. Raises ShukeError that says what to do."""
    try:
        if file.stat().st_size > LARGEST:
            raise ShukeError(f"{file} is larger than {LARGEST // 1024**2} MB: is it the right file?")
        content = file.read_bytes()
    except OSError as error:
        raise ShukeError(f"cannot read {file}: {error.strerror}") from error
    if content.startswith(_ZIP):
        _refuse_packed(file, content)
    if content.startswith((_ZIP, _OLD_EXCEL)):
        return _spreadsheet(file, content)
    if content.startswith(_GZIP):
        raise ShukeError(f"{file} is compressed: unpack it first (gunzip), then import what was inside")
    return _lines(file, decoded(file, content))


def _refuse_packed(file: Path, content: bytes) -> None:
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except zipfile.BadZipFile as error:
        raise ShukeError(f"{file} is damaged: download it again") from error
    if not any(name.startswith("xl/") for name in names):
        raise ShukeError(
            f"{file} is a packed file: unpack it first (WeChat sends the password as a message), then import what was inside"
        )


def _spreadsheet(file: Path, content: bytes) -> list[Row]:
    from python_calamine import CalamineWorkbook  # start-up cost: nothing else reads spreadsheets

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        cells: list[list[Any]] = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    # The library has a dozen kinds of its own for a file that is no spreadsheet, all of them plain exceptions.
    except Exception as error:
        raise ShukeError(f"{file} cannot be read as a spreadsheet: save it again as XLSX or CSV") from error
    return [(line, row) for line, row in enumerate(cells, start=1) if any(cell not in ("", None) for cell in row)]


def decoded(file: Path, content: bytes) -> str:
    """The text of a CSV file: what its mark says, else UTF-8, else GB18030, which Excel writes in China."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ShukeError(f"{file} is neither UTF-8 nor GBK text: save it again as CSV UTF-8 or XLSX")


def _lines(file: Path, text: str) -> list[Row]:
    if "\0" in text:
        raise ShukeError(f"{file} is no text file: export it as CSV or XLSX")
    beginning = text[:8000]
    delimiter = max(",\t;", key=beginning.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    begins = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((begins, row))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise ShukeError(f"{file}, line {begins}: {error}") from error
    return rows
