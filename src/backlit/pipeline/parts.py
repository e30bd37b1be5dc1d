"""The parts of the data: held out, validation, training; and each part's targets as the network compares them.

The split is a function of the data and the seed alone, so a model finds again what was held out when it was trained.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data import Dataset, load
from ..data.cells import as_numbers, is_missing, kind_of
from ..data.dataset import classes_of, refuse_other_target
from ..errors import BacklitWarning, DataError, UsageError
from ..network import Network
from ..sets import split_rows
from ..spelling import counted, spelt
from .choices import Choices

Array = Any


@dataclass(frozen=True)
class Parts:
    """``everything`` that can be trained on or held out, and its parts. ``held_out_as`` is the part, "test" or None.

    ``weights`` (n,) are those of ``training``, or None.
    """

    everything: Dataset
    training: Dataset
    validation: Dataset | None
    held_out: Dataset | None
    held_out_as: float | str | None
    weights: Array | None
    fingerprint: str


def load_whole(choices: Choices) -> Dataset:
    """All that is trained on or held out; raises DataError and UsageError."""
    if isinstance(choices.data, Dataset):
        whole = choices.data.limited(choices.limit)
    else:
        whole = load(
            choices.data,
            target=choices.target,
            data_dir=choices.data_dir,
            limit=choices.limit,
            seed=choices.seed,
        )
    refuse_other_target(whole, choices.target)
    if choices.weight_column is not None and choices.weight_column == whole.target:
        raise UsageError(
            f"{whole.target!r} is the target, and can't be the weights too; name another column with "
            f"{spelt('weight_column')}"
        )
    refuse_missing_target(whole)
    return whole


def every_class(whole: Dataset, classes: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    """``classes``, those of all that is trained on or held out, and those that the set's own test set alone has."""
    if classes is None or whole.test is None:
        return classes
    everywhere = {*classes, *classes_of(whole.test.labels())}
    return classes if len(everywhere) == len(classes) else classes_of(np.array([*everywhere], dtype=object))


def split(choices: Choices, whole: Dataset) -> Parts:
    """The parts of the data; raises DataError and UsageError."""
    fingerprint = whole.fingerprint()
    weights = _weights(whole, choices.weight_column)
    rows = np.arange(len(whole))
    held_out: Dataset | None = None
    held_out_as: float | str | None = None
    if whole.test is not None:
        held_out, held_out_as = whole.test, "test"
        if choices.held_out is not None:
            _say(
                f"{whole.name} has a test set of its own, of {counted(len(held_out), 'example')}; that is what is "
                "held out"
            )
    elif choices.held_out is not None:
        rows, apart = hold_out(whole, choices.held_out, choices.seed)
        held_out, held_out_as = whole.take(apart), choices.held_out
    rows, validation = _validation(whole, rows, choices)
    return Parts(
        everything=whole,
        training=whole if len(rows) == len(whole) else whole.take(rows),
        validation=validation,
        held_out=held_out,
        held_out_as=held_out_as,
        weights=None if weights is None else weights[rows],
        fingerprint=fingerprint,
    )


def hold_out(dataset: Dataset, part: float, seed: int) -> tuple[Array, Array]:
    """The numbers of the rows kept and of those held out, sorted; the same part of every class."""
    return split_rows(len(dataset), float(part), seed, _strata(dataset), "held_out")


def _validation(everything: Dataset, rows: Array, choices: Choices) -> tuple[Array, Dataset | None]:
    """The rows to train on, and the validation set: another file's, a part of the rows, or the last so many."""
    wanted = choices.validation
    if wanted == "test":
        if everything.test is None:
            raise UsageError(
                f"{everything.name} has no test set of its own; give {spelt('validation')} a part, a number or a file"
            )
        return rows, everything.test
    if isinstance(wanted, int):
        if wanted >= len(rows):
            raise UsageError(
                f"{spelt('validation', wanted)} takes the last {counted(wanted, 'example')}, and there are "
                f"{len(rows):,} to train on; take fewer"
            )
        return rows[:-wanted], everything.take(rows[-wanted:])
    if isinstance(wanted, str):
        other = load(wanted, target=everything.target, data_dir=choices.data_dir, seed=choices.seed)
        refuse_missing_target(other)
        return rows, other
    if wanted is None:
        return rows, None
    strata = _strata(everything)
    strata = None if strata is None else strata[rows]
    if not choices.validation_asked and _too_few(len(rows), wanted, strata):
        _say(
            f"{counted(len(rows), 'example is', 'examples are')} too few to set any aside for validation; all are "
            "trained on"
        )
        return rows, None
    kept, apart = split_rows(len(rows), float(wanted), choices.seed, strata)
    return rows[kept], everything.take(rows[apart])


def _too_few(n: int, part: float, strata: Array) -> bool:
    groups = [n] if strata is None else np.unique(strata, return_counts=True)[1].tolist()
    return not any(round(part * size) for size in groups)


def _strata(dataset: Dataset) -> Array:
    """The class of each row as words, or None where the target is a value."""
    if dataset.task != "classes":
        return None
    labels = dataset.labels()
    return labels.astype(str) if labels.dtype.kind == "O" else labels


def _weights(dataset: Dataset, name: str | None) -> Array:
    """The sample weights in the column of that name, (n,), or None; raises DataError."""
    if name is None:
        return None
    column = dataset.inputs.column(name)
    if kind_of(column) not in ("number", "boolean"):
        raise DataError(
            f"{dataset.source}: the column of weights, {name!r}, holds words; weights are numbers, none below 0"
        )
    weights = as_numbers(column)
    wrong = ~(weights >= 0) | np.isinf(weights)
    if wrong.any():
        cell = dataset.inputs.cell(np.argmax(wrong), name)
        raise DataError(f"{cell}: {weights[wrong][0]:g} is no weight; weights are finite and not below 0")
    return weights


def missing_target(dataset: Dataset) -> int | None:
    """The first row whose target is missing, or None."""
    gone = is_missing(dataset.labels())
    return int(np.argmax(gone)) if gone.any() else None


def refuse_missing_target(dataset: Dataset) -> None:
    """Raises DataError that names file, row and column where a target is missing."""
    row = missing_target(dataset)
    if row is not None:
        raise DataError(
            f"{dataset.source}, {dataset.inputs.row_name(row)}: the target {dataset.target!r} is missing; "
            "fill it in, or drop the row"
        )


def encode(net: Network, dataset: Dataset) -> tuple[Array, Array]:
    """a^0 (n, n_0) and targets (n, n_L) in the network's dtype; raises DataError naming file and row."""
    return net.recipe.encode(dataset.inputs, dtype=net.dtype), as_wanted(net, dataset)


def as_wanted(net: Network, dataset: Dataset) -> Array:
    """The targets as rows y (n, n_L) for the network's cost; raises DataError that names file, row and label."""
    refuse_missing_target(dataset)
    numbers = net.recipe.encode_target(dataset)
    if net.task == "values":
        rows = numbers[:, None]
        return np.ascontiguousarray(rows, dtype=net.dtype)
    outputs = net.sizes[-1]
    rows = np.zeros((len(numbers), outputs), dtype=net.dtype)
    if outputs == 1:
        rows[:, 0] = numbers
    else:
        rows[np.arange(len(numbers)), numbers] = 1
    return 2 * rows - 1 if net.cost.targets == "signs" else rows


def _say(what: str) -> None:
    warnings.warn(what, BacklitWarning, stacklevel=3)
