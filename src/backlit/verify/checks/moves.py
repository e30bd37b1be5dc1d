"""The forward pass with one neuron's z moved: C_x as a function of how far, for several neurons and examples at once.

Moving w^l_jk by t moves z^l_j of an example by t·a^{l−1}_k, moving b^l_j by t moves it by t, and nothing before it: so
entries that enter one neuron share these passes, each with steps t = u/a_k of its own. That z moves so is itself tried
on ``equations.N4`` (``affine``). Nothing of the derivation is used here, and no derivative of any table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ... import equations
from ...engines.numpy import quiet
from ...namespaces import NUMPY, Namespace
from ..gradients.setting import Setting
from .rounding import TIMES, Rounding

Array = Any


@dataclass(frozen=True)
class Place:
    """What has a kink: the z of layer ``l``, or the cost (``l`` is None), whose rule is ``where``."""

    l: int | None
    where: str


class Lifted:
    """The network's numbers and its forward pass in a namespace's own arithmetic."""

    @quiet
    def __init__(self, setting: Setting, xp: Namespace = NUMPY) -> None:
        self.setting, self.xp, self.layers = setting, xp, setting.net.layers
        self.plain = xp is NUMPY or xp.name == "complex"
        self.w, self.b = ([self.lift(one) for one in part] for part in (setting.w, setting.b))
        self.X, self.Y, self.share = (self.lift(one) for one in (setting.X, setting.Y, setting.share))
        masks = setting.masks or [None] * (setting.L + 1)
        self.masks = [self.lift(one) for one in masks]
        if self.plain:
            self.z, self.a = setting.z, setting.a
        else:
            self.z, self.a = equations.forward(xp, self.layers, self.w, self.b, self.X, self.masks)

    def lift(self, values: Array) -> Array:
        """An array in the namespace's own numbers."""
        if values is None or self.plain:
            return values
        return np.frompyfunc(self.xp.constant, 1, 1)(values)


