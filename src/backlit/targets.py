"""Targets: from labels or values, as people have them, to the rows y (n, n_L) that a cost compares with a^L.

One rule for each kind of cost (``Cost.targets``), and an error that names the first row that breaks it. Class *names*
are the recipe's matter; here a class is its number, or its place in ``net.classes``.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from typing import Any

import numpy as np

from .errors import BacklitWarning, DataError
from .network import Network

Array = Any
_SUM_TOLERANCE = 1e-5  # of a soft label's sum: what float32 leaves of 1 over a thousand classes


def encode_targets(net: Network, y: Any, *, numbers: bool = False) -> Array:
    """y as (n, n_L) in the network's dtype. Labels become one-hot (±1 for hinges), a vector becomes a column.

    Labels are names where ``net.classes`` has them, else numbers from 0; ``numbers`` says that they are that. Sets
    ``net.task`` where it is not known yet. Raises DataError naming the row, the rule and the remedy.
    """
    given = _as_array(y)
    outputs = net.sizes[-1]
    named = given.ndim == 1 and not numbers and _holds_names(net, given)
    if named:
        given = _numbers_of_names(net, given)
    elif given.dtype.kind not in "biuf":
        raise DataError(
            f"targets are labels or real numbers, a row an example; got shape {given.shape} of {given.dtype}"
        )
    labels = named or (given.ndim == 1 and outputs > 1)
    if given.ndim == 1 and outputs > 1:
        rows = _one_hot(given, outputs)
    else:
        rows = given[:, None] if given.ndim == 1 else given
        if rows.shape[1] != outputs:
            raise DataError(
                f"targets have {rows.shape[1]} columns and the network {outputs} outputs; "
                f"give (n, {outputs}), or labels"
            )
    with np.errstate(over="ignore"):  # what overflows in float32 is found on the next line
        rows = np.ascontiguousarray(rows, dtype=net.dtype)
    _finite(rows)
    if labels and net.cost.built_in and net.cost.targets == "signs":
        rows = 2 * rows - 1
    rows = _RULES[net.cost.targets](rows, net) if net.cost.built_in else rows
    if net.task is None and len(rows):
        net.task = "classes" if labels or _looks_like_classes(rows, net) else "values"
    return rows


def decode_labels(net: Network, outputs: Array) -> Array:
    """What the outputs (n, n_L) say: class names or numbers (n,) for a classifier, else the values, (n,) where n_L = 1.

    One output means the second class above the midpoint of its two targets: 0 for ±1 costs, else 1/2. Where the task is
    not known yet, a cost that is for classes only ("cross_entropy") says it.
    """
    task = net.task or ("classes" if net.cost.targets == "distribution" else "values")
    if task != "classes":
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs
    numbers = class_numbers(net, outputs)
    if net.classes is not None:
        return _names(net.classes)[numbers]
    return np.where(numbers, 1, -1) if net.cost.targets == "signs" and outputs.shape[1] == 1 else numbers


def class_numbers(net: Network, rows: Array) -> Array:
    """The class of each row of outputs or encoded targets, as a number from 0, (n,)."""
    if rows.shape[1] > 1:
        return rows.argmax(axis=1)
    return (rows[:, 0] > (0.0 if net.cost.targets == "signs" else 0.5)).astype(np.intp)


def _names(classes: tuple[Any, ...]) -> Array:
    """The class names as an array, of objects where NumPy would make one kind of several."""
    names = np.asarray(classes)
    if names.ndim == 1 and names.tolist() == list(classes):
        return names
    names = np.empty(len(classes), dtype=object)
    names[:] = classes
    return names


def _as_array(y: Any) -> Array:
    """y as an array of one or two dimensions, a single column as a vector; numbers kept as objects become numbers."""
    try:
        given = np.asarray(y)
        if given.dtype.kind == "U" and isinstance(y, (list, tuple)):
            given = np.asarray(y, dtype=object)  # NumPy would make words of all labels where some are words
        if given.dtype.kind == "O":
            plain = np.asarray(given.tolist())
            given = plain if plain.dtype.kind in "biuf" else given
    except ValueError:
        raise DataError(
            "targets are one label or one row of numbers for each example; these rows differ in length"
        ) from None
    if isinstance(y, np.ma.MaskedArray) and np.ma.is_masked(y):
        row = int(np.argwhere(np.ma.getmaskarray(y))[0][0])
        raise DataError(f"row {row}: the target is masked, a missing value; leave such rows out")
    if given.ndim not in {1, 2}:
        raise DataError(f"targets have one or two dimensions; got shape {given.shape}")
    return given[:, 0] if given.ndim == 2 and given.shape[1] == 1 else given


def _holds_names(net: Network, given: Array) -> bool:
    """Whether labels have to be looked up: words always, numbers where class names are numbers."""
    if given.dtype.kind in "OUS":
        return True
    return net.classes is not None and not all(isinstance(name, str) for name in net.classes)


def _numbers_of_names(net: Network, given: Array) -> Array:
    if net.classes is None:
        raise DataError(
            f"targets are words such as {given[0]!s}, and this network has no class names; "
            "set net.classes, or give numbers from 0"
        )
    number = {name: place for place, name in enumerate(net.classes)}
    found = []
    for row, label in enumerate(given.tolist()):
        if not isinstance(label, Hashable) or label not in number:
            shown = ", ".join(map(str, net.classes[:10])) + (", …" if len(net.classes) > 10 else "")
            raise DataError(f"row {row}: {label!r} is not one of the classes {shown}")
        found.append(number[label])
    return np.asarray(found, dtype=np.intp)


def _one_hot(labels: Array, outputs: int) -> Array:
    _finite(labels[:, None])
    broken = labels != np.floor(labels)
    if broken.any():
        row = int(np.argmax(broken))
        raise DataError(
            f"row {row}: target {labels[row]} is not a label, and a value has one number for each of "
            f"the {outputs} outputs; give (n, {outputs}), or whole labels 0 to {outputs - 1}"
        )
    wrong = (labels < 0) | (labels >= outputs)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"row {row}: label {labels[row]} is outside 0 to {outputs - 1}, the labels of {outputs} outputs"
        )
    rows = np.zeros((len(labels), outputs))
    rows[np.arange(len(labels)), labels.astype(np.intp)] = 1
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
    sums = rows.sum(axis=1, dtype=np.float64)
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
    """Whether rows given without labels are a classifier's: a cost for classes, one-hot rows, or one two-valued column.

    A column of two values counts as such under the costs for classes, and where the output lies between 0 and 1 and the
    values are those two; a regression on any other output keeps its 0 and 1 as numbers.
    """
    targets = net.cost.targets
    if rows.shape[1] > 1:
        absent = -1 if targets == "signs" else 0
        one_hot = ((rows == 1).sum(axis=1) == 1) & ((rows == absent).sum(axis=1) == rows.shape[1] - 1)
        return targets == "distribution" or bool(one_hot.all())
    if targets in {"signs", "distribution"}:
        return True
    low, high = float(rows.min()), float(rows.max())
    two = bool(((rows == low) | (rows == high)).all())
    if targets == "probabilities":  # two values on either side of 1/2: labels, perhaps smoothed
        return two and (low < 0.5 < high or low == high in {0.0, 1.0})
    output = net.activations[-1]
    return two and {low, high} <= {0.0, 1.0} and (output.lowest, output.highest) == (0, 1)
