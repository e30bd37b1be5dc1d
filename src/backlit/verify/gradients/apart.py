"""Mistakes that give the same numbers on these examples: an example that would tell them apart, or that none can.

Found by trying: the mistakes are made on other examples (variants.py), until their numbers differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .setting import Setting
from .variants import simulated

if TYPE_CHECKING:
    from .explained import Explained

Array = Any
_DIFFERENT = 1e-6


def apart(found: Explained, names: tuple[str, ...], layers: tuple[int, ...] = ()) -> str | None:
    """A sentence: what to add or change so that the numbers differ, or that they never do; None if unknown."""
    s = found.setting
    tried = False
    for said, other in _others(s):
        made = [simulated(other, name, layers) for name in names]
        flat = [None if one is None else _flat(one) for one in made]
        known = [one for one in flat if one is not None]
        if len(known) < len(names):
            continue
        tried = True
        if all(np.abs(one - known[0]).max() > _DIFFERENT * np.abs(known[0]).max() for one in known[1:]):
            return f"To tell them apart, {said}."
    return "No example tells them apart: the numbers are always the same." if tried else None


def _flat(parts: tuple[list[Array], list[Array]]) -> Array:
    return np.concatenate([one.reshape(-1) for side in parts for one in side[1:]])


def _others(s: Setting) -> Iterator[tuple[str, Setting]]:
    """Other examples, the likest first, each with what to do in words."""
    if s.masks is not None or s.batch is not None:
        return
    one_more = np.vstack([s.X, -s.X[:1] + 0.5]), np.vstack([s.Y, s.Y[:1]])
    m = len(one_more[0])
    yield (
        f"add an example, which makes them {m}: the first with every input x replaced by 0.5 − x",
        s.of(*one_more, np.full(m, 1 / m)),
    )
    if s.m > 1:
        yield "give the first example alone", s.of(s.X[:1], s.Y[:1], np.ones(1))
    yield "replace every input x by 0.5 − x", s.of(0.5 - s.X, s.Y, s.share)
