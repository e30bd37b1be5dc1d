"""What a run works on: the encoded examples, which of them are trained on and which held out, and their weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from . import passes
from .errors import DataError, UsageError, unknown
from .metrics import class_names
from .network import Network
from .randomness import stream
from .spelling import counted, spelt
from .targets import class_numbers
from .use import examples

Array = Any
Encode = Callable[[Network, Any, Any], tuple[Array, Array]]  # like ``examples``


@dataclass(frozen=True)
class Sets:
    """``X`` (n, n_0) and ``Y`` (n, n_L) are all examples given, ``rows`` the numbers of those to train on.

    ``weights`` (n,) in float64 are sample weights times class weights, or None where all are 1; ``apart`` is what is
    held out: a pair like (X, Y), the numbers of rows of X, or None. Training reads X through ``rows``, so that holding
    out makes no second copy of it.
    """

    X: Array
    Y: Array
    rows: Array
    apart: tuple[Array, Array] | Array | None
    weights: Array | None

    @cached_property
    def held_out(self) -> tuple[Array, Array] | None:
        """What is held out as a pair like (X, Y), or None; rows of X are copied when they are first asked for."""
        if self.apart is None or isinstance(self.apart, tuple):
            return self.apart
        return self.X[self.apart], self.Y[self.apart]

    @property
    def row_weights(self) -> Array | None:
        """The weights of ``rows``."""
        return None if self.weights is None else self.weights[self.rows]

    def training(self) -> tuple[Array, Array]:
        """X and Y of ``rows`` as arrays of their own: all of them as they are, a part as a copy."""
        whole = len(self.rows) == len(self.Y)
        return (self.X, self.Y) if whole else (self.X[self.rows], self.Y[self.rows])


def make_sets(
    net: Network,
    x: Any,
    y: Any,
    *,
    validation: Any,
    sample_weight: Any,
    class_weight: Any,
    seed: int,
    encode: Encode = examples,
) -> Sets:
    """Encodes, splits and weighs; ``validation`` is None, a fraction, or a pair (x, y).

    Raises UsageError and DataError. Weights are of the examples given, of those held out too; but what is measured on
    held-out examples counts each of them once.
    """
    X, Y = encode(net, x, y)
    rows, apart = np.arange(len(Y)), None
    if isinstance(validation, (tuple, list)) and len(validation) == 2:
        apart = encode(net, *validation)
    elif isinstance(validation, float):
        labels = class_numbers(net, Y) if net.task == "classes" else None
        rows, apart = split_rows(len(Y), validation, seed, labels)
    elif validation is not None:
        raise UsageError(
            f"{spelt('validation')} is a fraction between 0 and 1, or a pair (x, y); got a {type(validation).__name__}"
        )
    weights = None
    if sample_weight is not None:
        passes.shares(len(Y), np.float64, sample_weight)  # checks them
        weights = np.array(sample_weight, dtype=np.float64)
    if class_weight is not None:
        weights = _class_weights(net, Y, rows, class_weight) * (1.0 if weights is None else weights)
    if weights is not None and not weights[rows].any():
        raise DataError("all examples to train on have the weight 0; give some of them a weight above 0")
    return Sets(X, Y, rows, apart, weights)


def _class_weights(net: Network, Y: Array, rows: Array, wanted: Any) -> Array:
    """The weight of each example's class; "balanced" is n / (classes · examples of the class), as in scikit-learn."""
    if net.task != "classes":
        raise UsageError(
            f"{spelt('class_weight')} is for classes, and these targets are values; give {spelt('sample_weight')}"
        )
    numbers = class_numbers(net, Y)
    count = max(2, net.sizes[-1])
    if isinstance(wanted, str) and wanted == "balanced":
        counts = np.bincount(numbers[rows], minlength=count)
        return (len(rows) / (np.count_nonzero(counts) * np.maximum(counts, 1)))[numbers]
    names = list(class_names(net, count))
    table = np.ones(count)
    for name, weight in wanted.items():
        if name not in names:
            raise unknown(f"class in {spelt('class_weight')}", name, map(str, names))
        table[names.index(name)] = weight
    return table[numbers]


def split_rows(
    n: int, fraction: float, seed: int, labels: Array | None, argument: str = "validation"
) -> tuple[Array, Array]:
    """Rows to keep and rows to hold out, both sorted; of each class the same fraction where there are labels.

    Raises UsageError naming the ``argument`` that the fraction was given as, where one of the two would be empty.
    """
    rng = stream(seed, "split")
    groups = (
        [np.arange(n)] if labels is None else [np.flatnonzero(labels == one) for one in np.unique(labels)]
    )
    held = [rng.permutation(group)[: round(fraction * len(group))] for group in groups]
    held_out = np.sort(np.concatenate(held))
    said = f"{spelt(argument, fraction)} of {counted(n, 'example')}"
    if not len(held_out):
        least = 1 / max(map(len, groups))
        each = "" if labels is None else " of any class"
        raise UsageError(f"{said} is less than one example{each}; take {least:.2g} or more")
    if len(held_out) == n:
        raise UsageError(f"{said} leaves none to train on; take a smaller part")
    kept = np.ones(n, dtype=bool)
    kept[held_out] = False
    return np.flatnonzero(kept), held_out
