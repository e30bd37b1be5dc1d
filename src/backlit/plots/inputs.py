"""∂C/∂x as a picture beside the example: which pixels the cost, or an output, would feel, and which way."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..errors import UsageError
from ..explain import Derivation, explain
from ..network import Network
from .canvas import (
    INK,
    QUIET,
    SOFT,
    Display,
    check_finite,
    check_image,
    colour_bar,
    ink_colours,
    limit,
    mark_negative,
    signed_colours,
)  # fmt: skip

Array = Any
_GAP = 0.12  # of the picture's width, between the two


class InputGradientDisplay(Display):
    """``example`` and ``gradient`` (height, width) side by side; ``image_`` is the gradient as drawn.

    ``symbol`` says what the gradient is, ``statement`` of which example.
    """

    size = (7.4, 3.6)
    example_image_: Any
    image_: Any

    def __init__(self, example: Array, gradient: Array, symbol: str, statement: str = "the example") -> None:
        self.example, self.gradient = example, gradient
        self.symbol, self.statement = symbol, statement

    @classmethod
    def from_network(
        cls,
        net: Network,
        x: Any,
        y: Any = None,
        *,
        of: str = "C",
        example: int | None = None,
        image: tuple[int, int] | None = None,
        ax: Any = None,
    ) -> Self:
        """∂P/∂x of one example, P being C or, by ``of``, any z or a (``"a[L][7]"``), by the explanation of that name.

        ``example`` chooses a row of x. Raises UsageError where the inputs are no image or P has no such name.
        """
        if not isinstance(of, str):
            raise UsageError(f"of is C or the name of an output or a neuron, such as 'a[L][7]'; got {of!r}")
        height, width = check_image(net, image)
        found = explain(net, f"d{of}/dx", x, y, example=example)
        if found.problem.m != 1:
            raise UsageError(
                f"a picture is of one example, and x has {found.problem.m:,}; say which with example=0"
            )
        gradient = check_finite(np.array(found.value), f"d{of}/dx").reshape(height, width)
        return cls(
            found.problem.X[0].reshape(height, width),
            gradient,
            found.derivative.symbol(),
            _said(found),
        ).plot(ax)

    def _draw(self, ax: Any) -> None:
        height, width = self.gradient.shape
        start = width * (1 + _GAP)
        most = limit(self.gradient)
        self.example_image_ = ax.imshow(
            self.example, cmap=ink_colours(), extent=(0, width, height, 0), interpolation="nearest"
        )
        self.image_ = ax.imshow(
            self.gradient,
            cmap=signed_colours(),
            vmin=-most,
            vmax=most,
            extent=(start, start + width, height, 0),
            interpolation="nearest",
        )
        mark_negative(ax, self.gradient, (start, 0.0))
        for left, title in ((0.0, self.statement), (start, self.symbol)):
            ax.text(left, -0.03 * height, title, size=10, color=INK, va="bottom")
            _frame(ax, left, width, height)
        ax.text(
            start + width,
            -0.035 * height,
            "− marks negative" if (self.gradient < 0).any() else "",
            size=8,
            color=SOFT,
            va="bottom",
            ha="right",
        )
        ax.set_xlim(-0.02 * width, start + 1.02 * width)
        ax.set_ylim(1.02 * height, -0.16 * height)
        ax.set_axis_off()
        colour_bar(ax, self.image_, f"{self.symbol}, by pixel")


def _said(found: Derivation) -> str:
    """What the example is called."""
    numbers = found.problem.numbers
    return "the example" if numbers is None else f"example {numbers[0]}"


def _frame(ax: Any, left: float, width: float, height: float) -> None:
    """A quiet line around a picture whose own edge may be white."""
    ax.plot(
        [left, left + width, left + width, left, left],
        [0, 0, height, height, 0],
        color=QUIET,
        linewidth=0.8,
        zorder=4,
    )
