"""Paths by enumeration: every one of them, sorted. The plain version that the search is compared with, to the last bit.

Numbers are the trace's, local derivatives the tables'; nothing of backlit.explain is used. A contribution is the plain
product of the factors from the last to the first.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit import Network
from backlit.namespaces import NUMPY

Array = Any


@dataclass(frozen=True)
class Listed:
    example: int
    neurons: tuple[int, ...]
    factors: tuple[float, ...]

    @property
    def contribution(self) -> float:
        product = 1.0
        for factor in reversed(self.factors):
            product = factor * product
        return product


Of = tuple[Any, ...]  # ("C",), ("a", l, j) or ("z", l, j)
By = tuple[Any, ...]  # ("w", l, j, k), ("b", l, j), ("z", l, j), ("a", l, k) or ("x", k)


def name_of(of: Of, by: By) -> str:
    """As the door takes it."""
    above = "dC" if of == ("C",) else f"d{of[0]}[{of[1]}][{of[2]}]"
    if by[0] == "x":
        return f"{above}/dx[{by[1]}]"
    return f"{above}/d{by[0]}[{by[1]}][{','.join(map(str, by[2:]))}]"


class Brute:
    """All paths of one derivative; ``share`` (m,): the examples' weights in the mean, ``masks``: dropout's by layer."""

    def __init__(
        self, net: Network, of: Of, by: By, x: Array, y: Array, share: Array, masks: list[Array] | None = None
    ) -> None:
        self.net, self.of, self.by, self.share, self.m = net, of, by, share, len(x)
        self.masks = [*(masks or []), *[None] * (net.L + 1)][: net.L + 1]
        self.trace = net.backprop(x, y, dropout_masks=masks)
        self.y = np.asarray(y)
        self.top = net.L if of == ("C",) else of[1]
        self.stations = list(self._stations())
        slopes = [
            net.layers[l].derivative(NUMPY, self.trace.z[l]) if l and net.layers[l].elementwise else None
            for l in range(net.L + 1)
        ]
        self.slope = slopes
        self.jacobian = {
            l: [net.layers[l].derivative(NUMPY, self.trace.z[l][x : x + 1])[0] for x in range(self.m)]
            for l in range(1, net.L + 1)
            if not net.layers[l].elementwise
        }

    def _stations(self) -> Any:
        l = 0 if self.by[0] == "x" else self.by[1]
        if self.by[0] in "ax":
            yield "a", l
            l += 1
        for layer in range(l, self.top + 1):
            yield "z", layer
            if not self.net.layers[layer].elementwise and (layer < self.top or self.of[0] == "a"):
                yield "a", layer

    def choices(self) -> list[list[int]]:
        """The neurons that each station offers."""
        every = [list(range(self.net.sizes[l])) for _, l in self.stations]
        every[0] = [self.by[1] if self.by[0] == "x" else self.by[2]]
        if self.of != ("C",):
            every[-1] = [self.of[2]] if len(every) > 1 or self.of[2] in every[0] else []
        return every

    def all(self) -> list[Listed]:
        """The largest first; equal ones by example, then by neurons from Q on."""
        found = [
            Listed(x, neurons, tuple(self._factors(x, neurons)))
            for x in range(self.m)
            for neurons in itertools.product(*self.choices())
        ]
        return sorted(found, key=lambda one: (-abs(one.contribution), one.example, one.neurons))

    def _factors(self, x: int, neurons: tuple[int, ...]) -> Any:
        if self.m > 1:
            yield float(self.share[x])
        yield from self._before(x)
        for s, (letter, l) in enumerate(self.stations):
            yield from self._leaving(x, s, letter, l, neurons[s])
            if s + 1 < len(neurons):
                if self.stations[s + 1][0] == "a":
                    yield float(self.jacobian[l][x][neurons[s + 1], neurons[s]])
                else:
                    yield float(self.net.w[self.stations[s + 1][1]][neurons[s + 1], neurons[s]])

    def _before(self, x: int) -> Any:
        if self.by[0] == "x" and self.masks[0] is not None:
            yield float(self.masks[0][x, self.by[1]])
        if self.by[0] == "w":
            yield float(self.trace.a[self.by[1] - 1][x, self.by[3]])
        if self.by[0] == "b":
            yield 1.0

    def _leaving(self, x: int, s: int, letter: str, l: int, j: int) -> Any:
        if self.of == ("C",) and l == self.net.L:
            yield float(self.trace.delta[l][x, j] if letter == "z" else self.trace.dC_da[l][x, j])
            return
        if self.of[0] == "z" and letter == "z" and l == self.top:
            return
        elementwise = l == 0 or self.net.layers[l].elementwise
        if letter == "z" and elementwise:
            yield float(self.slope[l][x, j])
        masked = elementwise if letter == "z" else s > 0
        if masked and self.masks[l] is not None:
            yield float(self.masks[l][x, j])
