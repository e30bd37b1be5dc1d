"""How results are shown on stdout: aligned tables, numbers and JSON. What a number means is decided elsewhere."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = Any
Row = Sequence[str]
WIDTH = 100  # columns where stdout is no terminal
_NARROWEST = 40  # columns that text is laid out for, however narrow the terminal


def columns() -> int:
    """The columns of the terminal, or ``WIDTH`` where stdout is none."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH


def coloured() -> bool:
    """Whether stdout may have colours: a terminal that isn't dumb, and no NO_COLOR."""
    return (
        sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "") not in ("", "dumb")
    )


def out(text: str = "") -> None:
    """A line, or several, of the result."""
    sys.stdout.write(f"{text}\n")


def emit(schema: str, content: dict[str, Any]) -> None:
    """One JSON document on stdout."""
    out(document(schema, content))


def document(schema: str, content: dict[str, Any]) -> str:
    """One strict JSON document: the schema's name and version first; what is no finite number is null."""
    plain = _plain({"schema": f"backlit.{schema}", **content})
    return json.dumps(plain, ensure_ascii=False, allow_nan=False, indent=2)


def table(heads: Row, rows: Sequence[Row], *, left: int = 1, indent: int = 0) -> list[str]:
    """Aligned lines; the first ``left`` columns to the left, the others to the right."""
    widths = [max(len(str(row[i])) for row in (heads, *rows)) for i in range(len(heads))]
    lines = []
    for row in (heads, *rows):
        cells = [
            str(cell).ljust(w) if i < left else str(cell).rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((" " * indent + "  ".join(cells)).rstrip())
    return [bold(lines[0]) if any(heads) else lines[0], *lines[1:]]


def bold(text: str) -> str:
    """Bold where colours are shown."""
    return f"\x1b[1m{text}\x1b[0m" if coloured() else text


def number(value: float) -> str:
    """Four significant digits; whole numbers in full, and a minus sign that is one."""
    value = float(value)
    if math.isnan(value):
        return "–"
    text = f"{value:,.0f}" if value == int(value) and abs(value) < 1e6 else f"{value:.4g}"
    return text.replace("-", "−", 1) if text.startswith("-") else text


def percent(value: float) -> str:
    """A part as a percentage."""
    return "–" if math.isnan(value) else f"{100 * value:.1f}%"


def listed(names: Sequence[Any], most: int = 10) -> str:
    """Names with commas, the rest counted."""
    shown = ", ".join(str(name) for name in names[:most])
    return shown + (f", … ({len(names)} in all)" if len(names) > most else "")


def shortened(text: str, most: int) -> str:
    """At most so many characters, the end cut off visibly."""
    return text if len(text) <= most else text[: most - 1] + "…"


def wrapped(text: str, indent: int = 0) -> str:
    """Prose in lines that fit the terminal, the second and later ones ``indent`` to the right; elsewhere one line."""
    if not sys.stdout.isatty():
        return text
    room, hanging = max(_NARROWEST, columns()), " " * indent
    return textwrap.fill(
        text, room, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )


def command(*parts: str) -> str:
    """A command line that can be pasted into a shell."""
    import shlex

    return " ".join(shlex.quote(str(part)) for part in parts)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
