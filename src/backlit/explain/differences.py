"""The derivative by differences of the forward pass alone: central ones at many steps, extrapolated to a step of 0.

Nothing of the derivation is used here, and no derivative of any table: P is evaluated again with Q moved. Where a
neuron or the cost has a kink within reach of the smallest step, differences can't tell, and that is the answer.
Ridders 1982; Numerical Recipes, 5.7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import equations, passes
from ..engines.numpy import quiet
from ..namespaces import NUMPY
from ..notation import Quantity
from .opening import index_of
from .problem import Problem, in_precision
from .raw import RawColumn

Array = Any
_LEVELS, _HALVINGS = 9, 22  # steps in the tableau; halvings before a kink is called too near
_FIRST = 0.25  # the largest step, in Q's own unit


@dataclass(frozen=True)
class Difference:
    """The derivative, () or (m,), and what it may be wrong by; both None across a kink, with the one-sided slopes."""

    value: Array | None
    error: float
    left: Array | None = None
    right: Array | None = None


class Forward:
    """P as a function of how far Q has moved along ``direction``, by the forward pass in float64.

    ``averaged`` says that P is the mean C of all examples, and not each one's own, (m,).
    """

    def __init__(
        self,
        problem: Problem,
        of: Quantity,
        by: Quantity,
        direction: Array,
        *,
        averaged: bool,
        column: RawColumn | None,
    ) -> None:
        self.problem, self.of, self.by, self.direction = problem, of, by, direction
        self.averaged, self.column = averaged, column
        self.net = in_precision(problem.net, np.float64)
        self.w, self.b = self.net.views(self.net.theta)
        self.masks = problem.masks or [None] * (self.net.L + 1)
        self.X = problem.X.astype(np.float64)
        self.z, self.a = equations.forward(NUMPY, self.net.layers, self.w, self.b, self.X, self.masks)
        self.top = self.net.L if of.letter == "C" else int(of.layer or 0)

    @quiet
    def __call__(self, t: float) -> tuple[Array, list[Array]]:
        """P at Q + t·direction, and on which side of each kink everything stands."""
        w, z, a = self._moved(t)
        sides = self._sides(z, a)
        if self.of.letter == "C":
            return self._cost(w, z, a), sides
        values = a[self.top] if self.of.letter == "a" else z[self.top]
        return values[:, int(self.of.index[0])], sides

    def _moved(self, t: float) -> tuple[list[Array], list[Array], list[Array]]:
        """w, z and a of all layers after the move; those before Q as they were."""
        l, by = self.by.layer or 0, self.by
        w, b, z, a = list(self.w), list(self.b), list(self.z), list(self.a)
        if by.letter in ("w", "b"):
            moved = (w if by.letter == "w" else b)[l].copy()
            index = tuple(index_of(entry) for entry in by.index) or (slice(None),)
            moved[index] += t * self.direction
            (w if by.letter == "w" else b)[l] = moved
            return w, *self._onward(l, w, b, z, a)
        if by.letter == "z":
            z[l] = self._shifted(z[l], t)
            a[l] = self._masked(l, self.net.layers[l].f(NUMPY, z[l]))
        elif by.letter == "a":
            a[l] = self._shifted(a[l], t)
        else:
            a[0] = self._masked(0, self._input(t))
        return w, *self._onward(l + 1, w, b, z, a)

    def _shifted(self, values: Array, t: float) -> Array:
        moved = values.copy()
        moved[:, index_of(self.by.index[0]) if self.by.index else slice(None)] += t * self.direction
        return moved

    def _input(self, t: float) -> Array:
        if self.column is None:
            return self._shifted(self.X, t)
        moved = self.X.copy()
        place = self.column.place
        moved[:, place] = self.column.encode(self.column.decode(moved[:, place]) + t * float(self.direction))
        return moved

    def _masked(self, l: int, values: Array) -> Array:
        return values if self.masks[l] is None else equations.N2(values, self.masks[l])

    def _onward(
        self, first: int, w: list[Array], b: list[Array], z: list[Array], a: list[Array]
    ) -> tuple[list[Array], list[Array]]:
        """The forward pass again from layer ``first``."""
        if first > self.net.L:
            return z, a
        tail = [None, *self.net.layers[first:]]
        later_z, later_a = equations.forward(
            NUMPY, tail, [None, *w[first:]], [None, *b[first:]], a[first - 1], [None, *self.masks[first:]]
        )
        return [*z[:first], *later_z[1:]], [*a[:first], *later_a[1:]]

    def _cost(self, w: list[Array], z: list[Array], a: list[Array]) -> Array:
        net, problem = self.net, self.problem
        C = equations.N5(NUMPY, net.layers[-1], net.cost, z[-1], a[-1], problem.Y)
        if not self.averaged:
            return C
        extra = passes.penalty(net, w, problem.l1, problem.l2) if self.by.letter == "w" else 0.0
        return equations.B5(problem.share.astype(np.float64), C) + extra

    def _sides(self, z: list[Array], a: list[Array]) -> list[Array]:
        """The side of each kink that every z, every output and (for l1) every moved weight stands on; 0 upon it."""
        sides = [
            np.sign(z[l] - kink.z)
            for l in range(1, self.top + 1)
            for kink in self.net.layers[l].kinks
            if l < self.top or self.of.letter != "z"
        ]
        if self.of.letter == "C":
            sides += [np.sign(kink.at(a[-1], self.problem.Y)) for kink in self.net.cost.kinks]
        return sides


def by_differences(
    forward: Callable[[float], tuple[Array, list[Array]]], first: float = _FIRST
) -> Difference:
    """dP/dt at t = 0 by Ridders' method, from the largest step at which no kink is crossed."""
    base, sides = forward(0.0)
    rows: list[Array] = []
    h = first
    for _ in range(_HALVINGS):
        (up, above), (down, below) = forward(h), forward(-h)
        if _same(sides, above) and _same(sides, below) and np.isfinite(up).all() and np.isfinite(down).all():
            rows.append((up - down) / (2 * h))
        else:
            rows = []
        h /= 2
        if len(rows) == _LEVELS:
            return _extrapolated(rows)
    h = first * 2.0**-_HALVINGS
    left, right = ((forward(side * h)[0] - base) / (side * h) for side in (-1, 1))
    return Difference(None, np.inf, left, right)


def _same(one: list[Array], other: list[Array]) -> bool:
    return all(np.array_equal(a, b) and bool(np.all(a != 0)) for a, b in zip(one, other, strict=True))


def _extrapolated(rows: list[Array]) -> Difference:
    """The entry of Richardson's tableau with the least error, as its neighbours tell it."""
    table = [rows]
    best, least = rows[-1], np.inf
    for column in range(1, len(rows)):
        before, factor = table[-1], 4.0**column
        table.append([(factor * before[i + 1] - before[i]) / (factor - 1) for i in range(len(before) - 1)])
        for i, entry in enumerate(table[-1]):
            error = float(max(np.max(np.abs(entry - before[i])), np.max(np.abs(entry - before[i + 1]))))
            if error < least:
                best, least = entry, error
    return Difference(best, least)
