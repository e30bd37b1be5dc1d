"""The same numbers with 50 digits, by mpmath."""

from __future__ import annotations

from typing import Any

import numpy as np

from backlit.namespaces import mpmath_namespace

Array = Any
EXACT = mpmath_namespace(50)
_lift = np.frompyfunc(EXACT.constant, 1, 1)


def lift(u: Array) -> Array:
    """A float array as 50-digit numbers, without rounding."""
    return np.asarray(_lift(np.asarray(u)), dtype=object)


def lower(u: Array) -> Array:
    """50-digit numbers, rounded to float64."""
    return np.asarray(u, dtype=object).astype(float)
