"""What the edges of a drawn network show: weights, ∂C/∂w, or what the listed paths of one derivative carry."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..engines.numpy import quiet
from ..equations import forward
from ..errors import DataError, ModelError, UsageError, unknown
from ..explain import Paths
from ..explain.problem import Problem, pose
from ..inputs import encode_inputs
from ..namespaces import NUMPY
from ..network import Network
from ..use import gradient

Array = Any
KINDS = {"w": "weight w", "dC/dw": "∂C/∂w"}


@dataclass(frozen=True)
class Seen:
    """What is seen of a network: ``edges[l]`` (n_l, n_{l−1}), or None where no edge is; ``chosen[l]`` (n_l,).

    ``activations[l]`` (n_l,) and ``wanted`` (n_L,) are one example's, or None. ``label`` says what the edges are;
    ``paths`` those whose contributions they are, with everything else to recede.
    """

    net: Network
    edges: tuple[Array | None, ...]
    chosen: tuple[Array, ...]
    activations: tuple[Array, ...] | None
    wanted: Array | None
    label: str
    paths: Paths | None = None


def seen_of_network(net: Network, x: Any, y: Any, kind: str, example: int | None) -> Seen:
    """Weights or ∂C/∂w of the examples x, y, the mean of them where ``example`` names none of several."""
    if kind not in KINDS:
        raise unknown(
            "edges", kind, KINDS, meant={"gradient": "dC/dw", "weight": "w", "weights": "w"}.get(kind)
        )
    if kind == "dC/dw" and (x is None or y is None):
        raise UsageError("edges='dC/dw' are derivatives at examples: give x and y")
    if not np.isfinite(net.theta).all():
        place = int(np.argmin(np.isfinite(net.theta)))
        raise ModelError(f"{net.name_of(place)} is {net.theta[place]}, and can't be drawn")
    problem = None if x is None else _pose(net, x, y, example)
    if kind == "w":
        matrices = [None, *(np.array(net.w[l]) for l in range(1, net.L + 1))]
    else:
        assert problem is not None
        found = gradient(problem.net, problem.X, problem.Y)
        matrices = [None, *(np.array(found.w[l]) for l in range(1, net.L + 1))]
        if not np.isfinite(found.theta).all():
            raise DataError("∂C/∂w holds a number that is not finite, and can't be drawn; look at net.health")
    label = KINDS[kind]
    if kind == "dC/dw" and problem is not None and problem.m > 1:
        label += f", the mean over {problem.m:,} examples"
    alone = problem if problem is not None and problem.m == 1 else None
    nothing = tuple(np.zeros(n) for n in net.sizes)
    return Seen(net, tuple(matrices), nothing, activations(alone), _wanted(alone), label)


def seen_of_paths(found: Paths) -> Seen:
    """What the listed paths carry over each edge: the sum of the contributions that pass it."""
    net, problem = found.problem.net, found.problem
    matrices: list[Any] = [None, *(np.zeros((net.sizes[l], net.sizes[l - 1])) for l in range(1, net.L + 1))]
    chosen = [np.zeros(n) for n in net.sizes]
    layers = [station.layer or 0 for station in found.stations]
    for one in found:
        stops = [*zip(layers, one.neurons, strict=True)]
        if found.derivative.by.letter == "w":  # the weight itself leads into the first z
            stops.insert(0, (layers[0] - 1, int(found.derivative.by.index[1])))
        for l, j in dict.fromkeys(stops):
            chosen[l][j] += abs(one.contribution) + np.finfo(float).tiny  # one of 0 is a path still
        for (below, k), (l, j) in pairwise(stops):
            if l == below + 1:  # a hidden softmax goes from z to a within its layer
                matrices[l][j, k] += one.contribution
    alone = problem if problem.m == 1 else None
    label = f"contribution to {found.derivative.symbol(found.notation)}"
    return Seen(net, tuple(matrices), tuple(chosen), activations(alone), _wanted(alone), label, found)


def _pose(net: Network, x: Any, y: Any, example: int | None) -> Problem:
    """The examples, checked, by the explanation's own check."""
    if y is None:
        encode_inputs(net, x)
    return pose(
        net, x, y, notation="note", example=example, numbers=None, sample_weight=None, l1=0.0, l2=0.0,
        dropout_masks=None, dtype=np.float64,
    )  # fmt: skip


def activations(problem: Problem | None) -> tuple[Array, ...] | None:
    """a^0 … a^L of one example, each (n_l,)."""
    if problem is None:
        return None
    net = problem.net
    w, b = net.views(net.theta)
    return tuple(one[0] for one in quiet(forward)(NUMPY, net.layers, w, b, problem.X)[1])


def _wanted(problem: Problem | None) -> Array | None:
    return None if problem is None or problem.Y is None else problem.Y[0]
