"""A data set: a table, which column is wanted of it, and what is known about it (classes, images, its own test set)."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..errors import DataError, UsageError
from ..inputs import is_sparse
from .table import Table, is_missing, kind_of

Array = Any
Task = Literal["classes", "values"]


@dataclass(frozen=True)
class Dataset:
    """``inputs`` without the target, and ``wanted``, the target's column (None where there is none).

    ``image`` is (height, width) where the inputs are pixels, ``white`` the number that a fully lit one has.
    ``class_names`` name the classes 0, 1, … of a numeric target; ``test`` is the set's own test set.
    """

    name: str
    inputs: Table
    wanted: Array = None
    target: str | None = None
    task: Task | None = None
    class_names: tuple[str, ...] | None = None
    image: tuple[int, int] | None = None
    white: float = 1.0
    test: Dataset | None = None
    about: str = ""

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def table(self) -> Table:
        """The inputs, as a recipe takes them."""
        return self.inputs

    def take(self, rows: Array) -> Dataset:
        """The examples of these numbers, in this order; the test set stays."""
        wanted = None if self.wanted is None else self.wanted[rows]
        return dataclasses.replace(self, inputs=self.inputs.take(rows), wanted=wanted)

    def limited(self, limit: int | None) -> Dataset:
        """The first ``limit`` examples."""
        return self if limit is None or limit >= len(self) else self.take(np.arange(limit))

    def labels(self) -> Array:
        """The target as people call it: class names or values, (n,); raises DataError where there is no target."""
        if self.wanted is None:
            raise DataError(f"{self.name} has no target column; name one with target=")
        if self.class_names is not None and self.wanted.dtype.kind in "iu":
            return np.asarray(self.class_names)[self.wanted]
        return self.wanted

    def arrays(self, dtype: Any = np.float64) -> tuple[Array, Array]:
        """x (n, n_0) and y (n,): pixels from 0 to 1, other columns as they are; classes as numbers from 0, or values.

        Raises DataError where a column is no number or a cell is missing: such tables need a recipe
        (``backlit.data.Recipe.learn``, or ``backlit train``).
        """
        inputs, wanted = self.inputs, self.labels()
        if inputs.is_block:
            block = inputs.block.astype(dtype)
            x = block / np.dtype(dtype).type(self.white) if self.image else block
        else:
            for name in inputs.names:
                column = inputs.column(name)
                if kind_of(column) not in ("number", "boolean") or is_missing(column).any():
                    raise DataError(
                        f"{self.name}: column {name!r} has words or missing cells, so the table needs a recipe: "
                        "recipe = backlit.data.Recipe.learn(dataset); x = recipe.encode(dataset)"
                    )
            x = np.column_stack([inputs.column(name).astype(dtype) for name in inputs.names])
        if self.task == "classes":
            return x, np.unique(wanted, return_inverse=True)[
                1
            ] if self.wanted.dtype.kind not in "iu" else self.wanted
        return x, wanted.astype(dtype)

    def fingerprint(self) -> str:
        """SHA-256 of names and content."""
        digest = hashlib.sha256(repr((self.inputs.names, len(self))).encode())
        arrays = (
            [self.inputs.block]
            if self.inputs.is_block
            else [self.inputs.column(n) for n in self.inputs.names]
        )
        for array in [*arrays, self.wanted]:
            parts = (array.data, array.indices, array.indptr) if is_sparse(array) else (array,)
            for part in parts:
                objects = part is not None and part.dtype.kind == "O"
                digest.update(
                    repr(part.tolist()).encode()
                    if objects
                    else np.ascontiguousarray(part).data
                    if part is not None
                    else b""
                )
        return digest.hexdigest()


def with_target(table: Table, target: str | None, name: str) -> Dataset:
    """Splits the target's column off; raises DataError that lists the columns where it isn't clear which it is."""
    if target is None:
        usual = [column for column in table.names if column.lower() in ("target", "label", "class", "y")]
        if len(usual) != 1:
            listed = ", ".join(table.names[:12]) + (", …" if len(table.names) > 12 else "")
            raise UsageError(f"{name}: say which column is wanted (--target, target=); it has {listed}")
        target = usual[0]
    if not table.named and target.isdigit() and f"x{target}" in table.names:
        target = f"x{target}"
    wanted = table.column(target)
    inputs = table.without([target])
    if not inputs.names:
        raise DataError(f"{name} has no column besides the target {target!r}; there is nothing to learn from")
    return Dataset(name, inputs, wanted, target, task_of(wanted))


def task_of(wanted: Array) -> Task:
    """Classes for words, booleans and few whole numbers (at most 20, each at least ten times on average); else values."""
    kind = kind_of(wanted)
    if kind == "boolean" or wanted.dtype.kind == "O":
        return "classes"
    known = wanted[~is_missing(wanted)]
    distinct = np.unique(known)
    whole = wanted.dtype.kind in "iu"
    return "classes" if whole and len(distinct) <= 20 and len(known) >= 10 * len(distinct) else "values"
