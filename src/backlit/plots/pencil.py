"""The strokes of a drawn network: edges, neurons, the input's image, and the words around them.

An edge below 0 is orange and dashed, one above blue and whole, so that the sign is seen without colour; its ink and
width follow its size. Where paths are drawn, all other edges are thin grey.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..explain.formula import figures
from ..explain.labels import Labels
from .canvas import (
    BLUE,
    FAINT,
    INK,
    ORANGE,
    QUIET,
    SOFT,
    VIOLET,
    colour_bar,
    ink_colours,
    limit,
    line_colours,
)  # fmt: skip
from .edges import Seen
from .layout import RADIUS, Layout

Array = Any
_DASH = (0, (3.2, 1.6))
_WORTH = 0.03  # of the largest: a path's edge below it has no number beside it
_WRITTEN = 14  # numbers beside edges of a layer, at most
_LONG = 20  # letters of a neuron's name
_BOLD = 0.22  # how wide one of them is at an output, in units
_PIXELS = 3  # of an image, so many times fewer edges are drawn: they lie on one another


@dataclass
class Drawn:
    """The artists, by layer."""

    lines: dict[int, list[Any]] = field(default_factory=dict)
    neurons: dict[int, Any] = field(default_factory=dict)
    image: Any = None
    texts: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class _Sheet:
    """What is drawn on, and how large words are there: ``size`` in points."""

    ax: Any
    seen: Seen
    layout: Layout
    labels: Labels
    size: float
    drawn: Drawn

    def write(self, x: float, y: float, text: str, **style: Any) -> Any:
        """A word, in the size that fits; the style's own size is a factor."""
        factor = style.pop("factor", 1.0)
        made = self.ax.text(x, y, text, **{"size": self.size * factor, "color": SOFT, "va": "center"} | style)
        self.drawn.texts.append(made)
        return made


def draw(
    ax: Any, seen: Seen, layout: Layout, labels: Labels, *, image: Any, strongest: int, bar: bool
) -> Drawn:
    """Everything, on ``ax``."""
    scale = _frame(ax, extent(seen, layout, labels))
    sheet = _Sheet(ax, seen, layout, labels, min(9.5, max(4.0, 0.36 * scale)), Drawn())
    if image:
        _image(sheet, image)
    _edges(sheet, strongest, bar)
    for l in range(bool(image), len(seen.net.sizes)):
        _neurons(sheet, l)
        _names(sheet, l)
    _headings(sheet, image)
    _outputs(sheet)
    return sheet.drawn


def extent(seen: Seen, layout: Layout, labels: Labels) -> tuple[float, float, float, float]:
    """(left, right, low, high) of everything, in units."""
    last = len(layout.sizes) - 1
    left = -0.4 if layout.box else -0.9 - 0.2 * _letters(labels.names(0))
    if seen.activations is None:
        right = layout.middle(last) + 1.2 + _BOLD * _letters(labels.names(last))
    else:
        right = layout.middle(last) + 4.6 + _BOLD * _letters(labels.names(last))
    tall = max(layout.rows, layout.box[3] if layout.box else 0) / 2
    wide = layout.middle(0) - 2.0  # a heading is wider than its layer
    return min(left, wide), max(right, layout.middle(last) + 2.0), -tall - 0.9, tall + 1.1


def _letters(names: Any) -> int:
    return min(_LONG, max(map(len, names))) if names else 2


def _frame(ax: Any, box: tuple[float, float, float, float]) -> float:
    """Sets the limits; returns how many points one unit is, about."""
    left, right, low, high = box
    ax.set_xlim(left, right)
    ax.set_ylim(low, high)
    ax.set_aspect("equal")
    ax.set_axis_off()
    wide, tall = ax.figure.dpi_scale_trans.inverted().transform(ax.get_window_extent().size)
    return 72 * float(min(wide / (right - left), tall / (high - low)))


