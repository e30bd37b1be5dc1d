"""Style 2: matrices, an example a row, w (n_l, n_{l−1}): what most write in NumPy. Returns (dW, db), or one flat list.

The mean over the batch is taken in dW and db; with sigmoid and binary cross-entropy, δ is a − y at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .functions import CANCELS, SIGMA, SIGMA_PRIME, dC_da, softmax
from .problem import RIGHT, Plan, Problem

Array = Any
LAYOUTS = ("two lists", "weights first", "weights first, flat", "pairs", "flat")


def gradients(given: Problem, plan: Plan = RIGHT, layout: str = "two lists") -> Any:
    if plan.has("last-batch"):
        given = given.of_earlier()
    if plan.has("one-example"):
        given = given.of_last()
    dW, db = backprop(given, plan)
    if plan.has("accumulated"):
        first_W, first_b = backprop(given.of_earlier(), plan)
        for l in range(given.L):
            dW[l] += first_W[l]
            db[l] += first_b[l]
    if plan.has("layers-reversed"):
        dW.reverse()
        db.reverse()
    if layout == "two lists":
        return dW, db
    pairs = zip(dW, db, strict=True)
    grads = [*dW, *db] if layout.startswith("weights first") else [g for pair in pairs for g in pair]
    return np.concatenate([g.ravel() for g in grads]) if layout.endswith("flat") else grads


def forward(given: Problem) -> tuple[list[Array], list[Array]]:
    masks = given.masks or [None] * (given.L + 1)
    Z, A = [given.x], [given.x]
    for W, b, sigma, mask in zip(given.weights, given.biases, given.activations, masks[1:], strict=True):
        Z.append(A[-1] @ W.T + b)
        out = softmax(Z[-1], axis=1) if sigma == "softmax" else SIGMA[sigma](Z[-1])
        A.append(out if mask is None else out * mask)
    return Z, A


def backprop(given: Problem, plan: Plan) -> tuple[list[Array], list[Array]]:
    Z, A = forward(given)
    W = [None, *(w.copy() for w in given.weights)]
    dW, db = [], []
    for l in range(given.L, 0, -1):
        if l == given.L:
            error = output_error(given, plan, A[l])
            delta = output_delta(given, plan, Z, A, error)
        else:
            error = send_back(given, plan, l, W, delta)
            delta = through(given, plan, l, Z, A, error)
        slope = sigma_prime(given, plan, l, Z, A)
        doubled = delta
        if plan.at("sigma-prime-twice", l) and plan.how["twice"] != "delta":
            doubled = delta * slope
        dW.insert(0, weight_gradient(given, plan, l, Z, A, doubled, slope, error))
        only_w = plan.how.get("twice") == "weights"
        db.insert(0, bias_gradient(given, plan, l, delta if only_w else doubled))
        if plan.has("post-update-weights"):
            W[l] -= given.eta * dW[0]
        finish(given, plan, l, dW, db)
    return dW, db


def output_error(given: Problem, plan: Plan, a: Array) -> Array:
    y = given.y
    if plan.has("output-not-cost"):
        error = np.ones_like(a)
        if plan.how["output"] == "first":
            error[:, 1:] = 0
        return error
    error = dC_da(given.cost, a, y, a.shape[1])
    if plan.has("y-minus-a"):
        error = -error if "cross" in given.cost else dC_da(given.cost, y, a, a.shape[1])
    if plan.has("output-mean"):
        error = error / a.shape[1]
    if plan.has("output-sum"):
        error = 2 * (a - y)
    return error


def output_delta(given: Problem, plan: Plan, Z: list[Array], A: list[Array], error: Array) -> Array:
    L, a, y = given.L, A[-1], given.y
    pair = (given.activations[-1], given.cost)
    if pair not in CANCELS or plan.slope_at(L) or plan.has("output-not-cost"):
        return through(given, plan, L, Z, A, error)
    delta = y - a if plan.has("y-minus-a") else a - y
    if plan.at("sigma-prime-kept", L):
        if plan.how["kept"] == "jacobian":
            return a * (delta - (delta * a).sum(axis=1, keepdims=True))
        delta = delta * a * (1 - a)
    return delta


def sigma_prime(given: Problem, plan: Plan, l: int, Z: list[Array], A: list[Array]) -> Array:
    sigma = given.activations[l - 1]
    if sigma == "softmax":
        return A[l] * (1 - A[l])
    prime = SIGMA_PRIME[sigma]
    if plan.at("sigma-prime-missing", l):
        return np.ones_like(Z[l])
    if plan.at("sigma-prime-of-a", l):
        return prime(SIGMA[sigma](Z[l]))
    if plan.at("sigma-for-sigma-prime", l):
        return SIGMA[sigma](Z[l])
    if plan.at("sigma-prime-of-wrong-layer", l):
        return prime(Z[plan.how["other z"]])
    return prime(Z[l])


def through(given: Problem, plan: Plan, l: int, Z: list[Array], A: list[Array], error: Array) -> Array:
    if given.activations[l - 1] == "softmax":
        a = A[l]
        if plan.at("sigma-prime-missing", l):
            return error
        if plan.at("softmax-diagonal-only", l):
            return error * a * (1 - a)
        return a * (error - (error * a).sum(axis=1, keepdims=True))
    delta = error * sigma_prime(given, plan, l, Z, A)
    if plan.at("sigma-prime-twice", l) and plan.how["twice"] == "delta":
        delta = delta * sigma_prime(given, plan, l, Z, A)
    return delta


def send_back(given: Problem, plan: Plan, l: int, W: list[Array], delta: Array) -> Array:
    back = W[l + 1]
    if plan.at("w-not-transposed", l):
        back = back.T
    if plan.at("weights-of-wrong-layer", l):
        back = W[plan.how["other w"]]
    error = delta @ back
    if plan.at("max-over-paths", l):
        paths = delta[:, :, None] * back
        if plan.how["largest"] == "absolute":
            error = np.abs(paths).max(axis=1)
        else:
            best = np.abs(paths).argmax(axis=1)
            error = np.take_along_axis(paths, best[:, None, :], axis=1)[:, 0]
    if given.masks is not None and given.masks[l] is not None and not plan.at("dropout-mask-missing", l):
        error = error * given.masks[l]
    return error


def weight_gradient(
    given: Problem,
    plan: Plan,
    l: int,
    Z: list[Array],
    A: list[Array],
    delta: Array,
    slope: Array,
    error: Array,
) -> Array:
    m = len(given.x)
    a = A[l - 1]
    if plan.at("a-of-same-layer", l):
        a = A[l]
    if plan.at("a-of-wrong-layer", l):
        a = A[plan.how["other a"]]
    if plan.at("z-for-a", l):
        a = Z[l - 1]
    dW = delta.T @ a
    if plan.at("index-clash", l):
        dW = slope.T @ (a * error[:, : a.shape[1]])
    if plan.at("gradient-transposed", l):
        dW = dW.T
    if plan.at("batch-mean-missing", l) or plan.has("bias-averaged"):
        return dW
    if plan.at("batch-mean-twice", l):
        return dW / m / m
    return dW / m


def bias_gradient(given: Problem, plan: Plan, l: int, delta: Array) -> Array:
    if plan.at("bias-not-summed", l):
        return delta
    if plan.at("bias-first-example", l):
        return delta[0]
    if plan.at("batch-mean-missing", l) or plan.at("bias-summed", l):
        return delta.sum(axis=0)
    if plan.has("bias-averaged") and not plan.at("bias-averaged", l):
        return delta.sum(axis=0)
    if plan.at("batch-mean-twice", l):
        return delta.mean(axis=0) / len(delta)
    return delta.mean(axis=0)


def finish(given: Problem, plan: Plan, l: int, dW: list[Array], db: list[Array]) -> None:
    """The layer just computed stands first in both lists."""
    for name, factor in (("factor-two", 2), ("factor-half", 0.5), ("sign-flipped", -1)):
        if plan.at(name, l):
            dW[0], db[0] = factor * dW[0], factor * db[0]
    if plan.at("unknown-factor", l):
        dW[0], db[0] = plan.how["factor"] * dW[0], plan.how["factor"] * db[0]
    if plan.at("gradient-missing", l):
        dW[0], db[0] = np.zeros_like(dW[0]), np.zeros_like(db[0])
    w, b, l2 = given.weights[l - 1], given.biases[l - 1], given.l2
    if plan.at("penalty-doubled", l):
        dW[0] = dW[0] + 2 * l2 * w
    elif plan.at("penalty-not-scaled", l):
        dW[0] = dW[0] + l2 * len(given.x) * w
    elif plan.at("penalty-sign", l):
        dW[0] = dW[0] - l2 * w
    elif plan.at("penalty-unknown", l):
        dW[0] = dW[0] + plan.how["penalty"] * w
    elif l2 and not plan.at("penalty-missing", l):
        dW[0] = dW[0] + l2 * w
    if plan.at("penalty-on-biases", l):
        db[0] = db[0] + l2 * b


def unpack(theirs: Any, given: Problem, layout: str) -> tuple[list[Array], list[Array]]:
    """(w, b) with w (n_l, n_{l−1}), from what a right run returns."""
    L = given.L
    if layout == "two lists":
        return theirs
    if layout.endswith("flat"):
        pairs = [(w, b) for w, b in zip(given.weights, given.biases, strict=True)]
        shapes = [p.shape for pair in pairs for p in pair]
        if layout != "flat":
            shapes = [p.shape for p in (*given.weights, *given.biases)]
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
        theirs = [part.reshape(s) for part, s in zip(np.split(theirs, ends), shapes, strict=True)]
    if layout.startswith("weights first"):
        return theirs[:L], theirs[L:]
    return theirs[::2], theirs[1::2]
