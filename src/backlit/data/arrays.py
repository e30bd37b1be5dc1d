"""NPY and NPZ files: one array whose columns are a table, or the arrays x and y; never a pickle."""

from __future__ import annotations

import dataclasses
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from .dataset import Dataset, classes_of, task_of, with_target
from .mnist import as_image
from .table import Table, one_channel

Array = Any
_X_NAMES = ("x", "X", "data", "inputs", "features", "images", "x_train", "X_train")
_Y_NAMES = ("y", "Y", "target", "targets", "labels", "label", "y_train", "Y_train")
_SPARSE = {"format", "data", "shape"}  # of scipy.sparse.save_npz


def read_npy(path: Path) -> Table:
    """The table in an NPY file; raises DataError."""
    content = _load(path)
    if isinstance(content, dict):
        raise DataError(f"{path} holds several arrays, as an NPZ file does; give it the ending .npz")
    return Table.from_any(content, str(path))


def read_npz(path: Path, target: str | None) -> Dataset:
    """The data set in an NPZ file: x and y, x_train to y_test, or scipy's sparse rows; raises DataError."""
    arrays = _load(path)
    if not isinstance(arrays, dict):
        raise DataError(f"{path} holds one array, as an NPY file does; give it the ending .npy")
    if set(arrays) >= _SPARSE:
        return with_target(Table(block=_sparse(path), source=str(path)), target, path.name)
    if {"x_train", "y_train", "x_test", "y_test"} <= set(arrays):
        test = _pair(path, arrays["x_test"], arrays["y_test"], "x_test", "y_test")
        return dataclasses.replace(
            _pair(path, arrays["x_train"], arrays["y_train"], "x_train", "y_train"), test=test
        )
    x_name = next((name for name in _X_NAMES if name in arrays), None)
    y_name = target if target in arrays else next((name for name in _Y_NAMES if name in arrays), None)
    if x_name is None or y_name is None or x_name == y_name:
        raise DataError(
            f"{path} has the arrays {', '.join(arrays) or '(none)'}; call the inputs x (or data, features) and the "
            "target y "
            "(or target, labels)"
        )
    return _pair(path, arrays[x_name], arrays[y_name], x_name, y_name)


def _load(path: Path) -> Any:
    """The array of an NPY file, or the arrays of an NPZ by name."""
    try:
        with path.open("rb") as file:  # np.load given a path leaves a damaged file open
            found = np.load(file, allow_pickle=False)
            if isinstance(found, np.lib.npyio.NpzFile):
                found = {name: found[name] for name in found.files}
    except (
        ValueError,
        EOFError,
        OSError,
        KeyError,
        SyntaxError,
        tokenize.TokenError,
        zipfile.BadZipFile,
        zlib.error,
    ) as reason:
        if isinstance(reason, PermissionError):
            raise
        pickled = "pickle" in str(reason).lower()
        if pickled and _is_pickle(path):
            raise DataError(
                f"{path} holds Python objects, which are never unpickled here; save plain arrays of numbers or words"
            ) from reason
        what = "it does not begin as one" if pickled else str(reason) or "it ends at once"
        raise DataError(
            f"{path} is no whole NumPy file, or it was cut off ({what}); save it again"
        ) from reason
    else:
        return found


def _is_pickle(path: Path) -> bool:
    """Whether NumPy's word about pickles means objects within a whole file, or merely that it is none of its own."""
    return path.read_bytes()[:2] in (b"PK", b"\x93N", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def _sparse(path: Path) -> Array:
    import scipy.sparse

    try:
        return scipy.sparse.csr_array(scipy.sparse.load_npz(path))
    except (ValueError, KeyError, IndexError, NotImplementedError) as reason:
        raise DataError(
            f"{path} is no whole file of scipy's sparse rows ({reason}); save it again"
        ) from reason


def _pair(path: Path, x: Array, y: Array, x_name: str, y_name: str) -> Dataset:
    y = _one_target(y)
    if y.ndim != 1 or x.ndim < 2 or len(x) != len(y):
        raise DataError(
            f"{path}: {x_name} has the shape {x.shape} and {y_name} {y.shape}; x is (n, …), and y has one target "
            "for each row"
        )
    if not x.size:
        raise DataError(f"{path}: {x_name} is empty, with the shape {x.shape}; a table has a row an example")
    x = one_channel(x)
    image, white = as_image(x) if x.ndim == 3 and x.dtype.kind in "iuf" else (None, 1.0)
    table = Table.from_any(x, str(path))
    wanted = _wanted(y, path, y_name)
    task = "classes" if image and wanted.dtype.kind != "f" else task_of(wanted)
    return Dataset(
        path.name,
        table,
        wanted,
        y_name,
        task,
        classes_of(wanted) if task == "classes" else None,
        image,
        white,
    )


def _one_target(y: Array) -> Array:
    """A column as a vector, and one-hot rows as class numbers; anything else as it is."""
    if y.ndim == 2 and y.shape[1] == 1:
        return y[:, 0]
    one_hot = y.ndim == 2 and y.shape[1] > 1 and y.dtype.kind in "biuf" and ((y == 0) | (y == 1)).all()
    return y.argmax(axis=1) if one_hot and (y.sum(axis=1) == 1).all() else y


def _wanted(y: Array, path: Path, name: str) -> Array:
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        row = int(np.argmin(np.isfinite(y)))
        raise DataError(
            f"{path}, row {row}, {name}: the target is {y[row]}, and an array has no missing values; mend or drop it"
        )
    if y.dtype.kind == "S":
        y = np.char.decode(y, "utf-8")
    if y.dtype.kind == "U":
        return y.astype(object)
    if y.dtype.kind not in "biuf":
        raise DataError(f"{path}: {name} is an array of {y.dtype}; targets are numbers, booleans or words")
    return y.astype(np.int64) if y.dtype.kind in "iu" else y