def _image(sheet: _Sheet, image: tuple[int, int]) -> None:
    """The input as the picture that it is, or an empty frame where no example is shown; chosen pixels are framed."""
    from matplotlib.patches import Rectangle

    assert sheet.layout.box is not None
    left, bottom, wide, tall = sheet.layout.box
    known = sheet.seen.activations
    pixels = np.zeros(image) if known is None else np.asarray(known[0]).reshape(image)
    sheet.drawn.image = sheet.ax.imshow(
        pixels,
        cmap=ink_colours(),
        vmin=min(0.0, float(pixels.min())),
        vmax=max(float(pixels.max()), 1e-9) if known is not None else 1,
        extent=(left, left + wide, bottom, bottom + tall),
        interpolation="nearest",
        zorder=1,
    )
    sheet.ax.add_patch(
        Rectangle((left, bottom), wide, tall, fill=False, edgecolor=QUIET, linewidth=0.8, zorder=1.5)
    )
    height, width = image
    for k in np.flatnonzero(sheet.seen.chosen[0]):
        x, y = sheet.layout.place(0, int(k)) or (0.0, 0.0)
        a, b = wide / width, tall / height
        sheet.ax.add_patch(
            Rectangle((x - a / 2, y - b / 2), a, b, fill=False, edgecolor=VIOLET, linewidth=1.8, zorder=5)
        )


