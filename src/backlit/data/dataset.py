"""A data set: a table, what is wanted of each row, and what is known about both (classes, images, a test set of
its own).
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..errors import DataError, UsageError
from ..inputs import Pixels, is_sparse
from ..spelling import counted, spelt
from .cells import as_numbers, is_missing, kind_of
from .table import Table

Array = Any
Task = Literal["classes", "values"]
_USUAL_TARGETS = ("target", "label", "labels", "class", "y")
_FEW = 20  # whole numbers with at most so many different ones are classes …
_ROWS_AT_ONCE = 4096  # when looking through a block, so that no second one of its size is needed
_OFTEN = 10  # … where each comes so often on average


@dataclass(frozen=True, eq=False)
class Dataset:
    """``inputs`` are the columns to learn from; ``wanted`` (n,) is the target's column, None where there is none.

    ``classes`` are the labels in the order of their numbers, of the whole set even where a part is held. ``image`` is
    (height, width) where the inputs are pixels, ``white`` the number of a fully lit one. ``test`` is the set's own
    test set.
    """

    name: str
    inputs: Table
    wanted: Array = None
    target: str | None = None
    task: Task | None = None
    classes: tuple[Any, ...] | None = None
    image: tuple[int, int] | None = None
    white: float = 1.0
    test: Dataset | None = None
    about: str = ""

    def __len__(self) -> int:
        return len(self.inputs)

    def __repr__(self) -> str:
        what: str = self.task or "no target"
        if self.classes is not None:
            what = counted(len(self.classes), "class", "classes")
        size = f"{counted(len(self), 'example')}, {counted(len(self.inputs.names), 'input')}"
        return f"<Dataset {self.name}: {size}, {what}>"

    @property
    def source(self) -> str:
        """Where the rows come from: a path, or the set's name."""
        return self.inputs.source

    @property
    def table(self) -> Table:
        """The raw columns, the target's as the last where there is one."""
        if self.wanted is None:
            return self.inputs
        columns = {name: self.inputs.column(name) for name in self.inputs.names}
        return Table({**columns, str(self.target): self.wanted}, named=self.inputs.named, source=self.source)

    def take(self, rows: Array) -> Dataset:
        """The examples of these numbers (or where a mask is true), in this order; the test set stays."""
        wanted = None if self.wanted is None else self.wanted[rows]
        return dataclasses.replace(self, inputs=self.inputs.take(rows), wanted=wanted)

    def limited(self, limit: int | None) -> Dataset:
        """The first ``limit`` examples."""
        return self if limit is None or limit >= len(self) else self.take(np.arange(limit))

    def labels(self) -> Array:
        """The target as people call it, (n,): class names or values; raises DataError where there is no target."""
        if self.wanted is None:
            raise DataError(f"{self.name} has no target column; name one with {spelt('target', ...)}")
        return self.wanted

    def arrays(self, dtype: Any = np.float64) -> tuple[Array, Array]:
        """x (n, n_0), dense or CSR, and y (n,): pixels from 0 to 1, other columns as they are; classes as numbers
        from 0, or values.

        With ``dtype=np.uint8`` pixels that are bytes stay so, uncopied: x is ``Pixels``, which every verb of a network
        takes. Raises UsageError where there are none, and DataError where a column holds words or a cell is missing or
        infinite: such a table needs a recipe.
        """
        dtype = np.dtype(dtype)
        if dtype == np.uint8:
            return self._pixels(), self._plain_target(np.dtype(np.float64))
        if self.inputs.is_block:
            block = self.inputs.block
            refuse_not_finite(self.inputs)
            x = np.divide(block, dtype.type(self.white), dtype=dtype) if self.image else block.astype(dtype)
        else:
            x = np.empty((len(self), len(self.inputs.names)), dtype=dtype)
            for k, name in enumerate(self.inputs.names):
                x[:, k] = self._plain(name)
        return x, self._plain_target(dtype)

    def _pixels(self) -> Pixels:
        """The bytes of a block of pixels; raises UsageError where there are none."""
        block = self.inputs.block if self.inputs.is_block and self.image else None
        if block is None or is_sparse(block) or block.dtype != np.uint8:
            what = "inputs" if block is None else "pixels"
            are = "no pixels" if block is None else "sparse" if is_sparse(block) else block.dtype
            raise UsageError(
                f"arrays(np.uint8) gives pixels that are bytes, and the {what} of {self.name} are {are}; "
                "take np.float32 or np.float64"
            )
        return Pixels(block, self.white)

    def _plain(self, name: str) -> Array:
        column = self.inputs.column(name)
        gaps = is_missing(column)
        if kind_of(column) not in ("number", "boolean") or gaps.any():
            what = f"a missing cell ({self.inputs.row_name(np.argmax(gaps))})" if gaps.any() else "words"
            raise DataError(
                f"{self.source}: column {name!r} holds {what}, so the table needs a recipe: "
                "recipe = backlit.data.Recipe.learn(dataset); x = recipe.encode(dataset)"
            )
        numbers = as_numbers(column)
        refuse_infinite(numbers, self.inputs, name)
        return numbers

    def _plain_target(self, dtype: Any) -> Array:
        wanted = self.labels()
        gaps = is_missing(wanted)
        if gaps.any():
            where = self.inputs.row_name(np.argmax(gaps))
            raise DataError(
                f"{self.source}, {where}: the target {self.target!r} is missing; drop the row or fill it in"
            )
        if self.task == "values":
            return wanted.astype(dtype)
        number = {label: k for k, label in enumerate(self.classes or ())}
        return np.array([number[label] for label in wanted.tolist()], dtype=np.int64)

    def fingerprint(self) -> str:
        """SHA-256 of names, kinds and content, in hexadecimal."""
        digest = hashlib.sha256(repr((self.inputs.names, len(self), self.target)).encode())
        arrays = (
            [self.inputs.block]
            if self.inputs.is_block
            else [self.inputs.column(name) for name in self.inputs.names]
        )
        for array in arrays if self.wanted is None else [*arrays, self.wanted]:
            for part in (array.data, array.indices, array.indptr) if is_sparse(array) else (array,):
                digest.update(repr((part.dtype.str, part.shape)).encode())
                content = (
                    repr(part.tolist()).encode()
                    if part.dtype.kind == "O"
                    else np.ascontiguousarray(part).data
                )
                digest.update(content)
        return digest.hexdigest()


