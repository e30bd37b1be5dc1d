"""The target's rule: class names in the order of the outputs, or the mean and deviation of a value in its own unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..errors import DataError
from ..spelling import counted, spelt
from .cells import as_numbers, is_missing, kind_of, same_word, word
from .columns import moments
from .dataset import Dataset, Task, classes_of, refuse_infinite
from .table import Table

Array = Any


@dataclass(frozen=True)
class Target:
    """``classes`` for the task "classes"; else values, which are (value − mean) / scale in the network."""

    name: str
    task: Task
    classes: tuple[Any, ...] | None = None
    mean: float = 0.0
    scale: float = 1.0

    @classmethod
    def learn(cls, dataset: Dataset, task: Task | None, scale: bool) -> Target:
        """The rule of the training part's target; raises DataError where there is nothing to learn from."""
        wanted, name, table = dataset.labels(), dataset.target or "target", dataset.inputs
        _refuse_missing(wanted, table, name)
        if (task or dataset.task) == "classes":
            present = classes_of(wanted)
            if len(present) < 2:
                raise DataError(
                    f"{dataset.source}: the rows to learn from have one class only of the target {name!r}, "
                    f"{present[0]!r}; there is nothing to tell apart: give rows of two classes or more"
                )
            return cls(name, "classes", dataset.classes or present)
        values = _values(wanted, table, name)
        mean, deviation = moments(values, table, name)
        if not deviation:
            raise DataError(
                f"{dataset.source}: the target {name!r} is {values[0]:g} in every row; there is nothing to learn: "
                "give rows "
                "that differ"
            )
        return cls(name, "values", None, mean, deviation) if scale else cls(name, "values")

    def encode(self, wanted: Array, table: Table | None = None) -> Array:
        """Class numbers (n,), or values in the network's own scale (n,); raises DataError naming the row."""
        rows = table if table is not None else Table(block=np.empty((len(wanted), 0)), source="the target")
        _refuse_missing(wanted, rows, self.name)
        if self.task == "values":
            return (_values(wanted, rows, self.name) - self.mean) / self.scale
        number = {label: place for place, label in enumerate(self.classes or ())}
        alike = {
            same_word(word(label)): place for place, label in reversed(list(enumerate(self.classes or ())))
        }
        numbers = np.empty(len(wanted), dtype=np.int64)
        for row, label in enumerate(wanted.tolist()):
            place = number.get(label, alike.get(same_word(word(label)), -1))
            if place < 0:
                raise DataError(
                    f"{rows.cell(row, self.name)}: {label!r} is none of the classes that the model knows, "
                    f"{self._listed()}; mend the label, leave the row out, or train on data that has the class"
                )
            numbers[row] = place
        return numbers

    def values(self, outputs: Array) -> Array:
        """Values in the target's own unit, (n,), of outputs or encoded targets (n, 1) or (n,)."""
        values = outputs.astype(np.float64) * self.scale + self.mean
        return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values

    def describe(self) -> str:
        """The rule in words."""
        if self.classes is not None:
            return f"{counted(len(self.classes), 'class', 'classes')}: {self._listed()}"
        if (self.mean, self.scale) == (0, 1):
            return "values, taken as they are"
        return f"values, standardised: mean {self.mean:.4g}, deviation {self.scale:.4g}; answers are in its own unit"

    def _listed(self) -> str:
        names = [str(label) for label in self.classes or ()]
        return ", ".join(names[:12]) + (f", … ({len(names):,} in all)" if len(names) > 12 else "")

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"classes": None if self.classes is None else list(self.classes)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Target:
        """The inverse of ``to_json``."""
        task: Task = "classes" if plain["task"] == "classes" else "values"
        if plain["task"] != task or (task == "classes") != (plain["classes"] is not None):
            raise ValueError("the task of a target's recipe is unknown, or its classes are missing")
        classes = None if plain["classes"] is None else tuple(plain["classes"])
        return cls(str(plain["name"]), task, classes, float(plain["mean"]), float(plain["scale"]))


def _refuse_missing(wanted: Array, table: Table, name: str) -> None:
    gaps = is_missing(wanted)
    if gaps.any():
        raise DataError(
            f"{table.cell(np.argmax(gaps), name)}: the target is missing; fill it in or drop the row"
        )


def _values(wanted: Array, table: Table, name: str) -> Array:
    if kind_of(wanted) not in ("number", "boolean"):
        raise DataError(
            f"{table.cell(0, name)}: {wanted[0]!r} is a word, and the target is to be a value; take "
            f"{spelt('task', 'classes')}"
        )
    values = as_numbers(wanted)
    refuse_infinite(values, table, name)
    return values
