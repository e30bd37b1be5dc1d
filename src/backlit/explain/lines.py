"""How numbers and tables stand in explanations that are plain text: aligned, minus signs that are minus signs.

No colours and no terminal: what is known here can be printed, put into a file or compared in a test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Row = Sequence[str]
_WIDTH = 100


def number(value: float | None) -> str:
    """Four significant digits; "–" for what is not there or not a number."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if not value:
        return "0"
    text = f"{value:,.0f}" if value == int(value) and abs(value) < 1e6 else f"{value:.4g}"
    return text.replace("-", "−")


def percent(part: float) -> str:
    """A part as a percentage."""
    return "–" if math.isnan(part) else f"{100 * part:.1f}%".replace("-", "−")


def table(heads: Row, rows: Sequence[Row], *, left: int = 1, indent: int = 2) -> list[str]:
    """Aligned lines; the first ``left`` columns to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = []
    for row in (heads, *rows):
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((" " * indent + "  ".join(cells)).rstrip())
    return lines


def wrapped(text: str, indent: int = 0) -> str:
    """Prose in lines of at most 100 columns, the second and later ones ``indent`` to the right."""
    import textwrap

    return textwrap.fill(
        text, _WIDTH, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )


def plain(value: Any) -> Any:
    """A number that strict JSON can keep: what is not finite is None."""
    return float(value) if value is not None and math.isfinite(value) else None
