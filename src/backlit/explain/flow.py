"""One pass forward, and one back from P: z, a, σ′ of every layer and ∂P/∂a, ∂P/∂z, a row an example, by the registry.

P is C, or one neuron's a or z. The numbers of every derivation are taken from here; how they are laid out as steps
stands in opening.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import equations
from ..engines.numpy import quiet
from ..equations import EQUATIONS
from ..errors import DataError
from ..namespaces import NUMPY
from ..notation import Quantity
from .problem import Problem

Array = Any


@dataclass(frozen=True, eq=False)
class Flow:
    """Lists by layer of arrays (m, n_l): ``z``, ``a`` (after dropout's mask), ``to_a`` = ∂P/∂a, ``to_z`` = ∂P/∂z.

    ``slope`` is σ′(z), None for a softmax. Layers behind P are None, and so is to_a of P's own layer where P is a z.
    """

    of: Quantity
    top: int
    w: list[Array]
    b: list[Array]
    z: list[Array]
    a: list[Array]
    slope: list[Array]
    to_a: list[Array]
    to_z: list[Array]
    masks: list[Array]


@quiet
def flow(problem: Problem, of: Quantity) -> Flow:
    """The passes for P = ``of``; raises DataError where the example drives a neuron out of the finite numbers."""
    net, xp = problem.net, NUMPY
    w, b = net.views(net.theta)
    z, a = equations.forward(xp, net.layers, w, b, problem.X, problem.masks)
    _check_finite(problem, z, a)
    masks = problem.masks or [None] * (net.L + 1)
    top = net.L if of.letter == "C" else int(of.layer or 0)
    to_a: list[Array] = [None] * (top + 1)
    to_z: list[Array] = [None] * (top + 1)
    _start(problem, of, top, z, a, masks, to_a, to_z)
    for l in range(top - 1, -1, -1):
        to_a[l] = EQUATIONS["N11"](w[l + 1], to_z[l + 1])
        if l:
            to_z[l] = EQUATIONS["B2"](xp, net.layers[l], w[l + 1], to_z[l + 1], z[l], a[l], masks[l])
    slope = [
        EQUATIONS["N6"]("da/dz", xp, net.layers[l], z[l], None) if l and net.layers[l].elementwise else None
        for l in range(net.L + 1)
    ]
    return Flow(of, top, w, b, z, a, slope, to_a, to_z, masks)


def _start(
    problem: Problem,
    of: Quantity,
    top: int,
    z: list[Array],
    a: list[Array],
    masks: list[Array],
    to_a: list[Array],
    to_z: list[Array],
) -> None:
    """∂P/∂a and ∂P/∂z of the last layer that P depends on."""
    net, xp = problem.net, NUMPY
    if of.letter == "C":
        to_a[top] = EQUATIONS["N6"]("dC/da", xp, net.cost, a[top], problem.Y)
        to_z[top] = EQUATIONS["B1"](xp, net.layers[top], net.cost, z[top], a[top], problem.Y)
        return
    itself = np.zeros_like(z[top])
    itself[:, int(of.index[0])] = 1
    if of.letter == "z":
        to_z[top] = itself
    else:
        to_a[top] = itself
        to_z[top] = equations.through(xp, net.layers[top], z[top], a[top], itself, masks[top])


def _check_finite(problem: Problem, z: list[Array], a: list[Array]) -> None:
    for l in range(1, len(z)):
        for letter, values in (("z", z[l]), ("a", a[l])):
            broken = ~np.isfinite(values)
            if broken.any():
                row, j = (int(one) for one in np.argwhere(broken)[0])
                number = problem.numbers[row] if problem.numbers else row
                raise DataError(
                    f"{letter}[{l}][{j}] is {values[row, j]} for example {number}: the example and the weights that it "
                    "meets are too large for the numbers there are; scale the inputs"
                )
