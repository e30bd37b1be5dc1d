"""The verdict on each entry: what the gradient says beside what the forward pass says, and what both may be wrong by.

docs/check.md says these rules to the letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..gradients.setting import Setting
from .rounding import TIMES, Rounding
from .sample import Choice
from .setting import Posed
from .ways import Layer

Array = Any
AGREES, DIFFERS, KINK, UNRESOLVED = 0, 1, 2, 3
VERDICTS = (
    "agrees",
    "differs",
    "cannot be tested: a kink",
    "cannot be tested: below what the arithmetic resolves",
)
LEAST = 0.1  # what may be wrong is at most this part of an entry, or its first digit isn't known


@dataclass(frozen=True, eq=False)
class Kinked:
    """A kink within reach: of which example, in which layer (None: the cost) and neuron; how many entries feel it."""

    example: int | None
    layer: int | None
    neuron: int | None
    where: str
    entries: int


@dataclass(frozen=True, eq=False)
class Entries:
    """The checked entries of one array: ``places`` in θ, the gradient's value and the one it is judged by, (N,) each.

    ``by`` has each way's own values, NaN where it has none; ``allowed`` is how far both may be apart; ``digits`` to how
    many digits they agree; ``way`` counts in ``ways``, −1 where there is no value.
    """

    layer: int
    letter: str
    places: Array
    theirs: Array
    value: Array
    allowed: Array
    verdict: Array
    digits: Array
    way: Array
    by: Mapping[str, Array]
    apart: int
    kinks: tuple[Kinked, ...]
    of: int

    def filled(self, other: Entries) -> tuple[Entries, int]:
        """With the verdicts of another examination where this has a kink and that one has none; and how many."""
        new = (self.verdict == KINK) & (other.verdict != KINK)
        if not new.any():
            return self, 0
        names = ("theirs", "value", "allowed", "verdict", "digits", "way")
        merged = {name: np.where(new, getattr(other, name), getattr(self, name)) for name in names}
        by = {name: np.where(new, other.by[name], values) for name, values in self.by.items()}
        return replace(self, **merged, by=by), int(new.sum())

    def count(self, *verdicts: int) -> int:
        """How many entries have one of these verdicts."""
        return int(np.isin(self.verdict, verdicts).sum())


@dataclass(frozen=True, eq=False)
class Found:
    """What one way says of a layer: its slopes, its part of the penalty (n_l, n_{l−1}) or None, its own a^{l−1}."""

    layer: Layer
    penalty: Array | None
    a: Array


@dataclass(frozen=True, eq=False)
class _Values:
    """One way's values of an array's entries, and what they may be wrong by: ∞ where there is no value."""

    value: Array
    error: Array


@np.errstate(all="ignore")
def of_layer(
    posed: Posed, choice: Choice, rounding: Rounding, l: int, ways: Mapping[str, Found]
) -> tuple[Entries, Entries]:
    """Verdicts on ∂C/∂w[l] and ∂C/∂b[l]; ``ways`` has the most exact way first."""
    s, net, neurons = posed.setting, posed.net, choice.neurons[l]
    before = net.sizes[l - 1]
    start = sum(int(np.prod(shape)) for shape in net.shapes[: 2 * l - 2])
    theirs, lost = [part[l] for part in net.views(posed.theirs)], rounding.entries(l)
    chosen = choice.w[l]
    if chosen is None:
        rows, columns = (one.reshape(-1) for one in np.indices((len(neurons), before)))
    else:
        rows, columns = chosen.T
    at = neurons[rows]
    values = {name: _weights(s, one, neurons, rows, columns) for name, one in ways.items()}
    kinks = _kinks(posed, ways, s.a[l - 1] != 0, rows, columns, (s.w[l][at, columns] == 0) & bool(s.l1))
    of_w = _judged(
        posed,
        (l, "w"),
        start + at * before + columns,
        theirs[0][at, columns],
        values,
        lost[0][at, columns],
        kinks,
    )
    here = np.asarray(np.searchsorted(neurons, choice.b[l]))
    none = np.zeros(len(here), dtype=int)
    values = {name: _biases(s, one, here) for name, one in ways.items()}
    kinks = _kinks(posed, ways, np.ones((len(s.share), 1), dtype=bool), here, none, none.astype(bool))
    first = start + net.sizes[l] * before
    of_b = _judged(
        posed, (l, "b"), first + choice.b[l], theirs[1][choice.b[l]], values, lost[1][choice.b[l]], kinks
    )
    return of_w, of_b


def _weights(s: Setting, one: Found, neurons: Array, rows: Array, columns: Array) -> _Values:
    """∂C/∂w of the entries: the mean over the examples of slope times what z moves by, and the penalty's part."""
    unknown = one.layer.place != -1
    slope = np.where(unknown, 0, one.layer.slope)
    value = ((slope * s.share) @ one.a)[rows, columns]
    if one.penalty is not None:
        value = value + one.penalty[neurons[rows], columns]
    moves = np.abs(one.a.astype(np.float64))
    error = (np.where(unknown, 0, one.layer.error) * s.share) @ moves
    lost = (unknown.astype(np.float64) @ (moves != 0)) > 0
    return _Values(value.astype(np.float64), np.where(lost, np.inf, error)[rows, columns])


