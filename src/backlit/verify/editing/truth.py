"""What the small network's derivatives should be, and whether what a function returned is that.

The user's cost is not known from the source: a gradient is right if it is that of some cost of the table, up to one
positive factor (conventions), with no penalty or one alike in all layers. It computes with equations.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import equations
from ...functions import ACTIVATIONS, COSTS, Activation, Cost
from ...namespaces import NUMPY
from .world import Arrays, World

Gradient = tuple[Arrays, Arrays]  # of w and b by layer, entry 0 None, in the layout of the world
_CLOSE = 1e-8


def close(left: Any, right: Any) -> bool:
    """Whether two arrays of the same shape hold the same numbers, and some that are not 0."""
    return bool(np.abs(left - right).max() <= _CLOSE * (1e-3 + np.abs(right).max()))


@dataclass(frozen=True)
class Forward:
    """z[l] and a[l] of a world's batch and the activations that gave them."""

    sigma: tuple[Any, ...]  # entry 0 None
    z: Arrays
    a: Arrays
    bare: Arrays  # a before dropout's mask

    def slope(self, l: int) -> Any:
        """σ′(z^l), or a(1 − a) where σ is softmax."""
        sigma: Activation = self.sigma[l]
        return sigma.derivative(NUMPY, self.z[l]) if sigma.elementwise else self.a[l] * (1 - self.a[l])


def forward_of(world: World, sigma: tuple[Any, ...]) -> Forward:
    """The forward pass of a world, given its activations."""
    masks = world.masks if world.masked else None
    z, a = equations.forward(NUMPY, sigma, world.w, world.b, world.x, masks)
    bare = [world.x, *(sigma[l].f(NUMPY, z[l]) for l in range(1, world.L + 1))]
    return Forward(sigma, z, a, bare)


def recognised(world: World, seen: Any, whole: Any) -> tuple[Any, ...] | None:
    """The activations of the function's forward pass: those whose a is among the numbers ``seen`` (a test).

    relu's numbers are z's and 0, so ``whole`` is asked whether they were ever there together.
    """
    found = _layer_on(world, world.x, 1, seen, whole)
    return None if found is None else (None, *found)


def _layer_on(world: World, a: Any, l: int, seen: Any, whole: Any) -> tuple[Any, ...] | None:
    """The activations of layers ``l`` and later, tried one after the other until the next z is there too."""
    if l > world.L:
        return ()
    z = a @ world.w[l].T + world.b[l]
    if not seen(z):
        return None
    for row in _occurring(z, seen, whole):
        next_a = row.f(NUMPY, z)
        if world.masks[l] is not None:
            next_a = next_a * world.masks[l]
        rest = _layer_on(world, next_a, l + 1, seen, whole)
        if rest is not None:
            return (row, *rest)
    return None


_LAST = (
    "exp",
    "relu",
    "identity",
)  # e^z is on the way to others, relu's numbers are z's, and z is always there


def _occurring(z: Any, seen: Any, whole: Any) -> Iterator[Activation]:
    for name in (*(name for name in ACTIVATIONS if name not in _LAST), *_LAST):
        row = ACTIVATIONS[name]()
        with np.errstate(all="ignore"):
            a = row.f(NUMPY, z)
        if name == "identity" or (
            np.isfinite(a).all()
            and not np.array_equal(a, z)
            and seen(a)
            and (name != "relu" or whole(a, z) is not False)
        ):
            yield row


def costs(forward: Forward, world: World, only: Cost | None = None) -> list[Gradient]:
    """The right gradient of each cost that can be computed here, in the world's layout."""
    share = np.full(world.m, 1 / world.m)
    masks = world.masks if world.masked else None
    found = []
    rows = [only] if only is not None else [row() for row in COSTS.values()]
    for cost in rows:
        with np.errstate(all="ignore"):
            delta = equations.backward(
                NUMPY, forward.sigma, cost, world.w, forward.z, forward.a, world.y, masks
            )
            of_w, of_b = equations.mean_gradient(share, forward.a, delta)
        if all(np.isfinite(part).all() for part in (*of_w[1:], *of_b[1:])):
            found.append(([None, *map(world.layout.of_w, of_w[1:])], of_b))
    return found


@dataclass(frozen=True)
class Fit:
    """What was returned as ``scale`` · ∇C of a cost (``which``, its place in the list) + ``penalty`` · w."""

    which: int
    scale: float
    penalty: float


def fit(got: Gradient, truths: list[Gradient], world: World) -> list[Fit]:
    """Every cost of which ``got`` is the gradient, with its factor and penalty; none where it is no gradient."""
    w = [None, *map(world.layout.of_w, world.w[1:])]
    found = []
    for which, truth in enumerate(truths):
        factors = [_factors(got[0][l], truth[0][l], w[l]) for l in range(1, world.L + 1)]
        biases = [_factor(got[1][l], truth[1][l]) for l in range(1, world.L + 1)]
        if None in factors or None in biases:
            continue
        scales = np.array([one[0] for one in factors if one] + biases, dtype=float)
        penalties = np.array([one[1] for one in factors if one])
        alike = np.ptp(scales) < 1e-7 * abs(scales[0]) and np.ptp(penalties) < 1e-7
        if alike and scales[0] > 0:
            found.append(
                Fit(which, float(scales[0]), float(penalties[0]) if abs(penalties[0]) > 1e-9 else 0.0)
            )
    return found


