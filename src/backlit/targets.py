"""Targets: from labels or values, as people have them, to the rows y (n, n_L) that a cost compares with a^L.

One rule for each kind of cost (``Cost.targets``), and an error that names the first row that breaks it. Class *names*
are the recipe's matter; here a class is its number, or its place in ``net.classes``.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .errors import BacklitWarning, DataError
from .network import Network

Array = Any
_SUM_TOLERANCE = 1e-6  # of a soft label's sum


def encode_targets(net: Network, y: Any, *, numbers: bool = False) -> Array:
    """y as (n, n_L) in the network's dtype. Labels become one-hot (±1 for hinges), a vector becomes a column.

    Where the network has class names, labels are those names, unless ``numbers`` says that they are numbers already.

    Sets ``net.task`` where it is not known yet. Raises DataError naming the row, the rule and the remedy.
    """
    given = np.asarray(y)
    outputs = net.sizes[-1]
    if given.ndim not in (1, 2):
        raise DataError(f"targets have one or two dimensions; got shape {given.shape}")
    if given.dtype.kind in "OUS" or (net.classes is not None and not numbers):
        given = _numbers_of_names(net, given)
    if given.ndim == 2 and given.shape[1] == 1 and outputs > 1:
        given = given[:, 0]
    if given.ndim == 1 and outputs > 1:
        rows = _one_hot(given, outputs)
        labels = True
    else:
        rows = given[:, None] if given.ndim == 1 else given
        if rows.shape[1] != outputs:
            raise DataError(
                f"targets have {rows.shape[1]} columns and the network {outputs} outputs; give (n, {outputs}), or labels"
            )
        labels = False
    rows = np.ascontiguousarray(rows, dtype=net.dtype)
    _finite(rows)
    rows = _RULES[net.cost.targets](rows, net) if net.cost.built_in else rows
    if net.task is None:
        net.task = "classes" if labels or _looks_like_classes(rows, net) else "values"
    return rows


def decode_labels(net: Network, outputs: Array) -> Array:
    """What the outputs (n, n_L) say: class names or numbers (n,) for a classifier, else the values, (n,) where n_L = 1.

    One output means the second class above the midpoint of its two targets: 0 for ±1 costs, else 1/2.
    """
    if net.task != "classes":
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs
    numbers = class_numbers(net, outputs)
    if net.classes is not None:
        return np.asarray(net.classes)[numbers]
    return np.where(numbers, 1, -1) if net.cost.targets == "signs" and outputs.shape[1] == 1 else numbers


def class_numbers(net: Network, rows: Array) -> Array:
    """The class of each row of outputs or encoded targets, as a number from 0, (n,)."""
    if rows.shape[1] > 1:
        return rows.argmax(axis=1)
    return (rows[:, 0] > (0.0 if net.cost.targets == "signs" else 0.5)).astype(np.intp)


def _numbers_of_names(net: Network, given: Array) -> Array:
    if given.dtype.kind not in "OUS" and given.ndim == 2:
        return given
    if net.classes is None:
        raise DataError(
            f"targets are words such as {given.reshape(-1)[0]!r}, and this network has no class names; "
            "set net.classes, or give numbers from 0"
        )
    names = list(net.classes)
    flat = given.reshape(-1).tolist()
    number = {name: place for place, name in enumerate(names)}
    for row, label in enumerate(flat):
        if label not in number:
            shown = ", ".join(map(str, names[:10])) + (", …" if len(names) > 10 else "")
            raise DataError(f"row {row}: {label!r} is not one of the classes {shown}")
    return np.asarray([number[label] for label in flat])


def _one_hot(labels: Array, outputs: int) -> Array:
    if labels.dtype.kind == "f" and (labels != np.floor(labels)).any():
        row = int(np.argmax(labels != np.floor(labels)))
        raise DataError(
            f"row {row}: target {labels[row]} is not a label, and a value has one number for each of "
            f"the {outputs} outputs; give (n, {outputs}), or whole labels 0 to {outputs - 1}"
        )
    numbers = labels.astype(np.int64)
    wrong = (numbers < 0) | (numbers >= outputs)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"row {row}: label {labels[row]} is outside 0 to {outputs - 1}, the labels of {outputs} outputs"
        )
    rows = np.zeros((len(numbers), outputs))
    rows[np.arange(len(numbers)), numbers] = 1
    return rows


def _finite(rows: Array) -> None:
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        raise DataError(
            f"row {row}, target {column}: {rows[row, column]} is not a finite number; mend or drop the row"
        )


def _breach(rows: Array, wrong: Array, rule: str) -> None:
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(f"row {row}, target {column}: {rows[row, column]:g} breaks the rule that {rule}")


def _probabilities(rows: Array, net: Network) -> Array:
    _breach(rows, (rows < 0) | (rows > 1), f"targets of {net.cost.name} lie between 0 and 1")
    return rows


def _distribution(rows: Array, net: Network) -> Array:
    _breach(rows, rows < 0, f"targets of {net.cost.name} are probabilities, none below 0")
    sums = rows.sum(axis=1)
    wrong = abs(sums - 1) > _SUM_TOLERANCE
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"row {row}: the targets sum to {sums[row]:g}, and those of {net.cost.name} sum to 1; "
            "several classes at once are 'binary_cross_entropy'"
        )
    return rows


def _signs(rows: Array, net: Network) -> Array:
    if ((rows == 0) | (rows == 1)).all() and (rows == 0).any():
        warnings.warn(
            f"{net.cost.name} compares with −1 and 1: the targets 0 and 1 were taken as −1 and 1",
            BacklitWarning,
            stacklevel=4,
        )
        return 2 * rows - 1
    _breach(rows, abs(rows) != 1, f"targets of {net.cost.name} are −1 and 1 (or 0 and 1)")
    return rows


def _counts(rows: Array, net: Network) -> Array:
    _breach(rows, rows < 0, f"targets of {net.cost.name} are counts, none below 0")
    return rows


_RULES = {
    "values": lambda rows, net: rows,
    "probabilities": _probabilities,
    "distribution": _distribution,
    "signs": _signs,
    "counts": _counts,
}


def _looks_like_classes(rows: Array, net: Network) -> bool:
    """One-hot rows, or a single two-valued target under a cost that is for classes."""
    if rows.shape[1] > 1:
        top = rows.max(axis=1)
        low = -1 if net.cost.targets == "signs" else 0
        return bool((top == 1).all() and ((rows == low).sum(axis=1) == rows.shape[1] - 1).all())
    return net.cost.targets in ("probabilities", "distribution", "signs") and len(np.unique(rows)) <= 2
