"""Which activation some elementwise nodes are: they are computed at a few hundred z, and compared with the table.

So an activation is recognised by what it computes, however an exporter wrote it: gelu as Erf, silu as Sigmoid · Mul,
softplus as Log(1 + Exp), a leaky relu as Max. What computes something else is named by its nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from ..functions import as_activation
from ..namespaces import NUMPY
from .onnx_graph import Graph, Node

Array = Any
_GRID = np.concatenate([np.linspace(-8, 8, 321), [-30, -20, -12, 12, 20, 30], [-1e-3, 1e-3]])
_CLOSE = 3e-7  # of max(1, |a|): what is left of constants that were rounded to float32
_CLOSE_HALF = 2e-3  # the same for float16
_ROUGHLY = 0.01  # nearer than this to 1 at 1, or to ½ at 0, is everything that has a parameter
_SELU = (1.6732631921768188, 1.0507010221481323)


def _gelu(z: Array) -> Array:
    from scipy.special import erf

    return z * (1 + erf(z / math.sqrt(2))) / 2


def _gelu_tanh(z: Array) -> Array:
    return z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))) / 2


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _elu(z: Array, alpha: float) -> Array:
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def _softplus(z: Array) -> Array:
    return np.logaddexp(0, z)


def _erf(z: Array) -> Array:
    from scipy.special import erf

    return erf(z)


def _clip(node: Node, z: Array, low: Any = None, high: Any = None) -> Array:
    low = node.attributes.get("min", -math.inf) if low is None else low
    high = node.attributes.get("max", math.inf) if high is None else high
    return np.minimum(np.maximum(z, low), high)


def _hard_sigmoid(node: Node, z: Array) -> Array:
    return np.clip(node.number("alpha", 0.2) * z + node.number("beta", 0.5), 0, 1)


def _selu(node: Node, z: Array) -> Array:
    return node.number("gamma", _SELU[1]) * _elu(z, node.number("alpha", _SELU[0]))


def _celu(node: Node, z: Array) -> Array:
    alpha = node.number("alpha", 1.0)
    return np.maximum(z, 0) + np.minimum(0, alpha * np.expm1(z / alpha))


def _gelu_node(node: Node, z: Array) -> Array:
    return (_gelu_tanh if node.attributes.get("approximate") == "tanh" else _gelu)(z)


def _swish(node: Node, z: Array) -> Array:
    return z * _sigmoid(node.number("alpha", 1.0) * z)


def _many(f: Callable[[Array, Array], Array]) -> Callable[..., Array]:
    def fold(node: Node, first: Array, *others: Array) -> Array:
        for one in others:
            first = f(first, one)
        return first

    return fold


_ELEMENTWISE: dict[str, Callable[..., Array]] = {
    "Abs": lambda node, z: np.abs(z),
    "Add": lambda node, a, b: a + b,
    "And": lambda node, a, b: np.logical_and(a, b),
    "Celu": _celu,
    "Clip": _clip,
    "Div": lambda node, a, b: a / b,
    "Elu": lambda node, z: _elu(z, node.number("alpha", 1.0)),
    "Erf": lambda node, z: _erf(z),
    "Exp": lambda node, z: np.exp(z),
    "Gelu": _gelu_node,
    "Greater": lambda node, a, b: a > b,
    "GreaterOrEqual": lambda node, a, b: a >= b,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": lambda node, z: z * np.clip(z / 6 + 0.5, 0, 1),
    "LeakyRelu": lambda node, z: np.where(z < 0, node.number("alpha", 0.01) * z, z),
    "Less": lambda node, a, b: a < b,
    "LessOrEqual": lambda node, a, b: a <= b,
    "Log": lambda node, z: np.log(z),
    "Max": _many(np.maximum),
    "Min": _many(np.minimum),
    "Mish": lambda node, z: z * np.tanh(_softplus(z)),
    "Mul": lambda node, a, b: a * b,
    "Neg": lambda node, z: -z,
    "Not": lambda node, a: np.logical_not(a),
    "Or": lambda node, a, b: np.logical_or(a, b),
    "PRelu": lambda node, z, slope: np.where(z < 0, slope * z, z),
    "Pow": lambda node, a, b: np.power(a, b),
    "Reciprocal": lambda node, z: 1 / z,
    "Relu": lambda node, z: np.maximum(z, 0),
    "Selu": _selu,
    "Sigmoid": lambda node, z: _sigmoid(z),
    "Sign": lambda node, z: np.sign(z),
    "Softplus": lambda node, z: _softplus(z),
    "Softsign": lambda node, z: z / (1 + np.abs(z)),
    "Sqrt": lambda node, z: np.sqrt(z),
    "Sub": lambda node, a, b: a - b,
    "Sum": _many(np.add),
    "Swish": _swish,
    "Tanh": lambda node, z: np.tanh(z),
    "ThresholdedRelu": lambda node, z: np.where(z > node.number("alpha", 1.0), z, 0),
    "Where": lambda node, which, a, b: np.where(which, a, b),
    "com.microsoft.FastGelu": lambda node, z: _gelu_tanh(z),
    "com.microsoft.Gelu": lambda node, z: _gelu(z),
    "com.microsoft.QuickGelu": lambda node, z: z * _sigmoid(node.number("alpha", 1.702) * z),
}
_DEFAULTS = (
    *(
        "identity",
        "relu",
        "sigmoid",
        "tanh",
        "gelu",
        "gelu_tanh",
        "silu",
        "softplus",
        "softsign",
        "selu",
        "exp",
    ),
    *("elu", "leaky_relu", "hard_sigmoid"),
)
PASSED = {"Identity", "Cast", "Dropout"}  # nodes that leave every number as it is

# Activations that other tools have and Backlit has not, and what is nearest to them.
_NEAREST = {
    "HardSwish": "'silu' is its smooth form",
    "Mish": "'silu' is close to it",
    "Celu": "'elu(alpha=…)' has the same value at −∞",
    "ThresholdedRelu": "'relu' with a bias is close to it",
    "PRelu": "'leaky_relu(slope=…)' has one slope for all neurons",
    "Clip": "'relu' or 'hard_sigmoid' is close to it",
    "LogSoftmax": "'softmax' with the cost cross_entropy trains the same",
    "QuickGelu": "'gelu_tanh' is close to it",
    "com.microsoft.QuickGelu": "'gelu_tanh' is close to it",
    "Relu6": "'relu' is the same below 6",
    "HardTanh": "'tanh' is its smooth form",
    "LogSigmoid": "'softplus' of −z is −1 times it",
}
_FOREIGN: dict[str, Callable[[Array], Array]] = {
    "HardSwish": lambda z: z * np.clip(z / 6 + 0.5, 0, 1),
    "Mish": lambda z: z * np.tanh(_softplus(z)),
    "QuickGelu": lambda z: z * _sigmoid(1.702 * z),
    "Relu6": lambda z: np.clip(z, 0, 6),
    "HardTanh": lambda z: np.clip(z, -1, 1),
    "LogSigmoid": lambda z: -_softplus(-z),
}


def is_elementwise(node: Node) -> bool:
    """Whether a node maps each number by itself."""
    return node.op in _ELEMENTWISE or node.op in PASSED


def computed(graph: Graph, parts: Sequence[tuple[Sequence[Node], str]], start: str) -> list[Array]:
    """What the nodes of each part, up to its end, make of the grid at ``start``.

    The list ends before a part that isn't elementwise, with constants of one number.
    """
    known: dict[str, Array] = {start: _GRID}
    found = []
    with np.errstate(all="ignore"):
        for nodes, end in parts:
            if not all(_compute(graph, node, known) for node in nodes) or known[end].shape != _GRID.shape:
                break
            found.append(known[end].astype(np.float64))
    return found


def _compute(graph: Graph, node: Node, known: dict[str, Array]) -> bool:
    """Adds what a node makes of what is known; False where it can't be computed."""
    f = _ELEMENTWISE.get(node.op)
    if node.op in PASSED and node.input(0) in known:
        known[node.outputs[0]] = known[node.input(0)]
        return True
    given = [known[name] if name in known else single(graph, name) for name in node.inputs]
    lacks = any(one is None and name for one, name in zip(given, node.inputs, strict=True))
    if lacks or f is None or len(node.outputs) != 1:
        return False
    try:
        known[node.outputs[0]] = np.asarray(f(node, *given))
    except (TypeError, ValueError):  # too few inputs, or too many
        return False
    return True


