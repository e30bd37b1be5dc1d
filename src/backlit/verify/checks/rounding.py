"""What arithmetic loses on the way to each entry of ∇C, from the mass of its sums and the dtype's unit of rounding.

Not a measurement and not a proof of anything: it says how far two right computations may be apart, and how near to a
kink z may be before its side is a matter of rounding. A sum of n products is known to √n·u times the sum of their
absolute values (Higham & Mary 2019). Rounding errors count as independent of one another, so they add in squares, and
what neurons that are alike have in common is added as it is. ``TIMES`` such errors are granted; that more is lost by
chance has a probability below 2·exp(−TIMES²/2), about 10⁻¹⁴.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ... import equations
from ...functions import pair_of
from ...namespaces import NUMPY
from ..gradients.setting import Setting

Array = Any
TIMES = 8.0
_VANISHES = 1e-140
_FUNCTION = 4.0  # units of rounding in a value of exp, tanh, erfc or what is made of them


@dataclass(frozen=True, eq=False)
class Rounding:
    """One error of z[l], a[l], δ[l] (each (m, n_l)) and of the entries w[l], b[l]; lists by layer, entry 0 of a is 0.

    ``unit`` is u, and ``tiny`` the smallest number that keeps all its digits.
    """

    setting: Setting
    unit: float
    tiny: float

    @cached_property
    def _forward(self) -> tuple[list[Array], list[Array]]:
        s, u = self.setting, self.unit
        of_z: list[Array] = [None]
        of_a: list[Array] = [np.zeros_like(s.X)]
        for l in range(1, s.L + 1):
            mass = np.abs(s.a[l - 1]) @ np.abs(s.w[l]).T + np.abs(s.b[l])
            own = np.sqrt(s.sizes[l - 1] + 1) * u * mass
            of_z.append(np.hypot(own, _through_squares(of_a[l - 1], s.w[l].T)))
            of_a.append(self._of_activation(l, of_z[l]))
        return of_z, of_a

    def _of_activation(self, l: int, of_z: Array) -> Array:
        s, sigma = self.setting, self.setting.net.layers[l]
        value = sigma.f(NUMPY, s.z[l])
        if sigma.elementwise:
            moved = spread(lambda z: sigma.f(NUMPY, z), s.z[l], of_z)
        else:
            moved = value * np.hypot(of_z, _length(value * of_z))
        lost = np.hypot(moved, _FUNCTION * self.unit * np.abs(value)) + self.tiny
        mask = None if s.masks is None else s.masks[l]
        return lost if mask is None else lost * np.abs(mask)

    @property
    def z(self) -> list[Array]:
        return self._forward[0]

    @property
    def a(self) -> list[Array]:
        return self._forward[1]

    @cached_property
    def delta(self) -> list[Array]:
        """One error of δ[l]: backwards, as the errors of z and a were made forwards."""
        s, u = self.setting, self.unit
        found: list[Array] = [None] * s.L + [self._at_output()]
        for l in range(s.L - 1, 0, -1):
            g = s.delta[l + 1] @ s.w[l + 1]
            mass = np.abs(s.delta[l + 1]) @ np.abs(s.w[l + 1])
            own = np.sqrt(s.sizes[l + 1]) * u * mass
            of_g = np.hypot(own, _through_squares(found[l + 1], s.w[l + 1]))
            if s.masks is not None and s.masks[l] is not None:
                g, of_g = g * s.masks[l], of_g * np.abs(s.masks[l])
            found[l] = self._of_delta(l, g, of_g)
        return found

    def _at_output(self) -> Array:
        s, u = self.setting, self.unit
        z, a, y, sigma, cost = s.z[-1], s.a[-1], s.Y, s.net.activations[-1], s.net.cost
        pair = pair_of(sigma, cost)
        if pair is None:
            of_g = spread(lambda moved: cost.derivative(NUMPY, moved, y), a, self.a[-1])
            return self._of_delta(s.L, s.dC_da, np.hypot(of_g, _FUNCTION * u * np.abs(s.dC_da)))
        of_z, of_a = TIMES * self.z[-1], TIMES * self.a[-1]
        base = pair.delta(NUMPY, z, a, y)
        moved = [
            np.abs(pair.delta(NUMPY, z + one * of_z, a + other * of_a, y) - base)
            for one in (-1, 1)
            for other in (-1, 1)
        ]
        own = _FUNCTION * np.sqrt(s.sizes[-1]) * u * (np.abs(a) + np.abs(y))
        return np.hypot(_worst(moved) / TIMES, own) + self.tiny

    def _of_delta(self, l: int, g: Array, of_g: Array) -> Array:
        """Of δ = g ⊙ σ′(z), or of the Jacobian's sum."""
        s, u, sigma = self.setting, self.unit, self.setting.net.layers[l]
        if sigma.elementwise:
            slope, of_slope = self._slope(l)
            parts = (of_g * slope, g * of_slope, of_g * of_slope, u * g * slope)
            return _root(parts) + self.tiny
        a = s.value_at(l, s.z[l])
        mass = np.abs(g) + (a * np.abs(g)).sum(axis=-1, keepdims=True)
        of_a = self._of_activation(l, self.z[l])
        inner = _length(a * of_g) + _length(of_a * g)
        parts = (a * of_g, a * inner, of_a * mass, np.sqrt(s.sizes[l]) * _FUNCTION * u * a * mass)
        return _root(parts) + self.tiny

    def _slope(self, l: int) -> tuple[Array, Array]:
        """σ′(z) and one error of it: by z, or by a where engines may take it from there."""
        s, sigma = self.setting, self.setting.net.layers[l]
        slope = s.slope(l)
        found = spread(lambda z: sigma.derivative(NUMPY, z), s.z[l], self.z[l])
        if sigma.derivative_from_a is not None and not sigma.kinks:  # at a kink, what counts is z
            from_a, a = sigma.derivative_from_a, s.value_at(l, s.z[l])
            lost = np.hypot(self.a[l], _FUNCTION * self.unit * np.abs(a))
            moved = [np.abs(from_a(NUMPY, a + sign * TIMES * lost) - slope) for sign in (-1, 1)]
            found = np.maximum(found, _worst(moved) / TIMES)
        secant = np.abs(s.value_at(l, s.z[l])) / np.maximum(
            np.abs(s.z[l]), 1
        )  # a complex step loses units of this
        own = np.hypot(_FUNCTION * np.abs(slope), secant) * self.unit
        return slope, np.hypot(found, own) + self.tiny

    def entries(self, l: int) -> tuple[Array, Array]:
        """One error of ∂C/∂w[l], (n_l, n_{l−1}), and of ∂C/∂b[l], (n_l,)."""
        s, u = self.setting, self.unit
        share, a, delta = s.share[:, None], s.a[l - 1], s.delta[l]
        of_delta, own = self.delta[l], (np.sqrt(len(s.share)) + 3) * u
        weighted = share * np.abs(delta)
        common = (share * of_delta).sum(axis=0)
        of_b = np.hypot(own * weighted.sum(axis=0), np.hypot(common, _length(share * of_delta, axis=0)))
        of_w = np.hypot(own * (weighted.T @ np.abs(a)), _through_squares((share * of_delta).T, a))
        of_w = np.hypot(of_w, _through_squares(weighted.T, self.a[l - 1]))
        if s.l1 or s.l2:
            of_w = np.hypot(of_w, _FUNCTION * u * (s.l2 * np.abs(s.w[l]) + s.l1))
        return of_w + self.tiny, of_b + self.tiny

    def near_kink(self, l: int) -> Array:
        """Where rounding alone may put z[l] on the other side of a kink, (m, n_l)."""
        s = self.setting
        near = np.zeros(s.z[l].shape, dtype=bool)
        for kink in s.net.layers[l].kinks:
            near |= np.abs(s.z[l] - kink.z) <= TIMES * self.z[l]
        return near

    def near_cost_kink(self) -> Array:
        """The same of what the cost compares, (m, n_L)."""
        s = self.setting
        near = np.zeros(s.Y.shape, dtype=bool)
        lost = TIMES * (self.a[-1] + self.unit * (np.abs(s.a[-1]) + np.abs(s.Y)))
        for kink in s.net.cost.kinks:
            at = kink.at(s.a[-1], s.Y)
            moved = _worst([np.abs(kink.at(s.a[-1] + sign * lost, s.Y) - at) for sign in (-1, 1)])
            near |= np.abs(at) <= moved
        return near

    def of_cost(self) -> Array:
        """One error of C_x in float64's own rounding, (m,): how far C_x moves when z^L does by its error."""
        s = self.setting
        finest = self.z[-1] * (np.finfo(np.float64).eps / 2 / self.unit)
        rng = np.random.default_rng(0)
        base = self._cost(s.z[-1])
        moved = [
            np.abs(self._cost(s.z[-1] + rng.choice([-1.0, 1.0], finest.shape) * finest) - base)
            for _ in range(8)
        ]
        return _worst(moved) + np.finfo(np.float64).eps * np.abs(base)

    def _cost(self, z: Array) -> Array:
        s = self.setting
        sigma = s.net.activations[-1]
        return equations.N5(NUMPY, sigma, s.net.cost, z, sigma.f(NUMPY, z), s.Y)


