"""Cells and columns: what counts as missing, what a column holds, and its cells as numbers or as words.

A column is a one-dimensional array: numbers (NaN where a cell is missing), booleans, or an object array of words or
booleans with None where a cell is missing. Nothing here knows of files or of what a recipe makes of a column.
"""

from __future__ import annotations

import math
from decimal import Decimal
from numbers import Real
from typing import Any, Literal

import numpy as np

Array = Any
Kind = Literal["number", "boolean", "words", "other"]

MISSING = frozenset({"", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "Null", "<NA>"})


def as_column(values: list[Any]) -> Array:
    """A column from a list of Python values; None, NaN and the words of ``MISSING`` are missing."""
    gone = [_is_gone(value) for value in values]
    there = [value for value, missing in zip(values, gone, strict=True) if not missing]
    gaps = len(there) < len(values)
    if there and all(isinstance(value, (bool, np.bool_)) for value in there):
        return objects(values, gone) if gaps else np.array(values, dtype=bool)
    if all(isinstance(value, (Real, Decimal)) and not isinstance(value, (bool, np.bool_)) for value in there):
        whole = not gaps and all(isinstance(value, (int, np.integer)) for value in there)
        if whole and there and max(abs(int(value)) for value in there) < 2**63:
            return np.array(values, dtype=np.int64)
        return np.array(
            [np.nan if missing else float(value) for value, missing in zip(values, gone, strict=True)]
        )
    if all(isinstance(value, (str, Real, Decimal, np.bool_)) for value in there):
        return objects(
            [None if missing else word(value) for value, missing in zip(values, gone, strict=True)], gone
        )
    return objects(values, gone)


def objects(values: list[Any], gone: list[bool]) -> Array:
    """An object array of the values, None where they are missing."""
    column = np.empty(len(values), dtype=object)
    for place, (value, missing) in enumerate(zip(values, gone, strict=True)):
        column[place] = None if missing else value
    return column


def kind_of(column: Array) -> Kind:
    """What a column holds; "other" is what no rule exists for, such as dates and lists."""
    if column.dtype.kind == "b":
        return "boolean"
    if column.dtype.kind in "iuf":
        return "number"
    there = [value for value in column.tolist() if value is not None]
    if there and all(isinstance(value, (bool, np.bool_)) for value in there):
        return "boolean"
    return "words" if all(isinstance(value, str) for value in there) else "other"


def is_missing(column: Array) -> Array:
    """Where a column has no value, (n,) of bool."""
    if column.dtype.kind == "f":
        return np.isnan(column)
    if column.dtype.kind == "O":
        return np.array([value is None for value in column.tolist()], dtype=bool)
    return np.zeros(len(column), dtype=bool)


def as_numbers(column: Array) -> Array:
    """A column of numbers or booleans in float64, NaN where a cell is missing; a new array unless it is that
    already.
    """
    if column.dtype.kind == "O":
        return np.array([np.nan if value is None else float(value) for value in column.tolist()])
    return column.astype(np.float64, copy=False)


def as_words(column: Array) -> list[str | None]:
    """The cells as words, None where missing; numbers are written as short as they can be."""
    gaps = is_missing(column)
    return [None if gone else word(cell) for cell, gone in zip(column.tolist(), gaps, strict=True)]


def word(value: object) -> str:
    """A cell as a word: 2.0 is "2", so that a column of words that one file has as numbers is found again."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def as_number(cell: object) -> float | None:
    """The number that a cell says, or None where it says none; NaN is none."""
    try:
        number = float(str(cell))
    except ValueError:
        return None
    return None if math.isnan(number) else number


def same_word(text: str) -> str:
    """The form under which two words are the same: "1.50" and "1.5" are, other words are what they are."""
    number = as_number(text)
    return text if number is None else word(number)


def _is_gone(value: object) -> bool:
    if isinstance(value, str):
        return value.strip() in MISSING
    if isinstance(value, (float, np.floating, Decimal)):
        return math.isnan(value)
    return value is None or type(value).__name__ in ("NAType", "NaTType")  # pandas' own
