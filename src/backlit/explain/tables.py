"""The tables of a derivation in the terminal: a sum's terms with their shares, and arrays. Numbers align on the point.

What stands in them is decided in rows.py.
"""

from __future__ import annotations

from typing import Any

from .paper import Paper, padded, width_of
from .rows import corner_of, table_of, values_of
from .steps import Step, Terms

Array = Any
_BAR = 20  # the columns of a bar of 100%


def terms_table(paper: Paper, step: Step, indent: int) -> None:
    """The terms of a sum or a mean: label, the columns' factors, term, share with its bar; the sum below."""
    table = table_of(step)
    heads = [table.head, *(column.text for column in table.columns), "term", "share"]
    blank = ("",) * len(table.columns)
    rows = [[row.label, *(row.cells or blank), row.term, row.share] for row in table.all]
    values = [row.value for row in table.all]
    parts = [row.part for row in table.all] if table.bars else []
    _print(paper, heads, rows, values, parts, indent)
    _sum_line(paper, heads, rows, table.total, table.value, table.said, indent)


def _widths(heads: list[str], rows: list[list[str]]) -> list[int]:
    return [max(width_of(row[place]) for row in (heads, *rows)) for place in range(len(heads))]


def _gap(paper: Paper, widths: list[int], indent: int) -> int:
    """The spaces between columns: as many as the page has room for, one to four."""
    free = paper.width - indent - sum(widths)
    return max(1, min(4, free // max(1, len(widths) - 1)))


def _print(
    paper: Paper,
    heads: list[str],
    rows: list[list[str]],
    values: list[float],
    parts: list[float],
    indent: int,
) -> None:
    widths = _widths(heads, rows)
    gap = _gap(paper, widths, indent)
    if indent + sum(widths) + gap * (len(widths) - 1) > paper.width:
        _stacked(paper, heads, rows, values, indent)
        return
    space = " " * gap
    paper.put(" " * indent + space.join(padded(h, w, right=True) for h, w in zip(heads, widths, strict=True)))
    room = paper.width - indent - sum(widths) - gap * (len(widths) - 1) - 2
    for place, row in enumerate(rows):
        line = [padded(cell, w, right=True) for cell, w in zip(row, widths, strict=True)]
        line[-2] = paper.signed(line[-2], values[place])
        bar = _bar(parts[place]) if parts and room >= _BAR else ""
        paper.put(" " * indent + space.join(line) + (f"  {paper.signed(bar, values[place])}" if bar else ""))


def _stacked(paper: Paper, heads: list[str], rows: list[list[str]], values: list[float], indent: int) -> None:
    """A narrow page: each term in a line or two of its own, its factors first and then their product."""
    for place, row in enumerate(rows):
        factors = " · ".join(cell for cell in row[1:-2] if cell)
        head = f"{heads[0].split()[0]} {row[0]}" if row[1:2] != [""] else row[0]
        end = f"= {paper.signed(row[-2], values[place])}  {row[-1]}"
        paper.pieces([f"{head}:", *([factors] if factors else []), end], "  ", indent)


def _sum_line(
    paper: Paper, heads: list[str], rows: list[list[str]], shown: str, total: float, said: str, indent: int
) -> None:
    """The sum under its terms, and what is said of it."""
    widths = _widths(heads, rows)
    gap = _gap(paper, widths, indent)
    stacked = indent + sum(widths) + gap * (len(widths) - 1) > paper.width
    if stacked:
        paper.prose(f"sum {shown}: {said}" if said else f"sum {shown}", indent)
        return
    before = indent + sum(widths[:-2]) + gap * (len(widths) - 2)
    end = before + widths[-2]
    paper.put(" " * (end - width_of(shown)) + "─" * width_of(shown))
    line = " " * (end - width_of(shown)) + paper.signed(shown, total)
    if said and end + 6 + width_of(said) <= paper.width:
        paper.put(f"{line}      {said}")
        return
    paper.put(line)
    if said:
        paper.prose(said, indent)


def _bar(part: float) -> str:
    return "━" * round(_BAR * min(1.0, part))


def examples_table(paper: Paper, terms: Terms, indent: int) -> None:
    """One value an example, the largest first."""
    shown = values_of(terms)
    wide = max(len(label) for label in (*(row[0] for row in shown.rows), "example"))
    numeric = max(len(text) for _, text, _ in shown.rows)
    for label, text, value in shown.rows:
        number = paper.signed(padded(text, numeric, right=True), value)
        paper.put(" " * indent + padded(label, wide, right=True) + "    " + number)
    if shown.said:
        paper.put(" " * indent + shown.said)


def array(paper: Paper, values: Array, indent: int) -> None:
    """The corner of an array, and where its largest entry stands."""
    whole = corner_of(values)
    wide = max((len(text) for row in whole.cells for text, _ in row), default=1)
    corner = corner_of(values, (paper.width - indent - 3) // (wide + 2))
    for row in corner.cells:
        signed = [paper.signed(padded(text, wide, right=True), value) for text, value in row]
        paper.put(" " * indent + "  ".join(signed) + ("  …" if corner.wider else ""))
    if corner.taller:
        paper.put(" " * indent + "⋮")
    if corner.said:
        paper.prose(corner.said, indent)
