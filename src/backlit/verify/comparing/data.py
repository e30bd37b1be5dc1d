"""Both sides of a comparison run on the same examples, each in its own dtype and with its own code, and how far apart
right computations may be: measured by shaking every number by one rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import equations
from ...equations import backward, forward, mean_gradient
from ...errors import UsageError
from ...functions import Cost, as_activation
from ...namespaces import NUMPY
from ...network import Network
from . import torch as compare_torch
from .mass import of_deltas
from .sides import Side
from .theta import Theta

Array = Any
_ROUNDINGS = 64


@dataclass(frozen=True)
class Examples:
    """a^0 (m, n_0) and targets (m, n_L) in float64, or None without targets; ``share`` is s_x / Σ s_x."""

    X: Array
    Y: Array | None
    share: Array


@dataclass
class Pass:
    """z and a by layer (entry 0 of z is None), C and ∇C [w1, b1, …] where there are targets and a cost."""

    z: list[Array]
    a: list[Array]
    C: float | None
    gradient: list[Array] | None


def as_network(side: Side, theta: Theta, like: Network | None) -> Network | None:
    """A side as a network of ours: its own, or one with its numbers and functions (``like``'s where not known).

    None where it has functions that are not ours.
    """
    if side.net is not None:
        return side.net
    options: Any = side.options
    if options is None:
        if like is None or like.sizes != theta.sizes:
            return None
        options = list(like.activations)
    try:
        rows = [as_activation(one) for one in options]
        cost: Any = "squared_error" if like is None else like.cost
        dtype = np.float32 if side.dtypes <= {"float32", "float16"} else np.float64
        return Network(theta.sizes, activations=rows, cost=cost, dtype=dtype, theta=list(theta.arrays))
    except UsageError:
        return None


@np.errstate(all="ignore")
def run(net: Network, some: Examples, *, cost: bool = True) -> Pass:
    """One pass of a network, in its own dtype, by the equations."""
    w, b = net.views(net.theta)
    X = some.X.astype(net.dtype)
    z, a = forward(NUMPY, net.layers, w, b, X)
    if some.Y is None or not cost:
        return Pass(z, a, None, None)
    Y, share = some.Y.astype(net.dtype), some.share.astype(net.dtype)
    delta = backward(NUMPY, net.layers, net.cost, w, z, a, Y)
    C = float(equations.B5(share, equations.N5(NUMPY, net.activations[-1], net.cost, z[-1], a[-1], Y)))
    return Pass(z, a, C, equations.N8(*mean_gradient(share, a, delta)))


@np.errstate(all="ignore")
def run_theirs(
    side: Side, some: Examples, like: Network | None, cost: Cost | None, loss: Any
) -> tuple[Pass, str | None]:
    """One pass of a chain of PyTorch modules, and a remark where it gives logits and our function was put on top."""
    assert side.layers is not None
    sigma, remark = None, None
    if like is not None and side.layers[-1].option == "identity":
        last = like.activations[-1]
        if last.name in ("softmax", "sigmoid"):
            sigma = last
            remark = f"{side.name} ends with z, not with {last.option}: {last.option} was put on top of it."
    found = compare_torch.run(side.layers, some.X, some.Y, some.share, sigma, cost, loss)
    return Pass(found.z, found.a, found.C, found.gradient), remark


@dataclass(frozen=True)
class Slack:
    """How far apart two right computations may be, by group, layer and letter: ("z", 2, ""), ("∇C", 1, "w")."""

    known: dict[tuple[str, int, str], float]
    eps: float

    def of(self, group: str, l: int, letter: str, largest: float) -> float:
        """An absolute difference; without a network of ours, from the array's largest entry alone."""
        return self.known.get((group, l, letter), _ROUNDINGS * _ROUNDINGS * self.eps * largest)


@np.errstate(all="ignore")
def slack(net: Network | None, some: Examples, eps: float) -> Slack:
    """Measured on a network in float64: what one rounding in every weight and input changes, many times over."""
    if net is None:
        return Slack({}, eps)
    rng = np.random.default_rng(0)
    shaken_X = some.X * (1 + eps * rng.choice([-1, 1], some.X.shape))
    theta = net.theta.astype(np.float64)
    shaken = theta * (1 + eps * rng.choice([-1, 1], theta.shape))
    first, second = (
        run(_wide(net, at), Examples(X, some.Y, some.share))
        for at, X in ((theta, some.X), (shaken, shaken_X))
    )
    known: dict[tuple[str, int, str], float] = {}
    masses = _masses(_wide(net, theta), some, first)
    for l in range(1, net.L + 1):
        for group, one, two in (("z", first.z, second.z), ("a", first.a, second.a)):
            known[group, l, ""] = _apart(one[l], two[l]) + eps * masses[group, l, ""]
        for place, letter in enumerate("wb"):
            if first.gradient is None or second.gradient is None:
                continue
            i = 2 * (l - 1) + place
            known["∇C", l, letter] = (
                _apart(first.gradient[i], second.gradient[i]) + eps * masses["∇C", l, letter]
            )
    if first.C is not None and second.C is not None:
        known["C", 0, ""] = abs(first.C - second.C) + eps * abs(first.C)
    return Slack({key: _ROUNDINGS * value for key, value in known.items()}, eps)


def _wide(net: Network, theta: Array) -> Network:
    return Network(net.sizes, activations=list(net.activations), cost=net.cost, dtype=np.float64, theta=theta)


def _apart(one: Array, other: Array) -> float:
    found = np.abs(one - other)
    return float(found[np.isfinite(found)].max(initial=0.0))


def _masses(net: Network, some: Examples, found: Pass) -> dict[tuple[str, int, str], float]:
    """What rounding is relative to: the largest sum of |terms| of each array."""
    masses: dict[tuple[str, int, str], float] = {}
    mass: Any = None
    if some.Y is not None:
        w = net.views(net.theta)[0]
        delta = backward(NUMPY, net.layers, net.cost, w, found.z, found.a, some.Y)
        mass = of_deltas(net, w, found.z, found.a, delta, some.Y)
    for l in range(1, net.L + 1):
        before = np.abs(found.a[l - 1])
        masses["z", l, ""] = float((before @ np.abs(net.w[l]).T + np.abs(net.b[l])).max())
        masses["a", l, ""] = float((np.abs(found.a[l]) * (1 + np.abs(found.z[l]))).max())
        if mass is not None:
            masses["∇C", l, "w"] = float(equations.B4(some.share, before, mass[l]).max())
            masses["∇C", l, "b"] = float(equations.B3(some.share, mass[l]).max())
    return masses
