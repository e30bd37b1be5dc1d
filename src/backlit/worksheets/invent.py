"""Small random networks with friendly numbers: what can be worked out on paper, and is worth it.

Drawn layer by layer until nothing is degenerate: no neuron at a kink or saturated, few that are off, no output that is
right already, no example without a derivative. What is asked about a network stands in kinds.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import equations
from ..errors import UsageError
from ..functions import Activation, as_activation, as_cost
from ..namespaces import NUMPY
from ..network import Network
from ..spelling import spelt
from .scene import Scene

Array = Any
_TRIES = 4000  # of a layer, then of a whole network
_WHOLE = (
    (-2, 1),
    (-1, 4),
    (-0.5, 4),
    (0.5, 4),
    (1, 4),
    (2, 3),
    (1.5, 1),
)  # number, how often: halves and wholes
_TENTHS = (
    (-1, 2), (-0.8, 1), (-0.5, 3), (-0.4, 1), (-0.3, 1), (-0.2, 2), (0.1, 1), (0.2, 2), (0.3, 1), (0.4, 1), (0.5, 3),
    (0.6, 1), (0.8, 1), (1, 3), (1.5, 1),
)  # fmt: skip
_BIASES = (-1, -0.5, -0.2, 0.1, 0.2, 0.5, 1)
_WHOLE_BIASES = (-1, -0.5, 0.5, 1, 2)
_ETAS = (0.1, 0.2, 0.5, 1, 2)
_STRAIGHT = ("relu", "identity", "leaky_relu")  # piecewise linear: whole numbers stay whole
_FAR = 0.05  # from a kink, at least
_LARGEST = {"exp": 2.0, "sigmoid": 3.0, "tanh": 1.6, "softmax": 3.0, "softsign": 3.0, "hard_sigmoid": 2.9}
_WIDEST, _DEEPEST = 6, 8  # what fits on paper


@dataclass(frozen=True)
class Plan:
    """What the networks of some sheets are like; ``sizes`` None is two or three neurons a layer, by chance."""

    sizes: tuple[int, ...] | None
    depth: int
    activations: tuple[Any, ...]  # names or rows
    cost: Any
    eta: float | None

    @classmethod
    def of(
        cls,
        layers: Sequence[int] | None,
        depth: int | None,
        activation: str | Sequence[str],
        cost: str,
        eta: float | None,
    ) -> Plan:
        """A plan that can be drawn; raises UsageError."""
        sizes = None if layers is None else tuple(layers)
        if sizes is not None and (
            len(sizes) < 2 or not all(isinstance(n, int) and 1 <= n <= _WIDEST for n in sizes)
        ):
            raise UsageError(
                f"{spelt('layers')} are the sizes of all layers, from the inputs to the outputs, each from 1 to "
                f"{_WIDEST}, such as 2,3,2; got {layers!r}"
            )
        if sizes is not None and depth is not None and len(sizes) - 1 != depth:
            raise UsageError(
                f"{spelt('depth', depth)} and {len(sizes)} layer sizes contradict each other: a depth of {depth} has "
                f"{depth + 1} sizes, the inputs' among them; leave one of them out"
            )
        L = len(sizes) - 1 if sizes else 2 if depth is None else depth
        if not isinstance(L, int) or isinstance(L, bool) or not 1 <= L <= _DEEPEST:
            raise UsageError(
                f"{spelt('depth')} is how many layers of weights there are, from 1 to {_DEEPEST}; got {depth!r}"
            )
        names = _by_layer(activation, L)
        Network(
            [2] * (L + 1), activations=list(names), cost=cost
        )  # its errors are about functions, not sizes
        return cls(sizes, L, names, as_cost(cost).option, None if eta is None else checked_eta(eta))


def checked_eta(eta: Any) -> float:
    """η as a float; raises UsageError."""
    real = isinstance(eta, (int, float)) and not isinstance(eta, bool) and np.isfinite(eta) and eta > 0
    if not real:
        raise UsageError(f"{spelt('eta')} is a finite number above 0; got {eta!r}")
    return float(eta)


def _by_layer(given: str | Sequence[str], L: int) -> tuple[str, ...]:
    """One name for all layers; two for the hidden ones and the output; or one for each."""
    names = (given,) if isinstance(given, str) else tuple(given)
    if len(names) == 2:
        names = (*[names[0]] * (L - 1), names[1])
    if len(names) == 1:
        names *= L
    if len(names) != L:
        raise UsageError(
            f"{spelt('activation')} takes one name, two (hidden layers, output), or one for each of the {L} layers; "
            f"got {len(names)}"
        )
    return tuple(as_activation(name).option for name in names)


def invent(plan: Plan, rng: np.random.Generator) -> Scene:
    """A scene by the plan; raises UsageError where none is found that isn't degenerate."""
    for _ in range(60):
        sizes = plan.sizes or tuple(int(n) for n in rng.integers(2, 4, plan.depth + 1))
        net = Network(sizes, activations=list(plan.activations), cost=plan.cost)
        x = _inputs(rng, sizes[0])
        found = _weights(net, x, rng)
        if found is None:
            continue
        net.theta = found[0]
        y = _targets(net, found[1], rng)
        if y is None:
            continue
        eta = plan.eta if plan.eta is not None else float(rng.choice(_ETAS))
        return Scene(net, x, y, eta, tuple(tuple(range(n)) for n in sizes))
    raise UsageError(
        f"no friendly numbers were found for {' → '.join(map(str, plan.sizes or ('2–3',) * (plan.depth + 1)))} with "
        f"{', '.join(plan.activations)} and {plan.cost}: take other functions, or fewer layers"
    )


