"""Nudges as a heat map: what each example (row) would like of each weight, bias or activation (column), −∂C_x/∂·.

Every cell that has room carries its number, else a stroke where it is far below 0, so that the sign is read and not
only seen. The last row is the average, which is what a step of descent follows.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..errors import UsageError
from ..explain.formula import figures
from ..network import Network
from .canvas import INK, SOFT, Display, check_finite, colour_bar, limit, mark_negative, signed_colours

Array = Any
_MOST_ROWS, _MOST_COLUMNS = 40, 60  # beyond, labels could not be read
_WRITTEN = 12  # columns: in a wider table the cells have no room for numbers


class NudgesDisplay(Display):
    """``table`` is the Nudges; ``values`` (rows + 1, columns) what is drawn, the last row the average; ``image_`` it.

    An activation has no average, and its last cell stays empty.
    """

    image_: Any
    average_image_: Any
    texts_: list[Any]

    def __init__(self, table: Any) -> None:
        rows, columns = table.values.shape
        if rows > _MOST_ROWS or columns > _MOST_COLUMNS:
            raise UsageError(
                f"a heat map has at most {_MOST_ROWS} examples and {_MOST_COLUMNS} columns, to be read; got {rows:,} × "
                f"{columns:,}: name fewer with examples= and of="
            )
        self.table = table
        check_finite(table.values, "the table of nudges")
        self.values = np.vstack([table.values, table.averages])

    @classmethod
    def from_nudges(cls, table: Any, *, ax: Any = None) -> Self:
        """Of the result of ``net.nudges``. Raises UsageError where it has too many rows or columns."""
        return cls(table).plot(ax)

    @classmethod
    def from_network(cls, net: Network, x: Any, y: Any, *, ax: Any = None, **options: Any) -> Self:
        """Of a network and examples: ``options`` are those of ``net.nudges``, of= and examples= among them."""
        return cls.from_nudges(net.nudges(x, y, **options), ax=ax)

    def _size(self) -> tuple[float, float]:
        rows, columns = self.values.shape
        wide = 0.74 if columns <= _WRITTEN else 0.34
        return min(14.0, 2.6 + wide * columns), min(12.0, 1.3 + 0.3 * rows)

    def _draw(self, ax: Any) -> None:
        rows, columns = self.table.values.shape
        most = limit(self.values)
        style = {"cmap": signed_colours(), "vmin": -most, "vmax": most, "aspect": "auto"}
        self.image_ = ax.imshow(self.table.values, extent=(-0.5, columns - 0.5, rows - 0.5, -0.5), **style)
        low = rows + 0.25  # a gap sets the average apart
        self.average_image_ = ax.imshow(
            self.table.averages[None, :], extent=(-0.5, columns - 0.5, low + 0.5, low - 0.5), **style
        )
        heights = [*range(rows), low]
        if columns <= _WRITTEN:
            self.texts_ = _numbers(ax, self.values, heights, most)
        else:
            self.texts_ = []
            mark_negative(ax, self.table.values, (-0.5, -0.5))
        ax.set_ylim(low + 0.5, -0.5)
        ax.set_xlim(-0.5, columns - 0.5)
        ax.set_yticks(heights, [*map(self._row, range(rows)), f"average of {self.table.n:,}"])
        slant = {} if columns <= _WRITTEN else {"rotation": 90}
        names = [one.symbol(self.table.labels.notation) for one in self.table.quantities]
        ax.set_xticks(range(columns), names, **slant)
        ax.xaxis.tick_top()
        ax.tick_params(length=0, labelsize=9, labelcolor=INK)
        ax.spines[:].set_visible(False)
        colour_bar(ax, self.image_, "nudge −∂Cₓ/∂·")

    def _row(self, place: int) -> str:
        """What a row is called: ``905: "8", read as "1"``."""
        table = self.table
        number, known, answer = table.numbers[place], table.known[place], table.answers[place]
        if self.table.net.task == "values" or table.net.task is None:
            return f"example {number}"
        return f"{number}: a “{known}”" if known == answer else f"{number}: a “{known}”, read as “{answer}”"


def _numbers(ax: Any, values: Array, heights: list[float], most: float) -> list[Any]:
    """The number in each cell, white where the cell is dark."""
    texts = []
    for y, row in zip(heights, values, strict=True):
        for column, value in enumerate(row):
            if np.isnan(value):
                continue
            colour = "#ffffff" if abs(value) > 0.55 * most else INK
            texts.append(ax.text(column, y, _short(value), ha="center", va="center", size=8, color=colour))
            if not value:
                texts[-1].set_color(SOFT)
    return texts


def _short(value: float) -> str:
    """Three figures, in the room of a cell."""
    return "0" if not value else figures(value, 4 if abs(value) < 0.1 else 3) if abs(value) >= 5e-5 else "≈ 0"
