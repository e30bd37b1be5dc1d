"""Random networks for explanations: every activation, every cost that fits, all widths different, away from kinks."""

from __future__ import annotations

from typing import Any

import numpy as np

from backlit import Network
from backlit.equations import forward
from backlit.namespaces import NUMPY
from oracles.cases import ACTIVATION_OPTIONS, targets

Array = Any
WIDTHS = (3, 5, 2, 6, 4, 7)
MARGIN = 1e-2  # no z, and nothing that the cost compares, is nearer to a kink
CALM = tuple(option for option in ACTIVATION_OPTIONS if option != "exp")  # e to the e to the e leaves float64


def draw(number: int, sigma: str, cost: str, outputs: int = 3) -> tuple[Network, Array, Array]:
    """Network number so-and-so: 1 to 6 layers with weights, ``sigma`` at the output; x (4, n_0) and y (4, n_L)."""
    depth = number % 6 + 1
    for seed in range(500):
        rng = np.random.default_rng([number, seed])
        sizes = [*rng.permutation(WIDTHS)[:depth].tolist(), 8 if outputs > 1 else 1]
        hidden = [str(rng.choice(CALM)) for _ in range(depth - 1)]
        net = Network(sizes, activations=[*hidden, sigma], cost=cost, seed=seed)
        net.theta = rng.normal(0, 0.2 if sigma == "exp" else 0.7, net.parameters)
        x = rng.normal(0, 1, (4, sizes[0]))
        y = targets(net.cost, sizes[-1], rng)
        if net.cost.targets == "distribution":
            y /= y.sum(axis=1, keepdims=True)
        if margin(net, x, y) > MARGIN:
            return net, x, y
    raise AssertionError(f"no draw of {sigma}, {cost} is away from kinks")


def margin(net: Network, x: Array, y: Array) -> float:
    """How far everything is from the nearest kink."""
    w, b = net.views(net.theta)
    z, a = forward(NUMPY, net.layers, w, b, x)
    found = [np.abs(z[l] - k.z).min() for l in range(1, net.L + 1) for k in net.layers[l].kinks]
    found += [np.abs(k.at(a[-1], y)).min() for k in net.cost.kinks]
    found += [np.abs(np.abs(a[-1] - y) - d).min() for d in net.cost.parameters.values()]
    return float(min([*found, np.inf]))
