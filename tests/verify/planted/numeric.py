"""Style 7: no backpropagation at all: central differences, as those take who check; of C, or by mistake of the output.

Returns one flat vector in ∇C's order. Its last digits are lost to rounding, as those of all differences are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .functions import SIGMA, cost_of_each, softmax
from .problem import RIGHT, Plan, Problem

Array = Any
LAYOUTS = ("flat",)
STEP = 1e-5


def output(theta: Array, given: Problem) -> Array:
    sizes, a, start = given.sizes, given.x, 0
    masks = given.masks or (None,) * len(sizes)
    for l in range(1, len(sizes)):
        shape = (sizes[l], sizes[l - 1])
        w = theta[start : start + shape[0] * shape[1]].reshape(shape)
        start += w.size
        z = a @ w.T + theta[start : start + sizes[l]]
        start += sizes[l]
        a = (
            softmax(z, axis=1)
            if given.activations[l - 1] == "softmax"
            else SIGMA[given.activations[l - 1]](z)
        )
        if masks[l] is not None:
            a = a * masks[l]
    return a


def gradients(given: Problem, plan: Plan = RIGHT, layout: str = "flat") -> Array:
    pairs = zip(given.weights, given.biases, strict=True)
    theta = np.concatenate([part.ravel() for pair in pairs for part in pair]).astype(np.float64)

    def f(t: Array) -> float:
        a = output(t, given)
        if plan.has("output-not-cost"):
            of_each = a[:, 0] if plan.how["output"] == "first" else a.sum(axis=1)
        else:
            of_each = cost_of_each(given.cost, a, given.y)
        return float(of_each.mean())

    grad = np.zeros_like(theta)
    for i in range(len(theta)):
        t = theta.copy()
        t[i] = theta[i] + STEP
        above = f(t)
        t[i] = theta[i] - STEP
        grad[i] = (above - f(t)) / (2 * STEP)
    return grad


def unpack(theirs: Any, given: Problem, layout: str) -> tuple[list[Array], list[Array]]:
    shapes = [s for w, b in zip(given.weights, given.biases, strict=True) for s in (w.shape, b.shape)]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    parts = [part.reshape(s) for part, s in zip(np.split(theirs, ends), shapes, strict=True)]
    return parts[::2], parts[1::2]
