"""The k paths of largest |contribution|, exactly and without listing the others: best-first search with exact bounds.

A contribution is the product of a path's factors taken from the last to the first, as backpropagation takes them: each
step rounded as float64, without its limits (scaled.py). Rounding keeps order: from u ≤ v follows f·u ≤ f·v after it, so
the largest product that a partial path can still reach is its own factors times the largest behind its last neuron,
to the last bit. Partial paths are opened in the order of that bound, equal ones in the order of example and
neurons; so complete paths come out in exactly the order in which a sorted list of all of them would have them, and
only beginnings of paths that come out are ever opened: at most k a station.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .graph import Graph
from .scaled import ZERO, Scaled, Table, descending, largest_product, split, table, times

Array = Any
Trail = tuple[float, Any] | None  # the mantissas of the factors so far, the latest first, linked
Size = tuple[float, int]  # mantissa and power of one number
Following = tuple[int, Size] | None  # the rank that is pushed next, and its bound
_NOTHING: Size = (0.0, ZERO)


@dataclass(frozen=True)
class Found:
    """One complete path: its example, its neurons' places in their stations, |contribution| as (mantissa, power)."""

    example: int
    places: tuple[int, ...]
    size: Size


@dataclass(eq=False)
class _Ranked:
    """What can follow a partial path, the best first: places, and what is reached behind each, by rank.

    ``ends[r]`` is where the ranks that are equal to r end: those stand in the order of their places.
    """

    places: Array
    mantissas: Array
    powers: Array
    ends: Array


@dataclass(eq=False)
class _Opened:
    """A partial path that was opened: ``trail`` and ``power`` are its own factors, without what follows."""

    neurons: tuple[int, ...]  # example, then places
    trail: Trail
    power: int
    ranked: _Ranked
    dead: bool  # one of its own factors is 0, and so is all that follows


@dataclass(eq=False)
class _Behind:
    """Of one example: the largest product behind each neuron of each station, and what was ranked already."""

    best: list[Scaled]
    edges: list[Scaled]
    ranked: dict[tuple[int, int], _Ranked] = field(default_factory=dict)


def best_behind(
    graph: Graph, examples: range, shared: list[Table | None]
) -> tuple[list[Scaled], list[Table]]:
    """For each station the largest product (c, n) from a neuron to P; and the edges as they were met."""
    rows = slice(examples.start, examples.stop)
    found: list[Scaled] = []
    met: list[Table] = []
    value: Scaled = split(np.ones((len(examples), len(graph.stations[-1].neurons))))
    for station, ready in zip(reversed(graph.stations), reversed(shared), strict=True):
        if station.edges is not None:
            edges = ready or table(np.stack([station.edges.of(x) for x in examples]))
            met.append(edges)
            value = largest_product(edges, value)
        for _, values in reversed(station.after):
            value = times(split(values[rows]), value)
        found.append(value)
    return found[::-1], met[::-1]


