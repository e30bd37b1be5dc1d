"""A table: named columns of one length, as they were read, before any recipe. Or one block of numbers, dense or CSR.

A block keeps pixels as the uint8 they are, and sparse rows sparse. What a column is stands in cells.py. A table knows
what its rows are called where it came from, so that a message about row 17 of a shuffled half still names the
right line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ..errors import DataError, nearest
from ..inputs import is_sparse
from ..spelling import counted
from .cells import as_column, is_missing, kind_of

__all__ = ["Table", "as_target", "is_missing", "kind_of"]

Array = Any


class Table:
    """``names`` and the columns, or a block (n, k). ``named`` says whether the names are the data's own.

    ``numbers`` (n,) are what messages call the rows, counted from 0 where not given; ``unit`` is "row", or "line" in a
    text file.
    """

    def __init__(
        self,
        columns: Mapping[str, Array] | None = None,
        *,
        block: Array = None,
        names: Sequence[str] | None = None,
        named: bool | None = None,
        source: str = "the table",
        numbers: Array = None,
        unit: Literal["row", "line"] = "row",
    ) -> None:
        self.source, self.unit, self._numbers = source, unit, numbers
        self.block = block
        self.named = named if named is not None else columns is not None or names is not None
        if columns is not None:
            self._columns = dict(columns)
            self.names = tuple(self._columns)
            lengths = {len(column) for column in self._columns.values()}
            if len(lengths) > 1:
                raise DataError(
                    f"{source}: its columns have different lengths, {_list(sorted(lengths))}; give each the same"
                )
            self.n = lengths.pop() if lengths else 0
        else:
            self._columns = {}
            self.n, width = (int(size) for size in block.shape)
            self.names = tuple(names) if names is not None else tuple(f"x{k}" for k in range(width))

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        return f"<Table of {counted(self.n, 'row')} and {counted(len(self.names), 'column')}, {self.source}>"

    @property
    def is_block(self) -> bool:
        """Whether it is one block of numbers."""
        return self.block is not None

    def column(self, name: str) -> Array:
        """One column, (n,); raises DataError with the nearest name."""
        if name in self._columns:
            return self._columns[name]
        self.require([name])
        found = self.block[:, [self.names.index(name)]]
        return (found.toarray() if is_sparse(found) else found).reshape(-1)

    def require(self, names: Sequence[str]) -> None:
        """Raises DataError for the first of these columns that the table hasn't got, with the nearest name."""
        present = set(self.names)
        for name in names:
            if name not in present:
                close = nearest(name, self.names)
                hint = f"did you mean {close!r}? It" if close else "it"
                raise DataError(f"{self.source} has no column {name!r}; {hint} {self._has()}")

    def _has(self) -> str:
        """Which columns there are, for a message; those without names of their own are counted from 0."""
        if self.named or not self.names:
            return f"has {_list(self.names)}"
        columns = counted(len(self.names), "column")
        return f"has {columns} without names, counted from {self.names[0]} to {self.names[-1]}"

    def take(self, rows: Array) -> Table:
        """The rows of these numbers (or where a mask is true), in this order."""
        places = np.arange(self.n)[rows]
        numbers = places if self._numbers is None else self._numbers[places]
        if self.is_block:
            return self._like(numbers, block=self.block[places], names=self.names)
        return self._like(numbers, columns={name: column[places] for name, column in self._columns.items()})

    def without(self, names: Sequence[str]) -> Table:
        """The table without these columns; raises DataError for one that it hasn't got."""
        self.require(names)
        gone = set(names)
        kept = [name for name in self.names if name not in gone]
        if self.is_block:
            places = [k for k, name in enumerate(self.names) if name not in gone]
            return self._like(self._numbers, block=self.block[:, places], names=kept)
        return self._like(self._numbers, columns={name: self._columns[name] for name in kept})

    def _like(self, numbers: Array, **content: Any) -> Table:
        return Table(**content, named=self.named, source=self.source, numbers=numbers, unit=self.unit)

    def as_block(self, block: Array) -> Table:
        """The same rows with this block (n, k) for content, the columns' names kept."""
        return self._like(self._numbers, block=block, names=self.names)

    def row_name(self, row: int | np.integer[Any]) -> str:
        """What a message calls a row: as an editor counts lines for a text file, else from 0."""
        return f"{self.unit} {int(row if self._numbers is None else self._numbers[row])}"

    def cell(self, row: int | np.integer[Any], name: str) -> str:
        """Where a cell is, for a message: "people.csv, line 7, column 'age'"."""
        return f"{self.source}, {self.row_name(row)}, column {name!r}"

    @classmethod
    def from_any(cls, given: Any, source: str | None = None) -> Table:
        """A Table of arrays, structured arrays, scipy sparse, dicts, lists of rows, and any frame that narwhals reads.

        Raises DataError for what is none of these.
        """
        if isinstance(given, Table):
            return given
        inside = getattr(given, "inputs", None)
        if isinstance(inside, Table):  # a Dataset
            return inside
        name = source or f"the {type(given).__name__}"
        if is_sparse(given):
            from scipy.sparse import csr_array

            return cls(block=csr_array(given), source=name)
        if isinstance(given, Mapping):
            return cls(_by_name([(key, list(value)) for key, value in given.items()], name), source=name)
        if isinstance(given, np.ndarray):
            return _from_array(given, name)
        if isinstance(given, (list, tuple)):
            return _from_rows(list(given), name)
        return _from_frame(given, name)


