"""The layouts in which people write backpropagation, and what our arrays look like in each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Array = Any
_EXAMPLES = {
    "rows": "examples as rows",
    "columns": "examples as columns",
    "one": "one example at a time",
    "one_column": "one example at a time, as a column",
}
_BIASES = {"flat": "b as (n_l,)", "row": "b as (1, n_l)", "column": "b as (n_l, 1)"}


@dataclass(frozen=True)
class Style:
    """How a function takes things.

    ``weights`` are (n_l, n_{l−1}) ("out_in") or the transpose; with ``examples`` "one" x is (n_0,), with "one_column"
    (n_0, 1) as in Nielsen's book, and the function is called once for each. ``labels``: y are class numbers.
    """

    weights: Literal["out_in", "in_out"] = "out_in"
    examples: Literal["rows", "columns", "one", "one_column"] = "rows"
    bias: Literal["flat", "row", "column"] = "flat"
    labels: bool = False

    @property
    def single(self) -> bool:
        """Whether it takes one example a call."""
        return self.examples in ("one", "one_column")

    def words(self) -> str:
        """For a person: "examples as rows, w as (n_l, n_{l−1}), b as (n_l,)"."""
        w = "w as (n_l, n_{l−1})" if self.weights == "out_in" else "w as (n_{l−1}, n_l)"
        return f"{_EXAMPLES[self.examples]}, {w}, {_BIASES[self.bias]}" + (
            ", y as class numbers" if self.labels else ""
        )

    def weight(self, w: Array) -> Array:
        """A fresh copy of w (n_l, n_{l−1}) in this layout."""
        return np.array(w if self.weights == "out_in" else w.T, order="C")

    def biased(self, b: Array) -> Array:
        """A fresh copy of b (n_l,) in this layout."""
        shape = {"flat": (-1,), "row": (1, -1), "column": (-1, 1)}[self.bias]
        return np.array(b).reshape(shape)

    def of_example(self, rows: Array) -> Array:
        """A fresh copy of rows, (m, n): of one row where one example is taken at a time."""
        match self.examples:
            case "columns":
                return np.array(rows.T, order="C")
            case "one":
                return np.array(rows[0])
            case "one_column":
                return np.array(rows[0]).reshape(-1, 1)
        return np.array(rows, order="C")

    def wanted(self, y: Array) -> Any:
        """A fresh copy of y, (m, n_L): as class numbers where those are taken, an int for one example."""
        if not self.labels:
            return self.of_example(y)
        if y.shape[1] > 1:
            numbers = np.argmax(y, axis=1)
        else:
            whole = bool(np.all(y == np.round(y)))
            numbers = y[:, 0].astype(np.int64) if whole else np.array(y[:, 0])
        return numbers[0].item() if self.single else numbers


def styles(labels: bool) -> Iterator[Style]:
    """The layouts that are plausible, those that need fewest conversions of ours first."""
    for examples, biases in (
        ("rows", ("flat", "row", "column")),
        ("columns", ("column", "flat")),
        ("one", ("flat", "column")),
        ("one_column", ("column",)),
    ):
        for bias in biases:
            for weights in ("out_in", "in_out"):
                yield Style(weights, examples, bias, labels)  # type: ignore[arg-type]
