"""A table: named columns of one length, as they were read, before any recipe. Or one block of numbers, dense or CSR.

A column is a one-dimensional array: numbers (NaN where a cell is missing), booleans, or words (None where missing). A
block keeps pixels as the uint8 they are, and sparse rows sparse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ..errors import DataError, nearest
from ..inputs import is_sparse

Array = Any
Kind = Literal["number", "boolean", "words", "other"]
MISSING = frozenset({"", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "None", "<NA>"})


class Table:
    """``names`` and the columns, or a block (n, k). ``named`` says whether the names are the data's own."""

    def __init__(
        self,
        columns: Mapping[str, Array] | None = None,
        *,
        block: Array = None,
        names: Sequence[str] | None = None,
        source: str = "the table",
        first_row: int = 0,
    ) -> None:
        self.source = source
        self.first_row = (
            first_row  # what messages call the first row: 2 for a file with a heading, 0 for an array
        )
        self.block = block
        self.named = columns is not None or names is not None
        if columns is not None:
            self._columns = {str(name): column for name, column in columns.items()}
            self.names = tuple(self._columns)
            lengths = {len(column) for column in self._columns.values()}
            if len(lengths) > 1:
                raise DataError(f"{source}: its columns have different lengths: {sorted(lengths)}")
            self.n = lengths.pop() if lengths else 0
        else:
            self._columns = {}
            self.n, width = block.shape
            self.names = tuple(names) if names is not None else tuple(f"x{k}" for k in range(width))

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        return f"<Table of {self.n:,} rows and {len(self.names):,} columns, {self.source}>"

    @property
    def is_block(self) -> bool:
        return self.block is not None

    def column(self, name: str) -> Array:
        """One column, (n,); raises DataError with the nearest name."""
        if name in self._columns:
            return self._columns[name]
        if self.is_block and name in self.names:
            found = self.block[:, [self.names.index(name)]]
            return (found.toarray() if is_sparse(found) else found).reshape(-1)
        raise DataError(f"{self.source} has no column {name!r}{self._hint(name)}")

    def _hint(self, name: str) -> str:
        close = nearest(name, self.names)
        listed = ", ".join(self.names[:12]) + (", …" if len(self.names) > 12 else "")
        return (f"; did you mean {close!r}?" if close else ";") + f" It has {listed}"

    def take(self, rows: Array) -> Table:
        """The rows of these numbers, in this order."""
        if self.is_block:
            return self._like(block=self.block[rows])
        return self._like(columns={name: column[rows] for name, column in self._columns.items()})

    def without(self, names: Sequence[str]) -> Table:
        """The table without these columns; raises DataError for one that it hasn't got."""
        for name in names:
            if name not in self.names:
                raise DataError(f"{self.source} has no column {name!r}{self._hint(name)}")
        kept = [name for name in self.names if name not in names]
        if self.is_block:
            places = [self.names.index(name) for name in kept]
            return self._like(block=self.block[:, places], names=kept)
        return self._like(columns={name: self._columns[name] for name in kept})

    def _like(self, columns: Any = None, block: Any = None, names: Any = None) -> Table:
        given = names if names is not None else (self.names if self.named and block is not None else None)
        return Table(columns, block=block, names=given, source=self.source, first_row=self.first_row)

    def row_name(self, row: int) -> str:
        """What a message calls a row: as an editor counts lines for a file, from 0 for an array."""
        return f"row {row + self.first_row}"

    @classmethod
    def from_any(cls, given: Any, source: str | None = None) -> Table:
        """A Table of arrays, structured arrays, scipy sparse, dicts, lists of rows, and any frame that narwhals reads.

        Raises DataError for what is none of these.
        """
        name = source or f"the {type(given).__name__}"
        if isinstance(given, Table):
            return given
        if isinstance(getattr(given, "table", None), Table):
            found: Table = given.table
            return found
        if is_sparse(given):
            from scipy.sparse import csr_array

            return cls(block=csr_array(given), source=name)
        if isinstance(given, Mapping):
            return cls(
                {str(key): as_column(list(value), name, str(key)) for key, value in given.items()},
                source=name,
            )
        if isinstance(given, np.ndarray):
            return _from_array(given, name)
        if isinstance(given, (list, tuple)):
            return _from_rows(list(given), name)
        return _from_frame(given, name)


