"""Directions through θ, and the cost along them: the numbers behind the pictures of a line and a plane.

Random directions are normalised as Li et al. (Visualizing the Loss Landscape of Neural Nets, NeurIPS 2018) do: each
neuron's incoming weights get the length that they have in θ, and biases stay. The network is read and never changed:
each θ is a vector of its own, given to the engine beside the network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from .. import engines, passes
from ..engines.numpy import quiet
from ..errors import UsageError, unknown
from ..network import Network
from ..randomness import as_seed
from ..use import examples

Array = Any
Normalise = Literal["filter", "layer", "none"]
_NORMALISE = ("filter", "layer", "none")
_MOST = 10_000  # costs in one picture


def random_direction(net: Network, rng: np.random.Generator, normalise: Normalise = "filter") -> Array:
    """A flat direction, normally distributed, of length by "filter" (each w^l_j·), by "layer" (each w^l) or as drawn.

    Under the first two a direction is 0 in the biases, as in the paper.
    """
    if normalise not in _NORMALISE:
        raise unknown("normalisation", normalise, _NORMALISE)
    flat = rng.standard_normal(net.parameters)
    if normalise == "none":
        return flat
    w, b = net.views(flat)
    for l in range(1, net.L + 1):
        axis = 1 if normalise == "filter" else None
        have = np.linalg.norm(w[l], axis=axis, keepdims=True)
        want = np.linalg.norm(net.w[l].astype(np.float64), axis=axis, keepdims=True)
        w[l] *= want / have
        b[l][...] = 0.0
    return flat


def directions(net: Network, count: int, seed: Any, normalise: Normalise) -> list[Array]:
    """``count`` random directions of one seed."""
    rng = np.random.default_rng(as_seed(seed))
    return [random_direction(net, rng, normalise) for _ in range(count)]


def as_theta(net: Network, given: Any, what: str) -> Array:
    """A flat θ (P,) in float64 from a network of the same sizes or a flat vector; raises UsageError."""
    try:
        flat = np.asarray(getattr(given, "theta", given), dtype=np.float64)
    except (TypeError, ValueError):
        flat = np.empty(0)
    sizes = getattr(given, "sizes", net.sizes)
    if flat.shape != (net.parameters,) or tuple(sizes) != net.sizes:
        raise UsageError(
            f"{what} is a network of sizes {list(net.sizes)} or a flat θ of {net.parameters:,} numbers; got {given!r}"
        )
    if not np.isfinite(flat).all():
        raise UsageError(f"{what} holds a number that is not finite")
    return flat


def steps_between(span: Any, steps: Any, default: tuple[float, float], least: int = 3) -> Array:
    """``steps`` places from one end of ``span`` to the other; a number is a span to both sides of 0."""
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or not least <= steps <= _MOST:
        raise UsageError(
            f"steps is how many places there are on a side, from {least} to {_MOST:,}; got {steps!r}"
        )
    if span is None:
        span = default
    try:
        ends = np.asarray((-span, span) if np.ndim(span) == 0 else span, dtype=np.float64)
    except (TypeError, ValueError):
        ends = np.empty(0)
    if ends.shape != (2,) or not np.isfinite(ends).all() or not ends[0] < ends[1]:
        raise UsageError(f"span is one number above 0, or two with the lower first; got {span!r}")
    return np.linspace(ends[0], ends[1], int(steps))


@quiet
def cost_function(net: Network, x: Any, y: Any, engine: str = "auto") -> Callable[[Array], float]:
    """C (B5) of any flat θ on these examples, without penalties; NaN where it is no finite number."""
    task = net.task
    X, Y = examples(net, x, y)
    net.task = task  # a picture leaves the network as it was
    share = passes.shares(len(Y), net.dtype, None)
    chosen = engines.choose(engine, net, None, X)

    @quiet
    def cost(theta: Array) -> float:
        C = float(chosen.measure(net, theta.astype(net.dtype), X, Y, share)[0])
        return C if np.isfinite(C) else np.nan

    return cost


def check_count(places: int) -> None:
    """Raises UsageError for a picture that would take too many passes."""
    if places > _MOST:
        raise UsageError(
            f"a plane of {places:,} places takes as many passes over the data; at most {_MOST:,}: lower steps"
        )
