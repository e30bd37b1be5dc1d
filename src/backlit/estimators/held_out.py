"""The part of the examples that early stopping holds out, chosen so that a weight of 2 is the same as an example twice.

Equal examples stay together, on one side; so none that is trained on is scored on, and the choice depends neither on
the order of the examples nor on how often each one is written down.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from ..errors import DataError
from ..inputs import is_sparse

Array = Any
_LEAST = 2  # different examples on which a score means something


def split(
    X: Array, y: Array, weights: Array | None, fraction: float, random: np.random.RandomState, by_class: bool
) -> tuple[Array, Array]:
    """Numbers of the examples to train on and of those to hold out, of each class the same part of the weight.

    Raises DataError where there are too few different examples.
    """
    s = np.ones(len(y)) if weights is None else weights
    live = np.flatnonzero(s > 0)  # an example of weight 0 is as if it were not there
    _, first, group = np.unique(_keys(X[live], y[live]), return_index=True, return_inverse=True)
    if not fraction or len(first) <= _LEAST:
        raise DataError(
            f"early stopping holds out a fraction {fraction} of the examples, {_LEAST} different ones at "
            f"least, and trains on others; got {len(first)} different ones in n_samples={len(y)}; give more, a larger "
            "part, or set early_stopping to False"
        )
    mass = np.bincount(group, s[live])
    order = random.permutation(len(mass))
    classes = np.unique(y[live], return_inverse=True)[1][first] if by_class else np.zeros_like(first)
    held = np.zeros(len(mass), dtype=bool)
    for one in np.unique(classes[order]):
        of_class = order[classes[order] == one]
        middle = np.cumsum(mass[of_class]) - mass[of_class] / 2
        held[of_class] = middle < fraction * mass[of_class].sum()
    lacking = max(0, _LEAST - np.count_nonzero(held))
    held[order[~held[order]][:lacking]] = True
    if held.all():
        held[order[-1]] = False
    return live[~held[group]], live[held[group]]


def _keys(X: Array, y: Array) -> Array:
    """A number for each example, the same for equal ones, and hardly ever for others; sparse or dense is the same."""
    labels = np.unique(y, return_inverse=True)[1].reshape(len(y), -1).astype(np.uint64)
    multipliers = np.random.default_rng(0).integers(2**63, size=X.shape[1] + labels.shape[1], dtype=np.uint64)
    multipliers = 2 * multipliers + 1
    bits = np.uint64 if X.dtype == np.float64 else np.uint32
    if is_sparse(X):
        parts = (X.data.view(bits).astype(np.uint64), X.indices, X.indptr)
        keys = csr_array(parts, shape=X.shape) @ multipliers[: X.shape[1]]
    else:
        keys = np.ascontiguousarray(X).view(bits).astype(np.uint64, copy=False) @ multipliers[: X.shape[1]]
    return keys + labels @ multipliers[X.shape[1] :]
