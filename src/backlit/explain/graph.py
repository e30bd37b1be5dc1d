"""The layered graph that paths run through: its stations from Q to P, and the factors at and between them.

Every factor comes through the registry: weights by N9, σ′ and a softmax's Jacobian by N6, the last δ by B1 (flow.py).
A station is one layer's z, or the a of a softmax, whose every output hears every z. No path is looked for here, and
none added up: best.py and masses.py do that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from ..equations import EQUATIONS
from ..errors import DataError
from ..functions import Activation
from ..namespaces import NUMPY
from ..notation import Quantity
from .flow import Flow
from .problem import Problem

Array = Any
Kind = Literal["share", "recipe", "mask", "read", "one", "weight", "slope", "jacobian", "cost", "delta"]
_AT_ONCE = 2**20  # edges of a chunk of examples: what is made of them stays within some tens of megabytes


@dataclass(frozen=True, slots=True)
class Factor:
    """What a factor is: σ′ of layer 2 is ("slope", 2). Weights and Jacobians bear the layer that they lead to."""

    kind: Kind
    layer: int


@dataclass(frozen=True, eq=False)
class Edges:
    """From every neuron of a station to every one of the next: (n_next, n_here), shared by all examples or not."""

    factor: Factor
    shared: Array | None
    sigma: Activation | None = None
    z: Array = None  # (m, n), of the whole layer, where each example has a Jacobian of its own
    rows: Array = None
    columns: Array = None

    def of(self, example: int) -> Array:
        """Those of one example. Jacobians are made one by one: BLAS may round a batch's otherwise."""
        if self.shared is not None:
            return self.shared
        whole = EQUATIONS["N6"]("da/dz", NUMPY, self.sigma, self.z[example : example + 1], None)[0]
        return whole[np.ix_(self.rows, self.columns)]


@dataclass(frozen=True, eq=False)
class Station:
    """One neuron of ``neurons`` (n,) lies on each path: ``letter`` "z" or "a" of ``layer``.

    ``after`` are the factors (m, n) that a path meets on leaving, in order from Q on; ``edges`` lead to the next
    station.
    """

    letter: Literal["z", "a"]
    layer: int
    neurons: Array
    after: tuple[tuple[Factor, Array], ...]
    edges: Edges | None


