"""Products that neither overflow nor underflow: a mantissa in [½, 1) and a power of 2 of any size, rounded as float64.

Where a plain product stays within float64, this is the same number to the last bit. Magnitudes only: signs are the
caller's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any
Scaled = tuple[Array, Array]  # mantissas, and powers of 2
ZERO = -(2**60)  # the power of 0, below every other


def split(values: Array) -> Scaled:
    """The magnitudes of an array."""
    mantissa, power = np.frexp(np.abs(values))
    return mantissa, np.where(mantissa == 0, ZERO, power.astype(np.int64))


def times(left: Scaled, right: Scaled) -> Scaled:
    """Entry by entry; both are broadcast."""
    mantissa = left[0] * right[0]
    below = mantissa < 0.5
    mantissa = np.where(below, mantissa + mantissa, mantissa)
    return mantissa, np.where(mantissa == 0, ZERO, left[1] + right[1] - below)


def largest(values: Scaled, axis: int) -> Scaled:
    """The largest along an axis."""
    mantissa, power = values
    highest = power.max(axis=axis, keepdims=True)
    return np.where(power == highest, mantissa, 0.0).max(axis=axis), np.squeeze(highest, axis)


def descending(values: Scaled) -> Array:
    """The places of a vector, the largest first; equal ones in their own order."""
    return np.lexsort((-values[0], -values[1]))
