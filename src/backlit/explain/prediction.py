"""Prediction and truth: what a step Δ on one parameter does to C by its derivative, and what it does indeed.

g·Δ is the tangent's word, C(θ + Δ) − C(θ) the truth, and the range of Δ is where the two agree to 1%. The truth is
measured with C alone, in float64 whatever the network's dtype, so no code of the derivative has a part in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import equations, passes
from ..equations import EQUATIONS
from ..errors import ModelError, UsageError
from ..inputs import batch, is_sparse
from ..namespaces import NUMPY
from ..network import Network
from ..use import examples
from .lines import number, plain
from .parameters import Parameter, in_float64, parameter

Array = Any
AGREE = 0.01  # how far measured may be from predicted, as a part of what is predicted
_GROWTH = math.sqrt(2)
_BISECTIONS = 18  # of a bracket of √2: more digits than are shown
_FARTHEST = 1e6  # times the parameter (or 1): beyond it, agreement is said to have no end
_NOISE = 1e-4  # rounding may be this part of what is measured


@dataclass(frozen=True)
class StepPrediction:
    """ΔC for a step ``delta`` on ``name``: ``predicted`` is g·Δ, ``measured`` C(θ + Δ) − C(θ), over ``n`` examples.

    For every Δ from ``lowest`` to ``highest`` (one not above, one not below 0) the two agree to 1%; infinite where they
    agree as far as was looked, None where g is 0 and nothing is predicted.
    """

    name: str
    symbol: str
    value: float
    C: float
    derivative: float
    delta: float
    predicted: float
    measured: float
    lowest: float | None
    highest: float | None
    n: int

    @property
    def agrees(self) -> bool:
        """Whether measured and predicted agree to 1% at this Δ."""
        return abs(self.measured - self.predicted) <= AGREE * abs(self.predicted)

    @property
    def sentence(self) -> str:
        """What this means, in words."""
        if self.lowest is None or self.highest is None:
            rest = (
                f"what is measured, {number(self.measured)}, is curvature"
                if self.measured
                else "and there is none"
            )
            return f"The derivative is 0, so it predicts no change; {rest}."
        verdict = "agree to 1%" if self.agrees else "do not agree to 1%"
        if math.isinf(self.lowest) and math.isinf(self.highest):
            return f"They {verdict}, and do so for every Δ: C is a straight line in {self.symbol}."
        reach = f"from {number(self.lowest)} to {number(self.highest)}"
        return f"They {verdict}; the derivative can be trusted to 1% for Δ {reach}."

    def text(self) -> str:
        """The prediction, the truth and the range, in four lines."""
        over = "1 example" if self.n == 1 else f"the mean of {self.n:,} examples"
        slope = f"∂C/∂{self.symbol} = {number(self.derivative)} ({over})"
        return "\n".join(
            [
                f"{self.symbol} = {number(self.value)}, Δ = {number(self.delta)}; {slope}",
                "",
                f"  predicted  ΔC = ∂C/∂{self.symbol} · Δ = {number(self.predicted)}",
                f"  measured   ΔC = C(θ + Δ) − C(θ) = {number(self.measured)}",
                "",
                self.sentence,
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data under the schema backlit.step-prediction/1; an infinite end of the range is None, as is none."""
        fields = {
            "value": self.value,
            "C": self.C,
            "derivative": self.derivative,
            "delta": self.delta,
            "predicted": self.predicted,
            "measured": self.measured,
            "lowest": self.lowest,
            "highest": self.highest,
        }
        return {
            "schema": "backlit.step-prediction/1",
            "name": self.name,
            "n": self.n,
            **{key: plain(one) for key, one in fields.items()},
            "endless": self.highest is not None and math.isinf(self.highest),
            "agrees": self.agrees,
            "sentence": self.sentence,
        }

    def __str__(self) -> str:
        return self.text()


