"""The health of a network on data: how large the gradient is in each layer, which neurons are dead or saturated, and
which factor, that of w or that of σ′, shrinks or blows up the gradient from layer to layer (B2).

What each number means is said in docs/health.md, to the letter. What is made of them, in sentences, stands in
findings.py. Everything goes through the equations' registry, chunk by chunk, so memory stays small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import equations, passes
from ..equations import EQUATIONS
from ..errors import ModelError, UsageError
from ..functions import Activation
from ..inputs import batch, is_sparse
from ..namespaces import NUMPY
from ..network import Network
from ..use import examples
from .findings import Finding, Inputs, Layer, find
from .lines import number, percent, plain, table, wrapped

Array = Any
SATURATED = 0.01  # of the most that |σ′| can be: below it, a neuron is saturated for an example …
MOSTLY = 0.99  # … and is saturated altogether where it is so for this part of the examples
_GRID = np.linspace(-20, 20, 4001)  # where the most of |σ′| is looked for


@dataclass(frozen=True)
class Health:
    """Numbers of each layer, 1 … L, and ``findings``: what is wrong, worst first; empty where nothing is.

    ``C`` is the mean cost over the ``n`` examples, ``eta`` the η of the update/weight ratios (None: not known).
    """

    layers: tuple[Layer, ...]
    findings: tuple[Finding, ...]
    inputs: Inputs
    C: float
    n: int
    eta: float | None

    @property
    def sentence(self) -> str:
        """What is wrong and what people do about it, or that nothing is."""
        if not self.findings:
            return "Nothing is wrong: the gradient reaches every layer, and no layer is dead or saturated."
        return " ".join(f"{one.sentence} {one.remedy}" for one in self.findings)

    def text(self) -> str:
        """Two tables, of layers and of the way from layer to layer, and the sentences."""
        lines = [f"{self.n:,} example{'s' * (self.n > 1)}, C = {number(self.C)}", "", *_layers(self)]
        if len(self.layers) > 1:
            lines += ["", *_way(self)]
        said = [f"{one.sentence} {one.remedy}" for one in self.findings] or [self.sentence]
        marks = ["✗" if self.findings else "✓"] * len(said)
        return "\n".join([*lines, "", *(wrapped(f"{m} {s}", 2) for m, s in zip(marks, said, strict=True))])

    def to_dict(self) -> dict[str, Any]:
        """Plain data under the schema backlit.health/1; what is not known or not finite is None."""
        return {
            "schema": "backlit.health/1",
            "n": self.n,
            "C": plain(self.C),
            "eta": plain(self.eta),
            "inputs": self.inputs.to_dict(),
            "layers": [one.to_dict() for one in self.layers],
            "findings": [one.to_dict() for one in self.findings],
            "sentence": self.sentence,
        }

    def __str__(self) -> str:
        return self.text()


@np.errstate(all="ignore")
def health(net: Network, x: Any, y: Any, *, eta: float | None = None) -> Health:
    """How the gradient of C (without penalties or dropout) fares on these examples; docs/health.md defines each number.

    ``eta`` is that of the update/weight ratios: the last of the model's training unless given. Raises UsageError,
    DataError, and ModelError where a weight is not finite.
    """
    eta = _eta(net, eta)
    X, Y = examples(net, x, y)
    bad = np.flatnonzero(~np.isfinite(net.theta))
    if bad.size:
        raise ModelError(
            f"{net.name_of(int(bad[0]))} is {net.theta[bad[0]]}, so no gradient can be looked at; train anew with a "
            "smaller eta"
        )
    sums = _Sums(net, len(Y))
    w, b = net.views(net.theta)
    for rows in passes.chunks(len(Y), net.sizes):
        z, a = equations.forward(NUMPY, net.layers, w, b, batch(X, rows, net.dtype))
        delta = equations.backward(NUMPY, net.layers, net.cost, w, z, a, Y[rows])
        sums.add(w, z, a, delta, Y[rows])
    layers = tuple(sums.layer(l, eta) for l in range(1, net.L + 1))
    inputs = sums.inputs()
    findings = find(net, layers, inputs, eta)
    return Health(layers=layers, findings=findings, inputs=inputs, C=sums.C, n=len(Y), eta=eta)


def _eta(net: Network, given: float | None) -> float | None:
    if given is None:
        last = net.training.get("last") or {}
        found = last.get("eta") or net.training.get("settings", {}).get("eta")
        return None if found is None else float(found)
    real = isinstance(given, (int, float, np.number)) and not isinstance(given, bool)
    if not real or not math.isfinite(given) or given <= 0:
        raise UsageError(f"eta is a finite number above 0; got {given!r}")
    return float(given)


def most_of_slope(sigma: Activation) -> float:
    """The most that |σ′(z)| can be: over z from −20 to 20; 1 for exp, whose slope has no most, ¼ for softmax."""
    if not sigma.elementwise:
        return 0.25  # of its diagonal, a(1 − a)
    if sigma.built_in and sigma.name == "exp":
        return 1.0
    return float(np.abs(sigma.derivative(NUMPY, _GRID)).max())


class _Sums:
    """What is summed over the examples, chunk by chunk."""

    def __init__(self, net: Network, n: int) -> None:
        self.net, self.n, self.C = net, n, 0.0
        zeros = [np.zeros(size) for size in net.sizes]
        self.of_w: list[Any] = [None, *(np.zeros(one.shape) for one in net.w)]
        self.delta2, self.back2 = np.zeros(net.L + 1), np.zeros(net.L + 1)  # Σ of squared lengths
        self.still = [one.copy() for one in zeros]  # examples on which σ′ is 0
        self.flat = [one.copy() for one in zeros]  # and on which it is small
        self.most = [0.0, *(most_of_slope(sigma) for sigma in net.activations)]
        self.sum, self.square, self.far = zeros[0].copy(), zeros[0].copy(), 0.0

    def add(self, w: list[Array], z: list[Array], a: list[Array], delta: list[Array], Y: Array) -> None:
        net, L = self.net, self.net.L
        m = len(Y)
        share = np.full(m, 1 / self.n, dtype=net.dtype)
        C = equations.N5(NUMPY, net.activations[-1], net.cost, z[L], a[L], Y)
        self.C += float(equations.B5(share, C))
        of_w, _ = equations.mean_gradient(share, a, delta)
        for l in range(1, L + 1):
            self.of_w[l] += of_w[l]
            self.delta2[l] += _squares(delta[l])
            back = (
                EQUATIONS["N11"](w[l + 1], delta[l + 1])
                if l < L
                else EQUATIONS["N6"]("dC/da", NUMPY, net.cost, a[L], Y)
            )
            self.back2[l] += _squares(back)
            slope = np.abs(_slope(net.activations[l - 1], z[l], a[l]))
            self.still[l] += (slope == 0).sum(axis=0)
            self.flat[l] += (slope < SATURATED * self.most[l]).sum(axis=0)
        x = np.asarray(a[0].toarray() if is_sparse(a[0]) else a[0], dtype=np.float64)
        self.sum += x.sum(axis=0)
        self.square += (x * x).sum(axis=0)
        self.far = max(self.far, float(np.abs(x).max(initial=0.0)))

    def layer(self, l: int, eta: float | None) -> Layer:
        """The numbers of layer l."""
        net, n, L = self.net, self.n, self.net.L
        of_w, of_weights = math.sqrt(_squares(self.of_w[l])), math.sqrt(_squares(net.w[l]))
        delta, back = math.sqrt(self.delta2[l] / n), math.sqrt(self.back2[l] / n)
        after = math.sqrt(self.delta2[l + 1] / n) if l < L else math.nan
        dead = self.still[l] == n
        saturated = (self.flat[l] >= MOSTLY * n) & ~dead
        return Layer(
            l=l,
            neurons=net.sizes[l],
            activation=net.activations[l - 1].option,
            dC_dw=of_w,
            delta=delta,
            w=of_weights,
            update=None if eta is None or not of_weights else eta * of_w / of_weights,
            dead=tuple(np.flatnonzero(dead).tolist()),
            saturated=tuple(np.flatnonzero(saturated).tolist()),
            w_part=_ratio(back, after) if l < L else None,
            slope_part=_ratio(delta, back),
        )

    def inputs(self) -> Inputs:
        """Of the inputs: the largest, and mean and deviation of the column that is farthest out."""
        mean = self.sum / self.n
        deviation = np.sqrt(np.maximum(self.square / self.n - mean * mean, 0))
        root = np.sqrt(self.square / self.n)
        column = int(np.argmax(root))
        return Inputs(self.far, column, float(mean[column]), float(deviation[column]))


def _slope(sigma: Activation, z: Array, a: Array) -> Array:
    """σ′(z), (m, n_l); for softmax the diagonal of its Jacobian, a(1 − a)."""
    return EQUATIONS["N6"]("da/dz", NUMPY, sigma, z, a) if sigma.elementwise else a * (1 - a)


def _squares(array: Array) -> float:
    """Σ over all entries of the square, in float64 whatever the array's dtype."""
    wide = array.astype(np.float64, copy=False)
    return float(np.sum(wide * wide))