def _factors(got: Any, truth: Any, w: Any) -> tuple[float, float] | None:
    """s and κ with got = s · truth + κ · w."""
    if np.shape(got) != truth.shape:
        return None
    basis = np.stack([truth.ravel(), w.ravel()], axis=1)
    solved = np.linalg.lstsq(basis, np.ravel(got), rcond=None)[0]
    return (float(solved[0]), float(solved[1])) if close(basis @ solved, np.ravel(got)) else None


def _factor(got: Any, truth: Any) -> float | None:
    flat = np.ravel(got)
    if flat.shape != truth.shape or not (square := float(truth @ truth)):
        return None
    factor = float(flat @ truth) / square
    return factor if close(factor * truth, flat) else None


# -------------------------------------------------------------------------------------------- what was returned


def gradient_in(result: Any, world: World) -> Gradient | None:
    """The parts of what a function returned, by layer; None where they can't be told apart."""
    leaves = list(_leaves(result, "", _shapes_of(world)))
    if len(leaves) == 2 * world.L + 1 and np.size(leaves[0][1]) == 1:
        leaves = leaves[1:]  # a function that returns the cost as well
    if len(leaves) == 2 * world.L + 1 and np.size(leaves[-1][1]) == 1:
        leaves = leaves[:-1]
    if len(leaves) == 1 and np.ndim(leaves[0][1]) == 1:
        return _unrolled(leaves[0][1], world)
    kinds = ["w" if _is_w(value, world) else "b" for _, value in leaves]
    if len(leaves) != 2 * world.L or kinds.count("w") != world.L:
        return None
    numbers = [re.findall(r"\d+", key) for key, _ in leaves]
    if all(len(found) == 1 for found in numbers):  # keys such as dW1
        leaves = [
            leaf for _, leaf in sorted(zip(numbers, leaves, strict=True), key=lambda pair: int(pair[0][0]))
        ]
        kinds = ["w" if _is_w(value, world) else "b" for _, value in leaves]
    by_kind = {
        kind: [value for k, (_, value) in zip(kinds, leaves, strict=True) if k == kind] for kind in "wb"
    }
    return [None, *by_kind["w"]], [None, *by_kind["b"]]


def _shapes_of(world: World) -> set[tuple[int, ...]]:
    pairs = list(zip(world.sizes[1:], world.sizes, strict=False))
    return {*pairs, *(pair[::-1] for pair in pairs)}


def _leaves(result: Any, key: str, shapes: set[tuple[int, ...]]) -> Iterator[tuple[str, Any]]:
    """The arrays in nested lists and dicts; lists of numbers, and lists of those in a w's shape, are arrays."""
    if isinstance(result, dict):
        for name, value in result.items():
            yield from _leaves(value, str(name), shapes)
    elif isinstance(result, (list, tuple)):
        if result and _numeric(result, shapes):
            yield key, np.array(result, dtype=float)
        else:
            for value in result:
                yield from _leaves(value, key, shapes)
    elif isinstance(result, (float, np.ndarray, np.floating)):
        yield key, np.asarray(result, dtype=float)


def _numeric(nested: Any, shapes: set[tuple[int, ...]]) -> bool:
    """Whether lists are a vector, or a matrix of a w's shape."""
    if all(isinstance(one, (int, float)) for one in nested):
        return True
    if not all(isinstance(one, list) and len(one) == len(nested[0]) for one in nested):
        return False
    flat = all(isinstance(entry, (int, float)) for one in nested for entry in one)
    return flat and (len(nested), len(nested[0])) in shapes


def _is_w(value: Any, world: World) -> bool:
    shape: tuple[int, ...] = np.shape(value)
    if len(shape) != 2 or 1 in shape:
        return False
    if len(set(world.sizes)) == 1:
        return shape == (world.sizes[0],) * 2
    return shape in _shapes_of(world) or world.m not in shape


def _unrolled(flat: Any, world: World) -> Gradient | None:
    """A flat vector in ∇C's order."""
    shapes = list(zip(world.sizes[1:], world.sizes, strict=False))
    if flat.size != sum(n * k + n for n, k in shapes):
        return None
    of_w: Arrays = [None]
    of_b: Arrays = [None]
    at = 0
    for n, k in shapes:
        shape = (k, n) if world.layout.transposed else (n, k)
        of_w.append(flat[at : at + n * k].reshape(shape))
        of_b.append(flat[at + n * k : at + n * k + n])
        at += n * k + n
    return of_w, of_b
