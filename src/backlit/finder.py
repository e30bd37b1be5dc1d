"""A learning-rate range test: η grows step by step on a copy of the network, and the cost shows where it breaks.

Smith 2017, "Cyclical learning rates for training neural networks", section 3.3. The network itself is not changed.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import engines
from .engines import Plan, State
from .errors import UsageError
from .lbfgs import NAMES
from .network import Network
from .optimizers import as_rule
from .options import parse_option
from .randomness import order_of_epoch
from .settings import number, whole
from .spelling import counted, worded
from .use import examples

Array = Any
_PLAN = ("l1", "l2", "clip_value", "clip_norm", "max_norm")
_BROKEN = 4.0  # times the least smoothed cost
_WINDOW = 20  # the smoothing's standard deviation is this part of the steps


@dataclass(frozen=True)
class EtaRange:
    """What the test found: each step's η and cost, the smoothed cost, and the suggestion.

    ``suggestion`` is the η at which the smoothed cost falls fastest, ``limit`` the largest before it rises again. Both
    mean little where the fall is not ``clear``: where it is within the scatter of the steps, as in a trained network.
    """

    etas: Array
    costs: Array
    smooth: Array
    suggestion: float
    limit: float

    @property
    def clear(self) -> bool:
        """Whether the smoothed cost falls by more than the steps scatter around it."""
        lowest = int(np.argmin(self.smooth))
        scatter = float(np.std((self.costs - self.smooth)[: lowest + 1]))
        return float(self.smooth[: lowest + 1].max() - self.smooth[lowest]) > 2 * scatter

    def __str__(self) -> str:
        doubt = (
            "" if self.clear else "; but this fall is within the scatter of the steps, so don't build on it"
        )
        return (
            f"cost falls fastest at eta = {self.suggestion:.3g}, and stops falling at {self.limit:.3g} "
            f"({len(self.etas)} steps from {self.etas[0]:.1g}){doubt}"
        )

    def plot(self, path: Any = None) -> Any:
        """Draws cost over η with matplotlib; returns the figure, and saves it where a path is given."""
        from .plots.curves import plot_eta_range

        return plot_eta_range(self, path)


def find_eta(
    net: Network,
    x: Any,
    y: Any,
    *,
    lowest: float = 1e-5,
    highest: float = 100.0,
    steps: int = 200,
    batch_size: int = 32,
    optimizer: str = "sgd",
    engine: str = "auto",
    **plan: Any,
) -> EtaRange:
    """Takes ``steps`` mini-batch steps on a copy of ``net``, η growing geometrically, until the cost breaks out.

    ``plan`` takes l1, l2, clip_value, clip_norm and max_norm as ``fit`` does. Raises UsageError and DataError.
    """
    lowest, highest = number("lowest", lowest), number("highest", highest)
    if not lowest < highest:
        raise UsageError(f"find_eta needs lowest below highest; got {lowest:g} and {highest:g}")
    steps, batch_size = whole("steps", steps, 20, ", to see a slope"), whole("batch_size", batch_size, 1)
    rule = _rule(optimizer)
    for name, value in plan.items():
        if name not in _PLAN:
            raise UsageError(f"find_eta does not take {name}; it takes {', '.join(_PLAN)}")
        plan[name] = None if value is None else number(name, value, zero=name in ("l1", "l2"))
    twin = net.copy()
    X, Y = examples(twin, x, y)
    m = min(batch_size, len(Y))
    etas = np.geomspace(lowest, highest, steps)
    base = Plan(batch_size=m, rule=rule, eta=etas, **plan)
    chosen = engines.choose(engine, twin, base, X)
    order = _order(net.seed, len(Y), steps * m)
    costs = _costs(chosen, twin, base, X, Y, order)
    return _read(etas[: len(costs)], costs, float(etas[min(len(costs), steps - 1)]))


def _rule(optimizer: Any) -> str:
    """The optimizer's option; raises UsageError for one that finds its own step length."""
    name = parse_option(optimizer)[0].replace("-", "_").lower() if isinstance(optimizer, str) else ""
    if name in (*NAMES, "rprop"):
        remedy = worded("leave eta out", "leave --find-eta out")
        raise UsageError(f"{name} finds its own step length, so there is no eta to find; {remedy}")
    return as_rule(optimizer).option


def _order(seed: int, n: int, count: int) -> Array:
    """As many epochs' orders, one after the other, as ``count`` examples take."""
    epochs = [order_of_epoch(seed, epoch, n) for epoch in range(1, 2 + count // n)]
    return np.concatenate(epochs)[:count]


def _costs(engine: Any, net: Network, plan: Plan, X: Array, Y: Array, order: Array) -> Array:
    """The costs step by step, until they are not finite or far above the least."""
    state, costs = State(), []
    m = plan.batch_size
    least = math.inf
    for i, eta in enumerate(plan.eta):
        one = dataclasses.replace(plan, eta=np.array([eta]))
        cost = float(
            engine.run_epoch(net, net.theta, state, one, X, Y, None, order[i * m : (i + 1) * m]).costs[-1]
        )
        if not math.isfinite(cost):
            break
        costs.append(cost)
        recent = float(np.mean(costs[-10:]))
        least = min(least, recent)
        if i >= 10 and recent > _BROKEN * least:
            break
    return np.array(costs)


def _read(etas: Array, costs: Array, tried: float) -> EtaRange:
    """The suggestion: the steepest fall of the smoothed cost over log η, before its least value."""
    if len(costs) < 10:
        remedy = worded("begin lower (lowest=), or standardise the inputs", "standardise the inputs")
        raise UsageError(
            f"the cost broke out after {counted(len(costs), 'step')}, at eta = {tried:.2g}: {remedy}"
        )
    smooth = _smoothed(costs, len(costs) / _WINDOW)
    lowest = max(2, int(np.argmin(smooth)))
    slope = np.gradient(smooth[: lowest + 1], np.log(etas[: lowest + 1]))
    return EtaRange(etas, costs, smooth, float(etas[int(np.argmin(slope))]), float(etas[lowest]))


def _smoothed(costs: Array, deviation: float) -> Array:
    """A Gaussian mean over neighbouring steps; at the ends over those that exist."""
    reach = int(3 * deviation) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    total = np.convolve(costs, kernel)[reach : reach + len(costs)]
    return np.asarray(total / np.convolve(np.ones(len(costs)), kernel)[reach : reach + len(costs)])
