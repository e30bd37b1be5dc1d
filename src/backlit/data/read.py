"""Files of any known kind as data sets: found out by name and, for IDX, by content. Every error names the file.

CSV and TSV, NPY and NPZ, IDX, svmlight, scipy's sparse NPZ, Parquet and Feather.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, missing
from .dataset import Dataset, task_of, with_target
from .idx import labels_beside, read_idx
from .mnist import images_and_labels
from .table import Table
from .text import read_text

Array = Any
_TEXT = (".csv", ".tsv", ".tab", ".txt", ".data")
_SVMLIGHT = (".svm", ".svmlight", ".libsvm")
_ARROW = (".parquet", ".pq", ".feather", ".arrow", ".ipc")
KINDS = "CSV, TSV, NPY, NPZ, IDX, svmlight, Parquet, Feather"


def load_file(path: Path, *, target: str | None = None, header: bool | None = None) -> Dataset:
    """The data set in a file; raises DataError for one that can't be read as what its name says."""
    _check_path(path)
    try:
        return _load(path, target, header)
    except PermissionError as reason:
        raise DataError(f"{path} can't be read: permission denied") from reason
    except MemoryError as reason:
        raise DataError(f"{path} is too large for this machine's memory; take a part of it") from reason


def load_rows(path: Path, target: str | None = None) -> Dataset:
    """The rows of a file to predict on: the target's column is taken off where the file has it, and may be missing."""
    _check_path(path)
    suffix = next((one.lower() for one in reversed(path.suffixes) if one.lower() != ".gz"), "")
    try:
        if suffix in _TEXT:
            table = read_text(path)
        elif suffix in _ARROW:
            table = _arrow(path, suffix)
        elif suffix == ".npy":
            table = Table.from_any(_load_npy(path), str(path))
        else:
            return load_file(path, target=target)
    except PermissionError as reason:
        raise DataError(f"{path} can't be read: permission denied") from reason
    if target is not None and target in table.names:
        return with_target(table, target, path.name)
    return Dataset(path.name, table)


def _check_path(path: Path) -> None:
    if not path.exists():
        raise DataError(f"{path}: there is no such file, and no data set of that name")
    if path.is_dir():
        raise DataError(f"{path} is a directory; give a file ({KINDS})")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty")


def _load(path: Path, target: str | None, header: bool | None) -> Dataset:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    last = suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else (suffixes or [""])[-1]
    if "idx" in path.name.lower() and last not in _TEXT:
        return _idx(path)
    if last in _TEXT:
        return with_target(read_text(path, header=header), target, path.name)
    if last in (".npy", ".npz"):
        return _numpy(path, target)
    if last in _SVMLIGHT:
        return _svmlight(path)
    if last in _ARROW:
        return with_target(_arrow(path, last), target, path.name)
    raise DataError(f"{path}: {last or 'no ending'} is not a known kind of file; known are {KINDS}")


def _idx(path: Path) -> Dataset:
    if "labels" in path.name:
        raise DataError(
            f"{path} holds labels; give the file of images, {path.name.replace('labels', 'images').replace('idx1', 'idx3')}"
        )
    if read_idx(path).ndim != 3:
        raise DataError(f"{path} has not the three dimensions of images (number, height, width)")
    return images_and_labels(path.name, path, labels_beside(path))


def _numpy(path: Path, target: str | None) -> Dataset:
    content = _load_npy(path)
    if isinstance(content, Mapping):
        return _npz(path, dict(content), target)
    return with_target(Table.from_any(content, str(path)), target, path.name)


def _load_npy(path: Path) -> Any:
    """The array of an NPY file, or the arrays of an NPZ by name."""
    try:
        found = np.load(path, allow_pickle=False)
        return (
            {name: found[name] for name in found.files} if isinstance(found, np.lib.npyio.NpzFile) else found
        )
    except ValueError as reason:
        if "pickle" in str(reason).lower():
            raise DataError(
                f"{path} holds Python objects, which are never unpickled here; save plain arrays of numbers"
            ) from reason
        raise DataError(f"{path} is not a whole NumPy file: {reason}") from reason
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError) as reason:
        raise DataError(f"{path} is not a whole NumPy file, or it was cut off: {reason}") from reason


