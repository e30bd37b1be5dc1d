"""What is nudged, by name: one weight, bias or activation, or a block: ``w[2][3,5]``, ``w[2][3,0:8]``, ``b[2]``.

Names are read as those of derivatives are (names.py), with classes, pixels and columns as indices; here slices are
added, and a block is spread into its entries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import CountingError, UsageError
from ..notation import Letter, Quantity
from .labels import Labels
from .names import resolve

Array = Any
EXAMPLES = 'w[2][3,5], w[2][3,:], b[2][0:4], b[2], a[1][4], a[L]["7"], z[1][4] or x[5]'
_NUDGED = re.compile(r"\s*((w|b|a|z)\s*\[|x\s*(\[|$)|\d+\.(weight|bias))")
_SLICE = re.compile(r"(?<=[\[,])\s*(\d{0,9})\s*:\s*(\d{0,9})\s*(?=[,\]])")


@dataclass(frozen=True, eq=False)
class Block:
    """Entries of one array: neurons ``j`` of layer ``layer`` and, for weights, ``k`` of the layer before.

    ``shape`` is that of the block in a result: an index that is one number takes no axis.
    """

    letter: Letter
    layer: int
    j: Array
    k: Array | None
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.j) * (1 if self.k is None else len(self.k))

    def quantities(self) -> list[Quantity]:
        """Each entry by itself, in row order."""
        layer = None if self.letter == "x" else self.layer
        if self.k is None:
            return [Quantity(self.letter, layer, (int(j),)) for j in self.j]
        return [Quantity(self.letter, layer, (int(j), int(k))) for j in self.j for k in self.k]


def block(name: str, labels: Labels) -> Block:
    """The block that ``name`` means in a network; raises UsageError, CountingError for what is out of range."""
    if not isinstance(name, str):
        raise UsageError(f"what is nudged is named by a text such as 'w[2][3,5]'; got {name!r}")
    if not _NUDGED.match(name):
        raise UsageError(f"{name!r} names no weight, bias or activation: write {EXAMPLES}")
    try:
        found = resolve(f"dC/d{_SLICE.sub(':', name).strip()}", labels).by
    except UsageError as error:
        kind = CountingError if isinstance(error, CountingError) else UsageError
        raise kind(
            str(error).replace("dC/d", "")
        ) from None  # it was asked for a quantity, and is told of one
    layer, spans = found.layer or 0, iter(_SLICE.findall(name))
    axes = (layer, layer - 1) if found.letter == "w" else (layer,)
    index = found.index or (":",) * len(axes)
    places = [
        _span(next(spans, ("", "")), labels.sizes[l], name) if entry == ":" else np.array([int(entry)])
        for entry, l in zip(index, axes, strict=True)
    ]
    shape = tuple(len(place) for place, entry in zip(places, index, strict=True) if entry == ":")
    return Block(found.letter, layer, places[0], places[1] if len(places) > 1 else None, shape)


def _span(ends: tuple[str, str], n: int, name: str) -> Array:
    """``3:8`` of n neurons, with Python's meaning but for ends that do not exist."""
    first, last = int(ends[0] or 0), int(ends[1] or n)
    if last > n:
        raise CountingError(f"{name!r}: a slice ends at {last}, and there are {n} neurons, 0 to {n - 1}")
    if first >= last:
        raise CountingError(f"{name!r}: the slice {first}:{last} holds no neuron")
    return np.arange(first, last)