def as_target(given: Any) -> Array:
    """A target as a column, (n,), from an array, a list, or a series of any frame."""
    if isinstance(given, np.ndarray) and given.dtype.kind in "biuf":
        return given.reshape(-1) if given.ndim == 2 and given.shape[1] == 1 else given
    if not isinstance(given, (np.ndarray, list, tuple)) and hasattr(given, "to_numpy"):
        given = given.to_numpy()
    return as_column(np.asarray(given).reshape(-1).tolist() if isinstance(given, np.ndarray) else list(given))


def _by_name(columns: Sequence[tuple[Any, Any]], source: str) -> dict[str, Array]:
    """Lists or finished columns by name; raises DataError for a name that comes twice."""
    found: dict[str, Array] = {}
    for key, values in columns:
        if str(key) in found:
            raise DataError(f"{source} has two columns named {str(key)!r}; rename one")
        found[str(key)] = as_column(values) if isinstance(values, list) else values
    return found


def _from_array(given: Array, source: str) -> Table:
    if given.dtype.names:
        return Table(
            _by_name([(name, given[name].tolist()) for name in given.dtype.names], source), source=source
        )
    given = one_channel(given)
    if given.ndim == 3 and given.dtype.kind in "biuf":
        given = given.reshape(len(given), -1)
    if given.ndim != 2:
        raise DataError(
            f"{source} has {counted(given.ndim, 'dimension')}; a table has two, a row an example, and grey pictures "
            "have three, (n, height, width); reshape it"
        )
    if given.dtype.kind in "iuf":
        return Table(block=given, source=source)
    columns = {f"x{k}": as_column(given[:, k].tolist()) for k in range(given.shape[1])}
    return Table(columns, named=False, source=source)


def one_channel(pictures: Array) -> Array:
    """Pictures (n, height, width, 1) as (n, height, width); anything else as it is."""
    return pictures[..., 0] if pictures.ndim == 4 and pictures.shape[3] == 1 else pictures


def _from_rows(rows: list[Any], source: str) -> Table:
    if rows and all(isinstance(row, Mapping) for row in rows):
        names = list(dict.fromkeys(name for row in rows for name in row))
        return Table(
            _by_name([(name, [row.get(name) for row in rows]) for name in names], source), source=source
        )
    widths = [len(row) if isinstance(row, (list, tuple, np.ndarray)) else None for row in rows]
    if not rows or widths[0] is None or any(width != widths[0] for width in widths):
        odd = next((row for row, width in enumerate(widths) if width is None or width != widths[0]), 0)
        where = f" (row {odd} is not like row 0)" if odd else ""
        raise DataError(f"{source} is no table{where}; give rows of one length, dicts, an array or a frame")
    columns = {f"x{k}": as_column([row[k] for row in rows]) for k in range(widths[0])}
    return Table(columns, named=False, source=source)


def _from_frame(given: Any, source: str) -> Table:
    """pandas, polars, Arrow and whatever else narwhals reads."""
    import narwhals as nw
    from narwhals.exceptions import DuplicateError

    try:
        frame = nw.from_native(given, eager_only=True)
        names = list(frame.columns)
    except TypeError as reason:
        raise DataError(
            f"{source} is no table; give an array, a scipy sparse array, a dict of columns, or a pandas, polars or "
            "Arrow table (a lazy one collected)"
        ) from reason
    except DuplicateError as reason:
        raise DataError(
            f"{source} has two columns of one name; rename one ({str(reason).splitlines()[0]})"
        ) from reason
    return Table(_by_name([(name, _from_series(frame[name])) for name in names], source), source=source)


def _from_series(series: Any) -> Array | list[Any]:
    if series.dtype.is_numeric() and not series.dtype.is_decimal():
        if not series.is_null().any():
            column = series.to_numpy()
            if column.dtype.kind in "iu" and (
                column.dtype != np.uint64 or not len(column) or column.max() < 2**63
            ):
                return column.astype(np.int64)
        import narwhals as nw

        return np.array(series.cast(nw.Float64).to_numpy(), dtype=np.float64)
    return list(series.to_list())


def _list(names: Sequence[object]) -> str:
    return ", ".join(map(str, names[:12])) + (f", … ({len(names):,} in all)" if len(names) > 12 else "")