class Search:
    """The paths of a graph in order; ``opened`` counts the partial paths that were looked into."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.opened = graph, 0
        self._shared: list[Table | None] = [
            table(station.edges.shared) if station.edges and station.edges.shared is not None else None
            for station in graph.stations
        ]
        self._behind: dict[int, _Behind] = {}
        self._after = [[split(values) for _, values in station.after] for station in graph.stations]
        self._lead = [split(values) for _, values in graph.lead]

    def first(self, k: int) -> list[Found]:
        """The k largest, or all where there are fewer; equal ones by example, then by neurons from Q on."""
        heap: list[Any] = []
        found: list[Found] = []
        root = _Opened((), None, 0, _ranked(self._examples()), dead=False)
        self._push_equal(heap, root, 0, _bound(root, 0))
        while heap and len(found) < k:
            minus_power, minus_mantissa, neurons, (opened, rank, following) = heapq.heappop(heap)
            size = (-minus_mantissa, -minus_power)
            if rank + 1 < opened.ranked.ends[rank]:
                self._push(heap, opened, rank + 1, size, None)
            if following is not None:
                self._push_equal(heap, opened, *following)
            if len(neurons) == len(self.graph.stations) + 1:
                found.append(Found(neurons[0], neurons[1:], size))
            else:
                self._open(heap, opened, neurons, size)
        return found

    def _examples(self) -> Scaled:
        """The largest contribution of each example, (m,)."""
        parts = []
        for examples in self.graph.chunks():
            rows = slice(examples.start, examples.stop)
            value = best_behind(self.graph, examples, self._shared)[0][0]
            top: Scaled = (value[0][:, 0], value[1][:, 0])  # a graph begins in one neuron
            for lead in reversed(self._lead):
                top = times((lead[0][rows], lead[1][rows]), top)
            parts.append(top)
        return np.concatenate([m for m, _ in parts]), np.concatenate([p for _, p in parts])

    def _open(self, heap: list[Any], before: _Opened, neurons: tuple[int, ...], size: Size) -> None:
        """Pushes the best of what can follow a partial path; it reaches just the bound of the path itself."""
        self.opened += 1
        x, s = neurons[0], len(neurons) - 2  # the station where the path is; −1 before the first
        behind = self._of(x)
        trail, power = before.trail, before.power
        for mantissas, powers in self._lead if s < 0 else self._step(behind, x, s, neurons):
            at: Any = x if s < 0 else ()
            trail, power = (float(mantissas[at]), trail), power + int(powers[at])
        dead = before.dead or _has_zero(trail, before.trail)
        opened = _Opened(neurons, trail, power, self._following(behind, x, s, neurons, dead), dead)
        self._push_equal(heap, opened, 0, size)

    def _step(self, behind: _Behind, x: int, s: int, neurons: tuple[int, ...]) -> list[Scaled]:
        """The factors of the last step of a path: the edge to station s, and those on leaving it."""
        here = neurons[-1]
        factors: list[Scaled] = []
        if s > 0:
            mantissas, powers = behind.edges[s - 1]
            factors.append((mantissas[here, neurons[-2]], powers[here, neurons[-2]]))
        factors += [(mantissas[x, here], powers[x, here]) for mantissas, powers in self._after[s]]
        return factors

    def _following(self, behind: _Behind, x: int, s: int, neurons: tuple[int, ...], dead: bool) -> _Ranked:
        if s < 0:
            return _ranked(behind.best[0])
        if dead:
            return _ranked(split(np.zeros(len(self.graph.stations[s + 1].neurons))))
        if (s, neurons[-1]) not in behind.ranked:
            mantissas, powers = behind.edges[s]
            edge: Scaled = (mantissas[:, neurons[-1]], powers[:, neurons[-1]])
            behind.ranked[s, neurons[-1]] = _ranked(times(edge, behind.best[s + 1]))
        return behind.ranked[s, neurons[-1]]

    def _of(self, x: int) -> _Behind:
        """What lies behind the neurons of one example, worked out when its first path is opened."""
        if x not in self._behind:
            best, edges = best_behind(self.graph, range(x, x + 1), self._shared)
            alone = [(m[0], p[0]) if m.ndim > 2 else (m, p) for (m, p), _ in edges]
            self._behind[x] = _Behind([(m[0], p[0]) for m, p in best], alone)
        return self._behind[x]

    def _push_equal(self, heap: list[Any], opened: _Opened, rank: int, size: Size) -> None:
        """Pushes the path of this rank, and those after it that differ from it only before rounding.

        They have one bound and must leave the heap in the order of their neurons. The next below that bound is pushed
        when one of these leaves.
        """
        ranked = opened.ranked
        while True:
            following = int(ranked.ends[rank])
            below = _bound(opened, following) if following < len(ranked.places) else None
            if below != size:
                self._push(heap, opened, rank, size, None if below is None else (following, below))
                return
            self._push(heap, opened, rank, size, None)
            rank = following

    def _push(self, heap: list[Any], opened: _Opened, rank: int, size: Size, following: Following) -> None:
        neurons = (*opened.neurons, int(opened.ranked.places[rank]))
        heapq.heappush(heap, (-size[1], -size[0], neurons, (opened, rank, following)))


def _ranked(values: Scaled) -> _Ranked:
    order = descending(values)
    mantissas, powers = values[0][order], values[1][order]
    changes = np.flatnonzero((np.diff(mantissas) != 0) | (np.diff(powers) != 0)) + 1
    ends = np.repeat([*changes, len(order)], np.diff([0, *changes, len(order)]))
    return _Ranked(order, mantissas, powers, ends)


def _bound(opened: _Opened, rank: int) -> Size:
    """The largest contribution of the paths that go on with this rank."""
    mantissa, power = float(opened.ranked.mantissas[rank]), int(opened.ranked.powers[rank])
    trail = opened.trail
    while trail is not None:
        factor, trail = trail
        mantissa *= factor
        if mantissa < 0.5:
            mantissa += mantissa
            power -= 1
    return (mantissa, power + opened.power) if mantissa else _NOTHING


def _has_zero(trail: Trail, until: Trail) -> bool:
    """Whether one of the factors since ``until`` is 0."""
    while trail is not until and trail is not None:
        if not trail[0]:
            return True
        trail = trail[1]
    return False
