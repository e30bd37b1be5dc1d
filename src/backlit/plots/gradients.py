"""Gradient norms by layer and epoch: ‖∂C/∂w^l‖ as training went on, and with it where the gradient dies or blows up.

``GradientNorms`` is a callback that collects them on examples of its own; ``GradientNormsDisplay`` draws them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np

from ..callbacks import Event
from ..errors import DataError, UsageError
from ..network import Network
from ..use import gradient
from .canvas import SOFT, Display, open_frame

Array = Any
_LAYERS = (
    "#141c2e",
    "#3a3480",
    "#6a48b0",
    "#9a5fc4",
    "#b9539b",
    "#8c2f6b",
)  # first to last; blue and orange are for signs
_DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1.2, 1.5)))  # told apart without colour


class GradientNorms:
    """A callback for ``fit``: at each epoch's end, ‖∂C/∂w^l‖ of the mean gradient over x, y, for each layer.

    ``epochs`` (records,) and ``table`` (records, L); ``look(net)`` records a network now, as epoch 0 before training.
    Each epoch costs a pass forward and back over x, y: give a part of the training set.
    """

    def __init__(self, x: Any, y: Any) -> None:
        self._x, self._y = x, y
        self.epochs: list[int] = []
        self._rows: list[list[float]] = []

    def __call__(self, event: Event) -> None:
        self._record(event.net, event.epoch)

    def look(self, net: Network) -> Self:
        """Records the norms as they are now, under the last epoch's number, or 0 where there is none."""
        self._record(net, self.epochs[-1] if self.epochs else 0)
        return self

    @property
    def table(self) -> Array:
        """(records, L): ‖∂C/∂w^l‖, l = 1 … L."""
        return np.array(self._rows, dtype=np.float64)

    def _record(self, net: Network, epoch: int) -> None:
        task = net.task
        found = gradient(net, self._x, self._y)
        net.task = task  # what looks on leaves the network as it was
        self._rows.append([float(np.linalg.norm(found.w[l])) for l in range(1, net.L + 1)])
        self.epochs.append(epoch)


class GradientNormsDisplay(Display):
    """A line a layer over epochs, on a logarithmic scale: ``epochs`` (n,), ``norms`` (n, L); ``lines_`` as drawn."""

    size = (6.4, 4.0)
    lines_: list[Any]

    def __init__(self, epochs: Any, norms: Any) -> None:
        self.epochs, self.norms = np.asarray(epochs), np.asarray(norms, dtype=np.float64)
        if self.norms.ndim != 2 or self.epochs.shape != self.norms.shape[:1]:
            raise UsageError(
                f"norms has a row for each epoch and a column for each layer; got {self.epochs.shape} epochs and norms "
                f"of shape {self.norms.shape}"
            )
        if not self.norms.size:
            raise DataError(
                "no gradient norms are recorded yet: give the GradientNorms to fit, callbacks=norms"
            )

    @classmethod
    def from_norms(cls, norms: GradientNorms, *, ax: Any = None) -> Self:
        """Of what the callback collected. Raises DataError where that is nothing."""
        return cls(norms.epochs, norms.table if norms.epochs else np.empty((0, 0))).plot(ax)

    @classmethod
    def from_health(cls, results: Iterable[Any], *, epochs: Any = None, ax: Any = None) -> Self:
        """Of results of ``net.health``, in order; ``epochs`` numbers them, from 0 on unless given."""
        rows = [[layer.dC_dw for layer in one.layers] for one in results]
        return cls(range(len(rows)) if epochs is None else epochs, np.array(rows, ndmin=2)).plot(ax)

    def _draw(self, ax: Any) -> None:
        count = self.norms.shape[1]
        above = np.where(self.norms > 0, self.norms, np.nan)  # 0 has no place on a logarithmic scale
        self.lines_ = []
        for place in range(count):
            colour = _LAYERS[round(place * (len(_LAYERS) - 1) / max(1, count - 1))]
            (line,) = ax.plot(
                self.epochs,
                above[:, place],
                color=colour,
                linestyle=_DASHES[place % len(_DASHES)],
                linewidth=1.7,
                marker="o" if len(self.epochs) < 3 else "",
                markersize=4,
            )
            self.lines_.append(line)
        if np.isfinite(above).any():
            ax.set_yscale("log")
        ax.set_xlabel("epoch")
        ax.set_ylabel("‖∂C/∂wˡ‖ of the mean gradient")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(axis="y", color="#e8e8e8", linewidth=0.7)
        ax.set_axisbelow(True)
        open_frame(ax)
        _label(ax, self.lines_, self.norms)


def _label(ax: Any, lines: list[Any], norms: Array) -> None:
    """Each layer's name at the end of its line, moved apart where ends are close."""
    count = len(lines)
    ends = [_end(line) for line in lines]
    low, high = ax.get_ylim()
    apart = 0.05  # of the axes' height: a line of text
    span = np.log(high / low) if low > 0 else 1.0
    heights = [np.log(y / low) / span if y > 0 and low > 0 else 0.0 for y in ends]
    for place, y in zip(range(count), spread(heights, apart), strict=True):
        zero = ", last 0" if not norms[-1, place] else ""
        ax.annotate(
            f"layer {place + 1}{zero}",
            (1.0, y),
            xycoords="axes fraction",
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            size=9,
            color=lines[place].get_color() if not zero else SOFT,
        )


def _end(line: Any) -> float:
    """The last number of a line that is one, or 0."""
    drawn = np.asarray(line.get_ydata(), dtype=np.float64)
    finite = drawn[np.isfinite(drawn)]
    return float(finite[-1]) if finite.size else 0.0


def spread(heights: list[float], apart: float) -> list[float]:
    """The same heights, each moved as little as it takes to stand ``apart`` from the next, within 0 … 1 if they fit."""
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    placed = [heights[place] for place in order]
    for _ in range(200):
        moved = False
        for below in range(len(placed) - 1):
            lack = apart - (placed[below + 1] - placed[below])
            if lack > 1e-9:
                placed[below] -= lack / 2
                placed[below + 1] += lack / 2
                moved = True
        if not moved:
            break
    shift = max(0.0, -placed[0]) or min(0.0, 1.0 - placed[-1])
    result = [0.0] * len(heights)
    for place, height in zip(order, placed, strict=True):
        result[place] = height + shift
    return result
