"""First-layer weights as images: what each neuron of layer 1 looks for in a picture.

All tiles stand on one Axes as one array, so that one symmetric scale holds for all and one ``ax`` is enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ..errors import CountingError, UsageError
from ..network import Network
from .canvas import SOFT, Display, check_finite, check_image, colour_bar, limit, mark_negative, signed_colours

Array = Any
_GAP = 0.12  # of a tile's side, between tiles
_HEAD = 0.20  # of a tile's side, above each tile for the neuron's number
_MOST = 64  # tiles, where none are chosen


class WeightImagesDisplay(Display):
    """A tile a neuron: ``weights`` (neurons, height, width), of the neurons ``neurons``; ``images_`` as drawn."""

    images_: list[Any]

    def __init__(self, weights: Array, neurons: Sequence[int], of: int, columns: int | None = None) -> None:
        self.weights, self.neurons, self.of = weights, tuple(neurons), of
        self.columns = _columns(len(self.neurons), columns)

    @classmethod
    def from_network(
        cls,
        net: Network,
        *,
        image: tuple[int, int] | None = None,
        neurons: Any = None,
        columns: int | None = None,
        ax: Any = None,
    ) -> Self:
        """w^1_j as pictures for ``neurons`` (numbers; where None, all, or the 64 of the longest w^1_j).

        ``image`` is (height, width), the recipe's unless given. Raises UsageError where the inputs are no image.
        """
        height, width = check_image(net, image)
        w = check_finite(np.array(net.w[1]), "w[1]")
        chosen = _longest(w) if neurons is None else _check_neurons(neurons, len(w))
        return cls(w[chosen].reshape(-1, height, width), chosen, len(w), columns).plot(ax)

    def _size(self) -> tuple[float, float]:
        rows = math.ceil(len(self.neurons) / self.columns)
        _, height, width = self.weights.shape
        across = min(8.0, max(4.2, 0.95 * self.columns))
        tile = across / self.columns
        return across + 0.9, max(2.4, tile * rows * (height / width + _GAP + _HEAD) - 0.1)

    def _draw(self, ax: Any) -> None:
        _, height, width = self.weights.shape
        side = max(height, width)
        step_x, step_y = width + _GAP * side, height + (_GAP + _HEAD) * side
        most = limit(self.weights)
        tile = self._size()[0] * 72 / self.columns  # points
        self.images_ = []
        for place, (j, one) in enumerate(zip(self.neurons, self.weights, strict=True)):
            row, column = divmod(place, self.columns)
            x, y = column * step_x, row * step_y
            self.images_.append(
                ax.imshow(
                    one,
                    cmap=signed_colours(),
                    vmin=-most,
                    vmax=most,
                    extent=(x, x + width, y + height, y),
                    interpolation="nearest",
                )
            )
            ax.text(x, y - 0.04 * side, str(j), size=_font(tile), color=SOFT, va="bottom")
            if side <= 16 and tile / side > 3:
                mark_negative(ax, np.where(np.abs(one) < 0.3 * most, 0.0, one), (x, y))
        rows = math.ceil(len(self.neurons) / self.columns)
        ax.set_xlim(-0.05 * side, self.columns * step_x - _GAP * side + 0.05 * side)
        ax.set_ylim(rows * step_y - (_GAP + _HEAD) * side + 0.05 * side, -_HEAD * side)
        ax.set_aspect("equal")
        ax.set_axis_off()
        colour_bar(ax, self.images_[0], "weight w¹, by pixel")
        if len(self.neurons) < self.of:
            ax.set_title(f"{len(self.neurons)} of {self.of} neurons", size=8.5, color=SOFT, loc="right")


def _font(tile: float) -> float:
    """A size that fits above a tile of so many points."""
    return min(8.5, max(4.0, 0.15 * tile))


def _longest(w: Array) -> Array:
    """The neurons whose weights are longest, at most 64, in their own order."""
    return np.sort(np.argsort(-np.linalg.norm(w, axis=1), kind="stable")[:_MOST])


def _check_neurons(given: Any, n: int) -> Array:
    try:
        listed = [int(one) for one in given]
    except (TypeError, ValueError):
        listed = []
    if not listed:
        raise UsageError(f"neurons is a list of numbers of neurons of layer 1; got {given!r}")
    for one in listed:
        if not 0 <= one < n:
            raise CountingError(f"there is no neuron {one} in layer 1: it has {n}, 0 to {n - 1}")
    return np.array(listed)


def _columns(count: int, given: int | None) -> int:
    """How many tiles stand side by side: about twice as many as rows."""
    if given is None:
        return min(count, max(1, math.ceil(math.sqrt(1.7 * count))))
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < 1:
        raise UsageError(
            f"columns is how many tiles stand side by side, a whole number from 1; got {given!r}"
        )
    return min(int(given), count)