@dataclass(frozen=True, eq=False)
class Graph:
    """All paths of ``m`` examples: ``lead`` are the factors (m,) before the first station, in order."""

    m: int
    lead: tuple[tuple[Factor, Array], ...]
    stations: tuple[Station, ...]

    @property
    def count(self) -> int:
        """How many (example, path) pairs there are, exactly."""
        paths = self.m
        for station in self.stations:
            paths *= len(station.neurons)
        return paths

    @property
    def factors(self) -> tuple[Factor, ...]:
        """What each factor of a path is, from Q on."""
        listed = [factor for factor, _ in self.lead]
        for station in self.stations:
            listed += [factor for factor, _ in station.after]
            listed += [station.edges.factor] if station.edges else []
        return tuple(listed)

    def values(self, example: int, places: tuple[int, ...]) -> list[float]:
        """The factors of one path, from Q on; ``places`` are its neurons' places in their stations."""
        found = [float(values[example]) for _, values in self.lead]
        for s, station in enumerate(self.stations):
            found += [float(values[example, places[s]]) for _, values in station.after]
            if station.edges is not None:
                found.append(float(station.edges.of(example)[places[s + 1], places[s]]))
        return found

    def chunks(self) -> Iterator[range]:
        """The examples, few enough at once that the edges of all of them fit in memory."""
        widths = [len(station.neurons) for station in self.stations]
        most = max([here * there for here, there in pairwise(widths)] + widths)
        size = max(1, _AT_ONCE // most)
        return (range(start, min(start + size, self.m)) for start in range(0, self.m, size))


def graph(problem: Problem, passed: Flow, by: Quantity, recipe: float | None = None) -> Graph:
    """The graph from Q = ``by`` (one number) to the P of ``passed``; ``recipe`` is ∂x/∂raw where Q is a raw column.

    Raises DataError where a factor is not finite.
    """
    lead = _lead(problem, passed, by, recipe)
    places = list(_places(problem, passed, by))
    neurons = [_neurons(problem, passed, by, place, places) for place in places]
    stations = []
    for s, (letter, layer) in enumerate(places):
        after = _after(problem, passed, letter, layer, first=s == 0)
        edges = None
        if s + 1 < len(places):
            edges = _edges(problem, passed, places[s + 1], neurons[s + 1], neurons[s])
        restricted = tuple((factor, values[:, neurons[s]]) for factor, values in after)
        stations.append(Station(letter, layer, neurons[s], restricted, edges))
    made = Graph(problem.m, tuple(lead), tuple(stations))
    _check_finite(problem, made)
    return made


def _lead(
    problem: Problem, passed: Flow, by: Quantity, recipe: float | None
) -> Iterator[tuple[Factor, Array]]:
    """The factors before the first station: the example's weight in the mean, then what leads from Q to it."""
    l, ones = by.layer or 0, np.ones(problem.m)
    if problem.m > 1:
        yield Factor("share", 0), problem.share
    if recipe is not None:
        yield Factor("recipe", 0), ones * recipe
    if by.letter == "x" and passed.masks[0] is not None:
        yield Factor("mask", 0), passed.masks[0][:, int(by.index[0])]
    if by.letter == "w":
        yield Factor("read", l - 1), EQUATIONS["N6"]("dz/dw", passed.a[l - 1][:, int(by.index[1])])
    if by.letter == "b":
        yield Factor("one", l), EQUATIONS["N6"]("dz/db") * ones


Place = tuple[Literal["z", "a"], int]


def _places(problem: Problem, passed: Flow, by: Quantity) -> Iterator[Place]:
    """What the stations are, from Q on: the z of each later layer, and the a of each softmax before P."""
    l = by.layer or 0
    starts_at_a = by.letter in ("a", "x")
    if starts_at_a:
        yield "a", l
    for layer in range(l + starts_at_a, passed.top + 1):
        yield "z", layer
        mixing = not problem.net.layers[layer].elementwise
        if mixing and (layer < passed.top or passed.of.letter == "a"):
            yield "a", layer


def _neurons(problem: Problem, passed: Flow, by: Quantity, place: Place, places: list[Place]) -> Array:
    """The neurons of a station: Q's own or P's own at the ends, all of the layer in between."""
    if place == places[0]:
        return np.array([int(by.index[0])])
    if place == places[-1] and passed.of.letter != "C":
        return np.array([int(passed.of.index[0])])
    return np.arange(problem.net.sizes[place[1]])


def _after(
    problem: Problem, passed: Flow, letter: str, layer: int, *, first: bool
) -> list[tuple[Factor, Array]]:
    """The factors (m, n_l) on leaving a station, before the next one's edges or at the end."""
    if layer == passed.top and passed.of.letter == "C":
        if letter == "a":
            return [(Factor("cost", layer), passed.to_a[layer])]
        return [(Factor("delta", layer), passed.to_z[layer])]
    found = []
    elementwise = problem.net.layers[layer].elementwise if layer else True
    ends = letter == "z" and layer == passed.top and passed.of.letter == "z"
    if letter == "z" and elementwise and not ends:
        found.append((Factor("slope", layer), passed.slope[layer]))
    # Q = a is what the next layer sees, after the mask; otherwise the mask comes between σ and w.
    leaves_a = elementwise and not ends if letter == "z" else not first
    if leaves_a and passed.masks[layer] is not None:
        found.append((Factor("mask", layer), passed.masks[layer]))
    return found


def _edges(problem: Problem, passed: Flow, to: Place, rows: Array, columns: Array) -> Edges:
    letter, layer = to
    if letter == "a":
        sigma = problem.net.layers[layer]
        return Edges(Factor("jacobian", layer), None, sigma, passed.z[layer], rows, columns)
    w = passed.w[layer][np.ix_(rows, columns)]
    one = np.ones(len(rows))
    return Edges(Factor("weight", layer), EQUATIONS["N9"](w, one, one))


def _check_finite(problem: Problem, made: Graph) -> None:
    """A path through a factor that is no number has no contribution, so such a graph can't be ranked."""
    listed = [*made.lead, *(pair for station in made.stations for pair in station.after)]
    for factor, values in listed:
        broken = ~np.isfinite(values)
        if broken.any():
            row = int(np.argwhere(broken)[0][0])
            number = problem.numbers[row] if problem.numbers else row
            what = {"delta": "δ", "cost": "∂C/∂a", "slope": "σ′(z)"}.get(factor.kind, factor.kind)
            raise DataError(
                f"{what} of layer {factor.layer} is not finite for example {number}, and a path through it has no "
                "contribution that could be ranked; scale the inputs or the targets"
            )