def single(graph: Graph, name: str) -> Any:
    """A constant that is one number (maybe repeated), as that number; None where it isn't."""
    value = graph.constant(name) if name else None
    if value is None or not value.size or value.dtype.kind not in "biuf":
        return None
    first = value.reshape(-1)[0]
    return first.astype(np.float64) if (value == first).all() else None


def recognised(found: Array, half: bool) -> tuple[str, float] | None:
    """The option of the activation that has these values on the grid, and how far from it they are; else None.

    One of the table's defaults comes first.
    """
    close = _CLOSE_HALF if half else _CLOSE
    options, values = _defaults()
    for names, rows in ((options, values), _with_parameters(found)):
        if not len(names):
            continue
        with np.errstate(all="ignore"):
            errors = np.max(np.abs(found - rows) / np.maximum(1, np.abs(rows)), axis=1)
        best = int(np.argmin(np.where(np.isfinite(errors), errors, np.inf)))
        if errors[best] <= close:  # NaN is not
            return names[best], float(errors[best])
    return None


@cache
def _defaults() -> tuple[Sequence[str], Array]:
    """The activations with the parameters that the table gives them, and their values on the grid."""
    return _DEFAULTS, _values(_DEFAULTS)


def _values(options: Sequence[str]) -> Array:
    with np.errstate(all="ignore"):
        return np.stack([as_activation(option).f(NUMPY, _GRID) for option in options])


