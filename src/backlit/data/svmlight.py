"""svmlight files, sparse rows of ``label index:value …``, read with scikit-learn; what is wrong in them, said by line.

Indices are kept as they are written, so that two files of one set always mean the same columns: index 3 is column x3,
and where a file counts from 1, x0 is empty.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from .dataset import Dataset, classes_of, task_of
from .table import Table

_MOST_COLUMNS = 10_000_000  # a slip of the pen in one index would fill the memory with names of columns
_LONGEST = 20  # digits of an index that are shown


def read_svmlight(path: Path) -> Dataset:
    """The sparse rows and labels of a file, in gzip or not; raises DataError naming the line."""
    from scipy.sparse import csr_array
    from sklearn.datasets import load_svmlight_file

    try:
        block, wanted = load_svmlight_file(str(path), zero_based=True)
    except (ValueError, OverflowError, OSError, EOFError, zlib.error) as reason:
        raise DataError(
            _fault(path)
            or f"{path} is no svmlight file ({reason}); save it again, or under the ending of its kind"
        ) from reason
    if not block.shape[0]:
        raise DataError(f"{path} has no rows; an svmlight file has a line an example: save it again")
    if block.shape[1] > _MOST_COLUMNS:
        raise DataError(str(_fault(path)))
    if not (np.isfinite(wanted).all() and np.isfinite(block.data).all()):
        raise DataError(_fault(path) or f"{path} has a number that is not finite; mend it or drop the line")
    whole = bool((wanted == np.floor(wanted)).all() and (abs(wanted) < 2**53).all())
    y: Any = wanted.astype(np.int64) if whole else wanted
    task = task_of(y)
    table = Table(block=csr_array(block), source=str(path))
    return Dataset(path.name, table, y, "y", task, classes_of(y) if task == "classes" else None)


def _fault(path: Path) -> str | None:
    """The first line that is not as the format wants it, in words."""
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as reason:
            return f"{path} is no whole gzip file ({reason}); fetch or make it again"
    for number, line in enumerate(raw.splitlines(), start=1):
        try:
            what = _fault_of(line.decode("utf-8"))
        except UnicodeDecodeError as reason:
            what = f"byte 0x{line[reason.start]:02x} is not UTF-8; save the file as UTF-8"
        if what:
            return f"{path}, line {number}: {what}"
    return None


def _fault_of(line: str) -> str | None:
    label, *pairs = line.partition("#")[0].split() or [""]
    if not label:
        return None
    if not _is_finite(label):
        return f"{label!r} is no number, and a line begins with one, as in 1 3:0.5; mend the line or drop it"
    last = -1
    for pair in pairs:
        if pair.startswith("qid:"):
            continue
        index, colon, value = pair.partition(":")
        if not (colon and index.isdecimal() and _is_finite(value)):
            return f"{pair!r} is not index:value with a whole index and a finite number, as in 3:0.5; mend it"
        if len(index) > _LONGEST or int(index) >= _MOST_COLUMNS:
            cut = index if len(index) <= _LONGEST else f"{index[:_LONGEST]}…"
            return f"index {cut} is too large, as there may be {_MOST_COLUMNS:,} columns; number them anew"
        if int(index) <= last:
            return f"index {index} comes after {last}, and the indices of a line ascend; sort them, each once"
        last = int(index)
    return None


def _is_finite(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
