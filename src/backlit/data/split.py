"""Splitting rows into those to learn from and those to hold out: seeded, and of every class the same part."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError, UsageError
from ..randomness import as_seed

Array = Any


def split(n: int, fraction: float, *, seed: int = 0, stratify: Any = None) -> tuple[Array, Array]:
    """The numbers of the rows to keep and of those to hold out, both sorted: ``fraction`` of n, drawn by ``seed``.

    With ``stratify`` (n,), labels of any kind, it is that fraction of every class. Training's ``validation=`` and the
    command line's ``--held-out`` split by the same rule. Raises UsageError, and DataError for labels that don't fit.
    """
    from ..sets import split_rows

    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 2:
        raise UsageError(f"n is a number of rows, at least 2; got {n!r}")
    if isinstance(fraction, bool) or not isinstance(fraction, (int, float)) or not 0 < fraction < 1:
        raise UsageError(f"fraction lies between 0 and 1, such as 0.2; got {fraction!r}")
    groups = None if stratify is None else np.asarray(stratify)
    if groups is not None and groups.shape != (n,):
        raise DataError(f"stratify has one label for each of the {n:,} rows; got the shape {groups.shape}")
    if groups is not None and groups.dtype.kind == "O":
        groups = groups.astype(str)
    return split_rows(int(n), float(fraction), as_seed(seed), groups, "fraction")
