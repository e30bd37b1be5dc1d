"""Examples in an order: those that pull hardest, cost most, pull against the others, or are read most wrongly, first.

Examples with the largest gradients are often those with a wrong label (docs/examples.md says how often).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import UsageError, unknown
from ..network import Network
from ..spelling import counted, spelt
from . import sheet
from .examples import PerExample, per_example
from .paper import Paper
from .sheet import Column

Array = Any
SCHEMA = "backlit.examples/1"
_MOST_ROWS = 20  # shown as text unless it is told otherwise


@dataclass(frozen=True)
class Order:
    """By what: ``of`` gives a number for each example, and ``about`` says which come first."""

    of: Callable[[PerExample], Array]
    rising: bool
    about: str


ORDERS = {
    "gradient-norm": Order(lambda found: found.norm, False, "the longest gradient ‖∇C_x‖ first"),
    "cost": Order(lambda found: found.cost, False, "the largest cost C_x first"),
    "cosine": Order(
        lambda found: found.cosine, True, "first those whose gradient points against the mean gradient"
    ),
    "margin": Order(
        lambda found: found.margin, True, "first those whose right class is furthest behind another"
    ),
}


@dataclass(frozen=True, eq=False)
class Ranking:
    """``indices`` (k,) are rows of x and y, the first-ranked first, ``values`` (k,) what they are ranked by.

    Equal ones stand in the order of the data, and those for which the number is not defined (NaN) last. ``examples``
    has all quantities of all examples, in the order of the data; ``numbers`` (n,) are what they are called.
    """

    by: str
    indices: Array
    values: Array
    examples: PerExample
    numbers: Array

    def __len__(self) -> int:
        return len(self.indices)

    def called(self, numbers: Any) -> Ranking:
        """The same with other ``numbers`` for the examples, (n,): those of the set that they were taken from."""
        return replace(self, numbers=np.asarray(numbers))

    def rows(self) -> list[dict[str, Any]]:
        """One plain record an example, the first-ranked first; what is not defined is None."""
        found = self.examples
        numbers = {
            "cost": found.cost,
            "gradient_norm": found.norm,
            "cosine": found.cosine,
            "margin": found.margin,
        }
        known, answers = found.known.tolist(), found.answers.tolist()
        rows = []
        for rank, i in enumerate(self.indices.tolist(), start=1):
            values = {name: _or_none(of[i]) for name, of in numbers.items() if of is not None}
            rows.append(
                {
                    "rank": rank,
                    "example": int(self.numbers[i]),
                    "known": known[i],
                    "answer": answers[i],
                    **values,
                }
            )
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Plain data in the schema backlit.examples/1."""
        return {"schema": SCHEMA, "by": self.by, "n": len(self.examples), "ranking": self.rows()}

    def text(self, *, width: int = 100, colour: bool = False, limit: int | None = _MOST_ROWS) -> str:
        """The first ``limit`` as an aligned table within ``width`` columns."""
        found, shown = self.examples, self.indices[:limit]
        fixed = [
            Column("rank", [str(rank) for rank in range(1, len(shown) + 1)], words=True),
            Column("example", [f"{number}" for number in self.numbers[shown]]),
            Column("label", [sheet.word(found.known[i]) for i in shown], words=True),
            Column("read as", [sheet.word(found.answers[i]) for i in shown], words=True),
        ]
        numbers = [
            sheet.signed("cost", found.cost[shown], plus=False),
            sheet.signed("‖∇C_x‖", found.norm[shown], plus=False),
        ]
        numbers.append(sheet.signed("cosine", found.cosine[shown]))
        if self.by == "margin" and found.margin is not None:
            numbers.append(sheet.signed("margin", found.margin[shown]))
        paper = Paper(width, colour)
        paper.prose(f"{counted(len(found), 'example')} by {self.by}: {ORDERS[self.by].about}")
        sheet.table(paper, fixed, numbers)
        return "\n".join(paper.lines)


def rank_examples(
    net: Network,
    x: Any,
    y: Any,
    *,
    by: str = "gradient-norm",
    limit: int | None = None,
    sample_weight: Any = None,
) -> Ranking:
    """The examples of x, y by "gradient-norm", "cost" (largest first), "cosine" or "margin" (smallest first).

    ``limit`` keeps the first so many. Raises UsageError for another ``by``, for a margin of values, and as
    ``per_example`` does.
    """
    if by not in ORDERS:
        raise unknown("ranking", by, ORDERS)
    if limit is not None and (
        isinstance(limit, bool) or not isinstance(limit, int | np.integer) or limit < 1
    ):
        raise UsageError(f"{spelt('limit')} is a whole number from 1 on; got {limit!r}")
    found = per_example(net, x, y, sample_weight=sample_weight)
    values = ORDERS[by].of(found)
    if values is None:
        raise UsageError(
            f"{spelt('by', by)} is for classes, and this network's targets are values; rank by cost or gradient-norm"
        )
    indices = np.argsort(values if ORDERS[by].rising else -values, kind="stable")[:limit]
    return Ranking(by, indices, values[indices], found, np.arange(len(found)))


def _or_none(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
