"""Files of any known kind as data sets, told apart by name: CSV and TSV, NPY and NPZ, IDX, svmlight, Parquet and
Feather.

Each kind is read in a file of its own; here is which one, and what is wrong with a path. Every error names the path.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import DataError, missing
from .arrays import read_npy, read_npz
from .dataset import Dataset, with_target
from .idx import labels_beside, read_idx
from .images import is_image
from .mnist import images_and_labels
from .svmlight import read_svmlight
from .table import Table
from .text import read_text

_TEXT = (".csv", ".tsv", ".tab", ".txt", ".data")
_SVMLIGHT = (".svm", ".svmlight", ".libsvm")
_PARQUET, _ARROW = (".parquet", ".pq"), (".feather", ".arrow", ".ipc")
_TABLES = (*_TEXT, *_PARQUET, *_ARROW, ".npy")
KINDS = (
    ".csv, .tsv, .npy, .npz, .svmlight, .parquet, .feather (.csv, .svmlight and IDX in gzip as well), or IDX"
)


def load_file(path: Path, *, target: str | None = None, header: bool | None = None) -> Dataset:
    """The data set in a file; raises DataError for one that can't be read as what its name says."""
    return _guarded(path, target, header, need_target=True)


def load_rows(
    path: Path, target: str | None = None, *, header: bool | None = None, recipe: Any = None
) -> Dataset:
    """The rows of a file to predict on: the target's column is taken off where the file has it, and may be missing.

    Where columns have no names, their number says whether the target is among them, if the model's ``recipe`` is given.
    """
    return _guarded(path, target, header, need_target=False, recipe=recipe)


def exists(path: Path) -> bool:
    """Whether there is anything at the path; raises DataError where that can't be seen."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except PermissionError as reason:
        raise DataError(f"{path} can't be read: permission denied; ask its owner") from reason
    except (OSError, ValueError):  # a name that no file can have
        return False
    return True


def _guarded(
    path: Path, target: str | None, header: bool | None, *, need_target: bool, recipe: Any = None
) -> Dataset:
    if not exists(path):
        raise DataError(f"{path}: there is no such file; look at its name and folder")
    if path.is_dir():
        if any(is_image(one) for one in path.iterdir()):
            raise _picture(path, "a folder of pictures")
        raise DataError(f"{path} is a directory; give a file ({KINDS})")
    if not path.is_file():
        raise DataError(f"{path} is no regular file; save the data as a file ({KINDS})")
    try:
        if path.stat().st_size == 0:
            raise DataError(f"{path} is empty; fetch or save it again")
        return _load(path, target, header, need_target, recipe)
    except PermissionError as reason:
        raise DataError(f"{path} can't be read: permission denied; ask its owner") from reason
    except MemoryError as reason:
        raise DataError(f"{path} is too large for this machine's memory; take a part of it") from reason


def _load(path: Path, target: str | None, header: bool | None, need_target: bool, recipe: Any) -> Dataset:
    kind = kind_of_file(path)
    if kind in _TABLES:
        table = _table(path, kind, header)
        if need_target or (target is not None and _has(table, target, recipe)):
            return with_target(table, target, path.name)
        return Dataset(path.name, table)
    if header is not None:
        raise DataError(f"{path}: only CSV and TSV files have a heading; leave header= away")
    if kind == ".npz":
        return read_npz(path, target)
    return read_svmlight(path) if kind in _SVMLIGHT else _idx(path)


def kind_of_file(path: Path) -> str:
    """The ending that says what kind of file it is, ".idx" for MNIST's; raises DataError for one that isn't known."""
    endings = [ending.lower() for ending in path.suffixes if ending.lower() != ".gz"]
    last = endings[-1] if endings else ""
    if last in (*_TABLES, *_SVMLIGHT, ".npz"):
        return last
    if "idx" in path.name.lower():
        return ".idx"
    if is_image(path):
        raise _picture(path, "a picture")
    raise DataError(f"{path}: {last or 'a name without ending'} is no known kind of file; known are {KINDS}")


def _picture(path: Path, what: str) -> DataError:
    return DataError(
        f"{path} is {what}, which only predict takes, with a model that was trained on images; give a table, or images "
        "with their labels, such as NPZ with x (n, height, width) and y"
    )


def _table(path: Path, kind: str, header: bool | None) -> Table:
    if kind in _TEXT:
        return read_text(path, header=header)
    table = read_npy(path) if kind == ".npy" else _arrow(path, kind)
    if not len(table):
        raise DataError(f"{path} has no rows; a table has a row an example")
    return table


def _has(table: Table, target: str, recipe: Any) -> bool:
    """Whether the target's column is in the table; without names of their own, columns are counted."""
    if table.named or recipe is None:
        return target in table.names
    return len(table.names) == int(recipe.width) + 1


def _idx(path: Path) -> Dataset:
    if "labels" in path.name:
        images = path.name.replace("labels", "images").replace("idx1", "idx3")
        raise DataError(f"{path} holds labels; give the file of images, {images}")
    if read_idx(path).ndim != 3:
        raise DataError(
            f"{path} has not the three dimensions of images (number, height, width); give the file of images"
        )
    return images_and_labels(path.name, path, labels_beside(path))


def _arrow(path: Path, kind: str) -> Table:
    try:
        import pyarrow as pa
        from pyarrow import feather, ipc, parquet
    except ImportError as reason:
        raise missing("pyarrow", "tables", f"reading {path.name}") from reason
    what = "Parquet" if kind in _PARQUET else "Feather or Arrow"
    try:
        if kind in _PARQUET:
            found = parquet.ParquetFile(path).read()
        elif path.read_bytes()[:6] in (b"ARROW1", b"FEA1"):
            found = feather.read_table(path)
        else:
            found = ipc.open_stream(path.read_bytes()).read_all()
    except (pa.ArrowException, OSError, ValueError) as reason:
        if isinstance(reason, PermissionError):
            raise
        first = str(reason).splitlines()[0] if str(reason) else type(reason).__name__
        raise DataError(
            f"{path} is no whole {what} file, or it was cut off ({first}); save it again"
        ) from reason
    return Table.from_any(found, str(path))