def _biases(s: Setting, one: Found, here: Array) -> _Values:
    """∂C/∂b of the entries: the mean of the slopes, z moving as b does."""
    unknown = one.layer.place[here] != -1
    value = (np.where(unknown, 0, one.layer.slope[here]) * s.share).sum(axis=1)
    error = (np.where(unknown, 0, one.layer.error[here]) * s.share).sum(axis=1)
    return _Values(value.astype(np.float64), np.where(unknown.any(axis=1), np.inf, error))


def _kinks(
    posed: Posed, ways: Mapping[str, Found], moves: Array, rows: Array, columns: Array, at_zero: Array
) -> tuple[Array, tuple[Kinked, ...]]:
    """Which entries have a kink within reach of every way, (N,), and what stands there; ``moves`` (m, K): a ≠ 0."""
    layer = (ways.get("complex") or next(iter(ways.values()))).layer
    numbers, m = posed.numbers, len(posed.numbers)
    felt = np.zeros(len(rows), dtype=bool)
    found: dict[tuple[int, int, int], int] = {}
    for x in np.flatnonzero((layer.place >= 0).any(axis=0)):
        new = (layer.place[rows, x] >= 0) & moves[x, columns] & ~felt
        felt |= new
        keys = np.stack([layer.place[rows[new], x], layer.neuron[rows[new], x]], axis=1)
        for (place, neuron), count in zip(*np.unique(keys, axis=0, return_counts=True), strict=True):
            found[int(x), int(place), int(neuron)] = int(count)
    kinks = [
        Kinked(numbers[x] if m > 1 else None, layer.places[place].l, neuron, layer.places[place].where, count)
        for (x, place, neuron), count in found.items()
    ]
    alone = at_zero & ~felt
    if alone.any():
        kinks.append(Kinked(None, None, None, "w = 0, where l1 · |w| has its kink", int(alone.sum())))
    return felt | at_zero, tuple(kinks)


def _judged(
    posed: Posed,
    of: tuple[int, str],
    places: Array,
    theirs: Array,
    ways: Mapping[str, _Values],
    lost: Array,
    kinks: tuple[Array, tuple[Kinked, ...]],
) -> Entries:
    """The verdicts; ``lost`` is one error of rounding in the gradient's dtype."""
    lost = np.nan_to_num(lost, nan=np.inf)
    finest = float(np.finfo(np.float64).eps) / 2 / posed.unit
    value, error, way = np.full(len(theirs), np.nan), np.full(len(theirs), np.inf), np.full(len(theirs), -1)
    errors = {
        name: one.error + (0.0 if name == "digits" else TIMES * lost * finest) for name, one in ways.items()
    }
    for number, (name, one) in enumerate(ways.items()):
        new = (errors[name] < error) & np.isfinite(one.value)
        value[new], error[new], way[new] = one.value[new], errors[name][new], number
    allowed = TIMES * lost + error
    off = np.abs(theirs - value)
    size = np.maximum(np.abs(theirs), np.abs(value))
    verdict = np.select(
        [~np.isfinite(theirs), kinks[0], way < 0, off == 0, ~(off <= allowed), allowed > LEAST * size],
        [DIFFERS, KINK, UNRESOLVED, AGREES, DIFFERS, UNRESOLVED],
        AGREES,
    )
    most = np.floor(-np.log10(2 * posed.unit))
    digits = np.where(off == 0, most, np.clip(np.floor(-np.log10(off / size)), 0, most))
    apart = sum(
        int((np.abs(one.value - value) > errors[name] + error)[(way >= 0) & np.isfinite(one.error)].sum())
        for name, one in ways.items()
    )
    return Entries(
        layer=of[0],
        letter=of[1],
        places=places,
        theirs=theirs,
        value=value,
        allowed=allowed,
        verdict=verdict,
        digits=digits,
        way=way,
        by={name: np.where(np.isfinite(one.error), one.value, np.nan) for name, one in ways.items()},
        apart=apart,
        kinks=kinks[1],
        of=int(np.prod(posed.net.shapes[2 * of[0] - (2 if of[1] == "w" else 1)])),
    )
