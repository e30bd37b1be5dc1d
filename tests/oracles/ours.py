"""What the equations say of a case, put the way the oracles answer: by w^1, b^1, …, w^L, b^L and x."""

from __future__ import annotations

from typing import Any

import numpy as np

from backlit import equations as eq
from backlit.equations import backward, forward, mean_gradient
from backlit.namespaces import Namespace

from .cases import Case

Array = Any


def parts_of(case: Case) -> list[Array]:
    """w^1, b^1, …, w^L, b^L and x."""
    return [*eq.N8(case.w, case.b), case.x]


def layers_of(parts: list[Array]) -> tuple[list[Array], list[Array], Array]:
    """w[l], b[l] and x, from parts."""
    return [None, *parts[:-1:2]], [None, *parts[1:-1:2]], parts[-1]


def costs(case: Case, xp: Namespace, parts: list[Array], masks: Any = None) -> Array:
    """C_x of each row."""
    w, b, x = layers_of(parts)
    z, a = forward(xp, case.activations, w, b, x, masks)
    return eq.N5(xp, case.activations[-1], case.cost, z[-1], a[-1], case.y)


def penalty(xp: Namespace, parts: list[Array], l1: float, l2: float) -> Array:
    """What the weights add to C."""
    return sum(eq.R1(xp, "value", w, l1, l2) for w in parts[:-1:2])


def objective(case: Case, xp: Namespace, parts: list[Array], share: Array, l1: float, l2: float) -> Array:
    """The weighted mean of C_x, with penalties."""
    return eq.B5(share, costs(case, xp, parts)) + penalty(xp, parts, l1, l2)


def gradient(
    case: Case, xp: Namespace, parts: list[Array], share: Array, l1: float, l2: float, masks: Any = None
) -> list[Array]:
    """The objective's derivatives; those by x are each example's part of the mean."""
    w, b, x = layers_of(parts)
    z, a = forward(xp, case.activations, w, b, x, masks)
    delta = backward(xp, case.activations, case.cost, w, z, a, case.y, masks)
    of_w, of_b = mean_gradient(share, a, delta)
    for l in range(1, len(w)):
        of_w[l] = of_w[l] + eq.R1(xp, "gradient", w[l], l1, l2)
    of_x = eq.N11(w[1], delta[1]) if masks is None or masks[0] is None else eq.N11(w[1], delta[1]) * masks[0]
    return [*eq.N8(of_w, of_b), share[:, None] * of_x]


def together(parts: list[Array]) -> Array:
    """One flat vector."""
    return np.concatenate([np.ravel(part) for part in parts])


def split(flat: Array, like: list[Array]) -> list[Array]:
    """The inverse of ``together``."""
    places = np.cumsum([part.size for part in like])[:-1]
    return [piece.reshape(part.shape) for piece, part in zip(np.split(flat, places), like, strict=True)]


def assert_close(got: list[Array], wanted: list[Array], tolerance: float) -> None:
    """Each array to ``tolerance`` of its largest entry."""
    for place, (ours, theirs) in enumerate(zip(got, wanted, strict=True)):
        assert ours.shape == theirs.shape, f"array {place}: {ours.shape} beside {theirs.shape}"
        off = np.abs(ours - theirs).max()
        assert off <= tolerance * np.abs(theirs).max(), f"array {place} is off by {off}"
