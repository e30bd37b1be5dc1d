"""The small networks that proofs run on: every activation with every cost that fits it, away from kinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit.equations import forward
from backlit.errors import UsageError
from backlit.functions import Activation, Cost, as_activation, as_cost, check_fit
from backlit.namespaces import NUMPY

Array = Any

# Every row of the tables, and some with a parameter that is not its default.
ACTIVATION_OPTIONS = (
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "leaky_relu(slope=0.3)", "elu", "elu(alpha=0.5)", "selu",
    "gelu", "gelu_tanh", "silu", "softplus", "softsign", "hard_sigmoid", "hard_sigmoid(slope=0.2)", "exp", "softmax",
)  # fmt: skip
COST_OPTIONS = (
    "squared_error", "half_squared_error", "mean_squared_error", "absolute_error", "huber", "huber(delta=0.3)",
    "log_cosh", "binary_cross_entropy", "cross_entropy", "hinge", "squared_hinge", "poisson",
)  # fmt: skip
KINK_MARGIN = 1e-3  # no z, a − y or 1 − y a of a case is nearer to a kink
ROWS = 4

# All widths of a network differ, and layers widen and narrow: a mistaken index then has nowhere to hide.
SIZES = {1: ((2, 4, 3, 1), (5, 2, 4, 1)), 3: ((2, 5, 4, 3), (6, 2, 5, 3))}


def fits(activation: str, cost: str) -> bool:
    """Whether the tables allow the two beside one another."""
    try:
        check_fit(as_cost(cost), as_activation(activation))
    except UsageError:
        return False
    return True


FITTING = [(sigma, cost) for sigma in ACTIVATION_OPTIONS for cost in COST_OPTIONS if fits(sigma, cost)]

# PyTorch has neither log cosh nor the hinges of signs, and takes cross_entropy from z, with softmax.
IN_TORCH = [
    (sigma, cost)
    for sigma, cost in FITTING
    if sigma != "hard_sigmoid(slope=0.2)"
    and cost not in ("log_cosh", "hinge", "squared_hinge")
    and (sigma == "softmax" or cost != "cross_entropy")
]


@dataclass
class Case:
    """A network with its examples: w[l] and b[l] indexed by l, x (m, n_0), y (m, n_L), s_x (m,)."""

    sizes: tuple[int, ...]
    activations: list[Any]
    cost: Cost
    w: list[Any]
    b: list[Any]
    x: Array
    y: Array
    weights: Array

    @property
    def share(self) -> Array:
        return self.weights / self.weights.sum()


def make(activation: str, cost: str, sizes: tuple[int, ...]) -> Case:
    """The case of this name: the first of a fixed sequence of draws that keeps its distance from kinks."""
    for seed in range(500):
        case = _draw(as_activation(activation), as_cost(cost), sizes, seed)
        if _distance_from_kinks(case) > KINK_MARGIN:
            return case
    raise AssertionError(f"no draw of {activation}, {cost}, {sizes} is away from kinks")


def _draw(sigma: Activation, cost: Cost, sizes: tuple[int, ...], seed: int) -> Case:
    rng = np.random.default_rng([seed, *sizes])
    L = len(sizes) - 1
    spread = 0.2 if sigma.name == "exp" else 0.8  # e to the e to the e soon leaves float64
    w = [None, *(rng.normal(0, spread, (sizes[l], sizes[l - 1])) for l in range(1, L + 1))]
    b = [None, *(rng.normal(0, 0.5, sizes[l]) for l in range(1, L + 1))]
    x = rng.normal(0, 1, (ROWS, sizes[0]))
    weights = rng.uniform(0.2, 3, ROWS)
    return Case(sizes, [None] + [sigma] * L, cost, w, b, x, targets(cost, sizes[-1], rng), weights)


def targets(cost: Cost, n: int, rng: np.random.Generator) -> Array:
    """Targets that the cost takes, (ROWS, n), with what is special among them: 0, 1, one-hot, soft labels."""
    match cost.targets:
        case "signs":
            return np.where(rng.random((ROWS, n)) < 0.5, -1.0, 1.0)
        case "counts":
            return rng.poisson(1.5, (ROWS, n)).astype(float)
        case "probabilities":
            y = rng.random((ROWS, n))
            y[0], y[1] = 0.0, 1.0
            return y
        case "distribution":
            y = rng.random((ROWS, n))  # the first row does not sum to 1
            y[1:] /= y[1:].sum(axis=1, keepdims=True)
            y[2] = np.eye(n)[rng.integers(n)]
            return y
        case "values":
            return rng.normal(0, 1, (ROWS, n))


def _distance_from_kinks(case: Case) -> float:
    z, a = forward(NUMPY, case.activations, case.w, case.b, case.x)
    sigma = case.activations[-1]
    of_z = [np.abs(z_l - kink.z).min() for z_l in z[1:] for kink in sigma.kinks]
    of_a = [np.abs(kink.at(a[-1], case.y)).min() for kink in case.cost.kinks]
    bends = [
        np.abs(np.abs(a[-1] - case.y) - d).min() for d in case.cost.parameters.values()
    ]  # huber's C″ jumps
    return float(min([*of_z, *of_a, *bends, np.inf]))
