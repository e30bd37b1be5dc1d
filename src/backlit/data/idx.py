"""IDX files, MNIST's format: a magic number with type and dimensions, the sizes, then the numbers; in gzip or not."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from ..spelling import counted

Array = Any
_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_DIMENSIONS = 4


def read_idx(path: Path) -> Array:
    """The array in an IDX file, in the shape that it names, read-only; raises DataError for a file that isn't one
    or isn't whole.
    """
    raw = path.read_bytes()
    zipped = raw[:2] == b"\x1f\x8b"
    if zipped:
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as reason:
            raise DataError(
                f"{path} was cut off or damaged ({reason}); delete it and fetch it again"
            ) from reason
    if len(raw) < 4:
        raise DataError(
            f"{path} has {counted(len(raw), 'byte')}; an IDX file begins with 4 that name its type; fetch it again"
        )
    if raw[0] or raw[1] or raw[2] not in _TYPES or not 1 <= raw[3] <= _DIMENSIONS:
        if path.suffix == ".gz" and not zipped:
            raise DataError(f"{path} is called .gz, and is neither gzip nor IDX; fetch it again")
        raise DataError(
            f"{path} begins with the magic number 0x{raw[:4].hex()}, and an IDX file's is 0x0000TTDD (type, "
            "dimensions), such as 0x00000803 for images; fetch it again, or rename it after what it is"
        )
    start = 4 + 4 * raw[3]
    if len(raw) < start:
        raise DataError(f"{path} ends within its own sizes; it was cut off; delete it and fetch it again")
    shape = tuple(int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3]))
    dtype = np.dtype(_TYPES[raw[2]])
    expected = math.prod(shape) * dtype.itemsize
    if len(raw) - start != expected:
        raise DataError(
            f"{path} says {' × '.join(f'{size:,}' for size in shape)} numbers, which are {expected:,} bytes, and it "
            "has "
            f"{len(raw) - start:,}; its sizes don't add up; delete it and fetch it again"
        )
    return (
        np.frombuffer(raw, dtype=dtype, offset=start)
        .reshape(shape)
        .astype(dtype.newbyteorder("="), copy=False)
    )


def labels_beside(path: Path) -> Path:
    """The labels that belong to an images file, by MNIST's naming; raises DataError where there are none."""
    name = path.name.replace("images", "labels").replace("idx3", "idx1")
    for candidate in (name, name.removesuffix(".gz"), f"{name}.gz"):
        beside = path.with_name(candidate)
        if candidate != path.name and beside.exists():
            return beside
    raise DataError(
        f"{path}: its labels should be beside it as {name if name != path.name else '…-labels-idx1-ubyte'} (MNIST's "
        "naming: …-images-idx3-ubyte, …-labels-idx1-ubyte); put them there, or save both as NPZ with x and y"
    )
