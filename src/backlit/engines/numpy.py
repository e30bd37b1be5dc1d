"""The reference engine: the equations as they stand, on NumPy. Others are measured against it.

Here is no mathematics: the equations, the rules and the masks come from their own rooms, and this is the loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import equations, passes
from ..dropout import masks
from ..equations import backward, forward, mean_gradient
from ..inputs import batch
from ..namespaces import NUMPY_FAST
from ..network import Network
from ..optimizers import Rule, as_rule
from ..randomness import order_of_epoch
from .protocol import Plan, State, Steps

Array = Any
_NUMBERS_GATHERED = 2**17  # at once: what stays in a core's own cache
quiet = np.errstate(
    all="ignore"
)  # overflow is part of the arithmetic; what is not finite in the end is looked for


class NumpyEngine:
    """The equations on NumPy and its BLAS, in θ's dtype."""

    name = "numpy"

    def refusal(self, net: Network, plan: Plan | None, X: Array) -> str | None:
        return None

    def predictor(self, net: Network) -> Callable[[Array], Array | None]:
        return lambda x: None

    @quiet
    def predict(self, net: Network, theta: Array, X: Array) -> Array:
        return passes.predict(net, *net.views(theta), X, NUMPY_FAST)

    @quiet
    def measure(self, net: Network, theta: Array, X: Array, Y: Array, share: Array) -> tuple[float, Array]:
        return passes.measure(net, theta, X, Y, share, xp=NUMPY_FAST)

    @quiet
    def value_and_gradient(
        self, net: Network, theta: Array, X: Array, Y: Array, sample_weight: Array | None
    ) -> tuple[float, Array]:
        share = passes.shares(X.shape[0], net.dtype, sample_weight)
        return passes.value_and_gradient(net, theta, X, Y, share, xp=NUMPY_FAST)

    def order(self, seed: int, epoch: int, rows: Array) -> Array:
        return rows[order_of_epoch(seed, epoch, len(rows))]

    @quiet
    def run_epoch(
        self,
        net: Network,
        theta: Array,
        state: State,
        plan: Plan,
        X: Array,
        Y: Array,
        sample_weight: Array | None,
        order: Array,
    ) -> Steps:
        rule = as_rule(plan.rule)
        if not state.slots:
            state.slots = rule.start(theta, float(plan.eta[0]))
        step = _Step(net, theta, state, plan, rule)
        layers, output, cost, w, b = net.layers, net.activations[-1], net.cost, step.w, step.b
        m, etas = plan.batch_size, plan.eta.tolist()
        count = -(-len(order) // m)
        costs, weights = np.zeros(count), np.full(count, float(m))
        share, drop = np.full(m, 1 / m, dtype=theta.dtype), None
        for i, (x, y, rows) in enumerate(_batches(X, Y, order, m, theta.dtype)):
            if sample_weight is not None or len(rows) < m:
                weights[i], share = _shares(rows, sample_weight, theta.dtype)
                if not weights[i]:
                    state.step += 1  # a batch of total weight zero makes no step (docs/equations.md)
                    continue
            if plan.keep is not None:
                drop = masks(plan.keep, plan.dropout_key, state.step, len(rows), net.sizes, theta.dtype)
            z, a = forward(NUMPY_FAST, layers, w, b, x, drop)
            costs[i] = C = float(equations.B5(share, equations.N5(NUMPY_FAST, output, cost, z[-1], a[-1], y)))
            if not math.isfinite(C):
                return Steps(costs[: i + 1], weights[: i + 1])
            delta = backward(NUMPY_FAST, layers, cost, w, z, a, y, drop)
            step.make(*mean_gradient(share, a, delta), etas[i])
        return Steps(costs, weights)


def _batches(X: Array, Y: Array, order: Array, m: int, dtype: Any) -> Iterator[tuple[Array, Array, Array]]:
    """x, y and row numbers of each batch; rows are gathered for several small batches at once."""
    width = X.shape[1] + Y.shape[1]
    several = m * max(1, _NUMBERS_GATHERED // (m * width))
    for start in range(0, len(order), several):
        rows = order[start : start + several]
        x = batch(X, rows, dtype)
        y = Y.take(rows, axis=0)
        for first in range(0, len(rows), m):
            part = slice(first, first + m)
            yield x[part], y[part], rows[part]


def _shares(rows: Array, sample_weight: Array | None, dtype: Any) -> tuple[float, Array]:
    """Σ s_x of a batch, and each row's part of it."""
    m = len(rows)
    if sample_weight is None:
        return float(m), np.full(m, 1 / m, dtype=dtype)
    s = sample_weight[rows]
    total = float(s.sum())
    return total, (s / total).astype(dtype) if total else s


class _Step:
    """Updates of θ in place: penalties, clipping, the rule, max-norm, in this order."""

    def __init__(self, net: Network, theta: Array, state: State, plan: Plan, rule: Rule) -> None:
        self.theta, self.state, self.plan, self.rule = theta, state, plan, rule
        self.w, self.b = net.views(theta)
        self.parts = equations.N8(self.w, self.b)
        self.g = np.empty_like(theta)
        self.penalised = bool(plan.l1 or plan.l2)
        self.clipped = plan.clip_value is not None or plan.clip_norm is not None
        self.in_parts = not rule.slots and plan.clip_norm is None  # spares gathering ∇C into one vector

    def make(self, of_w: list[Array], of_b: list[Array], eta: float) -> None:
        """One update from ∂C/∂w[l] and ∂C/∂b[l]."""
        plan, rule, state = self.plan, self.rule, self.state
        if self.penalised:
            self._penalise(of_w, eta)
        state.t += 1
        state.step += 1
        of_parts = equations.N8(of_w, of_b)
        if self.in_parts:
            clipped = map(self._clip, of_parts) if self.clipped else of_parts
            for part, g in zip(self.parts, clipped, strict=True):
                np.add(part, rule.move(NUMPY_FAST, g, state.slots, eta, state.t)[0], part)
        else:
            g = np.concatenate([one.reshape(-1) for one in of_parts], out=self.g)
            g = self._clip(g) if self.clipped else g
            move, state.slots = rule.move(NUMPY_FAST, g, state.slots, eta, state.t)
            self.theta += move
        if plan.max_norm is not None:
            self._limit(plan.max_norm)

    def _penalise(self, of_w: list[Array], eta: float) -> None:
        """R1: into the gradient, or beside it where the rule says so."""
        plan = self.plan
        if not self.rule.decoupled:
            passes.add_penalty_gradient(self.w, of_w, plan.l1, plan.l2, NUMPY_FAST)
            return
        for w in self.w[1:]:
            np.subtract(w, eta * equations.R1(NUMPY_FAST, "gradient", w, plan.l1, plan.l2), out=w)

    def _clip(self, g: Array) -> Array:
        plan = self.plan
        if plan.clip_value is not None:
            g = np.clip(g, -plan.clip_value, plan.clip_value)
        if plan.clip_norm is not None:
            length = float(np.linalg.norm(g))
            if length > plan.clip_norm:
                g = g * (plan.clip_norm / length)
        return g

    def _limit(self, longest: float) -> None:
        """Shortens each neuron's incoming weights to ``longest`` (Srebro & Shraibman 2005; Hinton et al. 2012)."""
        for w in self.w[1:]:
            lengths = np.sqrt(np.add.reduce(w * w, axis=1, keepdims=True))
            np.multiply(w, np.where(lengths > longest, longest / lengths, 1).astype(w.dtype), out=w)
