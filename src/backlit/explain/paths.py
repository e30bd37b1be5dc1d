"""The paths of one derivative as data: the k largest of them, and what all of them come to. Nothing is computed here.

How they are found stands in ranking.py, how they look in paths_text.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, overload

from ..notation import Derivative as Name, Notation, Quantity
from .graph import Factor
from .problem import Problem

Array = Any


@dataclass(frozen=True, slots=True)
class Path:
    """One path, or (example, path) pair: ``neurons`` are one of each station, Q's own first where it has one.

    ``factors`` are in order from Q on. ``contribution`` is their product, taken from the last to the first, and
    ``share`` its part of the mass of all. ``example`` is the example's number, 0 where it has none.
    """

    neurons: tuple[int, ...]
    factors: tuple[float, ...]
    contribution: float
    example: int
    share: float


@dataclass(frozen=True, eq=False)
class Paths:
    """The k paths of largest |contribution|, in order, and what all paths come to. Goes through ``Path`` by ``Path``.

    ``stations`` say what a path's neurons are of (z[2], a[3] …), ``kinds`` what its factors are. ``count`` is the exact
    number of paths, in a batch of (example, path) pairs; ``total`` their sum, ``positive`` and ``negative`` (≤ 0) the
    sums of those above and below 0. ``cancels`` is the part of the mass Σ|contribution| that is not left in the total,
    ``share`` the part that the listed paths have. ``value`` is the derivative by the backward pass, which ``agrees``
    with the total or not (None where it is beyond float64), ``each`` (m,) every example's own, without its weight in
    the mean. Penalties are outside. ``opened`` counts the partial paths that the search looked into.
    """

    name: str
    derivative: Name
    notation: Notation
    stations: tuple[Quantity, ...]
    kinds: tuple[Factor, ...]
    paths: tuple[Path, ...] = field(repr=False)
    count: int
    total: float
    positive: float
    negative: float
    cancels: float
    share: float
    value: float
    each: Array = field(repr=False)
    agrees: bool | None
    opened: int
    statement: str
    conventions: tuple[str, ...]
    included: Mapping[str, Any]
    problem: Problem = field(repr=False)

    @overload
    def __getitem__(self, place: int) -> Path: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Path, ...]: ...
    def __getitem__(self, place: int | slice) -> Path | tuple[Path, ...]:
        return self.paths[place]

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[Path]:
        return iter(self.paths)

    @property
    def mass(self) -> float:
        """Σ |contribution| of all paths."""
        return self.positive - self.negative

    def text(self, *, width: int = 100, colour: bool = False) -> str:
        """For a terminal of ``width`` columns, in Unicode."""
        from .paths_text import text

        return text(self, width=width, colour=colour)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as docs/paths.md says; what is no finite number is null."""
        from .paths_text import to_dict

        return to_dict(self)

    def __str__(self) -> str:
        return self.text()
