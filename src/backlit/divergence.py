"""Where a run that met a number that is not finite went wrong: epoch, batch, layer, neuron, example, and a remedy.

This is only the looking back. That a cost or a weight is not finite is noticed in training.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from . import passes
from .errors import DivergenceError
from .inputs import batch
from .namespaces import NUMPY
from .network import Network
from .spelling import spelt

Array = Any
_ROWS_AT_ONCE = 1024  # a trace keeps every layer


def diverged(
    net: Network,
    epoch: int,
    batch: int,
    eta: float | None,
    X: Array,
    Y: Array,
    rows: Array,
    masks: list[Array] | None = None,
) -> DivergenceError:
    """The error for a cost that is not finite in this batch; ``rows`` are its examples' numbers in the data given.

    ``masks`` are the dropout masks of the step; ``eta`` is None for a method that finds its own.
    """
    return DivergenceError(
        f"training diverged in epoch {epoch}, batch {batch}: {_first(net, X, Y, rows, masks)}. "
        f"The weights of the epoch's start were put back. {_remedy(eta)}, or standardised inputs"
    )


def weights_diverged(net: Network, epoch: int, eta: float | None) -> DivergenceError:
    """The error for weights of which one is not finite at an epoch's end."""
    place = int(np.argmin(np.isfinite(net.theta)))
    return DivergenceError(
        f"training diverged in epoch {epoch}: at its end {_weight(net, place)}. "
        f"The weights of the epoch's start were put back. {_remedy(eta)}"
    )


def _remedy(eta: float | None) -> str:
    if eta is None:
        return f"Take smaller starting weights ({spelt('init', ...)})"
    return f"Take a smaller {spelt('eta')} (it was {eta:.3g}; try {eta / 10:.2g}), {spelt('clip_norm', 1)}"


def _weight(net: Network, place: int) -> str:
    """``w[2][3,5] (layer 2, neuron 3) is inf``."""
    name = net.name_of(place)
    l, j = re.findall(r"\d+", name)[:2]
    return f"{name} (layer {l}, neuron {j}) is {net.theta[place]}"


def _first(net: Network, X: Array, Y: Array, rows: Array, masks: list[Array] | None) -> str:
    """In words: the first quantity of the pass that is not finite, with layer, neuron and example."""
    bad = np.flatnonzero(~np.isfinite(net.theta))
    weight = f"{_weight(net, int(bad[0]))} since the batch before, and with it " if bad.size else ""
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        here = None if masks is None else [None if mask is None else mask[part] for mask in masks]
        with np.errstate(all="ignore"):
            trace = passes.trace(net, batch(X, rows[part], net.dtype), Y[rows[part]], here, xp=NUMPY)
        found = _in_trace(net, trace, rows[part])
        if found:
            return weight + found
    return weight + f"the mean cost of its {len(rows)} examples is not finite (layer {net.L}, the output)"


def _in_trace(net: Network, trace: passes.Trace, rows: Array) -> str | None:
    for l in range(1, net.L + 1):
        for letter, array in (("z", trace.z[l]), ("a", trace.a[l])):
            finite = np.isfinite(array)
            if not finite.all():
                x, j = np.argwhere(~finite)[0]
                return f"{letter}[{l}][{j}] (layer {l}, neuron {j}) is {array[x, j]} for example {rows[x]}"
    finite = np.isfinite(trace.C)
    if finite.all():
        return None
    x = int(np.argmin(finite))
    j = int(np.argmax(abs(trace.a[net.L][x])))
    return f"the cost of example {rows[x]} is {trace.C[x]} (layer {net.L}, the output; neuron {j} is the largest there)"
