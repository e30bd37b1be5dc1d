"""Inputs: from whatever rows people have to the array a^0 (n, n_0) that the equations take.

A plain numeric array is a^0 already, and stays as it is: engines read float32, float64 and bytes, of any strides, and
take them into the network's dtype a batch at a time. Anything with columns (a table, a frame, rows of mixed kinds) is
raw, and goes through the network's recipe. NaN and infinity are refused with their row and column: an array has no
missing values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import DataError
from .network import Network

Array = Any
_ROWS_AT_ONCE = 4096  # when looking through an array, so that no second one of its size is needed


@dataclass(frozen=True, eq=False)
class Pixels:
    """Inputs kept as bytes: ``levels`` (n, n_0) in uint8, read as levels / white whenever a batch is taken."""

    levels: Array
    white: float = 255.0

    def __post_init__(self) -> None:
        levels = np.asarray(self.levels)
        if levels.dtype != np.uint8 or levels.ndim != 2:
            raise DataError(f"pixels are uint8 of shape (n, n_0); got shape {levels.shape} of {levels.dtype}")
        if not (math.isfinite(self.white) and self.white > 0):
            raise DataError(f"white, the level read as 1, is a number above 0; got {self.white!r}")

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, n_0)."""
        return tuple(self.levels.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8: what is kept."""
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.levels)

    def __getitem__(self, rows: Any) -> Pixels:
        return Pixels(self.levels[rows], self.white)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        dtype = np.dtype(np.float64 if dtype is None else dtype)
        return np.divide(self.levels, dtype.type(self.white), dtype=dtype)


_KEPT = (
    np.dtype(np.float32),
    np.dtype(np.float64),
    np.dtype(np.uint8),
)  # dtypes that engines read as they are


def batch(X: Array, rows: Any, dtype: Any) -> Array:
    """These rows of encoded inputs in ``dtype``: dense (m, n_0), or CSR where X is."""
    plain = isinstance(X, np.ndarray) and isinstance(rows, np.ndarray)
    part: Any = X.take(rows, axis=0) if plain else X[rows]
    return np.asarray(part, dtype) if isinstance(part, Pixels) else part.astype(dtype, copy=False)


def encode_inputs(net: Network, x: Any) -> Array:
    """a^0 as (n, n_0): a dense array, scipy CSR or ``Pixels``; one example alone becomes one row.

    Arrays of float32, float64 and uint8 are not copied, whatever their strides; others become the network's dtype.
    Where n_0 is 1, a vector is n examples. Raises DataError.
    """
    if is_raw(x):
        if net.recipe is None:
            raise DataError(
                f"this network has no recipe for the columns of a {type(x).__name__}; "
                f"give a numeric array (n, {net.sizes[0]})"
            )
        x = net.recipe.encode(x)
    if isinstance(x, Pixels):
        rows: Array = x
    else:
        rows = _sparse_rows(net, x) if is_sparse(x) else _dense_rows(net, x)
    if len(rows.shape) != 2 or rows.shape[1] != net.sizes[0]:
        shape = tuple(np.shape(x))
        flat = len(shape) > 2 and math.prod(shape[1:]) == net.sizes[0]
        remedy = "; give x.reshape(len(x), -1)" if flat else ""
        raise DataError(f"inputs are (n, {net.sizes[0]}), a row an example; got shape {shape}{remedy}")
    if not isinstance(rows, Pixels):
        check_finite(rows, dtype=net.dtype)
    return rows


def _sparse_rows(net: Network, x: Any) -> Array:
    from scipy.sparse import csr_array

    _check_kind(x.dtype)
    rows = csr_array(x)
    return rows if rows.dtype in _KEPT else rows.astype(net.dtype)


def _dense_rows(net: Network, x: Any) -> Array:
    if isinstance(x, np.ma.MaskedArray):  # NumPy would show what is under the mask
        x = np.ma.filled(x.astype(np.promote_types(x.dtype, net.dtype)), np.nan)
    given = np.asarray(x)
    _check_kind(given.dtype)
    if given.ndim == 1:
        given = given[:, None] if net.sizes[0] == 1 else given[None, :]
    with np.errstate(over="ignore"):  # what overflows in float32 is found by check_finite
        return given if given.ndim == 0 or given.dtype in _KEPT else given.astype(net.dtype)


def _check_kind(dtype: Any) -> None:
    if dtype.kind not in "biuf":
        raise DataError(f"inputs are real numbers; got an array of {dtype}")


def is_sparse(x: Any) -> bool:
    """Whether x is one of scipy's sparse arrays or matrices, asked without importing scipy."""
    return type(x).__module__.startswith("scipy.sparse")


def is_raw(x: Any) -> bool:
    """Whether x is a table, frame or rows of mixed kinds, which only a recipe can read."""
    if is_sparse(x) or isinstance(x, (int, float, np.number, Pixels)):
        return False
    if isinstance(x, np.ndarray):
        return x.dtype.kind not in "biufc"
    if hasattr(x, "__array__") and not hasattr(x, "columns") and not hasattr(x, "column_names"):
        return False
    if isinstance(x, (list, tuple)):
        try:
            return np.asarray(x).dtype.kind not in "biufc"
        except ValueError:
            return True
    return True


def check_finite(rows: Array, what: str = "column", dtype: Any = np.float64) -> None:
    """Raises DataError that names the first row and column whose entry is not finite in ``dtype``."""
    if rows.dtype.kind != "f":
        return
    most = np.finfo(dtype).max if rows.dtype.itemsize > np.dtype(dtype).itemsize else np.inf
    if is_sparse(rows):
        bad = np.flatnonzero(~(np.isfinite(rows.data) & (abs(rows.data) <= most)))
        if bad.size:
            row = int(np.searchsorted(rows.indptr, bad[0], side="right")) - 1
            _refuse(row, int(rows.indices[bad[0]]), rows.data[bad[0]], what)
        return
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[start : start + _ROWS_AT_ONCE]
        finite = np.isfinite(part)
        if most < np.inf:
            finite &= abs(part) <= most
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            _refuse(start + int(row), int(column), part[row, column], what)


def _refuse(row: int, column: int, value: Any, what: str) -> None:
    kind = "NaN, a missing value" if np.isnan(value) else "infinite"
    remedy = "fill it in, or read the table with a recipe" if np.isnan(value) else "mend or drop the row"
    raise DataError(f"row {row}, {what} {column} is {kind}; {remedy}")
