"""What rounding in a backward pass is relative to: for each δ, the sizes of what was added and subtracted on its way.

A bound to first order: at each layer, roundings of its own products, and those of the layer after, carried back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import equations
from ...functions import pair_of
from ...namespaces import NUMPY
from ...network import Network

Array = Any


def of_deltas(
    net: Network, w: list[Array], z: list[Array], a: list[Array], delta: list[Array], Y: Array
) -> list[Array]:
    """For each layer l from 1 the mass of δ^l, (m, n_l): a right computation is a few eps times it away.

    People take σ′ from a, as 1 − a² or a(1 − a), which loses digits where a neuron is saturated: so σ′ counts as 1 in a
    layer's own roundings.
    """
    L = net.L
    pair = pair_of(net.activations[-1], net.cost)
    own = np.abs(a[L]) + np.abs(Y) if pair else np.abs(equations.N6("dC/da", NUMPY, net.cost, a[L], Y))
    mass: list[Array] = [None] * L + [np.abs(delta[L]) + np.where(np.isfinite(own), own, 0)]
    for l in range(L - 1, 0, -1):
        weights = np.abs(w[l + 1])
        sigma = net.layers[l]
        slope = np.abs(sigma.slope(NUMPY, z[l], None)) if sigma.elementwise else 1.0
        mass[l] = (mass[l + 1] @ weights) * slope + np.abs(delta[l + 1]) @ weights
    return mass
