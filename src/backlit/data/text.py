"""CSV and TSV files as tables: the delimiter and the heading found out, numbers, words and missing cells told apart.

Empty and NA cells are missing. Every error names the file, the line as an editor counts it, and the column. Cells
become numbers a few thousand rows at a time, so that a large file is never held as words.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import warnings
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BacklitWarning, DataError
from ..spelling import counted, spelt
from .cells import MISSING, as_number, objects
from .table import Table

Array = Any
Line = tuple[int, list[str]]  # its number, counted from 1, and its cells
_ROWS_AT_ONCE = 4096
_SAMPLE = 50  # lines that delimiter and heading are found out from
_STRAY = 0.01  # a column in which at most this part (or one cell) are no numbers was meant to hold numbers …
_ENOUGH = 20  # … which is said of columns with at least so many cells
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def read_text(path: Path, *, header: bool | None = None) -> Table:
    """The table in a CSV or TSV file (or one in gzip); raises DataError."""
    text = decode(path)
    delimiter = _delimiter(text, path)
    sample = list(islice(_lines(text, delimiter, path), _SAMPLE))
    if not sample:
        raise DataError(f"{path} is empty; a table has a row an example")
    headed = _is_headed(sample) if header is None else header
    names = _names(sample[0][1], path) if headed else [f"x{k}" for k in range(len(sample[0][1]))]
    numbers, columns, texts = _numeric_columns(text, delimiter, path, names, headed)
    if not len(numbers):
        raise DataError(f"{path} has a heading and no rows below it; a table has a row an example")
    if texts:
        columns.update(_text_columns(text, delimiter, path, names, headed, texts, numbers))
    ordered = {name: columns[k] for k, name in enumerate(names)}
    return Table(ordered, named=headed, source=str(path), numbers=numbers, unit="line")


def decode(path: Path) -> str:
    """The text of a file, UTF-8 with or without a mark; raises DataError naming the line that isn't."""
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as reason:
            raise DataError(f"{path} is no whole gzip file ({reason}); fetch or make it again") from reason
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError(f"{path}, line 1: it is UTF-16; save the file as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        line = raw.count(b"\n", 0, reason.start) + 1
        raise DataError(
            f"{path}, line {line}: byte 0x{raw[reason.start]:02x} is not UTF-8; save the file as UTF-8"
        ) from reason
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(
            f"{path}, line {line}: it has a zero byte, so it is no text table; save it as CSV in UTF-8"
        )
    return text


def _lines(text: str, delimiter: str, path: Path) -> Iterator[Line]:
    """Each line that isn't blank; one cell alone is a line of its own."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = 0
    try:
        for cells in reader:
            if len(cells) > 1 or (cells and cells[0].strip()):
                yield before + 1, cells
            before = reader.line_num
    except csv.Error as reason:
        raise DataError(
            f"{path}, line {before + 1}: {reason}; a quote is probably not closed, or not doubled"
        ) from reason


def _delimiter(text: str, path: Path) -> str:
    """Comma, semicolon, tab or bar: the one that cuts the first line, and the most lines into as many cells as it."""
    if ".tsv" in path.suffixes or ".tab" in path.suffixes:
        return "\t"

    def merit(delimiter: str) -> tuple[bool, int, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            widths = [len(cells) for cells in islice(reader, _SAMPLE) if cells]
        except csv.Error:
            widths = []
        first = widths[0] if widths else 0
        return first > 1, widths.count(first), first

    return max((",", ";", "\t", "|"), key=merit)


def _is_headed(sample: Sequence[Line]) -> bool:
    """Whether the first line is a heading: a word over numbers is the sign; without one, words all through are a
    heading.
    """
    first = sample[0][1]
    rest = [cells for _, cells in sample[1:] if len(cells) == len(first)]
    said = [cell.strip() not in MISSING and as_number(cell) is None for cell in first]
    for k, is_word in enumerate(said):
        below = [cells[k].strip() for cells in rest]
        there = [cell for cell in below if cell not in MISSING]
        if is_word and there and sum(as_number(cell) is not None for cell in there) > len(there) / 2:
            return True
    return not any(as_number(cell) is not None for cell in first) and any(said)


def _names(heading: list[str], path: Path) -> list[str]:
    """The columns' names; one without a name is called after its place, which is said."""
    names = [cell.strip() for cell in heading]
    for place, name in enumerate(names, start=1):
        if not name:
            names[place - 1] = f"column {place}"
            warnings.warn(
                f"{path}, line 1: column {place} has no name and is called 'column {place}' here; if it only counts "
                f"the rows, leave it out ({spelt('exclude', [f'column {place}'])})",
                BacklitWarning,
                stacklevel=5,
            )
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{path}, line 1: two columns are named {name!r}; rename one")
    return names


def _body(text: str, delimiter: str, path: Path, names: list[str], headed: bool) -> Iterator[list[Line]]:
    """The rows below the heading, some thousands at a time; raises DataError for one that is too short or too long."""
    lines = _lines(text, delimiter, path)
    if headed:
        next(lines)
    while chunk := list(islice(lines, _ROWS_AT_ONCE)):
        for number, cells in chunk:
            if len(cells) != len(names):
                what = "the heading" if headed else "the first line"
                raise DataError(
                    f"{path}, line {number}: it has {counted(len(cells), 'cell')} and {what} has {len(names)}; mend "
                    "the line (a cell with a comma in it is quoted)"
                )
        yield chunk


def _numeric_columns(
    text: str, delimiter: str, path: Path, names: list[str], headed: bool
) -> tuple[Array, dict[int, Array], list[int]]:
    """The rows' line numbers, the columns that are all numbers by their place, and the places of the others."""
    numbers: list[int] = []
    parts: list[list[Array] | None] = [[] for _ in names]
    whole = [True] * len(names)
    for chunk in _body(text, delimiter, path, names, headed):
        numbers += [number for number, _ in chunk]
        for k, cells in enumerate(zip(*(cells for _, cells in chunk), strict=True)):
            part = parts[k]
            if part is None:
                continue
            found = _as_numbers(cells)
            if found is None:
                parts[k] = None
                continue
            part.append(found)
            whole[k] = whole[k] and _is_whole(found, cells)
    columns = {}
    for k, part in enumerate(parts):
        if part:
            column = np.concatenate(part)
            columns[k] = column.astype(np.int64) if whole[k] else column
    return np.array(numbers, dtype=np.int64), columns, [k for k, part in enumerate(parts) if part is None]


def _as_numbers(cells: Sequence[str]) -> Array | None:
    """The cells as float64, NaN where missing, or None where one is no number."""
    try:
        found = np.array(cells, dtype=np.float64)
        if not np.isnan(found).any():
            return found
    except ValueError:
        pass
    gone = [cell.strip() in MISSING for cell in cells]
    try:
        found = np.array(
            ["nan" if missing else cell for cell, missing in zip(cells, gone, strict=True)], dtype=np.float64
        )
    except ValueError:
        return None
    return found if np.array_equal(np.isnan(found), gone) else None


def _is_whole(found: Array, cells: Sequence[str]) -> bool:
    """Whether all are whole numbers and written as such: "3.0" is a value."""
    if not (np.isfinite(found).all() and (found == np.floor(found)).all() and (abs(found) < 2**53).all()):
        return False
    return not set("".join(cells)).intersection(".eE")


def _text_columns(
    text: str, delimiter: str, path: Path, names: list[str], headed: bool, texts: list[int], numbers: Array
) -> dict[int, Array]:
    """The other columns: booleans or words. A few words among many numbers are an error, and so are decimal commas."""
    cells: dict[int, list[str]] = {k: [] for k in texts}
    memory: dict[str, str] = {}  # each word once, however many rows it is in
    for chunk in _body(text, delimiter, path, names, headed):
        for k in texts:
            cells[k] += [memory.setdefault(line[k].strip(), line[k].strip()) for _, line in chunk]
    return {k: _words(cells[k], path, numbers, names[k]) for k in texts}


def _words(cells: list[str], path: Path, numbers: Array, name: str) -> Array:
    gone = [cell in MISSING for cell in cells]
    there = len(cells) - sum(gone)
    if all(cell in _BOOLEANS for cell, missing in zip(cells, gone, strict=True) if not missing):
        values = [_BOOLEANS.get(cell) for cell in cells]
        return objects(values, gone) if any(gone) else np.array(values, dtype=bool)
    strays = [row for row, cell in enumerate(cells) if not gone[row] and as_number(cell) is None]
    if strays:
        first = cells[strays[0]]
        where = f"{path}, line {numbers[strays[0]]}, column {name!r}"
        if there >= _ENOUGH and len(strays) <= max(1, _STRAY * there):
            raise DataError(
                f"{where}: {first!r} is not a number, and the column's other cells are; mend it, or empty the cell "
                "if it "
                "is missing"
            )
        if sum(_DECIMAL_COMMA.fullmatch(cells[row]) is not None for row in strays) > len(strays) / 2:
            raise DataError(f"{where}: {first!r} has a decimal comma; write the numbers with points")
    return objects(list(cells), gone)
