"""Style 5: Andrew Ng's course: examples are columns, caches of each layer, and a dictionary {"dW1": …, "db1": …}.

w is (n_l, n_{l−1}) and b (n_l, 1); 1/m stands in dW and db.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .functions import SIGMA, SIGMA_PRIME, dC_da, softmax
from .problem import RIGHT, Plan, Problem

Array = Any
LAYOUTS = ("dictionary",)


@dataclass
class Cache:
    """What the forward pass leaves for layer l."""

    A_prev: Array
    W: Array
    b: Array
    Z: Array
    A: Array


class DeepNet:
    """L_model_forward and L_model_backward of the course, with the course's names."""

    def __init__(self, given: Problem, plan: Plan) -> None:
        self.given, self.plan, self.L = given, plan, given.L
        self.parameters = {}
        for l in range(1, given.L + 1):
            self.parameters[f"W{l}"] = given.weights[l - 1].copy()
            self.parameters[f"b{l}"] = given.biases[l - 1][:, None]

    def model_forward(self, X: Array) -> Array:
        self.caches: dict[int, Cache] = {}
        A = X
        for l in range(1, self.L + 1):
            W, b = self.parameters[f"W{l}"], self.parameters[f"b{l}"]
            Z = np.dot(W, A) + b
            name = self.given.activations[l - 1]
            D = None if self.given.masks is None else self.given.masks[l]
            out = softmax(Z, axis=0) if name == "softmax" else SIGMA[name](Z)
            out = out if D is None else out * D.T
            self.caches[l] = Cache(A, W, b, Z, out)
            A = out
        return A

    def model_backward(self, AL: Array, Y: Array) -> dict[str, Array]:
        grads = self.grads = {}
        m = AL.shape[1]
        dA = self.cost_backward(AL, Y)
        for l in reversed(range(1, self.L + 1)):
            cache = self.caches[l]
            D = None if self.given.masks is None else self.given.masks[l]
            if D is not None and not self.plan.at("dropout-mask-missing", l):
                dA = dA * D.T
            dZ = self.activation_backward(l, dA, cache, Y)
            grads[f"dW{l}"] = self.dW(l, dZ, dA, cache, m)
            grads[f"db{l}"] = self.db(l, dZ, m)
            if self.plan.has("post-update-weights"):
                self.parameters[f"W{l}"] -= self.given.eta * grads[f"dW{l}"]
            dA = self.linear_backward(l, dZ) if l > 1 else None
            self.amend(l, m)
        return grads

    def cost_backward(self, AL: Array, Y: Array) -> Array:
        if self.plan.has("output-not-cost"):
            dAL = np.ones(AL.shape, AL.dtype)
            if self.plan.how["output"] == "first":
                dAL[1:] = 0
            return dAL
        if self.plan.has("output-sum"):
            return 2 * (AL - Y)
        dAL = dC_da(self.given.cost, AL, Y, AL.shape[0])
        if self.plan.has("output-mean"):
            dAL = dAL / AL.shape[0]
        return -dAL if self.plan.has("y-minus-a") else dAL

    def activation_backward(self, l: int, dA: Array, cache: Cache, Y: Array) -> Array:
        name, plan = self.given.activations[l - 1], self.plan
        if plan.at("sigma-prime-kept", l):
            dA = cache.A - Y
            if plan.how["kept"] == "diagonal":
                return dA * cache.A * (1 - cache.A)
        if plan.at("sigma-prime-missing", l):
            return dA
        if name == "softmax":
            if plan.at("softmax-diagonal-only", l):
                return dA * cache.A * (1 - cache.A)
            return cache.A * (dA - np.sum(dA * cache.A, axis=0, keepdims=True))
        derivative = self.derivative(l)
        if plan.at("sigma-prime-twice", l) and plan.how["twice"] == "delta":
            derivative = derivative**2
        return np.multiply(dA, derivative)

    def derivative(self, l: int) -> Array:
        name, plan = self.given.activations[l - 1], self.plan
        Z = self.caches[l].Z
        if name == "softmax":
            return self.caches[l].A * (1 - self.caches[l].A)
        if plan.at("sigma-for-sigma-prime", l):
            return SIGMA[name](Z)
        if plan.at("sigma-prime-of-a", l):
            Z = SIGMA[name](Z)
        if plan.at("sigma-prime-of-wrong-layer", l):
            Z = self.caches[plan.how["other z"]].Z
        return SIGMA_PRIME[name](Z)

    def linear_backward(self, l: int, dZ: Array) -> Array:
        """dA_prev of layer l."""
        plan, W = self.plan, self.parameters[f"W{l}"]
        if plan.at("weights-of-wrong-layer", l - 1):
            W = self.parameters[f"W{plan.how['other w']}"]
        if plan.at("w-not-transposed", l - 1):
            return np.dot(W, dZ)
        if plan.at("max-over-paths", l - 1):
            paths = W[:, :, None] * dZ[:, None, :]  # (n_l, n_{l−1}, m)
            if plan.how["largest"] == "absolute":
                return np.max(np.abs(paths), axis=0)
            highest, lowest = paths.max(axis=0), paths.min(axis=0)
            return np.where(highest >= -lowest, highest, lowest)
        return np.dot(W.T, dZ)

    def dW(self, l: int, dZ: Array, dA: Array, cache: Cache, m: int) -> Array:
        plan, A_prev = self.plan, cache.A_prev
        if plan.at("sigma-prime-twice", l) and plan.how["twice"] != "delta":
            dZ = dZ * self.derivative(l)
        if plan.at("a-of-same-layer", l):
            A_prev = cache.A
        if plan.at("a-of-wrong-layer", l):
            other = plan.how["other a"]
            A_prev = self.caches[other].A if other else self.caches[1].A_prev
        if plan.at("z-for-a", l):
            A_prev = self.caches[l - 1].Z
        total = np.dot(dZ, A_prev.T)
        if plan.at("index-clash", l):
            total = np.dot(self.derivative(l), (A_prev * dA[: A_prev.shape[0]]).T)
        if plan.at("gradient-transposed", l):
            total = np.dot(A_prev, dZ.T)
        if plan.at("batch-mean-missing", l) or plan.has("bias-averaged"):
            return total
        return 1 / m * (1 / m * total if plan.at("batch-mean-twice", l) else total)

    def db(self, l: int, dZ: Array, m: int) -> Array:
        plan = self.plan
        if plan.at("sigma-prime-twice", l) and plan.how["twice"] == "gradient":
            dZ = dZ * self.derivative(l)
        if plan.at("bias-not-summed", l):
            return dZ
        if plan.at("bias-first-example", l):
            return dZ[:, [0]]
        total = np.sum(dZ, axis=1, keepdims=True)
        if plan.at("batch-mean-missing", l) or plan.at("bias-summed", l):
            return total
        if plan.has("bias-averaged") and not plan.at("bias-averaged", l):
            return total
        return 1 / m * (1 / m * total if plan.at("batch-mean-twice", l) else total)

    def amend(self, l: int, m: int) -> None:
        """Factors and the penalty."""
        plan, lambd = self.plan, self.given.l2
        dW, db = self.grads[f"dW{l}"], self.grads[f"db{l}"]
        factor = {"factor-two": 2, "factor-half": 0.5, "sign-flipped": -1, "gradient-missing": 0}
        factor["unknown-factor"] = plan.how.get("factor", 1)
        for name, c in factor.items():
            if plan.at(name, l):
                dW, db = c * dW, c * db
        times = {"missing": 0, "doubled": 2, "not-scaled": m, "sign": -1}
        rate = lambd
        for name, c in times.items():
            if plan.at(f"penalty-{name}", l):
                rate = c * lambd
        if plan.at("penalty-unknown", l):
            rate = plan.how["penalty"]
        dW = dW + rate * self.given.weights[l - 1]
        if plan.at("penalty-on-biases", l):
            db = db + lambd * self.given.biases[l - 1][:, None]
        self.grads[f"dW{l}"], self.grads[f"db{l}"] = dW, db


def gradients(given: Problem, plan: Plan = RIGHT, layout: str = "dictionary") -> Any:
    if plan.has("last-batch"):
        given = given.of_earlier()
    if plan.has("one-example"):
        given = given.of_last()
    net = DeepNet(given, plan)
    grads = net.model_backward(net.model_forward(given.x.T), given.y.T)
    if plan.has("accumulated"):
        earlier = gradients(given.of_earlier(), plan.without("accumulated"))
        for name in grads:
            grads[name] = earlier[name] + grads[name]
    if plan.has("layers-reversed"):
        return {f"{name[:2]}{given.L + 1 - int(name[2:])}": grads[name] for name in grads}
    return grads


def unpack(theirs: Any, given: Problem, layout: str) -> tuple[list[Array], list[Array]]:
    layers = range(1, given.L + 1)
    return [theirs[f"dW{l}"] for l in layers], [theirs[f"db{l}"][:, 0] for l in layers]