def _inputs(rng: np.random.Generator, n: int) -> Array:
    """0, 1 and 2: at most one 0, and not all the same."""
    while True:
        x = rng.choice([0.0, 1.0, 2.0], n, p=[0.2, 0.4, 0.4])
        if np.count_nonzero(x == 0) <= (n > 1) and (n == 1 or len(set(x)) > 1):
            return x


def _weights(net: Network, x: Array, rng: np.random.Generator) -> tuple[list[Array], Array] | None:
    """[w1, b1, …] and a^L; None where a layer can't be filled."""
    parts: list[Array] = []
    a, straight = x, True
    for l in range(1, net.L + 1):
        sigma = net.layers[l]
        straight = straight and sigma.name in _STRAIGHT
        whole = straight or (l == 1 and net.L > 1 and sigma.name == "relu")
        found = _layer(sigma, net.sizes[l], a, whole, rng)
        if found is None:
            return None
        w, b, a = found
        parts += [w, b]
    return parts, a


def _layer(
    sigma: Activation, n: int, a_before: Array, whole: bool, rng: np.random.Generator
) -> tuple[Array, Array, Array] | None:
    """w (n, n_before), b (n,) and a (n,) of one layer."""
    pool, weights = zip(*(_WHOLE if whole else _TENTHS), strict=True)
    p = np.array(weights) / sum(weights)
    for _ in range(_TRIES // 10):
        w = rng.choice(pool, (n, len(a_before)), p=p)
        b = rng.choice(_WHOLE_BIASES if whole else _BIASES, n)
        z, a = equations.N4(NUMPY, sigma, w, a_before, b)
        if _lively(sigma, w, z, a, a_before):
            return w.astype(float), b.astype(float), a
    return None


def _lively(sigma: Activation, w: Array, z: Array, a: Array, a_before: Array) -> bool:
    """Whether a layer's numbers are worth working out."""
    n = len(z)
    if np.abs(z).max() > _LARGEST.get(sigma.name, 9.0) or np.abs(z).min() < _FAR or np.abs(a).max() > 12:
        return False
    if any(np.abs(z - kink.z).min() < _FAR for kink in sigma.kinks):
        return False
    if len(np.unique(np.round(z, 6))) < n or (n > 1 and len(np.unique(w, axis=0)) < n):
        return False
    if n == w.shape[1] > 1 and (np.allclose(w, w.T) or np.allclose(a, a_before)):
        return False  # a transposed w would make no difference
    if not sigma.elementwise:
        return bool(a.max() < 0.9)
    off = np.abs(equations.N6("da/dz", NUMPY, sigma, z, None)) < 0.02
    return bool(np.count_nonzero(off) <= (n > 2))


def _targets(net: Network, a: Array, rng: np.random.Generator) -> Array | None:
    """y (n_L,) as the cost takes it, away from a and from the cost's kinks; None where there is none."""
    kind, n = net.cost.targets, net.sizes[-1]
    for _ in range(50):
        if kind == "distribution":
            y = np.eye(n)[int(rng.integers(n))]
        elif kind == "signs":
            y = rng.choice([-1.0, 1.0], n)
        elif kind == "counts":
            y = rng.choice([1.0, 2.0, 3.0], n)
        elif kind == "probabilities" or (
            net.activations[-1].lowest >= 0 and net.activations[-1].highest <= 1
        ):
            y = rng.choice([0.0, 1.0], n)
        else:
            y = rng.choice([-1.0, 0.0, 1.0, 2.0, 3.0], n)
        dC_da = equations.N6("dC/da", NUMPY, net.cost, a, y)
        near = any(np.abs(kink.at(a, y)).min() < _FAR for kink in net.cost.kinks)
        small = np.abs(dC_da) < 0.1
        if (
            not near
            and np.all(np.abs(dC_da) < 50)
            and (not small.any() or (kind == "distribution" and not small.all()))
        ):
            return y
    return None
