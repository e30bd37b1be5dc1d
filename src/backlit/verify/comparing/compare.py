"""Two networks, or two gradients, entry by entry: θ, and on examples z, a, C, ∇C and the answers.

What can stand on a side is read in sides.py; both are run in data.py; the table is laid out in
text.py. Nothing here decides which of the two is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import UsageError
from ...spelling import spelt
from .arrays import EPS
from .making import Making
from .rows import Row
from .sides import Side, check_pair, is_flat, load, side_of

Array = Any


@dataclass(frozen=True)
class Comparison:
    """``rows`` are the arrays, in the order of the layers; ``said`` what differs besides numbers: sizes, functions.

    ``answers`` are (example, of one, of the other) where they differ, of ``examples`` (None: no data). ``notes`` say
    how the two were read. ``dtype`` is the coarser one, by which is judged.
    """

    one: str
    other: str
    rows: tuple[Row, ...]
    said: tuple[str, ...]
    notes: tuple[str, ...]
    dtype: str
    examples: int | None = None
    answers: tuple[tuple[int, Any, Any], ...] = ()
    tolerance: float | None = None

    @property
    def equal(self) -> bool:
        """Whether nothing differs that can be told."""
        return not self.said and all(one.within for one in self.rows)

    @property
    def passed(self) -> bool:
        """The same as ``equal``."""
        return self.equal

    def __bool__(self) -> bool:
        return self.equal

    @property
    def diverges(self) -> tuple[Row, ...]:
        """The first array of θ that differs, and the first z or a, or else ∇C, in the order they are computed."""
        found: list[Row] = []
        for groups in (("θ",), ("z", "a"), ("∇C",)):
            wrong = [one for one in self.rows if one.group in groups and not one.within]
            if groups == ("∇C",):
                wrong = wrong[::-1] if not found else []
            found += wrong[:1]
        return tuple(found)

    @property
    def sentence(self) -> str:
        """The answer in words."""
        from .text import sentence

        return sentence(self)

    def text(self, *, width: int = 100, colour: bool = False) -> str:
        """For a terminal: the answer, what differs besides numbers, the table."""
        from .text import text

        return text(self, width=width, colour=colour)

    def to_dict(self) -> dict[str, Any]:
        """Plain data under the schema backlit.compare/1."""
        return {
            "schema": "backlit.compare/1",
            "one": self.one,
            "other": self.other,
            "equal": self.equal,
            "sentence": self.sentence,
            "dtype": self.dtype,
            "tolerance": self.tolerance,
            "said": list(self.said),
            "notes": list(self.notes),
            "examples": self.examples,
            "diverges": [one.name for one in self.diverges],
            "rows": [one.to_dict() for one in self.rows],
            "answers": [{"example": i, "one": a, "other": b} for i, a, b in self.answers],
        }

    def __str__(self) -> str:
        return self.text()


def compare(
    one: Any,
    other: Any,
    x: Any = None,
    y: Any = None,
    *,
    tolerance: float | None = None,
    gradient: bool = False,
    sample_weight: Any = None,
    loss: Any = None,
    names: tuple[str, str] = ("one", "other"),
    numbers: Sequence[int] | None = None,
) -> Comparison:
    """Compares θ, and on x (and y) z, a, C, ∇C and answers, entry by entry.

    Each side is a network, a gradient, a model file or checkpoint, a module or state dict of PyTorch, or arrays (flat,
    [w1, b1, …], a dict). ``tolerance`` is relative to an array's largest entry, in place of what the coarser dtype can
    tell. With ``gradient``, the other side is ∇C of the one on x, y. ``loss`` is PyTorch's, for a module's own ∇C;
    ``names`` are what the two are called, ``numbers`` the examples. Raises UsageError, ModelError, DataError.
    """
    _check_tolerance(tolerance)
    first, second = _sides(one, other, names)
    if gradient and (x is None or y is None or first.net is None):
        raise UsageError(
            "gradient=True compares the gradient of a network on examples: give a network first, and x and y"
        )
    making = Making(first, second, tolerance)
    if gradient:
        making.said, making.notes = making.said[:1] if not making.same_sizes else [], []
        making.own_gradient(x, y, sample_weight)
    else:
        check_pair(first, second)
        making.parameters(
            "∇C" if first.gradient or second.gradient else "θ", making.one.arrays, making.other.arrays
        )
        if x is not None:
            making.on_data(x, y, sample_weight, loss, numbers)
    return Comparison(
        one=names[0],
        other=names[1],
        rows=tuple(making.rows),
        said=tuple(making.said),
        notes=tuple(making.notes),
        dtype=next(name for name, eps in EPS.items() if eps == making.eps),
        examples=making.examples,
        answers=tuple(making.answers),
        tolerance=tolerance,
    )


def _check_tolerance(tolerance: Any) -> None:
    real = isinstance(tolerance, int | float | np.number) and not isinstance(tolerance, bool)
    if tolerance is not None and not (real and 0 <= tolerance < 1):
        raise UsageError(f"{spelt('tolerance')} is a number from 0 to below 1; got {tolerance!r}")


def _sides(one: Any, other: Any, names: tuple[str, str]) -> tuple[Side, Side]:
    """Both sides; what has sizes of its own is read first, since a flat vector needs them."""
    given = [
        load(side) if hasattr(side, "__fspath__") or isinstance(side, str) else side for side in (one, other)
    ]
    if is_flat(given[0]) and not is_flat(given[1]):
        second = side_of(given[1], names[1])
        return side_of(given[0], names[0], second.thetas[0].sizes), second
    first = side_of(given[0], names[0])
    return first, side_of(given[1], names[1], first.thetas[0].sizes)
