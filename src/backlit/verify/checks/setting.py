"""What is checked, posed: the network and its examples in float64, and the gradient that is judged, flat.

θ, x and y are taken as the network's own dtype holds them, and from there on in float64: a float32 network is judged as
the float32 numbers it has. Everything that was given is checked here, before anything is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ... import passes, use
from ...errors import UsageError
from ...explain.problem import in_precision
from ...inputs import batch
from ...network import Network
from ..gradients.layouts import Reading, readings
from ..gradients.setting import Setting

Array = Any


@dataclass(frozen=True, eq=False)
class Posed:
    """``setting`` has the examples of weight above 0, called ``numbers``: ``rows`` of the ``n`` that were given.

    ``theirs`` is the gradient, flat; ``dtype`` the coarser of the network's and the gradient's; ``conventions`` are ids
    of the layout that it came in.
    """

    net: Network
    setting: Setting
    numbers: tuple[int, ...]
    rows: Array
    n: int
    theirs: Array
    dtype: np.dtype[Any]
    included: Mapping[str, Any]
    foreign: bool
    conventions: tuple[str, ...] = ()

    @property
    def unit(self) -> float:
        """u: what one operation rounds by at most, relative to its result."""
        return float(np.finfo(self.dtype).eps) / 2

    @property
    def built_in(self) -> bool:
        """Whether every function is a row of the tables, whose kinks are known."""
        return self.net.cost.built_in and all(sigma.built_in for sigma in self.net.activations)

    @property
    def analytic(self) -> bool:
        """Whether every function takes complex numbers."""
        return self.net.cost.analytic and all(sigma.analytic for sigma in self.net.activations)


def pose(
    net: Network,
    x: Any,
    y: Any,
    *,
    gradient: Any,
    numbers: Any,
    l1: float,
    l2: float,
    sample_weight: Any,
    dropout_masks: Any,
    engine: str,
) -> Posed:
    """All of it, checked. Raises UsageError, DataError, or ModelError for a weight that is not finite."""
    passes.check_penalties(l1, l2)
    twin = in_precision(net, np.float64)
    task = net.task
    try:
        X, Y = use.examples(net, x, y)
        n = len(Y)
        masks = passes.check_masks(net, dropout_masks, n)
        own = partial(_own, net, x, y, l1, l2, sample_weight, dropout_masks, engine)
        theirs, dtype, conventions = (
            (own(), net.dtype, ()) if gradient is None else _given(net, gradient, n, own)
        )
    finally:
        net.task = task
    share = passes.shares(n, np.dtype(np.float64), sample_weight)
    rows = np.flatnonzero(share)
    dense = batch(X, rows, net.dtype)
    dense = dense if isinstance(dense, np.ndarray) else dense.toarray()
    setting = Setting(
        net=twin,
        X=dense.astype(np.float64),
        Y=np.asarray(Y)[rows].astype(net.dtype).astype(np.float64),
        share=share[rows],
        masks=None if masks is None else [_rows_of(mask, rows) for mask in masks],
        l1=float(l1),
        l2=float(l2),
        single=dtype == np.dtype(np.float32),
    )
    said = passes.included(l1, l2, sample_weight, dropout_masks)
    called = tuple(_called(n, numbers)[rows].tolist())
    return Posed(net, setting, called, rows, n, theirs, dtype, said, gradient is not None, conventions)


def _rows_of(mask: Array | None, rows: Array) -> Array | None:
    return None if mask is None else mask[rows].astype(np.float64)


def _own(net: Network, x: Any, y: Any, l1: float, l2: float, weights: Any, masks: Any, engine: str) -> Array:
    found = use.gradient(net, x, y, l1=l1, l2=l2, sample_weight=weights, dropout_masks=masks, engine=engine)
    return found.theta.astype(np.float64)


def _given(
    net: Network, gradient: Any, m: int, own: Callable[[], Array]
) -> tuple[Array, np.dtype[Any], tuple[str, ...]]:
    """Someone's gradient, flat, in ∇C's order; where its shapes allow several readings, the nearest to ours."""
    if callable(gradient):
        raise UsageError(
            "gradient is arrays, not a function: call it and give what it returns, or take "
            "backlit.verify.check_function(f, g, theta)"
        )
    found = [
        (_flat(reading), tuple(dict.fromkeys(reading.conventions)))
        for reading in readings(net, gradient, m)
        if not reading.mistakes and all(one.ndim == 1 for one in reading.b[1:])
    ]
    if not found:
        raise UsageError(
            "the gradient's arrays are not those of θ one by one (a bias not summed over the batch, or layers in "
            "another order); backlit.verify.diagnose names what it is"
        )
    ours = own() if len(found) > 1 else found[0][0]
    flat, conventions = min(found, key=lambda one: float(np.nansum(np.abs(one[0] - ours))))
    return flat, coarsest(gradient, net.dtype), conventions


def _flat(reading: Reading) -> Array:
    parts = [part for pair in zip(reading.w[1:], reading.b[1:], strict=True) for part in pair]
    return np.concatenate([part.reshape(-1) for part in parts])


def coarsest(given: Any, otherwise: Any) -> np.dtype[Any]:
    """The floating type of fewest digits among arrays however nested; ``otherwise`` counts as one of them."""
    sizes = [np.dtype(otherwise), *_floats(given)]
    return min(sizes, key=lambda one: one.itemsize)


def _floats(given: Any) -> Iterator[np.dtype[Any]]:
    if hasattr(given, "theta"):
        given = given.theta
    if hasattr(given, "detach"):
        given = given.detach().cpu().numpy()
    if isinstance(given, Mapping):
        given = list(given.values())
    if isinstance(given, (list, tuple)):
        for part in given:
            yield from _floats(part)
    elif hasattr(given, "dtype") and np.dtype(given.dtype).kind == "f":
        yield np.dtype(given.dtype)


def _called(n: int, numbers: Any) -> Array:
    """What the examples are called, (n,)."""
    called = np.arange(n) if numbers is None else np.asarray(numbers)
    if called.shape != (n,) or called.dtype.kind not in "iu":
        raise UsageError(f"numbers are {n:,} whole numbers, what each example is called; got {numbers!r}")
    return called
