"""One weight or bias by its name: where it stands in θ (N8), and what is said of a name that stands for none."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import UsageError
from ..network import Network
from ..notation import Quantity
from .labels import Labels
from .names import resolve

Array = Any
_DERIVATIVE = re.compile(r"\s*[d∂]?[^\[\"']*/")


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


def parameter(net: Network, name: str) -> Parameter:
    """The parameter of that name, in the note's counting or as PyTorch has it; class names and columns may be indices.

    Raises UsageError (CountingError for one that does not exist), with the nearest right name.
    """
    if not isinstance(name, str):
        raise UsageError(f"a parameter is named by a text such as 'w[1][0,2]'; got {name!r}")
    if _DERIVATIVE.match(name):
        raise UsageError(
            f"{name!r} is a derivative, and a parameter is asked for, such as w[1][0,2] or b[1][0]"
        )
    try:
        found = resolve(f"dC/d{name.strip()}", Labels.of(net, "note")).by
    except UsageError as error:  # it speaks of the derivative by what was named
        raise type(error)(str(error).replace("dC/d", "")) from None
    if found.letter not in ("w", "b") or found.layer is None:
        raise UsageError(
            f"{name!r} is not a parameter; name one weight or bias, such as w[1][0,2] or b[1][0]"
        )
    indices = tuple(one for one in found.index if isinstance(one, int))
    shape = net.views(net.theta)[found.letter == "b"][found.layer].shape
    if len(indices) < len(shape):
        first = Quantity(found.letter, found.layer, (0,) * len(shape)).text()
        raise UsageError(f"{name!r} is several; name one entry, such as {first}")
    before = sum(math.prod(one) for one in net.shapes[: 2 * (found.layer - 1) + (found.letter == "b")])
    place = before + int(np.ravel_multi_index(indices, shape))
    return Parameter(found, found.layer, indices[0], indices[1] if found.letter == "w" else None, place)


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
