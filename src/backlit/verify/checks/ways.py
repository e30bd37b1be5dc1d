"""The ways to a derivative that use the forward pass alone: central differences, complex step, many digits.

Each gives, for a layer's neurons, ∂C_x/∂z^l_j of each example by moving z^l_j; entries are made of that in ``Layer``.
Where a kink is within reach there is no number, and what stands at the kink is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ... import equations
from ...engines.numpy import quiet
from ...explain.differences import Sweep, in_digits, step_in_digits, sweep
from ...namespaces import COMPLEX, NUMPY, Namespace
from ..gradients.setting import Setting
from .moves import Lifted, Moved, Place
from .rounding import TIMES, Rounding

Array = Any
WAYS = ("differences", "complex", "digits")
STEPS, ENOUGH = 20, 14  # of differences: all there are, and those that are enough where every kink is known
LEAST_STEPS = 5  # without which nothing is extrapolated
_STRIDE = 3  # steps between one attempt and the next
STEP = 1e-20  # of the complex step: its square is lost beside 1, and nothing is subtracted
_ROWS = 2**21  # numbers in the widest array of a chunk
_STRAIGHT = 0.8  # a smooth function's two one-sided slopes come nearer by ½ when the step is halved


@dataclass(frozen=True, eq=False)
class Layer:
    """Of J neurons and m examples: ``slope`` and what it may be wrong by, (J, m); ``place`` ≥ 0 where there is a kink.

    ``place`` counts in ``places``, ``neuron`` is the neuron there; −2 where C is not finite, −1 where all is well.
    """

    slope: Array
    error: Array
    place: Array
    neuron: Array
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Way:
    """``slopes(moved)`` of a chunk: (slope, error, place, neuron, places), the first four (J·m,)."""

    name: str
    xp: Namespace
    slopes: Callable[[Moved], tuple[Array, Array, Array, Array, list[Place]]]


def differences(setting: Setting, rounding: Rounding, *, hidden: bool) -> Way:
    """Central differences; ``hidden`` says that functions may have kinks that no table tells."""
    noise = TIMES * rounding.of_cost()

    def slopes(moved: Moved) -> tuple[Array, Array, Array, Array, list[Place]]:
        scatter = np.tile(noise, moved.J)
        found = sweep(moved, most=STEPS, enough=STEPS if hidden else ENOUGH)
        run = np.minimum(found.run, runs_by_bends(found, scatter)) if hidden else found.run
        value, error = careful(found, scatter, run)
        place, neuron = np.full(len(value), -1), np.zeros(len(value), dtype=int)
        places: list[Place] = []
        lost = ~np.isfinite(error)
        if lost.any():
            place, neuron, places = moved.crossed(found.last)
            place[~lost] = -1
            unknown = lost & (place < 0)
            place[unknown] = np.where(found.tested[unknown], len(places), -2)
            places.append(Place(moved.l, ""))
            neuron[unknown] = moved.column[unknown]
        return value, TIMES * error, place, neuron, places

    return Way("differences", NUMPY, slopes)


def careful(found: Sweep, noise: Array, run: Array) -> tuple[Array, Array]:
    """The derivative from the last ``run`` steps (m,), and what it may be wrong by: ∞ where they are too few.

    The smallest steps come first; larger ones, which round less, are taken as long as they say the same. A jump in a
    second derivative, as huber's and elu's, is no kink, and yet spoils what is extrapolated across it.
    """
    count = len(found.slopes)
    value, error = np.zeros(len(run)), np.full(len(run), np.inf)
    last, going = value, run >= LEAST_STEPS
    for start in range(count - LEAST_STEPS, -1, -_STRIDE):
        going = going & (run >= count - start)
        more, wrong = replace(found, run=np.where(going, count - start, 0)).extrapolated(noise)
        first = ~np.isfinite(error)
        going &= first | (np.abs(more - value) <= TIMES * (error + wrong))
        wrong = np.where(first, wrong, np.maximum(wrong, np.abs(more - last)))  # luck doesn't come twice
        better, last = going & (wrong < error), more
        value, error = np.where(better, more, value), np.where(better, wrong, error)
    return value, error


def runs_by_bends(found: Sweep, noise: Array) -> Array:
    """How many last steps in a row look smooth, (m,): the slopes from above and below come together as the step halves.

    The first two of them are left out: a kink just inside a step also makes the two come together.
    """
    bends = np.abs(found.bends)
    steps = found.first * 0.5 ** np.arange(len(bends))[:, None]
    lost = 4 * noise / steps
    smooth = bends[1:] <= np.maximum(_STRAIGHT * bends[:-1], lost[1:])
    run = np.zeros(bends.shape[1], dtype=int)
    for row in smooth:
        run = np.where(row, run + 1, 0)
    whole = run == len(smooth)
    return np.where(whole, run + 1, np.maximum(run - 2, 0))


def complex_step() -> Way:
    """One step of i·h: exact but for rounding, and it crosses no kink."""

    def slopes(moved: Moved) -> tuple[Array, Array, Array, Array, list[Place]]:
        value, place, neuron, places = moved.by_complex_step(STEP)
        place = np.where((place < 0) & ~np.isfinite(value), -2, place)
        return value, np.zeros(len(value)), place, neuron, places

    return Way("complex", COMPLEX, slopes)


def many_digits(digits: int) -> Way:
    """Differences in so many digits; the numbers have half as many more. Kinks are known from the other ways."""
    from ...namespaces import mpmath_namespace

    xp = mpmath_namespace(min(100, digits + digits // 2))

    def slopes(moved: Moved) -> tuple[Array, Array, Array, Array, list[Place]]:
        value = in_digits(moved, digits)  # type: ignore[arg-type]
        none = np.zeros(len(value), dtype=int)
        across = moved.crossed(step_in_digits(xp, digits))[0] >= 0 if moved.has_kinks else none > 0
        lost = np.abs(moved.values(0)).astype(np.float64) * 10.0 ** (4 - digits)  # rounded away over the step
        return value, lost, np.where(across, -2, -1), none, []

    return Way("digits", xp, slopes)


@quiet
def layer(
    way: Way, lifted: Lifted, l: int, neurons: Array, rounding: Rounding, tick: Callable[[int], None]
) -> Layer:
    """The way's slopes of these neurons of layer l; ``tick`` is told of each row of work that is done."""
    m = len(lifted.setting.share)
    parts = []
    for some in chunks(lifted.setting, l, neurons):
        parts.append(way.slopes(Moved(lifted, l, some, rounding)))
        tick(len(some) * m)
    places = max((part[4] for part in parts), key=len)
    slope, error, place, neuron = (
        np.concatenate([part[i] for part in parts]).reshape(len(neurons), m) for i in range(4)
    )
    return Layer(slope, error, place, neuron, tuple(places))


