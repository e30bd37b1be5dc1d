"""The recipe: how raw columns become a^0, and outputs become answers. Learnt on the training part only, kept in the model.

Rules, each said by ``describe``: numbers are standardised with the training part's mean and deviation, and a missing one
takes the mean, with an input of its own that says so where the training part had any; words are one-hot, a missing word
being a level of its own, and a word that was never seen gives all zeros and is said; booleans are 0 and 1; pixels are
scaled to 0 … 1. Columns are found by their names again.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import BacklitWarning, DataError, ModelError, UsageError, nearest
from ..inputs import is_sparse
from .columns import Column, Numbers, Words, learn_column
from .dataset import Dataset, Task
from .table import Table, is_missing, kind_of

Array = Any
VERSION = 1
_SPARSE_WIDTH, _SPARSE_PART = 1000, 0.05  # one-hot inputs wider and emptier than this are made sparse


class Recipe:
    """``columns`` are the rules of a table's columns, or ``block`` that of a block of numbers; ``target`` is the target's."""

    def __init__(
        self, *, columns: Sequence[Column] | None, block: Block | None, target: Target, source_names: bool
    ) -> None:
        self.columns = list(columns or [])
        self.block = block
        self.target = target
        self.named = (
            source_names  # whether columns have names of their own, or are known by their places only
        )

    @classmethod
    def learn(
        cls,
        data: Any,
        *,
        target: str | None = None,
        task: Task | None = None,
        standardise: bool = True,
        missing: str = "mean",
        exclude: Sequence[str] = (),
        scale_target: bool = True,
    ) -> Recipe:
        """The recipe of a Dataset, or of any table with its ``target`` column. ``missing``: "mean", "median" or "error".

        Values to learn are standardised too unless ``scale_target`` is False; answers are in their own unit in any case.
        Raises DataError that names row and column for what can't be learnt from.
        """
        dataset = data if isinstance(data, Dataset) else _as_dataset(data, target)
        if missing not in ("mean", "median", "error"):
            raise UsageError(f"missing is 'mean', 'median' or 'error'; got {missing!r}")
        table = dataset.inputs.without(list(exclude)) if exclude else dataset.inputs
        if not len(table):
            raise DataError(f"{dataset.name} has no rows to learn from")
        learnt = Target.learn(dataset, task, scale_target)
        if table.is_block:
            return cls(
                columns=None,
                block=Block.learn(table, dataset, standardise),
                target=learnt,
                source_names=table.named,
            )
        columns = [learn_column(table, name, standardise, missing) for name in table.names]
        return cls(columns=columns, block=None, target=learnt, source_names=table.named)

    @property
    def task(self) -> Task:
        return self.target.task

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The classes' names in the order of the outputs, or None where the target is a value."""
        return self.target.classes

    @property
    def image(self) -> tuple[int, int] | None:
        """(height, width) where the inputs are pixels."""
        return self.block.image if self.block else None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs, neuron by neuron: "petal length", "colour = red", "pixel (1,5)"."""
        if self.block:
            return self.block.inputs()
        return tuple(name for column in self.columns for name in column.inputs())

    def encode(self, data: Any, dtype: Any = np.float64) -> Array:
        """a^0 (n, n_0) of raw rows: dense, or CSR where they are. Raises DataError naming row and column."""
        table = Table.from_any(data)
        if self.block:
            return self.block.encode(self._block_of(table), dtype)
        found = self._found(table)
        parts = [column.encode(table, name, dtype) for column, name in zip(self.columns, found, strict=True)]
        width = sum(part.shape[1] for part in parts)
        dense = sum(
            part.shape[1]
            for part, column in zip(parts, self.columns, strict=True)
            if not isinstance(column, Words)
        )
        words = len(self.columns) - dense
        if width > _SPARSE_WIDTH and dense + words < _SPARSE_PART * width:
            from scipy.sparse import csr_array, hstack

            return csr_array(hstack([csr_array(part) for part in parts]))
        return np.hstack(parts)

    def encode_target(self, wanted: Any) -> Array:
        """Class numbers (n,), or values in the network's own scale (n,); raises DataError naming the row."""
        return self.target.encode(np.asarray(wanted))

    def decode_values(self, outputs: Array) -> Array:
        """Values in the target's own unit, (n,), of outputs or encoded targets (n, 1)."""
        values = outputs.astype(np.float64) * self.target.scale + self.target.mean
        return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values

    def describe(self) -> list[tuple[str, str]]:
        """(column, rule) in words, for people."""
        rows = (
            self.block.describe()
            if self.block
            else [(column.name, column.describe()) for column in self.columns]
        )
        return [*rows, (f"target {self.target.name}", self.target.describe())]

    def to_json(self) -> dict[str, Any]:
        """Plain data, as the model file keeps it."""
        return {
            "version": VERSION,
            "named": self.named,
            "columns": [column.to_json() for column in self.columns],
            "block": self.block.to_json() if self.block else None,
            "target": self.target.to_json(),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Recipe:
        """The inverse of ``to_json``; raises ModelError for a recipe of a newer version."""
        if plain["version"] > VERSION:
            raise ModelError("the model's recipe was written by a newer Backlit; install a newer one")
        kinds: dict[str, Any] = {"numbers": Numbers, "words": Words}
        columns = [kinds[one["kind"]].from_json(one) for one in plain["columns"]]
        block = None if plain["block"] is None else Block.from_json(plain["block"])
        return cls(
            columns=columns,
            block=block,
            target=Target.from_json(plain["target"]),
            source_names=plain["named"],
        )

    def _found(self, table: Table) -> list[str]:
        """The table's names of the recipe's columns; by name where both have names, else by place."""
        wanted = [column.name for column in self.columns]
        if self.named and table.named:
            return self._by_name(table, wanted)
        if len(table.names) != len(wanted):
            raise DataError(
                f"{table.source} has {len(table.names)} columns without names, and the model was trained on {len(wanted)}: "
                f"{_listed(wanted)}"
            )
        return list(table.names)

    def _by_name(self, table: Table, wanted: list[str]) -> list[str]:
        present = set(table.names)
        for name in wanted:
            if name not in present:
                close = nearest(name, [other for other in table.names if other not in wanted])
                hint = f"; is it {close!r}? rename it" if close else ""
                raise DataError(
                    f"{table.source} has no column {name!r}, which the model was trained on{hint}"
                )
        added = [name for name in table.names if name not in wanted and name != self.target.name]
        if added:
            warnings.warn(
                f"{table.source}: the model doesn't know the columns {_listed(added)}; they are left out",
                BacklitWarning,
                stacklevel=4,
            )
        return wanted

    def _block_of(self, table: Table) -> Array:
        """The block of a table, its columns in the recipe's order."""
        assert self.block is not None
        names = list(self.block.names)
        if self.named and table.named:
            found = self._by_name(table, names)
        else:
            found = list(table.names)
            if len(found) != self.block.width:
                raise DataError(
                    f"{table.source} has {len(found)} columns, and the model was trained on {self.block.width}"
                )
        if table.is_block:
            return (
                table.block
                if found == list(table.names)
                else table.block[:, [table.names.index(n) for n in found]]
            )
        for name in found:
            column = table.column(name)
            if kind_of(column) not in ("number", "boolean"):
                raise DataError(
                    f"{table.source}, column {name!r}: the model was trained on numbers there, and it holds words"
                )
            if is_missing(column).any():
                row = table.row_name(int(np.argmax(is_missing(column))))
                raise DataError(
                    f"{table.source}, {row}, column {name!r} is missing, and no cell was in training; fill it in"
                )
        return np.column_stack([table.column(name) for name in found])


class Block:
    """The rule of a block of numbers: pixels scaled, dense columns standardised, sparse ones left as they are."""

    def __init__(
        self,
        width: int,
        names: Sequence[str],
        *,
        image: tuple[int, int] | None,
        mean: Sequence[float] | None,
        deviation: Sequence[float] | None,
        white: float,
    ) -> None:
        self.width, self.names, self.image, self.white = width, tuple(names), image, white
        self.mean = None if mean is None else np.asarray(mean, dtype=np.float64)
        self.deviation = None if deviation is None else np.asarray(deviation, dtype=np.float64)

    @classmethod
    def learn(cls, table: Table, dataset: Dataset, standardise: bool) -> Block:
        block = table.block
        mean = deviation = None
        names = table.names if table.named else ()
        if dataset.image is None and standardise and not is_sparse(block):
            check_numbers(block, table)
            mean = block.mean(axis=0, dtype=np.float64)
            deviation = block.std(axis=0, dtype=np.float64)
            deviation[deviation < 1e-12 * np.maximum(1, abs(mean))] = 0  # a constant column says nothing
        return cls(
            block.shape[1], names, image=dataset.image, mean=mean, deviation=deviation, white=dataset.white
        )

    def inputs(self) -> tuple[str, ...]:
        if self.image:
            return tuple(
                f"pixel ({row},{column})" for row in range(self.image[0]) for column in range(self.image[1])
            )
        return self.names or tuple(f"x{k}" for k in range(self.width))

    def encode(self, block: Array, dtype: Any) -> Array:
        dtype = np.dtype(dtype)
        if is_sparse(block):
            return block.astype(dtype)
        rows = block.astype(dtype)  # the one float copy
        if self.image:
            rows *= dtype.type(1 / self.white)
        elif self.mean is not None and self.deviation is not None:
            rows -= self.mean.astype(dtype)
            rows *= np.divide(
                1, self.deviation, out=np.zeros_like(self.deviation), where=self.deviation > 0
            ).astype(dtype)
        return rows

    def describe(self) -> list[tuple[str, str]]:
        if self.image:
            height, width = self.image
            return [
                (f"{height} × {width} pixels", f"divided by {self.white:g}, so that they lie from 0 to 1")
            ]
        if self.mean is None or self.deviation is None:
            return [(f"{self.width:,} numbers", "taken as they are")]
        names = self.inputs()
        return [
            (name, f"standardised: mean {self.mean[k]:.4g}, deviation {self.deviation[k]:.4g}")
            for k, name in enumerate(names)
        ]

    def to_json(self) -> dict[str, Any]:
        return {
            "width": self.width,
            "names": list(self.names),
            "image": None if self.image is None else list(self.image),
            "mean": None if self.mean is None else self.mean.tolist(),
            "deviation": None if self.deviation is None else self.deviation.tolist(),
            "white": self.white,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Block:
        image = None if plain["image"] is None else (int(plain["image"][0]), int(plain["image"][1]))
        return cls(
            plain["width"],
            plain["names"],
            image=image,
            mean=plain["mean"],
            deviation=plain["deviation"],
            white=plain["white"],
        )


class Target:
    """The target's rule: class names in the order of the outputs, or the mean and deviation of a value."""

    def __init__(
        self, name: str, task: Task, classes: tuple[Any, ...] | None, mean: float = 0.0, scale: float = 1.0
    ) -> None:
        self.name, self.task, self.classes, self.mean, self.scale = name, task, classes, mean, scale

    @classmethod
    def learn(cls, dataset: Dataset, task: Task | None, scale: bool) -> Target:
        wanted, name = dataset.labels(), dataset.target or "target"
        missing = is_missing(wanted)
        if missing.any():
            row = dataset.inputs.row_name(int(np.argmax(missing)))
            raise DataError(
                f"{dataset.name}, {row}: the target {name!r} is missing; drop the row or fill it in"
            )
        chosen = task or dataset.task or "values"
        if chosen == "classes":
            known = sorted(set(wanted.tolist()), key=lambda one: (str(type(one)), one))
            if dataset.class_names is not None:
                known = [one for one in dataset.class_names if one in known]
            if len(known) < 2:
                raise DataError(
                    f"{dataset.name}: the target {name!r} has one class only, {known[0]!r}; there is nothing to tell apart"
                )
            return cls(name, "classes", tuple(known))
        if wanted.dtype.kind not in "iufb":
            raise DataError(
                f"{dataset.name}: the target {name!r} holds words, so its values can't be learnt; take task='classes'"
            )
        values = wanted.astype(np.float64)
        if np.isinf(values).any():
            row = dataset.inputs.row_name(int(np.argmax(np.isinf(values))))
            raise DataError(f"{dataset.name}, {row}: the target {name!r} is infinite; mend or drop the row")
        deviation = float(values.std())
        if deviation == 0:
            raise DataError(
                f"{dataset.name}: the target {name!r} is {values[0]:g} in every row; there is nothing to learn"
            )
        return (
            cls(name, "values", None, float(values.mean()), deviation) if scale else cls(name, "values", None)
        )

    def encode(self, wanted: Array) -> Array:
        if self.task == "values":
            if wanted.dtype.kind not in "iufb":
                raise DataError(f"the target {self.name!r} holds words, and the model was trained on values")
            return (wanted.astype(np.float64) - self.mean) / self.scale
        assert self.classes is not None
        number = {one: place for place, one in enumerate(self.classes)}
        words = all(isinstance(one, str) for one in self.classes)
        numbers = np.empty(len(wanted), dtype=np.int64)
        for row, label in enumerate(wanted.tolist()):
            key = str(label) if words and label is not None else label
            if key not in number:
                raise DataError(
                    f"row {row}: {label!r} in the target {self.name!r} is not one of the classes that the model knows: "
                    f"{_listed([str(one) for one in self.classes])}"
                )
            numbers[row] = number[key]
        return numbers

    def describe(self) -> str:
        if self.classes is not None:
            return f"{len(self.classes)} classes: {_listed([str(one) for one in self.classes])}"
        if (self.mean, self.scale) == (0, 1):
            return "values, taken as they are"
        return f"values, standardised: mean {self.mean:.4g}, deviation {self.scale:.4g}; answers are in its own unit"

    def to_json(self) -> dict[str, Any]:
        classes = (
            None
            if self.classes is None
            else [one.item() if isinstance(one, np.generic) else one for one in self.classes]
        )
        return {
            "name": self.name,
            "task": self.task,
            "classes": classes,
            "mean": self.mean,
            "scale": self.scale,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Target:
        classes = None if plain["classes"] is None else tuple(plain["classes"])
        return cls(plain["name"], plain["task"], classes, plain["mean"], plain["scale"])


def check_numbers(block: Array, table: Table) -> None:
    """Raises DataError that names the first row and column of a dense block whose number is not finite."""
    if block.dtype.kind == "f" and not np.isfinite(block).all():
        row, column = np.argwhere(~np.isfinite(block))[0]
        kind = "NaN, a missing value" if np.isnan(block[row, column]) else "infinite"
        raise DataError(
            f"{table.source}, {table.row_name(int(row))}, column {table.names[column]!r} is {kind}; mend or drop the row"
        )


def _as_dataset(data: Any, target: str | None) -> Dataset:
    from .dataset import with_target

    table = Table.from_any(data)
    return with_target(table, target, table.source)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (f", … ({len(names)} in all)" if len(names) > 12 else "")