def _with_parameters(found: Array) -> tuple[Sequence[str], Array]:
    """The activations that have a parameter, with the one that these values ask for, and their values on the grid."""
    at_one, at_nought = (float(found[np.argmin(np.abs(_GRID - z))]) for z in (1.0, 0.0))
    if not (abs(at_one - 1) < _ROUGHLY or abs(at_nought - 0.5) < _ROUGHLY):
        return [], _GRID
    at = float(found[np.argmin(np.abs(_GRID + 1))])  # at −1
    slope, alpha = -at, at / math.expm1(-1)
    inside = (found > 0.1) & (found < 0.9) & (np.abs(_GRID) > 1e-6)  # where a hard sigmoid is not cut off
    far = int(np.argmax(np.where(inside, np.abs(_GRID), 0)))
    steep = float((found[far] - 0.5) / _GRID[far]) if inside[far] else 0.0
    options = []
    if 0 <= slope < 1:
        options.append(f"leaky_relu(slope={_short(slope)!r})")
    if 0 < alpha < math.inf:
        options.append(f"elu(alpha={_short(alpha)!r})")
    if 0 < steep < math.inf:
        options.append(f"hard_sigmoid(slope={_short(steep)!r})")
    return options, _values(options) if options else _GRID


def _short(value: float) -> float:
    """The number that was meant: 0.1 for 0.10000000149, which is 0.1 in float32."""
    with np.errstate(over="ignore", under="ignore"):
        single = float(np.float32(value))
    near = abs(single - value) <= 1e-12 * abs(value)
    return float(str(np.float32(value))) if near else float(f"{value:.15g}")


def foreign(found: Array) -> str | None:
    """The name of an activation that Backlit has not and that has these values."""
    with np.errstate(all="ignore"):
        for name, f in _FOREIGN.items():
            if np.allclose(found, f(_GRID), rtol=1e-6, atol=1e-6):
                return name
    return None


def nearest_hint(nodes: Sequence[Node], name: str | None = None) -> str:
    """What could be done about nodes that are no activation of Backlit."""
    for one in [name, *(node.op for node in nodes)]:
        if one in _NEAREST:
            return f"{_NEAREST[one]}: train with that instead"
    return (
        "train with an activation that Backlit has (docs/onnx.md), or give the part before it with output=…"
    )


def names_of(nodes: Sequence[Node]) -> str:
    """Some nodes in words."""
    shown = ", ".join(f"{(node.name or node.outputs[0])[:60]!r} ({node.op[:40]})" for node in nodes[:6])
    return shown + (f" and {len(nodes) - 6} more" if len(nodes) > 6 else "")
