"""The derivative by differences of the forward pass alone: central ones at many steps, extrapolated to a step of 0.

Nothing of the derivation is used here, and no derivative of any table: P is evaluated again with Q moved. Where a
neuron or the cost has a kink within reach of the smallest step, differences can't tell, and that is the answer.
Ridders 1982; Numerical Recipes, 5.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import equations
from ..engines.numpy import quiet
from ..namespaces import NUMPY, Namespace
from ..notation import Quantity
from .opening import index_of
from .problem import Problem, in_precision
from .raw import RawColumn

Array = Any
_LEVELS, _HALVINGS, _LEAST = (
    9,
    20,
    5,
)  # steps of a tableau; all there are; those without which a kink is too near
_BULK = 64  # with more examples than this, fewer steps are tried: each is a forward pass of all
_FIRST = 0.25  # the largest step, in Q's own unit


@dataclass(frozen=True)
class Difference:
    """The derivative, (m,) or (1,), and what each may be wrong by; None across a kink, with the one-sided slopes.

    ``kinked`` counts the examples that have a kink within reach.
    """

    value: Array | None
    error: Array
    left: Array | None = None
    right: Array | None = None
    kinked: int = 0


class Forward:
    """P of each example, (m,), as a function of how far Q moves along ``direction``: the forward pass in float64.

    ``averaged`` says that what is asked for is the mean over the examples. ``xp`` may be numbers of more digits.
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
        xp: Namespace = NUMPY,
    ) -> None:
        self.problem, self.of, self.by, self.direction = problem, of, by, direction
        self.xp = xp
        self.averaged, self.column = averaged, column
        self.penalised = averaged and by.letter == "w" and bool(problem.l1 or problem.l2)
        self.net = in_precision(problem.net, np.float64)
        w, b = self.net.views(self.net.theta)
        self.w, self.b = [self._lifted(one) for one in w], [self._lifted(one) for one in b]
        self.masks = [self._lifted(one) for one in problem.masks or [None] * (self.net.L + 1)]
        self.X, self.Y = self._lifted(problem.X.astype(np.float64)), self._lifted(problem.Y)
        self.z, self.a = equations.forward(xp, self.net.layers, self.w, self.b, self.X, self.masks)
        self.top = self.net.L if of.letter == "C" else int(of.layer or 0)

    def _lifted(self, values: Array) -> Array:
        """An array in the namespace's own numbers."""
        if self.xp is NUMPY or values is None:
            return values
        return np.frompyfunc(self.xp.constant, 1, 1)(np.asarray(values, dtype=np.float64))

    @quiet
    def __call__(self, t: float) -> tuple[Array, list[Array]]:
        """P at Q + t·direction, and on which side of each kink everything stands."""
        w, z, a = self._moved(t)
        return self._values(w, z, a), self._sides(w, z, a)

    def values(self, t: Any) -> Array:
        """P at Q + t·direction alone."""
        return self._values(*self._moved(t))

    def _values(self, w: list[Array], z: list[Array], a: list[Array]) -> Array:
        if self.of.letter == "C":
            return self._cost(w, z, a)
        values = a[self.top] if self.of.letter == "a" else z[self.top]
        return values[:, int(self.of.index[0])]

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
            a[l] = self._masked(l, self.net.layers[l].f(self.xp, z[l]))
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
            self.xp, tail, [None, *w[first:]], [None, *b[first:]], a[first - 1], [None, *self.masks[first:]]
        )
        return [*z[:first], *later_z[1:]], [*a[:first], *later_a[1:]]

    def _cost(self, w: list[Array], z: list[Array], a: list[Array]) -> Array:
        """C_x, (m,), and with it R1's penalty, whose mean over the examples is itself."""
        C = equations.N5(self.xp, self.net.layers[-1], self.net.cost, z[-1], a[-1], self.Y)
        if not self.penalised:
            return C
        l1, l2 = self.problem.l1, self.problem.l2
        return C + sum(equations.R1(self.xp, "value", one, l1, l2) for one in w[1:])

    def mean(self, each: Array) -> Array:
        """Of one value an example, the mean, (1,) (B5); where P is each example's own, the values themselves."""
        if not self.averaged:
            return each
        return np.atleast_1d(equations.B5(self._lifted(self.problem.share.astype(np.float64)), each))

    def _sides(self, w: list[Array], z: list[Array], a: list[Array]) -> list[Array]:
        """The side of each kink that every z, every output and each penalised weight stands on, (m, n); 0 upon it."""
        sides = [
            np.sign(z[l] - kink.z)
            for l in range(1, self.top + 1)
            for kink in self.net.layers[l].kinks
            if l < self.top or self.of.letter != "z"
        ]
        if self.of.letter == "C":
            sides += [np.sign(kink.at(a[-1], self.problem.Y)) for kink in self.net.cost.kinks]
        if self.penalised and self.problem.l1:
            index = tuple(index_of(entry) for entry in self.by.index) or (slice(None),)
            sides.append(np.sign(w[self.by.layer or 0][index]).reshape(1, -1))
        return sides


