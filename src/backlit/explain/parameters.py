"""One weight or bias by its name: where it stands in θ (N8), and what is said of a name that stands for none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import CountingError, UsageError
from ..network import Network
from ..notation import Derivative, Notation, Quantity, parse

Array = Any


@dataclass(frozen=True)
class Parameter:
    """``w[l][j,k]`` or ``b[l][j]`` (then ``k`` is None), and its place in flat θ."""

    quantity: Quantity
    l: int
    j: int
    k: int | None
    place: int

    @property
    def name(self) -> str:
        """``w[1][5,30]``, in the note's counting."""
        return self.quantity.text()

    @property
    def symbol(self) -> str:
        """``w¹₅,₃₀``."""
        return self.quantity.symbol()


def parameter(net: Network, name: str, notation: Notation = "note") -> Parameter:
    """The parameter of that name; raises UsageError (CountingError for one that does not exist)."""
    found = parse(name, notation)
    if isinstance(found, Derivative):
        raise UsageError(
            f"{name!r} is a derivative, and a parameter is asked for; write {found.by.text(notation)}"
        )
    if found.letter not in ("w", "b") or found.layer is None:
        raise UsageError(
            f"{name!r} is not a parameter; name one weight or bias, such as w[1][0,2] or b[1][0]"
        )
    shape = check_layer(net, found, name)
    entry = numbers(found)
    if len(entry) < len(shape):
        raise UsageError(f"{name!r} is a whole array; name one entry, such as {_first(found, len(shape))}")
    check_index(entry, shape, name)
    l, j = found.layer, entry[0]
    k = entry[1] if found.letter == "w" else None
    before = sum(math.prod(one) for one in net.shapes[: 2 * (l - 1) + (found.letter == "b")])
    return Parameter(found, l, j, k, before + int(np.ravel_multi_index(entry, shape)))


def numbers(quantity: Quantity) -> tuple[int, ...]:
    """The index without its slices: shorter than the array's dimensions where not one entry is meant."""
    return tuple(one for one in quantity.index if isinstance(one, int))


def check_layer(net: Network, quantity: Quantity, name: str) -> tuple[int, ...]:
    """The shape of a layer's array of this letter; raises CountingError where there is no such layer."""
    layer = quantity.layer or 0
    if layer > net.L:
        raise CountingError(
            f"{name!r}: layer 0 is the input and {net.L} the output of this network, so there is no layer {layer}"
        )
    n = net.sizes[layer]
    return (n, net.sizes[layer - 1]) if quantity.letter == "w" else (n,)


def check_index(index: tuple[int, ...], shape: tuple[int, ...], name: str) -> None:
    """Raises CountingError for an entry that an array of this shape has not."""
    if any(i >= n for i, n in zip(index, shape, strict=True)):
        last = ",".join(str(n - 1) for n in shape)
        raise CountingError(
            f"{name!r}: neurons count from 0, and the last entry here is [{last}]; got [{','.join(map(str, index))}]"
        )


def _first(quantity: Quantity, indices: int) -> str:
    return Quantity(quantity.letter, quantity.layer, (0,) * indices).text()


def in_float64(net: Network) -> Network:
    """The same network in float64, for proofs; itself where it is that already."""
    if net.dtype == np.float64:
        return net
    return Network(
        net.sizes,
        activations=list(net.activations),
        cost=net.cost,
        dtype=np.float64,
        theta=net.theta.astype(np.float64),
    )
