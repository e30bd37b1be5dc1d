"""Every function of the tables by its definition, in a thousand digits, where no care is needed to keep any.

Scalars in, scalars out; softmax takes and gives a list. Derivatives are differences, which in a thousand digits is
as good as exact. Nothing here comes from Backlit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mpmath import MPContext

Number = Any
mp = MPContext()
mp.dps = 1000
H = mp.mpf(10) ** -250
SELU = (mp.mpf("1.0507009873554804934193349852946"), mp.mpf("1.6732632423543772848170429916717"))


def _sigmoid(z: Number) -> Number:
    return 1 / (1 + mp.exp(-z))


def _elu(alpha: float) -> Callable[[Number], Number]:
    return lambda z: z if z > 0 else alpha * (mp.exp(z) - 1)


def _leaky(slope: float) -> Callable[[Number], Number]:
    return lambda z: z if z > 0 else slope * z


def _hard(slope: float) -> Callable[[Number], Number]:
    return lambda z: min(mp.mpf(1), max(mp.mpf(0), slope * z + mp.mpf("0.5")))


def _gelu_tanh(z: Number) -> Number:
    return z / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (z + mp.mpf("0.044715") * z**3)))


ACTIVATIONS: dict[str, Callable[[Number], Number]] = {
    "identity": lambda z: z,
    "sigmoid": _sigmoid,
    "tanh": mp.tanh,
    "relu": lambda z: max(mp.mpf(0), z),
    "leaky_relu": _leaky(0.01),
    "leaky_relu(slope=0.3)": _leaky(0.3),
    "elu": _elu(1.0),
    "elu(alpha=0.5)": _elu(0.5),
    "selu": lambda z: SELU[0] * (z if z > 0 else SELU[1] * (mp.exp(z) - 1)),
    "gelu": lambda z: z / 2 * mp.erfc(-z / mp.sqrt(2)),
    "gelu_tanh": _gelu_tanh,
    "silu": lambda z: z * _sigmoid(z),
    "softplus": lambda z: mp.log(1 + mp.exp(z)),
    "softsign": lambda z: z / (1 + abs(z)),
    "hard_sigmoid": _hard(1 / 6),
    "hard_sigmoid(slope=0.2)": _hard(0.2),
    "exp": mp.exp,
}


def softmax(z: Sequence[Number]) -> list[Number]:
    u = [mp.exp(one) for one in z]
    return [one / sum(u) for one in u]


def layer(name: str, z: Sequence[Number]) -> list[Number]:
    """a of a layer, from its z."""
    return softmax(z) if name == "softmax" else [ACTIVATIONS[name](one) for one in z]


def _huber(d: float) -> Callable[[Number, Number, int], Number]:
    def f(a: Number, y: Number, n: int) -> Number:
        r = abs(a - y)
        return r * r / 2 if r <= d else d * (r - mp.mpf(d) / 2)

    return f


def _y_log_a(y: Number, a: Number) -> Number:
    return y * mp.log(a) if y else mp.mpf(0)


# Each output's part of C_x, from a, y and the number of outputs.
COSTS: dict[str, Callable[[Number, Number, int], Number]] = {
    "squared_error": lambda a, y, n: (a - y) ** 2,
    "half_squared_error": lambda a, y, n: (a - y) ** 2 / 2,
    "mean_squared_error": lambda a, y, n: (a - y) ** 2 / n,
    "absolute_error": lambda a, y, n: abs(a - y),
    "huber": _huber(1.0),
    "huber(delta=0.3)": _huber(0.3),
    "log_cosh": lambda a, y, n: mp.log(mp.cosh(a - y)),
    "binary_cross_entropy": lambda a, y, n: -_y_log_a(y, a) - _y_log_a(1 - y, 1 - a),
    "cross_entropy": lambda a, y, n: -_y_log_a(y, a),
    "hinge": lambda a, y, n: max(mp.mpf(0), 1 - y * a),
    "squared_hinge": lambda a, y, n: max(mp.mpf(0), 1 - y * a) ** 2,
    "poisson": lambda a, y, n: a - _y_log_a(y, a),
}


def cost(name: str, a: Sequence[Number], y: Sequence[Number]) -> Number:
    """C_x."""
    return sum(COSTS[name](p, q, len(y)) for p, q in zip(a, y, strict=True))


def numbers(u: Any) -> list[Number]:
    """Floats as they are, without rounding."""
    return [mp.mpf(float(one)) for one in u]


def slope(f: Callable[[Number], Number], at: Number) -> Number:
    """f′, right to hundreds of digits."""
    return (f(at + H) - f(at - H)) / (2 * H)


def slopes(f: Callable[[list[Number]], Number], at: Sequence[Number]) -> list[Number]:
    """f's derivative by each of its numbers."""
    found = []
    for i in range(len(at)):
        up, down = list(at), list(at)
        up[i] += H
        down[i] -= H
        found.append((f(up) - f(down)) / (2 * H))
    return found


def error(got: Any, exact: Any) -> float:
    """The largest relative error of floats (an array) beside numbers in the same order.

    Below the normal numbers a float keeps few digits or none: there it may be off by the smallest of them.
    """
    worst = 0.0
    smallest = float(np.finfo(got.dtype).tiny)
    for ours, true in zip(got.ravel(), exact, strict=True):
        off = abs(mp.mpf(float(ours)) - true)
        worst = max(worst, float(off / abs(true)) if off > smallest else 0.0)
    return worst