class Moved:
    """C_x of (neuron, example), neurons first, (J·m,), with z^l_j moved by t; ``near`` says what stands at a kink.

    Called, it also gives the sides of the kinks that everything stands on, as differences.sweep takes them. ``near``
    (by layer) and ``near_cost`` are Rounding's.
    """

    def __init__(self, lifted: Lifted, l: int, neurons: Array, rounding: Rounding) -> None:
        self.lifted, self.l, self.neurons = lifted, l, neurons
        setting, self.J = lifted.setting, len(neurons)
        self.m, self.L, self.xp = len(setting.share), setting.L, lifted.xp
        self.sigma = setting.net.layers[l]
        self.row = np.arange(self.J * self.m)
        self.column = np.repeat(neurons, self.m)
        self.z, self.a, self.Y = (np.tile(one, (self.J, 1)) for one in (lifted.z[l], lifted.a[l], lifted.Y))
        self.masks = [None if one is None else np.tile(one, (self.J, 1)) for one in lifted.masks]
        self.near = [
            None
            if i < l or not setting.net.layers[i].kinks
            else np.tile(self._near(rounding, i), (self.J, 1))
            for i in range(1, self.L + 1)
        ]
        near_cost = rounding.near_cost_kink() if setting.net.cost.kinks else None
        self.near_cost = None if near_cost is None else np.tile(near_cost, (self.J, 1))

    def _near(self, rounding: Rounding, i: int) -> Array:
        """Near a kink, where that can reach the cost: what dropout has dropped does not."""
        mask = None if self.lifted.setting.masks is None else self.lifted.setting.masks[i]
        near = rounding.near_kink(i)
        return near if mask is None else near & (mask != 0)

    @quiet
    def __call__(self, t: float) -> tuple[Array, list[Array]]:
        """C_x at z^l_j + t, and the side of each kink; 0 where it is upon one, and moves."""
        z, a, C = self._passed(t)
        return C, [side for _, side in self.sides(t, z, a)]

    def values(self, t: Any) -> Array:
        """C_x at z^l_j + t alone."""
        return self._passed(t)[2]

    def mean(self, each: Array) -> Array:
        """Each by itself: the mean over the examples is taken when all are known."""
        return each

    def _passed(self, t: Any) -> tuple[list[Array], Array, Array]:
        """z[l] … z[L] (by layer), a^L and C_x after the move."""
        lifted, l = self.lifted, self.l
        kind = complex if isinstance(t, complex) else self.z.dtype
        z = self.z.astype(kind)
        z[self.row, self.column] += t
        a = self._activated(z, kind)
        after, later_a = equations.forward(
            self.xp,
            [None, *lifted.layers[l + 1 :]],
            [None, *lifted.w[l + 1 :]],
            [None, *lifted.b[l + 1 :]],
            a,
            [None, *self.masks[l + 1 :]],
        )
        zs = [*[None] * l, z, *after[1:]]
        C = equations.N5(self.xp, lifted.layers[-1], lifted.setting.net.cost, zs[-1], later_a[-1], self.Y)
        return zs, later_a[-1], C

    def _activated(self, z: Array, kind: Any) -> Array:
        """a^l, masked; where σ is of each z alone, only that of the neuron that moves is anew."""
        mask = self.masks[self.l]
        if not self.sigma.elementwise:
            a = self.sigma.f(self.xp, z)
            return a if mask is None else equations.N2(a, mask)
        a = self.a.astype(kind)
        moved = self.sigma.f(self.xp, z[self.row, self.column][:, None])[:, 0]
        a[self.row, self.column] = moved if mask is None else equations.N2(moved, mask[self.row, self.column])
        return a

    @cached_property
    def _before(self) -> list[Array]:
        """z[l] … z[L] unmoved, by the same pass: sums of more rows may round otherwise."""
        return self._passed(0.0)[0]

    def sides(self, t: float, z: list[Array], a: Array) -> list[tuple[Place, Array]]:
        """Of each kink: where, and on which side everything stands, (J·m, n); only what can move."""
        net, base = self.lifted.setting.net, t == 0
        found = []
        for i in range(self.l, self.L + 1):
            sigma, near = net.layers[i], self.near[i - 1]
            if near is None:
                continue
            still = near & (base | (z[i] == self._before[i]))
            for kink in sigma.kinks:
                side = np.where(near, np.where(still, 1.0, 0.0), np.sign(z[i] - kink.z))
                found.append((Place(i, sigma.option), side))
        if self.near_cost is not None:
            for kink in net.cost.kinks:
                at = kink.at(a, self.Y)
                still = self.near_cost & (base | (z[-1] == self._before[-1]))
                side = np.where(self.near_cost, np.where(still, 1.0, 0.0), np.sign(at))
                found.append((Place(None, kink.where), side))
        return found

    @property
    def has_kinks(self) -> bool:
        """Whether anything on the way has a kink."""
        return self.near_cost is not None or any(one is not None for one in self.near)

    @quiet
    def crossed(self, h: float) -> tuple[Array, Array, list[Place]]:
        """What is the first to cross a kink within ±h: index into the places (−1: nothing) and neuron, (J·m,) each."""
        before = self.sides(0.0, *self._passed(0.0)[:2])
        place, neuron = np.full(len(self.row), -1), np.zeros(len(self.row), dtype=int)
        for t in (h, -h):
            for number, ((_, one), (_, other)) in enumerate(
                zip(before, self.sides(t, *self._passed(t)[:2]), strict=True)
            ):
                wrong = (one != other) | (other == 0)
                new = wrong.any(axis=1) & (place < 0)
                place[new], neuron[new] = number, np.argmax(wrong[new], axis=1)
        return place, neuron, [where for where, _ in before]

    @quiet
    def by_complex_step(self, h: float) -> tuple[Array, Array, Array, list[Place]]:
        """∂C_x/∂z^l_j from one step of i·h, and what stands at a kink and moves, as ``crossed`` tells it."""
        z, _, C = self._passed(1j * h)
        place, neuron = np.full(len(self.row), -1), np.zeros(len(self.row), dtype=int)
        places: list[Place] = []
        for i in range(self.l, self.L + 1):
            near = self.near[i - 1]
            if near is not None:
                self._note(near & (np.imag(z[i]) != 0), len(places), place, neuron)
                places.append(Place(i, self.lifted.setting.net.layers[i].option))
        if self.near_cost is not None:
            self._note(self.near_cost & (np.imag(z[-1]) != 0), len(places), place, neuron)
            places.append(Place(None, self.lifted.setting.net.cost.kinks[0].where))
        return np.imag(C) / h, place, neuron, places

    @staticmethod
    def _note(wrong: Array, number: int, place: Array, neuron: Array) -> None:
        new = wrong.any(axis=1) & (place < 0)
        place[new], neuron[new] = number, np.argmax(wrong[new], axis=1)


@quiet
def affine(setting: Setting, rounding: Rounding, l: int, seed: int = 0) -> bool:
    """Whether ``equations.N4`` moves z^l by t·a^{l−1}_k with w^l_jk, and by t with b^l_j: all at once, at random."""
    rng = np.random.default_rng([seed, l])
    w, b, a = setting.w[l], setting.b[l], setting.a[l - 1]
    of_w, of_b = rng.choice([-1.0, 1.0], w.shape), rng.choice([-1.0, 1.0], b.shape)
    sigma = setting.net.layers[l]
    moved = equations.N4(NUMPY, sigma, w + of_w, a, b + of_b)[0]
    expected = np.empty_like(moved)
    mass = np.empty_like(moved)
    for j in range(len(w)):
        expected[:, j] = setting.z[l][:, j] + (a * of_w[j]).sum(axis=1) + of_b[j]
        mass[:, j] = (np.abs(a) * (np.abs(w[j]) + 1)).sum(axis=1) + np.abs(b[j]) + 1
    allowed = TIMES * np.sqrt(a.shape[1] + 2) * np.finfo(np.float64).eps * mass
    return bool(np.all(np.abs(moved - expected) <= allowed))
