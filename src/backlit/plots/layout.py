"""Where everything of a drawn network stands: which neurons of a wide layer are shown, and the place of each.

Numbers only; pencil.py draws them. One unit is the distance between two neurons of a layer; y grows upwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
APART = 5.2  # from layer to layer
RADIUS = 0.34
_IMAGE = (5.0, 7.5)  # least and most side of the input's image


@dataclass(frozen=True)
class Layout:
    """By layer 0 … L: ``shown`` are the numbers of the neurons drawn, ``x`` and ``y`` their places, in that order.

    ``box`` is (left, bottom, width, height) of the input's image, whose pixels are then layer 0's neurons, all of them.
    """

    sizes: tuple[int, ...]
    shown: tuple[Array, ...]
    x: tuple[Array, ...]
    y: tuple[Array, ...]
    box: tuple[float, float, float, float] | None
    rows: int

    def hidden(self, l: int) -> int:
        """How many neurons of the layer are not drawn."""
        return self.sizes[l] - len(self.shown[l])

    def middle(self, l: int) -> float:
        """The layer's x."""
        return self.box[0] + self.box[2] / 2 if l == 0 and self.box else float(self.x[l][0])

    def place(self, l: int, j: int) -> tuple[float, float] | None:
        """(x, y) of neuron j, or None where it is not drawn."""
        at = np.flatnonzero(self.shown[l] == j)
        return (float(self.x[l][at[0]]), float(self.y[l][at[0]])) if at.size else None


def lay_out(
    sizes: Sequence[int], edges: Sequence[Array | None], chosen: Sequence[Array], most: int, image: Any
) -> Layout:
    """The layout: of a layer wider than ``most``, the neurons with the largest edges, those ``chosen`` before others.

    ``edges[l]`` is (n_l, n_{l−1}) or None, ``chosen[l]`` (n_l,) how much each neuron must be seen, 0 where not.
    """
    picked = [_pick(l, n, edges, chosen[l], most) for l, n in enumerate(sizes)]
    rows = max(
        len(one) + 0.9 * (len(one) < n)
        for one, n in zip(picked[bool(image) :], sizes[bool(image) :], strict=True)
    )
    x, y = [], []
    start, box = 0.0, None
    for l, one in enumerate(picked):
        if l == 0 and image:
            box = _box(image, rows)
            start = box[2] - APART + max(3.2, 0.45 * APART + 1)
            across, down = _pixels(image, box)
            picked[0] = np.arange(sizes[0])
        else:
            across = np.full(len(one), start + APART * l)
            down = (len(one) - 1) / 2 - np.arange(len(one), dtype=float) + 0.45 * (len(one) < sizes[l])
        x.append(across)
        y.append(down)
    return Layout(tuple(sizes), tuple(picked), tuple(x), tuple(y), box, int(np.ceil(rows)))


def _pick(l: int, n: int, edges: Sequence[Array | None], chosen: Array, most: int) -> Array:
    if n <= most:
        return np.arange(n)
    touched = np.zeros(n)
    for matrix, axis in ((edges[l], 1), (edges[l + 1] if l < len(edges) - 1 else None, 0)):
        if matrix is not None:
            touched += np.abs(matrix).max(axis=axis)
    order = np.lexsort((np.arange(n), -touched, -np.asarray(chosen)))
    return np.sort(order[:most])


def _box(image: tuple[int, int], rows: float) -> tuple[float, float, float, float]:
    height, width = image
    side = min(max(0.6 * rows, _IMAGE[0]), _IMAGE[1])
    tall, wide = side * min(1.0, height / width), side * min(1.0, width / height)
    return 0.0, -tall / 2, wide, tall


def _pixels(image: tuple[int, int], box: tuple[float, float, float, float]) -> tuple[Array, Array]:
    """The middle of each pixel, row by row from the top."""
    height, width = image
    left, bottom, wide, tall = box
    row, column = np.divmod(np.arange(height * width), width)
    return left + (column + 0.5) * wide / width, bottom + tall - (row + 0.5) * tall / height
