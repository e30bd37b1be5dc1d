"""One step of training as it should be: θ before, the gradient there, the rule, and what follows from them.

Also the steps that cannot be written as a formula of one gradient: those that are simulated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ... import equations, passes
from ...equations import backward, forward, through
from ...namespaces import NUMPY
from ...network import Network
from ..comparing.mass import of_deltas

Array = Any


@dataclass(frozen=True)
class Batch:
    """a^0, targets, shares and masks, of the examples that the step is on."""

    X: Array
    Y: Array
    share: Array
    masks: list[Array] | None = None

    def only(self, i: int) -> Batch:
        """Example i alone."""
        masks = (
            None if self.masks is None else [None if one is None else one[i : i + 1] for one in self.masks]
        )
        return Batch(self.X[i : i + 1], self.Y[i : i + 1], np.ones(1), masks)


@dataclass(frozen=True)
class Step:
    """All in float64 and flat (N8). ``v`` is the velocity before, 0 without; it acts as ``carry`` · μ · v.

    ``gradient`` is of C alone, as it was given, or else computed; ``l1`` and ``l2`` are added where it is used.
    """

    net: Network
    before: Array
    batch: Batch
    gradient: Array
    eta: float
    mu: float = 0.0
    v: Array | None = None
    carry: float = (
        1.0  # 1: v is a step (the book's); −η: a sum of gradients (PyTorch's); −1: a step to subtract
    )
    keep: float = 1.0  # of the gradient: 1 − μ where the velocity is an average
    nesterov: bool = False
    l1: float = 0.0
    l2: float = 0.0
    summed: float = 1.0  # how many times the mean a sum over the batch is

    @cached_property
    def parts(self) -> list[tuple[int, str, slice]]:
        """(layer, "w" or "b", where in the flat vector) of each array."""
        found, start = [], 0
        for l in range(1, self.net.L + 1):
            for letter, shape in (("w", self.net.w[l].shape), ("b", self.net.b[l].shape)):
                size = int(np.prod(shape))
                found.append((l, letter, slice(start, start + size)))
                start += size
        return found

    def penalty(self, theta: Array) -> Array:
        """R1's derivative at θ: on weights only."""
        flat = np.zeros_like(theta)
        if self.l1 or self.l2:
            passes.add_penalty_gradient(self.net.views(theta)[0], self.net.views(flat)[0], self.l1, self.l2)
        return flat

    def move(self, G: Array, scale: float = 1.0) -> Array:
        """Δθ for a gradient G with its penalty in it, ``scale`` times in place of once: −ηG, and what v carries."""
        pull = -self.eta * self.keep * scale * G
        if self.v is None:
            return pull
        fresh = self.carried() + pull
        return self.mu * fresh + pull if self.nesterov else fresh

    def carried(self) -> Array:
        """What the velocity from before brings: μ v, as a step."""
        return self.mu * self.carry * self.v if self.v is not None else np.zeros_like(self.before)

    @cached_property
    def G(self) -> Array:
        """The gradient of the objective at θ before."""
        return self.gradient + self.penalty(self.before)

    @cached_property
    def right(self) -> Array:
        """The right Δθ."""
        return self.move(self.G)

    def at(self, theta: Array, batch: Batch | None = None) -> Array:
        """The gradient of C at another θ, or of another batch, penalties not in it."""
        some = batch or self.batch
        return passes.value_and_gradient(self.net, theta, some.X, some.Y, some.share, some.masks)[1]

    def mass(self) -> Array:
        """What rounding in the gradient is relative to: the sum of |terms| over the batch, for each entry."""
        w, b = self.net.views(self.before)
        some = self.batch
        z, a = forward(NUMPY, self.net.layers, w, b, some.X, some.masks)
        delta = backward(NUMPY, self.net.layers, self.net.cost, w, z, a, some.Y, some.masks)
        mass = of_deltas(self.net, w, z, a, delta, some.Y)
        flat = np.zeros_like(self.before)
        of_w, of_b = self.net.views(flat)
        for l in range(1, self.net.L + 1):
            of_w[l][...] = equations.B4(some.share, np.abs(a[l - 1]), mass[l])
            of_b[l][...] = equations.B3(some.share, mass[l])
        return np.abs(flat) + np.abs(self.penalty(self.before))


def in_place(step: Step, scale: float = 1.0) -> Array:
    """Each layer, from the last on, is updated before δ of the layer below is made with its new weights."""
    net, some = step.net, step.batch
    theta = step.before.copy()
    w, b = net.views(theta)
    z, a = forward(NUMPY, net.layers, w, b, some.X, some.masks)
    delta = backward(NUMPY, net.layers, net.cost, w, z, a, some.Y, some.masks)[net.L]
    moved = np.zeros_like(theta)
    for l in range(net.L, 0, -1):
        flat = np.zeros_like(theta)
        of_w, of_b = net.views(flat)
        of_w[l][...] = equations.B4(some.share, a[l - 1], delta)
        of_b[l][...] = equations.B3(some.share, delta)
        now = step.move(flat + step.penalty(step.before), scale)
        for layer, _, where in step.parts:
            if layer == l:
                moved[where] = now[where]
                theta[where] += now[where]
        if l > 1:
            mask = None if some.masks is None else some.masks[l - 1]
            delta = through(NUMPY, net.layers[l - 1], z[l - 1], a[l - 1], equations.N11(w[l], delta), mask)
    return moved


def layers_in_turn(step: Step, order: range) -> Array:
    """After each layer's update the whole gradient is made anew."""
    theta = step.before.copy()
    for l in order:
        now = step.move(step.at(theta) + step.penalty(theta))
        for layer, _, where in step.parts:
            if layer == l:
                theta[where] += now[where]
    return theta - step.before


def example_by_example(step: Step, scale: float) -> Array:
    """A step after each example, in their order."""
    theta = step.before.copy()
    for i in range(len(step.batch.X)):
        theta += step.move(step.at(theta, step.batch.only(i)) + step.penalty(theta), scale)
    return theta - step.before


def again(step: Step) -> Array:
    """Two steps, one after the other, the second with a gradient and a velocity of its own."""
    first = step.move(step.G)
    theta = step.before + first
    v = None if step.v is None else (step.carried() - step.eta * step.keep * step.G) / step.carry
    second = replace(step, v=v).move(step.at(theta) + step.penalty(theta))
    return first + second
