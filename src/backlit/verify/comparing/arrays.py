"""Numbers as other people hold them: lists, NumPy arrays, tensors of PyTorch or JAX; and how far they can be trusted.

What a file or a library means by an array is decided where it is read; here are only the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...errors import UsageError

Array = Any
EPS = {
    "float16": float(np.finfo(np.float16).eps),
    "float32": float(np.finfo(np.float32).eps),
    "float64": float(np.finfo(np.float64).eps),
}
_FEWEST, _MOST = 3, 8  # decimals that an array may have been rounded to: fewer may be friendly numbers


def as_array(value: Any, what: str) -> Array:
    """``value`` as an array of real numbers in its own dtype; raises UsageError that calls it ``what``."""
    if hasattr(
        value, "detach"
    ):  # a tensor of PyTorch, perhaps on another device or with a gradient of its own
        value = value.detach().cpu()
        if "bfloat16" in str(value.dtype):  # NumPy has none
            value = value.float()
        value = value.numpy()
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError):
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise UsageError(f"{what} is an array of real numbers; got {_short(value)}")
    return array


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def eps_of(arrays: Iterable[Array], least: float = EPS["float64"]) -> float:
    """The relative rounding of the coarsest of these arrays, at least ``least``.

    Numbers that all are those of a coarser dtype count as of that one: a float32 computation kept as float64.
    """
    found = least
    for array in arrays:
        own = EPS.get(array.dtype.name, least)
        if array.dtype == np.float64 and array.size:
            finite = array[np.isfinite(array)]
            with np.errstate(all="ignore"):
                single = np.array_equal(finite.astype(np.float32).astype(np.float64), finite)
            friendly = np.array_equal(np.round(finite * 1024), finite * 1024)
            if single and not friendly:
                own = EPS["float32"]
        found = max(found, own)
    return found


def rounded_to(array: Array) -> float:
    """Half a unit of the last decimal where all numbers are rounded to 3 to 8 decimals; else 0."""
    finite = array[np.isfinite(array)].astype(np.float64)
    if not finite.size or np.abs(finite).max() > 1e6:
        return 0.0
    for decimals in range(_FEWEST, _MOST + 1):
        if np.array_equal(np.round(finite, decimals), finite):
            return 0.5 * 10.0**-decimals if not np.array_equal(np.round(finite, 2), finite) else 0.0
    return 0.0


def distance(one: Array, other: Array) -> float:
    """The largest difference of two arrays; infinite where the one has a NaN or infinity that the other has not."""
    if one.shape != other.shape:
        return math.inf
    finite = np.isfinite(one) & np.isfinite(other)
    if not finite.all():
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        if not (finite | same).all():
            return math.inf
    return float(np.abs(one[finite] - other[finite]).max(initial=0.0))


def largest(array: Array) -> float:
    """The largest absolute value of the finite entries."""
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def digits(difference: float, scale: float) -> float:
    """To how many digits of ``scale`` two arrays agree that differ by so much: 0 to 16."""
    if not difference:
        return 16.0
    if not scale or not math.isfinite(difference):
        return 0.0
    return float(min(16.0, max(0.0, -math.log10(difference / scale))))
