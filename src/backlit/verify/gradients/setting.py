"""What a gradient is judged against: the network in float64, the examples, and every z, a and slope of theirs.

Everything a hypothesis may need is computed here once, through equations.py. No hypothesis is made here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ... import equations
from ...functions import pair_of
from ...namespaces import NUMPY
from ...network import Network

Array = Any
Through = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Setting:
    """X (m, n_0), Y (m, n_L) in float64; ``share`` (m,) = s_x/Σs; masks by layer or None; ``eta`` None if not told.

    ``net`` computes in float64; ``single`` says that the numbers judged were made in float32.
    """

    net: Network
    X: Array
    Y: Array
    share: Array
    masks: list[Array] | None = None
    l1: float = 0.0
    l2: float = 0.0
    eta: float | None = None
    single: bool = False
    grain: float = 0.0  # what rounding by a person may have done to each number
    coarse: float = 0.0  # and that of the largest entry of the layer where it is smallest
    batch: int | None = None  # the examples of one batch, where X holds two
    suspected: tuple[float, ...] = ()  # values of l2 that other layers have been found to have

    @property
    def L(self) -> int:
        return self.net.L

    @property
    def m(self) -> int:
        """How many examples there are."""
        return int(self.X.shape[0])

    @property
    def per(self) -> int:
        """The m of a mean: the examples of one batch."""
        return self.batch or self.m

    @property
    def sizes(self) -> tuple[int, ...]:
        return self.net.sizes

    @cached_property
    def _passed(self) -> tuple[list[Array], list[Array]]:
        w, b = self.w, self.b
        return equations.forward(NUMPY, self.net.layers, w, b, self.X, self.masks)

    @property
    def z(self) -> list[Array]:
        return self._passed[0]

    @property
    def a(self) -> list[Array]:
        """a[l] as the next layer saw it, after the mask."""
        return self._passed[1]

    @cached_property
    def w(self) -> list[Array]:
        return self.net.views(self.net.theta)[0]

    @cached_property
    def b(self) -> list[Array]:
        return self.net.views(self.net.theta)[1]

    @cached_property
    def delta(self) -> list[Array]:
        """The right δ[l], (m, n_l), of C alone."""
        sigma, cost = self.net.layers, self.net.cost
        found: list[Array] = equations.backward(
            NUMPY, sigma, cost, self.w, self.z, self.a, self.Y, self.masks
        )
        return found

    @cached_property
    def dC_da(self) -> Array:
        """∂C_x/∂a^L, (m, n_L)."""
        return equations.N6("dC/da", NUMPY, self.net.cost, self.a[-1], self.Y)

    @property
    def cancels(self) -> bool:
        """Whether output activation and cost together give a − y, σ′ being cancelled."""
        return self.paired and np.allclose(self.delta[-1], self.a[-1] - self.Y, rtol=1e-5, atol=1e-6)

    @property
    def paired(self) -> bool:
        """Whether activation and cost have a closed form of their product (pairs.py)."""
        return pair_of(self.net.activations[-1], self.net.cost) is not None

    def elementwise(self, l: int) -> bool:
        """Whether layer l's activation is of each z alone."""
        return bool(self.net.layers[l].elementwise)

    def slope(self, l: int) -> Array:
        """σ′(z^l), (m, n_l), of an elementwise layer."""
        return self.slope_at(l, self.z[l])

    def slope_at(self, l: int, u: Array) -> Array:
        """Layer l's σ′ at any u (m, n_l)."""
        return self.net.layers[l].derivative(NUMPY, u)

    def value_at(self, l: int, u: Array) -> Array:
        """Layer l's σ at any u (m, n_l)."""
        return self.net.layers[l].f(NUMPY, u)

    def through(self, l: int, g: Array) -> Array:
        """From ∂C/∂a^l (after masks) to δ^l, as it should be."""
        sigma = self.net.layers[l]
        return sigma.pullback(NUMPY, self.value_at(l, self.z[l]), g) if sigma.pullback else g * self.slope(l)

    @cached_property
    def gradient(self) -> tuple[list[Array], list[Array]]:
        """The right ∇C with its penalties: by layer, entry 0 None."""
        w, b = equations.mean_gradient(self.share, self.a, self.delta)
        if self.l1 or self.l2:
            for l in range(1, self.L + 1):
                w[l] = w[l] + equations.R1(NUMPY, "gradient", self.w[l], self.l1, self.l2)
        return w, b

    @cached_property
    def rounding(self) -> list[tuple[float, float]]:
        """By layer, what a rounding of every number on the way may add up to in ∂C/∂w and ∂C/∂b, in units of it.

        A slope such as 1 − a² is known to an absolute error where it is small, and so is a − y: both are counted.
        """
        E = np.abs(self.a[-1]) + np.abs(self.Y)
        if not self.paired:  # else ∂C/∂a is not used, and may be anything
            E = E * self._steepness(self.L) + self._at_risk(self.L, np.abs(self.dC_da))
        E = np.where(np.isfinite(E), E, 0)
        found = [(0.0, 0.0)] * (self.L + 1)
        for l in range(self.L, 0, -1):
            if l < self.L:
                w = np.abs(self.w[l + 1])
                E = (E @ w) * np.minimum(self._steepness(l), 1) + self._at_risk(
                    l, np.abs(self.delta[l + 1]) @ w
                )
            shared = self.share[:, None] * E
            found[l] = (
                float((shared.max(axis=1) * np.abs(self.a[l - 1]).max(axis=1)).sum()),
                float(shared.sum(axis=0).max()),
            )
        return found

    def _steepness(self, l: int) -> Array:
        return np.abs(self.slope(l)) if self.elementwise(l) else np.ones_like(self.z[l])

    def _at_risk(self, l: int, g: Array) -> Array:
        """What of ∂C/∂a^l an absolute error of the slope takes with it; a slope that is a step has none."""
        return g * 0 if self.net.layers[l].name in ("relu", "identity", "leaky_relu") else g

    def of(self, X: Array, Y: Array, share: Array, masks: list[Array] | None = None) -> Setting:
        """The same network and penalties on other examples."""
        return replace(self, X=X, Y=Y, share=share, masks=masks)
