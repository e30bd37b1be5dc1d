"""What all displays share: figures of their own, the house's colours, one scale for signed numbers, and saving.

Nothing global of matplotlib's is touched: no pyplot, no rcParams, no colour map registered. matplotlib is imported when
something is drawn, never before.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..errors import DataError, UsageError, missing
from ..storage import check_writable

Array = Any
INK, BLUE, ORANGE, QUIET = "#222222", "#1f5fa8", "#c8641b", "#b8b8b8"
FAINT, SOFT = "#e3e5e8", "#5c6570"  # what recedes, and words that are beside the point
VIOLET = "#7a3db8"  # what was chosen: neither sign's colour
_SIGNED = ("#5e2a04", "#a84a0c", "#e08a45", "#f7d3b0", "#f4f4f2", "#bcd3ec", "#5d94cf", "#1c58a0", "#08264f")
_LINES = ("#8f3f06", "#c8641b", "#e6a878", "#e9e7e4", "#86aedb", "#1f5fa8", "#0c2f61")
_INKS = ("#ffffff", "#c9cdd4", "#8a92a0", "#4a5363", "#141c2e")
_DPI = 150
_MARKED = 0.3  # of the largest: negative cells from here on carry a stroke


class Display:
    """One picture. ``plot`` draws it and returns it; ``ax_`` and ``figure_`` are then what it was drawn on."""

    ax_: Any
    figure_: Any
    _own: bool = False  # whether the figure was made here, or belongs to someone who shows it
    size: ClassVar[tuple[float, float]] = (6.4, 4.4)

    def plot(self, ax: Any = None) -> Self:
        """Draws on a matplotlib Axes, or on a figure of its own. Raises UsageError for what is no Axes."""
        self._own = ax is None
        self.figure_, self.ax_ = _axes(ax, self._size())
        self._draw(self.ax_)
        return self

    def save(self, path: str | Path) -> Self:
        """Writes the figure, in the format that the name's ending says. Raises DataError where it can't."""
        save(self.figure_, path)
        return self

    def _size(self) -> tuple[float, float]:
        """Width and height of a figure of its own, in inches."""
        return self.size

    def _draw(self, ax: Any) -> None:
        raise NotImplementedError

    def _repr_png_(self) -> bytes | None:
        """What a notebook shows; None where the figure is someone else's, who shows it."""
        if not self._own:
            return None
        memory = io.BytesIO()
        self.figure_.savefig(memory, format="png", dpi=_DPI)
        return memory.getvalue()


def new_figure(width: float, height: float) -> Any:
    """A figure of its own, outside pyplot, so that nothing global changes and no window opens."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as reason:
        raise missing("matplotlib", "plots", "drawing") from reason
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _axes(ax: Any, size: tuple[float, float]) -> tuple[Any, Any]:
    """The figure and the axes to draw on."""
    if ax is None:
        figure = new_figure(*size)
        return figure, figure.subplots()
    if not (hasattr(ax, "imshow") and hasattr(ax, "figure")):
        raise UsageError(f"ax is one matplotlib Axes, or None for a figure of its own; got {ax!r}")
    return ax.figure, ax


def save(figure: Any, path: str | Path) -> None:
    """Writes a figure; raises DataError, naming the file, where that fails."""
    try:
        figure.savefig(Path(path), dpi=_DPI)
    except (OSError, ValueError) as reason:
        raise DataError(f"the picture could not be written to {path}: {reason}") from reason


def check_picture(path: str | Path) -> None:
    """Raises now, before any work, what would keep a picture from being written: its ending, its folder, matplotlib."""
    endings = new_figure(1, 1).canvas.get_supported_filetypes()
    ending = Path(path).suffix.lower().removeprefix(".")
    if ending not in endings:
        raise UsageError(f"{path}: a picture's name ends in one of {', '.join(sorted(endings))}; take .png")
    check_writable(path, "the picture")


def open_frame(ax: Any) -> None:
    """A quiet frame: axes at the left and below only."""
    ax.spines[["top", "right"]].set_visible(False)


def signed_colours() -> Any:
    """From orange over white to blue, for pictures; light in the middle and dark at both ends."""
    return _colours("backlit signed", _SIGNED)


def line_colours() -> Any:
    """The same for thin lines: what is near zero recedes."""
    return _colours("backlit lines", _LINES)


def ink_colours() -> Any:
    """From paper to ink, for numbers that have no sign."""
    return _colours("backlit ink", _INKS)


def _colours(name: str, stops: Sequence[str]) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, list(stops))


def limit(values: Array) -> float:
    """The largest |value|, so that a signed scale is symmetric about 0; 1 where all are 0."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0.0)) or 1.0


def check_finite(values: Array, what: str) -> Array:
    """``values``, or DataError where one is not finite."""
    if not np.isfinite(values).all():
        raise DataError(f"{what} holds a number that is not finite, and can't be drawn; look at net.health")
    return values


def colour_bar(ax: Any, mappable: Any, label: str, **options: Any) -> Any:
    """A thin bar beside ``ax`` that says what the colours mean."""
    bar = ax.figure.colorbar(mappable, ax=ax, **{"fraction": 0.04, "pad": 0.02, "aspect": 28} | options)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, length=2, colors=SOFT)
    bar.ax.locator_params(nbins=5)
    bar.set_label(label, size=9, color=INK)
    return bar


def mark_negative(ax: Any, values: Array, corner: tuple[float, float] = (0.0, 0.0)) -> Any:
    """A white stroke, a minus, in each strongly negative cell of ``values`` (rows, columns): sign without colour.

    ``corner`` is (x, y) of the upper left cell's upper left corner; cells are 1 wide. Returns the strokes.
    """
    from matplotlib.collections import LineCollection

    rows, columns = np.nonzero(values < -_MARKED * limit(values))
    x, y = corner[0] + columns, corner[1] + rows + 0.5
    strokes = np.stack([np.stack([x + 0.3, y], -1), np.stack([x + 0.7, y], -1)], axis=1)
    made = LineCollection(list(strokes), colors="#ffffff", linewidths=1.1, zorder=3)
    ax.add_collection(made, autolim=False)
    return made


def check_image(net: Any, given: Any) -> tuple[int, int]:
    """(height, width) of the pixels that the inputs are; raises UsageError where they are none, or others in number."""
    found = given if given is not None else None if net.recipe is None else net.recipe.image
    n = net.sizes[0]
    if found is None:
        raise UsageError(
            f"nothing says that the {n} inputs are an image: give image=(height, width), such as image=(8, 8) for "
            "the digits"
        )
    try:
        height, width = (int(side) for side in found)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or width < 1 or height * width != n:
        raise UsageError(f"image is (height, width) of the network's {n} inputs; got {given!r}")
    return height, width