def _edges(sheet: _Sheet, strongest: int, bar: bool) -> None:
    """All edges: grey ones that recede where paths are drawn, then the coloured ones, the largest on top."""
    seen, layout = sheet.seen, sheet.layout
    values = [one for one in seen.edges if one is not None]
    most = limit(np.concatenate([one.ravel() for one in values]))
    for l in range(1, len(seen.net.sizes)):
        matrix = seen.edges[l]
        assert matrix is not None
        part = matrix[np.ix_(layout.shown[l], layout.shown[l - 1])]
        if seen.paths is not None:
            _receding(sheet, l, strongest)
        j, k = np.nonzero(part)
        on_image = l == 1 and layout.box is not None
        most_drawn = max(1, strongest // _PIXELS) if on_image else strongest
        order = np.argsort(np.abs(part[j, k]), kind="stable")[-most_drawn:]
        j, k = j[order], k[order]
        ends = _ends(layout, l, j, k)
        sheet.drawn.lines[l] = _strokes(sheet, ends, part[j, k], most)
        if on_image:
            sheet.ax.plot(*ends[:, 0].T, ".", color=SOFT, markersize=2.5, zorder=3)
        if seen.paths is not None:
            _numbers(sheet, ends, part[j, k], most)
    if bar:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        mappable = ScalarMappable(Normalize(-most, most), line_colours())
        colour_bar(sheet.ax, mappable, f"{seen.label}  (dashed: negative)", shrink=0.7)


def _ends(layout: Layout, l: int, j: Array, k: Array) -> Array:
    """(edges, 2, 2): from the neuron or pixel k to the rim of neuron j."""
    gap = 0.0 if l == 1 and layout.box else RADIUS
    start = np.stack([layout.x[l - 1][k] + gap, layout.y[l - 1][k]], axis=-1)
    stop = np.stack([layout.x[l][j] - RADIUS, layout.y[l][j]], axis=-1)
    return np.stack([start, stop], axis=1)


def _strokes(sheet: _Sheet, ends: Array, values: Array, most: float) -> list[Any]:
    """The edges above 0 and those below, each a collection with its values as its array."""
    from matplotlib.collections import LineCollection

    made = []
    full = sheet.seen.paths is not None
    thick = max(0.5, sheet.size / 9)
    for which, dash in ((values > 0, "-"), (values < 0, _DASH)):
        part = np.abs(values[which]) / most
        lines = LineCollection(
            list(ends[which]),
            linewidths=thick * ((1.0 + 2.8 * part) if full else (0.35 + 2.2 * part)),
            linestyles=[dash],
            capstyle="butt",
            zorder=2.5 if full else 2,
        )
        lines.set_array(values[which])
        lines.set_cmap(_two_colours() if full else line_colours())
        lines.set_clim(-most, most)
        sheet.ax.add_collection(lines, autolim=False)
        made.append(lines)
    return made


def _two_colours() -> Any:
    """Full ink whatever the size: orange below 0 and blue above."""
    from matplotlib.colors import ListedColormap

    return ListedColormap([ORANGE, BLUE], "backlit two")


def _receding(sheet: _Sheet, l: int, strongest: int) -> None:
    """The rest of the network: thin and grey. Of an image, one line from its edge to each neuron."""
    from matplotlib.collections import LineCollection

    layout = sheet.layout
    count = len(layout.shown[l])
    if l == 1 and layout.box:
        left, bottom, wide, tall = layout.box
        start = np.tile([left + wide, bottom + tall / 2], (count, 1))
        stop = np.stack([layout.x[1] - RADIUS, layout.y[1]], axis=-1)
        ends = np.stack([start, stop], axis=1)
    else:
        j, k = np.indices((count, len(layout.shown[l - 1]))).reshape(2, -1)
        w = np.abs(sheet.seen.net.w[l][np.ix_(layout.shown[l], layout.shown[l - 1])]).ravel()
        order = np.argsort(w, kind="stable")[-strongest:]
        ends = _ends(layout, l, j[order], k[order])
    lines = LineCollection(list(ends), colors=FAINT, linewidths=0.6, zorder=0.5)
    sheet.ax.add_collection(lines, autolim=False)


def _numbers(sheet: _Sheet, ends: Array, values: Array, most: float) -> None:
    """What the largest edges of the paths carry, each where it stands farthest from the others."""
    order = np.argsort(-np.abs(values), kind="stable")
    order = order[np.abs(values[order]) >= _WORTH * most][:_WRITTEN]
    placed: list[Array] = []
    for place in order:
        start, stop = ends[place]
        spots = [start + t * (stop - start) for t in (0.5, 0.38, 0.62, 0.27, 0.73, 0.84)]
        free = [min((_apart(spot, other) for other in placed), default=9.0) for spot in spots]
        at = next((i for i, one in enumerate(free) if one >= 1.0), None)
        if at is None:
            continue
        placed.append(spots[at])
        value = float(values[place])
        sheet.write(
            float(spots[at][0]), float(spots[at][1]), figures(value), color=BLUE if value > 0 else ORANGE,
            ha="center", weight="bold", factor=0.92, zorder=6,
            bbox={"boxstyle": "round,pad=0.12", "facecolor": "#ffffff", "edgecolor": "none", "alpha": 0.85},
        )  # fmt: skip


def _apart(one: Array, other: Array) -> float:
    """How far two numbers stand apart, 1 where they just don't touch."""
    return float(max(abs(one[0] - other[0]) / 2.3, abs(one[1] - other[1]) / 0.75))


def _neurons(sheet: _Sheet, l: int) -> None:
    """Circles filled by activation; one below 0 carries a minus. On no path, they recede."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Circle

    layout, known = sheet.layout, sheet.seen.activations
    circles = [Circle(at, RADIUS) for at in zip(layout.x[l], layout.y[l], strict=True)]
    lit = sheet.seen.chosen[l][layout.shown[l]] > 0
    made = PatchCollection(
        circles,
        edgecolors=[INK if one else QUIET for one in lit],
        linewidths=[1.5 if one else 0.8 for one in lit],
        zorder=4,
    )
    if known is None:
        made.set_facecolor("#ffffff")
    else:
        values = np.asarray(known[l])
        made.set_array(np.abs(values[layout.shown[l]]))
        made.set_cmap(ink_colours())
        made.set_clim(0, max(1.0, limit(values)))
        for x, y, value in zip(layout.x[l], layout.y[l], values[layout.shown[l]], strict=True):
            if value < 0:
                dark = abs(value) > 0.5 * max(1.0, limit(values))
                sheet.write(x, y, "−", ha="center", color="#ffffff" if dark else INK, zorder=5)
    sheet.drawn.neurons[l] = sheet.ax.add_collection(made, autolim=False)


def _names(sheet: _Sheet, l: int) -> None:
    """Numbers or column names at the left of neurons, and how many are not drawn."""
    layout = sheet.layout
    last = len(layout.sizes) - 1
    if l < last:
        for j, x, y in zip(layout.shown[l], layout.x[l], layout.y[l], strict=True):
            sheet.write(
                x - RADIUS - 0.16, y, _short(sheet.labels.short(l, int(j))), ha="right", factor=0.82, zorder=4.5,
                bbox={"boxstyle": "round,pad=0.05", "facecolor": "#ffffff", "edgecolor": "none", "alpha": 0.7},
            )  # fmt: skip
    if layout.hidden(l):
        sheet.write(
            layout.middle(l), float(layout.y[l][-1]) - 0.95, f"… {layout.hidden(l):,} more", ha="center"
        )


def _short(name: str) -> str:
    return name if len(name) <= _LONG else name[: _LONG - 1] + "…"


def _headings(sheet: _Sheet, image: Any) -> None:
    layout, net = sheet.layout, sheet.seen.net
    top = sheet.ax.get_ylim()[1] - 0.35
    for l, n in enumerate(net.sizes):
        kind = (
            net.activations[l - 1].option
            if l
            else f"input {image[0]}×{image[1]}"
            if image
            else "input"
            if n == 1
            else "inputs"
        )
        text = f"layer {sheet.labels.number(l)} · " + (kind if l == 0 and image else f"{n:,} {kind}")
        sheet.write(layout.middle(l), top, text, ha="center")
    low = sheet.ax.get_ylim()[0] + 0.25
    middle = sum(sheet.ax.get_xlim()) / 2
    if sheet.seen.paths is not None:
        sheet.write(middle, low, _said(sheet.seen), ha="center", color=INK, factor=1.05)


def _said(seen: Seen) -> str:
    """What the paths come to, in one line."""
    found = seen.paths
    assert found is not None
    listed = (
        f"{len(found):,} of {found.count:,} paths"
        if len(found) < found.count
        else f"all {found.count:,} paths"
    )
    return (
        f"{found.derivative.symbol(found.notation)} = {figures(found.value)}: {listed}, {100 * found.share:.1f}% of "
        "their mass; dashed: negative"
    )


def _outputs(sheet: _Sheet) -> None:
    """At the outputs: names, and where an example is shown a bar, its number, and which was wanted."""
    from matplotlib.patches import Rectangle

    seen, layout = sheet.seen, sheet.layout
    last = len(layout.sizes) - 1
    names = [
        _short((sheet.labels.outputs or [str(j) for j in range(layout.sizes[last])])[j])
        for j in layout.shown[last]
    ]
    wide = _BOLD * max(map(len, names))
    values = None if seen.activations is None else np.asarray(seen.activations[last])
    most = 1.0 if values is None else max(1.0, limit(values))
    wanted = None if seen.wanted is None or len(seen.wanted) == 1 else int(np.argmax(seen.wanted))
    for j, name, x, y in zip(layout.shown[last], names, layout.x[last], layout.y[last], strict=True):
        sheet.write(x + RADIUS + 0.25, y, name, color=INK, weight="bold", ha="left")
        if values is None:
            continue
        left = x + RADIUS + 0.45 + wide
        length = abs(float(values[j])) / most
        sheet.ax.add_patch(
            Rectangle((left, y - 0.14), max(length, 0.02), 0.28, color=SOFT, linewidth=0, zorder=3)
        )
        said = figures(float(values[j]), 3) + ("  wanted" if j == wanted else "")
        sheet.write(left + length + 0.15, y, said, ha="left", factor=0.85)
