"""The rows of a comparison: two arrays entry by entry, judged by what their coarser dtype can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...explain.lines import plain
from .arrays import digits, distance, largest

Array = Any


@dataclass(frozen=True)
class Row:
    """One array of both. ``group`` is "θ", "z", "a", "C" or "∇C"; ``worst`` names the entry that differs most.

    ``equal`` counts entries that are the same number, ``difference`` is the largest, ``relative`` that over the array's
    largest entry, ``tolerance`` (like ``difference``) how far apart right computations may be.
    """

    group: str
    name: str
    layer: int
    entries: int
    equal: int
    difference: float
    relative: float
    digits: float
    worst: str
    one: float
    other: float
    tolerance: float

    @property
    def within(self) -> bool:
        """Whether the two agree as far as can be told."""
        return bool(self.difference <= self.tolerance)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; what is not finite is None."""
        return {
            "group": self.group,
            "name": self.name,
            "layer": self.layer,
            "entries": self.entries,
            "equal": self.equal,
            "difference": plain(self.difference),
            "relative": plain(self.relative),
            "digits": round(self.digits, 2),
            "worst": self.worst,
            "one": plain(self.one),
            "other": plain(self.other),
            "tolerance": plain(self.tolerance),
            "within": self.within,
        }


def row(group: str, name: str, layer: int, one: Array, other: Array, entry: str, tolerance: float) -> Row:
    """Compares two arrays of one shape. ``entry`` names an entry, with {i} for its index: "w[1][{i}]"."""
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    with np.errstate(all="ignore"):
        apart = np.asarray(np.abs(a - b))
    apart[(a == b) | (np.isnan(a) & np.isnan(b))] = 0
    apart[np.isnan(apart)] = np.inf
    place = np.unravel_index(int(np.argmax(apart)), apart.shape) if apart.ndim else ()
    difference, scale = distance(a, b), max(largest(a), largest(b))
    relative = 0.0 if not difference else difference / scale if scale else np.inf
    return Row(
        group=group,
        name=name,
        layer=layer,
        entries=a.size,
        equal=int((apart == 0).sum()),
        difference=difference,
        relative=relative,
        digits=digits(difference, scale),
        worst=entry.format(i=",".join(str(int(i)) for i in place)) if difference else "",
        one=float(a[place]),
        other=float(b[place]),
        tolerance=tolerance,
    )
