"""Each activation as ONNX nodes, at any opset from 9 and in either dtype.

In float32 an activation is ONNX's own node where there is one. In float64 it is written out, since ONNX Runtime has
most of those nodes in float32 alone; Erf too, which gelu is then cut down to for a moment, to about 1e−7.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..functions import Activation
from ..functions.activations import SELU_ALPHA, SELU_LAMBDA
from .onnx_write_builder import Builder

_GELU_OPSET = 20


def activation(made: Builder, row: Activation, z: str, into: str) -> str:
    """Adds a = σ(z) and returns its name."""
    if row.name == "identity":
        return z
    single = made.dtype.itemsize == 4
    plain = _NODES.get(row.name)
    if row.name in _ALWAYS or (single and plain is not None):
        assert plain is not None
        op, attributes = plain(row)
        if op == "Softmax":
            attributes = {"axis": 1}
        return made.node(op, z, into=into, **attributes)
    if row.name in ("gelu", "gelu_tanh") and single and made.opset >= _GELU_OPSET:
        approximate = "tanh" if row.name == "gelu_tanh" else "none"
        return made.node("Gelu", z, into=into, approximate=approximate)
    return _WRITTEN[row.name](_Pen(made, into), row, z)


class _Pen:
    """Writes formulas: each method adds a node in the activation's own names, and ``last`` the one that is a."""

    def __init__(self, made: Builder, into: str) -> None:
        self.made, self.into = made, into

    def node(self, op: str, *inputs: str) -> str:
        return self.made.node(op, *inputs, into=f"{self.into}:{op}")

    def last(self, op: str, *inputs: str) -> str:
        return self.made.node(op, *inputs, into=self.into)

    def number(self, value: float) -> str:
        return self.made.scalar(value, f"{self.into}:{value:.4g}")

    def positive(self, z: str) -> str:
        return self.node("Max", z, self.number(0))

    def negative(self, z: str) -> str:
        return self.node("Min", z, self.number(0))


def _leaky_relu(pen: _Pen, row: Activation, z: str) -> str:
    below = pen.node("Mul", pen.negative(z), pen.number(row.parameters["slope"]))
    return pen.last("Add", pen.positive(z), below)


def _elu(pen: _Pen, row: Activation, z: str) -> str:
    below = pen.node("Sub", pen.node("Exp", pen.negative(z)), pen.number(1))
    return pen.last("Add", pen.positive(z), pen.node("Mul", below, pen.number(row.parameters["alpha"])))


def _selu(pen: _Pen, row: Activation, z: str) -> str:
    scale, alpha = float(SELU_LAMBDA), float(SELU_ALPHA)
    below = pen.node("Sub", pen.node("Exp", pen.negative(z)), pen.number(1))
    below = pen.node("Mul", below, pen.number(scale * alpha))
    return pen.last("Add", pen.node("Mul", pen.positive(z), pen.number(scale)), below)


def _gelu(pen: _Pen, row: Activation, z: str) -> str:
    made, u = pen.made, pen.node("Mul", z, pen.number(math.sqrt(0.5)))
    if made.dtype.itemsize == 8:
        u = made.node("Cast", u, into=f"{pen.into}:single", to=made.single)
        u = made.node("Cast", pen.node("Erf", u), into=f"{pen.into}:double", to=made.double)
    else:
        u = pen.node("Erf", u)
    half = pen.node("Mul", z, pen.number(0.5))
    return pen.last("Mul", half, pen.node("Add", u, pen.number(1)))


def _gelu_tanh(pen: _Pen, row: Activation, z: str) -> str:
    cube = pen.node("Mul", z, pen.node("Mul", z, z))
    inner = pen.node("Add", z, pen.node("Mul", cube, pen.number(0.044715)))
    u = pen.node("Tanh", pen.node("Mul", inner, pen.number(math.sqrt(2 / math.pi))))
    half = pen.node("Mul", z, pen.number(0.5))
    return pen.last("Mul", half, pen.node("Add", u, pen.number(1)))


def _silu(pen: _Pen, row: Activation, z: str) -> str:
    return pen.last("Mul", z, pen.node("Sigmoid", z))


def _softplus(pen: _Pen, row: Activation, z: str) -> str:
    u = pen.node("Exp", pen.node("Neg", pen.node("Abs", z)))
    return pen.last("Add", pen.positive(z), pen.node("Log", pen.node("Add", u, pen.number(1))))


def _softsign(pen: _Pen, row: Activation, z: str) -> str:
    return pen.last("Div", z, pen.node("Add", pen.node("Abs", z), pen.number(1)))


def _hard_sigmoid(pen: _Pen, row: Activation, z: str) -> str:
    line = pen.node("Add", pen.node("Mul", z, pen.number(row.parameters["slope"])), pen.number(0.5))
    return pen.last("Min", pen.positive(line), pen.number(1))


def _plain(op: str, **parameters: str) -> Callable[[Activation], tuple[str, dict[str, Any]]]:
    """A node whose attributes are the row's parameters under ONNX's names."""
    return lambda row: (op, {theirs: row.parameters[ours] for theirs, ours in parameters.items()})


_ALWAYS = {"sigmoid", "tanh", "relu", "exp", "softmax"}  # nodes that run in float64 as well
_NODES: dict[str, Callable[[Activation], tuple[str, dict[str, Any]]]] = {
    "sigmoid": _plain("Sigmoid"),
    "tanh": _plain("Tanh"),
    "relu": _plain("Relu"),
    "exp": _plain("Exp"),
    "softmax": _plain("Softmax"),
    "leaky_relu": _plain("LeakyRelu", alpha="slope"),
    "elu": _plain("Elu", alpha="alpha"),
    "selu": _plain("Selu"),
    "softplus": _plain("Softplus"),
    "softsign": _plain("Softsign"),
    "hard_sigmoid": lambda row: ("HardSigmoid", {"alpha": row.parameters["slope"], "beta": 0.5}),
}
_WRITTEN: dict[str, Callable[[_Pen, Activation, str], str]] = {
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": _silu,
    "softplus": _softplus,
    "softsign": _softsign,
    "hard_sigmoid": _hard_sigmoid,
}
