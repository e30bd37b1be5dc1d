"""The cost on a plane through θ: two random directions, two that are given, or the plane of three θ, as contours."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..errors import DataError, UsageError
from ..network import Network
from .canvas import INK, Display, colour_bar
from .landscape import Normalise, as_theta, check_count, cost_function, directions, steps_between

Array = Any
_SEA = (
    "#0c2f61",
    "#1f5fa8",
    "#6fa3d8",
    "#bcd3ec",
    "#eef3f8",
    "#fbfaf7",
)  # low is dark: one hue, no sign in it
_LEVELS = 14


class CostPlaneDisplay(Display):
    """``costs`` (steps, steps) at θ + α·``directions[0]`` + β·``directions[1]``.

    Rows are ``betas`` and columns ``alphas``; NaN where C is not finite. ``ends``, (α, β) → name, are marked.
    """

    size = (5.8, 4.6)
    contour_: Any
    points_: list[Any]

    def __init__(
        self,
        alphas: Array,
        betas: Array,
        costs: Array,
        directions: tuple[Array, Array],
        ends: dict[tuple[float, float], str],
    ) -> None:
        if not np.isfinite(costs).any():
            raise DataError("no cost on this plane is a finite number; take a smaller span")
        self.alphas, self.betas, self.costs = alphas, betas, costs
        self.directions, self.ends = directions, ends

    @classmethod
    def from_network(
        cls,
        net: Network,
        x: Any,
        y: Any,
        *,
        to: Any = None,
        direction: Any = None,
        normalise: Normalise = "filter",
        span: Any = None,
        steps: int = 25,
        seed: int = 0,
        engine: str = "auto",
        ax: Any = None,
    ) -> Self:
        """C on x, y on a plane through ``net.theta``, which stays as it is; each of ``steps``² places is a pass.

        ``to`` are two other networks or θ, at (1, 0) and (0, 1); else ``direction`` two flat vectors; else two random
        ones of ``seed``, normalised by "filter", "layer" or "none". ``span`` is how far α and β go: a number, or two.
        """
        if to is not None and direction is not None:
            raise UsageError("give to= or direction=, not both: each says where the plane lies")
        here = net.theta.astype(np.float64)
        ends = {(0.0, 0.0): "this θ"}
        if to is not None:
            ways = [one - here for one in _two(net, to, "to")]
            ends |= {(1.0, 0.0): "first", (0.0, 1.0): "second"}
        elif direction is not None:
            ways = _two(net, direction, "direction")
        else:
            ways = directions(net, 2, seed, normalise)
        places = steps_between(span, steps, (-1.0, 1.0) if to is None else (-0.25, 1.25))
        check_count(len(places) ** 2)
        cost = cost_function(net, x, y, engine)
        costs = np.array([[cost(here + a * ways[0] + b * ways[1]) for a in places] for b in places])
        return cls(places, places, costs, (ways[0], ways[1]), ends).plot(ax)

    def _draw(self, ax: Any) -> None:
        from matplotlib.colors import LinearSegmentedColormap

        levels, log = _levels(self.costs)
        self.contour_ = ax.contourf(
            self.alphas,
            self.betas,
            self.costs,
            levels=levels,
            cmap=LinearSegmentedColormap.from_list("backlit cost", list(_SEA)),
            norm=_norm(levels, log),
            extend="neither",
        )
        ax.contour(
            self.alphas, self.betas, self.costs, levels=levels, colors="#ffffff", linewidths=0.5, alpha=0.7
        )
        self.points_ = []
        for (alpha, beta), name in self.ends.items():
            self.points_ += ax.plot(
                [alpha], [beta], "o", color="#ffffff", markeredgecolor=INK, markersize=6, zorder=4
            )
            ax.annotate(
                name, (alpha, beta), xytext=(7, 5), textcoords="offset points", size=9, color=INK, zorder=5,
                bbox={"boxstyle": "round,pad=0.15", "facecolor": "#ffffff", "edgecolor": "none", "alpha": 0.8},
            )  # fmt: skip
        ax.set_xlabel("α, along the first direction")
        ax.set_ylabel("β, along the second")
        ax.set_box_aspect(1)
        ax.locator_params(nbins=5)
        bar = colour_bar(ax, self.contour_, "cost C" + (", by equal ratios" if log else ""))
        ticks = levels[:: max(1, len(levels) // 6)]
        bar.set_ticks(ticks, labels=[f"{one:.3g}" for one in ticks])
        bar.minorticks_off()


def _two(net: Network, given: Any, what: str) -> list[Array]:
    if not isinstance(given, (list, tuple)) or len(given) != 2:
        raise UsageError(
            f"a plane takes two, {what}=(first, second): networks or flat θ; got {type(given).__name__}"
        )
    return [as_theta(net, one, what) for one in given]


def _levels(costs: Array) -> tuple[Array, bool]:
    """Heights of the contours, by equal ratios where the cost spans more than a factor of 20, else by equal steps."""
    finite = costs[np.isfinite(costs)]
    low, high = float(finite.min()), float(finite.max())
    if high <= low:
        return np.array([low, low + (abs(low) or 1.0) * 1e-9]), False
    if low > 0 and high / low > 20:
        return np.geomspace(low, high, _LEVELS), True
    return np.linspace(low, high, _LEVELS), False


def _norm(levels: Array, log: bool) -> Any:
    from matplotlib.colors import LogNorm, Normalize

    return (LogNorm if log else Normalize)(levels[0], levels[-1])
