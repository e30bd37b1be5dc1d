"""One pass forward, back and down, with one mistake in it or none: what a hand would write in every line.

Read through the equations (N4, N9 to N11, B1 to B5) with a switch at each place where a mistake can be made, so that z,
a, δ and what follows are wrong as they would be on paper. Which mistake is which is verify's table; ``mistaken`` of
verify.gradients.variants knows ∇C only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import equations
from ..functions import Activation
from ..functions.pairs import pair_of
from ..namespaces import NUMPY
from .scene import Place, Scene

Array = Any
Lists = list[Any]
_IN_Z: dict[
    str, Callable[[Array, Array, Array], Array]
] = {  # mistake → z from w, a of the layer before, and b
    "forward-bias-missing": lambda w, a, b: a @ w.T,
    "forward-bias-subtracted": lambda w, a, b: a @ w.T - b,
    "forward-bias-twice": lambda w, a, b: a @ w.T + 2 * b,
    "forward-w-transposed": lambda w, a, b: (a @ w if w.shape[0] == w.shape[1] else a @ w.T) + b,
}
_IN_A: dict[str, Callable[[Activation, Array, Array], Array]] = {  # mistake → a from σ, z and a
    "forward-activation-missing": lambda sigma, z, a: z,
    "forward-activation-twice": lambda sigma, z, a: sigma.f(NUMPY, a),
    "forward-z-sign": lambda sigma, z, a: sigma.f(NUMPY, -z),
    "forward-slope-for-activation": lambda sigma, z, a: (
        sigma.slope(NUMPY, z, None) if sigma.elementwise else a
    ),
}
FORWARD = (*_IN_Z, *_IN_A)
OF_LAYERS = (
    *FORWARD, "sigma-prime-missing", "sigma-prime-of-a", "sigma-for-sigma-prime", "sigma-prime-twice",
    "softmax-diagonal-only", "w-not-transposed", "max-over-paths", "a-of-same-layer", "z-for-a", "index-clash",
    "gradient-transposed", "sign-flipped",
)  # fmt: skip
OF_ALL = (
    "sigma-prime-kept", "y-minus-a", "factor-two", "factor-half", "output-not-cost", "output-mean", "output-sum",
    "post-update-weights", "update-sign", "update-eta-missing",
)  # fmt: skip
UPDATE = frozenset(OF_ALL[-2:])
_FACTORS = {"factor-two": ("half_squared_error", 2.0), "factor-half": ("squared_error", 0.5)}


@dataclass(frozen=True, eq=False)
class Pass:
    """All numbers of one example, by layer: ``terms[l]`` (n_{l+1}, n_l) are w δ of each path, ``new_w`` is stepped."""

    z: Lists
    a: Lists
    C: float
    slope: Lists
    dC_da: Lists
    delta: Lists
    dw: Lists
    db: Lists
    terms: Lists
    new_w: Lists
    new_b: Lists

    def read(self, place: Place) -> Array:
        """The number or array at a place."""
        letter, l, index = place
        if letter == "C":
            return np.float64(self.C)
        found = getattr(self, letter)[l]
        if letter == "terms":
            return found[:, index[0]]
        return found[index] if index else found


def right(scene: Scene) -> Pass:
    """The pass as it should be."""
    return _Run(scene, "", ()).all()


def wrong(scene: Scene, mistake: str, layers: tuple[int, ...] = (), so_far: Pass | None = None) -> Pass:
    """The pass with one mistake in these layers; the right one where it can't be made there.

    ``so_far`` is the right pass, of which the way forward is taken where it is right.
    """
    return _Run(scene, mistake, layers).all(None if mistake in FORWARD else so_far)


class _Run:
    """The numbers so far, and where the mistake is made."""

    def __init__(self, scene: Scene, mistake: str, layers: tuple[int, ...]) -> None:
        self.scene, self.net, self.L = scene, scene.net, scene.L
        self.mistake, self.layers = mistake, layers
        self.w, self.b = self.net.w, self.net.b
        self.z: Lists = [None]
        self.a: Lists = [scene.x]
        empty: Lists = [None] * (self.L + 1)
        self.slope, self.dC_da, self.delta = empty.copy(), empty.copy(), empty.copy()
        self.dw, self.db, self.terms = empty.copy(), empty.copy(), empty.copy()
        self.new_w, self.new_b = empty.copy(), empty.copy()

    def at(self, mistake: str, l: int = 0) -> bool:
        """Whether this is the place of the mistake."""
        return mistake == self.mistake and (not self.layers or l in self.layers)

    def square(self, l: int) -> bool:
        """Whether w^l could be transposed without anyone's noticing."""
        return self.net.sizes[l] == self.net.sizes[l - 1] > 1

    def all(self, so_far: Pass | None = None) -> Pass:
        """Forward, back, the products, the step."""
        if so_far is None:
            C = self._forward()
        else:
            self.z, self.a, C = so_far.z, so_far.a, so_far.C
        for l in range(self.L, 0, -1):
            self._to_delta(l)
            self._products(l)
            self._step(l)
            self._back(l)
        lists = (self.slope, self.dC_da, self.delta, self.dw, self.db, self.terms, self.new_w, self.new_b)
        return Pass(self.z, self.a, C, *lists)

    def _forward(self) -> float:
        for l in range(1, self.L + 1):
            sigma = self.net.layers[l]
            z, a = equations.N4(NUMPY, sigma, self.w[l], self.a[l - 1], self.b[l])
            if self.mistake in _IN_Z and l in self.layers:
                z = _IN_Z[self.mistake](self.w[l], self.a[l - 1], self.b[l])
                a = sigma.f(NUMPY, z)
            if self.mistake in _IN_A and l in self.layers:
                a = _IN_A[self.mistake](sigma, z, a)
            self.z.append(z)
            self.a.append(a)
        last = (self.z[-1], self.a[-1], self.scene.y)
        return float(equations.N5(NUMPY, self.net.activations[-1], self.net.cost, *last))

    def _of_cost(self) -> Array:
        """∂C/∂a^L."""
        a, y, cost = self.a[self.L], self.scene.y, self.net.cost
        n = len(y)
        if self.at("output-not-cost"):
            return np.ones(n)
        found = equations.N6("dC/da", NUMPY, cost, a, y)
        of_cost, factor = _FACTORS.get(self.mistake, ("", 1.0))
        if cost.name == of_cost and cost.built_in:
            found = factor * found
        if self.at("output-mean") and cost.name != "mean_squared_error":
            found = found / n
        if self.at("output-sum") and cost.name == "mean_squared_error":
            found = found * n
        return -found if self.at("y-minus-a") else found

    def _to_delta(self, l: int) -> None:
        """δ^l from ∂C/∂a^l; at the output from z at once where σ′ cancels."""
        sigma, z, a = self.net.layers[l], self.z[l], self.a[l]
        if l == self.L:
            self.dC_da[l] = self._of_cost()
        if sigma.elementwise:
            self.slope[l] = self._slope(l)
        pair = pair_of(sigma, self.net.cost) if l == self.L else None
        if pair is not None and not self._takes_apart(l):
            delta = pair.delta(NUMPY, z, a, self.scene.y)
            self.delta[l] = -delta if self.at("y-minus-a") else delta
            if self.at("sigma-prime-kept") and pair.tex_delta.startswith("a^L_j"):
                self.delta[l] = delta * (self.slope[l] if sigma.elementwise else a * (1 - a))
        elif sigma.elementwise:
            self.delta[l] = equations.N2(self.dC_da[l], self.slope[l])
        elif self.at("softmax-diagonal-only", l):
            self.delta[l] = self.dC_da[l] * a * (1 - a)
        else:
            self.delta[l] = equations.through(NUMPY, sigma, z, a, self.dC_da[l])

    def _takes_apart(self, l: int) -> bool:
        """Whether the mistake is one of those that stand between ∂C/∂a and δ, where the pair has nothing between."""
        return self.at("output-not-cost") or (self.mistake in _APART and self.at(self.mistake, l))

    def _slope(self, l: int) -> Array:
        sigma, z, a = self.net.layers[l], self.z[l], self.a[l]
        if self.at("sigma-prime-missing", l):
            return np.ones_like(z)
        if self.at("sigma-prime-of-a", l):
            return sigma.derivative(NUMPY, a)
        if self.at("sigma-for-sigma-prime", l):
            return a
        slope = equations.N6("da/dz", NUMPY, sigma, z, None)
        return slope * slope if self.at("sigma-prime-twice", l) else slope

    def _products(self, l: int) -> None:
        """∂C/∂w^l and ∂C/∂b^l."""
        before, delta = self.a[l - 1], self.delta[l]
        n, n_before = self.net.sizes[l], self.net.sizes[l - 1]
        if self.at("a-of-same-layer", l) and n == n_before:
            before = self.a[l]
        if self.at("z-for-a", l) and l > 1:
            before = self.z[l - 1]
        dw = np.outer(delta, before)
        if self.at("gradient-transposed", l) and self.square(l):
            dw = dw.T
        if self.at("index-clash", l) and l < self.L and n_before <= n and self.slope[l] is not None:
            dw = np.outer(self.slope[l], before * self.dC_da[l][:n_before])
        sign = -1.0 if self.at("sign-flipped", l) else 1.0
        self.dw[l], self.db[l] = sign * dw, sign * delta

    def _step(self, l: int) -> None:
        """v → v − η ∇C."""
        eta = 1.0 if self.at("update-eta-missing") else self.scene.eta
        step = eta if self.at("update-sign") else -eta
        self.new_w[l] = self.w[l] + step * self.dw[l]
        self.new_b[l] = self.b[l] + step * self.db[l]

    def _back(self, l: int) -> None:
        """∂C/∂a^{l−1}: a term for each path through layer l, and their sum."""
        w = self.new_w[l] if self.at("post-update-weights") else self.w[l]
        if self.at("w-not-transposed", l - 1) and self.square(l):
            w = w.T
        terms = w * self.delta[l][:, None]
        self.terms[l - 1] = terms
        total = terms.sum(axis=0)
        if self.at("max-over-paths", l - 1):
            total = np.take_along_axis(terms, np.argmax(np.abs(terms), axis=0)[None, :], axis=0)[0]
        rest = self.scene.rest
        self.dC_da[l - 1] = total if rest is None else total + rest[l - 1]


_APART = frozenset(
    {
        "sigma-prime-missing", "sigma-prime-of-a", "sigma-for-sigma-prime", "sigma-prime-twice",
        "softmax-diagonal-only",
    }
)  # fmt: skip