def spread(f: Callable[[Array], Array], at: Array, error: Array) -> Array:
    """How far f moves when its argument does by ``TIMES`` errors, for one error of it."""
    base = f(at)
    return _worst([np.abs(f(at + sign * TIMES * error) - base) for sign in (-1, 1)]) / TIMES


def _worst(moved: list[Array]) -> Array:
    """The largest; what can't be told (∞ − ∞) is infinite."""
    return np.nan_to_num(np.maximum.reduce(moved), nan=np.inf, posinf=np.inf)


def _root(parts: tuple[Array, ...]) -> Array:
    """Of independent errors, all together; their squares may be too small to be told from 0, they are not."""
    return np.hypot.reduce(np.stack(np.broadcast_arrays(*parts)))


def _length(errors: Array, axis: int = -1) -> Array:
    """√Σ errors², the last axis kept; of examples, (n_l,)."""
    if axis == -1:
        return np.hypot.reduce(errors, axis=-1, keepdims=True)
    return np.hypot.reduce(errors, axis=axis)


def _through_squares(errors: Array, by: Array) -> Array:
    """Errors through a linear map: √(errors² @ by²) of independent ones, and |errors @ by| of what all have in common.

    Neurons, or examples, that are alike are wrong by the same. Where squares would vanish, the plain sum serves.
    """
    whole = np.abs(errors) @ np.abs(by)
    return np.where(whole < _VANISHES, whole, np.hypot(np.sqrt((errors * errors) @ (by * by)), errors @ by))
