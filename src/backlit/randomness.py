"""All randomness of Backlit: one integer seeds everything, split by purpose and by place.

A stream is a function of (seed, purpose, index), never of what was drawn before. So the order of epoch 7 can be drawn
without epochs 1 to 6, which is what lets a resumed run end in the same bits as one that was never stopped.
"""

from __future__ import annotations

import operator
from typing import Literal

import numpy as np

from .errors import UsageError
from .spelling import spelt

Purpose = Literal["initialisation", "order", "dropout", "split", "data"]
_POOL = 4  # words that a SeedSequence keeps, and fills up with zeros where a place comes behind the seed
_PURPOSES: tuple[Purpose, ...] = ("initialisation", "order", "dropout", "split", "data")


def as_seed(seed: object) -> int:
    """``seed`` as a Python integer; raises UsageError where it isn't an integer ≥ 0."""
    try:
        number = operator.index(seed)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if isinstance(seed, bool) or number < 0:
        raise UsageError(f"{spelt('seed')} must be an integer ≥ 0; got {seed!r}")
    return number


def stream(seed: int, purpose: Purpose, *index: int) -> np.random.Generator:
    """The generator for one purpose and place (a layer, an epoch), independent of all others."""
    place = (_PURPOSES.index(purpose), *index)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=place)))


def words(seed: int, purpose: Purpose, *index: int) -> list[int]:
    """What ``stream``'s SeedSequence mixes, in words of 32 bits, for an engine that draws the same by itself."""
    own = _in_words(seed)
    place = (_PURPOSES.index(purpose), *index)
    return own + [0] * (_POOL - len(own)) + [word for number in place for word in _in_words(number)]


def _in_words(number: int) -> list[int]:
    found = [number & 0xFFFFFFFF]
    while number := number >> 32:
        found.append(number & 0xFFFFFFFF)
    return found


def order_of_epoch(seed: int, epoch: int, n: int, shuffle: bool = True) -> np.ndarray:
    """The order in which epoch ``epoch`` (from 1, over all fits of a network) visits n examples, (n,)."""
    return stream(seed, "order", epoch).permutation(n) if shuffle else np.arange(n)


def dropout_key(seed: int) -> int:
    """The 64-bit Philox key of a seed's dropout masks."""
    return int(stream(seed, "dropout").integers(0, 2**64, dtype=np.uint64))
