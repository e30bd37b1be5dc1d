"""The cost along a line through θ: in a random direction, in one that is given, or from this θ to another."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..errors import UsageError
from ..network import Network
from .canvas import BLUE, INK, SOFT, Display, open_frame
from .landscape import Normalise, as_theta, cost_function, directions, steps_between

Array = Any


class CostLineDisplay(Display):
    """``costs`` (steps,) at θ + α·``direction`` for each of ``alphas`` (steps,); NaN where C is not finite.

    ``ends`` are the α to be marked, with their names: this θ, and the other one where there is one.
    """

    size = (6.0, 3.6)
    line_: Any
    points_: list[Any]

    def __init__(
        self, alphas: Array, costs: Array, direction: Array, ends: dict[float, str], label: str
    ) -> None:
        self.alphas, self.costs, self.direction = alphas, costs, direction
        self.ends, self.label = ends, label

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
        steps: int = 61,
        seed: int = 0,
        engine: str = "auto",
        ax: Any = None,
    ) -> Self:
        """C on x, y along a line through ``net.theta``, which stays as it is; each of ``steps`` places is a pass.

        ``to`` is another network or θ, at α = 1; else ``direction`` is a flat vector; else a random one of ``seed``,
        normalised by "filter", "layer" or "none". ``span`` is how far α goes: a number, or two.
        """
        if to is not None and direction is not None:
            raise UsageError("give to= or direction=, not both: each says where the line goes")
        here = net.theta.astype(np.float64)
        ends = {0.0: "this θ"}
        if to is not None:
            way, label = as_theta(net, to, "to") - here, "α, from this θ to the other"
            ends[1.0] = "the other"
        elif direction is not None:
            way, label = as_theta(net, direction, "direction"), "α, along the direction that was given"
        else:
            (way,) = directions(net, 1, seed, normalise)
            label = f"α, along a random direction{_lengths(normalise)}"
        alphas = steps_between(span, steps, (-1.0, 1.0) if to is None else (-0.25, 1.25))
        cost = cost_function(net, x, y, engine)
        costs = np.array([cost(here + alpha * way) for alpha in alphas])
        return cls(alphas, costs, way, ends, label).plot(ax)

    def _draw(self, ax: Any) -> None:
        (self.line_,) = ax.plot(self.alphas, self.costs, color=BLUE, linewidth=1.8)
        self.points_ = []
        for place, name in self.ends.items():
            if not self.alphas[0] <= place <= self.alphas[-1]:
                continue
            cost = float(np.interp(place, self.alphas, self.costs))
            ax.axvline(place, color=INK, linewidth=0.7, linestyle=":", zorder=1)
            self.points_ += ax.plot([place], [cost], "o", color=INK, markersize=5)
            ax.annotate(
                f"{name}", (place, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -2),
                textcoords="offset points", va="top", size=9, color=SOFT,
            )  # fmt: skip
        ax.set_xlabel(self.label)
        ax.set_ylabel("cost C")
        open_frame(ax)


def _lengths(normalise: str) -> str:
    """How long a random direction is, in words."""
    return {
        "filter": ", each neuron's as long as its weights",
        "layer": ", each layer's as long as its weights",
    }.get(normalise, "")
