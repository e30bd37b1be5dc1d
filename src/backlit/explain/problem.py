"""What is explained: a network in the precision of the explanation, examples, and what takes part besides C.

Everything is checked here, before anything is derived: weights that are finite, data that fits, the example that is
asked for. ``quiet`` numbers are left to those who read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import passes, use
from ..errors import CountingError, DataError, ModelError, UsageError
from ..inputs import batch, encode_inputs
from ..network import Network
from ..notation import Notation
from .labels import Labels

Array = Any


@dataclass(frozen=True, eq=False)
class Problem:
    """X (m, n_0), Y (m, n_L) or None where nothing asks for C, ``share`` (m,) = s_x/Σs, masks by layer or None.

    ``net`` is a copy in the explanation's dtype; ``dtype`` is that of the network that was given. ``numbers`` (m,) are
    what the examples are called, None where a single one has no number.
    """

    net: Network
    X: Array
    Y: Array | None
    share: Array
    weighted: bool
    masks: list[Array] | None
    l1: float
    l2: float
    numbers: tuple[int, ...] | None
    labels: Labels
    notation: Notation
    dtype: np.dtype[Any]
    included: Mapping[str, Any]

    @property
    def m(self) -> int:
        """How many examples there are."""
        return int(self.X.shape[0])


def pose(
    net: Network,
    x: Any,
    y: Any,
    *,
    notation: Notation,
    example: int | None,
    sample_weight: Any,
    l1: float,
    l2: float,
    dropout_masks: Any,
    dtype: Any,
) -> Problem:
    """The problem, checked. Raises UsageError, DataError, or ModelError for a weight that isn't finite."""
    passes.check_penalties(l1, l2)
    twin = in_precision(net, dtype)
    X, Y = _given(net, twin, x, y)
    n = int(X.shape[0])
    masks = passes.check_masks(twin, dropout_masks, n)
    weights = None if sample_weight is None else passes.check_weights(n, sample_weight)
    rows = _rows(n, example)
    X = batch(X, rows, twin.dtype)
    X = X if isinstance(X, np.ndarray) else X.toarray()
    picked = None if weights is None or len(rows) == 1 else weights[rows]
    return Problem(
        net=twin,
        X=X,
        Y=None if Y is None else Y[rows].astype(twin.dtype),
        share=passes.shares(len(rows), twin.dtype, picked),
        weighted=picked is not None,
        masks=None if masks is None else [None if mask is None else mask[rows] for mask in masks],
        l1=float(l1),
        l2=float(l2),
        numbers=tuple(rows.tolist()) if example is not None or n > 1 else None,
        labels=Labels.of(net, notation),
        notation=notation,
        dtype=net.dtype,
        included=passes.included(l1, l2, picked, dropout_masks),
    )


def _given(net: Network, twin: Network, x: Any, y: Any) -> tuple[Array, Array | None]:
    """a^0 and the targets, or None for those; what is learnt of the task from these few is the copy's alone."""
    task = net.task
    X, Y = (encode_inputs(net, x), None) if y is None else use.examples(net, x, y)
    if net.task != task:
        twin.task, net.task = (net.task if net.sizes[-1] > 1 else None), task
    if not X.shape[0]:
        raise DataError("there are no examples: x is empty")
    return X, Y


def in_precision(net: Network, dtype: Any) -> Network:
    """A copy of the network that computes in ``dtype``; raises ModelError naming a weight that is not finite."""
    broken = ~np.isfinite(net.theta)
    if broken.any():
        place = int(np.argmax(broken))
        count = int(broken.sum())
        more = f" (and {count - 1:,} more)" if count > 1 else ""
        raise ModelError(
            f"{net.name_of(place)} is {net.theta[place]}{more}: nothing that passes through it has a derivative; take "
            "the weights from before they left the finite numbers, and train with a smaller step"
        )
    twin = Network(net.sizes, activations=list(net.activations), cost=net.cost, dtype=dtype, theta=net.theta)
    twin.recipe, twin.classes, twin.task = net.recipe, net.classes, net.task
    return twin


def _rows(n: int, example: int | None) -> Array:
    """The rows that are explained: all, or the one of this number."""
    if example is None:
        return np.arange(n)
    if isinstance(example, bool) or not isinstance(example, (int, np.integer)):
        raise UsageError(f"example is the number of one example, counted from 0; got {example!r}")
    if not 0 <= example < n:
        raise CountingError(f"there is no example {example}: the data has {n:,}, 0 to {n - 1:,}")
    return np.array([int(example)])
