"""What all paths come to, without listing them: their sum, and the sums of the positive and of the negative ones.

Matrix products over the layered graph from P back to Q: the positive paths behind a neuron are positive factors times
positive paths and negative factors times negative ones. Rows are kept near 1 by powers of 2, so that deep
networks neither overflow nor vanish on the way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .graph import Graph

Array = Any


@dataclass(frozen=True)
class Masses:
    """``total``, ``positive`` and ``negative`` (≤ 0), each to be multiplied by 2 to the ``power``."""

    total: float
    positive: float
    negative: float
    power: int

    @property
    def mass(self) -> float:
        """Σ |contribution|, to be multiplied by 2 to the ``power``."""
        return self.positive - self.negative

    def plain(self, value: float) -> float:
        """One of the numbers with its power, infinite where it is beyond float64."""
        return ldexp(value, self.power)


def ldexp(value: float, power: int) -> float:
    """value · 2^power, infinite where that overflows."""
    try:
        return math.ldexp(value, power)
    except OverflowError:
        return math.copysign(math.inf, value)


def masses(graph: Graph) -> Masses:
    """Of all (example, path) pairs."""
    parts = [_of(graph, examples) for examples in graph.chunks()]
    sums = np.concatenate([one for one, _ in parts], axis=1)  # (3, m)
    powers = np.concatenate([power for _, power in parts])
    alive = sums[1] + sums[2] > 0
    top = int(powers[alive].max()) if alive.any() else 0
    down = np.maximum(powers - top, -4000).astype(np.int32)
    total, positive, negative = np.ldexp(sums, np.where(alive, down, 0)).sum(axis=1)
    return Masses(float(total), float(positive), -float(negative), top)


def _of(graph: Graph, examples: range) -> tuple[Array, Array]:
    """Total, positive and negative of each example, (3, c), and the powers of 2 (c,) that belong to them."""
    rows = slice(examples.start, examples.stop)
    sums = np.zeros((3, len(examples), len(graph.stations[-1].neurons)))
    sums[:2] = 1
    power = np.zeros(len(examples), dtype=np.int64)
    for station in reversed(graph.stations):
        if station.edges is not None:
            if station.edges.shared is not None:
                edges = station.edges.shared
            else:
                edges = np.stack([station.edges.of(x) for x in examples])
            sums, power = _near_one(_through(sums, edges), power)
        for _, values in reversed(station.after):
            sums, power = _near_one(_times(sums, values[rows]), power)
    for _, values in reversed(graph.lead):
        sums, power = _near_one(_times(sums, values[rows, None]), power)
    return sums[..., 0], power


def _through(sums: Array, edges: Array) -> Array:
    """(3, c, n_next) through edges (n_next, n) or (c, n_next, n)."""
    total, positive, negative = sums[:, :, None, :]
    up, down = np.maximum(edges, 0), np.maximum(-edges, 0)
    both = (total @ edges, positive @ up + negative @ down, positive @ down + negative @ up)
    return np.stack(both)[:, :, 0, :]


def _times(sums: Array, factors: Array) -> Array:
    """(3, c, n) times factors (c, n)."""
    total, positive, negative = sums
    up, down = np.maximum(factors, 0), np.maximum(-factors, 0)
    return np.stack([total * factors, positive * up + negative * down, positive * down + negative * up])


def _near_one(sums: Array, power: Array) -> tuple[Array, Array]:
    """The sums of each example divided by a power of 2, which is counted."""
    largest = np.frexp((sums[1] + sums[2]).max(axis=1))[1].astype(np.int64)
    return np.ldexp(sums, -largest[None, :, None].astype(np.int32)), power + largest
