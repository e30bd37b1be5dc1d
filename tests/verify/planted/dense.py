"""Style 4: layer objects that keep what they saw, x @ W + b with W (n_{l−1}, n_l): as in Keras and in many tutorials.

The mean over the examples is taken once, in the cost's derivative, so δ carries 1/m. Returns a list of
(dW, db) pairs by layer, or [dW1, db1, …] with biases of (1, n_l).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .functions import CANCELS, SIGMA, SIGMA_PRIME, dC_da, softmax
from .problem import RIGHT, Plan, Problem

Array = Any
LAYOUTS = ("list", "row biases", "tuples", "flat")
UNSUPPORTED = {"bias-summed"}  # a δ with 1/m in it leaves nothing to average in the bias


class Dense:
    """One layer; ``number`` is its l."""

    def __init__(self, model: Model, number: int) -> None:
        self.model, self.number = model, number
        given = model.given
        self.W = given.weights[number - 1].T.copy()
        self.b = given.biases[number - 1]
        self.sigma = given.activations[number - 1]
        self.mask = None if given.masks is None else given.masks[number]

    def forward(self, inputs: Array) -> Array:
        self.inputs = inputs
        self.z = inputs @ self.W + self.b
        self.a = softmax(self.z, axis=-1) if self.sigma == "softmax" else SIGMA[self.sigma](self.z)
        self.out = self.a if self.mask is None else self.a * self.mask
        return self.out

    def planted(self, name: str) -> bool:
        return self.model.plan.at(name, self.number)

    def slope(self) -> Array:
        if self.sigma == "softmax":
            return self.a * (1 - self.a)
        if self.planted("sigma-prime-of-a"):
            return SIGMA_PRIME[self.sigma](self.a)
        if self.planted("sigma-for-sigma-prime"):
            return self.a
        if self.planted("sigma-prime-of-wrong-layer"):
            return SIGMA_PRIME[self.sigma](self.model.layers[self.model.plan.how["other z"] - 1].z)
        return SIGMA_PRIME[self.sigma](self.z)

    def backward(self, grad: Array) -> Array:
        """From ∂C/∂a of this layer to ∂C/∂a of the one before; the gradients stay in the object."""
        last = self.number == self.model.given.L
        if self.mask is not None and not self.planted("dropout-mask-missing"):
            grad = grad * self.mask
        if last and self.model.fused:
            delta = grad * self.a * (1 - self.a) if self.planted("sigma-prime-kept") else grad
        elif self.planted("sigma-prime-missing"):
            delta = grad
        elif self.sigma == "softmax" and not self.planted("softmax-diagonal-only"):
            jacobian = self.a[:, :, None] * (np.eye(self.a.shape[1]) - self.a[:, None, :])
            delta = np.einsum("mi,mij->mj", grad, jacobian).astype(self.a.dtype)
        else:
            delta = grad * self.slope()
        if self.planted("sigma-prime-twice") and self.model.plan.how["twice"] == "delta":
            delta = delta * self.slope()
        self.dW, self.db = self.products(delta, grad)
        if self.model.plan.has("post-update-weights"):
            self.W -= self.model.given.eta * self.dW
        return self.to_inputs(delta)

    def products(self, delta: Array, grad: Array) -> tuple[Array, Array]:
        plan, layers = self.model.plan, self.model.layers
        inputs = self.inputs
        if self.planted("a-of-same-layer"):
            inputs = self.out
        if self.planted("a-of-wrong-layer"):
            other = plan.how["other a"]
            inputs = layers[other - 1].out if other else self.model.given.x
        if self.planted("z-for-a"):
            inputs = layers[self.number - 2].z
        of_bias = delta
        if self.planted("sigma-prime-twice") and plan.how["twice"] != "delta":
            delta = delta * self.slope()
            of_bias = delta if plan.how["twice"] == "gradient" else of_bias
        dW = inputs.T @ delta
        if self.planted("index-clash"):
            dW = (inputs * grad[:, : inputs.shape[1]]).T @ self.slope()
        if self.planted("gradient-transposed"):
            dW = delta.T @ inputs
        if self.planted("bias-not-summed"):
            return dW, of_bias
        if self.planted("bias-first-example"):
            return dW, of_bias[0]
        if self.planted("bias-averaged"):
            return dW, of_bias.mean(axis=0)
        return dW, of_bias.sum(axis=0)

    def to_inputs(self, delta: Array) -> Array:
        plan, before = self.model.plan, self.number - 1
        W = self.W
        if plan.at("weights-of-wrong-layer", before):
            W = self.model.layers[plan.how["other w"] - 1].W
        if plan.at("w-not-transposed", before):
            return delta @ W
        if plan.at("max-over-paths", before):
            terms = delta[:, None, :] * W
            size = np.abs(terms)
            if plan.how["largest"] == "absolute":
                return size.max(axis=2)
            return np.where(size == size.max(axis=2, keepdims=True), terms, 0).sum(axis=2)
        return delta @ W.T


class Model:
    """All layers, and the cost."""

    def __init__(self, given: Problem, plan: Plan) -> None:
        self.given, self.plan = given, plan
        self.layers = [Dense(self, l) for l in range(1, given.L + 1)]
        pair = (given.activations[-1], given.cost)
        self.fused = pair in CANCELS and not (plan.slope_at(given.L) or plan.has("output-not-cost"))

    def gradients(self, x: Array, y: Array) -> list[tuple[Array, Array]]:
        out = x
        for layer in self.layers:
            out = layer.forward(out)
        grad = self.cost_gradient(out, y)
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return [self.finished(layer, len(x)) for layer in self.layers]

    def cost_gradient(self, a: Array, y: Array) -> Array:
        plan, m = self.plan, len(a)
        if plan.has("output-not-cost"):
            grad = np.zeros_like(a)
            grad[:, : 1 if plan.how["output"] == "first" else None] = 1
        elif self.fused:
            grad = a - y
        elif plan.has("output-sum"):
            grad = 2 * (a - y)
        else:
            grad = dC_da(self.given.cost, a, y, a.shape[1])
        if plan.has("output-mean"):
            grad = grad / a.shape[1]
        if plan.has("y-minus-a"):
            grad = -grad
        summed = plan.has("bias-averaged") and plan.how["averaged"] == "sum"
        return grad if summed else grad / m

    def finished(self, layer: Dense, m: int) -> tuple[Array, Array]:
        dW, db = layer.dW, layer.db
        for name, factor in (
            ("batch-mean-missing", m),
            ("batch-mean-twice", 1 / m),
            ("factor-two", 2),
            ("factor-half", 1 / 2),
            ("unknown-factor", self.plan.how.get("factor", 1)),
            ("sign-flipped", -1),
            ("gradient-missing", 0),
        ):
            if layer.planted(name):
                dW, db = dW * factor, db * factor
        l2, W = self.given.l2, self.given.weights[layer.number - 1].T
        if layer.planted("penalty-unknown"):
            dW = dW + self.plan.how["penalty"] * W
        elif layer.planted("penalty-doubled"):
            dW = dW + 2 * l2 * W
        elif layer.planted("penalty-not-scaled"):
            dW = dW + m * l2 * W
        elif layer.planted("penalty-sign"):
            dW = dW - l2 * W
        elif not layer.planted("penalty-missing"):
            dW = dW + l2 * W
        if layer.planted("penalty-on-biases"):
            db = db + l2 * layer.b
        return dW, db


def gradients(given: Problem, plan: Plan = RIGHT, layout: str = "list") -> Any:
    if plan.has("last-batch"):
        given = given.of_earlier()
    if plan.has("one-example"):
        given = given.of_last()
    pairs = Model(given, plan).gradients(given.x, given.y)
    if plan.has("accumulated"):
        earlier = given.of_earlier()
        first = Model(earlier, plan).gradients(earlier.x, earlier.y)
        pairs = [(dW + eW, db + eb) for (dW, db), (eW, eb) in zip(pairs, first, strict=True)]
    if plan.has("layers-reversed"):
        pairs = pairs[::-1]
    if layout == "tuples":
        return pairs
    if layout == "flat":
        return np.concatenate([part.ravel() for pair in pairs for part in pair])
    if layout == "row biases":
        pairs = [(dW, db.reshape(-1, dW.shape[1])) for dW, db in pairs]
    return [part for pair in pairs for part in pair]


def unpack(theirs: Any, given: Problem, layout: str) -> tuple[list[Array], list[Array]]:
    if layout == "flat":
        shapes = [s for w, b in zip(given.weights, given.biases, strict=True) for s in (w.T.shape, b.shape)]
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
        theirs = [part.reshape(s) for part, s in zip(np.split(theirs, ends), shapes, strict=True)]
    if layout != "tuples":
        theirs = list(zip(theirs[::2], theirs[1::2], strict=True))
    return [dW.T for dW, _ in theirs], [db.ravel() for _, db in theirs]