def chunks(setting: Setting, l: int, neurons: Array) -> Iterator[Array]:
    """Neurons that are moved at once: as many as memory of a fixed size takes."""
    widest = max(setting.sizes[l:])
    several = max(1, _ROWS // (len(setting.share) * widest))
    return (neurons[start : start + several] for start in range(0, len(neurons), several))


@quiet
def penalty(xp: Namespace, setting: Setting, l: int, digits: int = 0) -> Array:
    """R1's part of ∂/∂w[l] by the same way, (n_l, n_{l−1}): each weight moves its own term alone.

    The step of the differences is a quarter of the weight itself, so that |w| is never moved across 0.
    """
    apart = replace(xp, sum=lambda u, axis=-1, keepdims=False: u)

    def terms(w: Array) -> Array:
        return equations.R1(apart, "value", w, setting.l1, setting.l2).reshape(w.shape)

    w = setting.w[l]
    if xp.name == "complex":
        return np.imag(terms(w + 1j * STEP)) / STEP
    if xp is not NUMPY:
        w = np.frompyfunc(xp.constant, 1, 1)(w)
        h = np.where(w == 0, xp.constant(1), abs(w)) * step_in_digits(xp, digits)
    else:
        h = np.where(w == 0, 1.0, np.abs(w)) / 4
    return (terms(w + h) - terms(w - h)) / (2 * h)
