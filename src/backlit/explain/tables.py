"""The tables of a derivation in the terminal: a sum's terms with their shares, and arrays. Numbers align on the point.

Long sums are cut where nothing is lost: the rest stands in a row of its own, with its number of terms and its share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .formula import figures, needed
from .paper import Paper, padded, width_of
from .steps import Step, Terms

Array = Any
_ENOUGH = 0.995  # of the mass: the rest may be counted together
_ROWS, _SHOWN = 10, 4  # at most so many rows; all of them where there are no more than so many
_BAR = 20  # the columns of a bar of 100%
_CORNER = 6  # rows and columns of an array that are shown


def rows_shown(terms: Terms) -> list[int]:
    """The rows that are worth a line: the largest, until what is left hardly matters."""
    order = [int(row) for row in terms.largest()]
    if len(order) <= _SHOWN or not terms.mass:
        return order[:_ROWS]
    part = np.cumsum(np.abs(terms.terms)[order]) / terms.mass
    count = min(_ROWS, int(np.searchsorted(part, _ENOUGH)) + 1)
    return order if len(order) - count == 1 else order[:count]


def column_of(values: Sequence[float]) -> list[str]:
    """Numbers with one number of decimals; each by itself where they are too small or too large for that."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if largest and not 1e-4 <= largest < 1e6:
        return [figures(value) if value else "0" for value in values]
    return [figures(value, min(needed(largest), 7)) for value in values]


def terms_table(paper: Paper, step: Step, indent: int) -> None:
    """The terms of a sum or a mean: label, the columns' factors, term, share with its bar; the sum below."""
    terms = step.terms
    assert terms is not None
    shown = rows_shown(terms)
    rest = [row for row in range(len(terms)) if row not in set(shown)]
    total = float(np.sum(terms.terms))
    columns = [
        column for column in terms.columns if column.symbol.text != "1/m"
    ]  # said in the formula already
    heads = [_head(terms), *(column.symbol.text for column in columns), "term", "share"]
    cells = [[_cut(terms.labels[row], 24) for row in shown]]
    cells += [column_of([float(column.values[row]) for row in shown]) for column in columns]
    after = [float(np.sum(terms.terms[rest]))] if rest else []
    ends = column_of([*(float(terms.terms[row]) for row in shown), *after, total])
    shares = terms.shares
    parts = [float(shares[row]) for row in shown] + ([float(np.sum(shares[rest]))] if rest else [])
    rows = [
        [column[place] for column in cells] + [ends[place], _percent(parts[place])]
        for place in range(len(shown))
    ]
    if rest:
        blank = [""] * len(columns)
        rows.append([f"{len(rest):,} more", *blank, ends[len(shown)], _percent(parts[-1])])
    values = [*(float(terms.terms[row]) for row in shown), *after]
    _print(paper, heads, rows, values, parts if terms.paths else [], indent)
    _sum_line(paper, heads, rows, ends[-1], total, _said(step, terms), indent)


def _head(terms: Terms) -> str:
    return "example" if terms.over == "x" else f"{terms.what} {terms.over}"


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


def _said(step: Step, terms: Terms) -> str:
    if not terms.paths:
        return step.remark
    if not terms.mass:
        return "every term is 0"
    part = terms.survives
    if part > 0.9995:
        return "nothing cancels: 100% of the paths' mass survives"
    return f"{100 * part:.{1 if part < 0.1 else 0}f}% of the paths' mass survives, the rest cancels"


def _percent(part: float) -> str:
    if math.isnan(part):
        return "–"
    return f"{100 * part:.1f}%".replace("-", "−")


def _bar(part: float) -> str:
    return "━" * round(_BAR * min(1.0, part))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def examples_table(paper: Paper, terms: Terms, indent: int) -> None:
    """One value an example, the largest first."""
    shown = [int(row) for row in terms.largest()[:_ROWS]]
    values = [float(terms.terms[row]) for row in shown]
    labels = [terms.labels[row] for row in shown]
    wide = max(map(len, [*labels, "example"]))
    numbers = column_of(values)
    numeric = max(map(len, numbers))
    for label, text, value in zip(labels, numbers, values, strict=True):
        paper.put(
            " " * indent
            + padded(label, wide, right=True)
            + "    "
            + paper.signed(padded(text, numeric, right=True), value)
        )
    if len(terms) > len(shown):
        paper.put(" " * indent + f"{len(terms) - len(shown):,} more, each smaller")


def array(paper: Paper, values: Array, indent: int) -> None:
    """The corner of an array, and where its largest entry stands."""
    values = np.asarray(values)
    flat = values.reshape(-1, values.shape[-1]) if values.ndim > 2 else np.atleast_2d(values)
    corner = flat[:_CORNER, :_CORNER]
    texts = column_of([float(value) for value in corner.ravel()])
    wide = max(map(len, texts), default=1)
    fits = max(1, (paper.width - indent - 3) // (wide + 2))
    columns = min(corner.shape[1], fits)
    for r in range(corner.shape[0]):
        row = [padded(texts[r * corner.shape[1] + c], wide, right=True) for c in range(columns)]
        signed = [paper.signed(text, float(corner[r, c])) for c, text in enumerate(row)]
        paper.put(" " * indent + "  ".join(signed) + ("  …" if columns < flat.shape[1] else ""))
    if corner.shape[0] < flat.shape[0]:
        paper.put(" " * indent + "⋮")
    if values.size:
        place = np.unravel_index(int(np.argmax(np.abs(values))), values.shape)
        where = ",".join(str(int(one)) for one in place)
        said = f"shape {_shape(values)}; the largest is {figures(float(values[place]))}, at [{where}]"
        paper.prose(f"{said}; {int((values == 0).sum()):,} of {values.size:,} are 0", indent)


def _shape(values: Array) -> str:
    return " × ".join(f"{n:,}" for n in values.shape)
