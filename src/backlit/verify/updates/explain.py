"""Which moves explain each array of a step: one mistake, one with a fitted number, another example, or two mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..comparing.arrays import digits, distance, largest
from .moves import Key, Move, fitted, moves, of_one_example
from .step import Batch, Step

Array = Any
_ROUNDINGS = 64  # of the gradient's terms, that a right computation may be away


@dataclass(frozen=True)
class Tolerances:
    """``size`` is |θ|, ``mass`` the gradient's sum of |terms|, both flat; ``half`` what rounding to decimals leaves.

    ``kept`` is the relative rounding of what θ is kept in, ``eps`` that of what the step may have been computed in.
    """

    eps: float
    kept: float
    size: Array
    mass: Array
    half: float = 0.0

    def of(self, step: Step, where: slice) -> float:
        """How far Δθ of an array may be from the right one."""
        carried = largest(step.carried()[where])
        computed = abs(step.eta) * largest(self.mass[where]) + carried
        return self.kept * 4 * largest(self.size[where]) + self.eps * _ROUNDINGS * computed

    def fits(self, step: Step, place: int, move: Array, delta: Array, steps: int = 1) -> bool:
        """Whether a move gives an array of Δθ; where it is larger than the right one, so is its rounding."""
        where = step.parts[place][2]
        out = move[where]
        if np.isnan(out).any():
            return False
        known = step.eta == step.eta  # NaN while η is looked for
        right = step.right[where] if known else out
        limit = (
            self.of(step, where)
            if known
            else 8 * (self.kept * largest(self.size[where]) + self.eps * _ROUNDINGS * largest(out))
        )
        limit *= steps * max(1.0, largest(out) / (largest(right) or 1.0))
        error = distance(out, delta[where])
        if not np.isfinite(limit):
            return error == 0
        return error <= limit or (
            self.half > 0 and error <= 2.5 * self.half and error < 0.2 * largest(delta[where])
        )

    def wrong(self, step: Step, delta: Array) -> list[int]:
        """The arrays, by their places, that the right step does not give."""
        right = step.right
        return [place for place in range(len(step.parts)) if not self.fits(step, place, right, delta)]


@dataclass
class Named:
    """Arrays that one mistake, or two at once, explain: ``keys``, under what other names, their places."""

    keys: tuple[Key, ...]
    places: list[int]
    others: list[tuple[Key, ...]]
    error: float
    value: float | None = None


@dataclass
class Explained:
    """What explains a step, and the places of the arrays that nothing explains."""

    step: Step
    delta: Array
    tolerances: Tolerances
    named: list[Named]
    unexplained: list[int] = field(default_factory=list)

    @property
    def badness(self) -> tuple[int, int, int, int]:
        """For choosing: what is unexplained, how many mistakes and fitted numbers there are, and in how many arrays."""
        return (
            len(self.unexplained),
            sum(len(one.keys) for one in self.named),
            sum(one.value is not None for one in self.named),
            sum(len(one.places) for one in self.named),
        )

    def digits(self, places: list[int], error: float) -> float:
        """To how many digits of the largest entry of Δθ."""
        scale = max((largest(self.delta[self.step.parts[place][2]]) for place in places), default=0.0)
        return digits(error, scale)


def explain(
    step: Step, delta: Array, tolerances: Tolerances, previous: Batch | None, *, deep: bool
) -> Explained:
    """The fewest mistakes that give every array of Δθ that the right step does not give; one each unless ``deep``."""
    left = tolerances.wrong(step, delta)
    found: dict[int, dict[tuple[Key, ...], Move]] = {place: {} for place in left}
    stages: tuple[Callable[[], Iterator[Move]], ...] = (
        lambda: moves(step, 1, previous),
        lambda: moves(step, 2, previous),
        lambda: of_one_example(step),
        lambda: fitted(step, delta),
    )
    for stage in stages if deep else stages[:1]:
        open_ = [place for place in left if not found[place]]
        if not open_:
            break
        for move in stage():
            for place in open_:
                if tolerances.fits(step, place, move.out, delta, move.steps):
                    found[place].setdefault(tuple(sorted(move.keys)), move)
    named = _cover({place: ways for place, ways in found.items() if ways}, step, delta)
    return Explained(step, delta, tolerances, named, [place for place in left if not found[place]])


def _cover(found: dict[int, dict[tuple[Key, ...], Move]], step: Step, delta: Array) -> list[Named]:
    """Each array under the names that cover most arrays: fewest names in the end; fewer mistakes before more."""
    named = []
    while found:
        covers: dict[tuple[Key, ...], int] = {}
        for ways in found.values():
            for keys in ways:
                covers[keys] = covers.get(keys, 0) + 1
        keys = max(covers, key=lambda one: covers[one])
        places = [place for place, ways in found.items() if keys in ways]
        shared = set.intersection(*(set(found[place]) for place in places))
        error = max(
            distance(found[place][keys].out[step.parts[place][2]], delta[step.parts[place][2]])
            for place in places
        )
        others = [one for one in found[places[0]] if one in shared and one != keys]
        named.append(Named(keys, places, others, error, found[places[0]][keys].value))
        found = {place: ways for place, ways in found.items() if place not in places}
    return named
