"""Which entries are checked, and what that takes: all of them, or a random sample that is stated.

Entries that enter one neuron share their passes, so time goes with neurons and examples. Where all would take long, the
sample's entries are drawn from so many neurons of each layer as fit the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ...errors import UsageError
from ...network import Network
from ...spelling import spelt
from .setting import Posed

Array = Any
AUTOMATIC = 10_000  # entries of a sample that nobody asked for
_LONG = 90.0  # seconds beyond which all entries are too many
_MOST_ENTRIES = 5_000_000
PASSES = {"differences": 40, "complex": 4, "digits": 4}  # real passes that a slope takes, at most
_SECONDS = {"differences": 4e-10, "complex": 4e-10, "digits": 1e-6}  # an operation, on a plain machine
_FUNCTION = 20  # operations in an activation's value
_AFFORDABLE = 3.0  # seconds that many digits may take unasked


@dataclass(frozen=True, eq=False)
class Choice:
    """Of each layer, 1 … L: ``neurons`` (J,), sorted, and the entries ``w[l]`` as rows (place in neurons, k), (N, 2).

    ``w[l]`` is None where all of these neurons' weights are checked. ``sampled`` is the sample's size, None for all.
    """

    neurons: Mapping[int, Array]
    w: Mapping[int, Array | None]
    b: Mapping[int, Array]
    sampled: int | None
    seed: int
    sizes: tuple[int, ...]

    @property
    def entries(self) -> int:
        """How many entries are checked."""
        return sum(
            len(self.b[l]) + (self.of_neurons(l) if rows is None else len(rows)) for l, rows in self.w.items()
        )

    def of_neurons(self, l: int) -> int:
        """Weights that enter the chosen neurons of layer l."""
        return len(self.neurons[l]) * self.sizes[l - 1]


def operations(sizes: tuple[int, ...], m: int, neurons: Mapping[int, int]) -> float:
    """Multiplications, and what functions take, of one pass for each of these neurons and m examples."""
    total = 0.0
    for l, count in neurons.items():
        after = sizes[l:]
        tail = sum(2 * a * b for a, b in pairwise(after)) + _FUNCTION * sum(after)
        total += count * m * tail
    return total


def seconds(posed: Posed, way: str, neurons: Mapping[int, int]) -> float:
    """About how long a way takes."""
    m, sizes = len(posed.setting.share), posed.net.sizes
    made = PASSES[way] * operations(sizes, m, neurons)
    made += m * sum(2 * count * sizes[l - 1] for l, count in neurons.items())
    return made * _SECONDS[way]


def affordable_digits(posed: Posed) -> bool:
    """Whether many digits take no longer than anybody minds."""
    return seconds(posed, "digits", every(posed.net)) <= _AFFORDABLE


def every(net: Network) -> dict[int, int]:
    """How many neurons each layer has."""
    return dict(enumerate(net.sizes[1:], start=1))


def megabytes(posed: Posed, choice: Choice) -> float:
    """About how much memory the check takes at once."""
    from .ways import _ROWS

    sizes, m = posed.net.sizes, len(posed.setting.share)
    moved = min(_ROWS, max(len(choice.neurons[l]) * max(sizes[l:]) for l in choice.neurons) * m)
    return (16 * moved + 12 * choice.entries + 4 * posed.net.parameters + 6 * m * sum(sizes)) * 8 / 1e6


def choose(posed: Posed, ways: tuple[str, ...], sample: int | None, seed: int) -> Choice:
    """All entries, or a sample; raises UsageError for a sample that can't be."""
    net = posed.net
    if sample is not None and (
        isinstance(sample, bool) or not isinstance(sample, (int, np.integer)) or sample < 1
    ):
        raise UsageError(
            f"{spelt('sample')} is how many entries to check, a whole number of at least 1; got {sample!r}"
        )
    takes = sum(seconds(posed, way, every(net)) for way in ways)
    many = net.parameters > _MOST_ENTRIES or takes > _LONG
    if (sample is None and not many) or (sample is not None and sample >= net.parameters):
        neurons = {l: np.arange(n) for l, n in every(net).items()}
        return Choice(neurons, dict.fromkeys(neurons), neurons, None, seed, net.sizes)
    return _drawn(posed, int(sample or AUTOMATIC), seed, min(1.0, _LONG / 2 / takes))


def _drawn(posed: Posed, sample: int, seed: int, part: float) -> Choice:
    """As many entries of each array, or all that it has, from so many neurons as ``part`` of a layer is."""
    net, rng = posed.net, np.random.default_rng(seed)
    shapes = {
        (l, letter): (net.sizes[l], net.sizes[l - 1] if letter == "w" else 1)
        for l in every(net)
        for letter in "wb"
    }
    most = {l: max(1, int(part * n)) for l, n in every(net).items()}
    counts = _shared_out(sample, {key: most[key[0]] * shape[1] for key, shape in shapes.items()})
    neurons, of_w, of_b = {}, {}, {}
    for l, n in every(net).items():
        some = np.sort(rng.choice(n, most[l], replace=False))
        before = net.sizes[l - 1]
        flat = np.sort(rng.choice(most[l] * before, counts[l, "w"], replace=False))
        rows = np.stack([flat // before, flat % before], axis=1)
        biases = np.sort(rng.choice(most[l], counts[l, "b"], replace=False))
        used = np.union1d(rows[:, 0], biases).astype(int)
        rows[:, 0] = np.searchsorted(used, rows[:, 0])
        neurons[l], of_w[l], of_b[l] = some[used], rows, some[biases]
    return Choice(neurons, of_w, of_b, sum(counts.values()), seed, net.sizes)


def _shared_out(sample: int, sizes: dict[Any, int]) -> dict[Any, int]:
    """The sample in equal parts; what a small array can't use goes to the others, at least one entry to each."""
    counts, left = {}, sample
    for place, key in enumerate(sorted(sizes, key=sizes.__getitem__)):
        counts[key] = min(sizes[key], max(1, left // (len(sizes) - place)))
        left -= counts[key]
    return counts