def with_target(table: Table, target: str | None, name: str) -> Dataset:
    """Splits the target's column off; raises UsageError that lists the columns where it isn't clear which it is."""
    if target is None:
        target = _usual_target(table, name)
    if not table.named and target.isdecimal() and f"x{target}" in table.names:
        target = f"x{target}"
    wanted = table.column(target)
    inputs = table.without([target])
    if not inputs.names:
        raise DataError(f"{name} has no column besides the target {target!r}; there is nothing to learn from")
    if kind_of(wanted) == "other":
        raise DataError(
            f"{name}: the target {target!r} holds neither numbers nor words; turn it into one of them"
        )
    task = task_of(wanted)
    return Dataset(name, inputs, wanted, target, task, classes_of(wanted) if task == "classes" else None)


def refuse_other_target(dataset: Dataset, target: str | None) -> None:
    """Raises UsageError where the data has a target of its own and another was asked for."""
    unnamed = None if dataset.inputs.named else f"x{target}"
    if dataset.target not in (target, unnamed) and target is not None:
        raise UsageError(
            f"the target of {dataset.name} is {dataset.target!r}; leave {spelt('target', target)} away"
        )


def _usual_target(table: Table, name: str) -> str:
    usual = [column for column in table.names if column.lower() in _USUAL_TARGETS]
    if len(usual) == 1:
        return usual[0]
    listed = ", ".join(table.names[:12]) + (", …" if len(table.names) > 12 else "")
    raise UsageError(f"{name}: say which column is wanted, with {spelt('target', ...)}; it has {listed}")


def task_of(wanted: Array) -> Task:
    """Classes for words, booleans and few whole numbers (at most 20, each ten times on average); else values."""
    if kind_of(wanted) != "number":
        return "classes"
    if wanted.dtype.kind not in "iu":
        return "values"
    distinct = len(np.unique(wanted))
    return "classes" if distinct <= _FEW and len(wanted) >= _OFTEN * distinct else "values"


def classes_of(wanted: Array) -> tuple[Any, ...]:
    """The different labels as plain Python values, sorted; missing ones are none."""
    there = set(wanted[~is_missing(wanted)].tolist())
    return tuple(sorted(there, key=lambda label: (isinstance(label, str), label)))


def refuse_infinite(numbers: Array, table: Table, name: str) -> None:
    """Raises DataError that names the first row of the column whose number is infinite."""
    infinite = np.isinf(numbers)
    if infinite.any():
        raise DataError(
            f"{table.cell(np.argmax(infinite), name)} is infinite; mend or drop the row, or leave the column out"
        )


def refuse_not_finite(table: Table) -> None:
    """Raises DataError that names the first row and column of a block whose number is not finite."""
    block = table.block
    if block.dtype.kind != "f":
        return
    if is_sparse(block):
        bad = np.flatnonzero(~np.isfinite(block.data))
        if bad.size:
            row = int(np.searchsorted(block.indptr, bad[0], side="right")) - 1
            _refuse(table, row, int(block.indices[bad[0]]), block.data[bad[0]])
        return
    for start in range(0, len(block), _ROWS_AT_ONCE):
        finite = np.isfinite(block[start : start + _ROWS_AT_ONCE])
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            _refuse(table, start + int(row), int(column), block[start + row, column])


def _refuse(table: Table, row: int, column: int, value: Any) -> None:
    what = "NaN, and an array has no missing values; fill it in" if np.isnan(value) else "infinite; mend it"
    raise DataError(f"{table.cell(row, table.names[column])} is {what} or drop the row")
