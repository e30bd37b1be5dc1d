"""l-bfgs: SciPy's L-BFGS-B on our objective and gradient; Liu & Nocedal 1989.

A whole-batch method, not a rule of steps. Here is what it minimises, how SciPy is called and what its endings mean;
what happens after each iteration is told by training.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import passes
from .engines import Engine
from .errors import UsageError
from .network import Network
from .options import build_option

Array = Any
LBFGS = "l_bfgs"
NAMES = (LBFGS, "lbfgs")


class Objective:
    """C + R1 and its gradient over a whole set, in float64, as a function of θ; the newest answer is remembered."""

    def __init__(
        self, net: Network, engine: Engine, X: Array, Y: Array, weights: Array | None, l2: float
    ) -> None:
        self.net, self.engine, self.X, self.Y, self.weights, self.l2 = net, engine, X, Y, weights, l2
        self._theta: Array = None
        self._found: tuple[float, float, Array] = (math.nan, math.nan, None)

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """C + R1 and its gradient."""
        cost, penalty, gradient = self._at(theta)
        return cost + penalty, gradient

    def cost(self, theta: Array) -> float:
        """C alone."""
        return self._at(theta)[0]

    def _at(self, theta: Array) -> tuple[float, float, Array]:
        theta = theta.astype(self.net.dtype)
        if self._theta is None or not np.array_equal(theta, self._theta):
            net = self.net
            cost, gradient = self.engine.value_and_gradient(net, theta, self.X, self.Y, self.weights)
            w = net.views(theta)[0]
            passes.add_penalty_gradient(w, net.views(gradient)[0], 0.0, self.l2)
            penalty = passes.penalty(net, w, 0.0, self.l2)
            self._theta, self._found = theta, (float(cost), penalty, gradient.astype(np.float64))
        return self._found


class Stop(Exception):
    """Raised by ``objective`` to end the search at its last iterate."""


def lbfgs_options(option: str) -> dict[str, Any]:
    """SciPy's options of ``"l_bfgs(memory=10, tolerance=1e-6)"``; raises UsageError."""
    return build_option("optimizer", option, dict.fromkeys(NAMES, _l_bfgs))


def _l_bfgs(
    memory: int = 10, tolerance: float = 1e-6, progress: float = 0.0, evaluations: int = 0
) -> dict[str, Any]:
    """``progress`` ends at a relative fall of the cost below it, ``evaluations`` 0 stands for 20 an epoch."""
    if not isinstance(memory, int) or isinstance(memory, bool) or memory < 1:
        raise UsageError(f"l_bfgs needs memory ≥ 1, a whole number of steps; got {memory!r}")
    if not 0 <= tolerance < math.inf:
        raise UsageError(
            f"l_bfgs needs tolerance ≥ 0, of the largest entry of the gradient; got {tolerance!r}"
        )
    if not 0 <= progress < 1:
        raise UsageError(
            f"l_bfgs needs 0 ≤ progress < 1, the relative fall of the cost to go on for; got {progress!r}"
        )
    if not isinstance(evaluations, int) or isinstance(evaluations, bool) or evaluations < 0:
        raise UsageError(
            f"l_bfgs needs evaluations ≥ 0, a whole number (0: 20 an epoch); got {evaluations!r}"
        )
    most = {"maxfun": evaluations} if evaluations else {}
    return {"maxcor": memory, "gtol": tolerance, "ftol": progress, **most}


def minimise(
    option: str,
    objective: Callable[[Array], tuple[float, Array]],
    theta: Array,
    iterations: int,
    each: Callable[[Array], bool],
) -> str:
    """Runs at most ``iterations`` from ``theta`` (not changed) and calls ``each(θ)`` after every one.

    ``objective(θ)`` gives value and gradient in float64; a value that is not finite is taken as a step too long, and a
    shorter one is tried. ``each`` returns True to stop. Returns why it ended.
    """
    import scipy.optimize

    minimize: Any = scipy.optimize.minimize  # its stubs don't know gradients beside values
    stopped = False

    def callback(intermediate_result: Any) -> None:
        nonlocal stopped
        if each(intermediate_result.x):
            stopped = True
            raise StopIteration

    limits = {"maxiter": iterations, "maxfun": 20 * iterations + 20}
    try:
        result = minimize(
            _bounded(objective),
            theta.astype(np.float64),
            jac=True,
            method="L-BFGS-B",
            callback=callback,
            options=limits | lbfgs_options(option),
        )
    except Stop:
        return "stopped"
    return "stopped" if stopped else _ending(result, iterations)


def _bounded(objective: Callable[[Array], tuple[float, Array]]) -> Callable[[Array], tuple[float, Array]]:
    """SciPy's line search divides by differences of values: where one is not finite it gets a wall twice as high as
    anything seen, which makes the step shorter by a factor and not by hundreds of orders.
    """
    highest = 1.0

    def bounded(theta: Array) -> tuple[float, Array]:
        nonlocal highest
        value, gradient = objective(theta)
        if math.isfinite(value) and np.isfinite(gradient).all():
            highest = max(highest, abs(value))
            return value, gradient
        return 2 * highest, np.zeros_like(theta)

    return bounded


def _ending(result: Any, iterations: int) -> str:
    if result.nit >= iterations:
        return "all epochs done"
    if result.status == 0:
        flat = "GRADIENT" in str(result.message).upper()
        return (
            f"l_bfgs converged: {'no slope is above the tolerance' if flat else 'the cost falls no further'}"
        )
    if result.status == 1:
        return "l_bfgs used up its evaluations"
    return "l_bfgs found no lower cost along its last direction: as far as rounding lets it go"
