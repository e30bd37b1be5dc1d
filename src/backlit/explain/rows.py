"""What a derivation's tables hold, whatever draws them: which terms are worth a row, how their numbers are written.

Long sums are cut where nothing is lost: the rest stands in a row of its own, with its number of terms and its share.
The terminal, LaTeX, HTML and Markdown draw what is decided here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .formula import Formula, figures, needed
from .steps import Step, Terms

Array = Any
_ENOUGH = 0.995  # of the mass: the rest may be counted together
_ROWS, _SHOWN = 10, 4  # at most so many rows; all of them where there are no more than so many
_LABEL = 24  # characters of a name
_CORNER = 6  # rows and columns of an array that are shown
_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True, slots=True)
class Row:
    """One term: its factors as they are written (``cells``) and as they are (``values``), their product, its share."""

    label: str
    cells: tuple[str, ...]
    values: tuple[float, ...]
    term: str
    value: float
    share: str
    part: float


@dataclass(frozen=True, slots=True)
class Table:
    """A sum's terms that are shown, the largest first, and the ``rest`` together. ``bars``: shares are of a mass."""

    head: str
    columns: tuple[Formula, ...]
    rows: tuple[Row, ...]
    rest: Row | None
    total: str
    value: float
    said: str
    bars: bool

    @property
    def all(self) -> tuple[Row, ...]:
        """The rows, and the rest's."""
        return self.rows if self.rest is None else (*self.rows, self.rest)


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


def table_of(step: Step) -> Table:
    """The table of a step's terms."""
    terms = step.terms
    assert terms is not None
    shown = rows_shown(terms)
    rest = sorted(set(range(len(terms))) - set(shown))
    columns = [column for column in terms.columns if column.symbol.text != "1/m"]  # said in the formula
    values = [[float(column.values[row]) for row in shown] for column in columns]
    cells = [column_of(one) for one in values]
    total = float(np.sum(terms.terms))
    products = [float(terms.terms[row]) for row in shown]
    left = [float(np.sum(terms.terms[rest]))] if rest else []
    ends = column_of([*products, *left, total])
    parts = [float(terms.shares[row]) for row in shown]
    rows = tuple(
        Row(
            cut(terms.labels[row]), tuple(column[place] for column in cells), tuple(one[place] for one in values),
            ends[place], products[place], percent(parts[place]), parts[place],
        )
        for place, row in enumerate(shown)
    )  # fmt: skip
    others = None
    if rest:
        part = float(np.sum(terms.shares[rest]))
        others = Row(f"{len(rest):,} more", (), (), ends[len(shown)], left[0], percent(part), part)
    head = "example" if terms.over == "x" else f"{terms.what} {terms.over}"
    heads = tuple(column.symbol for column in columns)
    return Table(head, heads, rows, others, ends[-1], total, _said(step, terms), terms.paths)


def _said(step: Step, terms: Terms) -> str:
    """What is left of the terms when they have been added up."""
    if not terms.paths:
        return step.remark
    if not terms.mass:
        return "every term is 0"
    part = terms.survives
    if part > 0.9995:
        return "nothing cancels: 100% of the paths' mass survives"
    return f"{100 * part:.{1 if part < 0.1 else 0}f}% of the paths' mass survives, the rest cancels"


def percent(part: float) -> str:
    """``65.0%``; a dash where there is nothing to have a share of."""
    if math.isnan(part):
        return "–"
    return f"{100 * part:.1f}%".replace("-", "−")


def cut(text: str) -> str:
    """A name that fits into a table."""
    return text if len(text) <= _LABEL else text[: _LABEL - 1] + "…"


def ways(step: Step) -> str:
    """Beside a sum: ``ten paths, one through each output``."""
    terms = step.terms
    assert terms is not None
    if not terms.paths:
        return ""
    if "/∂z" in step.symbol.text:
        return step.remark
    n = len(terms)
    count = _COUNTS[n - 1] if n <= len(_COUNTS) else f"{n:,}"
    if terms.what == "output":
        return f"{count} paths, one through each {terms.what}"
    return f"{count} ways on, one through each neuron"


def at_kinks(terms: Terms) -> list[str]:
    """That factors of a table stand at a kink, with the slopes on both sides of it."""
    said = []
    for kink in dict.fromkeys(terms.kinks.values()):
        rows = [terms.labels[row] for row, one in terms.kinks.items() if one == kink]
        listed = ", ".join(rows[:6]) + (f", … ({len(rows)} in all)" if len(rows) > 6 else "")
        slopes = f"slope {figures(kink.left)} on the left, {figures(kink.right)} on the right"
        said.append(f"at the kink {kink.where} ({slopes}): {terms.what} {listed}")
    return said


@dataclass(frozen=True, slots=True)
class Values:
    """One value an example, the largest first: (label, as written, as it is); ``said`` counts the others."""

    rows: tuple[tuple[str, str, float], ...]
    said: str


def values_of(terms: Terms) -> Values:
    """The examples that are shown."""
    shown = [int(row) for row in terms.largest()[:_ROWS]]
    values = [float(terms.terms[row]) for row in shown]
    labels = [cut(terms.labels[row]) for row in shown]
    more = len(terms) - len(shown)
    said = f"{more:,} more, each smaller" if more else ""
    return Values(tuple(zip(labels, column_of(values), values, strict=True)), said)


@dataclass(frozen=True, slots=True)
class Corner:
    """The upper left of an array: numbers as written and as they are, whether there is more to the right and below."""

    cells: tuple[tuple[tuple[str, float], ...], ...]
    wider: bool
    taller: bool
    said: str


def corner_of(values: Array, columns: int = _CORNER) -> Corner:
    """The corner of an array with so many columns, and in words its shape and its largest entry."""
    values = np.asarray(values)
    flat = values.reshape(-1, values.shape[-1]) if values.ndim > 2 else np.atleast_2d(values)
    corner = flat[:_CORNER, :_CORNER]
    texts = np.array(column_of([float(value) for value in corner.ravel()]), dtype=object).reshape(
        corner.shape
    )
    columns = max(1, min(columns, corner.shape[1]))
    cells = tuple(
        tuple((str(text), float(value)) for text, value in zip(row[:columns], numbers, strict=False))
        for row, numbers in zip(texts, corner, strict=True)
    )
    return Corner(cells, columns < flat.shape[1], corner.shape[0] < flat.shape[0], _of_array(values))


def _of_array(values: Array) -> str:
    if not values.size:
        return ""
    place = np.unravel_index(int(np.argmax(np.abs(values))), values.shape)
    where = ",".join(str(int(one)) for one in place)
    said = f"shape {shape_of(values)}; the largest is {figures(float(values[place]))}, at [{where}]"
    return f"{said}; {int((values == 0).sum()):,} of {values.size:,} are 0"


def shape_of(values: Array) -> str:
    """``30 × 64``."""
    return " × ".join(f"{n:,}" for n in np.shape(values))
