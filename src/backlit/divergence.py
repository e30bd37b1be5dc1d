"""Where a run that met a number that is not finite went wrong: epoch, batch, layer, neuron, example, and a remedy."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import passes
from .errors import DivergenceError
from .namespaces import NUMPY
from .network import Network

Array = Any


def diverged(
    net: Network, epoch: int, batch: int, eta: float, X: Array, Y: Array, rows: Array
) -> DivergenceError:
    """The error for a cost that is not finite in this batch; ``rows`` are its examples' numbers in the data given."""
    where = _first(net, X, Y, rows)
    return DivergenceError(
        f"training diverged in epoch {epoch}, batch {batch}: {where}. The weights of the epoch's start were put back. "
        f"Take a smaller eta (it was {eta:.3g}; try {eta / 10:.2g}), clip_norm=1, or standardised inputs"
    )


def weights_diverged(net: Network, epoch: int, eta: float) -> DivergenceError:
    """The error for weights found not finite at an epoch's end, or None of them is."""
    place = int(np.argmin(np.isfinite(net.theta)))
    return DivergenceError(
        f"training diverged in epoch {epoch}: {net.name_of(place)} is {net.theta[place]}. The weights of the epoch's "
        f"start were put back. Take a smaller eta (it was {eta:.3g}; try {eta / 10:.2g}), or clip_norm=1"
    )


def _first(net: Network, X: Array, Y: Array, rows: Array) -> str:
    """In words: the first quantity of the pass that is not finite, with layer, neuron and example."""
    bad = np.flatnonzero(~np.isfinite(net.theta))
    if bad.size:
        return f"{net.name_of(int(bad[0]))} (layer {_layer(net, int(bad[0]))}) is {net.theta[bad[0]]}"
    with np.errstate(all="ignore"):
        trace = passes.trace(net, X[rows], Y[rows], xp=NUMPY)
    for l in range(1, net.L + 1):
        for letter, array in (("z", trace.z[l]), ("a", trace.a[l])):
            finite = np.isfinite(array)
            if not finite.all():
                x, j = np.argwhere(~finite)[0]
                return f"{letter}[{l}][{j}] (layer {l}, neuron {j}) is {array[x, j]} for example {rows[x]}"
    x = int(np.argmin(np.isfinite(trace.C)))
    return f"the cost of example {rows[x]} is {trace.C[x]} (layer {net.L}, the output)"


def _layer(net: Network, place: int) -> str:
    return net.name_of(place).split("[")[1].rstrip("]")
