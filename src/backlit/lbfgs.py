"""l-bfgs: SciPy's L-BFGS-B on our objective and gradient; Liu & Nocedal 1989. A whole-batch method, not a rule of steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import UsageError
from .options import build_option

Array = Any


def _l_bfgs(memory: int = 10, tolerance: float = 1e-6) -> dict[str, Any]:
    if not isinstance(memory, int) or memory < 1:
        raise UsageError(f"l_bfgs needs memory ≥ 1, a whole number of steps; got {memory!r}")
    if not tolerance >= 0:
        raise UsageError(
            f"l_bfgs needs tolerance ≥ 0, of the largest entry of the gradient; got {tolerance!r}"
        )
    return {"maxcor": memory, "gtol": tolerance}


def minimise(
    option: str,
    objective: Callable[[Array], tuple[float, Array]],
    theta: Array,
    iterations: int,
    each: Callable[[Array], bool],
) -> str:
    """Runs at most ``iterations`` from ``theta`` (not changed) and calls ``each(θ)`` after every one.

    ``objective(θ)`` gives value and gradient in float64; ``each`` returns True to stop. Returns why it ended.
    """
    import scipy.optimize

    minimize: Any = scipy.optimize.minimize  # its stubs don't know gradients beside values

    options = build_option("optimizer", option, {"l_bfgs": _l_bfgs, "lbfgs": _l_bfgs})
    stopped = False

    def callback(intermediate_result: Any) -> None:
        nonlocal stopped
        if each(intermediate_result.x):
            stopped = True
            raise StopIteration

    result = minimize(
        objective,
        theta.astype(np.float64),
        jac=True,
        method="L-BFGS-B",
        callback=callback,
        options=options | {"maxiter": iterations, "maxfun": 20 * iterations + 20, "ftol": 0.0},
    )
    if stopped:
        return "stopped"
    return (
        "all epochs done" if result.nit >= iterations else f"l_bfgs converged ({str(result.message).lower()})"
    )
