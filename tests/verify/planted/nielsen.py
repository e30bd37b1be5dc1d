"""Style 3: the book's network.py for a whole batch: examples are columns, biases columns, w (n_l, n_{l−1}).

Returns (nabla_b, nabla_w); sums over the examples first, and divides by m at the very end, as update_mini_batch does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .functions import SIGMA, SIGMA_PRIME, dC_da, softmax
from .problem import RIGHT, Plan, Problem

Array = Any
LAYOUTS = ("nabla",)


def gradients(given: Problem, plan: Plan = RIGHT, layout: str = "nabla") -> Any:
    if plan.has("last-batch"):
        given = given.of_earlier()
    if plan.has("one-example"):
        given = given.of_last()
    net = Book(given, plan)
    nabla_b, nabla_w = net.update(given.x, given.y)
    if plan.has("accumulated"):
        assert given.earlier is not None
        before_b, before_w = net.update(*given.earlier)
        nabla_b = [nb + dnb for nb, dnb in zip(before_b, nabla_b, strict=True)]
        nabla_w = [nw + dnw for nw, dnw in zip(before_w, nabla_w, strict=True)]
    if plan.has("layers-reversed"):
        return nabla_b[::-1], nabla_w[::-1]
    return nabla_b, nabla_w


class Book:
    """Layers are counted from the end, −1 being the output, as the book's code does."""

    def __init__(self, given: Problem, plan: Plan) -> None:
        self.given, self.plan = given, plan
        self.biases = [b.reshape(-1, 1) for b in given.biases]
        self.weights = [w.copy() for w in given.weights]
        self.L = given.L

    def update(self, x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        """The batch's mean gradient."""
        plan, m = self.plan, x.shape[0]
        nabla_b, nabla_w = self.backprop(x.T, y.T)
        for i in range(self.L):
            l = i + 1
            share_b = share_w = 1 / m
            if plan.has("bias-averaged"):
                share_b, share_w = (1 / m if plan.at("bias-averaged", l) else 1), 1
            if plan.at("batch-mean-missing", l):
                share_b = share_w = 1
            if plan.at("batch-mean-twice", l):
                share_b = share_w = 1 / m**2
            if any(plan.at(name, l) for name in ("bias-summed", "bias-not-summed", "bias-first-example")):
                share_b = 1
            nabla_b[i], nabla_w[i] = share_b * nabla_b[i], share_w * nabla_w[i]
            self.scale(l, nabla_b, nabla_w)
            self.regularise(l, nabla_b, nabla_w, m)
        return nabla_b, nabla_w

    def scale(self, l: int, nabla_b: list[Array], nabla_w: list[Array]) -> None:
        plan, c = self.plan, 1.0
        if plan.at("factor-two", l):
            c *= 2
        if plan.at("factor-half", l):
            c /= 2
        if plan.at("unknown-factor", l):
            c *= plan.how["factor"]
        if plan.at("sign-flipped", l):
            c = -c
        if plan.at("gradient-missing", l):
            c = 0
        nabla_b[l - 1], nabla_w[l - 1] = c * nabla_b[l - 1], c * nabla_w[l - 1]

    def regularise(self, l: int, nabla_b: list[Array], nabla_w: list[Array], m: int) -> None:
        plan, lmbda = self.plan, self.given.l2
        decay = lmbda
        if plan.at("penalty-missing", l):
            decay = 0
        if plan.at("penalty-doubled", l):
            decay = 2 * lmbda
        if plan.at("penalty-not-scaled", l):
            decay = lmbda * m
        if plan.at("penalty-sign", l):
            decay = -lmbda
        if plan.at("penalty-unknown", l):
            decay = plan.how["penalty"]
        if decay:
            nabla_w[l - 1] = nabla_w[l - 1] + decay * self.given.weights[l - 1]
        if plan.at("penalty-on-biases", l):
            nabla_b[l - 1] = nabla_b[l - 1] + lmbda * self.biases[l - 1]

    def backprop(self, x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        """Sums over the columns."""
        plan, L = self.plan, self.L
        nabla_b = [np.zeros(b.shape, b.dtype) for b in self.biases]
        nabla_w = [np.zeros(w.shape, w.dtype) for w in self.weights]
        self.feedforward(x)
        dC = self.cost_derivative(self.activations[-1], y)
        delta = self.kept(y) if plan.at("sigma-prime-kept", L) else self.times_slope(L, dC)
        for back in range(1, L + 1):
            l = L + 1 - back
            if back > 1:
                dC = self.transport(l, delta)
                delta = self.times_slope(l, dC)
            for_w = for_b = delta
            if plan.at("sigma-prime-twice", l) and plan.how["twice"] != "delta":
                for_w = delta * self.slope(l)
                for_b = for_w if plan.how["twice"] == "gradient" else delta
            nabla_b[-back] = self.to_bias(l, for_b)
            nabla_w[-back] = self.to_weights(l, for_w, dC)
            if plan.has("post-update-weights"):
                self.weights[-back] -= self.given.eta / x.shape[1] * nabla_w[-back]
        return nabla_b, nabla_w

    def feedforward(self, x: Array) -> None:
        activation = x
        self.activations, self.zs = [x], [x]
        masks = self.given.masks or (None,) * (self.L + 1)
        for w, b, name, mask in zip(
            self.weights, self.biases, self.given.activations, masks[1:], strict=True
        ):
            z = np.dot(w, activation) + b
            activation = softmax(z, 0) if name == "softmax" else SIGMA[name](z)
            if mask is not None:
                activation = activation * mask.T
            self.zs.append(z)
            self.activations.append(activation)

    def kept(self, y: Array) -> Array:
        """The cost that was chosen so that σ′ cancels, and σ′ all the same."""
        a = self.activations[-1]
        if self.plan.how["kept"] == "jacobian":
            return a * ((a - y) - np.sum((a - y) * a, axis=0))
        return (a - y) * a * (1 - a)

    def cost_derivative(self, a: Array, y: Array) -> Array:
        plan, outputs = self.plan, a.shape[0]
        if plan.has("output-not-cost"):
            seed = np.zeros_like(a)
            seed[0 if plan.how["output"] == "first" else slice(None)] = 1
            return seed
        if plan.has("output-sum"):
            return 2 * (a - y)
        derivative = dC_da(self.given.cost, a, y, outputs)
        if plan.has("output-mean"):
            derivative /= outputs
        return -derivative if plan.has("y-minus-a") else derivative

    def slope(self, l: int) -> Array:
        plan, name, z = self.plan, self.given.activations[l - 1], self.zs[l]
        if name == "softmax":
            return self.activations[l] * (1 - self.activations[l])
        if plan.at("sigma-prime-of-wrong-layer", l):
            z = self.zs[plan.how["other z"]]
        if plan.at("sigma-prime-of-a", l):
            z = SIGMA[name](z)
        if plan.at("sigma-for-sigma-prime", l):
            return SIGMA[name](z)
        return SIGMA_PRIME[name](z)

    def times_slope(self, l: int, dC: Array) -> Array:
        plan, a = self.plan, self.activations[l]
        if plan.at("sigma-prime-missing", l):
            return dC
        if self.given.activations[l - 1] == "softmax" and not plan.at("softmax-diagonal-only", l):
            columns = [(np.diag(one) - np.outer(one, one)) @ g for one, g in zip(a.T, dC.T, strict=True)]
            return np.array(columns).T
        sp = self.slope(l)
        if plan.at("sigma-prime-twice", l) and plan.how["twice"] == "delta":
            return dC * sp * sp
        return dC * sp

    def transport(self, l: int, delta: Array) -> Array:
        plan, w = self.plan, self.weights[l]  # the place l holds w^{l+1}
        if plan.at("weights-of-wrong-layer", l):
            w = self.weights[plan.how["other w"] - 1]
        if plan.at("w-not-transposed", l):
            dC = np.dot(w, delta)
        elif plan.at("max-over-paths", l):
            dC = self.largest(w, delta)
        else:
            dC = np.dot(w.transpose(), delta)
        mask = None if self.given.masks is None else self.given.masks[l]
        return dC if mask is None or plan.at("dropout-mask-missing", l) else dC * mask.T

    def largest(self, w: Array, delta: Array) -> Array:
        out = np.zeros((w.shape[1], delta.shape[1]), w.dtype)
        for k in range(w.shape[1]):
            for x in range(delta.shape[1]):
                terms = w[:, k] * delta[:, x]
                absolute = np.abs(terms)
                out[k, x] = (
                    absolute.max() if self.plan.how["largest"] == "absolute" else terms[absolute.argmax()]
                )
        return out

    def to_bias(self, l: int, delta: Array) -> Array:
        if self.plan.at("bias-not-summed", l):
            return delta
        if self.plan.at("bias-first-example", l):
            return delta[:, :1]
        return delta.sum(axis=1, keepdims=True)

    def to_weights(self, l: int, delta: Array, dC: Array) -> Array:
        plan, before = self.plan, self.activations[l - 1]
        if plan.at("index-clash", l):
            return np.dot(self.slope(l), (before * dC[: len(before)]).T)
        if plan.at("a-of-same-layer", l):
            before = self.activations[l]
        if plan.at("a-of-wrong-layer", l):
            before = self.activations[plan.how["other a"]]
        if plan.at("z-for-a", l):
            before = self.zs[l - 1]
        if plan.at("gradient-transposed", l):
            return np.dot(before, delta.T)
        return np.dot(delta, before.transpose())


def unpack(theirs: Any, given: Problem, layout: str) -> tuple[list[Array], list[Array]]:
    nabla_b, nabla_w = theirs
    return nabla_w, [b[:, 0] for b in nabla_b]
