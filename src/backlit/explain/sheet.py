"""Tables with a row an example: columns of signed numbers, each on a scale of its own, as many as there is room for.

What the numbers mean is told elsewhere; colour says their signs once more, and never alone (paper.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .formula import DIGITS, scientific
from .paper import Paper, padded

Array = Any
_SMALLEST, _LARGEST = 1e-4, 1e6  # what is written without a power of ten


@dataclass(frozen=True)
class Column:
    """A head over cells; ``signs`` (one a cell: −1, 0 or 1) may be coloured. Columns of words stand to the left."""

    head: str
    cells: list[str]
    signs: list[int] | None = None
    words: bool = False

    @property
    def width(self) -> int:
        """Characters."""
        return max(len(self.head), *map(len, self.cells))

    def line(self, row: int | None, paper: Paper) -> str:
        """The head (None) or a cell, as wide as the column."""
        text = padded(self.head if row is None else self.cells[row], self.width, right=not self.words)
        if row is None:
            return paper.bold(text)
        return paper.signed(text, self.signs[row]) if self.signs else text


def signed(head: str, values: Array, *, plus: bool = True) -> Column:
    """A column of numbers (m,) on one scale, with or without + and colour; what is not defined is "–".

    Four significant digits for half of them or more, and at most six for the largest.
    """
    known = np.sort(abs(values[np.isfinite(values) & (values != 0)]))
    plain = not known.size or _SMALLEST <= known[-1] < _LARGEST
    decimals = None
    if plain:
        largest, middle = (
            (_decimals(known[at]) for at in (-1, (len(known) - 1) // 2)) if known.size else (0, 0)
        )
        decimals = min(middle, largest + 2)
    cells = [_signed(value, decimals) for value in values.tolist()]
    if not plus:
        return Column(head, [cell.removeprefix("+") for cell in cells])
    signs = [int(np.sign(value)) if math.isfinite(value) else 0 for value in values.tolist()]
    return Column(head, cells, signs)


def _decimals(value: float) -> int:
    """After the point, for four significant digits."""
    return max(0, 3 - math.floor(math.log10(value)))


def _signed(value: float, decimals: int | None) -> str:
    if not math.isfinite(value):
        return "–"
    sign = "+" if value > 0 else "−" if value < 0 else ""
    if decimals is None:
        return sign + (scientific(abs(value), DIGITS) if value else "0")
    text = f"{abs(value):,.{decimals}f}"
    if not text.strip("0."):  # nothing is left of it but its sign, where it belongs
        text = "0" + " " * (decimals + 1 if decimals else 0)
    return sign + text


def number(value: float) -> str:
    """Four significant digits, with a minus sign that is one."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.4g}".replace("e-", "e−").replace("e+", "e").replace("-", "−")


def word(value: Any) -> str:
    """A class in quotes; values with four digits."""
    if isinstance(value, np.ndarray):
        return ", ".join(number(float(one)) for one in value)
    if isinstance(value, float | np.floating):
        return number(float(value))
    return f'"{value}"'


def table(paper: Paper, fixed: Sequence[Column], columns: Sequence[Column]) -> None:
    """A line a row; columns that do not fit beside the others stand below them, each time with the fixed ones."""
    for part in _parts(fixed, columns, paper.width):
        shown = [*fixed, *part]
        paper.gap()
        for row in (None, *range(len(shown[0].cells))):
            paper.put("  ".join(one.line(row, paper) for one in shown))


def _parts(fixed: Sequence[Column], columns: Sequence[Column], width: int) -> list[list[Column]]:
    """As many columns at a time as there is room for, and at least one."""
    room = width - sum(one.width + 2 for one in fixed)
    parts: list[list[Column]] = [[]]
    used = 0
    for one in columns:
        if parts[-1] and used + one.width > room:
            parts.append([])
            used = 0
        parts[-1].append(one)
        used += one.width + 2
    return parts