def kind_of(column: Array) -> Kind:
    """What a column holds."""
    if column.dtype.kind == "b":
        return "boolean"
    if column.dtype.kind in "iuf":
        return "number"
    return "words" if all(value is None or isinstance(value, str) for value in column.tolist()) else "other"


def is_missing(column: Array) -> Array:
    """Where a column has no value, (n,) of bool."""
    if column.dtype.kind == "f":
        return np.isnan(column)
    if column.dtype.kind == "O":
        return np.array([value is None for value in column.tolist()], dtype=bool)
    return np.zeros(len(column), dtype=bool)


def as_column(values: list[Any], source: str, name: str) -> Array:
    """A column from a list of Python values of one kind, None or NaN where missing."""
    missing = [
        value is None or value != value or (isinstance(value, str) and value.strip() in MISSING)
        for value in values
    ]
    there = [value for value, gone in zip(values, missing, strict=True) if not gone]
    if all(isinstance(value, (bool, np.bool_)) for value in there) and there and not any(missing):
        return np.array(values, dtype=bool)
    if all(
        isinstance(value, (int, np.integer)) and not isinstance(value, bool) for value in there
    ) and not any(missing):
        return np.array(values, dtype=np.int64)
    if all(isinstance(value, (int, float, np.number)) for value in there):
        return np.array(
            [np.nan if gone else float(value) for value, gone in zip(values, missing, strict=True)]
        )
    column = np.empty(len(values), dtype=object)
    column[:] = [
        None if gone else str(value) if isinstance(value, (str, bool, int, float, np.number)) else value
        for value, gone in zip(values, missing, strict=True)
    ]
    return column


def _from_array(given: Array, source: str) -> Table:
    if given.dtype.names:
        return Table(
            {name: as_column(given[name].tolist(), source, name) for name in given.dtype.names}, source=source
        )
    if given.ndim > 2 and given.dtype.kind in "biuf":
        given = given.reshape(len(given), -1)
    if given.ndim != 2:
        raise DataError(f"{source} has {given.ndim} dimensions; a table has two, a row an example")
    if given.dtype.kind in "iuf":
        return Table(block=given, source=source)
    columns = {f"x{k}": as_column(given[:, k].tolist(), source, f"x{k}") for k in range(given.shape[1])}
    table = Table(columns, source=source)
    table.named = False
    return table


def _from_rows(rows: list[Any], source: str) -> Table:
    if rows and all(isinstance(row, Mapping) for row in rows):
        names = list(dict.fromkeys(name for row in rows for name in row))
        return Table({n: as_column([row.get(n) for row in rows], source, n) for n in names}, source=source)
    widths = {len(row) if isinstance(row, (list, tuple, np.ndarray)) else -1 for row in rows}
    if len(widths) != 1 or -1 in widths:
        raise DataError(f"{source} is no table: give rows of one length, dicts, an array or a frame")
    columns = {f"x{k}": as_column([row[k] for row in rows], source, f"x{k}") for k in range(widths.pop())}
    table = Table(columns, source=source)
    table.named = False
    return table


def _from_frame(given: Any, source: str) -> Table:
    """pandas, polars, Arrow and whatever else narwhals reads."""
    import narwhals as nw

    try:
        frame = nw.from_native(given, eager_only=True)
    except TypeError as reason:
        raise DataError(
            f"{source} is no table: give an array, a scipy sparse array, a dict of columns, or a pandas, polars or Arrow table"
        ) from reason
    repeated = [name for name in frame.columns if list(frame.columns).count(name) > 1]
    if repeated:
        raise DataError(f"{source} has two columns named {repeated[0]!r}; rename one")
    return Table({str(name): _from_series(frame[name]) for name in frame.columns}, source=source)


def _from_series(series: Any) -> Array:
    if series.dtype.is_numeric() and not series.is_null().any():
        column = series.to_numpy()
        if column.dtype.kind in "iu":
            return column.astype(np.int64)
        if column.dtype.kind == "f":
            return column.astype(np.float64)
    return as_column(series.to_list(), "the frame", str(series.name))
