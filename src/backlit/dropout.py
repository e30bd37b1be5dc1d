"""Dropout masks as a function, not a stream: Philox4x32-10 of (step, layer, position in the batch, neuron).

So every engine and every dtype draws the same mask, whatever was drawn before. A neuron is kept where the generator's
first word is below ⌊keep·2³²⌋, and is then scaled by 1/keep. Philox: Salmon et al. 2011, "Parallel random numbers: as
easy as 1, 2, 3"; the tests hold its published vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from .errors import UsageError
from .spelling import spelt, worded

Array = Any
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


def philox(counter: Sequence[Array], key: tuple[int, int]) -> tuple[Array, Array, Array, Array]:
    """The four 32-bit output words of Philox4x32-10, as uint64 arrays, of four counter words that broadcast."""
    words = np.broadcast_arrays(*(np.asarray(word, dtype=np.uint64) for word in counter))
    c0, c1, c2, c3 = words
    k0, k1 = key
    for _ in range(10):
        high = _MULTIPLIERS[0] * c0
        low = _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (
            (low >> _SHIFT) ^ c1 ^ np.uint64(k0),
            low & _LOW,
            (high >> _SHIFT) ^ c3 ^ np.uint64(k1),
            high & _LOW,
        )
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return c0, c1, c2, c3


def mask(keep: float, key: int, step: int, layer: int, rows: int, neurons: int, dtype: Any) -> Array:
    """(rows, neurons) of 0 and 1/keep: the mask of one layer in one step."""
    positions = np.arange(rows, dtype=np.uint64)[:, None]
    counter = (step & 0xFFFFFFFF, layer, positions, np.arange(neurons, dtype=np.uint64)[None, :])
    words = philox(counter, (key & 0xFFFFFFFF, key >> 32))[0]
    return np.where(words < np.uint64(threshold(keep)), 1 / keep, 0.0).astype(dtype)


def threshold(keep: float) -> int:
    """⌊keep·2³²⌋: a neuron is kept where the generator's word is below it."""
    return int(keep * 2**32)


def masks(
    keeps: Sequence[float] | None, key: int, step: int, rows: int, sizes: Sequence[int], dtype: Any
) -> Any:
    """The masks of all layers 0 … L of one step, None where everything is kept; None altogether without dropout."""
    if keeps is None:
        return None
    return [
        None if keep == 1 else mask(keep, key, step, layer, rows, sizes[layer], dtype)
        for layer, keep in enumerate(keeps)
    ]


def check_rates(dropout: Any, L: int) -> tuple[float, ...] | None:
    """``dropout`` as the part to *keep* of each layer 0 … L, or None where nothing is dropped.

    One rate is for the hidden layers; a list gives those of layers 0 (the input) to L − 1. Raises UsageError.
    """
    one = isinstance(dropout, Real) and not isinstance(dropout, bool)
    listed = [0.0, *[dropout] * (L - 1)] if one else dropout
    if not isinstance(listed, (list, tuple)) or not all(
        isinstance(rate, Real) and not isinstance(rate, bool) for rate in listed
    ):
        raise UsageError(
            f"{spelt('dropout')} is one rate for the hidden layers, or a list of rates; got {dropout!r}"
        )
    rates = [float(rate) for rate in listed]
    if len(rates) != L:
        raise UsageError(
            f"{spelt('dropout')} is one rate for the hidden layers, or a list of {L}: for layers 0 (the input) to "
            f"{L - 1}; got {len(rates)}"
        )
    if one and L == 1 and dropout:
        remedy = worded("give [rate] to drop inputs", "leave it out")
        raise UsageError(f"{spelt('dropout')} is for hidden layers and this network has none; {remedy}")
    for layer, rate in enumerate(rates):
        if not 0 <= rate < 1:
            raise UsageError(f"a dropout rate is at least 0 and below 1; got {rate} for layer {layer}")
        if threshold(1 - rate) == 0:
            raise UsageError(
                f"a dropout rate keeps at least one neuron in 2³²; got {rate!r} for layer {layer}, which keeps none"
            )
    return (*(1 - rate for rate in rates), 1.0) if any(rates) else None
