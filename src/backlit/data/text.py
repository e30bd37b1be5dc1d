"""CSV and TSV files as tables: the delimiter found out, heading or none, numbers, words and missing cells; no guess passes silently.

Empty and NA cells are missing. Every error names the file, the line as an editor counts it, and the column.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from .table import MISSING, Table

Array = Any
_STRAY = 0.01  # a column in which at most this part are no numbers was meant to hold numbers
_ENOUGH = 20  # rows, before that is said of a column


def read_text(path: Path, *, header: bool | None = None) -> Table:
    """The table in a CSV or TSV file (or one in gzip); raises DataError."""
    text = decode(path)
    lines = list(_rows(text, _delimiter(text, path), path))
    if not lines:
        raise DataError(f"{path} is empty; a table has a row an example")
    has_header = header if header is not None else not any(_is_number(cell) for cell in lines[0][1])
    names = (
        [cell.strip() for cell in lines[0][1]] if has_header else [f"x{k}" for k in range(len(lines[0][1]))]
    )
    _check_names(names, path)
    body = lines[1:] if has_header else lines
    if not body:
        raise DataError(f"{path} has a heading and no rows below it")
    for number, cells in body:
        if len(cells) != len(names):
            raise DataError(
                f"{path}, line {number}: it has {len(cells)} cells and the {'heading' if has_header else 'first line'} "
                f"{len(names)}; mend the line"
            )
    numbers = [number for number, _ in body]
    columns = {
        name: _column([cells[k].strip() for _, cells in body], name, numbers, path)
        for k, name in enumerate(names)
    }
    table = Table(columns, source=str(path), first_row=numbers[0])
    table.named = has_header
    return table


def decode(path: Path) -> str:
    """The text of a file, UTF-8 with or without a mark; raises DataError naming the line that isn't."""
    raw = path.read_bytes()
    if path.suffix == ".gz":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError) as reason:
            raise DataError(f"{path} is not a whole gzip file: {reason}") from reason
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        line = raw[: reason.start].count(b"\n") + 1
        raise DataError(
            f"{path}, line {line}: byte {raw[reason.start]:#04x} is not UTF-8; save the file as UTF-8"
        ) from reason
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise DataError(
            f"{path}, line {line}: it has a zero byte, so it is no text table; save it as CSV in UTF-8"
        )
    return text


def _delimiter(text: str, path: Path) -> str:
    if ".tsv" in path.suffixes or path.suffix == ".tab":
        return "\t"
    first = text.lstrip().split("\n", 1)[0]
    return max((",", ";", "\t"), key=first.count)


def _rows(text: str, delimiter: str, path: Path) -> Any:
    """(line number, cells) of each line that isn't blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = 0
    try:
        for cells in reader:
            if cells and not (len(cells) == 1 and not cells[0].strip()):
                yield before + 1, cells
            before = reader.line_num
    except csv.Error as reason:
        raise DataError(f"{path}, line {before + 1}: {reason}; a quote is probably not closed") from reason


def _check_names(names: list[str], path: Path) -> None:
    for name in names:
        if names.count(name) > 1:
            what = f"two columns are named {name!r}" if name else "two columns have no name"
            raise DataError(f"{path}, line 1: {what}; rename one")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.strip().lower() not in ("nan", "inf", "infinity")


def _column(cells: list[str], name: str, numbers: list[int], path: Path) -> Array:
    """Numbers where all cells are, else words; a few words among many numbers are an error."""
    missing = [cell in MISSING for cell in cells]
    try:
        column = np.array(
            ["nan" if gone else cell for cell, gone in zip(cells, missing, strict=True)], dtype=np.float64
        )
    except ValueError:
        return _words(cells, missing, name, numbers, path)
    infinite = np.isinf(column)
    if infinite.any():
        row = int(np.argmax(infinite))
        raise DataError(
            f"{path}, line {numbers[row]}, column {name!r}: {cells[row]!r} is infinite; empty the cell if it is missing, or mend it"
        )
    written_nan = np.isnan(column) & ~np.array(missing)
    if written_nan.any():
        row = int(np.argmax(written_nan))
        raise DataError(
            f"{path}, line {numbers[row]}, column {name!r}: {cells[row]!r} is not a number; empty the cell"
        )
    whole = (
        not any(missing) and bool((column == np.floor(column)).all()) and bool((abs(column) < 2**53).all())
    )
    return (
        column.astype(np.int64)
        if whole and not any("." in cell or "e" in cell.lower() for cell in cells[:100])
        else column
    )


def _words(cells: list[str], missing: list[bool], name: str, numbers: list[int], path: Path) -> Array:
    strays = [row for row, cell in enumerate(cells) if not missing[row] and not _is_float(cell)]
    there = len(cells) - sum(missing)
    if there >= _ENOUGH and len(strays) <= _STRAY * there:
        row = strays[0]
        raise DataError(
            f"{path}, line {numbers[row]}, column {name!r}: {cells[row]!r} is not a number, and the column's other cells are; "
            "mend it, or empty the cell if it is missing"
        )
    column = np.empty(len(cells), dtype=object)
    column[:] = [None if gone else cell for cell, gone in zip(cells, missing, strict=True)]
    return column


def _is_float(cell: str) -> bool:
    try:
        return not math.isnan(float(cell))
    except ValueError:
        return False
