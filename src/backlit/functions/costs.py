"""The table of costs: C_x of one example, ∂C_x/∂a, the TeX of both, kinks and source, side by side in one row.

A cost sums over the outputs of one example; the mean over examples is taken once, elsewhere (B5). What is better
computed from z than from a stands in pairs.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import UsageError
from ..namespaces import Array, Namespace
from ..options import build_option
from .activations import Activation
from .given import OwnPair, Row, number, own_name, tex_name
from .stable import over, times_log

Targets = Literal["values", "probabilities", "distribution", "signs", "counts"]


@dataclass(frozen=True)
class CostKink:
    """Where ∂C_x/∂a_j jumps: ``at(a, y)`` is 0 there; the value that Backlit takes, and the rule in words."""

    at: Callable[[Array, Array], Array]
    value: float
    where: str


@dataclass(frozen=True, eq=False)
class Cost(Row):
    """One row of the table. ``f(xp, a, y)`` gives C_x, shape (…,); ``derivative(xp, a, y)`` gives (…, n_L)."""

    name: str
    f: Callable[[Namespace, Array, Array], Array]
    derivative: Callable[[Namespace, Array, Array], Array]
    tex: str
    tex_derivative: str
    source: str
    targets: Targets = "values"
    lowest: float = -math.inf  # the open interval in which outputs must lie
    highest: float = math.inf
    kinks: tuple[CostKink, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    analytic: bool = True
    own: OwnPair | None = None  # the user's (f, f′), where the row is theirs

    def __reduce__(self) -> tuple[Callable[[Any], Cost], tuple[Any]]:
        return as_cost, (self.own or self.option,)  # pickled as what it was built from


def sum_of_squares(xp: Namespace, u: Array) -> Array:
    """Σ_j u_j²."""
    return xp.sum(u * u)


def _squared_error() -> Cost:
    return Cost(
        name="squared_error",
        f=lambda xp, a, y: sum_of_squares(xp, a - y),
        derivative=lambda xp, a, y: 2 * (a - y),
        tex=r"\sum_j (a^L_j - y_j)^2",
        tex_derivative=r"2\,(a^L_j - y_j)",
        source="the note and the videos (N5)",
    )


def _half_squared_error() -> Cost:
    return Cost(
        name="half_squared_error",
        f=lambda xp, a, y: sum_of_squares(xp, a - y) / 2,
        derivative=lambda xp, a, y: a - y,
        tex=r"\tfrac{1}{2} \sum_j (a^L_j - y_j)^2",
        tex_derivative=r"a^L_j - y_j",
        source="the book, ch. 2",
    )


def _mean_squared_error() -> Cost:
    return Cost(
        name="mean_squared_error",
        f=lambda xp, a, y: sum_of_squares(xp, a - y) / a.shape[-1],
        derivative=lambda xp, a, y: 2 * (a - y) / a.shape[-1],
        tex=r"\tfrac{1}{n_L} \sum_j (a^L_j - y_j)^2",
        tex_derivative=r"\tfrac{2}{n_L}\,(a^L_j - y_j)",
        source="PyTorch's MSELoss, Keras",
    )


def _absolute_error() -> Cost:
    return Cost(
        name="absolute_error",
        f=lambda xp, a, y: xp.sum(xp.abs(a - y)),
        derivative=lambda xp, a, y: xp.sign(a - y),
        tex=r"\sum_j \lvert a^L_j - y_j \rvert",
        tex_derivative=r"\operatorname{sign}(a^L_j - y_j)",
        source="Laplace 1774; PyTorch's L1Loss, summed over outputs",
        kinks=(CostKink(lambda a, y: a - y, value=0.0, where="a_j = y_j"),),
    )


def _huber(delta: float = 1.0) -> Cost:
    delta = number("huber", "delta", delta, "delta > 0", lambda positive: positive > 0)

    def f(xp: Namespace, a: Array, y: Array) -> Array:
        size = xp.abs(a - y)
        near = xp.minimum(size, delta)
        return xp.sum(near * near / 2 + delta * (size - near))

    return Cost(
        name="huber",
        f=f,
        derivative=lambda xp, a, y: xp.minimum(xp.maximum(a - y, -delta), delta),
        tex=r"\sum_j \tfrac{1}{2} m_j^2 + d\,(r_j - m_j),\quad r_j = \lvert a^L_j - y_j \rvert,\; m_j = \min(r_j, d)",
        tex_derivative=r"\max(-d, \min(d, a^L_j - y_j))",
        source="Huber 1964",
        parameters={"delta": delta},
    )


def _log_cosh() -> Cost:
    def f(xp: Namespace, a: Array, y: Array) -> Array:
        size = xp.abs(a - y)
        near = xp.minimum(size, 1)  # cosh u − 1 = (e^u − 1)² e^{−u} / 2 keeps its precision near 0
        grown = xp.expm1(near)
        small = xp.log1p(grown * grown * xp.exp(-near) / 2)
        large = size + xp.log((1 + xp.exp(-2 * size)) / 2)
        return xp.sum(xp.where(xp.real(size) < 1, small, large))

    return Cost(
        name="log_cosh",
        f=f,
        derivative=lambda xp, a, y: xp.tanh(a - y),
        tex=r"\sum_j \log\cosh(a^L_j - y_j)",
        tex_derivative=r"\tanh(a^L_j - y_j)",
        source="Keras's LogCosh, summed over outputs",
    )


def _binary_cross_entropy() -> Cost:
    return Cost(
        name="binary_cross_entropy",
        f=lambda xp, a, y: -xp.sum(times_log(xp, y, a) + times_log(xp, 1 - y, 1 - a)),
        derivative=lambda xp, a, y: over(xp, 1 - y, 1 - a) - over(xp, y, a),
        tex=r"-\sum_j \left( y_j \log a^L_j + (1 - y_j) \log(1 - a^L_j) \right)",
        tex_derivative=r"\frac{a^L_j - y_j}{a^L_j\,(1 - a^L_j)}",
        source='the book, ch. 3, eq. (63), its "cross-entropy"',
        targets="probabilities",
        lowest=0,
        highest=1,
    )


def _cross_entropy() -> Cost:
    return Cost(
        name="cross_entropy",
        f=lambda xp, a, y: -xp.sum(times_log(xp, y, a)),
        derivative=lambda xp, a, y: -over(xp, y, a),
        tex=r"-\sum_j y_j \log a^L_j",
        tex_derivative=r"-\frac{y_j}{a^L_j}",
        source="the book, ch. 3 (log-likelihood), eq. (80)",
        targets="distribution",
        lowest=0,
        highest=1,
    )


def _hinge() -> Cost:
    return Cost(
        name="hinge",
        f=lambda xp, a, y: xp.sum(xp.maximum(1 - y * a, 0)),
        derivative=lambda xp, a, y: -y * xp.step(1 - y * a),
        tex=r"\sum_j \max(0, 1 - y_j a^L_j)",
        tex_derivative=r"-y_j\,[y_j a^L_j < 1]",
        source="Cortes & Vapnik 1995",
        targets="signs",
        kinks=(CostKink(lambda a, y: 1 - y * a, value=0.0, where="y_j a_j = 1"),),
    )


def _squared_hinge() -> Cost:
    def f(xp: Namespace, a: Array, y: Array) -> Array:
        short = xp.maximum(1 - y * a, 0)
        return xp.sum(short * short)

    return Cost(
        name="squared_hinge",
        f=f,
        derivative=lambda xp, a, y: -2 * y * xp.maximum(1 - y * a, 0),
        tex=r"\sum_j \max(0, 1 - y_j a^L_j)^2",
        tex_derivative=r"-2 y_j \max(0, 1 - y_j a^L_j)",
        source="Lee & Mangasarian 2001",
        targets="signs",
    )


def _poisson() -> Cost:
    return Cost(
        name="poisson",
        f=lambda xp, a, y: xp.sum(a - times_log(xp, y, a)),
        derivative=lambda xp, a, y: 1 - over(xp, y, a),
        tex=r"\sum_j \left( a^L_j - y_j \log a^L_j \right)",
        tex_derivative=r"1 - \frac{y_j}{a^L_j}",
        source="the Poisson log-likelihood without log y! (McCullagh & Nelder 1989)",
        targets="counts",
        lowest=0,
    )


ALSO_CALLED = {
    "mse": "mean_squared_error",
    "l2": "squared_error",
    "sse": "squared_error",
    "quadratic": "half_squared_error",
    "mae": "absolute_error",
    "l1": "absolute_error",
    "bce": "binary_cross_entropy",
    "log_loss": "cross_entropy",
    "log_likelihood": "cross_entropy",
    "nll": "cross_entropy",
    "categorical_cross_entropy": "cross_entropy",
}
COSTS: dict[str, Callable[..., Cost]] = {
    "squared_error": _squared_error,
    "half_squared_error": _half_squared_error,
    "mean_squared_error": _mean_squared_error,
    "absolute_error": _absolute_error,
    "huber": _huber,
    "log_cosh": _log_cosh,
    "binary_cross_entropy": _binary_cross_entropy,
    "cross_entropy": _cross_entropy,
    "hinge": _hinge,
    "squared_hinge": _squared_hinge,
    "poisson": _poisson,
}


def as_cost(given: Any) -> Cost:
    """A row from a name, from an option such as ``"huber(delta=2)"``, or from a user's own pair (f, f′) of (a, y).

    A user's f gives C_x of each row, shape (…,); their f′ gives ∂C_x/∂a, shape (…, n_L).
    """
    if isinstance(given, Cost):
        return given
    if isinstance(given, str):
        return build_option("cost", given, COSTS, ALSO_CALLED)
    if isinstance(given, tuple) and len(given) == 2 and all(callable(part) for part in given):
        return _own(*given)
    raise UsageError(
        f"a cost is a name, an option such as 'huber(delta=2)', or a pair (f, f′); got {given!r}"
    )


def _own(f: Callable[[Array, Array], Array], derivative: Callable[[Array, Array], Array]) -> Cost:
    name = own_name(f)
    return Cost(
        name=name,
        f=lambda xp, a, y: f(a, y),
        derivative=lambda xp, a, y: derivative(a, y),
        tex=rf"{tex_name(name)}(a^L, y)",
        tex_derivative=rf"\partial\,{tex_name(name)} / \partial a^L_j",
        source="the user's own",
        analytic=False,
        own=(f, derivative),
    )


def check_fit(cost: Cost, activation: Activation) -> None:
    """Raises UsageError where the cost has no finite value or slope at outputs that the activation can give."""
    if not (cost.built_in and activation.built_in) or (math.isinf(cost.lowest) and math.isinf(cost.highest)):
        return
    below = activation.lowest < cost.lowest or (activation.reaches and activation.lowest == cost.lowest)
    above = activation.highest > cost.highest or (activation.reaches and activation.highest == cost.highest)
    if below or (above and math.isfinite(cost.highest)):
        needs = "between 0 and 1, ends excluded" if math.isfinite(cost.highest) else "above 0"
        better = {
            "cross_entropy": "softmax",
            "binary_cross_entropy": "sigmoid",
            "poisson": "exp",
        }[cost.name]
        raise UsageError(
            f"{cost.name} needs outputs {needs}, and {activation.option} gives others; "
            f"take {better!r} for the last layer, or another cost such as 'half_squared_error'"
        )