_X_NAMES = ("x", "X", "data", "inputs", "features", "x_train", "X_train", "images")
_Y_NAMES = ("y", "Y", "target", "targets", "labels", "label", "y_train", "Y_train")


def _npz(path: Path, arrays: dict[str, Array], target: str | None) -> Dataset:
    if {"format", "data", "indices", "indptr", "shape"} <= set(arrays):
        import scipy.sparse

        return with_target(
            Table(block=scipy.sparse.csr_array(scipy.sparse.load_npz(path)), source=str(path)),
            target,
            path.name,
        )
    if {"x_test", "y_test"} <= set(arrays) and {"x_train", "y_train"} <= set(arrays):
        import dataclasses

        test = _pair(path, arrays["x_test"], arrays["y_test"])
        return dataclasses.replace(_pair(path, arrays["x_train"], arrays["y_train"]), test=test)
    x = next((arrays[name] for name in _X_NAMES if name in arrays), None)
    y = arrays.get(target) if target else next((arrays[name] for name in _Y_NAMES if name in arrays), None)
    if x is None or y is None:
        raise DataError(
            f"{path} has the arrays {', '.join(arrays)}; the inputs should be called x (or data, features) and the target y "
            "(or target, labels)"
        )
    return _pair(path, x, y)


def _pair(path: Path, x: Array, y: Array) -> Dataset:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1 or len(x) != len(y):
        raise DataError(
            f"{path}: x has the shape {x.shape} and y {y.shape}; one target is needed for each row of x"
        )
    image = (int(x.shape[1]), int(x.shape[2])) if x.ndim == 3 else None
    table = Table.from_any(x, str(path))
    if table.is_block and table.block.dtype.kind == "f" and not np.isfinite(table.block).all():
        row, column = np.argwhere(~np.isfinite(table.block))[0]
        raise DataError(
            f"{path}, row {row}, column {column} is {table.block[row, column]}; an array has no missing values: mend it"
        )
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise DataError(
            f"{path}, row {int(np.argmin(np.isfinite(y)))}: the target is {y[~np.isfinite(y)][0]}; mend it"
        )
    wanted = y.astype(object) if y.dtype.kind in "US" else y.astype(np.int64) if y.dtype.kind in "iu" else y
    white = 255.0 if x.dtype == np.uint8 else 1.0
    task = "classes" if image else task_of(wanted)
    return Dataset(path.name, table, wanted, "y", task, image=image, white=white)  # type: ignore[arg-type]


def _svmlight(path: Path) -> Dataset:
    from scipy.sparse import csr_array
    from sklearn.datasets import load_svmlight_file

    try:
        block, wanted = load_svmlight_file(str(path))
    except (ValueError, OSError, EOFError, zlib.error) as reason:
        raise DataError(f"{path} is not an svmlight file (label index:value …): {reason}") from reason
    if not block.shape[0]:
        raise DataError(f"{path} has no rows")
    whole = bool((wanted == np.floor(wanted)).all())
    y = wanted.astype(np.int64) if whole else wanted
    return Dataset(path.name, Table(block=csr_array(block), source=str(path)), y, "y", task_of(y))


def _arrow(path: Path, kind: str) -> Table:
    try:
        import pyarrow
        from pyarrow import feather, parquet
    except ImportError as reason:
        raise missing("pyarrow", "tables", f"reading {path.name}") from reason
    try:
        found = parquet.read_table(path) if kind in (".parquet", ".pq") else feather.read_table(path)
    except (pyarrow.ArrowException, OSError, ValueError) as reason:
        raise DataError(
            f"{path} is not a whole {kind[1:].capitalize()} file, or it was cut off: {str(reason).splitlines()[0]}"
        ) from reason
    if not found.num_rows:
        raise DataError(f"{path} has no rows")
    return Table.from_any(found, str(path))
