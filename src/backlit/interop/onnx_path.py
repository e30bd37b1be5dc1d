"""The way from a^0 to a^L in an ONNX graph, as steps: affine maps, scales, functions.

Where the way splits and joins again, what lies between must be one activation; anything else is a branch, and is
named. So is a node that no dense network has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ModelError
from .onnx_bounds import check_size
from .onnx_functions import PASSED, computed, foreign, is_elementwise, names_of, nearest_hint, recognised
from .onnx_graph import Graph, Node
from .onnx_shapes import after, is_shape_input
from .torch_chain import LOG_SOFTMAX, Affine, Chain, Function, Scale

Array = Any
_MOST_IN_A_ROW = 1_000  # elementwise parts with no layer between
_LONGEST = 12  # nodes in a row that may be one activation: gelu by tanh has 9
_AFFINE = {"Add", "Sub", "Mul", "Div", "Neg"}
_DENSE = {"MatMul", "Gemm", "BatchNormalization", "ai.onnx.ml.Scaler", "Softmax", "LogSoftmax"}
_REMEDIES = {
    "Conv": "Backlit's networks are dense; apply the convolutions to the data, and import what follows them: input=…",
    "MaxPool": "Backlit's networks are dense; apply what comes up to it to the data, and import what follows: input=…",
    "Normalizer": "it divides each row by its own length, which no layer does; normalise the data before",
    "LayerNormalization": "it depends on the row's own mean, which no layer does; train without it",
    "QuantizeLinear": "quantised models are not read; export the model in float32",
    "DynamicQuantizeLinear": "quantised models are not read; export the model in float32",
    "MatMulInteger": "quantised models are not read; export the model in float32",
    "LinearClassifier": "it is a linear model; train one layer instead, or read its coefficients into theta",
    "LinearRegressor": "it is a linear model; train one layer instead, or read its coefficients into theta",
    "TreeEnsembleClassifier": "it is a forest, not a network; export the network alone",
    "TreeEnsembleRegressor": "it is a forest, not a network; export the network alone",
}


@dataclass(frozen=True)
class Part:
    """What lies between two places that every way passes: ``nodes``, from ``start`` to ``end``."""

    nodes: tuple[Node, ...]
    start: str
    end: str


def chain_between(graph: Graph, start: str, end: str, dims: Sequence[int | None] | None) -> Chain:
    """The steps from the tensor ``start``, of the shape ``dims`` where that is known, to ``end``.

    Raises ModelError naming the node that isn't part of a dense chain.
    """
    chain = Chain()
    waiting: list[Part] = []  # elementwise ones; what they are is found when something else follows
    shape = None if dims is None else list(dims)
    for part in _parts(graph, start, end):
        if _is_scalar(graph, part):
            waiting.append(part)
            if len(waiting) > _MOST_IN_A_ROW:
                raise part.nodes[0].refused(
                    f"more than {_MOST_IN_A_ROW:,} functions follow one another up to here",
                    "simplify the model first (onnxsim), or export it anew",
                )
            continue
        _functions(graph, waiting, chain)
        waiting = []
        if len(part.nodes) > 1:
            raise _branches(graph, part)
        shape = _step(graph, part, shape, chain)
    _functions(graph, waiting, chain)
    check_size(chain, graph.size, str(graph.place))
    return chain


def _parts(graph: Graph, start: str, end: str) -> list[Part]:
    """The nodes on the way, cut at every tensor that no way goes past."""
    nodes = graph.between(start, end, is_shape_input)
    on_way = {start} | {name for node in nodes for name in node.outputs}
    last_use = {
        name: i
        for i, node in enumerate(nodes)
        for k, name in enumerate(node.inputs)
        if name in on_way and not is_shape_input(node, k)
    }
    parts: list[Part] = []
    begin, at, farthest = 0, start, last_use.get(start, -1)
    for i, node in enumerate(nodes):
        used = [name for name in node.outputs if name in last_use or name == end]
        if farthest <= i and len(used) == 1:
            parts.append(Part(tuple(nodes[begin : i + 1]), at, used[0]))
            begin, at = i + 1, used[0]
        farthest = max([farthest, *(last_use.get(name, i) for name in node.outputs)])
    if begin < len(nodes):
        raise _branches(graph, Part(tuple(nodes[begin:]), at, end))
    return parts


def _is_scalar(graph: Graph, part: Part) -> bool:
    """Whether a part is elementwise, the same for every neuron."""
    first = part.nodes[0]
    if len(part.nodes) == 1 and (first.op in PASSED or not is_elementwise(first)):
        return False
    if (
        len(part.nodes) == 1 and first.op in _AFFINE
    ):  # a vector of biases stays one, even where all are the same
        return all(name == part.start or _size(graph, name) == 1 for name in first.inputs)
    return bool(_values(graph, [part]))


def _size(graph: Graph, name: str) -> int:
    value = graph.constant(name)
    return 1 if value is None else value.size


def _functions(graph: Graph, parts: Sequence[Part], chain: Chain) -> None:
    """Steps for elementwise parts in a row: the longest run that is an activation first, else an affine one alone."""
    half = any(tensor.data_type in (10, 16) for tensor in graph.stored.values())
    i = 0
    while i < len(parts):
        values = _values(graph, parts[i : i + _LONGEST])
        for length in range(len(values), 0, -1):
            known = recognised(values[length - 1], half)
            if known is not None:
                option, error = known
                graph.apart = max(graph.apart, error)
                i += length
                if option != "identity":
                    chain.steps.append(Function(str(parts[i - 1].nodes[-1]), option))
                break
        else:
            chain.steps.append(_affine(graph, parts[i : i + _LONGEST], values))
            i += 1


def _values(graph: Graph, parts: Sequence[Part]) -> list[Array]:
    """What the grid is at the end of each part, as far as that can be computed."""
    return computed(graph, [(part.nodes, part.end) for part in parts], parts[0].start)


def _affine(graph: Graph, parts: Sequence[Part], values: Sequence[Array]) -> Scale:
    """A scale of one number, of the first part; raises ModelError where that is no such either."""
    first = parts[0]
    if len(first.nodes) == 1 and first.nodes[0].op in _AFFINE:
        return _scale(graph, first.nodes[0], first.start)
    for length in range(len(values), 0, -1):
        name = foreign(values[length - 1])
        if name is not None:
            nodes = [node for part in parts[:length] for node in part.nodes]
            raise ModelError(
                f"{graph.place}: {names_of(nodes)}: {name} is no activation of Backlit; {nearest_hint(nodes, name)}"
            )
    raise ModelError(
        f"{graph.place}: {names_of(first.nodes)}: what it computes is no activation of Backlit; "
        f"{nearest_hint(first.nodes)}"
    )


def _step(graph: Graph, part: Part, shape: list[int | None] | None, chain: Chain) -> list[int | None] | None:
    """The step of one node that is no scalar function, and the shape of what it gives."""
    node = part.nodes[0]
    reshaped: Any = after(graph, node, part.start, shape)
    if reshaped is not NotImplemented:
        return None if reshaped is None else list(reshaped)
    if not (node.op in _DENSE or is_elementwise(node)):
        raise node.refused("no dense network has such a node", remedy(node))
    if shape is not None and len(shape) != 2:
        raise node.refused(
            f"rows of shape {_shown(shape[1:])} reach it, and a dense layer takes plain rows",
            "flatten them first (Flatten)",
        )
    if node.op in ("MatMul", "Gemm"):
        step = _matmul(graph, node, part.start) if node.op == "MatMul" else _gemm(graph, node, part.start)
        chain.steps.append(step)
        return None if shape is None else [shape[0], len(step.b)]
    if node.op == "BatchNormalization":
        chain.steps.append(_batch_norm(graph, node, part))
    elif node.op == "ai.onnx.ml.Scaler":
        chain.steps.append(_scaler(node))
    elif node.op in ("Softmax", "LogSoftmax"):
        chain.steps.append(_softmax(graph, node))
    elif node.op in _AFFINE:
        chain.steps.append(_scale(graph, node, part.start))
    else:
        raise node.refused("its function is not the same for every neuron", nearest_hint([node]))
    return shape


def remedy(node: Node) -> str:
    """What can be done about a node that no dense network has."""
    return _REMEDIES.get(
        node.op.removeprefix("ai.onnx.ml."),
        "give the part before it with output=…, or export the dense layers alone",
    )


def _shown(dims: Sequence[int | None]) -> str:
    return "(" + ", ".join("?" if n is None else str(n) for n in dims) + ")"


def _matrix(graph: Graph, node: Node, name: str) -> Array:
    """A constant matrix of weights, in floating point."""
    value = graph.constant(name) if name else None
    if value is None or value.ndim != 2 or value.dtype.kind != "f":
        what = "are no constant" if value is None else f"have shape {list(value.shape)} of {value.dtype}"
        raise node.refused(f"its weights {what}; a layer's are a matrix of float32 or float64", remedy(node))
    return value


def _row(graph: Graph, node: Node, name: str) -> Array:
    """A constant that is the same for every example: one number, or one for each neuron."""
    value = graph.constant(name) if name else None
    if (
        value is None
        or value.dtype.kind not in "biuf"
        or value.ndim > 2
        or value.shape[:-1] not in ((), (1,))
    ):
        raise node.refused("what it adds or multiplies is no constant row", remedy(node))
    flat: Array = value.reshape(-1).astype(np.float64)
    return flat[0] if value.ndim == 0 else flat


def _matmul(graph: Graph, node: Node, start: str) -> Affine:
    if len(node.inputs) != 2 or node.inputs[0] != start:
        raise node.refused("its rows stand second, as columns would", "export it with rows as examples")
    w = _matrix(graph, node, node.input(1)).T
    return Affine(str(node), w, np.zeros(len(w)))


def _gemm(graph: Graph, node: Node, start: str) -> Affine:
    if node.input(0) != start or node.whole("transA", 0):
        raise node.refused(
            "it takes examples as columns (transA), or its rows second", "export it with rows as examples"
        )
    w = _matrix(graph, node, node.input(1))
    w = w if node.whole("transB", 0) else w.T
    alpha, beta = node.number("alpha", 1.0), node.number("beta", 1.0)
    w = w if alpha == 1 else w.astype(np.float64) * alpha
    b = np.zeros(len(w))
    if len(node.inputs) > 2 and node.inputs[2]:
        row = np.atleast_1d(_row(graph, node, node.inputs[2]))
        if row.size not in (1, len(w)):
            raise node.refused(f"it has {len(w)} neurons and {row.size} biases", "export it anew")
        b = b + beta * row
    return Affine(str(node), w, b)


def _scale(graph: Graph, node: Node, start: str) -> Scale:
    """Add, Sub, Mul, Div by a constant, and Neg."""
    if node.op == "Neg":
        return Scale(str(node), np.float64(-1), np.float64(0))
    if len(node.inputs) != 2 or node.inputs.count(start) != 1:
        raise node.refused("it joins two branches, and a dense network has one", remedy(node))
    first = node.inputs[0] == start
    c = _row(graph, node, node.inputs[first])
    zero = np.zeros_like(c)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            "Add": lambda: (zero + 1, c),
            "Sub": lambda: (zero + 1, -c) if first else (zero - 1, c),
            "Mul": lambda: (c, zero),
            "Div": lambda: (1 / c, zero),
        }[node.op]()
    if node.op == "Div" and not first:
        raise node.refused("it divides by what the layer gives", "export the dense layers alone")
    return Scale(str(node), *found)


def _batch_norm(graph: Graph, node: Node, part: Part) -> Scale:
    """γ (a − mean)/√(variance + ε) + β, as it is in evaluation."""
    if node.whole("training_mode", 0) or part.end != node.outputs[0] or node.input(0) != part.start:
        raise node.refused("it is in training mode", "export the model in evaluation mode: model.eval()")
    if len(node.inputs) != 5:
        raise node.refused("it does not have five inputs", "export it anew")
    gamma, beta, mean, variance = (np.atleast_1d(_row(graph, node, name)) for name in node.inputs[1:])
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = gamma / np.sqrt(variance + node.number("epsilon", 1e-5))
    return Scale(str(node), scale, beta - mean * scale)


def _scaler(node: Node) -> Scale:
    """(a − offset) · scale."""
    offset, scale = node.row("offset"), node.row("scale")
    if offset is None or scale is None:
        raise node.refused("it has no offset, or no scale", "export it anew")
    return Scale(str(node), scale, -offset * scale)


def _softmax(graph: Graph, node: Node) -> Function:
    axis = node.number("axis", 1 if graph.opset < 13 else -1)
    if axis not in (1, -1):
        raise node.refused(f"it goes along axis {axis}, over examples", "export it along the last axis")
    return Function(str(node), "softmax" if node.op == "Softmax" else LOG_SOFTMAX)


def _branches(graph: Graph, part: Part) -> ModelError:
    """The error for a part where the way splits into more than an activation."""
    foreign = next((node for node in part.nodes if not is_elementwise(node)), None)
    if foreign is None:
        return ModelError(
            f"{graph.place}: {names_of(part.nodes)}: what they compute together is no activation of Backlit; "
            f"{nearest_hint(part.nodes)}"
        )
    return ModelError(
        f"{graph.place}: the graph branches before {part.nodes[-1]}, and {foreign} stands on a branch; a dense network "
        "has one way only: give the part before it with output=…, or train without the branch"
    )
