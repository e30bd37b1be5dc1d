"""What a run works on: the encoded examples, which of them are trained on and which held out, and their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import passes
from .errors import DataError, UsageError, unknown
from .metrics import class_names
from .network import Network
from .randomness import stream
from .targets import class_numbers
from .use import examples

Array = Any


@dataclass(frozen=True)
class Sets:
    """``X`` (n, n_0) and ``Y`` (n, n_L) are all examples given, ``rows`` the numbers of those to train on.

    ``weights`` (n,) in float64 are sample weights times class weights, or None where all are 1; ``held_out`` is a pair
    like (X, Y), or None. Training reads X through ``rows``, so that holding out makes no second copy of it.
    """

    X: Array
    Y: Array
    rows: Array
    held_out: tuple[Array, Array] | None
    weights: Array | None

    @property
    def row_weights(self) -> Array | None:
        """The weights of ``rows``."""
        return None if self.weights is None else self.weights[self.rows]

    def training(self) -> tuple[Array, Array]:
        """X and Y of ``rows`` as arrays of their own: all of them as they are, a part as a copy."""
        whole = len(self.rows) == len(self.Y)
        return (self.X, self.Y) if whole else (self.X[self.rows], self.Y[self.rows])


def make_sets(
    net: Network, x: Any, y: Any, *, validation: Any, sample_weight: Any, class_weight: Any, seed: int
) -> Sets:
    """Encodes, splits and weighs; ``validation`` is None, a fraction, or a pair (x, y).

    Raises UsageError and DataError. Weights are of the examples given, of those held out too; but what is measured on
    held-out examples counts each of them once.
    """
    X, Y = examples(net, x, y)
    rows, held_out = np.arange(len(Y)), None
    if isinstance(validation, (tuple, list)) and len(validation) == 2:
        held_out = examples(net, *validation)
    elif isinstance(validation, float):
        labels = class_numbers(net, Y) if net.task == "classes" else None
        rows, apart = split_rows(len(Y), validation, seed, labels)
        held_out = X[apart], Y[apart]
    elif validation is not None:
        raise UsageError(
            f"validation is a fraction between 0 and 1, or a pair (x, y); got a {type(validation).__name__}"
        )
    weights = None
    if sample_weight is not None:
        passes.shares(len(Y), np.float64, sample_weight)  # checks them
        weights = np.array(sample_weight, dtype=np.float64)
    if class_weight is not None:
        weights = _class_weights(net, Y, rows, class_weight) * (1.0 if weights is None else weights)
    if weights is not None and not weights[rows].any():
        raise DataError("all examples to train on have the weight 0")
    return Sets(X, Y, rows, held_out, weights)


def _class_weights(net: Network, Y: Array, rows: Array, wanted: Any) -> Array:
    """The weight of each example's class; "balanced" is n / (classes · examples of the class), as in scikit-learn."""
    if net.task != "classes":
        raise UsageError("class_weight is for classes, and these targets are values; give sample_weight")
    numbers = class_numbers(net, Y)
    count = max(2, net.sizes[-1])
    if isinstance(wanted, str) and wanted == "balanced":
        counts = np.bincount(numbers[rows], minlength=count)
        return (len(rows) / (np.count_nonzero(counts) * np.maximum(counts, 1)))[numbers]
    names = list(class_names(net, count))
    table = np.ones(count)
    for name, weight in wanted.items():
        if name not in names:
            raise unknown("class in class_weight", name, map(str, names))
        table[names.index(name)] = weight
    return table[numbers]


def split_rows(n: int, fraction: float, seed: int, labels: Array | None) -> tuple[Array, Array]:
    """Rows to keep and rows to hold out, both sorted; of each class the same fraction where there are labels."""
    rng = stream(seed, "split")
    groups = (
        [np.arange(n)] if labels is None else [np.flatnonzero(labels == one) for one in np.unique(labels)]
    )
    held = [rng.permutation(group)[: round(fraction * len(group))] for group in groups]
    held_out = np.sort(np.concatenate(held))
    if not 0 < len(held_out) < n:
        raise DataError(
            f"holding out {fraction:g} of {n} examples leaves {n - len(held_out)} to train on and {len(held_out)} to "
            "validate on; take another fraction"
        )
    kept = np.ones(n, dtype=bool)
    kept[held_out] = False
    return np.flatnonzero(kept), held_out
