"""A scene from a model and one of its examples: all of a small network, a few interesting neurons of a wide one.

Derivatives by what is shown stay the model's own, up to the rounding of printed numbers: neurons that are left out act
through the biases on the way forward and through ``rest`` on the way back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import UsageError
from ..explain.labels import Labels
from ..network import Network
from ..passes import Trace, trace
from .figures import rounded
from .scene import Scene

Array = Any
WIDE = 4  # neurons of a layer that are all shown
_SHOWN = 3  # of a wider layer
_MOST_OUTPUTS = 12  # where all are needed
_AMONG = 3  # times as many of the largest are drawn from


def scene_of(
    net: Network, x: Array, y: Array, eta: float, rng: np.random.Generator, source: str = ""
) -> Scene:
    """The scene of one example, x (n_0,) and y (n_L,), as the network takes them; raises UsageError."""
    twin = _in_float64(net)
    X, Y = np.asarray(x, dtype=np.float64)[None, :], np.asarray(y, dtype=np.float64)[None, :]
    found = trace(twin, X, Y)
    if not np.isfinite(found.C).all() or not all(
        np.isfinite(found.delta[l]).all() for l in range(1, net.L + 1)
    ):
        raise UsageError("this example has numbers that are not finite in the network; take another one")
    chosen = [_chosen(twin, found, l, rng) for l in range(net.L + 1)]
    whole = all(len(some) == n for some, n in zip(chosen, net.sizes, strict=True))
    parts, rest = _reduced(twin, found, chosen)
    small = Network(
        [len(some) for some in chosen],
        activations=list(net.activations),
        cost=net.cost,
        theta=[rounded(part) for part in parts],
    )
    labels = Labels.of(net, "note")
    names = tuple(
        None if labels.names(l) is None else tuple(labels.short(l, j).strip('"') for j in some)
        for l, some in enumerate(chosen)
    )
    return Scene(
        small,
        rounded(X[0][chosen[0]]),
        rounded(Y[0][chosen[-1]]),
        eta,
        tuple(tuple(some) for some in chosen),
        None if whole else tuple(rounded(one) for one in rest),
        (twin, X[0], Y[0]),
        source,
        names,
    )


def _in_float64(net: Network) -> Network:
    """The same network in float64, as explanations compute."""
    twin = Network(
        net.sizes,
        activations=list(net.activations),
        cost=net.cost,
        theta=np.asarray(net.theta, dtype=np.float64),
    )
    twin.recipe, twin.classes, twin.task = net.recipe, net.classes, net.task
    return twin


def _chosen(net: Network, found: Trace, l: int, rng: np.random.Generator) -> list[int]:
    """The neurons of layer l that are shown: by chance among those that matter most at this example."""
    n = net.sizes[l]
    if n <= WIDE:
        return list(range(n))
    mixed = l > 0 and not net.layers[l].elementwise
    if mixed or (l == net.L and net.cost.name == "mean_squared_error"):
        if n > _MOST_OUTPUTS:
            raise UsageError(
                f"layer {l} has {n} neurons that all depend on one another ({net.layers[l].option}, "
                f"{net.cost.option}), and a sheet has room for {_MOST_OUTPUTS}; take a smaller model"
            )
        return list(range(n))
    weight = np.abs(found.a[l][0] * found.dC_da[l][0]) if l < net.L else np.abs(found.delta[l][0])
    order = np.argsort(-weight, kind="stable")
    among = [int(j) for j in order[: _AMONG * _SHOWN] if weight[j] > 0] or [int(j) for j in order[:_SHOWN]]
    first = (
        among[:2] if l == net.L else among[:1]
    )  # at the output: what is wanted and what is said, as a rule
    others = [j for j in among if j not in first]
    more = rng.permutation(others)[: _SHOWN - len(first)]
    return sorted([*first, *(int(j) for j in more)])


def _reduced(net: Network, found: Trace, chosen: list[list[int]]) -> tuple[list[Array], list[Array]]:
    """[w1, b1, …] of the shown neurons, biases with what the others add; and the rest of ∂C/∂a^l, by layer."""
    parts: list[Array] = []
    rest: list[Array] = []
    for l in range(1, net.L + 1):
        rows, columns = chosen[l], chosen[l - 1]
        w = net.w[l][np.ix_(rows, columns)]
        everyone = len(columns) == net.sizes[l - 1]
        b = net.b[l][rows] if everyone else found.z[l][0][rows] - w @ found.a[l - 1][0][columns]
        parts += [w, b]
        shown = found.delta[l][0][rows] @ w
        everything = found.dC_da[l - 1][0][columns]
        rest.append(0 * everything if len(rows) == net.sizes[l] else everything - shown)
    return parts, rest
