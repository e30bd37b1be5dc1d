"""Which ways explain the numbers between two known stations of a forward pass: one mistake, one everywhere, or two.

What is known before is taken as it is: a stretch is judged given their own numbers at its start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..comparing.arrays import digits, distance, largest
from .given import Station
from .ways import Setting, State, Way, fitted, fitted_through_w, ways

Array = Any
_ROUNDINGS = 16  # how many times what a perturbation of one rounding does
_MOST_WORK = 4e8  # multiplications that the search for two mistakes at once may take
_SURE = 8  # digits, over all entries, that chance must not reach


@dataclass(frozen=True)
class Explanation:
    """Mistakes that give their numbers: none where they are right."""

    ways: tuple[Way, ...]
    error: float
    digits: float
    state: State  # what each station then was
    rounded: bool = False  # only to the decimals that were given


@dataclass(frozen=True)
class Stretch:
    """The stations from the first unknown to ``target``, which is known: ``state`` is what is known before."""

    setting: Setting
    stations: tuple[Station, ...]
    state: State
    target: Array
    half: float  # what rounding to decimals may have changed in the target
    half_before: float  # and in what is known before

    def tolerance(self, half: bool) -> float:
        """How far a right computation may be from theirs: what roundings (or decimals) on the way come to."""
        rng = np.random.default_rng(0)
        eps, state, shaken = self.setting.eps, dict(self.state), dict(self.state)
        if half:
            shaken = {
                key: one + self.half_before * rng.choice([-1, 1], one.shape) for key, one in shaken.items()
            }
        for station in self.stations:
            state[station] = next(ways(self.setting, station, state)).out
            out = next(ways(self.setting, station, shaken)).out
            shaken[station] = out + eps * self._mass(station, shaken) * rng.choice([-1, 1], out.shape)
        end = self.stations[-1]
        moved = distance(state[end], shaken[end])
        moved = moved if np.isfinite(moved) else 0.0
        return _ROUNDINGS * (moved + eps * largest(state[end])) + (2 * self.half if half else 0.0)

    def _mass(self, station: Station, state: State) -> Array:
        """What a rounding is relative to, at a station: the sum of absolute terms; for a, itself and its z."""
        letter, l = station
        if letter == "z":
            return np.abs(state["a", l - 1]) @ np.abs(self.setting.w[l]).T + np.abs(self.setting.b[l])
        if l == 0:
            return np.abs(state["x", 0])
        a = next(ways(self.setting, station, state)).out
        return np.abs(a) * (1 + np.abs(state["z", l]))

    def right_state(self) -> State:
        """What each station is in a right pass."""
        return next(self._paths(0, self.state, (), 0))[1]

    @cached_property
    def _usual(self) -> float:
        """The largest number that a right pass ends with."""
        return largest(self.right_state()[self.stations[-1]])

    def explained(self) -> list[Explanation]:
        """The best explanations, equally good ones together; the first is right itself where ``ways`` is empty."""
        tight = self.tolerance(half=False)
        found = self._right(tight) or self._fixed(tight, 1) or self._fits(tight)
        if found:
            return found
        if self.half or self.half_before:
            loose = self.tolerance(half=True)
            found = self._right(loose, rounded=True) or self._fixed(loose, 1)
            if found:
                return found
        return self._everywhere(tight) or self._fixed(tight, 2)

    def _right(self, tolerance: float, rounded: bool = False) -> list[Explanation]:
        found = next(self._paths(0, self.state, (), 0))
        return self._matching([found], tolerance, rounded)

    def _matching(
        self, paths: Iterable[tuple[tuple[Way, ...], State]], tolerance: float, rounded: bool = False
    ) -> list[Explanation]:
        scale, usual = largest(self.target), self._usual
        found = []
        for used, state in paths:
            out = state[self.stations[-1]]
            error = distance(out, self.target)
            if error <= tolerance * max(1.0, largest(out) / (usual or 1.0)):
                found.append(Explanation(used, error, digits(error, scale), state, rounded))
        return found

    def _fixed(self, tolerance: float, budget: int) -> list[Explanation]:
        """Exactly ``budget`` mistakes; two only where the work is bounded and chance is not enough."""
        if budget > 1 and (len(self.stations) < 2 or not self._worth_two(tolerance)):
            return []
        found: list[Explanation] = []
        for path in self._paths(0, self.state, (), budget):
            if len(path[0]) == budget:
                found += self._matching([path], tolerance)
                if budget > 1 and found:
                    break
        return found

    def _worth_two(self, tolerance: float) -> bool:
        steps, m = len(self.stations), self.setting.m
        work = (20 * steps) ** 2 / 2 * m * max(w.size for w in self.setting.w[1:])
        known = self.target.size * digits(tolerance, largest(self.target))
        return bool(work <= _MOST_WORK and known >= _SURE + 2 * np.log10(20 * steps))

    def _paths(
        self, at: int, state: State, used: tuple[Way, ...], budget: int
    ) -> Iterator[tuple[tuple[Way, ...], State]]:
        """Every way through the stretch with at most ``budget`` mistakes, and what each station then was."""
        if at == len(self.stations):
            yield used, state
            return
        station = self.stations[at]
        made = ways(self.setting, station, state)
        right = next(made)
        if (
            len(used) < budget
        ):  # earlier mistakes come first: of two that coincide, the first on the way is named
            for way in made:
                yield from self._paths(at + 1, {**state, station: way.out}, (*used, way), budget)
        yield from self._paths(at + 1, {**state, station: right.out}, used, budget)

    def _fits(self, tolerance: float) -> list[Explanation]:
        """Ways with a number of their own: at the last station, or in the inputs; the simplest that fits."""
        state = dict(self.state)
        for station in self.stations[:-1]:
            state[station] = next(ways(self.setting, station, state)).out
        end = self.stations[-1]
        for way in fitted(self.setting, end, state, self.target):
            found = self._matching([((way,), {**state, end: way.out})], tolerance)
            if found:
                return found
        if self.stations != (("a", 0), ("z", 1)):
            return []
        for way in fitted_through_w(self.setting, self.state["x", 0], self.target):
            z = way.out @ self.setting.w[1].T + self.setting.b[1]
            found = self._matching([((way,), {**state, ("a", 0): way.out, end: z})], tolerance)
            if found:
                return found
        return []

    def _everywhere(self, tolerance: float) -> list[Explanation]:
        """One and the same mistake at every station of the stretch where it can be made."""
        places: dict[tuple[str, str], list[Station]] = {}
        state = dict(self.state)
        for station in self.stations:
            made = ways(self.setting, station, state)
            state[station] = next(made).out
            for kind in dict.fromkeys((way.mistake, way.theirs) for way in made):
                places.setdefault(kind, []).append(station)
        found: list[Explanation] = []
        for kind, where in places.items():
            if len(where) < 2:
                continue
            used, state = [], dict(self.state)
            for station in self.stations:
                made = ways(self.setting, station, state)
                way = next(made)
                if station in where:
                    way = next((one for one in made if (one.mistake, one.theirs) == kind), way)
                used += [way] if way.mistake else []
                state[station] = way.out
            found += self._matching([(tuple(used), state)], tolerance)
        return found