def _ratio(above: float, below: float) -> float | None:
    """None where there is none: 0 or infinity below."""
    return above / below if below and math.isfinite(below) else None


def _layers(health: Health) -> list[str]:
    heads = ["layer", "neurons", "activation", "‖∂C/∂w‖", "‖δ‖", "η‖∂C/∂w‖/‖w‖", "dead", "saturated"]
    rows = [
        [
            str(one.l),
            f"{one.neurons:,}",
            one.activation,
            number(one.dC_dw),
            number(one.delta),
            number(one.update),
            f"{len(one.dead):,} ({percent(len(one.dead) / one.neurons)})" if one.dead else "0",
            f"{len(one.saturated):,} ({percent(len(one.saturated) / one.neurons)})" if one.saturated else "0",
        ]
        for one in health.layers
    ]
    said = "" if health.eta is None else f"  η = {number(health.eta)}"
    return [*table(heads, rows), *([said] if said else ["  give eta for the update/weight ratio"])]


def _way(health: Health) -> list[str]:
    """From the output back: what w does to the gradient, what σ′ does, and both."""
    rows = []
    for one in reversed(health.layers[:-1]):
        whole = None if one.w_part is None or one.slope_part is None else one.w_part * one.slope_part
        rows.append([f"{one.l + 1} → {one.l}", number(one.w_part), number(one.slope_part), number(whole)])
    return table(["from → to", "part of w", "part of σ′", "‖δ‖ becomes"], rows)
