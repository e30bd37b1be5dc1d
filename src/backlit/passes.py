"""Whole passes of the equations over any number of examples: the value of C, its gradient, the trace in between.

The reference that engines are measured against. Rows are taken in chunks of a fixed size, so that memory stays small
and the sum has the same order every time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import equations
from .equations import backward, forward, mean_gradient
from .errors import DataError, UsageError
from .inputs import batch
from .namespaces import NUMPY, Namespace
from .network import LayerList, Network, Parameters
from .spelling import spelt

Array = Any
_NUMBERS_AT_ONCE = 2**19  # in the widest layer of a chunk: small enough for the cache, large enough for BLAS


class Value(float):
    """C as a number, and in ``included`` what took part in it besides."""

    included: Mapping[str, Any]

    def __new__(cls, number: float, included: Mapping[str, Any]) -> Value:
        self = super().__new__(cls, number)
        self.included = dict(included)
        return self

    def __getnewargs__(self) -> tuple[float, Mapping[str, Any]]:  # type: ignore[override]
        return float(self), self.included  # for copies and pickles


class Gradient(Parameters):
    """The mean ∇C (B5) of some examples: ``.theta`` flat (N8), ``.w[l]``, ``.b[l]``; ``.value`` is C of that pass."""

    value: Value


@dataclass(frozen=True)
class Trace:
    """One pass forward and back, a row an example, nothing averaged: ``z[l]``, ``a[l]``, ``delta[l]``, ``dC_da[l]``.

    ``a`` and ``dC_da`` start at layer 0 (dC_da[0] is ∂C_x/∂x), the others at 1. ``C`` is C_x of each example, (n,).
    With dropout masks, ``a`` is what the next layer saw: after the mask.
    """

    z: LayerList
    a: LayerList
    delta: LayerList
    dC_da: LayerList
    C: Array


def chunks(n: int, sizes: tuple[int, ...]) -> Iterator[slice]:
    """Slices of n rows, of a size that follows from the network's alone."""
    rows = max(16, _NUMBERS_AT_ONCE // max(sizes))
    return (slice(start, min(start + rows, n)) for start in range(0, n, rows))


def predict(net: Network, w: list[Array], b: list[Array], X: Array, xp: Namespace = NUMPY) -> Array:
    """a^L, (n, n_L)."""
    out = np.empty((X.shape[0], net.sizes[-1]), dtype=net.dtype)
    for rows in chunks(X.shape[0], net.sizes):
        out[rows] = forward(xp, net.layers, w, b, batch(X, rows, net.dtype))[1][-1]
    return out


def check_weights(n: int, sample_weight: Any) -> Array:
    """``sample_weight`` as (n,) in float64; raises DataError for weights that aren't one finite number ≥ 0 each."""
    try:
        weights = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"{spelt('sample_weight')} is a vector of {n} numbers; got {sample_weight!r}"
        ) from None
    if weights.shape != (n,):
        raise DataError(
            f"{spelt('sample_weight')} has one weight for each of the {n} examples; got shape {weights.shape}"
        )
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{spelt('sample_weight')} of row {row} is {weights[row]}; weights are finite and not below 0"
        )
    if not weights.any():
        raise DataError(
            "all sample weights are 0, and the mean of C over nothing is not defined; give some above 0"
        )
    return weights


def shares(n: int, dtype: Any, sample_weight: Array | None) -> Array:
    """s_x / Σ s_x of each example (B5), (n,); raises DataError as ``check_weights`` does."""
    if sample_weight is None:
        return np.full(n, 1 / n, dtype=dtype)
    weights = check_weights(n, sample_weight)
    total = weights.sum()
    if not np.isfinite(total):  # weights near the largest number: their sum overflows, their ratio doesn't
        weights = weights / weights.max()
        total = weights.sum()
    return (weights / total).astype(dtype)


def check_penalties(l1: Any, l2: Any) -> None:
    """Raises UsageError unless both are finite numbers ≥ 0."""
    for name, number in (("l1", l1), ("l2", l2)):
        real = isinstance(number, (int, float, np.number)) and not isinstance(number, bool)
        if not (real and np.isfinite(number) and number >= 0):
            raise UsageError(f"{spelt(name)} is a finite number, not below 0; got {number!r}")


def penalty(net: Network, w: list[Array], l1: float, l2: float, xp: Namespace = NUMPY) -> float:
    """R1's two sums over all weights."""
    return float(sum(equations.R1(xp, "value", one, l1, l2) for one in w[1:])) if l1 or l2 else 0.0


def add_penalty_gradient(
    w: list[Array], into: list[Array], l1: float, l2: float, xp: Namespace = NUMPY
) -> None:
    """Adds R1's derivative to ∂C/∂w[l], in place."""
    for l in range(1, len(w)):
        into[l] += equations.R1(xp, "gradient", w[l], l1, l2)