@dataclass(frozen=True)
class Sweep:
    """Central differences at steps ``first``, ``first``/2 …, a row each, (…, m), and P where Q stands, (m,).

    ``bends`` are what the slope from above has over that from below, (…, m). ``run`` (m,) counts the last steps in a
    row at which an example crossed no kink; ``last`` is the step at which it ended.
    """

    base: Array
    slopes: Array
    bends: Array
    run: Array
    first: float
    last: float

    @property
    def tested(self) -> Array:
        """Which examples have steps enough without a kink, (m,)."""
        return self.run >= _LEAST

    def extrapolated(self, noise: Array | None = None) -> tuple[Array, Array]:
        """The derivative of each example that is tested, 0 of the others, and what it may be wrong by, (m,) each.

        ``noise`` (m,) is what P itself may be wrong by, where that is known: over the step, no difference is better.
        """
        value, error = np.zeros(len(self.run)), np.full(len(self.run), np.inf)
        for length in np.unique(self.run[self.tested]):
            here = self.run == length
            start = len(self.slopes) - int(length)
            rows = self.slopes[start : start + _LEVELS, here]
            least = None if noise is None else self._floor(noise[here], start, len(rows))
            value[here], error[here] = _extrapolated(rows, least)
        return value, error

    def _floor(self, noise: Array, start: int, count: int) -> Array:
        """The noise over each of ``count`` steps, (count, m)."""
        steps = self.first * 0.5 ** np.arange(start, start + count)
        return noise / steps[:, None]


def sweep(forward: Any, first: float = _FIRST, most: int | None = None, enough: int = _LEVELS) -> Sweep:
    """At most ``most`` steps, the largest first, until each example has ``enough`` in a row that cross nothing.

    ``forward(t)`` gives P of each example, (m,), and the sides of the kinks that everything stands on, [(m, n)].
    """
    base, sides = forward(0.0)
    m = len(base)
    slopes: list[Array] = []
    bends: list[Array] = []
    run = np.zeros(m, dtype=int)  # how many steps in a row crossed nothing, each example's
    if most is None:
        most = _HALVINGS if m <= _BULK else _LEVELS + _LEAST
    h = first
    for _ in range(most):
        (up, above), (down, below) = forward(h), forward(-h)
        clear = _same(sides, above, m) & _same(sides, below, m) & np.isfinite(up) & np.isfinite(down)
        slopes.append((up - down) / (2 * h))
        bends.append((up - 2 * base + down) / h)
        run = np.where(clear, run + 1, 0)
        if run.min() >= enough:
            break
        h /= 2
    return Sweep(base, np.array(slopes), np.array(bends), run, first, h)


def by_differences(forward: Forward, first: float = _FIRST) -> Difference:
    """dP/dt at t = 0 by Ridders' method: of each example, from the largest step at which it crosses no kink."""
    found = sweep(forward, first)
    kinked = int((~found.tested).sum())
    if kinked:
        h = found.last
        left, right = ((forward(side * h)[0] - found.base) / (side * h) for side in (-1, 1))
        return Difference(None, np.full(len(found.base), np.inf), left, right, kinked)
    value, error = found.extrapolated()
    rounding = (
        np.finfo(np.float64).eps * np.abs(found.base) / first
    )  # of P itself: a P that doesn't move proves no 0
    return Difference(value, np.maximum(error, rounding))


def step_in_digits(xp: Namespace, digits: int) -> Any:
    """The larger of the two steps of ``in_digits``."""
    return xp.constant(10) ** -(digits // 4 + 2)


def in_digits(forward: Forward, digits: int) -> Array:
    """dP/dt at t = 0, (m,) or (1,), to about so many digits, where ``forward``'s numbers have half as many more.

    Central differences of a step h and its half, extrapolated: wrong by h⁴, and by rounding over h.
    """
    h = step_in_digits(forward.xp, digits)
    wide, narrow = (
        (forward.mean(forward.values(step)) - forward.mean(forward.values(-step))) / (2 * step)
        for step in (h, h / 2)
    )
    return (4 * narrow - wide) / 3


def _same(one: list[Array], other: list[Array], m: int) -> Array:
    """Which examples have everything on the same side as before, and nothing upon a kink, (m,)."""
    clear = np.ones(m, dtype=bool)
    for a, b in zip(one, other, strict=True):
        clear &= np.all((a == b) & (a != 0), axis=-1)
    return clear


def _extrapolated(rows: Array, floor: Array | None = None) -> tuple[Array, Array]:
    """The entry of Richardson's tableau with the least error, as its neighbours tell it; each example's own.

    ``floor`` (levels, m) is what each row is wrong by at least; an entry is no better than the last row in it.
    """
    before = rows
    best, least = rows[-1], np.full(rows.shape[1], np.inf)
    for column in range(1, len(rows)):
        factor = 4.0**column
        after = (factor * before[1:] - before[:-1]) / (factor - 1)
        errors = np.maximum(np.abs(after - before[:-1]), np.abs(after - before[1:]))
        if floor is not None:
            errors = np.maximum(errors, floor[column:])
        for entry, error in zip(after, errors, strict=True):
            better = error < least
            best, least = np.where(better, entry, best), np.where(better, error, least)
        before = after
    return best, least
