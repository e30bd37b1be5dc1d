"""The rule of a block of numbers without names: pixels scaled, dense columns standardised, sparse ones left as
they are.

Pixels that are bytes stay bytes (``Pixels``), and engines divide a batch of them at a time. Any other block is encoded
in one float copy, made a few thousand rows at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import DataError
from ..inputs import Pixels, is_sparse
from ..spelling import counted
from .cells import as_number, as_numbers, is_missing, kind_of
from .columns import moments
from .dataset import Dataset, refuse_infinite, refuse_not_finite
from .table import Table

Array = Any
_ROWS_AT_ONCE = 4096
_COLUMNS_AT_ONCE = 64


class Block:
    """``mean`` and ``deviation`` (n_0,) are those of training, or None; ``white`` is a fully lit pixel where there
    is an image.
    """

    def __init__(
        self,
        width: int,
        *,
        image: tuple[int, int] | None,
        white: float,
        mean: Array = None,
        deviation: Array = None,
    ) -> None:
        self.width, self.image, self.white = width, image, white
        self.mean = None if mean is None else np.asarray(mean, dtype=np.float64)
        self.deviation = None if deviation is None else np.asarray(deviation, dtype=np.float64)

    @classmethod
    def learn(cls, table: Table, dataset: Dataset, *, standardise: bool) -> Block:
        """The rule of the training part's block; raises DataError naming row and column of a number that is not
        finite.
        """
        refuse_not_finite(table)
        block = table.block
        width = int(block.shape[1])
        if dataset.image is not None or not standardise or is_sparse(block):
            return cls(width, image=dataset.image, white=dataset.white)
        found = np.empty((2, width))
        for start in range(0, width, _COLUMNS_AT_ONCE):
            part = block[:, start : start + _COLUMNS_AT_ONCE].astype(np.float64)
            for k in range(part.shape[1]):
                found[:, start + k] = moments(part[:, k], table, table.names[start + k])
        return cls(width, image=None, white=1.0, mean=found[0], deviation=found[1])

    def inputs(self) -> tuple[str, ...]:
        """The names of its inputs: "pixel (1,5)", or x0, x1, …"""
        if self.image:
            return tuple(
                f"pixel ({row},{column})" for row in range(self.image[0]) for column in range(self.image[1])
            )
        return tuple(f"x{k}" for k in range(self.width))

    def encode(self, table: Table, dtype: Any) -> Array:
        """a^0 (n, n_0): dense or CSR in ``dtype``, or Pixels; raises DataError naming row and column."""
        dtype = np.dtype(dtype)
        if not table.is_block:
            table = _as_block(table)
        block = self._of_our_width(table)
        refuse_not_finite(table)
        if is_sparse(block):
            return (
                block.astype(dtype)
                if self.mean is None and not self.image
                else self._scaled(block.toarray(), dtype)
            )
        if self.image and block.dtype == np.uint8:
            return Pixels(block, self.white)
        return self._scaled(block, dtype)

    def _scaled(self, block: Array, dtype: Any) -> Array:
        rows = np.empty(block.shape, dtype=dtype)  # the one float copy
        for start in range(0, len(block), _ROWS_AT_ONCE):
            here = slice(start, start + _ROWS_AT_ONCE)
            if self.image:
                np.divide(block[here], dtype.type(self.white), out=rows[here], casting="unsafe")
            elif self.mean is None or self.deviation is None:
                rows[here] = block[here]
            else:  # in float64, since a large mean would cost float32 its digits
                scaled = (block[here] - self.mean) / np.where(self.deviation > 0, self.deviation, 1)
                rows[here] = np.where(self.deviation > 0, scaled, 0)
        return rows

    def _of_our_width(self, table: Table) -> Array:
        """The block; a sparse one that ends early goes on with zeros, as svmlight writes them."""
        block, width = table.block, int(table.block.shape[1])
        if is_sparse(block) and width < self.width:
            from scipy.sparse import csr_array

            return csr_array((block.data, block.indices, block.indptr), shape=(block.shape[0], self.width))
        if width != self.width:
            raise DataError(
                f"{table.source} has {counted(width, 'column')}, and the model was trained on {self.width:,}; give the "
                "same columns in the same order"
            )
        return block

    def describe(self) -> list[tuple[str, str]]:
        """(column, rule) in words."""
        if self.image:
            height, width = self.image
            return [
                (f"{height} × {width} pixels", f"divided by {self.white:g}, so that they lie from 0 to 1")
            ]
        if self.mean is None or self.deviation is None:
            return [(counted(self.width, "number"), "taken as they are")]
        return [
            (
                name,
                f"standardised: mean {mean:.4g}, deviation {deviation:.4g}"
                if deviation
                else "constant in training, taken as 0",
            )
            for name, mean, deviation in zip(self.inputs(), self.mean, self.deviation, strict=True)
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "width": self.width,
            "image": None if self.image is None else list(self.image),
            "white": self.white,
            "mean": None if self.mean is None else self.mean.tolist(),
            "deviation": None if self.deviation is None else self.deviation.tolist(),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Block:
        """The inverse of ``to_json``."""
        image = None if plain["image"] is None else (int(plain["image"][0]), int(plain["image"][1]))
        return cls(
            int(plain["width"]),
            image=image,
            white=float(plain["white"]),
            mean=plain["mean"],
            deviation=plain["deviation"],
        )


def _as_block(table: Table) -> Table:
    """A table of columns as one block of numbers."""
    columns = []
    for name in table.names:
        column = table.column(name)
        gaps = is_missing(column)
        if kind_of(column) not in ("number", "boolean"):
            row = next(
                i for i, cell in enumerate(column.tolist()) if cell is not None and as_number(cell) is None
            )
            raise DataError(
                f"{table.cell(row, name)}: {column[row]!r} is not a number, and the model was trained on numbers "
                "there; mend it"
            )
        if gaps.any():
            raise DataError(
                f"{table.cell(np.argmax(gaps), name)} is missing, and the model was trained on arrays, which have "
                "no missing "
                "values; fill it in"
            )
        numbers = as_numbers(column)
        refuse_infinite(numbers, table, name)
        columns.append(numbers)
    return table.as_block(np.column_stack(columns))
