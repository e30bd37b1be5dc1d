"""Marks as text: a table for one sheet, a line a sheet for many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..explain.lines import percent, table, wrapped
from .figures import decimal
from .marking import Marks

_SIGNS = {"right": "✓", "wrong": "✗", "partly": "~", "blank": "–"}
_CELL = 28  # characters of an answer in a table


def text(marks: Marks) -> str:
    """One sheet's marks."""
    who = f"{marks.name}, " if marks.name else ""
    lines = [f"{who}sheet {marks.sheet}: {points(marks.points)} of {points(marks.total)} points"]
    rows = [
        (
            one.question, one.name, _cell(one.answer), _cell(one.right), f"{_SIGNS[one.verdict]} {one.verdict}",
            f"{points(one.points)}/{points(one.total)}",
        )
        for one in marks.marks
    ]  # fmt: skip
    lines += ["", *table(("no.", "asked", "answer", "right", "", "points"), rows, left=5)]
    for question, named in marks.mistakes.items():
        for one in named:
            also = f"; the same numbers: {', '.join(one.mistakes[1:])}" if len(one.mistakes) > 1 else ""
            said = f"question {question}: {one.title} ({one.mistakes[0]}{also}); explains {', '.join(one.explains)}"
            lines += ["", wrapped(f"  ✗ {said}", 4)]
    return "\n".join(lines)


def points(value: float) -> str:
    """Points without needless decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        shown = f"({', '.join(_cell(one) for one in value)})"
        return shown if len(shown) <= _CELL else f"{shown[: _CELL - 1]}…"
    return decimal(float(value), 4)


def summary(named: Sequence[tuple[str, Marks]]) -> str:
    """Many sheets: a line each, and which mistakes were made most."""
    rows = [
        (
            place,
            one.name or "–",
            one.sheet,
            points(one.points),
            points(one.total),
            percent(one.points / one.total),
        )
        for place, one in named
    ]
    lines = table(("file", "name", "sheet", "points", "of", "part"), rows, left=3, indent=0)
    made: Counter[tuple[str, str]] = Counter()
    for _, one in named:
        for listed in one.mistakes.values():
            made.update({(mistake.mistakes[0], mistake.title) for mistake in listed})
    if made:
        rows_of = [(str(count), f"{title} ({mistake})") for (mistake, title), count in made.most_common(10)]
        lines += ["", "mistakes, and on how many sheets:", *table(("", ""), rows_of, left=0)[1:]]
    return "\n".join(lines)