@np.errstate(all="ignore")
def predict_step(net: Network, name: str, x: Any, y: Any, *, delta: float = 0.01) -> StepPrediction:
    """What adding ``delta`` to one weight or bias does to C (B5, without penalties): by g·Δ, and measured.

    ``net`` stays as it is. Raises UsageError for a name or a Δ that can't be, DataError for x and y, ModelError where C
    is not finite.
    """
    real = isinstance(delta, (int, float, np.number)) and not isinstance(delta, bool)
    if not real or not math.isfinite(delta) or not delta:
        raise UsageError(f"delta is the step on the parameter, a finite number other than 0; got {delta!r}")
    wanted = parameter(net, name)
    X, Y = examples(net, x, y)
    exact = in_float64(net)
    share = passes.shares(len(Y), exact.dtype, None)
    targets = Y.astype(np.float64)
    C, flat = passes.value_and_gradient(exact, exact.theta, X, targets, share)
    g = float(flat[wanted.place])
    if not (math.isfinite(C) and math.isfinite(g)):
        raise ModelError(
            f"C is {C} and ∂C/∂{wanted.name} is {g} here, so no step can be predicted; look at net.health"
        )
    moved = exact.theta.copy()
    moved[wanted.place] += delta
    along = _Along(exact, wanted, X, targets, share)
    lowest, highest = _range(along.change, C, g, float(exact.theta[wanted.place]))
    return StepPrediction(
        name=wanted.name,
        symbol=wanted.symbol,
        value=float(exact.theta[wanted.place]),
        C=C,
        derivative=g,
        delta=float(delta),
        predicted=g * float(delta),
        measured=passes.measure(exact, moved, X, targets, share)[0] - C,
        lowest=lowest,
        highest=highest,
        n=len(Y),
    )


class _Along:
    """C along one parameter, forward only, and no more than a step changes: one column of z^l, by step · a^{l−1}_k.

    Where σ is elementwise, that is one column of a^l, whose change goes into z^{l+1}; from there on, or from z^l, all
    is computed.
    """

    def __init__(self, net: Network, wanted: Parameter, X: Array, Y: Array, share: Array) -> None:
        self.net, self.j, self.Y, self.share = net, wanted.j, Y, share
        self.sigma = net.activations[wanted.l - 1]
        self.by_column = wanted.l < net.L and self.sigma.elementwise
        self.first = wanted.l + self.by_column  # the first layer that is computed whole
        self.w, self.b = net.views(net.theta)
        self.parts: list[tuple[slice, Array, Array, Array]] = []
        for rows in passes.chunks(len(Y), net.sizes):
            z, a = equations.forward(NUMPY, net.layers, self.w, self.b, batch(X, rows, np.float64))
            into: Any = np.ones(z[1].shape[0])
            if wanted.k is not None:
                column = a[wanted.l - 1][:, [wanted.k]]
                into = (column.toarray() if is_sparse(column) else column)[:, 0].copy()
            self.parts.append((rows, z[self.first], z[wanted.l][:, self.j].copy(), into))
        self.start = self._C(0.0)

    def change(self, step: float) -> float:
        """C(θ + step) − C(θ)."""
        return self._C(step) - self.start

    def _C(self, step: float) -> float:
        net, first, total = self.net, self.first, 0.0
        rest, w, b = net.layers[first:], [None, *self.w[first + 1 :]], [None, *self.b[first + 1 :]]
        for rows, here, column, into in self.parts:
            if self.by_column:
                change = self.sigma.f(NUMPY, column + step * into) - self.sigma.f(NUMPY, column)
                z = here + change[:, None] * self.w[first][:, self.j]
            else:
                z = here.copy()
                z[:, self.j] += step * into
            zs, a = equations.forward(NUMPY, rest, w, b, rest[0].f(NUMPY, z))
            last = zs[-1] if len(zs) > 1 else z
            C = EQUATIONS["N5"](NUMPY, net.activations[-1], net.cost, last, a[-1], self.Y[rows])
            total += float(EQUATIONS["B5"](self.share[rows], C))
        return total


def _range(
    change: Callable[[float], float], C: float, g: float, value: float
) -> tuple[float | None, float | None]:
    """The Δ, on both sides of 0, up to which ΔC and g·Δ agree."""
    if not g:
        return None, None

    def agrees(step: float) -> bool:
        return abs(change(step) - g * step) <= AGREE * abs(g * step)  # False where C is not finite

    scale = max(abs(value), 1e-3)
    rounding = 4 * float(np.finfo(np.float64).eps)
    floor = rounding / _NOISE * max(abs(C / g), abs(value), 1e-300)  # below it, rounding would be measured
    below = _reach(lambda size: agrees(-size), scale, floor)
    above = _reach(agrees, scale, floor)
    return -below, above


def _reach(agrees: Callable[[float], bool], scale: float, floor: float) -> float:
    """The largest size up to which ``agrees`` holds; 0 where not even the least that can be measured does."""
    size = max(floor, 1e-4 * scale)
    while not agrees(size):
        if size <= floor:
            return 0.0
        size = max(floor, size / 10)
    while agrees(size * _GROWTH):
        size *= _GROWTH
        if size > _FARTHEST * max(1.0, scale):
            return math.inf
    over = size * _GROWTH
    for _ in range(_BISECTIONS):
        middle = (size + over) / 2
        size, over = (middle, over) if agrees(middle) else (size, middle)
    return size