def value_and_gradient(
    net: Network,
    theta: Array,
    X: Array,
    Y: Array,
    share: Array,
    masks: list[Array] | None = None,
    xp: Namespace = NUMPY,
) -> tuple[float, Array]:
    """C and the flat mean ∇C over the rows of X (n, n_0) and Y (n, n_L), weighted by ``share`` (n,); no penalties."""
    w, b = net.views(theta)
    flat = np.zeros_like(theta)
    dC_dw, dC_db = net.views(flat)
    value = 0.0
    for rows, part, z, a, C in _forward(net, w, b, X, Y, share, masks, xp):
        value += C
        delta = backward(xp, net.layers, net.cost, w, z, a, Y[rows], part)
        of_w, of_b = mean_gradient(share[rows], a, delta)
        for l in range(1, len(w)):
            dC_dw[l] += of_w[l]
            dC_db[l] += of_b[l]
    return value, flat


def measure(
    net: Network,
    theta: Array,
    X: Array,
    Y: Array,
    share: Array,
    masks: list[Array] | None = None,
    xp: Namespace = NUMPY,
) -> tuple[float, Array]:
    """C (B5), without penalties, and a^L (n, n_L): forward only."""
    w, b = net.views(theta)
    outputs = np.empty((X.shape[0], net.sizes[-1]), dtype=net.dtype)
    value = 0.0
    for rows, _, _, a, C in _forward(net, w, b, X, Y, share, masks, xp):
        value += C
        outputs[rows] = a[-1]
    return value, outputs


def _forward(
    net: Network,
    w: list[Array],
    b: list[Array],
    X: Array,
    Y: Array,
    share: Array,
    masks: list[Array] | None,
    xp: Namespace,
) -> Iterator[tuple[slice, list[Array] | None, list[Array], list[Array], float]]:
    """Chunk by chunk: its rows, their masks, z and a, and what they add to C."""
    for rows in chunks(X.shape[0], net.sizes):
        part = None if masks is None else [None if mask is None else mask[rows] for mask in masks]
        z, a = forward(xp, net.layers, w, b, batch(X, rows, net.dtype), part)
        C = equations.N5(xp, net.activations[-1], net.cost, z[-1], a[-1], Y[rows])
        yield rows, part, z, a, float(equations.B5(share[rows], C))


def trace(net: Network, X: Array, Y: Array, masks: list[Array] | None = None, xp: Namespace = NUMPY) -> Trace:
    """Everything between x and the derivatives, a row an example; memory for all layers at once."""
    w, b = net.views(net.theta)
    z, a = forward(xp, net.layers, w, b, batch(X, slice(None), net.dtype), masks)
    delta = backward(xp, net.layers, net.cost, w, z, a, Y, masks)
    dC_da = [equations.N11(w[l + 1], delta[l + 1]) for l in range(net.L)]
    dC_da.append(equations.N6("dC/da", xp, net.cost, a[-1], Y))
    C = equations.N5(xp, net.activations[-1], net.cost, z[-1], a[-1], Y)
    return Trace(
        z=LayerList("z", z[1:]),
        a=LayerList("a", a, first=0),
        delta=LayerList("delta", delta[1:]),
        dC_da=LayerList("dC_da", dC_da, first=0),
        C=C,
    )


def check_masks(net: Network, masks: Any, n: int) -> list[Array] | None:
    """``dropout_masks`` as a list by layer, 0 … L, each (n, n_l) or None; raises UsageError.

    The output is never dropped, so its entry is None or left out.
    """
    if masks is None:
        return None
    listed = list(masks) if isinstance(masks, (list, tuple)) else []
    if len(listed) == net.L:
        listed.append(None)
    if len(listed) != net.L + 1 or listed[-1] is not None:
        raise UsageError(
            f"dropout_masks is a list with an array or None for each layer 0 to {net.L - 1} (the output is never "
            f"dropped); got {type(masks).__name__} of {len(listed)}"
        )
    for l, mask in enumerate(listed):
        if mask is not None and np.shape(mask) != (n, net.sizes[l]):
            raise UsageError(f"dropout_masks[{l}] has shape {(n, net.sizes[l])}; got {np.shape(mask)}")
    return [None if mask is None else np.asarray(mask, dtype=net.dtype) for mask in listed]


def included(l1: float, l2: float, sample_weight: Any, masks: Any) -> dict[str, Any]:
    """What took part besides C, for a result to say."""
    said: dict[str, Any] = {"l1": l1, "l2": l2}
    said = {key: number for key, number in said.items() if number}
    if sample_weight is not None:
        said["sample_weight"] = "given"
    if masks is not None:
        said["dropout_masks"] = "given"
    return said
