"""Products that neither overflow nor underflow: a mantissa in [½, 1) and a power of 2 of any size, rounded as float64.

Where a plain product stays within float64, this is the same number to the last bit. Magnitudes only: signs are the
caller's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = Any
Scaled = tuple[Array, Array]  # mantissas, and powers of 2
ZERO = -(2**60)  # the power of 0, below every other
_CALM = 500  # powers of 2 whose products by two stay well within float64


class Table(NamedTuple):
    """Magnitudes of edges (…, n_next, n): scaled, and plain where products with them stay within float64."""

    scaled: Scaled
    plain: Array | None


def table(values: Array) -> Table:
    """The magnitudes of an array of edges."""
    scaled = split(values)
    return Table(scaled, _plain(scaled))


def largest_product(edges: Table, behind: Scaled) -> Scaled:
    """For each neuron the largest of edge times what is behind it: behind (c, n_next) gives (c, n).

    Plain products where that is safe, for they are the same to the last bit and several times as fast.
    """
    plain = _plain(behind)
    if edges.plain is not None and plain is not None:
        return split((edges.plain * plain[:, :, None]).max(axis=-2))
    mantissas, powers = behind
    return _largest(times(edges.scaled, (mantissas[:, :, None], powers[:, :, None])), axis=-2)


def _plain(values: Scaled) -> Array | None:
    mantissas, powers = values
    if (np.abs(powers[mantissas > 0]) > _CALM).any():
        return None
    return np.ldexp(mantissas, np.where(mantissas > 0, powers, 0).astype(np.int32))


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


def _largest(values: Scaled, axis: int) -> Scaled:
    """The largest along an axis."""
    mantissa, power = values
    highest = power.max(axis=axis, keepdims=True)
    return np.where(power == highest, mantissa, 0.0).max(axis=axis), np.squeeze(highest, axis)


def descending(values: Scaled) -> Array:
    """The places of a vector, the largest first; equal ones in their own order."""
    return np.lexsort((-values[0], -values[1]))
